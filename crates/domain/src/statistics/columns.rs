//! The facts of all records, in columns.

use std::collections::HashMap;

use super::facts::{Fact, Told};
use super::groups::Groups;
use super::rows::{
    About, Agency, Award, Coaching, Innovation, NONE, Need, RegionNumber, Replication, Transition,
    Word,
};
use super::sets::{Change, Sets};
use super::table::{Key, Table};
use crate::catalog::{AwardBasis, CoachingState, NeedState, fold};
use crate::identity::{HubId, RecordId, RecordRef};

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
        let number = super::table::number(self.names.len());
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
    spelled: HashMap<String, u32>,
    /// The schemes as they are written.
    pub(super) spellings: Vec<String>,
}

impl Contests {
    fn contest(&mut self, scheme: &str, year: u16) -> u32 {
        let next = super::table::number(self.names.len());
        let name = (fold(scheme), year);
        let number = *self.numbers.entry(name.clone()).or_insert(next);
        if number == next {
            self.names.push(name);
        }
        number
    }

    fn award(&mut self, is_agency: bool, winner: u32, contest: u32, tier: &str) -> u32 {
        let next = super::table::number(self.awards.len());
        let key = (is_agency, winner, contest, fold(tier));
        *self.awards.entry(key).or_insert(next)
    }

    fn spelling(&mut self, scheme: &str) -> u32 {
        if let Some(number) = self.spelled.get(scheme) {
            return *number;
        }
        let number = super::table::number(self.spellings.len());
        self.spellings.push(scheme.to_owned());
        self.spelled.insert(scheme.to_owned(), number);
        number
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
    pub(super) replications: Table<Replication>,
    pub(super) transitions: Table<Transition>,
    pub(super) awards: Table<Award>,
    pub(super) coaching: Table<Coaching>,
    pub(super) needs: Table<Need>,
    pub(super) endorsements: Table<About>,
    pub(super) threads: Table<About>,
    words: Table<Word>,
    /// The activities by month; empty when they are to be sorted anew.
    pub(super) by_month: Vec<u32>,
    /// What belongs to innovations; those that are to be grouped anew are nothing.
    pub(super) of_innovations: Belonging,
    /// By what is asked of innovations and needs; nothing when an agency changed, by whose region they are found.
    pub(super) sets: Option<Sets>,
}

/// What belongs to innovations, by the innovation.
#[derive(Debug, Default)]
pub(super) struct Belonging {
    pub(super) replications: Option<Groups>,
    /// Of each innovation by axis and date.
    pub(super) transitions: Option<Groups>,
    pub(super) awards: Option<Groups>,
    pub(super) endorsements: Option<Groups>,
    pub(super) threads: Option<Groups>,
    /// Activities, each with all innovations that take part.
    pub(super) coaching: Option<Groups>,
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
                let row = About {
                    innovation: Some(self.innovation(of)),
                    hub,
                };
                self.endorsements.set(key, rank, row);
                self.of_innovations.endorsements = None;
            }
            _ => self.set_item(key, rank, fact),
        }
    }

    fn set_item(&mut self, key: Key, rank: u8, fact: &Fact) {
        let hub = key.hub;
        match fact {
            Fact::Replication(said) => {
                let row = Replication::of(
                    said,
                    self.innovation(&said.source),
                    self.agencies.place(own(hub, said.adopter)),
                    hub,
                );
                self.replications.set(key, rank, row);
                self.of_innovations.replications = None;
            }
            Fact::Transition(said) => {
                let corrects = said.corrects.map(|it| self.transitions.place(own(hub, it)));
                let innovation = self.innovations.place(own(hub, said.innovation));
                let row = Transition::of(said, innovation, corrects.unwrap_or(NONE));
                self.transitions.set(key, rank, row);
                self.of_innovations.transitions = None;
            }
            Fact::Award(said) => {
                let winner = if said.is_agency {
                    self.agency(&said.winner)
                } else {
                    self.innovation(&said.winner)
                };
                let contest = self.contests.contest(&said.scheme, said.year);
                let number = self
                    .contests
                    .award(said.is_agency, winner, contest, &said.tier);
                let row = Award {
                    winner,
                    number,
                    contest,
                    spelling: self.contests.spelling(&said.scheme),
                    hub,
                    is_agency: said.is_agency,
                    is_confirmed: said.basis == AwardBasis::Confirmed,
                };
                self.awards.set(key, rank, row);
                self.of_innovations.awards = None;
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
                self.coaching.set(key, rank, row);
                self.by_month.clear();
                self.of_innovations.coaching = None;
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
                let row = About {
                    innovation: subject.map(|subject| self.innovations.place(subject)),
                    hub,
                };
                self.threads.set(key, rank, row);
                self.of_innovations.threads = None;
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
        // A row that is not here stays in its group: nobody sees it.
        self.replications.remove(key);
        self.transitions.remove(key);
        self.awards.remove(key);
        if self.coaching.remove(key).is_some() {
            self.by_month.clear();
        }
        self.endorsements.remove(key);
        self.threads.remove(key);
        self.words.remove(key);
    }

    /// Sorts what was added. To be called before anything is counted.
    pub fn settle(&mut self) {
        if self.sets.is_none() {
            self.sets = Some(self.make_sets());
        }
        let Self {
            replications,
            transitions,
            awards,
            endorsements,
            threads,
            coaching,
            of_innovations: of,
            ..
        } = self;
        of.replications
            .get_or_insert_with(|| by_innovation(replications, |row| Some(row.source)));
        of.awards.get_or_insert_with(|| {
            by_innovation(awards, |row| (!row.is_agency).then_some(row.winner))
        });
        of.endorsements
            .get_or_insert_with(|| by_innovation(endorsements, |row| row.innovation));
        of.threads
            .get_or_insert_with(|| by_innovation(threads, |row| row.innovation));
        of.coaching.get_or_insert_with(|| {
            let innovations = |(place, row): (u32, &Coaching)| {
                let innovations = row.innovations().to_vec().into_iter();
                innovations.map(move |innovation| (place, Some(innovation)))
            };
            Groups::of(coaching.all().flat_map(innovations))
        });
        of.transitions.get_or_insert_with(|| {
            let mut order: Vec<u32> = transitions.all().map(|(place, _)| place).collect();
            order.sort_unstable_by_key(|place| {
                let row = transitions.row(*place);
                (row.axis, row.order, transitions.key(*place).record)
            });
            let about = |place: &u32| (*place, Some(transitions.row(*place).innovation));
            Groups::of(order.iter().map(about))
        });
        if self.by_month.len() != self.coaching.len() || self.by_month.is_empty() {
            let table = &self.coaching;
            let mut order: Vec<u32> = (0..super::table::number(table.len())).collect();
            order.sort_unstable_by_key(|place| table.row(*place).month);
            self.by_month = order;
        }
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
        let of = &self.of_innovations;
        let groups = [
            &of.replications,
            &of.transitions,
            &of.awards,
            &of.endorsements,
            &of.threads,
            &of.coaching,
        ];
        let groups: usize = groups.into_iter().flatten().map(Groups::bytes).sum();
        let order = groups + self.by_month.capacity() * size_of::<u32>();
        let sets = self.sets.as_ref().map_or(0, Sets::bytes);
        let taking_part = |row: &Coaching| row.taking_part.len() * size_of::<u32>();
        let taking_part: usize = self.coaching.seen(2).map(|(_, row)| taking_part(row)).sum();
        // A text of some 10 letters, its key and its place.
        tables + order + sets + taking_part + self.contests.awards.capacity() * 64
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

fn by_innovation<R: Default>(table: &Table<R>, innovation: impl Fn(&R) -> Option<u32>) -> Groups {
    Groups::of(table.all().map(|(place, row)| (place, innovation(row))))
}

/// A record of the same hub.
fn own(hub: u32, record: RecordId) -> Key {
    let record = *record.as_uuid().as_bytes();
    Key { hub, record }
}
