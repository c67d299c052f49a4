//! What belongs to an innovation of this hub goes where the innovation goes: to fewer readers, to everybody, or away.

use std::sync::Arc;

use async_graphql::Context;
use domain::entry::{Audience, Change, DeletionReason, EntryDraft, Kind, Sight};
use domain::identity::{RecordId, RecordRef};
use storage::innovations::Direction;
use storage::items::{self, ItemFilter, ItemStretch, Role};

use super::Shown;
use super::writing::Place;
use crate::ApiError;
use crate::context::ContextExt as _;

/// Where an innovation goes.
pub(crate) enum Going {
    /// To these readers.
    To(Audience),
    /// Away, for this reason.
    Away(DeletionReason),
}

/// How many records of an innovation can go with it.
const MOST: usize = 1000;

/// The kinds that go with their innovation. The first two are for whom their innovation is; the others may be for fewer.
const KINDS: [&str; 4] = [
    Kind::TRANSITION,
    Kind::CONFIRMATION,
    Kind::EVIDENCE,
    Kind::BUDGET,
];

/// The entries by which this hub's records of an innovation go with it; `acknowledged` are findings of personal data that are
/// meant for everybody.
pub(crate) async fn entries(
    ctx: &Context<'_>,
    innovation: RecordId,
    going: &Going,
    acknowledged: &[String],
) -> Result<Vec<EntryDraft>, ApiError> {
    let mut entries = Vec::new();
    for shown in belonging(ctx, innovation).await? {
        let kind = shown.item().kind();
        let held = &shown.body.audience;
        let (audience, change) = match going {
            Going::Away(reason) => (held.clone(), Change::Delete(*reason)),
            Going::To(readers) if goes(kind, held, readers) => {
                (readers.clone(), Change::Put(shown.item().to_text()))
            }
            Going::To(_) => continue,
        };
        let acknowledged = Some(acknowledged.to_vec());
        let (record, revision) = (shown.place.record, shown.body.revision);
        let place = Place::after(record, revision, audience, acknowledged);
        entries.push(place.change(ctx, kind, change)?);
    }
    Ok(entries)
}

/// Whether a record for some readers changes when its innovation is for others from now on.
fn goes(kind: &str, held: &Audience, readers: &Audience) -> bool {
    let is_as_innovation = matches!(kind, Kind::TRANSITION | Kind::CONFIRMATION);
    held.rank() < readers.rank() || (is_as_innovation && held.rank() > readers.rank())
}

/// This hub's records that belong to an innovation.
async fn belonging(ctx: &Context<'_>, innovation: RecordId) -> Result<Vec<Arc<Shown>>, ApiError> {
    let hub = ctx.db().hub().clone();
    let target = RecordRef {
        hub: hub.clone(),
        record: innovation,
    };
    let stretch = ItemStretch {
        direction: Direction::Ascending,
        after: None,
        before: None,
        limit: u32::try_from(MOST + 1).unwrap_or(u32::MAX),
    };
    let mut places = Vec::new();
    for kind in KINDS {
        let filter = ItemFilter {
            kind,
            hubs: vec![hub.clone()],
            refers_to: Some((Role::Subject, target.clone())),
            sight: Sight::All,
            ..ItemFilter::default()
        };
        places.extend(items::list(ctx.db(), &filter, stretch).await?);
    }
    if places.len() > MOST {
        let reason = format!(
            "has more than {MOST} transitions, confirmations, evidence and budgets, which would go with it; withdraw those that are not needed first"
        );
        return Err(ApiError::invalid("id", reason));
    }
    let shown = Shown::read_all(ctx.db(), places).await?;
    Ok(shown.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_for_no_more_readers_than_its_innovation() {
        let (all, network) = (Audience::Public, Audience::Network);
        for (kind, held, readers, expected) in [
            (Kind::TRANSITION, &all, &network, true),
            (Kind::TRANSITION, &network, &all, true),
            (Kind::CONFIRMATION, &network, &all, true),
            (Kind::EVIDENCE, &all, &network, true),
            (Kind::EVIDENCE, &network, &all, false),
            (Kind::BUDGET, &network, &all, false),
            (Kind::BUDGET, &network, &network, false),
        ] {
            assert_eq!(
                goes(kind, held, readers),
                expected,
                "{kind} {held:?} {readers:?}"
            );
        }
    }
}
