//! What a hub says of itself.

use serde::{Deserialize, Serialize};

use super::date::PartialDate;
use super::form::{FormCheck, FormErrors, Provenance};
use super::link::Endpoint;
use super::region::{RegionCode, check_region};
use super::text::{Line, Title};
use super::vocabulary::{HubKind, HubStatus};

/// What is said of a hub before it is checked: the JSON body of its payload, and what a form holds.
/// Unknown keys are passed over; what is empty is not written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HubProfileDraft {
    /// The hub's name, 3 to 200 characters; required.
    pub name: String,
    /// A code of [`HubKind`]; required.
    pub kind: String,
    /// The code of the hub's region; required unless the kind is `MINISTRY` or `AGENCY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where the hub answers, once it has an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// A code of [`HubStatus`]; required.
    pub status: String,
    /// The decree that named the hub, up to 200 characters, for example `Kepmen 359/2021`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decree: Option<String>,
    /// Since when it is a hub: year, month or day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_on: Option<String>,
    /// The office to write to and its role mailbox, 3 to 200 characters; no person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_office: Option<String>,
    /// The program and version it runs, up to 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
}

/// What a hub ("Hub JIPP") says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubProfile {
    /// The hub's name.
    pub name: Title,
    /// For whom it runs the network.
    pub kind: HubKind,
    /// Its region; always there for a hub of a province, regency or city.
    pub region: Option<RegionCode>,
    /// Where it answers, as it says itself.
    pub endpoint: Option<Endpoint>,
    /// Its standing in the network.
    pub status: HubStatus,
    /// The decree that named it.
    pub decree: Option<Line<1, 200>>,
    /// Since when it is a hub.
    pub joined_on: Option<PartialDate>,
    /// The office to write to; no person.
    pub contact_office: Option<Line<3, 200>>,
    /// The program and version it runs.
    pub software: Option<Line<1, 100>>,
}

impl HubProfile {
    /// Parses what was typed at this hub.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds, or not in a vocabulary or the table of regions.
    pub fn parse(draft: &HubProfileDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft)
    }

    /// Reads what another hub published: unknown terms become `Other`, an unknown region is kept.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &HubProfileDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft)
    }

    fn check(mut form: FormCheck, draft: &HubProfileDraft) -> Result<Self, FormErrors> {
        let name = form.required("name", &draft.name, Title::parse);
        let kind = form.choice("kind", &draft.kind);
        let region = check_region(&mut form, "region", draft.region.as_deref());
        if kind.is_some_and(is_of_an_area) && is_left_out(draft.region.as_deref()) {
            form.refuse(
                "region",
                "is required of a province's, regency's or city's hub",
            );
        }
        let endpoint = form.optional("endpoint", draft.endpoint.as_deref(), Endpoint::parse);
        let status = form.choice("status", &draft.status);
        let decree = form.optional("decree", draft.decree.as_deref(), Line::parse);
        let joined_on = form.optional("joinedOn", draft.joined_on.as_deref(), PartialDate::parse);
        let office = draft.contact_office.as_deref();
        let contact_office = form.optional("contactOffice", office, Line::parse);
        let software = form.optional("software", draft.software.as_deref(), Line::parse);
        form.finish(|| {
            Some(Self {
                name: name?,
                kind: kind?,
                region,
                endpoint,
                status: status?,
                decree,
                joined_on,
                contact_office,
                software,
            })
        })
    }
}

const fn is_of_an_area(kind: HubKind) -> bool {
    match kind {
        HubKind::Province | HubKind::Regency | HubKind::City => true,
        HubKind::Ministry | HubKind::Agency | HubKind::Other => false,
    }
}

fn is_left_out(raw: Option<&str>) -> bool {
    raw.is_none_or(|raw| raw.trim_start().is_empty())
}

impl From<&HubProfile> for HubProfileDraft {
    fn from(hub: &HubProfile) -> Self {
        Self {
            name: hub.name.to_string(),
            kind: hub.kind.to_string(),
            region: hub.region.map(|region| region.to_string()),
            endpoint: hub.endpoint.as_ref().map(ToString::to_string),
            status: hub.status.to_string(),
            decree: hub.decree.as_ref().map(ToString::to_string),
            joined_on: hub.joined_on.map(|date| date.to_string()),
            contact_office: hub.contact_office.as_ref().map(ToString::to_string),
            software: hub.software.as_ref().map(ToString::to_string),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> HubProfileDraft {
        HubProfileDraft {
            name: "Hub JIPP Sumatera Barat".to_owned(),
            kind: "PROVINCE".to_owned(),
            region: Some("13".to_owned()),
            endpoint: Some("https://jipp.example".to_owned()),
            status: "ACTIVE".to_owned(),
            decree: Some("Kepmen 94/2020".to_owned()),
            joined_on: Some("2020".to_owned()),
            contact_office: Some("Biro Organisasi".to_owned()),
            software: Some("simpul 0.1.0".to_owned()),
        }
    }

    fn faults(result: Result<HubProfile, FormErrors>) -> Vec<String> {
        let errors = result.err();
        let fields = errors.iter().flat_map(FormErrors::fields);
        fields.map(|error| error.field.clone()).collect()
    }

    #[test]
    fn a_draft_reads_back() {
        let bare = HubProfileDraft {
            name: "Kementerian Sosial".to_owned(),
            kind: "MINISTRY".to_owned(),
            endpoint: Some("http://127.0.0.1:8013".to_owned()),
            status: "CANDIDATE".to_owned(),
            ..HubProfileDraft::default()
        };
        for draft in [full(), bare] {
            let hub = HubProfile::parse(&draft).unwrap();
            assert_eq!(HubProfileDraft::from(&hub), draft);
            assert_eq!(HubProfile::read(&draft), Ok(hub));
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let missing = ["name", "kind", "status"];
        assert_eq!(
            faults(HubProfile::parse(&HubProfileDraft::default())),
            missing
        );
        assert_eq!(
            faults(HubProfile::read(&HubProfileDraft::default())),
            missing
        );

        let draft = HubProfileDraft {
            name: "ab".to_owned(),
            kind: "CLUB".to_owned(),
            region: Some("1".to_owned()),
            endpoint: Some("http://jipp.example".to_owned()),
            status: "ASLEEP".to_owned(),
            decree: Some("x".repeat(201)),
            joined_on: Some("2020-13".to_owned()),
            contact_office: Some("x".repeat(201)),
            software: Some("a\nb".to_owned()),
        };
        let all = [
            "name",
            "kind",
            "region",
            "endpoint",
            "status",
            "decree",
            "joinedOn",
            "contactOffice",
            "software",
        ];
        assert_eq!(faults(HubProfile::parse(&draft)), all);
    }

    #[test]
    fn only_an_area_hub_needs_a_region() {
        let check = |kind: &str, region: Option<&str>, typed: &str, received: &str| {
            let draft = HubProfileDraft {
                kind: kind.to_owned(),
                region: region.map(str::to_owned),
                ..full()
            };
            assert_eq!(
                faults(HubProfile::parse(&draft)).join(" "),
                typed,
                "{draft:?}"
            );
            assert_eq!(
                faults(HubProfile::read(&draft)).join(" "),
                received,
                "{draft:?}"
            );
        };
        check("PROVINCE", Some("13"), "", "");
        check("CITY", Some("13.76"), "", "");
        check("MINISTRY", None, "", "");
        check("AGENCY", Some("31"), "", "");
        check("PROVINCE", None, "region", "region");
        check("REGENCY", Some(" "), "region", "region");
        check("CITY", None, "region", "region");
        check("PROVINCE", Some("99"), "region", "");
        check("PROVINCE", Some("x"), "region", "region");
        check("GALAXY", None, "kind", "");
    }

    #[test]
    fn terms_of_a_newer_version_are_kept_on_receipt() {
        let draft = HubProfileDraft {
            kind: "GALAXY".to_owned(),
            status: "ASLEEP".to_owned(),
            ..full()
        };
        assert_eq!(faults(HubProfile::parse(&draft)), ["kind", "status"]);
        let hub = HubProfile::read(&draft).unwrap();
        assert_eq!((hub.kind, hub.status), (HubKind::Other, HubStatus::Other));
    }
}
