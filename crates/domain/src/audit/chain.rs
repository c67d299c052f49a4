//! The link from event to event, and looking whether it holds.

use super::Event;
use crate::identity::{HubId, NetworkId};
use crate::log::Hash;

/// The end of a chain: how many events it has, and the hash of the last one with all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How many events there are, those that were cut off among them.
    pub sequence: u64,
    /// The hash of the last one.
    pub hash: Hash,
}

impl Chain {
    /// The chain of a hub before its first event: SHA-256 of `simpul-audit/1`, the network and the hub, a line each.
    pub fn empty(network: &NetworkId, hub: &HubId) -> Self {
        let text = format!("simpul-audit/1\n{network}\n{hub}\n");
        Self {
            sequence: 0,
            hash: Hash::of(text.as_bytes()),
        }
    }

    /// The chain with one more event: SHA-256 of the byte 2, the hash until now, and the event's text. The first byte tells it
    /// from leaves and nodes of logs.
    #[must_use]
    pub fn with(self, text: &str) -> Self {
        let mut bytes = Vec::with_capacity(1 + Hash::LEN + text.len());
        bytes.push(2);
        bytes.extend(self.hash.as_bytes());
        bytes.extend(text.as_bytes());
        Self {
            sequence: self.sequence + 1,
            hash: Hash::of(&bytes),
        }
    }
}

/// An event as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Its place in the chain.
    pub sequence: u64,
    /// Its text.
    pub text: String,
    /// The hash of the chain that ends with it.
    pub hash: Hash,
}

/// Where a chain is not whole, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Events are missing, or there are too many.
    #[error("event {expected} should follow and {found} does: events were removed or put between")]
    Gap {
        /// The place that should follow.
        expected: u64,
        /// The place that does.
        found: u64,
    },
    /// An event is not what it was, or what was before it is not.
    #[error(
        "event {0} is not what was written: its hash does not follow from it and the one before"
    )]
    Changed(u64),
    /// A text cannot be read as the event of its place.
    #[error("event {0} is not readable as an event of that place")]
    Unreadable(u64),
    /// What lists go by is not what the event says.
    #[error("event {0} is listed as something else than what it says")]
    Listed(u64),
    /// The address that is kept is not the one that was noted.
    #[error("the address that is kept of event {0} is not the one that was noted with it")]
    Origin(u64),
    /// The chain does not end where it was noted to end.
    #[error(
        "the chain ends with event {found}, and should end with event {noted}: its end was cut off or added to"
    )]
    End {
        /// Where it should end.
        noted: u64,
        /// Where it ends.
        found: u64,
    },
    /// The hash that somebody noted is not that of any event.
    #[error(
        "no event has the hash that you noted: the chain was written anew, or its end cut off, since then"
    )]
    Unknown,
}

/// Looks whether events are whole, one after the other.
#[derive(Clone, Debug)]
pub struct Verifier {
    chain: Chain,
    noted: Option<Hash>,
    noted_at: Option<u64>,
}

impl Verifier {
    /// Begins behind a place. A hash that somebody noted elsewhere must be that of an event, or of the beginning.
    pub fn new(begin: Chain, noted: Option<Hash>) -> Self {
        let noted_at = (noted == Some(begin.hash)).then_some(begin.sequence);
        Self {
            chain: begin,
            noted,
            noted_at,
        }
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// It does not follow.
    pub fn take(&mut self, linked: &Linked) -> Result<Event, Break> {
        let expected = self.chain.sequence + 1;
        if linked.sequence != expected {
            let found = linked.sequence;
            return Err(Break::Gap { expected, found });
        }
        let next = self.chain.with(&linked.text);
        if next.hash != linked.hash {
            return Err(Break::Changed(expected));
        }
        let event = Event::parse(&linked.text).ok();
        let event = event.filter(|event| event.sequence == expected);
        let event = event.ok_or(Break::Unreadable(expected))?;
        self.chain = next;
        if self.noted == Some(next.hash) {
            self.noted_at = Some(next.sequence);
        }
        Ok(event)
    }

    /// Where it has come to.
    pub const fn chain(&self) -> Chain {
        self.chain
    }

    /// The event whose hash somebody noted, once it was there.
    pub const fn noted_at(&self) -> Option<u64> {
        self.noted_at
    }

    /// Ends behind the last event.
    ///
    /// # Errors
    /// The chain ends elsewhere, or the hash that was noted is not there.
    pub fn end(self, end: Option<Chain>) -> Result<Chain, Break> {
        if let Some(end) = end {
            let (noted, found) = (end.sequence, self.chain.sequence);
            if noted != found {
                return Err(Break::End { noted, found });
            }
            if end.hash != self.chain.hash {
                return Err(Break::Changed(found));
            }
        }
        if self.noted.is_some() && self.noted_at.is_none() {
            return Err(Break::Unknown);
        }
        Ok(self.chain)
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::super::{Action, Actor, Deed};
    use super::*;

    fn begin() -> Chain {
        let network = NetworkId::parse("jipp").unwrap();
        Chain::empty(&network, &HubId::parse("id-13").unwrap())
    }

    fn events(count: u64) -> Vec<Linked> {
        let mut chain = begin();
        let event = |number: u64| {
            let deed = Deed {
                at: OffsetDateTime::UNIX_EPOCH,
                actor: Actor::Operator,
                token: None,
                action: Action::AddPeer,
                origin: None,
            };
            let text = deed.done(format!("hub:id-{number}")).text(number);
            chain = chain.with(&text);
            Linked {
                sequence: number,
                text,
                hash: chain.hash,
            }
        };
        (1..=count).map(event).collect()
    }

    fn verify(events: &[Linked], end: Option<Chain>, noted: Option<Hash>) -> Result<Chain, Break> {
        let mut verifier = Verifier::new(begin(), noted);
        for event in events {
            verifier.take(event)?;
        }
        verifier.end(end)
    }

    fn end(events: &[Linked]) -> Option<Chain> {
        let last = events.last()?;
        Some(Chain {
            sequence: last.sequence,
            hash: last.hash,
        })
    }

    #[test]
    fn what_was_written_is_whole() {
        let whole = events(5);
        assert_eq!(
            verify(&whole, end(&whole), Some(whole[1].hash)),
            Ok(end(&whole).unwrap())
        );
        assert_eq!(verify(&[], Some(begin()), Some(begin().hash)), Ok(begin()));
    }

    #[test]
    fn each_way_to_tamper_is_found_at_its_place() {
        let whole = events(5);
        let check = |tamper: &dyn Fn(&mut Vec<Linked>), expected: Break| {
            let mut events = whole.clone();
            tamper(&mut events);
            assert_eq!(verify(&events, end(&whole), None), Err(expected));
        };
        check(
            &|it| it[2].text = it[2].text.replace("id-3", "id-9"),
            Break::Changed(3),
        );
        check(
            &|it| drop(it.remove(2)),
            Break::Gap {
                expected: 3,
                found: 4,
            },
        );
        check(
            &|it| it.insert(2, it[1].clone()),
            Break::Gap {
                expected: 3,
                found: 2,
            },
        );
        check(
            &|it| it.swap(1, 2),
            Break::Gap {
                expected: 2,
                found: 3,
            },
        );
        check(&|it| it.truncate(3), Break::End { noted: 5, found: 3 });
        check(
            &|it| drop(it.remove(0)),
            Break::Gap {
                expected: 1,
                found: 2,
            },
        );
    }

    #[test]
    fn who_noted_the_head_finds_a_chain_that_was_written_anew() {
        let whole = events(5);
        let mut other = events(4);
        let text = other[3].text.replace("id-4", "id-8");
        let chain = end(&other[..3]).unwrap().with(&text);
        other[3] = Linked {
            sequence: 4,
            text,
            hash: chain.hash,
        };
        assert!(
            verify(&other, Some(chain), None).is_ok(),
            "it is whole in itself"
        );
        let noted = Some(whole[4].hash);
        assert_eq!(verify(&other, Some(chain), noted), Err(Break::Unknown));
    }

    #[test]
    fn the_chain_of_one_hub_is_not_that_of_another() {
        let network = NetworkId::parse("jipp").unwrap();
        let other = Chain::empty(&network, &HubId::parse("id-14").unwrap());
        let mut verifier = Verifier::new(other, None);
        assert_eq!(verifier.take(&events(1)[0]), Err(Break::Changed(1)));
    }
}
