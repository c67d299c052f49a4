//! The fields that a file can give, by the names that mapping files and exports use.

use domain::catalog::{
    AgencyDraft, BeneficiariesDraft, ExternalIdDraft, InnovationDraft, PointDraft, SourceDraft,
    SustainedDraft,
};
use domain::entry::Audience;
use domain::identity::{HubId, RecordId};

use super::cells::source_parts;
use super::mapping::RowAudience;

/// All fields, in the order in which exports have them.
pub const FIELDS: [&str; 47] = [
    "id",
    "audience",
    "title",
    "acronymOf",
    "agency.name",
    "agency.shortName",
    "agency.kind",
    "agency.region",
    "agency.website",
    "unitName",
    "nri",
    "externalIds",
    "kind",
    "form",
    "isDigital",
    "initiator",
    "affairs",
    "sdgs",
    "tags",
    "stage",
    "adoption",
    "startedOn",
    "trialOn",
    "implementedOn",
    "beneficiaries.count",
    "beneficiaries.unit",
    "beneficiaries.period",
    "sustained.answer",
    "sustained.reason",
    "point.lat",
    "point.lng",
    "website",
    "summary",
    "background",
    "novelty",
    "implementation",
    "impact",
    "replicatedSoFar",
    "replicationPotential",
    "resources",
    "sustainability",
    "challenges",
    "lessons",
    "preconditions",
    "sources",
    "sources.title",
    "sources.url",
];

/// The field with a name.
pub fn find(name: &str) -> Option<&'static str> {
    FIELDS.into_iter().find(|field| *field == name)
}

/// Whether a field holds a list.
pub(super) fn is_list(name: &str) -> bool {
    let lists = [
        "externalIds",
        "affairs",
        "sdgs",
        "tags",
        "preconditions",
        "sources",
    ];
    lists.contains(&name)
}

/// Whether what a form calls so is told in a field whose name does not begin like it.
pub(super) fn belongs(form_field: &str, field: &str) -> bool {
    let part = form_field
        .strip_prefix("sources[")
        .and_then(|rest| rest.split_once("]."));
    part.is_some_and(|(_, part)| field.strip_prefix("sources.") == Some(part))
}

/// What a row says, field by field.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// The innovation.
    pub(super) innovation: InnovationDraft,
    /// Its agency.
    pub(super) agency: AgencyDraft,
    /// The record that it is about.
    pub(super) record: Option<RecordId>,
    /// For whom it is.
    pub(super) audience: Option<Audience>,
    lat: Option<f64>,
    lng: Option<f64>,
    source: SourceDraft,
}

impl Filled {
    /// Fills a field; the values are not empty.
    pub(super) fn put(
        &mut self,
        field: &str,
        mut values: Vec<String>,
        hub: &HubId,
    ) -> Result<(), String> {
        if let Some(list) = self.list(field) {
            list.append(&mut values);
            return Ok(());
        }
        match field {
            "sdgs" => self.innovation.sdgs.extend(numbers(&values)?),
            "externalIds" => {
                for value in &values {
                    let id = external_id(value)?;
                    self.innovation.external_ids.push(id);
                }
            }
            "sources" => {
                let sources = values.iter().map(|value| source(value));
                self.innovation.sources.extend(sources);
            }
            _ => return self.put_one(field, one(values)?, hub),
        }
        Ok(())
    }

    fn list(&mut self, field: &str) -> Option<&mut Vec<String>> {
        Some(match field {
            "affairs" => &mut self.innovation.affairs,
            "tags" => &mut self.innovation.tags,
            "preconditions" => &mut self.innovation.preconditions,
            _ => return None,
        })
    }

    fn put_one(&mut self, field: &str, value: String, hub: &HubId) -> Result<(), String> {
        match field {
            "id" => self.record = Some(own_record(&value, hub)?),
            "audience" => {
                let audience = value
                    .parse::<RowAudience>()
                    .map_err(|error| error.to_string())?;
                self.audience = Some(audience.into());
            }
            "title" => self.innovation.title = value,
            "stage" => self.innovation.stage = value,
            "adoption" => self.innovation.adoption = value,
            "agency.name" => self.agency.name = value,
            "agency.kind" => self.agency.kind = value,
            "isDigital" => self.innovation.is_digital = Some(flag(&value)?),
            "beneficiaries.count" => beneficiaries(&mut self.innovation).count = number(&value)?,
            "sustained.answer" => sustained(&mut self.innovation).answer = value,
            "point.lat" => self.lat = Some(degrees(&value)?),
            "point.lng" => self.lng = Some(degrees(&value)?),
            "sources.title" => self.source.title = value,
            _ => *self.text(field)? = Some(value),
        }
        Ok(())
    }

    fn text(&mut self, field: &str) -> Result<&mut Option<String>, String> {
        let innovation = &mut self.innovation;
        Ok(match field {
            "acronymOf" => &mut innovation.acronym_of,
            "agency.shortName" => &mut self.agency.short_name,
            "agency.region" => &mut self.agency.region,
            "agency.website" => &mut self.agency.website,
            "unitName" => &mut innovation.unit_name,
            "nri" => &mut innovation.nri,
            "kind" => &mut innovation.kind,
            "form" => &mut innovation.form,
            "initiator" => &mut innovation.initiator,
            "startedOn" => &mut innovation.started_on,
            "trialOn" => &mut innovation.trial_on,
            "implementedOn" => &mut innovation.implemented_on,
            "beneficiaries.unit" => &mut beneficiaries(innovation).unit,
            "beneficiaries.period" => &mut beneficiaries(innovation).period,
            "sustained.reason" => &mut sustained(innovation).reason,
            "website" => &mut innovation.website,
            "summary" => &mut innovation.summary,
            "background" => &mut innovation.background,
            "novelty" => &mut innovation.novelty,
            "implementation" => &mut innovation.implementation,
            "impact" => &mut innovation.impact,
            "replicatedSoFar" => &mut innovation.replicated_so_far,
            "replicationPotential" => &mut innovation.replication_potential,
            "resources" => &mut innovation.resources,
            "sustainability" => &mut innovation.sustainability,
            "challenges" => &mut innovation.challenges,
            "lessons" => &mut innovation.lessons,
            "sources.url" => &mut self.source.url,
            _ => return Err(format!("{field} is not a field")),
        })
    }

    /// Puts together what stands in several columns.
    pub(super) fn complete(&mut self) {
        if self.lat.is_some() || self.lng.is_some() {
            // A half of a point is outside Indonesia, and refused as such.
            let (lat, lng) = (self.lat.unwrap_or_default(), self.lng.unwrap_or_default());
            self.innovation.point = Some(PointDraft { lat, lng });
        }
        if self.source != SourceDraft::default() {
            self.innovation
                .sources
                .push(std::mem::take(&mut self.source));
        }
    }
}

fn beneficiaries(innovation: &mut InnovationDraft) -> &mut BeneficiariesDraft {
    let beneficiaries = &mut innovation.beneficiaries;
    beneficiaries.get_or_insert_with(BeneficiariesDraft::default)
}

fn sustained(innovation: &mut InnovationDraft) -> &mut SustainedDraft {
    let sustained = &mut innovation.sustained;
    sustained.get_or_insert_with(SustainedDraft::default)
}

fn one(mut values: Vec<String>) -> Result<String, String> {
    if values.len() > 1 {
        return Err(format!("has {} values; one is allowed", values.len()));
    }
    Ok(values.remove(0))
}

fn own_record(value: &str, hub: &HubId) -> Result<RecordId, String> {
    let parts: Vec<_> = value.split(':').collect();
    let ["Innovation", owner, record] = parts[..] else {
        return Err(format!(
            "{value:?} is not an innovation's id such as Innovation:id-13:0198f2c4-…"
        ));
    };
    if owner != hub.as_str() {
        return Err(format!(
            "the record belongs to hub {owner}, which alone can change it; take the id out to import the row as one of {hub}"
        ));
    }
    RecordId::parse(record).map_err(|error| error.to_string())
}

fn external_id(value: &str) -> Result<ExternalIdDraft, String> {
    let parts = value.split_once(':');
    let (scheme, value) =
        parts.ok_or_else(|| format!("{value:?} is not of the form SCHEME:NUMBER"))?;
    Ok(ExternalIdDraft {
        scheme: scheme.trim().to_owned(),
        value: value.trim().to_owned(),
    })
}

fn source(value: &str) -> SourceDraft {
    let (title, url) = source_parts(value);
    SourceDraft {
        title: title.to_owned(),
        url: url.map(str::to_owned),
    }
}

fn numbers(values: &[String]) -> Result<Vec<i64>, String> {
    values.iter().map(|value| number(value)).collect()
}

fn number(value: &str) -> Result<i64, String> {
    let number = value.trim().parse();
    number.map_err(|_| format!("{value:?} is not a whole number"))
}

/// Degrees with a point, or with a comma as Indonesian spreadsheets write it.
fn degrees(value: &str) -> Result<f64, String> {
    let with_point = value.trim().replace(',', ".");
    let degrees = with_point
        .parse::<f64>()
        .ok()
        .filter(|degrees| degrees.is_finite());
    degrees.ok_or_else(|| format!("{value:?} is not a number of degrees such as -6.9147"))
}

fn flag(value: &str) -> Result<bool, String> {
    match value.to_lowercase().as_str() {
        "true" | "ya" | "yes" | "1" => Ok(true),
        "false" | "tidak" | "no" | "0" => Ok(false),
        _ => Err(format!("{value:?} is neither true nor false")),
    }
}
