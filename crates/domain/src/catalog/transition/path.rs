//! The course that all moves of an innovation make, whatever the order in which they arrived.

use super::{Move, Transition, TransitionAxis};
use crate::catalog::date::PartialDate;
use crate::catalog::innovation::Innovation;
use crate::catalog::vocabulary::{AdoptionStatus, Vocabulary as _, vocabulary};
use crate::identity::RecordId;

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
        /// What it corrects is not here, moves along the other axis, or corrects it in turn; so both count.
        Correction = "CORRECTION",
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

/// The course of an innovation: its moves in one order, without those that were corrected. A date comes before those that lie
/// within it ([`PartialDate::comes_before`]). Of moves of one date each follows the one that ends where it begins, else the
/// one whose record is smaller; a correction stands for the record that it corrects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(Vec<PathStep>);

impl Path {
    /// Derives the course from all transitions of an innovation, in any order.
    pub fn of(innovation: &Innovation, transitions: &[(RecordId, &Transition)]) -> Self {
        let corrects = |said: &(RecordId, &Transition)| corrected_by(transitions, said);
        let corrected: Vec<_> = transitions.iter().filter_map(corrects).collect();
        let steps = transitions.iter().copied();
        let steps = steps.filter(|(record, _)| !corrected.contains(record));
        let mut path = Self::default();
        for (record, transition) in in_order(transitions, steps.collect()) {
            let before = path.last(transition.step.axis()).map(|last| last.step.to());
            let mut flaws = flaws(before, transition);
            if transition.corrects.is_some()
                && corrected_by(transitions, &(record, transition)).is_none()
            {
                flaws.push(TransitionFlaw::Correction);
            }
            path.0.push(PathStep {
                record,
                step: transition.step,
                on: transition.on,
                flaws,
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

type Said<'a> = (RecordId, &'a Transition);

/// The moves in the order of their path.
fn in_order<'a>(transitions: &[Said<'a>], mut steps: Vec<Said<'a>>) -> Vec<Said<'a>> {
    steps.sort_by_cached_key(|said| (said.1.on.sort_key(), first_said(transitions, said), said.0));
    let mut ordered: Vec<Said<'a>> = Vec::with_capacity(steps.len());
    for of_one_date in steps.chunk_by(|(_, one), (_, other)| one.on == other.on) {
        let mut left = of_one_date.to_vec();
        while !left.is_empty() {
            let next = left.iter().position(|said| follows(&ordered, &left, said));
            ordered.push(left.remove(next.unwrap_or(0)));
        }
    }
    ordered
}

/// The record in whose place a transition stands: what it corrects, and what that one corrected.
fn first_said(transitions: &[Said<'_>], said: &Said<'_>) -> RecordId {
    let mut first = *said;
    // A ring corrects nothing, so this ends.
    while let Some(corrected) = corrected_by(transitions, &first) {
        let found = transitions.iter().find(|(record, _)| *record == corrected);
        first = *found.expect("what is corrected was found");
    }
    first.0
}

/// Whether a move begins where the last one along its axis ended; the first of all, where none of its date ends.
fn follows(ordered: &[Said<'_>], of_one_date: &[Said<'_>], (_, said): &Said<'_>) -> bool {
    let along = |other: &&Said<'_>| other.1.step.axis() == said.step.axis();
    let from = said.step.from();
    match ordered.iter().rfind(along) {
        Some((_, last)) => last.step.to() == from,
        None => !of_one_date
            .iter()
            .filter(along)
            .any(|(_, other)| other.step.to() == from),
    }
}

/// The transition that another one takes the place of, if that one is here, moves along the same axis, and does not take its
/// place in turn, by however many others between.
fn corrected_by(
    transitions: &[(RecordId, &Transition)],
    (record, said): &(RecordId, &Transition),
) -> Option<RecordId> {
    let find = |wanted| transitions.iter().find(|(found, _)| *found == wanted);
    let (corrected, first) = find(said.corrects?)?;
    let mut next = Some((corrected, first));
    // Each step leads to another transition, or the chain is a ring that this one need not be in.
    for _ in 0..=transitions.len() {
        let Some((at, then)) = next else { break };
        if at == record {
            return None;
        }
        next = then.corrects.and_then(find).map(|(at, then)| (at, then));
    }
    (first.step.axis() == said.step.axis()).then_some(*corrected)
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
