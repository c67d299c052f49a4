//! Transitions: how an innovation moved along its two axes ("perubahan tahap").
//!
//! - [`Transition`] is one move, a record of its own that is never edited; a wrong one is followed by another that
//!   corrects it.
//! - [`Facts`] are what a move needs to be written here ([`Facts::require`]).
//! - [`Path`] is the course that all moves of an innovation make, whatever the order in which they arrived.

mod facts;
mod path;

use serde::{Deserialize, Serialize, Serializer};
use time::Date;

use super::date::PartialDate;
use super::form::{FormCheck, FormErrors, Provenance};
use super::text::{Line, Words};
use super::vocabulary::{AdoptionStatus, LifecycleStage, Vocabulary, vocabulary};
use crate::identity::RecordId;

pub use facts::Facts;
pub use path::{Leg, Path, PathStep, TransitionFlaw};

vocabulary! {
    /// Along what an innovation moves.
    TransitionAxis {
        /// Which coaching it needs: [`LifecycleStage`].
        Lifecycle = "LIFECYCLE",
        /// How far it is in use: [`AdoptionStatus`].
        Adoption = "ADOPTION",
    }
}

/// Where a move leads from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// From one stage to another.
    Lifecycle(LifecycleStage, LifecycleStage),
    /// From one adoption status to another.
    Adoption(AdoptionStatus, AdoptionStatus),
    /// Along an axis of a newer version.
    Unknown,
}

impl Move {
    /// The axis.
    pub const fn axis(self) -> TransitionAxis {
        match self {
            Self::Lifecycle(..) => TransitionAxis::Lifecycle,
            Self::Adoption(..) => TransitionAxis::Adoption,
            Self::Unknown => TransitionAxis::Other,
        }
    }

    /// The code of the state that is left.
    pub fn from(self) -> &'static str {
        match self {
            Self::Lifecycle(from, _) => from.code(),
            Self::Adoption(from, _) => from.code(),
            Self::Unknown => LifecycleStage::OTHER.code(),
        }
    }

    /// The code of the state that is reached.
    pub fn to(self) -> &'static str {
        match self {
            Self::Lifecycle(_, to) => to.code(),
            Self::Adoption(_, to) => to.code(),
            Self::Unknown => LifecycleStage::OTHER.code(),
        }
    }

    /// Whether the rules have such a move. One from or to a state that only a newer version knows is not judged.
    fn is_allowed(self) -> bool {
        use {AdoptionStatus as A, LifecycleStage as L};
        match self {
            Self::Unknown
            | Self::Lifecycle(L::Other, _)
            | Self::Lifecycle(_, L::Other)
            | Self::Adoption(A::Other, _)
            | Self::Adoption(_, A::Other) => true,
            Self::Lifecycle(L::Development, to) => {
                matches!(to, L::Institutionalization | L::Creation)
            }
            Self::Lifecycle(L::Creation | L::Institutionalization, to) => to == L::Development,
            Self::Adoption(A::Initiative, to) => {
                matches!(to, A::Trial | A::Applied | A::Discontinued)
            }
            Self::Adoption(A::Trial, to) => matches!(to, A::Applied | A::Discontinued),
            Self::Adoption(A::Applied, to) => to == A::Discontinued,
            Self::Adoption(A::Discontinued, to) => to == A::Trial,
        }
    }

    /// Whether the move needs a reason: back, out of use and back into it, or past the trial.
    const fn needs_reason(self) -> bool {
        use {AdoptionStatus as A, LifecycleStage as L};
        matches!(
            self,
            Self::Lifecycle(L::Institutionalization, L::Development)
                | Self::Lifecycle(L::Development, L::Creation)
                | Self::Adoption(A::Initiative, A::Applied)
                | Self::Adoption(A::Discontinued, A::Trial)
                | Self::Adoption(A::Initiative | A::Trial | A::Applied, A::Discontinued)
        )
    }
}

/// What is said of a transition, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Transition, which says what they mean"
)]
pub struct TransitionDraft {
    pub innovation: String,
    pub axis: String,
    pub from: String,
    pub to: String,
    pub on: String,
    pub decided_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrects: Option<String>,
}

/// One move of an innovation along an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The innovation, of the same hub.
    pub innovation: RecordId,
    /// From where to where.
    pub step: Move,
    /// The day on which it took effect.
    pub on: PartialDate,
    /// The role or office that decided it, no name.
    pub decided_by: Line<2, 200>,
    /// Why.
    pub reason: Option<Words<100>>,
    /// The evidence for it, of the same hub, at most 10.
    pub evidence: Vec<RecordId>,
    /// The transition that this one takes the place of.
    pub corrects: Option<RecordId>,
}

impl Transition {
    const MOST_EVIDENCE: usize = 10;

    /// Parses what was typed here; what else it needs, [`Facts::require`] says.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds or not in their vocabulary; a move that the rules do not have.
    pub fn parse(draft: &TransitionDraft, today: Date) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft, Some(today))
    }

    /// Reads what another hub published; a move that the rules do not have is seen in the [`Path`].
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &TransitionDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft, None)
    }

    /// What the transition breaks by itself, whatever came before it; for people.
    pub fn faults(&self) -> Vec<String> {
        let (from, to) = (self.step.from(), self.step.to());
        if !self.step.is_allowed() {
            return vec![format!("{to} cannot follow {from}")];
        }
        if self.step.needs_reason() && self.reason.is_none() {
            return vec![format!("{to} after {from} needs a reason")];
        }
        Vec::new()
    }

    fn check(
        mut form: FormCheck,
        draft: &TransitionDraft,
        today: Option<Date>,
    ) -> Result<Self, FormErrors> {
        let innovation = form.required("innovation", &draft.innovation, RecordId::parse);
        let step = step(&mut form, draft);
        let on = form.day("on", &draft.on, today);
        let decided_by = form.required("decidedBy", &draft.decided_by, Line::parse);
        let reason = form.prose("reason", draft.reason.as_deref());
        let evidence = form.list(
            "evidence",
            &draft.evidence,
            Self::MOST_EVIDENCE,
            |form, raw| form.take("", RecordId::parse(raw)),
        );
        let corrects = form.optional("corrects", draft.corrects.as_deref(), RecordId::parse);
        if form.is_typed()
            && let Some(step) = step
        {
            if !step.is_allowed() {
                form.refuse(
                    "to",
                    format_args!("{} cannot follow {}", step.to(), step.from()),
                );
            } else if step.needs_reason() && reason.is_none() {
                let (from, to) = (step.from(), step.to());
                form.refuse("reason", format_args!("is required for {to} after {from}"));
            }
        }
        form.finish(|| {
            Some(Self {
                innovation: innovation?,
                step: step?,
                on: on?,
                decided_by: decided_by?,
                reason,
                evidence,
                corrects,
            })
        })
    }
}

fn step(form: &mut FormCheck, draft: &TransitionDraft) -> Option<Move> {
    match form.choice("axis", &draft.axis)? {
        TransitionAxis::Lifecycle => {
            let from = form.choice("from", &draft.from);
            let to = form.choice("to", &draft.to);
            Some(Move::Lifecycle(from?, to?))
        }
        TransitionAxis::Adoption => {
            let from = form.choice("from", &draft.from);
            let to = form.choice("to", &draft.to);
            Some(Move::Adoption(from?, to?))
        }
        TransitionAxis::Other => Some(Move::Unknown),
    }
}

impl Serialize for Transition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        TransitionDraft::from(self).serialize(serializer)
    }
}

impl From<&Transition> for TransitionDraft {
    fn from(transition: &Transition) -> Self {
        Self {
            innovation: transition.innovation.to_string(),
            axis: transition.step.axis().code().to_owned(),
            from: transition.step.from().to_owned(),
            to: transition.step.to().to_owned(),
            on: transition.on.to_string(),
            decided_by: transition.decided_by.to_string(),
            reason: transition.reason.as_ref().map(ToString::to_string),
            evidence: transition
                .evidence
                .iter()
                .map(ToString::to_string)
                .collect(),
            corrects: transition.corrects.map(|corrected| corrected.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
