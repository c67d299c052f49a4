//! Which hubs have a record's newest entry, as far as they showed it, in words for people.

use crate::entry::{DeletionReason, Operation};
use crate::identity::HubId;

/// A record's newest entry, and what each peer showed that it holds of its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The record's newest entry here.
    pub newest: Newest,
    /// The peers that are pulled, in the order in which they were added.
    pub peers: Vec<PeerHolding>,
}

/// A record's newest entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Its place in the log, counted from 0.
    pub index: u64,
    /// The record's revision.
    pub revision: u64,
    /// What it says happened to the record.
    pub operation: Operation,
}

/// How far a peer showed that it holds a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerHolding {
    /// The peer.
    pub hub: HubId,
    /// The largest proved size that was seen there last, 0 if none was.
    pub size: u64,
    /// When that size was first seen, in Unix milliseconds.
    pub seen_at: Option<i64>,
}

impl Newest {
    /// The size of a log that holds the entry.
    pub const fn needed(&self) -> u64 {
        self.index + 1
    }
}

impl Holding {
    /// Whether a peer showed that it holds the newest entry. A hub that holds an entry has dropped what it replaces.
    pub fn is_confirmed_by(&self, peer: &PeerHolding) -> bool {
        peer.size >= self.newest.needed()
    }

    /// Whether every peer confirmed the newest entry.
    pub fn is_everywhere(&self) -> bool {
        self.peers.iter().all(|peer| self.is_confirmed_by(peer))
    }

    /// The answer in sentences, one for all and one for each peer that has not confirmed.
    pub fn sentences(&self, record: &str) -> Vec<String> {
        let confirmed = self.peers.iter().filter(|peer| self.is_confirmed_by(peer));
        let what = match self.newest.operation {
            Operation::Delete {
                reason: DeletionReason::Erasure,
            } => "the erasure".to_owned(),
            Operation::Delete { .. } => "the withdrawal".to_owned(),
            Operation::Put { .. } => format!("revision {}", self.newest.revision),
        };
        let mut sentences = vec![format!(
            "{} of {} peers confirmed {what} of {record}",
            confirmed.count(),
            self.peers.len()
        )];
        let needed = self.newest.needed();
        let lacking = self.peers.iter().filter(|peer| !self.is_confirmed_by(peer));
        sentences.extend(lacking.map(|peer| match peer.size {
            0 => format!(
                "{} has not (it never showed this log; {needed} entries are needed)",
                peer.hub
            ),
            size => format!(
                "{} has not (last seen at {size} entries, needs {needed})",
                peer.hub
            ),
        }));
        sentences
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Hash;

    #[track_caller]
    fn check(operation: Operation, sizes: [u64; 2], expected: &[&str]) {
        let peer = |(id, size): (&str, u64)| PeerHolding {
            hub: HubId::parse(id).unwrap(),
            size,
            seen_at: None,
        };
        let holding = Holding {
            newest: Newest {
                index: 43,
                revision: 3,
                operation,
            },
            peers: ["id-13", "id-31"]
                .into_iter()
                .zip(sizes)
                .map(peer)
                .collect(),
        };
        assert_eq!(holding.sentences("Innovation:id-35:7"), expected);
        assert_eq!(holding.is_everywhere(), expected.len() == 1);
    }

    #[test]
    fn people_are_told_who_has_not_confirmed() {
        let reason = DeletionReason::Erasure;
        check(
            Operation::Delete { reason },
            [44, 40],
            &[
                "1 of 2 peers confirmed the erasure of Innovation:id-35:7",
                "id-31 has not (last seen at 40 entries, needs 44)",
            ],
        );
        check(
            Operation::Delete { reason },
            [43, 0],
            &[
                "0 of 2 peers confirmed the erasure of Innovation:id-35:7",
                "id-13 has not (last seen at 43 entries, needs 44)",
                "id-31 has not (it never showed this log; 44 entries are needed)",
            ],
        );
        let put = Operation::Put {
            payload: Hash::of(b""),
            size: 0,
        };
        let all = "2 of 2 peers confirmed revision 3 of Innovation:id-35:7";
        check(put, [44, 90], &[all]);
    }
}
