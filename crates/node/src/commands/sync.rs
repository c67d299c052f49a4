//! `simpul sync`

use std::sync::Mutex;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use serde_json::json;
use storage::leases::Lease;
use storage::peers::{self, RoundResult};
use sync::peer::HttpPeer;
use sync::round::{Occasion, Progress, Puller};

use crate::cli::{Common, Outcome};
use crate::hub::Hub;
use crate::serving;
use crate::{output, tasks, tls};

/// Pull peers now, without serving
#[derive(Debug, clap::Args)]
pub struct Sync {
    /// Only this peer: its address or hub id
    peer: Option<String>,
    /// One round with each peer, instead of going on until Ctrl-C. A node that runs lets go of each peer meanwhile
    #[arg(long)]
    once: bool,
}

impl Sync {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        if !self.once {
            crate::telemetry::start(&hub.config.log)?;
            let closing = tokio_util::sync::CancellationToken::new();
            tasks::upgrade::try_all(&hub).await?;
            let pulling = tokio::spawn(tasks::pull_peers(hub.clone(), closing.clone()));
            serving::until_told_to_stop().await;
            closing.cancel();
            pulling.await.context("pulling was cut off")?;
            hub.close().await?;
            return Ok(Outcome::Well);
        }
        tasks::upgrade::try_all(&hub).await?;
        let outcome = self.once(&hub, common).await?;
        hub.close().await?;
        Ok(outcome)
    }

    async fn once(&self, hub: &Hub, common: &Common) -> anyhow::Result<Outcome> {
        let mut wanted = peers::list(&hub.db).await?;
        if let Some(name) = &self.peer {
            wanted.retain(|peer| peer.url == *name || peer.hub.as_str() == name);
        }
        if wanted.is_empty() {
            bail!(
                "there is no such peer; `simpul peer list` shows them, `simpul peer add URL` adds one"
            );
        }
        let client = tls::client(&hub.config)?;
        let puller = hub.puller();
        let mut outcome = Outcome::Well;
        let mut report = Vec::new();
        for peer in wanted {
            let remote = hub.remote(client.clone(), &peer)?;
            let round = async |lease| pull(hub, &puller, &peer, &remote, &lease).await;
            let result = tasks::borrowed(hub, peer.id, round).await??;
            if result.error.is_some() {
                outcome = Outcome::Amiss;
            }
            if !common.json {
                let trouble = result
                    .error
                    .as_ref()
                    .map(|error| format!("; {error}"))
                    .unwrap_or_default();
                let received = output::bytes(result.bytes_received);
                output::say(format!(
                    "{}: {} entries, {received}{trouble}",
                    peer.hub, result.entries
                ));
            }
            report.push(json!({
                "hub": peer.hub,
                "entries": result.entries,
                "bytesReceived": result.bytes_received,
                "strikes": result.strikes,
                "error": result.error,
            }));
        }
        if common.json {
            output::json(&report)?;
        }
        Ok(outcome)
    }
}

/// Runs one round and shows how far it has come.
pub(crate) async fn pull(
    hub: &Hub,
    puller: &Puller,
    peer: &peers::Peer,
    remote: &HttpPeer,
    lease: &Lease,
) -> anyhow::Result<RoundResult> {
    // As it stands now that nobody else pulls it.
    let peer = peers::find(&hub.db, peer.id).await?;
    let peer = peer.context("the peer was removed meanwhile")?;
    let bar = Mutex::new(None::<ProgressBar>);
    let progress = |progress: Progress| {
        let mut bar = bar.lock().expect("no drawing panics");
        let bar = bar.get_or_insert_with(|| output::bar(progress.target, "pulling"));
        bar.set_length(progress.target);
        bar.set_position(progress.size);
    };
    let run = puller.run(&peer, remote, Occasion::Turn, Some(lease), &progress);
    let result = run.await?;
    if let Some(bar) = bar.into_inner().ok().flatten() {
        bar.finish_and_clear();
    }
    Ok(result)
}
