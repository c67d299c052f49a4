//! Who this hub is: the section `[hub]`.

use std::path::PathBuf;

use domain::identity::{HubId, NetworkId};
use serde::{Deserialize, Serialize};

/// Who this hub is: the section `[hub]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HubConfig {
    /// The network; hubs of other networks are refused.
    pub network: NetworkId,
    /// The hub's id for life.
    pub id: HubId,
    /// The file with the hub's private key (PKCS#8 PEM).
    #[serde(default = "default_key")]
    pub key_file: PathBuf,
    /// The file with the passphrase that protects the private key, if one does. Keep it where backups of the key are not.
    #[serde(default)]
    pub passphrase_file: Option<PathBuf>,
    /// The file with the operator's token.
    #[serde(default = "default_token")]
    pub token_file: PathBuf,
    /// The file that notes how far the hub's log had come, outside the database.
    #[serde(default = "default_guard")]
    pub guard_file: PathBuf,
}

fn default_key() -> PathBuf {
    "simpul.key".into()
}

fn default_guard() -> PathBuf {
    "simpul.guard".into()
}

fn default_token() -> PathBuf {
    "operator.token".into()
}
