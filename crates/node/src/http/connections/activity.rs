//! What a connection does: when it was asked last, and whether an answer is running.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use axum::http::Version;
use tokio::time::Instant;

/// How long a connection may do nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// From its beginning to the first header.
    pub(super) first_request: Duration,
    /// From a later header's first byte to its last.
    pub(super) header: Duration,
    /// From an answer's end to the next request.
    pub(super) idle: Duration,
}

impl Times {
    /// How long a look may be put off.
    pub(super) fn shortest(&self) -> Duration {
        self.first_request.min(self.header).min(self.idle)
    }
}

/// What is to be done with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing before then.
    At(Instant),
    /// It is told to end: it asked nothing for long.
    Rest,
    /// It is cut: it never asked, or not to the end.
    Cut,
}

/// What a connection does. Moments are in milliseconds since it began, 0 for none.
#[derive(Debug)]
pub(super) struct Activity {
    began: Instant,
    running: AtomicU32,
    was_asked: AtomicBool,
    ended: AtomicU64,
    /// When the first byte of a header came that is not whole yet. Only HTTP/1 has nothing else to say between requests.
    heard: AtomicU64,
    is_http1: AtomicBool,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            running: AtomicU32::new(0),
            was_asked: AtomicBool::new(false),
            ended: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            is_http1: AtomicBool::new(true),
        }
    }

    /// Notes that a header is whole; the answer runs until what is given is dropped.
    pub(super) fn begin(this: &Arc<Self>, version: Version) -> Running {
        this.was_asked.store(true, Ordering::Relaxed);
        this.heard.store(0, Ordering::Relaxed);
        let is_http1 = version < Version::HTTP_2;
        this.is_http1.store(is_http1, Ordering::Relaxed);
        Running::begin(Arc::clone(this))
    }

    /// Notes that bytes came.
    pub(super) fn hear(&self) {
        let is_waiting = self.running.load(Ordering::Relaxed) == 0;
        if is_waiting && self.heard.load(Ordering::Relaxed) == 0 {
            self.heard.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Says what is to be done now.
    pub(super) fn due(&self, times: &Times) -> Due {
        let moment = |of: &AtomicU64| match of.load(Ordering::Relaxed) {
            0 => None,
            at => Some(Duration::from_millis(at)),
        };
        let seen = Seen {
            is_running: self.running.load(Ordering::Relaxed) > 0,
            was_asked: self.was_asked.load(Ordering::Relaxed),
            ended: moment(&self.ended).unwrap_or_default(),
            heard: moment(&self.heard).filter(|_| self.is_http1.load(Ordering::Relaxed)),
        };
        match seen.decide(Duration::from_millis(self.now()), times) {
            Decision::Wait(time) => Due::At(Instant::now() + time),
            Decision::Rest => Due::Rest,
            Decision::Cut => Due::Cut,
        }
    }

    fn now(&self) -> u64 {
        let passed = self.began.elapsed().as_millis();
        u64::try_from(passed).unwrap_or(u64::MAX).max(1)
    }
}

/// An answer that runs.
#[derive(Debug)]
pub(super) struct Running(Arc<Activity>);

impl Running {
    fn begin(activity: Arc<Activity>) -> Self {
        activity.running.fetch_add(1, Ordering::Relaxed);
        Self(activity)
    }

    /// Another one on the same connection.
    pub(super) fn begin_another(running: &Self) -> Self {
        Self::begin(Arc::clone(&running.0))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.ended.store(self.0.now(), Ordering::Relaxed);
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is seen of a connection at one moment; times are since it began.
#[derive(Clone, Copy, Debug)]
struct Seen {
    is_running: bool,
    was_asked: bool,
    ended: Duration,
    heard: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Wait(Duration),
    Rest,
    Cut,
}

impl Seen {
    /// Decides. A header may begin at any moment, so it is looked again as often as one may last.
    fn decide(self, now: Duration, times: &Times) -> Decision {
        if self.is_running {
            return Decision::Wait(times.shortest());
        }
        let (end, decision) = if !self.was_asked {
            (times.first_request, Decision::Cut)
        } else if let Some(heard) = self.heard {
            (heard + times.header, Decision::Cut)
        } else {
            (self.ended + times.idle, Decision::Rest)
        };
        match end.checked_sub(now) {
            Some(left) if !left.is_zero() => Decision::Wait(left.min(times.shortest())),
            _ => decision,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times {
        first_request: Duration::from_secs(10),
        header: Duration::from_secs(5),
        idle: Duration::from_secs(60),
    };

    /// A connection by the letters r (an answer runs) and a (it was asked), when the last answer ended, and when a header began.
    #[track_caller]
    fn check(is: &str, ended: u64, heard: Option<u64>, now: u64, expected: Decision) {
        let seen = Seen {
            is_running: is.contains('r'),
            was_asked: is.contains('a'),
            ended: Duration::from_secs(ended),
            heard: heard.map(Duration::from_secs),
        };
        let decided = seen.decide(Duration::from_secs(now), &TIMES);
        assert_eq!(decided, expected, "{seen:?} at {now}");
    }

    #[test]
    fn who_says_nothing_or_not_all_is_cut_and_who_rests_long_is_told() {
        let wait = |seconds| Decision::Wait(Duration::from_secs(seconds));
        check("", 0, None, 4, wait(5));
        check("", 0, None, 8, wait(2));
        check("", 0, Some(1), 8, wait(2));
        check("", 0, Some(1), 10, Decision::Cut);
        check("ar", 0, None, 500, wait(5));
        check("ar", 0, Some(1), 500, wait(5));
        check("a", 20, None, 21, wait(5));
        check("a", 20, None, 78, wait(2));
        check("a", 20, None, 80, Decision::Rest);
        check("a", 20, Some(30), 32, wait(3));
        check("a", 20, Some(30), 35, Decision::Cut);
    }

    #[test]
    fn a_connection_runs_until_its_last_answer_ends() {
        let activity = Arc::new(Activity::new());
        let first = Activity::begin(&activity, Version::HTTP_2);
        let second = Running::begin_another(&first);
        drop(first);
        assert!(activity.running.load(Ordering::Relaxed) == 1);
        activity.hear();
        assert_eq!(
            activity.heard.load(Ordering::Relaxed),
            0,
            "it is not a header"
        );
        drop(second);
        activity.hear();
        assert_ne!(activity.heard.load(Ordering::Relaxed), 0);
        drop(Activity::begin(&activity, Version::HTTP_2));
        assert_eq!(activity.heard.load(Ordering::Relaxed), 0);
    }
}
