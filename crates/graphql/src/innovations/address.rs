//! The filter of innovations, written as names and values.

use async_graphql::indexmap::IndexMap;
use async_graphql::{InputType, Name, Pos, Value as ConstValue};
use storage::innovations::InnovationFilter;

use super::list::InnovationFilterInput;
use crate::ApiError;

/// How the conditions of the filter are written where there are no types: which are lists, and which numbers.
const CONDITIONS: [(&str, bool, bool); 11] = [
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

/// Reads a filter from names and values, such as those of an address: the same conditions as in the schema, a list's values
/// one by one. Anyone's sight; whoever knows who asks puts theirs in.
///
/// # Errors
/// A condition that does not exist or is given twice, and what the schema would refuse.
pub fn innovation_filter(conditions: &[(String, String)]) -> Result<InnovationFilter, ApiError> {
    let mut fields: IndexMap<Name, ConstValue> = IndexMap::new();
    for (name, value) in conditions {
        let known = CONDITIONS.iter().find(|(known, ..)| known == name);
        let Some((name, is_list, is_number)) = known else {
            let names: Vec<_> = CONDITIONS.iter().map(|(name, ..)| *name).collect();
            let reason = format!(
                "{name:?} is not a condition; there are {}",
                names.join(", ")
            );
            return Err(ApiError::invalid("filter", reason));
        };
        let value = if *is_number {
            let number: i32 = value.parse().map_err(|_| {
                ApiError::invalid("filter", format!("{name}: {value:?} is not a whole number"))
            })?;
            ConstValue::from(number)
        } else {
            ConstValue::from(value.as_str())
        };
        let name = Name::new(name);
        match fields.get_mut(&name) {
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
                fields.insert(name, value);
            }
        }
    }
    let given = ConstValue::Object(fields);
    let input = <InnovationFilterInput as InputType>::parse(Some(given)).map_err(|error| {
        let error = error.into_server_error(Pos::default());
        ApiError::invalid("filter", error.message)
    })?;
    input.parse()
}

#[cfg(test)]
mod tests {
    use domain::catalog;

    use super::*;

    #[test]
    fn every_condition_of_the_schema_can_be_written_in_an_address() {
        let sdl = crate::sdl();
        let (_, input) = sdl.split_once("input InnovationFilterInput {").unwrap();
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
        let mut known = CONDITIONS.to_vec();
        of_schema.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, of_schema);
    }

    #[test]
    fn an_address_says_the_same_as_a_filter() {
        let read = |address: &[(&str, &str)]| {
            let owned: Vec<_> = address
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            innovation_filter(&owned)
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
