//! Where writes of this hub are handed in: those that come while others are written go into the next transaction together.
//!
//! A transaction costs the same for one write as for many, and only one writes at a time. If what was put together is refused,
//! each is written by itself, so that nobody hears of another's fault. While people read all the time, transactions do not follow one
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
use crate::traffic::{Traffic, is_steady};
use crate::{Database, StorageError};

/// The most entries of one transaction, beyond those of its first write.
const MOST_ENTRIES: usize = 256;
/// While people read all the time, a transaction begins so long after the one before at the earliest.
const APART: Duration = Duration::from_millis(30);
/// After so much time it is looked anew whether they do.
const WINDOW: Duration = Duration::from_millis(250);

/// Where writes are handed in.
#[derive(Debug, Default)]
pub struct Desk {
    waiting: Mutex<VecDeque<Handed>>,
    /// How many writes were ever handed in.
    handed_in: AtomicU64,
    turn: Turn<Option<Last>>,
}

/// How many requests there had been at a moment.
#[derive(Clone, Copy, Debug)]
struct Requests {
    at: Instant,
    reads: u64,
    writes: u64,
}

impl Requests {
    /// Whether transactions wait, by how many requests there were until now.
    fn have_writes_wait(self, now: Self) -> bool {
        // Writes without requests, as of an import, may outnumber those.
        let reads = now.reads.saturating_sub(self.reads);
        gives_way(reads, now.writes - self.writes, now.at - self.at)
    }
}

/// The transaction before.
#[derive(Debug)]
struct Last {
    begun: Instant,
    /// Since when it is looked how much is read.
    since: Requests,
    /// Whether people read all the time before that.
    gives_way: bool,
}

impl Last {
    /// What is known when the next one begins.
    fn next(last: Option<Self>, now: Requests) -> Self {
        let (since, gives_way) = match last {
            None => (now, false),
            Some(last) if now.at - last.since.at < WINDOW => (last.since, last.gives_way),
            Some(last) => (now, last.since.have_writes_wait(now)),
        };
        Self {
            begun: now.at,
            since,
            gives_way,
        }
    }

    /// Waits until the next one may begin.
    async fn rest(&self) {
        if self.gives_way {
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

/// Whether transactions wait, after so many reads and writes in some time. Who writes much may look at each write.
fn gives_way(reads: u64, writes: u64, time: Duration) -> bool {
    reads > 2 * writes && is_steady(reads, time)
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
                last.rest().await;
            }
            *turn = Some(Last::next(turn.take(), self.requests(db.traffic())));
            write(db, author, self.take()).await;
        }?;
        drop(turn);
        db.show(issued.position).await;
        Ok(issued)
    }

    /// How many requests there were until now.
    fn requests(&self, traffic: &Traffic) -> Requests {
        let writes = self.handed_in.load(Ordering::Relaxed);
        Requests {
            at: Instant::now(),
            reads: traffic.requests().saturating_sub(writes),
            writes,
        }
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
    fn only_those_who_read_all_the_time_make_writes_wait() {
        let after = Duration::from_millis;
        assert!(gives_way(30, 10, after(250)), "people read");
        assert!(!gives_way(20, 10, after(250)), "a few people read");
        assert!(
            !gives_way(200, 100, after(250)),
            "a writer who looks at what it wrote"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_looked_anew_after_a_while() {
        let (desk, traffic) = (Desk::default(), Traffic::default());
        let mut last = None;
        let mut transaction = async |reads: u64| {
            tokio::time::advance(WINDOW / 2).await;
            desk.handed_in.fetch_add(1, Ordering::Relaxed);
            (0..=reads).for_each(|_| traffic.note_request());
            let next = Last::next(last.take(), desk.requests(&traffic));
            last.insert(next).gives_way
        };
        assert!(!transaction(500).await, "nothing is known yet");
        assert!(!transaction(20).await);
        assert!(transaction(20).await, "40 reads in a quarter of a second");
        assert!(transaction(0).await, "as before until it is looked again");
        assert!(!transaction(0).await, "nobody reads any more");
    }
}
