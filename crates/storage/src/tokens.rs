//! Which tokens of other hubs were used, so that none counts twice.
//!
//! On PostgreSQL several processes may serve one hub. There the database remembers, in a table of which nothing waits for
//! the disk. On SQLite a process remembers alone: a write there would wait for whatever is being written. A restart, or a
//! crash of PostgreSQL, forgets; so tokens that were made before the memory begins are refused.
//!
//! Not here: whether a token counts at all (`domain::token`).

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use domain::log::Hash;
use domain::token::{MOST_IDS, MOST_IDS_PER_HUB, MOST_SKEW_SECONDS, Seen, Token, TokenError};
use sea_orm::{DbBackend, FromQueryResult};
use time::OffsetDateTime;

use crate::{Database, StorageError, sql};

/// How often what is over is forgotten, in seconds.
const SWEEP_SECONDS: i64 = 10;

/// The tokens that were used at this hub.
#[derive(Debug)]
pub struct UsedTokens {
    db: Database,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    /// In this process's memory.
    Here(Mutex<Seen>),
    /// In the database.
    Shared(Sweep),
}

/// When what is over was forgotten last, and whether too much was left.
#[derive(Debug)]
struct Sweep {
    at: AtomicI64,
    is_full: AtomicBool,
}

#[derive(FromQueryResult)]
struct Memory {
    since: Option<i64>,
    count: i64,
    is_used: bool,
}

impl UsedTokens {
    /// Remembers what is used from now on, together with the other processes if there can be any.
    pub fn new(db: &Database, now: OffsetDateTime) -> Self {
        let kept = match db.writer().get_database_backend() {
            DbBackend::Postgres => Kept::Shared(Sweep {
                at: AtomicI64::new(i64::MIN),
                is_full: AtomicBool::new(false),
            }),
            _ => Kept::Here(Mutex::new(Seen::since(now))),
        };
        Self {
            db: db.clone(),
            kept,
        }
    }

    /// Notes a token that was verified. It does not count if it was used before or may have been, and while there is no
    /// room for its hub.
    pub async fn note(
        &self,
        token: &Token,
        now: OffsetDateTime,
    ) -> Result<Result<(), TokenError>, StorageError> {
        match &self.kept {
            Kept::Here(seen) => {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(seen.note(token, now))
            }
            Kept::Shared(sweep) => {
                let now = now.unix_timestamp();
                sweep.run(&self.db, now).await?;
                if sweep.is_full.load(Ordering::Relaxed) {
                    return Ok(Err(TokenError::TooMany(token.issuer.clone())));
                }
                note(&self.db, token, now).await
            }
        }
    }
}

impl Sweep {
    /// Forgets what would be refused as too late by now, if nobody in this process did so lately.
    async fn run(&self, db: &Database, now: i64) -> Result<(), StorageError> {
        let last = self.at.load(Ordering::Relaxed);
        let is_due = last.saturating_sub(now).saturating_abs() >= SWEEP_SECONDS;
        let mine = self
            .at
            .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed);
        if !is_due || mine.is_err() {
            return Ok(());
        }
        let text = "DELETE FROM used_token WHERE hub <> '' AND expires < $1";
        let first_kept = now.saturating_sub(MOST_SKEW_SECONDS);
        sql::execute(db.writer(), text, vec![first_kept.into()]).await?;
        let count = sql::number(db.writer(), "SELECT COUNT(*) FROM used_token", vec![]).await?;
        let is_full = sql::unsigned(count) > MOST_IDS as u64;
        self.is_full.store(is_full, Ordering::Relaxed);
        Ok(())
    }
}

async fn note(
    db: &Database,
    token: &Token,
    now: i64,
) -> Result<Result<(), TokenError>, StorageError> {
    let hub = token.issuer.as_str();
    let id = Hash::of(token.id.as_bytes()).as_bytes().to_vec();
    let insert = format!(
        "INSERT INTO used_token (hub, id, expires)
         SELECT $1, $2, $3 FROM used_token AS memory WHERE memory.hub = '' AND memory.expires <= $4
             AND (SELECT COUNT(*) FROM used_token WHERE hub = $1) < {MOST_IDS_PER_HUB}
         ON CONFLICT DO NOTHING"
    );
    let (of_hub, made) = (hub.into(), token.made.into());
    let values = vec![of_hub, id.clone().into(), token.expires.into(), made];
    if sql::execute(db.writer(), &insert, values).await? == 1 {
        return Ok(Ok(()));
    }
    let text = "SELECT (SELECT expires FROM used_token WHERE hub = '') AS since,
            (SELECT COUNT(*) FROM used_token WHERE hub = $1) AS count,
            EXISTS (SELECT 1 FROM used_token WHERE hub = $1 AND id = $2) AS is_used";
    let memory: Option<Memory> = sql::one(db.writer(), text, vec![hub.into(), id.into()]).await?;
    let Some(memory) = memory else {
        return Ok(Err(TokenError::TooMany(token.issuer.clone())));
    };
    let since = match memory.since {
        Some(since) => since,
        None => begin(db, now).await?,
    };
    let refusal = if memory.is_used {
        TokenError::Replayed
    } else if let Err(error) = token.made_since(since) {
        error
    } else if sql::unsigned(memory.count) < MOST_IDS_PER_HUB as u64 {
        // The memory began only now.
        TokenError::Unremembered(0)
    } else {
        TokenError::TooMany(token.issuer.clone())
    };
    Ok(Err(refusal))
}

/// Begins to remember after a crash of the database.
async fn begin(db: &Database, now: i64) -> Result<i64, StorageError> {
    let text =
        "INSERT INTO used_token (hub, id, expires) VALUES ('', '', $1) ON CONFLICT DO NOTHING";
    sql::execute(db.writer(), text, vec![now.into()]).await?;
    Ok(now)
}
