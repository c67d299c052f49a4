//! Showing results and progress.
//!
//! Results go to standard output, progress and complaints to standard error. Progress is drawn only when a terminal
//! looks on.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use time::OffsetDateTime;

/// Prints a line of a result. A reader that went away is no reason to fail.
pub fn say(line: impl AsRef<str>) {
    drop(writeln!(std::io::stdout().lock(), "{}", line.as_ref()));
}

/// Prints a remark beside the result.
pub fn remark(line: impl AsRef<str>) {
    drop(writeln!(std::io::stderr().lock(), "{}", line.as_ref()));
}

/// Prints why a command failed, with the causes.
pub fn complain(error: &anyhow::Error) {
    remark(format!("simpul: {error:#}"));
}

/// Prints a result for programs.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    say(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// A table for people, as wide as the terminal.
pub fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    table
}

/// A bar that counts up to a total.
pub fn bar(total: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), target());
    let style = ProgressStyle::with_template(
        "{msg:12} {bar:32} {human_pos}/{human_len} {per_sec}, {eta} left",
    );
    bar.set_style(style.expect("the template is well formed"));
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn target() -> ProgressDrawTarget {
    if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    }
}

/// A moment in Unix milliseconds as people read it, in UTC.
pub fn moment(millis: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000);
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    at.ok()
        .and_then(|at| at.format(format).ok())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// A number of bytes as people read it.
pub fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}
