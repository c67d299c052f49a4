//! `simpul account`

use anyhow::{Context as _, bail};
use credentials::secret::{Secret, SecretKind};
use domain::account::AccountName;
use domain::audit::{Action, Deed};
use domain::catalog::{Line, Vocabulary as _};
use domain::clock::Clock as _;
use domain::identity::RecordId;
use domain::role::{Grant, Role};
use serde_json::json;
use storage::accounts::{self, Account as Kept, factors, failures, identities, invitations};
use time::{Duration, OffsetDateTime};

use crate::cli::{Common, Outcome};
use crate::deed::by_program;
use crate::hub::Hub;
use crate::output;
use crate::system::{SystemClock, SystemEntropy};

/// How long a link to choose a password is worth something.
const INVITATION: Duration = Duration::days(7);

/// Say who signs in at this hub, and what they may do
#[derive(Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "the structs say it")]
pub enum Account {
    Add(Add),
    /// List the accounts with their roles
    List,
    /// Give an account a role
    Grant(Granting),
    /// Take a role from an account
    Revoke(Granting),
    /// Print a secret with which somebody who lost their password chooses another
    Reset(Named),
    /// Let somebody sign in at once who gave wrong passwords
    Unlock(Named),
    /// Forget the second factors of somebody who lost their devices, passkeys too, and sign the account out
    ResetSecondFactors(Named),
    /// Let somebody sign in to an account with one of another system
    Link(Linking),
    /// Let nobody sign in to an account with one of another system any more, and sign it out
    Unlink(Linking),
    /// Sign an account out and let nobody sign in with it; its name is given to nobody else
    Disable(Named),
    /// Let somebody sign in again with a disabled account
    Enable(Named),
}

/// Add an account, and print the secret with which its owner chooses a password
#[derive(Debug, clap::Args)]
pub struct Add {
    /// What is typed to sign in, such as siti.rahma; a name is never given twice
    name: AccountName,
    /// What people read, such as "Siti Rahma"; the name if left out
    #[arg(long)]
    display: Option<String>,
    /// READER, CONTRIBUTOR:AGENCY, CURATOR, STEWARD or OPERATOR; may be repeated
    #[arg(long, value_name = "ROLE", value_parser = grant)]
    role: Vec<Grant>,
}

/// Give or take a role
#[derive(Debug, clap::Args)]
pub struct Granting {
    /// The account's name
    name: AccountName,
    /// READER, CONTRIBUTOR:AGENCY, CURATOR, STEWARD or OPERATOR
    #[arg(value_name = "ROLE", value_parser = grant)]
    role: Grant,
}

/// Name an account, and one of another system
#[derive(Debug, clap::Args)]
pub struct Linking {
    /// The account's name
    name: AccountName,
    /// The other system: the name of its section [[oidc]]
    provider: String,
    /// What the account is called there: the claim `sub` of its tokens, which is no name and no address of mail
    subject: String,
}

/// Name an account
#[derive(Debug, clap::Args)]
pub struct Named {
    /// The account's name
    name: AccountName,
}

/// A role as it is typed: its code, and for a contributor the agency's id behind a colon.
fn grant(raw: &str) -> Result<Grant, String> {
    let (code, agency) = match raw.split_once(':') {
        Some((code, agency)) => (code, Some(agency)),
        None => (raw, None),
    };
    let role = Role::parse(&code.to_ascii_uppercase()).map_err(|error| error.to_string())?;
    // The global id of an agency ends with its record.
    let record = agency.map(|agency| agency.rsplit(':').next().unwrap_or(agency));
    let record = record.map(RecordId::parse).transpose();
    let record = record.map_err(|error| error.to_string())?;
    Grant::new(role, record).map_err(|error| error.to_string())
}

impl Account {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        match self {
            Self::Add(add) => add.run(&hub, common).await?,
            Self::List => list(&hub, common).await?,
            Self::Grant(granting) => granting.give(&hub).await?,
            Self::Revoke(granting) => granting.take(&hub).await?,
            Self::Reset(named) => named.reset(&hub, common).await?,
            Self::Unlock(named) => named.unlock(&hub).await?,
            Self::ResetSecondFactors(named) => named.reset_second_factors(&hub).await?,
            Self::Link(linking) => linking.link(&hub).await?,
            Self::Unlink(linking) => linking.unlink(&hub).await?,
            Self::Disable(named) => named.set_disabled(&hub, true).await?,
            Self::Enable(named) => named.set_disabled(&hub, false).await?,
        }
        hub.close().await?;
        Ok(Outcome::Well)
    }
}

impl Add {
    async fn run(self, hub: &Hub, common: &Common) -> anyhow::Result<()> {
        add(hub, &self.name, self.display.as_deref(), self.role).await?;
        let account = named(hub, &self.name).await?;
        // That it was added is told; the link is part of it.
        invite(hub, &account, None, common).await
    }
}

/// Adds an account without a password.
pub(crate) async fn add(
    hub: &Hub,
    name: &AccountName,
    display: Option<&str>,
    grants: Vec<Grant>,
) -> anyhow::Result<()> {
    let account = Kept {
        id: SystemEntropy.uuid(),
        revision: 1,
        name: name.clone(),
        display: Line::parse(display.unwrap_or(name.as_str())).context("--display")?,
        grants,
        password: None,
        is_disabled: false,
        failures: 0,
        paused_until: OffsetDateTime::UNIX_EPOCH,
        created: SystemClock.now(),
        seen: None,
    };
    Ok(accounts::add(&hub.db, &account, Some(&by_program(Action::AddAccount))).await??)
}

/// An account that must be there.
pub(crate) async fn named(hub: &Hub, name: &AccountName) -> anyhow::Result<Kept> {
    let found = accounts::by_name(&hub.db, name).await?;
    found.with_context(|| format!("there is no account {name}; `simpul account list` lists them"))
}

/// The secret with which somebody chooses a password. It is not told again.
pub(crate) struct Invitation {
    /// Whose password it is.
    pub(crate) account: AccountName,
    /// The secret.
    pub(crate) secret: Secret,
    /// Until when it is worth something.
    pub(crate) until: String,
}

/// Makes the secret with which somebody chooses a password.
pub(crate) async fn invitation(
    hub: &Hub,
    account: &Kept,
    by: Option<&Deed>,
) -> anyhow::Result<Invitation> {
    let secret = Secret::make(SecretKind::Invitation, &SystemEntropy);
    let expires = SystemClock.now() + INVITATION;
    let hash = secret.hash();
    invitations::put(&hub.db, account.id, hash.as_bytes(), expires, by).await?;
    Ok(Invitation {
        account: account.name.clone(),
        secret,
        until: output::moment(expires.unix_timestamp() * 1000),
    })
}

/// Makes the secret and prints it.
async fn invite(
    hub: &Hub,
    account: &Kept,
    by: Option<&Deed>,
    common: &Common,
) -> anyhow::Result<()> {
    let Invitation { secret, until, .. } = invitation(hub, account, by).await?;
    if common.json {
        return output::json(&json!({
            "account": account.name,
            "invitation": secret.reveal(),
            "link": hub.accounts.invitation_link(secret.reveal()),
            "expires": until,
        }));
    }
    output::say(format!(
        "{} chooses a password with this, once, until {until} UTC:",
        account.name
    ));
    output::say(format!("  {}", secret.reveal()));
    if let Some(link) = hub.accounts.invitation_link(secret.reveal()) {
        output::say(format!(
            "or with the link, once the portal is there: {link}"
        ));
    }
    output::say("give it to them and to nobody else; they use it in the mutation acceptInvitation");
    Ok(())
}

impl Granting {
    async fn give(self, hub: &Hub) -> anyhow::Result<()> {
        let mut account = named(hub, &self.name).await?;
        if account.grants.contains(&self.role) {
            output::say(format!("{} is {} already", self.name, self.role));
            return Ok(());
        }
        account.grants.push(self.role);
        change(hub, account).await?;
        output::say(format!("{} is {}", self.name, self.role));
        Ok(())
    }

    async fn take(self, hub: &Hub) -> anyhow::Result<()> {
        let mut account = named(hub, &self.name).await?;
        let before = account.grants.len();
        account.grants.retain(|grant| *grant != self.role);
        if account.grants.len() == before {
            bail!("{} is not {}", self.name, self.role);
        }
        change(hub, account).await?;
        output::say(format!("{} is not {} any more", self.name, self.role));
        Ok(())
    }
}

impl Linking {
    fn identity<'a>(&'a self, hub: &'a Hub) -> anyhow::Result<(&'a str, &'a str)> {
        let provider = hub.providers.find(&self.provider);
        let provider = provider
            .with_context(|| format!("no section [[oidc]] has the name {:?}", self.provider))?;
        Ok((provider.issuer(), &self.subject))
    }

    async fn link(self, hub: &Hub) -> anyhow::Result<()> {
        let account = named(hub, &self.name).await?;
        let identity = self.identity(hub)?;
        let deed = by_program(Action::LinkIdentity);
        let (now, of) = (SystemClock.now(), account.id);
        if !identities::link(&hub.db, identity, of, now, Some(&deed)).await? {
            bail!("somebody signs in to an account here with that one already");
        }
        output::say(format!("{} signs in with that one, too", self.name));
        Ok(())
    }

    async fn unlink(self, hub: &Hub) -> anyhow::Result<()> {
        let account = named(hub, &self.name).await?;
        let deed = by_program(Action::UnlinkIdentity);
        let identity = self.identity(hub)?;
        if !identities::unlink(&hub.db, identity, account.id, Some(&deed)).await? {
            bail!("{} does not sign in with that one", self.name);
        }
        output::say(format!(
            "{} does not sign in with that one any more, and is signed out",
            self.name
        ));
        Ok(())
    }
}

impl Named {
    async fn reset(self, hub: &Hub, common: &Common) -> anyhow::Result<()> {
        let account = named(hub, &self.name).await?;
        if account.is_disabled {
            bail!(
                "{} is disabled; `simpul account enable {}` first",
                self.name,
                self.name
            );
        }
        let deed = by_program(Action::InviteAccount);
        invite(hub, &account, Some(&deed), common).await
    }

    async fn unlock(self, hub: &Hub) -> anyhow::Result<()> {
        let account = named(hub, &self.name).await?;
        let deed = by_program(Action::UnlockAccount);
        failures::forget(&hub.db, account.id, None, Some(&deed)).await?;
        output::say(format!("{} can sign in at once", self.name));
        Ok(())
    }

    async fn reset_second_factors(self, hub: &Hub) -> anyhow::Result<()> {
        let account = named(hub, &self.name).await?;
        let deed = by_program(Action::ResetSecondFactors);
        let said = if factors::reset(&hub.db, account.id, Some(&deed)).await? {
            "is signed out, and its password is enough until it has another second factor"
        } else {
            "had no second factor; it is signed out"
        };
        output::say(format!("{} {said}", self.name));
        Ok(())
    }

    async fn set_disabled(self, hub: &Hub, is_disabled: bool) -> anyhow::Result<()> {
        let mut account = named(hub, &self.name).await?;
        account.is_disabled = is_disabled;
        change(hub, account).await?;
        let said = if is_disabled {
            "is disabled, signed out, and its tokens are worth nothing"
        } else {
            "is enabled again"
        };
        output::say(format!("{} {said}", self.name));
        Ok(())
    }
}

async fn change(hub: &Hub, mut account: Kept) -> anyhow::Result<()> {
    account.revision += 1;
    let deed = by_program(Action::ChangeAccount);
    Ok(accounts::change(&hub.db, &account, Some(&deed)).await??)
}

async fn list(hub: &Hub, common: &Common) -> anyhow::Result<()> {
    let mut listed: Vec<Kept> = Vec::new();
    loop {
        let after = listed.last().map(|account| account.name.clone());
        let page = accounts::list(&hub.db, after.as_ref(), 500).await?;
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    let roles = |account: &Kept| {
        account
            .grants
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    if common.json {
        let account = |account: &Kept| {
            json!({
                "name": account.name,
                "display": account.display.as_str(),
                "roles": roles(account),
                "hasPassword": account.password.is_some(),
                "isDisabled": account.is_disabled,
                "failures": account.failures,
            })
        };
        return output::json(&listed.iter().map(account).collect::<Vec<_>>());
    }
    let mut table = output::table(["name", "display", "roles", "state", "signed in"]);
    for account in &listed {
        table.add_row([
            account.name.to_string(),
            account.display.to_string(),
            roles(account).join(", "),
            state(account).to_owned(),
            account.seen.map_or_else(
                || "never".to_owned(),
                |seen| output::moment(seen.unix_timestamp() * 1000),
            ),
        ]);
    }
    output::say(table.to_string());
    Ok(())
}

fn state(account: &Kept) -> &'static str {
    if account.is_disabled {
        "disabled"
    } else if account.paused_until > SystemClock.now() {
        "waits after wrong passwords"
    } else if account.password.is_none() {
        "has no password yet"
    } else {
        "active"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_typed_with_its_agency() {
        let agency = "0198f2c4-0000-7000-8000-000000000000";
        let of = format!("contributor:{agency}");
        assert_eq!(
            grant(&of).unwrap().to_string(),
            format!("CONTRIBUTOR of {agency}")
        );
        let global = format!("CONTRIBUTOR:Agency:id-13:{agency}");
        assert_eq!(grant(&global).unwrap(), grant(&of).unwrap());
        assert_eq!(grant("operator").unwrap().role(), Role::Operator);
        for wrong in [
            "CONTRIBUTOR",
            &format!("CURATOR:{agency}"),
            "GARDENER",
            "CONTRIBUTOR:x",
            "",
        ] {
            assert!(grant(wrong).is_err(), "{wrong}");
        }
    }
}
