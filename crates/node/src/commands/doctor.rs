//! `simpul doctor`
//!
//! - [`look`] asks the machine, the database and the peers.
//! - [`judge`] says what their answers mean. Pure.
//!
//! Nothing is changed. The database is opened only when it has the schema of this program, since opening would bring it
//! there.

mod judge;
mod look;

use serde::Serialize;
use serde_json::json;

use crate::cli::{Common, Outcome};
use crate::config::Flags;
use crate::output;

/// Look for what keeps this hub from working well: clock, disk, database, keys, peers
#[derive(Debug, clap::Args)]
pub struct Doctor {}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Fault,
}

/// A check, how it went, and a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    check: String,
    verdict: Verdict,
    says: String,
}

impl Finding {
    fn new(check: impl Into<String>, verdict: Verdict, says: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            verdict,
            says: says.into(),
        }
    }

    fn ok(check: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, says)
    }

    fn warning(check: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warning, says)
    }

    fn fault(check: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(check, Verdict::Fault, says)
    }
}

impl Doctor {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let config = common.read_config(Flags::default())?;
        let findings = look::look(&config).await;
        let is_well = !findings
            .iter()
            .any(|finding| finding.verdict == Verdict::Fault);
        if common.json {
            output::json(&json!({ "well": is_well, "checks": findings }))?;
        } else {
            print_text(&findings);
        }
        Ok(if is_well {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }
}

fn print_text(findings: &[Finding]) {
    for finding in findings {
        let verdict = match finding.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Fault => "FAULT",
        };
        output::say(format!("{verdict:8} {}: {}", finding.check, finding.says));
    }
}
