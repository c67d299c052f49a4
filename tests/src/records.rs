//! What hubs say in tests: short ways to drafts of agencies, innovations and entries.

use domain::catalog::{AgencyDraft, HubProfileDraft, InnovationDraft, MemberStatus};
use domain::entry::{Audience, Change, DeletionReason, EntryDraft, Kind};
use domain::identity::{HubId, RecordId};
use domain::log::{Hash, SigningKey};
use domain::trust::{MemberKeyDraft, MembershipDraft};
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

/// The record with a number.
pub fn record(number: u128) -> RecordId {
    RecordId::from(Uuid::from_u128(number))
}

/// A hub's id.
pub fn hub_id(name: &str) -> HubId {
    HubId::parse(name).expect("tests name hubs well")
}

/// The key of a hub: the same for the same name.
pub fn key_of(hub: &HubId) -> SigningKey {
    SigningKey::from_seed(Hash::of(hub.as_str().as_bytes()).as_bytes())
}

/// An agency of a region.
pub fn agency(name: &str, region: Option<&str>) -> AgencyDraft {
    AgencyDraft {
        name: name.to_owned(),
        kind: "DEPARTMENT".to_owned(),
        region: region.map(str::to_owned),
        ..AgencyDraft::default()
    }
}

/// An innovation that says only what it must.
pub fn innovation(title: &str, agency: RecordId) -> InnovationDraft {
    InnovationDraft {
        title: title.to_owned(),
        agency: agency.to_string(),
        stage: "CREATION".to_owned(),
        adoption: "APPLIED".to_owned(),
        ..InnovationDraft::default()
    }
}

/// A hub's description of itself.
pub fn profile(name: &str) -> HubProfileDraft {
    HubProfileDraft {
        name: name.to_owned(),
        kind: "MINISTRY".to_owned(),
        status: "ACTIVE".to_owned(),
        ..HubProfileDraft::default()
    }
}

/// What the authority says of a hub that signs with [its key](key_of).
pub fn membership(hub: &HubId, status: MemberStatus) -> MembershipDraft {
    MembershipDraft {
        hub: hub.to_string(),
        name: format!("Hub {hub}"),
        keys: vec![MemberKeyDraft {
            key: key_of(hub).public().to_string(),
            ..MemberKeyDraft::default()
        }],
        status: status.to_string(),
        ..MembershipDraft::default()
    }
}

/// A revision that says something.
pub fn put(
    record: RecordId,
    revision: u64,
    kind: &str,
    body: &impl Serialize,
    at: OffsetDateTime,
) -> EntryDraft {
    let body = serde_json::to_string(body).expect("drafts are plain text and numbers");
    entry(record, revision, kind, Change::Put(body), at)
}

/// A revision that takes a record back.
pub fn delete(record: RecordId, revision: u64, kind: &str, at: OffsetDateTime) -> EntryDraft {
    let change = Change::Delete(DeletionReason::Withdrawn);
    entry(record, revision, kind, change, at)
}

fn entry(
    record: RecordId,
    revision: u64,
    kind: &str,
    change: Change,
    at: OffsetDateTime,
) -> EntryDraft {
    EntryDraft {
        record,
        revision,
        kind: Kind::parse(kind).expect("tests name kinds well"),
        audience: Audience::Public,
        at,
        change,
    }
}
