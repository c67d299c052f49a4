//! The steps of drafts: read what there is, let the domain decide, write what follows.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use domain::catalog::{
    self, Innovation, InnovationDraft, PublicationAction as Action, PublicationActor,
    PublicationError, Release, Standing, Submission, Words,
};
use domain::entry::{Audience, MAX_PAYLOAD_BYTES, Operation, SealError};
use domain::identity::RecordId;
use domain::role::{Action as Deed, Reach};
use storage::StorageError;
use storage::bodies::Body;
use storage::drafts::{self, DraftStep as Step};
use storage::local::{DraftChange, Local};

use super::beginning::{begin, revise};
use super::release::{self, MoveInput};
use super::{Draft, actor, checks};
use crate::agencies::{change_here, own_agency};
use crate::context::ContextExt as _;
use crate::innovations::input::{innovation_of, own_body};
use crate::innovations::text::Told;
use crate::innovations::unit;
use crate::scalars::Long;
use crate::vocabulary::{AdoptionStatus, LifecycleStage, Term};
use crate::{ApiError, people};

/// What is said of an innovation so far. Everything may be left out.
#[derive(InputObject)]
pub(crate) struct DraftInput {
    /// The title, 3 to 200 characters.
    title: Option<String>,
    /// The global id of the agency that owns it, of this hub.
    agency: Option<ID>,
    /// The global id of the service unit in which it is at work, one of the agency's. Its name becomes `unitName` if that is left
    /// out.
    unit: Option<ID>,
    /// Which coaching it needs next; CREATION when left out.
    stage: Option<LifecycleStage>,
    /// How far it is in use; INITIATIVE when left out.
    adoption: Option<AdoptionStatus>,
    #[graphql(flatten)]
    told: Told,
}

/// A draft with what decides over it.
pub(super) struct Work {
    pub(super) draft: drafts::Draft,
    pub(super) submission: Submission,
    /// What readers see of the innovation.
    pub(super) held: Option<Arc<Body>>,
    /// The newest revision of its record in the log, 0 if there is none.
    pub(super) newest: u64,
}

impl Work {
    /// Reads what decides over a draft.
    pub(super) async fn on(ctx: &Context<'_>, draft: drafts::Draft) -> Result<Self, ApiError> {
        let held = own_body(ctx, draft.record).await?;
        let newest = drafts::newest(ctx.db(), draft.record).await?;
        let standing = match (&held, &newest) {
            (Some(body), _) if body.audience == Audience::Public => Standing::Public,
            (Some(_), _) => Standing::Network,
            (None, Some((_, Operation::Delete { .. }))) => Standing::Gone,
            (None, _) => Standing::Absent,
        };
        let today = ctx.latest_day();
        let before = held.as_deref().and_then(innovation_of);
        let after = Innovation::parse(&draft.text, today);
        let is_small_change = before
            .zip(after.as_ref().ok())
            .is_some_and(|(before, after)| !Submission::needs_review(before, after));
        Ok(Self {
            submission: Submission {
                state: draft.state,
                authors: draft.authors.clone(),
                standing,
                is_small_change,
            },
            draft,
            held,
            newest: newest.map_or(0, |(revision, _)| revision),
        })
    }

    /// The same for the draft with an id, if it is at a revision and whoever asks may do something with it.
    async fn open(
        ctx: &Context<'_>,
        deed: Deed,
        id: &ID,
        revision: Option<Long>,
    ) -> Result<Self, ApiError> {
        let record = super::record("id", ctx, id)?;
        let found = drafts::find(ctx.db(), record).await?;
        let found = found.filter(|draft| super::is_readable(ctx, draft));
        let draft = found.ok_or_else(|| ApiError::NotFound {
            what: "draft",
            id: id.to_string(),
        })?;
        ctx.viewer().require_of(deed, draft.agency())?;
        let held = draft.revision;
        match revision {
            Some(Long(expected)) if expected != held => {
                Err(ApiError::Conflict(StorageError::Conflict {
                    record,
                    expected,
                    held,
                }))
            }
            _ => Self::on(ctx, draft).await,
        }
    }

    /// The draft and the step after an action, as far as it is allowed.
    pub(super) fn after(
        &self,
        ctx: &Context<'_>,
        action: &Action,
        actor: &PublicationActor,
    ) -> Result<(drafts::Draft, Option<Step>, Release), PublicationError> {
        let decided = self.submission.decide(action, actor)?;
        let at = ctx.hub().clock.now();
        let mut draft = self.draft.clone();
        draft.authors = self.submission.authors_after(action, actor);
        draft.revision += 1;
        draft.updated = at;
        draft.state = decided.state;
        match action {
            Action::Verify => draft.verifier = Some(actor.clone()),
            Action::Save | Action::Revise => draft.verifier = None,
            _ => {}
        }
        let is_told = decided.state != self.draft.state || decided.note.is_some();
        let step = is_told.then(|| Step {
            state: decided.state,
            actor: actor.clone(),
            note: decided.note,
            at,
        });
        Ok((draft, step, decided.release))
    }
}

/// Puts what is said in the place of what a draft said.
pub(super) async fn fill(
    ctx: &Context<'_>,
    draft: &mut drafts::Draft,
    input: DraftInput,
) -> Result<(), ApiError> {
    let hub = ctx.db().hub();
    let mut told = input.told;
    let people = people::credited(ctx, told.credits.take()).await?;
    let others = people::unreadable(ctx, &draft.people).await?;
    let people = people.iter().map(|person| person.id);
    draft.people = people.chain(others).collect();
    let agency = input.agency.map(|id| own_agency("agency", &id, hub));
    let agency = agency.transpose()?.or_else(|| only_agency(ctx));
    ctx.viewer().require_of(Deed::WriteDrafts, agency)?;
    let agency = agency.map(|record| record.to_string());
    let stage = input
        .stage
        .unwrap_or(Term(catalog::LifecycleStage::Creation));
    let adoption = input
        .adoption
        .unwrap_or(Term(catalog::AdoptionStatus::Initiative));
    draft.text = InnovationDraft {
        title: input.title.unwrap_or_default(),
        agency: agency.unwrap_or_default(),
        unit: unit::own(input.unit.as_ref(), hub)?,
        stage: stage.to_code(),
        adoption: adoption.to_code(),
        ..told.draft()
    };
    let bytes = serde_json::to_string(&draft.text).map_or(0, |text| text.len());
    if bytes > MAX_PAYLOAD_BYTES {
        let error = StorageError::Seal(SealError::TooLong(bytes));
        return Err(ApiError::TooLarge(error));
    }
    Ok(())
}

/// The agency of whoever asks, if they write for one only.
pub(super) fn only_agency(ctx: &Context<'_>) -> Option<RecordId> {
    match ctx.viewer().reach(Deed::WriteDrafts) {
        Reach::Agencies(agencies) => <[RecordId; 1]>::try_from(agencies).ok().map(|[one]| one),
        Reach::Everywhere | Reach::Nowhere => None,
    }
}

/// Writes a draft, and gives it as it is now.
pub(super) async fn store(
    ctx: &Context<'_>,
    draft: drafts::Draft,
    step: Option<Step>,
) -> Result<Draft, ApiError> {
    let change = DraftChange::Store(draft.clone(), step);
    change_here(ctx, Local::draft(change)).await?;
    Ok(Draft(Arc::new(draft)))
}

/// Takes a step that only changes the draft, or lets its text leave the hub.
async fn take(
    ctx: &Context<'_>,
    work: &Work,
    (action, actor): (Action, PublicationActor),
    moves: Option<MoveInput>,
) -> Result<Draft, ApiError> {
    let (draft, step, release) = work.after(ctx, &action, &actor)?;
    if release == Release::Nothing {
        return store(ctx, draft, step).await;
    }
    release::write(ctx, work, draft, step, (release, moves)).await
}

fn words<const LIMIT: usize>(field: &'static str, raw: &str) -> Result<Words<LIMIT>, ApiError> {
    Words::parse(raw).map_err(|error| ApiError::invalid(field, error))
}

/// What can be done with drafts.
#[derive(Default)]
pub(crate) struct DraftMutation;

/// What can be done with drafts.
#[Object(serial)]
impl DraftMutation {
    /// Begins a draft of a new innovation, or of the next text of one. It stays at this hub until it is verified.
    async fn draft_innovation(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Who writes it: the name of an office. Left out by accounts, which act in their own name."
        )]
        by: Option<String>,
        #[graphql(
            desc = "What is said so far; left out, what the innovation says, or nothing for a new one."
        )]
        input: Option<DraftInput>,
        #[graphql(desc = "The global id of the innovation, of this hub; a new one when left out.")]
        innovation: Option<ID>,
    ) -> Result<Draft, ApiError> {
        let actor = actor(ctx, Deed::WriteDrafts, by)?;
        match innovation {
            None => begin(ctx, actor, input).await,
            Some(id) => revise(ctx, actor, &id, input).await,
        }
    }

    /// Writes a draft. The input replaces all that it said. One that was handed back is taken up again by it.
    async fn save_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The draft's id.")] id: ID,
        #[graphql(desc = "The revision that is replaced; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(
            desc = "Who writes it: the name of an office. Left out by accounts, which act in their own name."
        )]
        by: Option<String>,
        #[graphql(desc = "What is said from now on.")] input: DraftInput,
        #[graphql(
            desc = "The innovation's revision that the text is to replace, if others wrote it meanwhile; the same as before when left out."
        )]
        based_on: Option<Long>,
    ) -> Result<Draft, ApiError> {
        let actor = actor(ctx, Deed::WriteDrafts, by)?;
        let work = Work::open(ctx, Deed::WriteDrafts, &id, Some(revision)).await?;
        let (mut draft, step, _) = work.after(ctx, &Action::Save, &actor)?;
        fill(ctx, &mut draft, input).await?;
        if let Some(Long(based_on)) = based_on {
            draft.based_on = based_on;
        }
        store(ctx, draft, step).await
    }

    /// Hands a draft in, so that somebody else looks at it. All that is missing or wrong is said at once.
    async fn submit_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The draft's id.")] id: ID,
        #[graphql(
            desc = "The revision that is handed in; CONFLICT if it is no longer the newest."
        )]
        revision: Long,
        #[graphql(
            desc = "Who hands it in: one of its authors. Left out by accounts, which act in their own name."
        )]
        by: Option<String>,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Draft, ApiError> {
        let actor = actor(ctx, Deed::WriteDrafts, by)?;
        let mut work = Work::open(ctx, Deed::WriteDrafts, &id, Some(revision)).await?;
        checks::check(ctx, &work.draft).await?.whole()?;
        acknowledged(&mut work.draft, acknowledge)?;
        take(ctx, &work, (Action::Submit, actor), None).await
    }

    /// Hands a draft back to its authors, with a note.
    async fn return_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The draft's id.")] id: ID,
        #[graphql(
            desc = "The revision that was looked at; CONFLICT if it is no longer the newest."
        )]
        revision: Long,
        #[graphql(
            desc = "Who looked at it: nobody who wrote it. Left out by accounts, which act in their own name."
        )]
        by: Option<String>,
        #[graphql(desc = "What is to be mended, 300 words.")] note: String,
    ) -> Result<Draft, ApiError> {
        let actor = actor(ctx, Deed::Review, by)?;
        let action = Action::Return(words("note", &note)?);
        let work = Work::open(ctx, Deed::Review, &id, Some(revision)).await?;
        take(ctx, &work, (action, actor), None).await
    }

    /// Says something of a draft, for those who work on it.
    async fn note_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The draft's id.")] id: ID,
        #[graphql(desc = "Who says it. Left out by accounts, which act in their own name.")]
        by: Option<String>,
        #[graphql(desc = "What is said, 300 words.")] note: String,
    ) -> Result<Draft, ApiError> {
        let actor = actor(ctx, Deed::WriteDrafts, by)?;
        let action = Action::Note(words("note", &note)?);
        let work = Work::open(ctx, Deed::WriteDrafts, &id, None).await?;
        let (_, step, _) = work.after(ctx, &action, &actor)?;
        let noted = step.map(|step| DraftChange::Note(work.draft.record, step));
        let local = Local {
            drafts: noted.into_iter().collect(),
            ..Local::default()
        };
        change_here(ctx, local).await?;
        Ok(Draft(Arc::new(work.draft)))
    }

    /// Finds a draft right. The network reads it from now on; if everybody reads the innovation already, nothing changes for
    /// them until the draft is published.
    async fn verify_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The draft's id.")] id: ID,
        #[graphql(
            desc = "The revision that was looked at; CONFLICT if it is no longer the newest."
        )]
        revision: Long,
        #[graphql(
            desc = "Who looked at it: nobody who wrote it. Left out by accounts, which act in their own name."
        )]
        by: Option<String>,
        #[graphql(desc = "Why it is at another stage now, where the network reads it already.")]
        moves: Option<MoveInput>,
    ) -> Result<Draft, ApiError> {
        let actor = actor(ctx, Deed::Review, by)?;
        let work = Work::open(ctx, Deed::Review, &id, Some(revision)).await?;
        take(ctx, &work, (Action::Verify, actor), moves).await
    }

    /// Publishes a draft: everybody reads it from now on. One that was verified; and without that, one that changes neither
    /// title nor agency, stage or adoption of what everybody reads already.
    async fn publish_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The draft's id.")] id: ID,
        #[graphql(
            desc = "The revision that is published; CONFLICT if it is no longer the newest."
        )]
        revision: Long,
        #[graphql(desc = "Who publishes it. Left out by accounts, which act in their own name.")]
        by: Option<String>,
        #[graphql(desc = "Why it is at another stage now, where it was read already.")]
        moves: Option<MoveInput>,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Draft, ApiError> {
        let actor = actor(ctx, Deed::Review, by)?;
        let mut work = Work::open(ctx, Deed::Review, &id, Some(revision)).await?;
        acknowledged(&mut work.draft, acknowledge)?;
        take(ctx, &work, (Action::Publish, actor), moves).await
    }

    /// Takes back what was verified or published, everywhere. The text stays here, and can be published again or thrown away.
    /// To erase personal data use `withdrawInnovation` with ERASURE, which also drops the draft.
    async fn withdraw_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The draft's id.")] id: ID,
        #[graphql(desc = "The draft's revision; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "Who takes it back. Left out by accounts, which act in their own name.")]
        by: Option<String>,
        #[graphql(desc = "Why, 100 words; it stays here.")] reason: String,
    ) -> Result<Draft, ApiError> {
        let actor = actor(ctx, Deed::Review, by)?;
        let action = Action::Withdraw(words("reason", &reason)?);
        let work = Work::open(ctx, Deed::Review, &id, Some(revision)).await?;
        take(ctx, &work, (action, actor), None).await
    }

    /// Throws a draft away with all that was said of it. What readers see of its innovation stays as it is. Gives its id.
    async fn discard_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The draft's id.")] id: ID,
        #[graphql(desc = "The draft's revision; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "Who throws it away. Left out by accounts, which act in their own name.")]
        by: Option<String>,
    ) -> Result<ID, ApiError> {
        let actor = actor(ctx, Deed::WriteDrafts, by)?;
        let work = Work::open(ctx, Deed::WriteDrafts, &id, Some(revision)).await?;
        work.submission.decide(&Action::Discard, &actor)?;
        let removed = DraftChange::Remove(work.draft.record, Some(revision.0));
        change_here(ctx, Local::draft(removed)).await?;
        Ok(id)
    }
}

/// Takes what is meant for everybody into a draft, and refuses what else looks like personal data.
fn acknowledged(draft: &mut drafts::Draft, given: Option<Vec<String>>) -> Result<(), ApiError> {
    const MOST: usize = 500;
    let new = given.into_iter().flatten();
    let new: Vec<_> = new
        .filter(|mark| !draft.acknowledged.contains(mark))
        .collect();
    draft.acknowledged.extend(new);
    let marks = draft.acknowledged.len();
    if marks > MOST {
        let reason = format!("{marks} findings are acknowledged; {MOST} are allowed");
        return Err(ApiError::invalid("acknowledge", reason));
    }
    let found = checks::personal_data(draft);
    if found.is_empty() {
        return Ok(());
    }
    Err(ApiError::PersonalData(found))
}
