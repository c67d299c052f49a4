//! The rules of transitions: what each move needs, and what path they make in whatever order they arrive.

use proptest::prelude::*;
use time::macros::date;

use super::*;
use crate::catalog::innovation::Innovation;
use crate::catalog::{EvidenceKind, InnovationDraft};

const TODAY: Date = date!(2026 - 08 - 20);
const INNOVATION: &str = "0198f2c4-0000-7000-8000-000000000001";

fn record(number: u128) -> RecordId {
    uuid::Uuid::from_u128(number).into()
}

fn draft(step: &str, on: &str) -> TransitionDraft {
    let (from, to) = step.split_once('>').unwrap();
    let is_stage = LifecycleStage::find(from).is_some();
    TransitionDraft {
        innovation: INNOVATION.to_owned(),
        axis: if is_stage { "LIFECYCLE" } else { "ADOPTION" }.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        on: on.to_owned(),
        decided_by: "Kepala Dinas".to_owned(),
        ..TransitionDraft::default()
    }
}

fn transition(step: &str, on: &str) -> Transition {
    Transition::read(&draft(step, on)).unwrap()
}

fn innovation(stage: &str, adoption: &str, texts: &str) -> Innovation {
    let text = |name: &str| texts.contains(name).then(|| "Isi.".to_owned());
    let draft = InnovationDraft {
        title: "Antrean daring".to_owned(),
        agency: INNOVATION.to_owned(),
        stage: stage.to_owned(),
        adoption: adoption.to_owned(),
        summary: text("summary"),
        background: text("background"),
        novelty: text("novelty"),
        implementation: text("implementation"),
        sustainability: text("sustainability"),
        ..InnovationDraft::default()
    };
    Innovation::read(&draft).unwrap()
}

#[test]
fn a_transition_reads_back_from_its_text() {
    let mut draft = draft("DEVELOPMENT>CREATION", "2025-03");
    draft.reason = Some("Diulang dari awal.".to_owned());
    draft.evidence = vec![INNOVATION.to_owned()];
    draft.corrects = Some(INNOVATION.to_owned());
    let transition = Transition::parse(&draft, TODAY).unwrap();
    assert_eq!(TransitionDraft::from(&transition), draft);
    assert_eq!(Transition::read(&draft), Ok(transition));
}

#[test]
fn only_the_moves_of_the_rules_can_be_typed() {
    let stages = ["CREATION", "DEVELOPMENT", "INSTITUTIONALIZATION"];
    let statuses = ["INITIATIVE", "TRIAL", "APPLIED", "DISCONTINUED"];
    let mut plain = Vec::new();
    let mut with_reason = Vec::new();
    for states in [&stages[..], &statuses[..]] {
        for from in states {
            for to in states {
                let step = format!("{from}>{to}");
                let mut draft = draft(&step, "2025");
                if Transition::parse(&draft, TODAY).is_ok() {
                    plain.push(step.clone());
                }
                draft.reason = Some("Sebab.".to_owned());
                if Transition::parse(&draft, TODAY).is_ok() && !plain.contains(&step) {
                    with_reason.push(step);
                }
            }
        }
    }
    assert_eq!(
        plain,
        [
            "CREATION>DEVELOPMENT",
            "DEVELOPMENT>INSTITUTIONALIZATION",
            "INITIATIVE>TRIAL",
            "TRIAL>APPLIED",
        ]
    );
    assert_eq!(
        with_reason,
        [
            "DEVELOPMENT>CREATION",
            "INSTITUTIONALIZATION>DEVELOPMENT",
            "INITIATIVE>APPLIED",
            "INITIATIVE>DISCONTINUED",
            "TRIAL>DISCONTINUED",
            "APPLIED>DISCONTINUED",
            "DISCONTINUED>TRIAL",
        ]
    );
}

fn missing(
    innovation: &Innovation,
    before: &[(RecordId, &Transition)],
    evidence: &[EvidenceKind],
    transition: &Transition,
) -> String {
    let path = Path::of(innovation, before);
    let facts = Facts {
        innovation,
        path: &path,
        evidence,
        today: TODAY,
    };
    let errors = facts.require(transition).err();
    let fields = errors.iter().flat_map(FormErrors::fields);
    fields
        .map(|error| error.field.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn development_needs_use_texts_and_evidence() {
    let step = transition("CREATION>DEVELOPMENT", "2026");
    let texts = "summary background novelty implementation";
    let check = |adoption: &str, texts: &str, evidence: &[EvidenceKind], expected: &str| {
        let innovation = innovation("CREATION", adoption, texts);
        assert_eq!(missing(&innovation, &[], evidence, &step), expected);
    };
    let photo = [EvidenceKind::Photo];
    check("TRIAL", texts, &photo, "");
    check("APPLIED", texts, &photo, "");
    check("INITIATIVE", texts, &photo, "to");
    check(
        "TRIAL",
        "summary",
        &photo,
        "background novelty implementation",
    );
    check("TRIAL", texts, &[], "evidence");
}

#[test]
fn institutionalization_needs_a_year_of_use_rules_and_means() {
    use EvidenceKind as E;
    let step = transition("DEVELOPMENT>INSTITUTIONALIZATION", "2026-08-20");
    let check = |applied: &str, adoption: &str, evidence: &[E], texts: &str, expected: &str| {
        let innovation = innovation("DEVELOPMENT", adoption, texts);
        let applied = transition("TRIAL>APPLIED", applied);
        let before = [(record(1), &applied)];
        assert_eq!(
            missing(&innovation, &before, evidence, &step),
            expected,
            "{evidence:?}"
        );
    };
    let all = [E::Decree, E::Sop];
    let text = "sustainability";
    check("2025-08-20", "APPLIED", &all, text, "");
    check("2025-08-21", "APPLIED", &all, text, "to");
    check("2025", "APPLIED", &all, text, "to");
    check("2024", "APPLIED", &[E::Regulation, E::Budget], text, "");
    check("2024", "TRIAL", &all, text, "to");
    check("2024", "APPLIED", &[E::Sop], text, "evidence");
    check("2024", "APPLIED", &[E::Decree], text, "evidence");
    check("2024", "APPLIED", &all, "", "sustainability");
}

#[test]
fn a_record_may_begin_at_any_stage_and_is_told_what_the_stage_asks_for() {
    let check =
        |stage: &str, adoption: &str, texts: &str, evidence: &[EvidenceKind], expected: &str| {
            let innovation = innovation(stage, adoption, texts);
            let path = Path::default();
            let facts = Facts {
                innovation: &innovation,
                path: &path,
                evidence,
                today: TODAY,
            };
            let fields: Vec<_> = facts.lacks().into_iter().map(|lack| lack.field).collect();
            assert_eq!(fields.join(" "), expected, "{stage} {adoption}");
        };
    let all = "summary background novelty implementation";
    let decree = [EvidenceKind::Decree];
    check("CREATION", "INITIATIVE", "", &[], "");
    check("DEVELOPMENT", "TRIAL", all, &decree, "");
    check("DEVELOPMENT", "INITIATIVE", all, &[], "stage evidence");
    check(
        "INSTITUTIONALIZATION",
        "APPLIED",
        all,
        &decree,
        "stage evidence sustainability",
    );
}

#[test]
fn a_move_begins_where_the_innovation_is_and_not_before_the_last() {
    let innovation = innovation("DEVELOPMENT", "TRIAL", "");
    let last = transition("INITIATIVE>TRIAL", "2025-06");
    let before = [(record(1), &last)];
    let check = |step: &str, on: &str, corrects, expected: &str| {
        let mut transition = transition(step, on);
        transition.corrects = corrects;
        assert_eq!(
            missing(&innovation, &before, &[], &transition),
            expected,
            "{step}"
        );
    };
    check("TRIAL>APPLIED", "2025-07", None, "");
    check("TRIAL>APPLIED", "2025-05", None, "on");
    check("INITIATIVE>TRIAL", "2025-05", None, "from on");
    check("INITIATIVE>TRIAL", "2025-05", Some(record(1)), "");
}

#[test]
fn a_date_that_is_less_exact_does_not_go_back_before_the_last_move() {
    let innovation = innovation("DEVELOPMENT", "TRIAL", "");
    let check = |last: &str, on: &str, expected: &str| {
        let last = transition("INITIATIVE>TRIAL", last);
        let next = transition("TRIAL>APPLIED", on);
        let told = missing(&innovation, &[(record(1), &last)], &[], &next);
        assert_eq!(told, expected, "{on} after {}", last.on);
        // The smaller id: that of a clock behind.
        let path = Path::of(&innovation, &[(record(1), &last), (record(0), &next)]);
        let found = path.last(TransitionAxis::Adoption).map(|step| step.record);
        assert_eq!(
            found == Some(record(0)),
            expected.is_empty(),
            "{on} after {}",
            last.on
        );
    };
    check("2025-05-01", "2025", "on");
    check("2025-05-01", "2025-05", "on");
    check("2025-05", "2025", "on");
    check("2025", "2025", "");
    check("2025", "2025-05", "");
    check("2025-05-01", "2025-05-01", "");
    check("2025-05-01", "2026", "");
}

#[test]
fn a_correction_stands_where_the_corrected_move_stood() {
    let innovation = innovation("CREATION", "APPLIED", "");
    let (trial, applied) = (
        transition("INITIATIVE>TRIAL", "2025"),
        transition("TRIAL>APPLIED", "2025"),
    );
    let before = [(record(1), &trial), (record(2), &applied)];
    let mut right = transition("INITIATIVE>TRIAL", "2025");
    right.corrects = Some(record(1));
    assert_eq!(missing(&innovation, &before, &[], &right), "");
    let path = Path::of(&innovation, &[before[0], before[1], (record(3), &right)]);
    let records: Vec<_> = path.steps().iter().map(|step| step.record).collect();
    assert_eq!(records, [record(3), record(2)]);
    assert!(
        path.steps().iter().all(|step| step.flaws.is_empty()),
        "{path:?}"
    );
    // A day within the year of the move after it would come later.
    right.on = PartialDate::parse("2025-03-01").unwrap();
    assert_eq!(missing(&innovation, &before, &[], &right), "on");
}

#[test]
fn a_correction_takes_a_place_between_the_moves_beside_it() {
    let innovation = innovation("CREATION", "APPLIED", "");
    let trial = transition("INITIATIVE>TRIAL", "2023");
    let applied = transition("TRIAL>APPLIED", "2025-06");
    let before = [(record(1), &trial), (record(2), &applied)];
    let check = |step: &str, on: &str, corrects: u128, expected: &str| {
        let mut transition = transition(step, on);
        transition.corrects = Some(record(corrects));
        let told = missing(&innovation, &before, &[], &transition);
        assert_eq!(told, expected, "{step} {on}");
    };
    check("INITIATIVE>TRIAL", "2024", 1, "");
    check("TRIAL>APPLIED", "2026-01", 2, "");
    check("TRIAL>DISCONTINUED", "2023", 2, "");
    check("TRIAL>APPLIED", "2022", 2, "on");
    check("INITIATIVE>TRIAL", "2025-07", 1, "on");
    check("INITIATIVE>APPLIED", "2024", 1, "to");
    check("INITIATIVE>APPLIED", "2026", 2, "from");
    check("TRIAL>APPLIED", "2024", 3, "corrects");
    check(
        "CREATION>DEVELOPMENT",
        "2024",
        1,
        "corrects summary background novelty implementation evidence",
    );
}

#[test]
fn a_correction_that_corrects_nothing_hides_nothing() {
    let innovation = innovation("CREATION", "TRIAL", "");
    let with = |step: &str, corrects: u128| {
        let mut transition = transition(step, "2024");
        transition.corrects = Some(record(corrects));
        transition
    };
    let told = |transitions: &[(RecordId, &Transition)]| -> Vec<_> {
        let path = Path::of(&innovation, transitions);
        path.steps()
            .iter()
            .map(|step| {
                (
                    step.record,
                    step.flaws.contains(&TransitionFlaw::Correction),
                )
            })
            .collect()
    };
    // One that is not here, one of the other axis, itself, and two that correct each other.
    let absent = with("INITIATIVE>TRIAL", 77);
    assert_eq!(told(&[(record(1), &absent)]), [(record(1), true)]);
    let (stage, other) = (
        transition("CREATION>DEVELOPMENT", "2023"),
        with("INITIATIVE>TRIAL", 1),
    );
    assert_eq!(
        told(&[(record(1), &stage), (record(2), &other)]),
        [(record(1), false), (record(2), true)]
    );
    let itself = with("INITIATIVE>TRIAL", 1);
    assert_eq!(told(&[(record(1), &itself)]), [(record(1), true)]);
    let (one, two) = (with("INITIATIVE>TRIAL", 2), with("INITIATIVE>TRIAL", 1));
    assert_eq!(
        told(&[(record(1), &one), (record(2), &two)]),
        [(record(1), true), (record(2), true)]
    );
    // A correction of one in a ring still counts, in its place.
    let third = with("INITIATIVE>TRIAL", 1);
    assert_eq!(
        told(&[(record(1), &one), (record(2), &two), (record(3), &third)]),
        [(record(3), false), (record(2), true)]
    );
}

#[test]
fn a_path_shows_its_flaws() {
    let innovation = innovation("CREATION", "APPLIED", "");
    let first = transition("INITIATIVE>TRIAL", "2024");
    let gap = transition("APPLIED>DISCONTINUED", "2025");
    let wrong = transition("DISCONTINUED>APPLIED", "2026");
    let mut corrected = transition("INITIATIVE>DISCONTINUED", "2023");
    corrected.reason = None;
    let mut correction = transition("INITIATIVE>TRIAL", "2023");
    correction.corrects = Some(record(9));
    let flaws = |transitions: &[(RecordId, &Transition)]| -> Vec<_> {
        let path = Path::of(&innovation, transitions);
        path.steps().iter().map(|step| step.flaws.clone()).collect()
    };
    assert_eq!(
        flaws(&[(record(3), &wrong), (record(1), &first), (record(2), &gap)]),
        [
            vec![],
            vec![TransitionFlaw::Gap, TransitionFlaw::NoReason],
            vec![TransitionFlaw::NotAllowed],
        ]
    );
    assert_eq!(
        flaws(&[(record(9), &corrected), (record(10), &correction)]),
        [vec![TransitionFlaw::NotShown]]
    );
}

proptest! {
    /// Moves arrive in any order, and every hub derives the same path.
    #[test]
    fn the_order_of_arrival_does_not_matter(
        moves in prop::collection::vec((0..4_usize, 2020..2026_i32, any::<u16>()), 0..8),
        shuffle in any::<prop::sample::Index>(),
    ) {
        let steps = ["INITIATIVE>TRIAL", "TRIAL>APPLIED", "APPLIED>DISCONTINUED", "DISCONTINUED>TRIAL"];
        let made: Vec<_> = moves
            .iter()
            .enumerate()
            .map(|(nth, (step, year, id))| {
                let id = record(u128::from(*id) * 100 + nth as u128);
                (id, transition(steps[*step], &year.to_string()))
            })
            .collect();
        let there: Vec<_> = made.iter().map(|(id, said)| (*id, said)).collect();
        let mut otherwise = there.clone();
        otherwise.reverse();
        if !otherwise.is_empty() {
            let middle = shuffle.index(otherwise.len());
            otherwise.rotate_left(middle);
        }
        let innovation = innovation("CREATION", "TRIAL", "");
        prop_assert_eq!(Path::of(&innovation, &there), Path::of(&innovation, &otherwise));
    }
}

#[test]
fn a_path_is_judged_by_evidence_and_use() {
    use TransitionFlaw as F;
    let innovation = innovation("INSTITUTIONALIZATION", "APPLIED", "");
    let check =
        |applied: &str, on: &str, evidence: &[EvidenceKind], expected: &[TransitionFlaw]| {
            let (trial, applied) = (
                transition("INITIATIVE>TRIAL", "2020"),
                transition("TRIAL>APPLIED", applied),
            );
            let (first, last) = (
                transition("CREATION>DEVELOPMENT", "2021"),
                transition("DEVELOPMENT>INSTITUTIONALIZATION", on),
            );
            let mut path = Path::of(
                &innovation,
                &[
                    (record(1), &trial),
                    (record(2), &applied),
                    (record(3), &first),
                    (record(4), &last),
                ],
            );
            path.judge(evidence);
            assert_eq!(path.steps().last().unwrap().flaws, expected, "{on}");
        };
    let all = [EvidenceKind::Decree, EvidenceKind::Sop];
    check("2022", "2023", &all, &[]);
    check("2022-06-02", "2023-06-01", &all, &[F::Use]);
    check("2022-06-02", "2023", &all, &[]);
    check("2022", "2024", &all[..1], &[F::Evidence]);
    check("2025", "2025", &[], &[F::Evidence, F::Use]);
    check("2025-02", "2025-11", &[], &[F::Evidence, F::Use]);
}

proptest! {
    #[test]
    fn a_leg_reads_back_from_its_line(step in 0..3_usize, reason in any::<bool>(), corrects in any::<Option<u128>>()) {
        let mut said = transition(["INITIATIVE>TRIAL", "CREATION>DEVELOPMENT", "APPLIED>DISCONTINUED"][step], "2025-03");
        said.reason = reason.then(|| Words::parse("Sebab.").unwrap());
        said.corrects = corrects.map(record);
        let leg = Leg::of(&said);
        prop_assert_eq!(Leg::parse(&leg.to_line()), Some(leg));
    }
}

#[test]
fn more_moves_than_are_compared_are_shown_by_their_dates() {
    let innovation = innovation("CREATION", "TRIAL", "");
    let path = |count: usize| {
        let day = |nth: usize| format!("{}-{:02}", 1990 - nth / 12, 12 - nth % 12);
        let said = |nth: usize| transition("INITIATIVE>TRIAL", &day(nth));
        let said: Vec<_> = (0..count).map(said).collect();
        let moves: Vec<_> = (0..).map(record).zip(&said).collect();
        Path::of(&innovation, &moves)
    };
    let is_one_of_many = |step: &&PathStep| step.flaws == [TransitionFlaw::TooMany];
    let compared = path(Path::MOST_MOVES);
    assert_eq!(compared.steps().iter().filter(is_one_of_many).count(), 0);
    let many = path(Path::MOST_MOVES + 1);
    let found = many.steps().iter().filter(is_one_of_many).count();
    assert_eq!(found, Path::MOST_MOVES + 1);
    assert!(many.steps().is_sorted_by_key(|step| step.on.sort_key()));
}
