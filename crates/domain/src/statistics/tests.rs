//! Columns count what a plain reading of the same records counts, and show nobody what he may not see.

mod naive;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::catalog::{
    AdoptionStatus, Affair, AwardBasis, CoachingState, LifecycleStage, Move, NeedState,
    PartialDate, ProgressState, RegionCode, ReplicationStanding, Sdg,
};
use crate::entry::Sight;
use crate::identity::{HubId, RecordId, RecordRef};

/// The moment before which what is current counts as stale.
const STALE_BEFORE: i64 = 50;

fn hub(number: u8) -> HubId {
    HubId::parse(&format!("hub-{number}")).unwrap()
}

fn record(number: u8) -> RecordId {
    uuid::Uuid::from_u128(number.into()).into()
}

fn reference(hub_number: u8, number: u8) -> RecordRef {
    RecordRef {
        hub: hub(hub_number),
        record: record(number),
    }
}

fn references() -> impl Strategy<Value = RecordRef> {
    (0..3_u8, 0..24_u8).prop_map(|(hub, number)| reference(hub, number))
}

fn regions() -> impl Strategy<Value = Option<RegionCode>> {
    let codes = ["33", "33.72", "35.78", "94"].map(|code| RegionCode::parse(code).unwrap());
    prop::option::of(prop::sample::select(codes.to_vec()))
}

fn masks() -> impl Strategy<Value = (u64, u32)> {
    let affairs = prop::sample::subsequence(
        vec![Affair::Education, Affair::Health, Affair::Other],
        0..=3,
    );
    let goals = prop::sample::subsequence(vec![1_i64, 4, 17], 0..=3);
    (affairs, goals).prop_map(|(affairs, goals)| {
        let affairs = affairs.iter().fold(0, |bits, affair| bits | affair.mask());
        let goals = goals.iter().map(|goal| Sdg::parse(*goal).unwrap());
        (affairs, goals.fold(0, |bits, goal| bits | goal.mask()))
    })
}

fn stages() -> impl Strategy<Value = LifecycleStage> {
    use LifecycleStage::{Creation, Development, Institutionalization, Other};
    prop::sample::select(vec![Creation, Development, Institutionalization, Other])
}

fn adoptions() -> impl Strategy<Value = AdoptionStatus> {
    use AdoptionStatus::{Applied, Other, Trial};
    prop::sample::select(vec![Trial, Applied, Other])
}

fn years() -> impl Strategy<Value = u16> {
    prop::sample::select(vec![1945, 2020, 2021, 9999])
}

fn innovations() -> impl Strategy<Value = Fact> {
    let own = (0..8_u8, prop::option::of(years()), 0..100_i64);
    (own, stages(), adoptions(), masks()).prop_map(
        |((agency, year, current), stage, adoption, (affairs, sdgs))| {
            Fact::Innovation(InnovationFact {
                agency: record(agency),
                stage,
                adoption,
                year,
                affairs,
                sdgs,
                current,
            })
        },
    )
}

fn replications() -> impl Strategy<Value = Fact> {
    use ProgressState::{Agreed, Cancelled, Done, Interested, Other, Refused};
    let states = prop::sample::select(vec![Interested, Refused, Agreed, Done, Cancelled, Other]);
    let standings = prop::sample::select(vec![
        ReplicationStanding::Claimed,
        ReplicationStanding::Confirmed,
        ReplicationStanding::Disputed,
    ]);
    (references(), 0..8_u8, states, standings).prop_map(|(source, adopter, state, standing)| {
        Fact::Replication(ReplicationFact {
            source,
            adopter: record(adopter),
            state,
            standing,
        })
    })
}

fn transitions() -> impl Strategy<Value = Fact> {
    let dates = prop::sample::select(vec!["2020", "2020-01", "2020-03-01", "2021-06-15", "2022"]);
    let step = prop_oneof![
        (stages(), stages()).prop_map(|(from, to)| Move::Lifecycle(from, to)),
        (adoptions(), adoptions()).prop_map(|(from, to)| Move::Adoption(from, to)),
        Just(Move::Unknown),
    ];
    let corrects = prop::option::weighted(0.2, 0..24_u8);
    (8..16_u8, step, dates, corrects).prop_map(|(innovation, step, on, corrects)| {
        Fact::Transition(TransitionFact {
            innovation: record(innovation),
            step,
            on: PartialDate::parse(on).unwrap(),
            corrects: corrects.map(record),
        })
    })
}

fn awards() -> impl Strategy<Value = Fact> {
    let schemes = prop::sample::select(vec!["KIPP", "Kipp", "IGA"]);
    let tiers = prop::sample::select(vec!["Top 45", "top 45", "Top 99"]);
    let basis = prop::sample::select(vec![AwardBasis::Claimed, AwardBasis::Confirmed]);
    (references(), any::<bool>(), schemes, tiers, years(), basis).prop_map(
        |(winner, is_agency, scheme, tier, year, basis)| {
            Fact::Award(AwardFact {
                winner,
                is_agency,
                scheme: scheme.to_owned(),
                tier: tier.to_owned(),
                year,
                basis,
            })
        },
    )
}

fn activities() -> impl Strategy<Value = Fact> {
    use CoachingState::{Cancelled, Done, Ongoing, Other, Planned};
    let states = prop::sample::select(vec![Planned, Ongoing, Done, Cancelled, Other]);
    let some = || prop::collection::vec(references(), 0..4);
    let when = (prop::sample::select(vec![2024_u16, 2025]), 1..4_u8);
    (when, states, regions(), some(), some()).prop_map(
        |((year, month), state, region, agencies, innovations)| {
            Fact::Coaching(CoachingFact {
                year,
                month,
                state,
                region,
                agencies,
                innovations,
            })
        },
    )
}

fn needs() -> impl Strategy<Value = Fact> {
    let states = prop::sample::select(vec![NeedState::Open, NeedState::Matched]);
    (0..8_u8, masks(), regions(), states).prop_map(|(agency, (affairs, sdgs), region, state)| {
        Fact::Need(NeedFact {
            agency: record(agency),
            affairs,
            sdgs,
            region,
            state,
        })
    })
}

fn facts() -> impl Strategy<Value = Fact> {
    let threads =
        prop::option::of(references()).prop_map(|subject| Fact::Thread(ThreadFact { subject }));
    prop_oneof![
        3 => regions().prop_map(|region| Fact::Agency(AgencyFact { region })),
        6 => innovations(),
        3 => replications(),
        3 => transitions(),
        2 => awards(),
        2 => activities(),
        2 => needs(),
        1 => references().prop_map(Fact::Endorsement),
        1 => threads,
        1 => references().prop_map(Fact::Confirmation),
        1 => references().prop_map(Fact::Answer),
    ]
}

/// A record that is told, or none: the record goes.
type Step = (u8, u8, Option<(u8, Fact)>);

/// Agencies have low numbers and innovations those above, so that many references find what they name.
fn histories() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..3_u8,
        0..24_u8,
        prop::option::weighted(0.85, (0..3_u8, facts())),
    );
    let step = step.prop_map(|(hub, number, told)| {
        let number = match &told {
            Some((_, Fact::Agency(_))) => number % 8,
            Some((_, Fact::Innovation(_))) => 8 + number % 8,
            _ => number,
        };
        (hub, number, told)
    });
    prop::collection::vec(step, 0..120)
}

fn filters() -> impl Strategy<Value = Filter> {
    let hubs = prop::collection::vec((0..4_u8).prop_map(hub), 0..2);
    let agency = prop::option::weighted(0.2, (0..3_u8, 0..8_u8).prop_map(|(a, b)| reference(a, b)));
    let region = prop_oneof![2 => Just(None), 1 => regions()];
    let subjects = prop_oneof![2 => Just((0, 0)), 1 => masks()];
    let classes = (
        prop::collection::vec(stages(), 0..2),
        prop::collection::vec(adoptions(), 0..2),
    );
    let span = (
        prop::option::weighted(0.2, years()),
        prop::option::weighted(0.2, years()),
    );
    prop_oneof![
        1 => Just(Filter::default()),
        4 => (hubs, region, agency, subjects, classes, span).prop_map(
            |(hubs, region, agency, (affairs, sdgs), (stages, adoptions), (year_from, year_to))| Filter {
                hubs, region, agency, affairs, sdgs, stages, adoptions, year_from, year_to,
            },
        ),
    ]
}

fn sights() -> impl Strategy<Value = Sight> {
    prop::sample::select(vec![Sight::Public, Sight::Network, Sight::All])
}

/// The newest word of each record, after all steps.
fn newest(steps: &[Step]) -> Vec<Told> {
    let mut told: BTreeMap<(u8, u8), Option<&(u8, Fact)>> = BTreeMap::new();
    for (hub, number, said) in steps {
        told.insert((*hub, *number), said.as_ref());
    }
    let told = told.into_iter().filter_map(|((of, number), said)| {
        let (rank, fact) = said?;
        Some(Told {
            hub: hub(of),
            record: record(number),
            rank: *rank,
            fact: fact.clone(),
        })
    });
    told.collect()
}

fn columns_of<'a>(told: impl IntoIterator<Item = &'a Told>) -> Columns {
    let mut columns = Columns::default();
    for told in told {
        columns.set(told);
    }
    columns.settle();
    columns
}

/// The same with each step taken, and settled now and then.
fn columns_after(steps: &[Step]) -> Columns {
    let mut columns = Columns::default();
    for (nth, (of, number, said)) in steps.iter().enumerate() {
        let (hub, record) = (hub(*of), record(*number));
        match said {
            Some((rank, fact)) => columns.set(&Told {
                hub,
                record,
                rank: *rank,
                fact: fact.clone(),
            }),
            None => columns.remove(&hub, record),
        }
        if nth % 7 == 0 {
            columns.settle();
        }
    }
    columns.settle();
    columns
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::with_source_file(file!()) })]

    #[test]
    fn columns_count_what_a_plain_reading_counts(
        steps in histories(), filter in filters(), sight in sights(),
    ) {
        let told = newest(&steps);
        let counted = columns_after(&steps).count(&filter, sight, STALE_BEFORE, Charts::ALL);
        let expected = naive::count(&told, &filter, sight, STALE_BEFORE);
        prop_assert_eq!(counted, expected);
    }

    #[test]
    fn nobody_is_counted_what_he_may_not_see(
        steps in histories(), filter in filters(), sight in sights(),
    ) {
        let told = newest(&steps);
        let of_all = columns_of(&told).count(&filter, sight, STALE_BEFORE, Charts::ALL);
        let shown = told.iter().filter(|told| told.rank <= sight.rank());
        let of_shown = columns_of(shown).count(&filter, sight, STALE_BEFORE, Charts::ALL);
        prop_assert_eq!(of_all, of_shown);
    }

    #[test]
    fn years_that_were_counted_before_are_added_up_to_the_same(
        steps in histories(),
        filter in filters(),
        ranges in prop::collection::vec((prop::option::of(years()), prop::option::of(years())), 1..5),
        sight in sights(),
    ) {
        let (columns, slices) = (columns_after(&steps), Slices::default());
        for (year_from, year_to) in ranges {
            let filter = Filter { year_from, year_to, ..filter.clone() };
            let counted = columns.count_by(&slices, &filter, sight, STALE_BEFORE, Charts::ALL);
            let afresh = columns.count(&filter, sight, STALE_BEFORE, Charts::ALL);
            prop_assert_eq!(counted, afresh);
        }
    }

    #[test]
    fn the_order_in_which_records_come_does_not_matter(steps in histories(), filter in filters()) {
        let mut told = newest(&steps);
        let one = columns_of(&told).count(&filter, Sight::Network, STALE_BEFORE, Charts::ALL);
        told.reverse();
        let other = columns_of(&told).count(&filter, Sight::Network, STALE_BEFORE, Charts::ALL);
        prop_assert_eq!(one, other);
    }
}

#[test]
fn only_the_charts_that_are_asked_for_are_counted() {
    let agency = Told {
        hub: hub(1),
        record: record(1),
        rank: 0,
        fact: Fact::Agency(AgencyFact { region: None }),
    };
    let columns = columns_of([&agency]);
    let count = |charts| columns.count(&Filter::default(), Sight::Public, 0, charts);
    assert_eq!(count(Charts::default()), Figures::default());
    let totals = count(Charts::default().with(Chart::Totals));
    assert_eq!(totals.network.agencies, 1);
    assert_eq!(totals.stages, []);
}

#[test]
fn a_record_tells_by_whose_fact_it_counts() {
    let confirmation = Told {
        hub: hub(1),
        record: record(20),
        rank: 0,
        fact: Fact::Confirmation(reference(1, 9)),
    };
    let mut columns = columns_of([&confirmation]);
    let of = columns.counts_by(&hub(1), record(20));
    assert_eq!(of, Some(reference(1, 9)));
    assert_eq!(columns.records_of(&hub(1)), [record(20)]);
    columns.remove(&hub(1), record(20));
    assert_eq!(columns.counts_by(&hub(1), record(20)), None);
    assert_eq!(columns.records_of(&hub(1)), []);
}

#[test]
fn regions_are_numbers_and_read_back() {
    use super::rows::RegionNumber;
    for code in ["00", "00.00", "33", "33.72", "99.99"] {
        let code = RegionCode::parse(code).unwrap();
        let number = RegionNumber::of(Some(code));
        assert_eq!(number.code(), Some(code));
        assert!(usize::from(number.0) < RegionNumber::END);
        let province = super::count::province_of(number.province());
        assert_eq!(province, Some(code.province()));
    }
    assert_eq!(RegionNumber::of(None).code(), None);
    assert_eq!(RegionNumber::of(None).province(), 0);
}

#[test]
fn a_hundred_thousand_innovations_with_four_records_each_stay_below_64_mib() {
    let mut columns = Columns::default();
    let wide = |number: u128| RecordId::from(uuid::Uuid::from_u128(number));
    let on = PartialDate::parse("2024-05-01").unwrap();
    for number in 0..100_000_u128 {
        let told = |kind: u128, fact| Told {
            hub: hub(1),
            record: wide(number * 8 + kind),
            rank: 0,
            fact,
        };
        let innovation = wide(number * 8);
        let of = RecordRef {
            hub: hub(1),
            record: innovation,
        };
        columns.set(&told(
            0,
            Fact::Innovation(InnovationFact {
                agency: wide(7),
                stage: LifecycleStage::Creation,
                adoption: AdoptionStatus::Trial,
                year: Some(2024),
                affairs: 1,
                sdgs: 2,
                current: 0,
            }),
        ));
        columns.set(&told(
            1,
            Fact::Replication(ReplicationFact {
                source: of.clone(),
                adopter: wide(7),
                state: ProgressState::Done,
                standing: ReplicationStanding::Confirmed,
            }),
        ));
        columns.set(&told(2, Fact::Endorsement(of.clone())));
        columns.set(&told(
            3,
            Fact::Transition(TransitionFact {
                innovation,
                step: Move::Unknown,
                on,
                corrects: None,
            }),
        ));
        columns.set(&told(
            4,
            Fact::Coaching(CoachingFact {
                year: 2025,
                month: 3,
                state: CoachingState::Done,
                region: None,
                agencies: vec![of.clone()],
                innovations: vec![of],
            }),
        ));
    }
    columns.settle();
    let mib = columns.bytes() >> 20;
    assert!(mib < 64, "{mib} MiB");
}
