//! Bringing innovations in from a file that came with the request.
//!
//! The program does it ([`Importing`]), the same as its command: this asks whether whoever wants it may, and shows what came of it.

use std::fmt;
use std::fs::File;

use async_graphql::{Context, Enum, Object, SimpleObject};
use domain::audit::Deed;
use domain::role::Action;
use futures_util::future::BoxFuture;
use storage::StorageError;

use crate::ApiError;
use crate::context::ContextExt as _;
use crate::scalars::Long;
use crate::uploads::Upload;

/// Faults and findings that are told; all are counted.
const SHOWN: usize = 50;

/// How a file holds its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FileFormat {
    /// Values between commas, semicolons or tabs (RFC 4180), in UTF-8; the first row names the columns.
    Csv,
    /// One JSON object on each line.
    JsonLines,
    /// A workbook of Office Open XML (ECMA-376); its first sheet counts.
    Xlsx,
}

/// What is to be imported, and how.
pub struct ImportOrder {
    /// The file.
    pub file: File,
    /// How it holds its rows.
    pub format: FileFormat,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Whether the good rows are written although there are bad ones.
    pub skip_bad_rows: bool,
    /// Whether texts for everybody are written although they hold what looks like personal data.
    pub acknowledge_personal_data: bool,
    /// Who does it, for the audit.
    pub by: Deed,
}

/// Something that brings innovations in from files.
pub trait Importing: Send + Sync {
    /// Checks a whole file, and writes what is good in it. If the future is dropped, it ends where a thousand rows are written.
    fn import(&self, order: ImportOrder) -> BoxFuture<'static, Result<Imported, ImportStop>>;
}

/// Why an import ended before its end.
#[derive(Debug)]
pub enum ImportStop {
    /// The file cannot be read as what it is said to be.
    File(String),
    /// Something stood against writing; how much was written is said.
    Storage(StorageError, String),
    /// Something failed here.
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl From<ImportStop> for ApiError {
    fn from(stop: ImportStop) -> Self {
        match stop {
            ImportStop::File(reason) => Self::invalid("file", reason),
            ImportStop::Storage(error, told) => match Self::from(error) {
                Self::ReadOnly(_) => Self::ReadOnly(told),
                other => other,
            },
            ImportStop::Failed(error) => Self::Failed(error),
        }
    }
}

/// What importing a file came to. Of a dry run, what it would come to.
#[derive(Clone, Debug, Default, SimpleObject)]
#[graphql(name = "ImportedInnovations")]
pub struct Imported {
    /// Whether what is good was written. If not, it was a dry run, or the file has bad rows or personal data.
    pub is_written: bool,
    /// Rows read.
    pub rows: Long,
    /// Rows with faults, which are not imported.
    pub refused: Long,
    /// The first faults, up to 50.
    pub faults: Vec<ImportFault>,
    /// Innovations that are new.
    pub created: Long,
    /// Innovations that say something else than before.
    pub revised: Long,
    /// Moves of these along an axis, each a transition of its own.
    pub moved: Long,
    /// Rows that say what the hub holds already.
    pub unchanged: Long,
    /// Rows that name a record that a row before them named, and are passed over.
    pub repeated: Long,
    /// Agencies that are new.
    pub agencies: Long,
    /// Rows that were good when they were checked, and were not written because something changed meanwhile. Their faults are among
    /// the others.
    pub left_out: Long,
    /// Rows whose texts for everybody hold what looks like personal data.
    pub personal_rows: Long,
    /// The first of what looks like personal data, up to 50.
    pub personal_data: Vec<ImportPersonalData>,
    /// Pairs of titles that may mean the same innovation; nothing is done about them.
    pub suspected_duplicates: Long,
    /// Columns of the file that are not imported.
    pub ignored_columns: Vec<String>,
}

/// Something wrong with a row.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportFault {
    /// The line of the file or the row of the sheet, counted from 1.
    pub line: Long,
    /// The column; null when the row as a whole is wrong.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// What looks like personal data in a text for everybody.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportPersonalData {
    /// The line of the file or the row of the sheet, counted from 1.
    pub line: Long,
    /// The field in which it stands.
    pub field: String,
    /// What it looks like.
    pub looks_like: String,
}

/// What can be brought in from files.
#[derive(Default)]
pub(crate) struct ImportMutation;

/// What can be brought in from files.
#[Object(serial)]
impl ImportMutation {
    /// Brings innovations in from a file, as `simpul import` does: a file that a hub exported, or one with the columns of
    /// data/innovations.csv. Every row is checked before anything is written. With bad rows or what looks like personal data nothing
    /// is written, unless that is said. For curators and operators; the request is of the type multipart/form-data.
    #[graphql(complexity = "2000 + child_complexity")]
    async fn import_innovations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The file.")] file: Upload,
        #[graphql(desc = "How it holds its rows.")] format: FileFormat,
        #[graphql(desc = "Only check every row, and say what would be written; no when left out.")]
        dry_run: Option<bool>,
        #[graphql(desc = "Import the good rows of a file that has bad ones; no when left out.")]
        skip_bad_rows: Option<bool>,
        #[graphql(
            desc = "Write texts for everybody although they hold what looks like personal data; no when left out."
        )]
        acknowledge_personal_data: Option<bool>,
    ) -> Result<Imported, ApiError> {
        ctx.viewer().require(Action::Import)?;
        let importing = ctx.hub().importing.as_ref();
        let none = || ApiError::ReadOnly("this node has nothing that imports".to_owned());
        let importing = importing.ok_or_else(none)?;
        let order = ImportOrder {
            file: file.file(ctx, "file")?,
            format,
            dry_run: dry_run.unwrap_or(false),
            skip_bad_rows: skip_bad_rows.unwrap_or(false),
            acknowledge_personal_data: acknowledge_personal_data.unwrap_or(false),
            by: ctx.deed(),
        };
        let mut imported = importing.import(order).await?;
        imported.faults.truncate(SHOWN);
        imported.personal_data.truncate(SHOWN);
        Ok(imported)
    }
}

impl fmt::Debug for dyn Importing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Importing")
    }
}
