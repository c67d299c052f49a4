//! Reading a file row by row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::mapping::{COLUMNS, RowFault};

/// The longest line of a JSON Lines file.
const MOST_LINE_BYTES: usize = 1024 * 1024;

/// One row: its cells by column, empty ones left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The line of the file on which it begins, counted from 1.
    pub line: u64,
    cells: BTreeMap<String, String>,
}

impl Row {
    /// The cell of a column, if it is not empty.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(String::as_str)
    }
}

/// The rows of a file. A row is an error of its own when the line is not readable; the file can go on.
pub struct Rows {
    source: Source,
    columns: BTreeSet<String>,
}

enum Source {
    Csv {
        headers: Vec<String>,
        records: Box<csv::StringRecordsIntoIter<File>>,
    },
    JsonLines {
        lines: Lines,
        line: u64,
    },
}

type Lines = Box<dyn BufRead + Send>;

/// Reads JSON Lines from anywhere.
pub fn json_lines(source: impl BufRead + Send + 'static) -> Rows {
    Rows {
        source: Source::JsonLines {
            lines: Box::new(source),
            line: 0,
        },
        columns: BTreeSet::new(),
    }
}

/// Opens a file by its ending: `.csv`, or `.jsonl`.
pub fn open(file: &Path) -> anyhow::Result<Rows> {
    let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let ending = file
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    match ending {
        "csv" => csv_rows(opened),
        "jsonl" | "ndjson" => Ok(json_lines(BufReader::new(opened))),
        _ => bail!("{} is neither .csv nor .jsonl", file.display()),
    }
}

fn csv_rows(file: File) -> anyhow::Result<Rows> {
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(file);
    let headers: Vec<String> = reader
        .headers()?
        .iter()
        .map(|name| name.trim_start_matches('\u{FEFF}').to_owned())
        .collect();
    if !headers.iter().any(|name| name == "title") {
        bail!(
            "the file has no column `title`; its first line must name the columns: {}",
            COLUMNS.join(", ")
        );
    }
    let columns = headers.iter().cloned().collect();
    let source = Source::Csv {
        headers,
        records: Box::new(reader.into_records()),
    };
    Ok(Rows { source, columns })
}

impl Rows {
    /// Columns that were seen so far and are not imported.
    pub fn ignored_columns(&self) -> Vec<String> {
        self.columns
            .iter()
            .filter(|name| !COLUMNS.contains(&name.as_str()))
            .cloned()
            .collect()
    }
}

impl Iterator for Rows {
    type Item = anyhow::Result<Result<Row, RowFault>>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.source {
            Source::Csv { headers, records } => {
                let record = records.next()?;
                Some(Ok(record
                    .map(|record| csv_row(headers, &record))
                    .map_err(|error| csv_fault(&error))))
            }
            Source::JsonLines { lines, line } => {
                json_row(lines, line, &mut self.columns).transpose()
            }
        }
    }
}

fn csv_row(headers: &[String], record: &csv::StringRecord) -> Row {
    let cells = headers
        .iter()
        .zip(record)
        .filter(|(_, cell)| !cell.trim().is_empty());
    Row {
        line: record.position().map_or(0, csv::Position::line),
        cells: cells
            .map(|(name, cell)| (name.clone(), cell.to_owned()))
            .collect(),
    }
}

fn csv_fault(error: &csv::Error) -> RowFault {
    RowFault {
        line: error.position().map_or(0, csv::Position::line),
        column: String::new(),
        reason: error.to_string(),
    }
}

fn json_row(
    lines: &mut Lines,
    line: &mut u64,
    columns: &mut BTreeSet<String>,
) -> anyhow::Result<Option<Result<Row, RowFault>>> {
    loop {
        *line += 1;
        let mut text = Vec::new();
        let read = std::io::Read::take(&mut *lines, MOST_LINE_BYTES as u64 + 1)
            .read_until(b'\n', &mut text)?;
        if read == 0 {
            return Ok(None);
        }
        if text.len() > MOST_LINE_BYTES {
            bail!("line {line} has more than {MOST_LINE_BYTES} bytes; is this a JSON Lines file?");
        }
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        return Ok(Some(parse_json(*line, &text, columns)));
    }
}

fn parse_json(line: u64, text: &[u8], columns: &mut BTreeSet<String>) -> Result<Row, RowFault> {
    let fault = |column: &str, reason: String| RowFault {
        line,
        column: column.to_owned(),
        reason,
    };
    let value: serde_json::Map<String, Value> = serde_json::from_slice(text)
        .map_err(|error| fault("", format!("is not a JSON object: {error}")))?;
    let mut row = Row {
        line,
        ..Row::default()
    };
    for (name, value) in value {
        let cell = match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Array(_) | Value::Object(_) => {
                return Err(fault(
                    &name,
                    "is a list or an object; a text, number or null is expected".to_owned(),
                ));
            }
        };
        if let Some(cell) = cell.filter(|cell| !cell.trim().is_empty()) {
            row.cells.insert(name.clone(), cell);
        }
        columns.insert(name);
    }
    Ok(row)
}
