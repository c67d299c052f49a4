//! What the adopter's and the source's words make together.

use super::{AnswerState, Replication, ReplicationAnswer, ReplicationState};
use crate::catalog::vocabulary::vocabulary;

vocabulary! {
    /// How far a replication is, by both sides' words.
    ProgressState {
        /// Minat: the adopter asked, the source has not answered.
        Interested = "INTERESTED",
        /// Terverifikasi: the source welcomes it; no agreement of both yet.
        Verified = "VERIFIED",
        /// Ditolak: the source does not want it.
        Refused = "REFUSED",
        /// Disepakati: both signed.
        Agreed = "AGREED",
        /// Direncanakan.
        Planned = "PLANNED",
        /// Berjalan.
        Ongoing = "ONGOING",
        /// Selesai.
        Done = "DONE",
        /// Batal: the adopter gave it up.
        Cancelled = "CANCELLED",
    }
}

vocabulary! {
    /// Whose word a replication stands on.
    ReplicationStanding {
        /// Diklaim: the adopter's alone.
        Claimed = "CLAIMED",
        /// Terkonfirmasi: the source's too.
        Confirmed = "CONFIRMED",
        /// Disanggah: the source says otherwise.
        Disputed = "DISPUTED",
    }
}

vocabulary! {
    /// One of the two that make a replication.
    ReplicationSide {
        /// The agency that takes the innovation over, and its hub.
        Adopter = "ADOPTER",
        /// The hub whose innovation it is.
        Source = "SOURCE",
    }
}

vocabulary! {
    /// Where the two words do not fit.
    ReplicationConflict {
        /// The adopter went on though the source refused.
        WentOnThoughRefused = "WENT_ON_THOUGH_REFUSED",
        /// The adopter went on without the source's signature.
        WentOnWithoutAgreement = "WENT_ON_WITHOUT_AGREEMENT",
        /// The source confirms what the adopter gave up.
        ConfirmedThoughCancelled = "CONFIRMED_THOUGH_CANCELLED",
        /// Steps of the adopter's break the rules of their order.
        AdopterSteps = "ADOPTER_STEPS",
        /// Steps of the source's break the rules of their order.
        SourceSteps = "SOURCE_STEPS",
    }
}

/// A replication as both sides' words show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationProgress {
    /// How far it is.
    pub state: ProgressState,
    /// Whose word it stands on.
    pub standing: ReplicationStanding,
    /// Who is to do the next step; nobody when it is at its end.
    pub next: Option<ReplicationSide>,
    /// Where the words do not fit. They are shown, never mended silently.
    pub conflicts: Vec<ReplicationConflict>,
}

impl ReplicationProgress {
    /// Derives the process from the newest words of both sides; the source may not have answered, or its answer may not
    /// have arrived.
    pub fn of(adopter: &Replication, source: Option<&ReplicationAnswer>) -> Self {
        let answer = source.map(ReplicationAnswer::state);
        let (state, standing) = derive(adopter.state(), answer);
        Self {
            state,
            standing,
            next: next_side(adopter.state(), (state, standing)),
            conflicts: conflicts(adopter, source),
        }
    }
}

/// How far a replication is, and on whose word, from the last words of both sides. Rows of databases keep no more, and are what
/// readers are told: who changes this has them derived anew by a migration.
pub fn derive(
    adopter: ReplicationState,
    answer: Option<AnswerState>,
) -> (ProgressState, ReplicationStanding) {
    let state = match adopter {
        ReplicationState::Agreed if has_agreed(answer) => ProgressState::Agreed,
        ReplicationState::Interested | ReplicationState::Agreed => match answer {
            None => ProgressState::Interested,
            Some(AnswerState::Refused) => ProgressState::Refused,
            Some(_) => ProgressState::Verified,
        },
        ReplicationState::Planned => ProgressState::Planned,
        ReplicationState::Ongoing => ProgressState::Ongoing,
        ReplicationState::Done => ProgressState::Done,
        ReplicationState::Cancelled => ProgressState::Cancelled,
        ReplicationState::Other => ProgressState::Other,
    };
    let standing = match answer {
        Some(AnswerState::Confirmed) => ReplicationStanding::Confirmed,
        Some(AnswerState::Disputed) => ReplicationStanding::Disputed,
        _ => ReplicationStanding::Claimed,
    };
    (state, standing)
}

/// Whoever confirms or disputes what was made of an agreement has signed it.
fn has_agreed(answer: Option<AnswerState>) -> bool {
    matches!(
        answer,
        Some(AnswerState::Agreed | AnswerState::Confirmed | AnswerState::Disputed)
    )
}

/// Who is to do the next step of a replication that the adopter says so much of, and that is so far by both words.
pub fn next_side(
    adopter: ReplicationState,
    (state, standing): (ProgressState, ReplicationStanding),
) -> Option<ReplicationSide> {
    match state {
        ProgressState::Interested => Some(ReplicationSide::Source),
        ProgressState::Verified if adopter == ReplicationState::Agreed => {
            Some(ReplicationSide::Source)
        }
        ProgressState::Verified
        | ProgressState::Agreed
        | ProgressState::Planned
        | ProgressState::Ongoing => Some(ReplicationSide::Adopter),
        ProgressState::Done => {
            (standing == ReplicationStanding::Claimed).then_some(ReplicationSide::Source)
        }
        ProgressState::Refused | ProgressState::Cancelled | ProgressState::Other => None,
    }
}

fn conflicts(
    adopter: &Replication,
    source: Option<&ReplicationAnswer>,
) -> Vec<ReplicationConflict> {
    let answer = source.map(ReplicationAnswer::state);
    let went_on = matches!(
        adopter.state(),
        ReplicationState::Planned | ReplicationState::Ongoing | ReplicationState::Done
    );
    let was_refused = answer == Some(AnswerState::Refused);
    let found = [
        (
            went_on && was_refused,
            ReplicationConflict::WentOnThoughRefused,
        ),
        (
            went_on && !was_refused && !has_agreed(answer),
            ReplicationConflict::WentOnWithoutAgreement,
        ),
        (
            adopter.state() == ReplicationState::Cancelled
                && answer == Some(AnswerState::Confirmed),
            ReplicationConflict::ConfirmedThoughCancelled,
        ),
        (
            !adopter.steps.missteps().is_empty(),
            ReplicationConflict::AdopterSteps,
        ),
        (
            source.is_some_and(|source| !source.steps.missteps().is_empty()),
            ReplicationConflict::SourceSteps,
        ),
    ];
    let kept = found.into_iter().filter(|(is_so, _)| *is_so);
    kept.map(|(_, conflict)| conflict).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{ReplicationAnswerDraft, ReplicationDraft, StepDraft};

    const REPLICATION: &str = "id-33:0198f2c4-0000-7000-8000-000000000003";

    fn steps(states: &str) -> Vec<StepDraft> {
        let step = |state: &str| StepDraft {
            state: state.to_owned(),
            on: "2025".to_owned(),
            reason: Some("Sebab.".to_owned()),
        };
        states.split_whitespace().map(step).collect()
    }

    fn process(adopter: &str, source: &str) -> ReplicationProgress {
        let adopter = ReplicationDraft {
            source: "id-35:0198f2c4-0000-7000-8000-000000000001".to_owned(),
            adopter: "0198f2c4-0000-7000-8000-000000000002".to_owned(),
            steps: steps(adopter),
            scope: "FULL".to_owned(),
            ..ReplicationDraft::default()
        };
        let adopter = Replication::read(&adopter).unwrap();
        let source = ReplicationAnswerDraft {
            replication: REPLICATION.to_owned(),
            steps: steps(source),
            note: None,
        };
        let source = (!source.steps.is_empty()).then(|| ReplicationAnswer::read(&source).unwrap());
        ReplicationProgress::of(&adopter, source.as_ref())
    }

    #[test]
    fn the_two_words_make_one_process() {
        use {ProgressState as P, ReplicationSide as N, ReplicationStanding as S};
        let agreed = "INTERESTED AGREED";
        let done = "INTERESTED AGREED ONGOING DONE";
        for (adopter, source, state, standing, next) in [
            ("INTERESTED", "", P::Interested, S::Claimed, Some(N::Source)),
            (
                "INTERESTED",
                "VERIFIED",
                P::Verified,
                S::Claimed,
                Some(N::Adopter),
            ),
            ("INTERESTED", "REFUSED", P::Refused, S::Claimed, None),
            (
                "INTERESTED",
                "REFUSED VERIFIED",
                P::Verified,
                S::Claimed,
                Some(N::Adopter),
            ),
            (
                "INTERESTED",
                "VERIFIED AGREED",
                P::Verified,
                S::Claimed,
                Some(N::Adopter),
            ),
            (agreed, "", P::Interested, S::Claimed, Some(N::Source)),
            (agreed, "VERIFIED", P::Verified, S::Claimed, Some(N::Source)),
            (
                agreed,
                "VERIFIED AGREED",
                P::Agreed,
                S::Claimed,
                Some(N::Adopter),
            ),
            (
                done,
                "VERIFIED AGREED",
                P::Done,
                S::Claimed,
                Some(N::Source),
            ),
            (
                done,
                "VERIFIED AGREED CONFIRMED",
                P::Done,
                S::Confirmed,
                None,
            ),
            (done, "VERIFIED AGREED DISPUTED", P::Done, S::Disputed, None),
            (
                "INTERESTED CANCELLED",
                "VERIFIED",
                P::Cancelled,
                S::Claimed,
                None,
            ),
        ] {
            let found = process(adopter, source);
            let (adopter, source) = (format!("{adopter:?}"), format!("{source:?}"));
            assert_eq!(
                (found.state, found.standing, found.next),
                (state, standing, next),
                "{adopter} and {source}"
            );
            assert_eq!(found.conflicts, [], "{adopter} and {source}");
        }
    }

    #[test]
    fn words_that_do_not_fit_are_shown() {
        let check = |adopter: &str, source: &str, expected: ReplicationConflict| {
            assert_eq!(
                process(adopter, source).conflicts,
                [expected],
                "{adopter} and {source}"
            );
        };
        let planned = "INTERESTED AGREED PLANNED";
        check(planned, "REFUSED", ReplicationConflict::WentOnThoughRefused);
        check(
            planned,
            "VERIFIED",
            ReplicationConflict::WentOnWithoutAgreement,
        );
        check(planned, "", ReplicationConflict::WentOnWithoutAgreement);
        let gone = "INTERESTED AGREED CANCELLED";
        check(
            gone,
            "VERIFIED AGREED CONFIRMED",
            ReplicationConflict::ConfirmedThoughCancelled,
        );
        check(
            "AGREED",
            "VERIFIED AGREED",
            ReplicationConflict::AdopterSteps,
        );
        check("INTERESTED", "AGREED", ReplicationConflict::SourceSteps);
    }
}
