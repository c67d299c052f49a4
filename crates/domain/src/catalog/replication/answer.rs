//! The source's word on a replication.

use serde::{Deserialize, Serialize};
use time::Date;

use crate::catalog::form::{FormCheck, FormErrors, Provenance};
use crate::catalog::history::{Course, History, StepDraft};
use crate::catalog::text::Words;
use crate::catalog::vocabulary::vocabulary;
use crate::identity::RecordRef;

vocabulary! {
    /// What the source says of a replication.
    AnswerState {
        /// Terverifikasi: the interest is welcome.
        Verified = "VERIFIED",
        /// Ditolak: the source does not want it.
        Refused = "REFUSED",
        /// Disepakati: the source signed the agreement.
        Agreed = "AGREED",
        /// Terkonfirmasi: the replication took place.
        Confirmed = "CONFIRMED",
        /// Disanggah: the source does not see its innovation in it.
        Disputed = "DISPUTED",
    }
}

impl Course for AnswerState {
    fn may_begin(self) -> bool {
        matches!(self, Self::Verified | Self::Refused)
    }

    fn may_follow(self, before: Self) -> bool {
        match self {
            Self::Verified => before == Self::Refused,
            Self::Refused | Self::Agreed => before == Self::Verified,
            Self::Confirmed => matches!(before, Self::Agreed | Self::Disputed),
            Self::Disputed => matches!(before, Self::Agreed | Self::Confirmed),
            Self::Other => false,
        }
    }

    fn needs_reason(self, _before: Self) -> bool {
        matches!(self, Self::Refused | Self::Disputed)
    }
}

/// What the source says, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are those of ReplicationAnswer, which says what they mean"
)]
pub struct ReplicationAnswerDraft {
    pub replication: String,
    pub steps: Vec<StepDraft>,
    pub note: Option<String>,
}

/// The word of the hub whose innovation is taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReplicationAnswer {
    /// The replication that is answered, of the adopter's hub.
    pub replication: RecordRef,
    /// What was said, and when.
    pub steps: History<AnswerState>,
    /// More about it, 100 words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Words<100>>,
}

impl ReplicationAnswer {
    /// Parses what was typed here; no step may be after `today`.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds, and steps out of order.
    pub fn parse(draft: &ReplicationAnswerDraft, today: Date) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft, Some(today))
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &ReplicationAnswerDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft, None)
    }

    fn check(
        mut form: FormCheck,
        draft: &ReplicationAnswerDraft,
        today: Option<Date>,
    ) -> Result<Self, FormErrors> {
        let replication = form.required("replication", &draft.replication, RecordRef::parse);
        let steps = History::check(&mut form, "steps", &draft.steps, today);
        let note = form.prose("note", draft.note.as_deref());
        form.finish(|| {
            Some(Self {
                replication: replication?,
                steps: steps?,
                note,
            })
        })
    }

    /// What the source says last.
    pub fn state(&self) -> AnswerState {
        self.steps.state()
    }
}
