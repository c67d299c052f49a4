//! What the hub holds of a file's rows, read batch by batch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::catalog::{Agency, fold};
use domain::entry::{Audience, Sight};
use domain::identity::RecordId;
use storage::agencies::{self, AgencyFilter};
use storage::bodies::{self, Body, Content};
use storage::{Database, innovations, logs};

use super::mapping::{AgencyKey, CheckedRow};

/// An innovation that is held: its record, and what its newest revision says.
pub(super) type HeldInnovation = (RecordId, Arc<Body>);

/// The agencies that the hub has, by what tells them apart, each with for whom it is.
pub(super) type Agencies = HashMap<AgencyKey, (RecordId, Audience)>;

/// What the hub holds of some rows.
#[derive(Default)]
pub(super) struct Held {
    by_record: HashMap<RecordId, HeldInnovation>,
    by_number: HashMap<(String, String), HeldInnovation>,
    /// Records that the rows name, of which there are entries, but nothing to be shown.
    gone: HashSet<RecordId>,
}

impl Held {
    /// Reads what is held of these rows.
    pub(super) async fn of(db: &Database, rows: &[&CheckedRow]) -> anyhow::Result<Self> {
        let by_record = by_record(db, rows).await?;
        let missing = rows.iter().filter_map(|row| row.record);
        let missing: Vec<_> = missing
            .filter(|record| !by_record.contains_key(record))
            .collect();
        Ok(Self {
            by_number: by_number(db, rows).await?,
            gone: logs::read::known_of_own(db, &missing).await?,
            by_record,
        })
    }

    /// What is held of the innovation that a row is about: by its record if the row names one, else by its number.
    pub(super) fn find(&self, row: &CheckedRow) -> Option<&HeldInnovation> {
        if let Some(record) = row.record {
            return self.by_record.get(&record);
        }
        let (scheme, value) = row.external_id()?;
        self.by_number.get(&(scheme.to_owned(), value.to_owned()))
    }

    /// Whether a record was there and is not any more.
    pub(super) fn is_gone(&self, record: RecordId) -> bool {
        self.gone.contains(&record)
    }
}

async fn by_record(
    db: &Database,
    rows: &[&CheckedRow],
) -> anyhow::Result<HashMap<RecordId, HeldInnovation>> {
    let ids: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((db.hub().clone(), row.record?)))
        .collect();
    let found = innovations::find_many(db, &ids, Sight::All).await?;
    let read = bodies::load(db, found.iter().map(|place| Some(place.entry))).await?;
    let held = |(place, body): (innovations::InnovationRef, Option<_>)| {
        Some((place.record, (place.record, body?)))
    };
    Ok(found.into_iter().zip(read).filter_map(held).collect())
}

async fn by_number(
    db: &Database,
    rows: &[&CheckedRow],
) -> anyhow::Result<HashMap<(String, String), HeldInnovation>> {
    let ids: Vec<_> = rows.iter().filter_map(|row| row.external_id()).collect();
    let found = innovations::find_own_by_external_ids(db, &ids).await?;
    let entries = found.iter().map(|(_, place)| Some(place.entry));
    let read = bodies::load(db, entries).await?;
    let held = |((id, place), body): ((_, innovations::InnovationRef), Option<_>)| {
        Some((id, (place.record, body?)))
    };
    Ok(found.into_iter().zip(read).filter_map(held).collect())
}

/// The agencies of this hub.
pub(super) async fn agencies(db: &Database) -> anyhow::Result<Agencies> {
    let filter = AgencyFilter {
        hub: Some(db.hub().clone()),
        sight: Sight::All,
        ..AgencyFilter::default()
    };
    let mut known = Agencies::new();
    let mut after = None;
    loop {
        let page = agencies::list(db, &filter, after, 1000).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.name_folded.clone(), last.key));
        let read = bodies::load(db, page.iter().map(|agency| Some(agency.entry))).await?;
        for (agency, body) in page.into_iter().zip(read) {
            let Some(body) = body else { continue };
            if let Content::Agency(content) = &body.content {
                let held = (agency.record, body.audience.clone());
                known.insert(agency_key(content), held);
            }
        }
    }
    Ok(known)
}

/// What tells an agency from others.
pub fn agency_key(agency: &Agency) -> AgencyKey {
    let region = agency.region.map(|region| region.to_string());
    (fold(agency.name.as_str()), region.unwrap_or_default())
}
