//! Who asks: somebody with an account, the holder of the operator's token, another hub that shows who it is, or anyone.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};

use async_graphql::Data;
use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use credentials::secret::{SecretHash, SecretKind};
use domain::audit::{Action, Actor, Outcome, Refusal};
use domain::clock::Clock;
use domain::role::{self, Rights};
use domain::token;
use graphql::guard::{self, Admitted, Allowed, ErrorCode, Guarded, TrustedDocuments};
use graphql::{
    AccountRules, Ahead, AskedBy, Begun, ClientName, GuessedFrom, Guesses, Means, OperationTrust,
    OperationTurn, Served, SignedIn, Viewer,
};
use storage::accounts::{sessions, tokens};
use storage::audit::Refusals;
use storage::tokens::UsedTokens;
use storage::{Database, StorageError};
use tokio_util::sync::CancellationToken;

use super::address::ClientAddress;
use super::graphql::{
    Answers, Caller, Endpoint, Refused, RequestContext, Settings, is_same_origin,
};
use super::load::{Asker, Load};
use crate::config::{Config, PublicUrl};
use crate::hub::Hub;
use crate::keys::OperatorToken;
use crate::system::SystemClock;

/// Recognises accounts, the operator and other hubs.
pub struct Viewers {
    token: OperatorToken,
    rules: Arc<AccountRules>,
    config: Arc<Config>,
    db: Database,
    clock: Arc<dyn Clock>,
    used: UsedTokens,
    answers: Answers,
    refusals: Arc<Refusals>,
    keeps_addresses: bool,
    load: Arc<Load>,
}

impl Viewers {
    /// How much is asked of this process.
    pub const fn load(&self) -> &Arc<Load> {
        &self.load
    }

    /// The hub that made a token for this one.
    async fn hub(&self, text: &str) -> Result<Viewer, Refused> {
        let trust = storage::trust::load(&self.db).await.map_err(failed)?;
        let now = self.clock.now();
        let wrong = |error: token::TokenError| Refused::unauthenticated(error.to_string());
        let token = token::verify(text, &trust, self.db.hub(), now).map_err(wrong)?;
        let noted = self.used.note(&token, now).await.map_err(failed)?;
        noted.map_err(wrong)?;
        Ok(Viewer::Hub(token.issuer))
    }
}

impl Viewers {
    /// The account of a token for programs.
    async fn token(&self, hash: SecretHash) -> Result<Viewer, Refused> {
        let now = self.clock.now();
        let found = tokens::find(&self.db, hash.as_bytes(), now).await;
        let Some((token, account)) = found.map_err(failed)? else {
            return Err(Refused::unauthenticated(
                "the token is worth nothing: it ended, it was taken back, or its account is disabled",
            ));
        };
        Ok(Viewer::Account(Arc::new(SignedIn {
            account: account.id,
            name: account.name,
            rights: Rights::of(account.grants).within(token.scope),
            means: Means::Token(token.id),
        })))
    }

    /// The account of a session. One that is over is nobody's: browsers go on sending its cookie.
    async fn session(&self, hash: SecretHash) -> Result<Viewer, Refused> {
        let (now, idle) = (self.clock.now(), self.rules.idle);
        let found = sessions::find(&self.db, hash.as_bytes(), now, idle).await;
        let Some((session, account)) = found.map_err(failed)? else {
            return Ok(Viewer::Anyone);
        };
        Ok(Viewer::Account(Arc::new(SignedIn {
            account: account.id,
            name: account.name,
            rights: self.rules.rights(account.grants, session.began),
            means: Means::Session(session.id),
        })))
    }

    /// The session of a browser. Its cookie counts only where a page of this very hub asks, or no page: else pages elsewhere
    /// could act in the name of whoever looks at them.
    async fn browser(&self, headers: &HeaderMap) -> Result<Viewer, Refused> {
        let Some(secret) = cookie(headers, self.rules.cookie()) else {
            return Ok(Viewer::Anyone);
        };
        let Some(hash) = SecretHash::of(SecretKind::Session, secret) else {
            return Ok(Viewer::Anyone);
        };
        if !self.is_own_page(headers) {
            return Err(Refused::forbidden(
                "a page of another address asks with this hub's cookie; only the hub's own pages may",
            ));
        }
        self.session(hash).await
    }

    fn is_own_page(&self, headers: &HeaderMap) -> bool {
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
            return false;
        }
        let origin = headers.get(header::ORIGIN);
        let public_url = self.config.http.public_url.as_ref();
        let public_url = public_url.map(PublicUrl::as_str);
        let is_public = origin.is_some_and(|origin| public_url.is_some_and(|url| origin == url));
        is_public || is_same_origin(headers)
    }

    async fn recognise(&self, caller: Caller<'_>) -> Result<Viewer, Refused> {
        let Some(authorization) = caller.authorization else {
            self.db.traffic().note_request();
            return self.browser(caller.headers).await;
        };
        match bearer(authorization) {
            Some(token) if self.token.is(token) => {
                self.db.traffic().note_request();
                Ok(Viewer::Operator)
            }
            Some(token) if token::is_one(token) => self.hub(token).await,
            Some(given) => match SecretHash::of(SecretKind::Token, given) {
                Some(hash) => {
                    self.db.traffic().note_request();
                    self.token(hash).await
                }
                None => Err(unknown()),
            },
            None => Err(unknown()),
        }
    }

    /// From where somebody asks, if that is kept.
    fn address(&self, caller: Caller<'_>) -> Option<String> {
        caller.client_address().filter(|_| self.keeps_addresses)
    }

    /// Tells the audit that somebody showed what counts for nothing.
    fn tell(&self, refused: &Refused, caller: Caller<'_>) {
        if !matches!(
            refused.code(),
            ErrorCode::Unauthenticated | ErrorCode::Forbidden
        ) {
            return;
        }
        let refusal = Refusal {
            actor: Actor::Anyone,
            token: None,
            action: Action::ShowCredentials,
            object: None,
            outcome: Outcome::Refused,
            code: refused.code().as_str().to_owned(),
            address: self.address(caller),
        };
        self.refusals.note(refusal, self.clock.now());
    }
}

/// Wrong passwords by the address from which somebody asks.
struct FromAddress {
    load: Arc<Load>,
    client: Option<ClientAddress>,
}

impl Guesses for FromAddress {
    fn wait(&self) -> Option<Duration> {
        self.load.wait_to_guess(self.client)
    }

    fn note(&self) {
        self.load.note_guess(self.client);
    }
}

/// The value of a cookie (RFC 6265, section 4.2.1).
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut named = pairs.filter_map(|pair| {
        let (given, value) = pair.trim().split_once('=')?;
        (given == name).then_some(value)
    });
    named.next()
}

/// The token of a header (RFC 6750, section 2.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| token.trim())
}

fn unknown() -> Refused {
    Refused::unauthenticated(
        "the token is neither an account's, nor the operator's, nor a hub's; ask without one for what is public",
    )
}

fn failed(error: StorageError) -> Refused {
    let error = &error as &dyn std::error::Error;
    tracing::error!(error, "who asks cannot be told");
    Refused::internal()
}

impl RequestContext for Viewers {
    type Viewer = Viewer;

    /// No credentials are anyone's; wrong ones are refused, never silently anyone's, and the audit is told.
    async fn identify(&self, caller: Caller<'_>) -> Result<Viewer, Refused> {
        let recognised = self.recognise(caller).await;
        if let Err(refused) = &recognised {
            self.tell(refused, caller);
        }
        recognised
    }

    /// Sessions and tokens of accounts end, and their roles change. A hub's token is taken once.
    fn may_change(&self, viewer: &Viewer) -> bool {
        matches!(viewer, Viewer::Account(_))
    }

    fn allowed(&self, viewer: &Viewer) -> Allowed {
        self.config.graphql.allowed(viewer)
    }

    /// Files are sent to be imported.
    fn may_send_files(&self, viewer: &Viewer) -> bool {
        viewer.may(role::Action::Import)
    }

    fn allows_origin(&self, headers: &HeaderMap) -> bool {
        self.is_own_page(headers)
    }

    fn answers(&self) -> Option<&Answers> {
        Some(&self.answers)
    }

    fn load(&self) -> Option<&Load> {
        Some(&self.load)
    }

    fn is_operator(&self, caller: Caller<'_>) -> bool {
        let token = caller.authorization.and_then(bearer);
        token.is_some_and(|token| self.token.is(token))
    }

    fn asker(&self, viewer: &Viewer) -> Asker {
        match viewer {
            Viewer::Anyone => Asker::Anyone,
            Viewer::Operator => Asker::Operator,
            Viewer::Hub(hub) => Asker::Hub(hub.clone()),
            Viewer::Account(signed_in) => Asker::Account {
                account: signed_in.account,
                token: match signed_in.means {
                    Means::Token(token) => Some(token),
                    Means::Session(_) => None,
                },
            },
        }
    }

    /// What a hub may see depends on the trust of the moment, and accounts are few, so both are always answered anew.
    fn rights(&self, viewer: &Viewer) -> Option<u8> {
        match viewer {
            Viewer::Anyone => Some(0),
            Viewer::Operator => Some(1),
            Viewer::Hub(_) | Viewer::Account(_) => None,
        }
    }

    async fn data(&self, viewer: &Viewer, caller: Caller<'_>, admitted: &Admitted) -> Data {
        let mut data = Data::default();
        let (refusals, clock) = (Arc::clone(&self.refusals), Arc::clone(&self.clock));
        let address = self.address(caller);
        data.insert(AskedBy::new(viewer, address, refusals, clock));
        let client = caller.headers.get(header::USER_AGENT);
        let client = client.and_then(|name| name.to_str().ok());
        data.insert(ClientName(client.map(str::to_owned)));
        let (load, client) = (Arc::clone(&self.load), caller.client);
        data.insert(GuessedFrom(Box::new(FromAddress { load, client })));
        data.insert(viewer.clone());
        data.insert(Ahead::default());
        Begun::put(&mut data, admitted, &self.db, &SystemClock).await;
        if matches!(viewer, Viewer::Hub(_)) {
            data.insert(OperationTrust::default());
            data.insert(OperationTurn::default());
        }
        data
    }
}

/// The GraphQL endpoint of a hub.
pub type GraphqlEndpoint = Endpoint<Served, Viewers>;

/// Makes the endpoint of a hub; its sockets are closed when `closing` is cancelled.
///
/// # Errors
/// The manifests of trusted documents cannot be taken.
pub fn endpoint(hub: &Hub, closing: CancellationToken) -> anyhow::Result<GraphqlEndpoint> {
    let config = &hub.config.graphql;
    let schema = graphql::serve(hub.context(), &config.limits);
    let guarded = Guarded::new(schema, &graphql::whole_sdl(), config.limits.clone())
        .expect("our own schema is one");
    let guarded = guarded
        .with_trusted(trusted_documents(&hub.config)?)
        .map_err(|(id, refusal)| {
            anyhow!("the trusted document {id} is refused: {}", told(refusal))
        })?;
    let number = |n: NonZeroU32| usize::try_from(n.get()).expect("32 bits fit");
    let settings = Settings {
        body_bytes: number(hub.config.http.max_body_bytes),
        answer_bytes: number(config.answer_bytes),
        request_time: Duration::from_secs(config.request_seconds.get().into()),
        event_streams: number(config.event_streams),
        uploads: config.uploads.clone(),
        ..Settings::default()
    };
    let viewers = Viewers {
        load: Arc::new(Load::new(&hub.config)),
        token: hub.token.clone(),
        rules: Arc::clone(&hub.accounts),
        config: Arc::clone(&hub.config),
        used: UsedTokens::new(&hub.db, SystemClock.now()),
        answers: Answers::new(
            hub.db.clone(),
            Arc::new(SystemClock),
            hub.search.clone(),
            Arc::clone(&hub.statistics),
        ),
        db: hub.db.clone(),
        clock: Arc::new(SystemClock),
        refusals: Arc::clone(&hub.refusals),
        keeps_addresses: hub.config.audit.address_days > 0,
    };
    Ok(Endpoint::new(guarded, viewers, settings, closing))
}

/// The documents of the manifests that the settings name, and those by which hubs of this version pull.
fn trusted_documents(config: &Config) -> anyhow::Result<TrustedDocuments> {
    let mut trusted = TrustedDocuments::default();
    for document in sync::documents::ALL {
        trusted.add(document);
    }
    for file in &config.graphql.trusted_documents {
        let file = config.path(file);
        let told = || format!("{} of graphql.trusted_documents", file.display());
        let manifest = std::fs::read_to_string(&file).with_context(told)?;
        trusted.read(&manifest).with_context(told)?;
    }
    Ok(trusted)
}

fn told(refusal: guard::Refusal) -> String {
    let errors = refusal.into_errors().into_iter();
    errors
        .map(|error| error.message)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The routes of the GraphQL endpoint; the WebSocket has a path of its own beside the shared one.
pub fn graphql_routes(endpoint: &GraphqlEndpoint) -> Router {
    Router::new()
        .route("/graphql", endpoint.route())
        .route("/graphql/ws", endpoint.route())
}
