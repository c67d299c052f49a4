//! The providers of the settings, ready to be asked.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use domain::account::AccountName;
use graphql::SignInProvider;
use oidc::{Mapping, Settings};
use zeroize::Zeroizing;

use crate::config::{Config, OidcConfig, PublicUrl};
use crate::keys;

/// The providers of a hub.
#[derive(Debug, Default)]
pub struct Providers(Vec<Provider>);

/// A provider, and what an operator says of it.
#[derive(Debug)]
pub struct Provider {
    name: String,
    title: String,
    pub(super) oidc: oidc::Provider,
    pub(super) mapping: Mapping,
    pub(super) name_claim: String,
    pub(super) display_claim: String,
    /// What somebody is called of whom the provider gives no name.
    pub(super) fallback: AccountName,
}

impl Providers {
    /// Those of the settings; their secrets are read from files. None of them is asked yet.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let mut names = BTreeSet::new();
        let mut providers = Vec::with_capacity(config.oidc.len());
        for settings in &config.oidc {
            let name = settings.name.as_str();
            if !names.insert(name) {
                bail!("two sections [[oidc]] have the name {name:?}");
            }
            let opened = Provider::open(config, settings);
            providers.push(opened.with_context(|| format!("[[oidc]] {name}"))?);
        }
        Ok(Self(providers))
    }

    /// What people may choose of.
    pub fn listed(&self) -> Vec<SignInProvider> {
        let one = |provider: &Provider| SignInProvider {
            name: provider.name.clone(),
            title: provider.title.clone(),
        };
        self.0.iter().map(one).collect()
    }

    /// A provider by its name in addresses.
    pub(crate) fn find(&self, name: &str) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.name == name)
    }
}

impl Provider {
    fn open(config: &Config, said: &OidcConfig) -> anyhow::Result<Self> {
        let public_url = config.http.public_url.as_ref().map(PublicUrl::as_str);
        let public_url = public_url
            .context("public_url of [http] must be set: the provider sends browsers back to it")?;
        let secret = said.client_secret_file.as_ref();
        let secret = secret.map(|file| keys::read_secret(&config.path(file)));
        let secret = secret.transpose()?;
        let roots = said.ca_file.as_ref().map(|file| config.path(file));
        let read = |file: std::path::PathBuf| {
            std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))
        };
        let name = said.name.as_str().to_owned();
        let settings = Settings {
            issuer: said.issuer.clone(),
            client_id: said.client_id.clone(),
            client_secret: secret.map(|secret| Zeroizing::new(secret.trim().to_owned())),
            scopes: said.scopes.clone(),
            redirect_uri: format!("{public_url}/auth/{name}/callback"),
            wanted: said.wanted(),
            reach: config.sync.reach(),
            roots: roots.map(read).transpose()?,
        };
        let fallback = AccountName::like(&name).or_else(|| AccountName::like("akun"));
        Ok(Self {
            oidc: oidc::Provider::new(settings)?,
            mapping: said.mapping(),
            name_claim: said.name_claim.clone(),
            display_claim: said.display_claim.clone(),
            fallback: fallback.expect("four letters are a name"),
            title: said.title().to_owned(),
            name,
        })
    }

    /// Its issuer.
    pub(crate) fn issuer(&self) -> &str {
        self.oidc.issuer()
    }
}
