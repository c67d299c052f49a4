//! Lists of innovations: filtered, ordered, paged by keys.

use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, SimpleObject};
use domain::catalog::Sdg;
use domain::entry::Sight;
use storage::innovations::{
    self, Direction, InnovationFilter, InnovationRef, Order, Place, Stretch,
};
use storage::logs::EntryKey;

use super::{Detail, Innovation};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::in_place::InPlace;
use crate::paging::{End, PageArgs, PageInfo, PageRequest, bounded};
use crate::row::{Rows, row};
use crate::scalars::{HubId, Long, RegionCode};
use crate::vocabulary::{AdoptionStatus, Affair, LifecycleStage};

/// Which innovations are wanted. Conditions that are given must all hold; of a list, one value is enough unless said
/// otherwise; an empty list asks for nothing.
#[derive(Default, InputObject)]
pub(crate) struct InnovationFilterInput {
    /// Only innovations that these hubs keep.
    hubs: Option<Vec<HubId>>,
    /// Only innovations of agencies in this region and the regions within it.
    region: Option<RegionCode>,
    /// Only innovations of the agency with this global id.
    agency: Option<ID>,
    /// Only innovations that serve one of these affairs.
    affairs: Option<Vec<Affair>>,
    /// Only innovations that serve one of these goals, 1 to 17.
    sdgs: Option<Vec<i32>>,
    /// Only innovations at one of these stages.
    stages: Option<Vec<LifecycleStage>>,
    /// Only innovations with one of these adoption statuses.
    adoptions: Option<Vec<AdoptionStatus>>,
    /// Only innovations of this year or later.
    year_from: Option<u16>,
    /// Only innovations of this year or earlier.
    year_to: Option<u16>,
    /// Only innovations with all of these tags.
    tags: Option<Vec<String>>,
    /// Only innovations whose titles hold words that begin with each of these words.
    title_words: Option<String>,
}

impl InnovationFilterInput {
    pub(crate) fn parse(self) -> Result<InnovationFilter, ApiError> {
        let sdg = |number: i32| {
            Sdg::parse(number.into()).map_err(|error| ApiError::invalid("filter.sdgs", error))
        };
        let agency = |id: ID| GlobalId::agency("filter.agency", &id);
        Ok(InnovationFilter {
            hubs: bounded("filter.hubs", self.hubs)?
                .into_iter()
                .map(|hub| hub.0)
                .collect(),
            region: self.region.map(|region| region.0),
            agency: self.agency.map(agency).transpose()?,
            affairs: bounded("filter.affairs", self.affairs)?
                .into_iter()
                .map(|term| term.0)
                .collect(),
            sdgs: bounded("filter.sdgs", self.sdgs)?
                .into_iter()
                .map(sdg)
                .collect::<Result<_, _>>()?,
            stages: bounded("filter.stages", self.stages)?
                .into_iter()
                .map(|term| term.0)
                .collect(),
            adoptions: bounded("filter.adoptions", self.adoptions)?
                .into_iter()
                .map(|term| term.0)
                .collect(),
            year_from: self.year_from,
            year_to: self.year_to,
            // No tag has a control character, and not every database would take one.
            tags: bounded("filter.tags", self.tags)?
                .iter()
                .map(|tag| tag.trim().to_lowercase().replace(char::is_control, " "))
                .collect(),
            title_words: title_words(self.title_words)?,
            current_before: None,
            sight: Sight::Public,
        })
    }
}

fn title_words(words: Option<String>) -> Result<Option<String>, ApiError> {
    const MOST_CHARS: usize = 200;
    let chars = words.as_ref().map_or(0, |words| words.chars().count());
    if chars > MOST_CHARS {
        return Err(ApiError::invalid(
            "filter.titleWords",
            format!("has {chars} characters; {MOST_CHARS} are allowed"),
        ));
    }
    Ok(words)
}

/// The orders in which innovations can be listed. Those that share a place follow in the order of their arrival here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub(crate) enum InnovationOrder {
    /// First published first.
    PublishedAsc,
    /// Newest first.
    #[default]
    PublishedDesc,
    /// By title from A to Z.
    TitleAsc,
    /// By title from Z to A.
    TitleDesc,
    /// Longest unchanged first.
    UpdatedAsc,
    /// Last changed first.
    UpdatedDesc,
}

impl InnovationOrder {
    const fn parts(self) -> (Order, Direction) {
        match self {
            Self::PublishedAsc => (Order::Published, Direction::Ascending),
            Self::PublishedDesc => (Order::Published, Direction::Descending),
            Self::TitleAsc => (Order::Title, Direction::Ascending),
            Self::TitleDesc => (Order::Title, Direction::Descending),
            Self::UpdatedAsc => (Order::Updated, Direction::Ascending),
            Self::UpdatedDesc => (Order::Updated, Direction::Descending),
        }
    }
}

/// A page of innovations.
#[derive(SimpleObject)]
#[graphql(complex, serial)]
pub(crate) struct InnovationConnection {
    /// The innovations with their cursors.
    edges: Rows<InnovationEdge>,
    /// Where the page stands.
    page_info: PageInfo,
    #[graphql(skip)]
    filter: InnovationFilter,
}

#[ComplexObject]
impl InnovationConnection {
    /// The innovations.
    async fn nodes(&self) -> Vec<InPlace<&Innovation>> {
        let edges = self.edges.0.iter();
        edges.map(|edge| InPlace(&edge.node.0)).collect()
    }

    /// How many innovations the filter finds in all.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<Long, ApiError> {
        Ok(Long(innovations::count(ctx.db(), &self.filter).await?))
    }
}

row! {
    /// An innovation in a list.
    pub(crate) struct InnovationEdge {
        /// The innovation's place in the list, for `after` and `before`. It stays valid while records come and go.
        cursor: String,
        /// The innovation.
        node: InPlace<Innovation>,
    }
}

/// Lists innovations.
pub(crate) async fn list(
    ctx: &Context<'_>,
    args: PageArgs,
    filter: InnovationFilter,
    order: InnovationOrder,
) -> Result<InnovationConnection, ApiError> {
    page(ctx, args, filter, order.parts()).await
}

/// A page of innovations in an order.
pub(crate) async fn page(
    ctx: &Context<'_>,
    args: PageArgs,
    mut filter: InnovationFilter,
    (order, direction): (Order, Direction),
) -> Result<InnovationConnection, ApiError> {
    let request = args.parse(|raw| read_cursor(order, raw))?;
    filter.sight = ctx.sight().await?;
    let read = innovations::list(ctx.db(), &filter, &stretch(&request, order, direction)).await?;
    let (page, page_info) = request.finish(read, write_cursor);
    let cursors: Vec<_> = page.iter().map(write_cursor).collect();
    let shown = Innovation::read(ctx.db(), page, Detail::of_list(ctx)).await?;
    let edge = |(cursor, node): (String, Option<Innovation>)| {
        let node = InPlace(node?);
        Some(InnovationEdge { cursor, node })
    };
    let edges = cursors.into_iter().zip(shown).filter_map(edge).collect();
    Ok(InnovationConnection {
        edges,
        page_info,
        filter,
    })
}

fn stretch(
    request: &PageRequest<(Place, EntryKey)>,
    order: Order,
    direction: Direction,
) -> Stretch {
    // Read from the last end, the list runs the other way, and so do its bounds.
    let (direction, after, before) = match request.end {
        End::First => (direction, &request.after, &request.before),
        End::Last => (direction.reversed(), &request.before, &request.after),
    };
    Stretch {
        order,
        direction,
        after: after.clone(),
        before: before.clone(),
        limit: request.limit(),
    }
}

/// The row and the value by which it is ordered: `1099511627776:1724123045000` or `1099511627776:ttitle`.
fn write_cursor(place: &InnovationRef) -> String {
    let key = place.key.get();
    match &place.place {
        Place::Time(time) => format!("{key}:{time}"),
        Place::Title(title) => format!("{key}:t{title}"),
    }
}

/// Titles in their order have no control characters, and not every database would take one.
fn plain(title: &str) -> Option<String> {
    (!title.contains(char::is_control)).then(|| title.to_owned())
}

fn read_cursor(order: Order, raw: &str) -> Option<(Place, EntryKey)> {
    let (key, value) = raw.split_once(':')?;
    let place = match order {
        Order::Title => Place::Title(plain(value.strip_prefix('t')?)?),
        Order::Published | Order::Updated | Order::Current => Place::Time(value.parse().ok()?),
    };
    Some((place, EntryKey::from(key.parse::<i64>().ok()?)))
}
