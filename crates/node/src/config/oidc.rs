//! Other systems with whose accounts people sign in: the sections `[[oidc]]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::catalog::Vocabulary as _;
use domain::identity::RecordId;
use domain::role::{Grant, Role};
use oidc::{Mapped, Mapping};
use serde::{Deserialize, Serialize};

/// Another system with whose accounts people sign in, by OpenID Connect: a section `[[oidc]]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// What it is called in addresses: `/auth/NAME/start`, and `/auth/NAME/callback`, which is registered at the provider.
    pub name: ProviderName,
    /// What people read; the name if left out.
    pub title: Option<String>,
    /// Its issuer, letter by letter as its tokens name it.
    pub issuer: String,
    /// What this hub is called there.
    pub client_id: String,
    /// The file with the secret by which this hub shows that it is; nothing for a public client.
    pub client_secret_file: Option<PathBuf>,
    /// What is asked for beside `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Certificates in PEM that the provider's may lead to, beside those that this machine trusts.
    pub ca_file: Option<PathBuf>,
    /// The claim of which the names of new accounts are made.
    #[serde(default = "preferred_username")]
    pub name_claim: String,
    /// The claim that people read of new accounts.
    #[serde(default = "name")]
    pub display_claim: String,
    /// The claim with the roles; without one operators give roles here.
    pub role_claim: Option<String>,
    /// Which role each of its values is.
    #[serde(default)]
    pub roles: BTreeMap<String, RoleSetting>,
    /// The claim with the agencies of those who are contributors.
    pub agency_claim: Option<String>,
    /// Which agency of this hub each of its values is.
    #[serde(default)]
    pub agencies: BTreeMap<String, AgencySetting>,
    /// The role of everybody whom the provider knows; none if left out.
    pub everybody: Option<WholeRole>,
}

fn preferred_username() -> String {
    "preferred_username".to_owned()
}

fn name() -> String {
    "name".to_owned()
}

/// What a provider is called in addresses: 1 to 40 characters of a-z, 0-9 and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderName(String);

impl ProviderName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProviderName {
    type Error = String;

    fn try_from(raw: String) -> Result<Self, String> {
        let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if (1..=40).contains(&raw.len()) && raw.bytes().all(is_plain) {
            return Ok(Self(raw));
        }
        Err(format!(
            "{raw:?} has not 1 to 40 characters of a-z, 0-9 and `-`"
        ))
    }
}

impl From<ProviderName> for String {
    fn from(name: ProviderName) -> Self {
        name.0
    }
}

/// A role as it is written: `CURATOR`, `CONTRIBUTOR:AGENCY`, or `CONTRIBUTOR` for the agencies of the claim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleSetting {
    raw: String,
    mapped: Mapped,
}

impl TryFrom<String> for RoleSetting {
    type Error = String;

    fn try_from(raw: String) -> Result<Self, String> {
        let (code, agency) = match raw.split_once(':') {
            Some((code, agency)) => (code, Some(agency_of(agency)?)),
            None => (raw.as_str(), None),
        };
        let role = Role::parse(code).map_err(|error| error.to_string())?;
        let mapped = if role == Role::Contributor && agency.is_none() {
            Mapped::ContributorOfClaim
        } else {
            let grant = Grant::new(role, agency).map_err(|error| error.to_string())?;
            Mapped::Grant(grant)
        };
        Ok(Self { raw, mapped })
    }
}

impl From<RoleSetting> for String {
    fn from(role: RoleSetting) -> Self {
        role.raw
    }
}

/// A role that no agency limits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct WholeRole(Role);

impl TryFrom<String> for WholeRole {
    type Error = String;

    fn try_from(raw: String) -> Result<Self, String> {
        let role = Role::parse(&raw).map_err(|error| error.to_string())?;
        let grant = Grant::new(role, None).map_err(|error| error.to_string())?;
        Ok(Self(grant.role()))
    }
}

impl From<WholeRole> for String {
    fn from(role: WholeRole) -> Self {
        role.0.code().to_owned()
    }
}

/// An agency of this hub: its global id, or the last part of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgencySetting {
    raw: String,
    record: RecordId,
}

impl TryFrom<String> for AgencySetting {
    type Error = String;

    fn try_from(raw: String) -> Result<Self, String> {
        let record = agency_of(&raw)?;
        Ok(Self { raw, record })
    }
}

impl From<AgencySetting> for String {
    fn from(agency: AgencySetting) -> Self {
        agency.raw
    }
}

/// The global id of an agency ends with its record.
fn agency_of(raw: &str) -> Result<RecordId, String> {
    let record = raw.rsplit(':').next().unwrap_or(raw);
    RecordId::parse(record).map_err(|error| error.to_string())
}

impl OidcConfig {
    /// Which of the provider's claims are which roles here.
    pub fn mapping(&self) -> Mapping {
        let roles = self.roles.iter();
        let agencies = self.agencies.iter();
        Mapping {
            role_claim: self.role_claim.clone(),
            roles: roles
                .map(|(value, role)| (value.clone(), role.mapped))
                .collect(),
            agency_claim: self.agency_claim.clone(),
            agencies: agencies
                .map(|(value, agency)| (value.clone(), agency.record))
                .collect(),
            everybody: self.everybody.as_ref().map(|role| role.0),
        }
    }

    /// The claims that the settings ask for.
    pub fn wanted(&self) -> Vec<String> {
        let always = [&self.name_claim, &self.display_claim];
        let claims = always
            .into_iter()
            .chain(&self.role_claim)
            .chain(&self.agency_claim);
        claims.cloned().collect()
    }

    /// What people read.
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(self.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str =
        "name = \"kantor\"\nissuer = \"https://sso.example\"\nclient_id = \"simpul\"\n";
    const AGENCY: &str = "0198f2c4-0000-7000-8000-000000000001";

    fn read(text: &str) -> Result<OidcConfig, String> {
        toml::from_str(&format!("{LEAST}{text}")).map_err(|error| error.to_string())
    }

    #[test]
    fn roles_are_written_as_for_accounts() {
        let text = format!(
            "role_claim = \"roles\"\nroles = {{ admin = \"OPERATOR\", dinkes = \"CONTRIBUTOR:Agency:id-13:{AGENCY}\", penulis = \"CONTRIBUTOR\" }}
             agency_claim = \"unit\"\nagencies = {{ DINKES = \"{AGENCY}\" }}\neverybody = \"READER\"\n"
        );
        let config = read(&text).unwrap();
        let mapping = config.mapping();
        assert_eq!(mapping.roles["penulis"], Mapped::ContributorOfClaim);
        let agency = RecordId::parse(AGENCY).unwrap();
        let of = Grant::new(Role::Contributor, Some(agency)).unwrap();
        assert_eq!(mapping.roles["dinkes"], Mapped::Grant(of));
        assert_eq!(mapping.agencies["DINKES"], agency);
        assert_eq!(mapping.everybody, Some(Role::Reader));
        assert_eq!(
            config.wanted(),
            ["preferred_username", "name", "roles", "unit"]
        );
        assert_eq!(config.title(), "kantor");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("roles = { a = \"GARDENER\" }", "GARDENER"),
            (
                "roles = { a = \"CURATOR:0198f2c4-0000-7000-8000-000000000001\" }",
                "CURATOR",
            ),
            ("roles = { a = \"CONTRIBUTOR:x\" }", "x"),
            ("everybody = \"CONTRIBUTOR\"", "agency"),
            ("client_secret = \"x\"", "client_secret"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        for name in ["", "Kantor", "a/b", &"a".repeat(41)] {
            assert!(ProviderName::try_from(name.to_owned()).is_err(), "{name}");
        }
    }
}
