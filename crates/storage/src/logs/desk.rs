//! Where writes of this hub are handed in: those that come while others are written go into the next transaction together.
//!
//! A transaction costs the same for one write as for many, and only one writes at a time. If what was put together is refused,
//! each is written by itself, so that nobody hears of another's fault. While people read much, transactions do not follow one
//! another at once, so that more comes together: each costs those who read what they have in memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::entry::EntryDraft;
use domain::log::SigningKey;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Mutex as Turn, oneshot};
use tokio::time::{Instant, sleep_until};

use super::issuing::{Issued, issue_untold};
use crate::local::Local;
use crate::traffic::{Traffic, is_much};
use crate::{Database, StorageError};

/// The most entries of one transaction, beyond those of its first write.
const MOST_ENTRIES: usize = 256;
/// While people read much, a transaction begins so long after the one before at the earliest.
const APART: Duration = Duration::from_millis(30);
/// So few requests between two transactions may be those of writes that are not handed in yet.
const FEW: u64 = 8;

/// Where writes are handed in.
#[derive(Debug, Default)]
pub struct Desk {
    waiting: Mutex<VecDeque<Handed>>,
    /// How many writes were ever handed in.
    handed_in: AtomicU64,
    turn: Turn<Option<Last>>,
}

/// The transaction before.
#[derive(Debug)]
struct Last {
    begun: Instant,
    /// How many requests there had been that were no writes.
    reads: u64,
}

impl Last {
    /// Waits until the next one may begin.
    async fn rest(&self, reads: u64) {
        if gives_way(reads.saturating_sub(self.reads), self.begun.elapsed()) {
            sleep_until(self.begun + APART).await;
        }
    }
}

/// A write that waits.
#[derive(Debug)]
struct Handed {
    drafts: Vec<EntryDraft>,
    local: Local,
    reply: oneshot::Sender<Result<Issued, StorageError>>,
}

/// Whether the next transaction waits, after so many reads in the time since the one before began.
fn gives_way(reads: u64, since: Duration) -> bool {
    reads > FEW && is_much(reads, since)
}

/// By whom and when is written.
pub struct Author<'a> {
    /// The key that signs the log.
    pub key: &'a SigningKey,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
}

impl Desk {
    /// Appends entries to this hub's log, all or none, together with changes of what stays at this hub, as
    /// [`issue_with`](super::issue_with) does. To be awaited to its end: others may be written with it.
    pub async fn issue(
        &self,
        db: &Database,
        author: &Author<'_>,
        drafts: Vec<EntryDraft>,
        local: Local,
    ) -> Result<Issued, StorageError> {
        self.handed_in.fetch_add(1, Ordering::Relaxed);
        let (reply, mut written) = oneshot::channel();
        self.waiting().push_back(Handed {
            drafts,
            local,
            reply,
        });
        let mut turn = self.turn.lock().await;
        // Whoever had the turn before may have taken ours along; and where many wait, it takes several turns to come to ours.
        let issued = loop {
            match written.try_recv() {
                Ok(issued) => break issued,
                Err(TryRecvError::Closed) => break Err(StorageError::Ending),
                Err(TryRecvError::Empty) => {}
            }
            if let Some(last) = &*turn {
                last.rest(self.reads(db.traffic())).await;
            }
            *turn = Some(Last {
                begun: Instant::now(),
                reads: self.reads(db.traffic()),
            });
            write(db, author, self.take()).await;
        }?;
        drop(turn);
        db.show(issued.position).await;
        Ok(issued)
    }

    /// How many requests there were that are no writes.
    fn reads(&self, traffic: &Traffic) -> u64 {
        let written = self.handed_in.load(Ordering::Relaxed);
        traffic.requests().saturating_sub(written)
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Handed>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next writes, in the order in which they were handed in.
    fn take(&self) -> Vec<Handed> {
        let mut waiting = self.waiting();
        let mut together: Vec<Handed> = waiting.pop_front().into_iter().collect();
        let mut room = MOST_ENTRIES;
        while let Some(next) = waiting.front()
            && next.drafts.len() <= room
        {
            room -= next.drafts.len();
            together.extend(waiting.pop_front());
        }
        together
    }
}

async fn write(db: &Database, author: &Author<'_>, mut together: Vec<Handed>) {
    if together.len() > 1 {
        let drafts = together.iter().flat_map(|it| it.drafts.iter().cloned());
        let mut local = Local::default();
        for handed in &together {
            local.extend(handed.local.clone());
        }
        if let Ok(issued) = issue(db, author, drafts.collect(), local).await {
            let mut entries = issued.entries.into_iter();
            for Handed { drafts, reply, .. } in together.drain(..) {
                let own = entries.by_ref().take(drafts.len()).collect();
                let issued = Issued {
                    entries: own,
                    position: issued.position,
                };
                // Whoever does not wait any more does not ask.
                let _ = reply.send(Ok(issued));
            }
        }
    }
    for Handed {
        drafts,
        local,
        reply,
    } in together
    {
        let _ = reply.send(issue(db, author, drafts, local).await);
    }
}

async fn issue(
    db: &Database,
    author: &Author<'_>,
    drafts: Vec<EntryDraft>,
    local: Local,
) -> Result<Issued, StorageError> {
    let Author {
        key,
        clock,
        entropy,
    } = *author;
    issue_untold(db, key, drafts, local, clock, entropy).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reads_make_writes_wait() {
        let (desk, traffic) = (Desk::default(), Traffic::default());
        for _ in 0..100 {
            traffic.note_request();
            desk.handed_in.fetch_add(1, Ordering::Relaxed);
        }
        assert_eq!(desk.reads(&traffic), 0, "each request was a write");
        (0..20).for_each(|_| traffic.note_request());
        assert_eq!(desk.reads(&traffic), 20);
        let after = Duration::from_millis;
        assert!(
            !gives_way(2, after(1)),
            "a writer who looks at what it wrote"
        );
        assert!(gives_way(20, after(10)), "people read");
        assert!(!gives_way(20, after(100)), "a few people read");
    }
}
