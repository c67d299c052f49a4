//! What is noted of an item so that it can be found: its state, its place, and what it refers to.

use domain::catalog::{
    Assessed, Awarded, Leg, NeedState, PartialDate, RegionCode, Vocabulary, fold,
};
use domain::entry::Header;
use domain::identity::{HubId, RecordId, RecordRef};
use time::Time;
use uuid::Uuid;

use crate::content::Item;
use crate::logs::millis;

/// What an item is to the record that it refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It is about this innovation, replication, thread or assessment: it has no meaning without it.
    Subject,
    /// It takes this innovation over.
    Source,
    /// This agency is its owner, adopter or host.
    Agency,
    /// This innovation came of it.
    Adapted,
    /// This innovation or agency takes part in it.
    Participant,
    /// This innovation was chosen for it.
    Chosen,
}

impl Role {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Subject,
        Self::Source,
        Self::Agency,
        Self::Adapted,
        Self::Participant,
        Self::Chosen,
    ];

    /// The word that databases keep.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Subject => "SUBJECT",
            Self::Source => "SOURCE",
            Self::Agency => "AGENCY",
            Self::Adapted => "ADAPTED",
            Self::Participant => "PARTICIPANT",
            Self::Chosen => "CHOSEN",
        }
    }
}

/// One reference of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) role: Role,
    pub(crate) hub: HubId,
    /// The record; nil for the hub itself.
    pub(crate) record: RecordId,
}

/// What is noted of one item.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    /// The state that the record itself says.
    pub(crate) word: Option<&'static str>,
    /// By what records of the kind are told apart when they are counted.
    pub(crate) label: Option<String>,
    /// Orders lists: a moment in Unix milliseconds.
    pub(crate) place: i64,
    pub(crate) region: Option<RegionCode>,
    /// What of a transition makes a path.
    pub(crate) leg: Option<String>,
    pub(crate) links: Vec<Link>,
}

impl Index {
    /// Notes what an item of a hub says.
    pub(crate) fn of(item: &Item, hub: &HubId, header: &Header) -> Self {
        let mut index = Self {
            word: None,
            label: None,
            place: millis(header.at),
            region: None,
            leg: None,
            links: Vec::new(),
        };
        index.note(item, hub);
        index
    }

    fn note(&mut self, item: &Item, hub: &HubId) {
        match item {
            Item::ServiceUnit(unit) => {
                self.region = unit.region;
                self.own(Role::Agency, hub, unit.agency);
            }
            Item::Transition(transition) => {
                self.place = start(transition.on);
                self.word = Some(transition.step.to());
                self.label = Some(transition.step.axis().code().to_owned());
                self.leg = Some(Leg::of(transition).to_line());
                self.own(Role::Subject, hub, transition.innovation);
            }
            Item::Evidence(evidence) => {
                self.word = Some(evidence.kind.code());
                self.own(Role::Subject, hub, evidence.subject);
            }
            Item::Budget(budget) => {
                self.label = Some(budget.year.to_string());
                self.own(Role::Subject, hub, budget.innovation);
            }
            Item::Confirmation(confirmation) => {
                self.place = start(confirmation.on);
                self.own(Role::Subject, hub, confirmation.innovation);
            }
            Item::Replication(replication) => {
                self.place = start(replication.steps.last().on);
                self.word = Some(replication.state().code());
                self.link(Role::Source, &replication.source);
                self.own(Role::Agency, hub, replication.adopter);
                if let Some(adapted) = replication.adapted_innovation {
                    self.own(Role::Adapted, hub, adapted);
                }
            }
            Item::ReplicationAnswer(answer) => {
                self.place = start(answer.steps.last().on);
                self.word = Some(answer.state().code());
                self.link(Role::Subject, &answer.replication);
            }
            Item::Endorsement(endorsement) => {
                self.place = start(endorsement.on);
                self.word = endorsement.counts_from(hub).then_some("COUNTS");
                self.link(Role::Subject, &endorsement.innovation);
            }
            Item::Assessment(_) | Item::ScoreSheet(_) | Item::Award(_) => {
                self.note_merit(item, hub);
            }
            Item::Coaching(_) | Item::Thread(_) | Item::Post(_) | Item::Need(_) => {
                self.note_talk(item, hub);
            }
        }
    }

    fn note_merit(&mut self, item: &Item, hub: &HubId) {
        match item {
            Item::Assessment(assessment) => {
                self.word = Some(assessment.steps.state().code());
                self.label = Some(format!(
                    "{}|{}",
                    assessment.instrument.as_str(),
                    assessment.year
                ));
                match &assessment.about {
                    Assessed::Innovation(innovation) => self.link(Role::Subject, innovation),
                    Assessed::Hub(about) => self.own(Role::Subject, about, Uuid::nil().into()),
                }
            }
            Item::ScoreSheet(sheet) => self.own(Role::Subject, hub, sheet.assessment),
            Item::Award(award) => {
                self.place = PartialDate::of_year(award.year).map_or(self.place, start);
                self.word = award.counts_from(hub).then(|| award.basis.code());
                let (scheme, tier) = (fold(award.scheme.as_str()), fold(award.tier.as_str()));
                self.label = Some(format!("{scheme}|{}|{tier}", award.year));
                let (Awarded::Innovation(record) | Awarded::Agency(record)) = &award.awarded;
                self.link(Role::Subject, record);
            }
            _ => {}
        }
    }

    fn note_talk(&mut self, item: &Item, hub: &HubId) {
        match item {
            Item::Coaching(activity) => {
                self.place = millis(activity.starts_at);
                self.region = activity.region;
                self.word = Some(activity.steps.state().code());
                self.label = Some(activity.kind.code().to_owned());
                if let Some(host) = activity.host {
                    self.own(Role::Agency, hub, host);
                }
                let taking_part = activity.agencies.iter().chain(&activity.innovations);
                for record in taking_part {
                    self.link(Role::Participant, record);
                }
            }
            Item::Thread(thread) => {
                self.word = Some(thread.steps.state().code());
                self.label = Some(thread.kind.code().to_owned());
                if let Some(subject) = &thread.subject {
                    self.link(Role::Subject, subject);
                }
            }
            Item::Post(post) => self.link(Role::Subject, &post.thread),
            Item::Need(need) => {
                self.region = need.region;
                self.word = Some(need.steps.state().code());
                self.own(Role::Agency, hub, need.agency);
                if let Some(chosen) = &need.innovation
                    && need.steps.state() == NeedState::Matched
                {
                    self.link(Role::Chosen, chosen);
                }
            }
            _ => {}
        }
    }

    fn own(&mut self, role: Role, hub: &HubId, record: RecordId) {
        let hub = hub.clone();
        self.links.push(Link { role, hub, record });
    }

    fn link(&mut self, role: Role, target: &RecordRef) {
        self.own(role, &target.hub, target.record);
    }
}

/// The first moment that a date may mean, in Unix milliseconds.
fn start(date: PartialDate) -> i64 {
    millis(date.first_day().with_time(Time::MIDNIGHT).assume_utc())
}
