//! Asking the search index, so that nobody waits for it who asks for something else.
//!
//! What takes long is done beside what is served, few at a time: a search for beginnings of words or for phrases,
//! what is similar, and what fits a need. The rest takes less time than handing it over would be worth.

use std::sync::LazyLock;

use async_graphql::Context;
use search::{Found, Reading, Request, SearchError};
use tokio::sync::Semaphore;

use crate::ApiError;
use crate::context::ContextExt as _;

/// What a search costs, see the schema's limit: one request has at most ten.
pub(crate) const COST: usize = 2000;

/// How many of what takes long are done at once: on half of the processors.
static LONG: LazyLock<Semaphore> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Semaphore::new((processors / 2).max(1))
});

/// The index as it is now. That the answer depends on it is noted.
pub(crate) fn reading(ctx: &Context<'_>) -> Result<Reading, ApiError> {
    let reading = ctx.hub().search.ready()?.read();
    let mark = reading.mark();
    ctx.depends(|beside| beside.note_index(mark));
    Ok(reading)
}

/// Searches, beside what is served if that takes long.
pub(crate) async fn search(reading: Reading, request: Request) -> Result<Found, SearchError> {
    if request.is_heavy() {
        beside(move || reading.search(&request)).await
    } else {
        reading.search(&request)
    }
}

/// Does what takes long beside what is served. Whoever goes away while it waits has it not done.
pub(crate) async fn beside<T: Send + 'static>(
    what: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, SearchError> {
    let permit = LONG.acquire().await.map_err(std::io::Error::other)?;
    let done = tokio::task::spawn_blocking(move || {
        let done = what();
        drop(permit);
        done
    });
    done.await
        .unwrap_or_else(|cut_off| Err(std::io::Error::other(cut_off).into()))
}
