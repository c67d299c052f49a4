//! Made-up records among real ones.

use domain::catalog::SAMPLE_MARK;
use sea_orm::{ConnectionTrait as _, DbBackend};

use crate::{Database, StorageError, sql};

/// The tables that show what records say, but for what hubs say of themselves.
const TABLES: [&str; 3] = ["agency", "innovation", "item"];

/// Counts the records that readers see here, of any hub and for whomever they are, and that are no samples. What hubs say of
/// themselves does not count.
pub async fn count_real(db: &Database) -> Result<u64, StorageError> {
    let digits = match db.reader().get_database_backend() {
        DbBackend::Sqlite => "hex(record)",
        _ => "upper(replace(CAST(record AS TEXT), '-', ''))",
    };
    let mark = SAMPLE_MARK.replace('-', "").to_uppercase();
    let mut found = 0;
    for table in TABLES {
        let text = format!("SELECT COUNT(*) FROM {table} WHERE substr({digits}, 13, 8) <> $1");
        found += sql::unsigned(sql::number(db.reader(), &text, vec![mark.as_str().into()]).await?);
    }
    Ok(found)
}
