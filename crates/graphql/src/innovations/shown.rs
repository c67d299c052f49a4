//! An innovation as it is read: what it says, with its agency and hub.

use std::sync::Arc;

use async_graphql::Context;
use domain::catalog;
use domain::entry::Audience;
use domain::identity::{HubId, RecordId, RecordRef};
use storage::bodies::{self, Body, Content};
use storage::innovations::InnovationRef;
use storage::{Database, StorageError};
use time::OffsetDateTime;

use crate::ApiError;
use crate::agencies::Agency;
use crate::context::ContextExt as _;
use crate::hubs::Hub;
use crate::items;
use crate::loaders::{InnovationKey, RecordKey, Records};

/// An innovation as it is read.
#[derive(Clone)]
pub(crate) struct Innovation {
    pub(super) hub: Hub,
    pub(super) hub_id: HubId,
    pub(super) record: RecordId,
    pub(super) published: OffsetDateTime,
    pub(super) counts: storage::innovations::Counts,
    pub(super) current: OffsetDateTime,
    pub(super) body: Arc<Body>,
    pub(super) agency: Option<Arc<Body>>,
}

impl Innovation {
    /// Reads what innovations, their agencies and hubs say, in one statement for what is not in memory. A record that was
    /// erased meanwhile leaves a gap.
    pub(crate) async fn read_all(
        db: &Database,
        places: Vec<InnovationRef>,
    ) -> Result<Vec<Option<Self>>, StorageError> {
        let of_place = |place: &InnovationRef| [Some(place.entry), place.agency, place.hub_entry];
        let mut read = bodies::load(db, places.iter().flat_map(of_place))
            .await?
            .into_iter();
        let innovation = |place: InnovationRef| {
            let (body, agency, hub) = (read.next()?, read.next()?, read.next()?);
            let body = body.filter(|body| matches!(body.content, Content::Innovation(_)))?;
            Some(Self {
                hub: Hub::new(place.hub.clone(), hub),
                hub_id: place.hub,
                record: place.record,
                published: place.published,
                counts: place.counts,
                current: place.current,
                agency,
                body,
            })
        };
        Ok(places.into_iter().map(innovation).collect())
    }

    pub(crate) fn key(&self) -> RecordKey {
        (self.hub_id.clone(), self.record)
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
        &self.body.audience
    }

    /// Which revision is shown.
    pub(crate) fn revision_of(&self) -> u64 {
        self.body.revision
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

    pub(super) fn innovation(&self) -> &catalog::Innovation {
        match &self.body.content {
            Content::Innovation(innovation) => innovation,
            _ => unreachable!("read_all takes innovations only"),
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
        Agency::new(self.hub_id.clone(), self.innovation().agency, body)
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
    let found = load(ctx, key).await?;
    if let Some(innovation) = &found {
        items::read_ahead(ctx, &innovation.reference()).await?;
    }
    Ok(found)
}
