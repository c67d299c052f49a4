//! What a provider says of somebody, and where in it something stands.

use serde_json::{Map, Value};

/// What a provider says of somebody.
pub type Claims = Map<String, Value>;

/// The most values of one claim that are looked at.
const MOST_VALUES: usize = 1_000;

/// What stands at a path, such as `realm_access.roles`. A claim of that whole name goes first: some are called by addresses, which
/// have dots.
fn find<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let mut parts = path.split('.');
    let mut value = claims.get(parts.next()?)?;
    for part in parts {
        value = value.as_object()?.get(part)?;
    }
    Some(value)
}

/// The values at a path: those of a list, or those of one text with spaces or commas between.
pub fn values<'a>(claims: &'a Claims, path: &str) -> Vec<&'a str> {
    match find(claims, path) {
        Some(Value::Array(list)) => {
            let texts = list.iter().filter_map(Value::as_str);
            texts.take(MOST_VALUES).collect()
        }
        Some(Value::String(text)) => {
            let parts = text.split([' ', ',']).filter(|part| !part.is_empty());
            parts.take(MOST_VALUES).collect()
        }
        _ => Vec::new(),
    }
}

/// The one text at a path.
pub fn one<'a>(claims: &'a Claims, path: &str) -> Option<&'a str> {
    find(claims, path)?.as_str()
}

/// Whether anything stands at a path.
pub(crate) fn is_there(claims: &Claims, path: &str) -> bool {
    find(claims, path).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_are_found_by_name_and_by_path() {
        let Value::Object(claims) = json!({
            "roles": ["admin", 7, "editor"],
            "groups": "admin editor,reader",
            "realm_access": {"roles": ["kurator"]},
            "https://simpul.example/roles": ["pembina"],
            "name": "Siti Rahma",
            "nothing": null,
        }) else {
            unreachable!("it is an object")
        };
        for (path, expected) in [
            ("roles", vec!["admin", "editor"]),
            ("groups", vec!["admin", "editor", "reader"]),
            ("realm_access.roles", vec!["kurator"]),
            ("https://simpul.example/roles", vec!["pembina"]),
            ("realm_access", vec![]),
            ("realm_access.roles.more", vec![]),
            ("nothing", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(values(&claims, path), expected, "{path}");
        }
        assert_eq!(one(&claims, "name"), Some("Siti Rahma"));
        assert_eq!(one(&claims, "roles"), None);
    }
}
