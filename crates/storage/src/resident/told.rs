//! What a row says, as it is read.

use domain::catalog::RegionCode;
use domain::identity::HubId;
use uuid::Uuid;

use super::rows::RecordKey;
use crate::innovations::Counts;

/// A hub that has a row.
#[derive(Clone, Debug)]
pub(super) struct HubRow {
    pub(super) id: i64,
    pub(super) hub: HubId,
    pub(super) entry: Option<i64>,
}

/// What a row says that an innovation's place is made of.
#[derive(Clone, Debug)]
pub(super) struct InnovationTold {
    pub(super) key: i64,
    pub(super) entry: i64,
    pub(super) agency: Uuid,
    pub(super) stage: String,
    pub(super) adoption: String,
    pub(super) year: Option<i32>,
    pub(super) affairs: i64,
    pub(super) sdgs: i64,
    pub(super) region: Option<RegionCode>,
    pub(super) published: i64,
    pub(super) current: i64,
    pub(super) counts: Counts,
}

/// What a row says that an item's place is made of.
#[derive(Clone, Debug)]
pub(super) struct ItemTold {
    pub(super) key: i64,
    pub(super) entry: i64,
    pub(super) kind: String,
    pub(super) published: i64,
    pub(super) place: i64,
    pub(super) state: Option<String>,
    pub(super) standing: Option<String>,
    /// In which role it refers to which records.
    pub(super) links: Vec<(String, HubId, Uuid)>,
}

/// What a record's row says.
#[derive(Clone, Debug)]
pub(super) enum What {
    Agency { entry: i64 },
    Innovation(InnovationTold),
    Item(ItemTold),
}

/// One record's row.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) hub: HubId,
    pub(super) record: Uuid,
    /// The rank of its audience.
    pub(super) rank: u8,
    pub(super) what: What,
}

impl Told {
    /// Whose row it is.
    pub(super) fn key(&self) -> RecordKey {
        (self.hub.clone(), self.record.into())
    }
}
