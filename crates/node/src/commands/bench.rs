//! `simpul bench`
//!
//! Every figure is taken from real processes of this program on this machine, over loopback, with durable databases.

mod catalog;
mod change;
mod hint;
mod idle;
mod import;
mod load;
mod nodes;
mod pull;
mod read;
mod sample;
mod writer;

use std::borrow::Cow;

use clap::Subcommand;

use crate::cli::{Common, Outcome};
use crate::output;

/// Measure this program on this machine, with throw-away hubs in a temporary folder
#[derive(Debug, clap::Args)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Pull(pull::Pull),
    Import(import::Import),
    Read(read::Read),
    Idle(idle::Idle),
    Hint(hint::Hint),
    Change(change::Change),
    Catalog(catalog::Catalog),
}

impl Bench {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let figures = match self.what {
            What::Pull(pull) => pull.run().await?,
            What::Import(import) => import.run().await?,
            What::Read(read) => read.run().await?,
            What::Idle(idle) => idle.run().await?,
            What::Hint(hint) => hint.run().await?,
            What::Change(change) => change.run().await?,
            What::Catalog(catalog) => catalog.run().await?,
        };
        if common.json {
            let pairs = figures
                .into_iter()
                .map(|figure| (figure.name.into_owned(), figure.value.into()));
            output::json(&pairs.collect::<serde_json::Map<_, _>>())?;
        } else {
            let mut table = output::table(["figure", "value", "unit"]);
            for figure in figures {
                table.add_row([
                    figure.name.into_owned(),
                    format!("{:.1}", figure.value),
                    figure.unit.to_owned(),
                ]);
            }
            output::say(table.to_string());
        }
        Ok(Outcome::Well)
    }
}

/// One measured number.
struct Figure {
    name: Cow<'static, str>,
    value: f64,
    unit: &'static str,
}

fn figure(name: impl Into<Cow<'static, str>>, value: f64, unit: &'static str) -> Figure {
    let name = name.into();
    Figure { name, value, unit }
}
