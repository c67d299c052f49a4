//! Comparing rows with what the hub holds, and writing what is new or changed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use domain::catalog::{Agency, AgencyDraft, Innovation, InnovationDraft, fold, latest_day};
use domain::clock::Clock as _;
use domain::entry::{Audience, Change, EntryDraft, Kind, Sight};
use domain::identity::RecordId;
use storage::agencies::{self, AgencyFilter};
use storage::bodies::{self, Body, Content};
use storage::{StorageError, innovations};
use time::{Date, OffsetDateTime};

use super::again::{merged, moves};
use super::mapping::{AgencyKey, CheckedRow};
use crate::hub::Hub;
use crate::system::{SystemClock, SystemEntropy};

/// What importing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Innovations that are new.
    pub created: u64,
    /// Innovations that say something else than before.
    pub revised: u64,
    /// Moves of these along one of their axes, each a transition of its own.
    pub moved: u64,
    /// Rows that say what the hub holds already.
    pub unchanged: u64,
    /// Rows that name a record that a row before them named.
    pub repeated: u64,
    /// Agencies that are new.
    pub agencies: u64,
}

/// Whether rows are written, or only what would come of them is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// They are written.
    Really,
    /// Nothing is written.
    DryRun,
}

/// Writes rows into a hub's log.
pub struct Importer<'a> {
    hub: &'a Hub,
    agencies: HashMap<AgencyKey, (RecordId, Audience)>,
    audience: Option<Audience>,
    writing: Writing,
    today: Date,
    /// What was written so far.
    pub written: Written,
}

impl<'a> Importer<'a> {
    /// Learns which agencies the hub has.
    pub async fn new(hub: &'a Hub) -> anyhow::Result<Self> {
        let filter = AgencyFilter {
            hub: Some(hub.db.hub().clone()),
            sight: Sight::All,
            ..AgencyFilter::default()
        };
        let mut agencies_known = HashMap::new();
        let mut after = None;
        loop {
            let page = agencies::list(&hub.db, &filter, after, 1000).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.name_folded.clone(), last.key));
            let entries = page.iter().map(|agency| Some(agency.entry));
            let read = bodies::load(&hub.db, entries).await?;
            for (agency, body) in page.into_iter().zip(read) {
                if let Some(Content::Agency(content)) = body.as_ref().map(|body| &body.content) {
                    let key = agency_key(content);
                    let audience = body.map_or(Audience::Public, |body| body.audience.clone());
                    agencies_known.insert(key, (agency.record, audience));
                }
            }
        }
        let today = latest_day(SystemClock.now());
        Ok(Self {
            hub,
            agencies: agencies_known,
            audience: None,
            writing: Writing::Really,
            today,
            written: Written::default(),
        })
    }

    /// Says for whom innovations are whose row does not say it. Else a new one is for everybody, and one that is held stays
    /// for whom it is.
    #[must_use]
    pub fn for_others(mut self, audience: Option<Audience>) -> Self {
        self.audience = audience;
        self
    }

    /// Says whether rows are written or only counted.
    #[must_use]
    pub const fn writing(mut self, writing: Writing) -> Self {
        self.writing = writing;
        self
    }

    /// Writes a batch, all or none.
    pub async fn write(&mut self, batch: Vec<CheckedRow>) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let known = self.known(&batch).await?;
        let by_id = self.known_by_id(&batch).await?;
        let mut drafts = Vec::with_capacity(batch.len() + 16);
        let mut written = self.written;
        let mut said = HashSet::new();
        for row in batch {
            let id = row
                .external_id()
                .map(|(scheme, value)| (scheme.to_owned(), value.to_owned()));
            // A file that names one record twice means the first; the second comes with the next import.
            let name = row.record.map_or_else(
                || id.clone(),
                |record| Some((String::new(), record.to_string())),
            );
            if name.is_some_and(|name| !said.insert(name)) {
                written.repeated += 1;
                continue;
            }
            let held = match row.record {
                Some(record) => by_id.get(&record),
                None => id.and_then(|id| known.get(&id)),
            };
            let audience = row.audience.clone().or_else(|| self.audience.clone());
            let audience = audience.unwrap_or_else(|| {
                held.map_or(Audience::Public, |(_, body)| body.audience.clone())
            });
            let agency = self.agency(&row, &audience, now, &mut drafts, &mut written)?;
            let row_says = InnovationDraft {
                agency: agency.to_string(),
                ..row.innovation
            };
            let before = held.and_then(|(_, body)| innovation_of(body));
            let innovation = match before {
                Some(before) => merged(before, &row_says, &row.told, self.today)
                    .with_context(|| format!("line {}", row.line))?,
                None => Innovation::parse(&row_says, self.today)?,
            };
            let (record, revision) = match held {
                Some((_, body)) if before == Some(&innovation) && body.audience == audience => {
                    written.unchanged += 1;
                    continue;
                }
                Some((record, body)) => {
                    written.revised += 1;
                    (*record, body.revision + 1)
                }
                None => {
                    written.created += 1;
                    let fresh = || RecordId::generate(now, &SystemEntropy);
                    (row.record.unwrap_or_else(fresh), 1)
                }
            };
            let body = serde_json::to_string(&InnovationDraft::from(&innovation))?;
            let kind = Kind::INNOVATION;
            drafts.push(entry(record, revision, kind, &audience, body, now)?);
            let moves = before.map_or_else(Vec::new, |before| {
                moves(record, before, &innovation, self.today)
            });
            for said in moves {
                written.moved += 1;
                let fresh = RecordId::generate(now, &SystemEntropy);
                let body = serde_json::to_string(&said)?;
                drafts.push(entry(fresh, 1, Kind::TRANSITION, &audience, body, now)?);
            }
        }
        if !drafts.is_empty() && self.writing == Writing::Really {
            self.hub.issue(drafts).await.map_err(explained)?;
        }
        self.written = written;
        Ok(())
    }

    /// What the hub holds of these rows, by the ids that they give.
    async fn known_by_id(
        &self,
        batch: &[CheckedRow],
    ) -> anyhow::Result<HashMap<RecordId, (RecordId, Arc<Body>)>> {
        let own = self.hub.db.hub();
        let ids: Vec<_> = batch
            .iter()
            .filter_map(|row| Some((own.clone(), row.record?)))
            .collect();
        let found = innovations::find_many(&self.hub.db, &ids, Sight::All).await?;
        let read = bodies::load(&self.hub.db, found.iter().map(|place| Some(place.entry))).await?;
        let held = |(place, body): (innovations::InnovationRef, Option<_>)| {
            Some((place.record, (place.record, body?)))
        };
        Ok(found.into_iter().zip(read).filter_map(held).collect())
    }

    /// What the hub holds of these rows, by external id.
    async fn known(
        &self,
        batch: &[CheckedRow],
    ) -> anyhow::Result<HashMap<(String, String), (RecordId, Arc<Body>)>> {
        let ids: Vec<_> = batch.iter().filter_map(CheckedRow::external_id).collect();
        let found = innovations::find_own_by_external_ids(&self.hub.db, &ids).await?;
        let entries = found.iter().map(|(_, place)| Some(place.entry));
        let read = bodies::load(&self.hub.db, entries).await?;
        let held = |((id, place), body): ((_, innovations::InnovationRef), Option<_>)| {
            Some((id, (place.record, body?)))
        };
        Ok(found.into_iter().zip(read).filter_map(held).collect())
    }

    fn agency(
        &mut self,
        row: &CheckedRow,
        audience: &Audience,
        now: OffsetDateTime,
        drafts: &mut Vec<EntryDraft>,
        written: &mut Written,
    ) -> anyhow::Result<RecordId> {
        let key = row.agency_key();
        if let Some((record, of_agency)) = self.agencies.get(&key) {
            if of_agency.rank() > audience.rank() {
                bail!(
                    "line {}, column audience: agency {:?} is for the network only, so the innovation cannot be for everybody; say network",
                    row.line,
                    row.agency.name
                );
            }
            return Ok(*record);
        }
        let agency = Agency::parse(&row.agency)?;
        let record = RecordId::generate(now, &SystemEntropy);
        drafts.push(entry(
            record,
            1,
            Kind::AGENCY,
            &Audience::Public,
            serde_json::to_string(&AgencyDraft::from(&agency))?,
            now,
        )?);
        written.agencies += 1;
        self.agencies.insert(key, (record, Audience::Public));
        Ok(record)
    }
}

/// A record that was taken back cannot be written under its id again.
fn explained(error: StorageError) -> anyhow::Error {
    match error {
        StorageError::Conflict { record, .. } => anyhow::anyhow!(
            "record {record} was changed or taken back meanwhile; take its id out of the file to import it as a new one"
        ),
        other => other.into(),
    }
}

/// What tells an agency from others.
pub fn agency_key(agency: &Agency) -> AgencyKey {
    (
        fold(agency.name.as_str()),
        agency
            .region
            .map(|region| region.to_string())
            .unwrap_or_default(),
    )
}

fn innovation_of(body: &Body) -> Option<&Innovation> {
    match &body.content {
        Content::Innovation(innovation) => Some(innovation),
        _ => None,
    }
}

fn entry(
    record: RecordId,
    revision: u64,
    kind: &str,
    audience: &Audience,
    body: String,
    at: OffsetDateTime,
) -> anyhow::Result<EntryDraft> {
    Ok(EntryDraft {
        record,
        revision,
        kind: Kind::parse(kind)?,
        audience: audience.clone(),
        at,
        change: Change::Put(body),
    })
}
