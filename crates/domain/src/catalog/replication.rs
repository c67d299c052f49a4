//! Replications: an agency takes an innovation over, in whole or in part ("replikasi").
//!
//! - [`Replication`] is the adopter's word, in the log of the adopter's hub.
//! - [`ReplicationAnswer`] is the source's word, in the log of the source's hub.
//! - [`ReplicationProgress`] is what both words make together. Every hub derives it alike from the newest text of each,
//!   whichever arrived first; nobody writes into another hub's log.

mod answer;
mod progress;

use serde::{Deserialize, Serialize};
use time::Date;

use super::date::PartialDate;
use super::evidence::EvidenceKind;
use super::form::{FieldError, FormCheck, FormErrors, Provenance};
use super::history::{Course, History, StepDraft};
use super::text::Words;
use super::vocabulary::vocabulary;
use crate::entry::Audience;
use crate::identity::{RecordId, RecordRef};

pub use answer::{AnswerState, ReplicationAnswer, ReplicationAnswerDraft};
pub use progress::{
    ProgressState, ReplicationConflict, ReplicationProgress, ReplicationSide, ReplicationStanding,
    derive, next_side,
};

vocabulary! {
    /// How far an adopter has come with a replication.
    ReplicationState {
        /// Minat: the adopter would like to take the innovation over.
        Interested = "INTERESTED",
        /// Kesepakatan: the adopter signed the agreement.
        Agreed = "AGREED",
        /// Rencana: it is planned.
        Planned = "PLANNED",
        /// Implementasi: it is being put into practice.
        Ongoing = "ONGOING",
        /// Selesai: it is in use at the adopter's.
        Done = "DONE",
        /// Batal: the adopter gave it up.
        Cancelled = "CANCELLED",
    }
}

impl Course for ReplicationState {
    fn may_begin(self) -> bool {
        self == Self::Interested
    }

    fn may_follow(self, before: Self) -> bool {
        match self {
            Self::Agreed => before == Self::Interested,
            Self::Planned => before == Self::Agreed,
            Self::Ongoing => matches!(before, Self::Agreed | Self::Planned),
            Self::Done => before == Self::Ongoing,
            Self::Cancelled => !matches!(before, Self::Done | Self::Cancelled),
            Self::Interested | Self::Other => false,
        }
    }

    fn needs_reason(self, before: Self) -> bool {
        self == Self::Cancelled && before != Self::Interested
    }
}

vocabulary! {
    /// How much of an innovation is taken over.
    ReplicationScope {
        /// Seluruhnya.
        Full = "FULL",
        /// Sebagian.
        Partial = "PARTIAL",
        /// Terinspirasi: the idea only.
        Inspired = "INSPIRED",
    }
}

/// What is said of a replication, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Replication, which says what they mean"
)]
pub struct ReplicationDraft {
    pub source: String,
    pub adopter: String,
    pub adapted_innovation: Option<String>,
    pub steps: Vec<StepDraft>,
    pub scope: String,
    pub inspiration: Option<String>,
    pub process: Option<String>,
    pub difference: Option<String>,
    pub adaptation_notes: Option<String>,
    pub obstacles: Option<String>,
    pub outcome: Option<String>,
    pub planned_on: Option<String>,
}

/// An adopter's word on a replication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Replication {
    /// The innovation that is taken over, of any hub.
    pub source: RecordRef,
    /// The agency that takes it over, of the hub that says so.
    pub adopter: RecordId,
    /// What the adopter made of it: an innovation of the same hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapted_innovation: Option<RecordId>,
    /// How it went.
    pub steps: History<ReplicationState>,
    /// How much is taken over.
    pub scope: ReplicationScope,
    /// Inspirasi: what drew the adopter, 100 words (KIPP, group of replications).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspiration: Option<Words<100>>,
    /// Proses: how it is taken over, 200 words (KIPP, group of replications).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Words<200>>,
    /// Faktor pembeda: what is different at the adopter's, 100 words (KIPP, group of replications).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Words<100>>,
    /// What had to be adapted, 200 words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adaptation_notes: Option<Words<200>>,
    /// What stood in the way, 200 words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obstacles: Option<Words<200>>,
    /// What came of it, 200 words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Words<200>>,
    /// When it is to begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_on: Option<PartialDate>,
}

impl Replication {
    /// Parses what was typed here; no step may be after `today`.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds or not in their vocabulary, and steps out of order.
    pub fn parse(draft: &ReplicationDraft, today: Date) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft, Some(today))
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &ReplicationDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft, None)
    }

    fn check(
        mut form: FormCheck,
        draft: &ReplicationDraft,
        today: Option<Date>,
    ) -> Result<Self, FormErrors> {
        let source = form.required("source", &draft.source, RecordRef::parse);
        let adopter = form.required("adopter", &draft.adopter, RecordId::parse);
        let adapted_innovation = form.optional(
            "adaptedInnovation",
            draft.adapted_innovation.as_deref(),
            RecordId::parse,
        );
        let steps = History::check(&mut form, "steps", &draft.steps, today);
        let scope = form.choice("scope", &draft.scope);
        let inspiration = form.prose("inspiration", draft.inspiration.as_deref());
        let process = form.prose("process", draft.process.as_deref());
        let difference = form.prose("difference", draft.difference.as_deref());
        let adaptation_notes = form.prose("adaptationNotes", draft.adaptation_notes.as_deref());
        let obstacles = form.prose("obstacles", draft.obstacles.as_deref());
        let outcome = form.prose("outcome", draft.outcome.as_deref());
        let planned_on =
            form.optional("plannedOn", draft.planned_on.as_deref(), PartialDate::parse);
        form.finish(|| {
            Some(Self {
                source: source?,
                adopter: adopter?,
                adapted_innovation,
                steps: steps?,
                scope: scope?,
                inspiration,
                process,
                difference,
                adaptation_notes,
                obstacles,
                outcome,
                planned_on,
            })
        })
    }

    /// How far the adopter has come.
    pub fn state(&self) -> ReplicationState {
        self.steps.state()
    }

    /// For whom the record is: what is only hoped for stays within the network.
    pub fn audience(&self) -> Audience {
        let is_hope = self.steps.reached(ReplicationState::Agreed).is_none();
        if is_hope {
            Audience::Network
        } else {
            Audience::Public
        }
    }

    /// What a record written here still needs for its state: the evidence that belongs to it, by kind, and texts.
    ///
    /// # Errors
    /// What is missing.
    pub fn require(&self, evidence: &[EvidenceKind]) -> Result<(), FormErrors> {
        let mut form = FormCheck::new(Provenance::Typed);
        let has_agreement = evidence.contains(&EvidenceKind::Agreement);
        if self.steps.reached(ReplicationState::Agreed).is_some() && !has_agreement {
            form.refuse("steps", "AGREED needs evidence of the kind AGREEMENT");
        }
        if self.state() == ReplicationState::Done {
            if self.outcome.is_none() {
                form.refuse("outcome", "is required when the replication is DONE");
            }
            if evidence.iter().all(|kind| *kind == EvidenceKind::Agreement) {
                form.refuse("steps", "DONE needs evidence of what was done");
            }
        }
        form.finish(|| Some(()))
    }

    /// Texts that are longer than authors are asked for, yet taken.
    pub fn warnings(&self) -> Vec<FieldError> {
        let found = [
            (
                "inspiration",
                self.inspiration.as_ref().and_then(Words::warning),
            ),
            ("process", self.process.as_ref().and_then(Words::warning)),
            (
                "difference",
                self.difference.as_ref().and_then(Words::warning),
            ),
            (
                "adaptationNotes",
                self.adaptation_notes.as_ref().and_then(Words::warning),
            ),
            (
                "obstacles",
                self.obstacles.as_ref().and_then(Words::warning),
            ),
            ("outcome", self.outcome.as_ref().and_then(Words::warning)),
        ];
        let warning = |(field, reason): (&str, Option<String>)| {
            reason.map(|reason| FieldError {
                field: field.to_owned(),
                reason,
            })
        };
        found.into_iter().filter_map(warning).collect()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn draft(states: &[&str]) -> ReplicationDraft {
        let step = |state: &&str| StepDraft {
            state: (*state).to_owned(),
            on: "2025".to_owned(),
            reason: None,
        };
        ReplicationDraft {
            source: "id-35:0198f2c4-0000-7000-8000-000000000001".to_owned(),
            adopter: "0198f2c4-0000-7000-8000-000000000002".to_owned(),
            steps: states.iter().map(step).collect(),
            scope: "PARTIAL".to_owned(),
            inspiration: Some("Antrean yang panjang.".to_owned()),
            ..ReplicationDraft::default()
        }
    }

    fn parse(states: &[&str]) -> Replication {
        Replication::parse(&draft(states), date!(2026 - 08 - 20)).unwrap()
    }

    #[test]
    fn a_replication_reads_back_from_its_text() {
        let replication = parse(&["INTERESTED", "AGREED"]);
        let text = serde_json::to_string(&replication).unwrap();
        assert!(!text.contains("null"), "{text}");
        let read: ReplicationDraft = serde_json::from_str(&text).unwrap();
        assert_eq!(read, draft(&["INTERESTED", "AGREED"]));
        assert_eq!(Replication::read(&read), Ok(replication));
    }

    #[test]
    fn a_hope_stays_within_the_network() {
        assert_eq!(parse(&["INTERESTED"]).audience(), Audience::Network);
        assert_eq!(
            parse(&["INTERESTED", "CANCELLED"]).audience(),
            Audience::Network
        );
        assert_eq!(
            parse(&["INTERESTED", "AGREED"]).audience(),
            Audience::Public
        );
    }

    #[test]
    fn a_state_needs_its_evidence() {
        let done = ["INTERESTED", "AGREED", "ONGOING", "DONE"];
        let check = |states: &[&str], evidence: &[EvidenceKind], expected: &str| {
            let missing = parse(states).require(evidence).err();
            let missing = missing.map(|errors| errors.to_string()).unwrap_or_default();
            assert_eq!(missing, expected, "{states:?} with {evidence:?}");
        };
        let agreement = EvidenceKind::Agreement;
        check(&["INTERESTED"], &[], "");
        check(
            &["INTERESTED", "AGREED"],
            &[EvidenceKind::Photo],
            "steps: AGREED needs evidence of the kind AGREEMENT",
        );
        check(&["INTERESTED", "AGREED"], &[agreement], "");
        check(
            &done,
            &[agreement],
            "outcome: is required when the replication is DONE; steps: DONE needs evidence of what was done",
        );
    }
}
