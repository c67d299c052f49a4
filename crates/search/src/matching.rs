//! Which documents hold what is looked for.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::query::{EnableScoring, PhraseQuery, Query as _};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet as _, InvertedIndexReader, TERMINATED, Term};

use crate::SearchError;
use crate::fact::{Condition, Facet};
use crate::plan::{Alternative, Need, Plan};
use crate::schema::Fields;
use crate::segment::Facts;
use crate::snapshot::{Grown, Part, Snapshot};
use crate::view::View;
use domain::bits::Bits;

/// With fewer hits than this, records that lack one of several words are found, too.
const FEW: u64 = 10;

/// What of the index is looked at.
pub(crate) struct Matching<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) fields: &'a Fields,
    pub(crate) view: &'a View,
}

/// Documents that fulfil equally many needs, by segment.
pub(crate) type Tier = Vec<Bits>;

/// How many documents are in a tier.
pub(crate) fn total(tier: &Tier) -> u64 {
    tier.iter().map(Bits::count).sum()
}

/// Which documents fulfil what a text asks for, whatever the conditions.
pub(crate) struct Fulfilled {
    /// By segment, the documents that may be seen and have nothing that is not wanted.
    open: Vec<Bits>,
    /// By segment, the documents that fulfil each need.
    needs: Vec<Vec<Bits>>,
}

impl Fulfilled {
    /// What it takes in memory, with a tier of all that is found.
    pub(crate) fn bytes(&self) -> usize {
        let sets = self.open.iter().chain(&self.open);
        let sets = sets.chain(self.needs.iter().flatten());
        sets.map(Bits::bytes).sum()
    }

    /// The documents that are found: those that fulfil all needs, and, where these are few, those that fulfil nearly all,
    /// tier by tier. All conditions hold of them.
    pub(crate) fn tiers(&self, conditions: &[Arc<Vec<Bits>>]) -> Vec<Tier> {
        let mut open = self.open.clone();
        for holding in conditions {
            for (open, holding) in open.iter_mut().zip(holding.iter()) {
                open.keep(holding);
            }
        }
        let all = self.all_of(&open);
        if self.is_enough(&all) {
            return vec![all];
        }
        by_number(&open, &self.needs, self.number())
    }

    /// What is found without conditions, if all of it fulfils all needs.
    pub(crate) fn one_tier(&self) -> Option<Tier> {
        let all = self.all_of(&self.open);
        self.is_enough(&all).then_some(all)
    }

    /// Of some documents those that fulfil all needs.
    fn all_of(&self, open: &[Bits]) -> Tier {
        let of_part = |(open, of_needs): (&Bits, &Vec<Bits>)| {
            let mut all = open.clone();
            for bits in of_needs {
                all.keep(bits);
            }
            all
        };
        open.iter().zip(&self.needs).map(of_part).collect()
    }

    /// Whether so many fulfil all needs that those which fulfil nearly all are not told.
    fn is_enough(&self, all: &Tier) -> bool {
        self.number() < 2 || total(all) >= FEW
    }

    /// How many needs there are.
    fn number(&self) -> usize {
        self.needs.first().map_or(0, Vec::len)
    }
}

impl Matching<'_> {
    /// Looks which documents fulfil what is asked for.
    pub(crate) fn fulfilled(&self, plan: &Plan) -> Result<Fulfilled, SearchError> {
        self.fulfilled_beside(plan, |_| None)
    }

    /// The same, where it is known of the state before.
    pub(crate) fn fulfilled_grown(
        &self,
        plan: &Plan,
        before: &Fulfilled,
        grown: &Grown,
    ) -> Result<Fulfilled, SearchError> {
        self.fulfilled_beside(plan, |place| {
            let place = grown.before(place)?;
            Some((before.open[place].clone(), before.needs[place].clone()))
        })
    }

    fn fulfilled_beside(
        &self,
        plan: &Plan,
        known: impl Fn(usize) -> Option<(Bits, Vec<Bits>)>,
    ) -> Result<Fulfilled, SearchError> {
        let (mut open, mut needs) = (Vec::new(), Vec::new());
        for (place, (part, seen)) in self.snapshot.parts().zip(self.view.open()).enumerate() {
            if let Some((of_part, of_needs)) = known(place) {
                open.push(of_part);
                needs.push(of_needs);
                continue;
            }
            open.push(self.open(part, seen, plan)?);
            let of_needs = plan.needs.iter().map(|need| self.fulfilling(part, need));
            needs.push(of_needs.collect::<Result<Vec<Bits>, _>>()?);
        }
        Ok(Fulfilled { open, needs })
    }

    /// The documents of which a condition holds, by segment.
    pub(crate) fn holding(&self, condition: &Condition) -> Result<Vec<Bits>, SearchError> {
        let of_part = |part: Part<'_>| {
            let bound = part.reader.max_doc();
            if let Some(known) = known(part.facts, condition, bound) {
                return Ok(known);
            }
            let inverted = part.reader.inverted_index(self.fields.facts)?;
            holding(&inverted, condition, bound)
        };
        self.snapshot.parts().map(of_part).collect()
    }

    /// The documents that may be found at all.
    fn open(&self, part: Part<'_>, seen: Option<&Bits>, plan: &Plan) -> Result<Bits, SearchError> {
        let mut open = seen.map_or_else(|| Bits::all(part.reader.max_doc()), Bits::clone);
        for unwanted in &plan.unwanted {
            open.take_out(&self.with(part, unwanted)?);
        }
        Ok(open)
    }

    fn fulfilling(&self, part: Part<'_>, need: &Need) -> Result<Bits, SearchError> {
        let mut bits = Bits::none(part.reader.max_doc());
        for alternative in &need.alternatives {
            match alternative {
                Alternative::Stem(term) => add_in(part, self.fields.stems, term, &mut bits)?,
                Alternative::Word(term) => add_in(part, self.fields.words, term, &mut bits)?,
                other => bits.add(&self.with(part, other)?),
            }
        }
        Ok(bits)
    }

    fn with(&self, part: Part<'_>, alternative: &Alternative) -> Result<Bits, SearchError> {
        let bound = part.reader.max_doc();
        let mut bits = Bits::none(bound);
        match alternative {
            Alternative::Stem(term) => add_in(part, self.fields.stems, term, &mut bits)?,
            Alternative::Word(term) => add_in(part, self.fields.words, term, &mut bits)?,
            Alternative::Phrase(words) => {
                let terms = words
                    .iter()
                    .map(|word| Term::from_field_text(self.fields.words, word));
                let query = PhraseQuery::new(terms.collect());
                let searcher = &self.snapshot.searcher;
                let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
                let mut documents = weight.scorer(part.reader, 1.0)?;
                while documents.doc() != TERMINATED {
                    bits.insert(documents.doc());
                    documents.advance();
                }
            }
            Alternative::Stems(stems) => {
                bits = Bits::all(bound);
                for stem in stems {
                    let mut with = Bits::none(bound);
                    add_in(part, self.fields.stems, stem, &mut with)?;
                    bits.keep(&with);
                }
            }
        }
        Ok(bits)
    }
}

/// Adds the documents of a segment that have a term in a field.
fn add_in(part: Part<'_>, field: Field, term: &str, bits: &mut Bits) -> Result<(), SearchError> {
    let inverted = part.reader.inverted_index(field)?;
    add_term(&inverted, term.as_bytes(), bits)
}

/// Adds the documents that have a term.
pub(crate) fn add_term(
    inverted: &InvertedIndexReader,
    term: &[u8],
    bits: &mut Bits,
) -> Result<(), SearchError> {
    let Some(info) = inverted.terms().get(term)? else {
        return Ok(());
    };
    let mut blocks = inverted.read_block_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
    loop {
        let documents = blocks.docs();
        if documents.is_empty() {
            return Ok(());
        }
        for document in documents {
            bits.insert(*document);
        }
        blocks.advance();
    }
}

/// The documents of which a condition holds, if it is about what innovations are counted by: those are in memory.
fn known(facts: &Facts, condition: &Condition, bound: u32) -> Option<Bits> {
    let mut bits = Bits::none(bound);
    match condition {
        Condition::Any(terms) => {
            for term in terms {
                let (facet, value) = Facet::of_term(term)?;
                if let Some(with) = facts.with(facet, value) {
                    bits.add(with);
                }
            }
        }
        Condition::Between(first, last) => {
            let (facet, first) = Facet::of_term(first)?;
            let (_, last) = Facet::of_term(last).filter(|(of_last, _)| *of_last == facet)?;
            let values = facts.values.get(&facet).into_iter().flatten();
            let between = values.filter(|(value, _)| (first..=last).contains(&&**value));
            between.for_each(|(_, with)| bits.add(with));
        }
        Condition::Beginning(_) => return None,
    }
    Some(bits)
}

/// The documents of which a condition holds.
fn holding(
    inverted: &InvertedIndexReader,
    condition: &Condition,
    bound: u32,
) -> Result<Bits, SearchError> {
    let mut bits = Bits::none(bound);
    match condition {
        Condition::Any(terms) => {
            for term in terms {
                add_term(inverted, term.as_bytes(), &mut bits)?;
            }
        }
        Condition::Beginning(beginning) => {
            let mut terms = inverted
                .terms()
                .range()
                .ge(beginning.as_bytes())
                .into_stream()?;
            while let Some((term, _)) = terms.next() {
                if !term.starts_with(beginning.as_bytes()) {
                    break;
                }
                add_term(inverted, term, &mut bits)?;
            }
        }
        Condition::Between(first, last) => {
            let range = inverted
                .terms()
                .range()
                .ge(first.as_bytes())
                .le(last.as_bytes());
            let mut terms = range.into_stream()?;
            while let Some((term, _)) = terms.next() {
                add_term(inverted, term, &mut bits)?;
            }
        }
    }
    Ok(bits)
}

/// The documents by how many needs they fulfil, from all down to the least that is enough: of two the rarer one, of more
/// about two thirds, and if nothing does, as many as any does.
fn by_number(open: &[Bits], fulfilled: &[Vec<Bits>], needs: usize) -> Vec<Tier> {
    let common = (needs == 2).then(|| more_common(open, fulfilled)).flatten();
    let mut tiers: Vec<Tier> = vec![Vec::new(); needs];
    for (open, of_needs) in open.iter().zip(fulfilled) {
        let mut counts: HashMap<u32, usize> = HashMap::new();
        for bits in of_needs {
            let mut bits = bits.clone();
            bits.keep(open);
            for document in bits.iter() {
                *counts.entry(document).or_default() += 1;
            }
        }
        let mut of_part = vec![open.emptied(); needs];
        for (document, count) in counts {
            of_part[needs - count].insert(document);
        }
        if let Some(common) = common {
            of_part[1].take_out(&of_needs[common]);
        }
        for (tier, bits) in tiers.iter_mut().zip(of_part) {
            tier.push(bits);
        }
    }
    let least = if needs == 2 {
        1
    } else {
        (needs * 2).div_ceil(3)
    };
    let enough = needs - least + 1;
    let is_empty = |tier: &Tier| tier.iter().all(|bits| bits.count() == 0);
    let first = tiers.iter().position(|tier| !is_empty(tier)).unwrap_or(0);
    tiers.truncate(enough.max(first + 1));
    tiers
}

/// Which of two needs more documents fulfil, unless none fulfils the other: then it is not passed over.
fn more_common(open: &[Bits], fulfilled: &[Vec<Bits>]) -> Option<usize> {
    let count = |need: usize| -> u64 {
        let parts = open.iter().zip(fulfilled);
        parts
            .map(|(open, of_needs)| open.filled().shared(&of_needs[need]))
            .sum()
    };
    match (count(0), count(1)) {
        (0, _) | (_, 0) => None,
        (first, second) if first > second => Some(0),
        (first, second) if first < second => Some(1),
        _ => None,
    }
}
