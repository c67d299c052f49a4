//! Log lines, for people or for machines, to standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

/// Begins to tell of the program's work.
pub fn start(config: &LogConfig) -> anyhow::Result<()> {
    // The migrations tell at every start that there is nothing to do; what the settings say of them wins.
    let filter = EnvFilter::try_new(format!("sea_orm_migration=warn,{}", config.filter)).map_err(
        |error| anyhow::anyhow!("[log] filter {:?} is not readable: {error}", config.filter),
    )?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = match config.format {
        LogFormat::Text => lines.with_target(false).compact().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    // Tests and the demo start several hubs in one program; the first one's word counts.
    drop(started);
    Ok(())
}
