//! What leaves the hub when a draft is verified, published or withdrawn: entries, in one transaction with the draft.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject};
use domain::catalog::{Innovation, InnovationDraft, Release};
use domain::entry::{Audience, Change, DeletionReason, EntryDraft, Kind};
use storage::credits;
use storage::drafts::{self, DraftStep as Step};
use storage::local::{DraftChange, Local};

use super::Draft;
use super::writing::Work;
use crate::agencies::{issue_with, require};
use crate::context::ContextExt as _;
use crate::innovations::input::innovation_of;
use crate::innovations::unit;
use crate::items::belonging::{self, Going};
use crate::items::progress::moves::{self, Moving};
use crate::items::writing::Place;
use crate::scalars::PartialDate;
use crate::{ApiError, people};

/// When, why and by whose decision an innovation moved to another stage or adoption status.
#[derive(Default, InputObject)]
pub(crate) struct MoveInput {
    /// The day on which it took effect; today when left out.
    on: Option<PartialDate>,
    /// The role or office that decided it, no name; who verified the draft when left out.
    decided_by: Option<String>,
    /// Why, 100 words. Needed for going back, for giving up, and for skipping the trial.
    reason: Option<String>,
    /// The global ids of the evidence for it, of this hub, up to 10.
    evidence: Option<Vec<ID>>,
}

/// Writes what leaves the hub together with the draft, and gives the draft as it is now.
pub(super) async fn write(
    ctx: &Context<'_>,
    work: &Work,
    mut draft: drafts::Draft,
    step: Option<Step>,
    (release, moves): (Release, Option<MoveInput>),
) -> Result<Draft, ApiError> {
    let (entries, credits) = match release {
        Release::Nothing => (Vec::new(), None),
        Release::Delete(reason) => {
            draft.based_on = work.newest + 1;
            let going = Going::Away(reason);
            let mut entries = belonging::entries(ctx, draft.record, &going, &[]).await?;
            entries.push(gone(ctx, work, reason));
            (entries, Some(Vec::new()))
        }
        Release::Put(audience) => {
            let (entries, credits) = said(ctx, work, &draft, (audience, moves)).await?;
            draft.based_on += 1;
            (entries, Some(credits))
        }
    };
    let record = draft.record;
    let local = Local {
        drafts: vec![DraftChange::Store(draft.clone(), step)],
        credits: credits
            .map(|credits| (record, credits))
            .into_iter()
            .collect(),
        ..Local::default()
    };
    issue_with(ctx, entries, local).await?;
    Ok(Draft(Arc::new(draft)))
}

fn gone(ctx: &Context<'_>, work: &Work, reason: DeletionReason) -> EntryDraft {
    let held = work.held.as_ref();
    EntryDraft {
        record: work.draft.record,
        revision: work.newest + 1,
        kind: Kind::parse(Kind::INNOVATION).expect("our own kinds are well formed"),
        audience: held.map_or(Audience::Public, |held| held.audience.clone()),
        at: ctx.hub().clock.now(),
        change: Change::Delete(reason),
    }
}

/// The text as an entry, with the moves that it makes.
async fn said(
    ctx: &Context<'_>,
    work: &Work,
    draft: &drafts::Draft,
    (audience, moves): (Audience, Option<MoveInput>),
) -> Result<(Vec<EntryDraft>, Vec<credits::Credit>), ApiError> {
    let innovation = Innovation::parse(&draft.text, ctx.latest_day())?;
    require(ctx, "agency", innovation.agency, &audience).await?;
    let innovation = unit::named(ctx, innovation).await?;
    let credits = credits::of_people(&people::still_known(ctx, &draft.people).await?);
    let text = InnovationDraft {
        credits: credits::told(&credits),
        ..InnovationDraft::from(&innovation)
    };
    let place = Place::after(
        draft.record,
        draft.based_on,
        audience,
        Some(draft.acknowledged.clone()),
    );
    let held = work.held.as_deref().and_then(innovation_of);
    let mut entries = match held {
        Some(held) => moved(ctx, (draft, held, &innovation), &place, moves).await?,
        None => Vec::new(),
    };
    entries.push(place.entry(ctx, Kind::INNOVATION, &text)?);
    let before = work.held.as_ref().map(|held| &held.audience);
    if before.is_some_and(|before| *before != place.audience) {
        let going = Going::To(place.audience.clone());
        let with_it = belonging::entries(ctx, draft.record, &going, &place.acknowledged);
        entries.extend(with_it.await?);
    }
    Ok((entries, credits))
}

/// The moves from what readers see to what the draft says.
async fn moved(
    ctx: &Context<'_>,
    (draft, held, said): (&drafts::Draft, &Innovation, &Innovation),
    place: &Place,
    given: Option<MoveInput>,
) -> Result<Vec<EntryDraft>, ApiError> {
    let given = given.unwrap_or_default();
    let verifier = draft.verifier.as_ref().or(draft.authors.last());
    let decided_by = given
        .decided_by
        .or_else(|| verifier.map(ToString::to_string));
    let moving = Moving {
        record: draft.record,
        held,
        said,
        on: given.on,
        decided_by: decided_by.unwrap_or_default(),
        reason: given.reason,
        evidence: given.evidence.unwrap_or_default(),
    };
    moves::entries(ctx, &moving, place).await
}
