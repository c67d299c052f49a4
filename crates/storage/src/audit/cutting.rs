//! What goes after a while: addresses, and the oldest events if the operator keeps them for a time only.

use domain::audit::{Action, Actor, Deed};
use sea_orm::FromQueryResult;
use serde_json::json;
use time::OffsetDateTime;

use super::{append, hash, lock_ends};
use crate::logs::millis;
use crate::{Database, StorageError, sql};

/// The most events that one transaction removes.
const AT_ONCE: i64 = 10_000;

#[derive(FromQueryResult)]
struct Last {
    seq: i64,
    hash: Vec<u8>,
}

/// Forgets the addresses of events before a moment, and says of how many. The chain stays whole without them.
pub async fn forget_origins(db: &Database, before: OffsetDateTime) -> Result<u64, StorageError> {
    let text = "DELETE FROM audit_origin WHERE at < $1";
    Ok(sql::execute(db.writer(), text, vec![millis(before).into()]).await?)
}

/// Removes the oldest events, those before a moment, and says how many. The hash of the last of them is kept, so that what
/// follows proves itself as before, and an event tells of it. To be called until nothing is removed.
pub async fn cut(
    db: &Database,
    before: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<u64, StorageError> {
    let tx = db.begin().await?;
    let ends = lock_ends(&tx).await?;
    // The first event that stays ends what goes: a clock that was wrong for a while leaves no hole.
    let text = "SELECT seq, hash FROM audit_event WHERE seq <= $1 AND seq < COALESCE(
            (SELECT MIN(seq) FROM audit_event WHERE at >= $2), $3) ORDER BY seq DESC LIMIT 1";
    let most = sql::signed(ends.cut.sequence) + AT_ONCE;
    let head = sql::signed(ends.head.sequence);
    let values = vec![most.into(), millis(before).into(), head.into()];
    let last: Option<Last> = sql::one(&tx, text, values).await?;
    let Some(last) = last else {
        return Ok(0);
    };
    let cut_hash = hash(&last.hash)?;
    let text = "UPDATE audit_chain SET cut_seq = $1, cut_hash = $2 WHERE id = 1";
    sql::execute(&tx, text, vec![last.seq.into(), last.hash.into()]).await?;
    for table in ["audit_event", "audit_origin"] {
        let text = format!("DELETE FROM {table} WHERE seq <= $1");
        sql::execute(&tx, &text, vec![last.seq.into()]).await?;
    }
    let deed = Deed {
        at: now,
        actor: Actor::Itself,
        token: None,
        action: Action::CutAudit,
        origin: None,
    };
    let up_to = sql::unsigned(last.seq);
    let after = json!({"upTo": up_to, "hash": cut_hash.to_string()});
    append(&tx, &[deed.done("audit").changing(None, after)]).await?;
    tx.commit().await?;
    Ok(up_to - ends.cut.sequence)
}
