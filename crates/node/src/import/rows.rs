//! Reading a file row by row, whatever its format.
//!
//! - [`tables`] reads CSV, [`json`] JSON Lines, [`workbooks`] XLSX. Each gives the same rows: cells by column.
//! - [`open`] chooses by the file's ending, or as it is told; [`Source`] is a file that is opened more than once.
//!
//! A row that cannot be read is a fault of its own, and the file goes on. Rows and cells have bounds; of CSV and JSON Lines one
//! row at a time is in memory.

mod archive;
mod json;
mod tables;
mod workbooks;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail};

use super::cells::MOST_CELL_BYTES;
use super::mapping::RowFault;

pub use json::json_lines;

/// The longest row of a file, in bytes.
pub const MOST_ROW_BYTES: usize = 1024 * 1024;
/// The most columns of a table.
pub const MOST_COLUMNS: usize = 512;

/// How a file holds its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Values between commas, semicolons or tabs (RFC 4180), in UTF-8; the first row names the columns.
    Csv,
    /// One JSON object on each line.
    JsonLines,
    /// A workbook of Office Open XML (ECMA-376), one of its sheets.
    Xlsx,
}

/// A word that is no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a format; say csv, jsonl or xlsx")]
pub struct FormatError(String);

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(raw: &str) -> Result<Self, FormatError> {
        match raw.to_lowercase().as_str() {
            "csv" | "tsv" => Ok(Self::Csv),
            "jsonl" | "ndjson" => Ok(Self::JsonLines),
            "xlsx" => Ok(Self::Xlsx),
            _ => Err(FormatError(raw.to_owned())),
        }
    }
}

impl Format {
    /// The format that a file's ending names.
    pub fn of(file: &Path) -> anyhow::Result<Self> {
        let ending = file.extension().and_then(|ending| ending.to_str());
        let format = ending.unwrap_or_default().parse();
        format.ok().with_context(|| {
            format!(
                "{} is neither .csv nor .jsonl nor .xlsx; say --format",
                file.display()
            )
        })
    }
}

/// What a file's reader may be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// What stands between the values of CSV; nothing: what the first line has most of.
    pub delimiter: Option<u8>,
    /// The sheet of a workbook; nothing: the first.
    pub sheet: Option<String>,
    /// The row that names the columns, from 1; those before it are passed over.
    pub header_row: Option<u32>,
}

/// One cell: a text, or a list where the format has lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

/// A row as the file has it, for writing it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raw {
    /// The cells of a table.
    Cells(Vec<String>),
    /// A line.
    Line(String),
}

impl Raw {
    /// How long it is, about, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Cells(cells) => cells.iter().map(|cell| cell.len() + 8).sum(),
            Self::Line(line) => line.len(),
        }
    }
}

/// One row: its cells by column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line of the file, or the row of the sheet, on which it begins, counted from 1.
    pub line: u64,
    cells: BTreeMap<String, Option<Cell>>,
    /// The columns whose cells the format itself holds as dates.
    dates: BTreeSet<String>,
    raw: Raw,
}

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// What is wrong.
    pub fault: RowFault,
    /// The row, as far as it was read.
    pub raw: Raw,
}

/// What a file gives for each of its rows.
pub type ReadRow = Result<Row, BadRow>;

impl Row {
    /// The text of a column, if it is not empty; of a list the first item.
    pub fn get(&self, column: &str) -> Option<&str> {
        match self.cell(column)? {
            Cell::Text(text) => Some(text),
            Cell::List(items) => items.first().map(String::as_str),
        }
    }

    /// The cell of a column, if it is not empty.
    pub fn cell(&self, column: &str) -> Option<&Cell> {
        self.cells.get(column)?.as_ref()
    }

    /// Whether the row has a column, be its cell empty. A table has all its columns in each row; of a JSON object an absent
    /// field says nothing, and null that there is nothing (RFC 7396).
    pub fn has(&self, column: &str) -> bool {
        self.cells.contains_key(column)
    }

    /// Whether the file itself holds a cell as a date, which is then in ISO 8601.
    pub fn is_date(&self, column: &str) -> bool {
        self.dates.contains(column)
    }

    /// The row as the file has it.
    pub const fn raw(&self) -> &Raw {
        &self.raw
    }

    /// The same, when no more of the row is wanted.
    pub fn into_raw(self) -> Raw {
        self.raw
    }

    /// A row of a table, or what is wrong with it as a whole.
    fn of_table(line: u64, columns: &[String], cells: Vec<String>, unescape: bool) -> ReadRow {
        let fault = |column: &str, reason: String| RowFault {
            line,
            column: column.to_owned(),
            reason,
        };
        if cells.len() != columns.len() {
            let reason = format!(
                "the row has {} cells, and there are {} columns",
                cells.len(),
                columns.len()
            );
            let fault = fault("", reason);
            return Err(BadRow {
                fault,
                raw: Raw::Cells(cells),
            });
        }
        let mut row = BTreeMap::new();
        for (column, cell) in columns.iter().zip(&cells) {
            if cell.len() > MOST_CELL_BYTES {
                let reason = format!("has {} bytes; {MOST_CELL_BYTES} are allowed", cell.len());
                let fault = fault(column, reason);
                return Err(BadRow {
                    fault,
                    raw: Raw::Cells(cells),
                });
            }
            let meant = if unescape {
                super::cells::as_meant(cell)
            } else {
                cell
            };
            let cell = (!meant.trim().is_empty()).then(|| Cell::Text(meant.to_owned()));
            row.insert(column.clone(), cell);
        }
        Ok(Self {
            line,
            cells: row,
            dates: BTreeSet::new(),
            raw: Raw::Cells(cells),
        })
    }

    /// Says which of its columns hold dates.
    #[must_use]
    fn with_dates(mut self, dates: BTreeSet<String>) -> Self {
        self.dates = dates;
        self
    }
}

/// The rows of a file. A row is an error of its own when it cannot be read; the file can go on.
pub struct Rows {
    source: Box<dyn Iterator<Item = anyhow::Result<ReadRow>> + Send>,
    header: Vec<String>,
    columns: BTreeSet<String>,
}

/// A file that is read from its beginning several times, one time after the other.
#[derive(Debug)]
pub enum Source {
    /// One with a name.
    Named(PathBuf),
    /// One that is open already, and may have no name. All who read it are at the same place of it.
    Opened(File),
}

impl Source {
    /// Opens it at its beginning.
    pub fn rows(&self, format: Format, layout: &Layout) -> anyhow::Result<Rows> {
        match self {
            Self::Named(file) => open(file, format, layout),
            Self::Opened(file) => {
                let mut again = file
                    .try_clone()
                    .context("the file cannot be opened again")?;
                again.seek(SeekFrom::Start(0))?;
                rows_of(again, format, layout).context("the file cannot be read as a table")
            }
        }
    }
}

/// Opens a file.
pub fn open(file: &Path, format: Format, layout: &Layout) -> anyhow::Result<Rows> {
    let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    rows_of(opened, format, layout)
        .with_context(|| format!("{} cannot be read as a table", file.display()))
}

fn rows_of(opened: File, format: Format, layout: &Layout) -> anyhow::Result<Rows> {
    match format {
        Format::Csv => tables::rows(opened, layout),
        Format::JsonLines => Ok(json_lines(BufReader::new(opened))),
        Format::Xlsx => workbooks::rows(opened, layout),
    }
}

impl Rows {
    fn of(
        header: Vec<String>,
        source: impl Iterator<Item = anyhow::Result<ReadRow>> + Send + 'static,
    ) -> Self {
        Self {
            columns: header.iter().cloned().collect(),
            source: Box::new(source),
            header,
        }
    }

    /// The names of the columns in their order; none for JSON Lines, which has none of its own.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The columns that were seen so far.
    pub const fn columns(&self) -> &BTreeSet<String> {
        &self.columns
    }
}

impl Iterator for Rows {
    type Item = anyhow::Result<ReadRow>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.source.next()?;
        if self.header.is_empty()
            && let Ok(Ok(row)) = &next
        {
            for column in row.cells.keys() {
                if !self.columns.contains(column) && self.columns.len() < MOST_COLUMNS {
                    self.columns.insert(column.clone());
                }
            }
        }
        Some(next)
    }
}

/// Takes the names of columns from the row that has them.
fn header_of(cells: Vec<String>) -> anyhow::Result<Vec<String>> {
    let mut names: Vec<String> = cells
        .iter()
        .map(|name| name.trim_start_matches('\u{FEFF}').trim().to_owned())
        .collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    if names.is_empty() {
        bail!("there is no row that names the columns");
    }
    if names.len() > MOST_COLUMNS {
        bail!(
            "there are {} columns; {MOST_COLUMNS} are allowed",
            names.len()
        );
    }
    for (nth, name) in names.iter().enumerate() {
        if !name.is_empty() && names[..nth].contains(name) {
            bail!("two columns are named {name:?}");
        }
    }
    Ok(names)
}

/// Reads a line with its end, of a bounded length; nothing at the end of the file.
fn read_line(source: &mut impl BufRead, line: u64) -> anyhow::Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    let most = MOST_ROW_BYTES as u64 + 1;
    let read = std::io::Read::take(source, most).read_until(b'\n', &mut text)?;
    if text.len() > MOST_ROW_BYTES {
        bail!("line {line} has more than {MOST_ROW_BYTES} bytes; is this the right format?");
    }
    Ok((read > 0).then_some(text))
}
