//! Which innovations may help with needs: candidates out of the search index, read and judged for several needs at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use domain::catalog::{self, MatchCandidate};
use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use search::{Fit, Handle, Mark, Wish};
use storage::bodies::Item;
use storage::innovations::{self, Direction, InnovationFilter, Order, Stretch};
use storage::{Database, StorageError};

use crate::innovations::Innovation;
use crate::items::Shown;
use crate::loaders::RecordKey;
use crate::searching;

/// How many candidates are read beside as many as are wanted: how often one was replicated counts too, and is not in the
/// index.
const MORE: u32 = 30;
/// How many of the newest innovations are looked at for an affair or a goal while there is no index.
const NEWEST: u32 = 100;

/// A need for which somebody looks, and how many innovations are wanted.
#[derive(Clone)]
pub(crate) struct MatchKey {
    pub(crate) sight: Sight,
    pub(crate) need: Arc<Shown>,
    pub(crate) most: u32,
}

impl MatchKey {
    /// What tells one from another.
    fn parts(&self) -> (Sight, u32, &HubId, RecordId, u64) {
        let Shown { place, body } = &*self.need;
        (
            self.sight,
            self.most,
            &place.hub,
            place.record,
            body.revision,
        )
    }
}

impl PartialEq for MatchKey {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for MatchKey {}

impl Hash for MatchKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

/// What may help with a need.
#[derive(Default)]
pub(crate) struct Matches {
    /// The state of the index out of which they are; nothing if there was none.
    pub(crate) mark: Option<Mark>,
    /// The best first.
    pub(crate) found: Vec<(catalog::NeedMatch, Innovation)>,
}

/// Finds what may help with needs, in their order.
pub(crate) async fn of_needs(
    db: &Database,
    search: &Handle,
    keys: &[MatchKey],
) -> Result<Vec<Matches>, StorageError> {
    let (mark, candidates) = match out_of_index(search, keys).await {
        Some((mark, fits)) => (Some(mark), fits),
        None => (None, newest(db, keys).await?),
    };
    let mut known = read(db, keys, &candidates).await?;
    let matched = keys.iter().zip(candidates).map(|(key, fits)| Matches {
        mark,
        found: judge(key, fits, known.entry(key.sight).or_default()),
    });
    Ok(matched.collect())
}

fn need(key: &MatchKey) -> Option<&catalog::Need> {
    match key.need.item() {
        Item::Need(need) => Some(need),
        _ => None,
    }
}

/// What the index has for needs, if it can be asked.
async fn out_of_index(search: &Handle, keys: &[MatchKey]) -> Option<(Mark, Vec<Vec<Fit>>)> {
    let reading = search.ready().ok()?.read();
    let mark = reading.mark();
    let wish = |key: &MatchKey| {
        let need = need(key)?;
        Some(Wish {
            text: need.statement.as_str().to_owned(),
            affairs: need.affairs.as_slice().to_vec(),
            sdgs: need.sdgs.iter().collect(),
            region: need.region,
            sight: key.sight,
            limit: usize::try_from(key.most + MORE).unwrap_or(usize::MAX),
        })
    };
    let wishes: Vec<Option<Wish>> = keys.iter().map(wish).collect();
    let fits = searching::beside(move || {
        let fits = wishes.iter().map(|wish| match wish {
            Some(wish) => reading.fitting(wish),
            None => Ok(Vec::new()),
        });
        fits.collect::<Result<Vec<_>, _>>()
    });
    match fits.await {
        Ok(fits) => Some((mark, fits)),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(
                error,
                "the search index cannot be asked for what fits needs"
            );
            None
        }
    }
}

/// The newest innovations that share an affair or a goal with each need.
async fn newest(db: &Database, keys: &[MatchKey]) -> Result<Vec<Vec<Fit>>, StorageError> {
    let mut all = Vec::with_capacity(keys.len());
    for key in keys {
        let mut ids: BTreeSet<RecordKey> = BTreeSet::new();
        for filter in need(key)
            .map(|need| filters(need, key.sight))
            .unwrap_or_default()
        {
            let stretch = Stretch {
                order: Order::Published,
                direction: Direction::Descending,
                after: None,
                before: None,
                limit: NEWEST,
            };
            let places = innovations::list(db, &filter, &stretch).await?;
            ids.extend(places.into_iter().map(|place| (place.hub, place.record)));
        }
        let fit = |id| Fit {
            id,
            shares_words: false,
        };
        all.push(ids.into_iter().map(fit).collect());
    }
    Ok(all)
}

/// What shares an affair with a need, and what shares a goal.
fn filters(need: &catalog::Need, sight: Sight) -> Vec<InnovationFilter> {
    let mut filters = Vec::new();
    if !need.affairs.is_empty() {
        filters.push(InnovationFilter {
            affairs: need.affairs.as_slice().to_vec(),
            sight,
            ..InnovationFilter::default()
        });
    }
    if !need.sdgs.is_empty() {
        filters.push(InnovationFilter {
            sdgs: need.sdgs.iter().collect(),
            sight,
            ..InnovationFilter::default()
        });
    }
    filters
}

/// The innovations that are candidates for any need, as the store shows them now, by what may be seen.
async fn read(
    db: &Database,
    keys: &[MatchKey],
    candidates: &[Vec<Fit>],
) -> Result<BTreeMap<Sight, HashMap<RecordKey, Innovation>>, StorageError> {
    let mut wanted: BTreeMap<Sight, BTreeSet<RecordKey>> = BTreeMap::new();
    for (key, fits) in keys.iter().zip(candidates) {
        let ids = fits.iter().map(|fit| fit.id.clone());
        wanted.entry(key.sight).or_default().extend(ids);
    }
    let mut known = BTreeMap::new();
    for (sight, ids) in wanted {
        let ids: Vec<RecordKey> = ids.into_iter().collect();
        let places = innovations::find_many(db, &ids, sight).await?;
        let shown = Innovation::read_all(db, places)
            .await?
            .into_iter()
            .flatten();
        let keyed = shown.map(|innovation| (innovation.key(), innovation));
        known.insert(sight, keyed.collect());
    }
    Ok(known)
}

/// The best of the candidates, with the reasons for each.
fn judge(
    key: &MatchKey,
    fits: Vec<Fit>,
    known: &HashMap<RecordKey, Innovation>,
) -> Vec<(catalog::NeedMatch, Innovation)> {
    let Some(need) = need(key) else {
        return Vec::new();
    };
    let judged = fits.into_iter().filter_map(|fit| {
        let innovation = known.get(&fit.id)?;
        let found = need.judge(MatchCandidate {
            innovation: innovation.said(),
            region: innovation.region_of(),
            replications: innovation.replications_done(),
            shares_words: fit.shares_words,
        })?;
        Some((found, innovation.clone()))
    });
    let mut judged: Vec<_> = judged.collect();
    judged.sort_by(|(one, a), (other, b)| {
        (other.score, b.published()).cmp(&(one.score, a.published()))
    });
    judged.truncate(usize::try_from(key.most).unwrap_or(usize::MAX));
    judged
}
