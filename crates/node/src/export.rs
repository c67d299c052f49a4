//! Giving innovations out as files.
//!
//! - [`Format`] is what a file can be. [`table`] writes rows of CSV, [`workbook`] XLSX, [`linked`] JSON-LD; JSON Lines needs
//!   no more than [`record`], which says what is given of one innovation.
//! - [`send`] reads what a filter finds, page by page, and hands the file over piece by piece. It ends when nobody takes the
//!   pieces any more, or takes none for a minute.
//!
//! What is given is what a list shows to whoever asks: the filter's sight decides. Records that come while the file is made may
//! be in it or not; each is in it once.

pub mod linked;
pub mod record;
pub mod table;
mod workbook;

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::body::Bytes;
use serde_json::{Map, Value};
use storage::bodies;
use storage::innovations::{self, Direction, InnovationFilter, Order, Stretch};
use storage::{Database, StorageError};
use tokio::sync::mpsc;

/// The most innovations of one file; a sheet of XLSX has few more rows.
pub const MOST_RECORDS: u64 = 1_000_000;
/// Innovations that are read at once.
const PAGE: u32 = 250;
/// How long a piece waits for whoever asked.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a file can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Values between commas (RFC 4180), UTF-8.
    Csv,
    /// A workbook of one sheet (ECMA-376).
    Xlsx,
    /// One JSON object on each line.
    JsonLines,
    /// Linked data: a data set of DCAT with works of schema.org (JSON-LD 1.1).
    JsonLd,
}

/// A word that is no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a format; say csv, xlsx, jsonl or jsonld")]
pub struct FormatError(String);

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(raw: &str) -> Result<Self, FormatError> {
        let all = [Self::Csv, Self::Xlsx, Self::JsonLines, Self::JsonLd];
        let found = all.into_iter().find(|format| format.ending() == raw);
        found.ok_or_else(|| FormatError(raw.to_owned()))
    }
}

impl Format {
    /// The ending of such files.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::JsonLines => "jsonl",
            Self::JsonLd => "jsonld",
        }
    }

    /// Their media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::JsonLines => "application/jsonl; charset=utf-8",
            Self::JsonLd => "application/ld+json",
        }
    }
}

/// Where the pieces of a file go.
pub type Pieces = mpsc::Sender<std::io::Result<Bytes>>;

/// Nobody takes the pieces of a file any more.
#[derive(Debug, thiserror::Error)]
#[error("whoever asked for the file takes no more of it")]
pub struct Gone;

/// Refuses a filter that finds more than a file holds.
pub async fn check_size(db: &Database, filter: &InnovationFilter) -> Result<u64, ExportError> {
    let found = innovations::count(db, filter).await?;
    if found > MOST_RECORDS {
        return Err(ExportError::TooMany(found));
    }
    Ok(found)
}

/// Why no file is made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The filter finds too much.
    #[error("{0} innovations are found; a file holds {MOST_RECORDS}, so narrow the filter")]
    TooMany(u64),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Makes a file of what a filter finds, and says how many innovations are in it.
pub async fn send(
    db: &Database,
    filter: InnovationFilter,
    format: Format,
    pieces: &Pieces,
) -> anyhow::Result<u64> {
    let mut pages = Pages {
        db,
        filter,
        after: None,
        is_done: false,
    };
    if format == Format::Xlsx {
        return workbook::send(&mut pages, pieces).await;
    }
    let mut count = 0;
    let head = match format {
        Format::Csv => table::header()?,
        Format::JsonLd => linked::head(db.hub())?,
        Format::JsonLines | Format::Xlsx => Vec::new(),
    };
    give(pieces, head).await?;
    while let Some(page) = pages.next().await? {
        let mut text = Vec::with_capacity(page.len() * 2048);
        for record in &page {
            match format {
                Format::Csv => table::row(record, &mut text)?,
                Format::JsonLd => linked::item(record, count == 0, &mut text)?,
                Format::JsonLines | Format::Xlsx => {
                    serde_json::to_writer(&mut text, record)?;
                    text.push(b'\n');
                }
            }
            count += 1;
        }
        give(pieces, text).await?;
    }
    if format == Format::JsonLd {
        give(pieces, linked::TAIL.into()).await?;
    }
    Ok(count)
}

/// Hands a piece over.
async fn give(pieces: &Pieces, piece: Vec<u8>) -> Result<(), Gone> {
    if piece.is_empty() {
        return Ok(());
    }
    let given = tokio::time::timeout(PATIENCE, pieces.send(Ok(piece.into()))).await;
    match given {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}

/// What a filter finds, page by page, the first published first.
struct Pages<'a> {
    db: &'a Database,
    filter: InnovationFilter,
    after: Option<(innovations::Place, storage::logs::EntryKey)>,
    is_done: bool,
}

impl Pages<'_> {
    async fn next(&mut self) -> anyhow::Result<Option<Vec<Map<String, Value>>>> {
        if self.is_done {
            return Ok(None);
        }
        let stretch = Stretch {
            order: Order::Published,
            direction: Direction::Ascending,
            after: self.after.take(),
            before: None,
            limit: PAGE,
        };
        let page = innovations::list(self.db, &self.filter, &stretch).await?;
        let Some(last) = page.last() else {
            self.is_done = true;
            return Ok(None);
        };
        self.after = Some((last.place.clone(), last.key));
        self.is_done = page.len() < PAGE as usize;
        let said = bodies::load(self.db, page.iter().map(|place| Some(place.entry))).await?;
        let agencies = bodies::load(self.db, page.iter().map(|place| place.agency)).await?;
        let mut records = Vec::with_capacity(page.len());
        for ((place, said), agency) in page.iter().zip(said).zip(agencies) {
            // What was dropped since the list was read is not there any more.
            let Some(said) = said else { continue };
            records.extend(record::of(place, &said, agency.as_deref())?);
        }
        Ok(Some(records))
    }
}

/// Makes a file on this machine.
pub async fn write(
    db: &Database,
    filter: InnovationFilter,
    format: Format,
    mut out: impl std::io::Write,
) -> anyhow::Result<u64> {
    check_size(db, &filter).await?;
    let (pieces, mut made) = mpsc::channel(4);
    let making = async {
        let count = send(db, filter, format, &pieces).await;
        drop(pieces);
        count
    };
    let writing = async {
        while let Some(piece) = made.recv().await {
            out.write_all(&piece?)
                .context("the file cannot be written")?;
        }
        out.flush().context("the file cannot be written")
    };
    let (made, written) = tokio::join!(making, writing);
    written?;
    match made {
        Err(error) if error.is::<Gone>() => bail!("the file cannot be written"),
        made => made,
    }
}
