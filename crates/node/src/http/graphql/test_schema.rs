//! A small schema, and an endpoint that serves it, for the tests of the front door.

#![expect(
    clippy::unused_async,
    reason = "async-graphql asks for async resolvers"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_graphql::{
    Context, Data, Error, ErrorExtensions, Object, Schema, Subscription, ValidationMode,
};
use futures_util::stream::{self, Stream};
use graphql::guard::{Admitted, Allowed, Guarded, Limits, TrustedDocuments};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::super::load::{Asker, Load};
use super::{Caller, Endpoint, Refused, RequestContext, Settings};

pub(super) struct Query;

fn panic_in_a_resolver() -> i32 {
    panic!("this is a test")
}

#[Object]
impl Query {
    async fn one(&self) -> i32 {
        1
    }

    async fn echo(&self, number: i32) -> i32 {
        number
    }

    async fn fails(&self) -> Result<Option<i32>, Error> {
        Err(Error::new("it failed").extend_with(|_, all| all.set("code", "NOT_FOUND")))
    }

    async fn panics(&self) -> i32 {
        panic_in_a_resolver()
    }

    async fn viewer(&self, ctx: &Context<'_>) -> String {
        ctx.data_unchecked::<Viewer>().0.clone()
    }

    async fn sets_header(&self, ctx: &Context<'_>) -> bool {
        ctx.append_http_header("x-from-resolver", "yes");
        true
    }

    /// Answers when the test releases it.
    async fn waits(&self, ctx: &Context<'_>) -> bool {
        ctx.data_unchecked::<Arc<Probe>>().release.notified().await;
        true
    }
}

/// A document of little over a kilobyte that spreads to two thousand million fields.
pub(super) fn doubling_fragments() -> String {
    let fragment = |number: usize| {
        let next = number + 1;
        format!("fragment F{number} on Query{{...F{next} ...F{next}}}")
    };
    let fragments: Vec<_> = (0..31).map(fragment).collect();
    let fragments = fragments.concat();
    format!("{{...F0}}{fragments}fragment F31 on Query{{one}}")
}

pub(super) struct Mutation;

#[Object]
impl Mutation {
    async fn publish(&self) -> bool {
        true
    }
}

pub(super) struct Feed;

#[Subscription]
impl Feed {
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(0..to)
    }

    /// Says one thing and then nothing more, without ending.
    async fn hang(&self, ctx: &Context<'_>) -> impl Stream<Item = i32> + use<> {
        let alive = Alive::new(Arc::clone(ctx.data_unchecked::<Arc<Probe>>()));
        stream::unfold(Some(alive), |alive| async move {
            let alive = alive?;
            if alive.told.swap(1, Ordering::SeqCst) == 0 {
                return Some((1, Some(alive)));
            }
            std::future::pending().await
        })
    }

    async fn breaks(&self) -> impl Stream<Item = i32> {
        stream::once(async { panic!("this is a test") })
    }
}

/// What a test sees of the operations, and how it lets them go on.
#[derive(Default)]
pub(super) struct Probe {
    pub(super) release: Notify,
    pub(super) hanging: AtomicUsize,
    /// Whether the session of the token `session` is over.
    pub(super) signed_out: AtomicBool,
    /// Whether that session is given trusted documents only.
    pub(super) trusts_only: AtomicBool,
}

/// Counts a subscription for as long as it holds anything.
struct Alive {
    probe: Arc<Probe>,
    told: AtomicUsize,
}

impl Alive {
    fn new(probe: Arc<Probe>) -> Self {
        probe.hanging.fetch_add(1, Ordering::SeqCst);
        let told = AtomicUsize::new(0);
        Self { probe, told }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.probe.hanging.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Anybody without a token, `operator` with the right one, `somebody` with that of a session. The session may not ask
/// for the schema, and is told no suggestions.
pub(super) struct Tokens(pub(super) Arc<Probe>, Option<Load>);

#[derive(Clone)]
pub(super) struct Viewer(String);

impl RequestContext for Tokens {
    type Viewer = Viewer;

    async fn identify(&self, caller: Caller<'_>) -> Result<Viewer, Refused> {
        match caller.authorization {
            None => Ok(Viewer("anybody".to_owned())),
            Some("Bearer secret") => Ok(Viewer("operator".to_owned())),
            Some("Bearer session") if !self.0.signed_out.load(Ordering::SeqCst) => {
                Ok(Viewer("somebody".to_owned()))
            }
            Some(_) => Err(Refused::unauthenticated("the token is not known")),
        }
    }

    fn may_change(&self, viewer: &Viewer) -> bool {
        viewer.0 == "somebody"
    }

    fn load(&self) -> Option<&Load> {
        self.1.as_ref()
    }

    fn is_operator(&self, caller: Caller<'_>) -> bool {
        caller.authorization == Some("Bearer secret")
    }

    fn asker(&self, viewer: &Viewer) -> Asker {
        match &*viewer.0 {
            "operator" => Asker::Operator,
            _ => Asker::Anyone,
        }
    }

    fn allowed(&self, viewer: &Viewer) -> Allowed {
        let is_strict = viewer.0 == "somebody";
        Allowed {
            introspection: !is_strict,
            suggestions: !is_strict,
            any_document: !is_strict || !self.0.trusts_only.load(Ordering::SeqCst),
        }
    }

    async fn data(&self, viewer: &Viewer, _: Caller<'_>, _: &Admitted) -> Data {
        let mut data = Data::default();
        data.insert(viewer.clone());
        data.insert(Arc::clone(&self.0));
        data
    }
}

/// The manifest of the trusted documents.
const TRUSTED: &str = r#"{"Echo": "query Echo($n: Int!) { echo(number: $n) }"}"#;

pub(super) type TestEndpoint = Endpoint<Schema<Query, Mutation, Feed>, Tokens>;

/// An endpoint with these settings, what tests see of it, and what shuts it down.
pub(super) fn endpoint(settings: Settings) -> (TestEndpoint, Arc<Probe>, CancellationToken) {
    endpoint_under(None, settings)
}

/// The same, which counts what is asked.
pub(super) fn endpoint_under(
    load: Option<Load>,
    settings: Settings,
) -> (TestEndpoint, Arc<Probe>, CancellationToken) {
    let schema = Schema::build(Query, Mutation, Feed);
    let schema = schema.validation_mode(ValidationMode::Fast).finish();
    let sdl = schema.sdl();
    let guarded = Guarded::new(schema, &sdl, Limits::default()).expect("the schema is one");
    let mut trusted = TrustedDocuments::default();
    trusted.read(TRUSTED).expect("it is a manifest");
    let guarded = guarded.with_trusted(trusted).expect("they are valid");
    let (probe, shutdown) = (Arc::new(Probe::default()), CancellationToken::new());
    let context = Tokens(Arc::clone(&probe), load);
    let endpoint = Endpoint::new(guarded, context, settings, shutdown.clone());
    (endpoint, probe, shutdown)
}
