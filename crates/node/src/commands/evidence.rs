//! `simpul evidence`

use anyhow::bail;
use domain::identity::{HubId, LogId};
use domain::log::Checkpoint;
use domain::trust::Trust;
use serde_json::json;
use storage::Database;
use storage::logs::heads::Head;
use storage::logs::watching::{self, ForkEvidence};
use storage::logs::{aside, heads, left_out};

use crate::cli::{Common, Outcome};
use crate::output;

/// Show the checkpoints kept as proof that a hub signed two histories of its log
#[derive(Debug, clap::Args)]
pub struct Evidence {
    /// Only the logs of this hub
    hub: Option<HubId>,
}

/// The most entries set aside that are shown of one log.
const MOST_ASIDE: u32 = 1000;

/// One piece of evidence, and what can be said of it.
struct Exhibit {
    log: LogId,
    kept: ForkEvidence,
    /// What became of it.
    fate: Fate,
    ours: Statement,
    theirs: Statement,
}

/// What came of two histories.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The log is frozen.
    Frozen,
    /// Its hub said in its next log which one counts.
    Settled,
    /// A key that is closed signed the other one, and nothing came of it.
    Outweighed,
}

impl Fate {
    fn of(head: &Head) -> Self {
        match (head.forked_at, head.accepted) {
            (Some(_), _) => Self::Frozen,
            (None, Some(_)) => Self::Settled,
            (None, None) => Self::Outweighed,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Frozen => {
                "The hub's key signed both, or somebody has it. Show this to the hub's operator; the log stays frozen here until its hub begins a new one."
            }
            Self::Settled => "Settled: the hub said since which history counts.",
            Self::Outweighed => {
                "A key that is closed signed the other one, or ours that gave way; what the hub's open key signs counts. Show this to the hub's operator: somebody may have the old key."
            }
        }
    }
}

/// What a checkpoint states, and whether a trusted key signed it.
struct Statement {
    size: Option<u64>,
    root: Option<String>,
    verdict: Result<(), String>,
}

impl Evidence {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        let exhibits = gather(&hub.db, &hub.trust().await?, self.hub.as_ref()).await?;
        let aside = gather_aside(&hub.db, self.hub.as_ref()).await?;
        let counts = count(&hub.db, self.hub.as_ref(), &exhibits, &aside).await?;
        hub.close().await?;
        if common.json {
            print_json(&counts, &exhibits, &aside)?;
        } else {
            print_text(&exhibits);
            print_aside(&aside);
            print_counts(&counts);
        }
        let is_settled = exhibits.iter().all(|exhibit| exhibit.fate != Fate::Frozen);
        Ok(if is_settled && aside.is_empty() {
            Outcome::Well
        } else {
            Outcome::Amiss
        })
    }
}

async fn gather(
    db: &Database,
    trust: &Trust,
    wanted: Option<&HubId>,
) -> anyhow::Result<Vec<Exhibit>> {
    let mut heads = heads::list(db).await?;
    if let Some(hub) = wanted {
        heads.retain(|head| head.log.hub == *hub);
        if heads.is_empty() {
            bail!("no log of {hub} is held here; `simpul status` lists those that are");
        }
    }
    let mut exhibits = Vec::new();
    for head in heads {
        for kept in watching::list_evidence(db, &head.log).await? {
            exhibits.push(Exhibit {
                log: head.log.clone(),
                fate: Fate::of(&head),
                ours: Statement::of(trust, &kept.ours),
                theirs: Statement::of(trust, &kept.theirs),
                kept,
            });
        }
    }
    Ok(exhibits)
}

/// How much is kept of one log, and how much of that is shown.
struct Counts {
    log: LogId,
    histories: Amount,
    not_issued: Amount,
    /// Entries that the hub's next log leaves out, kept here for that hub; they are only counted.
    left_out: u64,
}

#[derive(serde::Serialize)]
struct Amount {
    kept: u64,
    shown: usize,
}

impl Amount {
    fn words(&self) -> String {
        match self.kept {
            kept if kept > self.shown as u64 => {
                format!("{kept} kept, the first {} shown", self.shown)
            }
            kept => format!("{kept} kept, all shown"),
        }
    }
}

/// Counts what is kept, of each log of which something is.
async fn count(
    db: &Database,
    wanted: Option<&HubId>,
    exhibits: &[Exhibit],
    shown_aside: &[Aside],
) -> anyhow::Result<Vec<Counts>> {
    let mut counts = Vec::new();
    for head in heads::list(db).await? {
        let log = head.log;
        if wanted.is_some_and(|hub| log.hub != *hub) {
            continue;
        }
        let count = Counts {
            histories: Amount {
                kept: watching::count_evidence(db, &log).await?,
                shown: exhibits.iter().filter(|shown| shown.log == log).count(),
            },
            not_issued: Amount {
                kept: aside::count_open(db, &log).await?,
                shown: shown_aside.iter().filter(|shown| shown.log == log).count(),
            },
            left_out: left_out::count(db, &log).await?,
            log,
        };
        if count.histories.kept + count.not_issued.kept + count.left_out > 0 {
            counts.push(count);
        }
    }
    Ok(counts)
}

fn print_counts(counts: &[Counts]) {
    for count in counts {
        output::say(format!(
            "{}: pairs of checkpoints: {}; entries not issued again: {}; entries that the next log leaves out: {} kept for their hub",
            count.log,
            count.histories.words(),
            count.not_issued.words(),
            count.left_out
        ));
    }
}

/// An entry of another history of the hub's own log that was not issued again.
struct Aside {
    log: LogId,
    place: i64,
    header: String,
    payload: Option<String>,
    /// Why it was not issued again.
    outcome: String,
}

async fn gather_aside(db: &Database, wanted: Option<&HubId>) -> anyhow::Result<Vec<Aside>> {
    let mut kept = Vec::new();
    if wanted.is_some_and(|hub| hub != db.hub()) {
        return Ok(kept);
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    for log in heads::of_hub(db, db.hub()).await? {
        for entry in aside::list_open(db, &log, MOST_ASIDE).await? {
            kept.push(Aside {
                log: log.clone(),
                place: entry.place,
                header: text(entry.header),
                payload: entry.payload.map(text),
                outcome: entry.outcome.unwrap_or_default(),
            });
        }
    }
    Ok(kept)
}

fn print_aside(aside: &[Aside]) {
    for entry in aside {
        let why = match entry.outcome.as_str() {
            "conflict" => {
                "its record was changed in both histories, and what this hub shows stands"
            }
            "doubtful" => {
                "only a closed key of this hub vouches for it: write it again if it is yours, or somebody has that key"
            }
            _ => "no peer had its content so far",
        };
        output::say(format!(
            "{} entry {}: not issued again, {why}",
            entry.log, entry.place
        ));
        output::say(format!("  {}", entry.header));
        if let Some(payload) = &entry.payload {
            output::say(format!("  {payload}"));
        }
    }
}

impl Statement {
    fn of(trust: &Trust, text: &str) -> Self {
        let stated = Checkpoint::parse(text).ok();
        let opened = trust.open_held(text);
        Self {
            size: stated.as_ref().map(|stated| stated.size),
            root: stated.map(|stated| stated.root.to_string()),
            verdict: opened.map(drop).map_err(|error| error.to_string()),
        }
    }

    fn words(&self) -> String {
        match (&self.size, &self.root) {
            (Some(size), Some(root)) => format!("size {size}, root {root}, {}", self.signature()),
            _ => format!("not a checkpoint, {}", self.signature()),
        }
    }

    fn signature(&self) -> String {
        match &self.verdict {
            Ok(()) => "signed by the hub's key".to_owned(),
            Err(why) => format!("NOT proved: {why}"),
        }
    }
}

fn print_text(exhibits: &[Exhibit]) {
    if exhibits.is_empty() {
        output::say("no evidence is kept: no log was found with two histories");
    }
    for Exhibit {
        log,
        kept,
        fate,
        ours,
        theirs,
    } in exhibits
    {
        let place = kept.differs_at.map_or_else(
            || format!("at size {}", kept.size),
            |place| format!("from entry {place} on"),
        );
        output::say(format!(
            "{log}: two histories {place}, found {}, the other one given by {}",
            output::moment(kept.found_at),
            kept.peer
        ));
        for (whose, statement, text) in [
            ("held here", ours, &kept.ours),
            ("given", theirs, &kept.theirs),
        ] {
            output::say(format!("  {whose}: {}", statement.words()));
            for line in text.lines() {
                output::say(format!("    {line}"));
            }
        }
        output::say(format!("  {}", fate.words()));
    }
}

fn print_json(counts: &[Counts], exhibits: &[Exhibit], aside: &[Aside]) -> anyhow::Result<()> {
    let count = |count: &Counts| {
        json!({
            "hub": count.log.hub,
            "epoch": count.log.epoch,
            "histories": count.histories,
            "notIssuedAgain": count.not_issued,
            "leftOut": {"kept": count.left_out},
        })
    };
    let statement = |statement: &Statement, text: &str| {
        json!({
            "checkpoint": text,
            "size": statement.size,
            "root": statement.root,
            "isSigned": statement.verdict.is_ok(),
        })
    };
    let exhibit = |exhibit: &Exhibit| {
        let kept = &exhibit.kept;
        json!({
            "hub": exhibit.log.hub,
            "epoch": exhibit.log.epoch,
            "size": kept.size,
            "differsAt": kept.differs_at,
            "peer": kept.peer,
            "foundAt": kept.found_at,
            "isFrozen": exhibit.fate == Fate::Frozen,
            "ours": statement(&exhibit.ours, &kept.ours),
            "theirs": statement(&exhibit.theirs, &kept.theirs),
        })
    };
    let entry = |entry: &Aside| {
        json!({
            "hub": entry.log.hub,
            "epoch": entry.log.epoch,
            "place": entry.place,
            "header": entry.header,
            "payload": entry.payload,
            "notIssuedAgain": entry.outcome,
        })
    };
    let exhibits = exhibits.iter().map(exhibit);
    output::json(&json!({
        "logs": counts.iter().map(count).collect::<Vec<_>>(),
        "evidence": exhibits.chain(aside.iter().map(entry)).collect::<Vec<_>>(),
    }))
}
