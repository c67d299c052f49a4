//! What entries say, read once and kept in memory.
//!
//! An entry never changes, so what was read from it stays right; it leaves when its payload is dropped.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::catalog::{
    Agency, AgencyDraft, HubProfile, HubProfileDraft, Innovation, InnovationDraft,
};
use domain::entry::{Header, Kind, Payload};
use sea_orm::Value;
use time::OffsetDateTime;

use crate::logs::EntryKey;
use crate::{Database, StorageError, sql};

/// An erased body that a reader put back at the very moment of its erasure is gone after this long.
const CACHE_LIFE: Duration = Duration::from_mins(10);
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// What an entry takes in memory beside its text.
const OVERHEAD_BYTES: usize = 600;

/// What one entry says of its record.
#[derive(Clone, Debug)]
pub struct Body {
    /// Which revision of the record it is.
    pub revision: u64,
    /// When the origin wrote it.
    pub at: OffsetDateTime,
    /// What it says.
    pub content: Content,
    bytes: u32,
}

/// The content of a record, by its kind.
#[derive(Clone, Debug)]
pub enum Content {
    /// A hub's description of itself.
    Hub(HubProfile),
    /// An agency.
    Agency(Agency),
    /// An innovation.
    Innovation(Box<Innovation>),
}

/// Why an entry shows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// A word for the sort of reason.
    pub(crate) reason: &'static str,
    /// What exactly is wrong.
    pub(crate) detail: String,
}

impl Unreadable {
    pub(crate) fn new(reason: &'static str, detail: impl ToString) -> Self {
        let detail = detail.to_string();
        Self {
            reason,
            detail: detail.chars().take(500).collect(),
        }
    }
}

impl Content {
    /// Reads a payload's text. What an older version wrote and what breaks a rule is told apart.
    pub(crate) fn read(kind: &Kind, payload: &str) -> Result<Self, Unreadable> {
        let payload = Payload::parse(payload).map_err(|error| Unreadable::new("payload", error))?;
        let body = payload.body();
        match kind.as_str() {
            Kind::HUB => Ok(Self::Hub(
                HubProfile::read(&draft::<HubProfileDraft>(body)?).map_err(rule)?,
            )),
            Kind::AGENCY => Ok(Self::Agency(
                Agency::read(&draft::<AgencyDraft>(body)?).map_err(rule)?,
            )),
            Kind::INNOVATION => {
                let innovation =
                    Innovation::read(&draft::<InnovationDraft>(body)?).map_err(rule)?;
                Ok(Self::Innovation(Box::new(innovation)))
            }
            other => Err(Unreadable::new(
                "kind",
                format!("kind {other} is not known to this version"),
            )),
        }
    }
}

fn draft<T: for<'a> serde::Deserialize<'a>>(body: &str) -> Result<T, Unreadable> {
    serde_json::from_str(body).map_err(|error| Unreadable::new("body", error))
}

fn rule(error: impl ToString) -> Unreadable {
    Unreadable::new("rule", error)
}

/// The bodies that were read lately, up to a bound in bytes.
#[derive(Debug)]
pub(crate) struct Bodies(moka::sync::Cache<EntryKey, Arc<Body>>);

impl Default for Bodies {
    fn default() -> Self {
        let cache = moka::sync::Cache::builder()
            .max_capacity(CACHE_BYTES)
            .time_to_live(CACHE_LIFE)
            .weigher(|_, body: &Arc<Body>| body.bytes)
            .build();
        Self(cache)
    }
}

impl Bodies {
    /// Forgets entries whose payloads were dropped.
    pub(crate) fn forget(&self, dropped: &[EntryKey]) {
        for key in dropped {
            self.0.invalidate(key);
        }
    }
}

/// Gives what these entries say, from memory or in one statement. Entries without a readable payload are left out.
pub async fn load(
    db: &Database,
    keys: impl IntoIterator<Item = EntryKey>,
) -> Result<HashMap<EntryKey, Arc<Body>>, StorageError> {
    let cache = &db.bodies().0;
    let mut found = HashMap::new();
    let mut absent: Vec<EntryKey> = Vec::new();
    for key in keys {
        match cache.get(&key) {
            Some(body) => drop(found.insert(key, body)),
            None => absent.push(key),
        }
    }
    for some in absent.chunks(256) {
        for (key, body) in fetch(db, some).await? {
            cache.insert(key, Arc::clone(&body));
            found.insert(key, body);
        }
    }
    Ok(found)
}

async fn fetch(
    db: &Database,
    keys: &[EntryKey],
) -> Result<Vec<(EntryKey, Arc<Body>)>, StorageError> {
    let (marks, values) = sql::list(1, keys.iter().map(|key| Value::from(*key)).collect());
    let text = format!(
        "SELECT id, header, payload FROM entry WHERE payload IS NOT NULL AND id IN ({marks})"
    );
    let mut bodies = Vec::with_capacity(keys.len());
    for row in sql::rows(db.reader(), &text, values).await? {
        let key = EntryKey::from(row.try_get_by_index::<i64>(0)?);
        let header: Vec<u8> = row.try_get_by_index(1)?;
        let payload: Vec<u8> = row.try_get_by_index(2)?;
        if let Some(body) = read(&header, &payload) {
            bodies.push((key, Arc::new(body)));
        }
    }
    Ok(bodies)
}

fn read(header: &[u8], payload: &[u8]) -> Option<Body> {
    let header = Header::parse(std::str::from_utf8(header).ok()?).ok()?;
    let content = Content::read(&header.kind, std::str::from_utf8(payload).ok()?).ok()?;
    Some(Body {
        revision: header.revision,
        at: header.at,
        content,
        bytes: u32::try_from(payload.len() + OVERHEAD_BYTES).unwrap_or(u32::MAX),
    })
}
