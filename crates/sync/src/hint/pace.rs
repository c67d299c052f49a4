//! How fast a peer's messages are heard.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

const SPAN: Duration = Duration::from_secs(1);
/// An honest peer says less: it tells several changes of a log as one.
const MOST_PER_SPAN: u32 = 500;

/// Lets so many messages be heard in a second and no more. What a peer says beyond waits in its own queue.
#[derive(Debug)]
pub(super) struct Pace {
    begin: Instant,
    heard: u32,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            begin: Instant::now(),
            heard: 0,
        }
    }

    /// Waits until one more may be heard.
    pub(super) async fn keep(&mut self) {
        if self.heard >= MOST_PER_SPAN {
            sleep_until(self.begin + SPAN).await;
        }
        if self.begin.elapsed() >= SPAN {
            *self = Self::new();
        }
        self.heard += 1;
    }
}
