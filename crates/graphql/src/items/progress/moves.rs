//! The moves that a new text makes along an innovation's two axes, each as a transition of its own.

use async_graphql::{Context, ID};
use domain::catalog::{
    self, Facts, FieldError, Innovation, Path, Transition, TransitionAxis, TransitionDraft,
    Vocabulary as _,
};
use domain::entry::{EntryDraft, Kind};
use domain::identity::{RecordId, RecordRef};
use storage::items::Role;

use super::evidence_kinds;
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::items::Shown;
use crate::items::writing::{Place, day, own_related};
use crate::scalars::PartialDate;

/// A text that takes another's place, and what is said of the moves that it makes.
pub(crate) struct Moving<'a> {
    pub(crate) record: RecordId,
    pub(crate) held: &'a Innovation,
    pub(crate) said: &'a Innovation,
    pub(crate) on: Option<PartialDate>,
    pub(crate) decided_by: String,
    pub(crate) reason: Option<String>,
    pub(crate) evidence: Vec<ID>,
}

/// The transitions, for those who may read the text at its place. All that a move lacks is said at once.
pub(crate) async fn entries(
    ctx: &Context<'_>,
    moving: &Moving<'_>,
    place: &Place,
) -> Result<Vec<EntryDraft>, ApiError> {
    let drafts = drafts(ctx, moving)?;
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let today = ctx.latest_day();
    let target = RecordRef {
        hub: ctx.db().hub().clone(),
        record: moving.record,
    };
    let before = own_related(ctx, Kind::TRANSITION, Role::Subject, target.clone()).await?;
    let evidence = own_related(ctx, Kind::EVIDENCE, Role::Subject, target).await?;
    let evidence = evidence_kinds(evidence.iter());
    let mut known: Vec<(RecordId, Transition)> = Vec::new();
    for shown in &before {
        known.extend(transition_of(shown).map(|said| (shown.place.record, said.clone())));
    }
    // The text as it will be, where the innovation stands before each move.
    let mut basis = moving.said.clone();
    (basis.stage, basis.adoption) = (moving.held.stage, moving.held.adoption);
    let mut entries = Vec::new();
    for draft in drafts {
        let said = Transition::parse(&draft, today)?;
        let path: Vec<_> = known.iter().map(|(record, said)| (*record, said)).collect();
        let facts = Facts {
            innovation: &basis,
            path: &Path::of(&basis, &path),
            evidence: &evidence,
            today,
        };
        facts.require(&said)?;
        let audience = place.audience.clone();
        let at = Place::new(ctx, audience, Some(place.acknowledged.clone()));
        entries.push(at.entry(ctx, Kind::TRANSITION, &said)?);
        known.push((at.record, said));
        basis.adoption = moving.said.adoption;
    }
    Ok(entries)
}

/// What the stage of an innovation of this hub asks for, and is not here.
pub(crate) async fn lacks(
    ctx: &Context<'_>,
    record: RecordId,
    innovation: &Innovation,
) -> Result<Vec<FieldError>, ApiError> {
    let target = RecordRef {
        hub: ctx.db().hub().clone(),
        record,
    };
    let before = own_related(ctx, Kind::TRANSITION, Role::Subject, target.clone()).await?;
    let evidence = own_related(ctx, Kind::EVIDENCE, Role::Subject, target).await?;
    let moves: Vec<_> = before
        .iter()
        .filter_map(|shown| Some((shown.place.record, transition_of(shown)?)))
        .collect();
    let facts = Facts {
        innovation,
        path: &Path::of(innovation, &moves),
        evidence: &evidence_kinds(evidence.iter()),
        today: ctx.latest_day(),
    };
    Ok(facts.lacks())
}

/// What is said of each move; adoption goes first, since the stage hangs on it.
fn drafts(ctx: &Context<'_>, moving: &Moving<'_>) -> Result<Vec<TransitionDraft>, ApiError> {
    let evidence = own_evidence(ctx, &moving.evidence)?;
    let axes = [
        (
            TransitionAxis::Adoption,
            moving.held.adoption.code(),
            moving.said.adoption.code(),
        ),
        (
            TransitionAxis::Lifecycle,
            moving.held.stage.code(),
            moving.said.stage.code(),
        ),
    ];
    let moved = axes.into_iter().filter(|(_, from, to)| from != to);
    let draft = |(axis, from, to): (TransitionAxis, &str, &str)| TransitionDraft {
        innovation: moving.record.to_string(),
        axis: axis.code().to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        on: day(ctx, moving.on),
        decided_by: moving.decided_by.clone(),
        reason: moving.reason.clone(),
        evidence: evidence.clone(),
        corrects: None,
    };
    Ok(moved.map(draft).collect())
}

fn own_evidence(ctx: &Context<'_>, ids: &[ID]) -> Result<Vec<String>, ApiError> {
    let own = |id: &ID| {
        let (hub, record) = GlobalId::item("moves.evidence", id, Kind::EVIDENCE)?;
        if hub == *ctx.db().hub() {
            return Ok(record.to_string());
        }
        let reason = "is not a record of this hub";
        Err(ApiError::invalid("moves.evidence", reason))
    };
    ids.iter().map(own).collect()
}

/// The transition that a record is.
pub(crate) fn transition_of(shown: &Shown) -> Option<&catalog::Transition> {
    match shown.item() {
        storage::bodies::Item::Transition(transition) => Some(transition),
        _ => None,
    }
}
