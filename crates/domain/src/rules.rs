//! The rules that protect the invariants, by name, so that the simulator can take one away and see that it is missed.
//!
//! In the program each rule is the constant `true`. Only with the cargo feature `mutations`, which nothing but the package
//! `tests` turns on, a rule can be switched off, for one thread and one run.

/// A rule on which an invariant rests, asked where it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A page leads to its checkpoint.
    ConsistencyChecked,
    /// A payload is the one that its header names.
    PayloadChecked,
    /// A signature is the key's.
    SignatureChecked,
    /// A key counts within its range of sizes.
    KeyRange,
    /// A checkpoint is of our network.
    NetworkChecked,
    /// A page is stored only where the log still has the entries that it continues.
    SizeCompared,
    /// A revision that is not above those before it shows nothing.
    RevisionsGrow,
    /// The payloads of older revisions go.
    SupersededDropped,
    /// A payload of another audience is not stored.
    AudienceKept,
    /// A payload that did not come along is noted as missing.
    MissingNoted,
    /// Payloads that are missing are asked for.
    MissingAskedFor,
    /// A checkpoint is kept once its size is reached, not before.
    ProvedWhenReached,
    /// Two roots at one size freeze the log.
    ForkFreezes,
    /// Behind a page that does not verify a fork is looked for.
    ForkLookedFor,
    /// A fork needs a proof of the other history.
    ForkProved,
    /// What no checkpoint here vouches for gives way to another history that a supplier proves.
    TailGivenUp,
    /// What only closed keys vouch for freezes no log, and gives way to what an open key vouches for.
    OpenKeyOutweighs,
    /// What a next log may leave out is kept before that log's entries supersede anything there.
    KeptBeforeDropped,
    /// What a next log left out at a peer is asked for by the hub that wrote it.
    LeftOutAskedFor,
    /// A page has an entry at least.
    PageBringsForward,
    /// The cursor stays while a head was not dealt with, and the next round begins anew.
    CursorWaits,
    /// A cursor counts for its store only.
    CursorOfStore,
    /// A round looks further while something is unfinished here.
    UnfinishedIsPulled,
    /// A token is not remembered if trust widened while the round ran.
    TokenWaitsForTrust,
    /// A token of a time after the heads is not remembered.
    TokenOfHeads,
    /// A page is stored if its checkpoint counts by the trust of that moment, not of the round's beginning.
    TrustOfNow,
    /// A membership outranks a pin.
    MembershipOutranksPins,
    /// While a word of the authority is missing no pin counts.
    MissingWordCounts,
    /// Of several words on a member the last counts.
    LastWordCounts,
    /// Of a hub that is suspended or revoked nothing new is taken.
    ClosedNotFollowed,
    /// A denial outranks everything.
    DenialWins,
    /// What a key signed beyond its end is taken out.
    KeyEndEnforced,
    /// The database is compared with the guard.
    GuardCompared,
    /// Peers are asked for the hub's own log before it writes.
    PeersAskedFirst,
    /// A new log is begun unless the guard, or every peer, vouches for the old one.
    NewLogUnlessVouched,
    /// Another history of the hub's own log is fetched.
    BranchFetched,
    /// What a peer gave of it without all payloads is asked of others, too.
    BranchAskedOfAll,
    /// Of several histories of the hub's own log one takes the place of what is held, the others are set aside.
    OneHistoryTakenUp,
    /// A log is cut to what its hub's next log accepts.
    CutToAccepted,
    /// Heads that were passed over are looked at once more when a next log says how much of a log counts.
    AcceptedLookedFor,
    /// What a next log accepts is proved by the checkpoint that came with it.
    AcceptedProved,
    /// Of earlier logs of which two histories are out and no later log speaks, the hub says how much counts.
    EarlierSettled,
    /// Of its own log a hub pulls also what is short of what its next log accepts.
    ShortPulled,
    /// Of its own log a hub fetches also what a peer holds beside what its next log accepts, whether that is held or not.
    BesideAcceptedFetched,
    /// What was heard of an earlier log of the hub's own when it went on does not halt it again.
    HeardHaltsOnce,
    /// What was deleted is not issued again.
    DeletedStaysDeleted,
    /// What was deleted in a log, of which a later one did not know, is deleted again.
    DeletionSaidAgain,
    /// Nor is it kept of another history that is not issued again.
    DeletedNotKept,
    /// A word on a member that comes of another history takes the place of none that was said since.
    WordSinceStays,
    /// What the hub itself wrote of a member, unaware of what was said since, opens nothing.
    NothingOpened,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 50] = [
        Self::ConsistencyChecked,
        Self::PayloadChecked,
        Self::SignatureChecked,
        Self::KeyRange,
        Self::NetworkChecked,
        Self::SizeCompared,
        Self::RevisionsGrow,
        Self::SupersededDropped,
        Self::AudienceKept,
        Self::MissingNoted,
        Self::MissingAskedFor,
        Self::ProvedWhenReached,
        Self::ForkFreezes,
        Self::ForkLookedFor,
        Self::ForkProved,
        Self::TailGivenUp,
        Self::OpenKeyOutweighs,
        Self::KeptBeforeDropped,
        Self::LeftOutAskedFor,
        Self::PageBringsForward,
        Self::CursorWaits,
        Self::CursorOfStore,
        Self::UnfinishedIsPulled,
        Self::TokenWaitsForTrust,
        Self::TokenOfHeads,
        Self::TrustOfNow,
        Self::MembershipOutranksPins,
        Self::MissingWordCounts,
        Self::LastWordCounts,
        Self::ClosedNotFollowed,
        Self::DenialWins,
        Self::KeyEndEnforced,
        Self::GuardCompared,
        Self::PeersAskedFirst,
        Self::NewLogUnlessVouched,
        Self::BranchFetched,
        Self::BranchAskedOfAll,
        Self::OneHistoryTakenUp,
        Self::CutToAccepted,
        Self::AcceptedLookedFor,
        Self::AcceptedProved,
        Self::EarlierSettled,
        Self::ShortPulled,
        Self::BesideAcceptedFetched,
        Self::HeardHaltsOnce,
        Self::DeletedStaysDeleted,
        Self::DeletionSaidAgain,
        Self::DeletedNotKept,
        Self::WordSinceStays,
        Self::NothingOpened,
    ];

    /// Says whether the rule holds: always, in the program.
    #[cfg(not(feature = "mutations"))]
    #[inline]
    pub const fn holds(self) -> bool {
        true
    }

    /// Says whether the rule holds in this thread.
    #[cfg(feature = "mutations")]
    #[inline]
    pub fn holds(self) -> bool {
        switch::BROKEN.get() != Some(self)
    }
}

#[cfg(feature = "mutations")]
pub(crate) use switch::once;
#[cfg(feature = "mutations")]
pub use switch::without;

#[cfg(feature = "mutations")]
mod switch {
    use std::cell::{Cell, RefCell};
    use std::collections::HashMap;

    use super::Rule;
    use crate::log::Hash;

    /// So many answers are remembered before all are forgotten.
    const MOST_ANSWERS: usize = 50_000;

    thread_local! {
        pub(super) static BROKEN: Cell<Option<Rule>> = const { Cell::new(None) };
        static ANSWERS: RefCell<HashMap<Hash, bool>> = RefCell::default();
    }

    /// Answers a question that this thread was asked before as it was answered then.
    pub(crate) fn once(question: &Hash, compute: impl FnOnce() -> bool) -> bool {
        ANSWERS.with_borrow_mut(|answers| {
            if answers.len() >= MOST_ANSWERS {
                answers.clear();
            }
            *answers.entry(*question).or_insert_with(compute)
        })
    }

    /// Runs something without a rule, or with all of them.
    pub fn without<T>(rule: Option<Rule>, run: impl FnOnce() -> T) -> T {
        let _back = Back(BROKEN.replace(rule));
        run()
    }

    /// Sets a switch back, also when what ran panicked.
    struct Back(Option<Rule>);

    impl Drop for Back {
        fn drop(&mut self) {
            BROKEN.set(self.0);
        }
    }
}
