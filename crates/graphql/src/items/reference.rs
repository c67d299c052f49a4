//! Naming records that may not have arrived here.

use async_graphql::{Context, ID, Object};
use domain::identity::RecordRef;

use crate::ApiError;
use crate::agencies::{self, Agency};
use crate::ids::GlobalId;
use crate::innovations::{self, Innovation};
use crate::scalars::HubId;

/// An innovation that another record names. It may not have arrived here, or be gone.
#[derive(Clone)]
pub(crate) struct InnovationReference(pub(crate) RecordRef);

/// An innovation that another record names. It may not have arrived here, or be gone.
#[Object(serial)]
impl InnovationReference {
    /// The innovation's global id, known also before it arrives.
    async fn id(&self) -> ID {
        GlobalId::Innovation(self.0.hub.clone(), self.0.record).to_id()
    }

    /// The hub that owns it.
    async fn hub_id(&self) -> HubId {
        HubId(self.0.hub.clone())
    }

    /// The innovation; null while it has not arrived here, or when it is gone.
    async fn innovation(&self, ctx: &Context<'_>) -> Result<Option<Innovation>, ApiError> {
        innovations::load(ctx, (self.0.hub.clone(), self.0.record)).await
    }
}

/// An agency that another record names. It may not have arrived here, or be gone.
#[derive(Clone)]
pub(crate) struct AgencyReference(pub(crate) RecordRef);

/// An agency that another record names. It may not have arrived here, or be gone.
#[Object(serial)]
impl AgencyReference {
    /// The agency's global id, known also before it arrives.
    async fn id(&self) -> ID {
        GlobalId::Agency(self.0.hub.clone(), self.0.record).to_id()
    }

    /// The hub that owns it.
    async fn hub_id(&self) -> HubId {
        HubId(self.0.hub.clone())
    }

    /// The agency; null while it has not arrived here, or when it is gone.
    async fn agency(&self, ctx: &Context<'_>) -> Result<Option<Agency>, ApiError> {
        agencies::load(ctx, (self.0.hub.clone(), self.0.record)).await
    }
}
