//! Filters of lists, written as names and values: as in the query of an address.
//!
//! Conditions are those of the schema's input types; a list's values are given one by one. [`innovations`] knows some more, of
//! `searchInnovations` and `staleInnovations`.

use async_graphql::indexmap::IndexMap;
use async_graphql::{InputType, Name, Pos, Value as ConstValue};
use domain::entry::{Kind, Sight};
use domain::search::SearchText;
use search::{DocumentId, Request};
use storage::agencies::AgencyFilter;
use storage::innovations::InnovationFilter;
use storage::items::ItemFilter;
use time::OffsetDateTime;

use crate::ApiError;
use crate::agencies::AgencyFilterInput;
use crate::innovations::finding;
use crate::innovations::list::InnovationFilterInput;
use crate::innovations::stale;
use crate::items::merits::AwardFilterInput;
use crate::items::needs::NeedFilterInput;
use crate::items::replications::ReplicationFilterInput;

/// A condition as it is written where there are no types: its name, whether it is a list, and whether it is a number.
type Condition = (&'static str, bool, bool);

/// Those of `InnovationFilterInput`.
const OF_INNOVATIONS: [Condition; 11] = [
    ("hubs", true, false),
    ("region", false, false),
    ("agency", false, false),
    ("affairs", true, false),
    ("sdgs", true, true),
    ("stages", true, false),
    ("adoptions", true, false),
    ("yearFrom", false, true),
    ("yearTo", false, true),
    ("tags", true, false),
    ("titleWords", false, false),
];
/// Those of `AgencyFilterInput`.
const OF_AGENCIES: [Condition; 3] = [
    ("hub", false, false),
    ("region", false, false),
    ("nameWords", false, false),
];
/// Those of `NeedFilterInput`.
const OF_NEEDS: [Condition; 4] = [
    ("agency", false, false),
    ("hubs", true, false),
    ("region", false, false),
    ("states", true, false),
];
/// Those of `ReplicationFilterInput`.
const OF_REPLICATIONS: [Condition; 4] = [
    ("adopter", false, false),
    ("source", false, false),
    ("hubs", true, false),
    ("states", true, false),
];
/// Those of `AwardFilterInput`.
const OF_AWARDS: [Condition; 4] = [
    ("innovation", false, false),
    ("agency", false, false),
    ("hubs", true, false),
    ("basis", false, false),
];

/// Words by which innovations are found.
const TEXT: &str = "text";
/// Schemes of awards, one of which an innovation won.
const AWARDS: &str = "awards";
/// For how many days nothing was said of an innovation.
const STALE_DAYS: &str = "staleDays";

/// Which innovations are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InnovationsAsked {
    /// The conditions of a list. Anyone's sight; whoever knows who asks puts theirs in.
    pub filter: InnovationFilter,
    /// What only the search index knows, if it is asked for.
    pub by_words: Option<ByWords>,
}

/// What is asked of the search index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByWords {
    /// The text, as in `searchInnovations`; an empty one finds everything.
    pub text: String,
    /// Schemes of awards, one of which an innovation won.
    pub awards: Vec<String>,
}

/// Reads what is asked of innovations: the conditions of their list, and `text`, `awards` and `staleDays`.
///
/// # Errors
/// A condition that does not exist or is given twice, and what the schema would refuse.
pub fn innovations(
    conditions: &[(String, String)],
    now: OffsetDateTime,
) -> Result<InnovationsAsked, ApiError> {
    let is_more =
        |(name, _): &&(String, String)| [TEXT, AWARDS, STALE_DAYS].contains(&name.as_str());
    let more: Vec<_> = conditions.iter().filter(is_more).collect();
    let of_list: Vec<_> = conditions
        .iter()
        .filter(|condition| !is_more(condition))
        .cloned()
        .collect();
    let known: InnovationFilterInput =
        read(&of_list, &OF_INNOVATIONS, &[TEXT, AWARDS, STALE_DAYS])?;
    let mut filter = known.parse()?;
    let values = |wanted: &str| {
        let of_name = more.iter().filter(|(name, _)| name == wanted);
        of_name.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let (text, awards) = (once(TEXT, values(TEXT))?, values(AWARDS));
    let days = once(STALE_DAYS, values(STALE_DAYS))?;
    let by_words = (text.is_some() || !awards.is_empty()).then(|| ByWords {
        text: text.unwrap_or_default(),
        awards,
    });
    if let Some(days) = days {
        if by_words.is_some() {
            let reason = format!("give {STALE_DAYS}, or {TEXT} and {AWARDS}, not both");
            return Err(ApiError::invalid("filter", reason));
        }
        filter.current_before = Some(stale::before(Some(number(STALE_DAYS, &days)?), now)?);
    }
    Ok(InnovationsAsked { filter, by_words })
}

/// The innovations that the index finds, the best first, as many as a search can be paged through; those of a filter's sight.
///
/// # Errors
/// `SEARCH_NOT_READY` while there is no index that can be asked.
pub fn find(
    search: &search::Handle,
    asked: &ByWords,
    filter: InnovationFilter,
) -> Result<Vec<DocumentId>, ApiError> {
    let sight = filter.sight;
    let mut filter = finding::filter_of(filter);
    filter.awards = crate::paging::bounded(AWARDS, Some(asked.awards.clone()))?;
    let found = search.ready()?.search(&Request {
        text: SearchText::parse(&asked.text),
        filter,
        sight,
        skip: 0,
        limit: finding::MOST_PAGED,
    })?;
    Ok(found.hits.into_iter().map(|hit| hit.id).collect())
}

/// Reads the filter of the list of agencies. Anyone's sight.
///
/// # Errors
/// As [`innovations`].
pub fn agencies(conditions: &[(String, String)]) -> Result<AgencyFilter, ApiError> {
    let input: AgencyFilterInput = read(conditions, &OF_AGENCIES, &[])?;
    Ok(input.into())
}

/// Reads the filter of the list of needs. Anyone's sight.
///
/// # Errors
/// As [`innovations`].
pub fn needs(conditions: &[(String, String)]) -> Result<ItemFilter, ApiError> {
    let input: NeedFilterInput = read(conditions, &OF_NEEDS, &[])?;
    Ok(of_kind(Kind::NEED, input.filter()?))
}

/// Reads the filter of the list of replications. Anyone's sight.
///
/// # Errors
/// As [`innovations`].
pub fn replications(conditions: &[(String, String)]) -> Result<ItemFilter, ApiError> {
    let input: ReplicationFilterInput = read(conditions, &OF_REPLICATIONS, &[])?;
    Ok(of_kind(Kind::REPLICATION, input.filter()?))
}

/// Reads the filter of the list of awards. Anyone's sight.
///
/// # Errors
/// As [`innovations`].
pub fn awards(conditions: &[(String, String)]) -> Result<ItemFilter, ApiError> {
    let input: AwardFilterInput = read(conditions, &OF_AWARDS, &[])?;
    Ok(of_kind(Kind::AWARD, input.filter()?))
}

fn of_kind(kind: &'static str, filter: ItemFilter) -> ItemFilter {
    ItemFilter {
        kind,
        sight: Sight::Public,
        ..filter
    }
}

fn once(name: &str, mut values: Vec<String>) -> Result<Option<String>, ApiError> {
    if values.len() > 1 {
        return Err(ApiError::invalid(
            "filter",
            format!("{name} is given twice"),
        ));
    }
    Ok(values.pop())
}

fn number(name: &str, value: &str) -> Result<i32, ApiError> {
    value.parse().map_err(|_| {
        ApiError::invalid("filter", format!("{name}: {value:?} is not a whole number"))
    })
}

/// Reads an input type of the schema.
fn read<Input: InputType>(
    conditions: &[(String, String)],
    known: &[Condition],
    also: &[&str],
) -> Result<Input, ApiError> {
    let mut fields: IndexMap<Name, ConstValue> = IndexMap::new();
    for (name, value) in conditions {
        let found = known.iter().find(|(known, ..)| known == name);
        let Some((name, is_list, is_number)) = found else {
            let names: Vec<_> = known.iter().map(|(name, ..)| *name).collect();
            let names = [&names[..], also].concat().join(", ");
            let reason = format!("{name:?} is not a condition; there are {names}");
            return Err(ApiError::invalid("filter", reason));
        };
        let value = if *is_number {
            ConstValue::from(number(name, value)?)
        } else {
            ConstValue::from(value.as_str())
        };
        match fields.get_mut(*name) {
            Some(ConstValue::List(values)) => values.push(value),
            Some(_) => {
                return Err(ApiError::invalid(
                    "filter",
                    format!("{name} is given twice"),
                ));
            }
            None => {
                let value = if *is_list {
                    ConstValue::List(vec![value])
                } else {
                    value
                };
                fields.insert(Name::new(name), value);
            }
        }
    }
    let given = ConstValue::Object(fields);
    <Input as InputType>::parse(Some(given)).map_err(|error| {
        let error = error.into_server_error(Pos::default());
        ApiError::invalid("filter", error.message)
    })
}

#[cfg(test)]
mod tests {
    use domain::catalog;

    use super::*;

    #[test]
    fn every_condition_of_the_schema_can_be_written_in_an_address() {
        let sdl = crate::sdl();
        let check = |input: &str, known: &[Condition]| {
            let begin = format!("input {input} {{");
            let (_, input) = sdl.split_once(&begin).unwrap();
            let (input, _) = input.split_once("\n}").unwrap();
            let mut of_schema: Vec<_> = input
                .lines()
                .filter_map(|line| line.trim().split_once(": "))
                .filter(|(name, _)| name.chars().all(char::is_alphanumeric))
                .map(|(name, of)| {
                    (
                        name,
                        of.starts_with('['),
                        of.contains("Int") || of.contains("Year"),
                    )
                })
                .collect();
            let mut known = known.to_vec();
            of_schema.sort_unstable();
            known.sort_unstable();
            assert_eq!(known, of_schema, "{begin}");
        };
        check("InnovationFilterInput", &OF_INNOVATIONS);
        check("AgencyFilterInput", &OF_AGENCIES);
        check("NeedFilterInput", &OF_NEEDS);
        check("ReplicationFilterInput", &OF_REPLICATIONS);
        check("AwardFilterInput", &OF_AWARDS);
    }

    fn owned(address: &[(&str, &str)]) -> Vec<(String, String)> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        address.iter().map(pair).collect()
    }

    #[test]
    fn words_awards_and_age_stand_beside_the_list() {
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let asked = |address: &[(&str, &str)]| innovations(&owned(address), now);
        let found = asked(&[
            ("text", "kartu"),
            ("awards", "KIPP"),
            ("region", "33"),
            ("awards", "IGA"),
        ])
        .unwrap();
        let awards = vec!["KIPP".to_owned(), "IGA".to_owned()];
        let text = "kartu".to_owned();
        assert_eq!(found.by_words, Some(ByWords { text, awards }));
        assert!(found.filter.region.is_some());
        let stale = asked(&[("staleDays", "10")]).unwrap().filter.current_before;
        assert_eq!(stale, Some((1_800_000_000 - 864_000) * 1000));
        for (address, why) in [
            (&[("text", "a"), ("text", "b")][..], "text is given twice"),
            (&[("text", "a"), ("staleDays", "1")], "not both"),
            (&[("staleDays", "x")], "\"x\" is not a whole number"),
            (&[("staleDays", "-1")], "0 to 36500 are allowed"),
            (
                &[("area", "33")],
                "there are hubs, region, agency, affairs, sdgs, stages, adoptions, yearFrom, yearTo, tags, titleWords, text, awards, staleDays",
            ),
        ] {
            let error = asked(address).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn other_lists_have_their_own_conditions() {
        let id = "Agency:id-13:0198f2c4-0000-7000-8000-000000000001";
        let need = needs(&owned(&[("agency", id), ("states", "OPEN")])).unwrap();
        assert_eq!(
            (need.kind, need.states.as_slice()),
            (Kind::NEED, &["OPEN"][..])
        );
        let won = awards(&owned(&[("hubs", "id-13"), ("hubs", "id-14")])).unwrap();
        assert_eq!((won.kind, won.hubs.len()), (Kind::AWARD, 2));
        let named = agencies(&owned(&[("nameWords", "dinas")])).unwrap();
        assert_eq!(named.words.as_deref(), Some("dinas"));
        let error = replications(&owned(&[("region", "33")])).unwrap_err();
        let why = "there are adopter, source, hubs, states";
        assert!(error.to_string().contains(why), "{error}");
    }

    #[test]
    fn an_address_says_the_same_as_a_filter() {
        let read = |address: &[(&str, &str)]| {
            let asked = innovations(&owned(address), OffsetDateTime::UNIX_EPOCH);
            asked.map(|asked| asked.filter)
        };
        let filter = read(&[
            ("affairs", "HEALTH"),
            ("region", "33"),
            ("affairs", "SOCIAL"),
            ("sdgs", "3"),
            ("yearFrom", "2019"),
            ("tags", "Desa"),
        ])
        .unwrap();
        assert_eq!(
            filter.affairs,
            [catalog::Affair::Health, catalog::Affair::Social]
        );
        assert_eq!(filter.region, catalog::RegionCode::parse("33").ok());
        assert_eq!(
            (filter.year_from, filter.tags),
            (Some(2019), vec!["desa".to_owned()])
        );
        let check = |address: &[(&str, &str)], expected: &str| {
            let error = read(address).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(
            &[("area", "33")],
            "\"area\" is not a condition; there are hubs, region",
        );
        check(
            &[("region", "33"), ("region", "34")],
            "region is given twice",
        );
        check(&[("yearTo", "later")], "\"later\" is not a whole number");
        check(&[("sdgs", "18")], "filter.sdgs");
        check(&[("affairs", "MAGIC")], "MAGIC");
    }
}
