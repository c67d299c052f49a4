//! Files that come with requests: the section `[graphql.uploads]`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// How much may come with one request of the type multipart/form-data: the section `[graphql.uploads]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct UploadsConfig {
    /// The largest file, in bytes.
    pub file_bytes: NonZeroU32,
    /// Files in one request.
    pub files: NonZeroU32,
    /// The largest request, all its parts together, in bytes.
    pub total_bytes: NonZeroU32,
    /// The largest part `operations`, and the largest part `map`, in bytes.
    pub operations_bytes: NonZeroU32,
    /// Headers of one part. More than 32 are never taken.
    pub part_headers: NonZeroU32,
    /// The headers of one part together, in bytes.
    pub part_header_bytes: NonZeroU32,
    /// Places in the variables that the map names, of all files together.
    pub places: NonZeroU32,
    /// Steps of one such place: `variables.input.files.0` has four.
    pub place_depth: NonZeroU32,
    /// How long such a request may take, with receiving and executing it.
    pub seconds: NonZeroU32,
    /// Requests whose files are received or looked at, at the same time.
    pub at_once: NonZeroU32,
}

impl Default for UploadsConfig {
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).expect("the default is not 0");
        Self {
            file_bytes: number(32 * 1024 * 1024),
            files: number(4),
            total_bytes: number(64 * 1024 * 1024),
            operations_bytes: number(64 * 1024),
            part_headers: number(8),
            part_header_bytes: number(4 * 1024),
            places: number(16),
            place_depth: number(8),
            seconds: number(600),
            at_once: number(4),
        }
    }
}

/// A bound as memory is counted.
pub(crate) fn count(bound: NonZeroU32) -> usize {
    usize::try_from(bound.get()).expect("32 bits fit")
}
