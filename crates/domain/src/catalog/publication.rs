//! From a draft to a publication: who may do what, and what leaves the node.
//!
//! - [`Submission`] is a text on its way; [`Submission::decide`] is the whole state machine.
//! - [`Release`] is what the hub's log says because of a step. Drafts and what reviewers say never get there.
//!
//! What is verified goes to the network, what is published to everybody. Whoever wrote a text does not verify it.

use super::fold::fold;
use super::form::FieldError;
use super::innovation::{Innovation, InnovationDraft};
use super::text::{Line, Words};
use super::vocabulary::vocabulary;
use crate::entry::{Audience, DeletionReason};

vocabulary! {
    /// How far a text is on its way to its readers.
    PublicationState {
        /// Konsep: its author is at work.
        Draft = "DRAFT",
        /// Diajukan: somebody else is to look at it.
        Submitted = "SUBMITTED",
        /// Dikembalikan: with notes for its author.
        Returned = "RETURNED",
        /// Terverifikasi: the network can read it.
        Verified = "VERIFIED",
        /// Terbit: everybody can read it.
        Published = "PUBLISHED",
        /// Ditarik: nobody reads it any more, and it can be published again.
        Withdrawn = "WITHDRAWN",
    }
}

/// Who acts: the name of an office or account, as the node knows it. It never leaves the node.
pub type PublicationActor = Line<2, 200>;

/// Whether two names are the same one, however they are written.
fn is_same(one: &PublicationActor, other: &PublicationActor) -> bool {
    one == other || fold(one.as_str()) == fold(other.as_str())
}

/// What can be done with a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicationAction {
    /// Somebody writes a text; one that was handed back is taken up again by it.
    Save,
    /// Somebody begins the next text of what was verified, published or withdrawn.
    Revise,
    /// An author hands it in.
    Submit,
    /// Somebody says something of it.
    Note(Words<300>),
    /// A reviewer hands it back, and says why.
    Return(Words<300>),
    /// A reviewer finds it right.
    Verify,
    /// It goes to everybody.
    Publish,
    /// It is taken back, and says why.
    Withdraw(Words<100>),
    /// It is thrown away.
    Discard,
}

/// What the hub's log says of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing yet.
    Absent,
    /// It is for the network.
    Network,
    /// It is for everybody.
    Public,
    /// It was taken back.
    Gone,
}

/// What the hub's log is to say because of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// Nothing.
    Nothing,
    /// The text, for these.
    Put(Audience),
    /// That it is gone.
    Delete(DeletionReason),
}

/// One step of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicationStep {
    /// The state that was reached.
    pub state: PublicationState,
    /// What leaves the node by it.
    pub release: Release,
    /// What was said with it, for the node's own record.
    pub note: Option<String>,
}

/// A text on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// How far it is.
    pub state: PublicationState,
    /// Who wrote it since it was last verified, the last one last.
    pub authors: Vec<PublicationActor>,
    /// What the log says of its record.
    pub standing: Standing,
    /// Whether the text differs from what is published in nothing that must be looked at again; see
    /// [`Submission::needs_review`].
    pub is_small_change: bool,
}

/// Why an action was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicationError {
    /// The state does not allow it.
    #[error("a text that is {0} cannot be {1}")]
    State(PublicationState, &'static str),
    /// It is published only after somebody else looked at it.
    #[error(
        "the text is new, or changes title, agency, stage or adoption, so it is handed in and verified before it is published"
    )]
    NeedsReview,
    /// Somebody else has to do it.
    #[error("{0} wrote the text, so somebody else has to look at it")]
    OwnText(PublicationActor),
    /// Only an author can do it.
    #[error("{0} did not write the text; one of its authors hands it in: {1}")]
    NotAuthor(PublicationActor, String),
    /// More people wrote it than can be kept.
    #[error("the text has {0} authors already; it must be verified before others write in it")]
    Authors(usize),
}

/// A row of the table of all steps: where an action is possible, and where it leads.
struct Rule {
    allowed: &'static [PublicationState],
    /// Nothing when the state stays.
    reached: Option<PublicationState>,
    done: &'static str,
}

impl PublicationAction {
    const fn rule(&self) -> Rule {
        use PublicationState as S;
        let (allowed, reached, done): (&'static [S], Option<S>, &'static str) = match self {
            Self::Save => (&[S::Draft, S::Returned], Some(S::Draft), "written"),
            Self::Revise => (
                &[S::Verified, S::Published, S::Withdrawn],
                Some(S::Draft),
                "revised",
            ),
            Self::Submit => (&[S::Draft], Some(S::Submitted), "handed in"),
            Self::Note(_) => (
                &[
                    S::Draft,
                    S::Submitted,
                    S::Returned,
                    S::Verified,
                    S::Published,
                    S::Withdrawn,
                ],
                None,
                "noted upon",
            ),
            Self::Return(_) => (&[S::Submitted], Some(S::Returned), "handed back"),
            Self::Verify => (&[S::Submitted], Some(S::Verified), "verified"),
            Self::Publish => (
                &[S::Draft, S::Verified, S::Withdrawn],
                Some(S::Published),
                "published",
            ),
            Self::Withdraw(_) => (
                &[S::Verified, S::Published],
                Some(S::Withdrawn),
                "withdrawn",
            ),
            Self::Discard => (
                &[S::Draft, S::Returned, S::Withdrawn],
                None,
                "thrown away; hand it back or withdraw it first",
            ),
        };
        Rule {
            allowed,
            reached,
            done,
        }
    }

    fn note(&self) -> Option<String> {
        match self {
            Self::Note(note) | Self::Return(note) => Some(note.to_string()),
            Self::Withdraw(reason) => Some(reason.to_string()),
            _ => None,
        }
    }
}

impl Submission {
    /// The most people who write one text before it is verified.
    pub const MOST_AUTHORS: usize = 20;

    /// Decides an action.
    ///
    /// # Errors
    /// The state does not allow it, or somebody else has to do it.
    pub fn decide(
        &self,
        action: &PublicationAction,
        actor: &PublicationActor,
    ) -> Result<PublicationStep, PublicationError> {
        let rule = action.rule();
        if !rule.allowed.contains(&self.state) {
            return Err(PublicationError::State(self.state, rule.done));
        }
        self.check_actor(action, actor)?;
        Ok(PublicationStep {
            state: rule.reached.unwrap_or(self.state),
            release: self.release(action)?,
            note: action.note(),
        })
    }

    fn check_actor(
        &self,
        action: &PublicationAction,
        actor: &PublicationActor,
    ) -> Result<(), PublicationError> {
        let is_author = self.authors.iter().any(|author| is_same(author, actor));
        match action {
            PublicationAction::Submit if !is_author => {
                let authors: Vec<_> = self.authors.iter().map(Line::as_str).collect();
                Err(PublicationError::NotAuthor(
                    actor.clone(),
                    authors.join(", "),
                ))
            }
            PublicationAction::Return(_) | PublicationAction::Verify if is_author => {
                Err(PublicationError::OwnText(actor.clone()))
            }
            PublicationAction::Save if !is_author && self.authors.len() >= Self::MOST_AUTHORS => {
                Err(PublicationError::Authors(self.authors.len()))
            }
            _ => Ok(()),
        }
    }

    fn release(&self, action: &PublicationAction) -> Result<Release, PublicationError> {
        Ok(match action {
            // What everybody reads stays as it is until the next text is published.
            PublicationAction::Verify if self.standing == Standing::Public => Release::Nothing,
            PublicationAction::Verify => Release::Put(Audience::Network),
            PublicationAction::Publish => {
                let may_go_at_once = self.standing == Standing::Public && self.is_small_change;
                if self.state == PublicationState::Draft && !may_go_at_once {
                    return Err(PublicationError::NeedsReview);
                }
                Release::Put(Audience::Public)
            }
            PublicationAction::Withdraw(_) => match self.standing {
                Standing::Network | Standing::Public => Release::Delete(DeletionReason::Withdrawn),
                Standing::Absent | Standing::Gone => Release::Nothing,
            },
            PublicationAction::Save
            | PublicationAction::Revise
            | PublicationAction::Submit
            | PublicationAction::Note(_)
            | PublicationAction::Return(_)
            | PublicationAction::Discard => Release::Nothing,
        })
    }

    /// Who wrote the text after an action by somebody: who takes it up anew is its only author, who writes in it becomes
    /// its last one.
    pub fn authors_after(
        &self,
        action: &PublicationAction,
        actor: &PublicationActor,
    ) -> Vec<PublicationActor> {
        match action {
            PublicationAction::Revise => vec![actor.clone()],
            PublicationAction::Save => {
                let others = self.authors.iter().filter(|author| !is_same(author, actor));
                others.chain([actor]).cloned().collect()
            }
            _ => self.authors.clone(),
        }
    }

    /// Whether a new text for what is published must be looked at again: its title, its agency, its stage or its adoption
    /// changed. Other changes may be published as they are.
    pub fn needs_review(before: &Innovation, after: &Innovation) -> bool {
        before.title != after.title
            || before.agency != after.agency
            || before.stage != after.stage
            || before.adoption != after.adoption
    }

    /// The sections of the KIPP form that a text leaves empty: they are no fault, and asked for later.
    pub fn empty_sections(text: &InnovationDraft) -> Vec<FieldError> {
        let sections = [
            ("summary", &text.summary),
            ("background", &text.background),
            ("novelty", &text.novelty),
            ("implementation", &text.implementation),
            ("impact", &text.impact),
        ];
        let is_empty =
            |said: &Option<String>| said.as_deref().is_none_or(|said| said.trim().is_empty());
        let warning = |(field, _): (&str, _)| FieldError {
            field: field.to_owned(),
            reason: "is empty; it can be handed in so, and DEVELOPMENT asks for it".to_owned(),
        };
        let empty = sections.into_iter().filter(|(_, said)| is_empty(said));
        empty.map(warning).collect()
    }
}

#[cfg(test)]
mod tests;
