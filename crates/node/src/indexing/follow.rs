//! When the index follows the store: at once after a commit, with short pauses so that many commits become one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use search::{Index, SearchError, State, Writer, clear_unused};
use storage::traffic::is_steady;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::follower::{FollowError, Follower};
use crate::hub::Hub;

/// The least time from one commit of the index to the next.
const LEAST_PAUSE: Duration = Duration::from_millis(400);
/// The same while people ask all the time: much of what searches keep of an index is made anew after each of its commits.
const LEAST_PAUSE_BUSY: Duration = Duration::from_millis(700);
/// The pause before an index that failed is opened again.
const OPEN_AGAIN: Duration = Duration::from_secs(5);
/// How long words of records that are gone lie on disk at least, so that many go at once.
const PURGE_AFTER: Duration = Duration::from_secs(20);
/// How long they may lie there for each document that must be written anew with them: about twenty times as long as that
/// takes.
const PER_DOCUMENT: Duration = Duration::from_micros(500);
/// When it is looked whether writing anew is done.
const TIDY_AFTER: Duration = Duration::from_secs(3);
/// How many processes may have their index beside one another.
const MOST_FOLDERS: u32 = 16;

/// Opens the index and keeps it as the store is, until `closing` is cancelled.
pub async fn follow(hub: Hub, closing: CancellationToken) {
    hub.search.set(State::Opening);
    loop {
        let followed = tokio::select! {
            () = closing.cancelled() => Ok(()),
            followed = open_and_follow(&hub, &closing) => followed,
        };
        match followed {
            Ok(()) => break,
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the search index failed and is opened again"
            ),
        }
        hub.search.set(State::Failed);
        tokio::select! {
            () = closing.cancelled() => break,
            () = sleep(OPEN_AGAIN) => {}
        }
    }
    hub.search.set(State::Off);
}

/// Opens the index of a hub in its folder, or in the next one that no other process uses.
pub async fn open(hub: &Hub) -> Result<Follower, FollowError> {
    let folder = hub.config.path(&hub.config.search.folder);
    let owner = owner(hub);
    let opening = tokio::task::spawn_blocking(move || open_free(&folder, &owner));
    let (index, writer) = opening.await??;
    Ok(Follower::new(hub.db.clone(), index, writer))
}

/// Opens the index of a hub in its own folder, which no other process may use.
pub async fn open_first(hub: &Hub) -> Result<Follower, FollowError> {
    let folder = hub.config.path(&hub.config.search.folder);
    let owner = owner(hub);
    let opening = tokio::task::spawn_blocking(move || Index::open(&folder, &owner));
    let (index, writer) = opening.await??;
    Ok(Follower::new(hub.db.clone(), index, writer))
}

/// The index of a hub, to be asked now and not followed: brought up to date if no process keeps it, and otherwise as the one
/// that does has it. Nothing if that one has none.
pub async fn open_once(
    hub: &Hub,
    progress: impl Fn(search::Progress),
) -> Result<Option<Index>, FollowError> {
    let mut follower = match open_first(hub).await {
        Ok(follower) => follower,
        Err(FollowError::Search(SearchError::InUse(_))) => {
            let folder = hub.config.path(&hub.config.search.folder);
            let owner = owner(hub);
            let looking = tokio::task::spawn_blocking(move || Index::look(&folder, &owner));
            return Ok(looking.await??);
        }
        Err(error) => return Err(error),
    };
    follower.look_at_all(progress).await?;
    let index = follower.index().clone();
    follower.close().await?;
    Ok(Some(index))
}

/// Whose records an index has.
fn owner(hub: &Hub) -> String {
    format!("{}/{}", hub.db.network(), hub.db.hub())
}

fn open_free(folder: &Path, owner: &str) -> Result<(Index, Writer), SearchError> {
    let mut number = 1;
    loop {
        match Index::open(&numbered(folder, number), owner) {
            Err(SearchError::InUse(_)) if number < MOST_FOLDERS => number += 1,
            opened => return opened,
        }
    }
}

/// `search`, `search-2`, `search-3` …
fn numbered(folder: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return folder.to_owned();
    }
    let mut name = folder.as_os_str().to_owned();
    name.push(format!("-{number}"));
    name.into()
}

/// Takes the index out of every folder beside the settings' one that no process uses, the one itself too: words of records
/// that are gone would lie there for good.
pub async fn clear_unused_folders(hub: &Hub) {
    let folder = hub.config.path(&hub.config.search.folder);
    let clearing = tokio::task::spawn_blocking(move || {
        for number in 1..=MOST_FOLDERS {
            let folder = numbered(&folder, number);
            match clear_unused(&folder) {
                Ok(false) => {}
                Ok(true) => tracing::info!(
                    folder = %folder.display(),
                    "a search index that no process uses was deleted"
                ),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a search index that no process uses cannot be deleted"
                ),
            }
        }
    });
    // It ends early only with the node.
    drop(clearing.await);
}

async fn open_and_follow(hub: &Hub, closing: &CancellationToken) -> Result<(), FollowError> {
    let mut follower = open(hub).await?;
    hub.search.set(State::Open(follower.index().clone()));
    let mut commits = hub.db.watch();
    // What was committed while the node was away is found quickly; then all is compared, since the database may have been
    // put back meanwhile.
    if follower.index().status().is_whole {
        follower.catch_up().await?;
    }
    follower.look_at_all(|_| {}).await?;
    let status = follower.index().status();
    tracing::info!(
        innovations = status.documents,
        position = status.mark.position,
        "the search index is up to date"
    );
    // By now other processes that were started with this one have theirs.
    clear_unused_folders(hub).await;
    let mut purging = Purging::default();
    let (mut begun, mut requests) = (Instant::now(), hub.db.traffic().requests());
    loop {
        let before = (begun, requests);
        (begun, requests) = (Instant::now(), hub.db.traffic().requests());
        let is_busy = is_steady(requests - before.1, begun - before.0);
        let pause_for = if is_busy {
            LEAST_PAUSE_BUSY
        } else {
            LEAST_PAUSE
        };
        commits.mark_unchanged();
        follower.catch_up().await?;
        if purging.go_on(&mut follower).await? {
            clear_unused_folders(hub).await;
        }
        tokio::select! {
            () = closing.cancelled() => break,
            () = pause(&mut commits, purging.due, begun + pause_for) => {}
        }
    }
    follower.close().await
}

/// When words of records that are gone are taken from the disk.
#[derive(Default)]
struct Purging {
    /// When there is something to do again.
    due: Option<Instant>,
    /// Whether it was begun, so that files are to be deleted.
    is_begun: bool,
}

impl Purging {
    /// Does what is due; says whether words are leaving the disk just now.
    async fn go_on(&mut self, follower: &mut Follower) -> Result<bool, FollowError> {
        let now = Instant::now();
        if self.due.is_some_and(|due| due > now) {
            return Ok(false);
        }
        if self.is_begun {
            follower.tidy().await?;
        }
        let remains = follower.remains()?;
        if remains == 0 {
            *self = Self::default();
        } else if self.due.is_some() && !self.is_begun {
            follower.purge().await?;
            self.is_begun = true;
            self.due = Some(now + TIDY_AFTER);
        } else {
            self.is_begun = false;
            self.due = Some(
                now + PURGE_AFTER.max(PER_DOCUMENT * u32::try_from(remains).unwrap_or(u32::MAX)),
            );
        }
        Ok(self.is_begun)
    }
}

/// Waits for a commit, or until something is due, and not less than until a moment, so that what comes close together is
/// one commit of the index.
async fn pause(
    commits: &mut tokio::sync::watch::Receiver<u64>,
    due: Option<Instant>,
    least: Instant,
) {
    let woken = async { drop(commits.changed().await) };
    match due {
        Some(due) => drop(timeout(due.saturating_duration_since(Instant::now()), woken).await),
        None => woken.await,
    }
    sleep_until(least).await;
}
