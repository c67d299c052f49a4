//! The roots of the schema, and building it.

use std::sync::Arc;

use async_graphql::{
    Context, ID, MergedObject, Object, SDLExportOptions, SchemaBuilder, ValidationMode,
};
use domain::catalog::Regions;
use storage::StorageError;

use crate::agencies::{self, Agency, AgencyConnection, AgencyFilterInput, AgencyInput};
use crate::as_of::AsOfQuery;
use crate::context::ContextExt as _;
use crate::guard::Limits;
use crate::holders::{self, RecordHolders};
use crate::hubs::{self, Hub, HubConnection};
use crate::ids::GlobalId;
use crate::importing::ImportMutation;
use crate::innovations::finding::SearchQuery;
use crate::innovations::input::{self, InnovationInput, WithdrawalReason, WrittenInnovation};
use crate::innovations::list::{
    self, InnovationConnection, InnovationFilterInput, InnovationOrder,
};
use crate::innovations::stale::StaleQuery;
use crate::innovations::{self, Innovation};
use crate::items::roots::{ItemsMutation, ItemsQuery};
use crate::loaders::{self, Records};
use crate::local::{LocalMutation, LocalQuery};
use crate::logs::{self, Changes, EntryPage, EntryPayload, LogHeadConnection, Receipt};
use crate::members::{self, Membership};
use crate::node::{self, Node};
use crate::paging::PageArgs;
use crate::regions::{Region, RegionLevel};
use crate::replication::{self, ReplicationStatus};
use crate::scalars::{HubId, Long, RegionCode};
use crate::served::Served;
use crate::statistics::StatisticsQuery;
use crate::{ApiError, HubContext};

/// The schema.
pub(crate) type Schema = async_graphql::Schema<Query, Mutation, Changes>;
/// What makes it.
pub(crate) type Builder = SchemaBuilder<Query, Mutation, Changes>;

/// The most ids in one request of `nodes`.
const MOST_NODES: usize = 100;

/// The schema, which the guard's bounds stand before; only those that depend on resolvers are its own.
fn schema() -> Builder {
    async_graphql::Schema::build(Query::default(), Mutation::default(), Changes)
        .enable_federation()
        .enable_subscription_in_federation()
        .with_sorted_fields()
        .with_sorted_enums()
        // The guard has validated every document, by more rules.
        .validation_mode(ValidationMode::Fast)
        .limit_directives(8)
}

/// Builds the schema of a hub.
pub fn serve(hub: HubContext, limits: &Limits) -> Served {
    let hub = Arc::new(hub);
    Served::of(schema, limits, |schema| {
        let records = loaders::records(hub.db.clone(), hub.search.clone());
        schema.data(records).data(Arc::clone(&hub))
    })
}

/// Builds the schema without a hub, which can tell of itself only: for tests.
pub fn without_hub() -> Served {
    Served::of(schema, &Limits::default(), |schema| schema)
}

/// Prints the whole schema, with what federation adds to it, for the guard to hold documents against.
pub fn whole_sdl() -> String {
    schema().finish().sdl()
}

/// Prints the schema as a federated subgraph (Apollo Federation 2), sorted.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .federation()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by();
    schema().finish().sdl_with_options(options)
}

pub(crate) fn shared(error: Arc<StorageError>) -> ApiError {
    match Arc::try_unwrap(error) {
        Ok(error) => error.into(),
        Err(shared) => ApiError::Shared(shared),
    }
}

pub(crate) async fn load_hub(
    ctx: &Context<'_>,
    id: &domain::identity::HubId,
) -> Result<Hub, ApiError> {
    let hub = ctx
        .data_unchecked::<Records>()
        .load_one(id.clone())
        .await
        .map_err(shared)?;
    Ok(hub.unwrap_or_else(|| Hub::new(id.clone(), None)))
}

/// A hub whose log is held here.
pub(crate) async fn find_hub(
    ctx: &Context<'_>,
    id: domain::identity::HubId,
) -> Result<Option<Hub>, ApiError> {
    ctx.data_unchecked::<Records>()
        .load_one(id)
        .await
        .map_err(shared)
}

/// What can be asked. An argument that may be left out is nullable and says what it then is: a variable without a value
/// counts as left out.
#[derive(Default, MergedObject)]
pub(crate) struct Query(
    AsOfQuery,
    CatalogQuery,
    SearchQuery,
    StaleQuery,
    StatisticsQuery,
    ItemsQuery,
    LocalQuery,
);

/// What can be asked of the network, its hubs, agencies and innovations.
#[derive(Default)]
struct CatalogQuery;

/// What can be asked of the network, its hubs, agencies and innovations.
#[Object(serial)]
impl CatalogQuery {
    /// Anything by its global id; null when it is not here.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
    ) -> Result<Option<Node>, ApiError> {
        node::find(ctx, "id", &id).await
    }

    /// Several things by their global ids, up to 100, in the order of the ids; null for each that is not here.
    #[graphql(complexity = "ids.len() * child_complexity")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, ApiError> {
        if ids.len() > MOST_NODES {
            return Err(ApiError::invalid(
                "ids",
                format!("has {} ids; {MOST_NODES} are allowed", ids.len()),
            ));
        }
        futures_util::future::try_join_all(ids.iter().map(|id| node::find(ctx, "ids", id))).await
    }

    /// A hub: the one that answers, or another by its id; null for one whose log is not held here.
    async fn hub(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The hub's id; left out, the hub that answers.")] id: Option<HubId>,
    ) -> Result<Option<Hub>, ApiError> {
        match id {
            Some(id) if id.0 != *ctx.db().hub() => find_hub(ctx, id.0).await,
            _ => load_hub(ctx, ctx.db().hub()).await.map(Some),
        }
    }

    /// The hubs whose logs are held here, in the order in which they became known.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn hubs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<HubConnection, ApiError> {
        hubs::list(ctx, first, after).await
    }

    /// Who is a member of the network, and with which keys.
    #[graphql(complexity = "100 + child_complexity")]
    async fn membership(&self, ctx: &Context<'_>) -> Result<Membership, ApiError> {
        members::membership(ctx).await
    }

    /// The regions of Indonesia, in the order of their codes: the provinces, or what lies in one of them.
    #[graphql(complexity = "50 * child_complexity")]
    async fn regions(
        &self,
        #[graphql(desc = "Only what lies directly in this region; left out, the provinces.")]
        parent: Option<RegionCode>,
        #[graphql(desc = "Only regions of this level, of all Indonesia when no parent is given.")]
        level: Option<RegionLevel>,
    ) -> Vec<Region> {
        let wanted = |region: &&'static domain::catalog::Region| match (&parent, level) {
            (None, None) => region.parent.is_none(),
            (None, Some(level)) => RegionLevel::from(region.level) == level,
            (Some(parent), None) => region.parent == Some(parent.0),
            (Some(parent), Some(level)) => {
                region.parent == Some(parent.0) && RegionLevel::from(region.level) == level
            }
        };
        Regions::get().iter().filter(wanted).map(Region).collect()
    }

    /// An agency by its global id; null when it is not here.
    async fn agency(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
    ) -> Result<Option<Agency>, ApiError> {
        agencies::load(ctx, GlobalId::agency("id", &id)?).await
    }

    /// Agencies by name.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn agencies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Which agencies are wanted.")] filter: Option<AgencyFilterInput>,
    ) -> Result<AgencyConnection, ApiError> {
        let args = PageArgs {
            first,
            after,
            ..PageArgs::default()
        };
        agencies::list(ctx, args, filter.unwrap_or_default().into()).await
    }

    /// An innovation by its global id; null when it is not here.
    async fn innovation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
    ) -> Result<Option<Innovation>, ApiError> {
        innovations::load_with_relations(ctx, GlobalId::innovation("id", &id)?).await
    }

    /// Innovations of all hubs, page by page, forward with `first` and `after` or backward with `last` and `before`.
    #[graphql(complexity = "crate::paging::complexity(first, last, child_complexity)")]
    #[expect(
        clippy::too_many_arguments,
        reason = "they are those of a Relay connection"
    )]
    async fn innovations(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many from the beginning, up to 100; 20 when neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, up to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which innovations are wanted.")] filter: Option<InnovationFilterInput>,
        #[graphql(desc = "The order; newest first when left out.")] order_by: Option<
            InnovationOrder,
        >,
    ) -> Result<InnovationConnection, ApiError> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        list::list(
            ctx,
            args,
            filter.unwrap_or_default().parse()?,
            order_by.unwrap_or_default(),
        )
        .await
    }

    /// The heads of the logs that this node holds and proves, in the order in which they last changed here.
    async fn heads(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only what changed since this cursor of this node's store.")]
        after: Option<String>,
        #[graphql(desc = "How many, up to 500; 200 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only the logs of these hubs.")] hubs: Option<Vec<HubId>>,
    ) -> Result<LogHeadConnection, ApiError> {
        logs::heads(ctx, after, first.unwrap_or(200), hubs).await
    }

    /// A page of a log, with the proof that leads to its hub's signed checkpoint.
    #[graphql(complexity = "100 + child_complexity")]
    async fn entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The hub whose log it is.")] hub: HubId,
        #[graphql(desc = "Which of its logs.")] epoch: Long,
        #[graphql(desc = "The place of the first entry, counted from 0.")] from: Long,
        #[graphql(desc = "How many entries, up to 1000; 500 when left out.")] first: Option<i32>,
        #[graphql(
            desc = "No further entry once so many bytes are together, up to 4194304; 2097152 when left out."
        )]
        max_bytes: Option<i32>,
    ) -> Result<EntryPage, ApiError> {
        let bounds = logs::page_bounds(first, max_bytes)?;
        logs::entries(ctx, hub, epoch, from, bounds).await
    }

    /// A page of what the next logs of the hub that asks leave out and this node still holds (`leftOut` of a node), from a
    /// place on; null for anybody else, and for what is not held.
    #[graphql(complexity = "100 + child_complexity")]
    async fn left_out_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The stretch's number.")] number: Long,
        #[graphql(desc = "The first entry's place in the log, counted from 0.")] from: Long,
        #[graphql(desc = "How many entries, up to 1000; 500 when left out.")] first: Option<i32>,
        #[graphql(
            desc = "No further entry once so many bytes are together, up to 4194304; 2097152 when left out."
        )]
        max_bytes: Option<i32>,
    ) -> Result<Option<EntryPage>, ApiError> {
        let bounds = logs::page_bounds(first, max_bytes)?;
        logs::left_out_entries(ctx, number, from, bounds).await
    }

    /// Payloads by their places in a log, up to 200, in the order of the indexes.
    #[graphql(complexity = "100 + child_complexity")]
    async fn payloads(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The hub whose log it is.")] hub: HubId,
        #[graphql(desc = "Which of its logs.")] epoch: Long,
        #[graphql(desc = "The entries' places, counted from 0.")] indexes: Vec<Long>,
    ) -> Result<Vec<EntryPayload>, ApiError> {
        logs::payloads(ctx, hub, epoch, indexes).await
    }

    /// Proves a record to anybody, offline; null for a record that is not held and proved here.
    async fn receipt(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record's global id.")] record: ID,
    ) -> Result<Option<Receipt>, ApiError> {
        let (hub, record) = GlobalId::record("record", &record)?;
        logs::receipt(ctx, &hub, record).await
    }

    /// Which of the hubs that are pulled showed that they hold a record's newest entry, an erasure among them; null for a
    /// record that was never here. For curators and operators.
    #[graphql(complexity = "100 + 20 * child_complexity")]
    async fn holders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record's global id.")] record: ID,
    ) -> Result<Option<RecordHolders>, ApiError> {
        holders::find(ctx, &record).await
    }

    /// Whether this node holds what the others hold, and if not, which logs are behind, why and since when.
    #[graphql(complexity = "100 + 20 * child_complexity")]
    async fn replication_status(&self, ctx: &Context<'_>) -> Result<ReplicationStatus, ApiError> {
        let standing = storage::standing::read(ctx.db(), ctx.hub().clock.now()).await?;
        Ok(replication::show(
            &standing,
            ctx.viewer(),
            ctx.hub().process,
        ))
    }

    /// Resolves a hub for a supergraph.
    #[graphql(entity)]
    async fn find_hub_by_id(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
    ) -> Result<Option<Hub>, ApiError> {
        match GlobalId::parse("id", &id)? {
            GlobalId::Hub(hub) => find_hub(ctx, hub).await,
            other => Err(ApiError::invalid(
                "id",
                format!("{other} is not a hub's id"),
            )),
        }
    }

    /// Resolves an agency for a supergraph.
    #[graphql(entity)]
    async fn find_agency_by_id(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
    ) -> Result<Option<Agency>, ApiError> {
        agencies::load(ctx, GlobalId::agency("id", &id)?).await
    }

    /// Resolves an innovation for a supergraph.
    #[graphql(entity)]
    async fn find_innovation_by_id(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
    ) -> Result<Option<Innovation>, ApiError> {
        innovations::load(ctx, GlobalId::innovation("id", &id)?).await
    }
}

/// What can be changed at this hub: in its own log, and what stays here. Needs an account with the role, or the operator's token.
#[derive(Default, MergedObject)]
pub(crate) struct Mutation(
    CatalogMutation,
    ImportMutation,
    ItemsMutation,
    LocalMutation,
);

/// What can be changed of agencies and innovations.
#[derive(Default)]
struct CatalogMutation;

/// What can be changed of agencies and innovations.
#[Object(serial)]
impl CatalogMutation {
    /// Registers an agency of this hub.
    async fn register_agency(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said of the agency.")] input: AgencyInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Agency, ApiError> {
        agencies::register(ctx, input, acknowledge).await
    }

    /// Publishes an innovation of this hub.
    async fn create_innovation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said of the innovation.")] input: InnovationInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<WrittenInnovation, ApiError> {
        input::create(ctx, input, acknowledge).await
    }

    /// Publishes a new revision of an innovation of this hub. The input replaces all that was said before. If it is for others
    /// from now on, what belongs to it is too: nothing of it is for more readers than it is, and its transitions and confirmations
    /// are for as many.
    async fn revise_innovation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(desc = "The revision that is replaced; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "What is said of the innovation from now on.")] input: InnovationInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<WrittenInnovation, ApiError> {
        input::revise(ctx, &id, revision, input, acknowledge).await
    }

    /// Takes an innovation of this hub back, everywhere, and with it this hub's transitions, confirmations, evidence and budgets of
    /// it. Gives its global id.
    async fn withdraw_innovation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(
            desc = "The revision that is taken back; CONFLICT if it is no longer the newest."
        )]
        revision: Long,
        #[graphql(desc = "Why; its owner took it back when left out.")] reason: Option<
            WithdrawalReason,
        >,
    ) -> Result<ID, ApiError> {
        input::withdraw(ctx, id, revision, reason.unwrap_or_default()).await
    }
}
