//! Records as rows: which columns there are, and what stands in a cell.

use serde_json::{Map, Value};

use super::What;
use crate::import::cells::{BETWEEN_ITEMS, harmless, source_text};
use crate::import::fields::FIELDS;

/// The columns behind those that are read again.
const TOLD_ONLY: [&str; 6] = [
    "credits",
    "unit",
    "hub",
    "revision",
    "publishedAt",
    "updatedAt",
];

/// The columns of agencies.
const OF_AGENCIES: [&str; 11] = [
    "id",
    "name",
    "shortName",
    "kind",
    "parent",
    "region",
    "website",
    "audience",
    "hub",
    "revision",
    "updatedAt",
];
/// The columns of needs.
const OF_NEEDS: [&str; 14] = [
    "id",
    "agency",
    "statement",
    "affairs",
    "sdgs",
    "region",
    "state",
    "steps",
    "innovation",
    "audience",
    "hub",
    "revision",
    "publishedAt",
    "updatedAt",
];
/// The columns of replications.
const OF_REPLICATIONS: [&str; 20] = [
    "id",
    "source",
    "adopter",
    "adaptedInnovation",
    "scope",
    "state",
    "standing",
    "steps",
    "inspiration",
    "process",
    "difference",
    "adaptationNotes",
    "obstacles",
    "outcome",
    "plannedOn",
    "audience",
    "hub",
    "revision",
    "publishedAt",
    "updatedAt",
];
/// The columns of awards.
const OF_AWARDS: [&str; 14] = [
    "id",
    "innovation",
    "agency",
    "scheme",
    "tier",
    "group",
    "year",
    "decree",
    "basis",
    "audience",
    "hub",
    "revision",
    "publishedAt",
    "updatedAt",
];

/// The columns. Of innovations: the fields that `simpul import` reads, then what is told only. A list stands in one cell, so
/// its parts have no columns of their own.
pub fn columns(what: What) -> Vec<&'static str> {
    let whole = |name: &&str| !name.starts_with("sources.");
    match what {
        What::Innovations => FIELDS.into_iter().filter(whole).chain(TOLD_ONLY).collect(),
        What::Agencies => OF_AGENCIES.to_vec(),
        What::Needs => OF_NEEDS.to_vec(),
        What::Replications => OF_REPLICATIONS.to_vec(),
        What::Awards => OF_AWARDS.to_vec(),
    }
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Nothing.
    Empty,
    /// A text, made harmless.
    Text(String),
    /// A number, as it is written.
    Number(f64, String),
}

/// The cell of a column.
pub(super) fn cell(record: &Map<String, Value>, column: &str) -> Cell {
    let value = match column.split_once('.') {
        Some((group, name)) => record.get(group).and_then(|group| group.get(name)),
        None => record.get(column),
    };
    match value {
        Some(Value::String(text)) => Cell::Text(harmless(text)),
        Some(Value::Bool(flag)) => Cell::Text(flag.to_string()),
        Some(Value::Number(number)) => {
            Cell::Number(number.as_f64().unwrap_or_default(), number.to_string())
        }
        Some(Value::Array(items)) if !items.is_empty() => {
            let items: Vec<_> = items.iter().map(item).collect();
            Cell::Text(harmless(&items.join(&BETWEEN_ITEMS.to_string())))
        }
        _ => Cell::Empty,
    }
}

fn item(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    match (value, text("scheme"), text("title")) {
        (Value::String(text), ..) => text.clone(),
        (_, Some(scheme), _) => format!("{scheme}:{}", text("value").unwrap_or_default()),
        (_, _, Some(title)) => source_text(title, text("url")),
        _ => step(value).unwrap_or_else(|| value.to_string()),
    }
}

/// A step of a course: `PLANNED 2024-05: why`.
fn step(value: &Value) -> Option<String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let (state, on) = (text("state")?, text("on")?);
    Some(match text("reason") {
        Some(reason) => format!("{state} {on}: {reason}"),
        None => format!("{state} {on}"),
    })
}

/// The row that names the columns.
pub(super) fn header(what: What) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut row = csv::Writer::from_writer(&mut text);
    row.write_record(columns(what))?;
    row.flush()?;
    drop(row);
    Ok(text)
}

/// Writes one row.
pub(super) fn row(
    what: What,
    record: &Map<String, Value>,
    text: &mut Vec<u8>,
) -> anyhow::Result<()> {
    let mut row = csv::Writer::from_writer(text);
    for column in columns(what) {
        match cell(record, column) {
            Cell::Empty => row.write_field("")?,
            Cell::Text(text) | Cell::Number(_, text) => row.write_field(text)?,
        }
    }
    row.write_record(None::<&[u8]>)?;
    row.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::catalog::{
        BeneficiariesDraft, ExternalIdDraft, InnovationDraft, PointDraft, SourceDraft,
        SustainedDraft,
    };
    use serde_json::json;

    use super::*;

    /// An innovation that says something in every field; a field that is added must be named here.
    fn full() -> InnovationDraft {
        let some = || Some("kata".to_owned());
        let list = || vec!["kata".to_owned()];
        InnovationDraft {
            credits: list(),
            title: "Judul".to_owned(),
            acronym_of: some(),
            agency: "Dinas".to_owned(),
            unit: some(),
            unit_name: some(),
            nri: some(),
            external_ids: vec![ExternalIdDraft::default()],
            kind: some(),
            form: some(),
            is_digital: Some(true),
            initiator: some(),
            affairs: list(),
            sdgs: vec![1],
            tags: list(),
            summary: some(),
            background: some(),
            novelty: some(),
            implementation: some(),
            impact: some(),
            replicated_so_far: some(),
            replication_potential: some(),
            resources: some(),
            sustainability: some(),
            challenges: some(),
            lessons: some(),
            preconditions: list(),
            started_on: some(),
            trial_on: some(),
            implemented_on: some(),
            beneficiaries: Some(BeneficiariesDraft {
                count: 1,
                unit: some(),
                period: some(),
            }),
            stage: "CREATION".to_owned(),
            adoption: "TRIAL".to_owned(),
            sustained: Some(SustainedDraft {
                answer: "YES".to_owned(),
                reason: some(),
            }),
            point: Some(PointDraft::default()),
            website: some(),
            sources: vec![SourceDraft::default()],
        }
    }

    #[test]
    fn every_field_of_an_innovation_has_its_column() {
        let said = serde_json::to_value(full()).unwrap();
        let mut names = BTreeSet::new();
        for (name, value) in said.as_object().unwrap() {
            match value {
                Value::Object(group) => {
                    names.extend(group.keys().map(|key| format!("{name}.{key}")));
                }
                _ => drop(names.insert(name.clone())),
            }
        }
        // Credits and the unit are told, and not read: the consent and the unit are records of their hub.
        for name in ["agency", "credits", "unit"] {
            names.remove(name);
        }
        let of_agency =
            |name: &&str| name.starts_with("agency.") || ["id", "audience"].contains(name);
        let read: BTreeSet<_> = columns(What::Innovations)
            .into_iter()
            .filter(|name| !of_agency(name) && !TOLD_ONLY.contains(name))
            .map(str::to_owned)
            .collect();
        assert_eq!(read, names);
    }

    #[test]
    fn other_records_have_columns_for_all_that_they_say() {
        use domain::catalog::{AgencyDraft, AwardDraft, NeedDraft, ReplicationDraft};
        let check = |what: What, said: Value| {
            let columns = columns(what);
            for name in said.as_object().unwrap().keys() {
                assert!(columns.contains(&name.as_str()), "{what}: {name}");
            }
        };
        let some = || Some("kata".to_owned());
        let agency = AgencyDraft {
            short_name: some(),
            parent: some(),
            region: some(),
            website: some(),
            ..AgencyDraft::default()
        };
        check(What::Agencies, json!(agency));
        let award = AwardDraft {
            innovation: some(),
            agency: some(),
            scheme: "KIPP".to_owned(),
            tier: "TOP_99".to_owned(),
            group: some(),
            year: 2024,
            decree: some(),
            basis: "CLAIMED".to_owned(),
        };
        check(What::Awards, json!(award));
        let need = NeedDraft {
            agency: "Dinas".to_owned(),
            statement: "Kata".to_owned(),
            affairs: Vec::new(),
            sdgs: Vec::new(),
            region: some(),
            steps: Vec::new(),
            innovation: some(),
        };
        check(What::Needs, json!(need));
        let replication = ReplicationDraft {
            source: "a".to_owned(),
            adopter: "b".to_owned(),
            adapted_innovation: some(),
            steps: Vec::new(),
            scope: "FULL".to_owned(),
            inspiration: some(),
            process: some(),
            difference: some(),
            adaptation_notes: some(),
            obstacles: some(),
            outcome: some(),
            planned_on: some(),
        };
        check(What::Replications, json!(replication));
        let steps = json!({"steps": [{"state": "PLANNED", "on": "2024"}, {"state": "DONE", "on": "2025", "reason": "habis"}]});
        let text = cell(steps.as_object().unwrap(), "steps");
        assert_eq!(
            text,
            Cell::Text("PLANNED 2024\nDONE 2025: habis".to_owned())
        );
    }

    #[test]
    fn cells_hold_lists_groups_and_harmless_texts() {
        let record = json!({
            "title": "=SUM(A1)", "tags": ["-satu", "dua"], "sdgs": [3, 4], "isDigital": true, "revision": 7,
            "agency": {"name": "Dinas"}, "point": {"lat": -7.25}, "externalIds": [{"scheme": "IGA", "value": "1"}],
            "sources": [{"title": "Buku"}, {"title": "Laman", "url": "https://a.id/"}],
        });
        let record = record.as_object().unwrap();
        let check = |column: &str, expected: &str| {
            let text = match cell(record, column) {
                Cell::Empty => String::new(),
                Cell::Text(text) | Cell::Number(_, text) => text,
            };
            assert_eq!(text, expected, "{column}");
        };
        check("title", "'=SUM(A1)");
        check("tags", "'-satu\ndua");
        check("sdgs", "3\n4");
        check("isDigital", "true");
        check("agency.name", "Dinas");
        check("agency.kind", "");
        check("point.lat", "-7.25");
        check("externalIds", "IGA:1");
        check("sources", "Buku\nLaman <https://a.id/>");
        check("revision", "7");
        check("summary", "");
    }
}
