//! What this node trusts: the authority's members, the operators' pins, and whom the operator denies.

use std::collections::BTreeSet;

use domain::audit::Deed;
use domain::identity::HubId;
use domain::log::PublicKey;
use domain::trust::{Trust, TrustSources, TrustedKey};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use serde_json::json;
use time::OffsetDateTime;

use crate::logs::{EntryKey, millis};
use crate::{Database, StorageError, audit, members, pins, sql};

/// The trust of this moment.
pub async fn load(db: &Database) -> Result<Trust, StorageError> {
    let authority = authority(db).await?;
    let (members, named, is_word_whole) = match &authority {
        Some(authority) => (
            members::list(db, authority).await?,
            members::names(db, authority).await?,
            is_whole(db, authority).await?,
        ),
        None => (Vec::new(), BTreeSet::new(), true),
    };
    let sources = TrustSources {
        authority,
        named,
        is_word_whole,
        members: members
            .into_iter()
            .map(|member| member.membership)
            .collect(),
        pins: pins::list(db)
            .await?
            .into_iter()
            .map(|pin| (pin.hub, pin.trusted))
            .collect(),
        denied: denials(db).await?.into_iter().collect(),
    };
    Ok(Trust::from_sources(db.network().clone(), sources))
}

/// The same, with this node's own key for its own hub.
pub async fn load_with(db: &Database, own_key: PublicKey) -> Result<Trust, StorageError> {
    let mut trust = load(db).await?;
    trust.add_own(db.hub().clone(), TrustedKey::always(own_key));
    Ok(trust)
}

/// Says whether no public payload of a hub's logs is missing: what is said of members is public.
async fn is_whole(db: &Database, hub: &HubId) -> Result<bool, StorageError> {
    let text = "SELECT COUNT(*) FROM log JOIN hub ON hub.id = log.hub_id
        JOIN missing_payload ON missing_payload.entry >= log.id * $1
            AND missing_payload.entry < (log.id + 1) * $1
        JOIN entry AS held ON held.id = missing_payload.entry
        WHERE slug = $2 AND held.audience = 0";
    let width = EntryKey::range_of(0).end;
    let values = vec![width.into(), hub.as_str().into()];
    Ok(sql::number(db.reader(), text, values).await? == 0)
}

/// The hub whose log says who is a member, if this node follows one.
pub async fn authority(db: &Database) -> Result<Option<HubId>, StorageError> {
    let rows = sql::rows(db.reader(), "SELECT hub FROM authority", vec![]).await?;
    rows.first().map(|row| hub("authority", row)).transpose()
}

/// Follows a hub's word on who is a member, instead of any other's.
pub async fn follow(
    db: &Database,
    authority: &HubId,
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let before = self::authority(db).await?;
    let tx = db.begin().await?;
    let text = "INSERT INTO authority (id, hub) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET hub = excluded.hub";
    sql::execute(&tx, text, vec![authority.as_str().into()]).await?;
    look_again(&tx).await?;
    let told = audit::told(by, format!("hub:{authority}"));
    let was = before.map(|hub| json!({"authority": hub}));
    let now = json!({"authority": authority});
    audit::commit(tx, told.map(|told| told.changing(was, now))).await
}

/// The hubs that the operator denies, by id.
pub async fn denials(db: &Database) -> Result<Vec<HubId>, StorageError> {
    let text = "SELECT hub FROM denial ORDER BY hub";
    let rows = sql::rows(db.reader(), text, vec![]).await?;
    rows.iter().map(|row| hub("denial", row)).collect()
}

/// Takes nothing new of a hub from now on, whoever vouches for it. What is held stays.
pub async fn deny(
    db: &Database,
    hub: &HubId,
    now: OffsetDateTime,
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    let text = "INSERT INTO denial (hub, added_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let values = vec![hub.as_str().into(), millis(now).into()];
    sql::execute(&tx, text, values).await?;
    mark(&tx).await?;
    audit::commit(tx, audit::told(by, format!("hub:{hub}"))).await
}

/// Takes a denial back, and says whether there was one.
pub async fn allow(db: &Database, hub: &HubId, by: Option<&Deed>) -> Result<bool, StorageError> {
    let tx = db.begin().await?;
    let text = "DELETE FROM denial WHERE hub = $1";
    let removed = sql::execute(&tx, text, vec![hub.as_str().into()]).await?;
    look_again(&tx).await?;
    let told = audit::told(by, format!("hub:{hub}"));
    audit::commit(tx, told.filter(|_| removed > 0)).await?;
    Ok(removed > 0)
}

/// Notes that trust changed: what is kept of the logs is settled before the next round (`logs::audience`).
pub(crate) async fn mark(db: &impl ConnectionTrait) -> Result<(), StorageError> {
    let text = "UPDATE store SET trust_mark = trust_mark + 1";
    sql::execute(db, text, vec![]).await?;
    Ok(())
}

/// A number that grows with every change of trust.
pub async fn mark_now(db: &Database) -> Result<i64, StorageError> {
    read_mark(db.reader()).await
}

pub(crate) async fn read_mark(db: &impl ConnectionTrait) -> Result<i64, StorageError> {
    Ok(sql::number(db, "SELECT trust_mark FROM store", vec![]).await?)
}

/// Lets the next round with each peer look at all its heads once more: some that were passed over may now be followed.
pub(crate) async fn look_again(tx: &DatabaseTransaction) -> Result<(), StorageError> {
    mark(tx).await?;
    // The row of `store`, which the mark holds, lets one through at a time; rounds that are noted hold one peer only.
    let text = "UPDATE peer SET heads_token = NULL, trust_mark = trust_mark + 1";
    sql::execute(tx, text, vec![]).await?;
    Ok(())
}

fn hub(table: &'static str, row: &QueryResult) -> Result<HubId, StorageError> {
    let slug: String = row.try_get_by_index(0)?;
    HubId::parse(&slug).map_err(|error| StorageError::corrupt(table, &slug, error))
}
