//! Reading many things at once that fields ask for one by one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, Loader};
use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use storage::bodies;
use storage::innovations::WantedItems;
use storage::items::{self, ItemRef, Role};
use storage::{Database, StorageError, agencies, hubs, innovations};

use crate::agencies::Agency;
use crate::hubs::Hub;
use crate::innovations::Innovation;
use crate::items::Shown;
use crate::items::needs::matching::{self, MatchKey, Matches};

/// A record and the hub that owns it.
pub(crate) type RecordKey = (HubId, RecordId);

/// A record as somebody may see it. What is asked for at the same time is read at the same time, also for different
/// callers, so what each may see is part of what is asked for.
pub(crate) type SeenKey = (Sight, RecordKey);

/// The loader that all relations share.
pub(crate) type Records = DataLoader<RecordLoader>;

pub(crate) struct RecordLoader(Database, search::Handle);

/// Makes the loader of a schema. It waits for nothing: the fields of one level are queued before it starts.
pub(crate) fn records(db: Database, search: search::Handle) -> Records {
    DataLoader::new(RecordLoader(db, search), tokio::spawn).delay(Duration::ZERO)
}

/// A key for each kind of thing, since a loader has one kind of value for each kind of key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct AgencyKey(pub(crate) SeenKey);

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct InnovationKey(pub(crate) SeenKey);

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ItemKey(pub(crate) SeenKey);

/// The source's word on a replication.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct AnswerKey(pub(crate) SeenKey);

/// What is hidden at this hub.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct HiddenKey(pub(crate) RecordKey);

/// A draft of this hub, by its record.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct DraftKey(pub(crate) RecordId);

/// The newest items of a kind that refer so to a record, at most so many.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct RelatedKey {
    pub(crate) sight: Sight,
    pub(crate) kind: &'static str,
    pub(crate) role: Role,
    pub(crate) target: RecordKey,
    pub(crate) most: u32,
}

impl From<&RelatedKey> for WantedItems {
    fn from(key: &RelatedKey) -> Self {
        Self {
            relation: (key.kind, key.role),
            sight: key.sight,
            most: key.most,
        }
    }
}

/// What was read for one operation before its fields ask for it: all relations of a record at once, though its fields are
/// resolved one after the other.
#[derive(Default)]
pub struct Ahead(Mutex<HashMap<RelatedKey, Vec<Arc<Shown>>>>);

impl Ahead {
    pub(crate) fn put(&self, read: HashMap<RelatedKey, Vec<Arc<Shown>>>) {
        let mut ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.extend(read);
    }

    /// What was read, for the first field that asks for it.
    pub(crate) fn take(&self, key: &RelatedKey) -> Option<Vec<Arc<Shown>>> {
        let mut ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.remove(key)
    }
}

/// The keys of each sight. Mostly there is one.
fn by_sight<'a>(keys: impl Iterator<Item = &'a SeenKey>) -> BTreeMap<Sight, Vec<RecordKey>> {
    let mut groups: BTreeMap<Sight, Vec<RecordKey>> = BTreeMap::new();
    for (sight, key) in keys {
        groups.entry(*sight).or_default().push(key.clone());
    }
    groups
}

impl Loader<AgencyKey> for RecordLoader {
    type Value = Agency;
    type Error = Arc<StorageError>;

    async fn load(&self, keys: &[AgencyKey]) -> Result<HashMap<AgencyKey, Agency>, Self::Error> {
        let mut loaded = HashMap::with_capacity(keys.len());
        for (sight, ids) in by_sight(keys.iter().map(|key| &key.0)) {
            let found = agencies::find_many(&self.0, &ids, sight).await?;
            let read = bodies::load(&self.0, found.iter().map(|place| Some(place.entry))).await?;
            let agency = |(place, body): (agencies::AgencyRef, Option<_>)| {
                let key = AgencyKey((sight, (place.hub.clone(), place.record)));
                Some((key, Agency::new(place.hub, place.record, body?)?))
            };
            loaded.extend(found.into_iter().zip(read).filter_map(agency));
        }
        Ok(loaded)
    }
}

impl Loader<InnovationKey> for RecordLoader {
    type Value = Innovation;
    type Error = Arc<StorageError>;

    async fn load(
        &self,
        keys: &[InnovationKey],
    ) -> Result<HashMap<InnovationKey, Innovation>, Self::Error> {
        let mut loaded = HashMap::with_capacity(keys.len());
        for (sight, ids) in by_sight(keys.iter().map(|key| &key.0)) {
            let found = innovations::find_many(&self.0, &ids, sight).await?;
            let shown = Innovation::read_all(&self.0, found).await?.into_iter();
            let keyed = |shown: Innovation| (InnovationKey((sight, shown.key())), shown);
            loaded.extend(shown.flatten().map(keyed));
        }
        Ok(loaded)
    }
}

impl Loader<HubId> for RecordLoader {
    type Value = Hub;
    type Error = Arc<StorageError>;

    async fn load(&self, keys: &[HubId]) -> Result<HashMap<HubId, Hub>, Self::Error> {
        let found = hubs::find_many(&self.0, keys).await?;
        let read = bodies::load(&self.0, found.iter().map(|hub| hub.entry)).await?;
        let hub = |(hub, body): (hubs::Hub, Option<_>)| (hub.id.clone(), Hub::new(hub.id, body));
        Ok(found.into_iter().zip(read).map(hub).collect())
    }
}

impl Loader<ItemKey> for RecordLoader {
    type Value = Arc<Shown>;
    type Error = Arc<StorageError>;

    async fn load(&self, keys: &[ItemKey]) -> Result<HashMap<ItemKey, Arc<Shown>>, Self::Error> {
        let mut loaded = HashMap::with_capacity(keys.len());
        for (sight, ids) in by_sight(keys.iter().map(|key| &key.0)) {
            let found = items::find_many(&self.0, &ids, sight).await?;
            let shown = Shown::read_all(&self.0, found).await?.into_iter();
            loaded.extend(shown.flatten().map(|shown| {
                let key = (shown.place.hub.clone(), shown.place.record);
                (ItemKey((sight, key)), shown)
            }));
        }
        Ok(loaded)
    }
}

impl Loader<AnswerKey> for RecordLoader {
    type Value = Arc<Shown>;
    type Error = Arc<StorageError>;

    async fn load(
        &self,
        keys: &[AnswerKey],
    ) -> Result<HashMap<AnswerKey, Arc<Shown>>, Self::Error> {
        let mut loaded = HashMap::with_capacity(keys.len());
        for (sight, ids) in by_sight(keys.iter().map(|key| &key.0)) {
            let found = items::counting_answers(&self.0, &ids, sight).await?;
            let (keys, places): (Vec<_>, Vec<_>) = found.into_iter().unzip();
            let shown = Shown::read_all(&self.0, places).await?;
            let keyed =
                |(key, shown): (RecordKey, Option<_>)| Some((AnswerKey((sight, key)), shown?));
            loaded.extend(keys.into_iter().zip(shown).filter_map(keyed));
        }
        Ok(loaded)
    }
}

impl Loader<HiddenKey> for RecordLoader {
    type Value = storage::hidden::Hidden;
    type Error = Arc<StorageError>;

    async fn load(
        &self,
        keys: &[HiddenKey],
    ) -> Result<HashMap<HiddenKey, Self::Value>, Self::Error> {
        let ids: Vec<RecordKey> = keys.iter().map(|key| key.0.clone()).collect();
        let found = storage::hidden::find_many(&self.0, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(key, hidden)| (HiddenKey(key), hidden))
            .collect())
    }
}

impl Loader<DraftKey> for RecordLoader {
    type Value = Arc<storage::drafts::Draft>;
    type Error = Arc<StorageError>;

    async fn load(&self, keys: &[DraftKey]) -> Result<HashMap<DraftKey, Self::Value>, Self::Error> {
        let records: Vec<RecordId> = keys.iter().map(|key| key.0).collect();
        let found = storage::drafts::find_many(&self.0, &records).await?;
        let keyed = |draft: storage::drafts::Draft| (DraftKey(draft.record), Arc::new(draft));
        Ok(found.into_iter().map(keyed).collect())
    }
}

impl Loader<RelatedKey> for RecordLoader {
    type Value = Vec<Arc<Shown>>;
    type Error = Arc<StorageError>;

    async fn load(
        &self,
        keys: &[RelatedKey],
    ) -> Result<HashMap<RelatedKey, Vec<Arc<Shown>>>, Self::Error> {
        let mut asked: BTreeMap<(Sight, u32), Vec<&RelatedKey>> = BTreeMap::new();
        for key in keys {
            asked.entry((key.sight, key.most)).or_default().push(key);
        }
        let mut loaded = HashMap::with_capacity(keys.len());
        for ((sight, most), keys) in asked {
            let relations: BTreeSet<items::Relation> =
                keys.iter().map(|key| (key.kind, key.role)).collect();
            let targets: BTreeSet<&RecordKey> = keys.iter().map(|key| &key.target).collect();
            let relations: Vec<items::Relation> = relations.into_iter().collect();
            let targets: Vec<RecordKey> = targets.into_iter().cloned().collect();
            let mut found = items::related(&self.0, &relations, &targets, sight, most).await?;
            let of_key = |key: &&RelatedKey| {
                let sort = ((key.kind, key.role), key.target.clone());
                found.remove(&sort).unwrap_or_default()
            };
            let places: Vec<Vec<ItemRef>> = keys.iter().map(of_key).collect();
            let counts: Vec<usize> = places.iter().map(Vec::len).collect();
            let all = places.into_iter().flatten().collect();
            let mut shown = Shown::read_all(&self.0, all).await?.into_iter();
            for (key, count) in keys.into_iter().zip(counts) {
                let of_key = shown.by_ref().take(count).flatten().collect();
                loaded.insert(key.clone(), of_key);
            }
        }
        Ok(loaded)
    }
}

impl Loader<MatchKey> for RecordLoader {
    type Value = Arc<Matches>;
    type Error = Arc<StorageError>;

    async fn load(&self, keys: &[MatchKey]) -> Result<HashMap<MatchKey, Self::Value>, Self::Error> {
        let matched = matching::of_needs(&self.0, &self.1, keys).await?;
        Ok(keys
            .iter()
            .cloned()
            .zip(matched.into_iter().map(Arc::new))
            .collect())
    }
}
