//! Telling a hub that signed two histories from a relay that lies about one.
//!
//! A page that does not verify proves nothing: a relay may pair a genuine checkpoint with false entries. What a relay
//! cannot make up is a page that does verify. So the supplier is asked for single entries, each with the proof that leads
//! from our own entries before it to a checkpoint of the hub. The last place at which that succeeds is found by halving;
//! if the proved entry there is not ours, the two histories part there. If we held a checkpoint of that entry, the hub signed
//! both, and the two checkpoints with this place show it to anybody.

use domain::identity::LogId;
use domain::log::SignedCheckpoint;
use domain::trust::Trust;

use super::RoundError;
use crate::peer::Peer;
use crate::plan::{self, Probe};
use crate::store::Store;

/// The place at which a history of a log that a hub signed leaves ours.
#[derive(Debug)]
pub(super) struct Fork {
    /// The first place at which they differ.
    pub(super) differs_at: u64,
    /// The checkpoint of the history that is not ours.
    pub(super) theirs: SignedCheckpoint,
}

pub(super) struct Search<'a, S, P> {
    pub(super) db: &'a S,
    pub(super) remote: &'a P,
    pub(super) trust: &'a Trust,
    pub(super) log: &'a LogId,
}

/// An entry that is proved to continue our entries before it.
struct Proved {
    header: String,
    checkpoint: SignedCheckpoint,
}

impl<S: Store, P: Peer> Search<'_, S, P> {
    /// Looks for the place at which the supplier's history, if it is the hub's, leaves ours.
    pub(super) async fn run(&self) -> Result<Option<Fork>, RoundError> {
        let Some(head) = self.db.find_head(self.log).await? else {
            return Ok(None);
        };
        let mut probe = Probe::of(head.size);
        let mut last = None;
        while let Some(place) = probe.next() {
            match self.prove(place).await? {
                Some(proved) => {
                    probe = probe.proved(place);
                    last = Some((place, proved));
                }
                None => probe = probe.refused(place),
            }
        }
        let Some((place, proved)) = last else {
            return Ok(None);
        };
        let ours = self.db.header(self.log, place).await?;
        Ok(
            plan::is_fork(ours.as_deref(), &proved.header).then_some(Fork {
                differs_at: place,
                theirs: proved.checkpoint,
            }),
        )
    }

    /// Asks for the entry at a place; nothing if it is not proved to stand there.
    async fn prove(&self, place: u64) -> Result<Option<Proved>, RoundError> {
        let Some(edge) = self.db.edge_at(self.log, place).await? else {
            return Ok(None);
        };
        let stated = self.remote.page(self.log, place, 1).await?;
        let checkpoint = match self.trust.open(&stated.checkpoint) {
            Ok(checkpoint) if checkpoint.log() == self.log => checkpoint,
            _ => return Ok(None),
        };
        let Ok(mut page) = stated.page.verify(&edge, checkpoint) else {
            return Ok(None);
        };
        let header = page.entries.swap_remove(0).header_text;
        Ok(Some(Proved {
            header,
            checkpoint: page.checkpoint,
        }))
    }
}
