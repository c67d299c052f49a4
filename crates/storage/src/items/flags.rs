//! What is wrong with items beside others, so that it can be listed: derived at the end of a batch, from what the tables then
//! hold, so that nothing hangs on the order in which records come.
//!
//! What somebody may not see is no ground for what they are told: there is a flag for everybody and one for those who see what
//! is for the network. Most evidence is for the network, so whether it is missing is told to them alone.

use std::collections::BTreeMap;

use domain::catalog::{AdoptionStatus, EvidenceKind, Leg, LifecycleStage, Path, Vocabulary as _};
use domain::entry::{Kind, Sight};
use domain::identity::RecordId;
use sea_orm::{DatabaseTransaction, FromQueryResult, Value};
use uuid::Uuid;

use super::index::Role;
use crate::{StorageError, sql};

/// The record's own word breaks a rule.
pub(super) const OWN: i32 = 4;
/// Something is wrong beside what everybody may see.
const PUBLIC: i32 = 1;
/// Something is wrong beside what the network may see.
const NETWORK: i32 = 2;

/// The flags that concern somebody.
pub(super) fn seen(sight: Sight) -> i32 {
    match sight {
        Sight::Public => OWN | PUBLIC,
        Sight::Network | Sight::All => OWN | NETWORK,
    }
}

/// Flags the replications among some records, and the transitions that refer to them.
pub(super) async fn settle(
    tx: &DatabaseTransaction,
    records: &[Value],
) -> Result<(), StorageError> {
    flag_replications(tx, records.to_vec()).await?;
    flag_transitions(tx, records.to_vec()).await
}

#[derive(FromQueryResult)]
struct ReplicationRow {
    key: i64,
    word: String,
    flawed: i32,
    agreements: i64,
    proofs: i64,
    /// Who may see the source, if the adopter owns it.
    own_source: Option<i32>,
}

/// A replication that is agreed needs evidence of that, and one that is done evidence of what was done. An agency takes over what
/// another agency has.
async fn flag_replications(
    tx: &DatabaseTransaction,
    records: Vec<Value>,
) -> Result<(), StorageError> {
    let (wanted, values) = sql::wanted(1, records);
    let (kind, evidence, subject) = (Kind::REPLICATION, Kind::EVIDENCE, Role::Subject.code());
    let (source, agency) = (Role::Source.code(), Role::Agency.code());
    let own_hub = "(SELECT slug FROM hub WHERE hub.id = item.hub_id)";
    let own_source = format!(
        "(SELECT owned.audience FROM item_link AS origin CROSS JOIN innovation AS owned CROSS JOIN item_link AS adopter
         WHERE origin.item = item.key AND origin.role = '{source}' AND origin.hub = {own_hub}
            AND owned.record = origin.record AND owned.hub_id = item.hub_id
            AND adopter.item = item.key AND adopter.role = '{agency}' AND adopter.record = owned.agency)"
    );
    let agreement = EvidenceKind::Agreement.code();
    let proofs = |comparison: &str| {
        format!(
            "(SELECT COUNT(*) FROM item_link AS link CROSS JOIN item AS proof
             WHERE link.record = item.record AND link.role = '{subject}' AND proof.key = link.item AND proof.kind = '{evidence}'
                AND proof.audience <= 1 AND proof.hub_id = item.hub_id AND proof.word {comparison} '{agreement}')"
        )
    };
    let (agreements, proofs) = (proofs("="), proofs("<>"));
    let is_kind = sql::unindexed("item.kind", kind);
    let facts = format!(
        "item.key, item.word, item.flawed, {agreements} AS agreements, {proofs} AS proofs, {own_source} AS own_source"
    );
    // Those among the records, and those of the same hub that take one of them over.
    let text = format!(
        "{wanted} SELECT {facts} FROM wanted CROSS JOIN item WHERE item.record = wanted.value AND {is_kind}
         UNION SELECT {facts} FROM wanted CROSS JOIN item_link AS taken CROSS JOIN item
         WHERE taken.record = wanted.value AND taken.role = '{source}' AND item.key = taken.item AND taken.hub = {own_hub}
            AND {is_kind}"
    );
    for row in sql::all::<ReplicationRow>(tx, &text, values).await? {
        let needs_agreement =
            matches!(row.word.as_str(), "AGREED" | "PLANNED" | "ONGOING" | "DONE");
        let is_short =
            (needs_agreement && row.agreements == 0) || (row.word == "DONE" && row.proofs == 0);
        let is_own = match row.own_source {
            Some(0) => PUBLIC | NETWORK,
            Some(1) => NETWORK,
            _ => 0,
        };
        let flags = is_own | if is_short { NETWORK } else { 0 };
        flag(tx, row.key, row.flawed, flags).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct LegRow {
    key: i64,
    hub_id: i64,
    record: Uuid,
    audience: i32,
    flawed: i32,
    leg: String,
    innovation: Uuid,
}

#[derive(FromQueryResult)]
struct EndRow {
    hub_id: i64,
    record: Uuid,
    audience: i32,
    stage: String,
    adoption: String,
}

#[derive(FromQueryResult)]
struct ProofRow {
    hub_id: i64,
    innovation: Uuid,
    word: String,
}

/// What is known of one innovation: its moves, where it stands, and the kinds of evidence for the network or everybody.
#[derive(Default)]
struct Course {
    legs: Vec<LegRow>,
    end: Option<EndRow>,
    evidence: Vec<EvidenceKind>,
}

/// A move fits between those beside it and to what the innovation shows, and has the evidence that its stage asks for.
async fn flag_transitions(
    tx: &DatabaseTransaction,
    records: Vec<Value>,
) -> Result<(), StorageError> {
    for ((hub_id, innovation), course) in courses(tx, records).await? {
        if course.legs.len() > Path::MOST_MOVES {
            flag_all(tx, hub_id, innovation).await?;
            continue;
        }
        let mut flags: BTreeMap<Uuid, i32> = BTreeMap::new();
        for (flag, rank) in [(PUBLIC, 0), (NETWORK, 1)] {
            for record in flawed_legs(&course, rank) {
                *flags.entry(record.as_uuid()).or_default() |= flag;
            }
        }
        for row in &course.legs {
            let found = flags.get(&row.record).copied().unwrap_or(0);
            flag(tx, row.key, row.flawed, found).await?;
        }
    }
    Ok(())
}

async fn courses(
    tx: &DatabaseTransaction,
    records: Vec<Value>,
) -> Result<BTreeMap<(i64, Uuid), Course>, StorageError> {
    let mut courses: BTreeMap<(i64, Uuid), Course> = BTreeMap::new();
    let (transition, evidence, subject) = (Kind::TRANSITION, Kind::EVIDENCE, Role::Subject.code());
    let (wanted, values) = sql::wanted(1, records);
    let text = format!(
        "{wanted} SELECT * FROM (SELECT item.key, item.hub_id, item.record, item.audience, item.flawed, item.leg,
            item_link.record AS innovation,
            ROW_NUMBER() OVER (PARTITION BY item_link.record, item.hub_id ORDER BY item.key) AS nth
         FROM wanted CROSS JOIN item_link CROSS JOIN item
         WHERE item_link.record = wanted.value AND item_link.role = '{subject}' AND item.key = item_link.item
            AND item.kind = '{transition}' AND item.leg IS NOT NULL) AS legs
         WHERE nth <= {most}",
        most = Path::MOST_MOVES + 1
    );
    for row in sql::all::<LegRow>(tx, &text, values).await? {
        let course = courses.entry((row.hub_id, row.innovation)).or_default();
        course.legs.push(row);
    }
    if courses.is_empty() {
        return Ok(courses);
    }
    let innovations: Vec<Value> = courses.keys().map(|(_, record)| (*record).into()).collect();
    let (marks, values) = sql::list(1, innovations.clone());
    let text = format!(
        "SELECT hub_id, record, audience, stage, adoption FROM innovation WHERE record IN ({marks})"
    );
    for row in sql::all::<EndRow>(tx, &text, values).await? {
        if let Some(course) = courses.get_mut(&(row.hub_id, row.record)) {
            course.end = Some(row);
        }
    }
    let (wanted, values) = sql::wanted(1, innovations);
    let text = format!(
        "{wanted} SELECT DISTINCT item.hub_id, item_link.record AS innovation, item.word
         FROM wanted CROSS JOIN item_link CROSS JOIN item
         WHERE item_link.record = wanted.value AND item_link.role = '{subject}' AND item.key = item_link.item
            AND item.kind = '{evidence}' AND item.audience <= 1 AND item.word IS NOT NULL"
    );
    for row in sql::all::<ProofRow>(tx, &text, values).await? {
        if let Some(course) = courses.get_mut(&(row.hub_id, row.innovation)) {
            course.evidence.push(EvidenceKind::read(&row.word));
        }
    }
    Ok(courses)
}

/// The moves with which something is wrong beside others, by what a rank of viewers may see.
fn flawed_legs(course: &Course, rank: i32) -> Vec<RecordId> {
    let seen = course.legs.iter().filter(|row| row.audience <= rank);
    let leg = |row: &LegRow| Some((RecordId::from(row.record), Leg::parse(&row.leg)?));
    let legs: Vec<_> = seen.filter_map(leg).collect();
    let end = course.end.as_ref().filter(|end| end.audience <= rank);
    let ends = end.map(|end| {
        (
            LifecycleStage::read(&end.stage),
            AdoptionStatus::read(&end.adoption),
        )
    });
    let mut path = Path::of_legs(ends, &legs);
    if rank > 0 {
        path.judge(&course.evidence);
    }
    let steps = path.steps().iter();
    let flawed = steps.filter(|step| step.flaws.iter().any(|flaw| flaw.is_derived()));
    flawed.map(|step| step.record).collect()
}

/// Writes what was found, if it is not what the row says.
async fn flag(
    tx: &DatabaseTransaction,
    key: i64,
    held: i32,
    found: i32,
) -> Result<(), StorageError> {
    let flawed = (held & OWN) | found;
    if flawed != held {
        let text = "UPDATE item SET flawed = $1 WHERE key = $2";
        sql::execute(tx, text, vec![flawed.into(), key.into()]).await?;
    }
    Ok(())
}

/// Flags all moves of an innovation that has more of them than are compared: for those who see so many.
async fn flag_all(
    tx: &DatabaseTransaction,
    hub_id: i64,
    innovation: Uuid,
) -> Result<(), StorageError> {
    let (kind, subject) = (Kind::TRANSITION, Role::Subject.code());
    let moves = format!(
        "hub_id = $1 AND kind = '{kind}' AND leg IS NOT NULL
            AND key IN (SELECT item FROM item_link WHERE record = $2 AND role = '{subject}')"
    );
    let values = vec![hub_id.into(), innovation.into()];
    let text = format!("SELECT COUNT(*) FROM item WHERE {moves} AND audience = 0");
    let public = sql::number(tx, &text, values.clone()).await?;
    let flags = if sql::unsigned(public) > Path::MOST_MOVES as u64 {
        PUBLIC | NETWORK
    } else {
        NETWORK
    };
    let text = format!(
        "UPDATE item SET flawed = (flawed & {OWN}) | {flags} WHERE {moves} AND (flawed & {both}) <> {flags}",
        both = PUBLIC | NETWORK
    );
    sql::execute(tx, &text, values).await?;
    Ok(())
}
