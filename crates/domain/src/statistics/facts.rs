//! What counts of a record.

use crate::catalog::{
    AdoptionStatus, AwardBasis, CoachingState, LifecycleStage, Move, NeedState, PartialDate,
    ProgressState, RegionCode, ReplicationStanding,
};
use crate::identity::{HubId, RecordId, RecordRef};

/// A record, and what counts of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The hub that says it.
    pub hub: HubId,
    /// The record.
    pub record: RecordId,
    /// The rank of its audience; see [`crate::entry::Audience::rank`].
    pub rank: u8,
    /// What counts.
    pub fact: Fact,
}

/// What counts of a record, by its kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// An agency.
    Agency(AgencyFact),
    /// An innovation.
    Innovation(InnovationFact),
    /// That an innovation's text is still so. Counts by the innovation's own fact, which is to be read again when this
    /// comes or goes.
    Confirmation(RecordRef),
    /// An adopter's word on a replication.
    Replication(ReplicationFact),
    /// A source's word on a replication. Counts by the replication's own fact, like a confirmation.
    Answer(RecordRef),
    /// A move of an innovation.
    Transition(TransitionFact),
    /// An award.
    Award(AwardFact),
    /// A coaching activity.
    Coaching(CoachingFact),
    /// A need.
    Need(NeedFact),
    /// A hub's word for another's innovation, if it counts from this hub.
    Endorsement(RecordRef),
    /// A question or discussion.
    Thread(ThreadFact),
}

/// What counts of an agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgencyFact {
    /// Its region.
    pub region: Option<RegionCode>,
}

/// What counts of an innovation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnovationFact {
    /// Its agency, of the same hub.
    pub agency: RecordId,
    /// Which coaching it needs.
    pub stage: LifecycleStage,
    /// How far it is in use.
    pub adoption: AdoptionStatus,
    /// The year by which it is counted.
    pub year: Option<u16>,
    /// Its affairs as a mask; see [`crate::catalog::Affairs::bits`].
    pub affairs: u64,
    /// Its goals as a mask; see [`crate::catalog::Sdgs::bits`].
    pub sdgs: u32,
    /// When it was last current, in Unix milliseconds.
    pub current: i64,
}

/// What counts of a replication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationFact {
    /// The innovation that is taken over.
    pub source: RecordRef,
    /// The agency that takes it over, of the hub that says so.
    pub adopter: RecordId,
    /// How far it is, by both sides' words.
    pub state: ProgressState,
    /// Whose word it stands on.
    pub standing: ReplicationStanding,
}

/// What counts of a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionFact {
    /// The innovation, of the same hub.
    pub innovation: RecordId,
    /// From where to where.
    pub step: Move,
    /// When it took effect.
    pub on: PartialDate,
    /// The transition that it takes the place of.
    pub corrects: Option<RecordId>,
}

/// What counts of an award.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwardFact {
    /// The innovation or agency that won it.
    pub winner: RecordRef,
    /// Whether that is an agency.
    pub is_agency: bool,
    /// The contest, as the record writes it.
    pub scheme: String,
    /// The place in it.
    pub tier: String,
    /// The year.
    pub year: u16,
    /// Whose word it is.
    pub basis: AwardBasis,
}

/// What counts of a coaching activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoachingFact {
    /// The year in which it begins, where it takes place.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// How far it is.
    pub state: CoachingState,
    /// In which region.
    pub region: Option<RegionCode>,
    /// The agencies that it is for.
    pub agencies: Vec<RecordRef>,
    /// The innovations that it is about.
    pub innovations: Vec<RecordRef>,
}

/// What counts of a need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeedFact {
    /// The agency, of the same hub.
    pub agency: RecordId,
    /// The affairs that it concerns, as a mask.
    pub affairs: u64,
    /// The goals that it serves, as a mask.
    pub sdgs: u32,
    /// Where it is felt.
    pub region: Option<RegionCode>,
    /// How far it is.
    pub state: NeedState,
}

/// What counts of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadFact {
    /// What it is about, if anything.
    pub subject: Option<RecordRef>,
}
