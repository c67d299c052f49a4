//! Innovations of which nothing was heard for long.

use async_graphql::{Context, Object};
use domain::catalog;
use storage::innovations::{Direction, InnovationFilter, Order};
use time::{Duration, OffsetDateTime};

use super::list::{self, InnovationConnection, InnovationFilterInput};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::paging::PageArgs;

/// What can be asked of innovations that may be out of date.
#[derive(Default)]
pub(crate) struct StaleQuery;

/// What can be asked of innovations that may be out of date.
#[Object(serial)]
impl StaleQuery {
    /// Innovations of which their hubs have said nothing for a year, neither a new text nor that the old one is still so: for
    /// reminding their owners. Those that are longest silent first; `totalCount` says how many.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn stale_innovations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Which innovations are looked at; those of one hub, for example.")]
        filter: Option<InnovationFilterInput>,
        #[graphql(desc = "For how many days nothing was said; 365 when left out.")] days: Option<
            i32,
        >,
    ) -> Result<InnovationConnection, ApiError> {
        let args = PageArgs::forward(first, after);
        stale(ctx, args, filter.unwrap_or_default().parse()?, days).await
    }
}

/// Lists innovations whose owners have said nothing of them for so many days, the longest first.
async fn stale(
    ctx: &Context<'_>,
    args: PageArgs,
    mut filter: InnovationFilter,
    days: Option<i32>,
) -> Result<InnovationConnection, ApiError> {
    filter.current_before = Some(before(days, ctx.hub().clock.now())?);
    list::page(ctx, args, filter, (Order::Current, Direction::Ascending)).await
}

/// The moment, in Unix milliseconds, before which something must have been said last to be so many days old.
pub(crate) fn before(days: Option<i32>, now: OffsetDateTime) -> Result<i64, ApiError> {
    const MOST_DAYS: i32 = 36_500;
    let age = match days {
        None => catalog::STALE_AFTER,
        Some(days) if (0..=MOST_DAYS).contains(&days) => Duration::days(days.into()),
        Some(days) => {
            let reason = format!("is {days}; 0 to {MOST_DAYS} are allowed");
            return Err(ApiError::invalid("days", reason));
        }
    };
    let before = (now - age).unix_timestamp_nanos() / 1_000_000;
    Ok(i64::try_from(before).unwrap_or(i64::MAX))
}
