//! What is asked of one state of the index.

use std::sync::Arc;

use domain::entry::Sight;

use crate::document::{DocumentId, DocumentTexts};
use crate::fitting::{self, Fit, Wish};
use crate::request::{Found, Hit, Mark, Request};
use crate::snapshot::Snapshot;
use crate::{Index, SearchError, similar};

/// The index as it is at one moment: all that is asked of it is of the same state of the store. Cloning is cheap.
#[derive(Clone)]
pub struct Reading {
    index: Index,
    snapshot: Arc<Snapshot>,
}

impl Reading {
    pub(crate) fn of(index: &Index) -> Self {
        Self {
            index: index.clone(),
            snapshot: index.snapshot(),
        }
    }

    /// The state of the store that is searched.
    pub fn mark(&self) -> Mark {
        self.snapshot.mark()
    }

    /// Finds innovations.
    ///
    /// # Errors
    /// The index cannot be read; no request is wrong.
    pub fn search(&self, request: &Request) -> Result<Found, SearchError> {
        Arc::clone(&self.snapshot).search(self.index.fields(), request)
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
        let fields = self.index.fields();
        similar::find(&self.snapshot, fields, (to, texts), sight, limit)
    }

    /// Finds innovations that may be what somebody wishes for, the most promising first.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn fitting(&self, wish: &Wish) -> Result<Vec<Fit>, SearchError> {
        fitting::find(&self.snapshot, self.index.fields(), wish)
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading")
            .field("mark", &self.mark())
            .finish_non_exhaustive()
    }
}
