//! The service unit in which an innovation is at work.

use async_graphql::{Context, ID};
use domain::catalog;
use domain::entry::Kind;
use domain::identity::{HubId, RecordId};
use storage::bodies::Item;

use crate::ApiError;
use crate::ids::GlobalId;
use crate::items::progress::ServiceUnit;
use crate::items::{self, Shown, writing};

/// The unit that a record of a hub names, if it is here.
pub(crate) async fn of(
    ctx: &Context<'_>,
    hub: &HubId,
    unit: Option<RecordId>,
) -> Result<Option<ServiceUnit>, ApiError> {
    match unit {
        Some(unit) => items::load(ctx, (hub.clone(), unit)).await,
        None => Ok(None),
    }
}

/// The record of a unit that must be of this hub, as a draft has it.
pub(crate) fn own(id: Option<&ID>, hub: &HubId) -> Result<Option<String>, ApiError> {
    let Some(id) = id else { return Ok(None) };
    let (owner, record) = GlobalId::item("unit", id, Kind::SERVICE_UNIT)?;
    if owner != *hub {
        let reason = format!("is a service unit of hub {owner}, not of this hub, {hub}");
        return Err(ApiError::invalid("unit", reason));
    }
    Ok(Some(record.to_string()))
}

/// The innovation with the name of its unit, if it says no other. Refuses a unit that this hub has not registered, and one of
/// another agency.
pub(crate) async fn named(
    ctx: &Context<'_>,
    mut innovation: catalog::Innovation,
) -> Result<catalog::Innovation, ApiError> {
    let Some(record) = innovation.unit else {
        return Ok(innovation);
    };
    let refuse = |reason: String| Err(ApiError::invalid("unit", reason));
    let found = writing::own(ctx, record).await?;
    let Some(Item::ServiceUnit(unit)) = found.as_deref().map(Shown::item) else {
        return refuse(format!(
            "service unit {record} is not registered at this hub"
        ));
    };
    if unit.agency != innovation.agency {
        let (name, agency) = (unit.name.as_str(), unit.agency);
        return refuse(format!(
            "{name:?} is a unit of agency {agency}, which is not the innovation's"
        ));
    }
    if innovation.unit_name.is_none() {
        innovation.unit_name = catalog::Line::parse(unit.name.as_str()).ok();
    }
    Ok(innovation)
}
