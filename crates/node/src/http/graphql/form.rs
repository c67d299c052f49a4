//! Requests with files, by the GraphQL multipart request specification.
//!
//! - [`Form::begin`] reads the parts `operations` and `map`, in this order; what they ask is looked at before any file is read.
//! - [`Form::receive`] reads the files, as they come, into files of the system's that have no name: they are gone with the request.
//! - [`map`] says where files belong; [`parts`] reads parts within their bounds.
//!
//! A browser sends such a form for any page, without asking whether it may. So a header is demanded that it sends for none
//! ([`check_preflight`]).

mod map;
mod parts;

use std::io;

use async_graphql::Variables;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use graphql::ReceivedFiles;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};

use super::refused::Refused;
use crate::config::{UploadsConfig, count};
use map::FileMap;
use parts::{Part, Parts};

/// Headers that a page can only send elsewhere after the browser has asked whether it may (Fetch standard, CORS-preflight).
pub(in crate::http) const PREFLIGHT: [&str; 3] = [
    "graphql-preflight",
    "apollo-require-preflight",
    "x-apollo-operation-name",
];
/// What is written at once, in bytes.
const WRITTEN_BYTES: usize = 256 * 1024;

/// Whether a body is a form.
pub(super) fn is_one(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let name = content_type.unwrap_or_default().split(';').next();
    let name = name.unwrap_or_default().trim();
    name.eq_ignore_ascii_case("multipart/form-data")
}

/// Refuses forms that a page of another site could have sent in the name of whoever looks at it.
pub(super) fn check_preflight(headers: &HeaderMap) -> Result<(), Refused> {
    let has = |name: &&str| headers.get(*name).is_some_and(|value| !value.is_empty());
    if PREFLIGHT.iter().any(has) {
        return Ok(());
    }
    Err(Refused::bad_request(
        "a form needs the header GraphQL-Preflight: 1 (or Apollo-Require-Preflight), which no page of another site can send",
    ))
}

/// A form whose files are still to come.
pub(super) struct Form<'a> {
    parts: Parts<'a>,
    /// The part `operations`: what a request without files has as its body.
    pub(super) operations: Vec<u8>,
    map: FileMap,
    bounds: &'a UploadsConfig,
}

impl<'a> Form<'a> {
    /// Reads what stands before the files.
    pub(super) async fn begin(
        headers: &HeaderMap,
        body: Body,
        bounds: &'a UploadsConfig,
    ) -> Result<Self, Refused> {
        let mut parts = Parts::of(headers, body, bounds)?;
        let most = count(bounds.operations_bytes);
        let operations = named(&mut parts, "operations").await?.whole(most).await?;
        let map = named(&mut parts, "map").await?.whole(most).await?;
        let map = FileMap::parse(&map, bounds)?;
        Ok(Self {
            parts,
            operations,
            map,
            bounds,
        })
    }

    /// Whether files come with it.
    pub(super) fn has_files(&self) -> bool {
        !self.map.0.is_empty()
    }

    /// Says in the variables where the files belong.
    pub(super) fn put(&self, variables: &mut Variables) -> Result<(), Refused> {
        self.map.put(variables, self.bounds)
    }

    /// Reads the files: each that the map names, once, in whatever order, and nothing else.
    pub(super) async fn receive(mut self) -> Result<ReceivedFiles, Refused> {
        let mut received: Vec<Option<std::fs::File>> = Vec::new();
        received.resize_with(self.map.0.len(), || None);
        while let Some(part) = self.parts.next().await? {
            let names = &self.map.0;
            let Some(nth) = names.iter().position(|(name, _)| *name == part.name) else {
                return Err(Refused::bad_request(format!(
                    "the map does not name the part {:.60}",
                    part.name
                )));
            };
            if received[nth].is_some() {
                return Err(Refused::bad_request(format!(
                    "the form has the part {:.60} twice",
                    part.name
                )));
            }
            received[nth] = Some(keep(part, count(self.bounds.file_bytes)).await?);
        }
        let mut files = ReceivedFiles::default();
        for (file, (name, _)) in received.into_iter().zip(&self.map.0) {
            let missing = || {
                Refused::bad_request(format!(
                    "the map names the file {name:.60}, and the form has no such part"
                ))
            };
            files.add(file.ok_or_else(missing)?);
        }
        Ok(files)
    }
}

/// The next part, which must have this name.
async fn named(parts: &mut Parts<'_>, name: &str) -> Result<Part, Refused> {
    match parts.next().await? {
        Some(part) if part.name == name => Ok(part),
        _ => Err(Refused::bad_request(
            "a form begins with the part operations and the part map, in this order, before its files",
        )),
    }
}

/// Writes a part into a file without a name, which the system takes away when nobody has it open any more.
async fn keep(mut part: Part, limit: usize) -> Result<std::fs::File, Refused> {
    let file = tempfile::tempfile().map_err(|error| not_kept(&error))?;
    let mut out = BufWriter::with_capacity(WRITTEN_BYTES, File::from_std(file));
    let mut bytes = 0;
    while let Some(piece) = part.piece().await? {
        bytes += piece.len();
        if bytes > limit {
            return Err(Refused::too_much(format!(
                "the file {:.60} is larger than the {limit} bytes allowed",
                part.name
            )));
        }
        out.write_all(&piece)
            .await
            .map_err(|error| not_kept(&error))?;
    }
    out.flush().await.map_err(|error| not_kept(&error))?;
    Ok(out.into_inner().into_std().await)
}

fn not_kept(error: &io::Error) -> Refused {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "a file that was sent cannot be kept");
    Refused::internal()
}
