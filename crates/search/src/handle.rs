//! Where those who answer find the index, which is opened beside them.

use std::sync::{Arc, PoisonError, RwLock};

use crate::index::{Index, Status};

/// Where an index is found once it is there. Cloning is cheap and shares it.
#[derive(Clone, Debug, Default)]
pub struct Handle(Arc<RwLock<State>>);

/// Whether an index can be searched.
#[derive(Clone, Debug, Default)]
pub enum State {
    /// Nobody opens one.
    #[default]
    Off,
    /// It is being opened.
    Opening,
    /// It is there; whether it is whole, it says itself.
    Open(Index),
    /// It failed, and is opened again.
    Failed,
}

/// Why nothing can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// The settings say so.
    #[error("this node keeps no search index (`[search] enabled`)")]
    Off,
    /// The node has just started.
    #[error("the search index is being opened; ask again in some seconds")]
    Opening,
    /// It failed, and is opened again.
    #[error("the search index failed and is opened again; the node's log says why")]
    Failed,
    /// It is made for the first time, or anew.
    #[error(
        "the search index is being built: {done} of {total} records are in it; ask again later"
    )]
    Building {
        /// Records that are in it.
        done: u64,
        /// Records there are.
        total: u64,
    },
}

impl Handle {
    /// Says what is to be found here.
    pub fn set(&self, state: State) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// The index, if it can be searched.
    ///
    /// # Errors
    /// Why it cannot, in words for whoever asks.
    pub fn ready(&self) -> Result<Index, NotReady> {
        let index = match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            State::Off => return Err(NotReady::Off),
            State::Opening => return Err(NotReady::Opening),
            State::Failed => return Err(NotReady::Failed),
            State::Open(index) => index.clone(),
        };
        let Status {
            is_whole, progress, ..
        } = index.status();
        if is_whole {
            return Ok(index);
        }
        let progress = progress.unwrap_or_default();
        Err(NotReady::Building {
            done: progress.done,
            total: progress.total,
        })
    }
}
