//! Of when figures are, and who is behind.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use domain::standing::Standing;
use tokio::sync::Mutex;

use crate::ApiError;
use crate::context::ContextExt as _;
use crate::replication::moment;
use crate::scalars::{DateTime, HubId, Long};

/// The most hubs that are listed.
const MOST_HUBS: usize = 1000;
/// For how long what was read of logs and peers is told again, in milliseconds.
const STANDS_MILLIS: i64 = 1000;

/// How the hub stood when it was last looked at.
#[derive(Default)]
pub(crate) struct StandingKept(Mutex<Option<Arc<Standing>>>);

impl StandingKept {
    /// How the hub stands, at most a second ago.
    pub(crate) async fn read(&self, ctx: &Context<'_>) -> Result<Arc<Standing>, ApiError> {
        let now = ctx.hub().clock.now();
        let millis = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
        let mut kept = self.0.lock().await;
        if let Some(standing) = &*kept
            && (0..STANDS_MILLIS).contains(&(millis - standing.at))
        {
            ctx.depends(|beside| beside.standing = Some(standing.at));
            return Ok(Arc::clone(standing));
        }
        ctx.depends(|beside| beside.standing = Some(millis));
        let standing = Arc::new(storage::standing::read(ctx.db(), now).await?);
        *kept = Some(Arc::clone(&standing));
        Ok(standing)
    }
}

pub(crate) struct StatisticsAsOf(pub(crate) storage::statistics::AsOf);

/// Of when figures are. They hold all that this node knew at that commit; a hub that is behind may have said more since.
#[Object(serial)]
impl StatisticsAsOf {
    /// The position of the commit of this node's store up to which everything is counted. Positions grow by one with each
    /// commit; they count for one store only.
    async fn position(&self) -> Long {
        Long(self.0.position)
    }

    /// When the figures were brought to that commit.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// The hubs of which more is known to exist than is held here, or not all can be read, at most 1000.
    async fn behind(&self, ctx: &Context<'_>) -> Result<Vec<HubBehind>, ApiError> {
        let standing = ctx.hub().statistics.standing.read(ctx).await?;
        let behind = standing.logs.iter().filter(|log| !log.is_in_sync());
        let told = behind.take(MOST_HUBS).map(|log| HubBehind {
            hub_id: HubId(log.log.hub.clone()),
            missing_entries: Long(log.lag()),
            missing_payloads: Long(log.missing),
            since: log.behind_since.map(moment),
        });
        Ok(told.collect())
    }

    /// The hubs that this node pulls and whose last rounds failed, at most 1000: what they said since is not counted.
    async fn unreached(&self, ctx: &Context<'_>) -> Result<Vec<HubUnreached>, ApiError> {
        let standing = ctx.hub().statistics.standing.read(ctx).await?;
        let failing = standing.peers.iter().filter(|peer| peer.is_failing());
        let told = failing.take(MOST_HUBS).map(|peer| HubUnreached {
            hub_id: HubId(peer.hub.clone()),
            last_success_at: peer.last_success_at.map(moment),
        });
        Ok(told.collect())
    }
}

/// A hub of which something is not counted yet.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct HubBehind {
    /// The hub.
    hub_id: HubId,
    /// How many entries were seen and are not held.
    missing_entries: Long,
    /// How many payloads are missing that this node may have.
    missing_payloads: Long,
    /// Since when entries have been seen that are not held; null when none are.
    since: Option<DateTime>,
}

/// A hub that could not be pulled.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct HubUnreached {
    /// The hub.
    hub_id: HubId,
    /// When a round with it last went through; null when none did.
    last_success_at: Option<DateTime>,
}
