//! Where the files of a form belong: its part `map`.

use std::fmt;

use async_graphql::{Name, Value, Variables};
use graphql::Upload;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::super::refused::Refused;
use crate::config::{UploadsConfig, count};

/// The files by the names of their parts, each with its places, in the order of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileMap(pub(super) Vec<(String, Vec<String>)>);

impl FileMap {
    /// Reads the part.
    pub(super) fn parse(text: &[u8], bounds: &UploadsConfig) -> Result<Self, Refused> {
        let map: Self = serde_json::from_slice(text).map_err(|error| {
            Refused::bad_request(format!(
                "the part map must be a JSON object of lists of paths, by the names of the file parts: {error}"
            ))
        })?;
        within("files", map.0.len(), count(bounds.files))?;
        let places = map.0.iter().map(|(_, places)| places.len()).sum();
        within("paths in its map", places, count(bounds.places))?;
        for (name, places) in &map.0 {
            if matches!(name.as_str(), "operations" | "map") {
                return Err(Refused::bad_request(format!(
                    "the map names the part {name}, which is not a file"
                )));
            }
            if places.is_empty() {
                return Err(Refused::bad_request(format!(
                    "the map names no path for the file {name:.60}"
                )));
            }
        }
        Ok(map)
    }

    /// Puts each file where it belongs in the variables, where null must stand.
    pub(super) fn put(
        &self,
        variables: &mut Variables,
        bounds: &UploadsConfig,
    ) -> Result<(), Refused> {
        for (nth, (_, places)) in self.0.iter().enumerate() {
            for place in places {
                let steps: Vec<_> = place.split('.').collect();
                within(
                    "steps in a path of its map",
                    steps.len(),
                    count(bounds.place_depth),
                )?;
                let found = find(variables, &steps).filter(|found| **found == Value::Null);
                let found = found.ok_or_else(|| no_place(place))?;
                *found = Upload::variable(nth);
            }
        }
        Ok(())
    }
}

/// What stands at a place. A file is put nowhere but in variables, and nothing is added to make room for it.
fn find<'a>(variables: &'a mut Variables, steps: &[&str]) -> Option<&'a mut Value> {
    let ["variables", name, inner @ ..] = steps else {
        return None;
    };
    let mut found = variables.get_mut(&Name::new(name))?;
    for step in inner {
        found = match found {
            Value::Object(fields) => fields.get_mut(*step)?,
            Value::List(items) => items.get_mut(position(step)?)?,
            _ => return None,
        };
    }
    Some(found)
}

/// A position as JSON writes it: `0`, `12`; neither `+1` nor `01`.
fn position(step: &str) -> Option<usize> {
    let is_plain = step == "0" || !step.starts_with('0');
    let digits = step.bytes().all(|byte| byte.is_ascii_digit());
    (is_plain && digits).then(|| step.parse().ok()).flatten()
}

fn no_place(place: &str) -> Refused {
    Refused::bad_request(format!(
        "the path {place:.100} of the map leads to no null in the variables; a path begins with `variables.`, and at its end stands null"
    ))
}

pub(super) fn within(what: &str, found: usize, most: usize) -> Result<(), Refused> {
    if found <= most {
        return Ok(());
    }
    Err(Refused::too_much(format!(
        "the request has {found} {what}; {most} are allowed"
    )))
}

/// A name that comes twice is refused: one of the two would be lost.
impl<'de> Deserialize<'de> for FileMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = FileMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FileMap, A::Error> {
                let mut pairs: Vec<(String, Vec<String>)> = Vec::new();
                let mut names = std::collections::HashSet::new();
                while let Some((name, places)) = map.next_entry::<String, Vec<String>>()? {
                    if !names.insert(name.clone()) {
                        return Err(serde::de::Error::custom("it has a name twice"));
                    }
                    pairs.push((name, places));
                }
                Ok(FileMap(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bounds() -> UploadsConfig {
        UploadsConfig::default()
    }

    #[track_caller]
    fn check_refused(text: &str, told: &str) {
        let refused = FileMap::parse(text.as_bytes(), &bounds()).unwrap_err();
        assert!(
            refused.message.contains(told),
            "{text}: {}",
            refused.message
        );
    }

    #[test]
    fn a_map_names_each_file_once_with_its_paths() {
        let map = FileMap::parse(
            br#"{"1": ["variables.b"], "0": ["variables.a"]}"#,
            &bounds(),
        );
        let pair = |name: &str, place: &str| (name.to_owned(), vec![place.to_owned()]);
        let expected = vec![pair("1", "variables.b"), pair("0", "variables.a")];
        assert_eq!(map.unwrap(), FileMap(expected));
        assert_eq!(FileMap::parse(b"{}", &bounds()).unwrap(), FileMap(vec![]));
        check_refused("[]", "must be a JSON object");
        check_refused(r#"{"0": "variables.a"}"#, "must be a JSON object");
        check_refused(r#"{"0": [], "0": []}"#, "a name twice");
        check_refused(r#"{"0": []}"#, "names no path");
        check_refused(r#"{"map": ["variables.a"]}"#, "which is not a file");
        let five: serde_json::Map<_, _> = (0..5)
            .map(|nth| (nth.to_string(), json!(["variables.a"])))
            .collect();
        check_refused(&json!(five).to_string(), "5 files; 4 are allowed");
        let many = json!({"0": vec!["variables.a"; 17]}).to_string();
        check_refused(&many, "17 paths in its map; 16 are allowed");
    }

    #[track_caller]
    fn check_put(variables: serde_json::Value, place: &str, is_put: bool) {
        let mut variables = Variables::from_json(variables);
        let map = FileMap(vec![("0".to_owned(), vec![place.to_owned()])]);
        let put = map.put(&mut variables, &bounds());
        assert_eq!(put.is_ok(), is_put, "{place}");
        let steps: Vec<_> = place.split('.').collect();
        let found = find(&mut variables, &steps).cloned();
        let is_file = found == Some(Upload::variable(0));
        assert_eq!(is_file, is_put, "{place}");
    }

    #[test]
    fn a_file_is_put_where_null_stands_and_nowhere_else() {
        let deep = json!({"file": null, "files": [null, 1], "input": {"file": null, "": null}, "": null, "n": 1});
        for place in [
            "variables.file",
            "variables.files.0",
            "variables.input.file",
            "variables.input.",
            "variables.",
        ] {
            check_put(deep.clone(), place, true);
        }
        for place in [
            "",
            "file",
            "variables",
            "query",
            "extensions.a",
            "0.variables.file",
            "variables.other",
            "variables.files",
            "variables.files.1",
            "variables.files.2",
            "variables.files.00",
            "variables.files.+0",
            "variables.files.-1",
            "variables.files.99999999999999999999",
            "variables.n",
            "variables.n.0",
            "variables.file.0",
            "variables.input.__proto__",
            "Variables.file",
            "variables.input.a.b.c.d.e.f.g",
        ] {
            check_put(deep.clone(), place, false);
        }
        let twice = vec!["variables.file".to_owned(), "variables.file".to_owned()];
        let twice = FileMap(vec![("0".to_owned(), twice)]);
        let put = twice.put(&mut Variables::from_json(deep), &bounds());
        assert!(put.is_err(), "a place takes one file");
    }
}
