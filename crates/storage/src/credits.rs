//! Credits: who had a part in an innovation, told as they agreed to.
//!
//! An innovation's payload holds lines of text only. Which person stands behind a line is known here alone. When what somebody
//! agreed to changes, the lines are due: [`settle`] writes them anew, one innovation in each transaction, and goes on where it
//! was when it was cut off. A name that goes is erased: the entry that takes it out is preceded by a deletion, by which every
//! hub also drops what it keeps beside the log.

use std::collections::HashMap;

use domain::catalog::{CreditLine, InnovationDraft, credit_lines};
use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::entry::{Change, DeletionReason, EntryDraft, Kind, Sight};
use domain::identity::RecordId;
use domain::log::SigningKey;
use sea_orm::{DatabaseTransaction, FromQueryResult};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::bodies::{self, Body, Content};
use crate::local::{DraftChange, Local};
use crate::people::{self, KnownPerson};
use crate::{Database, StorageError, innovations, logs, sql};

/// One line of an innovation's credits as its newest entry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Whom it stands for; nobody any more, when they were forgotten.
    pub person: Option<RecordId>,
    /// What others read.
    pub line: CreditLine,
}

/// How often an innovation is tried again that somebody else writes meanwhile.
const MOST_TRIES: usize = 5;

#[derive(FromQueryResult)]
struct CreditRow {
    person: Option<Uuid>,
    line: String,
}

/// The credits of people as they agreed to, in their order.
pub fn of_people(people: &[KnownPerson]) -> Vec<Credit> {
    let credit = |person: &KnownPerson| Credit {
        person: Some(person.id),
        line: person.credit(),
    };
    people.iter().map(credit).collect()
}

/// What an innovation tells of its credits.
pub fn told(credits: &[Credit]) -> Vec<String> {
    let lines = credit_lines(credits.iter().map(|credit| credit.line.clone()));
    lines.iter().map(ToString::to_string).collect()
}

/// The credits of an innovation of this hub.
pub async fn of(db: &Database, record: RecordId) -> Result<Vec<Credit>, StorageError> {
    let text = "SELECT person, line FROM credit WHERE record = $1 ORDER BY nth";
    let rows: Vec<CreditRow> = sql::all(db.reader(), text, vec![record.as_uuid().into()]).await?;
    let credit = |row: CreditRow| {
        let line = CreditLine::parse(&row.line);
        Ok(Credit {
            person: row.person.map(RecordId::from),
            line: line.map_err(|error| StorageError::corrupt("credit", record, error))?,
        })
    };
    rows.into_iter().map(credit).collect()
}

/// The innovations of this hub that credit a person, at most `limit`.
pub async fn innovations_of(
    db: &Database,
    person: RecordId,
    limit: u32,
) -> Result<Vec<RecordId>, StorageError> {
    let text = "SELECT DISTINCT record FROM credit WHERE person = $1 ORDER BY record LIMIT $2";
    let values = vec![person.as_uuid().into(), i64::from(limit).into()];
    records(db, text, values).await
}

async fn records(
    db: &Database,
    text: &str,
    values: Vec<sea_orm::Value>,
) -> Result<Vec<RecordId>, StorageError> {
    let rows = sql::rows(db.reader(), text, values).await?;
    let record = |row: &sea_orm::QueryResult| Ok(row.try_get_by_index::<Uuid>(0)?.into());
    rows.iter().map(record).collect()
}

/// Notes who stands behind an innovation's credits. A line that is not what its person agrees to now, because that changed
/// meanwhile, is due.
pub(crate) async fn replace(
    tx: &DatabaseTransaction,
    record: RecordId,
    credits: &[Credit],
) -> Result<(), StorageError> {
    let named = credits.iter().filter_map(|credit| credit.person);
    let people = people::lock(tx, named.collect()).await?;
    let text = "DELETE FROM credit WHERE record = $1";
    sql::execute(tx, text, vec![record.as_uuid().into()]).await?;
    for (nth, credit) in (0_i32..).zip(credits) {
        let is_due = match credit.person {
            None => false,
            Some(id) => people.get(&id).ok_or_else(|| gone(id))?.credit() != credit.line,
        };
        let text =
            "INSERT INTO credit (record, nth, person, line, due) VALUES ($1, $2, $3, $4, $5)";
        let values = vec![
            record.as_uuid().into(),
            nth.into(),
            credit.person.map(RecordId::as_uuid).into(),
            credit.line.as_str().into(),
            i32::from(is_due).into(),
        ];
        sql::execute(tx, text, values).await?;
    }
    Ok(())
}

/// Somebody was forgotten meanwhile.
fn gone(person: RecordId) -> StorageError {
    StorageError::Conflict {
        record: person,
        expected: 1,
        held: 0,
    }
}

/// Writes the credits that are due, of at most `most` innovations, and says of how many. May be cut off anywhere and called
/// again.
pub async fn settle(
    db: &Database,
    key: &SigningKey,
    most: u32,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<u32, StorageError> {
    let text = "SELECT DISTINCT record FROM credit WHERE due = 1 ORDER BY record LIMIT $1";
    let due = records(db, text, vec![i64::from(most).into()]).await?;
    let mut settled = 0;
    for record in due {
        settle_one(db, key, record, clock, entropy).await?;
        settled += 1;
    }
    people::forget_erased(db).await?;
    Ok(settled)
}

/// How many innovations are due because of a person.
pub async fn count_due(db: &Database, person: RecordId) -> Result<u64, StorageError> {
    let text = "SELECT COUNT(DISTINCT record) FROM credit WHERE person = $1 AND due = 1";
    let count = sql::number(db.reader(), text, vec![person.as_uuid().into()]).await?;
    Ok(sql::unsigned(count))
}

/// Whether anything is due, or somebody is to be forgotten.
pub async fn is_due(db: &Database) -> Result<bool, StorageError> {
    let text = "SELECT CASE WHEN EXISTS (SELECT 1 FROM credit WHERE due = 1)
            OR EXISTS (SELECT 1 FROM person WHERE erased = 1) THEN 1 ELSE 0 END";
    let row = sql::rows(db.reader(), text, vec![]).await?;
    let is_due: Option<i32> = row.first().map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(is_due == Some(1))
}

async fn settle_one(
    db: &Database,
    key: &SigningKey,
    record: RecordId,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<(), StorageError> {
    for _ in 1..MOST_TRIES {
        match try_one(db, key, record, clock, entropy).await {
            Err(StorageError::Conflict { .. }) => {}
            other => return other,
        }
    }
    try_one(db, key, record, clock, entropy).await
}

async fn try_one(
    db: &Database,
    key: &SigningKey,
    record: RecordId,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<(), StorageError> {
    let held = of(db, record).await?;
    let Renewed { credits, offices } = renewed(db, &held).await?;
    let Some(body) = shown(db, record).await? else {
        // Nothing is shown of it any more, so nobody is named.
        let nobody = vec![(record, Vec::new())];
        let credits = nobody;
        let local = Local {
            credits,
            ..Local::default()
        };
        return crate::local::change(db, local).await;
    };
    let entries = entries(&body, (record, &credits, &offices), clock.now());
    let newest = body.revision + entries.len() as u64;
    let local = Local {
        drafts: vec![DraftChange::Rebase {
            record,
            from: body.revision,
            to: newest,
        }],
        credits: vec![(record, credits)],
        ..Local::default()
    };
    if entries.is_empty() {
        return crate::local::change(db, local).await;
    }
    logs::issue_with(db, key, entries, local, clock, entropy).await?;
    Ok(())
}

/// The credits as people agree to now.
struct Renewed {
    /// Those who are to be forgotten leave their office.
    credits: Vec<Credit>,
    /// The lines that name no person.
    offices: Vec<CreditLine>,
}

async fn renewed(db: &Database, held: &[Credit]) -> Result<Renewed, StorageError> {
    let ids: Vec<_> = held.iter().filter_map(|credit| credit.person).collect();
    let people = people::find_many(db, &ids).await?;
    let people: HashMap<RecordId, KnownPerson> = people
        .into_iter()
        .map(|person| (person.id, person))
        .collect();
    let renew = |credit: &Credit| {
        let person = credit.person.and_then(|id| people.get(&id));
        person.map_or_else(
            || credit.clone(),
            |person| Credit {
                person: Some(person.id).filter(|_| !person.is_erased),
                line: person.credit(),
            },
        )
    };
    let nobody = held.iter().filter(|credit| credit.person.is_none());
    let offices = people.values().map(|known| known.person.office_credit());
    Ok(Renewed {
        credits: held.iter().map(renew).collect(),
        offices: offices
            .chain(nobody.map(|credit| credit.line.clone()))
            .collect(),
    })
}

/// What an innovation of this hub says now.
async fn shown(
    db: &Database,
    record: RecordId,
) -> Result<Option<std::sync::Arc<Body>>, StorageError> {
    let ids = [(db.hub().clone(), record)];
    let places = innovations::find_many(db, &ids, Sight::All).await?;
    let read = bodies::load(db, places.iter().map(|place| Some(place.entry))).await?;
    Ok(read.into_iter().flatten().next())
}

/// The entries by which an innovation tells these credits; none when it tells them already.
fn entries(
    body: &Body,
    (record, credits, offices): (RecordId, &[Credit], &[CreditLine]),
    at: OffsetDateTime,
) -> Vec<EntryDraft> {
    let Content::Innovation(innovation) = &body.content else {
        return Vec::new();
    };
    let mut said = InnovationDraft::from(&**innovation);
    let told = told(credits);
    if said.credits == told {
        return Vec::new();
    }
    let is_office = |line: &String| offices.iter().any(|office| office.as_str() == line);
    let names_go = said
        .credits
        .iter()
        .any(|line| !told.contains(line) && !is_office(line));
    said.credits = told;
    let text = serde_json::to_string(&said).expect("a draft is plain text and numbers");
    let mut changes = vec![Change::Put(text)];
    if names_go {
        changes.insert(0, Change::Delete(DeletionReason::Erasure));
    }
    let entry = |(revision, change)| EntryDraft {
        record,
        revision,
        kind: Kind::parse(Kind::INNOVATION).expect("our own kinds are well formed"),
        audience: body.audience.clone(),
        at,
        change,
    };
    (body.revision + 1..).zip(changes).map(entry).collect()
}
