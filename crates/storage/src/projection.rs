//! From entries to what readers see.
//!
//! Storing is blind to meaning; this is where meaning begins. Each kind of record has one function that writes its rows.
//! What cannot be read is counted in `unprojected` and never stops a log.

use domain::entry::{Audience, HEADER_VERSION, Header, Kind, Operation};
use domain::log::Opening;
use sea_orm::{DatabaseTransaction, Value};
use time::OffsetDateTime;

use crate::bulk::Insert;
use crate::content::{Content, Unreadable};
use crate::items::{self, Touched};
use crate::logs::{EntryKey, millis};
use crate::{StorageError, agencies, hubs, innovations, members, sql};

/// The number of this program's rules: what it can read, and what it writes for readers. It is raised by one whenever
/// entries that were unreadable become readable: a kind is added, a version, a looser rule. Then every node tries its
/// unprojected entries again, by itself ([`crate::logs::reproject`]).
pub(crate) const RULES: i64 = 2;

const UNPROJECTED: Insert<4> = Insert {
    table: "unprojected",
    columns: ["entry", "reason", "detail", "rules"],
    conflict: "ON CONFLICT (entry) DO UPDATE SET reason = excluded.reason, detail = excluded.detail, rules = excluded.rules",
};

/// The tables that show records, and the column with a record's key.
const SHOWN: [(&str, &str); 8] = [
    ("innovation_tag", "innovation"),
    ("external_id", "innovation"),
    ("item_link", "item"),
    ("item", "key"),
    ("innovation", "key"),
    ("agency", "key"),
    ("hub_profile", "key"),
    ("member", "key"),
];

/// What one record shows from now on.
pub(crate) struct Change<'a> {
    /// The key of the record's first entry: the record's own key for life.
    pub(crate) key: EntryKey,
    /// The entry that speaks for the record now.
    pub(crate) entry: EntryKey,
    /// Whether the record was here before, so that rows of it may have to go.
    pub(crate) is_known: bool,
    /// The entry's header.
    pub(crate) header: &'a Header,
    /// When the record was first written.
    pub(crate) published: OffsetDateTime,
    /// The entry's payload; nothing when the record is gone or its content is not here.
    pub(crate) payload: Option<&'a str>,
}

/// A record with readable content, on its way into its table.
pub(crate) struct Row<'a, T> {
    pub(crate) hub_id: i64,
    pub(crate) change: &'a Change<'a>,
    pub(crate) content: T,
}

/// What came of showing records.
#[derive(Default)]
pub(crate) struct Applied {
    /// Entries that show nothing, and why.
    pub(crate) unreadable: Vec<(EntryKey, Unreadable)>,
    /// What first entries say of earlier logs: for `logs::succession`, once the entries of the batch are stored.
    pub(crate) openings: Vec<Said>,
}

/// An opening, and the entry that says it.
pub(crate) struct Said {
    pub(crate) entry: EntryKey,
    pub(crate) at: OffsetDateTime,
    pub(crate) opening: Opening,
}

/// Writes what the records show, and says which could not be read.
pub(crate) async fn apply(
    tx: &DatabaseTransaction,
    hub_id: i64,
    changes: Vec<Change<'_>>,
) -> Result<Applied, StorageError> {
    let mut touched = Touched::default();
    if changes.iter().any(|change| change.is_known) {
        items::one_at_a_time(tx).await?;
    }
    let profiles_went = remove(tx, hub_id, &changes, &mut touched).await?;
    let mut unreadable = Vec::new();
    let (mut profiles, mut owners, mut records) = (Vec::new(), Vec::new(), Vec::new());
    let (mut memberships, mut openings, mut belonging) = (Vec::new(), Vec::new(), Vec::new());
    for change in &changes {
        if let Some(why) = newer(change.header).or_else(|| hidden(change.header)) {
            unreadable.push((change.entry, why));
            continue;
        }
        let Some(payload) = change.payload else {
            continue;
        };
        match Content::read(&change.header.kind, payload) {
            Ok(Content::Hub(content)) => profiles.push(Row {
                hub_id,
                change,
                content,
            }),
            Ok(Content::Agency(content)) => owners.push(Row {
                hub_id,
                change,
                content,
            }),
            Ok(Content::Innovation(content)) => records.push(Row {
                hub_id,
                change,
                content: *content,
            }),
            Ok(Content::Membership(content)) => memberships.push(Row {
                hub_id,
                change,
                content: *content,
            }),
            Ok(Content::Item(content)) => belonging.push(Row {
                hub_id,
                change,
                content: *content,
            }),
            Ok(Content::Opening(opening)) => openings.push(Said {
                entry: change.entry,
                at: change.header.at,
                opening,
            }),
            Err(why) => unreadable.push((change.entry, why)),
        }
    }
    let concerns_members = |change: &Change<'_>| change.header.kind.as_str() == Kind::MEMBERSHIP;
    if changes.iter().any(concerns_members) {
        members::note_change(tx, hub_id).await?;
    }
    for change in changes.iter().filter(|change| says_of_members(change)) {
        members::name_unread(tx, hub_id, change).await?;
    }
    let taken_back = changes.iter().filter(|change| {
        says_of_members(change) && matches!(change.header.operation, Operation::Delete { .. })
    });
    members::forget_names(tx, taken_back.map(|change| change.key)).await?;
    hubs::project(tx, &profiles).await?;
    if !profiles.is_empty() || profiles_went {
        hubs::show_newest(tx, hub_id).await?;
    }
    if !owners.is_empty() {
        items::one_at_a_time(tx).await?;
    }
    agencies::project(tx, hub_id, &owners).await?;
    innovations::project(tx, hub_id, &records).await?;
    members::project(tx, &memberships).await?;
    items::one_at_a_time(tx).await?;
    items::project(tx, hub_id, &belonging, &mut touched).await?;
    let is_innovation = |change: &&Change<'_>| change.header.kind.as_str() == Kind::INNOVATION;
    let written = changes.iter().filter(is_innovation);
    let written = written.map(|change| change.header.record.as_uuid());
    touched.referred_to(tx, written).await?;
    items::settle(tx, touched).await?;
    Ok(Applied {
        unreadable,
        openings,
    })
}

/// What an entry says of an earlier log of its hub, if it is an opening that can be read.
pub(crate) fn opening_of(change: &Change<'_>) -> Option<Said> {
    let is_opening = change.header.kind.as_str() == Kind::EPOCH;
    let payload = change.payload.filter(|_| is_opening)?;
    if newer(change.header)
        .or_else(|| hidden(change.header))
        .is_some()
    {
        return None;
    }
    match Content::read(&change.header.kind, payload) {
        Ok(Content::Opening(opening)) => Some(Said {
            entry: change.entry,
            at: change.header.at,
            opening,
        }),
        _ => None,
    }
}

fn says_of_members(change: &Change<'_>) -> bool {
    change.header.kind.as_str() == Kind::MEMBERSHIP && hidden(change.header).is_none()
}

/// What a hub says of itself, of members and of its logs concerns everybody; said to some only, it is kept and counts for nothing.
fn hidden(header: &Header) -> Option<Unreadable> {
    let must_be_public = matches!(
        header.kind.as_str(),
        Kind::HUB | Kind::MEMBERSHIP | Kind::EPOCH
    );
    let is_put = matches!(header.operation, Operation::Put { .. });
    (must_be_public && is_put && header.audience != Audience::Public).then(|| {
        let (kind, audience) = (header.kind.as_str(), header.audience.code());
        Unreadable::new(
            "audience",
            format!("a {kind} is public, and this is for {audience}"),
        )
    })
}

/// A header of a newer version is kept with its payload, and shown after an upgrade.
fn newer(header: &Header) -> Option<Unreadable> {
    let found = header.version;
    (found > HEADER_VERSION).then(|| {
        let detail = format!("header version {found} is newer than {HEADER_VERSION}");
        Unreadable::new("version", detail)
    })
}

/// Removes the rows of records that were here before; those that go on being shown get new ones. Says whether a hub's
/// description was among them.
async fn remove(
    tx: &DatabaseTransaction,
    hub_id: i64,
    changes: &[Change<'_>],
    touched: &mut Touched,
) -> Result<bool, StorageError> {
    let mut profiles_went = false;
    let known: Vec<&Change<'_>> = changes.iter().filter(|change| change.is_known).collect();
    for some in known.chunks(256) {
        let keys: Vec<Value> = some.iter().map(|change| Value::from(change.key)).collect();
        touched.before_removal(tx, &keys).await?;
        let (marks, values) = sql::list(1, keys);
        for (table, column) in SHOWN {
            let text = format!("DELETE FROM {table} WHERE {column} IN ({marks})");
            let removed = sql::execute(tx, &text, values.clone()).await?;
            if table == "agency" && removed > 0 {
                agencies::take_regions(tx, hub_id, records(some)).await?;
            }
            profiles_went |= table == "hub_profile" && removed > 0;
        }
    }
    Ok(profiles_went)
}

/// Gives what a record shows another key: an earlier entry of it was found.
pub(crate) async fn move_key(
    tx: &DatabaseTransaction,
    from: EntryKey,
    to: EntryKey,
    published: OffsetDateTime,
) -> Result<(), StorageError> {
    items::one_at_a_time(tx).await?;
    for (table, column) in SHOWN {
        let text = format!("UPDATE {table} SET {column} = $1 WHERE {column} = $2");
        sql::execute(tx, &text, vec![to.into(), from.into()]).await?;
    }
    let text = "UPDATE member_name SET key = $1 WHERE key = $2";
    sql::execute(tx, text, vec![to.into(), from.into()]).await?;
    for table in ["innovation", "item"] {
        let text = format!("UPDATE {table} SET published = $1 WHERE key = $2");
        sql::execute(tx, &text, vec![millis(published).into(), to.into()]).await?;
    }
    Ok(())
}

fn records(changes: &[&Change<'_>]) -> Vec<Value> {
    let record = |change: &&Change<'_>| change.header.record.as_uuid().into();
    changes.iter().map(record).collect()
}

/// Notes why entries show nothing, for people to see and for an upgrade to mend.
pub(crate) async fn note_unprojected(
    tx: &DatabaseTransaction,
    entries: impl Iterator<Item = (EntryKey, Unreadable)>,
) -> Result<(), StorageError> {
    let row = |(key, why): (EntryKey, Unreadable)| {
        [
            key.into(),
            why.reason.into(),
            why.detail.into(),
            RULES.into(),
        ]
    };
    Ok(UNPROJECTED.all(tx, entries.map(row).collect()).await?)
}
