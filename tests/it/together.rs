//! Several processes on one database: they share the pulling and the writing, and one that dies is replaced.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::entry::Kind;
use domain::identity::{HubId, LogId};
use domain::log::LogState;
use node::config::Config;
use node::hub::{Hub, SOFTWARE};
use node::serving::{self, Pulling};
use outgoing::{Client, Reach};
use serde_json::{Value, json};
use storage::peers;
use sync::hint::Hints;
use sync::peer::{Greeting, HeadsPage, HttpPeer, Peer, PeerError, StatedPage};
use sync::round::Occasion;
use testkit::api::{Api, client};
use testkit::counter::Counter;
use testkit::patience::eventually;
use testkit::program::{Program, Serving};
use testkit::records::{agency, put};
use testkit::{Backend, Drawing, Federation};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

/// The client with which hubs of this machine ask each other.
fn asking() -> Client {
    HttpPeer::client(SOFTWARE, Reach::here()).unwrap()
}

/// Within this time of a process's death another does its work: the promise.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);
/// The pause between rounds, at its shortest.
const LEAST_INTERVAL: f64 = 0.8;

/// Two hubs that hub-x pulls, each counted.
struct Suppliers {
    hubs: Federation,
    counters: Vec<Counter>,
}

impl Suppliers {
    /// Makes hub-x where the program lies, and lets it pull them.
    async fn of(x: &Program, database: &str) -> Self {
        let hubs = Federation::drawn("b, c").await;
        x.init_at("hub-x", database).await;
        let mut counters = Vec::new();
        for name in ["b", "c"] {
            let counter = Counter::before(hubs.api(name).url()).await;
            let fingerprint = hubs.hub(name).key.public().fingerprint();
            let arguments = ["peer", "add", counter.url(), "--fingerprint", &fingerprint];
            x.well(&arguments).await;
            counters.push(counter);
        }
        Self { hubs, counters }
    }

    /// Publishes at both, and waits until all these nodes show it.
    async fn publish(&self, title: &str, shown_at: &[&Serving]) {
        for name in ["b", "c"] {
            let title = format!("{title}{name}");
            self.hubs.publish(name, &title).await;
            for node in shown_at {
                eventually(&title, async || shows(node, &title).await.then_some(())).await;
            }
        }
    }
}

fn api(node: &Serving) -> Api {
    Api::new(client(), &node.url, "")
}

async fn shows(node: &Serving, title: &str) -> bool {
    let document =
        "query($words: String) { innovations(filter: {titleWords: $words}) { totalCount } }";
    let found = api(node).query(document, json!({ "words": title })).await;
    found["innovations"]["totalCount"] != 0
}

/// Who pulls the two peers, as a node says.
async fn pulled_by(node: &Serving) -> [String; 2] {
    let status = api(node)
        .query("{ replicationStatus { peers { pulledBy } } }", json!({}))
        .await;
    let by = |place: usize| status["replicationStatus"]["peers"][place]["pulledBy"].clone();
    [by(0), by(1)].map(|by| by.as_str().expect("it is told").to_owned())
}

async fn until_shared(one: &Serving, other: &Serving) {
    eventually("each pulls one peer", async || {
        let (mut one, other) = (pulled_by(one).await, pulled_by(other).await);
        let is_shared =
            one.contains(&"THIS_PROCESS".to_owned()) && one.contains(&"ANOTHER_PROCESS".to_owned());
        one.reverse();
        (is_shared && one == other).then_some(())
    })
    .await;
}

async fn until_all_are_here(node: &Serving) {
    eventually("one process pulls both peers", async || {
        (pulled_by(node).await == ["THIS_PROCESS", "THIS_PROCESS"]).then_some(())
    })
    .await;
}

/// The processes that pull, as `simpul status` says.
async fn pullers(x: &Program) -> Vec<Value> {
    let status = x.status().await;
    let peers = status["peers"].as_array().expect("peers are a list");
    peers.iter().map(|peer| peer["pulledBy"].clone()).collect()
}

#[tokio::test]
async fn two_nodes_share_the_peers_and_one_that_is_killed_is_replaced() {
    let site = Backend::Postgres.site().await;
    let x = Program::new();
    let suppliers = Suppliers::of(&x, &site.url()).await;
    let (first, second) = (x.serve().await, x.serve().await);
    until_shared(&first, &second).await;
    suppliers.publish("Together", &[&first, &second]).await;

    // Peers are asked once an interval and not twice, though two processes run.
    let since = Instant::now();
    let before: Vec<u64> = suppliers.counters.iter().map(Counter::questions).collect();
    for (counter, before) in suppliers.counters.iter().zip(before) {
        eventually("rounds go on", async || {
            (counter.questions() >= before + 14).then_some(())
        })
        .await;
        let most = since.elapsed().as_secs_f64() / LEAST_INTERVAL + 3.0;
        let asked = counter.questions() - before;
        assert!(
            f64::from(u32::try_from(asked).unwrap()) <= most,
            "{asked} > {most}"
        );
    }

    first.kill().await;
    let taken_over = async {
        until_all_are_here(&second).await;
        suppliers.publish("Alone", &[&second]).await;
    };
    let in_time = timeout(TAKEN_OVER_WITHIN, taken_over).await;
    in_time.expect("the other process takes over in time");

    // One that ends as it should gives back what it holds, instead of letting it lapse.
    let third = x.serve().await;
    until_shared(&second, &third).await;
    let before = pullers(&x).await;
    assert_eq!(third.stop().await, Some(0));
    let after = pullers(&x).await;
    let kept = before
        .iter()
        .zip(&after)
        .filter(|(b, a)| b == a && **b != Value::Null);
    assert!(kept.count() < 2, "{before:?} {after:?}");
    until_all_are_here(&second).await;
    suppliers.publish("Again", &[&second]).await;
    second.kill().await;
    x.well(&["verify"]).await;
}

#[tokio::test]
async fn a_single_round_beside_a_node_borrows_the_peers_and_sync_shares_them() {
    let x = Program::new();
    let suppliers = Suppliers::of(&x, "sqlite:simpul.db").await;
    let node = x.serve().await;
    until_all_are_here(&node).await;
    for turn in ["One", "Two", "Three"] {
        let ran = x.well(&["sync", "--once", "--json"]).await.json();
        for place in 0..2 {
            assert_eq!(ran[place]["error"], Value::Null, "{turn}: {ran}");
        }
        until_all_are_here(&node).await;
        suppliers.publish(turn, &[&node]).await;
    }
    let mut sync = x.command(&["sync"]);
    sync.env("SIMPUL_SYNC__INTERVAL_SECONDS", "1")
        .stderr(std::process::Stdio::null());
    let mut sync = sync.spawn().expect("the program starts");
    eventually("each pulls one peer", async || {
        let mut by = pulled_by(&node).await;
        by.sort();
        (by == ["ANOTHER_PROCESS", "THIS_PROCESS"]).then_some(())
    })
    .await;
    suppliers.publish("Four", &[&node]).await;
    sync.kill().await.expect("it runs");
    until_all_are_here(&node).await;
    node.kill().await;
    x.well(&["verify"]).await;
}

/// A peer whose first page is on the way while another process pulls it to the end.
struct Slow {
    remote: HttpPeer,
    other: Hub,
    peer: peers::Peer,
    pages: AtomicU64,
}

impl Slow {
    async fn let_the_other_pull(&self) {
        let remote = self.other.remote(asking(), &self.peer).unwrap();
        let puller = self.other.puller();
        let round = puller.run(&self.peer, &remote, Occasion::Turn, None, &|_| {});
        let result = round.await.unwrap();
        assert_eq!((result.strikes, result.error), (0, None));
    }
}

impl Peer for Slow {
    async fn greet(&self) -> Result<Greeting, PeerError> {
        self.remote.greet().await
    }

    async fn heads(&self, after: Option<&str>) -> Result<HeadsPage, PeerError> {
        self.remote.heads(after).await
    }

    async fn heads_of(&self, hub: &HubId) -> Result<Vec<String>, PeerError> {
        self.remote.heads_of(hub).await
    }

    async fn page(&self, log: &LogId, from: u64, entries: usize) -> Result<StatedPage, PeerError> {
        let page = self.remote.page(log, from, entries).await;
        if self.pages.fetch_add(1, Ordering::SeqCst) == 0 {
            self.let_the_other_pull().await;
        }
        page
    }

    async fn left_out_page(
        &self,
        number: u64,
        from: u64,
        entries: usize,
    ) -> Result<StatedPage, PeerError> {
        self.remote.left_out_page(number, from, entries).await
    }

    async fn payloads(&self, log: &LogId, places: &[u64]) -> Result<Vec<(u64, String)>, PeerError> {
        self.remote.payloads(log, places).await
    }

    fn bytes_received(&self) -> u64 {
        self.remote.bytes_received()
    }
}

#[tokio::test]
async fn a_log_that_another_process_moved_in_the_middle_of_a_round_is_no_fault_of_the_peer() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mut drawing = Drawing::drawn("a -> b");
        if backend == Backend::Postgres {
            drawing = drawing.on_postgres("b");
        }
        let hubs = Federation::build(drawing).await;
        for number in 0..5 {
            hubs.publish("a", &format!("Judul {number}")).await;
        }
        let peer = hubs.peer("b", "a").await;
        let slow = Slow {
            remote: hubs.hub("b").remote(asking(), &peer).unwrap(),
            other: another(hubs.hub("b")).await,
            peer: peer.clone(),
            pages: AtomicU64::new(0),
        };
        let puller = hubs.hub("b").puller();
        let round = puller.run(&peer, &slow, Occasion::Turn, None, &|_| {});
        let result = Box::pin(round).await.unwrap();
        assert_eq!((result.strikes, &result.error), (0, &None));
        assert_eq!(result.entries, 0, "the page came too late");
        assert_eq!(result.heads_token, None, "the next round looks again");
        assert_eq!(slow.pages.load(Ordering::SeqCst), 1);
        assert_eq!(hubs.state("b", "a").await, LogState::Proved);
        assert_eq!(hubs.titles("b").await, hubs.titles("a").await);
        assert_eq!(hubs.verify("b").await, [""; 0]);
        let again = hubs.round("b", "a").await;
        assert_eq!((again.entries, again.error), (0, None));
        assert!(again.heads_token.is_some(), "nothing is left to do");
        slow.other.db.close().await.unwrap();
    }
}

/// Opens a hub once more, as another process would.
async fn another(hub: &Hub) -> Hub {
    let opened = Hub::open(Config::clone(&hub.config)).await;
    opened.expect("the hub opens twice")
}

#[tokio::test]
async fn two_nodes_write_one_log_without_a_gap_and_tell_each_others_subscribers() {
    const EACH: u64 = 25;
    let hubs = Federation::build(Drawing::drawn("a").on_postgres("a")).await;
    let one = hubs.hub("a");
    let other = another(one).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = serving::start_at(&other, listener, Pulling::Never).unwrap();
    let client = Hints::client(SOFTWARE, Reach::here()).unwrap();
    let mut heard = Hints::open(&client, &running.url()).await.unwrap();
    let size = hubs.size("a", "a").await;

    let write = async |hub: &Hub, from: u64| {
        for number in from..from + EACH {
            let draft = agency(&format!("Dinas {number}"), None);
            let at = domain::clock::Clock::now(&node::system::SystemClock);
            let entry = put(
                testkit::records::record(number.into()),
                1,
                Kind::AGENCY,
                &draft,
                at,
            );
            hub.issue(vec![entry]).await.expect("the log takes it");
        }
    };
    tokio::join!(write(one, 1000), write(&other, 2000));
    let expected = size + 2 * EACH;
    assert_eq!(hubs.size("a", "a").await, expected);
    let hearing = async { while heard.next().await.unwrap().size < expected {} };
    let told = timeout(testkit::patience::PATIENCE, hearing).await;
    told.expect("the last write is told at the other node");
    assert_eq!(hubs.verify("a").await, [""; 0]);
    let answered = Api::new(testkit::api::client(), &running.url(), "");
    let found = answered
        .query("{ agencies { totalCount } }", json!({}))
        .await;
    assert_eq!(found["agencies"]["totalCount"], 2 * EACH);
    running.stop().await.unwrap();
    other.db.close().await.unwrap();
}
