//! How drafts begin: of a new innovation, or of the next text of one.

use std::sync::Arc;

use async_graphql::{Context, ID};
use domain::catalog::{
    self, InnovationDraft, PublicationAction as Action, PublicationActor, PublicationState as State,
};
use domain::identity::RecordId;
use domain::role::Action as Deed;
use storage::credits;
use storage::drafts::{self, DraftStep as Step};
use storage::local::{DraftChange, Local};

use super::Draft;
use super::writing::{DraftInput, Work, fill, only_agency, store};
use crate::ApiError;
use crate::agencies::change_here;
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::innovations::input::innovation_of;
use crate::vocabulary::Term;

/// Begins the draft of a new innovation.
pub(super) async fn begin(
    ctx: &Context<'_>,
    actor: PublicationActor,
    input: Option<DraftInput>,
) -> Result<Draft, ApiError> {
    let hub = ctx.hub();
    let record = RecordId::generate(hub.clock.now(), &*hub.entropy);
    let mut draft = fresh(ctx, record, &actor);
    draft.text = InnovationDraft {
        stage: Term(catalog::LifecycleStage::Creation).to_code(),
        adoption: Term(catalog::AdoptionStatus::Initiative).to_code(),
        agency: only_agency(ctx).map_or_else(String::new, |agency| agency.to_string()),
        ..InnovationDraft::default()
    };
    if let Some(input) = input {
        fill(ctx, &mut draft, input).await?;
    }
    ctx.viewer().require_of(Deed::WriteDrafts, draft.agency())?;
    start(ctx, draft, actor).await
}

fn fresh(ctx: &Context<'_>, record: RecordId, actor: &PublicationActor) -> drafts::Draft {
    let at = ctx.hub().clock.now();
    drafts::Draft {
        record,
        revision: 1,
        state: State::Draft,
        authors: vec![actor.clone()],
        verifier: None,
        text: InnovationDraft::default(),
        people: Vec::new(),
        acknowledged: Vec::new(),
        based_on: 0,
        created: at,
        updated: at,
    }
}

async fn start(
    ctx: &Context<'_>,
    draft: drafts::Draft,
    actor: PublicationActor,
) -> Result<Draft, ApiError> {
    let step = Step {
        state: draft.state,
        actor,
        note: None,
        at: draft.created,
    };
    let begun = DraftChange::Begin(draft.clone(), step);
    change_here(ctx, Local::draft(begun)).await?;
    Ok(Draft(Arc::new(draft)))
}

/// Begins the next text of an innovation: from what its readers see, else from what was drafted last.
pub(super) async fn revise(
    ctx: &Context<'_>,
    actor: PublicationActor,
    id: &ID,
    input: Option<DraftInput>,
) -> Result<Draft, ApiError> {
    let record = super::record("innovation", ctx, id)?;
    let known = drafts::find(ctx.db(), record).await?;
    if let Some(known) = &known {
        ctx.viewer().require_of(Deed::WriteDrafts, known.agency())?;
    }
    let is_known = known.is_some();
    let work = Work::on(ctx, known.unwrap_or_else(|| fresh(ctx, record, &actor))).await?;
    let (mut draft, step) = if is_known {
        let (draft, step, _) = work.after(ctx, &Action::Revise, &actor)?;
        (draft, step)
    } else {
        (work.draft.clone(), None)
    };
    let is_published = !is_known || work.draft.state == State::Published;
    match work.held.as_deref().and_then(innovation_of) {
        Some(held) if is_published => {
            draft.text = InnovationDraft {
                credits: Vec::new(),
                ..InnovationDraft::from(held)
            };
            let credits = credits::of(ctx.db(), record).await?;
            draft.people = credits.iter().filter_map(|credit| credit.person).collect();
        }
        None if !is_known => {
            return Err(ApiError::NotFound {
                what: "innovation",
                id: GlobalId::Innovation(ctx.db().hub().clone(), record).to_string(),
            });
        }
        _ => {}
    }
    ctx.viewer().require_of(Deed::WriteDrafts, draft.agency())?;
    draft.based_on = work.newest;
    if let Some(input) = input {
        fill(ctx, &mut draft, input).await?;
    }
    if is_known {
        store(ctx, draft, step).await
    } else {
        start(ctx, draft, actor).await
    }
}
