//! What payloads say, by the kind of their record.

use domain::catalog::{
    Agency, AgencyDraft, Assessment, AssessmentDraft, Award, AwardDraft, Budget, BudgetDraft,
    CoachingActivity, CoachingActivityDraft, Confirmation, ConfirmationDraft, Endorsement,
    EndorsementDraft, Evidence, EvidenceDraft, HubProfile, HubProfileDraft, Innovation,
    InnovationDraft, Need, NeedDraft, Post, PostDraft, Replication, ReplicationAnswer,
    ReplicationAnswerDraft, ReplicationDraft, ScoreSheet, ScoreSheetDraft, ServiceUnit,
    ServiceUnitDraft, Thread, ThreadDraft, Transition, TransitionDraft,
};
use domain::entry::{Kind, Payload};
use domain::log::Opening;
use domain::trust::{Membership, MembershipDraft};

/// The content of a record, by its kind.
#[derive(Clone, Debug)]
pub enum Content {
    /// A hub's description of itself.
    Hub(HubProfile),
    /// An agency.
    Agency(Agency),
    /// An innovation.
    Innovation(Box<Innovation>),
    /// What an authority says of a member.
    Membership(Box<Membership>),
    /// What a hub's next log keeps of the one before.
    Opening(Opening),
    /// A record that belongs to others.
    Item(Box<Item>),
}

/// Why an entry shows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// A word for the sort of reason.
    pub(crate) reason: &'static str,
    /// What exactly is wrong.
    pub(crate) detail: String,
}

impl Unreadable {
    pub(crate) fn new(reason: &'static str, detail: impl ToString) -> Self {
        let detail = detail.to_string();
        Self {
            reason,
            detail: detail.chars().take(500).collect(),
        }
    }
}

/// Declares the kinds of items: each with the name of its kind, its type and the draft it is read from.
macro_rules! items {
    ($($(#[$about:meta])* $item:ident($content:ty) = $kind:ident from $draft:ty;)+) => {
        /// A record that belongs to others: to an innovation, an agency, another item. They are all indexed alike, by
        /// what they refer to.
        #[derive(Clone, Debug)]
        pub enum Item {
            $($(#[$about])* $item($content),)+
        }

        impl Item {
            /// The names of the kinds.
            pub const KINDS: &'static [&'static str] = &[$(Kind::$kind),+];

            /// The name of its kind.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$item(_) => Kind::$kind,)+
                }
            }

            /// What it says, as the JSON body of a payload.
            ///
            /// # Panics
            /// Never: what items say is plain text and numbers.
            pub fn to_text(&self) -> String {
                let text = match self {
                    $(Self::$item(said) => serde_json::to_string(said),)+
                };
                text.expect("what items say is plain text and numbers")
            }

            fn read(kind: &str, body: &str) -> Result<Option<Self>, Unreadable> {
                Ok(Some(match kind {
                    $(Kind::$kind => Self::$item(<$content>::read(&draft::<$draft>(body)?).map_err(rule)?),)+
                    _ => return Ok(None),
                }))
            }
        }
    };
}

impl Item {
    /// The steps by which it breaks the rules, in words for people, as far as they are seen from its own text. It is kept and
    /// shown all the same: another hub said it.
    pub fn faults(&self) -> Vec<String> {
        match self {
            Self::Transition(said) => said.faults(),
            Self::Replication(said) => said.steps.faults(),
            Self::ReplicationAnswer(said) => said.steps.faults(),
            Self::Assessment(said) => said.steps.faults(),
            Self::Coaching(said) => said.steps.faults(),
            Self::Thread(said) => said.steps.faults(),
            Self::Need(said) => said.steps.faults(),
            Self::ServiceUnit(_)
            | Self::Evidence(_)
            | Self::Budget(_)
            | Self::Confirmation(_)
            | Self::Endorsement(_)
            | Self::ScoreSheet(_)
            | Self::Award(_)
            | Self::Post(_) => Vec::new(),
        }
    }
}

items! {
    /// A place where an agency serves people.
    ServiceUnit(ServiceUnit) = SERVICE_UNIT from ServiceUnitDraft;
    /// A move of an innovation.
    Transition(Transition) = TRANSITION from TransitionDraft;
    /// The facts of a proof.
    Evidence(Evidence) = EVIDENCE from EvidenceDraft;
    /// What an innovation costs.
    Budget(Budget) = BUDGET from BudgetDraft;
    /// That an innovation's text is still so.
    Confirmation(Confirmation) = CONFIRMATION from ConfirmationDraft;
    /// An adopter's word on a replication.
    Replication(Replication) = REPLICATION from ReplicationDraft;
    /// The source's word on a replication.
    ReplicationAnswer(ReplicationAnswer) = REPLICATION_ANSWER from ReplicationAnswerDraft;
    /// A hub's word for another's innovation.
    Endorsement(Endorsement) = ENDORSEMENT from EndorsementDraft;
    /// Total and class of an assessment.
    Assessment(Assessment) = ASSESSMENT from AssessmentDraft;
    /// The items of an assessment.
    ScoreSheet(ScoreSheet) = SCORE_SHEET from ScoreSheetDraft;
    /// What an innovation or agency won.
    Award(Award) = AWARD from AwardDraft;
    /// An activity of a hub.
    Coaching(CoachingActivity) = COACHING from CoachingActivityDraft;
    /// A question or discussion.
    Thread(Thread) = THREAD from ThreadDraft;
    /// A post in a thread.
    Post(Post) = POST from PostDraft;
    /// What an agency looks for.
    Need(Need) = NEED from NeedDraft;
}

impl Content {
    /// Reads a payload's text. What an older version wrote and what breaks a rule is told apart.
    pub(crate) fn read(kind: &Kind, payload: &str) -> Result<Self, Unreadable> {
        let payload = Payload::parse(payload).map_err(|error| Unreadable::new("payload", error))?;
        let body = payload.body();
        match kind.as_str() {
            Kind::HUB => Ok(Self::Hub(
                HubProfile::read(&draft::<HubProfileDraft>(body)?).map_err(rule)?,
            )),
            Kind::AGENCY => Ok(Self::Agency(
                Agency::read(&draft::<AgencyDraft>(body)?).map_err(rule)?,
            )),
            Kind::INNOVATION => {
                let innovation =
                    Innovation::read(&draft::<InnovationDraft>(body)?).map_err(rule)?;
                Ok(Self::Innovation(Box::new(innovation)))
            }
            Kind::MEMBERSHIP => {
                let membership =
                    Membership::read(&draft::<MembershipDraft>(body)?).map_err(rule)?;
                Ok(Self::Membership(Box::new(membership)))
            }
            Kind::EPOCH => Ok(Self::Opening(Opening::parse(body).map_err(rule)?)),
            other => match Item::read(other, body)? {
                Some(item) => Ok(Self::Item(Box::new(item))),
                None => Err(Unreadable::new(
                    "kind",
                    format!("kind {other} is not known to this version"),
                )),
            },
        }
    }
}

fn draft<T: for<'a> serde::Deserialize<'a>>(body: &str) -> Result<T, Unreadable> {
    serde_json::from_str(body).map_err(|error| Unreadable::new("body", error))
}

fn rule(error: impl ToString) -> Unreadable {
    Unreadable::new("rule", error)
}
