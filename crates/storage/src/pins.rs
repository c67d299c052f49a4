//! Which keys an operator pinned for which hubs.

use domain::audit::Deed;
use domain::identity::HubId;
use domain::log::PublicKey;
use domain::trust::TrustedKey;
use sea_orm::FromQueryResult;
use serde_json::json;
use time::OffsetDateTime;

use crate::logs::millis;
use crate::{Database, StorageError, audit, sql, trust};

/// A key that an operator pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The hub for which the key speaks.
    pub hub: HubId,
    /// The key and the log sizes at which it counts.
    pub trusted: TrustedKey,
}

#[derive(FromQueryResult)]
struct PinRow {
    hub: String,
    key: String,
    first_size: i64,
    last_size: Option<i64>,
}

impl TryFrom<PinRow> for Pin {
    type Error = StorageError;

    fn try_from(row: PinRow) -> Result<Self, StorageError> {
        let corrupt = |rule: String| StorageError::corrupt("pin", &row.hub, rule);
        Ok(Self {
            hub: HubId::parse(&row.hub).map_err(|error| corrupt(error.to_string()))?,
            trusted: TrustedKey {
                from: sql::unsigned(row.first_size),
                until: row.last_size.map(sql::unsigned),
                ..TrustedKey::always(
                    PublicKey::parse(&row.key).map_err(|error| corrupt(error.to_string()))?,
                )
            },
        })
    }
}

/// Pins a key for a hub. Pinning it again changes nothing. What peers stated before is looked at once more in their next
/// rounds, since the hub's log was passed over as a stranger's until now.
pub async fn add(
    db: &Database,
    hub: &HubId,
    key: &PublicKey,
    now: OffsetDateTime,
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let text = "INSERT INTO pin (hub, key, first_size, added_at) VALUES ($1, $2, 0, $3) ON CONFLICT DO NOTHING";
    let values = vec![
        hub.as_str().into(),
        key.to_string().into(),
        millis(now).into(),
    ];
    let tx = db.begin().await?;
    if sql::execute(&tx, text, values).await? > 0 {
        trust::look_again(&tx).await?;
    }
    let told = audit::told(by, format!("hub:{hub}"));
    let after = json!({"key": key.to_string()});
    audit::commit(tx, told.map(|told| told.changing(None, after))).await
}

/// Takes back all pins of a hub, and says how many there were.
pub async fn remove(db: &Database, hub: &HubId, by: Option<&Deed>) -> Result<u64, StorageError> {
    let tx = db.begin().await?;
    let text = "DELETE FROM pin WHERE hub = $1";
    let removed = sql::execute(&tx, text, vec![hub.as_str().into()]).await?;
    trust::mark(&tx).await?;
    let told = audit::told(by, format!("hub:{hub}"));
    let before = Some(json!({"pins": removed}));
    let told = told.map(|told| told.changing(before, json!({"pins": 0})));
    audit::commit(tx, told).await?;
    Ok(removed)
}

/// All pins, by hub.
pub async fn list(db: &Database) -> Result<Vec<Pin>, StorageError> {
    let text = "SELECT hub, key, first_size, last_size FROM pin ORDER BY hub, added_at, key";
    let rows: Vec<PinRow> = sql::all(db.reader(), text, vec![]).await?;
    rows.into_iter().map(Pin::try_from).collect()
}
