//! `simpul token`

use anyhow::bail;
use credentials::secret::{Secret, SecretKind};
use domain::account::AccountName;
use domain::audit::Action;
use domain::catalog::{Line, TextError, Vocabulary as _};
use domain::clock::Clock as _;
use domain::role::TokenScope;
use serde_json::json;
use storage::accounts::tokens::{self, AccountToken, MOST_TOKENS};
use time::Duration;
use uuid::Uuid;

use super::account::named;
use crate::cli::{Common, Outcome};
use crate::deed::by_program;
use crate::hub::Hub;
use crate::output;
use crate::system::{SystemClock, SystemEntropy};

/// Make and take back tokens by which programs ask for an account
#[derive(Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "the structs say it")]
pub enum Token {
    Add(Add),
    List(List),
    Remove(Remove),
}

/// Make a token, and print it: it is not told again
#[derive(Debug, clap::Args)]
pub struct Add {
    /// The account for which the program asks
    account: AccountName,
    /// What it is for
    #[arg(value_parser = |raw: &str| -> Result<Line<1, 100>, TextError> { Line::parse(raw) })]
    name: Line<1, 100>,
    /// READ, WRITE or MANAGE: how far it reaches of what the account may
    #[arg(long, default_value = "READ", value_parser = |raw: &str| TokenScope::parse(&raw.to_ascii_uppercase()))]
    scope: TokenScope,
    /// How many days it lasts
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
}

/// List the tokens of an account, with when they were used last
#[derive(Debug, clap::Args)]
pub struct List {
    /// The account's name
    account: AccountName,
}

/// Take a token back
#[derive(Debug, clap::Args)]
pub struct Remove {
    /// The account's name
    account: AccountName,
    /// The token's id, as `simpul token list` tells it
    id: Uuid,
}

impl Token {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = common.open_hub().await?;
        match self {
            Self::Add(add) => add.run(&hub, common).await?,
            Self::List(list) => list.run(&hub, common).await?,
            Self::Remove(remove) => remove.run(&hub).await?,
        }
        hub.close().await?;
        Ok(Outcome::Well)
    }
}

impl Add {
    async fn run(self, hub: &Hub, common: &Common) -> anyhow::Result<()> {
        let account = named(hub, &self.account).await?;
        let deed = by_program(Action::CreateToken);
        let secret = Secret::make(SecretKind::Token, &SystemEntropy);
        let now = SystemClock.now();
        let token = AccountToken {
            id: SystemEntropy.uuid(),
            account: account.id,
            name: self.name,
            hint: secret.hint().to_owned(),
            scope: self.scope,
            created: now,
            expires: now + Duration::days(self.days.into()),
            seen: None,
        };
        if !tokens::add(&hub.db, &token, secret.hash().as_bytes(), Some(&deed)).await? {
            bail!(
                "{} has {MOST_TOKENS} tokens, which is the most; take one back first",
                self.account
            );
        }
        if common.json {
            return output::json(&json!({"id": token.id, "token": secret.reveal()}));
        }
        output::say(secret.reveal());
        output::remark(format!(
            "sent as `Authorization: Bearer …` it may do what {} may, as far as {} reaches, for {} days; it is not told again",
            self.account, self.scope, self.days
        ));
        Ok(())
    }
}

impl List {
    async fn run(self, hub: &Hub, common: &Common) -> anyhow::Result<()> {
        let account = named(hub, &self.account).await?;
        let listed = tokens::list(&hub.db, account.id).await?;
        let millis = |at: time::OffsetDateTime| output::moment(at.unix_timestamp() * 1000);
        if common.json {
            let token = |token: &AccountToken| {
                json!({
                    "id": token.id,
                    "name": token.name.as_str(),
                    "hint": token.hint,
                    "scope": token.scope,
                    "expires": millis(token.expires),
                    "used": token.seen.map(millis),
                })
            };
            return output::json(&listed.iter().map(token).collect::<Vec<_>>());
        }
        let mut table = output::table(["id", "name", "begins", "scope", "ends", "used"]);
        for token in listed {
            table.add_row([
                token.id.to_string(),
                token.name.to_string(),
                token.hint.clone(),
                token.scope.to_string(),
                millis(token.expires),
                token.seen.map_or_else(|| "never".to_owned(), millis),
            ]);
        }
        output::say(table.to_string());
        Ok(())
    }
}

impl Remove {
    async fn run(self, hub: &Hub) -> anyhow::Result<()> {
        let account = named(hub, &self.account).await?;
        if !tokens::remove(
            &hub.db,
            account.id,
            self.id,
            Some(&by_program(Action::RevokeToken)),
        )
        .await?
        {
            bail!("{} has no token {}", self.account, self.id);
        }
        output::say("the token is taken back");
        Ok(())
    }
}
