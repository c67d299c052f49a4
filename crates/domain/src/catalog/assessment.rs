//! Assessments: scores by an instrument and a year ("penilaian").
//!
//! Weights and thresholds change every year, so none is written in the program: an assessment names its instrument and
//! year. Its total and class are for everybody; its items, in a [`ScoreSheet`] of their own, for the network.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};
use time::Date;

use super::form::{FormCheck, FormErrors, Provenance, quoted};
use super::history::{Course, History, StepDraft};
use super::text::Line;
use super::vocabulary::vocabulary;
use crate::identity::{HubId, RecordId, RecordRef};

vocabulary! {
    /// How far an assessment is believed.
    AssessmentState {
        /// Penilaian mandiri: by whom it is about.
        SelfAssessed = "SELF",
        /// Terverifikasi: the assessing hub looked at it.
        Verified = "VERIFIED",
        /// Ditolak.
        Refused = "REFUSED",
    }
}

impl Course for AssessmentState {
    fn may_begin(self) -> bool {
        matches!(self, Self::SelfAssessed | Self::Verified)
    }

    fn may_follow(self, before: Self) -> bool {
        before == Self::SelfAssessed && matches!(self, Self::Verified | Self::Refused)
    }

    fn needs_reason(self, _before: Self) -> bool {
        self == Self::Refused
    }
}

/// A number of an instrument: up to nine digits before the point and four after it, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(Decimal);

/// A text that is no score.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is not a number such as 65.01, with up to nine digits before the point and four after it"
)]
pub struct ScoreError(String);

impl Score {
    /// The score of one.
    pub const ONE: Self = Self(Decimal::ONE);

    /// Parses digits with a decimal point.
    pub fn parse(raw: &str) -> Result<Self, ScoreError> {
        let text = raw.trim();
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str, most| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let fits = digits(whole.strip_prefix('-').unwrap_or(whole), 9) && digits(part, 4);
        let score = text.parse().ok().filter(|_| fits);
        score
            .map(|score: Decimal| Self(score.normalize()))
            .ok_or_else(|| ScoreError(quoted(raw)))
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An instrument of assessment and the year of its edition, for example `IGA_SID` of 2026 or `HUB_MATURITY` of 2025.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instrument(String);

/// A text that names no instrument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not 2 to 40 of A-Z, 0-9 and _")]
pub struct InstrumentError(String);

impl Instrument {
    /// Parses `[A-Z0-9_]{2,40}`.
    pub fn parse(raw: &str) -> Result<Self, InstrumentError> {
        let clean = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if (2..=40).contains(&raw.len()) && raw.bytes().all(clean) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(InstrumentError(quoted(raw)))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Instrument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// What is said of an assessment, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Assessment, which says what they mean"
)]
pub struct AssessmentDraft {
    pub innovation: Option<String>,
    pub hub: Option<String>,
    pub instrument: String,
    pub year: i64,
    pub steps: Vec<StepDraft>,
    pub total: String,
    pub class: Option<String>,
}

/// What an assessment is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Assessed {
    /// An innovation of any hub.
    Innovation(RecordRef),
    /// A hub: its maturity.
    Hub(HubId),
}

/// One assessment by a hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Assessment {
    /// What it is about.
    #[serde(flatten)]
    pub about: Assessed,
    /// By which instrument.
    pub instrument: Instrument,
    /// Of which year.
    pub year: u16,
    /// How far it is believed.
    pub steps: History<AssessmentState>,
    /// The total, as the instrument counts it.
    pub total: Score,
    /// The class, as the instrument names it, for example "sangat inovatif".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Line<1, 60>>,
}

impl Assessment {
    /// Parses what was typed here.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds or not in their vocabulary.
    pub fn parse(draft: &AssessmentDraft, today: Date) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft, Some(today))
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &AssessmentDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft, None)
    }

    fn check(
        mut form: FormCheck,
        draft: &AssessmentDraft,
        today: Option<Date>,
    ) -> Result<Self, FormErrors> {
        let innovation = form.optional("innovation", draft.innovation.as_deref(), RecordRef::parse);
        let hub = form.optional("hub", draft.hub.as_deref(), HubId::parse);
        if draft.innovation.is_some() == draft.hub.is_some() {
            form.refuse(
                "innovation",
                "give an innovation or a hub, not both and not none",
            );
        }
        let about = innovation
            .map(Assessed::Innovation)
            .or(hub.map(Assessed::Hub));
        let instrument = form.required("instrument", &draft.instrument, Instrument::parse);
        let year = form.year("year", draft.year);
        let steps = History::check(&mut form, "steps", &draft.steps, today);
        let total = form.required("total", &draft.total, Score::parse);
        let class = form.optional("class", draft.class.as_deref(), Line::parse);
        form.finish(|| {
            Some(Self {
                about: about?,
                instrument: instrument?,
                year: year?,
                steps: steps?,
                total: total?,
                class,
            })
        })
    }
}

/// What the items of an assessment say, unchecked: the JSON body of a payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are those of ScoreSheet, which says what they mean"
)]
pub struct ScoreSheetDraft {
    pub assessment: String,
    pub items: Vec<ScoreItemDraft>,
}

/// One item, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are those of ScoreItem, which says what they mean"
)]
pub struct ScoreItemDraft {
    pub indicator: String,
    pub weight: Option<String>,
    pub value: String,
    pub max: Option<String>,
}

/// The items of one assessment, by the hub that assessed. No juror is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ScoreSheet {
    /// The assessment, of the same hub.
    pub assessment: RecordId,
    /// The items, at most 200.
    pub items: Vec<ScoreItem>,
}

/// One item of an assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScoreItem {
    /// The indicator, for example `16`.
    pub indicator: Line<1, 60>,
    /// How much it weighs; one when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Score>,
    /// What was given.
    pub value: Score,
    /// What could be given at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Score>,
}

impl ScoreSheet {
    const MOST_ITEMS: usize = 200;

    /// Parses what was typed here.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn parse(draft: &ScoreSheetDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft)
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &ScoreSheetDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft)
    }

    fn check(mut form: FormCheck, draft: &ScoreSheetDraft) -> Result<Self, FormErrors> {
        let assessment = form.required("assessment", &draft.assessment, RecordId::parse);
        let items = form.list("items", &draft.items, Self::MOST_ITEMS, ScoreItem::check);
        form.finish(|| {
            Some(Self {
                assessment: assessment?,
                items,
            })
        })
    }

    /// The sum of all items by their weights.
    pub fn total(&self) -> Score {
        let points = self.items.iter().map(ScoreItem::points);
        Score(points.sum::<Decimal>().normalize())
    }
}

impl ScoreItem {
    fn check(form: &mut FormCheck, raw: &ScoreItemDraft) -> Option<Self> {
        let indicator = form.required("indicator", &raw.indicator, Line::parse);
        let weight = form.optional("weight", raw.weight.as_deref(), Score::parse);
        let value = form.required("value", &raw.value, Score::parse);
        let max = form.optional("max", raw.max.as_deref(), Score::parse);
        if let (Some(value), Some(max)) = (value, max)
            && value > max
        {
            form.refuse("value", format_args!("{value} is more than {max}"));
        }
        Some(Self {
            indicator: indicator?,
            weight,
            value: value?,
            max,
        })
    }

    fn points(&self) -> Decimal {
        self.weight.unwrap_or(Score::ONE).0 * self.value.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_exact_and_bounded() {
        let check = |raw: &str, expected: Option<&str>| {
            let found = Score::parse(raw).map(|score| score.to_string()).ok();
            assert_eq!(found.as_deref(), expected, "{raw}");
        };
        check("65.01", Some("65.01"));
        check(" -3.10 ", Some("-3.1"));
        check("999999999.9999", Some("999999999.9999"));
        for bad in ["", "1000000000", "1.23456", "1.", ".5", "1e3", "1,5", "NaN"] {
            check(bad, None);
        }
    }

    #[test]
    fn a_total_is_the_sum_of_weighted_items() {
        let body = r#"{"assessment":"0198f2c4-0000-7000-8000-000000000001","items":[
            {"indicator":"16","weight":"3","value":"3","max":"3"},
            {"indicator":"22","value":"0.1"},{"indicator":"23","value":"0.2"}]}"#;
        let draft: ScoreSheetDraft = serde_json::from_str(body).unwrap();
        let sheet = ScoreSheet::parse(&draft).unwrap();
        assert_eq!(sheet.total().to_string(), "9.3");
        let text = serde_json::to_string(&sheet).unwrap();
        assert_eq!(
            serde_json::from_str::<ScoreSheetDraft>(&text).unwrap(),
            draft
        );
        let mut draft = draft;
        draft.items[0].value = "3.5".to_owned();
        let error = ScoreSheet::parse(&draft).unwrap_err();
        assert_eq!(error.to_string(), "items[0].value: 3.5 is more than 3");
    }

    #[test]
    fn an_assessment_is_of_an_innovation_or_of_a_hub() {
        let draft = |innovation: Option<&str>, hub: Option<&str>| AssessmentDraft {
            innovation: innovation.map(str::to_owned),
            hub: hub.map(str::to_owned),
            instrument: "HUB_MATURITY".to_owned(),
            year: 2025,
            steps: vec![StepDraft {
                state: "SELF".to_owned(),
                on: "2025-10".to_owned(),
                reason: None,
            }],
            total: "71.5".to_owned(),
            class: Some("Berkembang".to_owned()),
        };
        let today = time::macros::date!(2026 - 08 - 20);
        let innovation = "id-35:0198f2c4-0000-7000-8000-000000000001";
        for good in [draft(Some(innovation), None), draft(None, Some("id-35"))] {
            let assessment = Assessment::parse(&good, today).unwrap();
            let text = serde_json::to_string(&assessment).unwrap();
            assert_eq!(
                serde_json::from_str::<AssessmentDraft>(&text).unwrap(),
                good
            );
        }
        for bad in [draft(None, None), draft(Some(innovation), Some("id-35"))] {
            let error = Assessment::parse(&bad, today).unwrap_err();
            assert_eq!(error.fields()[0].field, "innovation");
        }
    }
}
