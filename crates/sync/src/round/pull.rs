//! Bringing one log up to what a peer proves: fetching the next page goes on while the last one is stored.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::clock::Clock;
use domain::identity::LogId;
use domain::log::{
    Frontier, MAX_PAGE_ENTRIES, Page, PageError, RawEntry, SignedCheckpoint, TreeEdge,
    VerifiedEntry, VerifiedPage,
};
use domain::rules::Rule;
use domain::trust::Trust;
use storage::StorageError;
use storage::logs::Stored;
use storage::logs::aside::Reason;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Progress, Puller, RoundError};
use crate::peer::{Peer, StatedPage};
use crate::plan::{self, Extent, PageLimits};
use crate::store::Store;

/// Pages that are verified and wait to be stored.
const PAGES_AHEAD: usize = 1;
/// A page of so many entries is verified in less time than it takes to hand it to another thread.
const SHORT_PAGE: usize = 32;

pub(super) struct Pull<'a, S, P> {
    pub(super) puller: &'a Puller<S>,
    pub(super) remote: &'a P,
    pub(super) trust: &'a Trust,
    /// The mark of this trust.
    pub(super) trust_mark: i64,
    pub(super) log: &'a LogId,
    /// The size that the peer stated; it may prove more by the time it is asked.
    pub(super) target: u64,
    /// How much the peer states to give at a time.
    pub(super) limits: PageLimits,
}

/// What came of it: entries may have been stored before an error.
#[derive(Debug, Default)]
pub(super) struct Pulled {
    /// The log's size before.
    pub(super) from: u64,
    pub(super) entries: u64,
    pub(super) error: Option<RoundError>,
}

impl<S: Store, P: Peer> Pull<'_, S, P> {
    pub(super) async fn run(self, progress: &(dyn Fn(Progress) + Send + Sync)) -> Pulled {
        let edge = match self.puller.db.edge(self.log).await {
            Ok(edge) => edge,
            Err(error) => {
                return Pulled {
                    error: Some(error.into()),
                    ..Pulled::default()
                };
            }
        };
        let from = edge.size();
        let (pages, verified) = mpsc::channel(PAGES_AHEAD);
        let (fetched, mut pulled) =
            tokio::join!(self.fetch(edge, pages), self.store(verified, progress));
        // What ended the storing also ended the fetching, so it is the cause.
        pulled.error = pulled.error.or(fetched.err());
        pulled.from = from;
        pulled
    }

    /// Fetches and verifies page after page; each continues the one before it.
    async fn fetch(
        &self,
        mut edge: TreeEdge,
        pages: mpsc::Sender<VerifiedPage>,
    ) -> Result<(), RoundError> {
        let mut patience = Patience::begin(self.log, self.limits, self.puller.log_time);
        while edge.size() < self.target {
            let place = edge.size();
            let check = move |page: Page, checkpoint| page.verify(&edge, checkpoint);
            let page = patience.page(self.remote, self.trust, place, check);
            let page = page.await?;
            edge = page.append.edge.clone();
            if pages.send(page).await.is_err() {
                break;
            }
            patience.check()?;
        }
        Ok(())
    }

    async fn store(
        &self,
        mut verified: mpsc::Receiver<VerifiedPage>,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Pulled {
        let mut pulled = Pulled::default();
        let mut began = Instant::now();
        let mut trust_mark = self.trust_mark;
        while let Some(page) = verified.recv().await {
            let target = self.target.max(page.checkpoint.size());
            match self.store_page(page, &mut trust_mark).await {
                Ok(stored) => {
                    pulled.entries += stored.entries;
                    progress(Progress {
                        log: self.log.clone(),
                        size: stored.size,
                        target,
                    });
                    if let Some(pace) = &self.puller.pace {
                        let rest = pace.rest(began.elapsed());
                        if !rest.is_zero() {
                            sleep(rest).await;
                        }
                        began = Instant::now();
                    }
                }
                Err(error) => {
                    pulled.error = Some(error);
                    break;
                }
            }
        }
        pulled
    }

    /// Stores a page by the trust of now: that of the round's beginning may count a key that was closed since.
    async fn store_page(
        &self,
        page: VerifiedPage,
        trust_mark: &mut i64,
    ) -> Result<Stored, RoundError> {
        let Puller { db, clock, .. } = self.puller;
        if !Rule::TrustOfNow.holds() {
            return Ok(db.apply(page, None, &**clock).await?);
        }
        *trust_mark = self.puller.judge(&page.checkpoint, *trust_mark).await?;
        Ok(db.apply(page, Some(*trust_mark), &**clock).await?)
    }
}

/// How long one supplier may take with one log, and how many of its pages may be short.
struct Patience<'a> {
    log: &'a LogId,
    /// The number of a stretch of the log that is asked for instead of the log itself.
    left_out: Option<u64>,
    limits: PageLimits,
    time: Duration,
    deadline: Instant,
    short_pages: usize,
}

impl<'a> Patience<'a> {
    fn begin(log: &'a LogId, limits: PageLimits, time: Duration) -> Self {
        Self {
            log,
            left_out: None,
            limits,
            time,
            deadline: Instant::now() + time,
            short_pages: 0,
        }
    }

    /// Asks for the page from a place on, and verifies it.
    async fn page<V: Send + 'static>(
        &mut self,
        remote: &impl Peer,
        trust: &Trust,
        from: u64,
        check: impl FnOnce(Page, SignedCheckpoint) -> Result<V, PageError> + Send + 'static,
    ) -> Result<V, RoundError> {
        // What is more than the peer states, it may refuse.
        let asked = self.limits.entries.clamp(1, MAX_PAGE_ENTRIES);
        let answer = async {
            match self.left_out {
                Some(number) => remote.left_out_page(number, from, asked).await,
                None => remote.page(self.log, from, asked).await,
            }
        };
        let stated = timeout_at(self.deadline, answer).await;
        let stated = stated.map_err(|_| RoundError::OutOfTime {
            log: self.log.clone(),
            seconds: self.time.as_secs(),
        })??;
        let count = stated.page.entries.len();
        let bytes = stated.page.entries.iter().map(RawEntry::bytes).sum();
        let end = from + count as u64;
        let (page, size) = verify(trust, self.log, stated, check).await?;
        let is_short = plan::is_short(asked, self.limits, count, bytes, end, size);
        self.short_pages += usize::from(is_short);
        Ok(page)
    }

    /// Gives up a supplier whose pages are shorter than they need be. What came of it is kept.
    fn check(&self) -> Result<(), RoundError> {
        if self.short_pages > plan::MOST_SHORT_PAGES {
            return Err(RoundError::Dripping(self.log.clone()));
        }
        Ok(())
    }
}

/// Verifies a page off the threads that serve, and gives the size of the checkpoint that proves it too.
pub(super) async fn verify<V: Send + 'static>(
    trust: &Trust,
    log: &LogId,
    stated: StatedPage,
    check: impl FnOnce(Page, SignedCheckpoint) -> Result<V, PageError> + Send + 'static,
) -> Result<(V, u64), RoundError> {
    let false_page = |why: String| RoundError::False {
        log: log.clone(),
        why,
    };
    let checkpoint = trust
        .open(&stated.checkpoint)
        .map_err(|error| false_page(error.to_string()))?;
    if checkpoint.log() != log {
        return Err(false_page(format!(
            "its checkpoint is of {}",
            checkpoint.log()
        )));
    }
    let is_short = stated.page.entries.len() <= SHORT_PAGE;
    let size = checkpoint.size();
    let hash = move || check(stated.page, checkpoint);
    let verified = if is_short {
        hash()
    } else {
        let hashing = tokio::task::spawn_blocking(hash);
        hashing.await.map_err(|_| StorageError::Ending)?
    };
    let verified = verified.map_err(|error: PageError| false_page(error.to_string()))?;
    Ok((verified, size))
}

/// Fetches another history of our own log.
pub(super) struct Branch<'a, S, P> {
    pub(super) db: &'a S,
    pub(super) clock: &'a dyn Clock,
    pub(super) remote: &'a P,
    pub(super) trust: &'a Trust,
    pub(super) log: &'a LogId,
    /// Why it is kept.
    pub(super) reason: Reason,
    /// How much the peer states to give at a time.
    pub(super) limits: PageLimits,
    /// How long it may take before it is left to another supplier.
    pub(super) time: Duration,
}

/// What came of another history.
pub(super) struct Fetched {
    /// The head that proves it.
    pub(super) head: Extent,
    /// Every payload came that is not superseded within it.
    pub(super) is_whole: bool,
}

impl<S: Store, P: Peer> Branch<'_, S, P> {
    /// Keeps what the supplier proves behind what is before it, up to a size, and says what that is. Time and short pages are
    /// bounded as in any other pull. With a number it is a stretch of the log that the supplier keeps beside it.
    pub(super) async fn fetch(
        &self,
        before: Frontier,
        target: u64,
        left_out: Option<u64>,
    ) -> Result<Fetched, RoundError> {
        let mut before = before;
        let mut patience = Patience {
            left_out,
            ..Patience::begin(self.log, self.limits, self.time)
        };
        let mut lacking = BTreeSet::new();
        loop {
            let place = before.size();
            let check = move |page: Page, checkpoint| page.verify_beside(before, &checkpoint);
            let page = patience.page(self.remote, self.trust, place, check);
            let page = page.await?;
            before = page.end;
            plan::note_lacking(&mut lacking, &page.entries);
            let raw = |entry: VerifiedEntry| RawEntry {
                header: entry.header_text,
                payload: entry.payload,
            };
            let entries = page.entries.into_iter().map(raw).collect();
            let now = self.clock.now();
            let kept = self
                .db
                .keep_branch(self.log, place, entries, self.reason, now);
            kept.await?;
            if before.size() >= target {
                let head = Extent {
                    size: before.size(),
                    root: before.root(),
                };
                let is_whole = lacking.is_empty();
                return Ok(Fetched { head, is_whole });
            }
            patience.check()?;
        }
    }
}
