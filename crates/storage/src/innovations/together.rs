//! One innovation with what refers to it, read at once: most who look at a record look at those too.

use std::sync::Arc;

use domain::entry::Sight;
use domain::identity::{HubId, RecordId};

use super::InnovationRef;
use crate::bodies::{self, Body, Brief, Wanted};
use crate::items::{ItemRef, Relation};
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

/// Reads an innovation with the items that are wanted, in one statement at most. Nothing where that cannot be done, because
/// the rows in memory are not those of the newest commit; `Some(None)` where the innovation is not here.
pub async fn together(
    db: &Database,
    wanted: WantedInnovation<'_>,
) -> Result<Option<Option<Together>>, StorageError> {
    let WantedInnovation {
        key,
        sight,
        is_brief,
        items,
    } = wanted;
    let answer = db.resident().answer(db, |rows| {
        let place = rows.innovations(std::slice::from_ref(key), sight).pop()?;
        let related = |of: &WantedItems| rows.related(of.relation, key, of.sight, of.most as usize);
        Some((place, items.iter().map(related).collect::<Vec<_>>()))
    });
    let Some((position, answer)) = answer else {
        return Ok(None);
    };
    let Some((place, items)) = answer else {
        let is_so = db.resident().is_newest(db, position, None).await?;
        return Ok(is_so.then_some(None));
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
    let mut loaded = bodies::load_all(db, asked).await?;
    if !db
        .resident()
        .is_newest(db, position, loaded.position)
        .await?
    {
        return Ok(None);
    }
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
    Ok(Some(said.map(|said| Together {
        place,
        said,
        agency,
        hub,
        items,
    })))
}
