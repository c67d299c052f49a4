//! Hiding threads and posts at this hub.

use async_graphql::{Context, ID, Object, SimpleObject};
use domain::catalog::Line;
use domain::entry::Kind;
use domain::identity::RecordRef;
use domain::role::Action;
use storage::hidden;

use crate::ApiError;
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::items::Shown;
use crate::loaders::{HiddenKey, Records};
use crate::replication::moment;
use crate::scalars::DateTime;

/// That something is hidden at this hub.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct HiddenHere {
    /// Why, in the operator's words.
    reason: String,
    /// Since when.
    at: DateTime,
}

impl From<hidden::Hidden> for HiddenHere {
    fn from(hidden: hidden::Hidden) -> Self {
        Self {
            reason: hidden.reason,
            at: moment(hidden.at),
        }
    }
}

/// Whether something is hidden here by its own name; told to those who still see it.
pub(super) async fn of(ctx: &Context<'_>, shown: &Shown) -> Result<Option<HiddenHere>, ApiError> {
    if !ctx.viewer().may(Action::ReadHidden) {
        return Ok(None);
    }
    let key = HiddenKey((shown.place.hub.clone(), shown.place.record));
    let found = ctx.data_unchecked::<Records>().load_one(key).await;
    Ok(found.map_err(crate::root::shared)?.map(HiddenHere::from))
}

/// What the operator hides and shows.
#[derive(Default)]
pub(crate) struct HidingMutation;

/// What the operator hides and shows.
#[Object(serial)]
impl HidingMutation {
    /// Hides a thread with its posts, or a post, of any hub: from now on this hub shows it to its curators, stewards and operators only. Nobody else is
    /// told: the entry stays in its log, which is proved and passed on as before, and other hubs show it as they see fit.
    async fn hide_here(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id of the thread or post.")] id: ID,
        #[graphql(desc = "Why, 3 to 300 characters; for the operators of this hub.")]
        reason: String,
    ) -> Result<HiddenHere, ApiError> {
        ctx.viewer().require(Action::Moderate)?;
        let of = post_or_thread(ctx, &id).await?;
        let reason = Line::<3, 300>::parse(&reason)
            .map_err(|error| ApiError::invalid("reason", error.to_string()))?;
        let now = ctx.hub().clock.now();
        hidden::hide(ctx.db(), &of, reason.as_str(), now, Some(&ctx.deed())).await?;
        let key = (of.hub, of.record);
        let found = hidden::find_many(ctx.db(), std::slice::from_ref(&key)).await?;
        let hidden = found.into_iter().next().map(|(_, hidden)| hidden);
        // Another operator may have shown it again at this moment.
        Ok(hidden.map_or_else(
            || HiddenHere {
                reason: reason.as_str().to_owned(),
                at: DateTime(now),
            },
            HiddenHere::from,
        ))
    }

    /// Shows a thread or post again that was hidden by its own name.
    async fn show_here(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id of the thread or post.")] id: ID,
    ) -> Result<ID, ApiError> {
        ctx.viewer().require(Action::Moderate)?;
        let of = post_or_thread(ctx, &id).await?;
        hidden::show(ctx.db(), &of, Some(&ctx.deed())).await?;
        Ok(id)
    }
}

/// A thread or post that is here.
async fn post_or_thread(ctx: &Context<'_>, id: &ID) -> Result<RecordRef, ApiError> {
    let unknown = || ApiError::invalid("id", "is no thread or post that is here");
    let key =
        GlobalId::item("id", id, Kind::THREAD).or_else(|_| GlobalId::item("id", id, Kind::POST));
    let key = key.map_err(|_| unknown())?;
    let found = crate::items::find(ctx, key.clone()).await?;
    found.ok_or_else(unknown)?;
    let (hub, record) = key;
    Ok(RecordRef { hub, record })
}
