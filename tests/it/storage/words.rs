//! What the authority said of members in a history that does not count, once that is issued again.

use domain::catalog::MemberStatus;
use domain::entry::{EntryDraft, Kind};
use domain::log::RawEntry;
use node::system::SystemEntropy;
use storage::logs::aside::{self, Reason};
use storage::logs::reopening::{self, Reissued};
use storage::members;
use testkit::records::{hub_id, membership, put, record};
use testkit::{Backend, Store};

on_both_databases! {
    a_word_that_was_said_since_stays,
    words_of_another_history_come_in_their_order,
    a_word_from_before_both_histories_gives_way,
    a_word_that_was_set_aside_here_keeps_that_of_a_peer_away,
    of_what_the_hub_wrote_unaware_only_what_closes_is_said_again,
}

/// A word on `id-13`.
fn word(store: &Store, number: u128, status: MemberStatus) -> EntryDraft {
    let draft = membership(&hub_id("id-13"), status);
    put(record(number), 1, Kind::MEMBERSHIP, &draft, store.now())
}

/// The authority, which said of the member that it is suspended.
async fn authority(backend: Backend) -> Store {
    let store = Store::fresh(backend, "kl-panrb").await;
    let said = word(&store, 1, MemberStatus::Suspended);
    store.issue(vec![said]).await;
    store
}

/// Sets words aside that stood behind that, as of this reason.
async fn set_aside(store: &Store, from: u64, words: Vec<EntryDraft>, reason: Reason) {
    let raw = |draft: EntryDraft| {
        let sealed = draft.seal(&SystemEntropy).unwrap();
        RawEntry {
            header: sealed.header_text,
            payload: sealed.payload,
        }
    };
    let entries = words.into_iter().map(raw).collect();
    let kept = aside::keep_branch(&store.db, &store.log, from, entries, reason, store.now());
    kept.await.unwrap();
}

async fn reissue(store: &Store) -> Reissued {
    let (db, key, clock) = (&store.db, &store.key, &store.clock);
    let done = reopening::reissue(db, key, clock, &SystemEntropy).await;
    done.unwrap()
}

async fn status(store: &Store) -> MemberStatus {
    let members = members::list(&store.db, store.db.hub()).await.unwrap();
    members[0].membership.status
}

async fn a_word_that_was_said_since_stays(backend: Backend) {
    let store = authority(backend).await;
    let since = word(&store, 2, MemberStatus::Revoked);
    store.issue(vec![since]).await;
    let older = word(&store, 3, MemberStatus::Active);
    set_aside(&store, 1, vec![older], Reason::Branch).await;
    let done = reissue(&store).await;
    assert_eq!((done.issued, done.conflicts), (0, 1));
    assert_eq!(status(&store).await, MemberStatus::Revoked);
    let open = aside::list_open(&store.db, &store.log, 10).await.unwrap();
    assert!(open[0].payload.is_some(), "the operator can read it");
}

async fn words_of_another_history_come_in_their_order(backend: Backend) {
    let store = authority(backend).await;
    let words = [
        word(&store, 2, MemberStatus::Active),
        word(&store, 3, MemberStatus::Revoked),
    ];
    set_aside(&store, 1, words.to_vec(), Reason::Branch).await;
    let done = reissue(&store).await;
    assert_eq!((done.issued, done.conflicts), (2, 0));
    assert_eq!(status(&store).await, MemberStatus::Revoked);
}

async fn a_word_from_before_both_histories_gives_way(backend: Backend) {
    let store = authority(backend).await;
    let later = word(&store, 2, MemberStatus::Active);
    set_aside(&store, 1, vec![later], Reason::Branch).await;
    let done = reissue(&store).await;
    assert_eq!((done.issued, done.conflicts), (1, 0));
    assert_eq!(status(&store).await, MemberStatus::Active);
}

async fn a_word_that_was_set_aside_here_keeps_that_of_a_peer_away(backend: Backend) {
    let store = authority(backend).await;
    let ours = word(&store, 2, MemberStatus::Revoked);
    set_aside(&store, 1, vec![ours], Reason::Local).await;
    let theirs = word(&store, 3, MemberStatus::Active);
    set_aside(&store, 2, vec![theirs], Reason::Branch).await;
    let done = reissue(&store).await;
    assert_eq!((done.issued, done.conflicts), (1, 1));
    assert_eq!(status(&store).await, MemberStatus::Revoked);
}

async fn of_what_the_hub_wrote_unaware_only_what_closes_is_said_again(backend: Backend) {
    use MemberStatus::{Active, Revoked, Suspended};
    // By the same record, or by another that has spoken since.
    for by in [1, 3] {
        let store = authority(backend).await;
        if by != 1 {
            let since = word(&store, 2, Suspended);
            store.issue(vec![since]).await;
        }
        let opening = word(&store, by, Active);
        set_aside(&store, 1, vec![opening], Reason::Local).await;
        let done = reissue(&store).await;
        assert_eq!((done.issued, done.conflicts), (0, 1), "{by}");
        assert_eq!(status(&store).await, Suspended);

        let closing = word(&store, by, Revoked);
        set_aside(&store, 2, vec![closing], Reason::Local).await;
        let done = reissue(&store).await;
        assert_eq!((done.issued, done.conflicts), (1, 0), "{by}");
        assert_eq!(status(&store).await, Revoked);
    }
}
