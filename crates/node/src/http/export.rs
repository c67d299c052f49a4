//! Files of innovations: `GET /export/innovations.csv`, and likewise `.xlsx`, `.jsonl`, `.jsonld`.
//!
//! The conditions stand in the query as in the filter of the GraphQL list, a list's values one by one:
//! `?region=33&affairs=HEALTH&affairs=SOCIAL`. Who asks sees what the list would show. A few files are made at once; more are
//! asked to come again.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use futures_util::stream;
use graphql::guard::ErrorCode;
use storage::innovations::InnovationFilter;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::graphql::Refused;
use super::viewer::GraphqlEndpoint;
use crate::export::{self, ExportError, Format, Gone};
use crate::hub::Hub;

/// Files that are made at once.
const AT_ONCE: usize = 4;
/// Pieces that wait to be taken.
const WAITING: usize = 2;
/// When to come again, in seconds.
const COME_AGAIN: HeaderValue = HeaderValue::from_static("10");

/// What takes the pieces of a file.
type Receiver = mpsc::Receiver<std::io::Result<axum::body::Bytes>>;

#[derive(Clone)]
struct Exports {
    hub: Hub,
    endpoint: GraphqlEndpoint,
    free: Arc<Semaphore>,
}

/// The route of files.
pub fn routes(hub: &Hub, endpoint: &GraphqlEndpoint) -> Router {
    let exports = Exports {
        hub: hub.clone(),
        endpoint: endpoint.clone(),
        free: Arc::new(Semaphore::new(AT_ONCE)),
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
        let format = format_of(&file)?;
        let sight = viewer.sight(&exports.hub.db).await.map_err(failed)?;
        let filter = graphql::innovation_filter(&conditions)
            .map_err(|error| refused(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, &error))?;
        exports
            .begin(InnovationFilter { sight, ..filter }, format)
            .await
    };
    made.await.unwrap_or_else(super::graphql::refuse)
}

fn format_of(file: &str) -> Result<Format, Refused> {
    let format = file
        .strip_prefix("innovations.")
        .and_then(|ending| ending.parse().ok());
    format.ok_or_else(|| {
        let why =
            "there are innovations.csv, innovations.xlsx, innovations.jsonl and innovations.jsonld";
        refused(StatusCode::NOT_FOUND, ErrorCode::BadRequest, &why)
    })
}

fn refused(status: StatusCode, code: ErrorCode, why: &dyn std::fmt::Display) -> Refused {
    Refused::new(status, code, why.to_string())
}

fn failed(error: storage::StorageError) -> Refused {
    let error = &error as &dyn std::error::Error;
    tracing::error!(error, "a file cannot be made");
    Refused::internal()
}

impl Exports {
    async fn begin(&self, filter: InnovationFilter, format: Format) -> Result<Response, Refused> {
        let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() else {
            let why = "other files are being made; come again in some seconds";
            let refused = refused(
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::TooManyOperations,
                &why,
            );
            return Err(refused.with_header(header::RETRY_AFTER, COME_AGAIN));
        };
        export::check_size(&self.hub.db, &filter)
            .await
            .map_err(|error| match error {
                ExportError::Storage(error) => failed(error),
                many @ ExportError::TooMany(_) => {
                    refused(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, &many)
                }
            })?;
        let pieces = self.make(filter, format, permit);
        let pieces = stream::unfold(pieces, |mut pieces: Receiver| async move {
            let piece = pieces.recv().await?;
            Some((piece, pieces))
        });
        let mut response = Response::new(Body::from_stream(pieces));
        let headers = response.headers_mut();
        let name = format!("attachment; filename=\"innovations.{}\"", format.ending());
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

    /// Makes a file in a task of its own, which ends when nobody takes the pieces.
    fn make(
        &self,
        filter: InnovationFilter,
        format: Format,
        permit: OwnedSemaphorePermit,
    ) -> Receiver {
        let (sender, pieces) = mpsc::channel(WAITING);
        let db = self.hub.db.clone();
        tokio::spawn(async move {
            let sent = export::send(&db, filter, format, &sender).await;
            if let Err(error) = sent
                && !error.is::<Gone>()
            {
                tracing::error!(error = format!("{error:#}"), "a file was cut off");
                // The client sees that the file has no end.
                let cut = std::io::Error::other("the file was cut off");
                drop(sender.send(Err(cut)).await);
            }
            drop(permit);
        });
        pieces
    }
}
