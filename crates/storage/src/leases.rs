//! Who of several processes on one database does what.
//!
//! A lease has a name, a holder, a time at which it lapses, and a *fence*: a number that grows whenever the holder
//! changes. Times are the database's own, so clocks of several machines need not agree. Every change is one statement.
//!
//! A holder that was paused may write after another took over. Where that would do harm, its [`Lease`] goes with the
//! write, and a write under a lease that was lost is refused: so `peers::note_round`. Pages need none: what is stored was
//! proved, whoever fetched it, and only where the log still is what the page continues.
//!
//! Not here: who takes and gives what (`domain::lease`), and when (`node::tasks`).

use domain::lease::{LASTS, Seat};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

use crate::{Database, StorageError, sql};

/// What a lease is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// Being counted among the processes that share the work.
    Process(Uuid),
    /// Pulling a peer, by its row.
    Pull(i64),
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Process(process) => write!(f, "process/{process}"),
            Self::Pull(peer) => write!(f, "pull/{peer}"),
        }
    }
}

impl Name {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once('/')? {
            ("process", process) => process.parse().ok().map(Self::Process),
            ("pull", peer) => peer.parse().ok().map(Self::Pull),
            _ => None,
        }
    }
}

/// A lease that a process took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: Name,
    /// The process that took it.
    pub holder: Uuid,
    /// Its number when it was taken.
    pub fence: i64,
}

/// A lease as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it is for.
    pub name: Name,
    /// The process that holds it; nothing if it was given back or has lapsed.
    pub holder: Option<Uuid>,
    /// The process that asked for it.
    pub asker: Option<Uuid>,
    /// Its number.
    pub fence: i64,
}

impl Standing {
    /// The lease, if a process holds it.
    pub fn lease(&self) -> Option<Lease> {
        self.holder.map(|holder| Lease {
            name: self.name,
            holder,
            fence: self.fence,
        })
    }
}

#[derive(FromQueryResult)]
struct LeaseRow {
    name: String,
    holder: Option<Uuid>,
    asker: Option<Uuid>,
    fence: i64,
}

/// The most leases in one statement.
const SOME: usize = 256;

/// The database's time in Unix milliseconds. SQLite's is the machine's.
fn now(db: &impl ConnectionTrait) -> &'static str {
    match db.get_database_backend() {
        DbBackend::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        _ => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    }
}

/// When a lease lapses that is taken or renewed now.
fn lapse(db: &impl ConnectionTrait) -> String {
    format!("{} + {}", now(db), LASTS.as_millis())
}

/// Whether somebody holds a lease. One that would last longer than any does is of a clock that was put back.
fn held(db: &impl ConnectionTrait) -> String {
    let (now, lasts) = (now(db), LASTS.as_millis());
    format!(
        "(lease.holder IS NOT NULL AND lease.lapses_at > {now} AND lease.lapses_at < {now} + 2 * {lasts})"
    )
}

/// Takes those of the leases that nobody else holds, and gives them.
pub async fn take(
    db: &Database,
    process: Uuid,
    names: &[Name],
) -> Result<Vec<Lease>, StorageError> {
    let db = db.writer();
    let mut taken = Vec::new();
    let mut names = names.to_vec();
    // In one order, so that two processes do not wait for each other.
    names.sort_unstable_by_key(Name::to_string);
    for some in names.chunks(SOME) {
        let rows: Vec<String> = (2..2 + some.len())
            .map(|n| format!("(${n}, $1, 1, {})", lapse(db)))
            .collect();
        let text = format!(
            "INSERT INTO lease (name, holder, fence, lapses_at) VALUES {}
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, asker = NULL, fence = lease.fence + 1,
                 lapses_at = excluded.lapses_at
             WHERE lease.holder = excluded.holder OR NOT {}
             RETURNING name, holder, asker, fence",
            rows.join(", "),
            held(db)
        );
        let mut values = vec![process.into()];
        values.extend(some.iter().map(|name| name.to_string().into()));
        let rows: Vec<LeaseRow> = sql::all(db, &text, values).await?;
        taken.extend(standings(rows).iter().filter_map(Standing::lease));
    }
    Ok(taken)
}

/// Counts a process among those that share the work, and forgets those that are gone, and peers that are.
pub async fn join(db: &Database, process: Uuid) -> Result<(), StorageError> {
    let gone = format!(
        "NOT {} AND (name LIKE 'process/%' OR name LIKE 'pull/%'
            AND NOT EXISTS (SELECT 1 FROM peer WHERE lease.name = 'pull/' || CAST(peer.id AS TEXT)))",
        held(db.writer())
    );
    let gone = format!("DELETE FROM lease WHERE {}", in_order(db, &gone));
    sql::execute(db.writer(), &gone, vec![]).await?;
    take(db, process, &[Name::Process(process)]).await?;
    Ok(())
}

/// Renews all that a process holds. What nobody took meanwhile is its own again, though it had lapsed.
pub async fn renew(db: &Database, process: Uuid) -> Result<(), StorageError> {
    let lapse = lapse(db.writer());
    let which = in_order(db, "holder = $1");
    let text = format!("UPDATE lease SET lapses_at = {lapse} WHERE {which}");
    sql::execute(db.writer(), &text, vec![process.into()]).await?;
    Ok(())
}

/// Gives leases to the process that asked for each, or to nobody.
pub async fn give(db: &Database, process: Uuid, names: &[Name]) -> Result<(), StorageError> {
    for some in names.chunks(SOME) {
        let (marks, values) = sql::list(2, some.iter().map(|n| n.to_string().into()).collect());
        let which = in_order(db, &format!("holder = $1 AND name IN ({marks})"));
        let text = format!("{} WHERE {which}", giving(db));
        let values = std::iter::once(process.into()).chain(values).collect();
        sql::execute(db.writer(), &text, values).await?;
    }
    Ok(())
}

/// Gives everything that a process holds, and counts it no more.
pub async fn leave(db: &Database, process: Uuid) -> Result<(), StorageError> {
    let text = format!("{} WHERE {}", giving(db), in_order(db, "holder = $1"));
    sql::execute(db.writer(), &text, vec![process.into()]).await?;
    Ok(())
}

/// A condition for several leases that are to be changed. PostgreSQL locks them by name, and looks again at each that it
/// waited for, so that two processes do not wait for each other.
fn in_order(db: &Database, condition: &str) -> String {
    match db.writer().get_database_backend() {
        DbBackend::Postgres => format!(
            "name IN (SELECT name FROM lease WHERE {condition} ORDER BY name COLLATE \"C\" FOR UPDATE)"
        ),
        _ => condition.to_owned(),
    }
}

fn giving(db: &Database) -> String {
    let lapse = lapse(db.writer());
    format!("UPDATE lease SET holder = asker, asker = NULL, fence = fence + 1, lapses_at = {lapse}")
}

/// Asks the holder of a lease to give it to this process.
pub async fn ask(db: &Database, process: Uuid, name: Name) -> Result<(), StorageError> {
    let text = "UPDATE lease SET asker = $1 WHERE name = $2";
    let values = vec![process.into(), name.to_string().into()];
    sql::execute(db.writer(), text, values).await?;
    Ok(())
}

/// All leases as they stand, by name.
pub async fn list(db: &Database) -> Result<Vec<Standing>, StorageError> {
    let db = db.reader();
    let text = format!(
        "SELECT name, CASE WHEN {} THEN holder END AS holder, asker, fence FROM lease ORDER BY name",
        held(db)
    );
    let rows: Vec<LeaseRow> = sql::all(db, &text, vec![]).await?;
    Ok(standings(rows))
}

fn standings(rows: Vec<LeaseRow>) -> Vec<Standing> {
    let standing = |row: LeaseRow| {
        // A lease of another kind is of a newer version.
        Some(Standing {
            name: Name::parse(&row.name)?,
            holder: row.holder,
            asker: row.asker,
            fence: row.fence,
        })
    };
    rows.into_iter().filter_map(standing).collect()
}

/// Who pulls these peers, and how many processes share them.
pub fn seats(peers: &[i64], standings: &[Standing]) -> (Vec<Seat>, usize) {
    let seat = |peer: &i64| {
        let mut found = standings.iter().filter(|s| s.name == Name::Pull(*peer));
        let standing = found.next();
        Seat {
            peer: *peer,
            holder: standing.and_then(|standing| standing.holder),
            asker: standing.and_then(|standing| standing.asker),
        }
    };
    let is_process = |standing: &&Standing| {
        matches!(standing.name, Name::Process(_)) && standing.holder.is_some()
    };
    (
        peers.iter().map(seat).collect(),
        standings.iter().filter(is_process).count(),
    )
}

/// Refuses unless the lease is still held, and keeps it from being taken until the transaction ends. One that lapsed and
/// was taken by nobody is held.
pub(crate) async fn keep(tx: &impl ConnectionTrait, lease: &Lease) -> Result<(), StorageError> {
    let lock = match tx.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    };
    let text =
        format!("SELECT fence FROM lease WHERE name = $1 AND holder = $2 AND fence = $3{lock}");
    let values = vec![
        lease.name.to_string().into(),
        lease.holder.into(),
        lease.fence.into(),
    ];
    if sql::rows(tx, &text, values).await?.is_empty() {
        return Err(StorageError::LeaseLost { name: lease.name });
    }
    Ok(())
}
