//! Rows of XLSX workbooks.
//!
//! A thread reads the sheet cell by cell and hands rows over; a few wait between. What is in memory is the texts that cells
//! share (the format keeps them apart) and one row.

use std::fs::File;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context as _, bail};
use calamine::{DataRef, Reader as _, Xlsx};

use super::{Layout, MOST_COLUMNS, ReadRow, Row, Rows, archive, header_of};

/// Rows that wait to be taken.
const WAITING: usize = 256;

type Sheet = Xlsx<BufReader<File>>;
type Sender = SyncSender<anyhow::Result<ReadRow>>;

/// Opens a workbook: the rows of a sheet behind the one that names the columns.
pub(super) fn rows(mut file: File, layout: &Layout) -> anyhow::Result<Rows> {
    archive::check(&file)?;
    file.seek(SeekFrom::Start(0))?;
    let mut book: Sheet = Xlsx::new(BufReader::new(file)).context("it is not a workbook")?;
    let name = sheet_name(&book, layout)?;
    let header_row = layout.header_row.unwrap_or(1).max(1);
    let (named, header) = sync_channel(1);
    let (sender, receiver) = sync_channel(WAITING);
    thread::Builder::new()
        .name("workbook".to_owned())
        .spawn(move || {
            // Whoever reads may stop at any row; then there is nobody to tell.
            if let Err(error) = read(&mut book, &name, header_row, &named, &sender) {
                drop(sender.send(Err(error)));
            }
        })?;
    let header = match header.recv() {
        Ok(header) => header?,
        Err(_) => return Err(first_error(&receiver)),
    };
    Ok(Rows::of(header, receiver.into_iter()))
}

fn first_error(receiver: &Receiver<anyhow::Result<ReadRow>>) -> anyhow::Error {
    match receiver.recv() {
        Ok(Err(error)) => error,
        _ => anyhow::anyhow!("the sheet has no row that names the columns"),
    }
}

fn sheet_name(book: &Sheet, layout: &Layout) -> anyhow::Result<String> {
    let names = book.sheet_names();
    match &layout.sheet {
        Some(wanted) if names.contains(wanted) => Ok(wanted.clone()),
        Some(wanted) => bail!(
            "there is no sheet {wanted:?}; there are {}",
            names.join(", ")
        ),
        None => names.first().cloned().context("it has no sheet"),
    }
}

fn read(
    book: &mut Sheet,
    name: &str,
    header_row: u32,
    named: &SyncSender<anyhow::Result<Vec<String>>>,
    sender: &Sender,
) -> anyhow::Result<()> {
    let mut cells = book.worksheet_cells_reader(name)?;
    let mut gathered = Gathered {
        header_row,
        columns: None,
        row: 0,
        cells: Vec::new(),
        dates: Vec::new(),
    };
    while let Some(cell) = cells.next_cell()? {
        let (row, column) = cell.get_position();
        if row + 1 != gathered.row && !gathered.end(row + 1, named, sender) {
            return Ok(());
        }
        let column = usize::try_from(column)?;
        let text = text_of(cell.get_value());
        if text.is_empty() {
            continue;
        }
        if column >= MOST_COLUMNS {
            bail!("row {} has more than {MOST_COLUMNS} columns", row + 1);
        }
        if gathered.cells.len() <= column {
            gathered.cells.resize(column + 1, String::new());
        }
        gathered.cells[column] = text;
        if is_date(cell.get_value()) {
            gathered.dates.push(column);
        }
    }
    gathered.end(0, named, sender);
    Ok(())
}

/// The row that is being read.
struct Gathered {
    header_row: u32,
    columns: Option<Vec<String>>,
    /// Its number from 1; 0 before the first.
    row: u32,
    cells: Vec<String>,
    /// Which of them are dates.
    dates: Vec<usize>,
}

impl Gathered {
    /// Hands the row over and begins another; whether anybody still wants them.
    fn end(
        &mut self,
        next: u32,
        named: &SyncSender<anyhow::Result<Vec<String>>>,
        sender: &Sender,
    ) -> bool {
        let (row, mut cells) = (self.row, std::mem::take(&mut self.cells));
        let dates = std::mem::take(&mut self.dates);
        self.row = next;
        if row < self.header_row || cells.iter().all(String::is_empty) {
            return true;
        }
        let Some(columns) = &self.columns else {
            let header = header_of(cells);
            self.columns = header.as_ref().ok().cloned();
            let is_good = header.is_ok();
            drop(named.send(header));
            return is_good;
        };
        if cells.len() < columns.len() {
            cells.resize(columns.len(), String::new());
        }
        let dates = dates.iter().filter_map(|column| columns.get(*column));
        let dates = dates.cloned().collect();
        let row = Row::of_table(row.into(), columns, cells, true);
        sender
            .send(Ok(row.map(|row| row.with_dates(dates))))
            .is_ok()
    }
}

fn is_date(value: &DataRef<'_>) -> bool {
    match value {
        DataRef::DateTime(moment) => moment.is_datetime(),
        DataRef::DateTimeIso(_) => true,
        _ => false,
    }
}

/// A cell as text: dates as ISO 8601, whole numbers without a point.
fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::DateTime(moment) => moment.as_f64().to_string(),
        DataRef::DateTimeIso(text) => text.split('T').next().unwrap_or_default().to_owned(),
        DataRef::String(text) | DataRef::DurationIso(text) => text.clone(),
    }
}
