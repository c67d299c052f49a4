//! What is given of one innovation: one JSON object, from which all formats are made and which `simpul import` reads.

use domain::catalog::{AgencyDraft, InnovationDraft};
use domain::entry::Audience;
use domain::identity::HubId;
use serde_json::{Map, Value, json};
use storage::bodies::{Body, Content};
use storage::innovations::InnovationRef;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An innovation with its agency; nothing if its entry says something else.
pub(super) fn of(
    place: &InnovationRef,
    said: &Body,
    agency: Option<&Body>,
) -> anyhow::Result<Option<Map<String, Value>>> {
    let Content::Innovation(innovation) = &said.content else {
        return Ok(None);
    };
    let draft = InnovationDraft::from(&**innovation);
    let owner = draft.agency.clone();
    let Value::Object(mut record) = serde_json::to_value(draft)? else {
        return Ok(None);
    };
    let hub = &place.hub;
    record.insert("agency".to_owned(), agency_of(agency, hub, &owner)?);
    record.insert(
        "id".to_owned(),
        json!(format!("Innovation:{hub}:{}", place.record)),
    );
    record.insert("hub".to_owned(), json!(hub.as_str()));
    record.insert("revision".to_owned(), json!(said.revision));
    record.insert("audience".to_owned(), json!(audience(&said.audience)));
    record.insert("publishedAt".to_owned(), json!(moment(place.published)?));
    record.insert("updatedAt".to_owned(), json!(moment(said.at)?));
    Ok(Some(record))
}

/// The agency as far as it may be seen; its id in any case.
fn agency_of(agency: Option<&Body>, hub: &HubId, record: &str) -> anyhow::Result<Value> {
    let id = |record: &str| format!("Agency:{hub}:{record}");
    let mut shown = match agency.map(|body| &body.content) {
        Some(Content::Agency(agency)) => {
            let mut draft = AgencyDraft::from(agency);
            draft.parent = draft.parent.as_deref().map(id);
            serde_json::to_value(draft)?
        }
        _ => json!({}),
    };
    shown["id"] = json!(id(record));
    Ok(shown)
}

const fn audience(audience: &Audience) -> &'static str {
    match audience {
        Audience::Public => "public",
        Audience::Network | Audience::Other(_) => "network",
    }
}

fn moment(at: OffsetDateTime) -> anyhow::Result<String> {
    let at = at.to_offset(time::UtcOffset::UTC).truncate_to_second();
    Ok(at.format(&Rfc3339)?)
}
