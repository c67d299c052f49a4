//! The knowledge hubs share: regions, hubs, agencies and their innovations.
//!
//! - [`FormCheck`] and [`FormErrors`]: a draft is parsed whole, and all its faults are told at once.
//! - [`Line`], [`Words`], [`PartialDate`], [`WebUrl`]: texts, dates and links within their bounds; [`fold()`] makes texts comparable.
//! - [`Vocabulary`] and its enums: the closed lists of terms, among them [`Affair`] and [`Sdg`].
//! - [`Regions`]: the provinces, regencies and cities of Indonesia, compiled in.
//! - [`HubProfile`], [`Agency`], [`Innovation`]: what records say. Each comes from a draft, the JSON body of a payload.
//!
//! A draft that a person typed here is `parse`d; one that arrived from another hub is `read`, which keeps what only
//! a newer node knows. Both hold every bound. Not here: who may write what, and where records are kept.

mod affair;
mod agency;
mod assessment;
mod award;
mod budget;
mod coaching;
mod currency;
mod date;
mod day;
mod discussion;
mod endorsement;
mod evidence;
mod fold;
mod form;
mod history;
mod hub;
mod innovation;
mod lineage;
mod link;
mod need;
mod person;
mod personal;
mod publication;
mod region;
mod replication;
mod sample;
mod sdg;
mod text;
mod transition;
mod unit;
pub(crate) mod vocabulary;

pub use affair::{Affair, AffairGroup, Affairs};
pub use agency::{Agency, AgencyDraft};
pub use assessment::{
    Assessed, Assessment, AssessmentDraft, AssessmentState, Instrument, InstrumentError, Score,
    ScoreError, ScoreItem, ScoreItemDraft, ScoreSheet, ScoreSheetDraft,
};
pub use award::{Award, AwardBasis, AwardDraft, Awarded};
pub use budget::{Budget, BudgetDraft};
pub use coaching::{
    CoachingActivity, CoachingActivityDraft, CoachingKind, CoachingMode, CoachingState,
};
pub use currency::{Confirmation, ConfirmationDraft, STALE_AFTER, is_stale};
pub use date::{DateError, PartialDate};
pub use day::{latest_day, usual_day};
pub use discussion::{Post, PostDraft, Thread, ThreadDraft, ThreadKind, ThreadState};
pub use endorsement::{Endorsement, EndorsementDraft};
pub use evidence::{Evidence, EvidenceDraft, EvidenceKind, FileHash, FileHashError};
pub use fold::fold;
pub(crate) use fold::{Role as CharRole, push_folded, role as char_role};
pub use form::{FieldError, FormCheck, FormErrors, Provenance};
pub use history::{Course, History, Misstep, Step, StepDraft};
pub use hub::{HubProfile, HubProfileDraft};
pub use innovation::{
    Beneficiaries, BeneficiariesDraft, Classification, ExternalId, ExternalIdDraft, Gist,
    Innovation, InnovationDraft, Nri, PartError, Point, PointDraft, Scheme, Source, SourceDraft,
    SustainedDraft, Sustainment, Tag, Texts, Timeline,
};
pub use lineage::{Adaptation, Ancestry, Lineage};
pub use link::{Endpoint, LinkError, WebUrl};
pub use need::{MatchCandidate, MatchReason, Need, NeedDraft, NeedMatch, NeedState};
pub use person::{Consent, CreditLine, Person, PersonDraft, credit_lines};
pub use personal::{
    PersonalData, PersonalDataInField, PersonalFinding, find_personal_data, personal_data_in,
};
pub use publication::{
    PublicationAction, PublicationActor, PublicationError, PublicationState, PublicationStep,
    Release, Standing, Submission,
};
pub(crate) use region::check_region;
pub use region::{Region, RegionCode, RegionCodeError, RegionLevel, Regions};
pub use replication::{
    AnswerState, ProgressState, Replication, ReplicationAnswer, ReplicationAnswerDraft,
    ReplicationConflict, ReplicationDraft, ReplicationProgress, ReplicationScope, ReplicationSide,
    ReplicationStanding, ReplicationState, derive as derive_progress, next_side,
};
pub use sample::{SAMPLE_MARK, SAMPLE_SCHEME, SAMPLE_TAG, is_sample, sample_id};
pub use sdg::{Sdg, SdgError, Sdgs};
pub use text::{Line, TextError, Title, Words};
pub use transition::{
    Facts, Leg, Move, Path, PathStep, Transition, TransitionAxis, TransitionDraft, TransitionFlaw,
};
pub use unit::{ServiceUnit, ServiceUnitDraft, ServiceUnitKind};
pub use vocabulary::{
    AdoptionStatus, AgencyKind, Form, HubKind, HubStatus, Initiator, InnovationKind,
    LifecycleStage, MemberStatus, Sustained, UnknownCode, Vocabulary,
};
