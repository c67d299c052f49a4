//! Writing the rows that were refused, as the file has them, so that they can be mended and imported again.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;

use super::mapping::RowFault;
use super::rows::Raw;

/// The column that says what is wrong; importing passes it over.
pub const FAULT_COLUMN: &str = "simpul.fault";

/// Where refused rows go. The file is made when there is the first.
pub struct Refused {
    file: std::path::PathBuf,
    header: Vec<String>,
    out: Option<Out>,
}

enum Out {
    Table(Box<csv::Writer<File>>),
    Lines(BufWriter<File>),
}

impl Refused {
    /// Prepares a file for the rows of a table with these columns, or of JSON Lines if there are none.
    pub fn new(file: &Path, header: &[String]) -> Self {
        Self {
            file: file.to_owned(),
            header: header.to_owned(),
            out: None,
        }
    }

    /// Writes a row, and what is wrong with it where the format has a place for that.
    pub fn write(&mut self, raw: &Raw, faults: &[RowFault]) -> anyhow::Result<()> {
        if self.out.is_none() {
            self.out = Some(self.begin()?);
        }
        match (self.out.as_mut(), raw) {
            (Some(Out::Table(table)), Raw::Cells(cells)) => {
                let told: Vec<_> = faults.iter().map(told).collect();
                let told = super::cells::harmless(&told.join("; "));
                let row = std::iter::once(told.as_str()).chain(cells.iter().map(String::as_str));
                table.write_record(row)?;
            }
            (Some(Out::Lines(lines)), Raw::Line(line)) => writeln!(lines, "{line}")?,
            _ => {}
        }
        Ok(())
    }

    fn begin(&self) -> anyhow::Result<Out> {
        let file = File::create(&self.file)
            .with_context(|| format!("{} cannot be written", self.file.display()))?;
        if self.header.is_empty() {
            return Ok(Out::Lines(BufWriter::new(file)));
        }
        let mut table = csv::WriterBuilder::new().flexible(true).from_writer(file);
        let names = std::iter::once(FAULT_COLUMN).chain(self.header.iter().map(String::as_str));
        table.write_record(names)?;
        Ok(Out::Table(Box::new(table)))
    }

    /// Writes what is left, and says whether there was any.
    pub fn finish(self) -> anyhow::Result<bool> {
        match self.out {
            None => Ok(false),
            Some(Out::Table(mut table)) => {
                table.flush()?;
                Ok(true)
            }
            Some(Out::Lines(mut lines)) => {
                lines.flush()?;
                Ok(true)
            }
        }
    }
}

fn told(fault: &RowFault) -> String {
    if fault.column.is_empty() {
        fault.reason.clone()
    } else {
        format!("{}: {}", fault.column, fault.reason)
    }
}
