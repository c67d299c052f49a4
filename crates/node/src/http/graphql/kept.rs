//! Answers that are given again as long as they are right.
//!
//! An answer to a query is kept with the position of the store's newest commit before it was made, if that was the newest
//! after it was made too: then nothing changed while it was made. It is given again only if that commit is still the
//! newest when the same is asked by somebody of the same rights. That is asked of the database each time, since other
//! processes may write to it; many who ask at once share one question ([`Database::newest_position`]).
//!
//! What else an answer depends on, resolvers note in [`Dependence`]. Answers to mutations and subscriptions, with errors,
//! and to hubs that show who they are, are never kept. A query is kept when it comes for the second time within some
//! ten thousand others, so that what is asked once costs nothing.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use axum::body::Bytes;
use domain::clock::Clock;
use graphql::guard::{Admitted, Outcome};
use graphql::{Beside, Dependence, Now, StatisticsHub};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use storage::Database;

/// What all kept answers may take in memory, in bytes, with the requests they belong to.
const MOST_BYTES: u64 = 32 * 1024 * 1024;
/// How many answers of a usual size that is.
const ANSWERS: usize = 8 * 1024;
/// The longest answer that is kept, in bytes.
const LONGEST: usize = 1024 * 1024;
/// The longest request whose answer is kept, in bytes.
const LONGEST_REQUEST: usize = 16 * 1024;
/// How many requests are remembered that came once.
const SEEN: usize = 32 * 1024;
/// What an answer takes beside its text.
const OVERHEAD_BYTES: usize = 200;

/// Who asks for what: equal ones are given the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    /// A number for the rights of who asks.
    pub(super) rights: u8,
    /// The request as it came: its body, or its query string.
    pub(super) text: Bytes,
}

impl Question {
    /// What a request asks; a query string and a body are never the same.
    pub(super) fn of(verb: super::Verb, rights: u8, uri: &axum::http::Uri, body: &Bytes) -> Self {
        match verb {
            super::Verb::Get => {
                let text = format!("?{}", uri.query().unwrap_or_default());
                let text = Bytes::from(text);
                Self { rights, text }
            }
            super::Verb::Post | super::Verb::Form => {
                let text = body.clone();
                Self { rights, text }
            }
        }
    }
}

#[derive(Debug)]
struct Kept {
    position: u64,
    beside: Beside,
    body: Bytes,
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<Question, Arc<Kept>> for Weight {
    fn weight(&self, question: &Question, kept: &Arc<Kept>) -> u64 {
        (question.text.len() + kept.body.len() + OVERHEAD_BYTES) as u64
    }
}

/// The answers that are kept.
pub struct Answers {
    db: Database,
    clock: Arc<dyn Clock>,
    search: search::Handle,
    statistics: Arc<StatisticsHub>,
    kept: Cache<Question, Arc<Kept>, Weight>,
    seen: Cache<u64, ()>,
    hasher: RandomState,
}

/// What is known of a question.
pub(super) enum Look {
    /// Its answer.
    Answer(Bytes),
    /// That its answer is worth keeping, and the newest commit.
    Keep(u64),
    /// Nothing: it is answered as any.
    Pass,
}

impl Answers {
    /// None yet.
    pub fn new(
        db: Database,
        clock: Arc<dyn Clock>,
        search: search::Handle,
        statistics: Arc<StatisticsHub>,
    ) -> Self {
        Self {
            db,
            clock,
            search,
            statistics,
            kept: Cache::with_weighter(ANSWERS, MOST_BYTES, Weight),
            seen: Cache::new(SEEN),
            hasher: RandomState::new(),
        }
    }

    /// Looks for an answer that is right at this moment.
    pub(super) async fn look(&self, question: &Question) -> Look {
        if question.text.len() > LONGEST_REQUEST {
            return Look::Pass;
        }
        let kept = self.kept.get(question);
        let hash = self.hasher.hash_one(question);
        if kept.is_none() && self.seen.get(&hash).is_none() {
            self.seen.insert(hash, ());
            return Look::Pass;
        }
        let Some(position) = self.position().await else {
            return Look::Pass;
        };
        match kept {
            Some(kept) if kept.position == position && self.is_so(&kept.beside, position).await => {
                Look::Answer(kept.body.clone())
            }
            // What lists show may be behind a commit that nobody was told of yet; an answer is of one commit.
            _ if self.db.is_shown(position) => Look::Keep(position),
            _ => Look::Pass,
        }
    }

    /// Keeps an answer that was begun when a commit was the newest, if it still is.
    pub(super) async fn keep(
        &self,
        question: &Question,
        before: u64,
        dependence: &Dependence,
        body: &Bytes,
    ) {
        let beside = dependence.beside();
        if body.len() > LONGEST || !self.is_so(&beside, before).await {
            return;
        }
        if self.position().await != Some(before) {
            return;
        }
        // A request may lie in a larger piece of memory, with others.
        let question = Question {
            rights: question.rights,
            text: Bytes::copy_from_slice(&question.text),
        };
        // An answer lies in a piece of memory that grew with it, and may be much larger.
        let kept = Kept {
            position: before,
            beside,
            body: Bytes::copy_from_slice(body),
        };
        self.kept.insert(question, Arc::new(kept));
    }

    async fn is_so(&self, beside: &Beside, position: u64) -> bool {
        let at = self.clock.now();
        let standing = match beside.standing {
            Some(_) => self.statistics.standing_mark(&self.db, at).await.ok(),
            None => None,
        };
        beside.is_so(&Now {
            position,
            index: self.search.ready().ok().map(|index| index.read().mark()),
            standing,
            at,
        })
    }

    async fn position(&self) -> Option<u64> {
        let position = self.db.newest_position().await;
        let failed = |error: &storage::StorageError| {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "answers cannot be looked up");
        };
        position.inspect_err(failed).ok()
    }
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut answers = f.debug_struct("Answers");
        answers
            .field("kept", &self.kept.len())
            .finish_non_exhaustive()
    }
}

/// Whether a request's answer may be kept at all.
pub(super) fn may_be_kept(admitted: &Admitted) -> bool {
    admitted.operation() == OperationType::Query
        && admitted
            .roots()
            .is_some_and(|mut roots| roots.all(graphql::is_settled))
}

/// Whether an answer may be given to others: nothing failed, and nothing is said but its body.
pub(super) fn is_plain(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Executed(answer) => answer.errors.is_empty() && answer.http_headers.is_empty(),
        Outcome::Refused(_) => false,
    }
}
