//! Who asks and from where, and what refused them.
//!
//! Every operation is executed by `guard::Guarded`, on every transport, and there what failed is told: a mutation whatever the
//! reason, anything else if it may not be read. What was done is told where it is done, in its transaction.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::OperationType;
use async_graphql::{Data, PathSegment, ServerError};
use domain::audit::{Action, Actor, Deed, Origin, Outcome, Refusal};
use domain::clock::Clock;
use domain::entropy::Entropy;
use storage::audit::Refusals;
use uuid::Uuid;

use crate::context::{Means, Viewer};
use crate::ids::GlobalId;

/// The codes of what somebody may not, or did not show who they are for.
const REFUSED: [&str; 2] = ["FORBIDDEN", "UNAUTHENTICATED"];

/// Who asks an operation, from where, and where it is told what refused them. Cheap to clone.
#[derive(Clone)]
pub struct AskedBy(Arc<Inner>);

struct Inner {
    actor: Actor,
    token: Option<Uuid>,
    address: Option<String>,
    refusals: Arc<Refusals>,
    clock: Arc<dyn Clock>,
    /// What root fields are about that say so themselves, by their names in the answer.
    about: Mutex<HashMap<String, String>>,
}

/// A root field of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// Its name in the answer.
    pub(crate) key: String,
    /// Its name in the schema.
    pub(crate) field: String,
    /// Its argument `id`.
    pub(crate) id: Option<String>,
}

impl Viewer {
    /// Whoever asks, as the audit names them.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Anyone => Actor::Anyone,
            Self::Hub(hub) => Actor::Hub(hub.clone()),
            Self::Operator => Actor::Operator,
            Self::Account(account) => Actor::Account(account.name.clone()),
        }
    }

    fn token(&self) -> Option<Uuid> {
        match self {
            Self::Account(account) => match account.means {
                Means::Token(id) => Some(id),
                Means::Session(_) => None,
            },
            Self::Anyone | Self::Hub(_) | Self::Operator => None,
        }
    }
}

impl AskedBy {
    /// An operation of somebody, from an address.
    pub fn new(
        viewer: &Viewer,
        address: Option<String>,
        refusals: Arc<Refusals>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Inner {
            actor: viewer.actor(),
            token: viewer.token(),
            address,
            refusals,
            clock,
            about: Mutex::default(),
        }))
    }

    pub(crate) fn among(data: &Data) -> Option<Self> {
        let found = data.get(&TypeId::of::<Self>())?;
        found.downcast_ref::<Self>().cloned()
    }

    /// Says what a root field is about, for when it fails.
    pub(crate) fn say_about(&self, key: &str, object: String) {
        self.about().insert(key.to_owned(), object);
    }

    fn about(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.0.about.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what failed of an operation. An error further down than at a root field is one of the answer, not of what was done.
    pub(crate) fn note(&self, kind: OperationType, roots: &[Root], errors: &[ServerError]) {
        for error in errors {
            let Some(PathSegment::Field(key)) = error.path.first() else {
                continue;
            };
            let code = code(error);
            let is_refused = REFUSED.contains(&code.as_str());
            let is_change = kind == OperationType::Mutation && error.path.len() == 1;
            if let Some(root) = roots.iter().find(|root| root.key == *key)
                && (is_change || is_refused)
            {
                let refusal = self.refusal(kind, root, code, is_refused);
                self.0.refusals.note(refusal, self.0.clock.now());
            }
        }
    }

    fn refusal(&self, kind: OperationType, root: &Root, code: String, refused: bool) -> Refusal {
        let mutation = (kind == OperationType::Mutation)
            .then(|| Action::of_mutation(&root.field))
            .flatten();
        let object = match mutation {
            Some(_) => {
                let said = self.about().get(&root.key).cloned();
                said.or_else(|| root.id.as_deref().and_then(object_of))
            }
            None => Some(format!("field:{}", root.field)),
        };
        Refusal {
            actor: self.0.actor.clone(),
            token: self.0.token,
            action: mutation.unwrap_or(Action::Read),
            object,
            outcome: if refused {
                Outcome::Refused
            } else {
                Outcome::Failed
            },
            code,
            address: self.0.address.clone(),
        }
    }

    /// From where it is asked, as an event holds it.
    pub(crate) fn origin(&self, entropy: &dyn Entropy) -> Option<Origin> {
        let address = self.0.address.clone()?;
        Some(Origin::new(address, entropy))
    }
}

fn code(error: &ServerError) -> String {
    let extensions = error.extensions.as_ref();
    match extensions.and_then(|extensions| extensions.get("code")) {
        Some(async_graphql::Value::String(code)) => code.clone(),
        _ => "INTERNAL_SERVER_ERROR".to_owned(),
    }
}

/// What an id names. What is no id is not told: somebody may have typed anything there.
fn object_of(id: &str) -> Option<String> {
    match Uuid::try_parse(id) {
        Ok(id) => Some(format!("id:{id}")),
        Err(_) => GlobalId::parse("id", id).ok().map(|id| id.audited()),
    }
}

/// That somebody does something, from where they ask.
pub(crate) fn deed(
    viewer: &Viewer,
    asked: Option<&AskedBy>,
    field: &str,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Deed {
    Deed {
        at: clock.now(),
        actor: viewer.actor(),
        token: viewer.token(),
        // A test over the schema holds that every mutation is an action.
        action: Action::of_mutation(field).unwrap_or(Action::Other),
        origin: asked.and_then(|asked| asked.origin(entropy)),
    }
}
