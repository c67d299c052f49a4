//! Reading events: lists for operators, and all of them in order.

use domain::audit::{Action, Break, Chain, Event, Linked, Origin, Outcome, Verifier};
use domain::catalog::Vocabulary as _;
use domain::log::Hash;
use sea_orm::FromQueryResult;
use time::OffsetDateTime;

use super::{Ends, ends};
use crate::logs::millis;
use crate::sql::Clause;
use crate::{Database, StorageError, sql};

/// How many events are read at once.
const PAGE: i64 = 500;

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those of this actor, such as `account:siti.rahma`.
    pub actor: Option<String>,
    /// Only these actions, if any are named.
    pub actions: Vec<Action>,
    /// Only those of which this became.
    pub outcome: Option<Outcome>,
    /// Only those with this object, such as `account:siti.rahma`.
    pub object: Option<String>,
    /// Only those from this moment on.
    pub from: Option<OffsetDateTime>,
    /// Only those before this moment.
    pub to: Option<OffsetDateTime>,
}

/// An event as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it says.
    pub event: Event,
    /// The hash of the chain that ends with it.
    pub hash: Hash,
    /// The client's address, as long as it is kept.
    pub address: Option<String>,
}

#[derive(FromQueryResult)]
struct Row {
    seq: i64,
    at: i64,
    actor: String,
    action: String,
    outcome: String,
    object: String,
    text: Vec<u8>,
    hash: Vec<u8>,
    salt: Option<Vec<u8>>,
    address: Option<String>,
}

const EVENTS: &str = "SELECT audit_event.seq, audit_event.at, actor, action, outcome, object, text, hash, salt, address
    FROM audit_event LEFT JOIN audit_origin ON audit_origin.seq = audit_event.seq";

impl Row {
    fn linked(&self) -> Result<Linked, StorageError> {
        let corrupt = |rule: &str| StorageError::corrupt("audit_event", self.seq, rule);
        let bytes: Result<[u8; Hash::LEN], _> = self.hash.as_slice().try_into();
        let text = String::from_utf8(self.text.clone());
        Ok(Linked {
            sequence: sql::unsigned(self.seq),
            text: text.map_err(|_| corrupt("the text is not UTF-8"))?,
            hash: bytes.map_err(|_| corrupt("a hash has 32 bytes"))?.into(),
        })
    }

    /// The address that is kept, with what commits to it.
    fn origin(&self) -> Option<Origin> {
        let salt = self.salt.as_deref()?;
        Some(Origin {
            address: self.address.clone()?,
            // A salt of another length commits to nothing.
            salt: salt.try_into().unwrap_or_default(),
        })
    }

    /// Whether the columns say what the text says. An action of a newer program is another one here.
    fn is_listed_as(&self, event: &Event) -> bool {
        self.at == millis(event.at)
            && self.actor == event.actor
            && Action::read(&self.action) == event.action
            && Outcome::read(&self.outcome) == event.outcome
            && self.object == event.object.as_deref().unwrap_or_default()
    }
}

/// The events that are wanted, the newest first, those before a place.
pub async fn list(
    db: &Database,
    filter: &Filter,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Listed>, StorageError> {
    let mut clause = filter.clause();
    if let Some(before) = before {
        let before = clause.bind(sql::signed(before));
        clause.and(format!("audit_event.seq < {before}"));
    }
    let conditions = clause.text();
    let limit = clause.bind(i64::from(limit));
    let text = format!("{EVENTS}{conditions} ORDER BY audit_event.seq DESC LIMIT {limit}");
    let rows: Vec<Row> = sql::all(db.reader(), &text, clause.values).await?;
    let listed = |row: Row| {
        let Linked { text, hash, .. } = row.linked()?;
        let event = Event::parse(&text);
        let event = event.map_err(|error| StorageError::corrupt("audit_event", row.seq, error))?;
        // An address that somebody put there by hand is not told as the one that was noted.
        let origin = row.origin();
        let origin = origin.filter(|origin| event.from == Some(origin.commitment()));
        let address = origin.map(|origin| origin.address);
        Ok(Listed {
            event,
            hash,
            address,
        })
    };
    rows.into_iter().map(listed).collect()
}

impl Filter {
    fn clause(&self) -> Clause {
        let mut clause = Clause::default();
        let mut equal = |column: &str, value: Option<&str>| {
            if let Some(value) = value {
                let value = clause.bind(value);
                clause.and(format!("{column} = {value}"));
            }
        };
        equal("actor", self.actor.as_deref());
        equal("outcome", self.outcome.map(Outcome::code));
        equal("object", self.object.as_deref());
        if !self.actions.is_empty() {
            let codes: Vec<String> = self
                .actions
                .iter()
                .map(|action| clause.bind(action.code()))
                .collect();
            clause.and(format!("action IN ({})", codes.join(", ")));
        }
        if let Some(from) = self.from {
            let from = clause.bind(millis(from));
            clause.and(format!("audit_event.at >= {from}"));
        }
        if let Some(to) = self.to {
            let to = clause.bind(millis(to));
            clause.and(format!("audit_event.at < {to}"));
        }
        clause
    }
}

/// Hands all events over in order, up to the end that the chain has now, a page at a time.
pub async fn pages<E: From<StorageError>>(
    db: &Database,
    ends: Ends,
    mut hand_over: impl FnMut(Vec<Linked>) -> Result<(), E>,
) -> Result<(), E> {
    let mut after = ends.cut.sequence;
    loop {
        let rows = page(db, after, ends.head.sequence).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = sql::unsigned(last.seq);
        let linked: Result<Vec<_>, _> = rows.iter().map(Row::linked).collect();
        hand_over(linked?)?;
    }
}

async fn page(db: &Database, after: u64, up_to: u64) -> Result<Vec<Row>, StorageError> {
    let text = format!(
        "{EVENTS} WHERE audit_event.seq > $1 AND audit_event.seq <= $2 ORDER BY audit_event.seq LIMIT $3"
    );
    let values = vec![
        sql::signed(after).into(),
        sql::signed(up_to).into(),
        PAGE.into(),
    ];
    Ok(sql::all(db.snapshots(), &text, values).await?)
}

/// A chain that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// How many events are kept.
    pub events: u64,
    /// The end.
    pub head: Chain,
    /// The event whose hash was noted elsewhere, if one was given.
    pub noted_at: Option<u64>,
}

/// A chain that is whole, or where it is not.
pub type Verified = Result<Whole, Break>;

/// Looks whether all events are as they were written. A hash that somebody noted elsewhere must be that of one of them.
pub async fn verify(db: &Database, noted: Option<Hash>) -> Result<Verified, StorageError> {
    let ends = ends(db).await?;
    let mut verifier = Verifier::new(ends.cut, noted);
    let mut after = ends.cut.sequence;
    loop {
        let rows = page(db, after, u64::MAX >> 1).await?;
        for row in &rows {
            let beyond = sql::unsigned(row.seq) > ends.head.sequence;
            if beyond && super::ends(db).await?.head.sequence > ends.head.sequence {
                // Written since it was begun.
                return Ok(finish(verifier, ends));
            }
            if let Err(broken) = take(&mut verifier, row) {
                return Ok(Err(broken));
            }
        }
        match rows.last() {
            Some(last) => after = sql::unsigned(last.seq),
            None => return Ok(finish(verifier, ends)),
        }
    }
}

fn take(verifier: &mut Verifier, row: &Row) -> Result<(), Break> {
    let place = sql::unsigned(row.seq);
    let linked = row.linked().map_err(|_| Break::Unreadable(place))?;
    let event = verifier.take(&linked)?;
    if !row.is_listed_as(&event) {
        return Err(Break::Listed(place));
    }
    let origin = row.origin();
    if origin.is_some_and(|origin| event.from != Some(origin.commitment())) {
        return Err(Break::Origin(place));
    }
    Ok(())
}

fn finish(verifier: Verifier, ends: Ends) -> Verified {
    let noted_at = verifier.noted_at();
    let head = verifier.end(Some(ends.head))?;
    Ok(Whole {
        events: head.sequence - ends.cut.sequence,
        head,
        noted_at,
    })
}
