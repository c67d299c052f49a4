//! The logs, for other hubs to pull and for anybody to prove (protocol section 6).

use std::sync::Arc;

use async_graphql::{Context, SimpleObject, Subscription};
use domain::identity::{self, LogId, RecordId};
use domain::log::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use futures_util::Stream;
use storage::Database;
use storage::logs::heads::{self, ProvedHead};
use storage::logs::left_out;
use storage::logs::read::{self, LogPage, PageBounds};

use crate::context::{ContextExt as _, Viewer};
use crate::paging::PageInfo;
use crate::scalars::{Base64, HubId, Long};
use crate::{ApiError, HubContext};

/// The most heads in one answer.
pub(crate) const MOST_HEADS: u32 = 500;
/// The most payloads in one request.
pub(crate) const MOST_PAYLOADS: u32 = 200;

/// The proved head of a log: how much of it this node holds and can prove.
#[derive(Clone, SimpleObject)]
#[graphql(serial)]
pub(crate) struct LogHead {
    /// The hub whose log it is.
    hub: HubId,
    /// Which of the hub's logs it is.
    epoch: Long,
    /// How many entries are held and proved.
    size: Long,
    /// The hub's signed checkpoint at this size (C2SP tlog-checkpoint).
    checkpoint: String,
}

impl From<ProvedHead> for LogHead {
    fn from(head: ProvedHead) -> Self {
        Self {
            hub: HubId(head.log.hub),
            epoch: Long(head.log.epoch.get()),
            size: Long(head.size),
            checkpoint: head.checkpoint,
        }
    }
}

/// A page of heads, in the order in which they changed here.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct LogHeadConnection {
    /// The heads with their cursors.
    edges: Vec<LogHeadEdge>,
    /// The heads.
    nodes: Vec<LogHead>,
    /// Where the page stands. The end cursor of an empty page is the cursor that was asked for.
    page_info: PageInfo,
}

/// A head in a list.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct LogHeadEdge {
    /// The head's place in the list of changes of this node's store.
    cursor: String,
    /// The head.
    node: LogHead,
}

/// An entry of a log: one revision of one record.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct LogEntry {
    /// The header, byte for byte as its hub wrote it.
    header: String,
    /// The payload, byte for byte; null when it was superseded or erased, or is not for the one who asks.
    payload: Option<String>,
}

/// A page of a log with the proof that it belongs there.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct EntryPage {
    /// The entries, in the log's order.
    entries: Vec<LogEntry>,
    /// The consistency proof (RFC 6962 section 2.1.2) from the size `from + entries` to the checkpoint's size.
    proof: Vec<Base64>,
    /// The hub's signed checkpoint to which the page leads.
    checkpoint: String,
}

/// A payload of a log.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct EntryPayload {
    /// The entry's place in the log, counted from 0.
    index: Long,
    /// The payload, byte for byte; null when it is not held here or not for the one who asks.
    payload: Option<String>,
}

/// One entry with everything that proves it, verifiable anywhere, offline.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Receipt {
    /// The entry's header, byte for byte.
    header: String,
    /// The entry's payload, byte for byte, if the record still has content here.
    payload: Option<String>,
    /// The entry's place in the log, counted from 0.
    index: Long,
    /// The inclusion proof (RFC 6962 section 2.1.1), from the leaf's sibling upwards.
    proof: Vec<Base64>,
    /// The hub's signed checkpoint under which the entry is proved.
    checkpoint: String,
    /// The key that this node trusts for the hub, as `ed25519:<base64>`. Compare it with one that you trust yourself.
    public_key: String,
}

impl From<domain::log::Receipt> for Receipt {
    fn from(receipt: domain::log::Receipt) -> Self {
        Self {
            header: receipt.header,
            payload: receipt.payload,
            index: Long(receipt.index),
            proof: receipt.proof.into_iter().map(Base64).collect(),
            checkpoint: receipt.checkpoint,
            public_key: receipt.public_key,
        }
    }
}

/// Lists heads by the commit that last changed them.
pub(crate) async fn heads(
    ctx: &Context<'_>,
    after: Option<String>,
    first: i32,
    hubs: Option<Vec<HubId>>,
) -> Result<LogHeadConnection, ApiError> {
    ctx.take_turn().await?;
    let first = bounded("first", first, MOST_HEADS)?;
    let parse = |raw: &String| {
        let position = raw.parse::<i64>().ok().and_then(|raw| raw.try_into().ok());
        position.ok_or_else(|| ApiError::invalid("after", "is not a cursor of this node's heads"))
    };
    let position: u64 = after.as_ref().map(parse).transpose()?.unwrap_or(0);
    // A cursor beyond the newest commit is of a database that was put back.
    let position = if position > *ctx.db().watch().borrow() {
        0
    } else {
        position
    };
    let hubs = hubs.map(|hubs| hubs.into_iter().map(|hub| hub.0).collect::<Vec<_>>());
    let read = heads::list_proved_after(ctx.db(), position, hubs.as_deref(), first);
    let (read, has_next_page) = read.await?;
    let end = read.last().map_or(position, |head| head.position);
    let edge = |head: ProvedHead| LogHeadEdge {
        cursor: head.position.to_string(),
        node: head.into(),
    };
    let edges: Vec<_> = read.into_iter().map(edge).collect();
    let nodes = edges.iter().map(|edge| edge.node.clone()).collect();
    Ok(LogHeadConnection {
        edges,
        nodes,
        page_info: PageInfo::changes(has_next_page, end),
    })
}

fn bounded(field: &'static str, given: i32, most: u32) -> Result<u32, ApiError> {
    let number = u32::try_from(given)
        .ok()
        .filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| {
        ApiError::invalid(field, format!("{given} is not a number from 1 to {most}"))
    })
}

fn log_id(db: &Database, hub: HubId, epoch: Long) -> Result<LogId, ApiError> {
    Ok(LogId {
        network: db.network().clone(),
        hub: hub.0,
        epoch: identity::Epoch::new(epoch.0).map_err(|error| ApiError::invalid("epoch", error))?,
    })
}

impl From<LogPage> for EntryPage {
    fn from(page: LogPage) -> Self {
        let entry = |entry: domain::log::RawEntry| LogEntry {
            header: entry.header,
            payload: entry.payload,
        };
        Self {
            entries: page.entries.into_iter().map(entry).collect(),
            proof: page
                .proof
                .iter()
                .map(|hash| Base64(hash.to_string()))
                .collect(),
            checkpoint: page.checkpoint,
        }
    }
}

/// How long a page of entries may be that is asked for.
pub(crate) fn page_bounds(
    first: Option<i32>,
    max_bytes: Option<i32>,
) -> Result<PageBounds, ApiError> {
    let (first, max_bytes) = (first.unwrap_or(500), max_bytes.unwrap_or(2_097_152));
    let most_entries = u32::try_from(MAX_PAGE_ENTRIES).expect("1000 fits");
    let most_bytes = u32::try_from(MAX_PAGE_BYTES).expect("4 MiB fits");
    Ok(PageBounds {
        entries: bounded("first", first, most_entries)?.into(),
        bytes: bounded("maxBytes", max_bytes, most_bytes)? as usize,
    })
}

/// Reads a page of a log.
pub(crate) async fn entries(
    ctx: &Context<'_>,
    hub: HubId,
    epoch: Long,
    from: Long,
    bounds: PageBounds,
) -> Result<EntryPage, ApiError> {
    ctx.take_turn().await?;
    let log = log_id(ctx.db(), hub, epoch)?;
    let sight = ctx.sight_on(&log.hub).await?;
    let page = read::page(ctx.db(), &log, from.0, bounds, sight).await?;
    let page = page.ok_or(ApiError::HubUnknown(log.hub))?;
    Ok(page.into())
}

/// Reads a page of a stretch that the next log of the hub that asks leaves out.
pub(crate) async fn left_out_entries(
    ctx: &Context<'_>,
    number: Long,
    from: Long,
    bounds: PageBounds,
) -> Result<Option<EntryPage>, ApiError> {
    ctx.take_turn().await?;
    let (Viewer::Hub(hub), Ok(number)) = (ctx.viewer(), i64::try_from(number.0)) else {
        return Ok(None);
    };
    let page = left_out::page(ctx.db(), hub, number, from.0, bounds).await?;
    Ok(page.map(EntryPage::from))
}

/// Reads payloads by their places.
pub(crate) async fn payloads(
    ctx: &Context<'_>,
    hub: HubId,
    epoch: Long,
    indexes: Vec<Long>,
) -> Result<Vec<EntryPayload>, ApiError> {
    ctx.take_turn().await?;
    if indexes.len() > MOST_PAYLOADS as usize {
        let reason = format!("has {} indexes; {MOST_PAYLOADS} are allowed", indexes.len());
        return Err(ApiError::invalid("indexes", reason));
    }
    let log = log_id(ctx.db(), hub, epoch)?;
    let places: Vec<u64> = indexes.iter().map(|index| index.0).collect();
    let sight = ctx.sight_on(&log.hub).await?;
    let held = read::payloads(ctx.db(), &log, &places, sight).await?;
    let held: std::collections::HashMap<u64, String> = held.into_iter().collect();
    let payload = |index: Long| EntryPayload {
        index,
        payload: held.get(&index.0).cloned(),
    };
    Ok(indexes.into_iter().map(payload).collect())
}

/// Proves a record's newest entry.
pub(crate) async fn receipt(
    ctx: &Context<'_>,
    hub: &identity::HubId,
    record: RecordId,
) -> Result<Option<Receipt>, ApiError> {
    let own: &HubContext = ctx.data_unchecked::<Arc<HubContext>>();
    let sight = ctx.sight_on(hub).await?;
    let Some(mut receipt) = storage::logs::receipt(&own.db, hub, record, sight).await? else {
        return Ok(None);
    };
    let key = crate::hubs::trusted_key(own, &receipt.checkpoint).await?;
    receipt.public_key = key.map(|key| key.to_string()).unwrap_or_default();
    Ok(Some(receipt.into()))
}

/// What can be followed.
pub(crate) struct Changes;

/// What can be followed.
#[Subscription(name = "Subscription")]
impl Changes {
    /// Tells of every head that changes here from now on: a hint to pull. Several changes of one log may come as one.
    async fn heads_changed(&self, ctx: &Context<'_>) -> impl Stream<Item = LogHead> {
        changes(ctx.db().clone())
    }
}

/// Tells of every head that changes from now on. Several changes of one log may come as one.
fn changes(db: Database) -> impl Stream<Item = LogHead> {
    let mut watch = db.watch();
    let seen = *watch.borrow_and_update();
    let state = (db, watch, seen, Vec::new().into_iter());
    futures_util::stream::unfold(state, |(db, mut watch, mut seen, mut ready)| async move {
        loop {
            if let Some(head) = ready.next() {
                return Some((LogHead::from(head), (db, watch, seen, ready)));
            }
            watch.changed().await.ok()?;
            let fresh = heads::list_proved_after(&db, seen, None, MOST_HEADS);
            let (fresh, _) = fresh.await.ok()?;
            seen = fresh.last().map_or(seen, |head| head.position);
            ready = fresh.into_iter();
        }
    })
}
