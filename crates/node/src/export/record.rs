//! What is given of one record: one JSON object, from which all formats are made. Those of innovations `simpul import` reads.

use domain::catalog::{AgencyDraft, InnovationDraft};
use domain::entry::{Audience, Kind};
use domain::identity::HubId;
use serde_json::{Map, Value, json};
use storage::agencies::AgencyRef;
use storage::bodies::{Body, Content};
use storage::innovations::InnovationRef;
use storage::items::ItemRef;
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
    record.insert("publishedAt".to_owned(), json!(moment(place.published)?));
    about(&mut record, hub, said)?;
    Ok(Some(record))
}

/// An agency; nothing if its entry says something else.
pub(super) fn of_agency(
    place: &AgencyRef,
    said: &Body,
) -> anyhow::Result<Option<Map<String, Value>>> {
    if !matches!(said.content, Content::Agency(_)) {
        return Ok(None);
    }
    let shown = agency_of(Some(said), &place.hub, &place.record.to_string())?;
    let Value::Object(mut record) = shown else {
        return Ok(None);
    };
    about(&mut record, &place.hub, said)?;
    Ok(Some(record))
}

/// The fields of items that name other records, and the type of the record that is named.
const REFERENCES: [(&str, &str); 5] = [
    ("agency", "Agency"),
    ("adopter", "Agency"),
    ("innovation", "Innovation"),
    ("source", "Innovation"),
    ("adaptedInnovation", "Innovation"),
];

/// A need, a replication or an award, with what follows for it from others' words; nothing if its entry says something else.
pub(super) fn of_item(place: &ItemRef, said: &Body) -> anyhow::Result<Option<Map<String, Value>>> {
    let Content::Item(item) = &said.content else {
        return Ok(None);
    };
    let name = match item.kind() {
        Kind::NEED => "Need",
        Kind::REPLICATION => "Replication",
        Kind::AWARD => "Award",
        _ => return Ok(None),
    };
    let hub = &place.hub;
    let mut record: Map<String, Value> = serde_json::from_str(&item.to_text())?;
    for (field, of) in REFERENCES {
        // Within its hub a record is named by its id only, elsewhere with its hub.
        if let Some(Value::String(named)) = record.get_mut(field) {
            *named = if named.contains(':') {
                format!("{of}:{named}")
            } else {
                format!("{of}:{hub}:{named}")
            };
        }
    }
    let id = format!("{name}:{hub}:{}", place.record);
    record.insert("id".to_owned(), json!(id));
    if name != "Award" {
        record.insert("state".to_owned(), json!(place.state));
    }
    if let Some(standing) = &place.standing {
        record.insert("standing".to_owned(), json!(standing));
    }
    let published = i128::from(place.published) * 1_000_000;
    let published = OffsetDateTime::from_unix_timestamp_nanos(published)?;
    record.insert("publishedAt".to_owned(), json!(moment(published)?));
    about(&mut record, hub, said)?;
    Ok(Some(record))
}

/// What is given of every record.
fn about(record: &mut Map<String, Value>, hub: &HubId, said: &Body) -> anyhow::Result<()> {
    record.insert("hub".to_owned(), json!(hub.as_str()));
    record.insert("revision".to_owned(), json!(said.revision));
    record.insert("audience".to_owned(), json!(audience(&said.audience)));
    record.insert("updatedAt".to_owned(), json!(moment(said.at)?));
    Ok(())
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
