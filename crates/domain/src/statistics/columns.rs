//! The facts of all records, in columns.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::dossiers::{Dossiers, Item, ItemKind, What};
use super::facts::{Fact, Told};
use super::rows::{
    About, Agency, Award, Coaching, Innovation, NONE, Need, RegionNumber, Replication, Transition,
    Winner, Word,
};
use super::sets::{Change, Sets};
use crate::catalog::{AwardBasis, CoachingState, NeedState, fold};
use crate::identity::{HubId, RecordId, RecordRef};
use crate::table::{Key, Table, number};

/// The hubs that are named, by number.
#[derive(Debug, Default)]
pub(super) struct Hubs {
    names: Vec<HubId>,
    numbers: HashMap<HubId, u32>,
}

impl Hubs {
    pub(super) fn find(&self, hub: &HubId) -> Option<u32> {
        self.numbers.get(hub).copied()
    }

    pub(super) fn name(&self, number: u32) -> &HubId {
        &self.names[number as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    fn number(&mut self, hub: &HubId) -> u32 {
        if let Some(number) = self.find(hub) {
            return number;
        }
        let number = number(self.names.len());
        self.names.push(hub.clone());
        self.numbers.insert(hub.clone(), number);
        number
    }
}

/// Awards and contests by number. A name that nobody tells any more stays until the columns are made anew, and is not shown.
#[derive(Debug, Default)]
pub(super) struct Contests {
    numbers: HashMap<(String, u16), u32>,
    /// Of each contest, its scheme, folded, and its year.
    pub(super) names: Vec<(String, u16)>,
    /// By winner, contest and folded tier: the award's number.
    awards: HashMap<(bool, u32, u32, String), u32>,
    /// By scheme, as it is written, and year.
    told: HashMap<(String, u16), u32>,
    pub(super) tellings: Vec<Telling>,
}

/// A contest as some records write it.
#[derive(Debug)]
pub(super) struct Telling {
    pub(super) contest: u32,
    pub(super) scheme: String,
}

impl Contests {
    fn contest(&mut self, scheme: &str, year: u16) -> u32 {
        let next = number(self.names.len());
        let name = (fold(scheme), year);
        let contest = *self.numbers.entry(name.clone()).or_insert(next);
        if contest == next {
            self.names.push(name);
        }
        contest
    }

    fn telling(&mut self, scheme: &str, year: u16) -> u32 {
        if let Some(telling) = self.told.get(&(scheme.to_owned(), year)) {
            return *telling;
        }
        let telling = number(self.tellings.len());
        let contest = self.contest(scheme, year);
        let scheme = scheme.to_owned();
        self.told.insert((scheme.clone(), year), telling);
        self.tellings.push(Telling { contest, scheme });
        telling
    }

    fn award(&mut self, is_agency: bool, winner: u32, contest: u32, tier: &str) -> u32 {
        let next = number(self.awards.len());
        let key = (is_agency, winner, contest, fold(tier));
        *self.awards.entry(key).or_insert(next)
    }

    /// How many awards there are.
    pub(super) fn awards(&self) -> usize {
        self.awards.len()
    }
}

/// The facts of all records of a store, each record by its newest word.
#[derive(Debug, Default)]
pub struct Columns {
    pub(super) hubs: Hubs,
    pub(super) contests: Contests,
    pub(super) agencies: Table<Agency>,
    pub(super) innovations: Table<Innovation>,
    pub(super) coaching: Table<Coaching>,
    pub(super) needs: Table<Need>,
    // What these say stands in the dossiers.
    replications: Table<About>,
    transitions: Table<About>,
    pub(super) awards: Table<Winner>,
    endorsements: Table<About>,
    threads: Table<About>,
    words: Table<Word>,
    /// What belongs to each innovation.
    pub(super) dossiers: Dossiers,
    /// By what is asked of innovations and needs; nothing when an agency changed, by whose region they are found.
    pub(super) sets: Option<Sets>,
}

impl Columns {
    /// Takes a record's newest word. What was known of it is forgotten first; [`Self::settle`] is to be called after the
    /// last of several.
    pub fn set(&mut self, told: &Told) {
        let Told {
            hub,
            record,
            rank,
            fact,
        } = told;
        self.remove(hub, *record);
        let key = self.key(hub, *record);
        let (hub, rank) = (key.hub, *rank);
        match fact {
            Fact::Agency(said) => {
                let region = RegionNumber::of(said.region);
                self.agencies.set(key, rank, Agency { hub, region });
                self.sets = None;
            }
            Fact::Innovation(said) => {
                let row = Innovation {
                    affairs: said.affairs,
                    current: said.current,
                    agency: self.agencies.place(own(hub, said.agency)),
                    sdgs: said.sdgs,
                    hub,
                    year: said.year.unwrap_or(0),
                    stage: said.stage as u8,
                    adoption: said.adoption as u8,
                };
                let place = self.innovations.set(key, rank, row);
                self.note_innovation(place, Change::Put);
            }
            Fact::Confirmation(of) => {
                let of = self.innovation(of);
                self.words.set(key, rank, Word::OfInnovation(of));
            }
            Fact::Answer(to) => {
                let to = self.key(&to.hub, to.record);
                let to = self.replications.place(to);
                self.words.set(key, rank, Word::OfReplication(to));
            }
            Fact::Endorsement(of) => {
                let about = Some(self.innovation(of));
                let place = self.endorsements.set(key, rank, About::of(about));
                let what = What::Endorsement { hub };
                self.dossiers.add(about, Item { place, rank, what });
            }
            _ => self.set_item(key, rank, fact),
        }
    }

    fn set_item(&mut self, key: Key, rank: u8, fact: &Fact) {
        let hub = key.hub;
        match fact {
            Fact::Replication(said) => {
                let about = Some(self.innovation(&said.source));
                let adopter = self.agencies.place(own(hub, said.adopter));
                let place = self.replications.set(key, rank, About::of(about));
                let what = What::Replication(Replication::of(said, adopter, hub));
                self.dossiers.add(about, Item { place, rank, what });
            }
            Fact::Transition(said) => {
                let corrects = said.corrects.map(|it| self.transitions.place(own(hub, it)));
                let about = Some(self.innovations.place(own(hub, said.innovation)));
                let place = self.transitions.set(key, rank, About::of(about));
                let what = What::Transition(Transition::of(said, corrects.unwrap_or(NONE)));
                self.dossiers.add(about, Item { place, rank, what });
            }
            Fact::Award(said) => {
                let (winner, at) = if said.is_agency {
                    let at = self.agency(&said.winner);
                    (Winner::Agency(at), at)
                } else {
                    let at = self.innovation(&said.winner);
                    (Winner::Innovation(at), at)
                };
                let telling = self.contests.telling(&said.scheme, said.year);
                let contest = self.contests.tellings[telling as usize].contest;
                let what = What::Award(Award {
                    number: (self.contests).award(said.is_agency, at, contest, &said.tier),
                    telling,
                    hub,
                    is_confirmed: said.basis == AwardBasis::Confirmed,
                });
                let place = self.awards.set(key, rank, winner);
                let item = Item { place, rank, what };
                self.dossiers.add(winner.innovation(), item);
            }
            Fact::Coaching(said) => {
                let agencies: Vec<u32> = said.agencies.iter().map(|it| self.agency(it)).collect();
                let row = Coaching {
                    month: u32::from(said.year) * 12 + u32::from(said.month.clamp(1, 12)) - 1,
                    hub,
                    region: RegionNumber::of(said.region),
                    is_planned: said.state == CoachingState::Planned,
                    is_cancelled: said.state == CoachingState::Cancelled,
                    agencies: u8::try_from(agencies.len()).expect("at most 100 take part"),
                    taking_part: {
                        let about = said.innovations.iter().map(|it| self.innovation(it));
                        agencies.into_iter().chain(about).collect()
                    },
                };
                let innovations = row.innovations().to_vec();
                let place = self.coaching.set(key, rank, row);
                let what = What::Activity;
                for innovation in innovations {
                    (self.dossiers).add(Some(innovation), Item { place, rank, what });
                }
            }
            Fact::Need(said) => {
                let row = Need {
                    affairs: said.affairs,
                    sdgs: said.sdgs,
                    agency: self.agencies.place(own(hub, said.agency)),
                    hub,
                    region: RegionNumber::of(said.region),
                    is_open: said.state == NeedState::Open,
                };
                let place = self.needs.set(key, rank, row);
                self.note_need(place, Change::Put);
            }
            Fact::Thread(said) => {
                let subject = said.subject.as_ref().map(|it| self.key(&it.hub, it.record));
                let about = subject.map(|subject| self.innovations.place(subject));
                let place = self.threads.set(key, rank, About::of(about));
                let what = What::Thread { hub };
                self.dossiers.add(about, Item { place, rank, what });
            }
            _ => {}
        }
    }

    /// Forgets a record.
    pub fn remove(&mut self, hub: &HubId, record: RecordId) {
        let Some(hub) = self.hubs.find(hub) else {
            return;
        };
        let key = own(hub, record);
        if self.agencies.remove(key).is_some() {
            self.sets = None;
        }
        if let Some(place) = self.innovations.find(key) {
            self.note_innovation(place, Change::Take);
            self.innovations.remove(key);
        }
        if let Some(place) = self.needs.find(key) {
            self.note_need(place, Change::Take);
            self.needs.remove(key);
        }
        self.remove_item(key);
        self.words.remove(key);
    }

    /// Takes a record out of the dossiers in which it stands.
    fn remove_item(&mut self, key: Key) {
        let names = |place| self.transitions.key(place).record;
        let dossiers = &mut self.dossiers;
        let mut take = |kind: ItemKind, (place, about): (u32, Option<u32>)| {
            dossiers.remove(about, (kind, place), &names);
        };
        let abouts = [
            (ItemKind::Replication, &self.replications),
            (ItemKind::Transition, &self.transitions),
            (ItemKind::Endorsement, &self.endorsements),
            (ItemKind::Thread, &self.threads),
        ];
        for (kind, table) in abouts {
            if let Some((place, about)) = table.found(key) {
                take(kind, (place, about.innovation()));
            }
        }
        if let Some((place, winner)) = self.awards.found(key) {
            take(ItemKind::Award, (place, winner.innovation()));
        }
        if let Some((place, row)) = self.coaching.found(key) {
            for innovation in row.innovations() {
                take(ItemKind::Activity, (place, Some(*innovation)));
            }
        }
        self.replications.remove(key);
        self.transitions.remove(key);
        self.endorsements.remove(key);
        self.threads.remove(key);
        self.awards.remove(key);
        self.coaching.remove(key);
    }

    /// Sorts what was added. To be called before anything is counted.
    pub fn settle(&mut self) {
        if self.sets.is_none() {
            self.sets = Some(self.make_sets());
        }
        let names = |place| self.transitions.key(place).record;
        self.dossiers.settle(&names);
    }

    /// The record by whose own fact this one counts, which is to be read again when this one comes or goes.
    pub fn counts_by(&self, hub: &HubId, record: RecordId) -> Option<RecordRef> {
        let key = own(self.hubs.find(hub)?, record);
        let key = match *self.words.get(key)? {
            Word::Nothing => return None,
            Word::OfInnovation(place) => self.innovations.key(place),
            Word::OfReplication(place) => self.replications.key(place),
        };
        Some(self.reference(key))
    }

    /// The records of a hub that are here.
    pub fn records_of(&self, hub: &HubId) -> Vec<RecordId> {
        let Some(hub) = self.hubs.find(hub) else {
            return Vec::new();
        };
        let tables = self
            .agencies
            .of_hub(hub)
            .chain(self.innovations.of_hub(hub))
            .chain(self.replications.of_hub(hub))
            .chain(self.transitions.of_hub(hub))
            .chain(self.awards.of_hub(hub))
            .chain(self.coaching.of_hub(hub))
            .chain(self.needs.of_hub(hub))
            .chain(self.endorsements.of_hub(hub))
            .chain(self.threads.of_hub(hub))
            .chain(self.words.of_hub(hub));
        tables.map(|key| self.reference(key).record).collect()
    }

    /// How many records are here, or were named.
    pub fn len(&self) -> usize {
        self.agencies.len()
            + self.innovations.len()
            + self.replications.len()
            + self.transitions.len()
            + self.awards.len()
            + self.coaching.len()
            + self.needs.len()
            + self.endorsements.len()
            + self.threads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About what they take in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let tables = self.agencies.bytes()
            + self.innovations.bytes()
            + self.replications.bytes()
            + self.transitions.bytes()
            + self.awards.bytes()
            + self.coaching.bytes()
            + self.needs.bytes()
            + self.endorsements.bytes()
            + self.threads.bytes()
            + self.words.bytes();
        let sets = self.sets.as_ref().map_or(0, Sets::bytes);
        let taking_part = |row: &Coaching| row.taking_part.len() * size_of::<u32>();
        let taking_part: usize = self.coaching.seen(2).map(|(_, row)| taking_part(row)).sum();
        // A text of some 10 letters, its key and its place.
        tables + self.dossiers.bytes() + sets + taking_part + self.contests.awards.capacity() * 64
    }

    /// The region of an innovation: that of its agency, if whoever sees the innovation may see the agency.
    pub(super) fn region_of(&self, place: u32, row: &Innovation) -> RegionNumber {
        if self.agencies.rank(row.agency) <= self.innovations.rank(place) {
            self.agencies.row(row.agency).region
        } else {
            RegionNumber::default()
        }
    }

    /// Where a need is felt: its region, else that of its agency, if a viewer of a rank may see the agency.
    pub(super) fn region_of_need(&self, row: &Need, viewer: u8) -> RegionNumber {
        let is_placed = row.region != RegionNumber::default();
        if is_placed || self.agencies.rank(row.agency) > viewer {
            row.region
        } else {
            self.agencies.row(row.agency).region
        }
    }

    pub(super) fn reference(&self, key: Key) -> RecordRef {
        RecordRef {
            hub: self.hubs.name(key.hub).clone(),
            record: uuid::Uuid::from_bytes(key.record).into(),
        }
    }

    /// The order of two records by their hubs' names and their ids.
    pub(super) fn compare_names(&self, one: Key, other: Key) -> Ordering {
        let by_hub = || self.hubs.name(one.hub).cmp(self.hubs.name(other.hub));
        let by_hub = if one.hub == other.hub {
            Ordering::Equal
        } else {
            by_hub()
        };
        by_hub.then_with(|| one.record.cmp(&other.record))
    }

    fn key(&mut self, hub: &HubId, record: RecordId) -> Key {
        own(self.hubs.number(hub), record)
    }

    fn innovation(&mut self, of: &RecordRef) -> u32 {
        let key = self.key(&of.hub, of.record);
        self.innovations.place(key)
    }

    fn agency(&mut self, of: &RecordRef) -> u32 {
        let key = self.key(&of.hub, of.record);
        self.agencies.place(key)
    }
}

/// A record of the same hub.
fn own(hub: u32, record: RecordId) -> Key {
    let record = *record.as_uuid().as_bytes();
    Key { hub, record }
}
