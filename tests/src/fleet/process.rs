//! One hub as a process: made, started, killed, copied, put back, and asked.

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::log::PublicKey;
use node::config::{Config, FILE};
use node::hub::Hub;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::link::Address;
use crate::federation::{HERE, PULL_HERE};
use crate::postgres::Server;
use crate::records;

/// How long starting, stopping and one command may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long one question may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const DATABASE: &str = "simpul.db";
const GUARD: &str = "simpul.guard";
const KEY: &str = "simpul.key";
/// The copy of the key that is kept where no backup of the machine goes.
const KEPT_KEY: &str = "kept.key";
const TOKEN: &str = "operator.token";

/// A hub and, while it runs, its process.
#[derive(Debug)]
pub struct HubProcess {
    /// The hub's id.
    pub id: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// The key with which it signs.
    pub key: PublicKey,
    /// Its database was lost, and was not got back yet.
    pub is_empty: bool,
    /// Its database, unless that is a file.
    postgres: Option<Place>,
    settings: String,
    binary: PathBuf,
    token: String,
    child: Option<Child>,
    address: watch::Sender<Option<SocketAddr>>,
    client: reqwest::Client,
}

/// A database on a PostgreSQL server.
#[derive(Clone, Debug)]
pub struct Place {
    /// The server.
    pub server: Arc<Server>,
    /// The database.
    pub url: String,
}

/// A copy of a hub's database, and of its guard file at that time.
#[derive(Clone, Debug)]
pub struct Copied {
    database: PathBuf,
    guard: Vec<u8>,
}

/// What becomes of the guard file when a database is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardFate {
    /// It stays as it is.
    Kept,
    /// It is lost.
    Lost,
    /// It is put back with the database, as with a whole machine.
    PutBack,
}

/// What a process used so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Processor time, in ticks of 10 ms.
    pub ticks: u64,
    /// Memory, each page that several processes share divided among them (PSS), in kilobytes.
    pub kilobytes: u64,
}

impl HubProcess {
    /// Makes a hub in a new folder, on SQLite unless a PostgreSQL database is given. The open hub is for setting up.
    pub async fn create(
        binary: &Path,
        folder: PathBuf,
        id: &str,
        postgres: Option<Place>,
        interval_seconds: u32,
    ) -> anyhow::Result<(Self, Hub)> {
        std::fs::create_dir_all(&folder)?;
        let database = match &postgres {
            Some(place) => place.url.clone(),
            None => format!("sqlite:{DATABASE}"),
        };
        let text = format!(
            "[hub]\nnetwork = \"soak\"\nid = \"{id}\"\n\n[database]\nurl = \"{database}\"\n\n[http]\nlisten = \"127.0.0.1:0\"\n\n{HERE}\n[sync]\n{PULL_HERE}interval_seconds = {interval_seconds}\n"
        );
        let mut config = Config::parse(&text)?;
        config.folder.clone_from(&folder);
        let hub = Hub::create(config, &records::profile(id)).await?;
        std::fs::write(folder.join(FILE), &text)?;
        std::fs::copy(folder.join(KEY), folder.join(KEPT_KEY))?;
        let token = std::fs::read_to_string(folder.join(TOKEN))?;
        let process = Self {
            id: id.to_owned(),
            folder,
            key: hub.key.public(),
            is_empty: false,
            postgres,
            settings: text,
            binary: binary.to_owned(),
            token: token.trim().to_owned(),
            child: None,
            address: watch::Sender::new(None),
            client: reqwest::Client::builder().timeout(ANSWER_WITHIN).build()?,
        };
        Ok((process, hub))
    }

    /// Where it answers, now and later.
    pub fn address(&self) -> Address {
        self.address.subscribe()
    }

    /// Whether it was started and not ended since.
    pub const fn is_running(&self) -> bool {
        self.child.is_some()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Starts it and waits until it answers.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let log = self.log()?;
        let mut child = self
            .command(&["serve", "--json"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let output = child.stdout.take().context("it is piped")?;
        let announced = tokio::time::timeout(PATIENCE, announcement(output)).await;
        let address = announced
            .with_context(|| format!("{} does not start", self.id))?
            .with_context(|| {
                format!(
                    "{} ended at its start; see {}",
                    self.id,
                    self.log_file().display()
                )
            })?;
        self.address.send_replace(Some(address));
        self.child = Some(child);
        Ok(())
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn log(&self) -> std::io::Result<File> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
    }

    /// Ends it as a power cut would.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.address.send_replace(None);
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Asks it to end, and waits until it did.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        let id = child.id().context("it runs")?.to_string();
        Command::new("kill").args(["-TERM", &id]).status().await?;
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        self.address.send_replace(None);
        let status = ended.with_context(|| format!("{} does not end", self.id))??;
        if !status.success() {
            bail!("{} ended with {status}", self.id);
        }
        Ok(())
    }

    /// Runs another command of the program in its folder; gives its exit code and what it printed.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
        let running = self.command(arguments).stderr(self.log()?).output();
        let ended = tokio::time::timeout(PATIENCE, running).await;
        let output = ended.with_context(|| format!("simpul {arguments:?} does not end"))??;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok((output.status.code(), text))
    }

    /// What it says of itself, as JSON.
    pub async fn status(&self) -> anyhow::Result<Value> {
        let (_, text) = self.run(&["status", "--json"]).await?;
        serde_json::from_str(&text).with_context(|| format!("status of {}", self.id))
    }

    /// Asks over GraphQL, as its operator. Nothing if it does not answer.
    pub async fn ask(&self, document: &str, variables: Value) -> Option<Value> {
        let address = (*self.address.borrow())?;
        let request = self
            .client
            .post(format!("http://{address}/graphql"))
            .bearer_auth(&self.token)
            .json(&json!({"query": document, "variables": variables}));
        request.send().await.ok()?.json().await.ok()
    }

    /// The token of the heads that it states.
    pub async fn heads_token(&self) -> Option<String> {
        let answer = self
            .ask("{ hub { node { headsToken } } }", json!({}))
            .await?;
        let token = answer["data"]["hub"]["node"]["headsToken"].as_str()?;
        Some(token.to_owned())
    }

    /// Copies its database while it runs, as a backup would.
    pub async fn copy(&self, number: usize) -> anyhow::Result<Copied> {
        let copy = self.folder.join(format!("copy-{number}"));
        drop(std::fs::remove_file(&copy));
        // What was noted before the copy is in it; what is noted after may not be.
        let guard = std::fs::read(self.folder.join(GUARD)).unwrap_or_default();
        if let Some(place) = &self.postgres {
            place.server.dump(&place.url, &copy).await?;
        } else {
            let url = format!("sqlite:{}", self.folder.join(DATABASE).display());
            let db = sea_orm::Database::connect(url).await?;
            db.execute_unprepared(&format!("VACUUM INTO '{}'", copy.display()))
                .await?;
            db.close().await?;
        }
        Ok(Copied {
            database: copy,
            guard,
        })
    }

    /// Puts a copy in the place of its database. It must not run.
    pub async fn put_back(&self, copied: &Copied, fate: GuardFate) -> anyhow::Result<()> {
        if let Some(place) = &self.postgres {
            place.server.restore(&place.url, &copied.database).await?;
        } else {
            self.remove(&["simpul.db-wal", "simpul.db-shm"]);
            std::fs::copy(&copied.database, self.folder.join(DATABASE))?;
        }
        match fate {
            GuardFate::Kept => {}
            GuardFate::Lost => self.remove(&[GUARD]),
            GuardFate::PutBack => std::fs::write(self.folder.join(GUARD), &copied.guard)?,
        }
        Ok(())
    }

    fn remove(&self, files: &[&str]) {
        for file in files {
            drop(std::fs::remove_file(self.folder.join(file)));
        }
    }

    /// Loses everything but the copy of its key that is kept elsewhere. It must not run.
    pub async fn lose_everything(&mut self) -> anyhow::Result<()> {
        self.is_empty = true;
        self.remove(&["simpul.db-wal", "simpul.db-shm", DATABASE]);
        self.remove(&[FILE, KEY, TOKEN, GUARD]);
        if let Some(place) = &self.postgres {
            place.server.empty(&place.url).await;
        }
        Ok(())
    }

    /// Gets itself back from hubs at these addresses, whose keys are known; says whether it did. Those that are not
    /// asked at once are added by hand, as peers and pins are.
    pub async fn recover(&mut self, from: &[(String, PublicKey)]) -> anyhow::Result<bool> {
        // What an attempt before this one left.
        self.lose_everything().await?;
        let mut arguments = vec!["recover", "--key", KEPT_KEY, "--listen", "127.0.0.1:0"];
        arguments.extend(["--private-network", "127.0.0.0/8"]);
        let fingerprints: Vec<_> = from.iter().map(|(_, key)| key.fingerprint()).collect();
        for ((url, _), fingerprint) in from.iter().zip(&fingerprints) {
            arguments.extend(["--from", url, "--fingerprint", fingerprint]);
        }
        if let Some(place) = &self.postgres {
            arguments.extend(["--database", &place.url]);
        }
        let (code, _) = self.run(&arguments).await?;
        if !matches!(code, Some(0 | 3)) {
            return Ok(false);
        }
        self.is_empty = false;
        std::fs::write(self.folder.join(FILE), &self.settings)?;
        let token = std::fs::read_to_string(self.folder.join(TOKEN))?;
        token.trim().clone_into(&mut self.token);
        Ok(true)
    }

    /// Opens the hub in this process, for setting up. It must not run.
    pub async fn open(&self) -> anyhow::Result<Hub> {
        let mut config = Config::parse(&self.settings)?;
        config.folder.clone_from(&self.folder);
        Hub::open(config).await
    }

    /// What its process used so far; nothing where there is no `/proc`.
    pub fn usage(&self) -> Usage {
        let read = |file: &str| {
            let id = self.child.as_ref().and_then(Child::id)?;
            std::fs::read_to_string(format!("/proc/{id}/{file}")).ok()
        };
        let stat = read("stat").unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2);
        let rollup = read("smaps_rollup").unwrap_or_default();
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kilobytes = line.unwrap_or_default().trim().trim_end_matches(" kB");
        Usage {
            ticks: ticks.filter_map(|field| field.parse::<u64>().ok()).sum(),
            kilobytes: kilobytes.parse().unwrap_or_default(),
        }
    }
}

/// Reads where a hub says that it answers; nothing if it ends before.
async fn announcement(output: tokio::process::ChildStdout) -> Option<SocketAddr> {
    let mut lines = BufReader::new(output).lines();
    let mut text = String::new();
    while let Some(line) = lines.next_line().await.ok()? {
        text.push_str(&line);
        if line == "}" {
            break;
        }
    }
    let announced: Value = serde_json::from_str(&text).ok()?;
    let url = announced["url"].as_str()?;
    url.strip_prefix("http://")?.parse().ok()
}

impl Copied {
    /// Removes the copy.
    pub fn remove(&self) {
        drop(std::fs::remove_file(&self.database));
    }
}
