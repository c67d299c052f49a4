//! From a draft to a publication: who may do what, and what travels.
//!
//! Drafts and what reviewers say never leave the node. What is [`PublicationState::Verified`] goes to the network, what
//! is [`PublicationState::Published`] to everybody.

use super::innovation::Innovation;
use super::text::{Line, Words};
use super::vocabulary::vocabulary;
use crate::entry::Audience;

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

impl PublicationState {
    /// For whom the text is in this state; nothing when it does not leave the node.
    pub const fn audience(self) -> Option<Audience> {
        match self {
            Self::Verified => Some(Audience::Network),
            Self::Published => Some(Audience::Public),
            Self::Draft | Self::Submitted | Self::Returned | Self::Withdrawn | Self::Other => None,
        }
    }
}

/// Who acts: the name of an account or an office, as the node knows it. It never leaves the node.
pub type PublicationActor = Line<1, 200>;

/// What can be done with a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicationAction {
    /// The author hands it in.
    Submit,
    /// A reviewer hands it back, and says why.
    Return(Words<300>),
    /// The author takes it up again.
    Resume,
    /// A reviewer finds it right.
    Verify,
    /// It goes to everybody.
    Publish,
    /// It is taken back, and says why.
    Withdraw(Words<100>),
}

/// One step of a submission, for its record at the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicationStep {
    /// The state that was reached.
    pub state: PublicationState,
    /// What was said with it.
    pub note: Option<String>,
}

/// A text on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// How far it is.
    pub state: PublicationState,
    /// Who wrote it last.
    pub author: PublicationActor,
}

/// Why an action was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicationError {
    /// The state does not allow it.
    #[error("a text that is {0} cannot be {1}")]
    State(PublicationState, &'static str),
    /// Somebody else has to do it.
    #[error("{0} wrote the text, so somebody else has to look at it")]
    OwnText(PublicationActor),
    /// Only its author can do it.
    #[error("the text is {0}'s, and only they can hand it in or take it up again")]
    NotAuthor(PublicationActor),
}

impl Submission {
    /// Decides an action.
    ///
    /// # Errors
    /// The state does not allow it, or somebody else has to do it.
    pub fn decide(
        &self,
        action: &PublicationAction,
        actor: &PublicationActor,
    ) -> Result<PublicationStep, PublicationError> {
        use PublicationState as S;
        let (allowed, reached, done): (&[S], S, &'static str) = match action {
            PublicationAction::Submit => (&[S::Draft], S::Submitted, "handed in"),
            PublicationAction::Return(_) => (&[S::Submitted], S::Returned, "handed back"),
            PublicationAction::Resume => (&[S::Returned], S::Draft, "taken up again"),
            PublicationAction::Verify => (&[S::Submitted], S::Verified, "verified"),
            PublicationAction::Publish => (&[S::Verified, S::Withdrawn], S::Published, "published"),
            PublicationAction::Withdraw(_) => {
                (&[S::Verified, S::Published], S::Withdrawn, "withdrawn")
            }
        };
        if !allowed.contains(&self.state) {
            return Err(PublicationError::State(self.state, done));
        }
        let is_author = *actor == self.author;
        match action {
            PublicationAction::Submit | PublicationAction::Resume if !is_author => {
                return Err(PublicationError::NotAuthor(self.author.clone()));
            }
            PublicationAction::Return(_) | PublicationAction::Verify if is_author => {
                return Err(PublicationError::OwnText(self.author.clone()));
            }
            _ => {}
        }
        let note = match action {
            PublicationAction::Return(note) => Some(note.to_string()),
            PublicationAction::Withdraw(reason) => Some(reason.to_string()),
            _ => None,
        };
        Ok(PublicationStep {
            state: reached,
            note,
        })
    }

    /// Whether a new text for what is published must be looked at again: its title, its agency or its stage changed.
    /// Other changes are published as they are.
    pub fn needs_review(before: &Innovation, after: &Innovation) -> bool {
        before.title != after.title || before.agency != after.agency || before.stage != after.stage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::InnovationDraft;

    #[test]
    fn every_action_has_its_states_and_its_people() {
        use PublicationState as S;
        let all = [
            S::Draft,
            S::Submitted,
            S::Returned,
            S::Verified,
            S::Published,
            S::Withdrawn,
        ];
        let note = || Words::parse("Perjelas dampaknya.").unwrap();
        let reason = || Words::parse("Keliru.").unwrap();
        let (author, other) = (
            Line::parse("penulis").unwrap(),
            Line::parse("kurator").unwrap(),
        );
        // PublicationAction, states where the author may do it, states where another may, state reached.
        let cases: [(PublicationAction, &[S], &[S], S); 6] = [
            (PublicationAction::Submit, &[S::Draft], &[], S::Submitted),
            (
                PublicationAction::Return(note()),
                &[],
                &[S::Submitted],
                S::Returned,
            ),
            (PublicationAction::Resume, &[S::Returned], &[], S::Draft),
            (PublicationAction::Verify, &[], &[S::Submitted], S::Verified),
            (
                PublicationAction::Publish,
                &[S::Verified, S::Withdrawn],
                &[S::Verified, S::Withdrawn],
                S::Published,
            ),
            (
                PublicationAction::Withdraw(reason()),
                &[S::Verified, S::Published],
                &[S::Verified, S::Published],
                S::Withdrawn,
            ),
        ];
        for (action, by_author, by_other, reached) in cases {
            for state in all {
                let submission = Submission {
                    state,
                    author: author.clone(),
                };
                for (actor, states) in [(&author, by_author), (&other, by_other)] {
                    let found = submission
                        .decide(&action, actor)
                        .ok()
                        .map(|step| step.state);
                    let expected = states.contains(&state).then_some(reached);
                    assert_eq!(found, expected, "{action:?} by {actor} at {state}");
                }
            }
        }
    }

    #[test]
    fn only_what_was_checked_leaves_the_node() {
        use PublicationState as S;
        for state in [S::Draft, S::Submitted, S::Returned, S::Withdrawn, S::Other] {
            assert_eq!(state.audience(), None);
        }
        assert_eq!(S::Verified.audience(), Some(Audience::Network));
        assert_eq!(S::Published.audience(), Some(Audience::Public));
    }

    #[test]
    fn a_typing_error_needs_no_second_look() {
        let innovation = |title: &str, summary: &str, stage: &str| {
            let draft = InnovationDraft {
                title: title.to_owned(),
                agency: "0198f2c4-0000-7000-8000-000000000001".to_owned(),
                summary: Some(summary.to_owned()),
                stage: stage.to_owned(),
                adoption: "TRIAL".to_owned(),
                ..InnovationDraft::default()
            };
            Innovation::read(&draft).unwrap()
        };
        let before = innovation("Antrean", "Lama.", "CREATION");
        let check = |after: &Innovation, expected| {
            assert_eq!(Submission::needs_review(&before, after), expected);
        };
        check(&innovation("Antrean", "Baru.", "CREATION"), false);
        check(&innovation("Antrian", "Lama.", "CREATION"), true);
        check(&innovation("Antrean", "Lama.", "DEVELOPMENT"), true);
    }
}
