//! Who is a member of the network, as its authority says, and what this node makes of it.

use async_graphql::{Context, Enum, SimpleObject};
use domain::catalog::MemberStatus as Status;
use domain::trust::{self, TrustedKey};
use storage::{members, trust as trusted};

use crate::ApiError;
use crate::context::ContextExt as _;
use crate::regions::Region;
use crate::scalars::{HubId, Long, RegionCode};

/// Where a member stands, as the network's authority says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Status")]
pub(crate) enum MemberStatus {
    /// Its log is followed.
    Active,
    /// Its log is not followed for the time being.
    Suspended,
    /// Its log is not followed any more; what was published before stays.
    Revoked,
    /// A term that only a newer version of the authority knows; its log is not followed.
    Other,
}

/// What this node makes of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "trust::Standing")]
pub(crate) enum HubStanding {
    /// Its log is followed.
    Trusted,
    /// The authority suspended it.
    Suspended,
    /// The authority revoked it.
    Revoked,
    /// This node's operator denies it.
    Denied,
}

/// The members of the network.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Membership {
    /// The hub whose log says who is a member; null at a node that follows none and trusts pinned keys alone.
    authority: Option<HubId>,
    /// The members, by hub id.
    members: Vec<Member>,
}

/// A member of the network, as its authority's log has it.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Member {
    /// The member's hub id.
    hub_id: HubId,
    /// The member's name, in the authority's words.
    name: String,
    /// The code of its region.
    region_code: Option<RegionCode>,
    /// Its region; null also for a code of another edition of the reference data.
    region: Option<Region>,
    /// Where it answers.
    endpoints: Vec<String>,
    /// The keys that speak for it.
    keys: Vec<MemberKey>,
    /// Where it stands with the authority.
    status: MemberStatus,
    /// What this node makes of it: its operator may deny a member.
    standing: HubStanding,
}

/// A key that speaks for a member.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct MemberKey {
    /// The key, as `ed25519:<base64>`.
    key: String,
    /// The key's fingerprint, for comparing by telephone.
    fingerprint: String,
    /// The first size of the member's log whose checkpoint it may sign.
    #[graphql(name = "from")]
    first_size: Long,
    /// The last one; null while the key is in use.
    #[graphql(name = "until")]
    last_size: Option<Long>,
    /// The log in which `from` is meant; null if it is meant in each log.
    from_epoch: Option<Long>,
    /// The log in which `until` is meant; null if it is meant in each log.
    until_epoch: Option<Long>,
}

impl From<&TrustedKey> for MemberKey {
    fn from(trusted: &TrustedKey) -> Self {
        Self {
            key: trusted.key.to_string(),
            fingerprint: trusted.key.fingerprint(),
            first_size: Long(trusted.from),
            last_size: trusted.until.map(Long),
            from_epoch: trusted.from_epoch.map(|epoch| Long(epoch.get())),
            until_epoch: trusted.until_epoch.map(|epoch| Long(epoch.get())),
        }
    }
}

/// Reads who is a member.
pub(crate) async fn membership(ctx: &Context<'_>) -> Result<Membership, ApiError> {
    let db = ctx.db();
    let Some(authority) = trusted::authority(db).await? else {
        return Ok(Membership {
            authority: None,
            members: Vec::new(),
        });
    };
    let trust = trusted::load(db).await?;
    let member = |member: trust::Membership| Member {
        standing: trust
            .standing(&member.hub)
            .unwrap_or(trust::Standing::Trusted)
            .into(),
        name: member.name.to_string(),
        region_code: member.region.map(RegionCode),
        region: member.region.and_then(Region::find),
        endpoints: member.endpoints.iter().map(ToString::to_string).collect(),
        keys: member.keys.iter().map(MemberKey::from).collect(),
        status: member.status.into(),
        hub_id: HubId(member.hub),
    };
    let listed = members::list(db, &authority).await?;
    Ok(Membership {
        authority: Some(HubId(authority)),
        members: listed
            .into_iter()
            .map(|listed| member(listed.membership))
            .collect(),
    })
}
