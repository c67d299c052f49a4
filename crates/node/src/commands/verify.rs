//! `simpul verify`

use anyhow::bail;
use domain::identity::HubId;
use domain::trust::Trust;
use serde_json::json;
use storage::logs::heads;
use storage::logs::verify::{self, Verified};

use crate::cli::{Common, Outcome};
use crate::output;

/// Recompute every hash and root from what is stored, and compare
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// Only the logs of this hub
    #[arg(value_name = "LOG")]
    hub: Option<HubId>,
}

impl Verify {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let trust = hub.trust().await?;
        let mut logs = heads::list(&hub.db).await?;
        if let Some(wanted) = &self.hub {
            logs.retain(|head| head.log.hub == *wanted);
            if logs.is_empty() {
                bail!("no log of {wanted} is held here; `simpul status` lists those that are");
            }
        }
        let bar = output::bar(logs.iter().map(|head| head.size).sum(), "verifying");
        let mut found = Vec::new();
        for head in logs {
            let verified = verify::verify(
                &hub.db,
                &head.log,
                |text| open(&trust, text),
                |more| bar.inc(more),
            )
            .await?;
            found.extend(verified);
        }
        bar.finish_and_clear();
        report(common, &found)?;
        hub.close().await?;
        let is_clean = found.iter().all(|verified| verified.faults.is_empty());
        Ok(if is_clean {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }
}

fn open(trust: &Trust, checkpoint: &str) -> Result<(), String> {
    trust
        .open_held(checkpoint)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn report(common: &Common, found: &[Verified]) -> anyhow::Result<()> {
    if common.json {
        let fault = |fault: &verify::Fault| json!({"place": fault.place, "what": fault.what});
        let log = |verified: &Verified| {
            json!({
                "log": verified.log.to_string(),
                "entries": verified.entries,
                "payloads": verified.payloads,
                "faults": verified.faults.iter().map(fault).collect::<Vec<_>>(),
            })
        };
        return output::json(&found.iter().map(log).collect::<Vec<_>>());
    }
    for verified in found {
        let verdict = if verified.faults.is_empty() {
            "clean"
        } else {
            "NOT CLEAN"
        };
        let Verified {
            log,
            entries,
            payloads,
            ..
        } = verified;
        output::say(format!(
            "{log}: {entries} entries, {payloads} payloads: {verdict}"
        ));
        for fault in &verified.faults {
            let place = fault
                .place
                .map(|place| format!("entry {place}: "))
                .unwrap_or_default();
            output::say(format!("  {place}{}", fault.what));
        }
    }
    Ok(())
}
