//! Bringing one log up to what a peer proves: fetching the next page goes on while the last one is stored.

use std::time::Duration;

use domain::clock::Clock;
use domain::identity::LogId;
use domain::log::{MAX_PAGE_ENTRIES, PageError, RawEntry, TreeEdge, VerifiedPage};
use domain::trust::Trust;
use storage::StorageError;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{Progress, RoundError};
use crate::peer::{Peer, StatedPage};
use crate::plan;
use crate::store::Store;

/// Pages that are verified and wait to be stored.
const PAGES_AHEAD: usize = 1;
/// A page of so many entries is verified in less time than it takes to hand it to another thread.
const SHORT_PAGE: usize = 32;

pub(super) struct Pull<'a, S, P> {
    pub(super) db: &'a S,
    pub(super) clock: &'a dyn Clock,
    pub(super) remote: &'a P,
    pub(super) trust: &'a Trust,
    pub(super) log: &'a LogId,
    /// The size that the peer stated; it may prove more by the time it is asked.
    pub(super) target: u64,
    /// How long it may take before the log is let go.
    pub(super) time: Duration,
}

/// What came of it: entries may have been stored before an error.
#[derive(Debug, Default)]
pub(super) struct Pulled {
    pub(super) entries: u64,
    pub(super) error: Option<RoundError>,
}

impl<S: Store, P: Peer> Pull<'_, S, P> {
    pub(super) async fn run(self, progress: &(dyn Fn(Progress) + Send + Sync)) -> Pulled {
        let edge = match self.db.edge(self.log).await {
            Ok(edge) => edge,
            Err(error) => {
                return Pulled {
                    entries: 0,
                    error: Some(error.into()),
                };
            }
        };
        let (pages, verified) = mpsc::channel(PAGES_AHEAD);
        let (fetched, mut pulled) =
            tokio::join!(self.fetch(edge, pages), self.store(verified, progress));
        // What ended the storing also ended the fetching, so it is the cause.
        pulled.error = pulled.error.or(fetched.err());
        pulled
    }

    /// Fetches and verifies page after page; each continues the one before it.
    async fn fetch(
        &self,
        mut edge: TreeEdge,
        pages: mpsc::Sender<VerifiedPage>,
    ) -> Result<(), RoundError> {
        let deadline = Instant::now() + self.time;
        let mut short_pages = 0;
        while edge.size() < self.target {
            let asked = self.remote.page(self.log, edge.size(), MAX_PAGE_ENTRIES);
            let stated = timeout_at(deadline, asked);
            let stated = stated.await.map_err(|_| self.out_of_time())??;
            let count = stated.page.entries.len();
            let bytes = stated.page.entries.iter().map(RawEntry::bytes).sum();
            let page = self.verify(edge, stated).await?;
            let (end, size) = (page.append.edge.size(), page.checkpoint.size());
            short_pages += usize::from(plan::is_short(MAX_PAGE_ENTRIES, count, bytes, end, size));
            edge = page.append.edge.clone();
            if pages.send(page).await.is_err() {
                break;
            }
            if short_pages > plan::MOST_SHORT_PAGES {
                return Err(RoundError::Dripping(self.log.clone()));
            }
        }
        Ok(())
    }

    fn out_of_time(&self) -> RoundError {
        RoundError::OutOfTime {
            log: self.log.clone(),
            seconds: self.time.as_secs(),
        }
    }

    async fn verify(&self, edge: TreeEdge, stated: StatedPage) -> Result<VerifiedPage, RoundError> {
        let checkpoint = self
            .trust
            .open(&stated.checkpoint)
            .map_err(|error| self.false_page(&error))?;
        let is_short = stated.page.entries.len() <= SHORT_PAGE;
        if checkpoint.log() != self.log {
            return Err(self.false_page(&format!("its checkpoint is of {}", checkpoint.log())));
        }
        let hash = move || stated.page.verify(&edge, checkpoint);
        let verified = if is_short {
            hash()
        } else {
            let hashing = tokio::task::spawn_blocking(hash);
            hashing.await.map_err(|_| StorageError::Ending)?
        };
        verified.map_err(|error: PageError| self.false_page(&error))
    }

    fn false_page(&self, why: &impl ToString) -> RoundError {
        RoundError::False {
            log: self.log.clone(),
            why: why.to_string(),
        }
    }

    async fn store(
        &self,
        mut verified: mpsc::Receiver<VerifiedPage>,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Pulled {
        let mut pulled = Pulled::default();
        while let Some(page) = verified.recv().await {
            let target = self.target.max(page.checkpoint.size());
            match self.db.apply(page, self.clock).await {
                Ok(stored) => {
                    pulled.entries += stored.entries;
                    progress(Progress {
                        log: self.log.clone(),
                        size: stored.size,
                        target,
                    });
                }
                Err(error) => {
                    pulled.error = Some(error.into());
                    break;
                }
            }
        }
        pulled
    }
}
