//! Agencies: the bodies whose innovations a hub publishes.

use serde::{Deserialize, Serialize};

use super::form::{FormCheck, FormErrors, Provenance};
use super::link::WebUrl;
use super::region::{RegionCode, check_region};
use super::text::{Line, Title};
use super::vocabulary::AgencyKind;
use crate::identity::RecordId;

/// What is said of an agency before it is checked: the JSON body of its payload, and what a form holds.
/// Unknown keys are passed over; what is empty is not written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgencyDraft {
    /// The official name, 3 to 200 characters; required.
    pub name: String,
    /// The abbreviation or everyday name, up to 60 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_name: Option<String>,
    /// A code of [`AgencyKind`]; required.
    pub kind: String,
    /// The record id of the agency of the same hub that this one is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The code of the region that the agency governs or works in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Its page on the web.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
}

/// An agency ("instansi"): a regional government, a department, a ministry or another body that owns innovations.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agency {
    /// The official name; unique within the hub and the parent.
    pub name: Title,
    /// The abbreviation or everyday name.
    pub short_name: Option<Line<1, 60>>,
    /// What sort of body it is.
    pub kind: AgencyKind,
    /// The agency of the same hub that this one is a part of.
    pub parent: Option<RecordId>,
    /// The region that the agency governs or works in.
    pub region: Option<RegionCode>,
    /// Its page on the web.
    pub website: Option<WebUrl>,
}

impl Agency {
    /// Parses what was typed at this hub.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds, or not in a vocabulary or the table of regions.
    pub fn parse(draft: &AgencyDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft)
    }

    /// Reads what another hub published: an unknown kind becomes `Other`, an unknown region is kept.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &AgencyDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft)
    }

    fn check(mut form: FormCheck, draft: &AgencyDraft) -> Result<Self, FormErrors> {
        let name = form.required("name", &draft.name, Title::parse);
        let short_name = form.optional("shortName", draft.short_name.as_deref(), Line::parse);
        let kind = form.choice("kind", &draft.kind);
        let parent = form.optional("parent", draft.parent.as_deref(), RecordId::parse);
        let region = check_region(&mut form, "region", draft.region.as_deref());
        let website = form.optional("website", draft.website.as_deref(), WebUrl::parse);
        form.finish(|| {
            Some(Self {
                name: name?,
                short_name,
                kind: kind?,
                parent,
                region,
                website,
            })
        })
    }
}

impl From<&Agency> for AgencyDraft {
    fn from(agency: &Agency) -> Self {
        Self {
            name: agency.name.to_string(),
            short_name: agency.short_name.as_ref().map(ToString::to_string),
            kind: agency.kind.to_string(),
            parent: agency.parent.map(|parent| parent.to_string()),
            region: agency.region.map(|region| region.to_string()),
            website: agency.website.as_ref().map(ToString::to_string),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> AgencyDraft {
        AgencyDraft {
            name: "Dinas Perpustakaan dan Kearsipan".to_owned(),
            short_name: Some("Dispusip".to_owned()),
            kind: "DEPARTMENT".to_owned(),
            parent: Some("0198f2c4-0000-7000-8000-000000000000".to_owned()),
            region: Some("13.76".to_owned()),
            website: Some("https://perpustakaan.example".to_owned()),
        }
    }

    fn faults(result: Result<Agency, FormErrors>) -> Vec<String> {
        let errors = result.err();
        let fields = errors.iter().flat_map(FormErrors::fields);
        fields.map(|error| error.field.clone()).collect()
    }

    #[test]
    fn a_draft_reads_back() {
        let bare = AgencyDraft {
            name: "Kementerian Sosial".to_owned(),
            kind: "MINISTRY".to_owned(),
            ..AgencyDraft::default()
        };
        for draft in [full(), bare] {
            let agency = Agency::parse(&draft).unwrap();
            assert_eq!(AgencyDraft::from(&agency), draft);
            assert_eq!(Agency::read(&draft), Ok(agency));
        }
    }

    #[test]
    fn the_body_is_camel_case_without_empty_fields() {
        let bare = r#"{"name":"Kementerian Sosial","kind":"MINISTRY"}"#;
        let draft: AgencyDraft = serde_json::from_str(bare).unwrap();
        assert_eq!(serde_json::to_string(&draft).unwrap(), bare);

        let newer = r#"{"name":"Kemensos","shortName":"KS","motto":{"since":2040}}"#;
        let draft: AgencyDraft = serde_json::from_str(newer).unwrap();
        assert_eq!(draft.short_name.as_deref(), Some("KS"));
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let draft = AgencyDraft {
            name: "  ".to_owned(),
            short_name: Some("x".repeat(61)),
            kind: "CLUB".to_owned(),
            parent: Some("42".to_owned()),
            region: Some("13-76".to_owned()),
            website: Some("perpustakaan".to_owned()),
        };
        let all = ["name", "shortName", "kind", "parent", "region", "website"];
        assert_eq!(faults(Agency::parse(&draft)), all);
        let bounds = ["name", "shortName", "parent", "region", "website"];
        assert_eq!(faults(Agency::read(&draft)), bounds);
    }

    #[test]
    fn what_only_a_newer_version_knows_is_kept_on_receipt() {
        let mut draft = full();
        "ORBITAL_STATION".clone_into(&mut draft.kind);
        draft.region = Some("99.01".to_owned());
        assert_eq!(faults(Agency::parse(&draft)), ["kind", "region"]);
        let agency = Agency::read(&draft).unwrap();
        assert_eq!(agency.kind, AgencyKind::Other);
        assert_eq!(agency.region.unwrap().to_string(), "99.01");
    }
}
