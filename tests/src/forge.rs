//! A log of another program: signed rightly, with entries that this program would not write.

use domain::entry::Kind;
use domain::identity::{Epoch, LogId, RecordId};
use domain::log::{
    Accepted, Checkpoint, Hash, Opening, Page, RawEntry, SigningKey, TreeEdge, VerifiedPage,
};
use serde_json::{Value, json};

use crate::records::{hub_id, key_of};
use crate::store::network;

/// A log that grows in memory.
#[derive(Debug)]
pub struct Forge {
    log: LogId,
    key: SigningKey,
    edge: TreeEdge,
    fresh: Vec<RawEntry>,
}

impl Forge {
    /// An empty log of a hub.
    pub fn of(hub: &str) -> Self {
        Self::of_epoch(hub, 1)
    }

    /// An empty log of a hub, one of several.
    pub fn of_epoch(hub: &str, epoch: u64) -> Self {
        let hub = hub_id(hub);
        let key = key_of(&hub);
        let log = LogId {
            network: network(),
            hub,
            epoch: Epoch::new(epoch).expect("it is an epoch"),
        };
        Self::signed(log, key)
    }

    /// An empty log that is signed with this key.
    pub fn signed(log: LogId, key: SigningKey) -> Self {
        Self {
            log,
            key,
            edge: TreeEdge::default(),
            fresh: Vec::new(),
        }
    }

    /// The hub's log of a later epoch; its first entry, by this record, says that it accepts so much of this one.
    #[must_use]
    pub fn reopened(&self, epoch: u64, record: RecordId, accepted: &TreeEdge) -> Self {
        let opening = Opening {
            checkpoint: None,
            previous: self.log.epoch,
            accepted: Accepted {
                size: accepted.size(),
                root: accepted.root(),
            },
        };
        let body = serde_json::from_str(&opening.to_body()).expect("it is JSON");
        let mut next = Self::of_epoch(self.log.hub.as_str(), epoch);
        next.put(record, 1, Kind::EPOCH, &body, |_| {});
        next
    }

    /// Signs with another key from now on.
    pub fn hand_over(&mut self, key: SigningKey) -> &mut Self {
        self.key = key;
        self
    }

    /// The log.
    pub const fn log(&self) -> &LogId {
        &self.log
    }

    /// Adds a header and payload as they are.
    pub fn add(&mut self, header: String, payload: Option<String>) -> &mut Self {
        self.fresh.push(RawEntry { header, payload });
        self
    }

    /// Adds a revision of a record with this body, its header changed by `change` before it is written.
    pub fn put(
        &mut self,
        record: RecordId,
        revision: u64,
        kind: &str,
        body: &Value,
        change: impl FnOnce(&mut Value),
    ) -> &mut Self {
        let payload =
            json!({"salt": "AAAAAAAAAAAAAAAAAAAAAA==", "schema": 1, "body": body}).to_string();
        let mut header = json!({
            "v": 1, "record": record, "revision": revision, "kind": kind, "op": "put", "audience": "public",
            "at": "2026-02-03T04:05:06Z", "payload": Hash::of(payload.as_bytes()).to_string(), "size": payload.len(),
        });
        change(&mut header);
        self.add(header.to_string(), Some(payload))
    }

    /// Adds a revision that takes a record back.
    pub fn delete(&mut self, record: RecordId, revision: u64, kind: &str) -> &mut Self {
        self.delete_for(record, revision, kind, "public")
    }

    /// The same, of a record for an audience.
    pub fn delete_for(
        &mut self,
        record: RecordId,
        revision: u64,
        kind: &str,
        audience: &str,
    ) -> &mut Self {
        let header = json!({
            "v": 1, "record": record, "revision": revision, "kind": kind, "op": "delete", "audience": audience,
            "at": "2026-02-03T04:05:06Z", "reason": "withdrawn",
        });
        self.add(header.to_string(), None)
    }

    /// Leaves out the payload of the entry that was added last, as a supplier that lacks it would.
    pub fn without_payload(&mut self) -> Option<String> {
        self.fresh.last_mut().and_then(|entry| entry.payload.take())
    }

    /// The tree with everything that was added so far.
    pub fn grown(&self) -> TreeEdge {
        let leaf = |entry: &RawEntry| Hash::of_leaf(entry.header.as_bytes());
        self.edge.append(self.fresh.iter().map(leaf)).edge
    }

    /// A page of everything that was added since the last one, with a checkpoint at its end.
    pub fn page(&mut self) -> VerifiedPage {
        let grown = self.grown();
        let entries = std::mem::take(&mut self.fresh);
        let checkpoint = Checkpoint {
            log: self.log.clone(),
            size: grown.size(),
            root: grown.root(),
        };
        let page = Page {
            entries,
            proof: Vec::new(),
        };
        let verified = page.verify(&self.edge, checkpoint.sign(&self.key));
        self.edge = grown;
        verified.expect("the forged log is consistent")
    }
}
