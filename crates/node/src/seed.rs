//! Made-up records for load tests and demonstrations: plausible, labelled, the same for the same seed.
//!
//! - [`Plan`] says how many and from which seed; [`Setting`] what is there already: the hub, its regions, other hubs' samples.
//! - [`Samples`] makes them, batch by batch, as drafts for the log. It reads no clock and no database.
//! - [`learn`] reads the setting from a hub.
//!
//! Every record says in a text of its own that it is a sample (`contoh`), and has an id that programs can tell
//! ([`domain::catalog::is_sample`]). No text names a person. What refers to other hubs refers to their samples only, so that
//! no real innovation is counted for what was made up.

mod agencies;
mod desk;
mod dice;
mod history;
mod innovations;
mod merits;
mod replications;
mod setting;
mod talk;
#[cfg(test)]
mod tests;
mod words;

use domain::catalog::Region;
use domain::entry::EntryDraft;
use domain::identity::HubId;
use time::{Date, Duration, OffsetDateTime, Time};

use agencies::Agency;
use desk::Desk;
use dice::Dice;

pub use setting::{Known, learn};

/// Records that go into the log in one transaction, at least.
const BATCH: usize = 1000;
/// Innovations that share an agency, on average.
const PER_AGENCY: u64 = 40;
/// How long the hub seems to have kept its log.
const SPAN: Duration = Duration::days(6 * 365);

/// What is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many innovations; at least 1.
    pub innovations: u64,
    /// How many records belong to each of them, on average.
    pub related: u64,
    /// From where all choices follow.
    pub seed: u64,
    /// The last day of which anything is told.
    pub until: Date,
}

impl Plan {
    /// The last day of which anything is told, unless it is said: fixed, so that a seed gives the same on any day.
    pub const UNTIL: Date = time::macros::date!(2026 - 06 - 30);

    /// About how many records it makes, for showing progress.
    pub const fn records(&self) -> u64 {
        self.innovations.saturating_mul(self.related + 1) + self.agencies()
    }

    const fn agencies(&self) -> u64 {
        let agencies = self.innovations / PER_AGENCY;
        if agencies < 3 { 3 } else { agencies }
    }

    /// When a share of the innovations was written: more of them of late.
    fn moment(&self, number: u64) -> OffsetDateTime {
        let end = self.until.with_time(Time::MIDNIGHT).assume_utc();
        let span = u128::try_from(SPAN.whole_seconds()).unwrap_or_default();
        let share = u128::from(number) * span * span / u128::from(self.innovations.max(1));
        let passed = i64::try_from(share.isqrt()).unwrap_or_default();
        end - SPAN + Duration::seconds(passed)
    }
}

/// Where samples are made.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The hub whose log they go into.
    pub hub: HubId,
    /// The regions whose agencies it serves; at least one.
    pub regions: Vec<&'static Region>,
    /// Other hubs' sample innovations, to which some records refer.
    pub others: Vec<Known>,
}

/// Makes samples, batch by batch.
#[derive(Debug)]
pub struct Samples {
    plan: Plan,
    setting: Setting,
    agencies: Vec<Agency>,
    /// The innovation that comes next.
    next: u64,
    /// Records that belong to innovations, so far.
    related: u64,
    /// Whether the agencies are made.
    has_agencies: bool,
}

impl Samples {
    /// Begins.
    pub fn new(plan: Plan, setting: Setting) -> Self {
        let agencies = agencies::found(&plan, &setting);
        Self {
            plan,
            setting,
            agencies,
            next: 0,
            related: 0,
            has_agencies: false,
        }
    }

    /// The id of the first record: if a hub has it, it has these samples.
    pub fn first(&self) -> domain::identity::RecordId {
        self.agencies[0].record
    }

    fn dice(&self, what: &str, number: u64) -> Dice {
        Dice::of(self.plan.seed, what, number)
    }

    /// One innovation, and what belongs to it and to those before it until there is enough.
    fn add(&mut self, number: u64, batch: &mut Vec<EntryDraft>) -> anyhow::Result<()> {
        let mut desk = Desk::new(self, number);
        innovations::write(&mut desk)?;
        history::write(&mut desk)?;
        let wanted = (number + 1) * self.plan.related;
        while self.related + desk.related() < wanted {
            match desk.dice.weigh(&[
                (34, Belonging::Replication),
                (13, Belonging::Award),
                (12, Belonging::Assessment),
                (12, Belonging::Endorsement),
                (6, Belonging::Coaching),
                (13, Belonging::Thread),
                (10, Belonging::Need),
            ]) {
                Belonging::Replication => replications::write(&mut desk)?,
                Belonging::Award => merits::award(&mut desk)?,
                Belonging::Assessment => merits::assessment(&mut desk)?,
                Belonging::Endorsement => merits::endorsement(&mut desk)?,
                Belonging::Coaching => talk::coaching(&mut desk)?,
                Belonging::Thread => talk::thread(&mut desk)?,
                Belonging::Need => talk::need(&mut desk)?,
            }
        }
        let (related, made) = (desk.related(), desk.made);
        self.related += related;
        batch.extend(made);
        Ok(())
    }
}

/// What can belong to an innovation.
#[derive(Clone, Copy)]
enum Belonging {
    Replication,
    Award,
    Assessment,
    Endorsement,
    Coaching,
    Thread,
    Need,
}

impl Iterator for Samples {
    type Item = anyhow::Result<Vec<EntryDraft>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut batch = Vec::with_capacity(BATCH + 64);
        if !self.has_agencies {
            self.has_agencies = true;
            let drafts: anyhow::Result<Vec<_>> = self.agencies.iter().map(Agency::draft).collect();
            match drafts {
                Ok(drafts) => batch.extend(drafts),
                Err(error) => return Some(Err(error)),
            }
        }
        while batch.len() < BATCH && self.next < self.plan.innovations {
            let number = self.next;
            self.next += 1;
            if let Err(error) = self.add(number, &mut batch) {
                return Some(Err(error));
            }
        }
        (!batch.is_empty()).then_some(Ok(batch))
    }
}
