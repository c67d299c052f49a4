//! A schema that is ready to be asked.
//!
//! Futures are boxed here so that what resolvers do is compiled in this crate, once: a future that is not boxed is compiled by
//! whoever awaits it, and again in each program.

use std::sync::Arc;

use async_graphql::{Data, Executor, Request, Response};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::cost::{self, Cost};
use crate::guard::Limits;
use crate::root::{Builder, Schema};

/// A schema that is ready to be asked. Cheap to clone.
#[derive(Clone)]
pub struct Served {
    schema: Schema,
    /// The same, which tells what a request costs.
    counting: Schema,
}

impl Served {
    /// Builds both, of the same parts and data.
    pub(crate) fn of(
        builder: impl Fn() -> Builder,
        limits: &Limits,
        with_data: impl Fn(Builder) -> Builder,
    ) -> Self {
        let bounded = builder()
            .limit_depth(limits.fields_deep)
            .limit_complexity(limits.complexity);
        let limits = limits.clone();
        let counting = builder().extension(Cost { limits });
        Self {
            schema: with_data(bounded).finish(),
            counting: with_data(counting).finish(),
        }
    }

    fn schema_for(&self, request: &Request) -> &Schema {
        if cost::is_asked(request) {
            &self.counting
        } else {
            &self.schema
        }
    }

    /// Executes a query or mutation.
    pub fn execute(&self, request: impl Into<Request>) -> BoxFuture<'static, Response> {
        self.run(request.into())
    }

    fn run(&self, request: Request) -> BoxFuture<'static, Response> {
        let schema = self.schema_for(&request).clone();
        Box::pin(async move { schema.execute(request).await })
    }
}

impl Executor for Served {
    fn execute(&self, request: Request) -> impl Future<Output = Response> + Send {
        self.run(request)
    }

    fn execute_stream(
        &self,
        request: Request,
        session_data: Option<Arc<Data>>,
    ) -> BoxStream<'static, Response> {
        let schema = self.schema_for(&request);
        Executor::execute_stream(schema, request, session_data)
    }
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}
