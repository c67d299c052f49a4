//! `simpul repair`

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use domain::identity::{HubId, LogId};
use domain::standing::without_user_info;
use domain::trust::Trust;
use serde_json::json;
use storage::logs::heads::{self, Head};
use storage::logs::repair::{self, Broken, MOST_BROKEN, Part};
use storage::peers::{self, Peer};
use sync::peer::HttpPeer;

use crate::cli::{Common, Outcome};
use crate::hub::Hub;
use crate::{output, tls};

/// Find entries whose bytes were changed on the disk, and take the right ones from a peer
#[derive(Debug, clap::Args)]
pub struct Repair {
    /// The hub whose logs are looked at
    #[arg(value_name = "LOG")]
    hub: HubId,
    /// The peer that is asked: its address or hub id
    #[arg(long, value_name = "PEER")]
    from: String,
}

/// What was found in one log, and what became of it.
struct Report {
    log: LogId,
    broken: Vec<Broken>,
    /// The places of those that are right again.
    mended: BTreeSet<u64>,
}

impl Repair {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let trust = hub.trust().await?;
        let peer = self.find_peer(&hub).await?;
        let remote = hub.remote(tls::client(&hub.config)?, &peer)?;
        let mut heads = heads::list(&hub.db).await?;
        heads.retain(|head| head.log.hub == self.hub);
        if heads.is_empty() {
            bail!(
                "no log of {} is held here; `simpul status` lists those that are",
                self.hub
            );
        }
        let mut reports = Vec::new();
        for head in heads {
            reports.push(mend(&hub, &trust, &remote, head).await?);
        }
        hub.close().await?;
        if common.json {
            print_json(&peer, &reports)?;
        } else {
            print_text(&peer, &reports);
        }
        let is_well = reports.iter().all(Report::is_well);
        Ok(if is_well {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }

    async fn find_peer(&self, hub: &Hub) -> anyhow::Result<Peer> {
        let listed = peers::list(&hub.db).await?;
        let mut found = listed
            .into_iter()
            .filter(|peer| peer.url == self.from || peer.hub.as_str() == self.from);
        found.next().with_context(|| {
            let from = without_user_info(&self.from);
            format!("{from} is not a peer; `simpul peer list` shows them")
        })
    }
}

impl Report {
    fn is_well(&self) -> bool {
        self.mended.len() == self.broken.len()
    }
}

/// Looks through a log and mends it, a page of changed entries at a time. What was mended stays so if a later page fails.
async fn mend(hub: &Hub, trust: &Trust, remote: &HttpPeer, head: Head) -> anyhow::Result<Report> {
    let bar = output::bar(head.proved_size, "looking");
    let log = head.log;
    let mut report = Report {
        log: log.clone(),
        broken: Vec::new(),
        mended: BTreeSet::new(),
    };
    let mut from = 0;
    loop {
        let looked = |place| bar.set_position(place);
        let page = repair::list_broken(&hub.db, &log, from, looked).await?;
        let Some(last) = page.last() else { break };
        if report.broken.is_empty() {
            let checkpoint = head.checkpoint.as_deref().unwrap_or_default();
            trust.open_held(checkpoint).with_context(|| {
                format!("our own checkpoint of {log} proves nothing, so nothing was changed")
            })?;
        }
        from = last.place + 1;
        let places: Vec<u64> = page.iter().map(|broken| broken.place).collect();
        let right = sync::repair::fetch(&hub.db, trust, remote, &log, &places).await;
        let right = right.with_context(|| {
            let (mended, first) = (report.mended.len(), places[0]);
            format!("{log}: {mended} entries are mended, and from entry {first} on it failed")
        })?;
        report
            .mended
            .extend(repair::mend(&hub.db, &log, right).await?.places);
        let is_last = page.len() < MOST_BROKEN;
        report.broken.extend(page);
        bar.set_position(from);
        if is_last {
            break;
        }
        let (mended, found) = (report.mended.len(), report.broken.len());
        output::remark(format!(
            "{log}: {mended} of {found} entries mended up to entry {from}"
        ));
    }
    bar.finish_and_clear();
    Ok(report)
}

const fn words(part: Part) -> &'static str {
    match part {
        Part::Header => "the header was changed",
        Part::Payload => "the payload was changed",
    }
}

fn print_text(peer: &Peer, reports: &[Report]) {
    for Report {
        log,
        broken,
        mended,
    } in reports
    {
        if broken.is_empty() {
            output::say(format!("{log}: no entry was changed"));
            continue;
        }
        for broken in broken {
            let fate = if mended.contains(&broken.place) {
                "mended"
            } else {
                "NOT mended, since the peer gives nothing better; ask another, and look with `simpul verify`"
            };
            let what = words(broken.part);
            output::say(format!("{log} entry {}: {what}; {fate}", broken.place));
        }
        output::say(format!(
            "{log}: {} of {} entries mended from {}; if `simpul rebuild` ran since they were changed, run it again",
            mended.len(),
            broken.len(),
            peer.hub
        ));
    }
}

fn print_json(peer: &Peer, reports: &[Report]) -> anyhow::Result<()> {
    let entry = |broken: &Broken, mended: &BTreeSet<u64>| {
        json!({
            "place": broken.place,
            "what": words(broken.part),
            "isMended": mended.contains(&broken.place),
        })
    };
    let log = |report: &Report| {
        let entries = report.broken.iter();
        json!({
            "hub": report.log.hub,
            "epoch": report.log.epoch,
            "from": peer.hub,
            "entries": entries.map(|broken| entry(broken, &report.mended)).collect::<Vec<_>>(),
        })
    };
    output::json(&reports.iter().map(log).collect::<Vec<_>>())
}
