//! Drafts: texts of innovations on their way to publication. They stay at this hub, and only those see them who work on them.
//!
//! - [`Draft`] is one as it is read; `checks` says what it lacks.
//! - [`writing`] takes the steps; what may follow on what is decided in `domain::catalog::Submission`.
//! - [`actor`] says who acts: an account, or whom the holder of the operator's token names.

#![expect(
    clippy::unused_async,
    reason = "async-graphql takes resolvers as async functions"
)]

mod beginning;
mod checks;
mod release;
pub(crate) mod writing;

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::catalog::{self, PublicationActor, PublicationState as State};
use domain::identity::{HubId, RecordId};
use domain::role::{Action, Reach};
use storage::drafts::{self, DraftFilter, DraftPlace, DraftStep as Step};
use storage::local::DraftChange;

use crate::ApiError;
use crate::agencies::{self, Agency};
use crate::context::{ContextExt as _, Viewer};
use crate::ids::GlobalId;
use crate::innovations::input::WithdrawalReason;
use crate::innovations::text::{Told, term};
use crate::innovations::{self, Innovation, unit};
use crate::items::progress::ServiceUnit;
use crate::loaders::{DraftKey, Records};
use crate::objects::Warning;
use crate::paging::{PageArgs, PageInfo, bounded};
use crate::people::{self, Person};
use crate::scalars::{DateTime, Long};
use crate::vocabulary::{AdoptionStatus, LifecycleStage, PublicationState};

/// A draft as it is read.
#[derive(Clone)]
pub(crate) struct Draft(pub(crate) Arc<drafts::Draft>);

/// A text of an innovation on its way to publication. It stays at this hub, and only those see it who work on it: contributors of its
/// agency, curators and operators.
#[Object(serial)]
impl Draft {
    /// The draft's id, at this hub only.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        GlobalId::Draft(ctx.db().hub().clone(), self.0.record).to_id()
    }

    /// The global id that the innovation has, or will have once it leaves this hub.
    async fn innovation_id(&self, ctx: &Context<'_>) -> ID {
        GlobalId::Innovation(ctx.db().hub().clone(), self.0.record).to_id()
    }

    /// The innovation as its readers see it now; null while nobody does.
    async fn innovation(&self, ctx: &Context<'_>) -> Result<Option<Innovation>, ApiError> {
        innovations::load(ctx, (ctx.db().hub().clone(), self.0.record)).await
    }

    /// The draft's revision, which the next change names: 1, 2, 3 …
    async fn revision(&self) -> Long {
        Long(self.0.revision)
    }

    /// The innovation's revision that the text is to replace; 0 for a new one.
    async fn based_on(&self) -> Long {
        Long(self.0.based_on)
    }

    /// How far it is.
    async fn state(&self) -> PublicationState {
        self.0.state.into()
    }

    /// Who wrote it since it was last verified, the last one last.
    async fn authors(&self) -> Vec<&str> {
        self.0
            .authors
            .iter()
            .map(PublicationActor::as_str)
            .collect()
    }

    /// Who verified it.
    async fn verifier(&self) -> Option<&str> {
        self.0.verifier.as_ref().map(PublicationActor::as_str)
    }

    /// What it says, as far as it goes.
    async fn text(&self) -> DraftText {
        let text = &self.0.text;
        DraftText {
            title: Some(text.title.clone()).filter(|title| !title.is_empty()),
            agency: RecordId::parse(&text.agency).ok(),
            unit: text
                .unit
                .as_deref()
                .and_then(|unit| RecordId::parse(unit).ok()),
            stage: term(Some(&text.stage)),
            adoption: term(Some(&text.adoption)),
            told: text.clone().into(),
        }
    }

    /// The people whom it credits, of whom whoever asks may read.
    #[graphql(complexity = "20 * child_complexity")]
    async fn credits(&self, ctx: &Context<'_>) -> Result<Vec<Person>, ApiError> {
        people::find_many(ctx, &self.0.people).await
    }

    /// What is missing or wrong: with any of it, it cannot be handed in.
    async fn faults(&self, ctx: &Context<'_>) -> Result<Vec<Warning>, ApiError> {
        let checked = checks::check(ctx, &self.0).await?;
        Ok(checked.faults.into_iter().map(Into::into).collect())
    }

    /// What deserves a second look: sections that are longer than asked for, or empty, and of a new innovation what its stage asks
    /// for and cannot be here yet.
    async fn warnings(&self, ctx: &Context<'_>) -> Vec<Warning> {
        checks::warnings(&self.0, ctx.latest_day())
            .into_iter()
            .map(Into::into)
            .collect()
    }

    /// What looks like personal data, and was not acknowledged yet.
    async fn personal_data(&self) -> Vec<PersonalDataFound> {
        checks::personal_data(&self.0)
            .into_iter()
            .map(Into::into)
            .collect()
    }

    /// Whether somebody else must verify it before everybody reads it.
    async fn needs_review(&self, ctx: &Context<'_>) -> Result<bool, ApiError> {
        let work = writing::Work::on(ctx, (*self.0).clone()).await?;
        Ok(!work.submission.is_small_change)
    }

    /// What happened to it, and the notes of those who looked at it, the first one first; of more than 200 the newest.
    #[graphql(complexity = "20 * child_complexity")]
    async fn steps(&self, ctx: &Context<'_>) -> Result<Vec<DraftStep>, ApiError> {
        let steps = drafts::steps(ctx.db(), self.0.record).await?;
        Ok(steps.into_iter().map(Into::into).collect())
    }

    /// When it was begun.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created)
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated)
    }
}

/// What a draft says, as far as it goes.
pub(crate) struct DraftText {
    title: Option<String>,
    agency: Option<RecordId>,
    unit: Option<RecordId>,
    stage: Option<LifecycleStage>,
    adoption: Option<AdoptionStatus>,
    told: Told,
}

/// What a draft says, as far as it goes.
#[Object(serial)]
impl DraftText {
    /// The title.
    async fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The agency that owns the innovation.
    async fn agency(&self, ctx: &Context<'_>) -> Result<Option<Agency>, ApiError> {
        match self.agency {
            Some(agency) => agencies::load(ctx, (ctx.db().hub().clone(), agency)).await,
            None => Ok(None),
        }
    }

    /// The service unit in which it is at work.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<ServiceUnit>, ApiError> {
        unit::of(ctx, ctx.db().hub(), self.unit).await
    }

    /// Which coaching it needs next.
    async fn stage(&self) -> Option<LifecycleStage> {
        self.stage
    }

    /// How far it is in use.
    async fn adoption(&self) -> Option<AdoptionStatus> {
        self.adoption
    }

    /// What is told beside that.
    #[graphql(flatten)]
    async fn told(&self) -> &Told {
        &self.told
    }
}

/// Something in a draft that looks like personal data.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct PersonalDataFound {
    /// The field's path.
    field: String,
    /// What it looks like, for example `NIK`.
    data: String,
    /// What is sent back in `acknowledge` to say that it is meant for everybody.
    acknowledgement: String,
}

impl From<catalog::PersonalDataInField> for PersonalDataFound {
    fn from(found: catalog::PersonalDataInField) -> Self {
        Self {
            data: found.finding.data.to_string(),
            acknowledgement: found.acknowledgement(),
            field: found.field,
        }
    }
}

/// One step of a draft, or a note.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct DraftStep {
    /// The state that was reached, or in which something was said.
    state: PublicationState,
    /// Who did it.
    by: String,
    /// What they said.
    note: Option<String>,
    /// When.
    at: DateTime,
}

impl From<Step> for DraftStep {
    fn from(step: Step) -> Self {
        Self {
            state: step.state.into(),
            by: step.actor.to_string(),
            note: step.note,
            at: DateTime(step.at),
        }
    }
}

/// Which drafts are wanted.
#[derive(Default, InputObject)]
pub(crate) struct DraftFilterInput {
    /// Only drafts in one of these states.
    states: Option<Vec<PublicationState>>,
}

/// A page of drafts, the last changed first.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct DraftConnection {
    /// The drafts with their cursors.
    edges: Vec<DraftEdge>,
    /// The drafts.
    nodes: Vec<Draft>,
    /// Where the page stands.
    page_info: PageInfo,
    /// How many drafts the filter finds in all.
    total_count: Long,
}

/// A draft in a list.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct DraftEdge {
    /// The draft's place in the list.
    cursor: String,
    /// The draft.
    node: Draft,
}

/// What can be asked of drafts.
#[derive(Default)]
pub(crate) struct DraftQuery;

/// What can be asked of drafts.
#[Object(serial)]
impl DraftQuery {
    /// A draft by its id, or by the global id of its innovation; null when there is none. For those who
    /// work on it.
    async fn draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The draft's id, or the innovation's.")] id: ID,
    ) -> Result<Option<Draft>, ApiError> {
        ctx.viewer().require(Action::ReadDrafts)?;
        let record = record("id", ctx, &id)?;
        let found = drafts::find(ctx.db(), record).await?;
        let found = found.filter(|draft| is_readable(ctx, draft));
        Ok(found.map(|draft| Draft(Arc::new(draft))))
    }

    /// Drafts of this hub, the last changed first: those that whoever asks works on.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn drafts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Which drafts are wanted.")] filter: Option<DraftFilterInput>,
    ) -> Result<DraftConnection, ApiError> {
        ctx.viewer().require(Action::ReadDrafts)?;
        let states = bounded("filter.states", filter.unwrap_or_default().states)?;
        let filter = DraftFilter {
            states: states.into_iter().map(|state| state.0).collect(),
            agencies: match ctx.viewer().reach(Action::ReadDrafts) {
                Reach::Everywhere => None,
                Reach::Agencies(agencies) => Some(agencies),
                Reach::Nowhere => Some(Vec::new()),
            },
        };
        list(ctx, &PageArgs::forward(first, after), filter).await
    }
}

async fn list(
    ctx: &Context<'_>,
    args: &PageArgs,
    filter: DraftFilter,
) -> Result<DraftConnection, ApiError> {
    let request = args.parse(read_cursor)?;
    let read = drafts::list(ctx.db(), &filter, request.after, request.limit()).await?;
    let (page, page_info) = request.finish(read, write_cursor);
    let edge = |draft: drafts::Draft| DraftEdge {
        cursor: write_cursor(&draft),
        node: Draft(Arc::new(draft)),
    };
    let edges: Vec<_> = page.into_iter().map(edge).collect();
    Ok(DraftConnection {
        nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
        edges,
        page_info,
        total_count: Long(drafts::count(ctx.db(), &filter).await?),
    })
}

fn write_cursor(draft: &drafts::Draft) -> String {
    let (updated, record) = draft.place();
    format!("{updated}:{record}")
}

fn read_cursor(raw: &str) -> Option<DraftPlace> {
    let (updated, record) = raw.split_once(':')?;
    Some((updated.parse().ok()?, RecordId::parse(record).ok()?))
}

/// The draft of an innovation, together with those of others that are asked for at the same time; nothing for all but the
/// operator of its hub.
pub(crate) async fn of_innovation(
    ctx: &Context<'_>,
    hub: &HubId,
    record: RecordId,
) -> Result<Option<Draft>, ApiError> {
    if ctx.viewer().reach(Action::ReadDrafts) == Reach::Nowhere || hub != ctx.db().hub() {
        return Ok(None);
    }
    let found = ctx
        .data_unchecked::<Records>()
        .load_one(DraftKey(record))
        .await
        .map_err(crate::root::shared)?;
    let found = found.filter(|draft| is_readable(ctx, draft));
    Ok(found.map(Draft))
}

/// Whether whoever asks may read a draft: others than the readers of its agency are told that there is none.
fn is_readable(ctx: &Context<'_>, draft: &drafts::Draft) -> bool {
    let permitted = ctx.viewer().require_of(Action::ReadDrafts, draft.agency());
    permitted.is_ok()
}

/// The record of a draft of this hub.
fn record(field: &'static str, ctx: &Context<'_>, id: &ID) -> Result<RecordId, ApiError> {
    let (GlobalId::Draft(owner, record) | GlobalId::Innovation(owner, record)) =
        GlobalId::parse(field, id)?
    else {
        return Err(ApiError::invalid(field, "is not the id of a draft"));
    };
    if owner == *ctx.db().hub() {
        return Ok(record);
    }
    Err(ApiError::Foreign {
        id: id.to_string(),
        owner,
    })
}

/// Who acts: the account that is signed in; for the holder of the operator's token, the name that they give.
pub(crate) fn actor(
    ctx: &Context<'_>,
    action: Action,
    by: Option<String>,
) -> Result<PublicationActor, ApiError> {
    ctx.viewer().require(action)?;
    let name = match (ctx.viewer(), by) {
        (Viewer::Account(account), None) => account.name.to_string(),
        (Viewer::Account(account), Some(by)) if by == account.name.as_str() => by,
        (Viewer::Account(account), Some(_)) => {
            let reason = format!("you act as {}; leave it out", account.name);
            return Err(ApiError::invalid("by", reason));
        }
        (_, Some(by)) => by,
        (_, None) => {
            let reason = "is needed with the operator's token: the name of the office that acts";
            return Err(ApiError::invalid("by", reason));
        }
    };
    PublicationActor::parse(&name).map_err(|error| ApiError::invalid("by", error))
}

/// What becomes of an innovation's draft when the innovation is taken back by its next revision.
pub(crate) async fn after_withdrawal(
    ctx: &Context<'_>,
    record: RecordId,
    revision: u64,
    reason: WithdrawalReason,
) -> Result<Vec<DraftChange>, ApiError> {
    if reason == WithdrawalReason::Erasure {
        return Ok(vec![DraftChange::Remove(record, None)]);
    }
    let Some(mut draft) = drafts::find(ctx.db(), record).await? else {
        return Ok(Vec::new());
    };
    if !matches!(draft.state, State::Verified | State::Published) {
        let (from, to) = (revision, revision + 1);
        return Ok(vec![DraftChange::Rebase { record, from, to }]);
    }
    let at = ctx.hub().clock.now();
    draft.state = State::Withdrawn;
    draft.revision += 1;
    draft.based_on = revision + 1;
    draft.updated = at;
    let step = Step {
        state: draft.state,
        actor: PublicationActor::parse("withdrawInnovation").expect("it is a line"),
        note: None,
        at,
    };
    Ok(vec![DraftChange::Store(draft, Some(step))])
}
