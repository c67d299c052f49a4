//! The people whom this hub knows, with what they agreed to. They are in no log, and no other hub hears of them.

use std::collections::HashMap;

use domain::catalog::{Consent, Line, PartialDate, Person, PersonDraft};
use domain::identity::RecordId;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, FromQueryResult, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::drafts::moment;
use crate::logs::millis;
use crate::{Database, StorageError, sql};

/// Somebody whom this hub knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPerson {
    /// Which person it is, here.
    pub id: RecordId,
    /// The revision of what is known: 1, 2, 3 …
    pub revision: u64,
    /// What is known.
    pub person: Person,
    /// The agency of this hub to which they belong; nothing for those of the hub as a whole.
    pub agency: Option<RecordId>,
    /// What they agreed to.
    pub consent: Option<Consent>,
    /// They are to be forgotten, as soon as no innovation names them any more.
    pub is_erased: bool,
    /// When they became known.
    pub created: OffsetDateTime,
}

/// What becomes of a person.
#[derive(Clone, Debug)]
pub enum PersonChange {
    /// They become known.
    Add(KnownPerson),
    /// This is known from now on; its revision follows the one that is kept. What names them is written anew.
    Store(KnownPerson),
}

/// Where a list of people goes on: when the last one became known, in Unix milliseconds, and which it is.
pub type PersonPlace = (i64, RecordId);

#[derive(FromQueryResult)]
struct PersonRow {
    id: Uuid,
    revision: i64,
    name: String,
    role: Option<String>,
    office: String,
    contact: Option<String>,
    agency: Option<Uuid>,
    consent_text: Option<String>,
    consent_given: Option<String>,
    consent_withdrawn: Option<String>,
    erased: i32,
    created: i64,
}

const COLUMNS: &str = "id, revision, name, role, office, contact, agency, consent_text, consent_given, consent_withdrawn, erased, created";

impl TryFrom<PersonRow> for KnownPerson {
    type Error = StorageError;

    fn try_from(row: PersonRow) -> Result<Self, StorageError> {
        let id = RecordId::from(row.id);
        let draft = PersonDraft {
            name: row.name,
            role: row.role,
            office: row.office,
            contact: row.contact,
        };
        let corrupt = |rule: String| StorageError::corrupt("person", id, rule);
        let day = |raw: &str| PartialDate::parse(raw).map_err(|error| corrupt(error.to_string()));
        let consent = match (row.consent_text, row.consent_given) {
            (Some(version), Some(given)) => Some(Consent {
                text_version: Line::parse(&version).map_err(|error| corrupt(error.to_string()))?,
                given_on: day(&given)?,
                withdrawn_on: row.consent_withdrawn.as_deref().map(day).transpose()?,
            }),
            _ => None,
        };
        Ok(Self {
            id,
            revision: sql::unsigned(row.revision),
            person: Person::parse(&draft).map_err(|error| corrupt(error.to_string()))?,
            agency: row.agency.map(RecordId::from),
            consent,
            is_erased: row.erased != 0,
            created: moment(row.created),
        })
    }
}

impl KnownPerson {
    /// Where they stand in lists.
    pub fn place(&self) -> PersonPlace {
        (millis(self.created), self.id)
    }

    /// How they are named where others read.
    pub fn credit(&self) -> domain::catalog::CreditLine {
        if self.is_erased {
            return self.person.office_credit();
        }
        self.person.credit(self.consent.as_ref())
    }

    fn values(&self) -> Vec<Value> {
        let consent = self.consent.as_ref();
        let given = consent.map(|consent| consent.given_on.to_string());
        let withdrawn = consent.and_then(|consent| consent.withdrawn_on);
        vec![
            self.id.as_uuid().into(),
            sql::signed(self.revision).into(),
            self.person.name.as_str().into(),
            self.person.role.as_ref().map(Line::as_str).into(),
            self.person.office.as_str().into(),
            self.person.contact.as_ref().map(Line::as_str).into(),
            self.agency.map(RecordId::as_uuid).into(),
            consent.map(|consent| consent.text_version.as_str()).into(),
            given.into(),
            withdrawn.map(|on| on.to_string()).into(),
            i32::from(self.is_erased).into(),
            millis(self.created).into(),
        ]
    }
}

/// Finds several people at once, those among them that are to be forgotten.
pub async fn find_many(db: &Database, ids: &[RecordId]) -> Result<Vec<KnownPerson>, StorageError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(256) {
        let (marks, values) = sql::list(1, some.iter().map(|id| id.as_uuid().into()).collect());
        let text = format!("SELECT {COLUMNS} FROM person WHERE id IN ({marks})");
        let rows: Vec<PersonRow> = sql::all(db.reader(), &text, values).await?;
        for row in rows {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

/// Finds one person.
pub async fn find(db: &Database, id: RecordId) -> Result<Option<KnownPerson>, StorageError> {
    Ok(find_many(db, &[id]).await?.pop())
}

/// Lists people, those who became known last first: all, or those of some agencies.
pub async fn list(
    db: &Database,
    agencies: Option<&[RecordId]>,
    after: Option<PersonPlace>,
    limit: u32,
) -> Result<Vec<KnownPerson>, StorageError> {
    let (created, id) = after.unwrap_or((i64::MAX, RecordId::from(Uuid::max())));
    let mut values = vec![created.into(), id.as_uuid().into(), i64::from(limit).into()];
    let of = match agencies {
        Some([]) => return Ok(Vec::new()),
        Some(agencies) => {
            let agencies = agencies.iter().map(|agency| agency.as_uuid().into());
            let (marks, more) = sql::list(4, agencies.collect());
            values.extend(more);
            format!("AND agency IN ({marks})")
        }
        None => String::new(),
    };
    let text = format!(
        "SELECT {COLUMNS} FROM person WHERE (created, id) < ($1, $2) {of} ORDER BY created DESC, id DESC LIMIT $3"
    );
    let rows: Vec<PersonRow> = sql::all(db.reader(), &text, values).await?;
    rows.into_iter().map(KnownPerson::try_from).collect()
}

/// Makes a change.
pub(crate) async fn change(
    tx: &DatabaseTransaction,
    change: &PersonChange,
) -> Result<(), StorageError> {
    match change {
        PersonChange::Add(person) => {
            let text = format!(
                "INSERT INTO person ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
            );
            sql::execute(tx, &text, person.values()).await?;
            Ok(())
        }
        PersonChange::Store(person) => store(tx, person).await,
    }
}

async fn store(tx: &DatabaseTransaction, person: &KnownPerson) -> Result<(), StorageError> {
    let before = person.revision - 1;
    let text = "UPDATE person SET revision = $2, name = $3, role = $4, office = $5, contact = $6, agency = $7,
            consent_text = $8, consent_given = $9, consent_withdrawn = $10, erased = $11, created = $12
        WHERE id = $1 AND revision = $13";
    let mut values = person.values();
    values.push(sql::signed(before).into());
    if sql::execute(tx, text, values).await? != 1 {
        let text = "SELECT revision FROM person WHERE id = $1";
        let held = sql::number(tx, text, vec![person.id.as_uuid().into()]).await?;
        return Err(StorageError::Conflict {
            record: person.id,
            expected: before,
            held: sql::unsigned(held),
        });
    }
    let text = "UPDATE credit SET due = 1 WHERE person = $1";
    sql::execute(tx, text, vec![person.id.as_uuid().into()]).await?;
    Ok(())
}

/// Reads people whom nobody changes before the transaction ends.
pub(crate) async fn lock(
    tx: &DatabaseTransaction,
    mut ids: Vec<RecordId>,
) -> Result<HashMap<RecordId, KnownPerson>, StorageError> {
    ids.sort_unstable();
    ids.dedup();
    let word = match tx.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    };
    let mut locked = HashMap::new();
    for id in ids {
        let text = format!("SELECT {COLUMNS} FROM person WHERE id = $1{word}");
        let row: Option<PersonRow> = sql::one(tx, &text, vec![id.as_uuid().into()]).await?;
        if let Some(row) = row {
            locked.insert(id, row.try_into()?);
        }
    }
    Ok(locked)
}

/// Forgets the people who are to be forgotten and whom no innovation names any more, and says how many they were.
pub(crate) async fn forget_erased(db: &Database) -> Result<u64, StorageError> {
    let text = "DELETE FROM person WHERE erased = 1
        AND NOT EXISTS (SELECT 1 FROM credit WHERE credit.person = person.id)";
    Ok(sql::execute(db.writer(), text, vec![]).await?)
}
