//! What stays at this hub and changes in one transaction with its log: drafts, people, and who stands behind a credit.

mod telling;

use domain::audit::{Deed, Told};
use domain::entry::EntryDraft;
use domain::identity::RecordId;
use sea_orm::DatabaseTransaction;

use crate::credits::{self, Credit};
use crate::drafts::{self, Draft, DraftStep};
use crate::following::Changed;
use crate::people::{self, PersonChange};
use crate::{Database, StorageError};

/// Changes of what stays at this hub, all of them or none.
#[derive(Clone, Debug, Default)]
pub struct Local {
    /// What becomes of drafts.
    pub drafts: Vec<DraftChange>,
    /// Who stands behind the credits of innovations from now on, by record.
    pub credits: Vec<(RecordId, Vec<Credit>)>,
    /// What becomes of people.
    pub people: Vec<PersonChange>,
    /// What the audit tells of it.
    pub audit: Vec<Told>,
}

/// What becomes of a draft.
#[derive(Clone, Debug)]
pub enum DraftChange {
    /// It begins.
    Begin(Draft, DraftStep),
    /// It is now this, whose revision follows the one that is kept; a step tells what happened.
    Store(Draft, Option<DraftStep>),
    /// Something is said of it; its revision stays.
    Note(RecordId, DraftStep),
    /// It goes with all that was said of it: this revision of it, or whichever there is.
    Remove(RecordId, Option<u64>),
    /// If its text was to replace this revision in the log, it is to replace another from now on.
    Rebase {
        /// The record.
        record: RecordId,
        /// The revision that it was to replace.
        from: u64,
        /// The revision that it is to replace.
        to: u64,
    },
}

impl Local {
    /// A change of one draft.
    pub fn draft(change: DraftChange) -> Self {
        Self {
            drafts: vec![change],
            ..Self::default()
        }
    }

    /// A change of one person.
    pub fn person(change: PersonChange) -> Self {
        Self {
            people: vec![change],
            ..Self::default()
        }
    }

    /// Tells the audit of these changes, and of the entries that are written with them.
    #[must_use]
    pub fn told(mut self, by: &Deed, entries: &[EntryDraft]) -> Self {
        let told = telling::of(by, entries, &self);
        self.audit.push(told);
        self
    }

    /// Adds other changes behind these.
    pub(crate) fn extend(&mut self, other: Self) {
        self.drafts.extend(other.drafts);
        self.credits.extend(other.credits);
        self.people.extend(other.people);
        self.audit.extend(other.audit);
    }

    /// Makes the changes.
    pub(crate) async fn apply(&self, tx: &DatabaseTransaction) -> Result<(), StorageError> {
        for change in &self.drafts {
            drafts::change(tx, change).await?;
        }
        for (record, credits) in &self.credits {
            credits::replace(tx, *record, credits).await?;
        }
        for change in &self.people {
            people::change(tx, change).await?;
        }
        Ok(())
    }
}

/// Makes changes of which no log tells. The position moves on, since answers to the operator are other ones from now on.
pub async fn change(db: &Database, local: Local) -> Result<(), StorageError> {
    let tx = db.begin().await?;
    local.apply(&tx).await?;
    db.commit_shown(tx, Changed::Nothing, &local.audit).await?;
    Ok(())
}
