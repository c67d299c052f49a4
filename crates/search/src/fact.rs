//! Facts as terms of the index: a letter for what it is, and the value. By them innovations are filtered and counted.

use domain::catalog::{RegionCode, Vocabulary, fold};
use domain::entry::Sight;

use crate::document::Document;
use crate::request::Filter;

/// By what innovations are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// The hub that keeps the record; its id.
    Hub,
    /// The province of the agency; its code.
    Province,
    /// An affair of government; its code.
    Affair,
    /// A Sustainable Development Goal; its number.
    Sdg,
    /// The lifecycle stage; its code.
    Stage,
    /// The adoption status; its code.
    Adoption,
    /// The year by which it is counted.
    Year,
    /// The scheme of an award that it won, folded.
    Award,
}

impl Facet {
    /// All facets.
    pub const ALL: [Self; 8] = [
        Self::Hub,
        Self::Province,
        Self::Affair,
        Self::Sdg,
        Self::Stage,
        Self::Adoption,
        Self::Year,
        Self::Award,
    ];

    const fn letter(self) -> char {
        match self {
            Self::Hub => 'h',
            Self::Province => 'p',
            Self::Affair => 'a',
            Self::Sdg => 's',
            Self::Stage => 'l',
            Self::Adoption => 'd',
            Self::Year => 'y',
            Self::Award => 'w',
        }
    }

    /// The facet and value that a term stands for, if it is one by which innovations are counted.
    pub(crate) fn of_term(term: &str) -> Option<(Self, &str)> {
        let mut chars = term.chars();
        let letter = chars.next()?;
        let facet = Self::ALL
            .into_iter()
            .find(|facet| facet.letter() == letter)?;
        Some((facet, chars.as_str()))
    }

    /// The term of a value.
    pub(crate) fn term(self, value: impl std::fmt::Display) -> String {
        format!("{}{value}", self.letter())
    }
}

/// The letter of terms that name who may see.
pub(crate) const AUDIENCE: char = 'v';
/// The letter of terms that name other records of which something stands in a document.
pub(crate) const PART: char = 'o';
/// The letter of terms that name the hubs of such records.
pub(crate) const PART_HUB: char = 'k';
/// The letter of the words of titles.
const TITLE_WORD: char = 'x';

/// The terms of a document.
pub(crate) fn terms_of(document: &Document) -> Vec<String> {
    let facts = &document.facts;
    let mut terms = vec![
        Facet::Hub.term(&document.id.0),
        Facet::Stage.term(facts.stage.code()),
        Facet::Adoption.term(facts.adoption.code()),
        format!("{AUDIENCE}{}", document.audience),
        format!("g{}", facts.agency),
    ];
    if let Some(region) = facts.region {
        terms.push(Facet::Province.term(region.province()));
        terms.push(format!("r{region}"));
    }
    terms.extend(
        facts
            .affairs
            .iter()
            .map(|affair| Facet::Affair.term(affair.code())),
    );
    terms.extend(facts.sdgs.iter().map(|goal| Facet::Sdg.term(goal.number())));
    terms.extend(
        facts
            .year
            .map(|year| Facet::Year.term(format_args!("{year:04}"))),
    );
    terms.extend(facts.awards.iter().map(|scheme| Facet::Award.term(scheme)));
    terms.extend(facts.tags.iter().map(|tag| format!("t{tag}")));
    for (hub, record) in &document.parts {
        terms.push(format!("{PART}{record}"));
        if *hub != document.id.0 {
            terms.push(format!("{PART_HUB}{hub}"));
        }
    }
    let title = fold(&document.texts.title);
    terms.extend(title.split(' ').map(|word| format!("{TITLE_WORD}{word}")));
    terms
}

/// One condition: a document holds it with any one of these terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Condition {
    /// One of these terms.
    Any(Vec<String>),
    /// A term that begins so.
    Beginning(String),
    /// A term between these two, both included.
    Between(String, String),
}

/// The conditions of a filter, all of which must hold. What may be seen is not among them.
pub(crate) fn conditions(filter: &Filter) -> Vec<Condition> {
    let mut all = Vec::new();
    let mut any = |terms: Vec<String>| {
        if !terms.is_empty() {
            all.push(Condition::Any(terms));
        }
    };
    any(filter.hubs.iter().map(|hub| Facet::Hub.term(hub)).collect());
    any(filter
        .affairs
        .iter()
        .map(|affair| Facet::Affair.term(affair.code()))
        .collect());
    any(filter
        .sdgs
        .iter()
        .map(|goal| Facet::Sdg.term(goal.number()))
        .collect());
    any(filter
        .stages
        .iter()
        .map(|stage| Facet::Stage.term(stage.code()))
        .collect());
    any(filter
        .adoptions
        .iter()
        .map(|adoption| Facet::Adoption.term(adoption.code()))
        .collect());
    any(filter
        .awards
        .iter()
        .map(|scheme| Facet::Award.term(fold(scheme)))
        .collect());
    if let Some(region) = filter.region {
        any(vec![term_of(region)]);
    }
    if let Some((hub, agency)) = &filter.agency {
        any(vec![Facet::Hub.term(hub)]);
        any(vec![format!("g{agency}")]);
    }
    for tag in &filter.tags {
        any(vec![format!("t{tag}")]);
    }
    if filter.year_from.is_some() || filter.year_to.is_some() {
        let year = |year: Option<u16>, or: &str| {
            Facet::Year.term(year.map_or(or.to_owned(), |year| format!("{year:04}")))
        };
        all.push(Condition::Between(
            year(filter.year_from, "0000"),
            year(filter.year_to, "9999"),
        ));
    }
    let words = filter.title_words.as_deref().map(fold).unwrap_or_default();
    let words = words.split(' ').filter(|word| !word.is_empty());
    all.extend(words.map(|word| Condition::Beginning(format!("{TITLE_WORD}{word}"))));
    all
}

fn term_of(region: RegionCode) -> String {
    if region.is_province() {
        Facet::Province.term(region)
    } else {
        format!("r{region}")
    }
}

/// The ranks of audiences of which somebody sees what is for them.
pub(crate) fn seen(sight: Sight, rank: u8) -> bool {
    rank <= sight.rank()
}
