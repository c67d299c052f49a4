//! Drafts and people in a hub's memory: what changes together, what is refused, and what leaves no trace.

use domain::catalog::{
    Consent, InnovationDraft, Person, PersonDraft, PublicationActor, PublicationState,
};
use domain::entry::Kind;
use storage::credits::{self, Credit};
use storage::drafts::{self, Draft, DraftFilter, DraftStep, MOST_STEPS};
use storage::local::{self, DraftChange, Local};
use storage::people::{self, KnownPerson, PersonChange};
use storage::{StorageError, logs};
use testkit::entropy::SeededEntropy;
use testkit::records::{agency, delete, innovation, put, record};
use testkit::{Backend, Store};
use uuid::Uuid;

use super::NONE;

on_both_databases! {
    a_draft_comes_back_as_it_was_written,
    only_the_next_revision_of_a_draft_is_taken,
    a_draft_and_the_log_change_together_or_not_at_all,
    drafts_are_listed_by_state_the_last_changed_first,
    the_newest_steps_are_kept,
    what_stays_here_outlives_a_rebuild,
    a_line_that_its_person_does_not_agree_to_any_more_is_due,
}

fn actor(name: &str) -> PublicationActor {
    PublicationActor::parse(name).unwrap()
}

fn draft(store: &Store, number: u128, title: &str) -> Draft {
    let at = store.clock.pass(1);
    Draft {
        record: record(number),
        revision: 1,
        state: PublicationState::Draft,
        authors: vec![actor("Dinas Satu")],
        verifier: None,
        text: InnovationDraft {
            title: title.to_owned(),
            summary: Some("Belum \u{0} selesai \\ \"".to_owned()),
            ..InnovationDraft::default()
        },
        people: vec![record(700)],
        acknowledged: vec!["summary:NIK:0".to_owned()],
        based_on: 3,
        created: at,
        updated: at,
    }
}

fn step(draft: &Draft, note: Option<&str>) -> DraftStep {
    DraftStep {
        state: draft.state,
        actor: actor("Dinas Satu"),
        note: note.map(str::to_owned),
        at: draft.updated,
    }
}

async fn begin(store: &Store, draft: &Draft) -> Result<(), StorageError> {
    let begun = DraftChange::Begin(draft.clone(), step(draft, None));
    local::change(&store.db, Local::draft(begun)).await
}

fn next(draft: &Draft, state: PublicationState) -> Draft {
    Draft {
        revision: draft.revision + 1,
        state,
        verifier: Some(actor("Kurator")),
        ..draft.clone()
    }
}

async fn a_draft_comes_back_as_it_was_written(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let written = draft(&store, 1, "Antrean");
    begin(&store, &written).await.unwrap();
    assert_eq!(
        drafts::find(&store.db, record(1)).await.unwrap(),
        Some(written.clone())
    );
    let verified = next(&written, PublicationState::Verified);
    let said = step(&verified, Some("Baik."));
    let change = DraftChange::Store(verified.clone(), Some(said.clone()));
    local::change(&store.db, Local::draft(change))
        .await
        .unwrap();
    assert_eq!(
        drafts::find(&store.db, record(1)).await.unwrap(),
        Some(verified)
    );
    let steps = drafts::steps(&store.db, record(1)).await.unwrap();
    assert_eq!(steps, [step(&written, None), said]);
    let gone = DraftChange::Remove(record(1), Some(2));
    local::change(&store.db, Local::draft(gone)).await.unwrap();
    assert_eq!(drafts::find(&store.db, record(1)).await.unwrap(), None);
    assert_eq!(drafts::steps(&store.db, record(1)).await.unwrap(), []);
}

async fn only_the_next_revision_of_a_draft_is_taken(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let written = draft(&store, 1, "Antrean");
    begin(&store, &written).await.unwrap();
    let conflict = |result: Result<(), StorageError>, expected, held| match result {
        Err(StorageError::Conflict {
            expected: wanted,
            held: found,
            ..
        }) => assert_eq!((wanted, found), (expected, held)),
        other => panic!("{other:?}"),
    };
    conflict(begin(&store, &written).await, 0, 1);
    let newer = next(
        &next(&written, PublicationState::Draft),
        PublicationState::Draft,
    );
    let change = async |change| local::change(&store.db, Local::draft(change)).await;
    conflict(change(DraftChange::Store(newer, None)).await, 2, 1);
    conflict(
        change(DraftChange::Store(written.clone(), None)).await,
        0,
        1,
    );
    conflict(change(DraftChange::Remove(record(1), Some(2))).await, 2, 1);
    let said = step(&written, Some("Siapa?"));
    conflict(
        change(DraftChange::Note(record(9), said.clone())).await,
        1,
        0,
    );
    assert_eq!(drafts::steps(&store.db, record(9)).await.unwrap(), []);
    change(DraftChange::Note(record(1), said)).await.unwrap();
    assert_eq!(
        drafts::find(&store.db, record(1)).await.unwrap(),
        Some(written)
    );
}

async fn a_draft_and_the_log_change_together_or_not_at_all(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    store
        .put_agency(record(100), 1, &agency("Dinas Satu", None))
        .await;
    let written = draft(&store, 1, "Antrean");
    begin(&store, &written).await.unwrap();
    let entropy = SeededEntropy::new(1);
    let release = async |revision: u64, from: &Draft| {
        let body = innovation("Antrean", record(100));
        let entry = put(record(1), revision, Kind::INNOVATION, &body, store.now());
        let published = next(from, PublicationState::Published);
        let local = Local::draft(DraftChange::Store(published, None));
        logs::issue_with(
            &store.db,
            &store.key,
            vec![entry],
            local,
            &store.clock,
            &entropy,
        )
        .await
    };
    // The log refuses the entry; then the draft was changed meanwhile.
    assert!(matches!(
        release(2, &written).await,
        Err(StorageError::Conflict { .. })
    ));
    assert_eq!(
        drafts::find(&store.db, record(1)).await.unwrap(),
        Some(written.clone())
    );
    let newer = next(&written, PublicationState::Draft);
    assert!(matches!(
        release(1, &newer).await,
        Err(StorageError::Conflict { .. })
    ));
    assert_eq!(store.size(&store.log).await, 1);
    release(1, &written).await.unwrap();
    assert_eq!(store.size(&store.log).await, 2);
    let stored = drafts::find(&store.db, record(1)).await.unwrap().unwrap();
    assert_eq!(
        (stored.state, stored.revision),
        (PublicationState::Published, 2)
    );
    assert_eq!(store.faults().await, NONE);
}

async fn drafts_are_listed_by_state_the_last_changed_first(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    for number in 1..=5 {
        let mut written = draft(&store, number, &format!("Judul {number}"));
        if number % 2 == 0 {
            written.state = PublicationState::Submitted;
        }
        begin(&store, &written).await.unwrap();
    }
    let list = async |states: &[PublicationState], after, limit| {
        let filter = DraftFilter {
            states: states.to_vec(),
            agencies: None,
        };
        let found = drafts::list(&store.db, &filter, after, limit)
            .await
            .unwrap();
        assert!(drafts::count(&store.db, &filter).await.unwrap() >= found.len() as u64);
        found
    };
    let titles = |found: &[Draft]| -> Vec<String> {
        found.iter().map(|draft| draft.text.title.clone()).collect()
    };
    let first = list(&[], None, 2).await;
    assert_eq!(titles(&first), ["Judul 5", "Judul 4"]);
    let rest = list(&[], Some(first[1].place()), 9).await;
    assert_eq!(titles(&rest), ["Judul 3", "Judul 2", "Judul 1"]);
    let submitted = list(&[PublicationState::Submitted], None, 9).await;
    assert_eq!(titles(&submitted), ["Judul 4", "Judul 2"]);
}

async fn the_newest_steps_are_kept(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let written = draft(&store, 1, "Antrean");
    begin(&store, &written).await.unwrap();
    let notes = (0..MOST_STEPS + 3)
        .map(|n| DraftChange::Note(record(1), step(&written, Some(&n.to_string()))));
    let local = Local {
        drafts: notes.collect(),
        ..Local::default()
    };
    local::change(&store.db, local).await.unwrap();
    let steps = drafts::steps(&store.db, record(1)).await.unwrap();
    assert_eq!(steps.len() as u64, MOST_STEPS);
    assert_eq!(steps[0].note.as_deref(), Some("3"));
    assert_eq!(
        steps.last().unwrap().note,
        Some((MOST_STEPS + 2).to_string())
    );
}

async fn what_stays_here_outlives_a_rebuild(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let written = draft(&store, 1, "Antrean");
    begin(&store, &written).await.unwrap();
    let known = person(&store);
    local::change(&store.db, Local::person(PersonChange::Add(known.clone())))
        .await
        .unwrap();
    logs::rebuild::rebuild(&store.db, |_| {}).await.unwrap();
    assert_eq!(
        drafts::find(&store.db, record(1)).await.unwrap(),
        Some(written)
    );
    assert_eq!(
        people::find(&store.db, known.id).await.unwrap(),
        Some(known)
    );
}

fn person(store: &Store) -> KnownPerson {
    let said = PersonDraft {
        name: "Sulastri".to_owned(),
        office: "Puskesmas Bambu".to_owned(),
        role: Some("Bidan".to_owned()),
        contact: None,
    };
    let today = store.now().date();
    KnownPerson {
        id: record(700),
        revision: 1,
        person: Person::parse(&said).unwrap(),
        agency: None,
        consent: Some(Consent::parse("2026-1", "2025-12-01", today).unwrap()),
        is_erased: false,
        created: store.clock.pass(1),
    }
}

/// Consent goes between reading it and writing what it allows.
async fn a_line_that_its_person_does_not_agree_to_any_more_is_due(backend: Backend) {
    let store = Store::fresh(backend, "hub-a").await;
    let known = person(&store);
    local::change(&store.db, Local::person(PersonChange::Add(known.clone())))
        .await
        .unwrap();
    let read = credits::of_people(std::slice::from_ref(&known));
    assert_eq!(credits::told(&read), ["Sulastri"]);
    let today = store.now().date();
    let consent = known
        .consent
        .as_ref()
        .unwrap()
        .withdrawn("2025-12-02", today)
        .unwrap();
    let gone = KnownPerson {
        revision: 2,
        consent: Some(consent),
        ..known.clone()
    };
    local::change(&store.db, Local::person(PersonChange::Store(gone)))
        .await
        .unwrap();
    store
        .put_agency(record(100), 1, &agency("Dinas Satu", None))
        .await;
    let body = InnovationDraft {
        credits: credits::told(&read),
        ..innovation("Antrean", record(100))
    };
    let entropy = SeededEntropy::new(1);
    let entry = put(record(1), 1, Kind::INNOVATION, &body, store.now());
    let local = |credits| Local {
        credits: vec![(record(1), credits)],
        ..Local::default()
    };
    let (db, key) = (&store.db, &store.key);
    logs::issue_with(db, key, vec![entry], local(read), &store.clock, &entropy)
        .await
        .unwrap();
    assert!(credits::is_due(db).await.unwrap());
    assert_eq!(
        credits::settle(db, key, 10, &store.clock, &entropy)
            .await
            .unwrap(),
        1
    );
    assert!(!credits::is_due(db).await.unwrap());
    let told = credits::of(db, record(1)).await.unwrap();
    assert_eq!(credits::told(&told), ["Tim Puskesmas Bambu"]);
    let nobody = Credit {
        person: Some(record(701)),
        line: told[0].line.clone(),
    };
    let refused = local::change(db, local(vec![nobody])).await;
    assert!(
        matches!(refused, Err(StorageError::Conflict { .. })),
        "{refused:?}"
    );

    // What is not shown any more names nobody, and somebody who is to be forgotten goes then.
    let entry = delete(record(1), 4, Kind::INNOVATION, store.now());
    store.issue(vec![entry]).await;
    let mut erased = people::find(db, record(700)).await.unwrap().unwrap();
    (erased.is_erased, erased.revision) = (true, 3);
    local::change(db, Local::person(PersonChange::Store(erased)))
        .await
        .unwrap();
    credits::settle(db, key, 10, &store.clock, &entropy)
        .await
        .unwrap();
    assert_eq!(people::find(db, record(700)).await.unwrap(), None);
    assert_eq!(
        people::list(db, None, Some((i64::MAX, Uuid::max().into())), 10)
            .await
            .unwrap(),
        []
    );
    assert_eq!(store.faults().await, NONE);
}

/// SQLite leaves what is deleted in free pages of its file, unless it is told to overwrite it.
#[tokio::test]
async fn a_draft_that_is_gone_is_in_no_page_of_the_file() {
    let store = Store::fresh(Backend::Sqlite, "hub-a").await;
    let file = store.site().folder().join("simpul.db");
    let mut written = draft(&store, 1, "RAHASIA pertama");
    written.text.impact = Some("RAHASIA dampak ".repeat(500));
    begin(&store, &written).await.unwrap();
    let store = store.reopened().await;
    let holds = |text: &str| {
        let bytes = std::fs::read(&file).unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(holds("RAHASIA pertama") && holds("RAHASIA dampak"));
    let mut newer = next(&written, PublicationState::Draft);
    newer.text = InnovationDraft {
        title: "RAHASIA kedua".to_owned(),
        ..InnovationDraft::default()
    };
    let said = step(&newer, Some("RAHASIA catatan"));
    let change = DraftChange::Store(newer, Some(said));
    local::change(&store.db, Local::draft(change))
        .await
        .unwrap();
    let store = store.reopened().await;
    assert!(!holds("RAHASIA pertama") && !holds("RAHASIA dampak"));
    assert!(holds("RAHASIA kedua") && holds("RAHASIA catatan"));
    let gone = DraftChange::Remove(record(1), Some(2));
    local::change(&store.db, Local::draft(gone)).await.unwrap();
    store.db.close().await.unwrap();
    assert!(!holds("RAHASIA"));
}
