//! The clients with which peers are asked, and the certificates that peers may show: those that this machine trusts, and
//! those of the network's own authority for certificates, if the settings name one.

use anyhow::{Context as _, bail};
use outgoing::Client;
use sync::hint::Hints;
use sync::peer::{Certificate, HttpPeer};

use crate::config::Config;
use crate::hub::SOFTWARE;

/// The client for pulls.
pub fn client(config: &Config) -> anyhow::Result<Client> {
    HttpPeer::client_trusting(SOFTWARE, config.sync.reach(), roots(config)?)
        .context("no client can be made")
}

/// The client for hints.
pub fn hints_client(config: &Config) -> anyhow::Result<Client> {
    Hints::client_trusting(SOFTWARE, config.sync.reach(), roots(config)?)
        .context("no client can be made")
}

/// The certificates that are trusted beside those of this machine.
pub fn roots(config: &Config) -> anyhow::Result<Vec<Certificate>> {
    let Some(file) = &config.sync.ca_file else {
        return Ok(Vec::new());
    };
    let file = config.path(file);
    let told = || format!("{} of sync.ca_file cannot be read", file.display());
    let pem = std::fs::read(&file).with_context(told)?;
    let roots = Certificate::from_pem_bundle(&pem).with_context(told)?;
    if roots.is_empty() {
        bail!(
            "{} of sync.ca_file holds no certificate in PEM (-----BEGIN CERTIFICATE-----)",
            file.display()
        );
    }
    Ok(roots)
}
