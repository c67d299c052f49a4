//! Hubs as processes on this machine, with links between them that can be cut and slowed.
//!
//! - [`process`]: one hub: its folder, its process, its copies, and asking it.
//! - [`link`]: the road from one hub to another.
//! - [`chart`]: who pulls whom.

pub mod chart;
pub mod link;
pub mod process;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::clock::Clock as _;
use domain::identity::HubId;
use node::hub::Hub;
use node::system::SystemClock;
use storage::{peers, pins};

use crate::postgres::Server;
use link::Link;
use process::{HubProcess, Place};

/// How many hubs there are, and how they stand to each other.
#[derive(Clone, Debug)]
pub struct Design {
    /// Hubs.
    pub hubs: usize,
    /// Of them, on PostgreSQL; the others are on SQLite.
    pub on_postgres: usize,
    /// Peers of each hub.
    pub peers: usize,
    /// Pause between two rounds, in seconds.
    pub interval_seconds: u32,
}

/// Hubs that run, and the links between them.
pub struct Fleet {
    /// The hubs.
    pub hubs: Vec<HubProcess>,
    /// The links, each from who pulls to who is pulled.
    pub links: Vec<Link>,
}

impl Fleet {
    /// Makes hubs that know each other's keys and pull their peers through links. None runs yet.
    pub async fn build(
        binary: &Path,
        folder: &Path,
        design: &Design,
        chance: &mut fastrand::Rng,
    ) -> anyhow::Result<Self> {
        let postgres = (design.on_postgres > 0).then(Server::shared);
        let (mut hubs, mut made) = (Vec::new(), Vec::new());
        for number in 0..design.hubs {
            let database = match &postgres {
                Some(server) if number < design.on_postgres => Some(Place {
                    server: Arc::clone(server),
                    url: server.create_database().await,
                }),
                _ => None,
            };
            let id = format!("hub-{number:02}");
            let place = folder.join(&id);
            let (process, hub) =
                HubProcess::create(binary, place, &id, database, design.interval_seconds).await?;
            hubs.push(process);
            made.push(hub);
        }
        let mut links = Vec::new();
        for (puller, supplier) in chart::pairs(design.hubs, design.peers, chance) {
            links.push(Link::open((puller, supplier), hubs[supplier].address()).await?);
        }
        let fleet = Self { hubs, links };
        for (number, hub) in made.iter().enumerate() {
            fleet.acquaint(number, hub).await?;
        }
        for hub in made {
            hub.db.close().await?;
        }
        Ok(fleet)
    }

    /// Tells a hub whom it pulls, and everybody's key.
    pub async fn acquaint(&self, number: usize, hub: &Hub) -> anyhow::Result<()> {
        let others = self.hubs.iter().enumerate();
        for (_, other) in others.filter(|(other, _)| *other != number) {
            let id = HubId::parse(&other.id)?;
            pins::add(&hub.db, &id, &other.key, SystemClock.now(), None).await?;
        }
        for link in self.links.iter().filter(|link| link.ends.0 == number) {
            let id = HubId::parse(&self.hubs[link.ends.1].id)?;
            peers::add(&hub.db, &link.url, &id, SystemClock.now(), None).await?;
        }
        Ok(())
    }

    /// Starts all hubs that do not run and have a database.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let can_run = |hub: &&mut HubProcess| !hub.is_running() && !hub.is_empty;
        for hub in self.hubs.iter_mut().filter(can_run) {
            hub.start().await?;
        }
        Ok(())
    }

    /// Waits until all hubs state the same heads, the bound at most. Gives whether they do.
    pub async fn agree_within(&self, bound: Duration) -> bool {
        let end = tokio::time::Instant::now() + bound;
        while tokio::time::Instant::now() < end {
            if self.do_agree().await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        false
    }

    async fn do_agree(&self) -> bool {
        let asked = self.hubs.iter().map(HubProcess::heads_token);
        let tokens = futures_util::future::join_all(asked).await;
        tokens[0].is_some() && tokens.iter().all(|token| *token == tokens[0])
    }
}

/// The program that is to run: what `SIMPUL_BINARY` names, else the one that was built beside this one.
pub fn binary() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("SIMPUL_BINARY").map(PathBuf::from);
    let binary = match named {
        Some(named) => std::path::absolute(named)?,
        None => std::env::current_exe()?.with_file_name("simpul"),
    };
    if !binary.is_file() {
        bail!(
            "{} is missing; build it with `cargo build -p node --bin simpul`, or name another in SIMPUL_BINARY",
            binary.display()
        );
    }
    Ok(binary)
}

/// A new folder for the hubs of a run.
pub fn folder(name: &str) -> anyhow::Result<PathBuf> {
    let made = tempfile::Builder::new()
        .prefix(&format!("simpul-{name}-"))
        .tempdir();
    Ok(made.context("no folder can be made")?.keep())
}
