//! What `docs/domain.md` tells the people of the network of steps is what the rules say: which may follow which, and which
//! needs a reason.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{
    AdoptionStatus, AnswerState, AssessmentState, CoachingState, Course, LifecycleStage, NeedState,
    ReplicationState, ThreadState, Transition, TransitionDraft, Vocabulary,
};

const DOMAIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/domain.md");
const HEADER: &str = "| catatan / record | dari / from | ke / to |";
const AT_FIRST: &str = "(awal";

/// A step: the state before, or [`AT_FIRST`]; the state after; and whether it needs a reason.
type Step = (String, String, bool);

#[test]
fn the_document_tells_every_step_and_no_other() {
    let document = std::fs::read_to_string(DOMAIN).unwrap();
    let told = told(&document);
    let courses = [
        ("Replikasi", course::<ReplicationState>()),
        ("Jawaban sumber", course::<AnswerState>()),
        ("Tahap pembinaan", moves::<LifecycleStage>("LIFECYCLE")),
        ("Tahapan penerapan", moves::<AdoptionStatus>("ADOPTION")),
        ("Pembinaan", course::<CoachingState>()),
        ("Tanya jawab", course::<ThreadState>()),
        ("Kebutuhan", course::<NeedState>()),
        ("Penilaian", course::<AssessmentState>()),
    ];
    assert_eq!(told.len(), courses.len(), "{:?}", told.keys());
    for (name, steps) in courses {
        assert_eq!(told.get(name), Some(&steps), "{name}");
    }
}

/// The steps of each kind of record, by the Indonesian name in the table's first column.
fn told(document: &str) -> BTreeMap<&str, BTreeSet<Step>> {
    let lines = document.lines().skip_while(|line| *line != HEADER).skip(2);
    let mut told: BTreeMap<_, BTreeSet<Step>> = BTreeMap::new();
    let mut name = "";
    for line in lines.take_while(|line| line.starts_with('|')) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [record, from, to] = cells[..] else {
            panic!("{line} should have three cells");
        };
        if !record.is_empty() {
            name = record.split([',', '/']).next().unwrap_or_default().trim();
        }
        let steps = to.split(", ").map(|to| {
            let needs_reason = to.contains('*');
            (code(from), code(to), needs_reason)
        });
        told.entry(name).or_default().extend(steps);
    }
    told
}

/// The code with which a cell begins; what follows explains it.
fn code(cell: &str) -> String {
    let word = cell.split_whitespace().next().unwrap_or_default();
    word.trim_end_matches("\\*").to_owned()
}

/// The terms between which steps are judged.
fn terms<V: Vocabulary>() -> impl Iterator<Item = V> {
    V::ALL.iter().copied().filter(|term| *term != V::OTHER)
}

fn course<C: Course>() -> BTreeSet<Step> {
    let first = terms::<C>().filter(|state| state.may_begin());
    let mut steps: BTreeSet<Step> = first
        .map(|state| (AT_FIRST.to_owned(), state.code().to_owned(), false))
        .collect();
    for from in terms::<C>() {
        let next = terms::<C>().filter(|to| to.may_follow(from));
        steps.extend(next.map(|to| step(from, to, to.needs_reason(from))));
    }
    steps
}

fn moves<V: Vocabulary>(axis: &str) -> BTreeSet<Step> {
    let mut steps = BTreeSet::new();
    for (from, to) in terms::<V>().flat_map(|from| terms::<V>().map(move |to| (from, to))) {
        let faults = faults(axis, from.code(), to.code());
        if !faults.contains("cannot follow") {
            steps.insert(step(from, to, faults.contains("needs a reason")));
        }
    }
    steps
}

/// What is wrong with a move for which no reason is given.
fn faults(axis: &str, from: &str, to: &str) -> String {
    let draft = TransitionDraft {
        innovation: testkit::records::record(1).to_string(),
        axis: axis.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        on: "2026-01-01".to_owned(),
        decided_by: "Kepala dinas".to_owned(),
        ..TransitionDraft::default()
    };
    let transition = Transition::read(&draft).unwrap();
    transition.faults().join("; ")
}

fn step<V: Vocabulary>(from: V, to: V, needs_reason: bool) -> Step {
    (from.code().to_owned(), to.code().to_owned(), needs_reason)
}
