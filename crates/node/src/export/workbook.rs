//! Records as an XLSX workbook.
//!
//! Rows go into a file of the system's for temporary ones, so that memory holds one of them; the workbook is packed when all
//! are there, and handed over while it is.

use std::io::{self, Write};

use anyhow::Context as _;
use rust_xlsxwriter::{Format, Workbook};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::listing::{Page, Pages};
use super::table::{Cell, cell, columns};
use super::{Gone, Pieces, What};

/// The most characters of a cell (Excel's limit).
const MOST_CELL_CHARS: usize = 32_767;
/// Pages that wait to be written.
const WAITING: usize = 2;
/// How much of the packed file is handed over at once, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Makes the workbook and hands it over.
pub(super) async fn send(
    pages: &mut Pages<'_>,
    what: What,
    pieces: &Pieces,
) -> anyhow::Result<u64> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let out = pieces.clone();
    let writing = tokio::task::spawn_blocking(move || write(receiver, what, out));
    while let Some(page) = pages.next().await? {
        // Nobody waits for a file whose receiver is gone, and writing ends with an error of its own.
        if pieces.is_closed() || sender.send(Some(page)).await.is_err() {
            break;
        }
    }
    if pieces.is_closed() {
        return Err(Gone.into());
    }
    drop(sender.send(None).await);
    drop(sender);
    let written = writing.await.context("writing was cut off")?;
    if pieces.is_closed() {
        return Err(Gone.into());
    }
    written
}

/// Writes pages until the mark of the end; without it nothing is handed over.
fn write(mut pages: mpsc::Receiver<Option<Page>>, what: What, out: Pieces) -> anyhow::Result<u64> {
    let columns = columns(what);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory()?;
    let bold = Format::new().set_bold();
    for (column, name) in (0_u16..).zip(columns.iter().copied()) {
        sheet.write_string_with_format(0, column, name, &bold)?;
    }
    let mut row = 0;
    loop {
        let Some(page) = pages.blocking_recv() else {
            return Err(Gone.into());
        };
        let Some(page) = page else { break };
        for record in &page {
            row += 1;
            for (column, name) in (0_u16..).zip(columns.iter().copied()) {
                match cell(record, name) {
                    Cell::Empty => {}
                    Cell::Number(number, _) => {
                        sheet.write_number(row, column, number)?;
                    }
                    Cell::Text(text) => {
                        sheet.write_string(row, column, fitting(&text))?;
                    }
                }
            }
        }
    }
    let mut out = Handing {
        out,
        piece: Vec::new(),
    };
    book.save_to_writer(&mut out)?;
    out.flush()?;
    Ok(row.into())
}

/// As many whole items of a list as a cell holds.
fn fitting(text: &str) -> &str {
    if text.len() <= MOST_CELL_CHARS {
        return text;
    }
    let end = text.char_indices().nth(MOST_CELL_CHARS).map(|(at, _)| at);
    let Some(end) = end else { return text };
    let cut = text[..end].rfind('\n').unwrap_or(end);
    &text[..cut]
}

/// Hands over what is written, piece by piece.
struct Handing {
    out: Pieces,
    piece: Vec<u8>,
}

impl Write for Handing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        let given = Handle::current().block_on(self.out.give(piece));
        given.map_err(io::Error::other)
    }
}
