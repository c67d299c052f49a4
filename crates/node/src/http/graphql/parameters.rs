//! Reading a request: its body or query string becomes parameters.

use std::borrow::Cow;
use std::error::Error;
use std::iter::successors;

use async_graphql::{Extensions, Value, Variables};
use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use futures_util::StreamExt;
use graphql::guard::{Allowed, Asked, ErrorCode, Guarded};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::super::connections::TooSlow;
use super::media_type::is_utf8;
use super::refused::Refused;

/// The parameters of a GraphQL request, of the right types but not yet looked into.
#[derive(Debug)]
pub(super) struct Parameters<'a> {
    /// The text, or the id of a trusted document.
    document: Document<'a>,
    operation_name: Option<Cow<'a, str>>,
    variables: Variables,
    extensions: Extensions,
}

/// What is to be executed.
#[derive(Debug)]
enum Document<'a> {
    Text(Cow<'a, str>),
    Id(Cow<'a, str>),
    /// What Apollo's clients send first: a hash alone. Told that it is not known, in these words, they send the text.
    Hash(String),
}

impl<'a> Document<'a> {
    fn of(
        query: Option<Cow<'a, str>>,
        id: Option<Cow<'a, str>>,
        extensions: &Extensions,
    ) -> Result<Self, Refused> {
        match (query, id) {
            (Some(_), Some(_)) => Err(Refused::bad_request(
                "query and documentId are given; send one of them",
            )),
            (Some(query), None) => Ok(Self::Text(query)),
            (None, Some(id)) => Ok(Self::Id(id)),
            (None, None) => match extensions.get("persistedQuery") {
                Some(Value::Object(persisted)) => {
                    let hash = persisted.get("sha256Hash");
                    let hash = hash.and_then(|hash| match hash {
                        Value::String(hash) => Some(hash.clone()),
                        _ => None,
                    });
                    Ok(Self::Hash(hash.unwrap_or_default()))
                }
                _ => Err(Refused::bad_request(
                    "the parameter query is missing; a trusted document is named by documentId",
                )),
            },
        }
    }
}

impl<'a> Parameters<'a> {
    /// Reads them from a JSON object.
    pub(super) fn from_json(body: &'a [u8]) -> Result<Self, Refused> {
        if body.trim_ascii_start().first() == Some(&b'[') {
            return Err(Refused::bad_request(
                "batches are not served; send one request at a time",
            ));
        }
        let raw: Raw<'_> = serde_json::from_slice(body).map_err(|error| not_an_object(&error))?;
        let extensions = object(raw.extensions.map(RawValue::get), "extensions")?;
        let query = string(raw.query, "query")?;
        let id = string(raw.document_id, "documentId")?;
        Ok(Self {
            document: Document::of(query, id, &extensions)?,
            operation_name: string(raw.operation_name, "operationName")?,
            variables: object(raw.variables.map(RawValue::get), "variables")?,
            extensions,
        })
    }

    /// Reads them from the query string, where variables and extensions are JSON.
    pub(super) fn from_uri(uri: &Uri) -> Result<Parameters<'static>, Refused> {
        let unreadable = |_| Refused::bad_request("the query string is not form-encoded UTF-8");
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(unreadable)?;
        let mut given = Given::default();
        for (name, value) in pairs.0 {
            given.set(&name, value)?;
        }
        given.into_parameters()
    }

    /// What the guard is asked. Takes the variables along, so it is asked once.
    ///
    /// # Errors
    /// No trusted document has the id that is given.
    pub(super) fn asked<'s, E>(
        &'s mut self,
        schema: &'s Guarded<E>,
        allowed: Allowed,
    ) -> Result<Asked<'s>, Refused> {
        let query = match &self.document {
            Document::Text(text) => text,
            Document::Id(id) => schema.trusted(id).ok_or_else(|| not_known(id))?,
            Document::Hash(hash) => schema.trusted(hash).ok_or_else(not_supported)?,
        };
        Ok(Asked {
            query,
            operation_name: self.operation_name.as_deref(),
            variables: std::mem::take(&mut self.variables),
            extensions: std::mem::take(&mut self.extensions),
            allowed,
        })
    }
}

/// The parameters as they stand in a JSON object: null is as good as nothing, and further members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow)]
    document_id: Option<&'a RawValue>,
    #[serde(borrow)]
    operation_name: Option<&'a RawValue>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
}

/// The parameters as they stand in a query string: an empty one is as good as none.
#[derive(Default)]
struct Given {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Given {
    fn set(&mut self, name: &str, value: String) -> Result<(), Refused> {
        let place = match name {
            "query" => &mut self.query,
            "documentId" => &mut self.document_id,
            "operationName" => &mut self.operation_name,
            "variables" => &mut self.variables,
            "extensions" => &mut self.extensions,
            _ => return Ok(()),
        };
        if place.is_some() {
            return Err(Refused::bad_request(format!("{name} is given twice")));
        }
        *place = Some(value).filter(|value| !value.is_empty());
        Ok(())
    }

    fn into_parameters(self) -> Result<Parameters<'static>, Refused> {
        let extensions = object(self.extensions.as_deref(), "extensions")?;
        let (query, id) = (self.query.map(Cow::Owned), self.document_id.map(Cow::Owned));
        Ok(Parameters {
            document: Document::of(query, id, &extensions)?,
            operation_name: self.operation_name.map(Cow::Owned),
            variables: object(self.variables.as_deref(), "variables")?,
            extensions,
        })
    }
}

/// Text out of JSON, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn string<'a>(raw: Option<&'a RawValue>, name: &str) -> Result<Option<Cow<'a, str>>, Refused> {
    let Some(raw) = raw else { return Ok(None) };
    let text: Result<Text<'a>, _> = serde_json::from_str(raw.get());
    let not_text = |_| Refused::bad_request(format!("{name} must be a string"));
    text.map(|text| Some(text.0)).map_err(not_text)
}

fn object<T: DeserializeOwned + Default>(text: Option<&str>, name: &str) -> Result<T, Refused> {
    let Some(text) = text else {
        return Ok(T::default());
    };
    serde_json::from_str(text).map_err(|error| {
        Refused::bad_request(match error.classify() {
            Category::Data => format!("{name} must be a JSON object"),
            _ => format!("{name} cannot be read: {error}"),
        })
    })
}

fn not_an_object(error: &serde_json::Error) -> Refused {
    Refused::bad_request(match error.classify() {
        Category::Syntax | Category::Eof => format!("the body is not JSON: {error}"),
        Category::Data | Category::Io => {
            "the body must be one JSON object with query, operationName, variables \
                                          and extensions, each at most once"
                .to_owned()
        }
    })
}

/// Documents are not learned from clients, so Apollo's send the text from now on.
fn not_supported() -> Refused {
    let code = ErrorCode::PersistedQueryNotSupported;
    Refused::new(StatusCode::BAD_REQUEST, code, "PersistedQueryNotSupported")
}

fn not_known(id: &str) -> Refused {
    let id: String = id.chars().take(100).collect();
    let message = format!(
        "no trusted document has the id {id}; the operator may not have your newest manifest"
    );
    Refused::new(
        StatusCode::BAD_REQUEST,
        ErrorCode::PersistedQueryNotFound,
        message,
    )
}

/// Refuses a body that is not JSON in UTF-8, before it is read.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Refused> {
    let refused = Refused::unsupported_media_type;
    let encoding = headers.get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        return Err(refused("the body must not be compressed"));
    }
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    if !name.eq_ignore_ascii_case("application/json") {
        return Err(refused(
            "the body must be of the media type application/json",
        ));
    }
    let mut parameters = parts.filter_map(|parameter| parameter.split_once('='));
    let is_other =
        |(key, value): (&str, &str)| key.eq_ignore_ascii_case("charset") && !is_utf8(value);
    if parameters.any(is_other) {
        return Err(refused("the body must be in UTF-8"));
    }
    Ok(())
}

fn broken(error: &axum::Error) -> Refused {
    let mut causes = successors(Some(error as &dyn Error), |cause| (*cause).source());
    if causes.any(<dyn Error>::is::<TooSlow>) {
        let (status, code) = (StatusCode::REQUEST_TIMEOUT, ErrorCode::Timeout);
        return Refused::new(status, code, "the body took too long");
    }
    Refused::bad_request("the body broke off")
}

/// Reads a body of at most `limit` bytes. The bound holds while reading, whatever `Content-Length` says.
pub(super) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Refused> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    if announced.is_some_and(|length| {
        length
            .parse()
            .is_ok_and(|length: u64| length > limit as u64)
    }) {
        return Err(Refused::too_large(limit));
    }
    let mut chunks = body.into_data_stream();
    // Most bodies come in one piece, which is then used where it lies.
    let mut whole = Bytes::new();
    let mut joined = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| broken(&error))?;
        if whole.len() + joined.len() + chunk.len() > limit {
            return Err(Refused::too_large(limit));
        }
        if whole.is_empty() && joined.is_empty() {
            whole = chunk;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut whole));
            joined.extend_from_slice(&chunk);
        }
    }
    Ok(if joined.is_empty() {
        whole
    } else {
        joined.into()
    })
}
