//! Waiting for what other tasks and processes do, within a bound.

use std::time::Duration;

use tokio::time::Instant;

/// How long anything may take; a loaded build machine is slow.
pub const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Looks until there is something, and gives it. Fails with `what` was awaited when it does not come.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            Instant::now() < end,
            "{what}: not within {} s",
            PATIENCE.as_secs()
        );
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
