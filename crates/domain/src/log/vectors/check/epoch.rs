//! What a hub's next log says of the one before.

use super::super::file::{OpeningReading, OpeningText, SettlementOf};
use super::{Difference, same};
use crate::log::{Accepted, Hash, Opening, Settlement};

impl OpeningReading {
    /// What a body says, if it keeps the rules.
    pub(in super::super) fn of(body: &str) -> Option<Self> {
        let opening = Opening::parse(body).ok()?;
        Some(Self {
            previous: opening.previous.get(),
            size: opening.accepted.size,
            root: opening.accepted.root.to_string(),
            checkpoint: opening.checkpoint,
        })
    }
}

impl OpeningText {
    pub(super) fn check(&self) -> Difference {
        same("reading", &OpeningReading::of(&self.body), &self.reads)
    }
}

impl SettlementOf {
    pub(in super::super) fn found(&self) -> &'static str {
        let root = |text: &String| Hash::parse(text).expect("a root is 32 bytes in base64");
        let accepted = Accepted {
            size: self.accepted_size,
            root: root(&self.accepted_root),
        };
        match accepted.settle(self.held, self.root_there.as_ref().map(root)) {
            Settlement::Settled => "settled",
            Settlement::Cut(_) => "cut",
            Settlement::Short => "short",
            Settlement::Astray => "astray",
        }
    }

    pub(super) fn check(&self) -> Difference {
        same("settlement", &self.found(), &self.settlement.as_str())
    }
}
