//! `simpul bench`

use crate::cli::{Common, Outcome};

/// Measure pulling, importing and reading on this machine
#[derive(Debug, clap::Args)]
pub struct Bench {}

impl Bench {
    #[expect(clippy::unused_self, clippy::unused_async, reason = "to come")]
    pub(crate) async fn run(self, _common: &Common) -> anyhow::Result<Outcome> {
        anyhow::bail!("to come")
    }
}
