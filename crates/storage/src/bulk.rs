//! Many rows in few statements.
//!
//! Rows go in multi-row `INSERT`s of a fixed width, so that the database prepares each width once. The rest of a batch
//! goes in powers of two below it.

use std::fmt::Write as _;

use sea_orm::{ConnectionTrait, DbErr, Value};

use crate::sql;

const ROWS_PER_STATEMENT: usize = 128;

/// Where rows go: `INSERT INTO {table} ({columns}) VALUES … {conflict}`.
pub(crate) struct Insert<const N: usize> {
    /// The table.
    pub(crate) table: &'static str,
    /// Its columns, in the order of a row's values.
    pub(crate) columns: [&'static str; N],
    /// What happens when a row is there already, for example `ON CONFLICT DO NOTHING`, or nothing.
    pub(crate) conflict: &'static str,
}

impl<const N: usize> Insert<N> {
    /// Inserts all rows.
    pub(crate) async fn all(
        &self,
        db: &impl ConnectionTrait,
        rows: Vec<[Value; N]>,
    ) -> Result<(), DbErr> {
        let mut left = rows.len();
        let mut values = rows.into_iter().flatten();
        while left > 0 {
            let width = ROWS_PER_STATEMENT.min(1 << left.ilog2());
            let bound = values.by_ref().take(width * N).collect();
            sql::execute(db, &self.text(width), bound).await?;
            left -= width;
        }
        Ok(())
    }

    fn text(&self, rows: usize) -> String {
        let mut text = format!(
            "INSERT INTO {} ({}) VALUES ",
            self.table,
            self.columns.join(",")
        );
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ",(" });
            for column in 1..=N {
                let comma = if column == 1 { "" } else { "," };
                write!(text, "{comma}${}", row * N + column).expect("a string takes every text");
            }
            text.push(')');
        }
        text.push(' ');
        text.push_str(self.conflict);
        text
    }
}
