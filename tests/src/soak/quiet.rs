//! What must hold when links are whole, all hubs run and nobody writes.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::ledger::Ledger;
use super::storm::shown;
use crate::fleet::Fleet;
use crate::fleet::process::HubProcess;

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// How long it took until nothing moved any more and all was as it must be, if it came to that.
    pub quiet_after: Option<Duration>,
    /// What does not hold, in words.
    pub faults: Vec<String>,
    /// Logs beyond the first of each hub.
    pub new_logs: usize,
    /// Logs at each hub.
    pub logs: usize,
    /// Entries at each hub.
    pub entries: u64,
    /// Records that each hub shows.
    pub records: usize,
}

/// Waits until every hub is well, the bound at most, and looks at everything.
pub async fn look(fleet: &Fleet, ledger: &Ledger, bound: Duration) -> anyhow::Result<Findings> {
    let begun = Instant::now();
    let mut findings = Findings::default();
    while begun.elapsed() < bound {
        let agree = fleet
            .agree_within(bound.saturating_sub(begun.elapsed()))
            .await;
        if agree
            && troubles(fleet).await?.is_empty()
            && fleet.agree_within(Duration::from_millis(1)).await
        {
            findings.quiet_after = Some(begun.elapsed());
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    findings.faults = troubles(fleet).await?;
    if findings.quiet_after.is_none() {
        findings
            .faults
            .push(format!("no quiet within {} s", bound.as_secs()));
    }
    compare(fleet, ledger, &mut findings).await;
    for hub in &fleet.hubs {
        let (code, told) = hub.run(&["verify"]).await?;
        if code != Some(0) {
            findings
                .faults
                .push(format!("{}: verify ends with {code:?}: {told}", hub.id));
        }
    }
    let status = fleet.hubs[0].status().await?;
    let logs = status["logs"].as_array().map_or(&[][..], Vec::as_slice);
    findings.logs = logs.len();
    findings.new_logs = logs.len().saturating_sub(fleet.hubs.len());
    findings.entries = logs.iter().filter_map(|log| log["size"].as_u64()).sum();
    Ok(findings)
}

/// What the hubs' status says that is not well.
async fn troubles(fleet: &Fleet) -> anyhow::Result<Vec<String>> {
    let mut troubles = Vec::new();
    for hub in &fleet.hubs {
        troubles.extend(troubles_of(hub, &hub.status().await?));
    }
    Ok(troubles)
}

fn troubles_of(hub: &HubProcess, status: &Value) -> Vec<String> {
    let mut troubles = Vec::new();
    if status["mode"] != "OK" {
        troubles.push(format!(
            "{}: mode {}: {}",
            hub.id, status["mode"], status["haltReason"]
        ));
    }
    if status["waitingEntries"] != 0 {
        troubles.push(format!(
            "{}: {} entries wait",
            hub.id, status["waitingEntries"]
        ));
    }
    for log in status["logs"].as_array().into_iter().flatten() {
        // Of a log that its hub lost before anybody had it nothing is left to prove.
        if log["state"] != "Proved" && log["state"] != "Empty" {
            troubles.push(format!("{}: log {log}", hub.id));
        }
    }
    for peer in status["peers"].as_array().into_iter().flatten() {
        if !peer["problem"].is_null() {
            troubles.push(format!("{}: peer {peer}", hub.id));
        }
    }
    troubles
}

/// Compares what the hubs show with each other and with what was written.
async fn compare(fleet: &Fleet, ledger: &Ledger, findings: &mut Findings) {
    let mut first = None;
    for hub in &fleet.hubs {
        let Some(shown) = shown(hub).await else {
            findings.faults.push(format!("{} does not answer", hub.id));
            continue;
        };
        findings.records = shown.len();
        let lost = ledger.faults(&shown);
        findings
            .faults
            .extend(lost.into_iter().map(|fault| format!("{}: {fault}", hub.id)));
        let first = first.get_or_insert_with(|| shown.clone());
        for (id, said) in first
            .iter()
            .filter(|(id, said)| shown.get(*id) != Some(said))
        {
            findings.faults.push(format!(
                "{}: {id} is {:?}, elsewhere {said:?}",
                hub.id,
                shown.get(id)
            ));
        }
        for id in shown.keys().filter(|id| !first.contains_key(*id)) {
            findings
                .faults
                .push(format!("{}: {id} is shown here, and not elsewhere", hub.id));
        }
    }
}
