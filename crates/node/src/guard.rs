//! The guard file: a note outside the database of how far the hub's own log had come.
//!
//! A database that was put back from a backup does not know what was written after; the guard does. It is renewed after
//! each commit of the hub's own, never set back, and read when the hub is opened.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use domain::healing::{Guard, Verdict};
use domain::identity::Epoch;
use domain::log::Hash;
use serde::{Deserialize, Serialize};
use storage::logs::{self, heads};

use crate::hub::Hub;

/// One at a time, so that an older state never takes the place of a newer.
static RENEWING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[derive(Serialize, Deserialize)]
struct Note {
    hub: String,
    network: String,
    epoch: u64,
    size: u64,
    root: String,
}

/// Reads the guard; nothing if there is none, or if it is of another hub or not readable.
pub fn read(hub: &Hub) -> Option<Guard> {
    let file = hub.config.path(&hub.config.hub.guard_file);
    let text = std::fs::read_to_string(&file).ok()?;
    let note: Note = serde_json::from_str(&text)
        .inspect_err(|error| {
            tracing::warn!(file = %file.display(), %error, "the guard file is not readable");
        })
        .ok()?;
    let is_ours = note.hub == hub.db.hub().as_str() && note.network == hub.db.network().as_str();
    let guard = Guard {
        epoch: Epoch::new(note.epoch).ok()?,
        size: note.size,
        root: Hash::parse(&note.root)?,
    };
    is_ours.then_some(guard)
}

/// Notes how far the hub's log has come, unless the hub is halted or the guard knows more.
pub async fn renew(hub: &Hub) -> anyhow::Result<()> {
    let _renewing = RENEWING.lock().await;
    if storage::halt::read(&hub.db).await?.is_some() {
        return Ok(());
    }
    let Some(log) = logs::own_log(&hub.db).await? else {
        return Ok(());
    };
    let edge = heads::edge(&hub.db, &log).await?;
    let guard = Guard {
        epoch: log.epoch,
        size: edge.size(),
        root: edge.root(),
    };
    let before = read(hub);
    let healer = hub.healer();
    if before == Some(guard) || healer.judge(before.as_ref()).await? == Some(Verdict::Unmet) {
        return Ok(());
    }
    let note = Note {
        hub: hub.db.hub().to_string(),
        network: hub.db.network().to_string(),
        epoch: guard.epoch.get(),
        size: guard.size,
        root: guard.root.to_string(),
    };
    let file = hub.config.path(&hub.config.hub.guard_file);
    write(&file, &serde_json::to_string(&note)?)
        .with_context(|| format!("the guard file {} cannot be written", file.display()))
}

/// Writes a file whole or not at all.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut fresh = file.as_os_str().to_owned();
    fresh.push(format!(".{}", std::process::id()));
    let mut opened = std::fs::File::create(&fresh)?;
    opened.write_all(text.as_bytes())?;
    opened.sync_all()?;
    std::fs::rename(&fresh, file)?;
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
