//! Bringing innovations in from files.
//!
//! - [`rows`] reads a file row by row: CSV, JSON Lines, XLSX. [`cells`] is how values stand in cells, in and out.
//! - [`mapping`] says which column is which field, and turns a row into an agency and an innovation, or says all that is wrong
//!   with it. [`fields`] are the fields.
//! - [`check`] looks at a whole file: faults, personal data, [`duplicates`]; [`refused`] keeps rows that were refused.
//! - [`Importer`] compares rows with what the hub holds and writes what is new or changed.
//!
//! A row that was imported before is known by its id or external id and becomes a new revision, or nothing when it says the
//! same; [`again`] is what it changes.

mod again;
pub mod cells;
mod dates;
pub mod duplicates;
pub mod fields;
pub mod mapping;
mod plan;
pub mod refused;
pub mod rows;
#[cfg(test)]
mod tests;

use domain::catalog::{PersonalDataInField, personal_data_in};
use domain::entry::Audience;
use domain::identity::HubId;
use time::Date;

use duplicates::Duplicates;
use mapping::{CheckedRow, Mapping, RowFault};
use refused::{FAULT_COLUMN, Refused};
use rows::{Row, Rows};

pub use plan::{Importer, Writing, Written, agency_key};

/// How many faults are kept; more are counted.
const MOST_FAULTS: usize = 1000;

/// By what rows are judged.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Which column is which field.
    pub mapping: Mapping,
    /// The hub that imports.
    pub hub: HubId,
    /// The day; no date may be after it.
    pub today: Date,
    /// For whom rows are that do not say it; nothing: everybody, if they are new.
    pub audience: Option<Audience>,
}

impl Rules {
    /// The rules of a hub for the data folder's files.
    pub fn of_data(hub: &HubId, today: Date) -> Self {
        Self {
            mapping: Mapping::of_data(),
            hub: hub.clone(),
            today,
            audience: None,
        }
    }
}

/// Personal data that a row would show to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Personal {
    /// The line of the file.
    pub line: u64,
    /// What was found, and in which field.
    pub found: PersonalDataInField,
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
}

/// Checks every row without writing anything but the refused ones.
pub fn check(
    mut rows: Rows,
    rules: &Rules,
    duplicates: Duplicates,
    mut refused: Option<Refused>,
) -> anyhow::Result<Checked> {
    if !rows.header().is_empty() {
        rules.mapping.check_columns(rows.header())?;
    }
    let mut checked = Checked {
        duplicates,
        ..Checked::default()
    };
    for row in rows.by_ref() {
        checked.rows += 1;
        let (raw, faults) = match row? {
            Ok(row) => {
                let faults = match judge(&row, rules) {
                    Ok(good) => {
                        checked.look_at(&good, rules)?;
                        continue;
                    }
                    Err(faults) => faults,
                };
                (row.raw().clone(), faults)
            }
            Err(bad) => (bad.raw, vec![bad.fault]),
        };
        if let Some(refused) = &mut refused {
            refused.write(&raw, &faults)?;
        }
        checked.bad_rows += 1;
        let room = MOST_FAULTS.saturating_sub(checked.faults.len());
        checked.faults.extend(faults.into_iter().take(room));
    }
    if let Some(refused) = refused {
        refused.finish()?;
    }
    let is_ignored =
        |name: &&String| !name.is_empty() && *name != FAULT_COLUMN && !rules.mapping.reads(name);
    checked.ignored = rows.columns().iter().filter(is_ignored).cloned().collect();
    Ok(checked)
}

fn judge(row: &Row, rules: &Rules) -> Result<CheckedRow, Vec<RowFault>> {
    mapping::check(row, &rules.mapping, &rules.hub, rules.today)
}

impl Checked {
    /// Looks at a good row for what its author may not have meant.
    fn look_at(&mut self, row: &CheckedRow, rules: &Rules) -> anyhow::Result<()> {
        let external_ids = row.innovation.external_ids.iter();
        let ids: Vec<String> = external_ids
            .map(|id| format!("{}:{}", id.scheme, id.value))
            .chain(row.record.map(|record| record.to_string()))
            .collect();
        let (agency, region) = row.agency_key();
        let title = &row.innovation.title;
        self.duplicates
            .compare(row.line, title, &format!("{agency}\n{region}"), &ids);
        let audience = row.audience.as_ref().or(rules.audience.as_ref());
        if audience.is_some_and(|audience| *audience != Audience::Public) {
            return Ok(());
        }
        let found = personal_data_in(&serde_json::to_value(&row.innovation)?, &[]);
        self.personal_rows += u64::from(!found.is_empty());
        let room = MOST_FAULTS.saturating_sub(self.personal.len());
        let line = row.line;
        let found = found.into_iter().take(room);
        self.personal
            .extend(found.map(|found| Personal { line, found }));
        Ok(())
    }
}

/// The good rows among those that are wanted, in batches.
pub fn batches(
    mut rows: Rows,
    rules: Rules,
    size: usize,
    wanted: impl Fn(&Row) -> bool,
) -> impl Iterator<Item = anyhow::Result<Vec<CheckedRow>>> {
    std::iter::from_fn(move || {
        let mut batch = Vec::with_capacity(size);
        while batch.len() < size {
            match rows.next() {
                None => break,
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok(Ok(row))) if wanted(&row) => batch.extend(judge(&row, &rules).ok()),
                Some(Ok(_)) => {}
            }
        }
        (!batch.is_empty()).then_some(Ok(batch))
    })
}
