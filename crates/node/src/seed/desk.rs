//! Where the records of one innovation are written.

use anyhow::Context as _;
use domain::catalog::{SAMPLE_TAG, sample_id};
use domain::entry::{Audience, Change, EntryDraft, Kind};
use domain::identity::{RecordId, RecordRef};
use serde::Serialize;
use time::{Date, Duration, OffsetDateTime};

use super::agencies::Agency;
use super::dice::Dice;
use super::innovations::Core;
use super::words::{Story, theme_of};
use super::{Plan, Samples, Setting};

/// What some records are about.
pub(super) struct Subject {
    /// The innovation.
    pub(super) place: RecordRef,
    /// Its agency, if it is one of this hub's samples, by number.
    pub(super) agency: Option<usize>,
    /// Its number, if it is one of this hub's samples.
    pub(super) number: Option<u64>,
    /// What it is about.
    pub(super) story: Story,
    /// Since when it can be told of.
    pub(super) since: Date,
}

/// Writes what belongs to one innovation, at one time.
pub(super) struct Desk<'a> {
    /// All that is made.
    pub(super) samples: &'a Samples,
    /// The innovation.
    pub(super) core: Core,
    /// The choices that are left.
    pub(super) dice: Dice,
    /// What was written.
    pub(super) made: Vec<EntryDraft>,
    ids: u64,
}

impl<'a> Desk<'a> {
    /// Begins an innovation.
    pub(super) fn new(samples: &'a Samples, number: u64) -> Self {
        Self {
            samples,
            core: Core::of(samples, number),
            dice: samples.dice("belonging", number),
            made: Vec::new(),
            ids: 0,
        }
    }

    /// How many records were written that belong to innovations.
    pub(super) fn related(&self) -> u64 {
        (self.made.len() as u64).saturating_sub(1)
    }

    /// The day of writing.
    pub(super) fn today(&self) -> Date {
        self.core.at.date()
    }

    /// An agency by its number.
    pub(super) fn agency(&self, number: usize) -> &'a Agency {
        &self.samples.agencies[number]
    }

    /// A reference to a record of this hub.
    pub(super) fn own(&self, record: RecordId) -> RecordRef {
        let hub = self.samples.setting.hub.clone();
        RecordRef { hub, record }
    }

    /// An id for the next record.
    pub(super) fn id(&mut self) -> RecordId {
        self.ids += 1;
        let (plan, setting) = (&self.samples.plan, &self.samples.setting);
        let what = format!("item {}", self.ids);
        sample_id(self.at(), bits(plan, setting, &what, self.core.number))
    }

    fn at(&self) -> OffsetDateTime {
        self.core.at + Duration::seconds(self.ids.cast_signed())
    }

    /// Writes a record.
    pub(super) fn say(
        &mut self,
        kind: &str,
        audience: Audience,
        body: &impl Serialize,
    ) -> anyhow::Result<RecordId> {
        let record = self.id();
        self.say_as(record, kind, audience, body)?;
        Ok(record)
    }

    /// Writes a record under an id that was taken before.
    pub(super) fn say_as(
        &mut self,
        record: RecordId,
        kind: &str,
        audience: Audience,
        body: &impl Serialize,
    ) -> anyhow::Result<()> {
        let draft = draft(record, kind, audience, self.at(), body)?;
        self.made.push(draft);
        Ok(())
    }

    /// What a record is about: this innovation, one before it, the older the oftener, or one of another hub.
    pub(super) fn subject(&mut self) -> Subject {
        if self.dice.chance(35)
            && let Some(subject) = self.foreign()
        {
            return subject;
        }
        self.own_subject()
    }

    /// An innovation of this hub.
    pub(super) fn own_subject(&mut self) -> Subject {
        let this = self.core.number;
        let number = if this == 0 || self.dice.chance(70) {
            this
        } else {
            self.dice.early(this)
        };
        let core = if number == this {
            self.core.clone()
        } else {
            Core::of(self.samples, number)
        };
        Subject {
            place: self.own(core.record),
            agency: Some(core.agency),
            number: Some(number),
            since: core.since(),
            story: core.story,
        }
    }

    /// An innovation of another hub, if one is here.
    pub(super) fn foreign(&mut self) -> Option<Subject> {
        let known = &self.samples.setting.others;
        if known.is_empty() {
            return None;
        }
        let known = known[self.dice.place(known.len())].clone();
        let theme = theme_of(known.affair);
        let since = known.since.min(self.today() - Duration::days(30));
        Some(Subject {
            place: known.place,
            agency: None,
            number: None,
            story: Story::of(theme, "daerah asal", &mut self.dice),
            since,
        })
    }

    /// An agency of this hub that is not the one of the subject.
    pub(super) fn another_agency(&mut self, subject: &Subject) -> usize {
        let count = self.samples.agencies.len();
        let chosen = self.dice.place(count);
        if Some(chosen) == subject.agency {
            (chosen + 1) % count
        } else {
            chosen
        }
    }

    /// Days in order, from one to today.
    pub(super) fn days(&mut self, since: Date, count: usize) -> Vec<Date> {
        let span = u64::try_from((self.today() - since).whole_days()).unwrap_or_default();
        let mut passed: Vec<_> = (0..count).map(|_| self.dice.between(0, span)).collect();
        passed.sort_unstable();
        let day = |days: u64| since + Duration::days(days.cast_signed());
        passed.into_iter().map(day).collect()
    }
}

/// A text that says that it is a sample.
pub(super) fn labelled(text: &str) -> String {
    format!("[Contoh] {text}")
}

/// A name that says that it is a sample.
pub(super) fn named(name: &str) -> String {
    format!("{name} ({SAMPLE_TAG})")
}

/// The bits that tell a sample's id from others: from the seed, the hub and what it is.
pub(super) fn bits(plan: &Plan, setting: &Setting, what: &str, number: u64) -> u64 {
    let what = format!("{} {what}", setting.hub);
    Dice::of(plan.seed, &what, number).next()
}

/// A record's first entry.
pub(super) fn draft(
    record: RecordId,
    kind: &str,
    audience: Audience,
    at: OffsetDateTime,
    body: &impl Serialize,
) -> anyhow::Result<EntryDraft> {
    Ok(EntryDraft {
        record,
        revision: 1,
        kind: Kind::parse(kind)?,
        audience,
        at,
        change: serde_json::to_string(body)
            .map(Change::Put)
            .context("a sample cannot be written as JSON")?,
    })
}
