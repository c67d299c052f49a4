//! Asking the machine, the database and the peers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use domain::clock::Clock as _;
use futures_util::StreamExt as _;
use outgoing::Client;
use storage::peers::Peer;
use storage::{Database, Location, checkup, peers};
use sync::peer::{Greeting, HttpPeer, PeerError};
use time::OffsetDateTime;

use super::{Finding, judge};
use crate::config::Config;
use crate::hub;
use crate::keys::{self, OperatorToken, Passphrase};
use crate::system::SystemClock;
use crate::tls;

/// How many peers are asked at once.
const PEERS_AT_ONCE: usize = 8;
/// The longest that a peer is waited for.
const PEER_PATIENCE: Duration = Duration::from_secs(20);

/// A peer's answer, and this hub's time in the middle of asking.
struct Answered {
    greeting: Greeting,
    asked_at: OffsetDateTime,
}

/// Does all checks.
pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let location = config.database.url.location(&config.folder);
    let mut findings = secrets(config);
    findings.push(disk(config, &location));
    let (database, is_ready) = database(&location).await;
    findings.extend(database);
    if is_ready {
        match hub::open_database(config).await {
            Ok(db) => {
                findings.extend(neighbours(config, &db).await);
                drop(db.close().await);
            }
            Err(error) => findings.push(Finding::fault("database", format!("{error:#}"))),
        }
    }
    findings.push(judge::pages(web::status()));
    findings
}

fn secrets(config: &Config) -> Vec<Finding> {
    let key = config.path(&config.hub.key_file);
    let token = config.path(&config.hub.token_file);
    let opened = Passphrase::of(config);
    let opened = opened.and_then(|passphrase| keys::read_key(&key, passphrase.as_ref()));
    vec![
        judge::secret("key", &key, opened.map(drop)),
        judge::secret("token", &token, OperatorToken::read(&token).map(drop)),
    ]
}

fn disk(config: &Config, location: &Location) -> Finding {
    let folder = match location {
        Location::Sqlite(file) => file.parent().map(Path::to_owned),
        Location::Postgres(_) => None,
    };
    let is_there = |folder: &PathBuf| !folder.as_os_str().is_empty();
    let folder = folder
        .filter(is_there)
        .unwrap_or_else(|| config.folder.clone());
    let free = fs4::available_space(&folder)
        .with_context(|| format!("{} cannot be looked at", folder.display()));
    judge::disk(location, &folder, free)
}

/// Looks at the database, and says whether it can be opened without changing it.
async fn database(location: &Location) -> (Vec<Finding>, bool) {
    if let Location::Sqlite(file) = location
        && !file.is_file()
    {
        return (vec![judge::no_file(file)], false);
    }
    match checkup::examine(location).await {
        Ok(found) => (judge::database(&found), found.pending.is_empty()),
        Err(error) => {
            let says = format!("it cannot be read: {:#}", anyhow::Error::from(error));
            (vec![Finding::fault("database", says)], false)
        }
    }
}

/// Asks every peer, and compares clocks with those that answer.
async fn neighbours(config: &Config, db: &Database) -> Vec<Finding> {
    let listed = match peers::list(db).await {
        Ok(listed) => listed,
        Err(error) => return vec![Finding::fault("peers", error.to_string())],
    };
    let client = match tls::client(config) {
        Ok(client) => client,
        Err(error) => return vec![Finding::fault("TLS", format!("{error:#}"))],
    };
    let ask = async |peer: Peer| {
        let answer = ask(client.clone(), &peer).await;
        (peer, answer)
    };
    let answers: Vec<_> = futures_util::stream::iter(listed)
        .map(ask)
        .buffered(PEERS_AT_ONCE)
        .collect()
        .await;
    let mut findings = Vec::new();
    let mut clocks = Vec::new();
    for (peer, answer) in &answers {
        if let Ok(answered) = answer
            && let Some(theirs) = answered.greeting.now
        {
            clocks.push((peer.hub.clone(), theirs - answered.asked_at));
        }
        let introduction = answer
            .as_ref()
            .map(|answered| &answered.greeting.introduction);
        findings.push(judge::peer(db.network(), peer, introduction));
    }
    if answers.is_empty() {
        findings.push(judge::no_peers());
    }
    findings.push(judge::clock(answers.len(), &clocks));
    findings
}

async fn ask(client: Client, peer: &Peer) -> Result<Answered, PeerError> {
    let remote = HttpPeer::new(client, &peer.url)?;
    let before = SystemClock.now();
    let greeting = tokio::time::timeout(PEER_PATIENCE, remote.introduce()).await;
    let greeting = greeting.map_err(|_| remote.timed_out())??;
    Ok(Answered {
        greeting,
        asked_at: before + (SystemClock.now() - before) / 2,
    })
}
