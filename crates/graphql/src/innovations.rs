//! Innovations.
//!
//! - `shown` reads one; its fields are here.
//! - [`list`] lists them, [`finding`] finds them by their words, [`input`] writes them; [`text`] is what an author types, [`mod@unit`] the
//!   service unit that is named.
//!   `address` reads the list's filter where there are no types.

pub(crate) mod finding;
pub(crate) mod input;
pub(crate) mod list;
pub(crate) mod parts;
mod shown;
pub(crate) mod stale;
pub(crate) mod text;
pub(crate) mod unit;

use async_graphql::{Context, ID, Object};
use domain::catalog::{self, Line, Words};

use crate::ApiError;
use crate::agencies::Agency;
use crate::context::ContextExt as _;
use crate::drafts::{self, Draft};
use crate::hubs::Hub;
use crate::in_place::InPlace;
use crate::items;
use crate::items::coaching::Coaching;
use crate::items::discussion::Thread;
use crate::items::merits::{Assessment, Award, Endorsement};
use crate::items::progress::{self, Budget, Evidence, PathStep, ServiceUnit};
use crate::items::replications::{Replication, ReplicationCounts};
use crate::regions::Region;
use crate::row::AtOnce;
use crate::scalars::{DateTime, Long, PartialDate, RegionCode};
use crate::vocabulary::{
    AdoptionStatus, Affair, Form, Initiator, InnovationKind, LifecycleStage, RecordAudience,
};
use parts::{Beneficiaries, ExternalId, Point, Source, Sustainment};
use storage::items::Role;

pub(crate) use shown::{Detail, Innovation, load, load_with_relations};

fn words<const LIMIT: usize>(text: Option<&Words<LIMIT>>) -> Option<&str> {
    text.map(Words::as_str)
}

/// One innovation ("inovasi") of an agency, as its hub published it.
#[Object(serial)]
impl Innovation {
    /// The innovation's global id.
    pub(crate) async fn id(&self) -> ID {
        self.global_id()
    }

    /// The revision of the record that is shown: 1, 2, 3 …
    async fn revision(&self) -> Long {
        Long(self.revision_of())
    }

    /// When the record was first published, by its hub's clock.
    async fn published_at(&self) -> DateTime {
        DateTime(self.published)
    }

    /// When the revision that is shown was published, by its hub's clock.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.written())
    }

    /// The hub that keeps the record.
    async fn hub(&self) -> InPlace<&Hub> {
        InPlace(&self.hub)
    }

    /// The agency that owns it; null while the agency's record has not arrived here.
    async fn agency(&self) -> Option<InPlace<Agency>> {
        self.owner().map(InPlace)
    }

    /// The service unit in which it is at work; null where none is named, and while its record has not arrived here.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<ServiceUnit>, ApiError> {
        unit::of(ctx, &self.hub_id, self.innovation().unit).await
    }

    /// The name of the unit inside the agency: as the source names it, else as its record does.
    async fn unit_name(&self) -> Option<&str> {
        self.innovation().unit_name.as_ref().map(Line::as_str)
    }

    /// The code of its agency's region.
    async fn region_code(&self) -> Option<RegionCode> {
        self.owner()?.region_of().map(RegionCode)
    }

    /// Its agency's region.
    async fn region(&self) -> Option<Region> {
        Region::find(self.owner()?.region_of()?)
    }

    /// The title.
    async fn title(&self) -> &str {
        self.title_of()
    }

    /// What the title's acronym stands for.
    async fn acronym_of(&self) -> Option<&str> {
        self.innovation().acronym_of.as_ref().map(Line::as_str)
    }

    /// The registration number of JIPPNas ("NRI"), six digits.
    async fn nri(&self) -> Option<String> {
        self.innovation().nri.as_ref().map(ToString::to_string)
    }

    /// Its numbers in other registers.
    async fn external_ids(&self) -> Vec<ExternalId> {
        self.innovation()
            .external_ids
            .iter()
            .map(Into::into)
            .collect()
    }

    /// LAN's type of innovation.
    async fn kind(&self) -> Option<InnovationKind> {
        self.class().kind.map(Into::into)
    }

    /// What it renews ("bentuk").
    async fn form(&self) -> Option<Form> {
        self.class().form.map(Into::into)
    }

    /// Whether it is an application (SPBE).
    async fn is_digital(&self) -> Option<bool> {
        self.class().is_digital
    }

    /// Who began it ("inisiator").
    async fn initiator(&self) -> Option<Initiator> {
        self.class().initiator.map(Into::into)
    }

    /// The affairs of government that it serves ("urusan"), the main one first; empty where the source says nothing.
    async fn affairs(&self) -> Vec<Affair> {
        self.class()
            .affairs
            .as_slice()
            .iter()
            .copied()
            .map(Into::into)
            .collect()
    }

    /// The Sustainable Development Goals that it serves, 1 to 17; empty where the source says nothing.
    async fn sdgs(&self) -> Vec<u8> {
        self.class()
            .sdgs
            .iter()
            .map(domain::catalog::Sdg::number)
            .collect()
    }

    /// Words by which it is found.
    async fn tags(&self) -> Vec<&str> {
        self.class()
            .tags
            .iter()
            .map(domain::catalog::Tag::as_str)
            .collect()
    }

    /// Ringkasan, 200 words (KIPP proposal).
    async fn summary(&self) -> Option<&str> {
        words(self.texts().summary.as_ref())
    }

    /// Latar belakang dan tujuan: the idea, 300 words (KIPP proposal).
    async fn background(&self) -> Option<&str> {
        words(self.texts().background.as_ref())
    }

    /// Kebaruan atau nilai tambah, 200 words (KIPP proposal).
    async fn novelty(&self) -> Option<&str> {
        words(self.texts().novelty.as_ref())
    }

    /// Implementasi, 200 words (KIPP proposal).
    async fn implementation(&self) -> Option<&str> {
        words(self.texts().implementation.as_ref())
    }

    /// Signifikansi dan dampak, 600 words (KIPP proposal).
    async fn impact(&self) -> Option<&str> {
        words(self.texts().impact.as_ref())
    }

    /// Adaptabilitas: where it was replicated already, 100 words (KIPP proposal).
    async fn replicated_so_far(&self) -> Option<&str> {
        words(self.texts().replicated_so_far.as_ref())
    }

    /// Adaptabilitas: what speaks for replicating it, 200 words (KIPP proposal).
    async fn replication_potential(&self) -> Option<&str> {
        words(self.texts().replication_potential.as_ref())
    }

    /// Sumber daya, 200 words (KIPP proposal).
    async fn resources(&self) -> Option<&str> {
        words(self.texts().resources.as_ref())
    }

    /// Strategi keberlanjutan: institutional, managerial, social, 500 words (KIPP proposal).
    async fn sustainability(&self) -> Option<&str> {
        words(self.texts().sustainability.as_ref())
    }

    /// What was hard, 300 words (OPSI case studies).
    async fn challenges(&self) -> Option<&str> {
        words(self.texts().challenges.as_ref())
    }

    /// What was learned, 300 words (OPSI case studies).
    async fn lessons(&self) -> Option<&str> {
        words(self.texts().lessons.as_ref())
    }

    /// What an adopter needs (LAN directory).
    async fn preconditions(&self) -> Vec<&str> {
        self.innovation()
            .preconditions
            .iter()
            .map(Line::as_str)
            .collect()
    }

    /// When it was started.
    async fn started_on(&self) -> Option<PartialDate> {
        self.innovation().timeline.started_on.map(PartialDate)
    }

    /// When its trial began.
    async fn trial_on(&self) -> Option<PartialDate> {
        self.innovation().timeline.trial_on.map(PartialDate)
    }

    /// When its regular use began.
    async fn implemented_on(&self) -> Option<PartialDate> {
        self.innovation().timeline.implemented_on.map(PartialDate)
    }

    /// The year by which it is counted: of its implementation, else of its start.
    async fn year(&self) -> Option<u16> {
        self.year_of()
    }

    /// Whom it serves.
    async fn beneficiaries(&self) -> Option<Beneficiaries> {
        self.innovation().beneficiaries.as_ref().map(Into::into)
    }

    /// Which coaching it needs next.
    async fn stage(&self) -> LifecycleStage {
        self.stage_of().into()
    }

    /// How far it is in use.
    async fn adoption(&self) -> AdoptionStatus {
        self.adoption_of().into()
    }

    /// Whether it goes on, as asked every year.
    async fn sustained(&self) -> Option<Sustainment> {
        self.innovation().sustained.as_ref().map(Into::into)
    }

    /// The place of service (WGS 84).
    async fn point(&self) -> Option<Point> {
        self.innovation().point.map(Into::into)
    }

    /// Who may see it.
    async fn audience(&self) -> RecordAudience {
        self.audience_of().into()
    }

    /// Its web site.
    async fn website(&self) -> Option<&str> {
        self.innovation()
            .website
            .as_ref()
            .map(domain::catalog::WebUrl::as_str)
    }

    /// Where its facts were published.
    async fn sources(&self) -> Vec<Source> {
        self.innovation().sources.iter().map(Into::into).collect()
    }

    /// Who had a part in it: people who agreed to be named, and offices of the others ("Tim Puskesmas …").
    async fn credits(&self) -> Vec<&str> {
        let credits = self.innovation().credits.iter();
        credits.map(Line::as_str).collect()
    }

    /// The draft from which it comes, with what is written for its next revision; null for all but the operator of its hub.
    async fn draft(&self, ctx: &Context<'_>) -> Result<Option<Draft>, ApiError> {
        drafts::of_innovation(ctx, &self.hub_id, self.record).await
    }

    /// Replications of it, counted from the records that are here and for everybody.
    async fn replication_counts(&self) -> AtOnce<ReplicationCounts> {
        AtOnce(self.replication_counts_of())
    }

    /// How many hubs endorse it for everybody to see.
    async fn endorsement_count(&self) -> Long {
        Long(self.counts.endorsements)
    }

    /// How many awards it won, each counted once whoever tells of it.
    async fn award_count(&self) -> Long {
        Long(self.counts.awards)
    }

    /// When what it tells was last known to be so: written, or confirmed by its hub.
    async fn current_at(&self) -> DateTime {
        DateTime(self.current)
    }

    /// Whether that is longer ago than twelve months, so that its owner is reminded.
    async fn is_stale(&self, ctx: &Context<'_>) -> bool {
        ctx.depends(|beside| beside.is_unsettled = true);
        catalog::is_stale(self.current, ctx.hub().clock.now())
    }

    /// Innovations that are most like it by their words, the most alike first, out of the index of `searchInnovations`.
    #[graphql(
        complexity = "crate::searching::COST + crate::paging::complexity(first, None, child_complexity)"
    )]
    async fn similar_innovations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 5 when left out.")] first: Option<i32>,
    ) -> Result<Vec<Innovation>, ApiError> {
        finding::similar(ctx, self, first).await
    }

    /// Replications of it, those that moved last first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn replications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<Replication>, ApiError> {
        items::related(ctx, Role::Source, &self.reference(), first).await
    }

    /// Its moves along both axes, by their dates, without those that were corrected.
    #[graphql(complexity = "20 * child_complexity")]
    async fn path(&self, ctx: &Context<'_>) -> Result<Vec<PathStep>, ApiError> {
        progress::path(ctx, self.innovation(), &self.reference()).await
    }

    /// The proofs of what it tells, the newest first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<Evidence>, ApiError> {
        items::related(ctx, Role::Subject, &self.reference(), first).await
    }

    /// What it costs, as far as it may be seen.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn budgets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<Budget>, ApiError> {
        items::related(ctx, Role::Subject, &self.reference(), first).await
    }

    /// Who endorses it, the newest first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn endorsements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<Endorsement>, ApiError> {
        items::related(ctx, Role::Subject, &self.reference(), first).await
    }

    /// How it was assessed, the newest first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn assessments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<Assessment>, ApiError> {
        items::related(ctx, Role::Subject, &self.reference(), first).await
    }

    /// What it won, the newest first; claims and confirmations apart.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn awards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<Award>, ApiError> {
        items::related(ctx, Role::Subject, &self.reference(), first).await
    }

    /// The coaching that was about it, the newest first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn coaching_activities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<Coaching>, ApiError> {
        items::related(ctx, Role::Participant, &self.reference(), first).await
    }

    /// Questions and discussions about it, the newest first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn threads(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<Vec<Thread>, ApiError> {
        items::related(ctx, Role::Subject, &self.reference(), first).await
    }
}
