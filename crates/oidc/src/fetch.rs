//! How a provider is asked: by TLS, without following redirects, with an end in time and in bytes.

use std::time::Duration;

use outgoing::{Client, Reach};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Certificate, RequestBuilder, Url};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::OidcError;

/// The most bytes of an answer that are read.
pub(crate) const MOST_BYTES: usize = 256 * 1024;
/// The longest that an answer is waited for, with the connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks a provider.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher(Client);

impl Fetcher {
    /// One that trusts these certificates beside those of this machine. Only where the provider is on this machine it is asked
    /// without TLS.
    pub(crate) fn new(
        roots: Option<&[u8]>,
        reach: Reach,
        may_be_plain: bool,
    ) -> Result<Self, OidcError> {
        let wrong = |error: reqwest::Error| OidcError::Setting(error.without_url().to_string());
        let builder = reqwest::Client::builder()
            .user_agent(concat!("simpul ", env!("CARGO_PKG_VERSION")))
            .https_only(!may_be_plain)
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE);
        let roots = roots.map(Certificate::from_pem_bundle).transpose();
        let roots = roots.map_err(wrong)?.unwrap_or_default();
        let client = Client::build(builder.tls_certs_merge(roots), reach);
        client.map(Self).map_err(wrong)
    }

    /// Refuses addresses at which this hub asks nobody.
    fn check(&self, what: &'static str, url: &Url) -> Result<(), OidcError> {
        let checked = self.0.reach().check(url);
        checked.map_err(|cause| OidcError::Forbidden { what, cause })
    }

    /// Asks for a document.
    pub(crate) async fn get(&self, what: &'static str, url: Url) -> Result<Value, OidcError> {
        self.check(what, &url)?;
        send(what, self.0.http().get(url)).await
    }

    /// Asks for a document, showing a token.
    pub(crate) async fn get_with(
        &self,
        what: &'static str,
        url: Url,
        token: &str,
    ) -> Result<Value, OidcError> {
        self.check(what, &url)?;
        let shown = format!("Bearer {token}");
        let request = self.0.http().get(url).header(AUTHORIZATION, shown);
        send(what, request).await
    }

    /// Sends a form.
    pub(crate) async fn post(
        &self,
        what: &'static str,
        url: Url,
        form: Zeroizing<String>,
        authorization: Option<Zeroizing<String>>,
    ) -> Result<Value, OidcError> {
        self.check(what, &url)?;
        let mut request = self
            .0
            .http()
            .post(url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.as_bytes().to_vec());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization.as_str());
        }
        send(what, request).await
    }
}

async fn send(what: &'static str, request: RequestBuilder) -> Result<Value, OidcError> {
    let unreachable = |cause: reqwest::Error| OidcError::Unreachable {
        what,
        cause: cause.without_url(),
    };
    let request = request.header(ACCEPT, "application/json");
    let mut answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            let most = MOST_BYTES;
            return Err(OidcError::TooLarge { what, most });
        }
        bytes.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        let status = status.as_u16();
        return Err(refusal(&bytes).unwrap_or(OidcError::Status { what, status }));
    }
    serde_json::from_slice(&bytes).map_err(|error| OidcError::malformed(what, error))
}

/// What the provider says is wrong with a code (RFC 6749, section 5.2): it was used, it is too old. What is wrong with this hub's
/// settings is the hub's to know.
fn refusal(bytes: &[u8]) -> Option<OidcError> {
    let said: Value = serde_json::from_slice(bytes).ok()?;
    let code = said.get("error")?.as_str()?;
    (code == "invalid_grant").then(|| OidcError::Refused(code.to_owned()))
}

/// Pairs as a form (WHATWG URL, section 5.2).
pub(crate) fn form(pairs: &[(&str, &str)]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        encode(&mut text, name);
        text.push('=');
        encode(&mut text, value);
    }
    text
}

/// A text as part of a form.
pub(crate) fn encoded(raw: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    encode(&mut text, raw);
    text
}

fn encode(text: &mut String, raw: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in raw.bytes() {
        match byte {
            b' ' => text.push('+'),
            b'-' | b'.' | b'_' | b'*' => text.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            byte => {
                text.push('%');
                text.push(char::from(HEX[usize::from(byte >> 4)]));
                text.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_hold_any_text() {
        let pairs = [
            ("a b", "ä&=+"),
            ("redirect_uri", "https://hub.example/auth?x"),
        ];
        assert_eq!(
            *form(&pairs),
            "a+b=%C3%A4%26%3D%2B&redirect_uri=https%3A%2F%2Fhub.example%2Fauth%3Fx"
        );
    }
}
