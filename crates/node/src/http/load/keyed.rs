//! So many requests of each, by the generic cell rate algorithm (ITU-T I.371, annex A): one moment is kept of each, at which all
//! that it asked would be paid for.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many are remembered. When so many asked lately, all others count as one.
const MOST: usize = 1 << 16;
/// How often those are looked for that can be forgotten.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Requests by those who ask.
#[derive(Debug)]
pub(super) struct Keyed<K> {
    /// What is allowed; nothing where there is no limit.
    quota: Option<Quota>,
    most: usize,
    paid: Mutex<Paid<K>>,
}

/// How fast may be asked.
#[derive(Clone, Copy, Debug)]
struct Quota {
    /// What a request costs.
    every: Duration,
    /// How much may be owed when one more is asked.
    ahead: Duration,
}

#[derive(Debug)]
struct Paid<K> {
    /// When all that each asked is paid for.
    of: HashMap<K, Instant>,
    /// The same of all others.
    others: Option<Instant>,
    swept: Option<Instant>,
}

impl<K: Eq + Hash> Keyed<K> {
    /// So many a minute, half of it at once; 0 is without a limit.
    pub(super) fn new(per_minute: u32) -> Self {
        Self::bounded(per_minute, MOST)
    }

    pub(super) fn bounded(per_minute: u32, most: usize) -> Self {
        let quota = (per_minute > 0).then(|| {
            let every = Duration::from_mins(1) / per_minute;
            let at_once = per_minute.div_ceil(2);
            Quota {
                every,
                ahead: every * (at_once - 1),
            }
        });
        Self {
            quota,
            most,
            paid: Mutex::new(Paid {
                of: HashMap::new(),
                others: None,
                swept: None,
            }),
        }
    }

    /// Whether one more may be asked.
    ///
    /// # Errors
    /// When it may.
    pub(super) fn look(&self, key: &K, now: Instant) -> Result<(), Duration> {
        let Some(quota) = self.quota else {
            return Ok(());
        };
        let paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let owed = match paid.of.get(key) {
            Some(at) => Some(*at),
            None => paid.others.filter(|_| paid.of.len() >= self.most),
        };
        quota.check(owed.unwrap_or(now), now).map(drop)
    }

    /// Counts one. What is refused costs nothing.
    ///
    /// # Errors
    /// When it may be asked again.
    pub(super) fn count(&self, key: K, now: Instant) -> Result<(), Duration> {
        let Some(quota) = self.quota else {
            return Ok(());
        };
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = paid.of.get_mut(&key) {
            *at = quota.check(*at, now)?;
            return Ok(());
        }
        if paid.of.len() >= self.most {
            paid.sweep(now);
        }
        if paid.of.len() >= self.most {
            paid.others = Some(quota.check(paid.others.unwrap_or(now), now)?);
        } else {
            paid.of.insert(key, now + quota.every);
        }
        Ok(())
    }
}

impl Quota {
    /// When all is paid for with one more.
    fn check(self, paid: Instant, now: Instant) -> Result<Instant, Duration> {
        let paid = paid.max(now);
        match (paid - now).checked_sub(self.ahead) {
            Some(early) if !early.is_zero() => Err(early),
            _ => Ok(paid + self.every),
        }
    }
}

impl<K: Eq + Hash> Paid<K> {
    /// Forgets those who owe nothing, which is as if they had never asked.
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|at| now - at < SWEEP_INTERVAL) {
            return;
        }
        self.swept = Some(now);
        self.of.retain(|_, at| *at > now);
        self.of.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(keyed: &Keyed<u32>, key: u32, times: usize, now: Instant) -> usize {
        (0..times).filter(|_| keyed.count(key, now).is_ok()).count()
    }

    #[test]
    fn half_a_minutes_worth_is_taken_at_once_and_then_as_fast_as_it_is_paid_for() {
        let (keyed, start) = (Keyed::new(60), Instant::now());
        assert_eq!(passed(&keyed, 1, 100, start), 30);
        assert_eq!(keyed.look(&1, start), Err(Duration::from_secs(1)));
        assert_eq!(
            keyed.count(1, start),
            Err(Duration::from_secs(1)),
            "and it cost nothing"
        );
        assert_eq!(passed(&keyed, 2, 100, start), 30, "others are not to blame");
        let later = start + Duration::from_secs(7);
        assert_eq!(keyed.look(&1, later), Ok(()));
        assert_eq!(passed(&keyed, 1, 100, later), 7);
        assert_eq!(passed(&keyed, 1, 100, start + Duration::from_mins(5)), 30);
    }

    #[test]
    fn without_a_limit_nothing_is_remembered_and_one_a_minute_is_one() {
        let (keyed, start) = (Keyed::new(0), Instant::now());
        assert_eq!(passed(&keyed, 1, 100, start), 100);
        assert!(keyed.paid.lock().unwrap().of.is_empty());
        assert_eq!(passed(&Keyed::new(1), 1, 5, start), 1);
    }

    #[test]
    fn beyond_the_bound_all_others_count_as_one_until_somebody_is_forgotten() {
        let (keyed, start) = (Keyed::bounded(60, 3), Instant::now());
        for key in 0..3 {
            assert_eq!(passed(&keyed, key, 1, start), 1);
        }
        let others: usize = (100..200).map(|key| passed(&keyed, key, 1, start)).sum();
        assert_eq!(others, 30);
        assert!(keyed.look(&777, start).is_err());
        assert_eq!(
            passed(&keyed, 1, 100, start),
            29,
            "who is known has what it had"
        );
        assert_eq!(keyed.paid.lock().unwrap().of.len(), 3);
        let later = start + Duration::from_secs(2);
        assert_eq!(passed(&keyed, 300, 100, later), 30, "0 and 2 owe nothing");
        assert_eq!(keyed.paid.lock().unwrap().of.len(), 2);
    }
}
