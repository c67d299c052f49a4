//! Bringing the index to where the store is.
//!
//! There are two ways, which end alike: by what changed since the commit that the index knows, or by looking at all
//! records and comparing their fingerprints with those of the index. The second builds an index, mends one, and is taken
//! where changes are not known any more. Every document is made from what the tables show at that moment, so that doing
//! the same twice changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::catalog::{Agency, HubProfile};
use domain::clock::Clock as _;
use domain::identity::RecordId;
use search::{
    Document, DocumentFacts, DocumentId, DocumentTexts, Index, Mark, Progress, SearchError, Writer,
};
use storage::bodies::{self, Body, Content};
use storage::following::Changes;
use storage::innovations::{self, Outline};
use storage::logs::EntryKey;
use storage::{Database, StorageError, hubs};
use tokio::time::Instant;

use crate::pace;
use crate::system::SystemClock;

/// How many records are read at a time.
const AT_ONCE: u32 = 500;
/// After so many documents what was built so far is kept.
const KEPT_AFTER: u64 = 50_000;

/// Why the index could not follow.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The store.
    #[error("the store cannot be read for the search index")]
    Storage(#[from] StorageError),
    /// The index.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The work was cut off.
    #[error("the search index's work was cut off")]
    CutOff(#[from] tokio::task::JoinError),
}

/// Brings an index to where a store is.
pub struct Follower {
    db: Database,
    index: Index,
    /// Gone only while something is written.
    writer: Option<Writer>,
}

impl Follower {
    /// Follows a store with an index.
    pub const fn new(db: Database, index: Index, writer: Writer) -> Self {
        let writer = Some(writer);
        Self { db, index, writer }
    }

    /// The index.
    pub const fn index(&self) -> &Index {
        &self.index
    }

    fn writer(&self) -> &Writer {
        self.writer.as_ref().expect("nothing is written now")
    }

    /// How many documents must be written anew so that no words of records that are gone lie on disk.
    pub fn remains(&self) -> Result<u64, FollowError> {
        Ok(self.writer().remains()?)
    }

    /// Begins to write them anew, beside everything else.
    pub async fn purge(&mut self) -> Result<(), FollowError> {
        self.write(Writer::purge).await
    }

    /// Searches what was written anew, and deletes the files that it replaces.
    pub async fn tidy(&mut self) -> Result<(), FollowError> {
        self.write(Writer::tidy).await
    }

    /// Throws away all that is in the index.
    pub async fn clear(&mut self) -> Result<(), FollowError> {
        self.write(Writer::clear).await
    }

    /// Waits until the index is at rest on disk, and ends.
    pub async fn close(mut self) -> Result<(), FollowError> {
        let Some(writer) = self.writer.take() else {
            return Ok(());
        };
        Ok(tokio::task::spawn_blocking(|| writer.close()).await??)
    }

    /// Brings in what was committed since. Where that is not known any more, looks at all.
    pub async fn catch_up(&mut self) -> Result<(), FollowError> {
        loop {
            let Some(changed) = changed_since(&self.db, self.writer().mark().position).await?
            else {
                return self.look_at_all(|_| {}).await;
            };
            let mark = changed.mark;
            if changed.records.is_empty() && changed.hubs.is_empty() {
                return self.write(move |writer| writer.note(mark)).await;
            }
            self.bring_in_changed(changed).await?;
            let is_whole = self.writer().is_whole();
            self.write(move |writer| writer.commit(mark, is_whole))
                .await?;
        }
    }

    /// Brings in what shows something else because these records changed: innovations themselves, and those in which
    /// something stands of another record, as the index has it or as the store has it now.
    async fn bring_in_changed(&mut self, changed: Changed) -> Result<(), FollowError> {
        let mut records: Vec<RecordId> = changed.records.into_iter().collect();
        let mut hubs = changed.hubs;
        let mut names = Vec::with_capacity(hubs.len());
        for hub_id in &hubs {
            records.extend(innovations::winners_of(&self.db, *hub_id).await?);
            names.push(hubs::slug(&self.db, *hub_id).await?);
        }
        hubs.extend(innovations::hubs_described_by(&self.db, &records).await?);
        let parts = records.clone();
        let holding = move |writer: &mut Writer| writer.holding(&parts, &names);
        records.extend(self.write(holding).await?);
        self.bring_in(records).await?;
        for hub_id in hubs {
            self.look_at(hub_id).await?;
        }
        Ok(())
    }

    /// Puts in what the store shows of some records and of the innovations of some agencies, and takes out what it shows no
    /// more.
    async fn bring_in(&mut self, records: Vec<RecordId>) -> Result<(), FollowError> {
        let mut begun = None;
        for some in records.chunks(200) {
            if let Some(begun) = begun {
                self.give_way(begun).await;
            }
            begun = Some(Instant::now());
            let outlines = innovations::find_outlines(&self.db, some).await?;
            let there: BTreeSet<RecordId> = outlines.iter().map(|outline| outline.record).collect();
            let gone: Vec<RecordId> = some
                .iter()
                .copied()
                .filter(|record| !there.contains(record))
                .collect();
            let documents = documents(&self.db, outlines).await?;
            self.write(move |writer| {
                // Before any is put in: two hubs may have given a record the same id.
                for record in there.into_iter().chain(gone) {
                    writer.remove(record);
                }
                documents
                    .iter()
                    .try_for_each(|document| writer.put(document, true))
            })
            .await?;
        }
        Ok(())
    }

    /// Rests while logs move in bulk: what is found a little later disturbs nobody, a slow pull does.
    async fn give_way(&self, begun: Instant) {
        pace::give_way(begun.elapsed(), || self.db.traffic().is_heavy()).await;
    }

    /// Compares all records of a hub, by its row, with what the index has of it.
    async fn look_at(&mut self, hub_id: i64) -> Result<(), FollowError> {
        let hub = hubs::slug(&self.db, hub_id).await?;
        let mut known = self.writer().fingerprints();
        known.retain(|(of, _), _| *of == hub);
        let mut after = 0;
        loop {
            let outlines = innovations::list_outlines_of(&self.db, hub_id, after, AT_ONCE).await?;
            let Some(last) = outlines.last() else { break };
            after = last.place();
            self.compare(outlines, &mut known).await?;
        }
        self.take_out_rest(known).await
    }

    /// Compares all records with what the index has. What is committed meanwhile is brought in between, so that an index that
    /// answers does not fall behind.
    pub async fn look_at_all(&mut self, progress: impl Fn(Progress)) -> Result<(), FollowError> {
        let is_building = !self.writer().is_whole();
        if is_building {
            self.write(|writer| writer.work_for_many(true)).await?;
        }
        let mut at = now();
        let mut position = self.db.refresh().await?;
        let mut known = self.writer().fingerprints();
        let mut done = Progress {
            done: 0,
            total: innovations::count_outlines(&self.db).await?,
        };
        let (mut after, mut put) = (0, 0);
        loop {
            self.index.note_progress(Some(done));
            progress(done);
            let begun = Instant::now();
            let outlines = innovations::list_outlines(&self.db, after, AT_ONCE).await?;
            let Some(last) = outlines.last() else { break };
            after = last.place();
            done.done += outlines.len() as u64;
            put += self.compare(outlines, &mut known).await?;
            if is_building && put >= KEPT_AFTER {
                put = 0;
                self.write(|writer| writer.commit(Mark::default(), false))
                    .await?;
            } else if !is_building && *self.db.watch().borrow() > position {
                (position, at) = self.keep_up(position, at).await?;
            }
            self.give_way(begun).await;
        }
        self.take_out_rest(known).await?;
        let mark = Mark { position, at };
        self.write(move |writer| writer.commit(mark, true)).await?;
        if is_building {
            self.write(|writer| writer.work_for_many(false)).await?;
        }
        self.index.note_progress(None);
        Ok(())
    }

    /// Brings in what changed after a position while all records are looked at; gives the position up to which that is so.
    async fn keep_up(&mut self, position: u64, at: i64) -> Result<(u64, i64), FollowError> {
        let Some(changed) = changed_since(&self.db, position).await? else {
            return Ok((position, at));
        };
        // What was put in so far must be found by what stands in it.
        let before = Mark { position, at };
        self.write(move |writer| writer.commit(before, true))
            .await?;
        let mark = changed.mark;
        self.bring_in_changed(changed).await?;
        self.write(move |writer| writer.commit(mark, true)).await?;
        Ok((mark.position, mark.at))
    }

    /// Puts in what the index does not have as it is, and strikes what it has off those that are known.
    async fn compare(
        &mut self,
        outlines: Vec<Outline>,
        known: &mut HashMap<DocumentId, u64>,
    ) -> Result<u64, FollowError> {
        let mut is_new = BTreeMap::new();
        let mut other = Vec::new();
        for outline in outlines {
            let id = (outline.hub.clone(), outline.record);
            let found = known.remove(&id);
            if found != Some(outline.fingerprint()) {
                is_new.insert(id, found.is_none());
                other.push(outline);
            }
        }
        let documents = documents(&self.db, other).await?;
        let put = documents.len() as u64;
        if put > 0 {
            self.write(move |writer| {
                documents.iter().try_for_each(|document| {
                    let is_new = is_new.get(&document.id).copied().unwrap_or_default();
                    writer.put(document, is_new)
                })
            })
            .await?;
        }
        Ok(put)
    }

    /// Takes out what was not met, unless it is there all the same: a record may get another place while others are read.
    async fn take_out_rest(&mut self, known: HashMap<DocumentId, u64>) -> Result<(), FollowError> {
        let rest: Vec<RecordId> = known.into_keys().map(|(_, record)| record).collect();
        self.bring_in(rest).await
    }

    /// Does something with the writer where it may wait for the disk.
    async fn write<T: Send + 'static>(
        &mut self,
        what: impl FnOnce(&mut Writer) -> Result<T, SearchError> + Send + 'static,
    ) -> Result<T, FollowError> {
        let mut writer = self.writer.take().expect("nothing is written now");
        let (writer, done) = tokio::task::spawn_blocking(move || {
            let done = what(&mut writer);
            (writer, done)
        })
        .await?;
        self.writer = Some(writer);
        Ok(done?)
    }
}

/// What was committed since a position.
struct Changed {
    /// The state of the store that has all of it.
    mark: Mark,
    /// Records of any kind that changed.
    records: BTreeSet<RecordId>,
    /// Hubs of which any record may have changed, by their rows.
    hubs: BTreeSet<i64>,
}

/// What was committed since a position, if it is known.
async fn changed_since(db: &Database, position: u64) -> Result<Option<Changed>, StorageError> {
    let at = now();
    let snapshot = db.snapshot().await?;
    let mark = Mark {
        position: snapshot.position(),
        at,
    };
    let Changes::Some { hubs, mut entries } = snapshot.changes_since(position).await? else {
        snapshot.end().await?;
        return Ok(None);
    };
    let mut records = BTreeSet::new();
    loop {
        let read = snapshot.records(&mut entries).await?;
        if read.is_empty() {
            break;
        }
        records.extend(read.into_iter().map(|(_, record)| record));
    }
    snapshot.end().await?;
    Ok(Some(Changed {
        mark,
        records,
        hubs,
    }))
}

fn now() -> i64 {
    i64::try_from(SystemClock.now().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// Makes documents of what is shown of innovations. One whose payload has just gone is left out; that it went is a change
/// of its own.
async fn documents(db: &Database, outlines: Vec<Outline>) -> Result<Vec<Document>, StorageError> {
    let entries: Vec<EntryKey> = outlines.iter().map(|outline| outline.entry).collect();
    let bodies = bodies::load_once(db, &entries).await?;
    let owners: BTreeSet<EntryKey> = outlines
        .iter()
        .flat_map(|outline| [outline.agency, outline.hub_entry])
        .flatten()
        .collect();
    let read = bodies::load(db, owners.iter().copied().map(Some)).await?;
    let owners: HashMap<EntryKey, Arc<Body>> = owners
        .into_iter()
        .zip(read)
        .filter_map(|(key, body)| Some((key, body?)))
        .collect();
    let made = outlines
        .iter()
        .filter_map(|outline| document(outline, &bodies, &owners));
    Ok(made.collect())
}

fn document(
    outline: &Outline,
    bodies: &HashMap<EntryKey, Arc<Body>>,
    owners: &HashMap<EntryKey, Arc<Body>>,
) -> Option<Document> {
    let Content::Innovation(innovation) = &bodies.get(&outline.entry)?.content else {
        return None;
    };
    let of = |key: Option<EntryKey>| owners.get(&key?);
    let agency = of(outline.agency).and_then(agency_of);
    let hub = of(outline.hub_entry).and_then(hub_of);
    let awards = outline.awards.iter().cloned().collect();
    Some(Document {
        id: (outline.hub.clone(), outline.record),
        fingerprint: outline.fingerprint(),
        audience: outline.audience,
        published: outline.published,
        parts: outline.parts.iter().cloned().collect(),
        texts: DocumentTexts::of(innovation, agency, hub),
        facts: DocumentFacts::of(innovation, outline.region, awards),
    })
}

fn agency_of(body: &Arc<Body>) -> Option<&Agency> {
    match &body.content {
        Content::Agency(agency) => Some(agency),
        _ => None,
    }
}

fn hub_of(body: &Arc<Body>) -> Option<&HubProfile> {
    match &body.content {
        Content::Hub(profile) => Some(profile),
        _ => None,
    }
}
