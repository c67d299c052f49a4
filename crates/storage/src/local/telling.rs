//! What the audit tells of a write: which record, which revision. What it says stays in the log, from where it can be erased.

use domain::audit::{Deed, Told};
use domain::catalog::{Consent, Vocabulary as _};
use domain::entry::{Change, EntryDraft, Kind};
use serde_json::{Map, Value, json};

use super::{DraftChange, Local};
use crate::people::PersonChange;

/// Tells of entries and of changes that stay here.
pub(super) fn of(by: &Deed, entries: &[EntryDraft], local: &Local) -> Told {
    let (mut before, mut after) = (Map::new(), Map::new());
    let mut object = None;
    for change in &local.people {
        object = Some(person(change, &mut after));
    }
    for change in local.drafts.iter().take(1) {
        object = Some(draft(change, &mut after));
    }
    // Where others are written along, as with an innovation that is withdrawn, that one is meant.
    let is_main = |entry: &&EntryDraft| entry.kind.as_str() == Kind::INNOVATION;
    let main = entries.iter().find(is_main).or(entries.first());
    if let Some(entry) = main {
        object = Some(format!("{}:{}", entry.kind.as_str(), entry.record));
        if entry.revision > 1 {
            before.insert("revision".to_owned(), (entry.revision - 1).into());
        }
        after.insert("revision".to_owned(), entry.revision.into());
        after.insert("audience".to_owned(), entry.audience.code().into());
        if let Change::Delete(reason) = &entry.change {
            after.insert("deleted".to_owned(), reason.code().into());
        }
        if entries.len() > 1 {
            after.insert("alsoWritten".to_owned(), (entries.len() - 1).into());
        }
    }
    let before = Some(Value::Object(before)).filter(|fields| *fields != json!({}));
    let told = by.done(object.unwrap_or_default());
    told.changing(before, Value::Object(after))
}

fn person(change: &PersonChange, after: &mut Map<String, Value>) -> String {
    let (PersonChange::Add(person) | PersonChange::Store(person)) = change;
    after.insert("revision".to_owned(), person.revision.into());
    let consents = person.consent.as_ref();
    let consents = consents.is_some_and(Consent::is_in_force);
    after.insert("consents".to_owned(), consents.into());
    after.insert("isErased".to_owned(), person.is_erased.into());
    format!("person:{}", person.id)
}

fn draft(change: &DraftChange, after: &mut Map<String, Value>) -> String {
    let (record, said) = match change {
        DraftChange::Begin(draft, _) | DraftChange::Store(draft, _) => {
            let said = json!({"state": draft.state.code(), "revision": draft.revision});
            (draft.record, said)
        }
        DraftChange::Note(record, step) => (*record, json!({"state": step.state.code()})),
        DraftChange::Remove(record, _) => (*record, json!({"isRemoved": true})),
        DraftChange::Rebase { record, to, .. } => (*record, json!({"basedOn": to})),
    };
    after.insert("draft".to_owned(), said);
    format!("draft:{record}")
}
