//! What the network's authority publishes of a member: which keys speak for it, at which sizes, and where it stands.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::TrustedKey;
use crate::catalog::{
    Endpoint, FormCheck, FormErrors, MemberStatus, Provenance, RegionCode, Title, Vocabulary as _,
    check_region,
};
use crate::identity::{Epoch, HubId};
use crate::log::PublicKey;
use crate::rules::Rule;

/// What is said of a member before it is checked: the JSON body of a `membership` entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MembershipDraft {
    /// The member's hub id; required.
    pub hub: String,
    /// The member's name, 3 to 200 characters; required.
    pub name: String,
    /// The code of its region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where it answers, at most 4 addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<String>,
    /// The keys that speak for it, 1 to 8.
    pub keys: Vec<MemberKeyDraft>,
    /// A code of [`MemberStatus`]; required.
    pub status: String,
}

/// A key before it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemberKeyDraft {
    /// The key, as `ed25519:<base64>`.
    pub key: String,
    /// The first checkpoint size that it may sign.
    pub from: u64,
    /// The log in which that size is meant; each log, if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_epoch: Option<u64>,
    /// The last size; left out while the key is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// The log in which that size is meant; each log, if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_epoch: Option<u64>,
}

/// A member of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Membership {
    /// The member.
    pub hub: HubId,
    /// Its name.
    pub name: Title,
    /// Its region.
    pub region: Option<RegionCode>,
    /// Where it answers.
    pub endpoints: Vec<Endpoint>,
    /// The keys that speak for it.
    pub keys: Vec<TrustedKey>,
    /// Where it stands.
    pub status: MemberStatus,
}

impl Membership {
    const MOST_ENDPOINTS: usize = 4;
    const KEYS: RangeInclusive<usize> = 1..=8;

    /// Parses what was typed at the authority.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds or not in their vocabulary.
    pub fn parse(draft: &MembershipDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft)
    }

    /// Reads what the authority published; a standing that only a newer version knows trusts nobody.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &MembershipDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft)
    }

    /// Whether this word lets the member do what another one does not: it is active here only, or a key may sign somewhere
    /// where it may not there.
    pub fn opens(&self, now: &Self) -> bool {
        let is_active = |word: &Self| word.status == MemberStatus::Active;
        let signs_more = |key: &TrustedKey| {
            let mut known = now.keys.iter().filter(|known| known.key == key.key);
            !known.any(|known| key.is_within(known))
        };
        is_active(self) && !is_active(now) || self.keys.iter().any(signs_more)
    }

    fn check(mut form: FormCheck, draft: &MembershipDraft) -> Result<Self, FormErrors> {
        let hub = form.required("hub", &draft.hub, HubId::parse);
        let name = form.required("name", &draft.name, Title::parse);
        let region = check_region(&mut form, "region", draft.region.as_deref());
        let endpoints = form.list(
            "endpoints",
            &draft.endpoints,
            Self::MOST_ENDPOINTS,
            |form, raw| form.take("", Endpoint::parse(raw)),
        );
        if draft.keys.len() < *Self::KEYS.start() {
            form.refuse("keys", "has no key; a member speaks with one at least");
        }
        let keys = form.list("keys", &draft.keys, *Self::KEYS.end(), check_key);
        let status = form.choice("status", &draft.status);
        form.finish(|| {
            Some(Self {
                hub: hub?,
                name: name?,
                region,
                endpoints,
                keys,
                status: status?,
            })
        })
    }
}

/// Chooses what counts of all that an authority says, given in the order of its log: of several records that name one hub
/// the last. Gives each hub once, by its id.
pub fn last_words<T>(said: impl IntoIterator<Item = T>, of: impl Fn(&T) -> &Membership) -> Vec<T> {
    let mut words = BTreeMap::new();
    for word in said {
        let hub = of(&word).hub.clone();
        if Rule::LastWordCounts.holds() || !words.contains_key(&hub) {
            words.insert(hub, word);
        }
    }
    words.into_values().collect()
}

fn check_key(form: &mut FormCheck, raw: &MemberKeyDraft) -> Option<TrustedKey> {
    let key = form.required("key", &raw.key, PublicKey::parse)?;
    let mut epoch = |field: &str, raw: Option<u64>| {
        let read = raw.map(Epoch::new).transpose();
        read.map_err(|error| form.refuse(field, error))
    };
    let from_epoch = epoch("fromEpoch", raw.from_epoch).ok()?;
    let until_epoch = epoch("untilEpoch", raw.until_epoch).ok()?;
    if until_epoch.is_some() && raw.until.is_none() {
        form.refuse("untilEpoch", "stands without `until`");
        return None;
    }
    let is_one_log = from_epoch.is_none() || until_epoch.is_none() || from_epoch == until_epoch;
    if let Some(until) = raw.until.filter(|until| is_one_log && *until < raw.from) {
        let from = raw.from;
        form.refuse(
            "until",
            format_args!("{until} is before {from}, where the key begins"),
        );
        return None;
    }
    if !is_one_log && from_epoch > until_epoch {
        form.refuse("untilEpoch", "is before the log in which the key begins");
        return None;
    }
    Some(TrustedKey {
        key,
        from: raw.from,
        from_epoch,
        until: raw.until,
        until_epoch,
    })
}

/// The hub that a body names, also one that breaks the rules otherwise.
pub fn named_in(body: &str) -> Option<HubId> {
    #[derive(Deserialize)]
    struct Named {
        hub: String,
    }
    let named: Named = serde_json::from_str(body).ok()?;
    HubId::parse(&named.hub).ok()
}

impl From<&Membership> for MembershipDraft {
    fn from(member: &Membership) -> Self {
        let key = |trusted: &TrustedKey| MemberKeyDraft {
            key: trusted.key.to_string(),
            from: trusted.from,
            from_epoch: trusted.from_epoch.map(Epoch::get),
            until: trusted.until,
            until_epoch: trusted.until_epoch.map(Epoch::get),
        };
        Self {
            hub: member.hub.to_string(),
            name: member.name.to_string(),
            region: member.region.map(|region| region.to_string()),
            endpoints: member.endpoints.iter().map(ToString::to_string).collect(),
            keys: member.keys.iter().map(key).collect(),
            status: member.status.code().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::SigningKey;

    fn draft() -> MembershipDraft {
        let key = SigningKey::from_seed(&[1; 32]).public().to_string();
        MembershipDraft {
            hub: "id-13".to_owned(),
            name: "Hub JIPP Sumatera Barat".to_owned(),
            region: Some("13".to_owned()),
            endpoints: vec!["https://jipp.example.go.id".to_owned()],
            keys: vec![MemberKeyDraft {
                key,
                from: 3,
                until: Some(9),
                until_epoch: Some(7),
                ..MemberKeyDraft::default()
            }],
            status: "ACTIVE".to_owned(),
        }
    }

    #[test]
    fn a_membership_is_written_as_it_is_read() {
        let member = Membership::parse(&draft()).unwrap();
        assert_eq!(MembershipDraft::from(&member), draft());
        let text = serde_json::to_string(&draft()).unwrap();
        let again: MembershipDraft = serde_json::from_str(&text).unwrap();
        assert_eq!(Membership::read(&again).unwrap(), member);
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let check = |change: fn(&mut MembershipDraft), expected: &[&str]| {
            let mut changed = draft();
            change(&mut changed);
            let error = Membership::parse(&changed).unwrap_err();
            let fields: Vec<_> = error.fields().iter().map(|fault| &fault.field).collect();
            assert_eq!(fields, expected);
        };
        check(|draft| draft.hub = "ID 13".to_owned(), &["hub"]);
        check(|draft| draft.keys.clear(), &["keys"]);
        check(|draft| draft.keys[0].key = "x".to_owned(), &["keys[0].key"]);
        check(|draft| draft.keys[0].until = Some(2), &["keys[0].until"]);
        check(|draft| draft.keys[0].until = None, &["keys[0].untilEpoch"]);
        check(
            |draft| draft.keys[0].from_epoch = Some(8),
            &["keys[0].untilEpoch"],
        );
        check(
            |draft| draft.keys[0].until_epoch = Some(u64::MAX),
            &["keys[0].untilEpoch"],
        );
        check(
            |draft| {
                draft.status = "GONE".to_owned();
                draft.name.clear();
            },
            &["name", "status"],
        );
    }

    #[test]
    fn of_several_words_on_a_hub_the_last_counts() {
        let check = |said: &[(&str, &str)], expected: &[(&str, &str)]| {
            let word = |(hub, name): &(&str, &str)| {
                let (hub, name) = (hub.to_string(), name.to_string());
                let draft = MembershipDraft {
                    hub,
                    name,
                    ..draft()
                };
                Membership::parse(&draft).unwrap()
            };
            let counting = last_words(said.iter().map(word), |member| member);
            assert_eq!(
                counting,
                expected.iter().map(word).collect::<Vec<_>>(),
                "{said:?}"
            );
        };
        check(&[], &[]);
        check(
            &[("id-35", "East"), ("id-13", "West")],
            &[("id-13", "West"), ("id-35", "East")],
        );
        check(
            &[("id-13", "First"), ("id-35", "East"), ("id-13", "Last")],
            &[("id-13", "Last"), ("id-35", "East")],
        );
    }

    #[test]
    fn a_word_opens_what_another_one_does_not_allow() {
        let check = |change: fn(&mut MembershipDraft), opens: bool, is_opened: bool| {
            let mut changed = draft();
            change(&mut changed);
            let [word, now] = [&changed, &draft()].map(|draft| Membership::parse(draft).unwrap());
            let found = (word.opens(&now), now.opens(&word));
            assert_eq!(found, (opens, is_opened), "{changed:?}");
        };
        check(|_| {}, false, false);
        check(
            |draft| draft.name = "Sumatera Barat".to_owned(),
            false,
            false,
        );
        check(|draft| draft.status = "REVOKED".to_owned(), false, true);
        check(|draft| draft.keys[0].until = Some(10), true, false);
        check(|draft| draft.keys[0].from = 2, true, false);
        // Of later logs something, and of earlier ones not all.
        check(|draft| draft.keys[0].until_epoch = None, true, true);
        check(
            |draft| {
                draft.keys[0].until = None;
                draft.keys[0].until_epoch = None;
            },
            true,
            false,
        );
        let second = |draft: &mut MembershipDraft| {
            let key = SigningKey::from_seed(&[2; 32]).public().to_string();
            draft.keys.push(MemberKeyDraft {
                key,
                ..MemberKeyDraft::default()
            });
        };
        check(second, true, false);
    }

    #[test]
    fn a_standing_of_a_newer_version_is_read_and_trusts_nobody() {
        let newer = MembershipDraft {
            status: "ON_PROBATION".to_owned(),
            ..draft()
        };
        assert_eq!(
            Membership::read(&newer).unwrap().status,
            MemberStatus::Other
        );
    }
}
