//! What can be typed.
//!
//! Exit codes: 0 done and well, 1 failed, 2 typed wrongly, 3 done and something is not as it should be.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands;
use crate::config::{Config, DatabaseFlags, FILE, Flags};
use crate::hub::Hub;
use crate::output;

/// A node of the network that shares public-service innovations: it keeps a hub's records, serves them over GraphQL, and
/// pulls the records of its peers.
#[derive(Debug, Parser)]
#[command(name = "simpul", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every subcommand takes.
#[derive(Debug, clap::Args)]
pub struct Common {
    /// The settings file
    #[arg(long, global = true, value_name = "FILE", default_value = FILE, env = "SIMPUL_CONFIG")]
    pub config: PathBuf,
    /// The database, instead of the one in the settings
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(commands::init::Init),
    Serve(commands::serve::Serve),
    Demo(commands::demo::Demo),
    Import(commands::import::Import),
    Export(commands::export::Export),
    Seed(commands::seed::Seed),
    #[command(subcommand)]
    Account(commands::account::Account),
    #[command(subcommand)]
    Token(commands::token::Token),
    #[command(subcommand)]
    Audit(commands::audit::Audit),
    #[command(subcommand)]
    Peer(commands::peer::Peer),
    #[command(subcommand)]
    Pin(commands::pin::Pin),
    Join(commands::join::Join),
    #[command(subcommand)]
    Member(commands::member::Member),
    Deny(commands::deny::Deny),
    Allow(commands::deny::Allow),
    #[command(subcommand)]
    Key(commands::key::Key),
    Sync(commands::sync::Sync),
    Status(commands::status::Status),
    Unprojected(commands::unprojected::Unprojected),
    Verify(commands::verify::Verify),
    Doctor(commands::doctor::Doctor),
    Evidence(commands::evidence::Evidence),
    Repair(commands::repair::Repair),
    Heal(commands::heal::Heal),
    Recover(commands::recover::Recover),
    Receipt(commands::receipt::Receipt),
    VerifyReceipt(commands::verify_receipt::VerifyReceipt),
    WhoHolds(commands::who_holds::WhoHolds),
    Rebuild(commands::rebuild::Rebuild),
    #[command(subcommand)]
    Search(commands::search::Search),
    Schema(commands::schema::Schema),
    Bench(commands::bench::Bench),
}

/// How a command that ran to its end went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Well,
    /// It was done, and something is not as it should be.
    Amiss,
}

impl Common {
    /// Reads the settings with the flags that stand for some of them.
    pub fn read_config(&self, mut flags: Flags) -> anyhow::Result<Config> {
        flags.database = self.database.clone().map(|url| DatabaseFlags { url });
        Ok(Config::read(&self.config, &flags)?)
    }

    /// Opens the hub of the settings.
    pub async fn open_hub(&self) -> anyhow::Result<Hub> {
        let config = self.read_config(Flags::default())?;
        Hub::open(config).await
    }

    /// Opens the hub for a command that writes to its log: peers are asked first whether they hold more of it.
    pub async fn open_hub_to_write(&self) -> anyhow::Result<Hub> {
        let hub = self.open_hub().await?;
        crate::tasks::healing::probe_all(&hub).await?;
        Ok(hub)
    }
}

/// Runs what was typed.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("the system lets a program start threads");
    // TLS needs a provider of cryptography chosen once, before the first connection.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let result = runtime.block_on(dispatch(cli));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match result {
        Ok(Outcome::Well) => ExitCode::SUCCESS,
        Ok(Outcome::Amiss) => ExitCode::from(3),
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<Outcome> {
    let common = &cli.common;
    match cli.command {
        Command::Init(command) => command.run(common).await,
        Command::Serve(command) => command.run(common).await,
        Command::Demo(command) => command.run(common).await,
        Command::Import(command) => command.run(common).await,
        Command::Export(command) => command.run(common).await,
        Command::Seed(command) => command.run(common).await,
        Command::Account(command) => command.run(common).await,
        Command::Token(command) => command.run(common).await,
        Command::Audit(command) => command.run(common).await,
        Command::Peer(command) => command.run(common).await,
        Command::Pin(command) => command.run(common).await,
        Command::Join(command) => command.run(common).await,
        Command::Member(command) => command.run(common).await,
        Command::Deny(command) => command.run(common).await,
        Command::Allow(command) => command.run(common).await,
        Command::Key(command) => command.run(common).await,
        Command::Sync(command) => command.run(common).await,
        Command::Status(command) => command.run(common).await,
        Command::Unprojected(command) => command.run(common).await,
        Command::Verify(command) => command.run(common).await,
        Command::Doctor(command) => command.run(common).await,
        Command::Evidence(command) => command.run(common).await,
        Command::Repair(command) => command.run(common).await,
        Command::Heal(command) => command.run(common).await,
        Command::Recover(command) => command.run(common).await,
        Command::Receipt(command) => command.run(common).await,
        Command::VerifyReceipt(command) => command.run(common).await,
        Command::WhoHolds(command) => command.run(common).await,
        Command::Rebuild(command) => command.run(common).await,
        Command::Search(command) => command.run(common).await,
        Command::Schema(command) => command.run(),
        Command::Bench(command) => command.run(common).await,
    }
}
