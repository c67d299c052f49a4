//! Which hubs have a record's newest entry, for the operator who must know that an erasure arrived.

use async_graphql::{Context, ID, SimpleObject};
use domain::holding::{Holding, PeerHolding};
use domain::role::Action;

use crate::ApiError;
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::replication::moment;
use crate::scalars::{DateTime, HubId, Long};

/// Which of the hubs that are pulled showed that they hold a record's newest entry. A hub that holds an entry of an erasure
/// has dropped what the record said, if it runs this program unchanged.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct RecordHolders {
    /// The record's global id.
    record: ID,
    /// The record's newest revision, which may be its erasure.
    revision: Long,
    /// The size of its log that holds it.
    needed_size: Long,
    /// Whether every hub that is pulled confirmed it.
    is_everywhere: bool,
    /// The answer in sentences for people.
    summary: Vec<String>,
    /// The hubs that are pulled, in the order in which they were added, at most 1000.
    peers: Vec<RecordHolder>,
}

/// How far a hub that is pulled showed that it holds a record's log.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct RecordHolder {
    /// The hub.
    hub: HubId,
    /// The size of the log that it last showed, 0 if none.
    size: Long,
    /// When that size was first seen there; null if none was.
    seen_at: Option<DateTime>,
    /// Whether it holds the record's newest entry.
    is_confirmed: bool,
}

/// Finds them.
pub(crate) async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<RecordHolders>, ApiError> {
    ctx.viewer().require(Action::ReadReplication)?;
    let (hub, record) = GlobalId::record("record", id)?;
    let found = storage::holders::find(ctx.db(), &hub, record).await?;
    Ok(found.map(|holding| show(&holding, id)))
}

fn show(holding: &Holding, id: &ID) -> RecordHolders {
    let holder = |peer: &PeerHolding| RecordHolder {
        hub: HubId(peer.hub.clone()),
        size: Long(peer.size),
        seen_at: peer.seen_at.map(moment),
        is_confirmed: holding.is_confirmed_by(peer),
    };
    RecordHolders {
        record: id.clone(),
        revision: Long(holding.newest.revision),
        needed_size: Long(holding.newest.needed()),
        is_everywhere: holding.is_everywhere(),
        summary: holding.sentences(id),
        peers: holding.peers.iter().map(holder).collect(),
    }
}
