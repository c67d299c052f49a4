//! Keeping the columns of the statistics near the store, so that whoever asks need not wait for them to catch up.

use std::time::Duration;

use domain::clock::Clock as _;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::system::SystemClock;

/// The least pause between two looks: what many commits change is read together.
const LEAST_PAUSE: Duration = Duration::from_millis(250);

/// Follows the commits from when somebody first asked for statistics, until `closing` is cancelled.
pub async fn keep_up(hub: Hub, closing: CancellationToken) {
    let following = async {
        let mut commits = hub.db.watch();
        while commits.changed().await.is_ok() {
            if let Err(error) = hub.statistics.keep_up(&hub.db, SystemClock.now()).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "statistics cannot be brought up to date"
                );
            }
            sleep(LEAST_PAUSE).await;
            // Columns of many records rest after they were brought up to date; the last commit is not forgotten.
            if hub.statistics.columns().is_behind(&hub.db) {
                commits.mark_changed();
            }
        }
    };
    tokio::select! {
        () = closing.cancelled() => {}
        () = following => {}
    }
}
