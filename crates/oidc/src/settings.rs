//! What an operator says of a provider.

use std::net::IpAddr;

use outgoing::Reach;
use reqwest::Url;
use zeroize::Zeroizing;

use crate::OidcError;

/// What an operator says of a provider.
#[derive(Clone)]
pub struct Settings {
    /// Its issuer, letter by letter as its tokens name it.
    pub issuer: String,
    /// What this hub is called there.
    pub client_id: String,
    /// With what this hub shows that it is; nothing for a public client, for which PKCE alone stands.
    pub client_secret: Option<Zeroizing<String>>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Where the browser comes back: the address that is registered at the provider.
    pub redirect_uri: String,
    /// Claims without which the provider is asked once more (userinfo), by their paths.
    pub wanted: Vec<String>,
    /// Where the provider may be: its own words lead to further addresses.
    pub reach: Reach,
    /// Certificates in PEM that the provider's may lead to, beside those that this machine trusts.
    pub roots: Option<Vec<u8>>,
}

/// Shows nothing of the secret.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Settings");
        shown.field("issuer", &self.issuer);
        shown.field("client_id", &self.client_id);
        shown.finish_non_exhaustive()
    }
}

impl Settings {
    /// The issuer as an address: `https`, or `http` on this very machine; without query and fragment (OpenID Connect Discovery 1.0,
    /// section 3).
    ///
    /// # Errors
    /// It is none.
    pub fn issuer_url(&self) -> Result<Url, OidcError> {
        let wrong = || {
            let issuer = &self.issuer;
            OidcError::Setting(format!(
                "the issuer {issuer:?} is not an address such as https://sso.example.go.id/realms/pegawai; https is needed unless it is on this machine"
            ))
        };
        let url = Url::parse(&self.issuer).map_err(|_| wrong())?;
        if url.query().is_some() || !is_safe(&url, is_loopback(&url)) {
            return Err(wrong());
        }
        Ok(url)
    }
}

/// Whether an address is on this very machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let ip = bare.parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Whether an address may be asked, or a browser sent there: by TLS, or on this machine where that is allowed.
pub(crate) fn is_safe(url: &Url, may_be_plain: bool) -> bool {
    let is_by_tls = url.scheme() == "https";
    let is_here = url.scheme() == "http" && may_be_plain && is_loopback(url);
    let has_user = !url.username().is_empty() || url.password().is_some();
    (is_by_tls || is_here) && url.has_host() && !has_user && url.fragment().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_reached_by_tls_or_is_here() {
        for (issuer, is_one) in [
            ("https://sso.example.go.id", true),
            ("https://sso.example.go.id/realms/pegawai", true),
            ("http://localhost:3000", true),
            ("http://127.0.0.1:3000", true),
            ("http://[::1]:3000", true),
            ("http://sso.example.go.id", false),
            ("http://localhost.example.org", false),
            ("http://127.0.0.1.example.org", false),
            ("https://user@sso.example.go.id", false),
            ("https://sso.example.go.id/?a=b", false),
            ("https://sso.example.go.id/#a", false),
            ("file:///etc/passwd", false),
            ("sso.example.go.id", false),
            ("", false),
        ] {
            let settings = Settings {
                reach: Reach::here(),
                issuer: issuer.to_owned(),
                client_id: "simpul".to_owned(),
                client_secret: Some(Zeroizing::new("hidden".to_owned())),
                scopes: Vec::new(),
                redirect_uri: String::new(),
                wanted: Vec::new(),
                roots: None,
            };
            assert_eq!(settings.issuer_url().is_ok(), is_one, "{issuer}");
            assert!(!format!("{settings:?}").contains("hidden"));
        }
    }
}
