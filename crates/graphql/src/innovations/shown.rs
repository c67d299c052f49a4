//! An innovation as it is read: what it says, with its agency and hub.

use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::{Context, ID, SelectionField, Value};
use domain::catalog::{self, AdoptionStatus, LifecycleStage};
use domain::entry::Audience;
use domain::identity::{HubId, RecordId, RecordRef};
use storage::bodies::{self, Body, Content, Wanted};
use storage::innovations::{InnovationRef, Said, Together, WantedInnovation, WantedItems};
use storage::{Database, StorageError};
use time::OffsetDateTime;

use crate::ApiError;
use crate::agencies::Agency;
use crate::context::ContextExt as _;
use crate::hubs::Hub;
use crate::ids::GlobalId;
use crate::in_place::InPlace;
use crate::items::replications::ReplicationCounts;
use crate::items::{self, Shown};
use crate::loaders::{Ahead, InnovationKey, RecordKey, Records, RelatedKey};
use crate::row::{AtHand as _, Row};
use crate::scalars::{DateTime, Long, RegionCode};
use crate::vocabulary::Term;

/// Which part of what innovations say is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// All.
    Whole,
    /// What lists show: nothing but the fields of [`BRIEF_FIELDS`].
    Brief,
}

/// The fields that the small part of an innovation is enough for, or that read nothing of what it says.
pub(crate) const BRIEF_FIELDS: &[&str] = &[
    "__typename",
    "id",
    "revision",
    "publishedAt",
    "updatedAt",
    "hub",
    "agency",
    "regionCode",
    "region",
    "title",
    "year",
    "stage",
    "adoption",
    "audience",
    "replicationCounts",
    "endorsementCount",
    "awardCount",
    "currentAt",
    "isStale",
    "replications",
    "evidence",
    "budgets",
    "endorsements",
    "assessments",
    "awards",
    "coachingActivities",
    "threads",
];

impl Detail {
    /// What the fields of a list ask of its innovations, which are its `nodes` and the `node` of each of its `edges`; what else
    /// an edge tells may be made of all that they say.
    pub(crate) fn of_list(ctx: &Context<'_>) -> Self {
        let is_enough = |edge: SelectionField<'_>| match edge.name() {
            "cursor" | "score" | "__typename" => true,
            "node" => Self::of(&edge) == Self::Brief,
            _ => false,
        };
        let is_enough = ctx.field().selection_set().all(|field| match field.name() {
            "nodes" => Self::of(&field) == Self::Brief,
            "edges" => field.selection_set().all(is_enough),
            _ => true,
        });
        if is_enough { Self::Brief } else { Self::Whole }
    }

    /// What the fields of an innovation ask of it.
    pub(crate) fn of(innovation: &SelectionField<'_>) -> Self {
        let mut fields = innovation.selection_set();
        if fields.all(|field| BRIEF_FIELDS.contains(&field.name())) {
            Self::Brief
        } else {
            Self::Whole
        }
    }
}

/// An innovation as it is read.
#[derive(Clone)]
pub(crate) struct Innovation {
    pub(super) hub: Hub,
    pub(super) hub_id: HubId,
    pub(super) record: RecordId,
    pub(super) published: OffsetDateTime,
    pub(super) counts: storage::innovations::Counts,
    pub(super) current: OffsetDateTime,
    said: Said,
    pub(super) agency: Option<Arc<Body>>,
}

impl Innovation {
    /// Reads all that innovations, their agencies and hubs say, in one statement for what is not in memory. A record that was
    /// erased meanwhile leaves a gap.
    pub(crate) async fn read_all(
        db: &Database,
        places: Vec<InnovationRef>,
    ) -> Result<Vec<Option<Self>>, StorageError> {
        Self::read(db, places, Detail::Whole).await
    }

    /// The same, or the small part of it.
    pub(crate) async fn read(
        db: &Database,
        places: Vec<InnovationRef>,
        detail: Detail,
    ) -> Result<Vec<Option<Self>>, StorageError> {
        let mut wanted = Wanted::default();
        for place in &places {
            wanted.whole.extend([place.agency, place.hub_entry]);
            match detail {
                Detail::Whole => wanted.whole.push(Some(place.entry)),
                Detail::Brief => wanted.briefs.push(place.entry),
            }
        }
        let loaded = bodies::load_all(db, wanted).await?;
        let mut whole = loaded.whole.into_iter();
        let mut briefs = loaded.briefs.into_iter();
        let innovation = |place: InnovationRef| {
            let (agency, hub) = (whole.next()?, whole.next()?);
            let said = match detail {
                Detail::Whole => whole.next()?.map(Said::Whole),
                Detail::Brief => briefs.next()?.map(Said::Brief),
            };
            Self::new(place, said?, agency, hub)
        };
        Ok(places.into_iter().map(innovation).collect())
    }

    /// Shows an innovation, if what is said is one's.
    fn new(
        place: InnovationRef,
        said: Said,
        agency: Option<Arc<Body>>,
        hub: Option<Arc<Body>>,
    ) -> Option<Self> {
        let is_one = match &said {
            Said::Whole(body) => matches!(body.content, Content::Innovation(_)),
            Said::Brief(_) => true,
        };
        is_one.then(|| Self {
            hub: Hub::new(place.hub.clone(), hub),
            hub_id: place.hub,
            record: place.record,
            published: place.published,
            counts: place.counts,
            current: place.current,
            said,
            agency,
        })
    }

    pub(crate) fn key(&self) -> RecordKey {
        (self.hub_id.clone(), self.record)
    }

    pub(super) fn global_id(&self) -> ID {
        GlobalId::Innovation(self.hub_id.clone(), self.record).to_id()
    }

    pub(super) fn replication_counts_of(&self) -> ReplicationCounts {
        ReplicationCounts {
            claimed: Long(self.counts.replications),
            done: Long(self.counts.done),
            confirmed: Long(self.counts.confirmed),
        }
    }

    /// The record, to be named by others.
    pub(crate) fn reference(&self) -> RecordRef {
        RecordRef {
            hub: self.hub_id.clone(),
            record: self.record,
        }
    }

    /// What it says.
    pub(crate) fn said(&self) -> &catalog::Innovation {
        self.innovation()
    }

    /// For whom it is.
    pub(crate) fn audience_of(&self) -> &Audience {
        match &self.said {
            Said::Whole(body) => &body.audience,
            Said::Brief(brief) => &brief.audience,
        }
    }

    /// Which revision is shown.
    pub(crate) fn revision_of(&self) -> u64 {
        match &self.said {
            Said::Whole(body) => body.revision,
            Said::Brief(brief) => brief.revision,
        }
    }

    /// When it was written.
    pub(super) fn written(&self) -> OffsetDateTime {
        match &self.said {
            Said::Whole(body) => body.at,
            Said::Brief(brief) => brief.at,
        }
    }

    pub(super) fn title_of(&self) -> &str {
        match &self.said {
            Said::Whole(_) => self.innovation().title.as_str(),
            Said::Brief(brief) => brief.gist.title.as_str(),
        }
    }

    pub(super) fn stage_of(&self) -> LifecycleStage {
        match &self.said {
            Said::Whole(_) => self.innovation().stage,
            Said::Brief(brief) => brief.gist.stage,
        }
    }

    pub(super) fn adoption_of(&self) -> AdoptionStatus {
        match &self.said {
            Said::Whole(_) => self.innovation().adoption,
            Said::Brief(brief) => brief.gist.adoption,
        }
    }

    pub(super) fn year_of(&self) -> Option<u16> {
        match &self.said {
            Said::Whole(_) => self.innovation().year(),
            Said::Brief(brief) => brief.gist.year,
        }
    }

    /// The region of its agency.
    pub(crate) fn region_of(&self) -> Option<catalog::RegionCode> {
        self.owner()?.region_of()
    }

    /// How many replications of it are done, by their adopters' words.
    pub(crate) fn replications_done(&self) -> u64 {
        self.counts.done
    }

    /// When it was first published.
    pub(crate) fn published(&self) -> OffsetDateTime {
        self.published
    }

    /// All that it says, which fields beside [`BRIEF_FIELDS`] may ask for.
    pub(super) fn innovation(&self) -> &catalog::Innovation {
        let Said::Whole(body) = &self.said else {
            unreachable!("who reads the small part asks for nothing else");
        };
        match &body.content {
            Content::Innovation(innovation) => innovation,
            _ => unreachable!("new takes innovations only"),
        }
    }

    pub(super) fn texts(&self) -> &catalog::Texts {
        &self.innovation().texts
    }

    pub(super) fn class(&self) -> &catalog::Classification {
        &self.innovation().classification
    }

    pub(super) fn owner(&self) -> Option<Agency> {
        let body = self.agency.as_ref().map(Arc::clone)?;
        let record = match &self.said {
            Said::Whole(_) => self.innovation().agency,
            Said::Brief(brief) => brief.gist.agency,
        };
        Agency::new(self.hub_id.clone(), record, body)
    }
}

/// Reads one innovation together with others that are asked for at the same time.
pub(crate) async fn load(
    ctx: &Context<'_>,
    key: RecordKey,
) -> Result<Option<Innovation>, ApiError> {
    let sight = ctx.sight_on(&key.0).await?;
    ctx.data_unchecked::<Records>()
        .load_one(InnovationKey((sight, key)))
        .await
        .map_err(crate::root::shared)
}

/// Reads one innovation, and at once all that its fields are about to ask for.
pub(crate) async fn load_with_relations(
    ctx: &Context<'_>,
    key: RecordKey,
) -> Result<Option<Innovation>, ApiError> {
    let relations = items::relations_asked(ctx, &key).await?;
    let wanted: Vec<WantedItems> = relations.iter().map(WantedItems::from).collect();
    let wanted = WantedInnovation {
        key: &key,
        sight: ctx.sight_on(&key.0).await?,
        is_brief: Detail::of(&ctx.field()) == Detail::Brief,
        items: &wanted,
    };
    if let Some(found) = storage::innovations::together(ctx.db(), wanted).await? {
        return Ok(found.and_then(|found| show(ctx, relations, found)));
    }
    let found = load(ctx, key).await?;
    if found.is_some() {
        items::read_ahead(ctx, relations).await?;
    }
    Ok(found)
}

/// Shows what was read together, and lays aside what fields are about to ask for.
fn show(ctx: &Context<'_>, relations: Vec<RelatedKey>, found: Together) -> Option<Innovation> {
    let shown = |(place, body)| Shown::new(place, body);
    let items = found.items.into_iter();
    let items = items.map(|items| items.into_iter().filter_map(shown).collect());
    if let Some(ahead) = ctx.data_opt::<Ahead>() {
        ahead.put(relations.into_iter().zip(items).collect());
    }
    Innovation::new(found.place, found.said, found.agency, found.hub)
}

/// What lists show.
impl Row for Innovation {
    const FIELDS: &'static [&'static str] = &[
        "id",
        "title",
        "stage",
        "adoption",
        "year",
        "agency",
        "hub",
        "region_code",
        "published_at",
        "updated_at",
        "current_at",
        "replication_counts",
        "endorsement_count",
        "award_count",
    ];

    fn field(&self, nth: usize, field: &Field) -> Option<Value> {
        match Self::FIELDS[nth] {
            "id" => self.global_id().value(field),
            "title" => self.title_of().value(field),
            "stage" => Term(self.stage_of()).value(field),
            "adoption" => Term(self.adoption_of()).value(field),
            "year" => self.year_of().value(field),
            "agency" => self.owner().map(InPlace).value(field),
            "hub" => self.hub.at_once(field),
            "region_code" => self.region_of().map(RegionCode).value(field),
            "published_at" => DateTime(self.published).value(field),
            "updated_at" => DateTime(self.written()).value(field),
            "current_at" => DateTime(self.current).value(field),
            "replication_counts" => self.replication_counts_of().at_once(field),
            "endorsement_count" => Long(self.counts.endorsements).value(field),
            "award_count" => Long(self.counts.awards).value(field),
            _ => None,
        }
    }
}
