//! The front door for GraphQL: HTTP (GraphQL over HTTP, working draft), events (GraphQL over Server-Sent Events) and WebSocket
//! (graphql-transport-ws), one path.
//!
//! - [`Endpoint`] is what a route needs: the guarded schema, a [`RequestContext`] and [`Settings`].
//! - `media_type` chooses how to answer, `parameters` reads what is asked, `form` what comes with files, `answer` writes;
//!   [`Refused`] is every way a request fails before the guard sees it.
//! - [`Answers`] are given again as long as they are right.
//! - `events` tells results as they come; [`ws`] speaks the WebSocket protocol.
//!
//! Every answer is JSON, and every refusal a GraphQL error with `message` and `extensions.code`. Nothing is executed
//! that the guard (`graphql::guard`) did not admit, and mutations never by GET.
//!
//! Not here: what may be asked (`graphql::guard`), who may do what (resolvers), other routes.

mod admission;
mod answer;
mod context;
mod events;
mod form;
mod kept;
mod media_type;
mod parameters;
mod refused;
#[cfg(test)]
mod test_schema;
#[cfg(test)]
mod tests;
pub mod ws;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Data, Executor};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header, request};
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use graphql::Dependence;
use graphql::guard::{Admitted, ErrorCode, Guarded, Outcome};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use context::{Caller, RequestContext, is_same_origin};
pub(super) use form::PREFLIGHT as FORM_PREFLIGHT;
pub use kept::Answers;
pub use refused::Refused;

use super::address::ClientAddress;
use form::Form;
use kept::{Look, Question};
use media_type::{Accepted, MediaType};
use parameters::Parameters;

use crate::config::{UploadsConfig, count};

/// How much the front door takes from one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Largest body of a request, in bytes.
    pub body_bytes: usize,
    /// Largest answer, in bytes before it is compressed.
    pub answer_bytes: usize,
    /// Time that a query or mutation may take, with its reading and validation.
    pub request_time: Duration,
    /// Streams of events that are open at once.
    pub event_streams: usize,
    /// Time after which something is said on a stream of events, so that it stays open.
    pub event_pause: Duration,
    /// The bounds of requests with files.
    pub uploads: UploadsConfig,
    /// The bounds of a WebSocket.
    pub ws: ws::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            answer_bytes: 32 * 1024 * 1024,
            request_time: Duration::from_secs(30),
            event_streams: 1_000,
            event_pause: Duration::from_secs(12),
            uploads: UploadsConfig::default(),
            ws: ws::Settings::default(),
        }
    }
}

/// A GraphQL endpoint. Cheap to clone.
pub struct Endpoint<E, C> {
    inner: Arc<Inner<E, C>>,
}

struct Inner<E, C> {
    schema: Guarded<E>,
    context: C,
    settings: Settings,
    shutdown: CancellationToken,
    /// The sockets and streams of events that are open.
    sockets: TaskTracker,
    event_streams: Arc<Semaphore>,
    /// Places for requests whose files are received.
    uploads: Semaphore,
}

impl<E: Executor, C: RequestContext> Endpoint<E, C> {
    /// An endpoint that closes its sockets when `shutdown` is cancelled.
    pub fn new(
        schema: Guarded<E>,
        context: C,
        settings: Settings,
        shutdown: CancellationToken,
    ) -> Self {
        let sockets = TaskTracker::new();
        let event_streams = Arc::new(Semaphore::new(settings.event_streams));
        let uploads = Semaphore::new(count(settings.uploads.at_once));
        let inner = Inner {
            schema,
            context,
            settings,
            shutdown,
            sockets,
            event_streams,
            uploads,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The handler for every method of the endpoint's path.
    pub fn route<S: Clone + Send + Sync + 'static>(&self) -> MethodRouter<S> {
        let endpoint = self.clone();
        any(move |request: Request| {
            let endpoint = endpoint.clone();
            async move { endpoint.answer(request).await }
        })
    }

    /// What the endpoint asks who asks, and how much.
    pub fn context(&self) -> &C {
        &self.inner.context
    }

    /// Waits until every WebSocket is closed. Servers do not wait for upgraded connections themselves.
    pub async fn sockets_closed(&self) {
        self.inner.sockets.close();
        self.inner.sockets.wait().await;
    }

    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        if ws::is_upgrade(&parts) {
            let opened = ws::open(self.clone(), parts).await;
            return opened.unwrap_or_else(|refused| answer::refused(refused, MediaType::Json));
        }
        let accepted = match Accepted::negotiate(&parts.headers) {
            Ok(accepted) => accepted,
            Err(refused) => return answer::refused(refused, MediaType::Json),
        };
        let settings = &self.inner.settings;
        let within = if form::is_one(&parts.headers) {
            Duration::from_secs(settings.uploads.seconds.get().into())
        } else {
            settings.request_time
        };
        let work = AssertUnwindSafe(timeout(within, self.work(&parts, body, accepted)));
        // The panic itself is told by the panic hook.
        let answered = match work.catch_unwind().await {
            Ok(Ok(answered)) => answered,
            Ok(Err(_)) => Err(Refused::timeout(within)),
            Err(_) => Err(Refused::internal()),
        };
        answered.unwrap_or_else(|refused| answer::refused(refused, accepted.whole()))
    }

    async fn work(
        &self,
        parts: &request::Parts,
        body: Body,
        accepted: Accepted,
    ) -> Result<Response, Refused> {
        let verb = Verb::of(parts)?;
        let Inner {
            schema,
            context,
            settings,
            ..
        } = &*self.inner;
        let viewer = self.identify(parts).await?;
        self.look_for_place(&viewer)?;
        let body = match verb {
            Verb::Get => Bytes::new(),
            Verb::Post => parameters::read(&parts.headers, body, settings.body_bytes).await?,
            Verb::Form => return self.with_files(parts, body, accepted, &viewer).await,
        };
        let place = self.place(&viewer)?;
        let rights = context.rights(&viewer);
        let question = rights.map(|rights| Question::of(verb, rights, &parts.uri, &body));
        let answers = context.answers().zip(question.as_ref());
        let look = match answers {
            Some((answers, question)) if !accepted.prefers_events => answers.look(question).await,
            _ => Look::Pass,
        };
        let media_type = accepted.whole();
        if let Look::Answer(body) = look {
            return Ok(answer::again(body, media_type));
        }
        let mut parameters = match verb {
            Verb::Get => Parameters::from_uri(&parts.uri)?,
            Verb::Post | Verb::Form => Parameters::from_json(&body)?,
        };
        let asked = parameters.asked(schema, context.allowed(&viewer))?;
        let admitted = match schema.admit(asked).await {
            Ok(admitted) => admitted,
            Err(refusal) if accepted.prefers_events => {
                let refused = Outcome::Refused(refusal.into_errors());
                let outcomes = stream::once(std::future::ready(refused)).boxed();
                return Ok(self.events(outcomes, None, self.place_for_events(parts)?));
            }
            Err(refusal) => return Ok(answer::rejected(&refusal.into_errors(), media_type)),
        };
        verb.check(admitted.operation(), accepted)?;
        let mut data = context.data(&viewer, caller(parts)?, &admitted).await;
        if accepted.prefers_events || admitted.operation() == OperationType::Subscription {
            let open = self.place_for_events(parts)?;
            let asker = context.may_change(&viewer).then(|| parts.clone());
            if admitted.operation() == OperationType::Mutation {
                let done = schema.execute(admitted, data).await;
                drop(place);
                return Ok(self.done_events(done, open));
            }
            return Ok(self.events(self.outcomes(admitted, data, place), asker, open));
        }
        let keeping = match (answers, look) {
            (Some(kept), Look::Keep(before)) if kept::may_be_kept(&admitted) => {
                Some((kept, before))
            }
            _ => None,
        };
        let dependence = Dependence::default();
        if keeping.is_some() {
            data.insert(dependence.clone());
        }
        let outcome = schema.execute(admitted, data).await;
        let limit = settings.answer_bytes;
        if let Some(((answers, question), before)) = keeping
            && kept::is_plain(&outcome)
            && let Ok(body) = answer::executed(&outcome, limit)
        {
            answers.keep(question, before, &dependence, &body).await;
            return Ok(answer::again(body, media_type));
        }
        Ok(answer::outcome(outcome, media_type, limit))
    }

    /// Answers a request with files. What it asks is looked at before a file is read.
    async fn with_files(
        &self,
        parts: &request::Parts,
        body: Body,
        accepted: Accepted,
        viewer: &C::Viewer,
    ) -> Result<Response, Refused> {
        let Inner {
            schema,
            context,
            settings,
            ..
        } = &*self.inner;
        if accepted.prefers_events {
            return Err(Refused::not_acceptable(
                "a request with files is answered whole; accept application/graphql-response+json",
            ));
        }
        let begun = timeout(settings.request_time, async {
            let form = Form::begin(&parts.headers, body, &settings.uploads).await?;
            let mut parameters = Parameters::from_json(&form.operations)?;
            form.put(parameters.variables())?;
            let asked = parameters.asked(schema, context.allowed(viewer))?;
            let admitted = schema.admit(asked).await;
            Ok((form, admitted))
        });
        let begun = begun.await;
        let (form, admitted) = begun.map_err(|_| Refused::timeout(settings.request_time))??;
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(answer::rejected(&refusal.into_errors(), accepted.whole())),
        };
        Verb::Form.check(admitted.operation(), accepted)?;
        if form.has_files() && admitted.operation() != OperationType::Mutation {
            return Err(Refused::bad_request("files come with mutations only"));
        }
        let work = self.place(viewer)?;
        let mut data = context.data(viewer, caller(parts)?, &admitted).await;
        let _place;
        if !form.has_files() {
            let rest = timeout(settings.request_time, form.receive()).await;
            rest.map_err(|_| Refused::timeout(settings.request_time))??;
        } else if context.may_send_files(viewer) {
            _place = self.inner.uploads.try_acquire().map_err(|_| busy())?;
            data.insert(form.receive().await?);
        }
        let outcome = schema.execute(admitted, data).await;
        drop(work);
        let limit = settings.answer_bytes;
        Ok(answer::outcome(outcome, accepted.whole(), limit))
    }

    /// What becomes of an operation: of a subscription as long as it goes on, of others once, within their time and in their
    /// place.
    fn outcomes(
        &self,
        admitted: Admitted,
        data: Data,
        place: Option<OwnedSemaphorePermit>,
    ) -> BoxStream<'static, Outcome> {
        let schema = self.inner.schema.clone();
        if admitted.operation() == OperationType::Subscription {
            return schema.subscribe(admitted, data);
        }
        let within = self.inner.settings.request_time;
        let executed = async move {
            let executed = timeout(within, schema.execute(admitted, data)).await;
            drop(place);
            let late = |_| Outcome::Refused(vec![Refused::timeout(within).into_error()]);
            executed.unwrap_or_else(late)
        };
        stream::once(executed).boxed()
    }
}

impl<E, C> Clone for Endpoint<E, C> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<E, C> fmt::Debug for Endpoint<E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.inner.settings;
        f.debug_struct("Endpoint")
            .field("settings", settings)
            .finish_non_exhaustive()
    }
}

/// The methods by which GraphQL is asked.
#[derive(Clone, Copy)]
enum Verb {
    Get,
    Post,
    /// POST with files.
    Form,
}

impl Verb {
    /// Refuses other methods, and bodies that cannot be read, before anything is read.
    fn of(parts: &request::Parts) -> Result<Self, Refused> {
        match parts.method {
            Method::GET => Ok(Self::Get),
            Method::POST if form::is_one(&parts.headers) => {
                parameters::check_encoding(&parts.headers)?;
                form::check_preflight(&parts.headers).map(|()| Self::Form)
            }
            Method::POST => parameters::check_content_type(&parts.headers).map(|()| Self::Post),
            _ => {
                let message = "requests are made with GET or POST";
                Err(Refused::method_not_allowed(message, "GET, POST"))
            }
        }
    }

    /// Refuses operations that this method, or HTTP at all, does not serve.
    fn check(self, operation: OperationType, accepted: Accepted) -> Result<(), Refused> {
        match (operation, self) {
            (OperationType::Mutation, Self::Get) => Err(Refused::method_not_allowed(
                "mutations are made with POST: a GET may be repeated or prefetched",
                "POST",
            )),
            (OperationType::Subscription, _) if !accepted.events => Err(Refused::bad_request(
                "subscriptions need a WebSocket with the subprotocol graphql-transport-ws, or Accept: text/event-stream",
            )),
            _ => Ok(()),
        }
    }
}

/// The answer of another route that refuses a request, in the same form.
pub fn refuse(refused: Refused) -> Response {
    answer::refused(refused, MediaType::Json)
}

/// More requests with files are under way than are served.
fn busy() -> Refused {
    let (status, code) = (
        StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::TooManyOperations,
    );
    let again = HeaderValue::from_static("10");
    let message = "many send files at this moment; ask again in 10 s";
    Refused::new(status, code, message).with_header(header::RETRY_AFTER, again)
}

/// Who asks, as far as the request tells.
fn caller(parts: &request::Parts) -> Result<Caller<'_>, Refused> {
    let authorization = parts.headers.get(header::AUTHORIZATION);
    let authorization = authorization.map(|value| value.to_str()).transpose();
    Ok(Caller {
        headers: &parts.headers,
        client: parts.extensions.get::<ClientAddress>().copied(),
        authorization: authorization
            .map_err(|_| Refused::unauthenticated("the header Authorization is not readable"))?,
    })
}
