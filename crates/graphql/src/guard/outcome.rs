//! What became of a request that the guard let through.

use async_graphql::{Response, ServerError, Value};

use super::Admission;
use super::code::ErrorCode;
use super::documents::MARK;
use super::limits::Limits;
use super::refusal::{set_code, shortened};

/// Characters of one error that are told: async-graphql quotes names of the request, which may be long.
const MESSAGE_CHARS: usize = 500;

/// async-graphql's own bounds, which it tells like rules of the specification.
pub(crate) const TOO_COMPLEX: &str = "Query is too complex.";
pub(crate) const TOO_DEEP: &str = "Query is nested too deep.";
const TOO_RECURSIVE: &str = "The recursion depth of the query cannot be greater than";

/// What became of a request. Clients must be able to tell a request that never ran from one whose fields failed.
#[derive(Debug)]
pub enum Outcome {
    /// It was refused before any field was resolved; there is no data to tell.
    Refused(Vec<ServerError>),
    /// It was executed; some fields may have failed.
    Executed(Response),
}

impl Outcome {
    /// Judges the answer to a query or mutation, which was executed exactly if the mark is in its data.
    pub(super) fn of_execution(mut response: Response, admission: &Admission) -> Self {
        let Value::Object(fields) = &mut response.data else {
            return Self::refused(response.errors, &admission.guard.limits);
        };
        if fields.shift_remove(MARK).is_none() {
            return Self::refused(response.errors, &admission.guard.limits);
        }
        if fields.is_empty() && !response.errors.is_empty() {
            response.data = Value::Null;
        }
        Self::executed(response, admission)
    }

    /// Judges the first answer of a subscription. It cannot be marked, but all its field errors have a path.
    pub(super) fn of_first_event(response: Response, admission: &Admission) -> Self {
        let mut errors = response.errors.iter();
        let failed = !response.errors.is_empty() && response.data == Value::Null;
        if failed && errors.all(|error| error.path.is_empty()) {
            return Self::refused(response.errors, &admission.guard.limits);
        }
        Self::executed(response, admission)
    }

    pub(super) fn executed(mut response: Response, admission: &Admission) -> Self {
        if !response.errors.is_empty() {
            admission.put_nulls(&mut response);
            response.errors.iter_mut().for_each(complete);
        }
        Self::Executed(response)
    }

    fn refused(mut errors: Vec<ServerError>, limits: &Limits) -> Self {
        errors.truncate(limits.errors);
        for error in &mut errors {
            if let Some(told) = exceeded(&error.message, limits) {
                error.message = told;
                set_code(error, ErrorCode::DocumentTooComplex);
            } else if !has_code(error) {
                set_code(error, ErrorCode::ValidationFailed);
            }
            error.message = shortened(&error.message, MESSAGE_CHARS);
        }
        Self::Refused(errors)
    }
}

/// What is told of one of async-graphql's own bounds.
fn exceeded(message: &str, limits: &Limits) -> Option<String> {
    if message == TOO_COMPLEX {
        let most = limits.complexity;
        Some(format!(
            "the request costs more than the {most} allowed: ask for smaller pages or fewer fields; with the request \
             extension {{\"cost\": true}} you are told what it costs"
        ))
    } else if message == TOO_DEEP {
        let most = limits.fields_deep;
        Some(format!(
            "the request has fields more than {most} inside one another"
        ))
    } else if message.starts_with(TOO_RECURSIVE) {
        Some(message.to_owned())
    } else {
        None
    }
}

/// Gives a field's error a code if it has none.
///
/// Our resolvers set one. What is left comes from async-graphql: an argument that its scalar refused, or a fault of
/// ours (a foreign error passed on, data that is missing), whose text says things that clients should not read.
fn complete(error: &mut ServerError) {
    if has_code(error) {
        return;
    }
    let is_missing = error.message.starts_with("Data `");
    if error.source.is_some() || is_missing {
        // Other texts may quote what somebody typed, which is not for the log.
        let error_text = is_missing.then_some(error.message.as_str());
        tracing::error!(error = error_text, "a field failed without a code");
        "internal error".clone_into(&mut error.message);
        set_code(error, ErrorCode::InternalServerError);
    } else {
        set_code(error, ErrorCode::BadUserInput);
    }
}

fn has_code(error: &ServerError) -> bool {
    let extensions = error.extensions.as_ref();
    extensions.is_some_and(|extensions| extensions.get("code").is_some())
}
