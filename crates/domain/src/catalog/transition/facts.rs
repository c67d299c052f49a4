//! What a move needs to be written here.

use time::Date;

use super::{Move, Path, Transition, TransitionAxis};
use crate::catalog::date::PartialDate;
use crate::catalog::evidence::EvidenceKind;
use crate::catalog::form::{FieldError, FormCheck, FormErrors, Provenance};
use crate::catalog::innovation::Innovation;
use crate::catalog::vocabulary::{AdoptionStatus, LifecycleStage, Vocabulary as _};
use crate::identity::RecordId;

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

    /// What the stage asks for at which the innovation stands, and is not here. A record of what exists already may begin at any
    /// stage; this says what is still to be shown of it.
    pub fn lacks(&self) -> Vec<FieldError> {
        let mut form = FormCheck::new(Provenance::Typed);
        match self.innovation.stage {
            LifecycleStage::Development => self.require_development(&mut form),
            LifecycleStage::Institutionalization => self.require_institutionalization(&mut form),
            LifecycleStage::Creation | LifecycleStage::Other => {}
        }
        let told: Result<(), FormErrors> = form.finish(|| Some(()));
        let mut lacks = told
            .err()
            .map_or_else(Vec::new, |told| told.fields().to_vec());
        for lack in lacks.iter_mut().filter(|lack| lack.field == "to") {
            "stage".clone_into(&mut lack.field);
        }
        lacks
    }

    fn require_place(&self, form: &mut FormCheck, transition: &Transition) {
        if let Some(corrected) = transition.corrects {
            return self.require_correction(form, transition, corrected);
        }
        let here = match transition.step.axis() {
            TransitionAxis::Lifecycle => self.innovation.stage.code(),
            TransitionAxis::Adoption => self.innovation.adoption.code(),
            TransitionAxis::Other => return,
        };
        let from = transition.step.from();
        if from != here {
            form.refuse(
                "from",
                format_args!("is {from}, and the innovation is at {here}"),
            );
        }
        let last = self.path.last(transition.step.axis());
        if let Some(last) = last
            && transition.on.comes_before(last.on)
        {
            refuse_order(form, transition.on, "before the last transition", last.on);
        }
    }

    /// A correction takes the place of a move of the path, and fits between the moves beside it.
    fn require_correction(&self, form: &mut FormCheck, said: &Transition, corrected: RecordId) {
        let axis = said.step.axis();
        let on_axis = self.path.steps().iter();
        let steps: Vec<_> = on_axis.filter(|step| step.step.axis() == axis).collect();
        let Some(place) = steps.iter().position(|step| step.record == corrected) else {
            form.refuse(
                "corrects",
                format_args!(
                    "is not a transition of this innovation along {axis} that still counts"
                ),
            );
            return;
        };
        let before = place.checked_sub(1).map(|place| steps[place]);
        let expected = before.map_or(steps[place].step.from(), |before| before.step.to());
        if said.step.from() != expected {
            let from = said.step.from();
            form.refuse(
                "from",
                format_args!("is {from}, and the innovation was at {expected} then"),
            );
        }
        if let Some(before) = before
            && said.on.comes_before(before.on)
        {
            refuse_order(form, said.on, "before the transition before", before.on);
        }
        let Some(after) = steps.get(place + 1) else {
            return;
        };
        if after.step.from() != said.step.to() {
            let (to, next) = (said.step.to(), after.step.from());
            form.refuse(
                "to",
                format_args!(
                    "is {to}, and the next transition begins at {next}; correct that first"
                ),
            );
        }
        if after.on.comes_before(said.on) {
            refuse_order(form, said.on, "after the next transition", after.on);
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
        let (has_rule, has_means) = permanent_evidence(self.evidence);
        if !has_rule {
            form.refuse(
                "evidence",
                "INSTITUTIONALIZATION needs a REGULATION or DECREE",
            );
        }
        if !has_means {
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

/// Refuses a date that stands on the wrong side of another in the order of a path, though it may be meant otherwise.
fn refuse_order(form: &mut FormCheck, on: PartialDate, side: &str, other: PartialDate) {
    let is_clear = on.is_after(other) || other.is_after(on);
    let hint = if is_clear {
        ""
    } else {
        ", as far as it tells; say it as exactly as that"
    };
    form.refuse("on", format_args!("{on} is {side}, {other}{hint}"));
}

/// Whether evidence has what is needed to make an innovation permanent: a rule, and the means to go on.
pub(super) fn permanent_evidence(evidence: &[EvidenceKind]) -> (bool, bool) {
    use EvidenceKind as E;
    let has = |kinds: &[E]| evidence.iter().any(|kind| kinds.contains(kind));
    (
        has(&[E::Regulation, E::Decree]),
        has(&[E::Sop, E::Budget, E::MonitoringReport]),
    )
}
