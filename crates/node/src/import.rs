//! Bringing innovations in from files.
//!
//! - [`rows`] reads a file row by row: CSV, JSON Lines, XLSX. [`cells`] is how values stand in cells, in and out.
//! - [`mapping`] says which column is which field, and turns a row into an agency and an innovation, or says all that is wrong
//!   with it. [`fields`] are the fields.
//! - `plan` decides what becomes of a row, beside what the hub holds (`held`) and what the rows before it named (`said`).
//! - [`check()`] looks at a whole file: faults, personal data, [`duplicates`]; [`refused`] keeps rows that were refused.
//! - [`Importer`] writes what is new or changed. Both ask `plan`, so a row is refused before anything is written.
//! - [`whole()`] does both for a file; [`sent`] for one that came with a request.
//!
//! A row that was imported before is known by its id or external id and becomes a new revision, or nothing when it says the
//! same; [`again`] is what it changes.

mod again;
pub mod cells;
mod check;
mod dates;
pub mod duplicates;
pub mod fields;
mod held;
pub mod mapping;
mod plan;
pub mod refused;
pub mod rows;
mod said;
pub mod sent;
#[cfg(test)]
mod tests;
mod whole;
mod write;

use domain::entry::Audience;
use domain::identity::HubId;
use time::Date;

use mapping::{CheckedRow, Mapping, RowFault};
use rows::{Row, Rows};

pub use check::{Checked, Personal, Repetition, check};
pub use held::agency_key;
pub use whole::{Done, Found, Order, Step, whole};
pub use write::{Importer, Written};

/// Rows that are compared and written together, in one transaction.
pub const BATCH: usize = 1000;
/// No further row once a batch has so many bytes of the file.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
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

fn judge(row: &Row, rules: &Rules) -> Result<CheckedRow, Vec<RowFault>> {
    mapping::check(row, &rules.mapping, &rules.hub, rules.today)
}

/// The good rows among those that are wanted, in batches.
pub fn batches(
    mut rows: Rows,
    rules: Rules,
    size: usize,
    wanted: impl Fn(&Row) -> bool,
) -> impl Iterator<Item = anyhow::Result<Vec<CheckedRow>>> {
    std::iter::from_fn(move || {
        let (mut batch, mut bytes) = (Vec::with_capacity(size), 0);
        while batch.len() < size && bytes < BATCH_BYTES {
            match rows.next() {
                None => break,
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok(Ok(row))) if wanted(&row) => {
                    bytes += row.raw().bytes();
                    batch.extend(judge(&row, &rules).ok());
                }
                Some(Ok(_)) => {}
            }
        }
        (!batch.is_empty()).then_some(Ok(batch))
    })
}
