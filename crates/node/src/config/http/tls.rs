//! TLS without a proxy: the section `[http.tls]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// TLS without a proxy: the section `[http.tls]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate with those that it leads to, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM, readable by its owner only.
    pub key: PathBuf,
}
