//! Hubs whose database was put back, or whose log has two histories: nothing is lost, and all come to the same.

use domain::clock::Clock as _;
use domain::healing::Halt;
use domain::log::LogState;
use node::system::SystemClock;
use node::tasks::healing::probe_all;
use serde_json::json;
use storage::halt;
use storage::logs::heads;
use testkit::forge::Forge;
use testkit::program::Program;
use testkit::records::record;
use testkit::relay::{Lie, LyingRelay, PAGE};
use testkit::{Backend, Drawing, Federation};

on_both_databases! {
    a_peer_that_answers_for_our_own_log_counts_though_another_log_fails,
    a_peer_that_gives_our_own_log_badly_does_not_count,
}

const NONE: [String; 0] = [];

/// Why a hub writes nothing, if so.
async fn halted(hubs: &Federation, name: &str) -> Option<Halt> {
    let halted = halt::read(&hubs.hub(name).db).await.unwrap();
    halted.map(|halted| halted.why)
}

/// The code with which publishing is refused.
async fn refusal_to_publish(hubs: &Federation, name: &str) -> String {
    let register = "mutation { registerAgency(input: {name: \"Dinas baru\", kind: DEPARTMENT, region: \"13.76\"}) { id } }";
    let answer = hubs.api(name).ask_as_operator(register, json!({})).await;
    answer.codes().join(" ")
}

/// Every hub proves every log, shows the same titles, and finds nothing wrong with what it holds.
async fn all_are_the_same(hubs: &Federation, names: &[&str], titles: &[&str]) {
    for name in names {
        for head in hubs.heads(name).await {
            assert_eq!(head.state, LogState::Proved, "{} at {name}", head.log);
        }
        assert_eq!(hubs.titles(name).await, titles, "at {name}");
        assert_eq!(hubs.verify(name).await, NONE, "at {name}");
        hubs.same_after_rebuild(name).await;
    }
}

//  a ── b, where a's database is put back to before its last entry, and its guard is not
#[tokio::test]
async fn a_hub_whose_database_was_put_back_heals_and_goes_on_in_the_same_log() {
    let mut hubs = Federation::drawn("a -- b").await;
    hubs.publish("a", "Kept").await;
    let snapshot = hubs.snapshot("a").await;
    hubs.publish("a", "Lost and found").await;
    hubs.sync_until_quiet().await;
    let log = hubs.log("a").await;
    let store = hubs.hub("a").db.store();
    hubs.put_back("a", &snapshot).await;

    assert_eq!(halted(&hubs, "a").await, Some(Halt::Behind));
    assert_eq!(refusal_to_publish(&hubs, "a").await, "HUB_READ_ONLY");
    assert_ne!(
        hubs.hub("a").db.store(),
        store,
        "peers must look at everything anew"
    );
    hubs.sync_until_quiet().await;
    assert_eq!(halted(&hubs, "a").await, None);
    assert_eq!(hubs.log("a").await, log, "the guard vouches for the log");
    hubs.publish("a", "New").await;
    hubs.sync_until_quiet().await;
    all_are_the_same(&hubs, &["a", "b"], &["Kept", "Lost and found", "New"]).await;
}

//  a ── b, where a's database is put back and its guard is gone
#[tokio::test]
async fn without_a_guard_a_hub_that_was_put_back_goes_on_in_a_new_log() {
    let drawing = Drawing::drawn("a -- b").on_postgres("b");
    let mut hubs = Federation::build(drawing).await;
    hubs.publish("a", "Kept").await;
    let snapshot = hubs.snapshot("a").await;
    hubs.publish("a", "Lost and found").await;
    hubs.sync_until_quiet().await;
    let log = hubs.log("a").await;
    hubs.put_back_without_guard("a", &snapshot).await;

    assert_eq!(halted(&hubs, "a").await, Some(Halt::Unguarded));
    assert_eq!(refusal_to_publish(&hubs, "a").await, "HUB_READ_ONLY");
    hubs.sync_until_quiet().await;
    assert_eq!(halted(&hubs, "a").await, None);
    assert!(hubs.log("a").await.epoch > log.epoch);
    hubs.publish("a", "New").await;
    hubs.sync_until_quiet().await;
    all_are_the_same(&hubs, &["a", "b"], &["Kept", "Lost and found", "New"]).await;
}

//  a alone, whose database is put back and whose guard is gone
#[tokio::test]
async fn without_a_guard_and_a_peer_nothing_is_written_until_the_operator_says_so() {
    let mut hubs = Federation::drawn("a").await;
    hubs.publish("a", "Kept").await;
    let snapshot = hubs.snapshot("a").await;
    hubs.put_back_without_guard("a", &snapshot).await;
    hubs.sync_until_quiet().await;
    assert_eq!(halted(&hubs, "a").await, Some(Halt::Unguarded));
    assert_eq!(refusal_to_publish(&hubs, "a").await, "HUB_READ_ONLY");

    let (program, settings) = (Program::new(), hubs.settings("a"));
    let told = program
        .run(&["--config", &settings, "heal", "--as-it-is"])
        .await;
    assert!(
        told.stdout.contains("goes on in a new log"),
        "{}",
        told.stdout
    );
    hubs.publish("a", "New").await;
    all_are_the_same(&hubs, &["a"], &["Kept", "New"]).await;
}

//  a ── b, a ─▶ c ── b, where a's whole machine is put back, and a writes before it hears of what it lost
#[tokio::test]
async fn two_histories_are_brought_together_in_a_new_log() {
    let drawing = Drawing::drawn("a -- b -- c, a -> c").on_postgres("c");
    let mut hubs = Federation::build(drawing).await;
    let changed = hubs.publish("a", "As it was").await;
    let (snapshot, guard) = (hubs.snapshot("a").await, hubs.guard("a").await);
    hubs.publish("a", "First history").await;
    hubs.revise("a", &changed, 1, "Changed in both, first")
        .await;
    hubs.round("b", "a").await;
    hubs.put_machine_back("a", &snapshot, &guard).await;
    hubs.publish("a", "Second history").await;
    hubs.revise("a", &changed, 1, "Changed in both, second")
        .await;
    let old = hubs.log("a").await;
    // Both are out.
    hubs.round("c", "a").await;

    hubs.sync_until_quiet().await;
    assert_eq!(halted(&hubs, "a").await, None);
    let new = hubs.log("a").await;
    assert!(new.epoch > old.epoch);
    let last = hubs.titles("a").await;
    assert!(last.contains(&"First history".to_owned()), "{last:?}");
    all_are_the_same(
        &hubs,
        &["a", "b", "c"],
        &["Changed in both, second", "First history", "Second history"],
    )
    .await;
    let told = Program::new()
        .run(&["--config", &hubs.settings("a"), "evidence", "hub-a"])
        .await;
    assert!(told.stdout.contains("Settled"), "{}", told.stdout);
    hubs.publish("a", "New").await;
    hubs.sync_until_quiet().await;
    assert!(hubs.titles("c").await.contains(&"New".to_owned()));
}

//  a ── b, c ── b, where a's machine is put back and only c, which a does not pull, holds the second history
#[tokio::test]
async fn a_history_that_comes_to_light_later_is_issued_again_too() {
    let mut hubs = Federation::drawn("a -> b, b -> a, a -> c").await;
    hubs.publish("a", "Kept").await;
    let (snapshot, guard) = (hubs.snapshot("a").await, hubs.guard("a").await);
    hubs.publish("a", "Only at c").await;
    hubs.round("c", "a").await;
    hubs.put_machine_back("a", &snapshot, &guard).await;
    hubs.publish("a", "Second history").await;
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.state("c", "a").await, LogState::Forked);

    // Now a pulls c, too.
    let url = hubs.api("c").url().to_owned();
    hubs.add_peer("a", "c", &url).await;
    hubs.sync_until_quiet().await;
    all_are_the_same(
        &hubs,
        &["a", "b", "c"],
        &["Kept", "Only at c", "Second history"],
    )
    .await;
}

//  a ── b, a ── c, where a's machine is put back, and b, which says that it holds something else, is gone before it gives it
#[tokio::test]
async fn a_log_of_which_a_peer_states_something_else_is_not_gone_on_with_though_the_guard_is_met() {
    for (written, expected) in [
        (&[][..], Halt::Behind),
        (&["Second", "Third"], Halt::Forked),
    ] {
        let mut hubs = Federation::drawn("a -- b, a -- c").await;
        hubs.publish("a", "Kept").await;
        let (snapshot, guard) = (hubs.snapshot("a").await, hubs.guard("a").await);
        hubs.publish("a", "Only at b").await;
        hubs.round("b", "a").await;
        let old = hubs.log("a").await;
        hubs.put_machine_back("a", &snapshot, &guard).await;
        for title in written {
            hubs.publish("a", title).await;
        }
        hubs.guard("a").await;
        probe_all(hubs.hub("a")).await.unwrap();
        assert_eq!(halted(&hubs, "a").await, Some(expected));

        hubs.take_offline("b").await;
        hubs.sync_until_quiet().await;
        assert_eq!(halted(&hubs, "a").await, None);
        let new = hubs.log("a").await;
        assert!(new.epoch > old.epoch, "the next place in {old} is taken");
        hubs.publish("a", "New").await;
        hubs.bring_back("b").await;
        hubs.round("a", "b").await;
        hubs.sync_until_quiet().await;
        let titles = [&["Kept", "New", "Only at b"], written].concat();
        all_are_the_same(&hubs, &["a", "b", "c"], &titles).await;
    }
}

//  a ── b, where a's machine is lost but for the copy of its key
#[tokio::test]
async fn a_lost_hub_gets_everything_back_with_its_key_and_one_peer() {
    let hubs = Federation::drawn("a -- b").await;
    hubs.publish("a", "Dari a").await;
    hubs.publish("b", "Dari b").await;
    hubs.sync_until_quiet().await;
    let old = hubs.log("a").await;
    let published = heads::edge(&hubs.hub("a").db, &old).await.unwrap().size();
    hubs.take_offline("a").await;

    let program = Program::new();
    let key = hubs
        .hub("a")
        .config
        .path(&hubs.hub("a").config.hub.key_file);
    let (key, from) = (key.display().to_string(), hubs.api("b").url().to_owned());
    let fingerprint = hubs.hub("b").key.public().fingerprint();
    let recover = async |key: &str| {
        let arguments = [
            "recover",
            "--key",
            key,
            "--private-network",
            "127.0.0.0/8",
            "--from",
            &from,
            "--fingerprint",
            &fingerprint,
        ];
        program.run(&arguments).await
    };
    node::keys::create_key(
        &program.folder().join("unknown.key"),
        None,
        &node::system::SystemEntropy,
    )
    .unwrap();
    let refused = recover(&program.folder().join("unknown.key").display().to_string()).await;
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("holds no log that this key signed"),
        "{}",
        refused.stderr
    );

    let recovered = recover(&key).await;
    assert_eq!(
        recovered.code,
        Some(0),
        "{}{}",
        recovered.stdout,
        recovered.stderr
    );
    let came_back = format!("{published} entries of the hub's own came back");
    assert!(
        recovered
            .stdout
            .lines()
            .any(|line| line.starts_with(&came_back)),
        "{}",
        recovered.stdout
    );
    let again = recover(&key).await;
    assert!(
        again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );

    let status = program.run(&["status", "--json"]).await.json();
    assert_eq!(
        (&status["mode"], &status["inSync"]),
        (&json!("OK"), &json!(true)),
        "{status}"
    );
    let serving = program.serve().await;
    let token = std::fs::read_to_string(program.folder().join("operator.token")).unwrap();
    let api = testkit::api::Api::new(testkit::api::client(), &serving.url, token.trim());
    let data = api
        .query(
            "{ innovations(orderBy: TITLE_ASC) { nodes { title } } }",
            json!({}),
        )
        .await;
    let titles = [json!({"title": "Dari a"}), json!({"title": "Dari b"})];
    assert_eq!(data["innovations"]["nodes"], json!(titles));
    let register = "mutation { registerAgency(input: {name: \"Dinas baru\", kind: DEPARTMENT, region: \"13.76\"}) { name } }";
    api.mutate(register, json!({})).await;

    hubs.add_peer("b", "a", &serving.url).await;
    hubs.round("b", "a").await;
    let logs = hubs
        .heads("b")
        .await
        .into_iter()
        .filter(|head| head.log.hub == old.hub);
    let logs: Vec<_> = logs
        .map(|head| (head.log.epoch > old.epoch, head.state))
        .collect();
    assert_eq!(logs, [(false, LogState::Proved), (true, LogState::Proved)]);
    assert_eq!(hubs.titles("b").await, ["Dari a", "Dari b"]);
    serving.stop().await;
}

//  a ── b, a ─▶ c, where c took more of the history that a lost than b, whom alone a pulls
#[tokio::test]
async fn a_record_that_is_issued_again_is_shown_where_more_was_held_than_counts() {
    let mut hubs = Federation::drawn("a -- b, a -> c").await;
    let record = hubs.publish("a", "First").await;
    hubs.sync_until_quiet().await;
    let (snapshot, guard) = (hubs.snapshot("a").await, hubs.guard("a").await);
    hubs.revise("a", &record, 1, "Second").await;
    hubs.round("b", "a").await;
    hubs.publish("a", "Only at c").await;
    hubs.round("c", "a").await;
    hubs.put_machine_back("a", &snapshot, &guard).await;
    hubs.revise("a", &record, 1, "Written after").await;
    hubs.sync_until_quiet().await;
    all_are_the_same(&hubs, &["a", "b", "c"], &["Written after"]).await;

    let url = hubs.api("c").url().to_owned();
    hubs.add_peer("a", "c", &url).await;
    hubs.sync_until_quiet().await;
    // What c cut when it heard of the next log, it kept for a.
    all_are_the_same(&hubs, &["a", "b", "c"], &["Only at c", "Written after"]).await;
}

//  a ── b, where b took several revisions that a lost, and a wrote one of its own
#[tokio::test]
async fn of_a_record_that_both_histories_changed_what_is_shown_here_stays() {
    let mut hubs = Federation::drawn("a -> b").await;
    let record = hubs.publish("a", "First").await;
    let (snapshot, guard) = (hubs.snapshot("a").await, hubs.guard("a").await);
    for (revision, title) in [(1, "Theirs, once"), (2, "Theirs, twice")] {
        hubs.revise("a", &record, revision, title).await;
    }
    hubs.publish("a", "New there").await;
    hubs.round("b", "a").await;
    hubs.put_machine_back("a", &snapshot, &guard).await;
    hubs.revise("a", &record, 1, "Ours").await;
    for number in 0..9 {
        hubs.publish("a", &format!("New here {number}")).await;
    }
    let url = hubs.api("b").url().to_owned();
    hubs.add_peer("a", "b", &url).await;
    hubs.sync_until_quiet().await;

    for hub in ["a", "b"] {
        let titles = hubs.titles(hub).await;
        assert!(titles.contains(&"Ours".to_owned()), "{titles:?} at {hub}");
        assert!(
            titles.contains(&"New there".to_owned()),
            "{titles:?} at {hub}"
        );
        assert_eq!(titles.len(), 11, "{titles:?} at {hub}");
        assert_eq!(hubs.verify(hub).await, NONE, "at {hub}");
        hubs.same_after_rebuild(hub).await;
    }
    let told = Program::new()
        .run(&["--config", &hubs.settings("a"), "evidence", "hub-a"])
        .await;
    assert!(told.stdout.contains("Theirs, twice"), "{}", told.stdout);
    assert_eq!(told.code, Some(3));
}

//  a ─▶ b ── c, where b's database is put back and comes to hold the same again in fewer commits than before
#[tokio::test]
async fn a_cursor_of_another_store_is_forgotten_though_the_heads_are_the_same() {
    let mut hubs = Federation::drawn("a -> b -- c").await;
    hubs.sync_until_quiet().await;
    let snapshot = hubs.snapshot("b").await;
    for number in 0..6 {
        hubs.publish("a", &format!("Record {number}")).await;
        hubs.round("b", "a").await;
    }
    assert!(hubs.round("c", "b").await.cursor.is_some());
    hubs.put_back("b", &snapshot).await;
    hubs.round("b", "a").await;
    let same = hubs.round("c", "b").await;
    assert_eq!((same.entries, same.cursor), (0, None));

    hubs.publish("a", "After").await;
    hubs.round("b", "a").await;
    hubs.round("c", "b").await;
    assert_eq!(hubs.titles("c").await, hubs.titles("b").await);
}

/// a, which pulls b through a relay that can lie about a log, and halts.
async fn halted_behind_a_relay(
    backend: Backend,
    drawing: Drawing,
    about: &str,
) -> (Federation, LyingRelay) {
    let drawing = match backend {
        Backend::Sqlite => drawing,
        Backend::Postgres => drawing.on_postgres("a"),
    };
    let hubs = Federation::build(drawing).await;
    let relay = LyingRelay::before(hubs.api("b").url(), hubs.log(about).await).await;
    hubs.add_peer("a", "b", relay.url()).await;
    hubs.guard("a").await;
    let halt = halt::set(&hubs.hub("a").db, Halt::Behind, SystemClock.now());
    halt.await.unwrap();
    (hubs, relay)
}

//  c ─▶ b ─▶ relay (lies about c's log) ─▶ a, which waits for what b holds of a's own log
async fn a_peer_that_answers_for_our_own_log_counts_though_another_log_fails(backend: Backend) {
    let drawing = Drawing::drawn("c -> b -> a");
    let (hubs, relay) = halted_behind_a_relay(backend, drawing, "c").await;
    for number in 0..=PAGE {
        hubs.publish("c", &format!("Judul {number}")).await;
    }
    hubs.round("b", "c").await;
    relay.tell(Lie::CutShort);
    hubs.sync_until_quiet().await;
    let record = hubs.peer("a", "b").await.record;
    assert!(record.failures > 0, "{record:?}");
    assert_eq!(record.last_success_at, None);
    assert_eq!(hubs.state("a", "c").await, LogState::Unproved);
    assert_eq!(halted(&hubs, "a").await, None, "b said all there is to say");
    hubs.publish("a", "Baru").await;
}

//  b ─▶ relay (lies about a's log) ─▶ a, whose log b holds, and a nothing of it
async fn a_peer_that_gives_our_own_log_badly_does_not_count(backend: Backend) {
    let drawing = Drawing::drawn("b -> a").silent("a");
    let (hubs, relay) = halted_behind_a_relay(backend, drawing, "a").await;
    let mut forge = Forge::signed(hubs.log("a").await, hubs.hub("a").key.clone());
    for number in 0..u128::from(2 * PAGE) {
        forge.put(record(number), 1, "strange", &json!({}), |_| {});
    }
    let held = storage::logs::apply(&hubs.hub("b").db, forge.page(), None, &SystemClock).await;
    held.unwrap();
    relay.tell(Lie::CutShort);
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.size("a", "a").await, PAGE);
    assert_eq!(halted(&hubs, "a").await, Some(Halt::Behind));

    relay.tell(Lie::None);
    hubs.sync_until_quiet().await;
    assert_eq!(hubs.state("a", "a").await, LogState::Proved);
    assert_eq!(halted(&hubs, "a").await, None);
}
