//! The parts of an innovation that are objects of their own.

use async_graphql::SimpleObject;
use domain::catalog;

use crate::vocabulary::Sustained;

/// A number in another register.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct ExternalId {
    /// The register, for example `JIPPNAS`, `SINOVIK`, `IGA`, `LAN` or `OPSI`.
    scheme: String,
    /// The number or name in it.
    value: String,
}

impl ExternalId {
    pub(crate) fn new(scheme: &str, value: &str) -> Self {
        Self {
            scheme: scheme.to_owned(),
            value: value.to_owned(),
        }
    }
}

impl From<&catalog::ExternalId> for ExternalId {
    fn from(id: &catalog::ExternalId) -> Self {
        Self {
            scheme: id.scheme.as_str().to_owned(),
            value: id.value.to_string(),
        }
    }
}

/// Whom an innovation serves.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Beneficiaries {
    /// How many.
    count: crate::scalars::Long,
    /// Of what: people, households, schools.
    unit: Option<String>,
    /// In which time.
    period: Option<String>,
}

impl Beneficiaries {
    pub(crate) const fn new(
        count: crate::scalars::Long,
        unit: Option<String>,
        period: Option<String>,
    ) -> Self {
        Self {
            count,
            unit,
            period,
        }
    }
}

impl From<&catalog::Beneficiaries> for Beneficiaries {
    fn from(served: &catalog::Beneficiaries) -> Self {
        Self {
            count: crate::scalars::Long(served.count.min(crate::scalars::Long::MOST)),
            unit: served.unit.as_ref().map(ToString::to_string),
            period: served.period.as_ref().map(ToString::to_string),
        }
    }
}

/// Whether an innovation goes on.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Sustainment {
    /// The answer.
    answer: Sustained,
    /// Why.
    reason: Option<String>,
}

impl Sustainment {
    pub(crate) const fn new(answer: Sustained, reason: Option<String>) -> Self {
        Self { answer, reason }
    }
}

impl From<&catalog::Sustainment> for Sustainment {
    fn from(sustainment: &catalog::Sustainment) -> Self {
        Self {
            answer: sustainment.answer.into(),
            reason: sustainment.reason.as_ref().map(ToString::to_string),
        }
    }
}

/// A place (WGS 84).
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Point {
    /// Degrees north.
    lat: f64,
    /// Degrees east.
    lng: f64,
}

impl From<catalog::Point> for Point {
    fn from(point: catalog::Point) -> Self {
        Self {
            lat: point.lat,
            lng: point.lng,
        }
    }
}

/// Where an innovation's facts were published.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Source {
    /// The publication's title.
    title: String,
    /// Its address.
    url: Option<String>,
}

impl Source {
    pub(crate) fn new(title: &str, url: Option<String>) -> Self {
        let title = title.to_owned();
        Self { title, url }
    }
}

impl From<&catalog::Source> for Source {
    fn from(source: &catalog::Source) -> Self {
        Self {
            title: source.title.to_string(),
            url: source.url.as_ref().map(ToString::to_string),
        }
    }
}
