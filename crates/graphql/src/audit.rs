//! What was done at this hub, for its operators.
//!
//! - [`asking`] is who asks, from where, and what refused them: the one place where refusals of all operations are told.
//! - [`AuditQuery`] lists events and tells where their chain ends.
//!
//! What is done tells of itself: [`crate::context::ContextExt::deed`] says who, and `storage` writes it with the change.

pub(crate) mod asking;

use async_graphql::{Context, InputObject, Json, Object, SimpleObject};
use domain::role::Action;
use serde_json::Value;
use storage::audit::{self, Filter, Listed};

use crate::ApiError;
use crate::context::ContextExt as _;
use crate::paging::{PageArgs, PageInfo, bounded};
use crate::scalars::{DateTime, Long};
use crate::vocabulary::{AuditAction, AuditOutcome};

/// Something that was done at this hub, or tried.
#[derive(SimpleObject, Clone)]
#[graphql(serial)]
pub(crate) struct AuditEvent {
    /// The event's place in the chain, from 1.
    sequence: Long,
    /// When.
    at: DateTime,
    /// Who: `account:NAME`, `operator` (its token), `program:USER` (on the hub's machine), `hub:ID`, `self` or `anyone`.
    actor: String,
    /// The id of the account's token by which it was asked; null without one.
    token: Option<String>,
    /// What.
    action: AuditAction,
    /// With what, as kind and name: `account:siti.rahma`, `innovation:0198f2c4-…`.
    object: Option<String>,
    /// What became of it.
    outcome: AuditOutcome,
    /// Why not, by the code that was told; null for what was done.
    code: Option<String>,
    /// How often the same happened; more than 1 for refusals only.
    times: Long,
    /// The client's address; null for what was not asked over the network, and after the time for which addresses are kept.
    address: Option<String>,
    /// What was changed, as it was. Texts are not here: they stay in the hub's log, where they can be erased.
    before: Option<Json<Value>>,
    /// The same as it is since then.
    after: Option<Json<Value>>,
    /// The hash of the chain that ends with this event, as base64.
    hash: String,
}

impl From<Listed> for AuditEvent {
    fn from(listed: Listed) -> Self {
        let event = listed.event;
        Self {
            sequence: Long(event.sequence),
            at: DateTime(event.at),
            actor: event.actor,
            token: event.token.map(|token| token.to_string()),
            action: event.action.into(),
            object: event.object,
            outcome: event.outcome.into(),
            code: event.code,
            times: Long(event.times),
            address: listed.address,
            before: event.before.map(Json),
            after: event.after.map(Json),
            hash: listed.hash.to_string(),
        }
    }
}

/// A page of events, the newest first.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct AuditEventConnection {
    /// The events with their cursors.
    edges: Vec<AuditEventEdge>,
    /// The events.
    nodes: Vec<AuditEvent>,
    /// Where the page stands.
    page_info: PageInfo,
}

/// An event in a list.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct AuditEventEdge {
    /// The event's place in the list.
    cursor: String,
    /// The event.
    node: AuditEvent,
}

/// Where the chain of events ends. Who notes it elsewhere finds out later whether anything before was changed:
/// `simpul audit verify --head HASH`.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct AuditHead {
    /// How many events there were ever.
    sequence: Long,
    /// The hash of the last one with all before it, as base64.
    hash: String,
    /// Up to which event the oldest were removed, as the operator's settings say; 0 if none were.
    removed_up_to: Long,
}

/// Which events are wanted. All conditions must hold.
#[derive(InputObject, Default)]
pub(crate) struct AuditEventFilter {
    /// Only those of this actor, such as `account:siti.rahma`.
    actor: Option<String>,
    /// Only these actions.
    action: Option<Vec<AuditAction>>,
    /// Only those of which this became.
    outcome: Option<AuditOutcome>,
    /// Only those with this object, such as `account:siti.rahma`.
    object: Option<String>,
    /// Only those from this moment on.
    from: Option<DateTime>,
    /// Only those before this moment.
    to: Option<DateTime>,
}

impl AuditEventFilter {
    fn parse(self) -> Result<Filter, ApiError> {
        let actions = bounded("action", self.action)?;
        Ok(Filter {
            actor: self.actor,
            actions: actions.into_iter().map(|action| action.0).collect(),
            outcome: self.outcome.map(|outcome| outcome.0),
            object: self.object,
            from: self.from.map(|from| from.0),
            to: self.to.map(|to| to.0),
        })
    }
}

/// What can be asked of the audit.
#[derive(Default)]
pub(crate) struct AuditQuery;

/// What can be asked of the audit.
#[Object(serial)]
impl AuditQuery {
    /// What was done at this hub and by whom, the newest first: changes, signing in, and what was refused. For operators.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn audit_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Which events are wanted.")] filter: Option<AuditEventFilter>,
    ) -> Result<AuditEventConnection, ApiError> {
        ctx.viewer().require(Action::ReadAudit)?;
        let request = PageArgs::forward(first, after).parse(|raw| raw.parse::<u32>().ok())?;
        let filter = filter.unwrap_or_default().parse()?;
        let after = request.after.map(u64::from);
        let read = audit::list(ctx.db(), &filter, after, request.limit()).await?;
        let cursor = |listed: &Listed| listed.event.sequence.to_string();
        let (page, page_info) = request.finish(read, cursor);
        let edge = |listed: Listed| AuditEventEdge {
            cursor: cursor(&listed),
            node: listed.into(),
        };
        let edges: Vec<_> = page.into_iter().map(edge).collect();
        Ok(AuditEventConnection {
            nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
            edges,
            page_info,
        })
    }

    /// Where the chain of events ends at this moment. For operators.
    async fn audit_head(&self, ctx: &Context<'_>) -> Result<AuditHead, ApiError> {
        ctx.viewer().require(Action::ReadAudit)?;
        let ends = audit::ends(ctx.db()).await?;
        Ok(AuditHead {
            sequence: Long(ends.head.sequence),
            hash: ends.head.hash.to_string(),
            removed_up_to: Long(ends.cut.sequence),
        })
    }
}
