//! The connections that only read.
//!
//! sqlx tests a connection whenever it goes back to its pool: one more exchange with SQLite's thread or with the
//! PostgreSQL server for each statement, and for short ones that doubles the cost. So these connections are taken out of
//! sqlx's pool once and stay out while they work. One that fails, or whose reading is given up half-way, goes back to
//! sqlx, which tests it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, AssertSqlSafe, Pool, Postgres, Sqlite};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement,
};
use sea_orm_migration::prelude::async_trait;
use sea_query_sqlx::SqlxValues;
use tokio::sync::{Semaphore, SemaphorePermit};

/// What makes SQLite give back the pages that it keeps for a connection.
pub(super) const SHRINK: &str = "PRAGMA shrink_memory";

/// Connections for reading. Whoever reads through them cannot write.
#[derive(Debug)]
pub(crate) struct Readers {
    kept: Kept,
    statements: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Kept {
    Sqlite(Connections<Sqlite>),
    Postgres(Connections<Postgres>),
}

#[derive(Debug)]
struct Connections<DB: sqlx::Database> {
    pool: Pool<DB>,
    idle: Mutex<Vec<PoolConnection<DB>>>,
    free: Semaphore,
}

impl Readers {
    /// Takes over the pool of a connection, all of it, and counts every statement in `statements`.
    pub(super) fn new(db: &DatabaseConnection, statements: Arc<AtomicU64>) -> Self {
        let kept = match db.get_database_backend() {
            DbBackend::Postgres => {
                Kept::Postgres(Connections::new(db.get_postgres_connection_pool()))
            }
            _ => Kept::Sqlite(Connections::new(db.get_sqlite_connection_pool())),
        };
        Self { kept, statements }
    }

    /// Asks the database for a sign of life.
    pub(super) async fn ping(&self) -> Result<(), DbErr> {
        let backend = self.get_database_backend();
        self.query_one_raw(Statement::from_string(backend, "SELECT 1"))
            .await?;
        Ok(())
    }

    /// Gives back the pages that SQLite keeps for connections that are idle just now.
    pub(super) async fn shrink(&self) -> Result<(), DbErr> {
        match &self.kept {
            Kept::Sqlite(connections) => {
                let many = connections.run_on_idle(SHRINK).await?;
                self.statements.fetch_add(many, Ordering::Relaxed);
            }
            Kept::Postgres(_) => {}
        }
        Ok(())
    }

    /// Closes the connections when their statements are done.
    pub(crate) async fn close(&self) {
        match &self.kept {
            Kept::Sqlite(connections) => connections.close().await,
            Kept::Postgres(connections) => connections.close().await,
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Readers {
    fn get_database_backend(&self) -> DbBackend {
        match &self.kept {
            Kept::Sqlite(_) => DbBackend::Sqlite,
            Kept::Postgres(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(reads_only())
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(reads_only())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        match &self.kept {
            Kept::Sqlite(connections) => connections.read(&statement).await,
            Kept::Postgres(connections) => connections.read(&statement).await,
        }
    }
}

fn reads_only() -> DbErr {
    DbErr::Custom("a reading connection was asked to write".to_owned())
}

impl<DB> Connections<DB>
where
    DB: sqlx::Database,
    SqlxValues: sqlx::IntoArguments<DB>,
    QueryResult: From<DB::Row>,
    for<'c> &'c mut DB::Connection: sqlx::Executor<'c, Database = DB>,
{
    fn new(pool: &Pool<DB>) -> Self {
        let most = usize::try_from(pool.options().get_max_connections()).unwrap_or(usize::MAX);
        Self {
            pool: pool.clone(),
            idle: Mutex::default(),
            free: Semaphore::new(most.min(Semaphore::MAX_PERMITS)),
        }
    }

    /// Reads all rows. A connection that broke while it was idle is replaced once.
    async fn read(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let lease = self.lease().await?;
        let was_idle = lease.was_idle;
        match lease.read(statement).await {
            Err(error) if was_idle && is_broken(&error) => {
                self.idle().clear();
                self.lease().await?.read(statement).await
            }
            read => read,
        }
        .map_err(failed)
    }

    /// Runs a statement on every connection that is idle just now; says on how many.
    async fn run_on_idle(&self, text: &str) -> Result<u64, DbErr> {
        let statement = Statement::from_string(DbBackend::Sqlite, text);
        let mut leases = Vec::new();
        while let Some(lease) = self.lease_idle() {
            leases.push(lease);
        }
        let many = leases.len() as u64;
        for lease in leases {
            lease.read(&statement).await.map_err(failed)?;
        }
        Ok(many)
    }

    /// A connection that is idle just now, if there is one.
    fn lease_idle(&self) -> Option<Lease<'_, DB>> {
        let permit = self.free.try_acquire().ok()?;
        let connection = self.idle().pop()?;
        Some(Lease {
            connections: self,
            connection,
            was_idle: true,
            _permit: permit,
        })
    }

    async fn lease(&self) -> Result<Lease<'_, DB>, DbErr> {
        let acquire = |error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)));
        let closed = |_| acquire(sqlx::Error::PoolClosed);
        let permit = self.free.acquire().await.map_err(closed)?;
        let idle = self.idle().pop();
        let was_idle = idle.is_some();
        let connection = match idle {
            Some(connection) => connection,
            None => self.pool.acquire().await.map_err(acquire)?,
        };
        Ok(Lease {
            connections: self,
            connection,
            was_idle,
            _permit: permit,
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<PoolConnection<DB>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn close(&self) {
        self.free.close();
        self.idle().clear();
        self.pool.close().await;
    }
}

/// A connection at work.
struct Lease<'a, DB: sqlx::Database> {
    connections: &'a Connections<DB>,
    connection: PoolConnection<DB>,
    was_idle: bool,
    _permit: SemaphorePermit<'a>,
}

impl<DB> Lease<'_, DB>
where
    DB: sqlx::Database,
    SqlxValues: sqlx::IntoArguments<DB>,
    QueryResult: From<DB::Row>,
    for<'c> &'c mut DB::Connection: sqlx::Executor<'c, Database = DB>,
{
    /// Reads all rows and keeps the connection, unless that failed.
    async fn read(mut self, statement: &Statement) -> Result<Vec<QueryResult>, sqlx::Error> {
        let values = statement
            .values
            .clone()
            .map_or_else(Vec::new, |values| values.0);
        let query = sqlx::query_with(
            AssertSqlSafe(statement.sql.as_str()),
            SqlxValues(sea_orm::sea_query::Values(values)),
        );
        let rows = query.fetch_all(&mut *self.connection).await?;
        // Looked at under the lock that closing takes too, so that no connection stays behind.
        let mut idle = self.connections.idle();
        if !self.connections.free.is_closed() {
            idle.push(self.connection);
        }
        drop(idle);
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

fn is_broken(error: &sqlx::Error) -> bool {
    /// PostgreSQL's class of codes for an operator's intervention, such as a restart.
    const OPERATOR_INTERVENTION: &str = "57P";
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| code.starts_with(OPERATOR_INTERVENTION)),
        _ => false,
    }
}
