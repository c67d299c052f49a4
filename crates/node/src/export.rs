//! Giving lists out as files.
//!
//! - [`What`] is of what there are files; [`Listing`] which records of that are wanted ([`listing`] reads them, page by page).
//! - [`Format`] is what a file can be. [`table`] writes rows of CSV, [`workbook`] XLSX, [`linked`] JSON-LD; JSON Lines needs
//!   no more than [`record`], which says what is given of one record.
//! - [`send`] hands the file over piece by piece. It ends when nobody takes the pieces any more, or takes none for a minute.
//!
//! What is given is what a list shows to whoever asks: the filter's sight decides. Records that come while the file is made may
//! be in it or not; each is in it once.

pub mod linked;
pub mod listing;
pub mod record;
pub mod table;
mod workbook;

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::body::Bytes;
use storage::{Database, StorageError};
use tokio::sync::mpsc;

use listing::Pages;

pub use listing::{Listing, What};

/// The bounds of one file.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most records; a sheet of XLSX has few more rows.
    pub records: u64,
    /// Records that are read at once, and make a piece.
    pub page: u32,
    /// How long a piece waits for whoever asked.
    pub patience: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            records: 1_000_000,
            page: 250,
            patience: Duration::from_secs(60),
        }
    }
}

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
#[derive(Clone, Debug)]
pub struct Pieces {
    taker: mpsc::Sender<std::io::Result<Bytes>>,
    patience: Duration,
}

impl Pieces {
    /// Hands pieces to a taker, each of which waits so long at most.
    pub const fn new(taker: mpsc::Sender<std::io::Result<Bytes>>, patience: Duration) -> Self {
        Self { taker, patience }
    }

    fn is_closed(&self) -> bool {
        self.taker.is_closed()
    }

    /// Hands a piece over.
    async fn give(&self, piece: Vec<u8>) -> Result<(), Gone> {
        if piece.is_empty() {
            return Ok(());
        }
        let given = tokio::time::timeout(self.patience, self.taker.send(Ok(piece.into())));
        match given.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

/// Nobody takes the pieces of a file any more.
#[derive(Debug, thiserror::Error)]
#[error("whoever asked for the file takes no more of it")]
pub struct Gone;

/// Refuses a list that is longer than a file, and a format that there is not of it.
pub async fn check(
    db: &Database,
    listing: &Listing,
    format: Format,
    bounds: &Bounds,
) -> Result<u64, ExportError> {
    let what = listing.what();
    if !what.formats().contains(&format) {
        let endings: Vec<_> = what
            .formats()
            .iter()
            .map(|format| format.ending())
            .collect();
        let endings = endings.join(", ");
        return Err(ExportError::NoSuchFormat { what, endings });
    }
    let found = listing.count(db).await?;
    if found > bounds.records {
        let most = bounds.records;
        return Err(ExportError::TooMany { found, what, most });
    }
    Ok(found)
}

/// Why no file is made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The filter finds too much.
    #[error("{found} {what} are found; a file holds {most}, so narrow the filter")]
    TooMany {
        /// How many.
        found: u64,
        /// Of what.
        what: What,
        /// How many a file holds.
        most: u64,
    },
    /// There are no such files.
    #[error("{what} are given as {endings}")]
    NoSuchFormat {
        /// Of what.
        what: What,
        /// The endings that there are.
        endings: String,
    },
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Makes a file of a list, and says how many records are in it.
pub async fn send(
    db: &Database,
    listing: Listing,
    format: Format,
    page: u32,
    pieces: &Pieces,
) -> anyhow::Result<u64> {
    let what = listing.what();
    let mut pages = Pages::new(db, listing, page);
    if format == Format::Xlsx {
        return workbook::send(&mut pages, what, pieces).await;
    }
    let mut count = 0;
    let head = match format {
        Format::Csv => table::header(what)?,
        Format::JsonLd => linked::head(db.hub(), what)?,
        Format::JsonLines | Format::Xlsx => Vec::new(),
    };
    pieces.give(head).await?;
    while let Some(page) = pages.next().await? {
        let mut text = Vec::with_capacity(page.len() * 2048);
        for record in &page {
            match format {
                Format::Csv => table::row(what, record, &mut text)?,
                Format::JsonLd => linked::item(what, record, count == 0, &mut text)?,
                Format::JsonLines | Format::Xlsx => {
                    serde_json::to_writer(&mut text, record)?;
                    text.push(b'\n');
                }
            }
            count += 1;
        }
        pieces.give(text).await?;
    }
    if format == Format::JsonLd {
        pieces.give(linked::TAIL.into()).await?;
    }
    Ok(count)
}

/// Makes a file on this machine.
pub async fn write(
    db: &Database,
    listing: Listing,
    format: Format,
    mut out: impl std::io::Write,
) -> anyhow::Result<u64> {
    let bounds = Bounds::default();
    check(db, &listing, format, &bounds).await?;
    let (taker, mut made) = mpsc::channel(4);
    let pieces = Pieces::new(taker, bounds.patience);
    let making = async move {
        let count = send(db, listing, format, bounds.page, &pieces).await;
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
