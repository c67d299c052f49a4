//! Which records a file holds, and reading them page by page.
//!
//! What is read is what the list of the GraphQL schema shows to whoever asks: the filter's sight decides.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::str::FromStr;

use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use serde_json::{Map, Value};
use storage::agencies::{self, AgencyFilter};
use storage::innovations::{self, Direction, InnovationFilter, InnovationRef, Order, Stretch};
use storage::items::{self, ItemFilter, ItemStretch};
use storage::logs::EntryKey;
use storage::{Database, StorageError, bodies};

use super::{Format, record};

/// Of what there are files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Innovations with their agencies.
    Innovations,
    /// Agencies.
    Agencies,
    /// Needs.
    Needs,
    /// Replications.
    Replications,
    /// Awards.
    Awards,
}

/// A word that names nothing of which there are files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not given as files; there are innovations, agencies, needs, replications and awards"
)]
pub struct WhatError(String);

impl What {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Innovations,
        Self::Agencies,
        Self::Needs,
        Self::Replications,
        Self::Awards,
    ];

    /// Its name, in files and addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Innovations => "innovations",
            Self::Agencies => "agencies",
            Self::Needs => "needs",
            Self::Replications => "replications",
            Self::Awards => "awards",
        }
    }

    /// What its files can be.
    pub const fn formats(self) -> &'static [Format] {
        use Format::{Csv, JsonLd, JsonLines, Xlsx};
        match self {
            Self::Innovations | Self::Agencies => &[Csv, Xlsx, JsonLines, JsonLd],
            Self::Needs | Self::Replications | Self::Awards => &[Csv, Xlsx, JsonLines],
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for What {
    type Err = WhatError;

    fn from_str(raw: &str) -> Result<Self, WhatError> {
        let found = Self::ALL.into_iter().find(|what| what.name() == raw);
        found.ok_or_else(|| WhatError(raw.to_owned()))
    }
}

/// Which records are wanted, and in which order.
#[derive(Clone, Debug)]
pub enum Listing {
    /// Innovations: the first published first, or those of which nothing was heard for long, the longest first.
    Innovations(InnovationFilter),
    /// Innovations that a search found, the best first, as far as a sight shows them now.
    Found(Vec<(HubId, RecordId)>, Sight),
    /// Agencies by name.
    Agencies(AgencyFilter),
    /// Needs, replications or awards, as their lists have them: the newest first. One that moves while the file is made may be
    /// missing.
    Items(What, ItemFilter),
}

impl Listing {
    /// Reads which records are wanted from conditions as an address has them. What the search index must find comes beside
    /// them.
    ///
    /// # Errors
    /// A condition that does not exist, and what the schema would refuse.
    pub fn read(
        what: What,
        conditions: &[(String, String)],
        sight: Sight,
        now: time::OffsetDateTime,
    ) -> Result<(Self, Option<graphql::address::ByWords>), graphql::ApiError> {
        use graphql::address;
        let items = |filter: ItemFilter| Self::Items(what, ItemFilter { sight, ..filter });
        Ok(match what {
            What::Innovations => {
                let asked = address::innovations(conditions, now)?;
                let filter = InnovationFilter {
                    sight,
                    ..asked.filter
                };
                return Ok((Self::Innovations(filter), asked.by_words));
            }
            What::Agencies => {
                let filter = address::agencies(conditions)?;
                (Self::Agencies(AgencyFilter { sight, ..filter }), None)
            }
            What::Needs => (items(address::needs(conditions)?), None),
            What::Replications => (items(address::replications(conditions)?), None),
            What::Awards => (items(address::awards(conditions)?), None),
        })
    }

    /// What the search index finds of a list, the best first. It may take its time.
    ///
    /// # Errors
    /// `SEARCH_NOT_READY` while there is no index that can be asked.
    pub fn found_by(
        self,
        search: &search::Handle,
        by_words: &graphql::address::ByWords,
    ) -> Result<Self, graphql::ApiError> {
        let Self::Innovations(filter) = self else {
            return Ok(self);
        };
        let sight = filter.sight;
        let found = graphql::address::find(search, by_words, filter)?;
        Ok(Self::Found(found, sight))
    }

    /// Of what the records are.
    pub const fn what(&self) -> What {
        match self {
            Self::Innovations(_) | Self::Found(..) => What::Innovations,
            Self::Agencies(_) => What::Agencies,
            Self::Items(what, _) => *what,
        }
    }

    /// How many there are.
    pub async fn count(&self, db: &Database) -> Result<u64, StorageError> {
        match self {
            Self::Innovations(filter) => innovations::count(db, filter).await,
            Self::Found(ids, _) => Ok(ids.len() as u64),
            Self::Agencies(filter) => agencies::count(db, filter).await,
            Self::Items(_, filter) => items::count(db, filter).await,
        }
    }
}

/// A page of records, each as it is given.
pub(super) type Page = Vec<Map<String, Value>>;

/// The pages of a list.
pub(super) struct Pages<'a> {
    db: &'a Database,
    source: Source,
    size: u32,
    is_done: bool,
}

/// Where to go on.
enum Source {
    Innovations(InnovationFilter, Option<(innovations::Place, EntryKey)>),
    Found(VecDeque<(HubId, RecordId)>, Sight),
    Agencies(AgencyFilter, Option<(String, EntryKey)>),
    Items(ItemFilter, Option<(i64, EntryKey)>),
}

impl<'a> Pages<'a> {
    /// Begins with the first page of so many records.
    pub(super) fn new(db: &'a Database, listing: Listing, size: u32) -> Self {
        let source = match listing {
            Listing::Innovations(filter) => Source::Innovations(filter, None),
            Listing::Found(ids, sight) => Source::Found(ids.into(), sight),
            Listing::Agencies(filter) => Source::Agencies(filter, None),
            Listing::Items(_, filter) => Source::Items(filter, None),
        };
        Self {
            db,
            source,
            size,
            is_done: false,
        }
    }

    /// The next page; nothing at the end.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Page>> {
        if self.is_done {
            return Ok(None);
        }
        let (db, size) = (self.db, self.size);
        let (read, page) = match &mut self.source {
            Source::Innovations(filter, after) => {
                innovations_after(db, filter, after, size).await?
            }
            Source::Found(ids, sight) => {
                let most = ids.len().min(size as usize);
                let some: Vec<_> = ids.drain(..most).collect();
                (some.len(), found(db, &some, *sight).await?)
            }
            Source::Agencies(filter, after) => agencies_after(db, filter, after, size).await?,
            Source::Items(filter, after) => items_after(db, filter, after, size).await?,
        };
        self.is_done = read < size as usize;
        Ok((read > 0).then_some(page))
    }
}

async fn innovations_after(
    db: &Database,
    filter: &InnovationFilter,
    after: &mut Option<(innovations::Place, EntryKey)>,
    limit: u32,
) -> anyhow::Result<(usize, Page)> {
    let order = match filter.current_before {
        None => Order::Published,
        Some(_) => Order::Current,
    };
    let stretch = Stretch {
        order,
        direction: Direction::Ascending,
        after: after.take(),
        before: None,
        limit,
    };
    let page = innovations::list(db, filter, &stretch).await?;
    *after = page.last().map(|last| (last.place.clone(), last.key));
    Ok((page.len(), shown(db, &page).await?))
}

async fn found(db: &Database, ids: &[(HubId, RecordId)], sight: Sight) -> anyhow::Result<Page> {
    let places = innovations::find_many(db, ids, sight).await?;
    let mut places: HashMap<_, _> = places
        .into_iter()
        .map(|place| ((place.hub.clone(), place.record), place))
        .collect();
    let in_order: Vec<_> = ids.iter().filter_map(|id| places.remove(id)).collect();
    shown(db, &in_order).await
}

async fn shown(db: &Database, page: &[InnovationRef]) -> anyhow::Result<Page> {
    let said = bodies::load(db, page.iter().map(|place| Some(place.entry))).await?;
    let agencies = bodies::load(db, page.iter().map(|place| place.agency)).await?;
    let mut records = Vec::with_capacity(page.len());
    for ((place, said), agency) in page.iter().zip(said).zip(agencies) {
        // What was dropped since the list was read is not there any more.
        let Some(said) = said else { continue };
        records.extend(record::of(place, &said, agency.as_deref())?);
    }
    Ok(records)
}

async fn agencies_after(
    db: &Database,
    filter: &AgencyFilter,
    after: &mut Option<(String, EntryKey)>,
    limit: u32,
) -> anyhow::Result<(usize, Page)> {
    let page = agencies::list(db, filter, after.take(), limit).await?;
    *after = page.last().map(|last| (last.name_folded.clone(), last.key));
    let said = bodies::load(db, page.iter().map(|place| Some(place.entry))).await?;
    let mut records = Vec::with_capacity(page.len());
    for (place, said) in page.iter().zip(said) {
        let Some(said) = said else { continue };
        records.extend(record::of_agency(place, &said)?);
    }
    Ok((page.len(), records))
}

async fn items_after(
    db: &Database,
    filter: &ItemFilter,
    after: &mut Option<(i64, EntryKey)>,
    limit: u32,
) -> anyhow::Result<(usize, Page)> {
    let stretch = ItemStretch {
        direction: Direction::Descending,
        after: after.take(),
        before: None,
        limit,
    };
    let page = items::list(db, filter, stretch).await?;
    *after = page.last().map(|last| (last.place, last.key));
    let said = bodies::load(db, page.iter().map(|place| Some(place.entry))).await?;
    let mut records = Vec::with_capacity(page.len());
    for (place, said) in page.iter().zip(said) {
        let Some(said) = said else { continue };
        records.extend(record::of_item(place, &said)?);
    }
    Ok((page.len(), records))
}
