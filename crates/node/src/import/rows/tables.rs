//! Rows of CSV files.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use csv::ByteRecord;

use super::{BadRow, Layout, MOST_ROW_BYTES, Raw, ReadRow, Row, Rows, header_of, read_line};
use crate::import::mapping::RowFault;

/// What the reader may take ahead of a row.
const AHEAD_BYTES: usize = 256 * 1024;

/// A file that gives so many bytes until it is allowed more: a row without an end does not fill the memory.
struct Bounded {
    file: File,
    left: Arc<AtomicUsize>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let left = self.left.load(Ordering::Relaxed);
        if read > left {
            return Err(io::Error::other(format!(
                "a row has more than {MOST_ROW_BYTES} bytes; is a quotation mark missing?"
            )));
        }
        self.left.store(left - read, Ordering::Relaxed);
        Ok(read)
    }
}

struct Table {
    reader: csv::Reader<Bounded>,
    left: Arc<AtomicUsize>,
}

impl Table {
    /// The next row and the line on which it begins.
    fn next(&mut self) -> csv::Result<Option<(u64, ByteRecord)>> {
        self.left
            .store(MOST_ROW_BYTES + AHEAD_BYTES, Ordering::Relaxed);
        let mut record = ByteRecord::new();
        let is_there = self.reader.read_byte_record(&mut record)?;
        let line = record.position().map_or(0, csv::Position::line);
        Ok(is_there.then_some((line, record)))
    }
}

/// Opens a CSV file: the rows behind the one that names the columns.
pub(super) fn rows(mut file: File, layout: &Layout) -> anyhow::Result<Rows> {
    let delimiter = match layout.delimiter {
        Some(delimiter) => delimiter,
        None => likely_delimiter(&file)?,
    };
    file.seek(SeekFrom::Start(0))?;
    let left = Arc::new(AtomicUsize::new(0));
    let bounded = Bounded {
        file,
        left: Arc::clone(&left),
    };
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bounded);
    let mut table = Table { reader, left };
    let mut header = Vec::new();
    for _ in 0..layout.header_row.unwrap_or(1).max(1) {
        let Some((_, record)) = table.next()? else {
            break;
        };
        header = lossy(&record);
    }
    let header = header_of(header)?;
    let columns = header.clone();
    let rows = std::iter::from_fn(move || match table.next() {
        Ok(None) => None,
        Ok(Some((line, record))) => Some(Ok(row(line, &columns, &record))),
        Err(error) => Some(Err(error.into())),
    });
    // After an error of the file there is nothing more to read.
    let mut has_failed = false;
    let rows = rows.take_while(move |row| {
        let goes_on = !has_failed;
        has_failed |= row.is_err();
        goes_on
    });
    Ok(Rows::of(header, rows))
}

/// What the first line has most of: Indonesian spreadsheets write semicolons.
fn likely_delimiter(file: &File) -> anyhow::Result<u8> {
    let line = read_line(&mut BufReader::new(file), 1)?.unwrap_or_default();
    let count = |of: u8| line.split(|byte| *byte == of).count();
    let most = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|of| (count(*of), *of == b','));
    Ok(most.unwrap_or(b','))
}

fn lossy(record: &ByteRecord) -> Vec<String> {
    let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
    record.iter().map(text).collect()
}

fn row(line: u64, columns: &[String], record: &ByteRecord) -> ReadRow {
    let mut cells = Vec::with_capacity(record.len());
    for (nth, cell) in record.iter().enumerate() {
        let Ok(cell) = std::str::from_utf8(cell) else {
            let column = columns.get(nth).cloned().unwrap_or_default();
            let reason = "is not UTF-8; save the file as \"CSV UTF-8\"".to_owned();
            let fault = RowFault {
                line,
                column,
                reason,
            };
            let raw = Raw::Cells(lossy(record));
            return Err(BadRow { fault, raw });
        };
        cells.push(cell.to_owned());
    }
    // Columns behind the last named one are passed over while they are empty.
    while cells.len() > columns.len() && cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    Row::of_table(line, columns, cells, true)
}
