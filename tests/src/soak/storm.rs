//! The plan carried out: writes, kills, copies, put-backs, cuts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::ledger::{Ledger, Shown, Written};
use super::plan::{self, Deed};
use crate::fleet::Fleet;
use crate::fleet::link::Flow;
use crate::fleet::process::{Copied, GuardFate, HubProcess};

const REGISTER: &str =
    "mutation { registerAgency(input: {name: \"Dinas Contoh\", kind: DEPARTMENT}) { id } }";
const CREATE: &str =
    "mutation($input: InnovationInput!) { createInnovation(input: $input) { innovation { id } } }";
const REVISE: &str = "mutation($id: ID!, $revision: Long!, $input: InnovationInput!) {
    reviseInnovation(id: $id, revision: $revision, input: $input) { innovation { revision } } }";
const WITHDRAW: &str = "mutation($id: ID!, $revision: Long!) { withdrawInnovation(id: $id, revision: $revision, reason: WITHDRAWN) }";
const SHOWN: &str =
    "query($after: String) { innovations(first: 100, after: $after, orderBy: TITLE_ASC) {
    nodes { id revision title } pageInfo { hasNextPage endCursor } } }";
/// Copies of a hub's database that are kept.
const MOST_COPIES: usize = 3;
/// How long getting lost hubs back may take when the storm is over.
const MOST_RECOVERING: Duration = Duration::from_secs(180);

/// What happened.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Deeds, by their name.
    pub done: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn count(&mut self, what: &'static str) {
        *self.done.entry(what).or_default() += 1;
    }
}

/// A storm that blows over hubs.
pub struct Storm {
    /// The hubs.
    pub fleet: Fleet,
    /// What was written.
    pub ledger: Ledger,
    /// What happened.
    pub tally: Tally,
    rows: Vec<String>,
    scratch: PathBuf,
    agencies: Vec<Option<String>>,
    copies: Vec<Vec<Copied>>,
    put_back: BTreeSet<usize>,
    starts: Vec<(Instant, usize)>,
    ends: Vec<(Instant, usize)>,
    made: u64,
}

impl Storm {
    /// Makes ready; the hubs run.
    pub fn new(fleet: Fleet, folder: &Path, rows: Vec<String>) -> Self {
        let hubs = fleet.hubs.len();
        Self {
            fleet,
            ledger: Ledger::default(),
            tally: Tally::default(),
            rows,
            scratch: folder.join("rows.jsonl"),
            agencies: vec![None; hubs],
            copies: vec![Vec::new(); hubs],
            put_back: BTreeSet::new(),
            starts: Vec::new(),
            ends: Vec::new(),
            made: 0,
        }
    }

    /// Lets it blow so long.
    pub async fn blow(
        &mut self,
        chance: &mut fastrand::Rng,
        how_long: Duration,
    ) -> anyhow::Result<()> {
        let end = Instant::now() + how_long;
        while Instant::now() < end {
            let (deed, pause) = plan::draw(chance);
            self.perform(deed)
                .await
                .with_context(|| format!("{deed:?}"))?;
            tokio::time::sleep(pause).await;
            self.catch_up().await?;
        }
        Ok(())
    }

    /// Makes all links whole and starts all hubs.
    pub async fn calm(&mut self) -> anyhow::Result<()> {
        for link in &self.fleet.links {
            link.set(Flow::Open);
        }
        self.fleet.start().await?;
        let end = Instant::now() + MOST_RECOVERING;
        while self.fleet.hubs.iter().any(|hub| hub.is_empty) {
            anyhow::ensure!(
                Instant::now() < end,
                "a hub whose machine was lost is not got back"
            );
            self.recover_all().await?;
        }
        Ok(())
    }

    /// Starts hubs and mends links whose time has come.
    async fn catch_up(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        for (_, hub) in self
            .starts
            .extract_if(.., |(at, _)| *at <= now)
            .collect::<Vec<_>>()
        {
            if !self.fleet.hubs[hub].is_running() && !self.fleet.hubs[hub].is_empty {
                self.fleet.hubs[hub].start().await?;
            }
        }
        self.recover_all().await?;
        for (_, link) in self.ends.extract_if(.., |(at, _)| *at <= now) {
            self.fleet.links[link].set(Flow::Open);
        }
        Ok(())
    }

    async fn perform(&mut self, deed: Deed) -> anyhow::Result<()> {
        let hubs = self.fleet.hubs.len();
        match deed {
            Deed::Create(hub, count) => {
                for _ in 0..count {
                    self.create(hub % hubs).await;
                }
            }
            Deed::Revise(hub, which) => self.revise(hub % hubs, which).await,
            Deed::Withdraw(hub, which) => self.withdraw(hub % hubs, which).await,
            Deed::Import(hub, from, count) => self.import(hub % hubs, from, count).await?,
            Deed::Kill(hub, pause) => self.end(hub % hubs, pause, true).await?,
            Deed::Stop(hub, pause) => self.end(hub % hubs, pause, false).await?,
            Deed::Copy(hub) => self.copy(hub % hubs).await?,
            Deed::PutBack(hub, which, fate) => self.put_back(hub % hubs, which, fate).await?,
            Deed::Lose(hub) => self.lose(hub % hubs).await?,
            Deed::Disturb(link, flow, pause) => {
                let link = link % self.fleet.links.len();
                self.fleet.links[link].set(flow);
                self.ends.push((Instant::now() + pause, link));
                self.tally.count(if flow == Flow::Cut {
                    "links cut"
                } else {
                    "links slowed"
                });
            }
        }
        Ok(())
    }

    async fn agency(&mut self, hub: usize) -> Option<String> {
        if self.agencies[hub].is_none() {
            let answer = self.fleet.hubs[hub].ask(REGISTER, json!({})).await?;
            let id = answer["data"]["registerAgency"]["id"].as_str()?;
            self.agencies[hub] = Some(id.to_owned());
        }
        self.agencies[hub].clone()
    }

    /// Writes, and gives the data; counts what was refused and what was not answered.
    async fn write(&mut self, hub: usize, document: &str, variables: Value) -> Option<Value> {
        let answer = self.fleet.hubs[hub].ask(document, variables).await;
        let Some(mut answer) = answer else {
            self.tally.count("writes without an answer");
            return None;
        };
        if answer.get("errors").is_some() {
            self.tally.count("writes refused");
            return None;
        }
        self.tally.count("writes");
        Some(answer["data"].take())
    }

    fn next_title(&mut self, hub: usize) -> String {
        self.made += 1;
        format!("Inovasi {} nomor {}", self.fleet.hubs[hub].id, self.made)
    }

    async fn create(&mut self, hub: usize) {
        let title = self.next_title(hub);
        let Some(agency) = self.agency(hub).await else {
            return;
        };
        let input = json!({"title": title, "agency": agency});
        let Some(data) = self.write(hub, CREATE, json!({"input": input})).await else {
            return;
        };
        let id = data["createInnovation"]["innovation"]["id"].as_str();
        let id = id.unwrap_or_default().to_owned();
        self.ledger.note(Written {
            hub,
            id,
            revision: 1,
            title,
            is_sure: true,
        });
    }

    fn choose(&self, hub: usize, which: usize) -> Option<Written> {
        let own: Vec<_> = self
            .ledger
            .written
            .iter()
            .filter(|known| known.hub == hub)
            .collect();
        own.get(which.checked_rem(own.len())?)
            .map(|known| Written::clone(known))
    }

    async fn revise(&mut self, hub: usize, which: usize) {
        let title = self.next_title(hub);
        let (Some(known), Some(agency)) = (self.choose(hub, which), self.agency(hub).await) else {
            return;
        };
        let input = json!({"title": title, "agency": agency});
        let variables = json!({"id": known.id, "revision": known.revision, "input": input});
        match self.write(hub, REVISE, variables).await {
            Some(data) => {
                let revision = data["reviseInnovation"]["innovation"]["revision"].as_u64();
                let revision = revision.unwrap_or_default();
                self.ledger.note(Written {
                    revision,
                    title,
                    ..known
                });
            }
            None => self.ledger.doubt(&known.id),
        }
    }

    async fn withdraw(&mut self, hub: usize, which: usize) {
        let Some(known) = self.choose(hub, which) else {
            return;
        };
        let variables = json!({"id": known.id, "revision": known.revision});
        let answer = self.write(hub, WITHDRAW, variables).await;
        self.ledger.take_back(&known.id, answer.is_some());
    }

    async fn import(&mut self, hub: usize, from: usize, count: usize) -> anyhow::Result<()> {
        let rows = self
            .rows
            .iter()
            .cycle()
            .skip(from % self.rows.len())
            .take(count);
        let text: Vec<&str> = rows.map(String::as_str).collect();
        std::fs::write(&self.scratch, text.join("\n"))?;
        let file = self.scratch.display().to_string();
        let hub = &self.fleet.hubs[hub];
        let (code, _) = hub.run(&["import", &file, "--skip-bad-rows"]).await?;
        self.tally.count(if code == Some(0) || code == Some(3) {
            "imports"
        } else {
            "imports refused"
        });
        Ok(())
    }

    async fn end(&mut self, hub: usize, pause: Duration, is_killed: bool) -> anyhow::Result<()> {
        if !self.fleet.hubs[hub].is_running() {
            return Ok(());
        }
        if is_killed {
            self.fleet.hubs[hub].kill().await?;
        } else {
            self.fleet.hubs[hub].stop().await?;
        }
        self.tally.count(if is_killed { "kills" } else { "stops" });
        self.starts.push((Instant::now() + pause, hub));
        Ok(())
    }

    async fn copy(&mut self, hub: usize) -> anyhow::Result<()> {
        if self.fleet.hubs[hub].is_empty {
            return Ok(());
        }
        let number = usize::try_from(self.tally.done.get("copies").copied().unwrap_or_default())?;
        let copied = self.fleet.hubs[hub].copy(number).await?;
        let copies = &mut self.copies[hub];
        copies.insert(0, copied);
        for old in copies.drain(MOST_COPIES.min(copies.len())..) {
            old.remove();
        }
        self.tally.count("copies");
        Ok(())
    }

    async fn put_back(&mut self, hub: usize, which: usize, fate: GuardFate) -> anyhow::Result<()> {
        let Some(index) = which.checked_rem(self.copies[hub].len()) else {
            return Ok(());
        };
        if self.fleet.hubs[hub].is_empty {
            return Ok(());
        }
        let copied = self.copies[hub][index].clone();
        self.fleet.hubs[hub].kill().await?;
        let others: Vec<usize> = (0..self.fleet.hubs.len())
            .filter(|other| *other != hub)
            .collect();
        self.forget(hub, &others).await;
        self.fleet.hubs[hub].put_back(&copied, fate).await?;
        self.fleet.hubs[hub].start().await?;
        self.tally.count(match fate {
            GuardFate::Kept => "put back, guard kept",
            GuardFate::Lost => "put back, guard lost",
            GuardFate::PutBack => "put back, guard too",
        });
        Ok(())
    }

    /// Notes that a hub forgets what these others do not show.
    async fn forget(&mut self, hub: usize, others: &[usize]) {
        let mut seen = Vec::new();
        for other in others {
            if self.fleet.hubs[*other].is_running() {
                seen.push(shown(&self.fleet.hubs[*other]).await.unwrap_or_default());
            }
        }
        let named = |hub: &HubProcess| format!(":{}:", hub.id);
        let ids: Vec<String> = self.fleet.hubs.iter().map(named).collect();
        for other in self.put_back.iter().filter(|other| **other != hub) {
            self.ledger.lose(|id| id.contains(&ids[*other]), &seen);
        }
        self.ledger
            .put_back(hub, |id| id.contains(&ids[hub]), &seen);
        self.put_back.insert(hub);
        // Of the agency nobody knows whether it comes back.
        self.agencies[hub] = None;
    }

    async fn lose(&mut self, hub: usize) -> anyhow::Result<()> {
        self.fleet.hubs[hub].kill().await?;
        self.fleet.hubs[hub].lose_everything().await?;
        self.tally.count("machines lost");
        Ok(())
    }

    async fn recover_all(&mut self) -> anyhow::Result<()> {
        for hub in 0..self.fleet.hubs.len() {
            if self.fleet.hubs[hub].is_empty {
                self.recover(hub).await?;
            }
        }
        Ok(())
    }

    /// Gets a hub back from all its peers, once all of them can be asked: what one holds that was not asked is lost.
    async fn recover(&mut self, hub: usize) -> anyhow::Result<()> {
        let fleet = &self.fleet;
        let links = fleet.links.iter().filter(|link| link.ends.0 == hub);
        let is_ready = |other: usize| fleet.hubs[other].is_running();
        if !links
            .clone()
            .all(|link| link.flow() != Flow::Cut && is_ready(link.ends.1))
        {
            return Ok(());
        }
        let peers: Vec<usize> = links.clone().map(|link| link.ends.1).collect();
        let from: Vec<_> = links
            .map(|link| (link.url.clone(), fleet.hubs[link.ends.1].key))
            .collect();
        self.forget(hub, &peers).await;
        if !self.fleet.hubs[hub].recover(&from).await? {
            self.tally.count("recoveries refused");
            return Ok(());
        }
        self.tally.count("recoveries");
        let opened = self.fleet.hubs[hub].open().await?;
        self.fleet.acquaint(hub, &opened).await?;
        opened.close().await?;
        self.fleet.hubs[hub].start().await
    }
}

/// What a hub shows; nothing if it does not answer.
pub async fn shown(hub: &HubProcess) -> Option<Shown> {
    let (mut shown, mut after) = (Shown::new(), Value::Null);
    loop {
        let answer = hub.ask(SHOWN, json!({ "after": after })).await?;
        let page = &answer["data"]["innovations"];
        for node in page["nodes"].as_array()? {
            let said = (
                node["revision"].as_u64()?,
                node["title"].as_str()?.to_owned(),
            );
            shown.insert(node["id"].as_str()?.to_owned(), said);
        }
        if page["pageInfo"]["hasNextPage"] != true {
            return Some(shown);
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}
