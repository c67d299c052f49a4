//! Looking into a workbook before it is read: how much it unpacks to. A small file can hold endless repetition.

use std::fs::File;
use std::io::{BufReader, Read};

use anyhow::{Context as _, bail};
use zip::ZipArchive;

/// The most files in a workbook.
const MOST_FILES: usize = 1000;
/// The most bytes that all of it unpacks to: a sheet is read cell by cell, so this costs time, not memory.
const MOST_BYTES: u64 = 8 * 1024 * 1024 * 1024;
/// The most bytes of what is held in memory: everything but sheets, above all the texts that cells share.
const MOST_SHARED_BYTES: u64 = 256 * 1024 * 1024;
/// The longest run between two marks of a sheet: one text. A cell has 32,767 characters at most (Excel's limit).
const MOST_RUN_BYTES: usize = 256 * 1024;

/// Refuses a workbook that unpacks to more than its bounds. It is unpacked once for that, for what its parts say of their
/// own sizes need not be so.
pub(super) fn check(file: &File) -> anyhow::Result<()> {
    check_within(file, MOST_BYTES, MOST_SHARED_BYTES)
}

fn check_within(file: &File, most_bytes: u64, most_shared: u64) -> anyhow::Result<()> {
    let mut archive = ZipArchive::new(BufReader::new(file)).context("it is not a workbook")?;
    if archive.len() > MOST_FILES {
        bail!("it holds {} files; {MOST_FILES} are allowed", archive.len());
    }
    let (mut bytes, mut shared) = (0, 0);
    for nth in 0..archive.len() {
        let mut part = archive.by_index(nth)?;
        let is_sheet = part.name()?.starts_with("xl/worksheets/sheet");
        let mut buffer = vec![0; 64 * 1024];
        let mut run = 0;
        loop {
            let read = part.read(&mut buffer).context("a part of it is damaged")?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            shared += if is_sheet { 0 } else { read as u64 };
            if bytes > most_bytes || shared > most_shared {
                bail!(
                    "it unpacks to more than {most_bytes} bytes, or to more than {most_shared} beside its sheets; \
                     save it as CSV, which has no such bound"
                );
            }
            run = longest_run(&buffer[..read], run)?;
        }
    }
    Ok(())
}

/// How long the run is that is open at the end of some bytes.
fn longest_run(bytes: &[u8], open: usize) -> anyhow::Result<usize> {
    let mut run = open;
    for piece in bytes.split_inclusive(|byte| *byte == b'<') {
        run += piece.len();
        if run > MOST_RUN_BYTES {
            bail!("a cell of it has more than {MOST_RUN_BYTES} bytes");
        }
        if piece.ends_with(b"<") {
            run = 0;
        }
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, SeekFrom, Write as _};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(name: &str, piece: &str, times: usize) -> File {
        let mut archive = ZipWriter::new(tempfile::tempfile().unwrap());
        archive
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        for _ in 0..times {
            archive.write_all(piece.as_bytes()).unwrap();
        }
        let mut file = archive.finish().unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused_while_it_unpacks() {
        let check = |name: &str, piece: &str, times: usize, expected: Option<&str>| {
            let file = archive(name, piece, times);
            assert!(file.metadata().unwrap().len() < 64 * 1024);
            let why = check_within(&file, 2_000_000, 500_000)
                .err()
                .map(|error| error.to_string());
            assert_eq!(
                why.as_deref()
                    .map(|why| &why[..expected.map_or(0, str::len)]),
                expected
            );
        };
        let sheet = "xl/worksheets/sheet1.xml";
        check(sheet, "<c>1</c>", 200_000, None);
        check(sheet, "<c>1</c>", 300_000, Some("it unpacks to more than"));
        check("xl/sharedStrings.xml", "<t>1</t>", 50_000, None);
        check(
            "xl/sharedStrings.xml",
            "<t>1</t>",
            100_000,
            Some("it unpacks to more than"),
        );
        check(
            sheet,
            "aaaaaaaaaa",
            30_000,
            Some("a cell of it has more than"),
        );
    }
}
