//! Whom a memory believes: the authority's words, the operator's pins and denials, put together by [`Trust`].

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::entry::{Header, Operation, Payload};
use domain::identity::{HubId, RecordId};
use domain::log::PublicKey;
use domain::trust::{
    Membership, MembershipDraft, Trust, TrustSources, TrustedKey, last_words, named_in,
};

use super::{Memory, Place, Shown};

type Names = BTreeMap<(HubId, RecordId), HubId>;

/// Notes whom a record names, and forgets it when the record is deleted.
pub(super) fn note_name(
    names: &mut Arc<Names>,
    key: &(HubId, RecordId),
    header: &Header,
    payload: Option<&str>,
) {
    if !Memory::says_of_members(header) {
        return;
    }
    let body = payload.and_then(|text| Payload::parse(text).ok());
    if let Some(named) = body.and_then(|payload| named_in(payload.body())) {
        Arc::make_mut(names).insert(key.clone(), named);
    }
    if matches!(header.operation, Operation::Delete { .. }) {
        Arc::make_mut(names).remove(key);
    }
}

/// Reads a membership from a payload.
pub(crate) fn read_membership(payload: &str) -> Option<Membership> {
    let payload = Payload::parse(payload).ok()?;
    let draft: MembershipDraft = serde_json::from_str(payload.body()).ok()?;
    Membership::read(&draft).ok()
}

impl Memory {
    /// The trust of this moment.
    pub fn trust(&mut self, own_key: PublicKey) -> Trust {
        let hub = self.hub.clone();
        let mut trust = self.believed().clone();
        trust.add_own(hub, TrustedKey::always(own_key));
        trust
    }

    /// The same, without the hub's own key.
    pub(super) fn believed(&mut self) -> &Trust {
        if self.trust.is_none() {
            let trust = Trust::from_sources(self.network.clone(), self.sources());
            self.trust = Some(trust);
        }
        self.trust.as_ref().expect("it was just made")
    }

    fn sources(&self) -> TrustSources {
        let mut sources = TrustSources {
            authority: self.authority.clone(),
            is_word_whole: true,
            pins: self.pins.clone(),
            denied: self.denied.clone(),
            ..TrustSources::default()
        };
        if let Some(authority) = &self.authority {
            let logs = self.logs.iter().filter(|(id, _)| id.hub == *authority);
            sources.is_word_whole = logs.clone().all(|(_, log)| log.lacks_only_hidden());
            let names = self.names.iter().filter(|((hub, _), _)| hub == authority);
            sources.named = names.map(|(_, named)| named.clone()).collect();
            sources.members = last_words(self.memberships(authority), |member| member);
        }
        sources
    }

    /// What a hub says of members, in the order of its logs.
    fn memberships(&self, authority: &HubId) -> Vec<Membership> {
        let mut said = self.words_of(authority);
        said.sort_by_key(|(_, place, _)| *place);
        said.into_iter().map(|(_, _, word)| word).collect()
    }

    /// The records of a hub that speak of members, with where their words stand.
    pub(super) fn words_of(&self, hub: &HubId) -> Vec<(RecordId, Place, Membership)> {
        let speaks = |shown: &Shown| {
            let log = self.log_id(hub, shown.epoch.get());
            let entry = self.logs.get(&log).and_then(|log| log.entry(shown.place));
            let header = entry.and_then(|entry| entry.header.as_deref());
            header.is_some_and(Self::says_of_members)
        };
        let of_hub = self.shown.iter().filter(|((of, _), _)| of == hub);
        let words = of_hub.filter(|(_, shown)| speaks(shown));
        let read = |((_, record), shown): (&(HubId, RecordId), &Shown)| {
            let word = read_membership(&shown.payload)?;
            Some((*record, (shown.epoch, shown.place), word))
        };
        words.filter_map(read).collect()
    }

    /// What the authority says of members, each once.
    pub fn words(&self) -> Vec<Membership> {
        let said = self.authority.as_ref().map(|hub| self.memberships(hub));
        last_words(said.unwrap_or_default(), |member| member)
    }

    /// Lets the next rounds look at all heads again.
    pub(super) fn look_again(&mut self) {
        self.trust = None;
        self.trust_mark += 1;
        for peer in &mut self.peers {
            peer.heads_token = None;
            peer.trust_mark += 1;
        }
    }

    /// After what a hub says of members changed, or became whole.
    pub(super) fn note_change(&mut self, hub: &HubId) {
        if self.authority.as_ref() == Some(hub) {
            self.look_again();
        }
    }

    /// Takes nothing new of a hub.
    pub fn deny(&mut self, hub: HubId) {
        self.denied.insert(hub);
        self.trust = None;
        self.trust_mark += 1;
    }

    /// Takes a denial back.
    pub fn allow(&mut self, hub: &HubId) {
        self.denied.remove(hub);
        self.look_again();
    }

    /// Writes a key down.
    pub fn pin(&mut self, hub: HubId, key: TrustedKey) {
        self.pins.push((hub, key));
        self.look_again();
    }
}
