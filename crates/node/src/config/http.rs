//! Where the hub answers: the section `[http]`, with those below it.

mod limits;
mod rates;
mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

use axum::http;
use serde::{Deserialize, Serialize};

pub use limits::{LimitsConfig, seconds};
pub use rates::RatesConfig;
pub use tls::TlsConfig;

use super::Network;

/// Where the hub answers: the section `[http]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address and port. Loopback unless said otherwise: put a proxy with TLS before it, or give it a certificate.
    pub listen: SocketAddr,
    /// Where browsers reach the hub, such as `https://hub.example.go.id`; nothing while it is used on this machine only.
    pub public_url: Option<PublicUrl>,
    /// The largest request body that is taken.
    pub max_body_bytes: NonZeroU32,
    /// Whether `/metrics` tells the numbers of logs and peers, in the text format of Prometheus.
    pub metrics: bool,
    /// How long running requests may go on after the program was told to stop.
    pub shutdown_seconds: NonZeroU32,
    /// Proxies whose word counts about whom they ask for, and by what.
    pub trusted_proxies: Vec<Network>,
    /// Pages of other addresses that may read answers in browsers.
    pub cors_origins: Vec<AllowedOrigin>,
    /// The certificate with which the hub itself speaks TLS.
    pub tls: Option<TlsConfig>,
    /// How much is taken of those who connect.
    pub limits: LimitsConfig,
    /// How often may be asked.
    pub rates: RatesConfig,
}

/// A page's origin that may read answers, or any.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum AllowedOrigin {
    /// `*`: the pages of every address.
    Any,
    /// Those of one address.
    One(PublicUrl),
}

impl TryFrom<String> for AllowedOrigin {
    type Error = String;

    fn try_from(raw: String) -> Result<Self, String> {
        match raw.as_str() {
            "*" => Ok(Self::Any),
            _ => PublicUrl::try_from(raw).map(Self::One),
        }
    }
}

impl From<AllowedOrigin> for String {
    fn from(origin: AllowedOrigin) -> Self {
        match origin {
            AllowedOrigin::Any => "*".to_owned(),
            AllowedOrigin::One(url) => url.into(),
        }
    }
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
            trusted_proxies: ["127.0.0.0/8", "::1"].map(network).into(),
            cors_origins: Vec::new(),
            tls: None,
            limits: LimitsConfig::default(),
            rates: RatesConfig::default(),
        }
    }
}

fn network(text: &str) -> Network {
    Network::try_from(text.to_owned()).expect("the default is a network")
}

impl HttpConfig {
    /// Whether browsers reach the hub by TLS.
    pub fn is_by_tls(&self) -> bool {
        self.tls.is_some() || self.public_url.as_ref().is_some_and(PublicUrl::is_by_tls)
    }

    /// Refuses what cannot be meant, and says what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        let is_plain = |url: &PublicUrl| !url.is_by_tls();
        if self.tls.is_some() && self.public_url.as_ref().is_some_and(is_plain) {
            return Err(
                "http.public_url begins with http:// though [http.tls] is given; begin it with https://".to_owned(),
            );
        }
        if let Some(network) = self
            .trusted_proxies
            .iter()
            .find(|network| network.net().prefix_len() == 0)
        {
            return Err(format!(
                "http.trusted_proxies has {}, which is everybody, so that anybody could pass for another; name the proxies",
                String::from(*network)
            ));
        }
        self.limits.check()
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
