//! Counting what was refused: the same again is one event with a number, and of what differs only so many are told one by one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Action, Actor, Deed, Outcome, Told};

/// The most that differ and are held between two times when they are written; more are only counted.
const MOST_HELD: usize = 256;

/// How often what is only counted is told.
const COUNTED_EVERY: Duration = Duration::minutes(1);

/// Something that was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// Who asked.
    pub actor: Actor,
    /// The account's token by which it was asked.
    pub token: Option<Uuid>,
    /// What they asked.
    pub action: Action,
    /// With what; for signing in an account that is there, never what was typed.
    pub object: Option<String>,
    /// Whether they may not, or it could not be done.
    pub outcome: Outcome,
    /// The code that they were told.
    pub code: String,
    /// The client's address.
    pub address: Option<String>,
}

impl Refusal {
    /// Whether it concerns somebody who is known here. Such are told apart from a flood of strangers.
    fn is_of_somebody(&self) -> bool {
        self.actor != Actor::Anyone || self.object.is_some() && self.action == Action::SignIn
    }

    fn told(self, at: OffsetDateTime, times: u64) -> (Told, Option<String>) {
        let told = Told {
            deed: Deed {
                at,
                actor: self.actor,
                token: self.token,
                action: self.action,
                origin: None,
            },
            object: self.object,
            outcome: self.outcome,
            code: Some(self.code),
            times,
            before: None,
            after: None,
        };
        (told, self.address)
    }
}

/// How many events may be written: some at once, then one after the other.
#[derive(Clone, Debug)]
struct Allowance {
    left: u32,
    most: u32,
    every: Duration,
    since: Option<OffsetDateTime>,
}

impl Allowance {
    const fn new(most: u32, every: Duration) -> Self {
        Self {
            left: most,
            most,
            every,
            since: None,
        }
    }

    /// Gives back what time has brought.
    fn refill(&mut self, now: OffsetDateTime) {
        let since = *self.since.get_or_insert(now);
        let passed = (now - since).max(Duration::ZERO);
        let brought = passed.whole_milliseconds() / self.every.whole_milliseconds();
        let brought = u32::try_from(brought).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(brought).min(self.most);
        if brought > 0 || now < since {
            self.since = Some(now);
        }
    }

    fn take(&mut self) -> bool {
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_left
    }
}

/// Those of one sort that are held until they are written.
#[derive(Clone, Debug)]
struct Held {
    /// Each with when it was first and how often.
    each: HashMap<Refusal, (OffsetDateTime, u64)>,
    allowance: Allowance,
    /// How many are only counted.
    beyond: u64,
    counted: Option<OffsetDateTime>,
}

impl Held {
    fn new(allowance: Allowance) -> Self {
        Self {
            each: HashMap::new(),
            allowance,
            beyond: 0,
            counted: None,
        }
    }

    fn note(&mut self, refusal: Refusal, now: OffsetDateTime) {
        let is_full = self.each.len() >= MOST_HELD;
        match self.each.entry(refusal) {
            Entry::Occupied(mut held) => held.get_mut().1 += 1,
            Entry::Vacant(_) if is_full => self.beyond += 1,
            Entry::Vacant(place) => drop(place.insert((now, 1))),
        }
    }

    fn take(&mut self, now: OffsetDateTime, told: &mut Vec<(Told, Option<String>)>) {
        self.allowance.refill(now);
        let mut each: Vec<_> = self.each.drain().collect();
        each.sort_by_key(|(_, (at, _))| *at);
        for (refusal, (at, times)) in each {
            if self.allowance.take() {
                told.push(refusal.told(at, times));
            } else {
                self.beyond += times;
            }
        }
        let is_due = self.counted.is_none_or(|last| now - last >= COUNTED_EVERY);
        if self.beyond > 0 && is_due {
            self.counted = Some(now);
            told.push((more(now, std::mem::take(&mut self.beyond)), None));
        }
    }
}

/// Tells of those that are only counted.
fn more(at: OffsetDateTime, times: u64) -> Told {
    let deed = Deed {
        at,
        actor: Actor::Itself,
        token: None,
        action: Action::CountRefusals,
        origin: None,
    };
    Told {
        deed,
        object: None,
        outcome: Outcome::Refused,
        code: None,
        times,
        before: None,
        after: Some(json!({"notToldOneByOne": times})),
    }
}

/// What was refused since it was last written. It holds little, whatever comes: of strangers 60 events at once and then two a
/// minute, of those who are known 300 and then ten a minute; what is beyond is one number a minute for each.
#[derive(Clone, Debug)]
pub struct Tally {
    strangers: Held,
    known: Held,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            strangers: Held::new(Allowance::new(60, Duration::seconds(30))),
            known: Held::new(Allowance::new(300, Duration::seconds(6))),
        }
    }
}

impl Tally {
    /// Notes that something was refused or failed.
    pub fn note(&mut self, refusal: Refusal, now: OffsetDateTime) {
        if refusal.is_of_somebody() {
            self.known.note(refusal, now);
        } else {
            self.strangers.note(refusal, now);
        }
    }

    /// Whether there is anything to write.
    pub fn is_empty(&self) -> bool {
        let is_empty = |held: &Held| held.each.is_empty() && held.beyond == 0;
        is_empty(&self.strangers) && is_empty(&self.known)
    }

    /// Takes what is to be written now, each with the address from which it came.
    pub fn take(&mut self, now: OffsetDateTime) -> Vec<(Told, Option<String>)> {
        let mut told = Vec::new();
        self.known.take(now, &mut told);
        self.strangers.take(now, &mut told);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::AccountName;

    fn refusal(address: u32) -> Refusal {
        Refusal {
            actor: Actor::Anyone,
            token: None,
            action: Action::ShowCredentials,
            object: None,
            outcome: Outcome::Refused,
            code: "UNAUTHENTICATED".to_owned(),
            address: Some(address.to_string()),
        }
    }

    #[test]
    fn the_same_again_is_one_event_with_a_number() {
        let (mut tally, now) = (Tally::default(), OffsetDateTime::UNIX_EPOCH);
        for _ in 0..1000 {
            tally.note(refusal(1), now);
        }
        tally.note(refusal(2), now);
        let told = tally.take(now);
        let mut times: Vec<_> = told.iter().map(|(told, _)| told.times).collect();
        times.sort_unstable();
        assert_eq!(times, [1, 1000]);
        assert!(tally.is_empty());
    }

    #[test]
    fn a_flood_of_a_day_is_a_few_thousand_events_and_none_is_uncounted() {
        let (mut tally, mut now) = (Tally::default(), OffsetDateTime::UNIX_EPOCH);
        let (mut events, mut counted, mut sent) = (0, 0, 0);
        for step in 0..(24 * 60 * 6) {
            for number in 0..50 {
                tally.note(refusal(step * 50 + number), now);
                sent += 1;
            }
            now += Duration::seconds(10);
            let told = tally.take(now);
            events += told.len();
            counted += told.iter().map(|(told, _)| told.times).sum::<u64>();
        }
        now += COUNTED_EVERY;
        counted += tally
            .take(now)
            .iter()
            .map(|(told, _)| told.times)
            .sum::<u64>();
        assert!(events < 60 + 3 * 24 * 60, "{events}");
        assert_eq!(counted, sent);
    }

    #[test]
    fn a_flood_of_strangers_hides_nobody_who_is_known() {
        let (mut tally, now) = (Tally::default(), OffsetDateTime::UNIX_EPOCH);
        for number in 0..100_000 {
            tally.note(refusal(number), now);
        }
        let known = Refusal {
            actor: Actor::Account(AccountName::parse("siti").unwrap()),
            ..refusal(7)
        };
        tally.note(known, now);
        let told = tally.take(now);
        let of_siti = told
            .iter()
            .filter(|(told, _)| told.deed.actor.to_string() == "account:siti");
        assert_eq!(of_siti.count(), 1);
        assert!(told.len() <= 62, "{}", told.len());
    }

    #[test]
    fn a_clock_that_goes_back_stops_nothing() {
        let (mut tally, now) = (
            Tally::default(),
            OffsetDateTime::UNIX_EPOCH + Duration::days(1),
        );
        for number in 0..100 {
            tally.note(refusal(number), now);
        }
        tally.take(now);
        let before = now - Duration::hours(5);
        tally.take(before);
        tally.note(refusal(1), before);
        let told = tally.take(before + Duration::minutes(1));
        assert_eq!(told[0].0.deed.action, Action::ShowCredentials);
    }
}
