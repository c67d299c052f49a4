//! The course that all moves of an innovation make, whatever the order in which they arrived.

use super::facts::permanent_evidence;
use super::{Facts, Move, Transition, TransitionAxis};
use crate::catalog::date::PartialDate;
use crate::catalog::evidence::EvidenceKind;
use crate::catalog::innovation::Innovation;
use crate::catalog::vocabulary::{AdoptionStatus, LifecycleStage, Vocabulary as _, vocabulary};
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
        /// The evidence is not here that the stage asks for which it reaches. Told to those who may see what is for the network,
        /// as most evidence is.
        Evidence = "EVIDENCE",
        /// It makes permanent what was not in regular use for twelve months.
        Use = "USE",
        /// The innovation has more moves than are compared.
        TooMany = "TOO_MANY",
    }
}

impl TransitionFlaw {
    /// What is wrong, in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotAllowed => "the rules have no such move",
            Self::Gap => "it does not begin where the move before it ended",
            Self::NoReason => "it needs a reason",
            Self::NotShown => "its end is not where the innovation says it is",
            Self::Correction => {
                "what it corrects is not here, or on another axis, or corrects it in turn"
            }
            Self::Evidence => "the evidence is not here that its stage asks for",
            Self::Use => "the innovation was not in regular use for twelve months",
            Self::TooMany => "the innovation has more than 200 moves, so they are not compared",
            Self::Other => "a newer program finds something wrong with it",
        }
    }

    /// Whether it shows only beside other records.
    pub const fn is_derived(self) -> bool {
        !matches!(self, Self::NotAllowed | Self::NoReason)
    }
}

/// What of a transition makes a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    step: Move,
    on: PartialDate,
    has_reason: bool,
    corrects: Option<RecordId>,
}

impl Leg {
    /// What of a transition makes a path.
    pub fn of(said: &Transition) -> Self {
        Self {
            step: said.step,
            on: said.on,
            has_reason: said.reason.is_some(),
            corrects: said.corrects,
        }
    }

    /// The leg as a line of text, for [`Self::parse`].
    pub fn to_line(&self) -> String {
        let (axis, from, to) = (self.step.axis(), self.step.from(), self.step.to());
        let reason = if self.has_reason { '+' } else { '-' };
        let corrects = self
            .corrects
            .map_or_else(String::new, |record| format!(" {record}"));
        format!("{axis} {from} {to} {on} {reason}{corrects}", on = self.on)
    }

    /// Reads the line of a leg.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (axis, from, to) = (words.next()?, words.next()?, words.next()?);
        let step = match TransitionAxis::read(axis) {
            TransitionAxis::Lifecycle => {
                Move::Lifecycle(LifecycleStage::read(from), LifecycleStage::read(to))
            }
            TransitionAxis::Adoption => {
                Move::Adoption(AdoptionStatus::read(from), AdoptionStatus::read(to))
            }
            TransitionAxis::Other => Move::Unknown,
        };
        Some(Self {
            step,
            on: PartialDate::parse(words.next()?).ok()?,
            has_reason: words.next()? == "+",
            corrects: words.next().and_then(|raw| RecordId::parse(raw).ok()),
        })
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
    /// The most moves of one innovation that are compared with each other; of one with more, each is flawed.
    pub const MOST_MOVES: usize = 200;

    /// Derives the course from all transitions of an innovation, in any order.
    pub fn of(innovation: &Innovation, transitions: &[(RecordId, &Transition)]) -> Self {
        let leg = |(record, said): &(RecordId, &Transition)| (*record, Leg::of(said));
        let legs: Vec<_> = transitions.iter().map(leg).collect();
        Self::of_legs(Some((innovation.stage, innovation.adoption)), &legs)
    }

    /// The same from what of them makes a path; the innovation may not be here.
    pub fn of_legs(
        ends: Option<(LifecycleStage, AdoptionStatus)>,
        transitions: &[(RecordId, Leg)],
    ) -> Self {
        if transitions.len() > Self::MOST_MOVES {
            return Self::too_many(transitions);
        }
        let corrects = |said: &Said| corrected_by(transitions, said);
        let corrected: Vec<_> = transitions.iter().filter_map(corrects).collect();
        let steps = transitions.iter();
        let steps = steps.filter(|(record, _)| !corrected.contains(record));
        let mut path = Self::default();
        for said in in_order(transitions, steps.collect()) {
            let (record, transition) = said;
            let before = path.last(transition.step.axis()).map(|last| last.step.to());
            let mut flaws = flaws(before, transition);
            if transition.corrects.is_some() && corrected_by(transitions, said).is_none() {
                flaws.push(TransitionFlaw::Correction);
            }
            path.0.push(PathStep {
                record: *record,
                step: transition.step,
                on: transition.on,
                flaws,
            });
        }
        if let Some((stage, adoption)) = ends {
            path.compare(TransitionAxis::Lifecycle, stage.code());
            path.compare(TransitionAxis::Adoption, adoption.code());
        }
        path
    }

    /// More moves than are compared, by their dates.
    fn too_many(transitions: &[(RecordId, Leg)]) -> Self {
        let step = |(record, leg): &(RecordId, Leg)| PathStep {
            record: *record,
            step: leg.step,
            on: leg.on,
            flaws: vec![TransitionFlaw::TooMany],
        };
        let mut steps: Vec<_> = transitions.iter().map(step).collect();
        steps.sort_by_key(|step| (step.on.sort_key(), step.record));
        Self(steps)
    }

    fn compare(&mut self, axis: TransitionAxis, shown: &str) {
        let last = self.0.iter_mut().rfind(|step| step.step.axis() == axis);
        if let Some(last) = last
            && last.step.to() != shown
        {
            last.flaws.push(TransitionFlaw::NotShown);
        }
    }

    /// Adds what the moves' stages ask for and is not among the kinds of evidence that are here, or in the path.
    pub fn judge(&mut self, evidence: &[EvidenceKind]) {
        for nth in 0..self.0.len() {
            let asks = match self.0[nth].step {
                Move::Lifecycle(LifecycleStage::Creation, LifecycleStage::Development) => {
                    [evidence.is_empty(), false]
                }
                Move::Lifecycle(
                    LifecycleStage::Development,
                    LifecycleStage::Institutionalization,
                ) => {
                    let (rule, means) = permanent_evidence(evidence);
                    [!rule || !means, self.was_short(nth)]
                }
                _ => continue,
            };
            for (flaw, is_so) in [TransitionFlaw::Evidence, TransitionFlaw::Use]
                .into_iter()
                .zip(asks)
            {
                if is_so {
                    self.0[nth].flaws.push(flaw);
                }
            }
        }
    }

    /// Whether the innovation was surely in regular use for less than twelve months at a move, by the moves before it; without
    /// any along that axis it is not known.
    fn was_short(&self, nth: usize) -> bool {
        let mut before = self.0[..nth].iter();
        let last = before.rfind(|step| step.step.axis() == TransitionAxis::Adoption);
        let Some(last) = last else { return false };
        let is_applied = matches!(last.step, Move::Adoption(_, AdoptionStatus::Applied));
        !is_applied || last.on.most_months_until(self.0[nth].on) < Facts::APPLIED_MONTHS
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

type Said = (RecordId, Leg);

/// The moves in the order of their path.
fn in_order<'a>(transitions: &[Said], mut steps: Vec<&'a Said>) -> Vec<&'a Said> {
    steps.sort_by_cached_key(|said| (said.1.on.sort_key(), first_said(transitions, said), said.0));
    let mut ordered: Vec<&Said> = Vec::with_capacity(steps.len());
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
fn first_said(transitions: &[Said], said: &Said) -> RecordId {
    let mut first = said;
    // A ring corrects nothing, so this ends.
    while let Some(corrected) = corrected_by(transitions, first) {
        let found = transitions.iter().find(|(record, _)| *record == corrected);
        first = found.expect("what is corrected was found");
    }
    first.0
}

/// Whether a move begins where the last one along its axis ended; the first of all, where none of its date ends.
fn follows(ordered: &[&Said], of_one_date: &[&Said], (_, said): &Said) -> bool {
    let along = |other: &&&Said| other.1.step.axis() == said.step.axis();
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
fn corrected_by(transitions: &[Said], (record, said): &Said) -> Option<RecordId> {
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

fn flaws(before: Option<&str>, transition: &Leg) -> Vec<TransitionFlaw> {
    let step = transition.step;
    let found = [
        (!step.is_allowed(), TransitionFlaw::NotAllowed),
        (
            before.is_some_and(|before| before != step.from()),
            TransitionFlaw::Gap,
        ),
        (
            step.needs_reason() && !transition.has_reason,
            TransitionFlaw::NoReason,
        ),
    ];
    found
        .into_iter()
        .filter(|(is_so, _)| *is_so)
        .map(|(_, flaw)| flaw)
        .collect()
}
