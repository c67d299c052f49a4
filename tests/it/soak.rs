//! What a soak asks for at its end, and what it draws from its seed.

use testkit::soak::ledger::{Ledger, Shown, Written};
use testkit::soak::plan;

fn written(hub: usize, id: &str, revision: u64) -> Written {
    Written {
        hub,
        id: id.to_owned(),
        revision,
        title: "Judul".to_owned(),
        is_sure: true,
    }
}

fn shown(records: &[(&str, u64)]) -> Shown {
    let said = |(id, revision): &(&str, u64)| ((*id).to_owned(), (*revision, "Judul".to_owned()));
    records.iter().map(said).collect()
}

#[test]
fn a_seed_draws_the_same_deeds_again() {
    let drawn = |seed| {
        let mut chance = fastrand::Rng::with_seed(seed);
        std::array::from_fn::<_, 100, _>(|_| plan::draw(&mut chance))
    };
    assert_eq!(drawn(7), drawn(7));
    assert_ne!(drawn(7), drawn(8));
}

#[test]
fn what_was_answered_must_be_shown_as_it_was_said() {
    let mut ledger = Ledger::default();
    ledger.note(written(0, "a1", 1));
    ledger.note(written(0, "a2", 2));
    let check = |held: &[(&str, u64)], faults: usize| {
        assert_eq!(ledger.faults(&shown(held)).len(), faults, "{held:?}");
    };
    check(&[("a1", 1), ("a2", 2)], 0);
    check(&[("a1", 1), ("a2", 2), ("b1", 9)], 0);
    check(&[("a1", 1)], 1);
    check(&[("a1", 2), ("a2", 2)], 1);
    check(&[], 2);
}

#[test]
fn what_was_taken_back_must_be_gone_unless_nobody_knows() {
    let mut ledger = Ledger::default();
    ledger.note(written(0, "sure", 1));
    ledger.note(written(0, "unsure", 1));
    ledger.take_back("sure", true);
    ledger.take_back("unsure", false);
    assert!(ledger.faults(&shown(&[])).is_empty());
    assert!(ledger.faults(&shown(&[("unsure", 1)])).is_empty());
    assert_eq!(ledger.faults(&shown(&[("sure", 1)])).len(), 1);
}

#[test]
fn after_a_put_back_what_others_hold_must_be_shown() {
    let is_of_a = |id: &str| id.starts_with('a');
    let mut ledger = Ledger::default();
    for id in ["a-held", "a-unheard"] {
        ledger.note(written(0, id, 3));
    }
    ledger.note(written(1, "b", 1));
    ledger.put_back(0, is_of_a, &[shown(&[("a-held", 2), ("b", 1)]), shown(&[])]);
    let faults = |held: &[(&str, u64)]| ledger.faults(&shown(held)).len();
    assert_eq!(faults(&[("a-held", 2), ("b", 1)]), 0);
    assert_eq!(faults(&[("a-held", 1), ("b", 1)]), 1);
    assert_eq!(faults(&[("a-unheard", 3), ("b", 1)]), 1);

    // Whoever held it is put back, too.
    ledger.lose(is_of_a, &[shown(&[("b", 1)])]);
    assert_eq!(ledger.faults(&shown(&[("b", 1)])).len(), 0);
    assert_eq!(ledger.faults(&shown(&[])).len(), 1);
}
