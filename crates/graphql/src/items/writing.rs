//! Writing items into this hub's log.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use domain::catalog::{self, StepDraft, personal_data_in};
use domain::entry::{Audience, Change, DeletionReason, EntryDraft, Kind, Sight};
use domain::identity::{HubId, RecordId, RecordRef};
use domain::role::Action;
use serde::Serialize;
use storage::items::{self, ItemFilter, ItemStretch, Role};

use super::{Shown, ShowsItem};
use crate::ApiError;
use crate::access;
use crate::agencies::{issue, issue_all};
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::innovations::input::WithdrawalReason;
use crate::innovations::{self, Innovation};
use crate::scalars::{Long, PartialDate};
use crate::vocabulary::Term;

/// Where a record is to be written, and what its author says to its warnings.
pub(crate) struct Place {
    pub(crate) record: RecordId,
    pub(crate) revision: u64,
    pub(crate) audience: Audience,
    /// Findings of personal data that are meant for everybody.
    pub(crate) acknowledged: Vec<String>,
}

impl Place {
    /// The first revision of a new record.
    pub(crate) fn new(
        ctx: &Context<'_>,
        audience: Audience,
        acknowledged: Option<Vec<String>>,
    ) -> Self {
        Self {
            record: RecordId::generate(ctx.hub().clock.now(), &*ctx.hub().entropy),
            revision: 1,
            audience,
            acknowledged: acknowledged.unwrap_or_default(),
        }
    }

    /// The revision after one that is known.
    pub(crate) fn after(
        record: RecordId,
        revision: u64,
        audience: Audience,
        acknowledged: Option<Vec<String>>,
    ) -> Self {
        Self {
            record,
            revision: revision + 1,
            audience,
            acknowledged: acknowledged.unwrap_or_default(),
        }
    }

    /// What is said, as the body of a payload; refused when it would show everybody personal data.
    pub(crate) fn body(&self, said: &impl Serialize) -> Result<String, ApiError> {
        if self.audience == Audience::Public {
            self.look_at(said)?;
        }
        Ok(serde_json::to_string(said).expect("what is said is plain text and numbers"))
    }

    /// Refuses what would show personal data if everybody read it.
    pub(crate) fn look_at(&self, said: &impl Serialize) -> Result<(), ApiError> {
        let body = serde_json::to_value(said).expect("what is said is plain text and numbers");
        let found = personal_data_in(&body, &self.acknowledged);
        if found.is_empty() {
            return Ok(());
        }
        Err(ApiError::PersonalData(found))
    }
}

impl Place {
    /// What is said, as an entry of this hub's log.
    pub(crate) fn entry(
        &self,
        ctx: &Context<'_>,
        kind: &str,
        said: &impl Serialize,
    ) -> Result<EntryDraft, ApiError> {
        Ok(self.draft(ctx, kind, Change::Put(self.body(said)?)))
    }

    /// The same for a text that was published as it is, which was looked at then.
    pub(crate) fn entry_as_before(
        &self,
        ctx: &Context<'_>,
        kind: &str,
        said: &impl Serialize,
    ) -> EntryDraft {
        let body = serde_json::to_string(said).expect("what is said is plain text and numbers");
        self.draft(ctx, kind, Change::Put(body))
    }

    /// A text that was written before, or its end, as an entry; refused when it would show everybody personal data.
    pub(crate) fn change(
        &self,
        ctx: &Context<'_>,
        kind: &str,
        change: Change,
    ) -> Result<EntryDraft, ApiError> {
        if let (Change::Put(text), Audience::Public) = (&change, &self.audience) {
            let said: serde_json::Value =
                serde_json::from_str(text).expect("what was written is JSON");
            self.look_at(&said)?;
        }
        Ok(self.draft(ctx, kind, change))
    }

    fn draft(&self, ctx: &Context<'_>, kind: &str, change: Change) -> EntryDraft {
        EntryDraft {
            record: self.record,
            revision: self.revision,
            kind: Kind::parse(kind).expect("our own kinds are well formed"),
            audience: self.audience.clone(),
            at: ctx.hub().clock.now(),
            change,
        }
    }
}

/// Writes an item of this hub, and reads it as readers do.
pub(crate) async fn write<T: ShowsItem>(
    ctx: &Context<'_>,
    place: Place,
    said: &impl Serialize,
) -> Result<T, ApiError> {
    let record = place.record;
    let entry = place.entry(ctx, T::KIND, said)?;
    issue_all(ctx, vec![entry]).await?;
    read_own(ctx, record).await
}

/// An item of this hub, as readers see it.
pub(crate) async fn read_own<T: ShowsItem>(
    ctx: &Context<'_>,
    record: RecordId,
) -> Result<T, ApiError> {
    let shown = own(ctx, record).await?;
    shown
        .and_then(T::show)
        .ok_or_else(|| not_here(T::KIND, record))
}

fn not_here(what: &'static str, record: RecordId) -> ApiError {
    let id = record.to_string();
    ApiError::NotFound { what, id }
}

/// An item of this hub, if it is here.
pub(crate) async fn own(
    ctx: &Context<'_>,
    record: RecordId,
) -> Result<Option<Arc<Shown>>, ApiError> {
    let ids = [(ctx.db().hub().clone(), record)];
    let places = items::find_many(ctx.db(), &ids, Sight::All).await?;
    let shown = Shown::read_all(ctx.db(), places).await?;
    Ok(shown.into_iter().flatten().next())
}

/// An item of this hub that is about to be changed.
pub(crate) async fn own_item(
    ctx: &Context<'_>,
    id: &ID,
    kind: &'static str,
) -> Result<Arc<Shown>, ApiError> {
    let (owner, record) = GlobalId::item("id", id, kind)?;
    refuse_foreign(ctx, id, &owner)?;
    let shown = own(ctx, record).await?;
    shown
        .filter(|shown| shown.item().kind() == kind)
        .ok_or_else(|| not_here(kind, record))
}

fn refuse_foreign(ctx: &Context<'_>, id: &ID, owner: &HubId) -> Result<(), ApiError> {
    if owner == ctx.db().hub() {
        return Ok(());
    }
    Err(ApiError::Foreign {
        id: id.to_string(),
        owner: owner.clone(),
    })
}

/// How many records of one kind of this hub may refer to one record, where all of them must be known.
const MOST_OWN: usize = 1000;

/// All of this hub's items of a kind that refer to a record, the oldest first.
pub(crate) async fn own_related(
    ctx: &Context<'_>,
    kind: &'static str,
    role: Role,
    target: RecordRef,
) -> Result<Vec<Arc<Shown>>, ApiError> {
    let filter = ItemFilter {
        kind,
        hubs: vec![ctx.db().hub().clone()],
        refers_to: Some((role, target.clone())),
        sight: Sight::All,
        ..ItemFilter::default()
    };
    let stretch = ItemStretch {
        direction: storage::innovations::Direction::Ascending,
        after: None,
        before: None,
        limit: u32::try_from(MOST_OWN + 1).unwrap_or(u32::MAX),
    };
    let places = items::list(ctx.db(), &filter, stretch).await?;
    if places.len() > MOST_OWN {
        let record = target.record;
        let reason = format!(
            "has more than {MOST_OWN} records of the kind {kind} at record {record}; withdraw those that are not needed"
        );
        return Err(ApiError::invalid("hub", reason));
    }
    let shown = Shown::read_all(ctx.db(), places).await?;
    Ok(shown.into_iter().flatten().collect())
}

/// One step of a record's course.
#[derive(InputObject)]
#[graphql(
    concrete(
        name = "ReplicationStepInput",
        params(crate::vocabulary::ReplicationState)
    ),
    concrete(
        name = "ReplicationAnswerStepInput",
        params(crate::vocabulary::AnswerState)
    ),
    concrete(name = "CoachingStepInput", params(crate::vocabulary::CoachingState)),
    concrete(name = "ThreadStepInput", params(crate::vocabulary::ThreadState)),
    concrete(name = "NeedStepInput", params(crate::vocabulary::NeedState)),
    concrete(
        name = "AssessmentStepInput",
        params(crate::vocabulary::AssessmentState)
    )
)]
pub(crate) struct StepInput<S: async_graphql::InputType> {
    /// The state that is reached.
    state: S,
    /// The day on which it takes effect; today when left out.
    on: Option<PartialDate>,
    /// Why, 100 words.
    reason: Option<String>,
}

impl<V: domain::catalog::Vocabulary> StepInput<Term<V>>
where
    Term<V>: async_graphql::InputType,
{
    /// A step without a reason.
    pub(crate) fn new(state: V, on: Option<PartialDate>) -> Self {
        let (state, reason) = (Term(state), None);
        Self { state, on, reason }
    }

    pub(crate) fn draft(self, ctx: &Context<'_>) -> StepDraft {
        StepDraft {
            state: self.state.to_code(),
            on: day(ctx, self.on),
            reason: self.reason,
        }
    }
}

/// What an item says, as a draft to be changed.
pub(crate) fn draft_of<D: serde::de::DeserializeOwned>(shown: &Shown) -> D {
    let text = shown.item().to_text();
    serde_json::from_str(&text).expect("a draft reads what its record says")
}

/// The record of an innovation that must be of this hub and here.
pub(crate) async fn own_innovation(
    ctx: &Context<'_>,
    field: &'static str,
    id: &ID,
) -> Result<Innovation, ApiError> {
    let key = GlobalId::innovation(field, id)?;
    refuse_foreign(ctx, id, &key.0)?;
    let found = innovations::load(ctx, key).await?;
    found.ok_or_else(|| ApiError::NotFound {
        what: "innovation",
        id: id.to_string(),
    })
}

/// The record of a reference to a record of any hub, as a draft has it.
pub(crate) fn reference(key: (HubId, RecordId)) -> String {
    let (hub, record) = key;
    RecordRef { hub, record }.to_string()
}

/// References to records of any hub, as a draft has them.
pub(crate) fn references(
    field: &'static str,
    ids: Option<Vec<ID>>,
    parse: impl Fn(&'static str, &str) -> Result<(HubId, RecordId), ApiError>,
) -> Result<Vec<String>, ApiError> {
    let ids = ids.unwrap_or_default();
    ids.iter()
        .map(|id| parse(field, id).map(reference))
        .collect()
}

/// A day as a draft has it; today when it is left out.
pub(crate) fn day(ctx: &Context<'_>, given: Option<PartialDate>) -> String {
    let today = || catalog::usual_day(ctx.hub().clock.now()).to_string();
    given.map_or_else(today, |date| date.0.to_string())
}

/// What can be done with every record of this sort.
#[derive(Default)]
pub(crate) struct ItemMutation;

/// What can be done with every record of this sort.
#[Object(serial)]
impl ItemMutation {
    /// Takes a record of this hub back, everywhere: evidence, a replication, a post and so on. Gives its global id.
    async fn withdraw_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(
            desc = "The revision that is taken back; CONFLICT if it is no longer the newest."
        )]
        revision: Long,
        #[graphql(desc = "Why; its owner took it back when left out.")] reason: Option<
            WithdrawalReason,
        >,
    ) -> Result<ID, ApiError> {
        ctx.viewer().require(Action::Discuss)?;
        let GlobalId::Item(kind, ..) = GlobalId::parse("id", &id)? else {
            let reason = "is an innovation or agency; those have mutations of their own";
            return Err(ApiError::invalid("id", reason));
        };
        ctx.viewer().require(who_withdraws(kind))?;
        let shown = own_item(ctx, &id, kind).await?;
        access::require_of(ctx, who_withdraws(kind), &shown.reference()).await?;
        let reason = DeletionReason::from(reason.unwrap_or_default());
        let audience = shown.body.audience.clone();
        let change = Change::Delete(reason);
        issue(
            ctx,
            shown.place.record,
            revision.0 + 1,
            kind,
            audience,
            change,
        )
        .await?;
        Ok(id)
    }
}

/// Whoever may do this takes back records of a kind.
fn who_withdraws(kind: &str) -> Action {
    match kind {
        Kind::EVIDENCE | Kind::BUDGET | Kind::CONFIRMATION | Kind::TRANSITION => Action::Document,
        Kind::REPLICATION | Kind::REPLICATION_ANSWER => Action::Replicate,
        Kind::NEED => Action::WriteNeeds,
        Kind::THREAD | Kind::POST => Action::Moderate,
        Kind::COACHING => Action::Coach,
        Kind::SERVICE_UNIT => Action::KeepAgencies,
        Kind::ENDORSEMENT | Kind::ASSESSMENT | Kind::SCORE_SHEET | Kind::AWARD => Action::Honour,
        _ => Action::PublishAtOnce,
    }
}
