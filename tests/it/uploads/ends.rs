//! What is left of files and of connections: files lie on the disk while they come, and nothing of them stays.

use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::form::{Form, content_type};
use testkit::patience::eventually;
use testkit::{Drawing, Federation};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{TWO_ROWS, importing, map, send};
use crate::accounts::signed_in;

/// The lengths of files without a name that this process has open: those that hubs receive, since hubs run in it.
fn nameless() -> Vec<u64> {
    let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let temporary = std::env::temp_dir();
    let of_sort = open.filter(|entry| {
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        let text = target.to_string_lossy();
        target.starts_with(&temporary) && text.ends_with("(deleted)") && !text.contains("etilqs")
    });
    of_sort
        .filter_map(|entry| Some(std::fs::metadata(entry.path()).ok()?.len()))
        .collect()
}

/// A connection by which a form is sent piece by piece.
struct Line(TcpStream);

impl Line {
    async fn to(hubs: &Federation, token: Option<&str>, length: usize) -> Self {
        Self::with(hubs, token, &format!("Content-Length: {length}")).await
    }

    async fn with(hubs: &Federation, token: Option<&str>, header: &str) -> Self {
        let address = hubs.api("a").url().replace("http://", "");
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Type: {}\r\n{header}\r\nGraphQL-Preflight: 1\r\n\
             Accept: application/graphql-response+json\r\n{}\r\n",
            content_type(),
            token.unwrap_or_default()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(stream)
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Status and body of the answer.
    async fn hear(&mut self) -> (u16, Value) {
        let mut heard = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&heard).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && let Ok(body) = serde_json::from_str(body)
            {
                let status = head.split(' ').nth(1).unwrap();
                return (status.parse().unwrap(), body);
            }
            let read = self.0.read_buf(&mut heard);
            let read = tokio::time::timeout(Duration::from_secs(60), read).await;
            assert_ne!(read.expect("it answers in time").unwrap(), 0, "{text}");
        }
    }
}

/// The beginning of a form, up to where its file begins.
fn begun() -> Vec<u8> {
    let mut begun = Form::asking(&importing(""), &map()).file("0", "").begun();
    begun.truncate(begun.len() - 2);
    begun
}

const MEGABYTE: usize = 1024 * 1024;

#[tokio::test]
async fn a_file_is_on_the_disk_while_it_comes_and_gone_when_the_connection_is() {
    let hubs = Federation::of(["a"]).await;
    let token = hubs.api("a").operator().to_owned();
    assert_eq!(nameless(), [0; 0]);
    for _ in 0..3 {
        let mut line = Line::to(&hubs, Some(&token), 30 * MEGABYTE).await;
        line.say(&begun()).await;
        for _ in 0..12 {
            line.say(&vec![b'x'; MEGABYTE]).await;
        }
        eventually("what came is on the disk", async || {
            let files = nameless();
            (files.len() == 1 && files[0] >= 11 * MEGABYTE as u64).then_some(())
        })
        .await;
        drop(line);
        eventually("the file is gone with the connection", async || {
            nameless().is_empty().then_some(())
        })
        .await;
    }
    let whole = TWO_ROWS.concat();
    assert_eq!(
        send(hubs.api("a"), Some(&token), &whole, "").await.codes(),
        [""; 0]
    );
    let refused = format!("{whole}{}", "x".repeat(40 * MEGABYTE));
    let status = send_quietly(&hubs, &token, refused).await;
    assert!(matches!(status, None | Some(413)), "{status:?}");
    eventually("nothing stays of what was done or refused", async || {
        nameless().is_empty().then_some(())
    })
    .await;
}

/// Sends a file that is refused before its end; the connection may be closed while it is sent.
async fn send_quietly(hubs: &Federation, token: &str, file: String) -> Option<u16> {
    let form = Form::asking(&importing(""), &map()).file("0", file).end();
    let api = hubs.api("a");
    let request = api.http().post(format!("{}/graphql", api.url()));
    let request = request
        .bearer_auth(token)
        .header("content-type", content_type());
    let sent = request
        .header("graphql-preflight", "1")
        .body(form)
        .send()
        .await;
    sent.ok().map(|answer| answer.status().as_u16())
}

#[tokio::test]
async fn of_whoever_may_not_import_no_file_is_read() {
    let hubs = Federation::of(["a"]).await;
    let reader = serde_json::json!([{"role": "READER"}]);
    let reader = signed_in(&hubs, "a", "pembaca", reader)
        .await
        .token("WRITE")
        .await;
    for (token, code) in [(None, "UNAUTHENTICATED"), (Some(&*reader), "FORBIDDEN")] {
        let mut line = Line::to(&hubs, token, 30 * MEGABYTE).await;
        line.say(&begun()).await;
        let (status, told) = line.hear().await;
        assert_eq!(status, 200, "{told}");
        assert_eq!(told["errors"][0]["extensions"]["code"], code, "{told}");
        assert_eq!(nameless(), [0; 0]);
    }
    // Nor of a form that says in its head that it is too long, or whose beginning is refused.
    let operator = hubs.api("a").operator().to_owned();
    let mut line = Line::to(&hubs, Some(&operator), 65 * MEGABYTE).await;
    assert_eq!(line.hear().await.0, 413);
    let mut line = Line::with(&hubs, Some(&operator), "Transfer-Encoding: chunked").await;
    let begun = begun();
    line.say(format!("{:x}\r\n", begun.len()).as_bytes()).await;
    line.say(&begun).await;
    line.say(format!("\r\n{:x}\r\n", 65 * MEGABYTE).as_bytes())
        .await;
    for _ in 0..65 {
        // It may be closed before all is sent.
        drop(line.0.write_all(&vec![b'x'; MEGABYTE]).await);
    }
    let (status, told) = line.hear().await;
    assert_eq!(status, 413, "a length that nobody told: {told}");
    let mut line = Line::to(&hubs, Some(&operator), 30 * MEGABYTE).await;
    let wrong = Form::asking(&importing(""), &serde_json::json!({"0": ["variables.x"]}));
    line.say(&wrong.file("0", "x").begun()).await;
    assert_eq!(line.hear().await.0, 400);
}

#[tokio::test]
async fn only_so_many_come_at_once_and_each_for_so_long() {
    let settings = "[graphql.uploads]\nat_once = 1\nseconds = 4\n";
    let hubs = Federation::build(Drawing::of(["a"]).configured("a", settings)).await;
    let token = hubs.api("a").operator().to_owned();
    let rows = TWO_ROWS.concat();
    let began = Instant::now();
    let mut slow = Line::to(&hubs, Some(&token), MEGABYTE).await;
    slow.say(&begun()).await;
    slow.say(rows.as_bytes()).await;
    eventually("it is received", async || {
        (nameless().len() == 1).then_some(())
    })
    .await;
    let busy = send(hubs.api("a"), Some(&token), &rows, "").await;
    assert_eq!(
        (busy.status, busy.codes()),
        (503, vec!["TOO_MANY_OPERATIONS"])
    );
    let (status, told) = slow.hear().await;
    assert_eq!(status, 503, "{told}");
    assert_eq!(told["errors"][0]["extensions"]["code"], "TIMEOUT");
    assert!(began.elapsed() >= Duration::from_secs(3));
    let now = send(hubs.api("a"), Some(&token), &rows, "").await;
    assert_eq!(
        now.data()["importInnovations"]["created"],
        2,
        "its place is free again"
    );
}
