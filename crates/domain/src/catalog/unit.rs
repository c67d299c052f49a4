//! Service units: where people receive a service ("unit penyelenggara pelayanan", UPP).

use serde::{Deserialize, Serialize};

use super::form::{FormCheck, FormErrors, Provenance};
use super::innovation::{Point, PointDraft};
use super::region::{RegionCode, check_region};
use super::text::Title;
use super::vocabulary::vocabulary;
use crate::identity::RecordId;

vocabulary! {
    /// What sort of place a service unit is.
    ServiceUnitKind {
        /// Pusat kesehatan masyarakat.
        HealthCentre = "HEALTH_CENTRE",
        /// Rumah sakit.
        Hospital = "HOSPITAL",
        /// Sekolah.
        School = "SCHOOL",
        /// Kantor pelayanan.
        Office = "OFFICE",
        /// Mal pelayanan publik.
        ServiceMall = "SERVICE_MALL",
        /// Kecamatan atau kelurahan.
        District = "DISTRICT",
    }
    choosable {
        /// Lainnya.
        Other
    }
}

/// What is said of a service unit, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are those of ServiceUnit, which says what they mean"
)]
pub struct ServiceUnitDraft {
    pub agency: String,
    pub name: String,
    pub kind: String,
    pub region: Option<String>,
    pub point: Option<PointDraft>,
}

/// A place where an agency serves people.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ServiceUnit {
    /// The agency that runs it, of the same hub.
    pub agency: RecordId,
    /// Its name.
    pub name: Title,
    /// What sort of place it is.
    pub kind: ServiceUnitKind,
    /// The region in which it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionCode>,
    /// Where it lies (WGS 84).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
}

impl ServiceUnit {
    /// Parses what was typed here.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds or not in their vocabulary.
    pub fn parse(draft: &ServiceUnitDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft)
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &ServiceUnitDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft)
    }

    fn check(mut form: FormCheck, draft: &ServiceUnitDraft) -> Result<Self, FormErrors> {
        let agency = form.required("agency", &draft.agency, RecordId::parse);
        let name = form.required("name", &draft.name, Title::parse);
        let kind = form.choice("kind", &draft.kind);
        let region = check_region(&mut form, "region", draft.region.as_deref());
        let point = form.part("point", draft.point.as_ref(), Point::check);
        form.finish(|| {
            Some(Self {
                agency: agency?,
                name: name?,
                kind: kind?,
                region,
                point,
            })
        })
    }
}
