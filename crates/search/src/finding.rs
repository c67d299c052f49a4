//! What a search finds in a snapshot, and what was found lately.
//!
//! Who turns the page, or counts, asks the same again: that is a [`Finding`]. Who narrows a search down asks for the same
//! text under other conditions: what the text finds is [`OfText`], and which documents a condition holds of is kept too.

use std::collections::HashMap;
use std::sync::Arc;

use domain::entry::Sight;
use domain::search::SearchText;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::SearchError;
use crate::document::DocumentId;
use crate::fact::{Condition, Facet, conditions};
use crate::marked::Marked;
use crate::matching::{Matching, Tier, total};
use crate::of_text::{Kept, OfText, kept};
use crate::plan::Plan;
use crate::ranking;
use crate::request::{Filter, Hit, Request};
use crate::schema::Fields;
use crate::snapshot::{Counts, Grown, Snapshot, most_frequent_first};
use crate::view::Figures;
use domain::bits::Bits;

/// How many findings are kept of a snapshot.
const MOST_FINDINGS: usize = 64;
/// What may be kept of texts in memory, in bytes: at least, and for each document of the index. That is a hundred texts of one
/// word or more. Those of the state before may take as much again, until the next one.
const LEAST_TEXT_BYTES: u64 = 16 * 1024 * 1024;
const TEXT_BYTES_FOR_EACH: u64 = 64;
/// About how many of a usual size that is.
const TEXTS: usize = 256;
/// How many conditions.
const MOST_CONDITIONS: usize = 128;
/// When somebody goes on behind the hits that are known, so many times as many are looked for.
const FURTHER: usize = 4;

/// All that a text and its conditions find.
pub(crate) struct Finding {
    of_text: Arc<OfText>,
    /// The best, the best first, as far as anybody asked.
    hits: Vec<Hit>,
    pub(crate) total: u64,
    matched: Tier,
    /// Whether all of it fulfils all that the text asks for.
    is_one_tier: bool,
    counts: Kept,
}

impl Finding {
    /// The text as it may have been meant.
    pub(crate) fn did_you_mean(&self) -> Option<&str> {
        self.of_text.did_you_mean.as_deref()
    }

    /// The parts of an innovation's texts in which the words stand.
    pub(crate) fn marked<'a, Texts: Iterator<Item = (&'static str, &'a str)>>(
        &self,
        id: DocumentId,
        revision: u64,
        texts: impl FnOnce() -> Texts,
    ) -> Arc<[Marked]> {
        let OfText { matcher, parts, .. } = &*self.of_text;
        parts.of(matcher, id, revision, texts)
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
        kept(&self.counts, facet, || {
            let few = snapshot.count_few(self.total, &self.matched);
            let counted = few.or_else(|| self.count_by_whole(snapshot, facet));
            counted.unwrap_or_else(|| vec![(facet, snapshot.count(facet, &self.matched))])
        })
    }

    /// Counts by what the text finds without conditions, where these let nearly all of it through: all facets, or the one that is
    /// asked for if they let everything through.
    fn count_by_whole(&self, snapshot: &Snapshot, facet: Facet) -> Option<Vec<(Facet, Counts)>> {
        let whole = self.is_one_tier.then(|| self.of_text.whole())??;
        let missing = whole.total - self.total;
        if missing == 0 {
            return Some(vec![(facet, whole.count(snapshot, facet))]);
        }
        let mut others = whole.matched.clone();
        for (others, matched) in others.iter_mut().zip(&self.matched) {
            others.take_out(matched);
        }
        let others = snapshot.count_few(missing, &others)?.into_iter();
        let rest = |(facet, others): (Facet, Counts)| {
            (facet, without(whole.count(snapshot, facet), &others))
        };
        Some(others.map(rest).collect())
    }
}

/// The counts of all but some.
fn without(all: Counts, others: &[(String, u64)]) -> Counts {
    if others.is_empty() {
        return all;
    }
    let others: HashMap<&str, u64> = others
        .iter()
        .map(|(value, count)| (value.as_str(), *count))
        .collect();
    let rest = all.iter().map(|(value, count)| {
        let gone = others.get(value.as_str()).copied().unwrap_or(0);
        (value.as_str(), count - gone)
    });
    most_frequent_first(rest.collect())
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

#[derive(Clone)]
struct Weight;

impl Weighter<(SearchText, Sight), Arc<OfText>> for Weight {
    fn weight(&self, _: &(SearchText, Sight), of_text: &Arc<OfText>) -> u64 {
        /// The best, the parts of texts, the plan, and what else there is.
        const BESIDE: usize = 64 * 1024;
        (of_text.fulfilled.bytes() + BESIDE) as u64
    }
}

type OfTexts = Cache<(SearchText, Sight), Arc<OfText>, Weight>;

/// What was found in a snapshot lately.
pub(crate) struct Findings {
    whole: Cache<(SearchText, Filter, Sight), Arc<Finding>>,
    of_texts: Arc<OfTexts>,
    /// What was found in the state before, if this one only has more documents.
    before: Option<(Arc<OfTexts>, Grown)>,
    holding: Cache<Condition, Arc<Vec<Bits>>>,
}

impl Findings {
    /// Nothing yet, of an index of so many documents that went on from another state.
    pub(crate) fn of(documents: u64, before: Option<(&Self, Grown)>) -> Self {
        let bytes = LEAST_TEXT_BYTES.max(documents * TEXT_BYTES_FOR_EACH);
        Self {
            whole: Cache::new(MOST_FINDINGS),
            of_texts: Arc::new(Cache::with_weighter(TEXTS, bytes, Weight)),
            before: before.map(|(before, grown)| (Arc::clone(&before.of_texts), grown)),
            holding: Cache::new(MOST_CONDITIONS),
        }
    }

    /// What a request finds, with the hits of its page.
    pub(crate) fn find(
        &self,
        snapshot: &Snapshot,
        fields: &Fields,
        request: &Request,
    ) -> Result<Arc<Finding>, SearchError> {
        let wanted = request.skip.saturating_add(request.limit);
        let key = (request.text.clone(), request.filter.clone(), request.sight);
        let most = match self.whole.get(&key) {
            Some(known) if known.reaches(wanted) => return Ok(known),
            Some(_) => wanted.saturating_mul(FURTHER),
            None => wanted,
        };
        let found = Arc::new(self.make(snapshot, fields, request, most)?);
        self.whole.insert(key, Arc::clone(&found));
        Ok(found)
    }

    /// Looks for the best, so many.
    fn make(
        &self,
        snapshot: &Snapshot,
        fields: &Fields,
        request: &Request,
        most: usize,
    ) -> Result<Finding, SearchError> {
        let view = snapshot.view(request.sight);
        let matching = Matching {
            snapshot,
            fields,
            view,
        };
        let of_text = self.of_text(&matching, request)?;
        let conditions = conditions(&request.filter);
        let holding = conditions.into_iter().map(|it| self.holding(&matching, it));
        let holding = holding.collect::<Result<Vec<_>, _>>()?;
        let tiers = of_text.fulfilled.tiers(&holding);
        let ranked: Vec<_> = of_text.plan.ranked().collect();
        let figures = Figures { snapshot, view };
        let top = of_text.top(&figures, &ranked)?;
        let hits = ranking::best(&figures, &ranked, &tiers, (most, top))?;
        let is_one_tier = tiers.len() == 1;
        let matched = together(tiers);
        Ok(Finding {
            hits,
            total: total(&matched),
            is_one_tier,
            matched,
            counts: Kept::default(),
            of_text,
        })
    }

    fn of_text(
        &self,
        matching: &Matching<'_>,
        request: &Request,
    ) -> Result<Arc<OfText>, SearchError> {
        let key = (request.text.clone(), request.sight);
        // Of several who ask at once one looks for it, and the others wait: what is known goes on by one of them only.
        self.of_texts.get_or_insert_with(&key, || {
            let words = matching.snapshot.words(matching.fields, request.sight);
            let plan = Plan::make(words, &request.text)?;
            let before = self.before.as_ref();
            let before = before.and_then(|(texts, grown)| Some((texts.get(&key)?, grown)));
            let of_text = match before.filter(|(before, _)| before.plan == plan) {
                Some((before, grown)) => before.grown(matching, grown)?,
                None => OfText::new(matching, plan)?,
            };
            Ok(Arc::new(of_text))
        })
    }

    fn holding(
        &self,
        matching: &Matching<'_>,
        condition: Condition,
    ) -> Result<Arc<Vec<Bits>>, SearchError> {
        if let Some(known) = self.holding.get(&condition) {
            return Ok(known);
        }
        let holding = Arc::new(matching.holding(&condition)?);
        self.holding.insert(condition, Arc::clone(&holding));
        Ok(holding)
    }
}
