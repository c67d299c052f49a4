//! Writing rows into a hub's log.

use anyhow::Context as _;
use domain::audit::{Action, Deed};
use domain::clock::Clock as _;
use domain::entry::{Audience, Change, EntryDraft, Kind};
use domain::identity::RecordId;
use storage::StorageError;
use storage::local::Local;
use time::OffsetDateTime;

use super::held::{Held, agencies};
use super::mapping::{CheckedRow, RowFault};
use super::plan::{Fate, Planner, Put};
use super::{MOST_FAULTS, Rules};
use crate::deed::by_program;
use crate::hub::Hub;
use crate::system::{SystemClock, SystemEntropy};

/// What importing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Innovations that are new.
    pub created: u64,
    /// Innovations that say something else than before.
    pub revised: u64,
    /// Moves of these along one of their axes, each a transition of its own.
    pub moved: u64,
    /// Rows that say what the hub holds already.
    pub unchanged: u64,
    /// Rows that name a record that a row before them named.
    pub repeated: u64,
    /// Agencies that are new.
    pub agencies: u64,
    /// Rows that were good when they were checked, and could not be written because something changed meanwhile.
    pub left_out: u64,
}

impl Written {
    /// Counts what becomes of a row.
    pub(super) fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Repeats(_) => self.repeated += 1,
            Fate::Unchanged => self.unchanged += 1,
            Fate::Put(put) => {
                let of_sort = if put.before.is_some() {
                    &mut self.revised
                } else {
                    &mut self.created
                };
                *of_sort += 1;
                self.moved += put.moves.len() as u64;
                self.agencies += u64::from(put.agency.is_some());
            }
        }
    }

    /// Takes back what was counted for a row whose agency is written all the same.
    fn discount(&mut self, put: &Put) {
        let of_sort = if put.before.is_some() {
            &mut self.revised
        } else {
            &mut self.created
        };
        *of_sort -= 1;
        self.moved -= put.moves.len() as u64;
    }
}

/// Writes rows into a hub's log.
pub struct Importer<'a> {
    hub: &'a Hub,
    planner: Planner,
    /// What was written so far.
    pub written: Written,
    /// Why rows were left out that had been good, at most a thousand.
    pub late: Vec<RowFault>,
    /// The last line that was written.
    last: u64,
    /// Who does it, if it is not whoever runs the program.
    by: Option<Deed>,
}

impl<'a> Importer<'a> {
    /// Learns which agencies the hub has.
    pub async fn new(hub: &'a Hub, rules: Rules) -> anyhow::Result<Self> {
        let known = agencies(&hub.db).await?;
        Ok(Self {
            hub,
            planner: Planner::new(rules, known, SystemClock.now()),
            written: Written::default(),
            late: Vec::new(),
            last: 0,
            by: None,
        })
    }

    /// The same, done by somebody.
    #[must_use]
    pub fn by(mut self, by: Deed) -> Self {
        self.by = Some(by);
        self
    }

    /// Writes a batch in one transaction. A row that something stands against which was not there when the rows were checked
    /// is left out and told of.
    pub async fn write(&mut self, batch: Vec<CheckedRow>) -> anyhow::Result<()> {
        let held = Held::of(&self.hub.db, &batch.iter().collect::<Vec<_>>()).await?;
        let mut written = self.written;
        let mut puts = Vec::with_capacity(batch.len());
        for row in &batch {
            match self.planner.plan(row, &held) {
                Ok(fate) => {
                    written.count(&fate);
                    if let Fate::Put(put) = fate {
                        puts.push((row.line, put));
                    }
                }
                Err(faults) => {
                    written.left_out += 1;
                    self.tell(faults);
                }
            }
        }
        self.issue(puts, &mut written).await.with_context(|| {
            format!(
                "importing ended before all was written: rows up to line {} are in the log, those behind it are not. Import the file again when this is mended; what is in the log is then unchanged",
                self.last
            )
        })?;
        self.written = written;
        self.last = batch.last().map_or(self.last, |row| row.line);
        Ok(())
    }

    /// Writes what is planned, without what others wrote meanwhile.
    async fn issue(
        &mut self,
        mut puts: Vec<(u64, Box<Put>)>,
        written: &mut Written,
    ) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let agencies = puts.iter().filter_map(|(_, put)| agency_draft(put, now));
        let agencies = agencies.collect::<anyhow::Result<Vec<_>>>()?;
        loop {
            let mut drafts = agencies.clone();
            for (_, put) in &puts {
                drafts.extend(drafts_of(put, now)?);
            }
            if drafts.is_empty() {
                return Ok(());
            }
            let by = self.by.clone();
            let by = by.unwrap_or_else(|| by_program(Action::ImportRecords));
            let local = Local::default().told(&by, &drafts);
            let record = match self.hub.issue_with(drafts, local).await {
                Ok(_) => return Ok(()),
                Err(StorageError::Conflict { record, .. }) => record,
                Err(error) => return Err(error.into()),
            };
            let place = puts.iter().position(|(_, put)| put.record == record);
            let place = place.with_context(|| format!("record {record} is there already"))?;
            let (line, put) = puts.remove(place);
            written.discount(&put);
            written.left_out += 1;
            let reason = format!(
                "record {record} was changed or taken back while the file was imported; import the row again"
            );
            let column = String::new();
            self.tell(vec![RowFault {
                line,
                column,
                reason,
            }]);
        }
    }

    fn tell(&mut self, faults: Vec<RowFault>) {
        let room = MOST_FAULTS.saturating_sub(self.late.len());
        self.late.extend(faults.into_iter().take(room));
    }
}

fn agency_draft(put: &Put, now: OffsetDateTime) -> Option<anyhow::Result<EntryDraft>> {
    let (record, agency) = put.agency.as_ref()?;
    let draft = || {
        let body = serde_json::to_string(agency)?;
        entry(*record, 1, Kind::AGENCY, &Audience::Public, body, now)
    };
    Some(draft())
}

/// The innovation, and its moves.
fn drafts_of(put: &Put, now: OffsetDateTime) -> anyhow::Result<Vec<EntryDraft>> {
    let (audience, body) = (&put.audience, put.body.clone());
    let mut drafts = vec![entry(
        put.record,
        put.revision,
        Kind::INNOVATION,
        audience,
        body,
        now,
    )?];
    for said in &put.moves {
        let record = RecordId::generate(now, &SystemEntropy);
        let body = serde_json::to_string(said)?;
        drafts.push(entry(record, 1, Kind::TRANSITION, audience, body, now)?);
    }
    Ok(drafts)
}

fn entry(
    record: RecordId,
    revision: u64,
    kind: &str,
    audience: &Audience,
    body: String,
    at: OffsetDateTime,
) -> anyhow::Result<EntryDraft> {
    Ok(EntryDraft {
        record,
        revision,
        kind: Kind::parse(kind)?,
        audience: audience.clone(),
        at,
        change: Change::Put(body),
    })
}
