//! Which column of a file is which field of a record: mapping files, in TOML.
//!
//! - [`Mapping`] is a file's contents, checked; [`Mapping::standard`] that of what `simpul export` writes.
//! - [`check`] turns a row into an agency and an innovation by it, or says all that is wrong with the row.
//! - [`fields`] knows the fields; [`dates`](super::dates) how people write days.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use domain::catalog::{
    Agency, AgencyDraft, FieldError, FormErrors, Innovation, InnovationDraft, fold,
};
use domain::entry::Audience;
use domain::identity::{HubId, RecordId};
use serde::Deserialize;
use time::Date;

use super::cells::BETWEEN_ITEMS;
use super::dates::DateForm;
use super::fields::{self, FIELDS, Filled};
use super::rows::{Cell, Layout, Row};

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

/// Something wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// The line of the file or the row of the sheet, counted from 1.
    pub line: u64,
    /// The column, or nothing when the row as a whole is wrong.
    pub column: String,
    /// What is wrong.
    pub reason: String,
}

/// A row without faults.
#[derive(Clone, Debug)]
pub struct CheckedRow {
    /// The line of the file or the row of the sheet, counted from 1.
    pub line: u64,
    /// The record that it is about, if the row says it: one of this hub.
    pub record: Option<RecordId>,
    /// The agency that owns the innovation.
    pub agency: AgencyDraft,
    /// The innovation, its agency still to be filled in.
    pub innovation: InnovationDraft,
    /// For whom the innovation is; nothing if the row does not say it.
    pub audience: Option<Audience>,
    /// The fields of which the row itself says what they hold, or that they hold nothing; what constants and defaults of the
    /// mapping say is for new records only.
    pub told: Vec<&'static str>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    #[serde(default)]
    source: SourceTable,
    #[serde(default)]
    constants: BTreeMap<String, OneOrMany>,
    columns: BTreeMap<String, toml::Value>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SourceTable {
    /// What the file is, for people.
    #[serde(rename = "title")]
    _title: Option<String>,
    delimiter: Option<char>,
    sheet: Option<String>,
    header_row: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnTable {
    column: OneOrMany,
    #[serde(default)]
    values: BTreeMap<String, OneOrMany>,
    default: Option<OneOrMany>,
    separator: Option<String>,
    #[serde(default)]
    dates: Vec<String>,
    scheme: Option<String>,
    scheme_before: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Vec<String> {
    fn from(given: OneOrMany) -> Self {
        match given {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

/// Stands in a table of values for all that are not named.
const ANY_OTHER: &str = "*";

/// Which columns give one field, and how.
#[derive(Clone, Debug, Default)]
struct Column {
    /// Of these the first that is not empty.
    names: Vec<String>,
    /// What the file's words mean, by their folded forms.
    values: HashMap<String, Vec<String>>,
    /// What a word means that is not among them; without any it stands for itself.
    any_other: Option<Vec<String>>,
    default: Option<Vec<String>>,
    separator: Option<String>,
    dates: Vec<DateForm>,
    scheme: Option<String>,
    scheme_before: Option<String>,
}

/// Which column of a file is which field of a record.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// How the file is laid out.
    pub layout: Layout,
    constants: Vec<(&'static str, Vec<String>)>,
    columns: Vec<(&'static str, Column)>,
}

impl Mapping {
    /// The mapping of the data folder's files (`data/README.md`).
    ///
    /// # Panics
    /// Never: a test reads the same text.
    pub fn of_data() -> Self {
        let text = include_str!("../../../../data/mappings/data.toml");
        Self::parse(text).expect("a test reads the same text")
    }

    /// The mapping of what `simpul export` writes: each column has the name of its field.
    pub fn standard() -> Self {
        let column = |name: &str| Column {
            names: vec![name.to_owned()],
            separator: fields::is_list(name).then(|| BETWEEN_ITEMS.to_string()),
            ..Column::default()
        };
        let columns = FIELDS.iter().map(|name| (*name, column(name)));
        Self {
            columns: columns.collect(),
            ..Self::default()
        }
    }

    /// Whether a file with these columns is one that `simpul export` wrote.
    pub fn is_standard<'a>(mut columns: impl Iterator<Item = &'a str>) -> bool {
        columns.any(|name| name == "agency.name")
    }

    /// Reads a mapping file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let file: MappingFile = toml::from_str(text)?;
        let delimiter = file.source.delimiter.map(|delimiter| {
            u8::try_from(delimiter).with_context(|| {
                format!("source.delimiter: {delimiter:?} is not a comma, semicolon or tab")
            })
        });
        let layout = Layout {
            delimiter: delimiter.transpose()?,
            sheet: file.source.sheet,
            header_row: file.source.header_row,
        };
        let mut columns = Vec::new();
        for (field, entry) in file.columns {
            let known = fields::find(&field).with_context(|| unknown("columns", &field))?;
            let column = Column::of(entry).with_context(|| format!("columns.{field}"))?;
            columns.push((known, column));
        }
        let mut constants = Vec::new();
        for (field, value) in file.constants {
            let known = fields::find(&field).with_context(|| unknown("constants", &field))?;
            if columns.iter().any(|(field, _)| *field == known) {
                bail!(
                    "{field} is among the columns and among the constants; the column's `default` is for empty cells"
                );
            }
            constants.push((known, value.into()));
        }
        Ok(Self {
            layout,
            constants,
            columns,
        })
    }

    /// Whether a column of the file is read.
    pub fn reads(&self, column: &str) -> bool {
        let mut names = self.columns.iter().flat_map(|(_, column)| &column.names);
        names.any(|name| name == column)
    }

    fn told(&self, row: &Row) -> Vec<&'static str> {
        let told = self
            .columns
            .iter()
            .filter(|(_, column)| column.is_told(row));
        told.map(|(field, _)| *field).collect()
    }

    /// Refuses a file of whose columns none gives the title.
    pub fn check_columns(&self, columns: &[String]) -> anyhow::Result<()> {
        let title = self.columns.iter().find(|(field, _)| *field == "title");
        let wanted = title.map_or(&[][..], |(_, column)| &column.names);
        let is_constant = self.constants.iter().any(|(field, _)| *field == "title");
        if !is_constant && !wanted.iter().any(|name| columns.contains(name)) {
            let wanted = if wanted.is_empty() {
                "title".to_owned()
            } else {
                wanted.join("` or `")
            };
            bail!(
                "the file has no column `{wanted}` for the title; its columns are: {}. Say with --mapping which column is what",
                columns.join(", ")
            );
        }
        Ok(())
    }

    /// The column to look at for a field of a form, as the form names it: `sdgs[0]`, `point.lat`.
    pub(super) fn column_of(&self, form_field: &str) -> String {
        let matches = |field: &str| {
            form_field.strip_prefix(field).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('[') || rest.starts_with('.')
            }) || fields::belongs(form_field, field)
        };
        let found = self.columns.iter().filter(|(field, _)| matches(field));
        let longest = found.max_by_key(|(field, _)| field.len());
        longest.map_or_else(
            || form_field.to_owned(),
            |(_, column)| column.names.join(" or "),
        )
    }
}

fn unknown(table: &str, field: &str) -> String {
    format!(
        "{table}: {field:?} is not a field; the fields are {}",
        FIELDS.join(", ")
    )
}

impl Column {
    /// Takes a column's name, or a table of what is to be done with it.
    fn of(entry: toml::Value) -> anyhow::Result<Self> {
        if let toml::Value::String(name) = entry {
            return Ok(Self {
                names: vec![name],
                ..Self::default()
            });
        }
        let table = ColumnTable::deserialize(entry)?;
        let dates = table.dates.iter().map(|form| DateForm::parse(form));
        let mut values = HashMap::new();
        let mut any_other = None;
        for (word, meaning) in table.values {
            let meaning: Vec<String> = meaning.into();
            let meaning = meaning
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect();
            if word == ANY_OTHER {
                any_other = Some(meaning);
            } else if values.insert(fold(&word), meaning).is_some() {
                bail!("values: {word:?} is there twice, written otherwise");
            }
        }
        Ok(Self {
            names: table.column.into(),
            values,
            any_other,
            default: table.default.map(Into::into),
            separator: table.separator.filter(|separator| !separator.is_empty()),
            dates: dates.collect::<Result<_, _>>()?,
            scheme: table.scheme,
            scheme_before: table.scheme_before,
        })
    }

    /// Whether a row says what the field holds, or that it holds nothing.
    fn is_told(&self, row: &Row) -> bool {
        let is_filled = self.names.iter().any(|name| row.cell(name).is_some());
        is_filled || self.default.is_none() && self.names.iter().any(|name| row.has(name))
    }

    /// What a row says: the values, or what is wrong with the cell.
    fn values_of(&self, row: &Row) -> Result<Vec<String>, String> {
        let name = self.names.iter().find(|name| row.cell(name).is_some());
        let cell = name.and_then(|name| row.cell(name));
        // A cell that is a date needs no form to be read by.
        if let (Some(Cell::Text(date)), false) = (cell, self.dates.is_empty())
            && name.is_some_and(|name| row.is_date(name))
        {
            return Ok(vec![date.clone()]);
        }
        let items: Vec<&str> = match (cell, &self.separator) {
            (None, _) => return Ok(self.default.clone().unwrap_or_default()),
            (Some(Cell::List(items)), _) => items.iter().map(String::as_str).collect(),
            (Some(Cell::Text(text)), None) => vec![text],
            (Some(Cell::Text(text)), Some(separator)) => text.split(separator.as_str()).collect(),
        };
        let items = items.into_iter().map(str::trim);
        let mut values = Vec::new();
        for item in items.filter(|item| !item.is_empty()) {
            for meant in self.meaning_of(item)? {
                // Several words of a file may mean the same.
                if !values.contains(&meant) || self.values.is_empty() {
                    values.push(meant);
                }
            }
        }
        Ok(values)
    }

    fn meaning_of(&self, item: &str) -> Result<Vec<String>, String> {
        if !self.values.is_empty() || self.any_other.is_some() {
            let found = self.values.get(&fold(item)).or(self.any_other.as_ref());
            return found
                .cloned()
                .ok_or_else(|| format!("{item:?} is not among the values that the mapping names"));
        }
        if !self.dates.is_empty() {
            let read = self.dates.iter().find_map(|form| form.read(item));
            return read.map(|date| vec![date]).ok_or_else(|| {
                let forms: Vec<_> = self.dates.iter().map(DateForm::as_str).collect();
                format!("{item:?} is not a date of the form {}", forms.join(" or "))
            });
        }
        if let Some(scheme) = &self.scheme {
            return Ok(vec![format!("{scheme}:{item}")]);
        }
        if let Some(mark) = &self.scheme_before {
            let parts = item.split_once(mark.as_str());
            return parts
                .map(|(scheme, value)| vec![format!("{scheme}:{value}")])
                .ok_or_else(|| {
                    format!("{item:?} is not of the form SCHEME{mark}NUMBER, such as LAN{mark}047")
                });
        }
        Ok(vec![item.to_owned()])
    }
}

/// Stands for the agency while a row is checked; the importer puts the real one in.
const NO_AGENCY: &str = "00000000-0000-0000-0000-000000000000";

/// Checks a row of a hub's file, telling all that is wrong with it.
pub fn check(
    row: &Row,
    mapping: &Mapping,
    hub: &HubId,
    today: Date,
) -> Result<CheckedRow, Vec<RowFault>> {
    let mut faults = Vec::new();
    let mut refuse = |column: String, reason: String| {
        faults.push(RowFault {
            line: row.line,
            column,
            reason,
        });
    };
    let mut filled = Filled::default();
    NO_AGENCY.clone_into(&mut filled.innovation.agency);
    for (field, values) in &mapping.constants {
        if let Err(reason) = filled.put(field, values.clone(), hub) {
            refuse(
                (*field).to_owned(),
                format!("the mapping's constant {reason}"),
            );
        }
    }
    for (field, column) in &mapping.columns {
        let values = column.values_of(row);
        let put = values.and_then(|values| {
            if values.is_empty() {
                Ok(())
            } else {
                filled.put(field, values, hub)
            }
        });
        if let Err(reason) = put {
            refuse(column.names.join(" or "), reason);
        }
    }
    filled.complete();
    let of_agency = Agency::parse(&filled.agency).err();
    for error in fields_of(of_agency.as_ref()) {
        let field = format!("agency.{}", error.field);
        refuse(mapping.column_of(&field), error.reason.clone());
    }
    let of_innovation = Innovation::parse(&filled.innovation, today).err();
    for error in fields_of(of_innovation.as_ref()) {
        refuse(mapping.column_of(&error.field), error.reason.clone());
    }
    if faults.is_empty() {
        Ok(CheckedRow {
            line: row.line,
            record: filled.record,
            agency: filled.agency,
            innovation: filled.innovation,
            audience: filled.audience,
            told: mapping.told(row),
        })
    } else {
        Err(faults)
    }
}

fn fields_of(errors: Option<&FormErrors>) -> &[FieldError] {
    errors.map_or(&[], FormErrors::fields)
}
