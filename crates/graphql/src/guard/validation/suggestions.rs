//! What a client may have meant by a name that the schema does not have.
//!
//! Helpful to whoever writes a query, and a way to guess a schema that is not shown: so they are told apart from the fault,
//! and only to those who may see them ([`Allowed`](super::super::Allowed)).

use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema};

/// How alike two names are at least (Jaro-Winkler, from 0 to 1).
const ALIKE: f64 = 0.85;
/// How many names are told.
const MOST: usize = 3;
/// Characters of a name that is compared; what is longer is no slip of the pen.
const LONGEST: usize = 60;

/// The sentence for a fault that the library found, of the kind by which it calls it.
pub(super) fn of(schema: &Schema, kind: &str, message: &str) -> Option<String> {
    let mut quoted = message.split('"').skip(1).step_by(2);
    let wrong = quoted.next().filter(|name| name.len() <= LONGEST)?;
    let place = quoted.next();
    let known = match kind {
        "UndefinedField" => fields(schema, place?),
        "UndefinedArgument" => arguments(schema, place?),
        "UndefinedInputValue" => input_fields(schema, place?),
        "UndefinedEnumValue" => values(schema, place?),
        "UndefinedDefinition" => schema.types.keys().map(Name::as_str).collect(),
        _ => return None,
    };
    sentence(wrong, known)
}

fn sentence(wrong: &str, known: Vec<&str>) -> Option<String> {
    let folded = wrong.to_lowercase();
    let scored = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&folded, &name.to_lowercase()), name));
    let mut alike: Vec<_> = scored.filter(|(score, _)| *score >= ALIKE).collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let names: Vec<_> = alike
        .iter()
        .take(MOST)
        .map(|(_, name)| format!("\"{name}\""))
        .collect();
    let (last, first) = names.split_last()?;
    Some(if first.is_empty() {
        format!("Did you mean {last}?")
    } else {
        format!("Did you mean {} or {last}?", first.join(", "))
    })
}

fn fields<'a>(schema: &'a Schema, of: &str) -> Vec<&'a str> {
    match schema.types.get(of) {
        Some(ExtendedType::Object(found)) => found.fields.keys().map(Name::as_str).collect(),
        Some(ExtendedType::Interface(found)) => found.fields.keys().map(Name::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The arguments of a field, named as `Type.field`.
fn arguments<'a>(schema: &'a Schema, of: &str) -> Vec<&'a str> {
    let found = of
        .split_once('.')
        .and_then(|(ty, field)| schema.type_field(ty, field).ok());
    let arguments = found.into_iter().flat_map(|field| &field.arguments);
    arguments.map(|argument| argument.name.as_str()).collect()
}

fn input_fields<'a>(schema: &'a Schema, of: &str) -> Vec<&'a str> {
    let found = schema.get_input_object(of);
    let fields = found.into_iter().flat_map(|input| input.fields.keys());
    fields.map(Name::as_str).collect()
}

fn values<'a>(schema: &'a Schema, of: &str) -> Vec<&'a str> {
    let found = schema.get_enum(of);
    let values = found.into_iter().flat_map(|found| found.values.keys());
    values.map(Name::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDL: &str = "
        type Query { innovation(id: ID, stage: Stage): String innovations: Int hub: Int find(by: Filter): Int }
        enum Stage { PLANNED DONE }
        input Filter { province: String year: Int }
    ";

    #[track_caller]
    fn check(kind: &str, message: &str, expected: Option<&str>) {
        let schema = Schema::parse_and_validate(SDL, "").unwrap();
        assert_eq!(of(&schema, kind, message).as_deref(), expected, "{message}");
    }

    #[test]
    fn names_that_are_alike_are_told_best_first() {
        check(
            "UndefinedField",
            r#"Cannot query field "inovation" on type "Query"."#,
            Some(r#"Did you mean "innovation" or "innovations"?"#),
        );
        check(
            "UndefinedArgument",
            r#"Unknown argument "Id" on field "Query.innovation"."#,
            Some(r#"Did you mean "id"?"#),
        );
        check(
            "UndefinedInputValue",
            r#"Field "provinces" is not defined by type "Filter"."#,
            Some(r#"Did you mean "province"?"#),
        );
        check(
            "UndefinedEnumValue",
            r#"Value "PLANED" does not exist in "Stage" enum."#,
            Some(r#"Did you mean "PLANNED"?"#),
        );
        check(
            "UndefinedDefinition",
            r#"Unknown type "Filters"."#,
            Some(r#"Did you mean "Filter"?"#),
        );
    }

    #[test]
    fn what_is_like_nothing_is_told_nothing() {
        let far = r#"Cannot query field "zzz" on type "Query"."#;
        check("UndefinedField", far, None);
        let long = format!(
            r#"Cannot query field "{}" on type "Query"."#,
            "h".repeat(LONGEST + 1)
        );
        check("UndefinedField", &long, None);
        check("UnusedVariable", r#"Variable "$hub" is never used."#, None);
    }
}
