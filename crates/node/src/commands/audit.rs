//! `simpul audit`

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::audit::{Action, Break, Chain, Linked, Outcome as Became, Verifier};
use domain::catalog::Vocabulary as _;
use domain::log::Hash;
use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::StorageError;
use storage::audit::{self, Ends, Filter, Listed};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cli::{Common, Outcome};
use crate::hub::Hub;
use crate::output;

/// The longest line of an export that is read, in bytes.
const MOST_LINE: u64 = 64 * 1024;

/// Show, export and verify what was done at this hub, and by whom
#[derive(Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "the structs say it")]
pub enum Audit {
    List(List),
    Export(Export),
    Verify(Verify),
    /// Print where the chain of events ends; note it elsewhere, for `simpul audit verify --head`
    Head,
}

/// List what was done, the newest first
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only what this actor did: account:NAME, operator, program:USER, hub:ID, self or anyone
    #[arg(long)]
    actor: Option<String>,
    /// Only this action, such as `SIGN_IN`; may be repeated
    #[arg(long, value_parser = |raw: &str| Action::parse(&raw.to_ascii_uppercase()))]
    action: Vec<Action>,
    /// Only what was DONE, REFUSED or FAILED
    #[arg(long, value_parser = |raw: &str| Became::parse(&raw.to_ascii_uppercase()))]
    outcome: Option<Became>,
    /// Only what was done with this: account:NAME, hub:ID, innovation:RECORD and so on
    #[arg(long)]
    object: Option<String>,
    /// Only from this moment on, such as 2026-11-28T00:00:00Z
    #[arg(long, value_parser = moment)]
    from: Option<OffsetDateTime>,
    /// Only before this moment
    #[arg(long, value_parser = moment)]
    to: Option<OffsetDateTime>,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    first: u32,
}

/// Write all events into a file, a JSON object a line: each event's text as it was hashed, and the hash of the chain with it
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The file; - for standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Look whether the events are as they were written; ends with 3 if not
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// An export, instead of this hub's database
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The hash that you noted: `simpul audit head` or `auditHead` gave it
    #[arg(long, value_name = "HASH", value_parser = hash)]
    head: Option<Hash>,
}

/// The first line of an export.
#[derive(Serialize, Deserialize)]
struct Beginning {
    format: String,
    network: String,
    hub: String,
    /// The last event that was removed before, with its hash: the chain goes on from there.
    after: u64,
    hash: String,
}

/// Another line: an event.
#[derive(Serialize, Deserialize)]
struct Line {
    event: String,
    hash: String,
}

/// What the first line of an export says it is.
const FORMAT: &str = "simpul-audit/1";

fn moment(raw: &str) -> Result<OffsetDateTime, String> {
    let parsed = OffsetDateTime::parse(raw, &Rfc3339);
    parsed.map_err(|_| format!("{raw:?} is not a moment such as 2026-11-28T00:00:00Z"))
}

fn hash(raw: &str) -> Result<Hash, String> {
    Hash::parse(raw).ok_or_else(|| "a hash is 44 characters of base64".to_owned())
}

impl Audit {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        if let Self::Verify(Verify {
            file: Some(file),
            head,
        }) = &self
        {
            let verified = verify_file(file, *head)?;
            return report(verified, common);
        }
        let hub = common.open_hub().await?;
        let outcome = match self {
            Self::List(list) => list.run(&hub, common).await?,
            Self::Export(export) => export.run(&hub).await?,
            Self::Verify(verify) => {
                let verified = audit::verify(&hub.db, verify.head).await?;
                report(verified.map(|it| (it.events, it.head, it.noted_at)), common)?
            }
            Self::Head => head(&hub, common).await?,
        };
        hub.close().await?;
        Ok(outcome)
    }
}

async fn head(hub: &Hub, common: &Common) -> anyhow::Result<Outcome> {
    let Ends { head, cut } = audit::ends(&hub.db).await?;
    let hash = head.hash.to_string();
    if common.json {
        let told = json!({"sequence": head.sequence, "hash": hash, "removedUpTo": cut.sequence});
        output::json(&told)?;
    } else {
        output::say(format!("{} events, {hash}", head.sequence));
    }
    Ok(Outcome::Well)
}

impl List {
    async fn run(self, hub: &Hub, common: &Common) -> anyhow::Result<Outcome> {
        let filter = Filter {
            actor: self.actor,
            actions: self.action,
            outcome: self.outcome,
            object: self.object,
            from: self.from,
            to: self.to,
        };
        let listed = audit::list(&hub.db, &filter, None, self.first).await?;
        if common.json {
            output::json(&listed.iter().map(as_json).collect::<Vec<_>>())?;
            return Ok(Outcome::Well);
        }
        let mut table = output::table([
            "event", "at (UTC)", "who", "what", "with", "outcome", "from", "before", "after",
        ]);
        for Listed { event, address, .. } in listed {
            let outcome = match (&event.code, event.times) {
                (None, _) => event.outcome.to_string(),
                (Some(code), 1) => format!("{} {code}", event.outcome),
                (Some(code), times) => format!("{} {code}, {times} times", event.outcome),
            };
            let fields = |fields: Option<serde_json::Value>| {
                fields.map(|fields| fields.to_string()).unwrap_or_default()
            };
            table.add_row([
                event.sequence.to_string(),
                output::moment(event.at.unix_timestamp() * 1000),
                event.actor,
                event.action.to_string(),
                event.object.unwrap_or_default(),
                outcome,
                address.unwrap_or_default(),
                fields(event.before),
                fields(event.after),
            ]);
        }
        output::say(table.to_string());
        Ok(Outcome::Well)
    }
}

fn as_json(listed: &Listed) -> serde_json::Value {
    let event = &listed.event;
    json!({
        "sequence": event.sequence,
        "at": event.at.format(&Rfc3339).unwrap_or_default(),
        "actor": event.actor,
        "token": event.token,
        "action": event.action,
        "object": event.object,
        "outcome": event.outcome,
        "code": event.code,
        "times": event.times,
        "address": listed.address,
        "before": event.before,
        "after": event.after,
        "hash": listed.hash.to_string(),
    })
}

impl Export {
    async fn run(self, hub: &Hub) -> anyhow::Result<Outcome> {
        let ends = audit::ends(&hub.db).await?;
        if self.out.as_os_str() == "-" {
            write(hub, ends, io::stdout().lock()).await?;
            return Ok(Outcome::Well);
        }
        let file = File::create_new(&self.out)
            .with_context(|| format!("{} cannot be made anew", self.out.display()))?;
        write(hub, ends, BufWriter::new(file)).await?;
        output::say(format!(
            "{} events are written; the chain ends with {}",
            ends.head.sequence - ends.cut.sequence,
            ends.head.hash
        ));
        Ok(Outcome::Well)
    }
}

/// Why an export was not written to its end.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the export cannot be written")]
    Io(#[from] io::Error),
    #[error("the export cannot be written")]
    Json(#[from] serde_json::Error),
}

async fn write(hub: &Hub, ends: Ends, mut out: impl Write) -> Result<(), WriteError> {
    let beginning = Beginning {
        format: FORMAT.to_owned(),
        network: hub.db.network().to_string(),
        hub: hub.db.hub().to_string(),
        after: ends.cut.sequence,
        hash: ends.cut.hash.to_string(),
    };
    writeln!(out, "{}", serde_json::to_string(&beginning)?)?;
    let pages = audit::pages::<WriteError>(&hub.db, ends, |page| {
        for Linked { text, hash, .. } in page {
            let line = Line {
                event: text,
                hash: hash.to_string(),
            };
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
        }
        Ok(())
    });
    pages.await?;
    Ok(out.flush()?)
}

/// How many events there are, where they end, and where the hash that was noted is.
type Found = Result<(u64, Chain, Option<u64>), Break>;

fn verify_file(file: &Path, noted: Option<Hash>) -> anyhow::Result<Found> {
    let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut lines = BufReader::new(opened);
    let first = next_line(&mut lines)?.context("the file is empty")?;
    let beginning: Beginning =
        serde_json::from_str(&first).context("line 1 is not of an export")?;
    if beginning.format != FORMAT {
        bail!("the file is {:?}; {FORMAT} is read here", beginning.format);
    }
    let begin = Chain {
        sequence: beginning.after,
        hash: Hash::parse(&beginning.hash).context("line 1 has no hash")?,
    };
    if begin.sequence == 0
        && begin != Chain::empty(&beginning.network.parse()?, &beginning.hub.parse()?)
    {
        return Ok(Err(Break::Changed(0)));
    }
    let mut verifier = Verifier::new(begin, noted);
    while let Some(line) = next_line(&mut lines)? {
        let sequence = verifier.chain().sequence + 1;
        let Some(linked) = linked(&line, sequence) else {
            return Ok(Err(Break::Unreadable(sequence)));
        };
        if let Err(broken) = verifier.take(&linked) {
            return Ok(Err(broken));
        }
    }
    let (events, noted_at) = (
        verifier.chain().sequence - begin.sequence,
        verifier.noted_at(),
    );
    Ok(verifier.end(None).map(|head| (events, head, noted_at)))
}

fn linked(line: &str, expected: u64) -> Option<Linked> {
    let line: Line = serde_json::from_str(line).ok()?;
    let event = domain::audit::Event::parse(&line.event).ok();
    Some(Linked {
        sequence: event.map_or(expected, |event| event.sequence),
        text: line.event,
        hash: Hash::parse(&line.hash)?,
    })
}

fn next_line(lines: &mut impl io::BufRead) -> anyhow::Result<Option<String>> {
    let mut line = String::new();
    let mut bounded = io::Read::take(lines, MOST_LINE);
    let read = bounded
        .read_line(&mut line)
        .context("the file is not text")?;
    if read == 0 {
        return Ok(None);
    }
    if !line.ends_with('\n') {
        bail!(
            "a line is not whole: the file was cut off, or a line is longer than {MOST_LINE} bytes"
        );
    }
    Ok(Some(line))
}

fn report(found: Found, common: &Common) -> anyhow::Result<Outcome> {
    if common.json {
        let told = match &found {
            Ok((events, head, noted)) => json!({
                "isWhole": true,
                "events": events,
                "sequence": head.sequence,
                "hash": head.hash.to_string(),
                "noted": noted,
            }),
            Err(broken) => json!({"isWhole": false, "problem": broken.to_string()}),
        };
        output::json(&told)?;
    }
    match found {
        Ok(_) if common.json => Ok(Outcome::Well),
        Err(_) if common.json => Ok(Outcome::Amiss),
        Ok((events, head, noted)) => {
            let noted = noted.map(|at| format!("; what you noted is event {at}"));
            output::say(format!(
                "whole: {events} events, up to {}, {}{}",
                head.sequence,
                head.hash,
                noted.unwrap_or_default()
            ));
            Ok(Outcome::Well)
        }
        Err(broken) => {
            output::say(format!("not whole: {broken}"));
            Ok(Outcome::Amiss)
        }
    }
}
