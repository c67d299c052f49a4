//! Requests with files (GraphQL multipart request specification), and forms that are none.

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;

use crate::api::{Answer, Api};

/// What stands between the parts.
pub const BOUNDARY: &str = "------------------------d74496d66958873e";

/// A form that is being written.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<u8>);

impl Form {
    /// A form that asks this, with files that belong there.
    pub fn asking(operations: &Value, map: &Value) -> Self {
        let form = Self::default().part("operations", operations.to_string());
        form.part("map", map.to_string())
    }

    /// Adds a part without a file's name.
    #[must_use]
    pub fn part(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let headers = format!("Content-Disposition: form-data; name=\"{name}\"\r\n");
        self.raw(&headers, content)
    }

    /// Adds a file.
    #[must_use]
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let headers = format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"data.csv\"\r\nContent-Type: text/csv\r\n"
        );
        self.raw(&headers, content)
    }

    /// Adds a part with these headers, each with its line's end.
    #[must_use]
    pub fn raw(mut self, headers: &str, content: impl AsRef<[u8]>) -> Self {
        let head = format!("--{BOUNDARY}\r\n{headers}\r\n");
        self.0.extend_from_slice(head.as_bytes());
        self.0.extend_from_slice(content.as_ref());
        self.0.extend_from_slice(b"\r\n");
        self
    }

    /// The bytes so far, without an end.
    pub fn begun(self) -> Vec<u8> {
        self.0
    }

    /// The whole.
    pub fn end(mut self) -> Vec<u8> {
        let end = format!("--{BOUNDARY}--\r\n");
        self.0.extend_from_slice(end.as_bytes());
        self.0
    }
}

/// The type of such a form.
pub fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

impl Api {
    /// Sends a form with a bearer token or none, and the header that is demanded.
    pub async fn send_form(&self, token: Option<&str>, form: Form) -> Answer {
        let headers = [("graphql-preflight", "1")];
        self.send_body(token, &content_type(), &headers, form.end())
            .await
    }

    /// Sends a body of a type, with further headers.
    pub async fn send_body(
        &self,
        token: Option<&str>,
        content_type: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let request = self.http().post(format!("{}/graphql", self.url()));
        let mut request = request
            .header(CONTENT_TYPE, content_type)
            .header(ACCEPT, "application/graphql-response+json")
            .body(body);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("the hub answers");
        Answer {
            status: response.status().as_u16(),
            body: response.json().await.expect("the answer is JSON"),
        }
    }
}
