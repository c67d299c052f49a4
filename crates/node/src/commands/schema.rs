//! `simpul schema`

use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::Outcome;
use crate::output;

/// Print the GraphQL schema this hub serves
#[derive(Debug, clap::Args)]
pub struct Schema {
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Schema {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let sdl = graphql::sdl();
        match self.out {
            Some(file) => std::fs::write(&file, sdl)
                .with_context(|| format!("{} cannot be written", file.display()))?,
            None => output::say(sdl.trim_end()),
        }
        Ok(Outcome::Well)
    }
}
