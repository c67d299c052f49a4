//! Discussions: questions and talk about records, answered from any hub ("diskusi, tanya jawab").
//!
//! A thread belongs to the hub where it was opened; each post to the hub where it was written. So every record has one
//! writer, and an answer from elsewhere is a record that refers to the thread.

use serde::{Deserialize, Serialize};
use time::Date;

use super::form::{FormCheck, FormErrors, Provenance};
use super::history::{Course, History, StepDraft};
use super::text::{Line, Words};
use super::vocabulary::vocabulary;
use crate::identity::RecordRef;

vocabulary! {
    /// What a thread is for.
    ThreadKind {
        /// Pertanyaan: it can have an accepted answer.
        Question = "QUESTION",
        /// Diskusi.
        Discussion = "DISCUSSION",
    }
}

vocabulary! {
    /// How far a thread is, as its hub says. Hiding is each hub's own business and does not travel.
    ThreadState {
        /// Terbuka.
        Open = "OPEN",
        /// Terjawab.
        Answered = "ANSWERED",
        /// Ditutup.
        Closed = "CLOSED",
    }
}

impl Course for ThreadState {
    fn may_begin(self) -> bool {
        self == Self::Open
    }

    fn may_follow(self, before: Self) -> bool {
        match self {
            Self::Open => matches!(before, Self::Answered | Self::Closed),
            Self::Answered => before == Self::Open,
            Self::Closed => matches!(before, Self::Open | Self::Answered),
            Self::Other => false,
        }
    }
}

/// What is said of a thread, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Thread, which says what they mean"
)]
pub struct ThreadDraft {
    pub kind: String,
    pub subject: Option<String>,
    pub title: String,
    pub steps: Vec<StepDraft>,
    pub accepted_post: Option<String>,
}

/// One thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Thread {
    /// What it is for.
    pub kind: ThreadKind,
    /// What it is about, of any hub: an innovation, a replication, an activity, or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<RecordRef>,
    /// Its title, 10 to 150 characters.
    pub title: Line<10, 150>,
    /// How far it is.
    pub steps: History<ThreadState>,
    /// The post that answers the question, of any hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_post: Option<RecordRef>,
}

impl Thread {
    /// Parses what was typed here.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds or not in their vocabulary.
    pub fn parse(draft: &ThreadDraft, today: Date) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft, Some(today))
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &ThreadDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft, None)
    }

    fn check(
        mut form: FormCheck,
        draft: &ThreadDraft,
        today: Option<Date>,
    ) -> Result<Self, FormErrors> {
        let kind = form.choice("kind", &draft.kind);
        let subject = form.optional("subject", draft.subject.as_deref(), RecordRef::parse);
        let title = form.required("title", &draft.title, Line::parse);
        let steps: Option<History<ThreadState>> =
            History::check(&mut form, "steps", &draft.steps, today);
        let accepted_post = form.optional(
            "acceptedPost",
            draft.accepted_post.as_deref(),
            RecordRef::parse,
        );
        let is_answered = |steps: &History<_>| steps.state() == ThreadState::Answered;
        if form.is_typed() && steps.as_ref().is_some_and(is_answered) && accepted_post.is_none() {
            form.refuse("acceptedPost", "is required when the thread is ANSWERED");
        }
        form.finish(|| {
            Some(Self {
                kind: kind?,
                subject,
                title: title?,
                steps: steps?,
                accepted_post,
            })
        })
    }
}

/// What is said in a post, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Post, which says what they mean"
)]
pub struct PostDraft {
    pub thread: String,
    pub body: String,
    pub by_office: String,
}

/// One post in a thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Post {
    /// The thread, of any hub.
    pub thread: RecordRef,
    /// What is said, 500 words.
    pub body: Words<500>,
    /// The office that says it, for example "Dinas Kesehatan"; no person's name.
    pub by_office: Line<2, 200>,
}

impl Post {
    /// Parses what was typed here.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn parse(draft: &PostDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft)
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &PostDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft)
    }

    fn check(mut form: FormCheck, draft: &PostDraft) -> Result<Self, FormErrors> {
        let thread = form.required("thread", &draft.thread, RecordRef::parse);
        let body = form.required("body", &draft.body, Words::parse);
        let by_office = form.required("byOffice", &draft.by_office, Line::parse);
        form.finish(|| {
            Some(Self {
                thread: thread?,
                body: body?,
                by_office: by_office?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answered_question_names_its_answer() {
        let post = "id-35:0198f2c4-0000-7000-8000-000000000002";
        let draft = |accepted: Option<&str>| ThreadDraft {
            kind: "QUESTION".to_owned(),
            title: "Berapa biaya per desa?".to_owned(),
            steps: ["OPEN", "ANSWERED"]
                .map(|state| StepDraft {
                    state: state.to_owned(),
                    on: "2026-08".to_owned(),
                    reason: None,
                })
                .to_vec(),
            accepted_post: accepted.map(str::to_owned),
            ..ThreadDraft::default()
        };
        let today = time::macros::date!(2026 - 08 - 20);
        let thread = Thread::parse(&draft(Some(post)), today).unwrap();
        let text = serde_json::to_string(&thread).unwrap();
        assert_eq!(
            serde_json::from_str::<ThreadDraft>(&text).unwrap(),
            draft(Some(post))
        );
        let error = Thread::parse(&draft(None), today).unwrap_err();
        assert_eq!(
            error.to_string(),
            "acceptedPost: is required when the thread is ANSWERED"
        );
        assert!(Thread::read(&draft(None)).is_ok());
    }

    #[test]
    fn a_post_reads_back_from_its_text() {
        let draft = PostDraft {
            thread: "id-33:0198f2c4-0000-7000-8000-000000000001".to_owned(),
            body: "Sekitar dua juta rupiah.".to_owned(),
            by_office: "Dinas Kesehatan".to_owned(),
        };
        let post = Post::parse(&draft).unwrap();
        let text = serde_json::to_string(&post).unwrap();
        assert_eq!(serde_json::from_str::<PostDraft>(&text).unwrap(), draft);
        assert!(Post::parse(&PostDraft::default()).is_err());
    }
}
