//! One innovation with what refers to it, read at once: most who look at a record look at those too.

use std::sync::Arc;

use domain::entry::Sight;
use domain::identity::{HubId, RecordId};

use super::InnovationRef;
use crate::bodies::{self, Body, Brief, Wanted};
use crate::items::{ItemRef, Relation};
use crate::resident::Rows;
use crate::{Database, StorageError};

/// The newest items that refer so to an innovation.
#[derive(Clone, Copy, Debug)]
pub struct WantedItems {
    /// Their kind, and what they are to it.
    pub relation: Relation,
    /// Those that may be seen.
    pub sight: Sight,
    /// How many at most.
    pub most: u32,
}

/// What is wanted of an innovation.
#[derive(Clone, Copy, Debug)]
pub struct WantedInnovation<'a> {
    /// Its hub and record.
    pub key: &'a (HubId, RecordId),
    /// If that may be seen.
    pub sight: Sight,
    /// Whether the small part of what it says is enough.
    pub is_brief: bool,
    /// With these items.
    pub items: &'a [WantedItems],
}

/// What an innovation says: all, or the small part.
#[derive(Clone, Debug)]
pub enum Said {
    /// All.
    Whole(Arc<Body>),
    /// The small part.
    Brief(Arc<Brief>),
}

/// An innovation and what belongs to it.
#[derive(Clone, Debug)]
pub struct Together {
    /// Its place.
    pub place: InnovationRef,
    /// What it says.
    pub said: Said,
    /// What its agency says, if that is here and may be seen.
    pub agency: Option<Arc<Body>>,
    /// What its hub says of itself.
    pub hub: Option<Arc<Body>>,
    /// The items that were wanted, each sort for itself.
    pub items: Vec<Vec<(ItemRef, Arc<Body>)>>,
}

/// Reads an innovation with the items that are wanted, in one statement, or in two while others write. Nothing where that
/// cannot be done, because the rows in memory are behind; `Some(None)` where the innovation is not here.
pub async fn together(
    db: &Database,
    wanted: WantedInnovation<'_>,
) -> Result<Option<Option<Together>>, StorageError> {
    let resident = db.resident();
    if !resident.is_here() {
        return Ok(None);
    }
    let mut newest = None;
    let find = |rows: &Rows| find(rows, &wanted);
    if let Some(found) = resident.answer(db, db.heard_of(), find) {
        let read = read(db, wanted.is_brief, found.answer).await?;
        newest = read.position;
        if is_shown(db, &mut newest, found.position).await? {
            return Ok(Some(read.together));
        }
    }
    let newest = match newest {
        Some(newest) => newest,
        None => db.newest_position().await?,
    };
    let least = resident.least(newest);
    let Some(found) = resident.answer_later(db, least, find).await else {
        return Ok(None);
    };
    let mut read = read(db, wanted.is_brief, found.answer).await?;
    // What a later commit dropped cannot be told from what was never here.
    let is_so = read.is_whole || is_shown(db, &mut read.position, found.position).await?;
    Ok(is_so.then_some(read.together))
}

/// An innovation and its items, each sort for itself.
type Places = (InnovationRef, Vec<Vec<ItemRef>>);

fn find(rows: &Rows, wanted: &WantedInnovation<'_>) -> Option<Places> {
    let WantedInnovation {
        key, sight, items, ..
    } = *wanted;
    let place = rows.innovations(std::slice::from_ref(key), sight).pop()?;
    let related = |of: &WantedItems| rows.related(of.relation, key, of.sight, of.most as usize);
    Some((place, items.iter().map(related).collect()))
}

/// Whether a commit has all that must be shown: by what was read of the store after the answer, or by asking.
async fn is_shown(
    db: &Database,
    newest: &mut Option<u64>,
    position: u64,
) -> Result<bool, StorageError> {
    let newest = match newest {
        Some(newest) => *newest,
        None => *newest.insert(db.newest_position().await?),
    };
    Ok(position >= db.resident().least(newest))
}

/// What was found, with what it says.
struct Read {
    together: Option<Together>,
    /// Whether nothing that was found lacks what it says.
    is_whole: bool,
    /// The newest commit, where that was read along.
    position: Option<u64>,
}

async fn read(db: &Database, is_brief: bool, found: Option<Places>) -> Result<Read, StorageError> {
    let Some((place, items)) = found else {
        return Ok(Read {
            together: None,
            is_whole: true,
            position: None,
        });
    };
    let mut asked = Wanted::default();
    asked.whole.extend([place.agency, place.hub_entry]);
    if is_brief {
        asked.briefs.push(place.entry);
    } else {
        asked.whole.push(Some(place.entry));
    }
    let of_items = items.iter().flatten().map(|item| Some(item.entry));
    asked.whole.extend(of_items);
    let wanted = asked.whole.iter().flatten().count() + asked.briefs.len();
    let mut loaded = bodies::load_all(db, asked).await?;
    let found = loaded.whole.iter().flatten().count() + loaded.briefs.iter().flatten().count();
    let mut whole = loaded.whole.into_iter();
    let (agency, hub) = (whole.next().flatten(), whole.next().flatten());
    let said = if is_brief {
        loaded.briefs.pop().flatten().map(Said::Brief)
    } else {
        whole.next().flatten().map(Said::Whole)
    };
    let mut with_bodies = |items: Vec<ItemRef>| {
        let said = items.into_iter().zip(whole.by_ref());
        said.filter_map(|(place, body)| Some((place, body?)))
            .collect()
    };
    let items = items.into_iter().map(&mut with_bodies).collect();
    // One whose payload is not here is not shown.
    let together = said.map(|said| Together {
        place,
        said,
        agency,
        hub,
        items,
    });
    Ok(Read {
        together,
        is_whole: found == wanted,
        position: loaded.position,
    })
}
