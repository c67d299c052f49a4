//! Writing innovations into this hub's log.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};
use domain::catalog::{self, FormCheck, InnovationDraft, Provenance, Vocabulary as _};
use domain::entry::{Audience, Change, DeletionReason, EntryDraft, Kind, Sight};
use domain::identity::{HubId, RecordId};
use domain::role::Action;
use storage::bodies;
use storage::local::Local;

use super::text::Told;
use super::{Innovation, unit};
use crate::agencies::{issue_with, own_agency, require};
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::items::belonging::{self, Going};
use crate::items::progress::moves;
use crate::items::writing::Place;
use crate::objects::Warning;
use crate::scalars::Long;
use crate::vocabulary::{AdoptionStatus, LifecycleStage, RecordAudience, Term};
use crate::{ApiError, HubContext, drafts, people};

/// What is said of an innovation. All faults are told at once, each with its field.
#[derive(InputObject)]
pub(crate) struct InnovationInput {
    /// The title, 3 to 200 characters.
    title: String,
    /// The global id of the agency that owns it, of this hub.
    agency: ID,
    /// The global id of the service unit in which it is at work, one of the agency's. Its name becomes `unitName` if that is left
    /// out.
    unit: Option<ID>,
    /// Which coaching it needs next. Left out, a new record begins with CREATION, and a revised one stays where it is; only
    /// `recordTransition` moves it on. A new record of what exists already may begin at any stage; `warnings` tell what the
    /// stage asks for and is not here.
    stage: Option<LifecycleStage>,
    /// How far it is in use. Left out, a new record begins with INITIATIVE, and a revised one stays where it is; only
    /// `recordTransition` moves it on.
    adoption: Option<AdoptionStatus>,
    #[graphql(flatten)]
    told: Told,
    /// Who may see it. Left out, a new record is for everybody, and a revised one for whom it was before.
    audience: Option<RecordAudience>,
}

/// Why a record is taken back. Whatever the reason, every hub drops what the record said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub(crate) enum WithdrawalReason {
    /// Personal data had to go (UU 27/2022). `holders` tells which hubs confirmed it.
    Erasure,
    /// It was published by mistake.
    Error,
    /// Another record took its place.
    Merged,
    /// Its owner took it back.
    #[default]
    Withdrawn,
}

impl From<WithdrawalReason> for DeletionReason {
    fn from(reason: WithdrawalReason) -> Self {
        match reason {
            WithdrawalReason::Erasure => Self::Erasure,
            WithdrawalReason::Error => Self::Error,
            WithdrawalReason::Merged => Self::Merged,
            WithdrawalReason::Withdrawn => Self::Withdrawn,
        }
    }
}

/// What came of writing an innovation.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct WrittenInnovation {
    /// The innovation as readers see it now.
    innovation: Innovation,
    /// What deserves a second look: a text that is longer than asked for, or what the stage asks for and is not here.
    warnings: Vec<Warning>,
}

impl InnovationInput {
    /// What is said; `held` is what was said before.
    fn draft(
        self,
        hub: &HubId,
        held: Option<&catalog::Innovation>,
    ) -> Result<InnovationDraft, ApiError> {
        let agency = own_agency("agency", &self.agency, hub)?.to_string();
        let stage = held.map_or(catalog::LifecycleStage::Creation, |held| held.stage);
        let adoption = held.map_or(catalog::AdoptionStatus::Initiative, |held| held.adoption);
        Ok(InnovationDraft {
            title: self.title,
            agency,
            unit: unit::own(self.unit.as_ref(), hub)?,
            stage: self.stage.unwrap_or(Term(stage)).to_code(),
            adoption: self.adoption.unwrap_or(Term(adoption)).to_code(),
            ..self.told.draft()
        })
    }
}

/// Publishes a new innovation of this hub.
pub(crate) async fn create(
    ctx: &Context<'_>,
    input: InnovationInput,
    acknowledge: Option<Vec<String>>,
) -> Result<WrittenInnovation, ApiError> {
    ctx.viewer().require(Action::PublishAtOnce)?;
    let place = Place::new(ctx, Audience::Public, acknowledge);
    put(ctx, place, input, None).await
}

/// Publishes a new revision of an innovation of this hub.
pub(crate) async fn revise(
    ctx: &Context<'_>,
    id: &ID,
    revision: Long,
    input: InnovationInput,
    acknowledge: Option<Vec<String>>,
) -> Result<WrittenInnovation, ApiError> {
    ctx.viewer().require(Action::PublishAtOnce)?;
    let (record, said) = own_innovation(ctx, id).await?;
    let place = Place::after(record, revision.0, said.audience.clone(), acknowledge);
    put(ctx, place, input, innovation_of(&said)).await
}

/// Takes an innovation of this hub back, with this hub's transitions, confirmations, evidence and budgets of it. What was drafted
/// of it goes with it when its content is erased.
pub(crate) async fn withdraw(
    ctx: &Context<'_>,
    id: ID,
    revision: Long,
    reason: WithdrawalReason,
) -> Result<ID, ApiError> {
    ctx.viewer().require(Action::Review)?;
    let (record, said) = own_innovation(ctx, &id).await?;
    let local = Local {
        drafts: drafts::after_withdrawal(ctx, record, revision.0, reason).await?,
        credits: vec![(record, Vec::new())],
        ..Local::default()
    };
    let entry = EntryDraft {
        record,
        revision: revision.0 + 1,
        kind: Kind::parse(Kind::INNOVATION).expect("our own kinds are well formed"),
        audience: said.audience.clone(),
        at: ctx.hub().clock.now(),
        change: Change::Delete(reason.into()),
    };
    let going = Going::Away(reason.into());
    let mut entries = belonging::entries(ctx, record, &going, &[]).await?;
    entries.push(entry);
    issue_with(ctx, entries, local).await?;
    Ok(id)
}

/// The record of an innovation of this hub, and what it says.
async fn own_innovation(
    ctx: &Context<'_>,
    id: &ID,
) -> Result<(RecordId, Arc<bodies::Body>), ApiError> {
    let (owner, record) = GlobalId::innovation("id", id)?;
    if owner != *ctx.db().hub() {
        return Err(ApiError::Foreign {
            id: id.to_string(),
            owner,
        });
    }
    let said = own_body(ctx, record).await?;
    let said = said.ok_or_else(|| ApiError::NotFound {
        what: "innovation",
        id: id.to_string(),
    })?;
    Ok((record, said))
}

/// What an innovation of this hub says, if it is shown.
pub(crate) async fn own_body(
    ctx: &Context<'_>,
    record: RecordId,
) -> Result<Option<Arc<bodies::Body>>, ApiError> {
    let ids = [(ctx.db().hub().clone(), record)];
    let found = storage::innovations::find_many(ctx.db(), &ids, Sight::All).await?;
    let entries = found.iter().map(|place| Some(place.entry));
    let said = bodies::load(ctx.db(), entries).await?;
    Ok(said.into_iter().flatten().next())
}

/// The innovation that a body tells of.
pub(crate) fn innovation_of(body: &bodies::Body) -> Option<&catalog::Innovation> {
    match &body.content {
        bodies::Content::Innovation(innovation) => Some(innovation),
        _ => None,
    }
}

/// Writes a text; the audience of the place counts where the input names none.
async fn put(
    ctx: &Context<'_>,
    mut place: Place,
    mut input: InnovationInput,
    held: Option<&catalog::Innovation>,
) -> Result<WrittenInnovation, ApiError> {
    let hub: &HubContext = ctx.hub();
    let before = held.map(|_| place.audience.clone());
    place.audience = input.audience.map_or(place.audience, Audience::from);
    let people = people::credited(ctx, input.told.credits.take()).await?;
    let credits = storage::credits::of_people(&people);
    let draft = InnovationDraft {
        credits: storage::credits::told(&credits),
        ..input.draft(hub.db.hub(), held)?
    };
    let innovation = catalog::Innovation::parse(&draft, ctx.latest_day())?;
    if let Some(held) = held {
        refuse_moves(held, &innovation)?;
    }
    require(ctx, "agency", innovation.agency, &place.audience).await?;
    let innovation = unit::named(ctx, innovation).await?;
    let said = InnovationDraft::from(&innovation);
    let local = Local {
        credits: vec![(place.record, credits)],
        ..Local::default()
    };
    let mut entries = vec![place.entry(ctx, Kind::INNOVATION, &said)?];
    if before.is_some_and(|before| before != place.audience) {
        let going = Going::To(place.audience.clone());
        let with_it = belonging::entries(ctx, place.record, &going, &place.acknowledged);
        entries.extend(with_it.await?);
    }
    issue_with(ctx, entries, local).await?;
    let mut warnings = innovation.warnings();
    warnings.extend(moves::lacks(ctx, place.record, &innovation).await?);
    Ok(WrittenInnovation {
        innovation: read_own(ctx, place.record).await?,
        warnings: warnings.into_iter().map(Into::into).collect(),
    })
}

/// Refuses to move an innovation without saying when, why and by whose decision.
fn refuse_moves(
    held: &catalog::Innovation,
    said: &catalog::Innovation,
) -> Result<(), catalog::FormErrors> {
    let mut form = FormCheck::new(Provenance::Typed);
    let moved = [
        ("stage", held.stage.code(), said.stage.code()),
        ("adoption", held.adoption.code(), said.adoption.code()),
    ];
    for (field, before, after) in moved.into_iter().filter(|(_, one, other)| one != other) {
        form.refuse(
            field,
            format_args!("is {before} in the record; recordTransition moves it to {after}"),
        );
    }
    form.finish(|| Some(()))
}

/// An innovation of this hub as its readers see it.
pub(crate) async fn read_own(ctx: &Context<'_>, record: RecordId) -> Result<Innovation, ApiError> {
    let ids = [(ctx.db().hub().clone(), record)];
    let places = storage::innovations::find_many(ctx.db(), &ids, Sight::All).await?;
    let shown = Innovation::read_all(ctx.db(), places).await?;
    shown
        .into_iter()
        .flatten()
        .next()
        .ok_or_else(|| ApiError::NotFound {
            what: "innovation",
            id: record.to_string(),
        })
}
