//! Innovations as rows: which columns there are, and what stands in a cell.

use serde_json::{Map, Value};

use crate::import::cells::{BETWEEN_ITEMS, harmless, source_text};
use crate::import::fields::FIELDS;

/// The columns behind those that are read again.
const TOLD_ONLY: [&str; 5] = ["credits", "hub", "revision", "publishedAt", "updatedAt"];

/// The columns: the fields that `simpul import` reads, then what is told only. A list stands in one cell, so its parts have no
/// columns of their own.
pub fn columns() -> impl Iterator<Item = &'static str> {
    let whole = |name: &&str| !name.starts_with("sources.");
    FIELDS.into_iter().filter(whole).chain(TOLD_ONLY)
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
        (other, ..) => other.to_string(),
    }
}

/// The row that names the columns.
pub(super) fn header() -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut row = csv::Writer::from_writer(&mut text);
    row.write_record(columns())?;
    row.flush()?;
    drop(row);
    Ok(text)
}

/// Writes one row.
pub(super) fn row(record: &Map<String, Value>, text: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut row = csv::Writer::from_writer(text);
    for column in columns() {
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
        // Credits are told, and not read: the consent behind them is at their hub.
        for name in ["agency", "credits"] {
            names.remove(name);
        }
        let of_agency =
            |name: &&str| name.starts_with("agency.") || ["id", "audience"].contains(name);
        let read: BTreeSet<_> = columns()
            .filter(|name| !of_agency(name) && !TOLD_ONLY.contains(name))
            .map(str::to_owned)
            .collect();
        assert_eq!(read, names);
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
