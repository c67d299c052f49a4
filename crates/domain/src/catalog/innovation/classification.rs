//! What an innovation is about, in the terms by which it is found and counted.

use std::fmt;

use super::InnovationDraft;
use crate::catalog::affair::Affairs;
use crate::catalog::form::FormCheck;
use crate::catalog::sdg::Sdgs;
use crate::catalog::text::{Line, TextError};
use crate::catalog::vocabulary::{Form, Initiator, InnovationKind};

/// What an innovation is about, in the terms by which it is found and counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classification {
    /// LAN's type.
    pub kind: Option<InnovationKind>,
    /// What it renews.
    pub form: Option<Form>,
    /// Whether it is an application (SPBE).
    pub is_digital: Option<bool>,
    /// Who began it.
    pub initiator: Option<Initiator>,
    /// The affairs of government that it serves, the main one first.
    pub affairs: Affairs,
    /// The goals that it serves.
    pub sdgs: Sdgs,
    /// Words by which it is found, at most 10.
    pub tags: Vec<Tag>,
}

impl Classification {
    const MOST_TAGS: usize = 10;

    pub(super) fn check(form: &mut FormCheck, draft: &InnovationDraft) -> Self {
        let kind = form.optional_choice("kind", draft.kind.as_deref());
        let shape = form.optional_choice("form", draft.form.as_deref());
        let initiator = form.optional_choice("initiator", draft.initiator.as_deref());
        let affairs = Affairs::check(form, &draft.affairs);
        let sdgs = Sdgs::check(form, &draft.sdgs);
        let tags = form.list("tags", &draft.tags, Self::MOST_TAGS, |form, raw| {
            form.take("", Tag::parse(raw))
        });
        form.distinct("tags", &tags);
        Self {
            kind,
            form: shape,
            is_digital: draft.is_digital,
            initiator,
            affairs,
            sdgs,
            tags,
        }
    }
}

/// A word by which an innovation is found: lower case, 2 to 40 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(Line<2, 40>);

impl Tag {
    /// Parses a tag; capitals are made small and runs of white space become one space, so that equal tags meet.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if raw.chars().all(is_plain) {
            return Line::parse(raw).map(Self);
        }
        let words: Vec<_> = raw.split_whitespace().map(str::to_lowercase).collect();
        Line::parse(&words.join(" ")).map(Self)
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
