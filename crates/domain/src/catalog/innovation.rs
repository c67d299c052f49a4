//! Innovations: what the network is about.
//!
//! - [`InnovationDraft`] is what is said of one, unchecked; [`Innovation`] is what holds every rule.
//! - [`Classification`] is what it is about, [`Texts`] what is told of it.
//! - [`Timeline`], [`Point`], [`Beneficiaries`], [`ExternalId`] and the like are its parts with rules of their own.

mod classification;
mod draft;
mod gist;
mod parts;
#[cfg(test)]
mod tests;
mod texts;

use time::Date;

use super::date::PartialDate;
use super::form::{FieldError, FormCheck, FormErrors, Provenance};
use super::link::WebUrl;
use super::person::CreditLine;
use super::text::{Line, Title};
use super::vocabulary::{AdoptionStatus, LifecycleStage};
use crate::identity::RecordId;

pub use classification::{Classification, Tag};
pub use draft::{
    BeneficiariesDraft, ExternalIdDraft, InnovationDraft, PointDraft, SourceDraft, SustainedDraft,
};
pub use gist::Gist;
pub use parts::{
    Beneficiaries, ExternalId, Nri, PartError, Point, Scheme, Source, Sustainment, Timeline,
};
pub use texts::Texts;

/// One innovation ("inovasi") of an agency.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Innovation {
    /// The title.
    pub title: Title,
    /// What the title's acronym stands for.
    pub acronym_of: Option<Line<1, 300>>,
    /// The agency that owns it, of the same hub.
    pub agency: RecordId,
    /// The service unit in which it is at work, of the same hub.
    pub unit: Option<RecordId>,
    /// The unit inside the agency, as the source names it.
    pub unit_name: Option<Line<2, 200>>,
    /// The registration number of JIPPNas.
    pub nri: Option<Nri>,
    /// Its numbers in other registers, at most 10.
    pub external_ids: Vec<ExternalId>,
    /// What it is about.
    pub classification: Classification,
    /// What is told of it.
    pub texts: Texts,
    /// What an adopter needs, at most 20.
    pub preconditions: Vec<Line<1, 300>>,
    /// When it was started, tried and put to use.
    pub timeline: Timeline,
    /// Whom it serves.
    pub beneficiaries: Option<Beneficiaries>,
    /// Which coaching it needs next.
    pub stage: LifecycleStage,
    /// How far it is in use.
    pub adoption: AdoptionStatus,
    /// Whether it goes on.
    pub sustained: Option<Sustainment>,
    /// The place of service.
    pub point: Option<Point>,
    /// Its web site.
    pub website: Option<WebUrl>,
    /// Where its facts were published, at most 20.
    pub sources: Vec<Source>,
    /// Who had a part in it, at most 20: people who agreed to be named, and offices.
    pub credits: Vec<CreditLine>,
}

impl Innovation {
    const MOST_EXTERNAL_IDS: usize = 10;
    const MOST_PRECONDITIONS: usize = 20;
    const MOST_SOURCES: usize = 20;
    /// The most credits.
    pub const MOST_CREDITS: usize = 20;

    /// Parses what was typed here; no date may be after `today`.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds or not in their vocabulary.
    pub fn parse(draft: &InnovationDraft, today: Date) -> Result<Self, FormErrors> {
        Self::check(draft, FormCheck::new(Provenance::Typed), Some(today))
    }

    /// Parses what an author hands in: it is to say also what it is about.
    ///
    /// # Errors
    /// The same, and a missing main affair or goal.
    pub fn parse_submission(draft: &InnovationDraft, today: Date) -> Result<Self, FormErrors> {
        let mut form = FormCheck::new(Provenance::Typed);
        if draft.affairs.is_empty() {
            form.refuse("affairs", "is required when a text is handed in");
        }
        if draft.sdgs.is_empty() {
            form.refuse("sdgs", "is required when a text is handed in: 1 to 17");
        }
        Self::check(draft, form, Some(today))
    }

    /// Reads what another hub published; its clock may be ahead of ours, so dates are not compared with today.
    /// Terms that only a newer version knows become `Other`.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &InnovationDraft) -> Result<Self, FormErrors> {
        Self::check(draft, FormCheck::new(Provenance::Received), None)
    }

    /// The year by which the innovation is counted: of its implementation, else of its start.
    pub fn year(&self) -> Option<u16> {
        let date = self.timeline.implemented_on.or(self.timeline.started_on);
        date.map(PartialDate::year)
    }

    /// Texts that are longer than authors are asked for, yet taken.
    pub fn warnings(&self) -> Vec<FieldError> {
        self.texts.warnings()
    }

    /// The same of a text that may still lack something.
    pub fn long_sections(draft: &InnovationDraft) -> Vec<FieldError> {
        Texts::check(&mut FormCheck::new(Provenance::Typed), draft).warnings()
    }

    fn check(
        draft: &InnovationDraft,
        mut form: FormCheck,
        today: Option<Date>,
    ) -> Result<Self, FormErrors> {
        let title = form.required("title", &draft.title, Title::parse);
        let acronym_of = form.optional("acronymOf", draft.acronym_of.as_deref(), Line::parse);
        let agency = form.required("agency", &draft.agency, RecordId::parse);
        let unit = form.optional("unit", draft.unit.as_deref(), RecordId::parse);
        let unit_name = form.optional("unitName", draft.unit_name.as_deref(), Line::parse);
        let nri = form.optional("nri", draft.nri.as_deref(), Nri::parse);
        let external_ids = form.list(
            "externalIds",
            &draft.external_ids,
            Self::MOST_EXTERNAL_IDS,
            ExternalId::check,
        );
        form.distinct("externalIds", &external_ids);
        let classification = Classification::check(&mut form, draft);
        let texts = Texts::check(&mut form, draft);
        let preconditions = form.list(
            "preconditions",
            &draft.preconditions,
            Self::MOST_PRECONDITIONS,
            |form, raw| form.take("", Line::parse(raw)),
        );
        let timeline = Timeline::check(&mut form, draft, today);
        let beneficiaries = form.part(
            "beneficiaries",
            draft.beneficiaries.as_ref(),
            Beneficiaries::check,
        );
        let stage = form.choice("stage", &draft.stage);
        let adoption = form.choice("adoption", &draft.adoption);
        let sustained = form.part("sustained", draft.sustained.as_ref(), Sustainment::check);
        let point = form.part("point", draft.point.as_ref(), Point::check);
        let website = form.optional("website", draft.website.as_deref(), WebUrl::parse);
        let sources = form.list("sources", &draft.sources, Self::MOST_SOURCES, Source::check);
        let credits = form.list(
            "credits",
            &draft.credits,
            Self::MOST_CREDITS,
            |form, raw| form.take("", CreditLine::parse(raw)),
        );
        form.finish(|| {
            let (title, agency, stage, adoption) = (title?, agency?, stage?, adoption?);
            Some(Self {
                title,
                acronym_of,
                agency,
                unit,
                unit_name,
                nri,
                external_ids,
                classification,
                texts,
                preconditions,
                timeline,
                beneficiaries,
                stage,
                adoption,
                sustained,
                point,
                website,
                sources,
                credits,
            })
        })
    }
}
