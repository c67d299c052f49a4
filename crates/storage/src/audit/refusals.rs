//! What was refused: gathered in memory, and written now and then, so that a flood of it costs neither time nor room.

use std::sync::{Mutex, PoisonError};

use domain::audit::{Origin, Refusal, Tally, Told};
use domain::entropy::Entropy;
use time::OffsetDateTime;

use super::append;
use crate::{Database, StorageError};

/// What was refused since it was last written. A process that is killed loses the last seconds of it.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Tally>);

impl Refusals {
    /// Notes that something was refused or failed.
    pub fn note(&self, refusal: Refusal, now: OffsetDateTime) {
        self.tally().note(refusal, now);
    }

    /// Writes what was noted, as far as it is told one by one, and says how many events that were.
    pub async fn write(
        &self,
        db: &Database,
        now: OffsetDateTime,
        entropy: &dyn Entropy,
    ) -> Result<usize, StorageError> {
        let taken = {
            let mut tally = self.tally();
            if tally.is_empty() {
                return Ok(0);
            }
            tally.take(now)
        };
        let placed = |(mut told, address): (Told, Option<String>)| {
            told.deed.origin = address.map(|address| Origin::new(address, entropy));
            told
        };
        let told: Vec<Told> = taken.into_iter().map(placed).collect();
        let tx = db.begin().await?;
        append(&tx, &told).await?;
        tx.commit().await?;
        Ok(told.len())
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
