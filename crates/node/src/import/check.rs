//! Looking at a whole file before anything is written: faults, personal data, duplicates, repetitions, and what would come of it.
//!
//! A thread reads and judges rows; beside it batches are compared with what the hub holds. Of the file a few batches are in
//! memory, whatever its length.

use std::path::PathBuf;

use anyhow::Context as _;
use domain::catalog::{PersonalDataInField, personal_data_in};
use domain::clock::Clock as _;
use domain::entry::Audience;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::duplicates::Duplicates;
use super::held::{Agencies, Held, agencies};
use super::mapping::{CheckedRow, RowFault};
use super::plan::{Fate, Planner, Put};
use super::refused::{FAULT_COLUMN, Refused};
use super::rows::{Raw, Rows};
use super::write::Written;
use super::{BATCH, BATCH_BYTES, MOST_FAULTS, Rules, judge};
use crate::hub::Hub;
use crate::system::SystemClock;

/// Personal data that a row would show to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Personal {
    /// The line of the file.
    pub line: u64,
    /// What was found, and in which field.
    pub found: PersonalDataInField,
}

/// A row that names the record of a row before it, and is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repetition {
    /// Its line.
    pub line: u64,
    /// The line that counts.
    pub of: u64,
}

/// What checking a file found.
#[derive(Default)]
pub struct Checked {
    /// Rows read.
    pub rows: u64,
    /// Rows with faults.
    pub bad_rows: u64,
    /// The faults, at most a thousand.
    pub faults: Vec<RowFault>,
    /// Columns of the file that are not imported.
    pub ignored: Vec<String>,
    /// Personal data in texts for everybody, at most a thousand.
    pub personal: Vec<Personal>,
    /// How many rows have such data.
    pub personal_rows: u64,
    /// Titles that may mean the same innovation.
    pub duplicates: Duplicates,
    /// Rows that repeat a record, at most a thousand; all are counted in what would be written.
    pub repetitions: Vec<Repetition>,
    /// What writing the good rows comes to, unless others write meanwhile.
    pub forecast: Written,
}

/// A row that was read, with what is wrong with it by itself.
pub(super) struct Judged {
    raw: Raw,
    row: Result<CheckedRow, Vec<RowFault>>,
}

/// Checks every row without writing anything but the refused ones.
pub async fn check(
    hub: &Hub,
    rows: Rows,
    rules: &Rules,
    duplicates: Duplicates,
    refused: Option<PathBuf>,
) -> anyhow::Result<Checked> {
    let refused = refused.map(|file| Refused::new(&file, rows.header()));
    let mut checker = Checker::new(rules, agencies(&hub.db).await?, duplicates, refused);
    let (batches, mut read) = mpsc::channel(2);
    let judging = rules.clone();
    let reading = spawn_blocking(move || -> anyhow::Result<Rows> {
        let mut rows = rows;
        check_columns(&rows, &judging)?;
        while let Some(batch) = judged(&mut rows, &judging)? {
            if batches.blocking_send(batch).is_err() {
                break;
            }
        }
        Ok(rows)
    });
    while let Some(batch) = read.recv().await {
        let good: Vec<_> = batch
            .iter()
            .filter_map(|row| row.row.as_ref().ok())
            .collect();
        let held = Held::of(&hub.db, &good).await?;
        // Comparing texts is long work, and the database's own tasks go on beside it.
        checker = spawn_blocking(move || checker.take(batch, &held).map(|()| checker))
            .await
            .context("checking was cut off")??;
    }
    let rows = reading.await.context("reading was cut off")??;
    checker.finish(&rows)
}

pub(super) fn check_columns(rows: &Rows, rules: &Rules) -> anyhow::Result<()> {
    if rows.header().is_empty() {
        return Ok(());
    }
    rules.mapping.check_columns(rows.header())
}

/// The next rows, judged; nothing at the end of the file.
pub(super) fn judged(rows: &mut Rows, rules: &Rules) -> anyhow::Result<Option<Vec<Judged>>> {
    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        let Some(row) = rows.next() else { break };
        let judged = match row? {
            Ok(row) => Judged {
                row: judge(&row, rules),
                raw: row.into_raw(),
            },
            Err(bad) => Judged {
                raw: bad.raw,
                row: Err(vec![bad.fault]),
            },
        };
        bytes += judged.raw.bytes();
        batch.push(judged);
    }
    Ok((!batch.is_empty()).then_some(batch))
}

/// Looks at the rows of a file, one batch after the other.
pub(super) struct Checker {
    rules: Rules,
    planner: Planner,
    refused: Option<Refused>,
    checked: Checked,
}

impl Checker {
    pub(super) fn new(
        rules: &Rules,
        agencies: Agencies,
        duplicates: Duplicates,
        refused: Option<Refused>,
    ) -> Self {
        Self {
            rules: rules.clone(),
            planner: Planner::new(rules.clone(), agencies, SystemClock.now()),
            refused,
            checked: Checked {
                duplicates,
                ..Checked::default()
            },
        }
    }

    /// Looks at a batch, beside what the hub holds of it.
    pub(super) fn take(&mut self, batch: Vec<Judged>, held: &Held) -> anyhow::Result<()> {
        for Judged { raw, row } in batch {
            self.checked.rows += 1;
            let planned = row.and_then(|row| {
                let fate = self.planner.plan(&row, held)?;
                Ok((row, fate))
            });
            match planned {
                Ok((row, fate)) => self.look_at(&row, &fate)?,
                Err(faults) => self.refuse(&raw, faults)?,
            }
        }
        Ok(())
    }

    fn refuse(&mut self, raw: &Raw, faults: Vec<RowFault>) -> anyhow::Result<()> {
        if let Some(refused) = &mut self.refused {
            refused.write(raw, &faults)?;
        }
        self.checked.bad_rows += 1;
        let room = MOST_FAULTS.saturating_sub(self.checked.faults.len());
        self.checked.faults.extend(faults.into_iter().take(room));
        Ok(())
    }

    /// Looks at a good row for what its author may not have meant.
    fn look_at(&mut self, row: &CheckedRow, fate: &Fate) -> anyhow::Result<()> {
        self.checked.forecast.count(fate);
        if let Fate::Repeats(of) = fate {
            if self.checked.repetitions.len() < MOST_FAULTS {
                let (line, of) = (row.line, *of);
                self.checked.repetitions.push(Repetition { line, of });
            }
            return Ok(());
        }
        let external_ids = row.innovation.external_ids.iter();
        let ids: Vec<String> = external_ids
            .map(|id| format!("{}:{}", id.scheme, id.value))
            .chain(row.record.map(|record| record.to_string()))
            .collect();
        let (agency, region) = row.agency_key();
        let title = &row.innovation.title;
        let agency = format!("{agency}\n{region}");
        self.checked
            .duplicates
            .compare(row.line, title, &agency, &ids);
        if let Fate::Put(put) = fate {
            let found = personal_data_of(put)?;
            self.checked.personal_rows += u64::from(!found.is_empty());
            let room = MOST_FAULTS.saturating_sub(self.checked.personal.len());
            let line = row.line;
            let found = found.into_iter().take(room);
            let found = found.map(|found| Personal { line, found });
            self.checked.personal.extend(found);
        }
        Ok(())
    }

    pub(super) fn finish(mut self, rows: &Rows) -> anyhow::Result<Checked> {
        if let Some(refused) = self.refused {
            refused.finish()?;
        }
        let mapping = &self.rules.mapping;
        let is_ignored =
            |name: &&String| !name.is_empty() && *name != FAULT_COLUMN && !mapping.reads(name);
        self.checked.ignored = rows.columns().iter().filter(is_ignored).cloned().collect();
        Ok(self.checked)
    }
}

/// Personal data that everybody would see only after this: in an agency that is new, and in an innovation for everybody where
/// it did not stand before.
fn personal_data_of(put: &Put) -> anyhow::Result<Vec<PersonalDataInField>> {
    let mut found = Vec::new();
    if let Some((_, agency)) = &put.agency {
        let mut of_agency = personal_data_in(&serde_json::to_value(agency)?, &[]);
        for found in &mut of_agency {
            found.field = format!("agency.{}", found.field);
        }
        found.append(&mut of_agency);
    }
    if put.audience == Audience::Public {
        let said: Value = serde_json::from_str(&put.body)?;
        found.extend(personal_data_in(&said, &shown_before(put)?));
    }
    Ok(found)
}

/// What everybody sees already, as acknowledgements.
fn shown_before(put: &Put) -> anyhow::Result<Vec<String>> {
    let shown = put.before.as_ref();
    let Some(body) = shown.filter(|body| body.audience == Audience::Public) else {
        return Ok(Vec::new());
    };
    let storage::bodies::Content::Innovation(held) = &body.content else {
        return Ok(Vec::new());
    };
    let held = serde_json::to_value(domain::catalog::InnovationDraft::from(&**held))?;
    let found = personal_data_in(&held, &[]);
    Ok(found
        .iter()
        .map(PersonalDataInField::acknowledgement)
        .collect())
}
