//! Global ids: the type and what it takes to find the thing, as text: `Innovation:id-13:0198f2c4-…`.
//!
//! Clients treat them as opaque; that people can read them helps in logs and addresses.

use std::fmt;

use async_graphql::ID;
use domain::catalog::RegionCode;
use domain::entry::Kind;
use domain::identity::{HubId, RecordId};
use uuid::Uuid;

use crate::ApiError;

/// What a global id names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GlobalId {
    Hub(HubId),
    Region(RegionCode),
    Agency(HubId, RecordId),
    Innovation(HubId, RecordId),
    /// A draft of this hub.
    Draft(HubId, RecordId),
    /// Somebody whom this hub knows.
    Person(HubId, RecordId),
    /// An item of a kind.
    Item(&'static str, HubId, RecordId),
}

/// The kinds of items with the names of their types.
const ITEM_TYPES: &[(&str, &str)] = &[
    (Kind::SERVICE_UNIT, "ServiceUnit"),
    (Kind::TRANSITION, "Transition"),
    (Kind::EVIDENCE, "Evidence"),
    (Kind::BUDGET, "Budget"),
    (Kind::CONFIRMATION, "Confirmation"),
    (Kind::REPLICATION, "Replication"),
    (Kind::REPLICATION_ANSWER, "ReplicationAnswer"),
    (Kind::ENDORSEMENT, "Endorsement"),
    (Kind::ASSESSMENT, "Assessment"),
    (Kind::SCORE_SHEET, "ScoreSheet"),
    (Kind::AWARD, "Award"),
    (Kind::COACHING, "CoachingActivity"),
    (Kind::THREAD, "Thread"),
    (Kind::POST, "Post"),
    (Kind::NEED, "Need"),
];

impl GlobalId {
    pub(crate) fn parse(field: &'static str, raw: &str) -> Result<Self, ApiError> {
        let parsed = match raw.split(':').collect::<Vec<_>>()[..] {
            ["Hub", hub] => HubId::parse(hub).ok().map(Self::Hub),
            ["Region", code] => RegionCode::parse(code).ok().map(Self::Region),
            ["Agency", hub, record] => {
                pair(hub, record).map(|(hub, record)| Self::Agency(hub, record))
            }
            ["Innovation", hub, record] => {
                pair(hub, record).map(|(hub, record)| Self::Innovation(hub, record))
            }
            ["Draft", hub, record] => {
                pair(hub, record).map(|(hub, record)| Self::Draft(hub, record))
            }
            ["Person", hub, record] => {
                pair(hub, record).map(|(hub, record)| Self::Person(hub, record))
            }
            [name, hub, record] => {
                let known = ITEM_TYPES.iter().find(|(_, known)| *known == name);
                known.and_then(|(kind, _)| {
                    pair(hub, record).map(|(hub, record)| Self::Item(kind, hub, record))
                })
            }
            _ => None,
        };
        let given = || raw.chars().take(80).collect::<String>();
        parsed.ok_or_else(|| {
            ApiError::invalid(
                field,
                format!("{:?} is not an id that this schema gives", given()),
            )
        })
    }

    pub(crate) fn agency(field: &'static str, raw: &str) -> Result<(HubId, RecordId), ApiError> {
        match Self::parse(field, raw)? {
            Self::Agency(hub, record) => Ok((hub, record)),
            other => Err(ApiError::invalid(
                field,
                format!("{other} is not an agency's id"),
            )),
        }
    }

    pub(crate) fn innovation(
        field: &'static str,
        raw: &str,
    ) -> Result<(HubId, RecordId), ApiError> {
        match Self::parse(field, raw)? {
            Self::Innovation(hub, record) => Ok((hub, record)),
            other => Err(ApiError::invalid(
                field,
                format!("{other} is not an innovation's id"),
            )),
        }
    }

    /// An item of one kind.
    pub(crate) fn item(
        field: &'static str,
        raw: &str,
        kind: &'static str,
    ) -> Result<(HubId, RecordId), ApiError> {
        match Self::parse(field, raw)? {
            Self::Item(found, hub, record) if found == kind => Ok((hub, record)),
            other => Err(ApiError::invalid(
                field,
                format!("{other} is not the id of a {}", type_of(kind)),
            )),
        }
    }

    /// The record that the id names, whatever its kind.
    pub(crate) fn record(field: &'static str, raw: &str) -> Result<(HubId, RecordId), ApiError> {
        match Self::parse(field, raw)? {
            Self::Agency(hub, record)
            | Self::Innovation(hub, record)
            | Self::Item(_, hub, record) => Ok((hub, record)),
            other => Err(ApiError::invalid(
                field,
                format!("{other} is not a record's id"),
            )),
        }
    }
}

/// The name of the type that shows a kind of items.
fn type_of(kind: &str) -> &'static str {
    let known = ITEM_TYPES.iter().find(|(known, _)| *known == kind);
    known.map_or("Record", |(_, name)| name)
}

fn pair(hub: &str, record: &str) -> Option<(HubId, RecordId)> {
    Some((HubId::parse(hub).ok()?, RecordId::parse(record).ok()?))
}

impl GlobalId {
    /// What the id names, as the audit does.
    pub(crate) fn audited(&self) -> String {
        match self {
            Self::Hub(hub) => format!("hub:{hub}"),
            Self::Region(code) => format!("region:{code}"),
            Self::Agency(_, record) => format!("{}:{record}", Kind::AGENCY),
            Self::Innovation(_, record) => format!("{}:{record}", Kind::INNOVATION),
            Self::Draft(_, record) => format!("draft:{record}"),
            Self::Person(_, record) => format!("person:{record}"),
            Self::Item(kind, _, record) => format!("{kind}:{record}"),
        }
    }

    /// The id as clients get it.
    pub(crate) fn to_id(&self) -> ID {
        ID(self.text())
    }

    /// The id as text. Pages hold dozens of them, so no formatting machinery is asked.
    fn text(&self) -> String {
        match self {
            Self::Hub(hub) => format!("Hub:{hub}"),
            Self::Region(code) => format!("Region:{code}"),
            Self::Agency(hub, record) => record_text("Agency:", hub, *record),
            Self::Innovation(hub, record) => record_text("Innovation:", hub, *record),
            Self::Draft(hub, record) => record_text("Draft:", hub, *record),
            Self::Person(hub, record) => record_text("Person:", hub, *record),
            Self::Item(kind, hub, record) => {
                record_text(&[type_of(kind), ":"].concat(), hub, *record)
            }
        }
    }
}

fn record_text(kind: &str, hub: &HubId, record: RecordId) -> String {
    let mut digits = Uuid::encode_buffer();
    let record = record.as_uuid().hyphenated().encode_lower(&mut digits);
    [kind, hub.as_str(), ":", record].concat()
}

impl fmt::Display for GlobalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
