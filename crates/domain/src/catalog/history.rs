//! The course of a record through its states.
//!
//! A record says its whole course, not its last state only: hubs keep the newest text of a record, so whether a step was
//! allowed must be seen from that text alone, by every hub alike, whatever arrived in which order.

use serde::{Deserialize, Serialize};
use time::Date;

use super::date::PartialDate;
use super::form::FormCheck;
use super::text::Words;
use super::vocabulary::Vocabulary;

/// States that follow each other by rules.
pub trait Course: Vocabulary {
    /// Whether a record may begin in this state.
    fn may_begin(self) -> bool;

    /// Whether the state may follow another.
    fn may_follow(self, before: Self) -> bool;

    /// Whether the step from another state needs a reason.
    fn needs_reason(self, _before: Self) -> bool {
        false
    }
}

/// One step of a course, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepDraft {
    /// A code of the record's states; required.
    pub state: String,
    /// The day on which it took effect; required.
    pub on: String,
    /// Why, up to 100 words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One step of a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step<S> {
    /// The state that was reached.
    pub state: S,
    /// When it took effect.
    pub on: PartialDate,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Words<100>>,
}

/// What is wrong with one step of a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Misstep {
    /// The state may not follow the one before, or may not be the first.
    Order,
    /// The step is dated before the one before it.
    Date,
    /// The step needs a reason and has none.
    Reason,
}

/// The steps of a record from its first state on; there is at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct History<S>(Vec<Step<S>>);

impl<S: Course> History<S> {
    /// The most steps of one record.
    pub const MOST: usize = 50;

    /// A course that begins.
    pub fn begin(state: S, on: PartialDate) -> Self {
        let reason = None;
        Self(vec![Step { state, on, reason }])
    }

    /// Takes the steps of a draft. What was typed here must keep the rules; what was received is kept as it is, see
    /// [`Self::missteps`]. A state that only a newer version knows may stand anywhere.
    pub(super) fn check(
        form: &mut FormCheck,
        field: &str,
        raw: &[StepDraft],
        today: Option<Date>,
    ) -> Option<Self> {
        if raw.is_empty() {
            form.refuse(field, "is required");
            return None;
        }
        let steps = form.list(field, raw, Self::MOST, |form, raw| {
            let state = form.choice("state", &raw.state);
            let on = form.day("on", &raw.on, today);
            let reason = form.prose("reason", raw.reason.as_deref());
            let (state, on) = (state?, on?);
            Some(Step { state, on, reason })
        });
        let history = (steps.len() == raw.len()).then_some(Self(steps))?;
        if form.is_typed() {
            for (nth, misstep) in history.missteps() {
                form.refuse(format_args!("{field}[{nth}]"), history.words(nth, misstep));
            }
        }
        Some(history)
    }

    /// All steps, the first one first.
    pub fn steps(&self) -> &[Step<S>] {
        &self.0
    }

    /// The newest step.
    ///
    /// # Panics
    /// Never: a course has a first step.
    pub fn last(&self) -> &Step<S> {
        self.0.last().expect("a course has a first step")
    }

    /// The state that was reached.
    pub fn state(&self) -> S {
        self.last().state
    }

    /// When a state was reached first.
    pub fn reached(&self, state: S) -> Option<PartialDate> {
        let step = self.0.iter().find(|step| step.state == state);
        step.map(|step| step.on)
    }

    /// The steps that break a rule, each with its place from 0.
    pub fn missteps(&self) -> Vec<(usize, Misstep)> {
        let mut found = Vec::new();
        for (nth, step) in self.0.iter().enumerate() {
            let before = nth.checked_sub(1).map(|nth| &self.0[nth]);
            found.extend(Self::misstep(before, step).map(|misstep| (nth, misstep)));
        }
        found
    }

    /// The steps that break a rule, in words for people.
    pub fn faults(&self) -> Vec<String> {
        let missteps = self.missteps().into_iter();
        missteps
            .map(|(nth, misstep)| self.words(nth, misstep))
            .collect()
    }

    fn misstep(before: Option<&Step<S>>, step: &Step<S>) -> Option<Misstep> {
        let is_unknown = |state: S| state == S::OTHER;
        let Some(before) = before else {
            let may = step.state.may_begin() || is_unknown(step.state);
            return (!may).then_some(Misstep::Order);
        };
        if before.on.is_after(step.on) {
            return Some(Misstep::Date);
        }
        if is_unknown(before.state) || is_unknown(step.state) {
            return None;
        }
        if !step.state.may_follow(before.state) {
            return Some(Misstep::Order);
        }
        (step.state.needs_reason(before.state) && step.reason.is_none()).then_some(Misstep::Reason)
    }

    fn words(&self, nth: usize, misstep: Misstep) -> String {
        let step = &self.0[nth];
        let Some(before) = nth.checked_sub(1).map(|nth| &self.0[nth]) else {
            return format!("{} is no beginning", step.state.code());
        };
        let (from, to) = (before.state.code(), step.state.code());
        match misstep {
            Misstep::Order => format!("{to} cannot follow {from}"),
            Misstep::Date => format!("{} is before the step before, {}", step.on, before.on),
            Misstep::Reason => format!("{to} after {from} needs a reason"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ReplicationState;
    use crate::catalog::form::Provenance;

    fn step(state: &str, on: &str, reason: Option<&str>) -> StepDraft {
        StepDraft {
            state: state.to_owned(),
            on: on.to_owned(),
            reason: reason.map(str::to_owned),
        }
    }

    fn check(
        provenance: Provenance,
        steps: &[StepDraft],
    ) -> Result<History<ReplicationState>, String> {
        let mut form = FormCheck::new(provenance);
        let today = time::macros::date!(2026 - 08 - 20);
        let history = History::check(&mut form, "steps", steps, Some(today));
        form.finish(|| history).map_err(|errors| errors.to_string())
    }

    #[test]
    fn what_is_typed_keeps_the_order_of_states_and_dates() {
        let faults = |steps: &[StepDraft], expected: &str| {
            let found = check(Provenance::Typed, steps);
            assert_eq!(found.err().unwrap_or_default(), expected);
        };
        faults(&[], "steps: is required");
        faults(&[step("INTERESTED", "2024", None)], "");
        faults(
            &[step("DONE", "2024", None)],
            "steps[0]: DONE is no beginning",
        );
        faults(
            &[
                step("INTERESTED", "2024-05", None),
                step("DONE", "2024-06", None),
            ],
            "steps[1]: DONE cannot follow INTERESTED",
        );
        faults(
            &[
                step("INTERESTED", "2024-05", None),
                step("AGREED", "2024-04", None),
            ],
            "steps[1]: 2024-04 is before the step before, 2024-05",
        );
        let cancelled = |reason| {
            [
                step("INTERESTED", "2024", None),
                step("AGREED", "2024", None),
                step("CANCELLED", "2025", reason),
            ]
        };
        faults(
            &cancelled(None),
            "steps[2]: CANCELLED after AGREED needs a reason",
        );
        faults(&cancelled(Some("Anggaran dialihkan.")), "");
        faults(
            &[step("INTERESTED", "2027", None)],
            "steps[0].on: 2027 is after today, 2026-08-20",
        );
    }

    #[test]
    fn what_is_received_is_kept_and_its_missteps_are_seen() {
        let steps = [
            step("INTERESTED", "2024", None),
            step("DONE", "2023", None),
            step("FROM_2040", "2024", None),
            step("AGREED", "2024", None),
        ];
        let history = check(Provenance::Received, &steps).unwrap();
        assert_eq!(history.missteps(), [(1, Misstep::Date)]);
        assert_eq!(history.state(), ReplicationState::Agreed);
        assert_eq!(history.steps()[2].state, ReplicationState::Other);
    }
}
