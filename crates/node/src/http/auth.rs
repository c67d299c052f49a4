//! Signing in with an account of another system: `GET /auth/NAME/start` sends a browser there, and `GET /auth/NAME/callback` is where
//! it comes back.
//!
//! - [`providers`] are those of the settings; [`pages`] what people see who came back.
//!
//! What must come back is kept by the browser alone, in a cookie for some minutes (`SameSite=Lax`, or it would not be sent when
//! another site sends the browser here); that it counts once is held in the database, so any process of the hub may finish what
//! another began. Whoever is signed in gets the same cookie of a session as with a password.
//! Not here: what a provider must show (`oidc`), which account somebody gets (`storage::accounts::identities`).

mod pages;
mod providers;

use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::account::AccountName;
use domain::audit::{Action, Actor, Deed, Origin, Outcome, Refusal};
use domain::catalog::Line;
use domain::clock::Clock as _;
use domain::log::Hash;
use graphql::Opening;
use oidc::{Answer, Flow, Identity, OidcError};
use serde::{Deserialize, Serialize};
use storage::StorageError;
use storage::accounts::identities::{self, Arrival, Turned};
use storage::accounts::sessions::Began;
use storage::accounts::{Account, MOST_GRANTS};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::address::ClientAddress;
use super::graphql::Caller;
use super::viewer::cookie;
use crate::hub::Hub;
use crate::system::{SystemClock, SystemEntropy};
pub use providers::{Provider, Providers};

/// How many browsers are sent and received at once: each may wait for a provider.
const AT_ONCE: usize = 32;
/// How long somebody may take at a provider, in seconds.
const MOST_SECONDS: i64 = 600;
/// The longest path to which somebody comes back.
const MOST_PATH: usize = 500;
/// The longest cookie that is looked at.
const MOST_COOKIE: usize = 2_048;

#[derive(Clone)]
struct SigningIn {
    hub: Hub,
    places: Arc<Semaphore>,
}

/// What a browser keeps while it is at a provider.
#[derive(Deserialize, Serialize)]
struct Begun {
    provider: String,
    flow: Flow,
    to: String,
    ends: i64,
}

/// Where somebody wants to be who comes back.
#[derive(Deserialize)]
struct Start {
    to: Option<String>,
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("there is no such provider")]
    Unknown,
    #[error("many sign in at this moment; try again in some seconds")]
    Busy,
    #[error("this browser began no sign-in here, or longer ago than ten minutes; begin again")]
    NotBegun,
    #[error(transparent)]
    Provider(#[from] OidcError),
    #[error(transparent)]
    Turned(#[from] Turned),
    #[error("internal error")]
    Internal(#[from] StorageError),
}

/// The routes of signing in elsewhere.
pub fn routes(hub: &Hub) -> Router {
    let state = SigningIn {
        hub: hub.clone(),
        places: Arc::new(Semaphore::new(AT_ONCE)),
    };
    Router::new()
        .route("/auth/{name}/start", get(start))
        .route("/auth/{name}/callback", get(finish))
        .with_state(state)
}

async fn start(
    State(signing): State<SigningIn>,
    Path(name): Path<String>,
    Query(start): Query<Start>,
) -> Response {
    match signing.send(&name, start.to.as_deref()).await {
        Ok((url, cookie)) => {
            let mut answer = (StatusCode::SEE_OTHER, [(header::LOCATION, url)]).into_response();
            pages::never_kept(answer.headers_mut());
            set_cookies(&mut answer, [cookie]);
            answer
        }
        Err(failed) => failed.page(&name),
    }
}

async fn finish(
    State(signing): State<SigningIn>,
    Path(name): Path<String>,
    Query(answer): Query<Answer>,
    client: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
) -> Response {
    let forgotten = signing.cookie("", 0);
    let address = signing.address(client.map(|Extension(client)| client), &headers);
    let received = signing.receive(&name, answer, &headers, address.clone());
    let mut page = match received.await {
        Ok((session, to)) => {
            let mut page = pages::signed_in(&to);
            set_cookies(&mut page, [session]);
            page
        }
        Err(failed) => {
            signing.tell(&name, &failed, address);
            failed.page(&name)
        }
    };
    set_cookies(&mut page, [forgotten]);
    page
}

fn set_cookies(answer: &mut Response, cookies: impl IntoIterator<Item = String>) {
    let values = cookies
        .into_iter()
        .filter_map(|it| HeaderValue::try_from(it).ok());
    for value in values {
        answer.headers_mut().append(header::SET_COOKIE, value);
    }
}

impl SigningIn {
    fn provider(&self, name: &str) -> Result<&Provider, Failed> {
        self.hub.providers.find(name).ok_or(Failed::Unknown)
    }

    fn place(&self) -> Result<SemaphorePermit<'_>, Failed> {
        self.places.try_acquire().map_err(|_| Failed::Busy)
    }

    /// The address at the provider, and what the browser keeps meanwhile.
    async fn send(&self, name: &str, to: Option<&str>) -> Result<(String, String), Failed> {
        let provider = self.provider(name)?;
        let _place = self.place()?;
        let now = SystemClock.now();
        let (url, flow) = provider.oidc.begin(&SystemEntropy, now).await?;
        let begun = Begun {
            provider: name.to_owned(),
            flow,
            to: to.filter(|to| is_local(to)).unwrap_or("/").to_owned(),
            ends: now.unix_timestamp() + MOST_SECONDS,
        };
        let text = serde_json::to_vec(&begun).expect("texts and numbers are JSON");
        let cookie = self.cookie(&URL_SAFE_NO_PAD.encode(text), MOST_SECONDS);
        Ok((url, cookie))
    }

    /// The cookie of a session, and where the browser goes on.
    async fn receive(
        &self,
        name: &str,
        answer: Answer,
        headers: &HeaderMap,
        address: Option<String>,
    ) -> Result<(String, String), Failed> {
        let provider = self.provider(name)?;
        let _place = self.place()?;
        let now = SystemClock.now();
        let begun = cookie(headers, self.cookie_name()).and_then(Begun::read);
        let begun = begun.filter(|it| it.provider == name && it.ends > now.unix_timestamp());
        let begun = begun.ok_or(Failed::NotBegun)?;
        let identity = provider.oidc.finish(&begun.flow, answer, now).await?;
        let account = self.enter(provider, &begun.flow, &identity).await??;
        let client = headers.get(header::USER_AGENT);
        let opening = Opening {
            db: &self.hub.db,
            rules: &self.hub.accounts,
            entropy: &SystemEntropy,
            now,
            client: client.and_then(|name| name.to_str().ok()),
        };
        let deed = Deed {
            at: now,
            actor: Actor::Account(account.name.clone()),
            token: None,
            action: Action::SignInElsewhere,
            origin: address.map(|address| Origin::new(address, &SystemEntropy)),
        };
        let session = opening.session(account.id, Began::Provider, Some(&deed));
        let session = session.await?;
        Ok((session, begun.to))
    }

    /// From where somebody comes, if that is kept.
    fn address(&self, client: Option<ClientAddress>, headers: &HeaderMap) -> Option<String> {
        let caller = Caller {
            headers,
            client,
            authorization: None,
        };
        let keeps = self.hub.config.audit.address_days > 0;
        caller.client_address().filter(|_| keeps)
    }

    /// Tells the audit that somebody came from a provider and is not signed in.
    fn tell(&self, provider: &str, failed: &Failed, address: Option<String>) {
        let is_known = self.hub.providers.find(provider).is_some();
        let refusal = Refusal {
            actor: Actor::Anyone,
            token: None,
            action: Action::SignInElsewhere,
            object: is_known.then(|| format!("provider:{provider}")),
            outcome: failed.outcome(),
            code: failed.code().to_owned(),
            address,
        };
        self.hub.refusals.note(refusal, SystemClock.now());
    }

    async fn enter(
        &self,
        provider: &Provider,
        flow: &Flow,
        identity: &Identity,
    ) -> Result<Result<Account, Turned>, StorageError> {
        let claims = &identity.claims;
        let called = oidc::one(claims, &provider.name_claim).and_then(AccountName::like);
        let name = called.unwrap_or_else(|| provider.fallback.clone());
        let shown = oidc::one(claims, &provider.display_claim);
        let shown = shown.and_then(|shown| Line::parse(shown).ok());
        let shown = shown.or_else(|| Line::parse(name.as_str()).ok());
        let answer = Hash::of(flow.state.as_bytes());
        let arrival = Arrival {
            issuer: provider.oidc.issuer(),
            subject: &identity.subject,
            answer: answer.as_bytes(),
            name: &name,
            display: &shown.expect("a name is a line"),
            grants: &provider.mapping.grants(claims, MOST_GRANTS),
            decides: provider.mapping.decides(),
            id: SystemEntropy.uuid(),
        };
        identities::enter(&self.hub.db, &arrival, SystemClock.now()).await
    }

    fn is_by_tls(&self) -> bool {
        self.hub.config.http.is_by_tls()
    }

    fn cookie_name(&self) -> &'static str {
        if self.is_by_tls() {
            "__Host-simpul-begun"
        } else {
            "simpul-begun"
        }
    }

    /// A cookie that is sent along when another site sends the browser here.
    fn cookie(&self, value: &str, seconds: i64) -> String {
        let name = self.cookie_name();
        let secure = if self.is_by_tls() { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }
}

impl Begun {
    fn read(raw: &str) -> Option<Self> {
        if raw.len() > MOST_COOKIE {
            return None;
        }
        let begun: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(raw).ok()?).ok()?;
        is_local(&begun.to).then_some(begun)
    }
}

/// Whether somebody may be sent there: a path of this hub. Browsers take a second slash, and a backslash, for another host.
fn is_local(to: &str) -> bool {
    let mut letters = to.bytes();
    let begins_here = letters.next() == Some(b'/') && !matches!(letters.next(), Some(b'/' | b'\\'));
    let is_plain = |c: u8| c.is_ascii_graphic() && !matches!(c, b'\\' | b'"' | b'<' | b'>' | b'\'');
    begins_here && to.len() <= MOST_PATH && to.bytes().all(is_plain)
}

impl Failed {
    /// What the audit calls it.
    const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN_PROVIDER",
            Self::Busy => "BUSY",
            Self::NotBegun => "NOT_BEGUN",
            Self::Provider(OidcError::Token(_)) => "TOKEN_REFUSED",
            Self::Provider(error) if error.is_of_provider() => "PROVIDER_FAILED",
            Self::Provider(_) => "PROVIDER_REFUSED",
            Self::Turned(Turned::Again) => "USED_BEFORE",
            Self::Turned(Turned::NoRole) => "NO_ROLE",
            Self::Turned(Turned::Disabled) => "DISABLED",
            Self::Turned(Turned::Full) => "FULL",
            Self::Internal(_) => "INTERNAL_SERVER_ERROR",
        }
    }

    const fn outcome(&self) -> Outcome {
        match self {
            Self::NotBegun | Self::Turned(_) | Self::Provider(OidcError::Token(_)) => {
                Outcome::Refused
            }
            Self::Provider(error) if !error.is_of_provider() => Outcome::Refused,
            _ => Outcome::Failed,
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Provider(error) if error.is_of_provider() => StatusCode::BAD_GATEWAY,
            Self::NotBegun | Self::Provider(_) | Self::Turned(Turned::Again) => {
                StatusCode::BAD_REQUEST
            }
            Self::Turned(_) => StatusCode::FORBIDDEN,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What is told to people, and to the hub's log: not who it was.
    fn page(&self, provider: &str) -> Response {
        let status = self.status();
        if status.is_server_error() && !matches!(self, Self::Busy) {
            let error = self as &dyn std::error::Error;
            tracing::warn!(provider, error, "somebody could not sign in");
        }
        pages::failed(status, &self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_come_back_to_this_hub_only() {
        for (to, is_one) in [
            ("/", true),
            ("/graphiql/?query=%7Bhub%7D#x", true),
            ("", false),
            ("graphiql", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example", false),
            ("/a\\b", false),
            ("/a\"onload", false),
            ("/a\r\nset-cookie: x", false),
            ("/é", false),
        ] {
            assert_eq!(is_local(to), is_one, "{to}");
        }
        assert!(!is_local(&format!("/{}", "a".repeat(500))));
    }

    #[test]
    fn what_a_browser_brings_is_read_as_what_it_was_given_or_not_at_all() {
        let long = "A".repeat(MOST_COOKIE + 1);
        let elsewhere = r#"{"provider":"a","flow":{"state":"s","nonce":"n","verifier":"v"},"to":"//b","ends":9}"#;
        for raw in [
            "",
            "!",
            &URL_SAFE_NO_PAD.encode("{}"),
            &long,
            &URL_SAFE_NO_PAD.encode(elsewhere),
        ] {
            assert!(Begun::read(raw).is_none(), "{raw}");
        }
        let here = elsewhere.replace("//b", "/b");
        assert!(Begun::read(&URL_SAFE_NO_PAD.encode(here)).is_some());
    }
}
