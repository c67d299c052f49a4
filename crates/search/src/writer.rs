//! Putting documents into the index and taking them out.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use domain::entry::Sight;
use domain::identity::{HubId, RecordId};
use domain::search::joined;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{IndexWriter, TantivyDocument, Term};

use crate::SearchError;
use crate::document::{Document, DocumentId, DocumentTexts};
use crate::fact::{PART, PART_HUB, terms_of};
use crate::index::{Index, Stamp};
use crate::matching::add_term;
use crate::queue::{Queue, Queued};
use crate::request::Mark;
use crate::schema::Fields;
use domain::bits::Bits;

/// What makes segments.
#[derive(Clone, Copy)]
struct Means {
    threads: usize,
    /// What a thread may hold in memory before it writes a segment. It takes a part of that at once, for each commit.
    bytes_per_thread: usize,
}

/// While everything is put in.
const FOR_MANY: Means = Means {
    threads: 2,
    bytes_per_thread: 48 * 1024 * 1024,
};
/// While there is little to do.
const FOR_FEW: Means = Means {
    threads: 1,
    bytes_per_thread: 16 * 1024 * 1024,
};
/// A segment of more documents than this is not merged with others, so that throwing documents out of one stays cheap.
const MOST_MERGED: usize = 200_000;
/// The file by which one process at a time uses a folder.
pub(crate) const LOCK_FILE: &str = "in-use";

/// Puts documents into an index and takes them out. What it does is searched from the next commit on.
pub struct Writer {
    index: tantivy::Index,
    inner: Option<IndexWriter<Queued>>,
    queue: Arc<Queue>,
    shown: Index,
    stamp: Stamp,
    _lock: Option<File>,
}

impl Writer {
    /// Holds the folder for this process.
    pub(crate) fn lock(folder: &Path) -> Result<File, SearchError> {
        let failed = |source| SearchError::Folder {
            folder: folder.display().to_string(),
            source,
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(LOCK_FILE))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(SearchError::InUse(folder.display().to_string()))
            }
            Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    pub(crate) fn new(
        index: tantivy::Index,
        shown: Index,
        stamp: Stamp,
        lock: Option<File>,
    ) -> Result<Self, SearchError> {
        let mut writer = Self {
            index,
            inner: None,
            queue: Arc::default(),
            shown,
            stamp,
            _lock: lock,
        };
        writer.work_for_many(false)?;
        Ok(writer)
    }

    /// Works with more threads while everything is put in, then with fewer. What was not committed is lost.
    ///
    /// # Errors
    /// The disk.
    pub fn work_for_many(&mut self, is_for_many: bool) -> Result<(), SearchError> {
        self.inner = None;
        let means = if is_for_many { FOR_MANY } else { FOR_FEW };
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(means.bytes_per_thread)
            .num_worker_threads(means.threads)
            .num_merge_threads(1)
            .build();
        let inner = self.index.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_max_docs_before_merge(MOST_MERGED);
        policy.set_min_layer_size(500);
        policy.set_min_num_segments(6);
        inner.set_merge_policy(Box::new(policy));
        self.inner = Some(inner);
        Ok(())
    }

    fn inner(&mut self) -> &mut IndexWriter<Queued> {
        self.inner
            .as_mut()
            .expect("it is gone only while another is made, or after an error")
    }

    /// The state of the store that was committed last.
    pub const fn mark(&self) -> Mark {
        self.stamp.mark()
    }

    /// Whether the index was ever whole.
    pub const fn is_whole(&self) -> bool {
        self.stamp.is_whole
    }

    /// The fingerprints of all documents that were committed.
    pub fn fingerprints(&self) -> HashMap<DocumentId, u64> {
        self.shown.snapshot().fingerprints()
    }

    /// The records of the documents, of those that were committed, in which something stands of one of these records, or of
    /// any record of these other hubs.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn holding(
        &self,
        parts: &[RecordId],
        hubs: &[HubId],
    ) -> Result<BTreeSet<RecordId>, SearchError> {
        let of_parts = parts.iter().map(|part| format!("{PART}{part}"));
        let of_hubs = hubs.iter().map(|hub| format!("{PART_HUB}{hub}"));
        let terms: Vec<String> = of_parts.chain(of_hubs).collect();
        let snapshot = self.shown.snapshot();
        let mut records = BTreeSet::new();
        for segment in snapshot.parts() {
            let inverted = segment.reader.inverted_index(self.shown.fields().facts)?;
            let mut holding = Bits::none(segment.reader.max_doc());
            for term in &terms {
                add_term(&inverted, term.as_bytes(), &mut holding)?;
            }
            holding.keep(&segment.open(Sight::All));
            records.extend(holding.iter().map(|document| segment.facts.id(document).1));
        }
        Ok(records)
    }

    /// Puts a document in, instead of any of the same record unless it is new.
    ///
    /// # Errors
    /// The disk.
    pub fn put(&mut self, document: &Document, is_new: bool) -> Result<(), SearchError> {
        if !is_new {
            self.remove(document.id.1);
        }
        let fields = fields_of(document, self.shown.fields());
        let queued = self.queue.enter(fields);
        self.inner().add_document(queued)?;
        Ok(())
    }

    /// Takes the documents of a record out, whichever hub says that it is its own.
    pub fn remove(&mut self, record: RecordId) {
        let term = Term::from_field_text(self.shown.fields().id, &record.to_string());
        self.inner().delete_term(term);
    }

    /// Takes everything out.
    ///
    /// # Errors
    /// The disk.
    pub fn clear(&mut self) -> Result<(), SearchError> {
        self.inner().delete_all_documents()?;
        self.commit(Mark::default(), false)
    }

    /// Makes what was done durable and searches it from now on. `mark` is the state of the store that the index then has.
    ///
    /// # Errors
    /// The disk.
    pub fn commit(&mut self, mark: Mark, is_whole: bool) -> Result<(), SearchError> {
        let stamp = Stamp {
            position: mark.position,
            at: mark.at,
            is_whole,
            ..self.stamp.clone()
        };
        let payload = serde_json::to_string(&stamp).expect("a stamp is plain");
        let mut prepared = self.inner().prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        self.stamp = stamp;
        self.shown.show(&self.stamp)
    }

    /// Says that the index is as the store was at another mark, without anything new in it. It is not made durable.
    ///
    /// # Errors
    /// The disk.
    pub fn note(&mut self, mark: Mark) -> Result<(), SearchError> {
        (self.stamp.position, self.stamp.at) = (mark.position, mark.at);
        self.shown.note_mark(mark);
        Ok(())
    }

    /// How many documents stand in segments that still hold words of documents that were taken out.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn remains(&self) -> Result<u64, SearchError> {
        let segments = self.index.searchable_segment_metas()?;
        let held = segments
            .iter()
            .filter(|segment| segment.num_deleted_docs() > 0);
        Ok(held.map(|segment| u64::from(segment.max_doc())).sum())
    }

    /// Begins to write those segments anew, beside everything else; [`Self::tidy`] then deletes the old files.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn purge(&mut self) -> Result<(), SearchError> {
        for segment in self.index.searchable_segment_metas()? {
            // One that is just being merged loses them by that.
            if segment.num_deleted_docs() > 0 {
                drop(self.inner().merge(&[segment.id()]));
            }
        }
        Ok(())
    }

    /// Searches what was written anew meanwhile, and deletes files that are not needed any more.
    ///
    /// # Errors
    /// The disk.
    pub fn tidy(&mut self) -> Result<(), SearchError> {
        self.shown.show(&self.stamp)?;
        self.inner().garbage_collect_files().wait()?;
        Ok(())
    }

    /// Waits until merging has come to rest, and ends.
    ///
    /// # Errors
    /// The disk.
    pub fn close(mut self) -> Result<(), SearchError> {
        match self.inner.take() {
            Some(inner) => Ok(inner.wait_merging_threads()?),
            None => Ok(()),
        }
    }
}

fn fields_of(document: &Document, fields: &Fields) -> TantivyDocument {
    let mut made = TantivyDocument::new();
    made.add_text(fields.id, document.id.1.to_string());
    for term in terms_of(document) {
        made.add_text(fields.facts, term);
    }
    let (high, low) = document.id.1.as_uuid().as_u64_pair();
    made.add_u64(fields.record_high, high);
    made.add_u64(fields.record_low, low);
    made.add_u64(fields.fingerprint, document.fingerprint);
    made.add_i64(fields.published, document.published);
    let DocumentTexts {
        title,
        names,
        summary,
        rest,
        owner,
    } = &document.texts;
    let mut add = |field, text: &str| {
        made.add_text(field, text);
        made.add_text(fields.stems, text);
        made.add_text(fields.words, text);
    };
    add(fields.title, title);
    for name in joined(title) {
        add(fields.names, &name);
    }
    for text in names {
        add(fields.names, text);
    }
    if let Some(text) = summary {
        add(fields.summary, text);
    }
    for text in rest {
        add(fields.rest, text);
    }
    for text in owner {
        add(fields.owner, text);
    }
    made
}
