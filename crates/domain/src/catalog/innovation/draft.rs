//! What is said of an innovation, unchecked: the JSON body of its payload.

use serde::{Deserialize, Serialize};

use super::{Innovation, Point};
use crate::catalog::vocabulary::Vocabulary;

/// An innovation as typed or received. Vocabulary is in codes, dates in ISO 8601; empty fields are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Innovation, which says what they mean"
)]
pub struct InnovationDraft {
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acronym_of: Option<String>,
    pub agency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nri: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<ExternalIdDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_digital: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiator: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub affairs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sdgs: Vec<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub novelty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implementation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicated_so_far: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replication_potential: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sustainability: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenges: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lessons: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preconditions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implemented_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beneficiaries: Option<BeneficiariesDraft>,
    pub stage: String,
    pub adoption: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sustained: Option<SustainedDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<PointDraft>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceDraft>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<String>,
}

/// A number in another register, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalIdDraft {
    /// The register, for example `JIPPNAS`.
    pub scheme: String,
    /// The number or name in it.
    pub value: String,
}

/// Whom an innovation serves, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BeneficiariesDraft {
    /// How many.
    pub count: i64,
    /// Of what: people, households, schools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// In which time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
}

/// Whether an innovation goes on, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SustainedDraft {
    /// A code of [`crate::catalog::Sustained`].
    pub answer: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A place, unchecked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PointDraft {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lng: f64,
}

/// A publication, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceDraft {
    /// Its title.
    pub title: String,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl From<&Innovation> for InnovationDraft {
    fn from(innovation: &Innovation) -> Self {
        let class = &innovation.classification;
        let timeline = &innovation.timeline;
        Self {
            title: innovation.title.to_string(),
            acronym_of: text(innovation.acronym_of.as_ref()),
            agency: innovation.agency.to_string(),
            unit: text(innovation.unit.as_ref()),
            unit_name: text(innovation.unit_name.as_ref()),
            nri: text(innovation.nri.as_ref()),
            external_ids: innovation.external_ids.iter().map(Into::into).collect(),
            kind: class.kind.map(|kind| kind.code().to_owned()),
            form: class.form.map(|form| form.code().to_owned()),
            is_digital: class.is_digital,
            initiator: class.initiator.map(|initiator| initiator.code().to_owned()),
            affairs: class
                .affairs
                .as_slice()
                .iter()
                .map(|affair| affair.code().to_owned())
                .collect(),
            sdgs: class.sdgs.iter().map(|goal| goal.number().into()).collect(),
            tags: class.tags.iter().map(ToString::to_string).collect(),
            preconditions: innovation
                .preconditions
                .iter()
                .map(ToString::to_string)
                .collect(),
            started_on: text(timeline.started_on.as_ref()),
            trial_on: text(timeline.trial_on.as_ref()),
            implemented_on: text(timeline.implemented_on.as_ref()),
            beneficiaries: innovation.beneficiaries.as_ref().map(Into::into),
            stage: innovation.stage.code().to_owned(),
            adoption: innovation.adoption.code().to_owned(),
            sustained: innovation.sustained.as_ref().map(Into::into),
            point: innovation
                .point
                .map(|Point { lat, lng }| PointDraft { lat, lng }),
            website: text(innovation.website.as_ref()),
            sources: innovation.sources.iter().map(Into::into).collect(),
            credits: innovation.credits.iter().map(ToString::to_string).collect(),
            ..Self::from(&innovation.texts)
        }
    }
}

fn text(value: Option<&impl ToString>) -> Option<String> {
    value.map(ToString::to_string)
}
