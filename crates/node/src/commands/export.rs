//! `simpul export`

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use domain::clock::Clock as _;
use domain::entry::{Audience, Sight};
use graphql::address::ByWords;

use crate::cli::{Common, Outcome};
use crate::export::{self, Format, Listing, What};
use crate::hub::Hub;
use crate::import::mapping::RowAudience;
use crate::indexing::follow;
use crate::output;
use crate::system::SystemClock;

/// Write innovations, or agencies and other records, into a CSV, XLSX, JSON Lines or JSON-LD file
///
/// `simpul import` reads innovations again, from all but JSON-LD. A record with the proof that its hub wrote it is a receipt: `simpul receipt`.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The file: .csv, .xlsx, .jsonl or .jsonld; - for standard output
    file: PathBuf,
    /// What to write, if the file's ending does not say it: csv, xlsx, jsonl or jsonld
    #[arg(long)]
    format: Option<Format>,
    /// What to write: innovations, agencies, needs, replications or awards. JSON-LD there is of the first two
    #[arg(long, value_name = "WHAT", default_value = "innovations")]
    what: What,
    /// Only records for which this holds, as in the filter of their GraphQL list: region=33, hubs=id-13, affairs=HEALTH,
    /// sdgs=3, stages=CREATION, adoptions=APPLIED, tags=desa, yearFrom=2020. Of innovations also staleDays=365: those of which
    /// nothing was heard for so long; and text=antrean and awards=KIPP: the 1,000 best that a search finds. May be given several
    /// times
    #[arg(long, value_name = "CONDITION=VALUE", value_parser = condition)]
    filter: Vec<(String, String)>,
    /// What the file may hold: what is for everybody (public), or what is for the network's hubs too (network)
    #[arg(long, value_name = "AUDIENCE", default_value = "public")]
    audience: RowAudience,
}

fn condition(raw: &str) -> Result<(String, String), String> {
    let parts = raw.split_once('=');
    let (name, value) = parts.ok_or_else(|| format!("{raw:?} is not of the form region=33"))?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Export {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let is_output = self.file.as_os_str() == "-";
        let format = match self.format {
            Some(format) => format,
            None if is_output => bail!("say --format csv, xlsx, jsonl or jsonld"),
            None => {
                let ending = self.file.extension().and_then(|ending| ending.to_str());
                ending.unwrap_or_default().parse()?
            }
        };
        let sight = match Audience::from(self.audience) {
            Audience::Public => Sight::Public,
            Audience::Network | Audience::Other(_) => Sight::Network,
        };
        let (listing, by_words) = Listing::read(self.what, &self.filter, sight, SystemClock.now())?;
        let hub = common.open_hub().await?;
        let listing = match by_words {
            Some(by_words) => find(&hub, listing, &by_words).await?,
            None => listing,
        };
        let count = if is_output {
            export::write(&hub.db, listing, format, io::stdout().lock()).await?
        } else {
            let file = File::create(&self.file)
                .with_context(|| format!("{} cannot be written", self.file.display()))?;
            export::write(&hub.db, listing, format, BufWriter::new(file)).await?
        };
        hub.db.close().await?;
        output::remark(format!("{count} {} written", self.what));
        Ok(Outcome::Well)
    }
}

/// What the hub's index finds, the best first.
async fn find(hub: &Hub, listing: Listing, by_words: &ByWords) -> anyhow::Result<Listing> {
    if !hub.config.search.enabled {
        return Err(search::NotReady::Off.into());
    }
    let bar = output::bar(0, "indexing");
    let index = follow::open_once(hub, |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    });
    let index = index.await?;
    bar.finish_and_clear();
    let Some(index) = index else {
        bail!("the node that serves this hub has no search index yet; ask again later");
    };
    let search = search::Handle::default();
    search.set(search::State::Open(index));
    Ok(listing.found_by(&search, by_words)?)
}
