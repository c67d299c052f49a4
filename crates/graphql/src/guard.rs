//! The guard between a request's text and its execution, the same on every transport.
//!
//! - [`Limits`] are the bounds; [`measure`] applies those of a parsed document, in time linear in its text.
//! - `validation` holds what is within them against the specification's rules: async-graphql's own leave some open.
//! - [`Guarded`] is a schema with its guard: [`Guarded::admit`] takes an [`Asked`] and alone makes an [`Admitted`],
//!   and nothing else can be executed.
//! - [`Refusal`] says why not, [`ErrorCode`] in a word for clients; [`Outcome`] tells what refused itself later, by
//!   async-graphql's bounds of depth and complexity, from what ran.
//!
//! It is a type around the schema, not an async-graphql extension: one extension, whatever it does, makes every field
//! of every answer take a slower path (half again the cost of a page of twenty records).
//!
//! Not here: HTTP and WebSocket (`node::http::graphql`), who may do what (the resolvers).

mod code;
mod document;
mod documents;
mod files;
mod limits;
mod nulls;
mod outcome;
mod refusal;
mod roots;
mod schema;
mod subscription;
#[cfg(test)]
mod tests;
mod text;
mod trusted;
mod validation;
mod value;
mod variables;

use std::fmt;
use std::sync::Arc;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use async_graphql::{
    Data, Executor, Extensions, Positioned, Request, Response, ServerError, Variables,
};
use futures_util::stream::{BoxStream, StreamExt};
use tokio::sync::Semaphore;

pub use code::ErrorCode;
pub use document::{DocumentSize, measure};
pub use limits::{LimitError, Limits};
pub use outcome::Outcome;
pub(crate) use outcome::{TOO_COMPLEX, TOO_DEEP};
pub use refusal::{Refusal, error};
pub use trusted::{ManifestError, TrustedDocuments};
pub use validation::{Fault, SchemaError};
pub use variables::VariableError;

use crate::audit::asking::{AskedBy, Root};
use documents::{Documents, Parsed};
use refusal::shortened;
use schema::SchemaTypes;
use validation::Validator;

/// Bytes of a document that is parsed and validated at once, in five milliseconds at most. A longer one may take ten times
/// as long, so it is looked at aside.
const SHORT: usize = 4 * 1024;
/// The fields by which the schema is asked for (GraphQL specification, section 4; Apollo Federation).
const SCHEMA_FIELDS: [&str; 3] = ["__schema", "__type", "_service"];
/// How many long documents are looked at together.
const LONG_AT_ONCE: usize = 4;

/// A request as it came in: read, but not yet looked at.
#[derive(Debug, Default)]
pub struct Asked<'a> {
    /// The document's text.
    pub query: &'a str,
    /// Which of its operations to execute.
    pub operation_name: Option<&'a str>,
    /// The values of its variables.
    pub variables: Variables,
    /// What the client says beside.
    pub extensions: Extensions,
    /// What whoever asks may ask beside the data.
    pub allowed: Allowed,
}

/// What whoever asks may ask beside the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The schema: `__schema`, `__type`, and `_service` of federation.
    pub introspection: bool,
    /// What may have been meant by a name that the schema does not have.
    pub suggestions: bool,
    /// Documents that are not trusted ones.
    pub any_document: bool,
}

impl Default for Allowed {
    /// Everything.
    fn default() -> Self {
        Self {
            introspection: true,
            suggestions: true,
            any_document: true,
        }
    }
}

/// A request that may be executed: within the bounds, one operation chosen, its variables of their types.
pub struct Admitted {
    request: Request,
    admission: Admission,
}

impl Admitted {
    /// The kind of the operation that is going to be executed.
    pub const fn operation(&self) -> OperationType {
        self.admission.kind
    }

    /// The names of the operation's root fields; nothing if some stand in fragments.
    pub fn roots(&self) -> Option<impl Iterator<Item = &str>> {
        let Admission {
            parsed,
            operation_name,
            ..
        } = &self.admission;
        let operation = select(&parsed.document, operation_name.as_deref()).ok()?;
        let selected = &operation.selection_set.node.items;
        let is_field = |item: &Positioned<Selection>| matches!(item.node, Selection::Field(_));
        selected
            .iter()
            .all(is_field)
            .then(|| selected.iter().filter_map(|item| field_name(&item.node)))
    }

    fn with(self, data: Data) -> (Request, Admission) {
        let mut request = self.request;
        request.data = data;
        (request, self.admission)
    }
}

/// A schema that executes only what its guard admitted. Cheap to clone.
#[derive(Clone)]
pub struct Guarded<E> {
    executor: E,
    guard: Arc<Guard>,
}

struct Guard {
    limits: Limits,
    types: SchemaTypes,
    validator: Validator,
    documents: Documents,
    trusted: TrustedDocuments,
    /// Turns to look at a long document.
    aside: Arc<Semaphore>,
}

/// What is remembered of an admitted request to judge its answer by.
struct Admission {
    guard: Arc<Guard>,
    parsed: Arc<Parsed>,
    operation_name: Option<String>,
    kind: OperationType,
}

impl<E> Guarded<E> {
    /// Puts a guard before a schema, of which `sdl` is the whole text, federation's own types included.
    ///
    /// # Errors
    /// The text is not a schema; async-graphql's own export always is.
    pub fn new(executor: E, sdl: &str, limits: Limits) -> Result<Self, SchemaError> {
        let validator = Validator::new(sdl)?;
        let guard = Guard {
            limits,
            types: validator.types(),
            validator,
            documents: Documents::new(),
            trusted: TrustedDocuments::default(),
            aside: Arc::new(Semaphore::new(LONG_AT_ONCE)),
        };
        let guard = Arc::new(guard);
        Ok(Self { executor, guard })
    }

    /// Takes these documents as known. Each of a manifest must be one that could be executed.
    ///
    /// # Errors
    /// The id of the first that is refused, and why.
    ///
    /// # Panics
    /// The guard is in use already.
    pub fn with_trusted(mut self, trusted: TrustedDocuments) -> Result<Self, (String, Refusal)> {
        for (id, text) in trusted.named() {
            let parsed = self.guard.parse(text);
            parsed.map_err(|refusal| (id.to_owned(), refusal))?;
        }
        let guard = Arc::get_mut(&mut self.guard).expect("nobody has it yet");
        guard.trusted = trusted;
        Ok(self)
    }

    /// The text of a trusted document, by its id.
    pub fn trusted(&self, id: &str) -> Option<&str> {
        self.guard.trusted.find(id)
    }

    /// Decides whether a request may be executed, all but async-graphql's own bounds of depth and complexity.
    ///
    /// # Errors
    /// Every kind of [`Refusal`].
    pub async fn admit(&self, asked: Asked<'_>) -> Result<Admitted, Refusal> {
        let guard = &self.guard;
        if !asked.allowed.any_document && !guard.trusted.has(asked.query) {
            return Err(Refusal::NotTrusted);
        }
        let parsed = match guard.documents.find(asked.query) {
            Some(parsed) => Ok(parsed),
            None if asked.query.len() <= SHORT => guard.parse(asked.query),
            None => guard.parse_aside(asked.query).await,
        };
        let parsed = parsed.map_err(|refusal| {
            if asked.allowed.suggestions {
                refusal
            } else {
                refusal.without_suggestions()
            }
        })?;
        guard.admit(asked, parsed)
    }

    /// Decides the same at once, on the thread of whoever asks.
    #[cfg(test)]
    fn admit_here(&self, asked: Asked<'_>) -> Result<Admitted, Refusal> {
        let parsed = self.guard.parse(asked.query)?;
        self.guard.admit(asked, parsed)
    }
}

impl Guard {
    /// Parses and validates a document, or finds it among those seen lately.
    fn parse(&self, query: &str) -> Result<Arc<Parsed>, Refusal> {
        self.documents.get(query, &self.limits, &self.validator)
    }

    /// Parses and validates a document where it keeps nobody else waiting.
    async fn parse_aside(self: &Arc<Self>, query: &str) -> Result<Arc<Parsed>, Refusal> {
        let turn = Arc::clone(&self.aside).acquire_owned().await;
        let turn = turn.expect("nobody closes the semaphore");
        let (guard, query) = (Arc::clone(self), query.to_owned());
        let parsing = tokio::task::spawn_blocking(move || {
            // The turn ends with the work, also when whoever asked is gone.
            let _turn = turn;
            guard.parse(&query)
        });
        parsing
            .await
            .unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()))
    }

    fn admit(self: &Arc<Self>, asked: Asked<'_>, parsed: Arc<Parsed>) -> Result<Admitted, Refusal> {
        let Self { limits, types, .. } = &**self;
        let operation = select(&parsed.document, asked.operation_name)?;
        if !asked.allowed.introspection && introspects(&parsed.document, operation) {
            return Err(Refusal::Introspection);
        }
        variables::check_size(operation, &asked.variables, &parsed.size, limits)?;
        variables::check_types(operation, &asked.variables, types, limits)?;
        let admission = Admission {
            guard: Arc::clone(self),
            kind: operation.ty,
            operation_name: asked.operation_name.map(str::to_owned),
            parsed,
        };
        let request = admission.request(asked.variables, asked.extensions);
        Ok(Admitted { request, admission })
    }
}

impl<E: Executor> Guarded<E> {
    /// Executes a query or mutation, with what its resolvers find in their context.
    pub async fn execute(&self, admitted: Admitted, data: Data) -> Outcome {
        let watch = Watch::of(&admitted, &data);
        let (request, admission) = admitted.with(data);
        let response = self.executor.execute(request).await;
        let outcome = Outcome::of_execution(response, &admission);
        watch.look_at(&outcome);
        outcome
    }

    /// Starts a subscription, with what its resolvers find in their context. A refused one has a single item.
    pub fn subscribe(&self, admitted: Admitted, data: Data) -> BoxStream<'static, Outcome> {
        let watch = Watch::of(&admitted, &data);
        let (request, admission) = admitted.with(data);
        let events = self.executor.execute_stream(request, None).enumerate();
        let outcomes = events.map(move |(number, event)| {
            let outcome = match number {
                0 => Outcome::of_first_event(event, &admission),
                _ => Outcome::executed(event, &admission),
            };
            watch.look_at(&outcome);
            outcome
        });
        outcomes.boxed()
    }
}

/// Tells the audit what failed of an operation, if somebody is known who asks it.
struct Watch(Option<(AskedBy, OperationType, Vec<Root>)>);

impl Watch {
    fn of(admitted: &Admitted, data: &Data) -> Self {
        let Admitted { request, admission } = admitted;
        let document = &admission.parsed.document;
        let operation = select(document, admission.operation_name.as_deref()).ok();
        let asked = AskedBy::among(data).zip(operation);
        Self(asked.map(|(asked, operation)| {
            let roots = roots::of(document, operation, &request.variables);
            (asked, admission.kind, roots)
        }))
    }

    fn look_at(&self, outcome: &Outcome) {
        if let (Some((asked, kind, roots)), Outcome::Executed(response)) = (&self.0, outcome) {
            let errors: &[ServerError] = &response.errors;
            asked.note(*kind, roots, errors);
        }
    }
}

impl Admission {
    fn request(&self, variables: Variables, extensions: Extensions) -> Request {
        // The text is left out: async-graphql has no use for it beside the parsed document.
        let mut request = Request::new("").variables(variables);
        request.operation_name.clone_from(&self.operation_name);
        request.extensions = extensions;
        request.set_parsed_query(self.parsed.document.clone());
        request
    }

    fn put_nulls(&self, response: &mut Response) {
        let Response { data, errors, .. } = response;
        let document = &self.parsed.document;
        if let Ok(operation) = select(document, self.operation_name.as_deref()) {
            nulls::put(data, errors, document, operation, &self.guard.types);
        }
    }
}

impl<E> fmt::Debug for Guarded<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = &self.guard.limits;
        let mut guarded = f.debug_struct("Guarded");
        guarded.field("limits", limits).finish_non_exhaustive()
    }
}

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut admitted = f.debug_struct("Admitted");
        admitted
            .field("operation", &self.admission.kind)
            .finish_non_exhaustive()
    }
}

fn field_name(selection: &Selection) -> Option<&str> {
    match selection {
        Selection::Field(field) => Some(field.node.name.node.as_str()),
        _ => None,
    }
}

/// Whether an operation asks for the schema. Fragments do not go in a circle.
fn introspects(document: &ExecutableDocument, operation: &OperationDefinition) -> bool {
    let mut sets = vec![&operation.selection_set.node];
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    if SCHEMA_FIELDS.contains(&field.node.name.node.as_str()) {
                        return true;
                    }
                }
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let fragment = document.fragments.get(&spread.node.fragment_name.node);
                    sets.extend(fragment.map(|found| &found.node.selection_set.node));
                }
            }
        }
    }
    false
}

/// The operation to execute (GraphQL specification, section 6.1).
fn select<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, Refusal> {
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) if operations.len() > 1 => {
            return Err(Refusal::AmbiguousOperation(operations.len()));
        }
        (DocumentOperations::Multiple(operations), None) => operations.values().next(),
    };
    let unknown = || Refusal::UnknownOperation(shortened(name.unwrap_or_default(), 60));
    found.map(|operation| &operation.node).ok_or_else(unknown)
}
