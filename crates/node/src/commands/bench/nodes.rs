//! Throw-away hubs as processes of this very program.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use domain::catalog::HubProfileDraft;
use domain::identity::HubId;
use outgoing::Reach;
use sync::peer::{HttpPeer, Peer as _};
use tokio::process::{Child, Command};

use crate::config::{Config, DatabaseUrl, FILE};
use crate::hub::{Hub, SOFTWARE};

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Where the hubs of a measurement keep their records.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Where {
    /// Measure PostgreSQL: the URL of an empty database for each hub, the supplier's first
    #[arg(long, value_name = "URL", num_args = 1..=3)]
    postgres: Vec<String>,
    /// The folder for throw-away hubs; it must not exist, and is removed afterwards
    #[arg(long, value_name = "FOLDER", default_value = "simpul-bench")]
    folder: PathBuf,
}

/// The folder of a measurement, removed at its end.
pub(super) struct Workplace {
    place: Where,
}

impl Workplace {
    pub(super) fn new(place: &Where) -> anyhow::Result<Self> {
        if place.folder.exists() {
            bail!(
                "{} is there already; remove it, or choose another --folder",
                place.folder.display()
            );
        }
        std::fs::create_dir_all(&place.folder)
            .with_context(|| format!("{} cannot be made", place.folder.display()))?;
        Ok(Self {
            place: place.clone(),
        })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.place.folder.join(name)
    }

    /// Makes a hub that pulls by itself only when it is told to; `place` counts the hubs of the measurement.
    pub(super) async fn create(&self, id: &str, place: usize) -> anyhow::Result<Hub> {
        let folder = self.path(id);
        std::fs::create_dir_all(&folder)?;
        let listen = free_address()?;
        let database = self
            .place
            .postgres
            .get(place)
            .map_or("sqlite:simpul.db", String::as_str);
        DatabaseUrl::parse(database).map_err(anyhow::Error::msg)?;
        let text = format!(
            "[hub]\nnetwork = \"bench\"\nid = \"{id}\"\n\n[database]\nurl = \"{database}\"\n\n[http]\nlisten = \"{listen}\"\n\n[http.rates]\nunlimited = [\"127.0.0.0/8\"]\n\n[sync]\ninterval_seconds = 3600\nprivate_networks = [\"127.0.0.0/8\"]\n\n[log]\nfilter = \"error\"\n"
        );
        let mut config = Config::parse(&text)?;
        config.folder = folder.clone();
        let profile = HubProfileDraft {
            name: format!("Contoh {id}"),
            kind: "MINISTRY".to_owned(),
            status: "ACTIVE".to_owned(),
            ..HubProfileDraft::default()
        };
        let hub = Hub::create(config, &profile).await?;
        std::fs::write(folder.join(FILE), text)?;
        HubId::parse(id)?;
        Ok(hub)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.place.folder));
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(socket.local_addr()?)
}

/// This program with a hub's settings.
pub(super) fn program(folder: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("--config")
        .arg(folder.join(FILE))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

/// A serving process.
pub(super) struct Serving {
    child: Child,
    /// How long it took to answer.
    pub(super) ready_after: Duration,
}

impl Serving {
    /// Starts serving and waits until the node is ready.
    pub(super) async fn start(folder: &Path, address: SocketAddr) -> anyhow::Result<Self> {
        let started = Instant::now();
        let child = program(folder)?
            .arg("serve")
            .stdout(Stdio::null())
            .spawn()?;
        let peer = HttpPeer::new(
            HttpPeer::client(SOFTWARE, Reach::here())?,
            &format!("http://{address}"),
        )?;
        while started.elapsed() < START_TIMEOUT {
            if peer.greet().await.is_ok() {
                return Ok(Self {
                    child,
                    ready_after: started.elapsed(),
                });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bail!(
            "the hub at {address} was not ready within {} s",
            START_TIMEOUT.as_secs()
        )
    }

    /// Memory in MB: now and at its peak, as Linux counts it.
    pub(super) fn memory(&self) -> (f64, f64) {
        self.child.id().map_or((0.0, 0.0), |id| {
            (memory_of(id, "VmRSS:"), memory_of(id, "VmHWM:"))
        })
    }
}

/// A process's memory in MB, by the name of a line in Linux's `/proc/<pid>/status`; 0 elsewhere.
pub(super) fn memory_of(process: u32, line: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let value = status
        .lines()
        .find_map(|text| text.strip_prefix(line))
        .unwrap_or_default();
    let kilobytes: f64 = value
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap_or_default();
    kilobytes / 1024.0
}
