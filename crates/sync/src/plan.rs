//! Deciding, from values alone: what to do about a log, whether a peer can be pulled, and when to come back.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::entry::Operation;
use domain::identity::{Epoch, HubId, NetworkId, RecordId};
use domain::log::{Accepted, Hash, LogState, SignedCheckpoint, VerifiedEntry, needs_opening};
use domain::rules::Rule;
use domain::trust::Weight;

/// The protocol version that this program speaks.
pub const PROTOCOL_VERSION: u32 = 1;

/// What a hub holds of a log, or says that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Extent {
    /// What a checkpoint vouches for.
    pub fn of(checkpoint: &SignedCheckpoint) -> Self {
        Self {
            size: checkpoint.size(),
            root: *checkpoint.root(),
        }
    }
}

/// Whose payloads came with another history of our own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given<'a> {
    /// All that are not superseded within it.
    Whole,
    /// Not all, from this peer's log.
    ByLog(&'a HubId),
    /// Not all, from what this peer keeps beside it.
    BesideLog {
        /// The peer.
        peer: &'a HubId,
        /// The place of the first entry.
        from: u64,
    },
}

impl Extent {
    /// What is noted of a history of our own log that was dealt with, beside the history itself: while a payload of it is
    /// missing, it is asked for once of each peer that states it.
    #[must_use]
    pub fn given(&self, given: Given<'_>) -> Self {
        let from = match given {
            Given::Whole => "whole".to_owned(),
            Given::ByLog(peer) => format!("log {peer}"),
            Given::BesideLog { peer, from } => format!("beside {peer} from {from}"),
        };
        let root = Hash::of(format!("{} {from}", self.root).as_bytes());
        Self { root, ..*self }
    }
}

/// Notes the records of which the newest revision so far came without its payload.
pub fn note_lacking(lacking: &mut BTreeSet<RecordId>, entries: &[VerifiedEntry]) {
    let headers = entries.iter().map(|entry| (entry, entry.header.as_ref()));
    for (entry, header) in headers.filter_map(|(entry, header)| Some((entry, header.ok()?))) {
        let is_put = matches!(header.operation, Operation::Put { .. });
        if is_put && entry.payload.is_none() {
            lacking.insert(header.record);
        } else {
            lacking.remove(&header.record);
        }
    }
}

/// How much of one hub's log this node takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Entries.
    pub entries: u64,
    /// Bytes of headers and payloads.
    pub bytes: u64,
}

impl Quota {
    /// Whether a log of so many entries is taken, of which so many bytes are held.
    pub const fn admits(&self, entries: u64, held_bytes: u64) -> bool {
        entries <= self.entries && held_bytes < self.bytes
    }
}

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This hub's own.
    Ours,
    /// Another hub's.
    Theirs,
}

/// What is held of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Whose log it is.
    pub owner: Owner,
    /// How many entries are held.
    pub size: u64,
    /// Up to which size a checkpoint is held.
    pub proved_size: u64,
    /// What the log takes here, in bytes.
    pub bytes: u64,
    /// It is frozen.
    pub is_forked: bool,
    /// Our own root at the size that the peer states, if we hold as much.
    pub ours_there: Option<Hash>,
    /// How much of it its hub's next log accepts, and our own root there, if we hold as much.
    pub accepted: Option<(Accepted, Option<Hash>)>,
    /// What the peer states is a history of our own log that was dealt with.
    pub is_known_branch: bool,
    /// Which of what is held and what the peer states counts for more, if they are two histories.
    pub weight: Weight,
}

/// What to do about one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Pull pages, from the end of what is held on.
    Pull,
    /// What is held is what the peer states, and its checkpoint is newer than ours.
    Adopt,
    /// The hub signed two histories: keep both checkpoints and freeze the log.
    Freeze,
    /// Pull our own log: a peer holds more of it than we do, so our database is older than what we published.
    Recover,
    /// Pull what a peer holds of our own log short of what its next log accepts, which nobody may have.
    Approach,
    /// Fetch what a peer holds of another history of our own log, to issue it again.
    Branch,
    /// Keep the peer's checkpoint as evidence, and go on: a key that is closed vouches for another history, which anybody may
    /// have made up.
    Outweigh,
    /// What is held is of another history than the peer's, and may have to give way: find where they part, and see
    /// [`parting`].
    Part,
    /// The log is larger than this node takes of one hub.
    Park,
    /// Nothing is to be done.
    Nothing,
}

/// Decides what to do about one log.
pub fn step(view: &View, theirs: &Extent, quota: Quota) -> Step {
    match (view.ours_there, view.accepted, view.owner) {
        (Some(root), ..) if root == theirs.root => {
            if theirs.size > view.proved_size {
                Step::Adopt
            } else {
                Step::Nothing
            }
        }
        (_, Some((accepted, ours)), Owner::Ours)
            if theirs.size == accepted.size && theirs.root == accepted.root =>
        {
            match ours {
                Some(_) => Step::Part,
                None => Step::Pull,
            }
        }
        (_, _, Owner::Ours) if view.is_known_branch => Step::Nothing,
        (Some(_), _, Owner::Ours) if !Rule::BranchFetched.holds() => Step::Nothing,
        (Some(_), _, Owner::Ours) => Step::Branch,
        (None, Some((accepted, None)), Owner::Ours) if theirs.size < accepted.size => {
            if Rule::ShortPulled.holds() {
                Step::Approach
            } else {
                Step::Nothing
            }
        }
        // What is accepted may be held by nobody any more, so that does not wait for it.
        (None, Some(_), Owner::Ours) if Rule::BesideAcceptedFetched.holds() => Step::Branch,
        (None, Some(_), Owner::Ours) => Step::Nothing,
        (_, Some((accepted, root)), Owner::Theirs) => closed(view, &accepted, root, theirs),
        (Some(_), None, Owner::Theirs) => parted(view, theirs),
        (None, _, Owner::Ours) => Step::Recover,
        (None, None, Owner::Theirs) if view.is_forked => Step::Nothing,
        (None, None, Owner::Theirs) if !quota.admits(theirs.size, view.bytes) => Step::Park,
        (None, None, Owner::Theirs) => Step::Pull,
    }
}

/// What to do about another hub's log of which we hold as much as the peer states, with another root.
fn parted(view: &View, theirs: &Extent) -> Step {
    let is_in_tail = theirs.size > view.proved_size;
    let (rule, step) = match view.weight {
        _ if is_in_tail => (Rule::TailGivenUp, Step::Part),
        Weight::Equal => (Rule::ForkFreezes, Step::Freeze),
        Weight::Theirs => (Rule::OpenKeyOutweighs, Step::Part),
        Weight::Ours | Weight::Neither => (Rule::OpenKeyOutweighs, Step::Outweigh),
    };
    if view.is_forked || !rule.holds() {
        return Step::Nothing;
    }
    step
}

/// What two histories of one log come to, once it is known where they part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// Our checkpoint vouches for what is held there, so the hub signed both: freeze the log.
    Fork,
    /// A key that is closed signed theirs: keep it as evidence, and go on.
    Outweighed,
    /// A key that is closed signed ours, and one that is not signed theirs: cut there, and pull.
    Outweighing,
    /// The hub's next log says which one counts, and it is not ours: cut there, and pull.
    Closed,
    /// No checkpoint here vouches for what is held there: whoever had one is gone, and the hub went on with another history.
    /// Cut there, and pull.
    Tail,
    /// Nothing follows.
    Ignored,
}

/// Decides what follows from the place at which what is held of a log leaves what a peer proves of it.
pub fn parting(differs_at: u64, proved_size: u64, has_next: bool, weight: Weight) -> Parting {
    if has_next {
        Parting::Closed
    } else if differs_at < proved_size {
        match weight {
            Weight::Equal => Parting::Fork,
            Weight::Ours | Weight::Neither => Parting::Outweighed,
            Weight::Theirs => Parting::Outweighing,
        }
    } else if Rule::TailGivenUp.holds() {
        Parting::Tail
    } else {
        Parting::Ignored
    }
}

/// Whether a peer states of our own log what we do not hold.
pub fn is_ahead(ours_there: Option<Hash>, theirs: &Extent) -> bool {
    ours_there != Some(theirs.root) && Rule::PeersAskedFirst.holds()
}

/// Whether one of our own logs, of which a peer knows more, may be the one that we write, or a later one. Of a log far ahead
/// only the first entry tells, which a round asks for.
pub fn may_be_open(newest: Option<Epoch>, stated: Epoch) -> bool {
    newest.is_some_and(|newest| stated == newest || stated > newest && !needs_opening(stated))
}

/// What to do about another hub's log of which its next one accepts so much, and of which the peer states something that
/// we do not hold.
fn closed(view: &View, accepted: &Accepted, ours: Option<Hash>, theirs: &Extent) -> Step {
    let is_accepted = theirs.size == accepted.size && theirs.root == accepted.root;
    let is_settled = ours == Some(accepted.root);
    match ours {
        _ if is_settled || theirs.size > accepted.size => Step::Nothing,
        Some(_) if is_accepted => Step::Part,
        None if is_accepted || view.ours_there.is_none() => Step::Pull,
        _ => Step::Nothing,
    }
}

/// A supplier puts at least so many bytes into a page, unless the asked number of entries or the log's end comes first.
pub const LEAST_PAGE_BYTES: usize = 1024 * 1024;
/// How many pages of one pull may be short: the road may have cut one, but a log of thousands is not to come entry by
/// entry.
pub const MOST_SHORT_PAGES: usize = 16;

/// How much a supplier puts into a page at most, as it states of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// Entries.
    pub entries: usize,
    /// Bytes of headers and payloads.
    pub bytes: usize,
}

/// Says whether a page is shorter than an honest one: it ends at `end` though its checkpoint states `size`, and more
/// entries were asked for than it has, of a supplier that states that it gives more of them and more bytes.
pub fn is_short(
    asked: usize,
    limits: PageLimits,
    entries: usize,
    bytes: usize,
    end: u64,
    size: u64,
) -> bool {
    entries < asked.min(limits.entries) && bytes < LEAST_PAGE_BYTES.min(limits.bytes) && end < size
}

/// Halving towards the last of our places at which a supplier proves an entry: proved below `proved`, refused from
/// `refused` on. A supplier that answers at random ends it just as soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    proved: u64,
    refused: u64,
}

impl Probe {
    /// Begins with what we hold: the place behind it was refused already.
    pub const fn of(held: u64) -> Self {
        Self {
            proved: 0,
            refused: held,
        }
    }

    /// The place to ask for next.
    pub const fn next(self) -> Option<u64> {
        if self.proved < self.refused {
            Some(self.proved + (self.refused - self.proved) / 2)
        } else {
            None
        }
    }

    /// The entry at this place was proved, so all before it are ours and theirs.
    #[must_use]
    pub const fn proved(self, place: u64) -> Self {
        Self {
            proved: place + 1,
            ..self
        }
    }

    /// The entry at this place was not proved.
    #[must_use]
    pub const fn refused(self, place: u64) -> Self {
        Self {
            refused: place,
            ..self
        }
    }
}

/// Whether two headers, each proved to stand at one place of one log, show that its hub signed two histories.
pub fn is_fork(ours: Option<&str>, theirs: &str) -> bool {
    ours.is_some_and(|ours| ours != theirs) || !Rule::ForkProved.holds()
}

/// What a peer says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The hub it is.
    pub hub: HubId,
    /// Its network.
    pub network: NetworkId,
    /// The protocol versions it speaks.
    pub protocol_versions: Vec<u32>,
}

/// Why a peer cannot be pulled until somebody changes something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The peer is of another network.
    #[error("it is of network {theirs}, ours is {ours} (NETWORK_MISMATCH)")]
    Network {
        /// Our network.
        ours: NetworkId,
        /// Its network.
        theirs: NetworkId,
    },
    /// The peer speaks none of our protocol versions.
    #[error("it speaks protocol {0:?}, ours is {PROTOCOL_VERSION} (PROTOCOL_UNSUPPORTED)")]
    Protocol(Vec<u32>),
    /// Another hub answers there.
    #[error(
        "hub {theirs} answers there, {expected} was added; remove the peer and add it again if this is right"
    )]
    Hub {
        /// The hub that was added.
        expected: HubId,
        /// The hub that answers.
        theirs: HubId,
    },
}

/// Says whether a peer can be pulled.
pub fn check_introduction(
    ours: &NetworkId,
    expected: &HubId,
    peer: &Introduction,
) -> Result<(), Mismatch> {
    if peer.network != *ours {
        return Err(Mismatch::Network {
            ours: ours.clone(),
            theirs: peer.network.clone(),
        });
    }
    if !peer.protocol_versions.contains(&PROTOCOL_VERSION) {
        return Err(Mismatch::Protocol(peer.protocol_versions.clone()));
    }
    if peer.hub != *expected {
        return Err(Mismatch::Hub {
            expected: expected.clone(),
            theirs: peer.hub.clone(),
        });
    }
    Ok(())
}

const FIRST_BACK_OFF: Duration = Duration::from_secs(2);
const LONGEST_BACK_OFF: Duration = Duration::from_mins(5);

/// How long to wait before the next round: the interval give or take a fifth, or, after failures, a random part of a
/// time that doubles from 2 seconds to 5 minutes. `random` is a number from 0 up to 1.
pub fn pause(interval: Duration, failures: u64, random: f64) -> Duration {
    let random = random.clamp(0.0, 1.0);
    if failures == 0 {
        return interval.mul_f64(0.8 + 0.4 * random);
    }
    let doublings = u32::try_from(failures - 1).unwrap_or(u32::MAX).min(16);
    let longest = (FIRST_BACK_OFF * 2_u32.pow(doublings)).min(LONGEST_BACK_OFF);
    // A tenth of the first pause is the least, so that a peer that refuses at once is not asked in a loop.
    longest.mul_f64(random).max(FIRST_BACK_OFF / 10)
}

/// How long a round is followed by none, whatever hints say, so that a peer cannot keep this hub at work. After a round
/// that failed it is longer, since the cause may still be there, and after one that `brought` no entry, since the peer may
/// tell of nothing.
pub fn least_pause(failures: u64, brought: u64) -> Duration {
    if failures == 0 && brought > 0 {
        Duration::from_millis(10)
    } else {
        Duration::from_secs(1)
    }
}

/// A subscription that was held as long as this was a good one.
const GOOD_HOLD: Duration = Duration::from_mins(1);

/// How many subscriptions were lost in a row with one that had been held so long: the failures for [`pause`].
pub fn losses(before: u64, held: Duration) -> u64 {
    if held >= GOOD_HOLD { 1 } else { before + 1 }
}

/// Says whether a hint is worth a round: it states a size that is not held here, or something is unfinished. Hubs that
/// pull one another hear of their own entries again, which is none.
pub fn is_news(state: LogState, ours: u64, stated: u64) -> bool {
    state != LogState::Proved || stated > ours
}

#[cfg(test)]
mod tests;
