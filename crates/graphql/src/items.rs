//! Records that belong to others: what they have in common, reading them, and their lists.
//!
//! - [`Shown`] is one as it is read; [`RecordFacts`] are the fields that all of them have.
//! - `item!` makes the type of one kind: its own fields beside those.
//! - [`list`] lists them; `connection!` makes the types of a list. [`mod@reference`] names records that may not have arrived.
//! - [`writing`] writes them; [`belonging`] lets those of an innovation go where it goes. Beside these there is one module for each noun.

pub(crate) mod belonging;
pub(crate) mod coaching;
pub(crate) mod discussion;
pub(crate) mod flawed;
pub(crate) mod lineage;
pub(crate) mod merits;
pub(crate) mod needs;
pub(crate) mod progress;
pub(crate) mod reference;
pub(crate) mod replications;
pub(crate) mod roots;
pub(crate) mod writing;

use std::sync::Arc;

use async_graphql::{Context, ID, Object, OutputType, Value};
use domain::entry::Kind;
use domain::identity::{HubId, RecordId, RecordRef};
use storage::Database;
use storage::bodies::{self, Body, Content, Item};
use storage::innovations::Direction;
use storage::items::{self, ItemFilter, ItemRef, ItemStretch, Relation, Role};
use storage::logs::EntryKey;
use time::OffsetDateTime;

use crate::ApiError;
use crate::context::ContextExt as _;
use crate::hubs::Hub;
use crate::ids::GlobalId;
use crate::loaders::{Ahead, ItemKey, RecordKey, Records, RelatedKey};
use crate::paging::{End, PageArgs, PageInfo};
use crate::scalars::{DateTime, Long};
use crate::vocabulary::RecordAudience;

/// An item as it is read.
#[derive(Clone)]
pub(crate) struct Shown {
    pub(crate) place: ItemRef,
    pub(crate) body: Arc<Body>,
}

impl Shown {
    /// Reads what items say. One that was erased meanwhile leaves a gap.
    pub(crate) async fn read_all(
        db: &Database,
        places: Vec<ItemRef>,
    ) -> Result<Vec<Option<Arc<Self>>>, storage::StorageError> {
        let read = bodies::load(db, places.iter().map(|place| Some(place.entry))).await?;
        let shown = |(place, body): (ItemRef, Option<Arc<Body>>)| Self::new(place, body?);
        Ok(places.into_iter().zip(read).map(shown).collect())
    }

    /// Shows an item, if the body is one's.
    pub(crate) fn new(place: ItemRef, body: Arc<Body>) -> Option<Arc<Self>> {
        matches!(body.content, Content::Item(_)).then(|| Arc::new(Self { place, body }))
    }

    /// What it says.
    pub(crate) fn item(&self) -> &Item {
        match &self.body.content {
            Content::Item(item) => item,
            _ => unreachable!("read_all takes items only"),
        }
    }

    /// The record, to be named by others.
    pub(crate) fn reference(&self) -> RecordRef {
        RecordRef {
            hub: self.place.hub.clone(),
            record: self.place.record,
        }
    }

    pub(crate) fn id(&self) -> ID {
        let (hub, record) = (self.place.hub.clone(), self.place.record);
        GlobalId::Item(self.item().kind(), hub, record).to_id()
    }
}

/// A type of the schema that shows the items of one kind.
pub(crate) trait ShowsItem: Clone + OutputType {
    /// The kind.
    const KIND: &'static str;

    /// Shows an item, if it is of the kind.
    fn show(shown: Arc<Shown>) -> Option<Self>;
}

/// The fields that every record of this sort has.
#[derive(Clone)]
pub(crate) struct RecordFacts(pub(crate) Arc<Shown>);

/// The fields that every record of this sort has.
#[Object(serial)]
impl RecordFacts {
    /// The record's global id.
    async fn id(&self) -> ID {
        self.0.id()
    }

    /// The revision of the record that is shown: 1, 2, 3 …
    async fn revision(&self) -> Long {
        Long(self.0.body.revision)
    }

    /// When the record was first written, by its hub's clock.
    async fn published_at(&self) -> DateTime {
        let nanos = i128::from(self.0.place.published) * 1_000_000;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos);
        DateTime(at.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// When the revision that is shown was written, by its hub's clock.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.body.at)
    }

    /// The hub that says it.
    async fn hub(&self, ctx: &Context<'_>) -> Result<Hub, ApiError> {
        crate::root::load_hub(ctx, &self.0.place.hub).await
    }

    /// Who may see it.
    async fn audience(&self) -> RecordAudience {
        (&self.0.body.audience).into()
    }
}

/// Makes the type of one kind of items: an object with the fields of [`RecordFacts`] and those of a type of its own, whose
/// resolvers read what the item says with `said`.
macro_rules! item {
    ($(#[$about:meta])* $name:ident $(as $shown:literal)? with $facts:ident: $kind:ident says $content:ty) => {
        $(#[$about])*
        #[derive(Clone, async_graphql::MergedObject)]
        $(#[graphql(name = $shown)])?
        pub(crate) struct $name($crate::items::RecordFacts, $facts);

        #[derive(Clone)]
        pub(crate) struct $facts(std::sync::Arc<$crate::items::Shown>);

        impl $facts {
            fn said(&self) -> &$content {
                match self.0.item() {
                    storage::bodies::Item::$name(said) => said,
                    _ => unreachable!("show takes items of this kind only"),
                }
            }
        }

        impl $name {
            /// The record's global id.
            pub(crate) async fn id(
                &self,
                _: &async_graphql::Context<'_>,
            ) -> Result<async_graphql::ID, $crate::ApiError> {
                Ok(self.1.0.id())
            }
        }

        impl $crate::items::ShowsItem for $name {
            const KIND: &'static str = domain::entry::Kind::$kind;

            fn show(shown: std::sync::Arc<$crate::items::Shown>) -> Option<Self> {
                let is_of_kind = matches!(shown.item(), storage::bodies::Item::$name(_));
                let facts = $crate::items::RecordFacts(std::sync::Arc::clone(&shown));
                is_of_kind.then(|| Self(facts, $facts(shown)))
            }
        }
    };
}
pub(crate) use item;

/// Reads one item together with others that are asked for at the same time.
pub(crate) async fn find(
    ctx: &Context<'_>,
    key: (HubId, RecordId),
) -> Result<Option<Arc<Shown>>, ApiError> {
    let sight = ctx.sight_on(&key.0).await?;
    ctx.data_unchecked::<Records>()
        .load_one(ItemKey((sight, key)))
        .await
        .map_err(crate::root::shared)
}

/// Reads one item of a kind.
pub(crate) async fn load<T: ShowsItem>(
    ctx: &Context<'_>,
    key: (HubId, RecordId),
) -> Result<Option<T>, ApiError> {
    Ok(find(ctx, key).await?.and_then(T::show))
}

/// How many related records are read of one record when nothing is said.
pub(crate) const DEFAULT_RELATED: u32 = 20;

/// The items of a kind that refer to a record, the newest first, together with those of other records that are asked for
/// at the same time.
pub(crate) async fn related<T: ShowsItem>(
    ctx: &Context<'_>,
    role: Role,
    target: &RecordRef,
    first: Option<i32>,
) -> Result<Vec<T>, ApiError> {
    let most = crate::paging::size("first", first, DEFAULT_RELATED)?;
    newest(ctx, role, target, most).await
}

/// The same for a bound of the program's own.
pub(crate) async fn newest<T: ShowsItem>(
    ctx: &Context<'_>,
    role: Role,
    target: &RecordRef,
    most: u32,
) -> Result<Vec<T>, ApiError> {
    let key = RelatedKey {
        sight: ctx.sight().await?,
        kind: T::KIND,
        role,
        target: (target.hub.clone(), target.record),
        most,
    };
    let ahead = ctx.data_opt::<Ahead>().and_then(|ahead| ahead.take(&key));
    let found = match ahead {
        Some(found) => Some(found),
        None => ctx
            .data_unchecked::<Records>()
            .load_one(key)
            .await
            .map_err(crate::root::shared)?,
    };
    Ok(found.into_iter().flatten().filter_map(T::show).collect())
}

/// The fields of an innovation that list what refers to it.
const RELATIONS: [(&str, Relation); 8] = [
    ("replications", (Kind::REPLICATION, Role::Source)),
    ("evidence", (Kind::EVIDENCE, Role::Subject)),
    ("budgets", (Kind::BUDGET, Role::Subject)),
    ("endorsements", (Kind::ENDORSEMENT, Role::Subject)),
    ("assessments", (Kind::ASSESSMENT, Role::Subject)),
    ("awards", (Kind::AWARD, Role::Subject)),
    ("coachingActivities", (Kind::COACHING, Role::Participant)),
    ("threads", (Kind::THREAD, Role::Subject)),
];

/// What the fields of an innovation are about to ask for of what refers to it.
pub(crate) async fn relations_asked(
    ctx: &Context<'_>,
    target: &RecordKey,
) -> Result<Vec<RelatedKey>, ApiError> {
    let mut keys = Vec::new();
    for field in ctx.field().selection_set() {
        let relation = RELATIONS.iter().find(|(name, _)| *name == field.name());
        let Some((_, (kind, role))) = relation else {
            continue;
        };
        let arguments = field.arguments().unwrap_or_default();
        let first = arguments.iter().find(|(name, _)| name == "first");
        let most = match first.map(|(_, value)| value) {
            None | Some(Value::Null) => Some(DEFAULT_RELATED),
            Some(Value::Number(first)) => first.as_u64().and_then(|first| first.try_into().ok()),
            Some(_) => None,
        };
        // One that is out of bounds is refused when its field asks.
        if let Some(most) = most.filter(|most| *most <= crate::paging::MOST_PER_PAGE) {
            keys.push(RelatedKey {
                sight: ctx.sight().await?,
                kind,
                role: *role,
                target: target.clone(),
                most,
            });
        }
    }
    Ok(keys)
}

/// Reads at once what several fields are about to ask for, if several do.
pub(crate) async fn read_ahead(
    ctx: &Context<'_>,
    relations: Vec<RelatedKey>,
) -> Result<(), ApiError> {
    if let Some(ahead) = ctx.data_opt::<Ahead>()
        && relations.len() > 1
    {
        let records = ctx.data_unchecked::<Records>();
        let read = records.load_many(relations).await;
        ahead.put(read.map_err(crate::root::shared)?);
    }
    Ok(())
}

/// A page of items as it was read.
pub(crate) struct Page<T> {
    pub(crate) edges: Vec<(String, T)>,
    pub(crate) info: PageInfo,
    pub(crate) filter: ItemFilter,
}

/// Makes the types of a list of one kind of items.
macro_rules! connection {
    ($(#[$about:meta])* $connection:ident of $edge:ident: $name:ident) => {
        $(#[$about])*
        #[derive(async_graphql::SimpleObject)]
        #[graphql(complex, serial)]
        pub(crate) struct $connection {
            /// The records with their cursors.
            edges: Vec<$edge>,
            /// The records.
            nodes: Vec<$name>,
            /// Where the page stands.
            page_info: $crate::paging::PageInfo,
            #[graphql(skip)]
            filter: storage::items::ItemFilter,
        }

        #[async_graphql::ComplexObject]
        impl $connection {
            /// How many records the filter finds in all.
            async fn total_count(
                &self,
                ctx: &async_graphql::Context<'_>,
            ) -> Result<$crate::scalars::Long, $crate::ApiError> {
                $crate::items::count(ctx, &self.filter).await
            }
        }

        /// A record in a list.
        #[derive(async_graphql::SimpleObject)]
        #[graphql(serial)]
        pub(crate) struct $edge {
            /// The record's place in the list.
            cursor: String,
            /// The record.
            node: $name,
        }

        impl From<$crate::items::Page<$name>> for $connection {
            fn from(page: $crate::items::Page<$name>) -> Self {
                let edge = |(cursor, node)| $edge { cursor, node };
                Self {
                    nodes: page.edges.iter().map(|(_, node)| node.clone()).collect(),
                    edges: page.edges.into_iter().map(edge).collect(),
                    page_info: page.info,
                    filter: page.filter,
                }
            }
        }
    };
}
pub(crate) use connection;

/// How many items a filter finds in all.
pub(crate) async fn count(ctx: &Context<'_>, filter: &ItemFilter) -> Result<Long, ApiError> {
    Ok(Long(items::count(ctx.db(), filter).await?))
}

/// Lists the items of a kind, the newest first.
pub(crate) async fn list<T: ShowsItem>(
    ctx: &Context<'_>,
    args: PageArgs,
    mut filter: ItemFilter,
) -> Result<Page<T>, ApiError> {
    filter.kind = T::KIND;
    filter.sight = ctx.sight().await?;
    let request = args.parse(read_cursor)?;
    let (direction, after, before) = match request.end {
        End::First => (Direction::Descending, request.after, request.before),
        End::Last => (Direction::Ascending, request.before, request.after),
    };
    let stretch = ItemStretch {
        direction,
        after,
        before,
        limit: request.limit(),
    };
    let read = items::list(ctx.db(), &filter, stretch).await?;
    let (page, info) = request.finish(read, write_cursor);
    let cursors: Vec<_> = page.iter().map(write_cursor).collect();
    let shown = Shown::read_all(ctx.db(), page).await?;
    let edge = |(cursor, shown): (String, Option<Arc<Shown>>)| Some((cursor, T::show(shown?)?));
    Ok(Page {
        edges: cursors.into_iter().zip(shown).filter_map(edge).collect(),
        info,
        filter,
    })
}

fn write_cursor(place: &ItemRef) -> String {
    format!("{}:{}", place.key.get(), place.place)
}

fn read_cursor(raw: &str) -> Option<(i64, EntryKey)> {
    let (key, place) = raw.split_once(':')?;
    Some((
        place.parse().ok()?,
        EntryKey::from(key.parse::<i64>().ok()?),
    ))
}
