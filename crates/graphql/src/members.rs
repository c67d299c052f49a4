//! Who is a member of the network, as its authority says, and what this node makes of it.

use async_graphql::{Context, Enum, Object, SimpleObject};
use domain::catalog::MemberStatus as Status;
use domain::identity;
use domain::trust::{self, TrustedKey};
use storage::{members, trust as trusted};

use crate::ApiError;
use crate::context::ContextExt as _;
use crate::paging::{PageArgs, PageInfo};
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

pub(crate) struct Membership {
    authority: Option<identity::HubId>,
}

/// Who is a member of the network.
#[Object(serial)]
impl Membership {
    /// The hub whose log says who is a member; null at a node that follows none and trusts pinned keys alone.
    async fn authority(&self) -> Option<HubId> {
        self.authority.clone().map(HubId)
    }

    /// The members, by hub id; none at a node that follows no authority.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<MemberConnection, ApiError> {
        let args = PageArgs {
            first,
            after,
            ..PageArgs::default()
        };
        list(ctx, self.authority.as_ref(), &args).await
    }
}

/// A page of members.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct MemberConnection {
    /// The members with their cursors.
    edges: Vec<MemberEdge>,
    /// The members.
    nodes: Vec<Member>,
    /// Where the page stands.
    page_info: PageInfo,
    /// How many members there are in all.
    total_count: Long,
}

/// A member in a list.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct MemberEdge {
    /// The member's place in the list.
    cursor: String,
    /// The member.
    node: Member,
}

/// A member of the network, as its authority's log has it.
#[derive(Clone, SimpleObject)]
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
#[derive(Clone, SimpleObject)]
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

/// Reads whose word on members counts.
pub(crate) async fn membership(ctx: &Context<'_>) -> Result<Membership, ApiError> {
    Ok(Membership {
        authority: trusted::authority(ctx.db()).await?,
    })
}

/// Lists members, of which a network has dozens: all are read, and a page of them is given.
async fn list(
    ctx: &Context<'_>,
    authority: Option<&identity::HubId>,
    args: &PageArgs,
) -> Result<MemberConnection, ApiError> {
    let db = ctx.db();
    let request = args.parse(|raw| identity::HubId::parse(raw).ok())?;
    let listed = match authority {
        Some(authority) => members::list(db, authority).await?,
        None => Vec::new(),
    };
    let total_count = Long(listed.len() as u64);
    let listed = listed.into_iter().map(|listed| listed.membership);
    let read = listed.filter(|member| {
        request
            .after
            .as_ref()
            .is_none_or(|after| member.hub > *after)
    });
    let read = read.take(request.limit() as usize).collect();
    let (page, page_info) =
        request.finish(read, |member: &trust::Membership| member.hub.to_string());
    let trust = trusted::load(db).await?;
    let edge = |member: trust::Membership| MemberEdge {
        cursor: member.hub.to_string(),
        node: Member::of(member, &trust),
    };
    let edges: Vec<_> = page.into_iter().map(edge).collect();
    Ok(MemberConnection {
        nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
        edges,
        page_info,
        total_count,
    })
}

impl Member {
    fn of(member: trust::Membership, trust: &trust::Trust) -> Self {
        let standing = trust.standing(&member.hub);
        Self {
            standing: standing.unwrap_or(trust::Standing::Trusted).into(),
            name: member.name.to_string(),
            region_code: member.region.map(RegionCode),
            region: member.region.and_then(Region::find),
            endpoints: member.endpoints.iter().map(ToString::to_string).collect(),
            keys: member.keys.iter().map(MemberKey::from).collect(),
            status: member.status.into(),
            hub_id: HubId(member.hub),
        }
    }
}
