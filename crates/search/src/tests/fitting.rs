//! What may be what somebody wishes for.

use domain::catalog::{AdoptionStatus, Affair, RegionCode, Sdg};
use domain::entry::Sight;

use super::{document, filled, record};
use crate::{Document, Wish};

fn with(number: u128, title: &str, change: impl FnOnce(&mut Document)) -> Document {
    let mut document = document(number, title, "");
    document.facts.affairs = Vec::new();
    document.facts.adoption = AdoptionStatus::Trial;
    change(&mut document);
    document
}

#[test]
fn the_most_promising_come_first() {
    let goal = Sdg::parse(3).unwrap();
    let (index, _writer) = filled(&[
        with(1, "Antrean puskesmas daring", |_| {}),
        with(2, "Taman kota", |document| {
            document.facts.affairs = vec![Affair::Health];
        }),
        with(3, "Taman desa", |document| {
            document.facts.affairs = vec![Affair::Environment, Affair::Health];
            document.facts.adoption = AdoptionStatus::Applied;
        }),
        with(4, "Taman bermain", |document| {
            document.facts.sdgs = vec![goal];
        }),
        with(5, "Antrean pasar", |_| {}),
        with(6, "Klinik", |document| {
            document.facts.affairs = vec![Affair::Health];
            document.facts.adoption = AdoptionStatus::Discontinued;
        }),
        with(7, "Antrean puskesmas malam", |document| {
            document.audience = 1;
        }),
        with(8, "Jalan", |document| {
            document.facts.affairs = vec![Affair::Environment];
            document.facts.region = RegionCode::parse("35").ok();
        }),
    ]);
    let wish = Wish {
        text: "Antrean di puskesmas yang pendek".to_owned(),
        affairs: vec![Affair::Health, Affair::Environment],
        sdgs: vec![goal],
        region: RegionCode::parse("13.71").ok(),
        sight: Sight::Public,
        limit: 10,
    };
    let check = |wish: &Wish, expected: &[(u128, bool)]| {
        let fits = index.read().fitting(wish).unwrap();
        let fits: Vec<_> = fits
            .into_iter()
            .map(|fit| (fit.id.1, fit.shares_words))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(number, shares_words)| (record(*number), *shares_words))
            .collect();
        assert_eq!(fits, expected);
    };
    let all = [(3, false), (2, false), (1, true), (8, false), (4, false)];
    check(&wish, &all);
    check(
        &Wish {
            limit: 2,
            ..wish.clone()
        },
        &all[..2],
    );
    let words_only = Wish {
        affairs: Vec::new(),
        sdgs: Vec::new(),
        ..wish.clone()
    };
    check(&words_only, &[(1, true)]);
    let sight = Sight::Network;
    check(
        &Wish {
            sight,
            ..words_only.clone()
        },
        &[(7, true), (1, true)],
    );
    check(
        &Wish {
            text: "yang di 2021".to_owned(),
            ..words_only
        },
        &[],
    );
}
