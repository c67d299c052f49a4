//! Which of the documents that were found are best.
//!
//! What is few is scored one by one. Of what is many only the best are looked for: Tantivy passes over blocks of which no
//! document can be among them.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use tantivy::TERMINATED;
use tantivy::query::{
    BooleanQuery, BoostQuery, EnableScoring, Occur, Query, Scorer as _, TermQuery, Weight,
};
use tantivy::schema::IndexRecordOption;

use crate::SearchError;
use crate::matching::{Tier, total};
use crate::plan::Ranked;
use crate::request::Hit;
use crate::snapshot::Part;
use crate::view::Figures;
use domain::bits::Bits;

/// Up to so many documents are scored one by one.
const FEW: u64 = 3000;

/// A document on its way into an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    score: f32,
    published: i64,
    part: usize,
    document: u32,
}

impl Eq for Candidate {}

impl Ord for Candidate {
    /// The better one is less, so that the worst is on top of a heap.
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(other.published.cmp(&self.published))
            .then((self.part, self.document).cmp(&(other.part, other.document)))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best so far, at most so many.
struct Best {
    most: usize,
    heap: BinaryHeap<Candidate>,
}

impl Best {
    fn new(most: usize) -> Self {
        Self {
            most,
            heap: BinaryHeap::with_capacity(most + 1),
        }
    }

    fn offer(&mut self, candidate: Candidate) {
        self.heap.push(candidate);
        if self.heap.len() > self.most {
            self.heap.pop();
        }
    }

    /// The score that must be exceeded to be among the best.
    fn threshold(&self) -> f32 {
        if self.heap.len() < self.most {
            return f32::MIN;
        }
        self.heap.peek().map_or(f32::MIN, |worst| worst.score)
    }
}

/// The best of some documents, the best first.
pub(crate) struct Top(Vec<Candidate>);

impl Top {
    /// Looks for the best of a tier, at most so many.
    pub(crate) fn of(
        figures: &Figures<'_>,
        ranked: &[&Ranked],
        tier: &Tier,
        most: usize,
    ) -> Result<Self, SearchError> {
        Ok(Self(best_of(figures, ranked, tier, most)?))
    }

    /// The best of some of those documents, if enough of them are here.
    fn among(&self, tier: &Tier, wanted: usize) -> Option<Vec<Candidate>> {
        let is_wanted = |candidate: &&Candidate| tier[candidate.part].contains(candidate.document);
        let best = self.0.iter().filter(is_wanted).take(wanted);
        let best: Vec<Candidate> = best.copied().collect();
        (best.len() == wanted).then_some(best)
    }
}

/// The best of what was found, tier by tier, at most so many. `top` are the best of documents among which are all of the
/// first tier.
pub(crate) fn best(
    figures: &Figures<'_>,
    ranked: &[&Ranked],
    tiers: &[Tier],
    (most, top): (usize, Option<&Top>),
) -> Result<Vec<Hit>, SearchError> {
    let mut found = Vec::new();
    for (nth, tier) in tiers.iter().enumerate() {
        let wanted = most.saturating_sub(found.len());
        if wanted == 0 {
            break;
        }
        let known = top.filter(|_| nth == 0);
        match known.and_then(|top| top.among(tier, wanted)) {
            Some(best) => found.extend(best),
            None => found.extend(best_of(figures, ranked, tier, wanted)?),
        }
    }
    let facts: Vec<_> = figures.snapshot.parts().map(|part| part.facts).collect();
    let hit = |candidate: Candidate| Hit {
        id: facts[candidate.part].id(candidate.document),
        score: candidate.score,
    };
    Ok(found.into_iter().map(hit).collect())
}

fn best_of(
    figures: &Figures<'_>,
    ranked: &[&Ranked],
    tier: &Tier,
    wanted: usize,
) -> Result<Vec<Candidate>, SearchError> {
    let total = total(tier);
    let mut best = Best::new(wanted);
    let parts = || figures.snapshot.parts().zip(tier).enumerate();
    if ranked.is_empty() || total <= FEW {
        score_each(figures, ranked, parts(), &mut best)?;
    } else {
        look_for_best(figures, ranked, parts(), &mut best)?;
        if (best.heap.len() as u64) < total.min(wanted as u64) {
            // Some have none of the terms by which the others are ranked.
            best = Best::new(wanted);
            score_each(figures, ranked, parts(), &mut best)?;
        }
    }
    Ok(best.heap.into_sorted_vec())
}

/// Segments with their places and the documents that were found.
type Numbered<'a> = (usize, (Part<'a>, &'a Bits));

fn score_each<'a>(
    figures: &Figures<'_>,
    ranked: &[&Ranked],
    parts: impl Iterator<Item = Numbered<'a>>,
    best: &mut Best,
) -> Result<(), SearchError> {
    let weights = weights(figures, ranked)?;
    for (part, (of_part, bits)) in parts {
        let documents: Vec<u32> = bits.iter().collect();
        if documents.is_empty() {
            continue;
        }
        let mut scores = vec![0.0; documents.len()];
        for weight in &weights {
            let mut scorer = weight.scorer(of_part.reader, 1.0)?;
            for (document, score) in documents.iter().zip(&mut scores) {
                if scorer.doc() < *document {
                    scorer.seek(*document);
                }
                match scorer.doc() {
                    TERMINATED => break,
                    found if found == *document => *score += scorer.score(),
                    _ => {}
                }
            }
        }
        for (document, score) in documents.into_iter().zip(scores) {
            let published = of_part.facts.published(document);
            best.offer(Candidate {
                score,
                published,
                part,
                document,
            });
        }
    }
    Ok(())
}

fn look_for_best<'a>(
    figures: &Figures<'_>,
    ranked: &[&Ranked],
    parts: impl Iterator<Item = Numbered<'a>>,
    best: &mut Best,
) -> Result<(), SearchError> {
    let terms = ranked.iter().map(|ranked| (Occur::Should, query(ranked)));
    let query = BooleanQuery::new(terms.collect());
    let weight = query.weight(scoring(figures))?;
    for (part, (of_part, bits)) in parts {
        weight.for_each_pruning(best.threshold(), of_part.reader, &mut |document, score| {
            if bits.contains(document) {
                let published = of_part.facts.published(document);
                best.offer(Candidate {
                    score,
                    published,
                    part,
                    document,
                });
            }
            best.threshold()
        })?;
    }
    Ok(())
}

fn query(ranked: &Ranked) -> Box<dyn Query> {
    let term = TermQuery::new(ranked.term.clone(), IndexRecordOption::WithFreqs);
    Box::new(BoostQuery::new(Box::new(term), ranked.weight))
}

fn weights(figures: &Figures<'_>, ranked: &[&Ranked]) -> Result<Vec<Box<dyn Weight>>, SearchError> {
    let weights = ranked
        .iter()
        .map(|ranked| query(ranked).weight(scoring(figures)));
    Ok(weights.collect::<Result<_, _>>()?)
}

/// Scoring by the figures of what may be seen.
const fn scoring<'a>(figures: &'a Figures<'_>) -> EnableScoring<'a> {
    EnableScoring::Enabled {
        searcher: &figures.snapshot.searcher,
        statistics_provider: figures,
    }
}
