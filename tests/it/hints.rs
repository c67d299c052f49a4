//! Hubs that tell one another at once that something changed, and pulls that go on whatever becomes of it.
//!
//! Where rounds are an hour apart, what arrives at all was told: at most one round is due to the connecting, so of three
//! records that arrive one after the other two were.

use testkit::noise::{Noise, NoisyPeer};
use testkit::patience::eventually;
use testkit::{Drawing, Federation};

const AN_HOUR: u32 = 3600;

/// Publishes one record after the other, each when the one before is shown at all these hubs.
async fn publish_and_await(hubs: &Federation, at: &str, shown_at: &[&str], titles: &[&str]) {
    for title in titles {
        hubs.publish(at, title).await;
        for reader in shown_at {
            eventually(&format!("{title} at {reader}"), async || {
                let titles = hubs.titles(reader).await;
                titles.iter().any(|shown| shown == title).then_some(())
            })
            .await;
        }
    }
}

//  a ─▶ b ─▶ c
#[tokio::test]
async fn a_write_is_told_over_two_hops_without_waiting_for_the_interval() {
    let hubs = Federation::build(Drawing::drawn("a -> b -> c").pulling_every(AN_HOUR)).await;
    publish_and_await(&hubs, "a", &["b", "c"], &["One", "Two", "Three"]).await;
}

//  a ─▶ b, and deaf pulls a too
#[tokio::test]
async fn a_hub_without_hints_waits_for_the_interval() {
    let drawing = Drawing::drawn("a -> b, a -> deaf").pulling_every(AN_HOUR);
    let hubs = Federation::build(drawing.without_hints("deaf")).await;
    eventually("the first round", async || {
        (hubs.size("deaf", "a").await == 1).then_some(())
    })
    .await;
    publish_and_await(&hubs, "a", &["b"], &["One", "Two", "Three"]).await;
    assert_eq!(hubs.size("deaf", "a").await, 1, "nobody told it");
    assert_eq!(hubs.peer("deaf", "a").await.record.rounds, 1);
}

//  a ─▶ b
#[tokio::test]
async fn hints_come_back_after_the_peer_was_away() {
    let hubs = Federation::build(Drawing::drawn("a -> b").pulling_every(AN_HOUR)).await;
    publish_and_await(&hubs, "a", &["b"], &["One", "Two"]).await;
    for titles in [["Three", "Four", "Five"], ["Six", "Seven", "Eight"]] {
        hubs.take_offline("a").await;
        hubs.bring_back("a").await;
        publish_and_await(&hubs, "a", &["b"], &titles).await;
    }
    assert_eq!(hubs.peer("b", "a").await.record.failures, 0);
}

//  a ─▶ b
#[tokio::test]
async fn a_round_after_a_hint_reads_on_and_leaves_the_token_to_the_next_turn() {
    let hubs = Federation::drawn("a -> b").await;
    hubs.hinted_round("b", "a").await;
    let known = hubs.peer("b", "a").await;
    for title in ["One", "Two"] {
        hubs.publish("a", title).await;
        let result = hubs.hinted_round("b", "a").await;
        assert!(result.entries > 0 && result.error.is_none(), "{result:?}");
        assert_ne!(result.cursor, known.cursor, "the cursor moves on");
        // It was asked for beside the heads, so it may be of a later time than they are.
        assert_eq!(result.heads_token, known.heads_token);
    }
    let result = hubs.round("b", "a").await;
    assert_eq!(result.entries, 0);
    assert_ne!(result.heads_token, known.heads_token);
    assert_eq!(hubs.titles("b").await, hubs.titles("a").await);
}

//  a ─▶ noise ─▶ b
async fn check_noise(noise: Noise) {
    let hubs = Federation::build(Drawing::drawn("a, b").pulling_every(1)).await;
    let proxy = NoisyPeer::before(hubs.api("a").url(), noise).await;
    hubs.add_peer("b", "a", proxy.url()).await;
    publish_and_await(&hubs, "a", &["b"], &["One", "Two", "Three"]).await;
    let record = hubs.peer("b", "a").await.record;
    assert_eq!(
        (record.failures, record.strikes, record.last_error),
        (0, 0, None),
        "hints are no business of the pull"
    );
}

#[tokio::test]
async fn a_peer_that_opens_no_websocket_is_pulled_at_the_interval() {
    check_noise(Noise::Refusal).await;
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_pulled_at_the_interval() {
    check_noise(Noise::Silence).await;
}

#[tokio::test]
async fn a_peer_that_says_garbage_is_pulled_at_the_interval() {
    check_noise(Noise::Garbage).await;
}

#[tokio::test]
async fn a_peer_whose_messages_are_huge_is_pulled_at_the_interval() {
    check_noise(Noise::Huge).await;
}

#[tokio::test]
async fn a_peer_that_tells_of_nothing_without_end_is_pulled_all_the_same() {
    check_noise(Noise::FalseHints).await;
}

#[tokio::test]
async fn a_peer_that_hangs_up_at_once_is_pulled_at_the_interval() {
    check_noise(Noise::Flapping).await;
}
