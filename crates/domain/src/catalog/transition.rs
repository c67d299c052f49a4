//! Transitions: how an innovation moved along its two axes ("perubahan tahap").
//!
//! - [`Transition`] is one move, a record of its own that is never edited; a wrong one is followed by another that
//!   corrects it.
//! - [`Facts`] are what a move needs to be written here ([`Facts::require`]).
//! - [`Path`] is the course that all moves of an innovation make, whatever the order in which they arrived.

use serde::{Deserialize, Serialize, Serializer};
use time::Date;

use super::date::PartialDate;
use super::evidence::EvidenceKind;
use super::form::{FormCheck, FormErrors, Provenance};
use super::innovation::Innovation;
use super::text::{Line, Words};
use super::vocabulary::{AdoptionStatus, LifecycleStage, Vocabulary, vocabulary};
use crate::identity::RecordId;

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

/// What is known of an innovation when it is about to move.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The innovation as it stands.
    pub innovation: &'a Innovation,
    /// The course so far.
    pub path: &'a Path,
    /// The kinds of evidence that the innovation has.
    pub evidence: &'a [EvidenceKind],
    /// Today.
    pub today: Date,
}

impl Facts<'_> {
    /// How long an innovation must have been in regular use before it can be made permanent, in months.
    pub const APPLIED_MONTHS: u32 = 12;

    /// Says what a move still needs.
    ///
    /// # Errors
    /// All that is missing, by the field that would mend it.
    pub fn require(&self, transition: &Transition) -> Result<(), FormErrors> {
        let mut form = FormCheck::new(Provenance::Typed);
        self.require_place(&mut form, transition);
        match transition.step {
            Move::Lifecycle(LifecycleStage::Creation, LifecycleStage::Development) => {
                self.require_development(&mut form);
            }
            Move::Lifecycle(LifecycleStage::Development, LifecycleStage::Institutionalization) => {
                self.require_institutionalization(&mut form);
            }
            _ => {}
        }
        form.finish(|| Some(()))
    }

    fn require_place(&self, form: &mut FormCheck, transition: &Transition) {
        let here = match transition.step.axis() {
            TransitionAxis::Lifecycle => self.innovation.stage.code(),
            TransitionAxis::Adoption => self.innovation.adoption.code(),
            TransitionAxis::Other => return,
        };
        let from = transition.step.from();
        if transition.corrects.is_none() && from != here {
            form.refuse(
                "from",
                format_args!("is {from}, and the innovation is at {here}"),
            );
        }
        let last = self.path.last(transition.step.axis());
        if let Some(last) = last.filter(|last| transition.corrects != Some(last.record))
            && last.on.is_after(transition.on)
        {
            let (on, last) = (transition.on, last.on);
            form.refuse(
                "on",
                format_args!("{on} is before the last transition, {last}"),
            );
        }
    }

    fn require_development(&self, form: &mut FormCheck) {
        let adoption = self.innovation.adoption;
        if !matches!(adoption, AdoptionStatus::Trial | AdoptionStatus::Applied) {
            form.refuse("to", "DEVELOPMENT needs the adoption TRIAL or APPLIED");
        }
        let texts = &self.innovation.texts;
        for (field, is_filled) in [
            ("summary", texts.summary.is_some()),
            ("background", texts.background.is_some()),
            ("novelty", texts.novelty.is_some()),
            ("implementation", texts.implementation.is_some()),
        ] {
            if !is_filled {
                form.refuse(field, "is required for DEVELOPMENT");
            }
        }
        if self.evidence.is_empty() {
            form.refuse(
                "evidence",
                "DEVELOPMENT needs evidence of the trial or the implementation",
            );
        }
    }

    fn require_institutionalization(&self, form: &mut FormCheck) {
        use EvidenceKind as E;
        let applied = self
            .path
            .applied_since()
            .or(self.innovation.timeline.implemented_on);
        let is_applied = self.innovation.adoption == AdoptionStatus::Applied;
        let months = applied.map_or(0, |since| since.months_until(self.today));
        if !is_applied || months < Self::APPLIED_MONTHS {
            form.refuse(
                "to",
                format_args!(
                    "INSTITUTIONALIZATION needs the adoption APPLIED for {} months or more",
                    Self::APPLIED_MONTHS
                ),
            );
        }
        let has = |kinds: &[E]| self.evidence.iter().any(|kind| kinds.contains(kind));
        if !has(&[E::Regulation, E::Decree]) {
            form.refuse(
                "evidence",
                "INSTITUTIONALIZATION needs a REGULATION or DECREE",
            );
        }
        if !has(&[E::Sop, E::Budget, E::MonitoringReport]) {
            form.refuse(
                "evidence",
                "INSTITUTIONALIZATION needs an SOP, BUDGET or MONITORING_REPORT",
            );
        }
        if self.innovation.texts.sustainability.is_none() {
            form.refuse("sustainability", "is required for INSTITUTIONALIZATION");
        }
    }
}

vocabulary! {
    /// What is wrong with one move of a path.
    TransitionFlaw {
        /// The rules have no such move.
        NotAllowed = "NOT_ALLOWED",
        /// It does not begin where the move before it ended.
        Gap = "GAP",
        /// It needs a reason and has none.
        NoReason = "NO_REASON",
        /// Its end is not where the innovation says it is.
        NotShown = "NOT_SHOWN",
    }
}

/// One move of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStep {
    /// The transition's record.
    pub record: RecordId,
    /// From where to where.
    pub step: Move,
    /// When it took effect.
    pub on: PartialDate,
    /// What is wrong with it; it is shown, never mended silently.
    pub flaws: Vec<TransitionFlaw>,
}

/// The course of an innovation: its moves by date, those of equal date by record, without those that were corrected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(Vec<PathStep>);

impl Path {
    /// Derives the course from all transitions of an innovation, in any order.
    pub fn of(innovation: &Innovation, transitions: &[(RecordId, &Transition)]) -> Self {
        let corrected: Vec<_> = transitions
            .iter()
            .filter_map(|(_, said)| said.corrects)
            .collect();
        let mut steps: Vec<_> = transitions
            .iter()
            .filter(|(record, _)| !corrected.contains(record))
            .copied()
            .collect();
        steps.sort_by(|(one, a), (other, b)| (a.on.sort_key(), one).cmp(&(b.on.sort_key(), other)));
        let mut path = Self::default();
        for (record, transition) in steps {
            let before = path.last(transition.step.axis()).map(|last| last.step.to());
            path.0.push(PathStep {
                record,
                step: transition.step,
                on: transition.on,
                flaws: flaws(before, transition),
            });
        }
        path.compare(TransitionAxis::Lifecycle, innovation.stage.code());
        path.compare(TransitionAxis::Adoption, innovation.adoption.code());
        path
    }

    fn compare(&mut self, axis: TransitionAxis, shown: &str) {
        let last = self.0.iter_mut().rfind(|step| step.step.axis() == axis);
        if let Some(last) = last
            && last.step.to() != shown
        {
            last.flaws.push(TransitionFlaw::NotShown);
        }
    }

    /// The moves, the first one first.
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }

    /// The last move along an axis.
    pub fn last(&self, axis: TransitionAxis) -> Option<&PathStep> {
        self.0.iter().rfind(|step| step.step.axis() == axis)
    }

    /// Since when the innovation is in regular use without a break, as far as its moves tell.
    pub fn applied_since(&self) -> Option<PartialDate> {
        let last = self.last(TransitionAxis::Adoption)?;
        matches!(last.step, Move::Adoption(_, AdoptionStatus::Applied)).then_some(last.on)
    }
}

fn flaws(before: Option<&str>, transition: &Transition) -> Vec<TransitionFlaw> {
    let step = transition.step;
    let found = [
        (!step.is_allowed(), TransitionFlaw::NotAllowed),
        (
            before.is_some_and(|before| before != step.from()),
            TransitionFlaw::Gap,
        ),
        (
            step.needs_reason() && transition.reason.is_none(),
            TransitionFlaw::NoReason,
        ),
    ];
    found
        .into_iter()
        .filter(|(is_so, _)| *is_so)
        .map(|(_, flaw)| flaw)
        .collect()
}

#[cfg(test)]
mod tests;
