//! Files of lists: `GET /export/innovations.csv`, and likewise `.xlsx`, `.jsonl`, `.jsonld`, and of agencies, needs,
//! replications and awards.
//!
//! The conditions stand in the query as in the filter of the GraphQL list, a list's values one by one:
//! `?region=33&affairs=HEALTH&affairs=SOCIAL`. Who asks sees what the list would show. A few files are made at once, one for
//! each client ([`places`]); more are asked to come again. A file ends after half an hour, or when a piece of it waited for a
//! minute: then the transfer is cut, so that nobody takes a part for the whole.

mod places;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use domain::clock::Clock as _;
use futures_util::stream;
use graphql::address::ByWords;
use graphql::guard::ErrorCode;
use graphql::{ApiError, Code, Viewer};
use tokio::sync::mpsc;

use super::graphql::Refused;
use super::viewer::GraphqlEndpoint;
use crate::export::{self, Bounds, ExportError, Format, Gone, Listing, Pieces, What};
use crate::hub::Hub;
use crate::system::SystemClock;
use places::{Client, Full, Place, Places};

/// Pieces that wait to be taken.
const WAITING: usize = 2;
/// When to come again, in seconds.
const COME_AGAIN: HeaderValue = HeaderValue::from_static("10");

/// What takes the pieces of a file.
type Receiver = mpsc::Receiver<std::io::Result<axum::body::Bytes>>;

/// How many files are made, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files that are made at once.
    pub at_once: usize,
    /// How long a client's next file waits for the one before.
    pub wait: Duration,
    /// How long a file is made at most.
    pub longest: Duration,
    /// The bounds of one file.
    pub file: Bounds,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            at_once: 8,
            wait: Duration::from_secs(3),
            longest: Duration::from_secs(30 * 60),
            file: Bounds::default(),
        }
    }
}

#[derive(Clone)]
struct Exports {
    hub: Hub,
    endpoint: GraphqlEndpoint,
    limits: Limits,
    places: Places,
}

/// The route of files.
pub fn routes(hub: &Hub, endpoint: &GraphqlEndpoint) -> Router {
    routes_within(hub, endpoint, Limits::default())
}

/// The same, with limits of one's own.
pub fn routes_within(hub: &Hub, endpoint: &GraphqlEndpoint, limits: Limits) -> Router {
    let exports = Exports {
        hub: hub.clone(),
        endpoint: endpoint.clone(),
        limits,
        places: Places::new(limits.at_once, limits.wait),
    };
    Router::new()
        .route("/export/{file}", get(answer))
        .with_state(exports)
}

async fn answer(
    State(exports): State<Exports>,
    Path(file): Path<String>,
    Query(conditions): Query<Vec<(String, String)>>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let made = async {
        let viewer = exports.endpoint.identify(&parts).await?;
        let (what, format) = file_of(&file)?;
        let sight = viewer.sight(&exports.hub.db).await.map_err(failed)?;
        let asked = Listing::read(what, &conditions, sight, SystemClock.now());
        let (listing, by_words) = asked.map_err(wrong)?;
        let client = match viewer {
            Viewer::Operator => Client::Operator,
            Viewer::Account(account) => Client::Account(account.account),
            Viewer::Hub(hub) => Client::Hub(hub),
            Viewer::Anyone => Client::of(&parts),
        };
        let place = exports.places.take(client).await.map_err(full)?;
        let listing = match by_words {
            Some(by_words) => exports.find(listing, by_words).await?,
            None => listing,
        };
        exports.begin(listing, format, place).await
    };
    made.await.unwrap_or_else(super::graphql::refuse)
}

fn file_of(file: &str) -> Result<(What, Format), Refused> {
    let parts = file.split_once('.');
    let known = parts.and_then(|(what, ending)| Some((what.parse().ok()?, ending.parse().ok()?)));
    known.ok_or_else(|| {
        let why = "there are innovations.csv, innovations.xlsx, innovations.jsonl and innovations.jsonld, and the same of agencies; needs, replications and awards as .csv, .xlsx and .jsonl";
        refused(StatusCode::NOT_FOUND, ErrorCode::BadRequest, &why)
    })
}

fn refused(status: StatusCode, code: ErrorCode, why: &dyn std::fmt::Display) -> Refused {
    Refused::new(status, code, why.to_string())
}

/// Why the conditions, or the search by them, do not do.
fn wrong(error: ApiError) -> Refused {
    match error.code() {
        Code::SearchNotReady => busy(StatusCode::SERVICE_UNAVAILABLE, &error),
        Code::InternalServerError => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a search for a file failed"
            );
            Refused::internal()
        }
        _ => refused(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, &error),
    }
}

fn full(full: Full) -> Refused {
    match full {
        Full::Client => busy(
            StatusCode::TOO_MANY_REQUESTS,
            &"another file is being made for you; take it first, or come again in some seconds",
        ),
        Full::All => busy(
            StatusCode::SERVICE_UNAVAILABLE,
            &"files are being made for others; come again in some seconds",
        ),
    }
}

fn busy(status: StatusCode, why: &dyn std::fmt::Display) -> Refused {
    refused(status, ErrorCode::TooManyOperations, why).with_header(header::RETRY_AFTER, COME_AGAIN)
}

fn failed(error: storage::StorageError) -> Refused {
    let error = &error as &dyn std::error::Error;
    tracing::error!(error, "a file cannot be made");
    Refused::internal()
}

impl Exports {
    /// What the search index finds of a list, in a thread in which it may take its time.
    async fn find(&self, listing: Listing, by_words: ByWords) -> Result<Listing, Refused> {
        let search = self.hub.search.clone();
        let finding = tokio::task::spawn_blocking(move || listing.found_by(&search, &by_words));
        let found = finding.await.map_err(|_| Refused::internal())?;
        found.map_err(wrong)
    }

    async fn begin(
        &self,
        listing: Listing,
        format: Format,
        place: Place,
    ) -> Result<Response, Refused> {
        let what = listing.what();
        export::check(&self.hub.db, &listing, format, &self.limits.file)
            .await
            .map_err(|error| match error {
                ExportError::Storage(error) => failed(error),
                many @ ExportError::TooMany { .. } => {
                    refused(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, &many)
                }
                no @ ExportError::NoSuchFormat { .. } => {
                    refused(StatusCode::NOT_FOUND, ErrorCode::BadRequest, &no)
                }
            })?;
        let mut response = Response::new(self.make(listing, format, place));
        let headers = response.headers_mut();
        let name = format!("attachment; filename=\"{what}.{}\"", format.ending());
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(format.media_type()),
        );
        if let Ok(name) = HeaderValue::from_str(&name) {
            headers.insert(header::CONTENT_DISPOSITION, name);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    /// Makes a file in a task of its own, which ends when nobody takes the pieces, and gives its place back then.
    fn make(&self, listing: Listing, format: Format, place: Place) -> Body {
        let (sender, pieces) = mpsc::channel(WAITING);
        let is_whole = Arc::new(AtomicBool::new(false));
        let (db, limits, done) = (self.hub.db.clone(), self.limits, Arc::clone(&is_whole));
        tokio::spawn(async move {
            let pieces = Pieces::new(sender, limits.file.patience);
            let sending = export::send(&db, listing, format, limits.file.page, &pieces);
            match tokio::time::timeout(limits.longest, sending).await {
                Ok(Ok(_)) => done.store(true, Ordering::Release),
                Ok(Err(error)) if error.is::<Gone>() => {}
                Ok(Err(error)) => {
                    tracing::error!(error = format!("{error:#}"), "a file was cut off");
                }
                Err(_) => tracing::info!("a file took too long and was cut off"),
            }
            drop(place);
        });
        body(pieces, is_whole)
    }
}

/// The pieces as a body; one that ends before the file is whole ends with an error, so that the client sees no end of the
/// transfer.
fn body(pieces: Receiver, is_whole: Arc<AtomicBool>) -> Body {
    let stream = stream::unfold(Some(pieces), move |pieces| {
        let is_whole = Arc::clone(&is_whole);
        async move {
            let mut pieces = pieces?;
            if let Some(piece) = pieces.recv().await {
                return Some((piece, Some(pieces)));
            }
            if is_whole.load(Ordering::Acquire) {
                return None;
            }
            Some((Err(std::io::Error::other("the file was cut off")), None))
        }
    });
    Body::from_stream(stream)
}
