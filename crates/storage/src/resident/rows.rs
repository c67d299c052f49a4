//! The rows themselves, and how lists and relations are answered by them.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use domain::catalog::RegionCode;
use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use domain::table::{Key, Table};
use time::OffsetDateTime;
use uuid::Uuid;

use super::told::{HubRow, ItemTold, Told, What};
use super::wanted::Wanted;
use super::words::{Word, Words};
use crate::content::Item;
use crate::innovations::{
    Counts, Direction, InnovationFilter, InnovationRef, Order, Place, Stretch,
};
use crate::items::{ItemRef, Related, Relation, Role};

/// A list looks at this many innovations at most; who asks for rarer ones asks the database, which has an index for them.
const MOST_LOOKED_AT: usize = 10_000;

/// The hub and id of a record.
pub(crate) type RecordKey = (HubId, RecordId);

#[derive(Debug, Default)]
pub(super) enum Row {
    /// Nothing but a name, to which others refer.
    #[default]
    Named,
    Agency {
        entry: i64,
    },
    Innovation(Box<Innovation>),
    Item(Box<ItemRow>),
}

#[derive(Debug)]
pub(super) struct Innovation {
    pub(super) key: i64,
    pub(super) entry: i64,
    /// The place of its agency's record.
    pub(super) agency: u32,
    pub(super) stage: Word,
    pub(super) adoption: Word,
    pub(super) year: Option<i32>,
    pub(super) affairs: i64,
    pub(super) sdgs: i64,
    pub(super) region: Option<RegionCode>,
    pub(super) published: i64,
    pub(super) current: i64,
    pub(super) counts: Counts,
}

#[derive(Debug)]
pub(super) struct ItemRow {
    key: i64,
    entry: i64,
    published: i64,
    place: i64,
    state: Option<Word>,
    standing: Option<Word>,
    /// In which sort of relation it refers to which places.
    links: Box<[(Sort, u32)]>,
}

/// A kind of items and what they are to a record, in one number: [`sort_of`].
type Sort = u16;

fn sort_of(kind: &str, role: &str) -> Option<Sort> {
    let kind = Item::KINDS.iter().position(|known| *known == kind)?;
    let role = Role::ALL.iter().position(|known| known.code() == role)?;
    Sort::try_from(kind * Role::ALL.len() + role).ok()
}

/// That an item refers to a record. They are ordered so that those of one sort stand together, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Link {
    target: u32,
    sort: Sort,
    newest: Reverse<(i64, i64)>,
    item: u32,
}

/// The rows of all innovations, agencies and items at one commit.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// By number, with the entries that describe them.
    hubs: Vec<(HubId, Option<i64>)>,
    pub(super) hub_numbers: HashMap<HubId, u32>,
    pub(super) words: Words,
    pub(super) records: Table<Row>,
    /// Innovations by when they were published, with their keys and places.
    by_published: BTreeSet<(i64, i64, u32)>,
    links: BTreeSet<Link>,
}

fn number(place: usize) -> u32 {
    u32::try_from(place).expect("memory ends before the numbers do")
}

fn moment(millis: i64) -> OffsetDateTime {
    let nanos = i128::from(millis) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

impl Rows {
    /// How many records are known or referred to.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    fn hub_number(&mut self, hub: &HubId) -> u32 {
        if let Some(number) = self.hub_numbers.get(hub) {
            return *number;
        }
        let number = number(self.hubs.len());
        self.hubs.push((hub.clone(), None));
        self.hub_numbers.insert(hub.clone(), number);
        number
    }

    fn key(&mut self, hub: &HubId, record: Uuid) -> Key {
        Key {
            hub: self.hub_number(hub),
            record: *record.as_bytes(),
        }
    }

    pub(super) fn find(&self, hub: &HubId, record: Uuid) -> Option<u32> {
        let hub = *self.hub_numbers.get(hub)?;
        let record = *record.as_bytes();
        self.records.find(Key { hub, record })
    }

    fn name(&self, place: u32) -> RecordKey {
        let Key { hub, record } = self.records.key(place);
        let hub = self.hubs[hub as usize].0.clone();
        (hub, Uuid::from_bytes(record).into())
    }

    fn innovation(&self, place: u32) -> Option<&Innovation> {
        match self.records.row(place) {
            Row::Innovation(innovation) => Some(innovation),
            _ => None,
        }
    }

    fn item(&self, place: u32) -> Option<&ItemRow> {
        match self.records.row(place) {
            Row::Item(item) => Some(item),
            _ => None,
        }
    }

    /// Takes all hubs' rows anew.
    pub(super) fn set_hubs(&mut self, hubs: &[HubRow]) {
        for HubRow { hub, entry, .. } in hubs {
            let number = self.hub_number(hub);
            self.hubs[number as usize].1 = *entry;
        }
    }

    /// Takes a record's row, in place of what was known of it.
    pub(super) fn set(&mut self, told: Told) {
        let Told {
            hub,
            record,
            rank,
            what,
        } = told;
        let key = self.key(&hub, record);
        let place = self.records.place(key);
        self.unlink(place);
        let row = match what {
            What::Agency { entry } => Row::Agency { entry },
            What::Innovation(told) => {
                self.by_published.insert((told.published, told.key, place));
                let agency = self.key(&hub, told.agency);
                Row::Innovation(Box::new(Innovation {
                    key: told.key,
                    entry: told.entry,
                    agency: self.records.place(agency),
                    stage: self.words.number(&told.stage),
                    adoption: self.words.number(&told.adoption),
                    year: told.year,
                    affairs: told.affairs,
                    sdgs: told.sdgs,
                    region: told.region,
                    published: told.published,
                    current: told.current,
                    counts: told.counts,
                }))
            }
            What::Item(told) => Row::Item(Box::new(self.item_row(place, told))),
        };
        self.records.set(key, rank, row);
    }

    fn item_row(&mut self, place: u32, told: ItemTold) -> ItemRow {
        let mut links = Vec::with_capacity(told.links.len());
        for (role, hub, record) in told.links {
            // Of a kind or role that this program does not know, nobody asks it.
            let Some(sort) = sort_of(&told.kind, &role) else {
                continue;
            };
            let target = self.key(&hub, record);
            let target = self.records.place(target);
            links.push((sort, target));
            self.links.insert(Link {
                target,
                sort,
                newest: Reverse((told.place, told.key)),
                item: place,
            });
        }
        ItemRow {
            key: told.key,
            entry: told.entry,
            published: told.published,
            place: told.place,
            state: told.state.map(|state| self.words.number(&state)),
            standing: told.standing.map(|standing| self.words.number(&standing)),
            links: links.into(),
        }
    }

    /// Forgets what was known of a record.
    pub(super) fn remove(&mut self, hub: &HubId, record: Uuid) {
        if let Some(place) = self.find(hub, record) {
            self.unlink(place);
            self.records.remove(self.records.key(place));
        }
    }

    /// Takes a record's row out of the orders.
    fn unlink(&mut self, place: u32) {
        match self.records.row(place) {
            Row::Named | Row::Agency { .. } => {}
            Row::Innovation(row) => {
                self.by_published.remove(&(row.published, row.key, place));
            }
            Row::Item(row) => {
                for (sort, target) in &row.links {
                    self.links.remove(&Link {
                        target: *target,
                        sort: *sort,
                        newest: Reverse((row.place, row.key)),
                        item: place,
                    });
                }
            }
        }
    }

    /// The records of a hub that are here.
    pub(super) fn records_of(&self, hub: &HubId) -> Vec<RecordId> {
        let Some(number) = self.hub_numbers.get(hub) else {
            return Vec::new();
        };
        let keys = self.records.of_hub(*number);
        keys.map(|key| Uuid::from_bytes(key.record).into())
            .collect()
    }

    /// The records whose rows may say something else when that of an item changes: what it refers to, directly and by another
    /// item, and what refers to it.
    pub(super) fn affected_by(&self, hub: &HubId, record: Uuid) -> Vec<RecordKey> {
        let Some(place) = self.find(hub, record) else {
            return Vec::new();
        };
        let Some(item) = self.item(place) else {
            return Vec::new();
        };
        let mut places: BTreeSet<u32> = self.links_to(place).map(|link| link.item).collect();
        for (_, target) in &item.links {
            places.insert(*target);
            let further = self.item(*target);
            let further = further.map(|item| &*item.links).unwrap_or_default();
            places.extend(further.iter().map(|(_, target)| *target));
        }
        places.into_iter().map(|place| self.name(place)).collect()
    }

    /// Whether a record is an agency's.
    pub(super) fn is_agency(&self, hub: &HubId, record: Uuid) -> bool {
        let place = self.find(hub, record);
        place.is_some_and(|place| matches!(self.records.row(place), Row::Agency { .. }))
    }

    /// The innovations of some agencies, which show the region of theirs.
    pub(super) fn of_agencies(&self, agencies: &BTreeSet<RecordKey>) -> Vec<RecordKey> {
        let find = |(hub, record): &RecordKey| self.find(hub, record.as_uuid());
        let agencies: HashSet<u32> = agencies.iter().filter_map(find).collect();
        if agencies.is_empty() {
            return Vec::new();
        }
        let innovations = self.by_published.iter().map(|(_, _, place)| *place);
        let is_of_one = |place: &u32| {
            let innovation = self.innovation(*place);
            innovation.is_some_and(|it| agencies.contains(&it.agency))
        };
        let of_one = innovations.filter(is_of_one);
        of_one.map(|place| self.name(place)).collect()
    }

    /// The records that an item refers to.
    pub(super) fn named_by(&self, hub: &HubId, record: Uuid) -> Vec<RecordKey> {
        let item = self.find(hub, record).and_then(|place| self.item(place));
        let links = item.map(|item| &*item.links).unwrap_or_default();
        links.iter().map(|(_, target)| self.name(*target)).collect()
    }

    fn links_to(&self, target: u32) -> impl Iterator<Item = &Link> {
        let first = Link {
            target,
            sort: 0,
            newest: Reverse((i64::MAX, i64::MAX)),
            item: 0,
        };
        self.links
            .range(first..)
            .take_while(move |link| link.target == target)
    }

    /// A stretch of the list of innovations; nothing where the database has to be asked.
    pub(crate) fn list(
        &self,
        filter: &InnovationFilter,
        stretch: &Stretch,
    ) -> Option<Vec<InnovationRef>> {
        if stretch.order != Order::Published {
            return None;
        }
        let wanted = Wanted::of(self, filter)?;
        let edge = |edge: &Option<(Place, crate::logs::EntryKey)>| match edge {
            Some((Place::Time(time), key)) => Some((*time, key.get())),
            _ => None,
        };
        let (after, before) = (edge(&stretch.after), edge(&stretch.before));
        let (low, high) = match stretch.direction {
            Direction::Ascending => (after, before),
            Direction::Descending => (before, after),
        };
        // Keys are not negative, and no place is the highest number.
        let low = low.map_or((i64::MIN, 0, 0), |(time, key)| (time, key, u32::MAX));
        let high = high.map_or((i64::MAX, i64::MAX, u32::MAX), |(time, key)| (time, key, 0));
        if low >= high {
            return Some(Vec::new());
        }
        let range = self.by_published.range(low..high);
        let limit = stretch.limit as usize;
        match stretch.direction {
            Direction::Ascending => self.take(range, &wanted, limit),
            Direction::Descending => self.take(range.rev(), &wanted, limit),
        }
    }

    fn take<'a>(
        &self,
        range: impl Iterator<Item = &'a (i64, i64, u32)>,
        wanted: &Wanted<'_>,
        limit: usize,
    ) -> Option<Vec<InnovationRef>> {
        let mut found = Vec::with_capacity(limit);
        for (looked_at, (_, _, place)) in range.enumerate() {
            if found.len() == limit {
                break;
            }
            if looked_at == MOST_LOOKED_AT {
                return None;
            }
            if let Some(innovation) = self.innovation(*place)
                && wanted.has(self, *place, innovation)
            {
                found.push(self.shown(*place, innovation, wanted.filter.sight));
            }
        }
        Some(found)
    }

    fn shown(&self, place: u32, row: &Innovation, sight: Sight) -> InnovationRef {
        let (hub, record) = self.name(place);
        let agency = match self.records.row(row.agency) {
            Row::Agency { entry } if self.records.rank(row.agency) <= sight.rank() => Some(*entry),
            _ => None,
        };
        let hub_entry = self.hubs[self.records.key(place).hub as usize].1;
        InnovationRef {
            key: row.key.into(),
            hub,
            record,
            entry: row.entry.into(),
            agency: agency.map(Into::into),
            hub_entry: hub_entry.map(Into::into),
            published: moment(row.published),
            counts: row.counts,
            current: moment(row.current),
            place: Place::Time(row.published),
        }
    }

    /// Those of some innovations that may be seen.
    pub(crate) fn innovations(&self, ids: &[RecordKey], sight: Sight) -> Vec<InnovationRef> {
        let shown = |(hub, record): &RecordKey| {
            let place = self.find(hub, record.as_uuid())?;
            let innovation = self.innovation(place)?;
            (self.records.rank(place) <= sight.rank()).then(|| self.shown(place, innovation, sight))
        };
        each_once(ids).filter_map(shown).collect()
    }

    /// Those of some items that may be seen.
    pub(crate) fn items(&self, ids: &[RecordKey], sight: Sight) -> Vec<ItemRef> {
        let shown = |(hub, record): &RecordKey| {
            let place = self.find(hub, record.as_uuid())?;
            let item = self.item(place)?;
            (self.records.rank(place) <= sight.rank()).then(|| self.shown_item(place, item))
        };
        each_once(ids).filter_map(shown).collect()
    }

    fn shown_item(&self, place: u32, row: &ItemRow) -> ItemRef {
        let (hub, record) = self.name(place);
        let text = |word: Option<Word>| word.map(|word| self.words.text(word).to_owned());
        ItemRef {
            key: row.key.into(),
            hub,
            record,
            entry: row.entry.into(),
            published: row.published,
            place: row.place,
            state: text(row.state),
            standing: text(row.standing),
        }
    }

    /// The items that refer so to a record, the newest first, at most `most`.
    pub(crate) fn related(
        &self,
        relation: Relation,
        (hub, record): &RecordKey,
        sight: Sight,
        most: usize,
    ) -> Vec<ItemRef> {
        let (kind, role) = relation;
        let target = self.find(hub, record.as_uuid());
        let Some((target, sort)) = target.zip(sort_of(kind, role.code())) else {
            return Vec::new();
        };
        let first = Link {
            target,
            sort,
            newest: Reverse((i64::MAX, i64::MAX)),
            item: 0,
        };
        let links = self.links.range(first..);
        let of_it = links.take_while(|link| link.target == target && link.sort == sort);
        let seen = of_it.filter(|link| self.records.rank(link.item) <= sight.rank());
        let shown = |link: &Link| Some(self.shown_item(link.item, self.item(link.item)?));
        seen.take(most).filter_map(shown).collect()
    }
}

impl Rows {
    /// The same for several relations and records.
    pub(crate) fn all_related(
        &self,
        relations: &[Relation],
        targets: &[RecordKey],
        sight: Sight,
        most: u32,
    ) -> Related {
        let mut found = Related::new();
        for relation in relations {
            for target in targets {
                let items = self.related(*relation, target, sight, most as usize);
                if !items.is_empty() {
                    found.insert((*relation, target.clone()), items);
                }
            }
        }
        found
    }
}

/// Each of some records once, whoever names it twice.
fn each_once(ids: &[RecordKey]) -> impl Iterator<Item = &RecordKey> {
    let mut named = HashSet::with_capacity(ids.len());
    ids.iter().filter(move |id| named.insert(*id))
}
