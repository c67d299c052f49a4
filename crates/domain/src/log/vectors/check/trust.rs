//! Members, and which key may sign.

use super::super::file::{Asked, KeyReading, MemberReading, MembershipText, TrustCase};
use super::super::made::SEEDS;
use super::{Difference, key_of, public_key, same};
use crate::catalog::MemberStatus;
use crate::identity::{Epoch, HubId, LogId, NetworkId};
use crate::log::{Checkpoint, Hash};
use crate::trust::{
    Membership, MembershipDraft, Standing, Trust, TrustSources, TrustedKey, last_words, named_in,
};

impl MembershipText {
    pub(super) fn check(&self) -> Difference {
        same("reading", &MemberReading::of(&self.body), &self.reads)
    }
}

/// Reads a body as a node does that pulled it.
fn read(body: &str) -> Option<Membership> {
    let draft: MembershipDraft = serde_json::from_str(body).ok()?;
    Membership::read(&draft).ok()
}

impl MemberReading {
    /// What a body says, if it keeps the rules.
    pub(in super::super) fn of(body: &str) -> Option<Self> {
        read(body).as_ref().map(Self::from)
    }
}

impl From<&Membership> for MemberReading {
    fn from(member: &Membership) -> Self {
        let key = |trusted: &TrustedKey| KeyReading {
            key: trusted.key.to_string(),
            from: trusted.from,
            from_epoch: trusted.from_epoch.map(Epoch::get),
            until: trusted.until,
            until_epoch: trusted.until_epoch.map(Epoch::get),
        };
        Self {
            hub: member.hub.to_string(),
            keys: member.keys.iter().map(key).collect(),
            status: status_of(member.status).to_owned(),
        }
    }
}

/// The status that counts, which for one of a newer version is another than its code.
fn status_of(status: MemberStatus) -> &'static str {
    match Standing::from(status) {
        Standing::Trusted => "ACTIVE",
        Standing::Suspended => "SUSPENDED",
        Standing::Revoked => "REVOKED",
        Standing::Denied => unreachable!("only an operator denies"),
    }
}

impl TrustCase {
    pub(super) fn check(&self) -> Difference {
        let trust = self.trust();
        for asked in &self.asked {
            let found = trust.open(&asked.checkpoint()).is_ok();
            let what = format!(
                "{} by {} at {}/{}",
                asked.hub, asked.key, asked.epoch, asked.size
            );
            same(&what, &found, &asked.may_sign)?;
        }
        Ok(())
    }

    fn trust(&self) -> Trust {
        let said = self.memberships.iter().filter_map(|body| read(body));
        let sources = TrustSources {
            authority: self.authority.as_deref().map(hub),
            members: last_words(said, |member| member),
            named: self
                .memberships
                .iter()
                .filter_map(|body| named_in(body))
                .collect(),
            is_word_whole: true,
            pins: self
                .pins
                .iter()
                .map(|pin| (hub(&pin.hub), TrustedKey::always(public_key(&pin.key))))
                .collect(),
            denied: self.denied.iter().map(|denied| hub(denied)).collect(),
        };
        Trust::from_sources(network(), sources)
    }
}

impl Asked {
    /// A checkpoint of the hub, signed by the key; the vectors' keys are those of the known seeds.
    fn checkpoint(&self) -> String {
        let keys = SEEDS.map(key_of);
        let signer = keys.iter().find(|key| key.public().to_string() == self.key);
        let log = LogId {
            network: network(),
            hub: hub(&self.hub),
            epoch: Epoch::new(self.epoch).unwrap(),
        };
        let (size, root) = (self.size, Hash::of_leaf(b"root"));
        let signed =
            Checkpoint { log, size, root }.sign(signer.expect("the key is that of a known seed"));
        signed.text().to_owned()
    }
}

fn network() -> NetworkId {
    NetworkId::parse("jipp").unwrap()
}

fn hub(text: &str) -> HubId {
    HubId::parse(text).unwrap()
}
