//! What was done at this hub, as one chain of events that is only ever appended to.
//!
//! - [`append`] adds to it in the transaction of the change of which an event tells; [`commit`] is both at once.
//! - [`list`] is for operators; [`pages`] and [`verify`] go through all of it.
//! - [`Refusals`] gathers what was refused and has no transaction, and writes it now and then.
//! - [`cut`] removes the oldest events, [`forget_origins`] addresses, both after the time that the operator set.
//!
//! The row of `audit_chain` is locked from an event until its transaction ends, and nothing is locked after it, so that the chain
//! never forks, whoever writes. The databases refuse to change or remove events; whoever goes around that is found by [`verify`].
//! Not here: what an event is and how it is linked (`domain::audit`).

mod cutting;
mod reading;
mod refusals;

use domain::audit::{Chain, Deed, Origin, Told};
use domain::catalog::Vocabulary as _;
use domain::log::Hash;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult, Value};

use crate::bulk::Insert;
use crate::database::Owner;
use crate::logs::millis;
use crate::{Database, StorageError, sql};

pub use cutting::{cut, forget_origins};
pub use reading::{Filter, Listed, Verified, Whole, list, pages, verify};
pub use refusals::Refusals;

const EVENTS: Insert<8> = Insert {
    table: "audit_event",
    columns: [
        "seq", "at", "actor", "action", "outcome", "object", "text", "hash",
    ],
    conflict: "",
};
const ORIGINS: Insert<4> = Insert {
    table: "audit_origin",
    columns: ["seq", "salt", "address", "at"],
    // One is there already only if somebody removed events by hand, which must not stop others.
    conflict: "ON CONFLICT (seq) DO UPDATE SET salt = excluded.salt, address = excluded.address, at = excluded.at",
};

/// The chain's row: where it ends, and up to where its beginning was cut off.
#[derive(FromQueryResult)]
struct ChainRow {
    seq: i64,
    hash: Vec<u8>,
    cut_seq: i64,
    cut_hash: Vec<u8>,
}

/// Where a chain begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The last event that was cut off, or the beginning of all.
    pub cut: Chain,
    /// The last event.
    pub head: Chain,
}

fn hash(raw: &[u8]) -> Result<Hash, StorageError> {
    let bytes: [u8; Hash::LEN] = raw
        .try_into()
        .map_err(|_| StorageError::corrupt("audit_chain", 1, "a hash has 32 bytes"))?;
    Ok(bytes.into())
}

impl TryFrom<ChainRow> for Ends {
    type Error = StorageError;

    fn try_from(row: ChainRow) -> Result<Self, StorageError> {
        let end = |seq, raw: &[u8]| {
            let (sequence, hash) = (sql::unsigned(seq), hash(raw)?);
            Ok::<_, StorageError>(Chain { sequence, hash })
        };
        Ok(Self {
            cut: end(row.cut_seq, &row.cut_hash)?,
            head: end(row.seq, &row.hash)?,
        })
    }
}

/// Makes the chain of a new database.
pub(crate) async fn begin(db: &impl ConnectionTrait, owner: &Owner) -> Result<(), StorageError> {
    let empty = Chain::empty(&owner.network, &owner.hub);
    let hash = empty.hash.as_bytes().to_vec();
    let text = "INSERT INTO audit_chain (id, seq, hash, cut_seq, cut_hash) VALUES (1, 0, $1, 0, $2) ON CONFLICT DO NOTHING";
    sql::execute(db, text, vec![hash.clone().into(), hash.into()]).await?;
    Ok(())
}

/// Where the chain begins and ends at this moment.
pub async fn ends(db: &Database) -> Result<Ends, StorageError> {
    read_ends(db.reader(), "").await
}

async fn read_ends(db: &impl ConnectionTrait, lock: &str) -> Result<Ends, StorageError> {
    let text = format!("SELECT seq, hash, cut_seq, cut_hash FROM audit_chain WHERE id = 1{lock}");
    let row: Option<ChainRow> = sql::one(db, &text, vec![]).await?;
    let row = row.ok_or_else(|| StorageError::corrupt("audit_chain", 1, "the row is missing"))?;
    row.try_into()
}

/// The same, so that nobody else appends before the transaction ends.
async fn lock_ends(tx: &DatabaseTransaction) -> Result<Ends, StorageError> {
    let lock = match tx.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    };
    read_ends(tx, lock).await
}

/// Appends events. Nothing may be locked after this in the transaction (`crate::database`, the order of locks).
pub async fn append(tx: &DatabaseTransaction, told: &[Told]) -> Result<(), StorageError> {
    if told.is_empty() {
        return Ok(());
    }
    let mut chain = lock_ends(tx).await?.head;
    let (mut events, mut origins) = (Vec::new(), Vec::new());
    for told in told {
        let text = told.text(chain.sequence + 1);
        chain = chain.with(&text);
        events.push(event(chain, told, text));
        origins.extend(told.deed.origin.as_ref().map(|it| origin(chain, told, it)));
    }
    EVENTS.all(tx, events).await?;
    ORIGINS.all(tx, origins).await?;
    let text = "UPDATE audit_chain SET seq = $1, hash = $2 WHERE id = 1";
    let hash = chain.hash.as_bytes().to_vec();
    sql::execute(
        tx,
        text,
        vec![sql::signed(chain.sequence).into(), hash.into()],
    )
    .await?;
    Ok(())
}

fn event(chain: Chain, told: &Told, text: String) -> [Value; 8] {
    [
        sql::signed(chain.sequence).into(),
        millis(told.deed.at).into(),
        told.deed.actor.to_string().into(),
        told.deed.action.code().into(),
        told.outcome.code().into(),
        told.object.clone().unwrap_or_default().into(),
        text.into_bytes().into(),
        chain.hash.as_bytes().to_vec().into(),
    ]
}

fn origin(chain: Chain, told: &Told, origin: &Origin) -> [Value; 4] {
    [
        sql::signed(chain.sequence).into(),
        origin.salt.to_vec().into(),
        origin.address.as_str().into(),
        millis(told.deed.at).into(),
    ]
}

/// Appends an event if there is one, and commits.
pub(crate) async fn commit(
    tx: DatabaseTransaction,
    told: Option<Told>,
) -> Result<(), StorageError> {
    append(&tx, told.as_slice()).await?;
    Ok(tx.commit().await?)
}

/// Appends an event of a change that is kept elsewhere, such as a file.
pub async fn note(db: &Database, told: Told) -> Result<(), StorageError> {
    commit(db.begin().await?, Some(told)).await
}

/// What is told of a deed, if there is one.
pub(crate) fn told(by: Option<&Deed>, object: impl Into<String>) -> Option<Told> {
    by.map(|deed| deed.done(object))
}
