//! `simpul key`

use anyhow::bail;
use domain::lease::LASTS;
use domain::trust::Standing;
use serde_json::json;
use storage::logs::heads;
use storage::{leases, trust};

use crate::cli::{Common, Outcome};
use crate::hub::Hub;
use crate::keys::Passphrase;
use crate::system::SystemEntropy;
use crate::{keys, output};

/// Show the hub's key, and change over to a new one
#[derive(Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "the structs say it")]
pub enum Key {
    /// Show the key with which the hub signs
    Show,
    /// Make the next key, for the network's authority to announce
    Next,
    Rotate(Rotate),
    /// Write the key anew so that it takes the passphrase in `passphrase_file` (section `[hub]`) to read it
    Protect,
    /// Write the key anew so that it takes no passphrase to read it
    Unprotect,
}

/// Sign with the next key from now on; stop the node before, and start it again afterwards
#[derive(Debug, clap::Args)]
pub struct Rotate {
    /// Also when no authority announces the key, so that others must pin it by hand
    #[arg(long)]
    unannounced: bool,
}

impl Key {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = match self {
            Self::Rotate(_) => common.open_hub_to_write().await?,
            _ => common.open_hub().await?,
        };
        match self {
            Self::Show => show(&hub.key.public(), common)?,
            Self::Next => next(&hub, common)?,
            Self::Rotate(rotate) => rotate.run(&hub).await?,
            Self::Protect => protect(&hub)?,
            Self::Unprotect => unprotect(&hub)?,
        }
        hub.close().await?;
        Ok(Outcome::Well)
    }
}

fn show(key: &domain::log::PublicKey, common: &Common) -> anyhow::Result<()> {
    let fingerprint = key.fingerprint();
    if common.json {
        return output::json(&json!({"key": key.to_string(), "fingerprint": fingerprint}));
    }
    output::say(format!("key          {key}"));
    output::say(format!("fingerprint  {fingerprint}"));
    Ok(())
}

fn next(hub: &Hub, common: &Common) -> anyhow::Result<()> {
    let (file, passphrase) = (hub.next_key_file(), Passphrase::of(&hub.config)?);
    let key = if file.exists() {
        keys::read_key(&file, passphrase.as_ref())?
    } else {
        keys::create_key(&file, passphrase.as_ref(), &SystemEntropy)?
    };
    show(&key.public(), common)?;
    output::remark(format!(
        "tell the network's authority to run `simpul member add-key {} {}`; when its log has come here, run `simpul key rotate`",
        hub.db.hub(),
        key.public()
    ));
    Ok(())
}

/// Writes the hub's key anew, and its next one if there is one.
fn rewrite(hub: &Hub, passphrase: Option<&Passphrase>) -> anyhow::Result<()> {
    let opened = Passphrase::of(&hub.config)?;
    let own = hub.config.path(&hub.config.hub.key_file);
    let files = [own, hub.next_key_file()];
    for file in files.iter().filter(|file| file.exists()) {
        let key = keys::read_key(file, opened.as_ref())?;
        keys::rewrite_key(file, &key, passphrase, &SystemEntropy)?;
        output::say(format!("written anew  {}", file.display()));
    }
    Ok(())
}

fn protect(hub: &Hub) -> anyhow::Result<()> {
    let Some(passphrase) = Passphrase::of(&hub.config)? else {
        bail!(
            "name the file with the passphrase first: passphrase_file in [hub], or SIMPUL_HUB__PASSPHRASE_FILE"
        );
    };
    rewrite(hub, Some(&passphrase))?;
    output::remark(
        "copies of the file from before need no passphrase: protect or destroy them, or change the key (`simpul key next`). \
         Without the passphrase the hub cannot sign any more, so keep a copy of it in a safe place",
    );
    Ok(())
}

fn unprotect(hub: &Hub) -> anyhow::Result<()> {
    rewrite(hub, None)?;
    output::remark("take passphrase_file out of the settings, or the next key is protected again");
    Ok(())
}

/// A node that runs would go on signing with the key of before.
async fn refuse_if_served(hub: &Hub) -> anyhow::Result<()> {
    let is_node = |lease: &leases::Standing| matches!(lease.name, leases::Name::Process(_));
    let standings = leases::list(&hub.db).await?;
    let mut running = standings.into_iter().filter(is_node);
    match running.find_map(|lease| lease.holder) {
        Some(process) => bail!(
            "a node still runs on this database (process {process}); stop it, and start it again afterwards. One that was killed is noticed within {} s",
            LASTS.as_secs()
        ),
        None => Ok(()),
    }
}

impl Rotate {
    async fn run(self, hub: &Hub) -> anyhow::Result<()> {
        let file = hub.next_key_file();
        if !file.exists() {
            bail!("there is no next key yet; make it with `simpul key next`");
        }
        let next = keys::read_key(&file, Passphrase::of(&hub.config)?.as_ref())?;
        let log = hub.own_log().await?;
        let size = heads::edge(&hub.db, &log).await?.size() + 1;
        let trust = trust::load(&hub.db).await?;
        let counts = |trusted: &domain::trust::TrustedKey| {
            trusted.key == next.public() && trusted.counts_at(log.epoch, size)
        };
        let is_announced = trust.standing(&log.hub) == Some(Standing::Trusted)
            && trust.keys(&log.hub).iter().any(counts);
        if !is_announced && !self.unannounced {
            bail!(
                "no authority that is followed here says that {} may sign size {size}; run `simpul sync --once` and try again",
                next.public()
            );
        }
        refuse_if_served(hub).await?;
        let rotated = hub.rotate_key(next).await?;
        output::say(format!("the hub signs with {} now", rotated.key.public()));
        output::say(format!(
            "the old key is kept in {}; tell the authority to run `simpul member close-key {} {}`",
            rotated.old_key_file.display(),
            log.hub,
            hub.key.public()
        ));
        Ok(())
    }
}
