//! Listing the entries that show nothing, and why.

use domain::entry::Header;
use domain::identity::{LogId, RecordId};

use super::EntryKey;
use super::heads;
use crate::{Database, StorageError, sql};

/// The reason of an entry whose header cannot be read.
pub(super) const HEADER: &str = "header";

/// An entry that is kept and relayed, and shows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unprojected {
    /// Its place in its log.
    pub place: u64,
    /// Its record, if the header can be read.
    pub record: Option<RecordId>,
    /// What sort of record it is, if the header can be read.
    pub kind: Option<String>,
    /// A word for the sort of reason: `header`, `version`, `kind`, `payload`, `body`, `rule` or `revision`.
    pub reason: String,
    /// What exactly is wrong.
    pub detail: String,
}

/// A log's entries that show nothing, from a place on, at most `limit`.
pub async fn list(
    db: &Database,
    log: &LogId,
    from: u64,
    limit: u32,
) -> Result<Vec<Unprojected>, StorageError> {
    let Some(row) = heads::find_row(db.reader(), log).await? else {
        return Ok(Vec::new());
    };
    let text = "SELECT unprojected.entry, reason, detail, header FROM unprojected
        JOIN entry ON entry.id = unprojected.entry
        WHERE unprojected.entry >= $1 AND unprojected.entry < $2 ORDER BY unprojected.entry LIMIT $3";
    let first = EntryKey::new(row.id, from.min(row.size()));
    let end = EntryKey::range_of(row.id).end;
    let values = vec![first.into(), end.into(), i64::from(limit).into()];
    let read = |row: &sea_orm::QueryResult| {
        let header: Vec<u8> = row.try_get_by_index(3)?;
        let header = std::str::from_utf8(&header).ok();
        let header = header.and_then(|text| Header::parse(text).ok());
        Ok(Unprojected {
            place: EntryKey::from(row.try_get_by_index::<i64>(0)?).place(),
            record: header.as_ref().map(|header| header.record),
            kind: header.map(|header| header.kind.as_str().to_owned()),
            reason: row.try_get_by_index(1)?,
            detail: row.try_get_by_index(2)?,
        })
    };
    let rows = sql::rows(db.reader(), text, values).await?;
    rows.iter().map(read).collect()
}
