//! Agencies.

use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject, Value};
use domain::catalog::{self, AgencyDraft, personal_data_in};
use domain::entry::{Audience, Change, EntryDraft, Kind, Sight};
use domain::identity::{HubId, RecordId, RecordRef};
use domain::log::SigningKey;
use domain::role::Action;
use storage::StorageError;
use storage::agencies::{self, AgencyFilter, AgencyRef};
use storage::bodies::{self, Body, Content};
use storage::items::Role;
use storage::local::{self, Local};
use storage::logs::EntryKey;
use storage::logs::desk::Author;

use crate::context::ContextExt as _;
use crate::hubs::Hub;
use crate::ids::GlobalId;
use crate::items;
use crate::items::progress::ServiceUnit;
use crate::loaders::{AgencyKey, Records};
use crate::paging::{PageArgs, PageInfo, bounded};
use crate::regions::Region;
use crate::row::{AtHand as _, Row};
use crate::scalars::{DateTime, HubId as HubIdScalar, Long, RegionCode};
use crate::vocabulary::{AgencyKind, RecordAudience};
use crate::{ApiError, HubContext};

#[derive(Clone)]
pub(crate) struct Agency {
    hub: HubId,
    record: RecordId,
    body: Arc<Body>,
}

impl Agency {
    /// Shows an agency, if the body is one's.
    pub(crate) fn new(hub: HubId, record: RecordId, body: Arc<Body>) -> Option<Self> {
        matches!(body.content, Content::Agency(_)).then_some(Self { hub, record, body })
    }

    pub(crate) fn region_of(&self) -> Option<catalog::RegionCode> {
        self.agency().region
    }

    fn global_id(&self) -> ID {
        GlobalId::Agency(self.hub.clone(), self.record).to_id()
    }

    fn reference(&self) -> RecordRef {
        let (hub, record) = (self.hub.clone(), self.record);
        RecordRef { hub, record }
    }

    fn agency(&self) -> &catalog::Agency {
        match &self.body.content {
            Content::Agency(agency) => agency,
            _ => unreachable!("new takes agencies only"),
        }
    }
}

/// What lists show.
impl Row for Agency {
    const FIELDS: &'static [&'static str] = &["id", "name", "region_code"];

    fn field(&self, nth: usize, field: &Field) -> Option<Value> {
        match Self::FIELDS[nth] {
            "id" => self.global_id().value(field),
            "name" => self.agency().name.as_str().value(field),
            "region_code" => self.region_of().map(RegionCode).value(field),
            _ => None,
        }
    }
}

/// An agency that owns innovations ("instansi, perangkat daerah, K/L"). It belongs to exactly one hub.
#[Object(serial)]
impl Agency {
    /// The agency's global id.
    pub(crate) async fn id(&self) -> ID {
        self.global_id()
    }

    /// The revision of the record that is shown.
    async fn revision(&self) -> Long {
        Long(self.body.revision)
    }

    /// When that revision was written, by its hub's clock.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.body.at)
    }

    /// The name.
    async fn name(&self) -> &str {
        self.agency().name.as_str()
    }

    /// The name in short.
    async fn short_name(&self) -> Option<&str> {
        self.agency().short_name.as_ref().map(catalog::Line::as_str)
    }

    /// What sort of agency it is.
    async fn kind(&self) -> AgencyKind {
        self.agency().kind.into()
    }

    /// The code of the region that it serves.
    async fn region_code(&self) -> Option<RegionCode> {
        self.agency().region.map(RegionCode)
    }

    /// The region that it serves; null also for a code of another edition of the reference data.
    async fn region(&self) -> Option<Region> {
        Region::find(self.agency().region?)
    }

    /// Who may see it.
    async fn audience(&self) -> RecordAudience {
        (&self.body.audience).into()
    }

    /// Its web site.
    async fn website(&self) -> Option<&str> {
        self.agency().website.as_ref().map(catalog::WebUrl::as_str)
    }

    /// The agency that it is a part of; null also while that has not arrived here.
    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<Agency>, ApiError> {
        let Some(parent) = self.agency().parent else {
            return Ok(None);
        };
        load(ctx, (self.hub.clone(), parent)).await
    }

    /// The service units that it runs, the newest first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn service_units(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<ServiceUnit>, ApiError> {
        items::related(ctx, Role::Agency, &self.reference(), first).await
    }

    /// The hub that it belongs to.
    async fn hub(&self, ctx: &Context<'_>) -> Result<Hub, ApiError> {
        crate::root::load_hub(ctx, &self.hub).await
    }
}

/// Reads one agency together with others that are asked for at the same time.
pub(crate) async fn load(
    ctx: &Context<'_>,
    key: (HubId, RecordId),
) -> Result<Option<Agency>, ApiError> {
    let sight = ctx.sight_on(&key.0).await?;
    ctx.data_unchecked::<Records>()
        .load_one(AgencyKey((sight, key)))
        .await
        .map_err(crate::root::shared)
}

/// Which agencies are wanted; conditions that are given must all hold.
#[derive(Clone, Default, InputObject)]
pub(crate) struct AgencyFilterInput {
    /// Only agencies of this hub.
    hub: Option<HubIdScalar>,
    /// Only agencies of this region and the regions within it.
    region: Option<RegionCode>,
    /// Only agencies whose names hold words that begin with each of these words.
    name_words: Option<String>,
}

impl From<AgencyFilterInput> for AgencyFilter {
    fn from(input: AgencyFilterInput) -> Self {
        Self {
            hub: input.hub.map(|hub| hub.0),
            region: input.region.map(|region| region.0),
            words: input.name_words,
            sight: Sight::Public,
        }
    }
}

/// A page of agencies, ordered by name.
#[derive(SimpleObject)]
#[graphql(complex, serial)]
pub(crate) struct AgencyConnection {
    /// The agencies with their cursors.
    edges: Vec<AgencyEdge>,
    /// The agencies.
    nodes: Vec<Agency>,
    /// Where the page stands.
    page_info: PageInfo,
    #[graphql(skip)]
    filter: AgencyFilter,
}

#[ComplexObject]
impl AgencyConnection {
    /// How many agencies the filter finds in all.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<Long, ApiError> {
        Ok(Long(agencies::count(ctx.db(), &self.filter).await?))
    }
}

/// An agency in a list.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct AgencyEdge {
    /// The agency's place in the list.
    cursor: String,
    /// The agency.
    node: Agency,
}

/// Lists agencies by name.
pub(crate) async fn list(
    ctx: &Context<'_>,
    args: PageArgs,
    mut filter: AgencyFilter,
) -> Result<AgencyConnection, ApiError> {
    filter.sight = ctx.sight().await?;
    let request = args.parse(read_cursor)?;
    let read = agencies::list(ctx.db(), &filter, request.after.clone(), request.limit()).await?;
    let (page, page_info) = request.finish(read, write_cursor);
    let read = bodies::load(ctx.db(), page.iter().map(|place| Some(place.entry))).await?;
    let edge = |(place, body): (AgencyRef, Option<_>)| {
        let cursor = write_cursor(&place);
        Some(AgencyEdge {
            cursor,
            node: Agency::new(place.hub, place.record, body?)?,
        })
    };
    let edges: Vec<_> = page.into_iter().zip(read).filter_map(edge).collect();
    Ok(AgencyConnection {
        nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
        edges,
        page_info,
        filter,
    })
}

fn write_cursor(place: &AgencyRef) -> String {
    format!("{}:{}", place.key.get(), place.name_folded)
}

fn read_cursor(raw: &str) -> Option<(String, EntryKey)> {
    let (key, name) = raw.split_once(':')?;
    if name.contains(char::is_control) {
        return None;
    }
    Some((name.to_owned(), EntryKey::from(key.parse::<i64>().ok()?)))
}

/// What is said of an agency.
#[derive(InputObject)]
pub(crate) struct AgencyInput {
    /// The name, 3 to 200 characters.
    name: String,
    /// The name in short, up to 60 characters.
    short_name: Option<String>,
    /// What sort of agency it is.
    kind: AgencyKind,
    /// The global id of the agency that it is a part of, of this hub.
    parent: Option<ID>,
    /// The region that it serves.
    region: Option<RegionCode>,
    /// Its web site.
    website: Option<String>,
    /// Who may see it; everybody when left out.
    audience: Option<RecordAudience>,
}

impl AgencyInput {
    fn draft(self, hub: &HubId) -> Result<AgencyDraft, ApiError> {
        let parent = self
            .parent
            .map(|id| own_agency("parent", &id, hub))
            .transpose()?;
        Ok(AgencyDraft {
            name: self.name,
            short_name: self.short_name,
            kind: self.kind.to_code(),
            parent: parent.map(|record| record.to_string()),
            region: self.region.map(|region| region.0.to_string()),
            website: self.website,
        })
    }
}

/// The record of an agency that must be of this hub.
pub(crate) fn own_agency(field: &'static str, id: &ID, hub: &HubId) -> Result<RecordId, ApiError> {
    let (owner, record) = GlobalId::agency(field, id)?;
    if owner != *hub {
        return Err(ApiError::invalid(
            field,
            format!("is an agency of hub {owner}, not of this hub, {hub}"),
        ));
    }
    Ok(record)
}

/// Writes an agency into this hub's log.
pub(crate) async fn register(
    ctx: &Context<'_>,
    input: AgencyInput,
    acknowledge: Option<Vec<String>>,
) -> Result<Agency, ApiError> {
    ctx.viewer().require(Action::KeepAgencies)?;
    let hub = ctx.hub();
    let acknowledged = bounded("acknowledge", acknowledge)?;
    let audience = input.audience.unwrap_or(RecordAudience::Public).into();
    let draft = input.draft(hub.db.hub())?;
    let agency = catalog::Agency::parse(&draft)?;
    if let Some(parent) = agency.parent {
        require(ctx, "parent", parent, &audience).await?;
    }
    let draft = AgencyDraft::from(&agency);
    let body = serde_json::to_string(&draft).expect("a draft is plain text and numbers");
    if audience == Audience::Public {
        let said = serde_json::to_value(&draft).expect("a draft is plain text and numbers");
        let found = personal_data_in(&said, &acknowledged);
        if !found.is_empty() {
            return Err(ApiError::PersonalData(found));
        }
    }
    let record = RecordId::generate(hub.clock.now(), &*hub.entropy);
    issue(ctx, record, 1, Kind::AGENCY, audience, Change::Put(body)).await?;
    let shown = load(ctx, (hub.db.hub().clone(), record)).await?;
    shown.ok_or_else(|| ApiError::NotFound {
        what: "agency",
        id: record.to_string(),
    })
}

/// Refuses an agency that this hub has not registered, or that not everybody may see who may see what names it.
pub(crate) async fn require(
    ctx: &Context<'_>,
    field: &'static str,
    record: RecordId,
    audience: &Audience,
) -> Result<(), ApiError> {
    let ids = [(ctx.db().hub().clone(), record)];
    let found = agencies::find_many(ctx.db(), &ids, Sight::All).await?;
    if found.is_empty() {
        return Err(ApiError::invalid(
            field,
            format!("agency {record} is not registered at this hub"),
        ));
    }
    if agencies::find_many(ctx.db(), &ids, sight_of(audience))
        .await?
        .is_empty()
    {
        let reason = format!(
            "agency {record} is for the network only, so what names it cannot be for everybody; set audience to NETWORK"
        );
        return Err(ApiError::invalid(field, reason));
    }
    Ok(())
}

/// What everybody may see who may see something for an audience.
fn sight_of(audience: &Audience) -> Sight {
    match audience {
        Audience::Public => Sight::Public,
        Audience::Network => Sight::Network,
        Audience::Other(_) => Sight::All,
    }
}

/// Appends one entry to this hub's log.
pub(crate) async fn issue(
    ctx: &Context<'_>,
    record: RecordId,
    revision: u64,
    kind: &str,
    audience: Audience,
    change: Change,
) -> Result<(), ApiError> {
    let draft = EntryDraft {
        record,
        revision,
        kind: Kind::parse(kind).expect("our own kinds are well formed"),
        audience,
        at: ctx.hub().clock.now(),
        change,
    };
    issue_all(ctx, vec![draft]).await
}

/// Appends entries to this hub's log, all or none.
pub(crate) async fn issue_all(ctx: &Context<'_>, drafts: Vec<EntryDraft>) -> Result<(), ApiError> {
    issue_with(ctx, drafts, Local::default()).await
}

/// The same, together with changes of what stays at this hub. The audit tells of both, in the same transaction.
pub(crate) async fn issue_with(
    ctx: &Context<'_>,
    drafts: Vec<EntryDraft>,
    local: Local,
) -> Result<(), ApiError> {
    let hub = ctx.hub();
    let local = local.told(&ctx.deed(), &drafts);
    let (db, key) = (hub.db.clone(), key(hub)?.clone());
    let (clock, entropy) = (Arc::clone(&hub.clock), Arc::clone(&hub.entropy));
    let desk = Arc::clone(&hub.desk);
    let writing = async move {
        let author = Author {
            key: &key,
            clock: &*clock,
            entropy: &*entropy,
        };
        desk.issue(&db, &author, drafts, local).await
    };
    // It is done to its end, whether or not the one who asked is still there.
    let written = hub.aside.spawn(writing).await;
    written.unwrap_or(Err(StorageError::Ending))?;
    Ok(())
}

/// Changes what stays at this hub and is told in no log; the audit tells of it in the same transaction.
pub(crate) async fn change_here(ctx: &Context<'_>, local: Local) -> Result<(), ApiError> {
    let local = local.told(&ctx.deed(), &[]);
    Ok(local::change(ctx.db(), local).await?)
}

/// The key with which the hub signs.
pub(crate) fn key(hub: &HubContext) -> Result<&SigningKey, ApiError> {
    hub.key.as_ref().ok_or_else(|| {
        ApiError::ReadOnly("this node has no signing key, so it only reads".to_owned())
    })
}
