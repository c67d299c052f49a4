//! The hubs that this hub pulls, and how it went.

use domain::audit::Deed;
use domain::identity::{Epoch, HubId, LogId};
use domain::standing::without_user_info;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, FromQueryResult};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::leases::{self, Lease};
use crate::logs::millis;
use crate::{Database, StorageError, audit, sql, trust};

/// A hub that this hub pulls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The peer's row.
    pub id: i64,
    /// Where it answers, without a path.
    pub url: String,
    /// The hub that it is.
    pub hub: HubId,
    /// Its store when it was last asked; its cursor counts only for that store.
    pub store: Option<Uuid>,
    /// How far its changes were read, in its own words.
    pub cursor: Option<String>,
    /// Its heads token when the last round found nothing left to do.
    pub heads_token: Option<String>,
    /// How often trust widened since it was added.
    pub trust_mark: i64,
    /// How the rounds with it went.
    pub record: Record,
}

/// How the rounds with a peer went.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Record {
    /// When the last round began, in Unix milliseconds.
    pub last_round_at: Option<i64>,
    /// When a round last went through, in Unix milliseconds.
    pub last_success_at: Option<i64>,
    /// When it last said all that it holds of this hub's own logs, and that was dealt with, in Unix milliseconds. What it
    /// gave of others may have failed.
    pub last_answer_at: Option<i64>,
    /// Rounds that failed since then.
    pub failures: u64,
    /// Times it gave something that does not verify.
    pub strikes: u64,
    /// Why it is set aside, if it is.
    pub parked: Option<String>,
    /// What went wrong in the last round that failed.
    pub last_error: Option<String>,
    /// Rounds so far.
    pub rounds: u64,
    /// Entries stored from it.
    pub entries: u64,
    /// Bytes received from it, as they crossed the wire.
    pub bytes_received: u64,
}

#[derive(FromQueryResult)]
struct PeerRow {
    id: i64,
    url: String,
    hub: String,
    store: Option<Uuid>,
    cursor: Option<String>,
    heads_token: Option<String>,
    trust_mark: i64,
    last_round_at: Option<i64>,
    last_success_at: Option<i64>,
    last_answer_at: Option<i64>,
    failures: i64,
    strikes: i64,
    parked: Option<String>,
    last_error: Option<String>,
    rounds: i64,
    entries: i64,
    bytes_received: i64,
}

impl TryFrom<PeerRow> for Peer {
    type Error = StorageError;

    fn try_from(row: PeerRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: row.id,
            url: row.url,
            hub: HubId::parse(&row.hub)
                .map_err(|error| StorageError::corrupt("peer", row.id, error))?,
            store: row.store,
            cursor: row.cursor,
            heads_token: row.heads_token,
            trust_mark: row.trust_mark,
            record: Record {
                last_round_at: row.last_round_at,
                last_success_at: row.last_success_at,
                last_answer_at: row.last_answer_at,
                failures: sql::unsigned(row.failures),
                strikes: sql::unsigned(row.strikes),
                parked: row.parked,
                last_error: row.last_error,
                rounds: sql::unsigned(row.rounds),
                entries: sql::unsigned(row.entries),
                bytes_received: sql::unsigned(row.bytes_received),
            },
        })
    }
}

const PEERS: &str = "SELECT id, url, hub, store, cursor, heads_token, trust_mark, last_round_at, last_success_at, last_answer_at,
    failures, strikes, parked, last_error, rounds, entries, bytes_received FROM peer";

/// Adds a peer; a peer with this URL is kept as it is, now standing for this hub.
pub async fn add(
    db: &Database,
    url: &str,
    hub: &HubId,
    now: OffsetDateTime,
    by: Option<&Deed>,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    let text = "INSERT INTO peer (url, hub, added_at, failures, strikes, rounds, entries, bytes_received)
        VALUES ($1, $2, $3, 0, 0, 0, 0, 0) ON CONFLICT (url) DO UPDATE SET hub = excluded.hub, parked = NULL";
    let values = vec![url.into(), hub.as_str().into(), millis(now).into()];
    sql::execute(&tx, text, values).await?;
    let told = audit::told(by, format!("hub:{hub}"));
    let after = json!({"url": without_user_info(url)});
    audit::commit(tx, told.map(|told| told.changing(None, after))).await
}

/// Removes the peers that have this URL or are this hub, and says how many there were.
pub async fn remove(
    db: &Database,
    url_or_hub: &str,
    by: Option<&Deed>,
) -> Result<u64, StorageError> {
    let tx = db.begin().await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        // Rounds that are noted lock a peer before its heads.
        let text = "SELECT id FROM peer WHERE url = $1 OR hub = $1 ORDER BY id FOR UPDATE";
        sql::rows(&tx, text, vec![url_or_hub.into()]).await?;
    }
    let text =
        "DELETE FROM peer_head WHERE peer IN (SELECT id FROM peer WHERE url = $1 OR hub = $1)";
    sql::execute(&tx, text, vec![url_or_hub.into()]).await?;
    let text = "DELETE FROM peer WHERE url = $1 OR hub = $1";
    let removed = sql::execute(&tx, text, vec![url_or_hub.into()]).await?;
    let told = audit::told(by, format!("peer:{}", without_user_info(url_or_hub)));
    let before = Some(json!({"peers": removed}));
    let told = told.map(|told| told.changing(before, json!({"peers": 0})));
    audit::commit(tx, told.filter(|_| removed > 0)).await?;
    Ok(removed)
}

/// All peers, in the order in which they were added.
pub async fn list(db: &Database) -> Result<Vec<Peer>, StorageError> {
    let rows: Vec<PeerRow> = sql::all(db.reader(), &format!("{PEERS} ORDER BY id"), vec![]).await?;
    rows.into_iter().map(Peer::try_from).collect()
}

/// One peer, as it stands now.
pub async fn find(db: &Database, id: i64) -> Result<Option<Peer>, StorageError> {
    let row: Option<PeerRow> = sql::one(
        db.reader(),
        &format!("{PEERS} WHERE id = $1"),
        vec![id.into()],
    )
    .await?;
    row.map(Peer::try_from).transpose()
}

/// What a round came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoundResult {
    /// The peer's store.
    pub store: Option<Uuid>,
    /// How far its changes were read, if the round came that far.
    pub cursor: Option<String>,
    /// Its heads token, if the round found nothing left to do.
    pub heads_token: Option<String>,
    /// The mark of the trust with which the round began. The token is kept only if trust has not widened since.
    pub trust_mark: i64,
    /// Times it gave something that does not verify.
    pub strikes: u64,
    /// Whether it said all that it holds of this hub's own logs, and that was dealt with.
    pub has_answered: bool,
    /// Why it is to be set aside, if so.
    pub parked: Option<String>,
    /// What went wrong, if something did.
    pub error: Option<String>,
    /// Entries stored.
    pub entries: u64,
    /// Bytes received.
    pub bytes_received: u64,
}

/// Notes how a round went. A round that failed leaves the cursor where it was. A round under a lease that another process
/// took over is not noted: its cursor may lie before the one that is noted by now.
pub async fn note_round(
    db: &Database,
    id: i64,
    lease: Option<&Lease>,
    result: &RoundResult,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    if let Some(lease) = lease {
        leases::keep(&tx, lease).await?;
    }
    let text = "UPDATE peer SET last_round_at = $1, rounds = rounds + 1, entries = entries + $2,
        bytes_received = bytes_received + $3, strikes = strikes + $4, parked = $5,
        last_answer_at = COALESCE($6, last_answer_at) WHERE id = $7";
    let values = vec![
        millis(now).into(),
        sql::signed(result.entries).into(),
        sql::signed(result.bytes_received).into(),
        sql::signed(result.strikes).into(),
        result.parked.clone().into(),
        result.has_answered.then(|| millis(now)).into(),
        id.into(),
    ];
    sql::execute(&tx, text, values).await?;
    match &result.error {
        Some(error) => note_failure(&tx, id, error).await?,
        None => note_success(&tx, id, result, now).await?,
    }
    Ok(tx.commit().await?)
}

async fn note_failure(tx: &DatabaseTransaction, id: i64, error: &str) -> Result<(), StorageError> {
    let text = "UPDATE peer SET failures = failures + 1, last_error = $1, heads_token = NULL WHERE id = $2";
    let error: String = error.chars().take(500).collect();
    sql::execute(tx, text, vec![error.into(), id.into()]).await?;
    Ok(())
}

async fn note_success(
    tx: &DatabaseTransaction,
    id: i64,
    result: &RoundResult,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let text = "UPDATE peer SET failures = 0, last_error = NULL, last_success_at = $1, store = $2, cursor = $3,
        heads_token = CASE WHEN trust_mark = $4 THEN $5 END WHERE id = $6";
    let values = vec![
        millis(now).into(),
        result.store.into(),
        result.cursor.clone().into(),
        result.trust_mark.into(),
        result.heads_token.clone().into(),
        id.into(),
    ];
    sql::execute(tx, text, values).await?;
    Ok(())
}

/// A log that a peer offered and for which no key is trusted.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Stranger {
    /// The hub that the log claims to be of.
    pub hub: String,
    /// Which of its logs.
    pub epoch: i64,
    /// The peer that offered it.
    pub peer: String,
    /// The size that was offered.
    pub size: i64,
}

/// Notes a log for which no key is trusted. It is listed, not stored.
pub async fn note_stranger(
    db: &Database,
    log: &LogId,
    size: u64,
    peer: &HubId,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let text = "INSERT INTO stranger (hub, epoch, peer, size, seen_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (hub, epoch, peer) DO UPDATE SET size = excluded.size, seen_at = excluded.seen_at";
    let values = vec![
        log.hub.as_str().into(),
        sql::signed(log.epoch.get()).into(),
        peer.as_str().into(),
        sql::signed(size).into(),
        millis(now).into(),
    ];
    sql::execute(db.writer(), text, values).await?;
    Ok(())
}

/// The logs for which no key is trusted, without those for which one is by now.
pub async fn list_strangers(db: &Database) -> Result<Vec<Stranger>, StorageError> {
    let text = "SELECT hub, epoch, peer, size FROM stranger ORDER BY hub, epoch, peer LIMIT 1000";
    let mut strangers: Vec<Stranger> = sql::all(db.reader(), text, vec![]).await?;
    let trust = trust::load(db).await?;
    strangers.retain(|stranger| {
        let hub = HubId::parse(&stranger.hub);
        let keys = hub.as_ref().map_or(&[][..], |hub| trust.keys(hub));
        let epoch = Epoch::new(sql::unsigned(stranger.epoch));
        let size = sql::unsigned(stranger.size);
        !epoch.is_ok_and(|epoch| keys.iter().any(|key| key.counts_at(epoch, size)))
    });
    Ok(strangers)
}
