//! The settings: `simpul.toml`, then variables `SIMPUL_SECTION__KEY`, then flags. Unknown keys are refused.
//!
//! Every section is a plain struct in a file of its own, with real defaults and units in the names. Paths are relative to
//! the folder of `simpul.toml`.

mod accounts;
mod audit;
mod database;
mod graphql;
mod http;
mod hub;
mod log;
mod network;
mod oidc;
mod search;
mod sync;
mod uploads;

use std::path::{Path, PathBuf};

use ::graphql::guard::LimitError;
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};

pub use accounts::AccountsConfig;
pub use audit::AuditConfig;
pub use database::{DatabaseConfig, DatabaseUrl};
pub use graphql::{GraphqlConfig, Who};
pub use http::{
    AllowedOrigin, HttpConfig, LimitsConfig, PublicUrl, RatesConfig, TlsConfig, seconds,
};
pub use hub::HubConfig;
pub use log::{LogConfig, LogFormat};
pub use network::Network;
pub use oidc::{OidcConfig, ProviderName};
pub use search::SearchConfig;
pub use sync::SyncConfig;
pub use uploads::UploadsConfig;
pub(crate) use uploads::count;

/// The name of the settings file.
pub const FILE: &str = "simpul.toml";

/// All settings of a hub.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who this hub is.
    pub hub: HubConfig,
    /// Where it remembers.
    #[serde(default)]
    pub database: DatabaseConfig,
    /// Where it answers.
    #[serde(default)]
    pub http: HttpConfig,
    /// What may be asked, and by whom.
    #[serde(default)]
    pub graphql: GraphqlConfig,
    /// How it pulls its peers.
    #[serde(default)]
    pub sync: SyncConfig,
    /// How it finds records by their words.
    #[serde(default)]
    pub search: SearchConfig,
    /// How people sign in.
    #[serde(default)]
    pub accounts: AccountsConfig,
    /// How long it is kept what was done here.
    #[serde(default)]
    pub audit: AuditConfig,
    /// With whose accounts people sign in, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oidc: Vec<OidcConfig>,
    /// What it tells of its work.
    #[serde(default)]
    pub log: LogConfig,
    /// The folder of the settings file, to which paths are relative.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// Why the settings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no settings file.
    #[error(
        "there is no settings file {0}; make one with `simpul init`, or name one with --config"
    )]
    Missing(PathBuf),
    /// A setting is unknown or breaks its rule.
    #[error("{0}; simpul.example.toml explains every setting")]
    Setting(Box<figment::Error>),
    /// A bound of a request is set to what cannot be kept.
    #[error("the setting graphql.limits.{0}")]
    Limit(#[from] LimitError),
    /// Settings that do not go together.
    #[error("{0}; simpul.example.toml explains every setting")]
    Nonsense(String),
}

impl Config {
    /// Reads the settings file, the environment and the flags that were given.
    pub fn read(file: &Path, flags: &Flags) -> Result<Self, ConfigError> {
        if !file.is_file() {
            return Err(ConfigError::Missing(file.to_owned()));
        }
        let figment = Figment::new().merge(Toml::file_exact(file));
        let mut config = Self::extract(
            figment
                .merge(environment())
                .merge(Serialized::defaults(flags)),
        )?;
        let parent = file
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        parent
            .unwrap_or(Path::new("."))
            .clone_into(&mut config.folder);
        Ok(config)
    }

    /// Reads settings from text alone.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::extract(Figment::new().merge(Toml::string(text)))
    }

    fn extract(figment: Figment) -> Result<Self, ConfigError> {
        let config: Self = figment
            .extract()
            .map_err(|error| ConfigError::Setting(Box::new(error)))?;
        config.graphql.limits.check()?;
        config.http.check().map_err(ConfigError::Nonsense)?;
        Ok(config)
    }

    /// A path of the settings, relative to their folder.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// `SIMPUL_HTTP__LISTEN` is `listen` in `[http]`. A variable without a section is not a setting (`SIMPUL_WEB` steers the
/// build).
fn environment() -> Env {
    Env::prefixed("SIMPUL_")
        .filter(|key| key.as_str().contains("__"))
        .split("__")
}

/// Settings that can be given on the command line.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flags {
    /// `[database]`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseFlags>,
    /// `[http]`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpFlags>,
}

/// Flags of `[database]`.
#[derive(Clone, Debug, Serialize)]
pub struct DatabaseFlags {
    /// The database's URL.
    pub url: String,
}

/// Flags of `[http]`.
#[derive(Clone, Debug, Serialize)]
pub struct HttpFlags {
    /// Where to listen.
    pub listen: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "[hub]\nnetwork = \"jipp\"\nid = \"id-13\"\n";

    #[test]
    fn the_least_settings_are_network_and_id() {
        let config = Config::parse(LEAST).unwrap();
        assert_eq!(config.hub.id.as_str(), "id-13");
        assert_eq!(config.sync, SyncConfig::default());
        assert!(config.http.listen.ip().is_loopback());
    }

    #[test]
    fn what_is_unknown_or_wrong_is_named() {
        let check = |text: &str, expected: &str| {
            let error = Config::parse(&format!("{LEAST}{text}"))
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error} has no {expected}");
        };
        check("[http]\nlisten_on = \"x\"", "listen_on");
        check("[colour]\nred = 1", "colour");
        check("[sync]\ninterval_seconds = 0", "interval_seconds");
        check("[http]\nlisten = \"nowhere\"", "listen");
        check(
            "[graphql.limits]\naliases = 0",
            "graphql.limits.aliases is 0; it may be 1 to 10000",
        );
        check("[graphql.limits]\nbrackets = 1000", "brackets");
        check(
            "[database]\nurl = \"mysql://x:geheim@y\"",
            "\"mysql\" is neither",
        );
        check("[http]\ntrusted_proxies = [\"proxy\"]", "proxy");
        check("[http]\ntrusted_proxies = [\"0.0.0.0/0\"]", "everybody");
        check("[http]\ncors_origins = [\"portal\"]", "portal");
        check("[http.limits]\nheader_bytes = 100", "at least 8192");
        check("[http.limits]\nconnections = 0", "connections");
        check("[http.limits]\nconnections = 3", "at most as many");
        check("[http.limits]\nrequests = 64", "give less");
        check("[http.rates]\naddress = 1", "address");
        check("[http.tls]\ncertificate = \"a.pem\"", "key");
        let tls = "[http.tls]\ncertificate = \"a.pem\"\nkey = \"a.key\"";
        check(
            &format!("[http]\npublic_url = \"http://a.id\"\n{tls}"),
            "https://",
        );
    }

    /// The settings of a table and of those below it.
    fn paths(table: &toml::Table, before: &str) -> Vec<String> {
        let path = |(key, value): (&String, &toml::Value)| match value {
            toml::Value::Table(table) => paths(table, &format!("{before}{key}.")),
            _ => vec![format!("{before}{key}")],
        };
        table.iter().flat_map(path).collect()
    }

    #[test]
    fn the_example_explains_every_setting_with_its_default() {
        let example = include_str!("../../../simpul.example.toml");
        // Every setting stands there, some of them commented out since they have no default.
        let all: String = example
            .lines()
            .map(|line| line.strip_prefix("#= ").unwrap_or(line))
            .fold(String::new(), |text, line| text + line + "\n");
        let shown: toml::Table = toml::from_str(&all).unwrap();
        let mut config = Config::parse(&all).unwrap();
        let known = toml::Table::try_from(&config).unwrap();
        // Of sections that may be repeated one is shown.
        let once = |mut table: toml::Table| {
            for (_, section) in &mut table {
                if let Some(one) = section.get(0) {
                    *section = one.clone();
                }
            }
            table
        };
        assert_eq!(paths(&once(shown), ""), paths(&once(known), ""));
        let plain = Config::parse(example).unwrap();
        config.hub = plain.hub.clone();
        assert_eq!(Config::parse(LEAST).unwrap().sync, plain.sync);
        assert_eq!(Config::parse(LEAST).unwrap().http, plain.http);
        assert_eq!(Config::parse(LEAST).unwrap().graphql, plain.graphql);
        assert_eq!(Config::parse(LEAST).unwrap().database, plain.database);
        assert_eq!(Config::parse(LEAST).unwrap().search, plain.search);
        assert_eq!(Config::parse(LEAST).unwrap().log, plain.log);
    }
}
