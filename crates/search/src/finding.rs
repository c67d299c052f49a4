//! What a search finds in a snapshot, and what was found lately: who turns the page, or counts, asks the same again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::entry::Sight;
use domain::search::SearchText;
use quick_cache::sync::Cache;

use crate::SearchError;
use crate::bits::Bits;
use crate::fact::{Facet, conditions};
use crate::matching::{Matching, Tier};
use crate::plan::Plan;
use crate::ranking;
use crate::request::{Filter, Hit, Matcher, Request};
use crate::schema::Fields;
use crate::snapshot::Snapshot;

/// How many findings are kept of a snapshot.
const MOST_KEPT: usize = 64;
/// When somebody goes on behind the hits that are known, so many times as many are looked for.
const FURTHER: usize = 4;

/// All that a text and its conditions find.
pub(crate) struct Finding {
    /// The best, the best first, as far as anybody asked.
    hits: Vec<Hit>,
    pub(crate) total: u64,
    pub(crate) did_you_mean: Option<String>,
    pub(crate) matcher: Matcher,
    matched: Tier,
    counts: Mutex<HashMap<Facet, Counts>>,
}

/// How many documents have each value.
type Counts = Arc<[(String, u64)]>;

impl Finding {
    /// Looks for the best, so many.
    fn make(
        snapshot: &Snapshot,
        fields: &Fields,
        request: &Request,
        most: usize,
    ) -> Result<Self, SearchError> {
        let plan = Plan::make(snapshot.words(fields, request.sight), &request.text)?;
        let view = snapshot.view(request.sight);
        let conditions = conditions(&request.filter);
        let matching = Matching {
            snapshot,
            fields,
            conditions: &conditions,
            view,
        };
        let tiers = matching.find(&plan)?;
        let ranked: Vec<_> = plan.ranked().collect();
        let hits = ranking::best(snapshot, view, &ranked, &tiers, most)?;
        let matched = together(tiers);
        Ok(Self {
            hits,
            total: matched.iter().map(Bits::count).sum(),
            did_you_mean: plan.did_you_mean(),
            matcher: plan.matcher(),
            matched,
            counts: Mutex::default(),
        })
    }

    /// The hits of a page.
    pub(crate) fn page(&self, request: &Request) -> Vec<Hit> {
        let hits = self.hits.iter().skip(request.skip).take(request.limit);
        hits.cloned().collect()
    }

    fn reaches(&self, most: usize) -> bool {
        self.hits.len() >= most || self.hits.len() as u64 >= self.total
    }

    pub(crate) fn count(&self, snapshot: &Snapshot, facet: Facet) -> Counts {
        let known = |counts: &Mutex<HashMap<Facet, Counts>>| {
            let counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            counts.get(&facet).map(Arc::clone)
        };
        known(&self.counts).unwrap_or_else(|| {
            let counted: Counts = snapshot.count(facet, &self.matched).into();
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            counts.insert(facet, Arc::clone(&counted));
            counted
        })
    }
}

/// The documents of all tiers, by segment.
fn together(tiers: Vec<Tier>) -> Vec<Bits> {
    let mut tiers = tiers.into_iter();
    let mut all = tiers.next().unwrap_or_default();
    for tier in tiers {
        for (all, bits) in all.iter_mut().zip(&tier) {
            all.add(bits);
        }
    }
    all
}

/// What was found in a snapshot lately.
pub(crate) struct Findings(Cache<(SearchText, Filter, Sight), Arc<Finding>>);

impl Default for Findings {
    fn default() -> Self {
        Self(Cache::new(MOST_KEPT))
    }
}

impl Findings {
    /// What a request finds, with the hits of its page.
    pub(crate) fn find(
        &self,
        snapshot: &Snapshot,
        fields: &Fields,
        request: &Request,
    ) -> Result<Arc<Finding>, SearchError> {
        let wanted = request.skip.saturating_add(request.limit);
        let key = (request.text.clone(), request.filter.clone(), request.sight);
        let most = match self.0.get(&key) {
            Some(known) if known.reaches(wanted) => return Ok(known),
            Some(_) => wanted.saturating_mul(FURTHER),
            None => wanted,
        };
        let found = Arc::new(Finding::make(snapshot, fields, request, most)?);
        self.0.insert(key, Arc::clone(&found));
        Ok(found)
    }
}
