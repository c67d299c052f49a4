//! What a provider says of itself (OpenID Connect Discovery 1.0, section 3), as far as it is used here. Pure.

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

use crate::OidcError;
use crate::settings::{is_loopback, is_safe};

const WHAT: &str = "configuration";

/// What a provider says of itself, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Where browsers are sent.
    pub authorization: Url,
    /// Where codes are exchanged.
    pub token: Url,
    /// Where its keys are.
    pub keys: Url,
    /// Where more is said of somebody.
    pub userinfo: Option<Url>,
    /// How this hub shows who it is.
    pub client: ClientAuthentication,
    /// Whether browsers always come back with its name (RFC 9207).
    pub names_itself: bool,
}

/// How this hub shows a provider who it is (OpenID Connect Core 1.0, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// By a header.
    Basic,
    /// In the form.
    Post,
}

#[derive(Deserialize)]
struct Said {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Where a provider says what it is.
pub(crate) fn address(issuer: &Url) -> Result<Url, OidcError> {
    let base = issuer.as_str().trim_end_matches('/');
    let address = format!("{base}/.well-known/openid-configuration");
    Url::parse(&address).map_err(|error| OidcError::malformed(WHAT, error))
}

impl Metadata {
    /// Takes what a provider says of itself.
    ///
    /// # Errors
    /// It is another issuer's, an address in it is not one that may be asked, or it knows no PKCE by SHA-256.
    pub fn read(said: Value, issuer: &str) -> Result<Self, OidcError> {
        let malformed = |reason: String| OidcError::Malformed { what: WHAT, reason };
        let said: Said =
            serde_json::from_value(said).map_err(|error| malformed(error.to_string()))?;
        if said.issuer != issuer {
            let found: String = said.issuer.chars().take(200).collect();
            let reason = format!(
                "it is of issuer {found:?}, not of {issuer:?}; they must be the same letter by letter"
            );
            return Err(malformed(reason));
        }
        let may_be_plain = Url::parse(issuer).is_ok_and(|issuer| is_loopback(&issuer));
        let url = |name: &str, raw: &str| {
            let url = Url::parse(raw)
                .ok()
                .filter(|url| is_safe(url, may_be_plain));
            url.ok_or_else(|| malformed(format!("{name} is not an address with https")))
        };
        let is_known = |list: &Option<Vec<String>>, name: &str, absent: bool| {
            let list = list.as_ref();
            list.map_or(absent, |list| list.iter().any(|known| known == name))
        };
        // Some that know it do not say so.
        if !is_known(&said.code_challenge_methods_supported, "S256", true) {
            return Err(malformed("it knows no PKCE by S256".to_owned()));
        }
        let methods = &said.token_endpoint_auth_methods_supported;
        let is_basic = is_known(methods, "client_secret_basic", true);
        let client = if is_basic || !is_known(methods, "client_secret_post", false) {
            ClientAuthentication::Basic
        } else {
            ClientAuthentication::Post
        };
        let userinfo = said.userinfo_endpoint.as_deref();
        Ok(Self {
            authorization: url("authorization_endpoint", &said.authorization_endpoint)?,
            token: url("token_endpoint", &said.token_endpoint)?,
            keys: url("jwks_uri", &said.jwks_uri)?,
            userinfo: userinfo
                .map(|raw| url("userinfo_endpoint", raw))
                .transpose()?,
            client,
            names_itself: said.authorization_response_iss_parameter_supported,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://sso.example.go.id/realms/pegawai";

    fn said(changed: &[(&str, Value)]) -> Value {
        let mut said = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://sso.example.go.id/auth",
            "token_endpoint": "https://sso.example.go.id/token",
            "jwks_uri": "https://sso.example.go.id/keys",
        });
        for (name, value) in changed {
            said[*name] = value.clone();
        }
        said
    }

    #[track_caller]
    fn refused(changed: &[(&str, Value)], reason: &str) {
        let error = Metadata::read(said(changed), ISSUER)
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn a_provider_is_the_issuer_that_was_named() {
        let read = Metadata::read(said(&[]), ISSUER).unwrap();
        assert_eq!(read.client, ClientAuthentication::Basic);
        assert!(read.userinfo.is_none() && !read.names_itself);
        refused(
            &[("issuer", json!("https://sso.example.go.id/realms/pegawai/"))],
            "letter by letter",
        );
        refused(&[("issuer", json!(null))], "null");
        let address = address(&Url::parse("https://sso.example.go.id/").unwrap()).unwrap();
        assert_eq!(
            address.as_str(),
            "https://sso.example.go.id/.well-known/openid-configuration"
        );
    }

    #[test]
    fn nothing_is_asked_without_tls() {
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
        ] {
            for url in [
                "http://sso.example.go.id/x",
                "http://127.0.0.1/x",
                "http://169.254.169.254/latest",
                "https://user:word@sso.example.go.id/x",
                "javascript:alert(1)",
                "/x",
            ] {
                refused(&[(name, json!(url))], name);
            }
        }
    }

    #[test]
    fn how_this_hub_shows_itself_is_the_providers_choice() {
        for (methods, client) in [
            (
                json!(["client_secret_post", "client_secret_basic"]),
                ClientAuthentication::Basic,
            ),
            (
                json!(["client_secret_post", "private_key_jwt"]),
                ClientAuthentication::Post,
            ),
            (json!(["none"]), ClientAuthentication::Basic),
        ] {
            let read = Metadata::read(
                said(&[("token_endpoint_auth_methods_supported", methods)]),
                ISSUER,
            );
            assert_eq!(read.unwrap().client, client);
        }
        refused(
            &[("code_challenge_methods_supported", json!(["plain"]))],
            "PKCE",
        );
    }
}
