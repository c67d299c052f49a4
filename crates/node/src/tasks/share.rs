//! Which peers this process pulls, where several processes share a database.
//!
//! A look compares the peers, the leases and the loops that run here, lets `domain::lease` decide, and does it: loops end
//! before their lease is given, and begin when it was taken. A look may be cut off anywhere; the next sees what is there.

use std::collections::HashMap;
use std::sync::Arc;

use domain::lease::{self, Moves};
use storage::StorageError;
use storage::leases::{self, Lease, Name};
use storage::peers::{self, Peer};
use sync::round::Puller;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::hub::Hub;

/// The part of the pulling that this process does.
pub(super) struct Share {
    hub: Hub,
    puller: Arc<Puller>,
    /// When the leases were last renewed; nothing while this process is not counted among those that share.
    renewed: Option<Instant>,
    loops: HashMap<i64, Loop>,
}

struct Loop {
    url: String,
    lease: Lease,
    task: AbortOnDropHandle<()>,
}

impl Loop {
    /// A round that runs is given up between two pages, which loses nothing.
    async fn end(self) {
        self.task.abort();
        drop(self.task.await);
    }
}

impl Share {
    pub(super) fn new(hub: Hub) -> Self {
        Self {
            puller: Arc::new(hub.puller()),
            hub,
            renewed: None,
            loops: HashMap::new(),
        }
    }

    /// What all loops of this process share.
    pub(super) fn puller(&self) -> Arc<Puller> {
        Arc::clone(&self.puller)
    }

    /// Makes the loops that run here those that are to run here.
    pub(super) async fn look(&mut self) -> Result<(), StorageError> {
        let db = self.hub.db.clone();
        let process = self.hub.process;
        self.renew().await?;
        let listed = peers::list(&db).await?;
        let standings = leases::list(&db).await?;
        let is_counted = |standing: &leases::Standing| {
            standing.name == Name::Process(process) && standing.holder == Some(process)
        };
        if !standings.iter().any(is_counted) {
            self.renewed = None;
        }
        let ids: Vec<i64> = listed.iter().map(|peer| peer.id).collect();
        let (seats, processes) = leases::seats(&ids, &standings);
        let moves = lease::balance(process, &seats, processes);
        let names = |peers: &[i64]| peers.iter().copied().map(Name::Pull).collect::<Vec<_>>();
        let given = names(&moves.give);
        let is_kept = |lease: &Lease| lease.holder == process && !given.contains(&lease.name);
        let mut held: Vec<Lease> = standings
            .iter()
            .filter_map(leases::Standing::lease)
            .collect();
        held.retain(is_kept);
        self.end_loops(&listed, &held).await;
        leases::give(&db, process, &given).await?;
        held.extend(leases::take(&db, process, &names(&moves.take)).await?);
        self.begin_loops(listed, &held);
        tell(&moves, processes);
        Ok(())
    }

    /// Ends the loops whose leases must count as lost, because the database cannot be reached.
    pub(super) async fn give_up_what_is_lost(&mut self) {
        if self.renewed.is_none_or(|at| lease::is_lost(at.elapsed())) {
            self.end_loops(&[], &[]).await;
        }
    }

    /// Ends all loops and gives their leases back, so that others take over at once.
    pub(super) async fn leave(&mut self) -> Result<(), StorageError> {
        self.end_loops(&[], &[]).await;
        leases::leave(&self.hub.db, self.hub.process).await
    }

    async fn renew(&mut self) -> Result<(), StorageError> {
        let (db, process) = (&self.hub.db, self.hub.process);
        let asked = Instant::now();
        match self.renewed {
            None => leases::join(db, process).await?,
            Some(at) if lease::is_due(at.elapsed()) => leases::renew(db, process).await?,
            Some(_) => return Ok(()),
        }
        self.renewed = Some(asked);
        Ok(())
    }

    /// Ends the loops of peers that are gone or are found elsewhere, and those under another lease than these.
    async fn end_loops(&mut self, listed: &[Peer], held: &[Lease]) {
        let stays = |id: &i64, running: &Loop| {
            let mut peers = listed.iter();
            held.contains(&running.lease)
                && peers.any(|peer| peer.id == *id && peer.url == running.url)
        };
        let ended: Vec<_> = self
            .loops
            .extract_if(|id, running| !stays(id, running))
            .collect();
        for (_, running) in ended {
            running.end().await;
        }
    }

    fn begin_loops(&mut self, listed: Vec<Peer>, held: &[Lease]) {
        for peer in listed {
            let found = held.iter().find(|lease| lease.name == Name::Pull(peer.id));
            let Some(lease) = found.copied() else {
                continue;
            };
            self.loops.entry(peer.id).or_insert_with(|| Loop {
                url: peer.url.clone(),
                lease,
                task: AbortOnDropHandle::new(tokio::spawn(super::follow_peer(
                    self.hub.clone(),
                    Arc::clone(&self.puller),
                    peer,
                    lease,
                ))),
            });
        }
    }
}

fn tell(moves: &Moves, processes: usize) {
    if *moves != Moves::default() {
        let (taken, given) = (moves.take.len(), moves.give.len());
        tracing::info!(taken, given, processes, "peers were shared among processes");
    }
}
