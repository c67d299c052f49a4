//! What a text finds, whatever the conditions, and how that goes on from one state of the index to the next.
//!
//! While records are written, the index has a new state every moment, and mostly nothing but a few documents more. So what is
//! known of a text goes on: which of the documents that were there before it finds, and their facets. The best are looked for
//! in each state, by its own figures.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::SearchError;
use crate::fact::Facet;
use crate::marked::Parts;
use crate::matching::{Fulfilled, Matching, Tier, total};
use crate::plan::{Plan, Ranked};
use crate::ranking::Top;
use crate::request::Matcher;
use crate::snapshot::{Counts, Grown, Snapshot};
use crate::view::Figures;

/// So many of a text's best are kept for those who narrow it down.
const TOP: usize = 1000;

/// What a text finds, whatever the conditions.
pub(crate) struct OfText {
    pub(crate) plan: Plan,
    pub(crate) matcher: Matcher,
    pub(crate) did_you_mean: Option<String>,
    pub(crate) fulfilled: Fulfilled,
    pub(crate) parts: Arc<Parts>,
    /// Whether it was asked for before.
    is_asked_again: AtomicBool,
    top: OnceLock<Top>,
    whole: OnceLock<Option<Whole>>,
}

/// What a text finds without conditions, counted: who lets nearly all of it through is told by what is not.
pub(crate) struct Whole {
    pub(crate) matched: Tier,
    pub(crate) total: u64,
    counts: Kept,
}

/// What was counted, by facet.
pub(crate) type Kept = Mutex<HashMap<Facet, Counts>>;

/// What is kept of a facet, or counted now.
pub(crate) fn kept(
    counts: &Kept,
    facet: Facet,
    count: impl FnOnce() -> Vec<(Facet, Counts)>,
) -> Counts {
    let counts = || counts.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = counts().get(&facet) {
        return Arc::clone(known);
    }
    let counted = count();
    let mut counts = counts();
    counts.extend(counted);
    counts.get(&facet).map(Arc::clone).unwrap_or_default()
}

impl OfText {
    /// Looks for it.
    pub(crate) fn new(matching: &Matching<'_>, plan: Plan) -> Result<Self, SearchError> {
        Ok(Self {
            matcher: plan.matcher(),
            did_you_mean: plan.did_you_mean(),
            fulfilled: matching.fulfilled(&plan)?,
            plan,
            parts: Arc::default(),
            is_asked_again: AtomicBool::new(false),
            top: OnceLock::new(),
            whole: OnceLock::new(),
        })
    }

    /// The same in a state that has all documents of the one before, if the same words stand for the text.
    pub(crate) fn grown(
        &self,
        matching: &Matching<'_>,
        grown: &Grown,
    ) -> Result<Self, SearchError> {
        let fulfilled = matching.fulfilled_grown(&self.plan, &self.fulfilled, grown)?;
        let mut whole = None;
        if let Some(Some(known)) = self.whole.get()
            && let Some(all) = fulfilled.one_tier()
        {
            whole = Some(Some(known.grown(matching.snapshot, all, grown)));
        }
        Ok(Self {
            plan: self.plan.clone(),
            matcher: self.matcher.clone(),
            did_you_mean: self.did_you_mean.clone(),
            fulfilled,
            parts: Arc::clone(&self.parts),
            is_asked_again: AtomicBool::new(false),
            top: OnceLock::new(),
            whole: whole.map(OnceLock::from).unwrap_or_default(),
        })
    }

    /// What it finds without conditions, if all of that fulfils all that it asks for.
    pub(crate) fn whole(&self) -> Option<&Whole> {
        let whole = self.whole.get_or_init(|| {
            let matched = self.fulfilled.one_tier()?;
            Some(Whole {
                total: total(&matched),
                matched,
                counts: Kept::default(),
            })
        });
        whole.as_ref()
    }

    /// The best that it finds at all, from when it is asked for the second time.
    pub(crate) fn top(
        &self,
        figures: &Figures<'_>,
        ranked: &[&Ranked],
    ) -> Result<Option<&Top>, SearchError> {
        if !self.is_asked_again.swap(true, Ordering::Relaxed) || ranked.is_empty() {
            return Ok(None);
        }
        if self.top.get().is_none()
            && let Some(all) = self.fulfilled.one_tier()
        {
            let found = Top::of(figures, ranked, &all, TOP)?;
            self.top.get_or_init(|| found);
        }
        Ok(self.top.get())
    }
}

impl Whole {
    /// How many documents have each value of a facet.
    pub(crate) fn count(&self, snapshot: &Snapshot, facet: Facet) -> Counts {
        kept(&self.counts, facet, || {
            vec![(facet, snapshot.count(facet, &self.matched))]
        })
    }

    /// The same in a state that has more documents, of which these are found.
    fn grown(&self, snapshot: &Snapshot, matched: Tier, grown: &Grown) -> Self {
        let known = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = known.iter().map(|(facet, known)| {
            let counts = snapshot.count_grown(*facet, &matched, grown, known);
            (*facet, counts)
        });
        let counts = Mutex::new(counts.collect());
        Self {
            total: total(&matched),
            matched,
            counts,
        }
    }
}
