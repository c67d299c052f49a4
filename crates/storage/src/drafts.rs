//! Drafts: texts of innovations on their way to publication, with who wrote and looked at them. They are in no log.
//!
//! A draft has the record id that its innovation has or will have. Every change names the revision that it was made from.
//! Not here: what may follow on what (`domain::catalog::Submission`).

use domain::catalog::{InnovationDraft, PublicationActor, PublicationState, Vocabulary as _};
use domain::entry::Operation;
use domain::identity::RecordId;
use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::local::DraftChange;
use crate::logs::millis;
use crate::sql::Clause;
use crate::{Database, StorageError, holders, sql};

/// The steps that are kept of a draft; of more, the newest.
pub const MOST_STEPS: u64 = 200;

/// A text on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The record that the innovation has or will have.
    pub record: RecordId,
    /// The draft's own revision: 1, 2, 3 …
    pub revision: u64,
    /// How far it is.
    pub state: PublicationState,
    /// Who wrote it since it was last verified, the last one last.
    pub authors: Vec<PublicationActor>,
    /// Who verified it.
    pub verifier: Option<PublicationActor>,
    /// What it says, as far as it goes; its credits are [`Self::people`].
    pub text: InnovationDraft,
    /// The people whom it credits.
    pub people: Vec<RecordId>,
    /// Findings of personal data that are meant for everybody.
    pub acknowledged: Vec<String>,
    /// The record's revision in the log that the text is to replace; 0 if there was none.
    pub based_on: u64,
    /// When it was begun.
    pub created: OffsetDateTime,
    /// When it was last changed.
    pub updated: OffsetDateTime,
}

/// What happened to a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftStep {
    /// The state that was reached, or in which something was said.
    pub state: PublicationState,
    /// Who did it.
    pub actor: PublicationActor,
    /// What they said.
    pub note: Option<String>,
    /// When.
    pub at: OffsetDateTime,
}

/// Which drafts are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftFilter {
    /// Only drafts in one of these states; in all when there is none.
    pub states: Vec<PublicationState>,
    /// Only drafts of one of these agencies.
    pub agencies: Option<Vec<RecordId>>,
}

/// Where a list of drafts goes on: the last one's change in Unix milliseconds, and its record.
pub type DraftPlace = (i64, RecordId);

#[derive(FromQueryResult)]
struct DraftRow {
    record: Uuid,
    revision: i64,
    state: String,
    authors: String,
    verifier: Option<String>,
    body: String,
    people: String,
    acknowledged: String,
    based_on: i64,
    created: i64,
    updated: i64,
}

const COLUMNS: &str = "record, revision, state, authors, verifier, body, people, acknowledged, based_on, created, updated";

impl Draft {
    /// The agency that is to own the innovation, if it is said already.
    pub fn agency(&self) -> Option<RecordId> {
        RecordId::parse(&self.text.agency).ok()
    }

    /// Where it stands in lists.
    pub fn place(&self) -> DraftPlace {
        (millis(self.updated), self.record)
    }

    fn values(&self) -> Vec<Value> {
        let authors: Vec<_> = self.authors.iter().map(PublicationActor::as_str).collect();
        let people: Vec<_> = self.people.iter().map(ToString::to_string).collect();
        vec![
            self.record.as_uuid().into(),
            sql::signed(self.revision).into(),
            self.state.code().into(),
            to_text(&authors).into(),
            self.verifier.as_ref().map(PublicationActor::as_str).into(),
            to_text(&self.text).into(),
            to_text(&people).into(),
            to_text(&self.acknowledged).into(),
            sql::signed(self.based_on).into(),
            millis(self.created).into(),
            millis(self.updated).into(),
            self.text.agency.as_str().into(),
        ]
    }
}

fn to_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("drafts are plain text and numbers")
}

impl TryFrom<DraftRow> for Draft {
    type Error = StorageError;

    fn try_from(row: DraftRow) -> Result<Self, StorageError> {
        let record = RecordId::from(row.record);
        let actor = |raw: &str| {
            PublicationActor::parse(raw)
                .map_err(|error| StorageError::corrupt("draft", record, error))
        };
        let people: Vec<String> = read(record, &row.people)?;
        let person = |raw: &String| {
            RecordId::parse(raw).map_err(|error| StorageError::corrupt("draft", record, error))
        };
        let authors: Vec<String> = read(record, &row.authors)?;
        Ok(Self {
            record,
            revision: sql::unsigned(row.revision),
            state: PublicationState::read(&row.state),
            authors: authors
                .iter()
                .map(|raw| actor(raw))
                .collect::<Result<_, _>>()?,
            verifier: row.verifier.as_deref().map(actor).transpose()?,
            text: read(record, &row.body)?,
            people: people.iter().map(person).collect::<Result<_, _>>()?,
            acknowledged: read(record, &row.acknowledged)?,
            based_on: sql::unsigned(row.based_on),
            created: moment(row.created),
            updated: moment(row.updated),
        })
    }
}

fn read<T: DeserializeOwned>(record: RecordId, text: &str) -> Result<T, StorageError> {
    serde_json::from_str(text).map_err(|error| StorageError::corrupt("draft", record, error))
}

/// A moment as the databases hold it.
pub(crate) fn moment(millis: i64) -> OffsetDateTime {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000);
    at.unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Finds several drafts at once.
pub async fn find_many(db: &Database, records: &[RecordId]) -> Result<Vec<Draft>, StorageError> {
    let mut found = Vec::with_capacity(records.len());
    for some in records.chunks(256) {
        let records = some.iter().map(|record| record.as_uuid().into());
        let (marks, values) = sql::list(1, records.collect());
        let text = format!("SELECT {COLUMNS} FROM draft WHERE record IN ({marks})");
        let rows: Vec<DraftRow> = sql::all(db.reader(), &text, values).await?;
        for row in rows {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

/// Finds one draft.
pub async fn find(db: &Database, record: RecordId) -> Result<Option<Draft>, StorageError> {
    Ok(find_many(db, &[record]).await?.pop())
}

/// Lists drafts, the last changed first.
pub async fn list(
    db: &Database,
    filter: &DraftFilter,
    after: Option<DraftPlace>,
    limit: u32,
) -> Result<Vec<Draft>, StorageError> {
    let mut clause = clause(filter);
    if let Some((updated, record)) = after {
        let (updated, record) = (clause.bind(updated), clause.bind(record.as_uuid()));
        clause.and(format!("(updated, record) < ({updated}, {record})"));
    }
    let limit = clause.bind(i64::from(limit));
    let text = format!(
        "SELECT {COLUMNS} FROM draft{} ORDER BY updated DESC, record DESC LIMIT {limit}",
        clause.text()
    );
    let rows: Vec<DraftRow> = sql::all(db.reader(), &text, clause.values).await?;
    rows.into_iter().map(Draft::try_from).collect()
}

/// Counts drafts.
pub async fn count(db: &Database, filter: &DraftFilter) -> Result<u64, StorageError> {
    let clause = clause(filter);
    let text = format!("SELECT COUNT(*) FROM draft{}", clause.text());
    let count = sql::number(db.reader(), &text, clause.values).await?;
    Ok(sql::unsigned(count))
}

fn clause(filter: &DraftFilter) -> Clause {
    let mut clause = Clause::default();
    if !filter.states.is_empty() {
        let marks: Vec<_> = filter
            .states
            .iter()
            .map(|state| clause.bind(state.code()))
            .collect();
        clause.and(format!("state IN ({})", marks.join(",")));
    }
    if let Some(agencies) = &filter.agencies {
        let marks: Vec<_> = agencies
            .iter()
            .map(|agency| clause.bind(agency.to_string()))
            .collect();
        clause.and(format!("agency IN ({})", marks.join(",")));
    }
    clause
}

#[derive(FromQueryResult)]
struct StepRow {
    state: String,
    actor: String,
    note: Option<String>,
    at: i64,
}

/// What happened to a draft, the first step first.
pub async fn steps(db: &Database, record: RecordId) -> Result<Vec<DraftStep>, StorageError> {
    let text = "SELECT state, actor, note, at FROM draft_step WHERE record = $1 ORDER BY nth";
    let rows: Vec<StepRow> = sql::all(db.reader(), text, vec![record.as_uuid().into()]).await?;
    let step = |row: StepRow| {
        let actor = PublicationActor::parse(&row.actor);
        Ok(DraftStep {
            state: PublicationState::read(&row.state),
            actor: actor.map_err(|error| StorageError::corrupt("draft_step", record, error))?,
            note: row.note,
            at: moment(row.at),
        })
    };
    rows.into_iter().map(step).collect()
}

/// What this hub's log says of a record last: its newest revision, and whether that says something or takes it back.
pub async fn newest(
    db: &Database,
    record: RecordId,
) -> Result<Option<(u64, Operation)>, StorageError> {
    let found = holders::find(db, db.hub(), record).await?;
    Ok(found.map(|holding| (holding.newest.revision, holding.newest.operation)))
}

/// Makes a change.
pub(crate) async fn change(
    tx: &DatabaseTransaction,
    change: &DraftChange,
) -> Result<(), StorageError> {
    match change {
        DraftChange::Begin(draft, step) => {
            let text = format!(
                "INSERT INTO draft ({COLUMNS}, agency) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING"
            );
            check(
                tx,
                sql::execute(tx, &text, draft.values()).await?,
                draft.record,
                0,
            )
            .await?;
            note(tx, draft.record, step).await
        }
        DraftChange::Store(draft, step) => {
            store(tx, draft).await?;
            match step {
                Some(step) => note(tx, draft.record, step).await,
                None => Ok(()),
            }
        }
        DraftChange::Note(record, step) => {
            // The row is held, so that nobody removes it before the note.
            let text = "UPDATE draft SET updated = updated WHERE record = $1";
            let held = sql::execute(tx, text, vec![record.as_uuid().into()]).await?;
            check(tx, held, *record, 1).await?;
            note(tx, *record, step).await
        }
        DraftChange::Remove(record, revision) => remove(tx, *record, *revision).await,
        DraftChange::Rebase { record, from, to } => {
            let text = "UPDATE draft SET based_on = $1 WHERE record = $2 AND based_on = $3";
            let to = sql::signed(*to).into();
            let values = vec![to, record.as_uuid().into(), sql::signed(*from).into()];
            sql::execute(tx, text, values).await?;
            Ok(())
        }
    }
}

async fn store(tx: &DatabaseTransaction, draft: &Draft) -> Result<(), StorageError> {
    let before = draft.revision - 1;
    let text = "UPDATE draft SET revision = $2, state = $3, authors = $4, verifier = $5, body = $6, people = $7,
            acknowledged = $8, based_on = $9, created = $10, updated = $11, agency = $12
        WHERE record = $1 AND revision = $13";
    let mut values = draft.values();
    values.push(sql::signed(before).into());
    let stored = sql::execute(tx, text, values).await?;
    check(tx, stored, draft.record, before).await
}

async fn remove(
    tx: &DatabaseTransaction,
    record: RecordId,
    revision: Option<u64>,
) -> Result<(), StorageError> {
    let mut values = vec![record.as_uuid().into()];
    let mut text = "DELETE FROM draft WHERE record = $1".to_owned();
    if let Some(revision) = revision {
        values.push(sql::signed(revision).into());
        text.push_str(" AND revision = $2");
    }
    let removed = sql::execute(tx, &text, values).await?;
    if let Some(revision) = revision {
        check(tx, removed, record, revision).await?;
    }
    let text = "DELETE FROM draft_step WHERE record = $1";
    sql::execute(tx, text, vec![record.as_uuid().into()]).await?;
    Ok(())
}

/// Refuses a change that was made from another revision than the one that is kept.
async fn check(
    tx: &DatabaseTransaction,
    changed: u64,
    record: RecordId,
    expected: u64,
) -> Result<(), StorageError> {
    if changed == 1 {
        return Ok(());
    }
    let text = "SELECT revision FROM draft WHERE record = $1";
    let held = sql::number(tx, text, vec![record.as_uuid().into()]).await?;
    Err(StorageError::Conflict {
        record,
        expected,
        held: sql::unsigned(held),
    })
}

async fn note(
    tx: &DatabaseTransaction,
    record: RecordId,
    step: &DraftStep,
) -> Result<(), StorageError> {
    let last = "SELECT COALESCE(MAX(nth), 0) FROM draft_step WHERE record = $1";
    let nth = sql::number(tx, last, vec![record.as_uuid().into()]).await? + 1;
    let text = "INSERT INTO draft_step (record, nth, state, actor, note, at) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = vec![
        record.as_uuid().into(),
        nth.into(),
        step.state.code().into(),
        step.actor.as_str().into(),
        step.note.as_deref().into(),
        millis(step.at).into(),
    ];
    sql::execute(tx, text, values).await?;
    let forget = "DELETE FROM draft_step WHERE record = $1 AND nth <= $2";
    let oldest = nth - sql::signed(MOST_STEPS);
    sql::execute(tx, forget, vec![record.as_uuid().into(), oldest.into()]).await?;
    Ok(())
}
