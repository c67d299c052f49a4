//! What a row changes of an innovation that was imported before.
//!
//! The row counts in the fields that it tells of; the others stay as they are held, since people may have written them here.
//! Where it moves the innovation along an axis, the move is a transition of its own, as everywhere. Rules that a move breaks
//! do not stop it: a file tells what was decided elsewhere, so it is kept and flagged like a move of another hub.

use std::collections::BTreeSet;

use domain::catalog::{
    ExternalIdDraft, FormErrors, Innovation, InnovationDraft, TransitionAxis, TransitionDraft,
    Vocabulary as _,
};
use domain::identity::RecordId;
use serde_json::{Map, Value};
use time::Date;

/// By whom a move was decided of which only the file tells.
const DECIDED_BY: &str = "Menurut berkas yang diimpor";
/// Why: the file says no more.
const REASON: &str = "Berkas yang diimpor menyebut keadaan ini";

/// The innovation as the row says it where it tells of it, and as it is held elsewhere.
pub(super) fn merged(
    held: &Innovation,
    row: &InnovationDraft,
    told: &[&str],
    today: Date,
) -> Result<Innovation, FormErrors> {
    let held = InnovationDraft::from(held);
    let external_ids = together(&held.external_ids, &row.external_ids);
    let mut fields = fields_of(&held);
    let mut of_row = fields_of(row);
    // Parts of one field are told under several names, and are taken over together, once.
    let groups = told.iter().filter_map(|field| field.split('.').next());
    let names: BTreeSet<_> = groups.chain(["agency"]).collect();
    for name in names {
        match of_row.remove(name) {
            Some(value) => fields.insert(name.to_owned(), value),
            None => fields.remove(name),
        };
    }
    let mut draft: InnovationDraft =
        serde_json::from_value(Value::Object(fields)).expect("each field is one of a draft");
    draft.external_ids = external_ids;
    Innovation::parse(&draft, today)
}

fn fields_of(draft: &InnovationDraft) -> Map<String, Value> {
    match serde_json::to_value(draft) {
        Ok(Value::Object(fields)) => fields,
        other => unreachable!("a draft is a plain object, not {other:?}"),
    }
}

/// The numbers of a row, and those that are held of other registers.
fn together(held: &[ExternalIdDraft], of_row: &[ExternalIdDraft]) -> Vec<ExternalIdDraft> {
    let is_elsewhere = |id: &&ExternalIdDraft| of_row.iter().all(|other| other.scheme != id.scheme);
    let kept = held.iter().filter(is_elsewhere);
    of_row.iter().chain(kept).cloned().collect()
}

/// The moves that lead from one text to the next, as of today.
pub(super) fn moves(
    record: RecordId,
    held: &Innovation,
    said: &Innovation,
    today: Date,
) -> Vec<TransitionDraft> {
    let axes = [
        (
            TransitionAxis::Adoption,
            held.adoption.code(),
            said.adoption.code(),
        ),
        (
            TransitionAxis::Lifecycle,
            held.stage.code(),
            said.stage.code(),
        ),
    ];
    let moved = axes.into_iter().filter(|(_, from, to)| from != to);
    let draft = |(axis, from, to): (TransitionAxis, &str, &str)| TransitionDraft {
        innovation: record.to_string(),
        axis: axis.code().to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        on: today.to_string(),
        decided_by: DECIDED_BY.to_owned(),
        reason: Some(REASON.to_owned()),
        ..TransitionDraft::default()
    };
    moved.map(draft).collect()
}

#[cfg(test)]
mod tests {
    use domain::catalog::Transition;
    use serde_json::json;
    use time::macros::date;

    use super::*;

    const TODAY: Date = date!(2026 - 08 - 20);

    fn innovation(fields: Value) -> InnovationDraft {
        let mut all = json!({
            "title": "Rumah Belajar", "agency": RecordId::from(uuid()).to_string(), "stage": "CREATION",
            "adoption": "INITIATIVE", "summary": "Warga belajar bersama", "credits": ["Tim Puskesmas Wates"],
            "externalIds": [{"scheme": "IGA", "value": "7"}, {"scheme": "LAN", "value": "1"}],
        });
        for (name, value) in fields.as_object().unwrap() {
            all[name] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    fn uuid() -> uuid::Uuid {
        uuid::Uuid::from_u128(0x0198_f2c4_0000_7000_8000_0000_0000_0001)
    }

    #[test]
    fn a_row_counts_where_it_tells_of_a_field() {
        let held = Innovation::parse(&innovation(json!({})), TODAY).unwrap();
        let check = |row: Value, told: &[&str], expected: Value| {
            let mut row = innovation(row);
            row.external_ids.retain(|id| id.scheme == "LAN");
            let merged = merged(&held, &row, told, TODAY).unwrap();
            let expected = Innovation::parse(&innovation(expected), TODAY).unwrap();
            assert_eq!(
                InnovationDraft {
                    external_ids: Vec::new(),
                    ..InnovationDraft::from(&merged)
                },
                InnovationDraft {
                    external_ids: Vec::new(),
                    ..InnovationDraft::from(&expected)
                },
            );
            let schemes: Vec<_> = merged
                .external_ids
                .iter()
                .map(|id| id.scheme.as_str().to_owned())
                .collect();
            assert_eq!(schemes, ["LAN", "IGA"]);
        };
        let other = json!({"title": "Rumah Pintar", "summary": null, "credits": [], "website": "https://a.go.id/"});
        check(other.clone(), &["title"], json!({"title": "Rumah Pintar"}));
        check(other.clone(), &["summary"], json!({"summary": null}));
        check(
            other.clone(),
            &["website", "agency.name"],
            json!({"website": "https://a.go.id/"}),
        );
        check(other, &[], json!({}));
        let counted = json!({"beneficiaries": {"count": 9, "unit": "warga"}});
        let both = [
            "beneficiaries.count",
            "beneficiaries.unit",
            "agency.name",
            "agency.kind",
        ];
        check(counted.clone(), &both, counted);
    }

    #[test]
    fn a_move_is_a_transition_with_a_reason() {
        let held = Innovation::parse(&innovation(json!({})), TODAY).unwrap();
        let moved = json!({"stage": "INSTITUTIONALIZATION", "adoption": "TRIAL"});
        let said = Innovation::parse(&innovation(moved), TODAY).unwrap();
        let record = RecordId::from(uuid());
        assert_eq!(moves(record, &held, &held, TODAY), []);
        let moves = moves(record, &held, &said, TODAY);
        let told: Vec<_> = moves
            .iter()
            .map(|said| format!("{} {} {}", said.axis, said.from, said.to))
            .collect();
        assert_eq!(
            told,
            [
                "ADOPTION INITIATIVE TRIAL",
                "LIFECYCLE CREATION INSTITUTIONALIZATION"
            ]
        );
        let flawed = Transition::read(&moves[1]).unwrap();
        assert_eq!(
            flawed.faults(),
            ["INSTITUTIONALIZATION cannot follow CREATION"]
        );
        assert!(Transition::parse(&moves[0], TODAY).is_ok());
    }
}
