//! Real sockets that misbehave in one way each, and one that does not.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant as Moment;

use axum::body::{Body, Bytes};
use axum::extract::Extension;
use axum::http::StatusCode;
use axum::routing::{get, post};
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::address::ClientAddress;
use super::*;
use crate::config::Config;

/// A deadline that is awaited, and how long it may take to be noticed.
const SHORT: Duration = Duration::from_millis(300);
const NOTICED: Duration = Duration::from_secs(5);
const LARGE: usize = 64 << 20;
static PIECE: [u8; 1 << 16] = [0; 1 << 16];

struct Served {
    address: SocketAddr,
    crowd: Arc<Crowd>,
    closing: CancellationToken,
    task: tokio::task::JoinHandle<io::Result<()>>,
}

/// Serves with rules of the settings of `[http]`, and these changes to them.
async fn serve_with(settings: &str, change: impl FnOnce(&mut Rules)) -> Served {
    let text = format!("[hub]\nnetwork = \"jipp\"\nid = \"id-13\"\n[http]\n{settings}");
    let config = Config::parse(&text).unwrap();
    let mut rules = Rules::new(&config.http, Arc::new(Load::new(&config)), None);
    change(&mut rules);
    let crowd = Arc::clone(&rules.crowd);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let closing = CancellationToken::new();
    let served = tokio::spawn(serve(listener, router(), rules, closing.clone()));
    Served {
        address,
        crowd,
        closing,
        task: served,
    }
}

fn router() -> Router {
    let slow = async || {
        sleep(SHORT * 3).await;
        "slow"
    };
    let length = async |body: Result<Bytes, axum::extract::rejection::BytesRejection>| match body {
        Ok(body) => (StatusCode::OK, body.len().to_string()),
        Err(error) => (StatusCode::REQUEST_TIMEOUT, error.body_text()),
    };
    let large = async || {
        let pieces = (0..LARGE >> 16).map(|_| Ok::<_, io::Error>(Bytes::from_static(&PIECE)));
        Body::from_stream(stream::iter(pieces))
    };
    let place = async |Extension(client): Extension<ClientAddress>| client.ip.to_string();
    Router::new()
        .route("/", get(async || "hello"))
        .route("/slow", get(slow))
        .route("/length", post(length))
        .route("/large", get(large))
        .route("/where", get(place))
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Asks on a connection that is kept, and gives the answer's first bytes.
    async fn ask(stream: &mut TcpStream, request: &str) -> String {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let read = timeout(NOTICED, stream.read(&mut answer)).await;
        let read = read.expect("it is answered").unwrap_or(0);
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    /// How many connections are there.
    fn there(&self) -> usize {
        // One is that of the rules, one is ours.
        Arc::strong_count(&self.crowd) - 2
    }

    async fn until_there(&self, count: usize) {
        let begun = Moment::now();
        while self.there() != count {
            assert!(begun.elapsed() < NOTICED, "{} are there", self.there());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Waits until the other end hangs up, and says for how long it did not.
async fn hung_up(mut stream: TcpStream) -> Duration {
    let begun = Moment::now();
    let mut rest = Vec::new();
    let ended = timeout(NOTICED, stream.read_to_end(&mut rest)).await;
    drop(ended.expect("the connection is cut"));
    begun.elapsed()
}

fn get_of(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: hub\r\n\r\n")
}

#[tokio::test]
async fn who_says_nothing_is_cut() {
    let served = serve_with("", |rules| rules.times.first_request = SHORT).await;
    let silent = hung_up(served.connect().await).await;
    assert!(silent >= SHORT / 2, "{silent:?}");
    served.until_there(0).await;
}

#[tokio::test]
async fn who_says_its_first_header_slowly_is_cut() {
    let served = serve_with("", |rules| rules.times.first_request = SHORT).await;
    let mut stream = served.connect().await;
    let begun = Moment::now();
    for byte in get_of("/").bytes().cycle() {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        assert!(begun.elapsed() < NOTICED, "it is not cut");
        sleep(SHORT / 10).await;
    }
    served.until_there(0).await;
}

#[tokio::test]
async fn who_says_a_later_header_slowly_is_cut_and_who_rests_is_not() {
    let served = serve_with("", |rules| rules.times.header = SHORT).await;
    let mut stream = served.connect().await;
    assert!(
        Served::ask(&mut stream, &get_of("/"))
            .await
            .ends_with("hello")
    );
    sleep(SHORT * 3).await;
    assert!(
        Served::ask(&mut stream, &get_of("/"))
            .await
            .ends_with("hello")
    );
    stream.write_all(b"GET / HT").await.unwrap();
    hung_up(stream).await;
}

#[tokio::test]
async fn who_asks_nothing_for_long_is_let_go() {
    let served = serve_with("", |rules| rules.times.idle = SHORT).await;
    let mut stream = served.connect().await;
    assert!(
        Served::ask(&mut stream, &get_of("/"))
            .await
            .ends_with("hello")
    );
    let idle = hung_up(stream).await;
    assert!(idle >= SHORT / 2, "{idle:?}");
}

#[tokio::test]
async fn an_answer_that_takes_longer_than_all_of_this_is_given() {
    let served = serve_with("", |rules| {
        rules.times = Times {
            first_request: SHORT,
            header: SHORT,
            idle: SHORT,
        };
    })
    .await;
    let mut stream = served.connect().await;
    assert!(
        Served::ask(&mut stream, &get_of("/slow"))
            .await
            .ends_with("slow")
    );
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_not_waited_for() {
    let served = serve_with("", |rules| rules.body = SHORT).await;
    let mut stream = served.connect().await;
    let begun = "POST /length HTTP/1.1\r\nhost: hub\r\ncontent-length: 10\r\n\r\n1234567";
    let answer = Served::ask(&mut stream, begun).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let mut stream = served.connect().await;
    let whole = Served::ask(&mut stream, &format!("{begun}890")).await;
    assert!(whole.starts_with("HTTP/1.1 200"), "{whole}");
}

fn hasty(rules: &mut Rules) {
    rules.patience = Patience {
        stalled: SHORT,
        slowest: std::num::NonZeroU32::new(1 << 20).unwrap(),
    };
}

#[tokio::test]
async fn who_takes_nothing_of_its_answer_is_cut_and_who_takes_a_little_too() {
    let served = serve_with("", hasty).await;
    let mut still = served.connect().await;
    still.write_all(get_of("/large").as_bytes()).await.unwrap();
    served.until_there(1).await;
    served.until_there(0).await;
    let mut drop_by_drop = served.connect().await;
    drop_by_drop
        .write_all(get_of("/large").as_bytes())
        .await
        .unwrap();
    served.until_there(1).await;
    let begun = Moment::now();
    let mut little = [0; 1024];
    while served.there() > 0 {
        assert!(begun.elapsed() < NOTICED, "it is not cut");
        drop(drop_by_drop.read(&mut little).await);
        sleep(SHORT / 20).await;
    }
}

#[tokio::test]
async fn who_takes_a_large_answer_at_a_good_pace_gets_it_whole() {
    let served = serve_with("", hasty).await;
    let mut stream = served.connect().await;
    let request = "GET /large HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    sleep(SHORT / 2).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.len() > LARGE, "{}", answer.len());
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_a_trusted_proxy_as_many_as_there_are() {
    let bounds = "[http.limits]\nconnections = 3\nconnections_per_address = 2";
    let untrusted = format!("trusted_proxies = []\n{bounds}");
    let served = serve_with(&untrusted, |_| {}).await;
    let first = served.connect().await;
    let mut second = served.connect().await;
    assert!(
        Served::ask(&mut second, &get_of("/"))
            .await
            .ends_with("hello")
    );
    served.until_there(2).await;
    hung_up(served.connect().await).await;
    drop(first);
    served.until_there(1).await;
    let mut third = served.connect().await;
    assert!(
        Served::ask(&mut third, &get_of("/"))
            .await
            .ends_with("hello")
    );

    let served = serve_with(bounds, |_| {}).await;
    let mut kept = Vec::new();
    for _ in 0..3 + KEPT_FOR_PROXIES {
        let mut stream = served.connect().await;
        assert!(
            Served::ask(&mut stream, &get_of("/"))
                .await
                .ends_with("hello")
        );
        kept.push(stream);
    }
    hung_up(served.connect().await).await;
}

#[tokio::test]
async fn only_a_trusted_proxy_says_for_whom_it_asks() {
    let asked = "GET /where HTTP/1.1\r\nhost: hub\r\nx-forwarded-for: 192.0.2.7\r\n\r\n";
    for (settings, ip) in [
        ("trusted_proxies = []", IpAddr::V4(Ipv4Addr::LOCALHOST)),
        ("", "192.0.2.7".parse().unwrap()),
    ] {
        let served = serve_with(settings, |_| {}).await;
        let mut stream = served.connect().await;
        let answer = Served::ask(&mut stream, asked).await;
        assert!(
            answer.ends_with(&format!("\r\n{ip}")),
            "{settings}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_header_that_is_too_large_is_refused() {
    let served = serve_with("[http.limits]\nheader_bytes = 8192", |_| {}).await;
    let mut stream = served.connect().await;
    let large = "a".repeat(9000);
    let request = format!("GET / HTTP/1.1\r\nhost: hub\r\nx-large: {large}\r\n\r\n");
    let answer = Served::ask(&mut stream, &request).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn told_to_stop_it_ends_what_rests_and_lets_what_runs_finish() {
    let served = serve_with("", |_| {}).await;
    let mut resting = served.connect().await;
    assert!(
        Served::ask(&mut resting, &get_of("/"))
            .await
            .ends_with("hello")
    );
    let mut running = served.connect().await;
    running.write_all(get_of("/slow").as_bytes()).await.unwrap();
    served.until_there(2).await;
    sleep(SHORT / 3).await;
    served.closing.cancel();
    hung_up(resting).await;
    let mut answer = String::new();
    running.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("slow"), "{answer}");
    let ended = timeout(NOTICED, served.task).await;
    ended.expect("it ends").unwrap().unwrap();
}
