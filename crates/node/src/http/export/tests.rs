//! Files for clients that are many, slow, or gone.

use domain::catalog::{HubProfileDraft, latest_day};
use futures_util::StreamExt as _;
use std::fmt::Write as _;
use std::net::IpAddr;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::super::address::ClientAddress;
use super::*;
use crate::config::Config;
use crate::http::viewer;
use crate::import::{self, Importer, Rules, rows};

/// Innovations of the hub; each is a piece of its own.
const RECORDS: usize = 8;
const NEVER: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_millis(20);

fn limits() -> Limits {
    Limits {
        at_once: 2,
        wait: SOON,
        longest: NEVER,
        file: Bounds {
            records: 1_000_000,
            page: 1,
            patience: NEVER,
        },
    }
}

struct Office {
    router: Router,
    _folder: TempDir,
}

impl Office {
    async fn open(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::parse("[hub]\nnetwork = \"jipp-test\"\nid = \"kl-a\"\n").unwrap();
        config.folder = folder.path().to_owned();
        let profile = HubProfileDraft {
            name: "Hub JIPP".to_owned(),
            kind: "MINISTRY".to_owned(),
            status: "ACTIVE".to_owned(),
            ..HubProfileDraft::default()
        };
        let hub = Hub::create(config, &profile).await.unwrap();
        let mut lines = String::new();
        for number in 0..RECORDS {
            writeln!(
                lines,
                r#"{{"id":"LAN-{number}","title":"Inovasi {number}","agency":"Dinas"}}"#
            )
            .unwrap();
        }
        let rules = Rules::of_data(hub.db.hub(), latest_day(SystemClock.now()));
        let mut importer = Importer::new(&hub, rules.clone()).await.unwrap();
        let rows = rows::json_lines(std::io::Cursor::new(lines));
        for batch in import::batches(rows, rules, 100, |_| true) {
            importer.write(batch.unwrap()).await.unwrap();
        }
        let endpoint = viewer::endpoint(&hub, CancellationToken::new()).unwrap();
        Self {
            router: routes_within(&hub, &endpoint, limits),
            _folder: folder,
        }
    }

    async fn get(&self, from: u8, file: &str) -> Response {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = format!("/export/{file}").parse().unwrap();
        let client = ClientAddress {
            ip: IpAddr::from([10, 0, 0, from]),
            is_by_tls: false,
        };
        request.extensions_mut().insert(client);
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Asks until there is a place again, and gives the file.
    async fn get_when_free(&self, from: u8) -> Response {
        loop {
            let response = self.get(from, "innovations.jsonl").await;
            if response.status() == StatusCode::OK {
                return response;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// The lines of a file that is whole; nothing for one that was cut off.
async fn lines(response: Response) -> Option<usize> {
    let pieces: Vec<_> = response.into_body().into_data_stream().collect().await;
    let pieces = pieces.into_iter().collect::<Result<Vec<_>, _>>().ok()?;
    let text = String::from_utf8(pieces.concat()).ok()?;
    Some(text.lines().count())
}

fn told(response: &Response) -> (u16, Option<&str>) {
    let again = response.headers().get(header::RETRY_AFTER);
    let again = again.map(|again| again.to_str().unwrap());
    (response.status().as_u16(), again)
}

#[tokio::test]
async fn each_client_has_one_file_at_a_time_and_all_of_them_a_few() {
    let office = Office::open(limits()).await;
    let first = office.get(1, "innovations.jsonl").await;
    assert_eq!(told(&first), (200, None));
    let again = office.get(1, "innovations.csv").await;
    assert_eq!(told(&again), (429, Some("10")));
    // Somebody else has a place; a third finds none.
    let second = office.get(2, "innovations.jsonl").await;
    assert_eq!(told(&second), (200, None));
    let third = office.get(3, "innovations.jsonl").await;
    assert_eq!(told(&third), (503, Some("10")));
    assert_eq!(lines(first).await, Some(RECORDS));
    // Whoever has taken it all, or goes away, leaves the place to the next.
    let next = office.get_when_free(1).await;
    drop(next);
    let next = office.get_when_free(1).await;
    assert_eq!(lines(next).await, Some(RECORDS));
}

#[tokio::test]
async fn what_is_too_long_or_not_there_is_refused() {
    let mut few = limits();
    few.file.records = 3;
    few.wait = NEVER;
    let office = Office::open(few).await;
    for (file, status) in [
        ("innovations.csv", 413),
        ("innovations.csv?titleWords=7", 200),
        ("agencies.jsonld", 200),
        ("awards.jsonld", 404),
        ("people.csv", 404),
        ("innovations.csv?text=kartu", 503),
        ("needs.csv?text=kartu", 400),
    ] {
        let response = office.get(1, file).await;
        assert_eq!(response.status().as_u16(), status, "{file}");
    }
}

#[tokio::test]
async fn a_client_that_is_too_slow_is_cut_off_and_its_place_is_free() {
    for (patience, longest) in [(SOON, NEVER), (NEVER, SOON)] {
        let mut hasty = limits();
        hasty.at_once = 1;
        hasty.longest = longest;
        hasty.file.patience = patience;
        let office = Office::open(hasty).await;
        let slow = office.get(1, "innovations.jsonl").await;
        assert_eq!(told(&slow), (200, None));
        // It takes nothing; another client gets the place in the end.
        let next = office.get_when_free(2).await;
        drop(next);
        assert_eq!(lines(slow).await, None, "no part is taken for the whole");
    }
}

#[tokio::test]
async fn a_workbook_is_one_to_other_readers_too() {
    use calamine::{Reader as _, Xlsx};
    let office = Office::open(limits()).await;
    let response = office.get(1, "innovations.xlsx").await;
    let book = axum::body::to_bytes(response.into_body(), 10_000_000)
        .await
        .unwrap();
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(book)).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let rows: Vec<Vec<String>> = sheet
        .rows()
        .map(|row| row.iter().map(ToString::to_string).collect())
        .collect();
    assert_eq!(rows.len(), RECORDS + 1);
    assert_eq!(rows[0], export::table::columns(What::Innovations));
    let column = |name: &str| rows[0].iter().position(|column| column == name).unwrap();
    let (title, ids) = (column("title"), column("externalIds"));
    let told: Vec<_> = rows[1..]
        .iter()
        .map(|row| (&*row[title], &*row[ids]))
        .collect();
    assert!(told.contains(&("Inovasi 3", "LAN:3")), "{told:?}");
}
