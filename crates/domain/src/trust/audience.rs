//! Who may see what is not public (docs/protocol.md, section 9).

use std::collections::BTreeSet;

use super::{Standing, Trust, TrustSources};
use crate::catalog::MemberStatus;
use crate::entry::Sight;
use crate::identity::HubId;

/// Who is in the network: whom the authority names as active, and itself; without one, whose keys are pinned.
pub(super) fn circle(sources: &TrustSources) -> BTreeSet<HubId> {
    let Some(authority) = &sources.authority else {
        return sources.pins.iter().map(|(hub, _)| hub.clone()).collect();
    };
    let active = sources
        .members
        .iter()
        .filter(|member| member.status == MemberStatus::Active);
    let mut circle: BTreeSet<HubId> = active.map(|member| member.hub.clone()).collect();
    circle.insert(authority.clone());
    circle
}

impl Trust {
    /// What another hub may see here of a hub's records: all of its own, and what is for the network if it is heard and in
    /// the network.
    pub fn sight_of(&self, viewer: &HubId, origin: &HubId) -> Sight {
        if self.standing(viewer) != Some(Standing::Trusted) {
            Sight::Public
        } else if viewer == origin {
            Sight::All
        } else {
            self.sight_of_others(viewer)
        }
    }

    /// What another hub may see here of the records of all hubs but itself.
    pub fn sight_of_others(&self, viewer: &HubId) -> Sight {
        let is_heard = self.standing(viewer) == Some(Standing::Trusted);
        if is_heard && self.circle.contains(viewer) {
            Sight::Network
        } else {
            Sight::Public
        }
    }

    /// What this node may keep of a hub's records: all of its own, and what is for the network if both are in it. The
    /// authority says of this node whether it is a member; without one, a hub is in the network whose key is pinned.
    pub fn sight_here(&self, us: &HubId, origin: &HubId) -> Sight {
        let in_question = if self.is_led { us } else { origin };
        if us == origin {
            Sight::All
        } else if self.circle.contains(in_question) {
            Sight::Network
        } else {
            Sight::Public
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Audience;
    use crate::identity::NetworkId;
    use crate::log::SigningKey;
    use crate::trust::{MemberKeyDraft, Membership, MembershipDraft, TrustedKey};

    fn hub(id: &str) -> HubId {
        HubId::parse(id).unwrap()
    }

    fn pins<const N: usize>(hubs: [&str; N]) -> Vec<(HubId, TrustedKey)> {
        let key = SigningKey::from_seed(&[1; 32]).public();
        hubs.map(|id| (hub(id), TrustedKey::always(key))).into()
    }

    fn member(id: &str, status: &str) -> Membership {
        let draft = MembershipDraft {
            hub: id.to_owned(),
            name: format!("Hub {id}"),
            keys: vec![MemberKeyDraft {
                key: SigningKey::from_seed(&[1; 32]).public().to_string(),
                ..MemberKeyDraft::default()
            }],
            status: status.to_owned(),
            ..MembershipDraft::default()
        };
        Membership::read(&draft).unwrap()
    }

    /// What the viewer sees of id-02, and what the node keeps of it that is id-01, as this trust has it.
    #[track_caller]
    fn check(sources: &TrustSources, viewer: &str, sees: Sight, keeps: Sight) {
        let trust = Trust::from_sources(NetworkId::parse("jipp").unwrap(), sources.clone());
        let found = (
            trust.sight_of(&hub(viewer), &hub("id-02")),
            trust.sight_here(&hub("id-01"), &hub("id-02")),
        );
        assert_eq!(found, (sees, keeps), "{viewer} by {sources:?}");
    }

    #[test]
    fn the_network_is_who_the_authority_names_or_else_who_is_pinned() {
        use Sight::{All, Network, Public};
        let mut sources = TrustSources {
            is_word_whole: true,
            pins: pins(["id-02", "id-03"]),
            ..TrustSources::default()
        };
        check(&sources, "id-03", Network, Network);
        check(&sources, "id-02", All, Network);
        check(&sources, "id-04", Public, Network);
        sources.denied = [hub("id-03"), hub("id-02")].into();
        check(&sources, "id-03", Public, Network);
        check(&sources, "id-02", Public, Network);
        sources.denied.clear();
        sources.pins = pins(["id-03"]);
        check(&sources, "id-03", Network, Public);

        // Led by an authority: pins open nothing any more.
        sources.authority = Some(hub("kl-panrb"));
        sources.pins = pins(["id-02", "id-03", "kl-panrb"]);
        check(&sources, "id-03", Public, Public);
        check(&sources, "id-02", All, Public);
        check(&sources, "kl-panrb", Network, Public);
        sources.members = vec![member("id-01", "ACTIVE"), member("id-03", "ACTIVE")];
        check(&sources, "id-03", Network, Network);
        for closed in ["SUSPENDED", "REVOKED", "LATER"] {
            sources.members = vec![member("id-01", closed), member("id-03", closed)];
            check(&sources, "id-03", Public, Public);
        }
        let us = hub("id-02");
        let trust = Trust::from_sources(NetworkId::parse("jipp").unwrap(), sources);
        assert_eq!(trust.sight_here(&us, &us), All);
    }

    #[test]
    fn each_sight_sees_its_audiences() {
        let later = Audience::Other("group:7".to_owned());
        let audiences = [Audience::Public, Audience::Network, later];
        for (sight, sees) in [
            (Sight::Public, [true, false, false]),
            (Sight::Network, [true, true, false]),
            (Sight::All, [true, true, true]),
        ] {
            assert_eq!(
                audiences.each_ref().map(|audience| sight.sees(audience)),
                sees
            );
        }
    }
}
