//! Getting to know a hub: asking who answers at an address, and letting a person compare the fingerprint of its key.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::bail;
use domain::catalog::Title;
use domain::identity::HubId;
use domain::log::PublicKey;
use domain::standing::without_user_info;
use sync::peer::{Greeting, HttpPeer};
use sync::plan;

use crate::hub::Hub;
use crate::{output, tls};

/// A hub that answered, with the key that a person confirmed.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// Where it answers.
    pub url: String,
    /// The hub it says it is.
    pub hub: HubId,
    /// Its name, if it described itself.
    pub name: Option<String>,
    /// Its key.
    pub key: PublicKey,
}

/// Asks who answers at an address and has the fingerprint confirmed: by the one that was given, or by a person who looks on.
pub async fn introduce(
    ours: &Hub,
    url: &str,
    fingerprint: Option<&str>,
) -> anyhow::Result<Introduced> {
    let url = url.trim_end_matches('/');
    let greeting = HttpPeer::new(tls::client(&ours.config)?, url)?
        .introduce()
        .await?;
    let introduction = &greeting.introduction;
    if introduction.hub == *ours.db.hub() {
        bail!("{} is this hub itself", without_user_info(url));
    }
    plan::check_introduction(ours.db.network(), &introduction.hub, introduction)?;
    let [key] = parse_keys(&greeting)?[..] else {
        bail!(
            "{} states {} keys; pin the right one with `simpul pin add`",
            introduction.hub,
            greeting.public_keys.len()
        );
    };
    // Whoever answers there may say anything: a name must not draw a fingerprint of its own on the screen.
    let name = greeting.name.and_then(|name| Title::parse(&name).ok());
    let shown = name.as_ref().map_or("no name yet", Title::as_str);
    output::remark(format!("{} says of itself: {shown}", introduction.hub));
    output::remark(format!("key:         {key}"));
    output::remark(format!("fingerprint: {}", key.fingerprint()));
    if !is_confirmed(&key, fingerprint)? {
        bail!("nothing was changed; compare the fingerprint with the hub's operator by telephone");
    }
    Ok(Introduced {
        url: url.to_owned(),
        hub: greeting.introduction.hub,
        name: name.map(|name| name.to_string()),
        key,
    })
}

fn parse_keys(greeting: &Greeting) -> anyhow::Result<Vec<PublicKey>> {
    let keys = greeting.public_keys.iter();
    Ok(keys
        .map(|raw| PublicKey::parse(raw))
        .collect::<Result<_, _>>()?)
}

/// Compares with the fingerprint that was given, or asks.
pub fn is_confirmed(key: &PublicKey, fingerprint: Option<&str>) -> anyhow::Result<bool> {
    if let Some(expected) = fingerprint {
        if digits(expected) != digits(&key.fingerprint()) {
            bail!(
                "the fingerprint is not the one you gave, {expected}: this may not be the hub you mean"
            );
        }
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        bail!("nobody is here to confirm the fingerprint; give it with --fingerprint");
    }
    output::remark("Is this the fingerprint that its operator told you? Type yes:");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "yes" | "ya"))
}

fn digits(fingerprint: &str) -> String {
    let hex = fingerprint.chars().filter(char::is_ascii_hexdigit);
    hex.collect::<String>().to_lowercase()
}
