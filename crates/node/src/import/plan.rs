//! What becomes of a row, beside what the hub holds and what the rows before it said. Reads and writes nothing.
//!
//! Checking and writing ask the same [`Planner`], so that what checking found is what writing does.

use std::sync::Arc;

use domain::catalog::{
    Agency, AgencyDraft, FormErrors, Innovation, InnovationDraft, TransitionDraft,
};
use domain::entry::{Audience, MAX_PAYLOAD_BYTES};
use domain::identity::RecordId;
use storage::bodies::{Body, Content};
use time::OffsetDateTime;

use super::Rules;
use super::again::{merged, moves};
use super::held::{Agencies, Held, HeldInnovation};
use super::mapping::{CheckedRow, RowFault};
use super::said::{MOST_NAMES, Name, Said};
use crate::system::SystemEntropy;

/// What a payload holds beside the record, in bytes, at most.
const AROUND_BODY: usize = 256;

/// What is to be done for a row.
#[derive(Debug)]
pub(super) enum Fate {
    /// Nothing: a row before it, on this line, named the same record.
    Repeats(u64),
    /// Nothing: the hub holds all that it says.
    Unchanged,
    /// An innovation is written.
    Put(Box<Put>),
}

/// An agency that is to be registered, with its record.
type NewAgency = (RecordId, AgencyDraft);

/// An innovation that is to be written.
#[derive(Debug)]
pub(super) struct Put {
    /// Its record.
    pub(super) record: RecordId,
    /// The revision that this will be.
    pub(super) revision: u64,
    /// For whom it is.
    pub(super) audience: Audience,
    /// What is said, as the body of its payload.
    pub(super) body: String,
    /// What was held of it.
    pub(super) before: Option<Arc<Body>>,
    /// Its moves along one of its axes, each a transition of its own.
    pub(super) moves: Vec<TransitionDraft>,
    /// Its agency, if that is new.
    pub(super) agency: Option<NewAgency>,
}

/// Decides about the rows of a file, one after the other.
pub(super) struct Planner {
    rules: Rules,
    agencies: Agencies,
    said: Said,
    now: OffsetDateTime,
}

impl Planner {
    /// Begins with the agencies that the hub has.
    pub(super) fn new(rules: Rules, agencies: Agencies, now: OffsetDateTime) -> Self {
        Self {
            rules,
            agencies,
            said: Said::default(),
            now,
        }
    }

    /// Decides about a row, or says for what it is refused. A row that is refused names nothing, so another may come for it.
    pub(super) fn plan(&mut self, row: &CheckedRow, held: &Held) -> Result<Fate, Vec<RowFault>> {
        let found = held.find(row);
        if let Some(line) = self.said.find(&names_of(row, found)) {
            return Ok(Fate::Repeats(line));
        }
        let fate = self.decide(row, found, held)?;
        let names = named_by(row, found);
        if !names.is_empty() && self.said.is_full() {
            let reason = format!(
                "the file names more than {MOST_NAMES} records; put this row and those behind it into another file"
            );
            return Err(vec![self.fault(row, "", reason)]);
        }
        self.said.note(row.line, &names);
        if let Fate::Put(put) = &fate
            && let Some((record, _)) = put.agency
        {
            let held = (record, Audience::Public);
            self.agencies.insert(row.agency_key(), held);
        }
        Ok(fate)
    }

    fn decide(
        &self,
        row: &CheckedRow,
        found: Option<&HeldInnovation>,
        held: &Held,
    ) -> Result<Fate, Vec<RowFault>> {
        if let Some(record) = row.record.filter(|record| held.is_gone(*record)) {
            let reason = format!(
                "record {record} was taken back, and nothing is written under its id again; take the id out to import the row as a new innovation"
            );
            return Err(vec![self.fault(row, "id", reason)]);
        }
        let audience = row.audience.clone().or_else(|| self.rules.audience.clone());
        let audience = audience
            .unwrap_or_else(|| found.map_or(Audience::Public, |(_, body)| body.audience.clone()));
        let (owner, agency) = self.owner(row, &audience)?;
        let says = InnovationDraft {
            agency: owner.to_string(),
            ..row.innovation.clone()
        };
        let before = found.and_then(|(_, body)| innovation_of(body));
        let innovation = match before {
            Some(before) => merged(before, &says, &row.told, self.rules.today),
            None => Innovation::parse(&says, self.rules.today),
        };
        let innovation = innovation.map_err(|errors| self.disagreeing(row, &errors))?;
        let is_as_before = before == Some(&innovation);
        if is_as_before && found.is_some_and(|(_, body)| body.audience == audience) {
            return Ok(Fate::Unchanged);
        }
        let record = found.map(|(record, _)| *record).or(row.record);
        let record = record.unwrap_or_else(|| RecordId::generate(self.now, &SystemEntropy));
        let moves = before.map_or_else(Vec::new, |before| {
            moves(record, before, &innovation, self.rules.today)
        });
        Ok(Fate::Put(Box::new(Put {
            record,
            revision: found.map_or(0, |(_, body)| body.revision) + 1,
            audience,
            body: self.body_of(row, &innovation)?,
            before: found.map(|(_, body)| Arc::clone(body)),
            moves,
            agency,
        })))
    }

    /// The agency's record, and the agency itself if it is new.
    fn owner(
        &self,
        row: &CheckedRow,
        audience: &Audience,
    ) -> Result<(RecordId, Option<NewAgency>), Vec<RowFault>> {
        if let Some((record, of_agency)) = self.agencies.get(&row.agency_key()) {
            if of_agency.rank() > audience.rank() {
                let reason = format!(
                    "agency {:?} is for the network only, so the innovation cannot be for everybody; say network",
                    row.agency.name
                );
                return Err(vec![self.fault(row, "audience", reason)]);
            }
            return Ok((*record, None));
        }
        let agency = Agency::parse(&row.agency).map_err(|errors| {
            let fields = errors.fields().iter();
            let fault = |error: &domain::catalog::FieldError| {
                self.fault(
                    row,
                    &format!("agency.{}", error.field),
                    error.reason.clone(),
                )
            };
            fields.map(fault).collect::<Vec<_>>()
        })?;
        let record = RecordId::generate(self.now, &SystemEntropy);
        Ok((record, Some((record, AgencyDraft::from(&agency)))))
    }

    fn body_of(&self, row: &CheckedRow, innovation: &Innovation) -> Result<String, Vec<RowFault>> {
        let body = serde_json::to_string(&InnovationDraft::from(innovation));
        let body = body.expect("a draft is plain text and numbers");
        let most = MAX_PAYLOAD_BYTES - AROUND_BODY;
        if body.len() > most {
            let reason = format!(
                "the innovation takes {} bytes in all; {most} are allowed, so shorten its texts",
                body.len()
            );
            return Err(vec![self.fault(row, "", reason)]);
        }
        Ok(body)
    }

    /// What a row says does not go with what is held of its innovation.
    fn disagreeing(&self, row: &CheckedRow, errors: &FormErrors) -> Vec<RowFault> {
        let fault = |error: &domain::catalog::FieldError| {
            let reason = format!("{}, beside what the hub holds of it", error.reason);
            self.fault(row, &error.field, reason)
        };
        errors.fields().iter().map(fault).collect()
    }

    fn fault(&self, row: &CheckedRow, field: &str, reason: String) -> RowFault {
        let column = match field {
            "" => String::new(),
            field => self.rules.mapping.column_of(field),
        };
        RowFault {
            line: row.line,
            column,
            reason,
        }
    }
}

/// By what a row tells its innovation from others.
fn names_of<'a>(row: &'a CheckedRow, found: Option<&HeldInnovation>) -> Vec<Name<'a>> {
    if let Some(record) = row.record {
        return vec![Name::Record(record)];
    }
    named_by(row, found)
}

/// All by which a row that comes later may mean the same innovation.
fn named_by<'a>(row: &'a CheckedRow, found: Option<&HeldInnovation>) -> Vec<Name<'a>> {
    let record = row.record.or_else(|| found.map(|(record, _)| *record));
    let number = row
        .external_id()
        .map(|(scheme, value)| Name::Number(scheme, value));
    record.map(Name::Record).into_iter().chain(number).collect()
}

fn innovation_of(body: &Body) -> Option<&Innovation> {
    match &body.content {
        Content::Innovation(innovation) => Some(innovation),
        _ => None,
    }
}
