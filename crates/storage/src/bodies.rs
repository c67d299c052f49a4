//! What entries say, read once and kept in memory.
//!
//! An entry never changes, so what was read from it stays right; it leaves when its payload is dropped, here or by
//! another process on the same database.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::catalog::Gist;
use domain::entry::{Audience, Header, Kind, Payload};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sea_orm::{ConnectionTrait as _, DbBackend, Value};
use time::OffsetDateTime;

pub use crate::content::{Content, Item};
use crate::logs::EntryKey;
use crate::{Database, StorageError, sql};

/// What all bodies in memory may take together, as far as their texts tell.
const BODY_BYTES: u64 = 48 * 1024 * 1024;
/// What all briefs in memory may take together.
const BRIEF_BYTES: u64 = 48 * 1024 * 1024;
/// How many of a usual size that is, of each.
const MANY: usize = 64 * 1024;
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

/// What lists show of an innovation: a small part of its body, so that those of a whole network fit into memory.
#[derive(Clone, Debug)]
pub struct Brief {
    /// Which revision of the record it is.
    pub revision: u64,
    /// When the origin wrote it.
    pub at: OffsetDateTime,
    /// For whom it is.
    pub audience: Audience,
    /// What it says.
    pub gist: Gist,
}

impl Brief {
    /// The small part of a body; nothing of what is no innovation.
    pub fn of(body: &Body) -> Option<Self> {
        let Content::Innovation(innovation) = &body.content else {
            return None;
        };
        Some(Self {
            revision: body.revision,
            at: body.at,
            audience: body.audience.clone(),
            gist: Gist::from(&**innovation),
        })
    }

    /// Reads it without the rest of what is said, which takes a fraction of the time.
    fn read(header: &[u8], payload: &[u8]) -> Option<Self> {
        let header = Header::parse(std::str::from_utf8(header).ok()?).ok()?;
        let payload = Payload::parse(std::str::from_utf8(payload).ok()?).ok()?;
        if header.kind.as_str() != Kind::INNOVATION {
            return None;
        }
        Some(Self {
            revision: header.revision,
            at: header.at,
            audience: header.audience,
            gist: Gist::read(payload.body())?,
        })
    }
}

/// What was read lately of entries, up to a bound in bytes.
#[derive(Debug)]
pub(crate) struct Bodies {
    whole: Cache<EntryKey, Arc<Body>, Bytes>,
    briefs: Cache<EntryKey, Arc<Brief>, Bytes>,
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

impl Weighter<EntryKey, Arc<Brief>> for Bytes {
    fn weight(&self, _: &EntryKey, brief: &Arc<Brief>) -> u64 {
        /// The key and its place in the cache.
        const BESIDE: usize = 64;
        (size_of::<Brief>() + brief.gist.title.as_str().len() + BESIDE) as u64
    }
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            whole: Cache::with_weighter(MANY, BODY_BYTES, Bytes),
            briefs: Cache::with_weighter(MANY, BRIEF_BYTES, Bytes),
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
            self.remove(*key);
        }
    }

    /// Forgets everything: another process dropped payloads, and which is not known here.
    pub(crate) fn clear(&self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        self.whole.clear();
        self.briefs.clear();
    }

    fn remove(&self, key: EntryKey) {
        self.whole.remove(&key);
        self.briefs.remove(&key);
    }

    fn brief(&self, key: EntryKey) -> Option<Arc<Brief>> {
        if let Some(brief) = self.briefs.get(&key) {
            return Some(brief);
        }
        let body = self.whole.get(&key)?;
        Brief::of(&body).map(Arc::new)
    }
}

/// What is wanted of entries, each in its order.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Entries of which everything is wanted; nothing for no entry.
    pub whole: Vec<Option<EntryKey>>,
    /// Entries of innovations of which the small part is wanted.
    pub briefs: Vec<EntryKey>,
}

/// What entries say, in the order in which they were asked for; nothing for an entry without a readable payload, and for no
/// entry.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// All that is said.
    pub whole: Vec<Option<Arc<Body>>>,
    /// The small part of it.
    pub briefs: Vec<Option<Arc<Brief>>>,
    /// The newest commit when it was read, if the database was asked and told.
    pub(crate) position: Option<u64>,
}

/// Gives what these entries say, in their order, from memory or in one statement; nothing for an entry without a
/// readable payload, and for no entry.
pub async fn load(
    db: &Database,
    keys: impl IntoIterator<Item = Option<EntryKey>>,
) -> Result<Vec<Option<Arc<Body>>>, StorageError> {
    let whole = keys.into_iter().collect();
    let wanted = Wanted {
        whole,
        briefs: Vec::new(),
    };
    Ok(load_all(db, wanted).await?.whole)
}

/// Gives what entries say, from memory or in one statement for all.
pub async fn load_all(db: &Database, wanted: Wanted) -> Result<Loaded, StorageError> {
    let bodies = db.bodies();
    let whole = wanted.whole.iter();
    let mut loaded = Loaded {
        whole: whole.map(|key| bodies.whole.get(&(*key)?)).collect(),
        briefs: wanted.briefs.iter().map(|key| bodies.brief(*key)).collect(),
        position: None,
    };
    let whole = loaded.whole.iter().zip(&wanted.whole);
    let absent_whole = whole.filter_map(|(found, key)| key.filter(|_| found.is_none()));
    let briefs = loaded.briefs.iter().zip(&wanted.briefs);
    let absent_briefs = briefs.filter_map(|(found, key)| found.is_none().then_some(*key));
    let is_whole: HashSet<EntryKey> = absent_whole.collect();
    let is_brief: HashSet<EntryKey> = absent_briefs.collect();
    let absent: Vec<EntryKey> = is_whole.union(&is_brief).copied().collect();
    if absent.is_empty() {
        return Ok(loaded);
    }
    let mut read: HashMap<EntryKey, Found> = HashMap::with_capacity(absent.len());
    for some in absent.chunks(256) {
        let drops = bodies.drops.load(Ordering::SeqCst);
        let read_one = |key: EntryKey, header: &[u8], payload: &[u8]| {
            let body = is_whole.contains(&key).then(|| self::read(header, payload));
            let body = body.flatten().map(Arc::new);
            let brief = is_brief.contains(&key).then(|| match &body {
                Some(body) => Brief::of(body),
                None => Brief::read(header, payload),
            });
            Found {
                body,
                brief: brief.flatten().map(Arc::new),
            }
        };
        let (found, position) = fetch(db, some, read_one).await?;
        loaded.position = position;
        for (key, found) in &found {
            if let Some(body) = &found.body {
                bodies.whole.insert(*key, Arc::clone(body));
            }
            if let Some(brief) = &found.brief {
                bodies.briefs.insert(*key, Arc::clone(brief));
            }
        }
        // A body that may have been dropped since is taken out again: whoever drops counts first and removes then, so one
        // of the two removes it.
        if bodies.drops.load(Ordering::SeqCst) != drops {
            for (key, _) in &found {
                bodies.remove(*key);
            }
        }
        read.extend(found);
    }
    for (found, key) in loaded.whole.iter_mut().zip(&wanted.whole) {
        if let (None, Some(key)) = (&found, key) {
            *found = read.get(key).and_then(|found| found.body.clone());
        }
    }
    for (found, key) in loaded.briefs.iter_mut().zip(&wanted.briefs) {
        if found.is_none() {
            *found = read.get(key).and_then(|found| found.brief.clone());
        }
    }
    Ok(loaded)
}

/// The same, past the memory: for those who read everything once. What was dropped meanwhile is not among it.
pub async fn load_once(
    db: &Database,
    keys: &[EntryKey],
) -> Result<HashMap<EntryKey, Arc<Body>>, StorageError> {
    let mut read = HashMap::with_capacity(keys.len());
    for some in keys.chunks(256) {
        let read_one = |_, header: &[u8], payload: &[u8]| self::read(header, payload).map(Arc::new);
        let (found, _) = fetch(db, some, read_one).await?;
        let bodies = found.into_iter();
        read.extend(bodies.filter_map(|(key, body)| Some((key, body?))));
    }
    Ok(read)
}

/// What was read of one entry, as far as it was wanted.
struct Found {
    body: Option<Arc<Body>>,
    brief: Option<Arc<Brief>>,
}

/// Reads entries, and with them the position of the newest commit at that moment, if there is any entry.
async fn fetch<T>(
    db: &Database,
    keys: &[EntryKey],
    read: impl Fn(EntryKey, &[u8], &[u8]) -> T,
) -> Result<(Vec<(EntryKey, T)>, Option<u64>), StorageError> {
    let (marks, values) = sql::list(1, keys.iter().map(|key| Value::from(*key)).collect());
    let from = format!("FROM entry WHERE payload IS NOT NULL AND id IN ({marks})");
    if db.reader().get_database_backend() == DbBackend::Sqlite {
        return fetch_packed(db, &from, values, read).await;
    }
    let text = format!("SELECT id, header, payload, (SELECT position FROM store) {from}");
    let mut bodies = Vec::with_capacity(keys.len());
    let mut position = None;
    for row in sql::rows(db.reader(), &text, values).await? {
        let key = EntryKey::from(row.try_get_by_index::<i64>(0)?);
        let header: Vec<u8> = row.try_get_by_index(1)?;
        let payload: Vec<u8> = row.try_get_by_index(2)?;
        position = Some(sql::unsigned(row.try_get_by_index(3)?));
        bodies.push((key, read(key, &header, &payload)));
    }
    Ok((bodies, position))
}

/// Entries in one value: of each its key and the lengths of its header and payload, then both as they are.
const PACKED: &str = "CAST(group_concat(id || ' ' || length(header) || ' ' || length(payload) || ' ' || header || payload, '') AS BLOB)";

/// The same in one row, since to carry a row over from SQLite's thread takes longer than to find it.
async fn fetch_packed<T>(
    db: &Database,
    from: &str,
    values: Vec<Value>,
    read: impl Fn(EntryKey, &[u8], &[u8]) -> T,
) -> Result<(Vec<(EntryKey, T)>, Option<u64>), StorageError> {
    let text = format!("SELECT (SELECT position FROM store), {PACKED} {from}");
    let row = sql::rows(db.reader(), &text, values).await?.pop();
    let Some(row) = row else {
        return Ok((Vec::new(), None));
    };
    let position = sql::unsigned(row.try_get_by_index(0)?);
    let packed: Option<Vec<u8>> = row.try_get_by_index(1)?;
    let packed = packed.unwrap_or_default();
    let mut bodies = Vec::new();
    let mut rest = packed.as_slice();
    while !rest.is_empty() {
        let unpacked = unpack(rest).ok_or_else(|| {
            let place = packed.len() - rest.len();
            StorageError::corrupt("entry", place, "what was packed cannot be unpacked")
        })?;
        let Packed {
            key,
            header,
            payload,
        } = unpacked.0;
        rest = unpacked.1;
        bodies.push((key, read(key, header, payload)));
    }
    Ok((bodies, Some(position)))
}

/// One entry as it was packed.
struct Packed<'a> {
    key: EntryKey,
    header: &'a [u8],
    payload: &'a [u8],
}

/// Takes one entry off, and gives the rest.
fn unpack(packed: &[u8]) -> Option<(Packed<'_>, &[u8])> {
    let (key, rest) = number(packed)?;
    let (header, rest) = number(rest)?;
    let (payload, rest) = number(rest)?;
    let (header, rest) = rest.split_at_checked(usize::try_from(header).ok()?)?;
    let (payload, rest) = rest.split_at_checked(usize::try_from(payload).ok()?)?;
    let key = EntryKey::from(key);
    let packed = Packed {
        key,
        header,
        payload,
    };
    Some((packed, rest))
}

/// Takes a number and the space behind it off.
fn number(packed: &[u8]) -> Option<(i64, &[u8])> {
    let end = packed.iter().position(|byte| *byte == b' ')?;
    let number = std::str::from_utf8(&packed[..end]).ok()?.parse().ok()?;
    Some((number, &packed[end + 1..]))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever stands in a header or payload, SQLite packs it so that it comes out again.
    #[tokio::test]
    async fn what_sqlite_packs_is_unpacked_byte_for_byte() {
        let db = sea_orm::Database::connect("sqlite::memory:");
        let db = db.await.expect("memory is there");
        let create = "CREATE TABLE entry (id INTEGER PRIMARY KEY, header BLOB, payload BLOB)";
        sql::execute(&db, create, vec![])
            .await
            .expect("a table is made");
        let texts: [&[u8]; 6] = [
            b"{}",
            b"",
            b"1 2 3 ",
            b"a\0b\0",
            b"\xff\xfe\x80 broken",
            "Jum\u{2019}at \u{1f4a1}".as_bytes(),
        ];
        let mut expected = Vec::new();
        for (id, header) in (1_i64..).zip(texts) {
            for (place, payload) in (0_i64..).zip(texts) {
                let id = id * 1_099_511_627_776 + place;
                let values = vec![id.into(), header.to_vec().into(), payload.to_vec().into()];
                let insert = "INSERT INTO entry VALUES ($1, $2, $3)";
                sql::execute(&db, insert, values).await.expect("it is kept");
                expected.push((EntryKey::from(id), header, payload));
            }
        }
        let text = format!("SELECT {PACKED} FROM entry");
        let row = sql::rows(&db, &text, vec![])
            .await
            .expect("it is read")
            .remove(0);
        let packed: Vec<u8> = row.try_get_by_index(0).expect("it is a blob");
        let mut rest = packed.as_slice();
        let mut found = Vec::new();
        while let Some((one, further)) = unpack(rest) {
            found.push((one.key, one.header, one.payload));
            rest = further;
        }
        assert_eq!(found, expected);
    }
}
