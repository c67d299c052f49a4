//! Hearing of commits as they happen, over a connection of its own: PostgreSQL's `LISTEN`.
//!
//! A commit notifies with its position, in its own transaction, so nobody hears of what may yet be taken back. What is
//! heard is a reason to look and no more. SQLite has no such thing; there one looks again and again.

use std::time::Duration;

use sea_orm::sqlx::postgres::{PgListener, PgPoolOptions};
use sea_orm::sqlx::{self, Executor as _};
use sea_orm::{DbBackend, DbErr, RuntimeErr};
use tokio::time::timeout;

use super::Database;
use crate::StorageError;

const CHANNEL: &str = "simpul_commit";
/// How long nothing may be heard before the connection is tried; a network may drop it without a word.
const QUIET: Duration = Duration::from_secs(30);
/// The longest that connecting or trying may take.
const MOST_WAITING: Duration = Duration::from_secs(10);

impl Database {
    /// Tells those who watch of every commit as it happens, whichever process made it, until the connection is lost. On
    /// SQLite nothing is heard, and this waits for ever. Beside it, [`Database::refresh`] is to be called now and then.
    pub async fn hear_commits(&self) -> Result<(), StorageError> {
        if self.writer().get_database_backend() != DbBackend::Postgres {
            return std::future::pending().await;
        }
        let mut listener = self.listen().await?;
        // What was committed before there was somebody to hear it.
        self.refresh().await?;
        loop {
            match timeout(QUIET, listener.try_recv()).await {
                Ok(heard) => match heard.map_err(failed)? {
                    Some(told) if self.knows(told.payload()) => {}
                    // Without a notification, the connection was lost and is there again.
                    Some(_) | None => drop(self.refresh().await?),
                },
                Err(_) => try_out(&mut listener).await?,
            }
        }
    }

    async fn listen(&self) -> Result<PgListener, StorageError> {
        let pool = self.writer().get_postgres_connection_pool();
        let options = pool.connect_options().as_ref().clone();
        // A pool only so that the connection can be made again.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(MOST_WAITING)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await.map_err(failed)?;
        listener.ignore_pool_close_event(true);
        listener.listen(CHANNEL).await.map_err(failed)?;
        Ok(listener)
    }

    /// Whether a commit is known already: mostly because this process made it.
    fn knows(&self, position: &str) -> bool {
        let position: Option<u64> = position.parse().ok();
        position.is_some_and(|position| position <= *self.0.position.borrow())
    }
}

async fn try_out(listener: &mut PgListener) -> Result<(), StorageError> {
    let tried = timeout(MOST_WAITING, listener.execute("SELECT 1")).await;
    let gone = |_| failed(sqlx::Error::Protocol("it gives no sign of life".to_owned()));
    tried.map_err(gone)?.map_err(failed)?;
    Ok(())
}

fn failed(error: sqlx::Error) -> StorageError {
    DbErr::Conn(RuntimeErr::SqlxError(error.into())).into()
}
