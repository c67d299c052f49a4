//! What entries say, read once and kept in memory.
//!
//! An entry never changes, so what was read from it stays right; it leaves when its payload is dropped, here or by
//! another process on the same database.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::entry::{Audience, Header};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sea_orm::Value;
use time::OffsetDateTime;

pub use crate::content::{Content, Item};
use crate::logs::EntryKey;
use crate::{Database, StorageError, sql};

/// What all bodies in memory may take together, as far as their texts tell.
const CACHE_BYTES: u64 = 128 * 1024 * 1024;
/// How many bodies of a usual size that is.
const CACHE_BODIES: usize = 64 * 1024;
/// What an entry takes in memory beside its text.
const OVERHEAD_BYTES: usize = 600;

/// What one entry says of its record.
#[derive(Clone, Debug)]
pub struct Body {
    /// Which revision of the record it is.
    pub revision: u64,
    /// When the origin wrote it.
    pub at: OffsetDateTime,
    /// For whom it is.
    pub audience: Audience,
    /// What it says.
    pub content: Content,
    bytes: u32,
}

/// The bodies that were read lately, up to a bound in bytes.
#[derive(Debug)]
pub(crate) struct Bodies {
    kept: Cache<EntryKey, Arc<Body>, Bytes>,
    /// How often bodies were dropped.
    drops: AtomicU64,
}

#[derive(Clone, Debug)]
struct Bytes;

impl Weighter<EntryKey, Arc<Body>> for Bytes {
    fn weight(&self, _: &EntryKey, body: &Arc<Body>) -> u64 {
        body.bytes.into()
    }
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            kept: Cache::with_weighter(CACHE_BODIES, CACHE_BYTES, Bytes),
            drops: AtomicU64::new(0),
        }
    }
}

impl Bodies {
    /// Forgets entries whose payloads were dropped by a commit that is done.
    pub(crate) fn forget(&self, dropped: &[EntryKey]) {
        if dropped.is_empty() {
            return;
        }
        self.drops.fetch_add(1, Ordering::SeqCst);
        for key in dropped {
            self.kept.remove(key);
        }
    }

    /// Forgets everything: another process dropped payloads, and which is not known here.
    pub(crate) fn clear(&self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        self.kept.clear();
    }

    /// Keeps what was read while `drops` was the number of drops. A body that may have been dropped since is taken out
    /// again: whoever drops counts first and removes then, so one of the two removes it.
    fn keep(&self, read: &[(EntryKey, Arc<Body>)], drops: u64) {
        for (key, body) in read {
            self.kept.insert(*key, Arc::clone(body));
        }
        if self.drops.load(Ordering::SeqCst) != drops {
            for (key, _) in read {
                self.kept.remove(key);
            }
        }
    }
}

/// Gives what these entries say, in their order, from memory or in one statement; nothing for an entry without a
/// readable payload, and for no entry.
pub async fn load(
    db: &Database,
    keys: impl IntoIterator<Item = Option<EntryKey>>,
) -> Result<Vec<Option<Arc<Body>>>, StorageError> {
    let bodies = db.bodies();
    let mut absent: Vec<(usize, EntryKey)> = Vec::new();
    let mut found: Vec<Option<Arc<Body>>> = Vec::new();
    for (place, key) in keys.into_iter().enumerate() {
        let body = key.and_then(|key| bodies.kept.get(&key));
        if let (None, Some(key)) = (&body, key) {
            absent.push((place, key));
        }
        found.push(body);
    }
    for some in absent.chunks(256) {
        let drops = bodies.drops.load(Ordering::SeqCst);
        let keys: Vec<EntryKey> = some.iter().map(|(_, key)| *key).collect();
        let read = fetch(db, &keys).await?;
        bodies.keep(&read, drops);
        let read: HashMap<EntryKey, Arc<Body>> = read.into_iter().collect();
        for (place, key) in some {
            found[*place] = read.get(key).cloned();
        }
    }
    Ok(found)
}

/// The same, past the memory: for those who read everything once. What was dropped meanwhile is not among it.
pub async fn load_once(
    db: &Database,
    keys: &[EntryKey],
) -> Result<HashMap<EntryKey, Arc<Body>>, StorageError> {
    let mut read = HashMap::with_capacity(keys.len());
    for some in keys.chunks(256) {
        read.extend(fetch(db, some).await?);
    }
    Ok(read)
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
        audience: header.audience,
        content,
        bytes: u32::try_from(payload.len() + OVERHEAD_BYTES).unwrap_or(u32::MAX),
    })
}
