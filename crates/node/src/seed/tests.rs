//! What holds of all samples.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{
    Evidence, EvidenceDraft, Innovation, InnovationDraft, Path, Replication, ReplicationDraft,
    Transition, TransitionDraft, is_sample, personal_data_in,
};
use domain::entry::{Audience, Change, EntryDraft, Kind};
use domain::identity::{HubId, RecordId, RecordRef};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::setting::regions;
use super::{Known, Plan, Samples, Setting};

const PLAN: Plan = Plan {
    innovations: 400,
    related: 4,
    seed: 7,
    until: Plan::UNTIL,
};

fn setting(others: Vec<Known>) -> Setting {
    Setting {
        hub: HubId::parse("kl-a").unwrap(),
        regions: regions(None),
        others,
    }
}

/// Innovations of another hub.
fn others() -> Vec<Known> {
    let known = |number: u128| Known {
        place: RecordRef {
            hub: HubId::parse("kl-b").unwrap(),
            record: RecordId::from(uuid::Uuid::from_u128(number)),
        },
        affair: None,
        since: time::macros::date!(2024 - 05 - 01),
    };
    (1..=20).map(known).collect()
}

fn made(plan: Plan, others: Vec<Known>) -> Vec<EntryDraft> {
    let batches = Samples::new(plan, setting(others)).map(Result::unwrap);
    batches.flatten().collect()
}

fn text(draft: &EntryDraft) -> &str {
    match &draft.change {
        Change::Put(text) => text,
        Change::Delete(_) => panic!("samples are only put"),
    }
}

fn read<T: DeserializeOwned>(drafts: &[EntryDraft], kind: &str) -> Vec<(RecordId, T)> {
    let of_kind = drafts.iter().filter(|draft| draft.kind.as_str() == kind);
    of_kind
        .map(|draft| (draft.record, serde_json::from_str(text(draft)).unwrap()))
        .collect()
}

#[test]
fn a_seed_gives_the_same_whenever_it_is_sown() {
    let lines = |plan: Plan, others| -> Vec<String> {
        let drafts = made(plan, others);
        let line = |draft: &EntryDraft| {
            format!(
                "{} {} {} {}",
                draft.record,
                draft.kind.as_str(),
                draft.at,
                text(draft)
            )
        };
        drafts.iter().map(line).collect()
    };
    assert_eq!(lines(PLAN, others()), lines(PLAN, others()));
    let other = lines(Plan { seed: 8, ..PLAN }, others());
    assert!(
        lines(PLAN, others())
            .iter()
            .all(|line| !other.contains(line))
    );
}

#[test]
fn there_are_as_many_records_as_were_asked_for() {
    for (innovations, related) in [(1, 0), (1, 4), (400, 4), (100, 9)] {
        let plan = Plan {
            innovations,
            related,
            ..PLAN
        };
        let drafts = made(plan, Vec::new());
        let of_innovations = drafts
            .iter()
            .filter(|draft| draft.kind.as_str() == Kind::INNOVATION);
        assert_eq!(of_innovations.count() as u64, innovations);
        let (least, most) = (plan.records(), plan.records() + 12);
        assert!(
            (least..=most).contains(&(drafts.len() as u64)),
            "{} of {least}",
            drafts.len()
        );
    }
    let kinds: BTreeMap<_, u64> =
        made(PLAN, others())
            .iter()
            .fold(BTreeMap::new(), |mut kinds, draft| {
                *kinds.entry(draft.kind.as_str().to_owned()).or_default() += 1;
                kinds
            });
    let expected = [
        Kind::AGENCY,
        Kind::ASSESSMENT,
        Kind::AWARD,
        Kind::COACHING,
        Kind::ENDORSEMENT,
        Kind::EVIDENCE,
        Kind::INNOVATION,
        Kind::NEED,
        Kind::POST,
        Kind::REPLICATION,
        Kind::REPLICATION_ANSWER,
        Kind::THREAD,
        Kind::TRANSITION,
    ];
    assert_eq!(
        kinds.keys().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
    assert!(kinds.values().all(|count| *count > 9), "{kinds:?}");
}

#[test]
fn every_record_says_that_it_is_a_sample_and_tells_of_nobody() {
    let mut ids = BTreeSet::new();
    for draft in made(PLAN, others()) {
        assert!(is_sample(draft.record), "{}", draft.record);
        assert!(ids.insert(draft.record), "{} is there twice", draft.record);
        let body = text(&draft);
        assert!(body.to_lowercase().contains("contoh"), "{body}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(personal_data_in(&body, &[]), [], "{body}");
    }
}

#[test]
fn innovations_are_of_many_places_and_words() {
    let drafts = made(PLAN, Vec::new());
    let innovations: Vec<(_, InnovationDraft)> = read(&drafts, Kind::INNOVATION);
    let titles: BTreeSet<_> = innovations.iter().map(|(_, said)| &said.title).collect();
    assert!(titles.len() > 390, "{} titles", titles.len());
    for (_, said) in &innovations {
        assert!(said.title.starts_with("[Contoh] "), "{}", said.title);
        assert_eq!(said.tags[0], "contoh");
    }
    let affairs: BTreeSet<_> = made(
        Plan {
            innovations: 4000,
            related: 0,
            ..PLAN
        },
        Vec::new(),
    )
    .iter()
    .filter(|draft| draft.kind.as_str() == Kind::INNOVATION)
    .filter_map(|draft| {
        let said: InnovationDraft = serde_json::from_str(text(draft)).unwrap();
        said.affairs.first().cloned()
    })
    .collect();
    assert!(affairs.len() > 30, "{affairs:?}");
}

#[test]
fn every_course_keeps_the_rules() {
    let drafts = made(PLAN, others());
    let evidence: Vec<_> = read::<EvidenceDraft>(&drafts, Kind::EVIDENCE);
    let evidence: Vec<_> = evidence
        .iter()
        .map(|(_, said)| Evidence::read(said).unwrap())
        .collect();
    for (record, said) in read::<ReplicationDraft>(&drafts, Kind::REPLICATION) {
        let proofs = evidence.iter().filter(|proof| proof.subject == record);
        let kinds: Vec<_> = proofs.map(|proof| proof.kind).collect();
        assert_eq!(
            Replication::read(&said).unwrap().require(&kinds),
            Ok(()),
            "{said:?}"
        );
    }
    let transitions: Vec<_> = read::<TransitionDraft>(&drafts, Kind::TRANSITION);
    let transitions: Vec<_> = transitions
        .iter()
        .map(|(record, said)| (*record, Transition::read(said).unwrap()))
        .collect();
    let mut moved = 0;
    for (record, said) in read::<InnovationDraft>(&drafts, Kind::INNOVATION) {
        let innovation = Innovation::read(&said).unwrap();
        let of_it: Vec<_> = transitions
            .iter()
            .filter(|(_, said)| said.innovation == record)
            .map(|(record, said)| (*record, said))
            .collect();
        let path = Path::of(&innovation, &of_it);
        for step in path.steps() {
            assert_eq!(step.flaws, [], "{step:?} of {said:?}");
            moved += 1;
        }
    }
    assert!(moved > 20, "{moved} transitions");
}

#[test]
fn what_is_not_agreed_is_for_the_network() {
    let drafts = made(PLAN, others());
    let narrow = drafts
        .iter()
        .filter(|draft| draft.audience == Audience::Network);
    let kinds: BTreeSet<_> = narrow.map(|draft| draft.kind.as_str()).collect();
    let expected = [Kind::EVIDENCE, Kind::REPLICATION, Kind::REPLICATION_ANSWER];
    assert_eq!(kinds, BTreeSet::from(expected));
}
