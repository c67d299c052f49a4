//! The rows of the chart of needs.

use std::sync::Arc;

use async_graphql::Object;
use domain::catalog;
use domain::statistics::{Figures, NeedGap};

use super::all;
use super::rows::long;
use crate::row::{Rows, row};
use crate::scalars::Long;
use crate::vocabulary::Affair;

pub(crate) struct NeedStatistics(pub(crate) Arc<Figures>);

/// Chart 9: what agencies look for, and what there is for it.
#[Object(serial)]
impl NeedStatistics {
    /// Needs that are open.
    async fn open(&self) -> Long {
        long(self.0.needs.open)
    }

    /// Of these, those that name an affair or goal, and to which no counted innovation shares any.
    async fn unmatched(&self) -> Long {
        long(self.0.needs.unmatched)
    }

    /// By affair that is needed; those with the fewest innovations first.
    async fn per_affair(&self) -> Rows<AffairNeed> {
        all(&self.0.needs.affairs)
    }

    /// By goal that is needed; those with the fewest innovations first.
    async fn per_sdg(&self) -> Rows<SdgNeed> {
        all(&self.0.needs.goals)
    }
}

row! {
    /// Chart 9: open needs of an affair.
    pub(crate) struct AffairNeed {
        /// The affair.
        affair: Affair,
        /// Open needs that concern it.
        open: Long,
        /// Innovations that serve it.
        innovations: Long,
    }
}

impl From<&NeedGap<catalog::Affair>> for AffairNeed {
    fn from(row: &NeedGap<catalog::Affair>) -> Self {
        Self {
            affair: row.subject.into(),
            open: long(row.open),
            innovations: long(row.innovations),
        }
    }
}

row! {
    /// Chart 9: open needs of a goal.
    pub(crate) struct SdgNeed {
        /// The goal, 1 to 17.
        sdg: u8,
        /// Open needs that serve it.
        open: Long,
        /// Innovations that serve it.
        innovations: Long,
    }
}

impl From<&NeedGap<catalog::Sdg>> for SdgNeed {
    fn from(row: &NeedGap<catalog::Sdg>) -> Self {
        Self {
            sdg: row.subject.number(),
            open: long(row.open),
            innovations: long(row.innovations),
        }
    }
}
