//! The parts of an innovation that have rules of their own.

use std::fmt;

use serde::Serialize;
use time::Date;

use super::draft::{
    BeneficiariesDraft, ExternalIdDraft, InnovationDraft, PointDraft, SourceDraft, SustainedDraft,
};
use crate::catalog::date::PartialDate;
use crate::catalog::form::{FormCheck, quoted};
use crate::catalog::link::WebUrl;
use crate::catalog::text::{Line, Words};
use crate::catalog::vocabulary::{Sustained, Vocabulary};

/// A code or word that breaks its rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given} is not {rule}")]
pub struct PartError {
    given: String,
    rule: &'static str,
}

fn refuse(given: &str, rule: &'static str) -> PartError {
    PartError {
        given: quoted(given),
        rule,
    }
}

/// A registration number of JIPPNas ("NRI"): six digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nri(String);

impl Nri {
    /// Parses six digits.
    pub fn parse(raw: &str) -> Result<Self, PartError> {
        let digits = raw.trim();
        if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(digits.to_owned()))
        } else {
            Err(refuse(raw, "a number of six digits"))
        }
    }
}

/// The name of a register that numbers innovations, for example `JIPPNAS`, `SINOVIK`, `IGA`, `LAN` or `OPSI`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scheme(String);

impl Scheme {
    /// Parses `[A-Z0-9_]{2,20}`.
    pub fn parse(raw: &str) -> Result<Self, PartError> {
        let clean = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if (2..=20).contains(&raw.len()) && raw.bytes().all(clean) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(refuse(raw, "2 to 20 of A-Z, 0-9 and _"))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An innovation's number in another register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalId {
    /// The register.
    pub scheme: Scheme,
    /// The number or name in it.
    pub value: Line<1, 64>,
}

impl ExternalId {
    pub(super) fn check(form: &mut FormCheck, raw: &ExternalIdDraft) -> Option<Self> {
        let scheme = form.required("scheme", &raw.scheme, Scheme::parse);
        let value = form.required("value", &raw.value, Line::parse);
        Some(Self {
            scheme: scheme?,
            value: value?,
        })
    }
}

/// When an innovation was started, tried and put to use, as exactly as the source says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The idea was taken up.
    pub started_on: Option<PartialDate>,
    /// The trial began.
    pub trial_on: Option<PartialDate>,
    /// Regular use began.
    pub implemented_on: Option<PartialDate>,
}

impl Timeline {
    pub(super) fn check(
        form: &mut FormCheck,
        draft: &InnovationDraft,
        today: Option<Date>,
    ) -> Self {
        let mut take = |field, raw: &Option<String>| form.past(field, raw.as_deref(), today);
        let timeline = Self {
            started_on: take("startedOn", &draft.started_on),
            trial_on: take("trialOn", &draft.trial_on),
            implemented_on: take("implementedOn", &draft.implemented_on),
        };
        timeline.refuse_disorder(form);
        timeline
    }

    /// All three pairs are compared, since dates of unlike precision may each agree with the one between them.
    fn refuse_disorder(&self, form: &mut FormCheck) {
        let started = ("startedOn", self.started_on);
        let trial = ("trialOn", self.trial_on);
        let implemented = ("implementedOn", self.implemented_on);
        for (earlier, later) in [
            (started, trial),
            (trial, implemented),
            (started, implemented),
        ] {
            let (first, Some(before)) = earlier else {
                continue;
            };
            let (then, Some(after)) = later else { continue };
            if before.is_after(after) {
                form.refuse(then, format_args!("{after} is before {first} {before}"));
            }
        }
    }
}

/// Whom an innovation serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beneficiaries {
    /// How many; at most [`Self::MOST`].
    pub count: u64,
    /// Of what: people, households, schools.
    pub unit: Option<Line<1, 60>>,
    /// In which time.
    pub period: Option<Line<1, 60>>,
}

impl Beneficiaries {
    /// The largest number that every reader of JSON takes exactly (RFC 8259, section 6).
    pub const MOST: u64 = (1 << 53) - 1;

    pub(super) fn check(form: &mut FormCheck, raw: &BeneficiariesDraft) -> Option<Self> {
        let count = form.number("count", Some(raw.count), 0..=Self::MOST);
        let unit = form.optional("unit", raw.unit.as_deref(), Line::parse);
        let period = form.optional("period", raw.period.as_deref(), Line::parse);
        Some(Self {
            count: count?,
            unit,
            period,
        })
    }
}

/// Whether an innovation goes on, as asked every year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sustainment {
    /// The answer.
    pub answer: Sustained,
    /// Why.
    pub reason: Option<Words<100>>,
}

impl Sustainment {
    pub(super) fn check(form: &mut FormCheck, raw: &SustainedDraft) -> Option<Self> {
        let answer = form.choice("answer", &raw.answer);
        let reason = form.optional("reason", raw.reason.as_deref(), Words::parse);
        Some(Self {
            answer: answer?,
            reason,
        })
    }
}

/// The place of a service, not of a home, inside Indonesia's box; WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Degrees north, -11.5 to 6.5.
    pub lat: f64,
    /// Degrees east, 94.5 to 141.5.
    pub lng: f64,
}

impl Point {
    pub(in crate::catalog) fn check(form: &mut FormCheck, raw: &PointDraft) -> Option<Self> {
        let lat_fits = (-11.5..=6.5).contains(&raw.lat);
        let lng_fits = (94.5..=141.5).contains(&raw.lng);
        if !lat_fits {
            form.refuse(
                "lat",
                format_args!("{} is not between -11.5 and 6.5", raw.lat),
            );
        }
        if !lng_fits {
            form.refuse(
                "lng",
                format_args!("{} is not between 94.5 and 141.5", raw.lng),
            );
        }
        (lat_fits && lng_fits).then_some(Self {
            lat: raw.lat,
            lng: raw.lng,
        })
    }
}

/// Where an innovation's facts were published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The publication's title.
    pub title: Line<2, 300>,
    /// Its address.
    pub url: Option<WebUrl>,
}

impl Source {
    pub(super) fn check(form: &mut FormCheck, raw: &SourceDraft) -> Option<Self> {
        let title = form.required("title", &raw.title, Line::parse);
        let url = form.optional("url", raw.url.as_deref(), WebUrl::parse);
        Some(Self { title: title?, url })
    }
}

impl fmt::Display for Nri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.scheme.as_str(), self.value)
    }
}

impl From<&ExternalId> for ExternalIdDraft {
    fn from(id: &ExternalId) -> Self {
        Self {
            scheme: id.scheme.0.clone(),
            value: id.value.to_string(),
        }
    }
}

impl From<&Beneficiaries> for BeneficiariesDraft {
    fn from(served: &Beneficiaries) -> Self {
        Self {
            count: i64::try_from(served.count).unwrap_or(i64::MAX),
            unit: served.unit.as_ref().map(ToString::to_string),
            period: served.period.as_ref().map(ToString::to_string),
        }
    }
}

impl From<&Sustainment> for SustainedDraft {
    fn from(sustainment: &Sustainment) -> Self {
        Self {
            answer: sustainment.answer.code().to_owned(),
            reason: sustainment.reason.as_ref().map(ToString::to_string),
        }
    }
}

impl From<&Source> for SourceDraft {
    fn from(source: &Source) -> Self {
        Self {
            title: source.title.to_string(),
            url: source.url.as_ref().map(ToString::to_string),
        }
    }
}
