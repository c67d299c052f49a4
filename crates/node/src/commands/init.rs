//! `simpul init`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::account::AccountName;
use domain::catalog::{HubKind, HubProfileDraft, RegionCode, Regions, Vocabulary as _};
use domain::identity::{HubId, NetworkId};
use domain::role::{Grant, Role};
use serde_json::json;

use super::account::{self, Invitation};
use crate::cli::{Common, Outcome};
use crate::config::{Config, DatabaseUrl};
use crate::hub::{Hub, SOFTWARE};
use crate::{keys, output};

/// Make a new hub: settings, key, operator's token, database
#[derive(Debug, clap::Args)]
pub struct Init {
    /// The hub's id for life: id- and a region's code, or kl- and a ministry's short name
    #[arg(long, value_name = "ID")]
    hub: HubId,
    /// The network
    #[arg(long, default_value = "jipp")]
    network: NetworkId,
    /// The hub's name; for a region's hub, "Hub JIPP" and the region's name if left out
    #[arg(long)]
    name: Option<String>,
    /// PROVINCE, REGENCY, CITY, MINISTRY or AGENCY; known from the id of a region's hub
    #[arg(long)]
    kind: Option<String>,
    /// Where the hub answers, as it tells others: https://…
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// A file with a passphrase of 16 characters or more that protects the private key
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8013")]
    listen: String,
    /// The name of the first account, which has the role OPERATOR
    #[arg(long, value_name = "NAME", default_value = "operator")]
    operator: AccountName,
}

impl Init {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let file = &common.config;
        if file.exists() {
            bail!("{} is there already; a hub is made once", file.display());
        }
        let profile = self.profile()?;
        domain::catalog::HubProfile::parse(&profile)?;
        let text = settings(
            &self.network,
            &self.hub,
            common.database.as_deref(),
            &self.listen,
            self.passphrase_file.as_deref(),
        )?;
        let folder = file.parent().filter(|folder| *folder != Path::new(""));
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        let mut config = Config::parse(&text)?;
        config.folder = folder.unwrap_or(Path::new(".")).to_owned();
        let hub = Hub::create(config, &profile).await?;
        // A PostgreSQL address may hold a password.
        keys::write_secret(file, &text)?;
        let operator = Grant::new(Role::Operator, None)?;
        account::add(&hub, &self.operator, None, vec![operator]).await?;
        let first = account::named(&hub, &self.operator).await?;
        let invitation = account::invitation(&hub, &first, None).await?;
        report(&hub, &invitation, common)?;
        hub.close().await?;
        Ok(Outcome::Well)
    }

    /// What the hub says of itself; what its id tells need not be typed.
    fn profile(&self) -> anyhow::Result<HubProfileDraft> {
        let code = self
            .hub
            .as_str()
            .strip_prefix("id-")
            .and_then(|code| RegionCode::parse(code).ok());
        let region = code.and_then(|code| Regions::get().find(code));
        let guessed = region.map(|region| match region.level {
            domain::catalog::RegionLevel::Province => HubKind::Province,
            domain::catalog::RegionLevel::Regency => HubKind::Regency,
            domain::catalog::RegionLevel::City => HubKind::City,
        });
        let kind = self
            .kind
            .clone()
            .or(guessed.map(|kind| kind.code().to_owned()));
        let name = self
            .name
            .clone()
            .or(region.map(|region| format!("Hub JIPP {}", region.name)));
        Ok(HubProfileDraft {
            name: name.context("give the hub's name with --name")?,
            kind: kind.unwrap_or_else(|| HubKind::Ministry.code().to_owned()),
            region: region.map(|region| region.code.to_string()),
            endpoint: self.endpoint.clone(),
            status: "ACTIVE".to_owned(),
            software: Some(SOFTWARE.to_owned()),
            ..HubProfileDraft::default()
        })
    }
}

/// The settings file of a new hub.
pub(crate) fn settings(
    network: &NetworkId,
    hub: &HubId,
    database: Option<&str>,
    listen: &str,
    passphrase_file: Option<&Path>,
) -> anyhow::Result<String> {
    let url = database.unwrap_or("sqlite:simpul.db");
    DatabaseUrl::parse(url).map_err(anyhow::Error::msg)?;
    let mut text = toml::Table::new();
    let mut section = |name: &str, pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), toml::Value::from(*value)));
        text.insert(name.to_owned(), toml::Value::Table(pairs.collect()));
    };
    // The settings may lie in another folder than the one in which the command was run.
    let passphrase_file = passphrase_file.map(std::path::absolute).transpose()?;
    let passphrase_file = passphrase_file.map(|file| file.display().to_string());
    let mut who = vec![("network", network.as_str()), ("id", hub.as_str())];
    who.extend(
        passphrase_file
            .as_deref()
            .map(|file| ("passphrase_file", file)),
    );
    section("hub", &who);
    section("database", &[("url", url)]);
    section("http", &[("listen", listen)]);
    Ok(format!(
        "# simpul.example.toml explains these settings and all others.\n\n{}",
        toml::to_string(&text)?
    ))
}

fn report(hub: &Hub, invitation: &Invitation, common: &Common) -> anyhow::Result<()> {
    let config = &hub.config;
    let key = hub.key.public();
    if common.json {
        return output::json(&json!({
            "hub": config.hub.id,
            "network": config.hub.network,
            "publicKey": key.to_string(),
            "fingerprint": key.fingerprint(),
            "keyFile": config.path(&config.hub.key_file),
            "tokenFile": config.path(&config.hub.token_file),
            "account": invitation.account,
            "invitation": invitation.secret.reveal(),
        }));
    }
    output::say(format!(
        "hub {} of network {} is made",
        config.hub.id, config.hub.network
    ));
    output::say(format!("  public key   {key}"));
    output::say(format!("  fingerprint  {}", key.fingerprint()));
    output::say(format!(
        "  private key  {} (keep a copy in a safe place)",
        config.path(&config.hub.key_file).display()
    ));
    output::say(format!(
        "  operator     {} (a token that may do all, for commands and scripts)",
        config.path(&config.hub.token_file).display()
    ));
    output::say(format!(
        "  account      {}, with the role OPERATOR; its password is chosen with this, until {} UTC:",
        invitation.account, invitation.until
    ));
    output::say(format!("               {}", invitation.secret.reveal()));
    output::say("next: `simpul serve`, and `simpul peer add URL` for each hub to pull");
    Ok(())
}
