//! The whole table of steps, and who may take them.

use super::*;

use PublicationState as S;

const STATES: [S; 7] = [
    S::Draft,
    S::Submitted,
    S::Returned,
    S::Verified,
    S::Published,
    S::Withdrawn,
    S::Other,
];

const STANDINGS: [Standing; 4] = [
    Standing::Absent,
    Standing::Network,
    Standing::Public,
    Standing::Gone,
];

fn actions() -> [PublicationAction; 9] {
    let note = || Words::parse("Perjelas dampaknya.").unwrap();
    let reason = Words::parse("Keliru.").unwrap();
    [
        PublicationAction::Save,
        PublicationAction::Revise,
        PublicationAction::Submit,
        PublicationAction::Note(note()),
        PublicationAction::Return(note()),
        PublicationAction::Verify,
        PublicationAction::Publish,
        PublicationAction::Withdraw(reason),
        PublicationAction::Discard,
    ]
}

fn actor(name: &str) -> PublicationActor {
    Line::parse(name).unwrap()
}

/// What each action leads to in each state, for an author and for somebody else: the state that is reached, or `-`. A
/// column for each of [`actions`].
const TABLE: &str = "
    DRAFT      author DRAFT - SUBMITTED DRAFT     -        -        published - DRAFT
    DRAFT      other  DRAFT - -         DRAFT     -        -        published - DRAFT
    SUBMITTED  author -     - -         SUBMITTED -        -        -         - -
    SUBMITTED  other  -     - -         SUBMITTED RETURNED VERIFIED -         - -
    RETURNED   author DRAFT - -         RETURNED  -        -        -         - RETURNED
    RETURNED   other  DRAFT - -         RETURNED  -        -        -         - RETURNED
    VERIFIED   author - DRAFT -         VERIFIED  -        -        PUBLISHED WITHDRAWN -
    VERIFIED   other  - DRAFT -         VERIFIED  -        -        PUBLISHED WITHDRAWN -
    PUBLISHED  author - DRAFT -         PUBLISHED -        -        -         WITHDRAWN -
    PUBLISHED  other  - DRAFT -         PUBLISHED -        -        -         WITHDRAWN -
    WITHDRAWN  author - DRAFT -         WITHDRAWN -        -        PUBLISHED - WITHDRAWN
    WITHDRAWN  other  - DRAFT -         WITHDRAWN -        -        PUBLISHED - WITHDRAWN
    OTHER      author - -     -         -         -        -        -         - -
    OTHER      other  - -     -         -         -        -        -         - -
";

#[test]
fn every_action_has_its_states_and_its_people() {
    let rows: Vec<Vec<&str>> = TABLE
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|row| !row.is_empty())
        .collect();
    assert_eq!(rows.len(), STATES.len() * 2);
    for row in rows {
        let state = *STATES
            .iter()
            .find(|state| state.to_string() == row[0])
            .unwrap();
        let who = actor(if row[1] == "author" {
            "Penulis Satu"
        } else {
            "Kurator"
        });
        for (action, expected) in actions().iter().zip(&row[2..]) {
            for standing in STANDINGS {
                for is_small_change in [false, true] {
                    let submission = Submission {
                        state,
                        authors: vec![actor("Penulis Satu"), actor("Penulis Dua")],
                        standing,
                        is_small_change,
                    };
                    // A draft goes to everybody at once only when it mends what everybody reads.
                    let at_once = standing == Standing::Public && is_small_change;
                    let expected = match *expected {
                        "published" if at_once => "PUBLISHED",
                        "published" => "-",
                        other => other,
                    };
                    let found = submission.decide(action, &who);
                    let found = found.map_or("-".to_owned(), |step| step.state.to_string());
                    let at =
                        format!("{action:?} by {who} at {state}, {standing:?}, {is_small_change}");
                    assert_eq!(found, expected, "{at}");
                }
            }
        }
    }
}

#[test]
fn only_what_was_checked_leaves_the_node() {
    for action in actions() {
        for state in STATES {
            for standing in STANDINGS {
                let submission = Submission {
                    state,
                    authors: vec![actor("Penulis")],
                    standing,
                    is_small_change: true,
                };
                let Ok(step) = submission.decide(&action, &actor("Kurator")) else {
                    continue;
                };
                let is_seen = matches!(standing, Standing::Network | Standing::Public);
                let expected = match action {
                    PublicationAction::Verify if standing != Standing::Public => {
                        Release::Put(Audience::Network)
                    }
                    PublicationAction::Publish => Release::Put(Audience::Public),
                    PublicationAction::Withdraw(_) if is_seen => {
                        Release::Delete(DeletionReason::Withdrawn)
                    }
                    _ => Release::Nothing,
                };
                assert_eq!(
                    step.release, expected,
                    "{action:?} at {state}, {standing:?}"
                );
            }
        }
    }
}

#[test]
fn whoever_wrote_a_word_of_it_does_not_verify_it() {
    let submission = Submission {
        state: S::Submitted,
        authors: vec![actor("Dinas Kominfo"), actor("Bagian Organisasi")],
        standing: Standing::Absent,
        is_small_change: false,
    };
    for name in ["Dinas Kominfo", "dinas  KOMINFO", "Bagian Organisasi"] {
        let refused = submission.decide(&PublicationAction::Verify, &actor(name));
        assert_eq!(refused, Err(PublicationError::OwnText(actor(name))));
    }
    assert!(
        submission
            .decide(&PublicationAction::Verify, &actor("Sekretariat"))
            .is_ok()
    );
}

#[test]
fn who_writes_becomes_an_author_and_who_begins_anew_the_only_one() {
    let submission = |authors: Vec<PublicationActor>| Submission {
        state: S::Draft,
        authors,
        standing: Standing::Absent,
        is_small_change: false,
    };
    let both = submission(vec![actor("Satu"), actor("Dua")]);
    let names = |action: &PublicationAction, name: &str| {
        let authors = both.authors_after(action, &actor(name));
        authors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        names(&PublicationAction::Save, "Tiga"),
        ["Satu", "Dua", "Tiga"]
    );
    assert_eq!(names(&PublicationAction::Save, "satu"), ["Dua", "satu"]);
    assert_eq!(names(&PublicationAction::Revise, "Tiga"), ["Tiga"]);
    assert_eq!(names(&PublicationAction::Submit, "Satu"), ["Satu", "Dua"]);
    let full: Vec<_> = (0..Submission::MOST_AUTHORS)
        .map(|n| actor(&format!("Kantor {n}")))
        .collect();
    let full = submission(full);
    assert_eq!(
        full.decide(&PublicationAction::Save, &actor("Baru")),
        Err(PublicationError::Authors(Submission::MOST_AUTHORS))
    );
    assert!(
        full.decide(&PublicationAction::Save, &actor("Kantor 3"))
            .is_ok()
    );
}

#[test]
fn a_typing_error_needs_no_second_look() {
    let draft = InnovationDraft {
        title: "Antrean".to_owned(),
        agency: "0198f2c4-0000-7000-8000-000000000001".to_owned(),
        summary: Some("Lama.".to_owned()),
        stage: "CREATION".to_owned(),
        adoption: "TRIAL".to_owned(),
        ..InnovationDraft::default()
    };
    let before = Innovation::read(&draft).unwrap();
    let check = |change: fn(&mut InnovationDraft), expected| {
        let mut after = draft.clone();
        change(&mut after);
        let after = Innovation::read(&after).unwrap();
        assert_eq!(
            Submission::needs_review(&before, &after),
            expected,
            "{after:?}"
        );
    };
    check(|draft| draft.summary = Some("Baru.".to_owned()), false);
    check(|draft| draft.sdgs = vec![3], false);
    check(|draft| draft.title = "Antrian".to_owned(), true);
    check(|draft| draft.agency = draft.agency.replace('1', "2"), true);
    check(|draft| draft.stage = "DEVELOPMENT".to_owned(), true);
    check(|draft| draft.adoption = "APPLIED".to_owned(), true);
}

#[test]
fn what_is_left_empty_is_told() {
    let draft = InnovationDraft {
        summary: Some("Ringkas.".to_owned()),
        novelty: Some(" ".to_owned()),
        ..InnovationDraft::default()
    };
    let empty = Submission::empty_sections(&draft);
    let fields: Vec<_> = empty.iter().map(|warning| warning.field.as_str()).collect();
    assert_eq!(
        fields,
        ["background", "novelty", "implementation", "impact"]
    );
}
