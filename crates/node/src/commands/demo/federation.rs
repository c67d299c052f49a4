//! The hubs of the demo: real ones, with the real records of the data folder.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::Path;

use anyhow::Context as _;
use domain::catalog::{HubKind, HubProfileDraft, RegionCode, Regions, Vocabulary as _, latest_day};
use domain::clock::Clock as _;
use domain::identity::{HubId, NetworkId};
use storage::{peers, pins};

use crate::config::{self, Config, Network};
use crate::hub::{Hub, SOFTWARE};
use crate::import::rows::{self, Row};
use crate::import::{self, Importer, Rules};
use crate::serving::{self, Pulling, Running};
use crate::system::SystemClock;

/// The hubs, by the number of their records in the data folder; the last takes what belongs to no other.
const HUBS: [&str; 8] = [
    "kl-panrb", "id-13", "id-35", "id-33", "id-73", "id-34", "id-63", "id-32",
];
/// The innovations of the data folder, compiled in, so that the demo needs nothing but the program.
const INNOVATIONS: &str = include_str!("../../../../../data/innovations.jsonl");
/// Where they ask each other.
const HERE: &str = "127.0.0.0/8";
/// Hubs pull each other every second, so that there is something to see.
const INTERVAL: NonZeroU32 = NonZeroU32::MIN;

/// The hubs of the demo.
pub(super) struct Federation {
    pub(super) hubs: Vec<Hub>,
}

impl Federation {
    /// Opens the hubs that are there and makes those that are not; each trusts the keys of all and pulls two.
    pub(super) async fn open(folder: &Path, count: usize, port: u16) -> anyhow::Result<Self> {
        let mut hubs = Vec::with_capacity(count);
        for (place, id) in HUBS.iter().take(count).enumerate() {
            let port = u16::try_from(place)
                .ok()
                .and_then(|place| port.checked_add(place));
            let port = port.context("the ports go past 65535; choose a lower --port")?;
            hubs.push(open_hub(&folder.join(id), HubId::parse(id)?, port).await?);
        }
        let federation = Self { hubs };
        federation.acquaint().await?;
        Ok(federation)
    }

    async fn acquaint(&self) -> anyhow::Result<()> {
        let count = self.hubs.len();
        let now = SystemClock.now();
        for (place, hub) in self.hubs.iter().enumerate() {
            for other in self
                .hubs
                .iter()
                .filter(|other| other.db.hub() != hub.db.hub())
            {
                pins::add(&hub.db, other.db.hub(), &other.key.public(), now, None).await?;
            }
            let neighbours = [(place + 1) % count, (place + count - 1) % count];
            let urls = neighbours.map(|neighbour| url(&self.hubs[neighbour]));
            for peer in peers::list(&hub.db)
                .await?
                .into_iter()
                .filter(|peer| !urls.contains(&peer.url))
            {
                peers::remove(&hub.db, &peer.url, None).await?;
            }
            for neighbour in neighbours {
                let neighbour = &self.hubs[neighbour];
                peers::add(&hub.db, &url(neighbour), neighbour.db.hub(), now, None).await?;
            }
        }
        Ok(())
    }

    /// Brings each hub's innovations in, and says how many there are in all.
    pub(super) async fn import(&self) -> anyhow::Result<u64> {
        let ids: Vec<String> = self
            .hubs
            .iter()
            .map(|hub| hub.db.hub().to_string())
            .collect();
        let mut total = 0;
        for hub in &self.hubs {
            let rules = Rules::of_data(hub.db.hub(), latest_day(SystemClock.now()));
            let mut importer = Importer::new(hub, rules.clone()).await?;
            let mine = |row: &Row| owner(&ids, row) == hub.db.hub().as_str();
            for batch in import::batches(rows::json_lines(INNOVATIONS.as_bytes()), rules, 500, mine)
            {
                importer.write(batch?).await?;
            }
            total +=
                importer.written.created + importer.written.revised + importer.written.unchanged;
        }
        Ok(total)
    }

    /// Starts all hubs.
    pub(super) async fn start(&self) -> anyhow::Result<Vec<Running>> {
        let mut running = Vec::with_capacity(self.hubs.len());
        for hub in &self.hubs {
            running.push(serving::start(hub, Pulling::ByItself).await?);
        }
        Ok(running)
    }

    pub(super) async fn close(&self) -> anyhow::Result<()> {
        for hub in &self.hubs {
            hub.close().await?;
        }
        Ok(())
    }
}

/// The hub whose record a row becomes: that of its province, else the national one.
fn owner<'a>(ids: &'a [String], row: &Row) -> &'a str {
    let province = row.get("province_code").map(|code| format!("id-{code}"));
    let regional = ids.iter().find(|id| Some(*id) == province.as_ref());
    regional.unwrap_or(&ids[0])
}

pub(super) fn url(hub: &Hub) -> String {
    format!("http://{}", hub.config.http.listen)
}

async fn open_hub(folder: &Path, id: HubId, port: u16) -> anyhow::Result<Hub> {
    let file = folder.join(config::FILE);
    let text = format!(
        "[hub]\nnetwork = \"{}\"\nid = \"{id}\"\n",
        NetworkId::parse("jipp-demo")?
    );
    let mut config = Config::parse(&text)?;
    config.folder = folder.to_owned();
    config.http.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    config.sync.interval_seconds = INTERVAL;
    config.sync.private_networks =
        vec![Network::try_from(HERE.to_owned()).map_err(anyhow::Error::msg)?];
    if file.is_file() {
        return Hub::open(config).await;
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let profile = profile(&id, config.http.listen);
    let hub = Hub::create(config, &profile).await?;
    let text = format!(
        "{text}\n[http]\nlisten = \"127.0.0.1:{port}\"\n\n[sync]\ninterval_seconds = {INTERVAL}\nprivate_networks = [\"{HERE}\"]\n"
    );
    std::fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(hub)
}

fn profile(id: &HubId, listen: SocketAddr) -> HubProfileDraft {
    let code = id
        .as_str()
        .strip_prefix("id-")
        .and_then(|code| RegionCode::parse(code).ok());
    let region = code.and_then(|code| Regions::get().find(code));
    let name = region.map_or_else(
        || "Hub JIPP Kementerian PANRB".to_owned(),
        |region| format!("Hub JIPP {}", region.name),
    );
    let kind = if region.is_some() {
        HubKind::Province
    } else {
        HubKind::Ministry
    };
    HubProfileDraft {
        name,
        kind: kind.code().to_owned(),
        region: region.map(|region| region.code.to_string()),
        endpoint: Some(format!("http://{listen}")),
        status: "ACTIVE".to_owned(),
        software: Some(SOFTWARE.to_owned()),
        ..HubProfileDraft::default()
    }
}
