//! What follows for the tokens remembered of peers when the authority's word changes.

use domain::catalog::MemberStatus;
use domain::entry::Kind;
use domain::log::{Accepted, Opening};
use domain::trust::Standing;
use serde_json::{Value, json};
use storage::StorageError;
use storage::logs::{self, cutting, fill, heads};
use storage::peers::{self, RoundResult};
use storage::{holders, pins, trust};
use testkit::forge::Forge;
use testkit::records::{hub_id, key_of, membership, record};
use testkit::{Backend, Store};

on_both_databases! {
    a_membership_that_is_deleted_lets_all_heads_be_looked_at_again,
    a_membership_that_is_cut_lets_all_heads_be_looked_at_again,
    a_word_that_becomes_whole_lets_all_heads_be_looked_at_again,
    a_next_log_that_accepts_more_lets_all_heads_be_looked_at_again,
    a_page_is_not_stored_by_the_trust_of_before,
    what_a_peer_held_of_what_was_cut_confirms_nothing_that_comes_instead,
}

/// A hub that follows the authority `kl-panrb`, has pinned `id-13`, and remembers a token of a peer.
async fn following(backend: Backend) -> Store {
    let store = Store::fresh(backend, "id-31").await;
    let db = &store.db;
    trust::follow(db, &hub_id("kl-panrb"), None).await.unwrap();
    for hub in ["kl-panrb", "id-13"].map(hub_id) {
        let key = key_of(&hub).public();
        pins::add(db, &hub, &key, store.now(), None).await.unwrap();
    }
    let hub = hub_id("hub-b");
    let added = peers::add(db, "https://b.example", &hub, store.now(), None);
    added.await.unwrap();
    store
}

async fn remember_token(store: &Store) {
    let peer = peers::list(&store.db).await.unwrap().remove(0);
    let result = RoundResult {
        heads_token: Some("token".to_owned()),
        trust_mark: peer.trust_mark,
        ..RoundResult::default()
    };
    let noted = peers::note_round(&store.db, peer.id, None, &result, store.now());
    noted.await.unwrap();
    assert!(has_token(store).await);
}

async fn has_token(store: &Store) -> bool {
    let peers = peers::list(&store.db).await.unwrap();
    peers[0].heads_token.is_some()
}

/// What the authority says of `id-13`.
fn word() -> Value {
    let draft = membership(&hub_id("id-13"), MemberStatus::Suspended);
    serde_json::to_value(draft).unwrap()
}

async fn standing(store: &Store) -> Option<Standing> {
    let trust = trust::load(&store.db).await.unwrap();
    trust.standing(&hub_id("id-13"))
}

async fn a_membership_that_is_deleted_lets_all_heads_be_looked_at_again(backend: Backend) {
    let store = following(backend).await;
    let mut forge = Forge::of("kl-panrb");
    forge.put(record(1), 1, Kind::MEMBERSHIP, &word(), |_| {});
    store.apply(forge.page()).await.unwrap();
    assert_eq!(standing(&store).await, Some(Standing::Suspended));
    remember_token(&store).await;
    forge.delete(record(1), 2, Kind::MEMBERSHIP);
    store.apply(forge.page()).await.unwrap();
    assert_eq!(
        standing(&store).await,
        Some(Standing::Trusted),
        "its pin counts again"
    );
    assert!(!has_token(&store).await);
}

async fn a_membership_that_is_cut_lets_all_heads_be_looked_at_again(backend: Backend) {
    let store = following(backend).await;
    let mut forge = Forge::of("kl-panrb");
    forge.put(record(1), 1, Kind::MEMBERSHIP, &word(), |_| {});
    store.apply(forge.page()).await.unwrap();
    remember_token(&store).await;
    let held = heads::edge(&store.db, forge.log()).await.unwrap();
    let cut = cutting::cut(&store.db, forge.log(), &held, 0, store.now()).await;
    assert_eq!(cut.unwrap(), 1);
    assert!(!has_token(&store).await);
    assert_eq!(
        standing(&store).await,
        Some(Standing::Trusted),
        "its pin counts again: the authority never named it"
    );
}

async fn a_word_that_becomes_whole_lets_all_heads_be_looked_at_again(backend: Backend) {
    let store = following(backend).await;
    let mut forge = Forge::of("kl-panrb");
    for number in [1, 2] {
        forge.put(
            record(number),
            1,
            Kind::INNOVATION,
            &json!({"n": number}),
            |_| {},
        );
        let payload = forge.without_payload().unwrap();
        store.apply(forge.page()).await.unwrap();
        assert_eq!(
            standing(&store).await,
            None,
            "what is missing may be a revocation"
        );
        remember_token(&store).await;
        if number == 1 {
            let place = vec![(0, payload)];
            let filled = fill::fill(&store.db, forge.log(), place).await.unwrap();
            assert_eq!(filled.filled, 1);
        } else {
            forge.delete(record(number), 2, Kind::INNOVATION);
            store.apply(forge.page()).await.unwrap();
        }
        assert_eq!(standing(&store).await, Some(Standing::Trusted));
        assert!(!has_token(&store).await, "the pin counts again");
    }
}

async fn a_next_log_that_accepts_more_lets_all_heads_be_looked_at_again(backend: Backend) {
    let store = following(backend).await;
    for (epoch, accepts, looks_again) in [(2, 1, false), (3, 2, true)] {
        let mut old = Forge::of_epoch("id-13", 1);
        old.put(record(1), 1, "strange", &json!({}), |_| {});
        if epoch == 2 {
            store.apply(old.page()).await.unwrap();
        }
        for further in 1..accepts {
            old.put(record(1), further + 1, "strange", &json!({}), |_| {});
        }
        let edge = old.grown();
        let opening = Opening {
            checkpoint: None,
            previous: old.log().epoch,
            accepted: Accepted {
                size: accepts,
                root: edge.root(),
            },
        };
        let body = serde_json::from_str(&opening.to_body()).unwrap();
        let mut next = Forge::of_epoch("id-13", epoch);
        next.put(record(9), epoch, Kind::EPOCH, &body, |_| {});
        remember_token(&store).await;
        store.apply(next.page()).await.unwrap();
        assert_eq!(has_token(&store).await, !looks_again, "{accepts}");
    }
}

async fn a_page_is_not_stored_by_the_trust_of_before(backend: Backend) {
    let store = following(backend).await;
    let judged = trust::mark_now(&store.db).await.unwrap();
    let hub = hub_id("id-13");
    trust::deny(&store.db, &hub, store.now(), None)
        .await
        .unwrap();
    let page = || {
        let mut forge = Forge::of("id-13");
        forge.put(record(1), 1, "strange", &json!({}), |_| {});
        forge.page()
    };
    let apply = async |mark: i64| logs::apply(&store.db, page(), Some(mark), &store.clock).await;
    let refused = apply(judged).await.unwrap_err();
    assert!(matches!(refused, StorageError::TrustMoved), "{refused}");
    assert_eq!(store.size(page().checkpoint.log()).await, 0);
    let now = trust::mark_now(&store.db).await.unwrap();
    assert_eq!(apply(now).await.unwrap().entries, 1);
}

async fn what_a_peer_held_of_what_was_cut_confirms_nothing_that_comes_instead(backend: Backend) {
    let store = following(backend).await;
    let db = &store.db;
    let mut forge = Forge::of("id-13");
    for number in 1..=3 {
        forge.put(record(number), 1, "strange", &json!({}), |_| {});
    }
    store.apply(forge.page()).await.unwrap();
    let peer = peers::list(db).await.unwrap().remove(0).id;
    let noted = holders::note(db, peer, forge.log(), 3, store.now()).await;
    noted.unwrap();
    let held = heads::edge(db, forge.log()).await.unwrap();
    let cut = cutting::cut(db, forge.log(), &held, 1, store.now()).await;
    assert_eq!(cut.unwrap(), 2);
    let first = holders::find(db, &hub_id("id-13"), record(1)).await;
    assert_eq!(first.unwrap().unwrap().peers[0].size, 1);
}
