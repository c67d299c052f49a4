//! What is said of one innovation beside its text: units, transitions, evidence, budgets, confirmations.

pub(crate) mod moves;
pub(crate) mod writing;

use async_graphql::{Context, ID, Object, SimpleObject};
use domain::catalog::{self, Line, Words};
use domain::entry::{Kind, Sight};
use domain::identity::{RecordId, RecordRef};
use storage::bodies::Item;
use storage::items::Role;

use super::reference::{AgencyReference, InnovationReference};
use super::{Shown, item};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::innovations::parts::Point;
use crate::regions::Region;
use crate::scalars::{Long, PartialDate, RegionCode};
use crate::vocabulary::{EvidenceKind, ServiceUnitKind, TransitionAxis, TransitionFlaw};

item! {
    /// A place where an agency serves people ("unit penyelenggara pelayanan", UPP): a health centre, a school, an office.
    ServiceUnit with ServiceUnitFacts: SERVICE_UNIT says catalog::ServiceUnit
}

item! {
    /// A move of an innovation to another stage or adoption status. It is never edited; a wrong one is followed by another
    /// that corrects it.
    Transition with TransitionFacts: TRANSITION says catalog::Transition
}

item! {
    /// What proves a claim ("bukti dukung"): its facts. The file itself stays with the hub that has it.
    Evidence with EvidenceFacts: EVIDENCE says catalog::Evidence
}

item! {
    /// The money of one innovation in one year.
    Budget with BudgetFacts: BUDGET says catalog::Budget
}

item! {
    /// A hub says that what its innovation tells is still so.
    Confirmation with ConfirmationFacts: CONFIRMATION says catalog::Confirmation
}

fn own(shown: &Shown, record: RecordId) -> RecordRef {
    let hub = shown.place.hub.clone();
    RecordRef { hub, record }
}

#[Object(serial)]
impl ServiceUnitFacts {
    /// The agency that runs it.
    async fn agency(&self) -> AgencyReference {
        AgencyReference(own(&self.0, self.said().agency))
    }

    /// Its name.
    async fn name(&self) -> &str {
        self.said().name.as_str()
    }

    /// What sort of place it is.
    async fn kind(&self) -> ServiceUnitKind {
        self.said().kind.into()
    }

    /// The code of the region in which it lies.
    async fn region_code(&self) -> Option<RegionCode> {
        self.said().region.map(RegionCode)
    }

    /// The region in which it lies; null also for a code of another edition of the reference data.
    async fn region(&self) -> Option<Region> {
        Region::find(self.said().region?)
    }

    /// Where it lies (WGS 84).
    async fn point(&self) -> Option<Point> {
        self.said().point.map(Into::into)
    }
}

#[Object(serial)]
impl TransitionFacts {
    /// The innovation that moved.
    async fn innovation(&self) -> InnovationReference {
        InnovationReference(own(&self.0, self.said().innovation))
    }

    /// Along what it moved.
    async fn axis(&self) -> TransitionAxis {
        self.said().step.axis().into()
    }

    /// The code of the state that was left: a `LifecycleStage` or an `AdoptionStatus`.
    async fn from(&self) -> &str {
        self.said().step.from()
    }

    /// The code of the state that was reached.
    async fn to(&self) -> &str {
        self.said().step.to()
    }

    /// The day on which it took effect.
    async fn on(&self) -> PartialDate {
        PartialDate(self.said().on)
    }

    /// The role or office that decided it.
    async fn decided_by(&self) -> &str {
        self.said().decided_by.as_str()
    }

    /// Why.
    async fn reason(&self) -> Option<&str> {
        self.said().reason.as_ref().map(Words::as_str)
    }

    /// The evidence for it that is here.
    #[graphql(complexity = "10 * child_complexity")]
    async fn evidence(&self, ctx: &Context<'_>) -> Result<Vec<Evidence>, ApiError> {
        let load = |record: &RecordId| super::load(ctx, (self.0.place.hub.clone(), *record));
        let found = futures_util::future::try_join_all(self.said().evidence.iter().map(load));
        Ok(found.await?.into_iter().flatten().collect())
    }

    /// The global id of the transition that this one takes the place of.
    async fn corrects_id(&self) -> Option<ID> {
        let corrected = self.said().corrects?;
        Some(GlobalId::Item(Kind::TRANSITION, self.0.place.hub.clone(), corrected).to_id())
    }
}

#[Object(serial)]
impl EvidenceFacts {
    /// The global id of what it proves; null when that is not here.
    async fn subject_id(&self, ctx: &Context<'_>) -> Result<Option<ID>, ApiError> {
        let subject = own(&self.0, self.said().subject);
        crate::node::id_of_record(ctx, &subject).await
    }

    /// What sort of proof it is.
    async fn kind(&self) -> EvidenceKind {
        self.said().kind.into()
    }

    /// Its title.
    async fn title(&self) -> &str {
        self.said().title.as_str()
    }

    /// The document's number.
    async fn number(&self) -> Option<&str> {
        self.said().number.as_ref().map(Line::as_str)
    }

    /// The document's date.
    async fn date(&self) -> Option<PartialDate> {
        self.said().date.map(PartialDate)
    }

    /// The media type of the file (RFC 6838).
    async fn media_type(&self) -> Option<&str> {
        self.said().media_type.as_ref().map(Line::as_str)
    }

    /// The size of the file in bytes.
    async fn bytes(&self) -> Option<Long> {
        self.said().bytes.map(Long)
    }

    /// The SHA-256 of the file as 64 hexadecimal digits.
    async fn sha256(&self) -> Option<&str> {
        self.said().sha256.as_ref().map(catalog::FileHash::as_str)
    }

    /// Where it is published.
    async fn url(&self) -> Option<&str> {
        self.said().url.as_ref().map(catalog::WebUrl::as_str)
    }

    /// The indicator that it serves, for example `IGA-2026/16`.
    async fn indicator(&self) -> Option<&str> {
        self.said().indicator.as_ref().map(Line::as_str)
    }
}

#[Object(serial)]
impl BudgetFacts {
    /// The innovation.
    async fn innovation(&self) -> InnovationReference {
        InnovationReference(own(&self.0, self.said().innovation))
    }

    /// The year.
    async fn year(&self) -> u16 {
        self.said().year
    }

    /// Whole rupiah (IDR).
    async fn amount(&self) -> Long {
        Long(self.said().amount)
    }

    /// Where the money comes from.
    async fn source(&self) -> Option<&str> {
        self.said().source.as_ref().map(Line::as_str)
    }
}

#[Object(serial)]
impl ConfirmationFacts {
    /// The innovation.
    async fn innovation(&self) -> InnovationReference {
        InnovationReference(own(&self.0, self.said().innovation))
    }

    /// When it was looked at.
    async fn on(&self) -> PartialDate {
        PartialDate(self.said().on)
    }
}

/// One move in an innovation's path.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct PathStep {
    /// The move.
    transition: Transition,
    /// What is wrong with it; empty when it keeps the rules. It is shown as it came.
    flaws: Vec<TransitionFlaw>,
}

/// The path that the moves of an innovation make, in their order, without those that were corrected.
pub(crate) async fn path(
    ctx: &Context<'_>,
    innovation: &catalog::Innovation,
    target: &RecordRef,
) -> Result<Vec<PathStep>, ApiError> {
    let ends = (innovation.stage, innovation.adoption);
    let (path, moves) = judged(ctx, Some(ends), target).await?;
    let step = |step: &catalog::PathStep| {
        let is_it = |transition: &&Transition| transition.1.0.place.record == step.record;
        Some(PathStep {
            transition: moves.iter().find(is_it)?.clone(),
            flaws: step.flaws.iter().copied().map(Into::into).collect(),
        })
    };
    Ok(path.steps().iter().filter_map(step).collect())
}

/// What is wrong with a move beside what else somebody may see, in words.
pub(crate) async fn faults_of(
    ctx: &Context<'_>,
    shown: &Shown,
    said: &catalog::Transition,
) -> Result<Vec<String>, ApiError> {
    let target = own(shown, said.innovation);
    let key = (target.hub.clone(), target.record);
    let innovation = crate::innovations::load(ctx, key).await?;
    let ends = innovation.map(|innovation| (innovation.said().stage, innovation.said().adoption));
    let (path, _) = judged(ctx, ends, &target).await?;
    let mut steps = path.steps().iter();
    let found = steps.find(|step| step.record == shown.place.record);
    let flaws = found.into_iter().flat_map(|step| &step.flaws);
    let derived = flaws.filter(|flaw| flaw.is_derived());
    Ok(derived.map(|flaw| flaw.words().to_owned()).collect())
}

/// The path of an innovation, judged by what may be seen, and its moves.
async fn judged(
    ctx: &Context<'_>,
    ends: Option<(catalog::LifecycleStage, catalog::AdoptionStatus)>,
    target: &RecordRef,
) -> Result<(catalog::Path, Vec<Transition>), ApiError> {
    // One more than are compared, so that too many are told.
    let most = u32::try_from(catalog::Path::MOST_MOVES + 1).unwrap_or(u32::MAX);
    let moves: Vec<Transition> = super::newest(ctx, Role::Subject, target, most).await?;
    let leg = |transition: &Transition| {
        let leg = catalog::Leg::of(transition.1.said());
        (transition.1.0.place.record, leg)
    };
    let legs: Vec<_> = moves.iter().map(leg).collect();
    let mut path = catalog::Path::of_legs(ends, &legs);
    if !legs.is_empty()
        && let Some(evidence) = seen_evidence(ctx, target).await?
    {
        path.judge(&evidence);
    }
    Ok((path, moves))
}

/// The kinds of evidence of a record, for those who may see what is for the network, as most evidence is.
pub(crate) async fn seen_evidence(
    ctx: &Context<'_>,
    target: &RecordRef,
) -> Result<Option<Vec<catalog::EvidenceKind>>, ApiError> {
    if ctx.sight().await? < Sight::Network {
        return Ok(None);
    }
    let found: Vec<Evidence> = super::related(ctx, Role::Subject, target, Some(100)).await?;
    let shown = found.iter().map(|evidence| &evidence.1.0);
    Ok(Some(evidence_kinds(shown)))
}

/// The kinds of evidence among items.
pub(crate) fn evidence_kinds<'a>(
    items: impl Iterator<Item = &'a std::sync::Arc<Shown>>,
) -> Vec<catalog::EvidenceKind> {
    let kind = |shown: &std::sync::Arc<Shown>| match shown.item() {
        Item::Evidence(evidence) => Some(evidence.kind),
        _ => None,
    };
    items.filter_map(kind).collect()
}
