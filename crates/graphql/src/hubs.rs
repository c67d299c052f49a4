//! Hubs, this one and the others.

use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::{Context, ID, Object, SimpleObject, Value};
use domain::catalog::HubProfile;
use domain::identity::HubId;
use domain::log::{Frontier, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use storage::bodies::{self, Body, Content};
use storage::hubs;
use storage::logs::{heads, left_out};

use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::paging::{PageArgs, PageInfo};
use crate::regions::Region;
use crate::row::{AtHand as _, Row};
use crate::scalars::{Base64, DateTime, HubId as HubIdScalar, Long, PartialDate, RegionCode};
use crate::vocabulary::{HubKind, HubStatus};
use crate::{ApiError, HubContext};

/// The protocol versions that this program speaks.
const PROTOCOL_VERSIONS: [u32; 1] = [1];

#[derive(Clone)]
pub(crate) struct Hub {
    id: HubId,
    body: Option<Arc<Body>>,
}

impl Hub {
    pub(crate) fn new(id: HubId, body: Option<Arc<Body>>) -> Self {
        Self { id, body }
    }

    fn name_of(&self) -> Option<&str> {
        self.profile().map(|profile| profile.name.as_str())
    }

    fn profile(&self) -> Option<&HubProfile> {
        match &self.body.as_ref()?.content {
            Content::Hub(profile) => Some(profile),
            _ => None,
        }
    }
}

/// What lists show.
impl Row for Hub {
    const FIELDS: &'static [&'static str] = &["id", "hub_id", "name"];

    fn field(&self, nth: usize, field: &Field) -> Option<Value> {
        match Self::FIELDS[nth] {
            "id" => GlobalId::Hub(self.id.clone()).to_id().value(field),
            "hub_id" => HubIdScalar(self.id.clone()).value(field),
            "name" => self.name_of().value(field),
            _ => None,
        }
    }
}

/// A hub of the network ("Hub JIPP"): an agency that runs a node for its area or ministry. What it says of itself stands
/// in its own log; until that has arrived only its id is known.
#[Object(serial)]
impl Hub {
    /// The hub's global id.
    pub(crate) async fn id(&self) -> ID {
        GlobalId::Hub(self.id.clone()).to_id()
    }

    /// The hub's id for life in the network, for example `id-13`.
    async fn hub_id(&self) -> HubIdScalar {
        HubIdScalar(self.id.clone())
    }

    /// The name.
    async fn name(&self) -> Option<&str> {
        self.name_of()
    }

    /// For whom the hub runs the network.
    async fn kind(&self) -> Option<HubKind> {
        self.profile().map(|profile| profile.kind.into())
    }

    /// The code of the region for which it works.
    async fn region_code(&self) -> Option<RegionCode> {
        self.profile()?.region.map(RegionCode)
    }

    /// The region for which it works.
    async fn region(&self) -> Option<Region> {
        Region::find(self.profile()?.region?)
    }

    /// Where it answers, as it says itself.
    async fn endpoint(&self) -> Option<&str> {
        self.profile()?
            .endpoint
            .as_ref()
            .map(domain::catalog::Endpoint::as_str)
    }

    /// Its standing in the network.
    async fn status(&self) -> Option<HubStatus> {
        self.profile().map(|profile| profile.status.into())
    }

    /// The decree that names it, for example "Kepmen 359/2021".
    async fn decree(&self) -> Option<&str> {
        self.profile()?
            .decree
            .as_ref()
            .map(domain::catalog::Line::as_str)
    }

    /// When it joined the network.
    async fn joined_on(&self) -> Option<PartialDate> {
        self.profile()?.joined_on.map(PartialDate)
    }

    /// The office to turn to: a role and its mailbox, no person.
    async fn contact_office(&self) -> Option<&str> {
        self.profile()?
            .contact_office
            .as_ref()
            .map(domain::catalog::Line::as_str)
    }

    /// What only the answering node can say of itself; null for every other hub.
    async fn node(&self, ctx: &Context<'_>) -> Option<NodeInfo> {
        ctx.depends(|beside| beside.is_unsettled = true);
        (self.id == *ctx.db().hub()).then_some(NodeInfo)
    }
}

pub(crate) struct NodeInfo;

/// The node that answers: what a puller needs to know before it asks for more (protocol section 6).
#[Object(serial)]
impl NodeInfo {
    /// The network that the node belongs to. Nodes of different networks refuse one another.
    async fn network(&self, ctx: &Context<'_>) -> String {
        ctx.db().network().to_string()
    }

    /// The id of its store, made new at every creation and restore. Cursors of `heads` count for one store only.
    async fn store(&self, ctx: &Context<'_>) -> uuid::Uuid {
        ctx.db().store()
    }

    /// The versions of the log protocol that it speaks.
    async fn protocol_versions(&self) -> Vec<u32> {
        PROTOCOL_VERSIONS.to_vec()
    }

    /// The keys with which the hub signs its log, as `ed25519:<base64>`. Compare the fingerprint before trusting one.
    async fn public_keys(&self, ctx: &Context<'_>) -> Vec<String> {
        let hub = ctx.data_unchecked::<Arc<HubContext>>();
        hub.key.iter().map(|key| key.public().to_string()).collect()
    }

    /// A hash over all heads that it holds: SHA-256, in base64, of the line `origin size root` of each, sorted. Equal
    /// tokens mean equal heads.
    async fn heads_token(&self, ctx: &Context<'_>) -> Result<String, ApiError> {
        Ok(heads::token(ctx.db()).await?)
    }

    /// The bounds that it holds.
    async fn limits(&self) -> Limits {
        Limits {
            entries_per_page: u32::try_from(MAX_PAGE_ENTRIES).expect("1000 fits"),
            bytes_per_page: u32::try_from(MAX_PAGE_BYTES).expect("4 MiB fits"),
            heads_per_page: crate::logs::MOST_HEADS,
            payloads_per_request: crate::logs::MOST_PAYLOADS,
            items_per_page: crate::paging::MOST_PER_PAGE,
        }
    }

    /// What this node keeps of a hub's logs that the hub's next logs leave out, the newest first: the hub may fetch it with
    /// `leftOutEntries`, and looks each time whether there is any.
    async fn left_out(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The hub that wrote it.")] hub: HubIdScalar,
    ) -> Result<Vec<LeftOut>, ApiError> {
        let mut stated = Vec::new();
        for kept in left_out::list(ctx.db(), &hub.0).await? {
            // What cannot be proved is not stated, so that all else still is.
            if let Some(before) = left_out::before(ctx.db(), &kept).await? {
                stated.push(LeftOut::new(kept, &before));
            } else {
                tracing::warn!(
                    number = kept.id,
                    "the tree of what a next log leaves out is not whole"
                );
            }
        }
        Ok(stated)
    }

    /// The node's clock, for telling how far two clocks are apart.
    async fn now(&self, ctx: &Context<'_>) -> DateTime {
        DateTime(ctx.hub().clock.now())
    }

    /// The program and its version.
    async fn software(&self, ctx: &Context<'_>) -> String {
        ctx.hub().software.clone()
    }
}

/// A stretch of a log that its hub's next log leaves out, as this node holds it and can prove it.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct LeftOut {
    /// The stretch's number at this node.
    number: Long,
    /// The place of its first entry, counted from 0.
    from: Long,
    /// The roots of the perfect subtrees of the log before it, the largest first: one for each bit that is set in `from` (RFC
    /// 6962 section 2.1). What the hub holds there may be another history.
    before: Vec<Base64>,
    /// The hub's signed checkpoint over the log with the stretch (C2SP tlog-checkpoint).
    checkpoint: String,
}

impl LeftOut {
    fn new(kept: left_out::LeftOut, before: &Frontier) -> Self {
        let number = u64::try_from(kept.id).expect("rows are counted from 1");
        let roots = before.roots().iter().map(|root| Base64(root.to_string()));
        Self {
            number: Long(number),
            from: Long(before.size()),
            before: roots.collect(),
            checkpoint: kept.checkpoint,
        }
    }
}

/// The bounds of one request.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Limits {
    /// Entries in one answer of `entries`.
    entries_per_page: u32,
    /// Bytes of headers and payloads after which an answer of `entries` stops.
    bytes_per_page: u32,
    /// Heads in one answer of `heads`.
    heads_per_page: u32,
    /// Indexes in one request of `payloads`.
    payloads_per_request: u32,
    /// Items in one page of a catalog's list.
    items_per_page: u32,
}

/// A page of hubs.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct HubConnection {
    /// The hubs with their cursors.
    edges: Vec<HubEdge>,
    /// The hubs.
    nodes: Vec<Hub>,
    /// Where the page stands.
    page_info: PageInfo,
    /// How many hubs there are in all.
    total_count: Long,
}

/// A hub in a list.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct HubEdge {
    /// The hub's place in the list.
    cursor: String,
    /// The hub.
    node: Hub,
}

/// Lists the hubs whose logs are held, in the order in which they became known.
pub(crate) async fn list(
    ctx: &Context<'_>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<HubConnection, ApiError> {
    let args = PageArgs {
        first,
        after,
        ..PageArgs::default()
    };
    let request = args.parse(|raw| raw.parse::<i64>().ok())?;
    let read = hubs::list(ctx.db(), request.after, request.limit()).await?;
    let (page, page_info) = request.finish(read, |hub| hub.key.to_string());
    let read = bodies::load(ctx.db(), page.iter().map(|hub| hub.entry)).await?;
    let edge = |(hub, body): (hubs::Hub, Option<_>)| HubEdge {
        cursor: hub.key.to_string(),
        node: Hub::new(hub.id, body),
    };
    let edges: Vec<_> = page.into_iter().zip(read).map(edge).collect();
    let total_count = Long(hubs::count(ctx.db()).await?);
    Ok(HubConnection {
        nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
        edges,
        page_info,
        total_count,
    })
}

/// The key that this node trusts for a checkpoint, its own among them.
pub(crate) async fn trusted_key(
    hub: &HubContext,
    checkpoint: &str,
) -> Result<Option<domain::log::PublicKey>, ApiError> {
    let trust = match &hub.key {
        Some(key) => storage::trust::load_with(&hub.db, key.public()).await?,
        None => storage::trust::load(&hub.db).await?,
    };
    Ok(trust.key_of(checkpoint))
}
