//! What it costs to count 100,000 and 1,000,000 innovations with some three records each, without network and disk:
//! `cargo bench -p domain --bench statistics`. A million takes 1.5 GB.

use std::sync::OnceLock;

use divan::Bencher;
use domain::catalog::{
    AdoptionStatus, Affair, AwardBasis, CoachingState, LifecycleStage, Move, PartialDate,
    ProgressState, RegionCode, Regions, ReplicationStanding, Sdg, Vocabulary as _,
};
use domain::entry::Sight;
use domain::identity::{HubId, RecordId, RecordRef};
use domain::statistics::{
    AgencyFact, AwardFact, Chart, Charts, CoachingFact, Columns, Fact, Filter, InnovationFact,
    ReplicationFact, ThreadFact, Told, TransitionFact,
};

/// So many innovations belong to an agency.
const OF_AGENCY: u128 = 40;
/// Of so many innovations.
const SIZES: [usize; 2] = [100_000, 1_000_000];

fn main() {
    divan::main();
}

fn hub() -> HubId {
    HubId::parse("id-33").expect("it is well formed")
}

fn record(number: u128) -> RecordId {
    RecordId::from(uuid::Uuid::from_u128(number))
}

fn reference(number: u128) -> RecordRef {
    let (hub, record) = (hub(), record(number));
    RecordRef { hub, record }
}

fn pick<T: Copy>(of: &[T], dice: u128) -> T {
    of[usize::try_from(dice % of.len() as u128).expect("it is small")]
}

/// Neighbours have nothing to do with one another.
fn dice(number: u128, what: u128) -> u128 {
    (number * 32 + what).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835) >> 64
}

/// An innovation and some of what may belong to it.
fn facts_of(number: u128, many: usize, on: PartialDate) -> Vec<Fact> {
    let roll = |what| dice(number, what);
    let many = many as u128;
    let agencies = many / OF_AGENCY;
    let source = reference(agencies + number * 8);
    let agency = |what| roll(what) % agencies;
    let innovation = Fact::Innovation(InnovationFact {
        agency: record(agency(0)),
        stage: pick(LifecycleStage::ALL, roll(1)),
        adoption: pick(AdoptionStatus::ALL, roll(2)),
        year: u16::try_from(2010 + roll(3) % 16).ok(),
        affairs: pick(Affair::ALL, roll(4)).mask() | pick(Affair::ALL, roll(5)).mask(),
        sdgs: Sdg::parse(1 + i64::try_from(roll(6) % 17).unwrap_or(0)).map_or(0, Sdg::mask),
        current: i64::try_from(roll(7) % 1000).unwrap_or(0),
    });
    let replication = Fact::Replication(ReplicationFact {
        source: reference(agencies + (roll(8) % many) * 8),
        adopter: record(agency(9)),
        state: pick(ProgressState::ALL, roll(10)),
        standing: ReplicationStanding::Claimed,
    });
    let award = Fact::Award(AwardFact {
        winner: source.clone(),
        is_agency: false,
        scheme: pick(&["KIPP", "IGA", "PKRI"], roll(11)).to_owned(),
        tier: pick(&["Top 45", "Top 99"], roll(12)).to_owned(),
        year: u16::try_from(2014 + roll(13) % 12).unwrap_or(2014),
        basis: AwardBasis::Claimed,
    });
    let transition = Fact::Transition(TransitionFact {
        innovation: source.record,
        step: Move::Lifecycle(LifecycleStage::Creation, LifecycleStage::Development),
        on,
        corrects: None,
    });
    let coaching = Fact::Coaching(CoachingFact {
        year: u16::try_from(2020 + roll(14) % 6).unwrap_or(2020),
        month: u8::try_from(1 + roll(15) % 12).unwrap_or(1),
        state: CoachingState::Done,
        region: None,
        agencies: vec![reference(agency(16)), reference(agency(17))],
        innovations: vec![source.clone()],
    });
    let mut facts = vec![innovation, transition];
    let others = [
        replication,
        award,
        coaching,
        Fact::Endorsement(source.clone()),
        Fact::Thread(ThreadFact {
            subject: Some(source),
        }),
    ];
    let others = (0..).zip(others).filter(|(nth, _)| roll(18 + nth) % 7 < 4);
    facts.extend(others.map(|(_, fact)| fact));
    facts
}

/// Columns of so many innovations, made once.
fn columns(many: usize) -> &'static Columns {
    static SMALL: OnceLock<Columns> = OnceLock::new();
    static LARGE: OnceLock<Columns> = OnceLock::new();
    let made = if many == SIZES[0] { &SMALL } else { &LARGE };
    made.get_or_init(|| make(many))
}

fn make(many: usize) -> Columns {
    let mut columns = Columns::default();
    let regions: Vec<RegionCode> = Regions::get().iter().map(|region| region.code).collect();
    let on = PartialDate::parse("2024-05-01").expect("it is a date");
    let mut set = |number: u128, fact: Fact| {
        columns.set(&Told {
            hub: hub(),
            record: record(number),
            rank: 0,
            fact,
        });
    };
    let agencies = many as u128 / OF_AGENCY;
    for number in 0..agencies {
        let region = Some(pick(&regions, dice(number, 1)));
        set(number, Fact::Agency(AgencyFact { region }));
    }
    for number in 0..many as u128 {
        for (nth, fact) in (0..).zip(facts_of(number, many, on)) {
            set(agencies + number * 8 + nth, fact);
        }
    }
    columns.settle();
    columns
}

/// As dashboards ask: a province in some years, two affairs in some years, a goal at a stage in some years, a province, and
/// everything.
fn filters() -> [Filter; 5] {
    let of_years = Filter {
        year_from: Some(2015),
        year_to: Some(2024),
        ..Filter::default()
    };
    let of_province = Filter {
        region: RegionCode::parse("33").ok(),
        ..of_years.clone()
    };
    let of_affairs = Filter {
        affairs: Affair::Health.mask() | Affair::Social.mask(),
        ..of_years.clone()
    };
    let of_goal = Filter {
        sdgs: Sdg::parse(3).map_or(0, Sdg::mask),
        stages: vec![LifecycleStage::Development],
        ..of_years
    };
    let province = Filter {
        region: RegionCode::parse("33").ok(),
        ..Filter::default()
    };
    [
        of_province,
        of_affairs,
        of_goal,
        province,
        Filter::default(),
    ]
}

#[divan::bench(args = [0, 1, 2, 3, 4], consts = SIZES)]
fn all_charts<const MANY: usize>(bencher: Bencher<'_, '_>, filter: usize) {
    let (columns, filter) = (columns(MANY), filters()[filter].clone());
    bencher.bench(|| columns.count(&filter, Sight::Public, 500, Charts::ALL));
}

#[divan::bench(args = [0, 1, 2, 3, 4, 5, 6, 7])]
fn one_chart_of_everything(bencher: Bencher<'_, '_>, chart: usize) {
    let charts = [
        Chart::Totals,
        Chart::Years,
        Chart::Flows,
        Chart::Stages,
        Chart::Needs,
        Chart::Awards,
        Chart::Coaching,
        Chart::Stale,
    ];
    let (columns, charts) = (columns(SIZES[0]), Charts::default().with(charts[chart]));
    bencher.bench(|| columns.count(&Filter::default(), Sight::Public, 500, charts));
}
