//! `simpul verify-receipt`

use std::path::PathBuf;

use anyhow::Context as _;
use domain::entry::Operation;
use domain::log::{PublicKey, Receipt, VerifiedReceipt};
use serde_json::json;

use crate::cli::{Common, Outcome};
use crate::config::Flags;
use crate::hub::Hub;
use crate::output;

/// Verify a receipt, without any network
#[derive(Debug, clap::Args)]
pub struct VerifyReceipt {
    /// The receipt's file
    file: PathBuf,
    /// The hub's key, as you know it; left out, the key that this hub trusts, or the receipt's own
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

/// Where the key came from: what the proof is worth hangs on it.
#[derive(Clone, Copy)]
enum Source {
    Given,
    Trusted,
    ReceiptItself,
}

impl VerifyReceipt {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let text = std::fs::read_to_string(&self.file)
            .with_context(|| format!("{} cannot be read", self.file.display()))?;
        let receipt: Receipt = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a receipt", self.file.display()))?;
        let (key, source) = self.key(&receipt, common).await?;
        match receipt.verify(&key) {
            Ok(verified) => report(common, &receipt, &verified, &key, source),
            Err(error) => {
                output::say(format!("NOT PROVED: {error}"));
                Ok(Outcome::Amiss)
            }
        }
    }

    async fn key(&self, receipt: &Receipt, common: &Common) -> anyhow::Result<(PublicKey, Source)> {
        if let Some(key) = &self.key {
            return Ok((PublicKey::parse(key)?, Source::Given));
        }
        if common.config.is_file() {
            let hub = Hub::open(common.read_config(Flags::default())?).await?;
            let trusted = hub.trust().await?.key_of(&receipt.checkpoint);
            hub.close().await?;
            if let Some(key) = trusted {
                return Ok((key, Source::Trusted));
            }
        }
        let own = PublicKey::parse(&receipt.public_key);
        Ok((
            own.context("the receipt names no key; give the hub's with --key")?,
            Source::ReceiptItself,
        ))
    }
}

fn report(
    common: &Common,
    receipt: &Receipt,
    verified: &VerifiedReceipt,
    key: &PublicKey,
    source: Source,
) -> anyhow::Result<Outcome> {
    let VerifiedReceipt { checkpoint, header } = verified;
    let worth = match source {
        Source::Given => "the key you gave",
        Source::Trusted => "the key that this hub trusts",
        Source::ReceiptItself => {
            "the receipt's own key; compare its fingerprint with the hub's operator"
        }
    };
    if common.json {
        output::json(&json!({
            "proved": true,
            "log": checkpoint.log().to_string(),
            "index": receipt.index,
            "size": checkpoint.size(),
            "record": header.record,
            "revision": header.revision,
            "key": key.to_string(),
            "fingerprint": key.fingerprint(),
            "keyFrom": worth,
        }))?;
        return Ok(Outcome::Well);
    }
    let what = match (&header.operation, &receipt.payload) {
        (Operation::Put { .. }, Some(_)) => "with the content that stands in the receipt",
        (Operation::Put { .. }, None) => "its content is not in the receipt",
        (Operation::Delete { .. }, _) => "and says that the record is gone",
    };
    output::say(format!(
        "PROVED: revision {} of {} {} is entry {} of {}, {what}",
        header.revision,
        header.kind.as_str(),
        header.record,
        receipt.index,
        checkpoint.log()
    ));
    output::say(format!(
        "  the log had {} entries when its hub signed it",
        checkpoint.size()
    ));
    output::say(format!("  signed with {key}"));
    output::say(format!("  fingerprint {} ({worth})", key.fingerprint()));
    Ok(Outcome::Well)
}
