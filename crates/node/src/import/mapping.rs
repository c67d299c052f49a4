//! From a row of the data folder's shape (`data/README.md`) to an agency and an innovation.

use std::str::FromStr;

use domain::catalog::{
    Affair, Agency, AgencyDraft, AgencyKind, ExternalIdDraft, FieldError, FormErrors, Innovation,
    InnovationDraft, SourceDraft, Vocabulary as _, fold,
};
use domain::entry::Audience;
use time::Date;

use super::rows::Row;

/// The columns that are imported; others are left out and named in the report.
pub const COLUMNS: [&str; 16] = [
    "id",
    "title",
    "expansion",
    "agency",
    "unit",
    "agency_type",
    "province_code",
    "regency_code",
    "year_initiated",
    "year_implemented",
    "innovation_type",
    "sector",
    "summary_id",
    "source_title",
    "source_url",
    "audience",
];

/// For whom an innovation is, as somebody wrote it: `public` or `network`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowAudience(Audience);

/// Why a word names no audience that a row can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AudienceError {
    /// One that is planned.
    #[error(
        "\"local\" is not possible yet: what is in the log goes to other hubs; leave the row out, or say network"
    )]
    Local,
    /// None at all.
    #[error("{0:?} is not an audience; say public (everybody) or network (hubs of the network)")]
    Unknown(String),
}

impl FromStr for RowAudience {
    type Err = AudienceError;

    fn from_str(raw: &str) -> Result<Self, AudienceError> {
        match raw.trim().to_lowercase().as_str() {
            "public" => Ok(Self(Audience::Public)),
            "network" => Ok(Self(Audience::Network)),
            "local" => Err(AudienceError::Local),
            _ => Err(AudienceError::Unknown(raw.trim().to_owned())),
        }
    }
}

impl From<RowAudience> for Audience {
    fn from(RowAudience(audience): RowAudience) -> Self {
        audience
    }
}

/// Stands for the agency while a row is checked; the importer puts the real one in.
const NO_AGENCY: &str = "00000000-0000-0000-0000-000000000000";

/// Something wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// The line of the file, counted from 1.
    pub line: u64,
    /// The column, or nothing when the row as a whole is wrong.
    pub column: String,
    /// What is wrong.
    pub reason: String,
}

/// A row without faults.
#[derive(Clone, Debug)]
pub struct CheckedRow {
    /// The line of the file, counted from 1.
    pub line: u64,
    /// The agency that owns the innovation.
    pub agency: AgencyDraft,
    /// The innovation, its agency still to be filled in.
    pub innovation: InnovationDraft,
    /// For whom the innovation is; nothing if the row does not say it.
    pub audience: Option<Audience>,
}

impl CheckedRow {
    /// What tells agencies apart: name, and the region they serve.
    pub fn agency_key(&self) -> AgencyKey {
        (
            fold(&self.agency.name),
            self.agency.region.clone().unwrap_or_default(),
        )
    }

    /// The number by which the row is known when it comes again.
    pub fn external_id(&self) -> Option<(&str, &str)> {
        let id = self.innovation.external_ids.first()?;
        Some((&id.scheme, &id.value))
    }
}

/// An agency's folded name and region code.
pub type AgencyKey = (String, String);

/// Checks a row, telling all that is wrong with it.
pub fn check(row: &Row, today: Date) -> Result<CheckedRow, Vec<RowFault>> {
    let mut faults = Vec::new();
    let external_ids = external_id(row, &mut faults);
    let innovation = InnovationDraft {
        external_ids,
        ..innovation(row, &mut faults)
    };
    let agency = agency(row);
    let audience = audience(row, &mut faults);
    faults.extend(faults_of(row, Agency::parse(&agency).err(), agency_column));
    faults.extend(faults_of(
        row,
        Innovation::parse(&innovation, today).err(),
        innovation_column,
    ));
    if faults.is_empty() {
        Ok(CheckedRow {
            line: row.line,
            agency,
            innovation,
            audience,
        })
    } else {
        Err(faults)
    }
}

fn faults_of(
    row: &Row,
    errors: Option<FormErrors>,
    column: fn(&str) -> &'static str,
) -> Vec<RowFault> {
    let fault = |error: &FieldError| RowFault {
        line: row.line,
        column: column(&error.field).to_owned(),
        reason: error.reason.clone(),
    };
    errors
        .iter()
        .flat_map(FormErrors::fields)
        .map(fault)
        .collect()
}

fn agency(row: &Row) -> AgencyDraft {
    let region = row.get("regency_code").or(row.get("province_code"));
    AgencyDraft {
        name: row.get("agency").unwrap_or_default().to_owned(),
        kind: agency_kind(row.get("agency_type")).code().to_owned(),
        region: region.map(str::to_owned),
        ..AgencyDraft::default()
    }
}

fn agency_kind(raw: Option<&str>) -> AgencyKind {
    match raw {
        Some("PROVINCE") => AgencyKind::ProvinceGovernment,
        Some("REGENCY") => AgencyKind::RegencyGovernment,
        Some("CITY") => AgencyKind::CityGovernment,
        Some("MINISTRY") => AgencyKind::Ministry,
        Some("AGENCY" | "POLICE") => AgencyKind::NationalAgency,
        Some("STATE_ENTERPRISE") => AgencyKind::StateEnterprise,
        Some("REGIONAL_ENTERPRISE") => AgencyKind::RegionalEnterprise,
        Some("UNIVERSITY") => AgencyKind::University,
        _ => AgencyKind::Other,
    }
}

fn agency_column(field: &str) -> &'static str {
    match field {
        "region" => "regency_code",
        "kind" => "agency_type",
        _ => "agency",
    }
}

fn innovation(row: &Row, faults: &mut Vec<RowFault>) -> InnovationDraft {
    let text = |column: &str| row.get(column).map(str::to_owned);
    let (affairs, tags) = sector(row.get("sector"), row, faults);
    let source = row.get("source_title").map(|title| SourceDraft {
        title: title.to_owned(),
        url: text("source_url"),
    });
    InnovationDraft {
        title: row.get("title").unwrap_or_default().to_owned(),
        acronym_of: text("expansion"),
        agency: NO_AGENCY.to_owned(),
        unit_name: text("unit"),
        kind: text("innovation_type"),
        affairs: affairs
            .iter()
            .map(|affair| affair.code().to_owned())
            .collect(),
        tags,
        summary: text("summary_id"),
        started_on: text("year_initiated"),
        implemented_on: text("year_implemented"),
        stage: "CREATION".to_owned(),
        adoption: if row.get("year_implemented").is_some() {
            "APPLIED"
        } else {
            "INITIATIVE"
        }
        .to_owned(),
        sources: source.into_iter().collect(),
        ..InnovationDraft::default()
    }
}

fn innovation_column(field: &str) -> &'static str {
    match field.split(['[', '.']).next().unwrap_or_default() {
        "title" => "title",
        "acronymOf" => "expansion",
        "unitName" => "unit",
        "externalIds" => "id",
        "kind" => "innovation_type",
        "affairs" | "tags" => "sector",
        "summary" => "summary_id",
        "startedOn" => "year_initiated",
        "implementedOn" => "year_implemented",
        "sources" if field.ends_with("url") => "source_url",
        "sources" => "source_title",
        _ => "",
    }
}

fn audience(row: &Row, faults: &mut Vec<RowFault>) -> Option<Audience> {
    match row.get("audience")?.parse::<RowAudience>() {
        Ok(RowAudience(audience)) => Some(audience),
        Err(error) => {
            faults.push(RowFault {
                line: row.line,
                column: "audience".to_owned(),
                reason: error.to_string(),
            });
            None
        }
    }
}

/// `LAN-047` is number 047 of the scheme LAN.
fn external_id(row: &Row, faults: &mut Vec<RowFault>) -> Vec<ExternalIdDraft> {
    let Some(id) = row.get("id") else {
        return Vec::new();
    };
    let Some((scheme, value)) = id.split_once('-') else {
        let reason = format!("{id:?} is not of the form SCHEME-NUMBER, such as LAN-047");
        faults.push(RowFault {
            line: row.line,
            column: "id".to_owned(),
            reason,
        });
        return Vec::new();
    };
    vec![ExternalIdDraft {
        scheme: scheme.to_owned(),
        value: value.to_owned(),
    }]
}

/// The compiler's sectors as affairs of government; two of them are wider than any affair and become tags.
fn sector(raw: Option<&str>, row: &Row, faults: &mut Vec<RowFault>) -> (Vec<Affair>, Vec<String>) {
    let affairs: &[Affair] = match raw {
        None => &[],
        Some("ECONOMY") => return (Vec::new(), vec!["ekonomi".to_owned()]),
        Some("GOVERNANCE") => return (Vec::new(), vec!["tata kelola".to_owned()]),
        Some("AGRICULTURE") => &[Affair::Agriculture],
        Some("CIVIL_REGISTRATION") => &[Affair::CivilRegistration],
        Some("COMMUNICATION") => &[Affair::Communication],
        Some("DISASTER" | "SECURITY") => &[Affair::PublicOrder],
        Some("EDUCATION") => &[Affair::Education],
        Some("ENERGY") => &[Affair::Energy],
        Some("ENVIRONMENT") => &[Affair::Environment],
        Some("FAMILY") => &[Affair::FamilyPlanning],
        Some("FINANCE") => &[Affair::Finance],
        Some("FISHERIES") => &[Affair::MarineAndFisheries],
        Some("HEALTH") => &[Affair::Health],
        Some("LABOR") => &[Affair::Labour],
        Some("LAND") => &[Affair::Land],
        Some("LICENSING") => &[Affair::Investment],
        Some("PUBLIC_WORKS" | "WATER") => &[Affair::PublicWorks],
        Some("RESEARCH") => &[Affair::Research],
        Some("SOCIAL") => &[Affair::Social],
        Some("TOURISM_CULTURE") => &[Affair::Tourism, Affair::Culture],
        Some("TRANSPORT") => &[Affair::Transport],
        Some(other) => {
            let reason = format!("{other:?} is not a sector of data/README.md");
            faults.push(RowFault {
                line: row.line,
                column: "sector".to_owned(),
                reason,
            });
            &[]
        }
    };
    (affairs.to_vec(), Vec::new())
}
