//! Where the hub answers: the section `[http]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

use axum::http;
use serde::{Deserialize, Serialize};

/// Where the hub answers: the section `[http]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address and port. Loopback until permissions come; put a proxy with TLS before it.
    pub listen: SocketAddr,
    /// Where browsers reach the hub, such as `https://hub.example.go.id`; nothing while it is used on this machine only.
    pub public_url: Option<PublicUrl>,
    /// The largest request body that is taken.
    pub max_body_bytes: NonZeroU32,
    /// Whether `/metrics` tells the numbers of logs and peers, in the text format of Prometheus.
    pub metrics: bool,
    /// How long running requests may go on after the program was told to stop.
    pub shutdown_seconds: NonZeroU32,
}

/// Where browsers reach the hub: scheme, host and port, and nothing behind them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The address as an `Origin` has it, such as `https://hub.example.go.id`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers reach it by TLS.
    pub fn is_by_tls(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = String;

    fn try_from(raw: String) -> Result<Self, String> {
        let wrong = || format!("{raw:?} is not an address such as https://hub.example.go.id");
        let url: http::Uri = raw.parse().map_err(|_| wrong())?;
        let (scheme, authority) = url.scheme_str().zip(url.authority()).ok_or_else(wrong)?;
        let is_plain = matches!(url.path(), "" | "/") && url.query().is_none();
        let has_user = authority.as_str().contains('@');
        if !matches!(scheme, "http" | "https") || !is_plain || has_user {
            return Err(wrong());
        }
        let authority = authority.as_str().to_ascii_lowercase();
        Ok(Self(format!("{scheme}://{authority}")))
    }
}

impl From<PublicUrl> for String {
    fn from(url: PublicUrl) -> Self {
        url.0
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).expect("the default is not 0");
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8013)),
            public_url: None,
            max_body_bytes: number(256 * 1024),
            metrics: true,
            shutdown_seconds: number(20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_an_origin() {
        for (raw, parsed) in [
            (
                "https://hub.example.go.id",
                Some("https://hub.example.go.id"),
            ),
            (
                "https://Hub.Example.go.id/",
                Some("https://hub.example.go.id"),
            ),
            ("http://127.0.0.1:8013", Some("http://127.0.0.1:8013")),
            ("https://hub.example.go.id/simpul", None),
            ("https://hub.example.go.id/?a=b", None),
            ("https://user@hub.example.go.id", None),
            ("ftp://hub.example.go.id", None),
            ("hub.example.go.id", None),
            ("", None),
        ] {
            let found = PublicUrl::try_from(raw.to_owned()).ok();
            assert_eq!(found.as_ref().map(PublicUrl::as_str), parsed, "{raw}");
        }
    }
}
