//! Of when figures are, and who is behind.
//!
//! Every count is read from the store after its operation began. So the commit that had to be shown then is in all of them:
//! whoever executes an operation puts [`Begun`] beside it if it asks for `asOf` ([`asks`]).

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use async_graphql::{Context, Data, Object, SimpleObject};
use domain::clock::Clock;
use domain::standing::Standing;
use storage::{Database, StorageError};
use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::ApiError;
use crate::context::ContextExt as _;
use crate::guard::Admitted;
use crate::replication::moment;
use crate::scalars::{DateTime, HubId, Long};

/// The most hubs that are listed.
const MOST_HUBS: usize = 1000;
/// For how long what was read of logs and peers is told again, in milliseconds.
const STANDS_MILLIS: i64 = 1000;
/// For how long an answer may tell it that is given again, in milliseconds: it says when it was looked at.
const TOLD_MILLIS: i64 = 10_000;

/// How the hub stood when it was last looked at.
#[derive(Default)]
pub(crate) struct StandingKept(Mutex<Option<(StandingMark, Arc<Standing>)>>);

/// By what it is known whether a hub stands as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingMark {
    /// When it was looked at, in Unix milliseconds.
    pub(crate) at: i64,
    /// The same as long as nothing is to be told that is new.
    pub(crate) digest: u64,
}

impl StandingMark {
    fn of(standing: &Standing) -> Self {
        let at = standing.at;
        let mut hasher = DefaultHasher::new();
        let timeless = Standing {
            // For how long a hub has been behind changes by itself.
            at: if standing.longest_behind() > 0 { at } else { 0 },
            ..standing.clone()
        };
        timeless.hash(&mut hasher);
        let digest = hasher.finish();
        Self { at, digest }
    }

    /// Whether what was told at this mark may still be told at another, later one.
    pub(crate) fn holds_at(self, now: Self) -> bool {
        self.digest == now.digest && (0..TOLD_MILLIS).contains(&(now.at - self.at))
    }
}

impl StandingKept {
    /// How the hub stands, at most a second ago.
    pub(crate) async fn read(&self, ctx: &Context<'_>) -> Result<Arc<Standing>, ApiError> {
        let (mark, standing) = self.look(ctx.db(), ctx.hub().clock.now()).await?;
        ctx.depends(|beside| beside.standing = Some(mark));
        Ok(standing)
    }

    /// The same, and its mark.
    pub(crate) async fn look(
        &self,
        db: &Database,
        now: OffsetDateTime,
    ) -> Result<(StandingMark, Arc<Standing>), StorageError> {
        let millis = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
        let mut kept = self.0.lock().await;
        if let Some(known) = &*kept
            && (0..STANDS_MILLIS).contains(&(millis - known.0.at))
        {
            return Ok(known.clone());
        }
        let standing = Arc::new(storage::standing::read(db, now).await?);
        let looked = (StandingMark::of(&standing), standing);
        *kept = Some(looked.clone());
        Ok(looked)
    }
}

/// The state of the store when an operation began.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    position: u64,
    at: OffsetDateTime,
}

impl Begun {
    /// Reads it and puts it beside an operation that asks for it. Without it the resolver reads it when it is its turn.
    pub async fn put(data: &mut Data, admitted: &Admitted, db: &Database, clock: &dyn Clock) {
        if asks(admitted)
            && let Ok(begun) = Self::read(db, clock).await
        {
            data.insert(begun);
        }
    }

    async fn read(db: &Database, clock: &dyn Clock) -> Result<Self, StorageError> {
        let at = clock.now();
        let position = db.shown_position().await?;
        Ok(Self { position, at })
    }
}

/// Whether an operation asks for it, as far as can be seen from without.
fn asks(admitted: &Admitted) -> bool {
    admitted
        .roots()
        .is_none_or(|mut roots| roots.any(|root| root == "asOf"))
}

/// The root field.
#[derive(Default)]
pub(crate) struct AsOfQuery;

#[Object(serial)]
impl AsOfQuery {
    /// As of when the lists and counts of this answer are, and which hubs are behind: for every `totalCount`, every
    /// `replicationCounts` and every number that no `asOf` of its own stands beside. They hold all that was committed here
    /// up to that position, and may hold more.
    async fn as_of(&self, ctx: &Context<'_>) -> Result<AsOf, ApiError> {
        let begun = match ctx.data_opt::<Begun>() {
            Some(begun) => *begun,
            None => Begun::read(ctx.db(), &*ctx.hub().clock).await?,
        };
        Ok(AsOf {
            position: begun.position,
            at: begun.at,
        })
    }
}

pub(crate) struct AsOf {
    pub(crate) position: u64,
    pub(crate) at: OffsetDateTime,
}

/// Of when figures are. They hold all that this node knew at that commit; a hub that is behind may have said more since.
#[Object(serial)]
impl AsOf {
    /// The position of the commit of this node's store up to which everything is counted. Positions grow by one with each
    /// commit; they count for one store only.
    async fn position(&self) -> Long {
        Long(self.position)
    }

    /// When the figures were at that commit.
    async fn at(&self) -> DateTime {
        DateTime(self.at)
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
