//! What this hub holds of every log.

use domain::identity::{Epoch, HubId, LogId, NetworkId};
use domain::log::{Accepted, Checkpoint, LogFacts, LogState, TreeEdge, heads_token};
use domain::rules::Rule;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult};

use super::{EntryKey, succession, tiles};
use crate::{Database, StorageError, sql};

/// A log as this hub holds it.
#[derive(Clone, Debug)]
pub struct Head {
    /// The log.
    pub log: LogId,
    /// How many entries are stored.
    pub size: u64,
    /// Bytes of headers and payloads that were stored.
    pub bytes: u64,
    /// The size up to which the log can be proved to others.
    pub proved_size: u64,
    /// The signed checkpoint at that size; nothing before the first proved page.
    pub checkpoint: Option<String>,
    /// The signed checkpoint that vouches for what is held beyond that size; nothing if that is nothing.
    pub tail: Option<String>,
    /// The largest size that a trusted checkpoint was seen to state.
    pub newest_seen: u64,
    /// How many payloads this hub may have and lacks.
    pub missing: u64,
    /// How many entries show nothing because this version cannot read them.
    pub unprojected: u64,
    /// The commit that last changed the log here.
    pub position: u64,
    /// When the newest head was last proved, in Unix milliseconds.
    pub proved_at: Option<i64>,
    /// Since when less is held than was seen, in Unix milliseconds.
    pub behind_since: Option<i64>,
    /// When two histories of the log were found, in Unix milliseconds.
    pub forked_at: Option<i64>,
    /// How far this hub has come with the log.
    pub state: LogState,
    /// Why the log is set aside, if it is.
    pub parked: Option<String>,
    /// How much of it its hub's next log accepts, and which log that is.
    pub accepted: Option<(Accepted, Epoch)>,
}

#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct LogRow {
    pub(crate) id: i64,
    pub(crate) hub_id: i64,
    pub(crate) slug: String,
    pub(crate) epoch: i64,
    pub(crate) size: i64,
    pub(crate) bytes: i64,
    pub(crate) proved_size: i64,
    pub(crate) checkpoint: Option<String>,
    pub(crate) tail: Option<String>,
    pub(crate) newest_seen: i64,
    pub(crate) position: i64,
    pub(crate) proved_at: Option<i64>,
    pub(crate) unproved_since: Option<i64>,
    pub(crate) behind_since: Option<i64>,
    pub(crate) forked_at: Option<i64>,
    pub(crate) parked: Option<String>,
    pub(crate) accepted_size: Option<i64>,
    pub(crate) accepted_root: Option<Vec<u8>>,
    pub(crate) accepted_by: Option<i64>,
    /// The highest rank of an audience of which payloads are kept.
    pub(crate) sight: i32,
}

const LOGS: &str = "SELECT log.id, hub_id, slug, epoch, size, bytes, proved_size, checkpoint, tail, newest_seen, position,
    proved_at, unproved_since, behind_since, forked_at, parked, accepted_size, accepted_root, accepted_by, sight FROM log JOIN hub ON hub.id = log.hub_id";

/// A log with what is counted of it, in the one statement that reads all logs.
struct CountedRow {
    row: LogRow,
    missing: i64,
    unprojected: i64,
}

impl FromQueryResult for CountedRow {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            row: LogRow::from_query_result(result, prefix)?,
            missing: result.try_get(prefix, "missing")?,
            unprojected: result.try_get(prefix, "unprojected")?,
        })
    }
}

fn counted(condition: &str) -> String {
    let count = |table: &str| {
        let width = EntryKey::range_of(0).end;
        format!(
            "(SELECT COUNT(*) FROM {table} WHERE entry >= log.id * {width} AND entry < (log.id + 1) * {width})"
        )
    };
    let counts = format!(
        ", {} AS missing, {} AS unprojected FROM log",
        count("missing_payload"),
        count("unprojected")
    );
    LOGS.replacen(" FROM log", &counts, 1) + condition
}

impl LogRow {
    pub(crate) fn log_id(&self, network: &NetworkId) -> Result<LogId, StorageError> {
        let corrupt = |rule: String| StorageError::corrupt("log", self.id, rule);
        Ok(LogId {
            network: network.clone(),
            hub: HubId::parse(&self.slug).map_err(|error| corrupt(error.to_string()))?,
            epoch: Epoch::new(sql::unsigned(self.epoch))
                .map_err(|error| corrupt(error.to_string()))?,
        })
    }

    pub(crate) fn size(&self) -> u64 {
        sql::unsigned(self.size)
    }

    /// The key of the entry that comes so many places after the log's size.
    pub(super) fn key(&self, place: usize) -> EntryKey {
        EntryKey::new(self.id, self.size() + place as u64)
    }

    /// Whether a later log of the hub said how much of this one counts. The hub writes no more to it: nobody would take it.
    pub(crate) const fn has_successor(&self) -> bool {
        self.accepted_by.is_some()
    }

    /// Why nothing may be added, if so.
    pub(crate) fn closed(&self) -> Option<String> {
        let forked = self
            .forked_at
            .map(|_| "its hub signed two histories, and it is frozen".to_owned());
        forked.or_else(|| self.parked.clone())
    }
}

impl CountedRow {
    fn head(self, db: &Database) -> Result<Head, StorageError> {
        let Self {
            row,
            missing,
            unprojected,
        } = self;
        let facts = LogFacts {
            size: row.size(),
            proved_size: sql::unsigned(row.proved_size),
            newest_seen: sql::unsigned(row.newest_seen),
            missing: sql::unsigned(missing),
            forked: row.forked_at.is_some(),
            parked: row.parked.is_some(),
            unproved: row.unproved_since.is_some(),
        };
        Ok(Head {
            log: row.log_id(db.network())?,
            size: facts.size,
            bytes: sql::unsigned(row.bytes),
            proved_size: facts.proved_size,
            accepted: succession::accepted_of(&row)?,
            checkpoint: row.checkpoint,
            tail: row.tail,
            newest_seen: facts.newest_seen,
            missing: facts.missing,
            unprojected: sql::unsigned(unprojected),
            position: sql::unsigned(row.position),
            proved_at: row.proved_at,
            behind_since: row.behind_since,
            forked_at: row.forked_at,
            state: LogState::of(&facts),
            parked: row.parked,
        })
    }
}

/// All logs with everything known of them, in the order of hub and epoch.
pub async fn list(db: &Database) -> Result<Vec<Head>, StorageError> {
    let text = counted(" ORDER BY slug, epoch");
    let rows: Vec<CountedRow> = sql::all(db.reader(), &text, vec![]).await?;
    rows.into_iter().map(|row| row.head(db)).collect()
}

/// The logs of a hub that are held, by epoch.
pub async fn of_hub(db: &Database, hub: &HubId) -> Result<Vec<LogId>, StorageError> {
    let text =
        "SELECT epoch FROM log JOIN hub ON hub.id = log.hub_id WHERE slug = $1 ORDER BY epoch";
    let rows = sql::rows(db.reader(), text, vec![hub.as_str().into()]).await?;
    let log = |row: &sea_orm::QueryResult| {
        let epoch = Epoch::new(sql::unsigned(row.try_get_by_index(0)?));
        Ok(LogId {
            network: db.network().clone(),
            hub: hub.clone(),
            epoch: epoch.map_err(|error| StorageError::corrupt("log", hub, error))?,
        })
    };
    rows.iter().map(log).collect()
}

/// The log of a hub's highest epoch of which entries are held, else the one of which anything counts.
pub(super) async fn newest_held_of(
    db: &impl ConnectionTrait,
    network: &NetworkId,
    hub: &HubId,
) -> Result<Option<LogId>, StorageError> {
    let text = format!("{LOGS} WHERE slug = $1 AND size > 0 ORDER BY epoch DESC LIMIT 1");
    let row: Option<LogRow> = sql::one(db, &text, vec![hub.as_str().into()]).await?;
    match row {
        Some(row) => row.log_id(network).map(Some),
        None => newest_of(db, network, hub).await,
    }
}

/// The newest log of a hub. One of which nothing is held and nothing more is known, because it was cut whole, comes after
/// all others.
pub(super) async fn newest_of(
    db: &impl ConnectionTrait,
    network: &NetworkId,
    hub: &HubId,
) -> Result<Option<LogId>, StorageError> {
    let text = format!(
        "{LOGS} WHERE slug = $1 ORDER BY CASE WHEN size = 0 AND newest_seen = 0 AND checkpoint IS NULL THEN 1 ELSE 0 END,
         epoch DESC LIMIT 1"
    );
    let row: Option<LogRow> = sql::one(db, &text, vec![hub.as_str().into()]).await?;
    row.map(|row| row.log_id(network)).transpose()
}

/// One log with everything known of it.
pub async fn find(db: &Database, log: &LogId) -> Result<Option<Head>, StorageError> {
    let text = counted(" WHERE slug = $1 AND epoch = $2");
    let values = vec![log.hub.as_str().into(), sql::signed(log.epoch.get()).into()];
    let row: Option<CountedRow> = sql::one(db.reader(), &text, values).await?;
    row.map(|row| row.head(db)).transpose()
}

/// A log's proved head, as it is stated to peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvedHead {
    /// The log.
    pub log: LogId,
    /// The proved size.
    pub size: u64,
    /// The signed checkpoint at that size.
    pub checkpoint: String,
    /// The commit that last changed the log here.
    pub position: u64,
}

/// The proved heads, of some hubs or of all, that changed after a commit, oldest change first, at most `limit`, and whether there
/// are more. What one commit changed comes together, so its number can be a cursor; it may be more than `limit` then.
pub async fn list_proved_after(
    db: &Database,
    position: u64,
    hubs: Option<&[HubId]>,
    limit: u32,
) -> Result<(Vec<ProvedHead>, bool), StorageError> {
    let after = "position > $1";
    let mut heads = proved_where(db, after, position, hubs, limit.saturating_add(1)).await?;
    let Some(next) = heads.get(limit as usize).map(|head| head.position) else {
        return Ok((heads, false));
    };
    heads.retain(|head| head.position < next);
    if !heads.is_empty() {
        return Ok((heads, true));
    }
    let heads = proved_where(db, "position = $1", next, hubs, u32::MAX).await?;
    let more = proved_where(db, after, next, hubs, 1).await?;
    Ok((heads, !more.is_empty()))
}

async fn proved_where(
    db: &Database,
    changed: &str,
    position: u64,
    hubs: Option<&[HubId]>,
    limit: u32,
) -> Result<Vec<ProvedHead>, StorageError> {
    let slugs = hubs.unwrap_or_default().iter();
    let (marks, mut values) = sql::list(3, slugs.map(|hub| hub.as_str().into()).collect());
    let of_hubs = match hubs {
        Some([]) => "AND 1 = 0".to_owned(),
        Some(_) => format!("AND slug IN ({marks})"),
        None => String::new(),
    };
    let text = format!(
        "{LOGS} WHERE {changed} {of_hubs} AND checkpoint IS NOT NULL ORDER BY position, log.id LIMIT $2"
    );
    values.splice(..0, [sql::signed(position).into(), i64::from(limit).into()]);
    proved(db, sql::all(db.reader(), &text, values).await?)
}

/// The proved heads of all logs.
pub async fn list_proved(db: &Database) -> Result<Vec<ProvedHead>, StorageError> {
    let text = format!("{LOGS} WHERE checkpoint IS NOT NULL ORDER BY position, log.id");
    proved(db, sql::all(db.reader(), &text, vec![]).await?)
}

fn proved(db: &Database, rows: Vec<LogRow>) -> Result<Vec<ProvedHead>, StorageError> {
    let head = |row: LogRow| {
        Ok(ProvedHead {
            log: row.log_id(db.network())?,
            size: sql::unsigned(row.proved_size),
            checkpoint: row.checkpoint.unwrap_or_default(),
            position: sql::unsigned(row.position),
        })
    };
    rows.into_iter().map(head).collect()
}

/// The hash over all proved heads: equal tokens mean equal heads.
pub async fn token(db: &Database) -> Result<String, StorageError> {
    let mut checkpoints = Vec::new();
    for head in list_proved(db).await? {
        let parsed = Checkpoint::parse(&head.checkpoint);
        checkpoints.push(parsed.map_err(|error| StorageError::corrupt("log", &head.log, error))?);
    }
    Ok(heads_token(&mut checkpoints).to_string())
}

/// The right edge of a log's tree as it is stored: what the next page must continue. An unknown log is empty.
pub async fn edge(db: &Database, log: &LogId) -> Result<TreeEdge, StorageError> {
    match find_row(db.reader(), log).await? {
        Some(row) => tiles::edge(db.reader(), row.id, row.size()).await,
        None => Ok(TreeEdge::default()),
    }
}

/// The right edge of a log's tree as it was at an earlier size.
pub async fn edge_at(
    db: &Database,
    log: &LogId,
    size: u64,
) -> Result<Option<TreeEdge>, StorageError> {
    match find_row(db.reader(), log).await? {
        Some(row) if size <= row.size() => Ok(Some(tiles::edge(db.reader(), row.id, size).await?)),
        _ => Ok(None),
    }
}

/// The number of PostgreSQL's lock for hubs that are new: who begins one holds it with others, who locks all logs alone.
const NEWCOMERS: i64 = 7_391_184_026;

async fn is_new(db: &impl ConnectionTrait, hub: &HubId) -> Result<bool, StorageError> {
    let text = "SELECT COUNT(*) FROM hub WHERE slug = $1";
    Ok(sql::number(db, text, vec![hub.as_str().into()]).await? == 0)
}

/// The rows of all logs, in the order in which they were begun, held until the transaction ends: no log grows meanwhile.
pub(super) async fn lock_rows(db: &impl ConnectionTrait) -> Result<Vec<LogRow>, StorageError> {
    if is_postgres(db) {
        // A hub that is new meanwhile would show something that this transaction does not hold.
        let newcomers = "SELECT pg_advisory_xact_lock($1)";
        sql::rows(db, newcomers, vec![NEWCOMERS.into()]).await?;
        let hubs = "SELECT id FROM hub ORDER BY id FOR NO KEY UPDATE";
        sql::rows(db, hubs, vec![]).await?;
    }
    let text = format!("{LOGS} ORDER BY log.id{}", row_lock(db));
    Ok(sql::all(db, &text, vec![]).await?)
}

fn is_postgres(db: &impl ConnectionTrait) -> bool {
    db.get_database_backend() == sea_orm::DbBackend::Postgres
}

/// What makes a `SELECT` hold the logs it finds, and before them their hubs, as the order of locks wants it
/// (`crate::database`). On SQLite the transaction holds everything already.
fn row_lock(db: &impl ConnectionTrait) -> &'static str {
    if is_postgres(db) {
        " FOR NO KEY UPDATE OF hub, log"
    } else {
        ""
    }
}

pub(crate) async fn find_row(
    db: &impl ConnectionTrait,
    log: &LogId,
) -> Result<Option<LogRow>, StorageError> {
    let text = format!("{LOGS} WHERE slug = $1 AND epoch = $2");
    let values = vec![log.hub.as_str().into(), sql::signed(log.epoch.get()).into()];
    Ok(sql::one(db, &text, values).await?)
}

/// The ids of all logs of a hub, in the order of epochs.
pub(super) async fn ids_of_hub(
    db: &impl ConnectionTrait,
    hub_id: i64,
) -> Result<Vec<i64>, StorageError> {
    let text = "SELECT id FROM log WHERE hub_id = $1 ORDER BY epoch";
    let rows = sql::rows(db, text, vec![hub_id.into()]).await?;
    let ids = rows.iter().map(|row| row.try_get_by_index(0));
    Ok(ids.collect::<Result<_, _>>()?)
}

/// The epochs of all logs of a hub, in order.
pub(super) async fn epochs_of_hub(
    db: &impl ConnectionTrait,
    hub_id: i64,
) -> Result<Vec<Epoch>, StorageError> {
    let text = "SELECT epoch FROM log WHERE hub_id = $1 ORDER BY epoch";
    epochs(&sql::rows(db, text, vec![hub_id.into()]).await?)
}

/// The logs of this hub before one of which two histories are out, and of which no later log says how much counts: it had been
/// put back to a time before the later ones.
pub(super) async fn contested_of_hub(
    db: &impl ConnectionTrait,
    hub_id: i64,
    before: Epoch,
) -> Result<Vec<Epoch>, StorageError> {
    if !Rule::EarlierSettled.holds() {
        return Ok(Vec::new());
    }
    let text = "SELECT epoch FROM log WHERE hub_id = $1 AND epoch < $2 AND size > 0 AND accepted_size IS NULL
        AND (EXISTS (SELECT 1 FROM branch WHERE branch.log_id = log.id)
            OR EXISTS (SELECT 1 FROM set_aside WHERE set_aside.log_id = log.id AND reason <> 'doubtful')) ORDER BY epoch";
    let values = vec![hub_id.into(), sql::signed(before.get()).into()];
    epochs(&sql::rows(db, text, values).await?)
}

fn epochs(rows: &[QueryResult]) -> Result<Vec<Epoch>, StorageError> {
    let epoch = |row: &QueryResult| {
        let stored: i64 = row.try_get_by_index(0)?;
        let epoch = Epoch::new(sql::unsigned(stored));
        epoch.map_err(|error| StorageError::corrupt("log", stored, error))
    };
    rows.iter().map(epoch).collect()
}

pub(super) async fn find_by_id(
    db: &impl ConnectionTrait,
    id: i64,
) -> Result<Option<LogRow>, StorageError> {
    let text = format!("{LOGS} WHERE log.id = $1");
    Ok(sql::one(db, &text, vec![id.into()]).await?)
}

/// The same, holding the row until the transaction ends, so that commit order is log order.
pub(super) async fn lock_row(
    db: &impl ConnectionTrait,
    log: &LogId,
) -> Result<Option<LogRow>, StorageError> {
    let text = format!("{LOGS} WHERE slug = $1 AND epoch = $2{}", row_lock(db));
    let values = vec![log.hub.as_str().into(), sql::signed(log.epoch.get()).into()];
    Ok(sql::one(db, &text, values).await?)
}

/// The same, by the row's id.
pub(super) async fn lock_row_of(
    db: &impl ConnectionTrait,
    log_id: i64,
) -> Result<Option<LogRow>, StorageError> {
    let text = format!("{LOGS} WHERE log.id = $1{}", row_lock(db));
    Ok(sql::one(db, &text, vec![log_id.into()]).await?)
}

/// Makes a log's row if there is none, and gives it locked.
pub(super) async fn open_row(
    db: &impl ConnectionTrait,
    log: &LogId,
) -> Result<LogRow, StorageError> {
    if let Some(row) = lock_row(db, log).await? {
        return Ok(row);
    }
    if is_postgres(db) && is_new(db, &log.hub).await? {
        let newcomers = "SELECT pg_advisory_xact_lock_shared($1)";
        sql::rows(db, newcomers, vec![NEWCOMERS.into()]).await?;
    }
    let hub = "INSERT INTO hub (slug) VALUES ($1) ON CONFLICT DO NOTHING";
    sql::execute(db, hub, vec![log.hub.as_str().into()]).await?;
    if is_postgres(db) {
        // Before the log's row: whoever makes the same log holds the hub.
        let hub = "SELECT id FROM hub WHERE slug = $1 FOR NO KEY UPDATE";
        sql::rows(db, hub, vec![log.hub.as_str().into()]).await?;
    }
    let insert = "INSERT INTO log (hub_id, epoch, size, bytes, proved_size, newest_seen, position)
        SELECT id, $2, 0, 0, 0, 0, 0 FROM hub WHERE slug = $1 ON CONFLICT DO NOTHING";
    let values = vec![log.hub.as_str().into(), sql::signed(log.epoch.get()).into()];
    sql::execute(db, insert, values).await?;
    let row = lock_row(db, log).await?;
    row.ok_or_else(|| StorageError::corrupt("log", log, "the row is missing"))
}
