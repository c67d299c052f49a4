//! Files that came with a request, by the GraphQL multipart request specification.
//!
//! - [`Upload`] is the scalar: which of the files an argument means.
//! - [`ReceivedFiles`] are the files of one request; whoever received them puts them into its data.
//!
//! A file stands in the variables as a binary, which neither JSON nor a document can express: so nothing that a client writes
//! becomes a file, and the guard lets a binary stand for an `Upload` only.
//! Not here: reading the parts (`node::http::graphql`).

use std::fs::File;
use std::io;

use async_graphql::{Context, InputValueError, InputValueResult, Scalar, ScalarType, Value};

use crate::ApiError;

/// One of the files that came with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload(usize);

/// A file that comes in a part of a request of the type multipart/form-data. In the variables null stands in its place, and the
/// part `map` says which part it is. Nothing else is a file, whatever it says.
#[Scalar(
    name = "Upload",
    specified_by_url = "https://github.com/jaydenseric/graphql-multipart-request-spec"
)]
impl ScalarType for Upload {
    fn parse(value: Value) -> InputValueResult<Self> {
        let nth = match &value {
            Value::Binary(bytes) => <[u8; 8]>::try_from(&bytes[..]).ok(),
            _ => None,
        };
        let nth = nth.and_then(|bytes| usize::try_from(u64::from_be_bytes(bytes)).ok());
        nth.map(Self).ok_or_else(|| {
            InputValueError::custom("a file comes in a part of a multipart request, not as a value")
        })
    }

    fn to_value(&self) -> Value {
        Value::Null
    }
}

impl Upload {
    /// What stands in the variables for the nth file.
    pub fn variable(nth: usize) -> Value {
        let nth = u64::try_from(nth).unwrap_or(u64::MAX);
        Value::Binary(nth.to_be_bytes().to_vec().into())
    }

    /// The file, to be read from wherever it was read to before.
    pub(crate) fn file(self, ctx: &Context<'_>, argument: &'static str) -> Result<File, ApiError> {
        let files = ctx.data_opt::<ReceivedFiles>();
        let file = files.and_then(|files| files.0.get(self.0));
        let file = file.ok_or_else(|| ApiError::invalid(argument, "no such file was received"))?;
        let again = file.try_clone();
        again.map_err(|error| ApiError::Failed(Box::new(error)))
    }
}

/// The files that came with one request, in the order in which its `map` names them.
#[derive(Debug, Default)]
pub struct ReceivedFiles(Vec<File>);

impl ReceivedFiles {
    /// Takes the next one, written to its end.
    pub fn add(&mut self, file: File) {
        self.0.push(file);
    }

    /// How long they are together, in bytes.
    ///
    /// # Errors
    /// The system does not tell it.
    pub fn bytes(&self) -> io::Result<u64> {
        let lengths = self.0.iter().map(|file| Ok(file.metadata()?.len()));
        lengths.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_received_file_is_an_upload() {
        assert_eq!(Upload::parse(Upload::variable(3)).ok(), Some(Upload(3)));
        for value in [
            Value::from("#__graphql_file__:0"),
            Value::from("#__graphql_file__:x"),
            Value::from(0),
            Value::Null,
            Value::List(vec![Upload::variable(0)]),
            Value::Binary(Vec::new().into()),
            Value::Binary(vec![0; 7].into()),
        ] {
            assert!(Upload::parse(value.clone()).is_err(), "{value}");
        }
    }
}
