//! Bringing innovations in from files.
//!
//! - [`rows`] reads a file row by row, CSV or JSON Lines.
//! - [`mapping`] turns a row into an agency and an innovation, or says all that is wrong with it.
//! - [`Importer`] compares rows with what the hub holds and writes what is new or changed.
//!
//! A row that was imported before is known by its external id and becomes a new revision, or nothing when it says the same.

pub mod mapping;
mod plan;
pub mod rows;

use mapping::{CheckedRow, RowFault};
use rows::{Row, Rows};

pub use plan::{Importer, Written};

/// How many faults are kept; more are counted.
const MOST_FAULTS: usize = 1000;

/// What checking a file found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Rows read.
    pub rows: u64,
    /// Rows with faults.
    pub bad_rows: u64,
    /// The faults, at most a thousand.
    pub faults: Vec<RowFault>,
    /// Columns of the file that are not imported.
    pub ignored: Vec<String>,
}

/// Checks every row without writing anything.
pub fn check(mut rows: Rows, today: time::Date) -> anyhow::Result<Checked> {
    let mut checked = Checked::default();
    for row in rows.by_ref() {
        let row = row?;
        let faults = match row {
            Ok(row) => mapping::check(&row, today).err().unwrap_or_default(),
            Err(fault) => vec![fault],
        };
        checked.rows += 1;
        checked.bad_rows += u64::from(!faults.is_empty());
        let room = MOST_FAULTS.saturating_sub(checked.faults.len());
        checked.faults.extend(faults.into_iter().take(room));
    }
    checked.ignored = rows.ignored_columns();
    Ok(checked)
}

/// The good rows among those that are wanted, in batches.
pub fn batches(
    mut rows: Rows,
    today: time::Date,
    size: usize,
    wanted: impl Fn(&Row) -> bool,
) -> impl Iterator<Item = anyhow::Result<Vec<CheckedRow>>> {
    std::iter::from_fn(move || {
        let mut batch = Vec::with_capacity(size);
        while batch.len() < size {
            match rows.next() {
                None => break,
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok(Ok(row))) if wanted(&row) => batch.extend(mapping::check(&row, today).ok()),
                Some(Ok(_)) => {}
            }
        }
        (!batch.is_empty()).then_some(Ok(batch))
    })
}
