//! Clients that mean harm.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::{Client, Url};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// What attackers try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Selections inside one another, and fragments that spread the next one twice.
    Deep,
    /// Thousands of fields.
    Wide,
    /// One dear field under many aliases.
    Aliased,
    /// As much as one request may cost.
    Dear,
    /// Bodies larger than any that is taken.
    Huge,
    /// Headers and bodies byte by byte, and answers that are not read.
    Slow,
}

const CLASSES: [Class; 6] = [
    Class::Deep,
    Class::Wide,
    Class::Aliased,
    Class::Dear,
    Class::Huge,
    Class::Slow,
];

/// How often each class was answered, and how.
pub type Counts = BTreeMap<(Class, String), u64>;

/// Attacks a hub with so many clients for so long, and counts how that went.
///
/// # Errors
/// The address is none.
pub async fn run(url: &str, clients: u16, time: Duration) -> anyhow::Result<Counts> {
    let url: Url = url.parse().context("the address is none")?;
    let until = Instant::now() + time;
    let counts: Arc<Mutex<Counts>> = Arc::default();
    let mut attackers = JoinSet::new();
    for (number, class) in (0..clients).zip(CLASSES.into_iter().cycle()) {
        let (url, counts) = (url.clone(), Arc::clone(&counts));
        let client = Client::builder().local_address(address(number)).build()?;
        attackers.spawn(async move {
            while Instant::now() < until {
                let ended =
                    tokio::time::timeout_at(until.into(), class.attack(&client, number, &url))
                        .await;
                let told = match ended {
                    Ok(Ok(status)) => status,
                    Ok(Err(_)) => "cut off".to_owned(),
                    Err(_) => "held to the end".to_owned(),
                };
                *counts
                    .lock()
                    .expect("nobody panics with it")
                    .entry((class, told))
                    .or_default() += 1;
            }
        });
    }
    attackers.join_all().await;
    let counts = std::mem::take(&mut *counts.lock().expect("nobody panics with it"));
    Ok(counts)
}

/// An address of loopback for each client.
fn address(number: u16) -> IpAddr {
    let [high, low] = (number + 256).to_be_bytes();
    Ipv4Addr::new(127, 1, high, low).into()
}

fn doubling() -> String {
    let fragment = |number: usize| {
        let next = number + 1;
        format!("fragment F{number} on Query{{...F{next} ...F{next}}}")
    };
    let fragments: String = (0..31).map(fragment).collect();
    format!("{{...F0}}{fragments}fragment F31 on Query{{__typename}}")
}

impl Class {
    fn body(self) -> String {
        let page = "innovations(first: 100) { nodes { title summary } }";
        let query = match self {
            Self::Deep => doubling(),
            Self::Wide => format!("{{ {} }}", "hub { name } ".repeat(5_000)),
            Self::Aliased => {
                let fields = (0..1_000).map(|number| format!("a{number}: {page} "));
                format!("{{ {} }}", fields.collect::<String>())
            }
            Self::Dear => {
                let fields = (0..20).map(|number| {
                    format!("a{number}: searchInnovations(text: \"puskesmas {number}\", first: 50) {{ nodes {{ title }} }} ")
                });
                format!("{{ {} }}", fields.collect::<String>())
            }
            Self::Huge => "x".repeat(8 * 1024 * 1024),
            Self::Slow => {
                "{ innovations(first: 100) { nodes { title summary background impact } } }"
                    .to_owned()
            }
        };
        json!({ "query": query }).to_string()
    }

    /// One attempt, and what it was answered.
    async fn attack(self, client: &Client, number: u16, url: &Url) -> anyhow::Result<String> {
        if self == Self::Slow {
            return slow(number, url).await;
        }
        let request = client.post(url.join("graphql")?).body(self.body());
        let answer = request
            .header("content-type", "application/json")
            .send()
            .await?;
        let status = answer.status();
        answer.bytes().await?;
        Ok(status.as_u16().to_string())
    }
}

async fn connect(number: u16, url: &Url) -> anyhow::Result<TcpStream> {
    let port = url.port().context("the hub has a port")?;
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(address(number), 0))?;
    Ok(socket
        .connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .await?)
}

/// Three ways of being slow, by turns: a header, a body, and an answer that takes for ever.
async fn slow(number: u16, url: &Url) -> anyhow::Result<String> {
    let mut stream = connect(number, url).await?;
    let body = Class::Slow.body();
    let head = "POST /graphql HTTP/1.1\r\nhost: hub\r\ncontent-type: application/json\r\n";
    let length = format!("content-length: {}\r\n\r\n", body.len());
    match number / 6 % 3 {
        0 => drip(&mut stream, head.as_bytes()).await?,
        1 => {
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(length.as_bytes()).await?;
            drip(&mut stream, body.as_bytes()).await?;
        }
        _ => {
            for _ in 0..100 {
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(length.as_bytes()).await?;
                stream.write_all(body.as_bytes()).await?;
            }
        }
    }
    let mut byte = [0];
    while stream.read(&mut byte).await? > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok("hung up".to_owned())
}

async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> anyhow::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}
