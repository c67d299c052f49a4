//! Opening an index, and what of it is searched at the moment.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::{IndexReader, ReloadPolicy};

use crate::document::{DocumentId, DocumentTexts};
use crate::request::{Found, Hit, Mark, Request};
use crate::schema::{Fields, VERSION};
use crate::snapshot::Snapshot;
use crate::writer::Writer;
use crate::{Reading, SearchError, analyzer};
use domain::entry::Sight;

/// An index to be searched. Cloning is cheap and shares it.
#[derive(Clone)]
pub struct Index(Arc<Inner>);

struct Inner {
    reader: IndexReader,
    fields: Fields,
    folder: Option<PathBuf>,
    snapshot: RwLock<Arc<Snapshot>>,
    status: RwLock<Status>,
}

/// How far an index is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The state of the store that is searched.
    pub mark: Mark,
    /// How many innovations are in it.
    pub documents: u64,
    /// Whether the index was ever whole. Until then nothing is searched.
    pub is_whole: bool,
    /// How far it is with reading all records, while it does.
    pub progress: Option<Progress>,
}

/// How far reading all records has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records compared with the index.
    pub done: u64,
    /// Records there are.
    pub total: u64,
}

/// What is kept with each commit of the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// The version of schema and words.
    pub(crate) version: u32,
    /// Whose records they are: network and hub.
    pub(crate) owner: String,
    /// The position of the newest commit that is in it.
    pub(crate) position: u64,
    /// When the store was read, in Unix milliseconds.
    pub(crate) at: i64,
    /// Whether it was ever whole.
    pub(crate) is_whole: bool,
}

impl Index {
    /// Opens the index in a folder, made if it is not there, for searching and for writing. What lies there of another
    /// version or another hub, or cannot be read, is thrown away: then it is empty.
    ///
    /// # Errors
    /// The folder cannot be used, or another process uses it.
    pub fn open(folder: &Path, owner: &str) -> Result<(Self, Writer), SearchError> {
        let failed = |source| SearchError::Folder {
            folder: folder.display().to_string(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let lock = Writer::lock(folder)?;
        let (index, stamp) = if let Some((index, stamp)) = found_in(folder, owner) {
            (index, Some(stamp))
        } else {
            clear(folder).map_err(failed)?;
            let directory = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
            (
                tantivy::Index::open_or_create(directory, Fields::new().schema)?,
                None,
            )
        };
        Self::with(index, Some((folder, lock)), owner, stamp)
    }

    /// Opens the index in a folder for searching only, as the process that keeps it last committed it. Nothing if there is none
    /// of this version and hub.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn look(folder: &Path, owner: &str) -> Result<Option<Self>, SearchError> {
        let found = found_in(folder, owner);
        let opened = found.map(|(index, stamp)| Self::opened(&index, Some(folder), &stamp));
        opened.transpose()
    }

    /// Makes an empty index in memory.
    ///
    /// # Errors
    /// None that is known.
    pub fn in_memory(owner: &str) -> Result<(Self, Writer), SearchError> {
        Self::with(
            tantivy::Index::create_in_ram(Fields::new().schema),
            None,
            owner,
            None,
        )
    }

    fn with(
        index: tantivy::Index,
        place: Option<(&Path, std::fs::File)>,
        owner: &str,
        stamp: Option<Stamp>,
    ) -> Result<(Self, Writer), SearchError> {
        let stamp = stamp.unwrap_or_else(|| Stamp {
            version: VERSION,
            owner: owner.to_owned(),
            position: 0,
            at: 0,
            is_whole: false,
        });
        let (folder, lock) = place.unzip();
        let opened = Self::opened(&index, folder, &stamp)?;
        let writer = Writer::new(index, opened.clone(), stamp, lock)?;
        Ok((opened, writer))
    }

    fn opened(
        index: &tantivy::Index,
        folder: Option<&Path>,
        stamp: &Stamp,
    ) -> Result<Self, SearchError> {
        analyzer::register(index);
        let fields = Fields::new();
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        let reader = reader.doc_store_cache_num_blocks(0).try_into()?;
        let snapshot = Snapshot::take(&reader, &fields, stamp.mark(), None)?;
        let status = Status {
            mark: stamp.mark(),
            documents: snapshot.documents(),
            is_whole: stamp.is_whole,
            progress: None,
        };
        Ok(Self(Arc::new(Inner {
            reader,
            fields,
            folder: folder.map(Path::to_path_buf),
            snapshot: RwLock::new(Arc::new(snapshot)),
            status: RwLock::new(status),
        })))
    }

    /// The index as it is now, to be asked several things.
    pub fn read(&self) -> Reading {
        Reading::of(self)
    }

    /// Finds innovations.
    ///
    /// # Errors
    /// The index cannot be read; no request is wrong.
    pub fn search(&self, request: &Request) -> Result<Found, SearchError> {
        self.read().search(request)
    }

    /// Finds innovations that are like one, the most alike first, and not that one.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn similar(
        &self,
        to: &DocumentId,
        texts: &DocumentTexts,
        sight: Sight,
        limit: usize,
    ) -> Result<Vec<Hit>, SearchError> {
        self.read().similar(to, texts, sight, limit)
    }

    /// How far the index is.
    pub fn status(&self) -> Status {
        *self.0.status.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how far reading all records has come, or that it is done.
    pub fn note_progress(&self, progress: Option<Progress>) {
        self.0
            .status
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .progress = progress;
    }

    /// The folder it lies in.
    pub fn folder(&self) -> Option<&Path> {
        self.0.folder.as_deref()
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.0.fields
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(
            &self
                .0
                .snapshot
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Says that what is searched is as the store was at another mark.
    pub(crate) fn note_mark(&self, mark: Mark) {
        let snapshot = self.snapshot().at(mark);
        *self
            .0
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        self.0
            .status
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .mark = mark;
    }

    /// Searches what was committed from now on.
    pub(crate) fn show(&self, stamp: &Stamp) -> Result<(), SearchError> {
        self.0.reader.reload()?;
        let before = self.snapshot();
        let snapshot = Snapshot::take(&self.0.reader, &self.0.fields, stamp.mark(), Some(&before))?;
        let documents = snapshot.documents();
        *self
            .0
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        let mut status = self
            .0
            .status
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        status.mark = stamp.mark();
        status.documents = documents;
        status.is_whole = stamp.is_whole;
        Ok(())
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index")
            .field("folder", &self.0.folder)
            .finish_non_exhaustive()
    }
}

impl Stamp {
    pub(crate) const fn mark(&self) -> Mark {
        Mark {
            position: self.position,
            at: self.at,
        }
    }
}

/// Takes an index out of a folder that no process uses, with all words in it. Says whether there was one: a folder without
/// the file by which processes hold it is none of ours and is left alone.
///
/// # Errors
/// The disk.
pub fn clear_unused(folder: &Path) -> Result<bool, SearchError> {
    if !folder.join(crate::writer::LOCK_FILE).is_file() {
        return Ok(false);
    }
    let _lock = match Writer::lock(folder) {
        Err(SearchError::InUse(_)) => return Ok(false),
        locked => locked?,
    };
    let cleared = clear(folder).map_err(|source| SearchError::Folder {
        folder: folder.display().to_string(),
        source,
    })?;
    Ok(cleared > 0)
}

/// The index that lies in a folder, if it can be read and is of this version and owner.
fn found_in(folder: &Path, owner: &str) -> Option<(tantivy::Index, Stamp)> {
    let index = tantivy::Index::open_in_dir(folder).ok()?;
    let payload = index.load_metas().ok()?.payload?;
    let stamp: Stamp = serde_json::from_str(&payload).ok()?;
    (stamp.version == VERSION && stamp.owner == owner).then_some((index, stamp))
}

/// Takes the files out of a folder, but for the lock that this process holds; says how many.
fn clear(folder: &Path) -> std::io::Result<usize> {
    let mut cleared = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && !path.ends_with(crate::writer::LOCK_FILE) {
            std::fs::remove_file(path)?;
            cleared += 1;
        }
    }
    Ok(cleared)
}
