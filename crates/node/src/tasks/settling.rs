//! Writing what became due by what others wrote: looked for again and again.

use std::time::Duration;

use storage::StorageError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;

/// How often it is looked whether something is due: what a mutation began and did not end, what a crash left, what was
/// pulled.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// Settles what is due until `closing` is cancelled; `settle` writes all of it and says how much. Cut off anywhere, it
/// loses nothing. `what` is for the program's log.
pub(super) async fn keep_settled<F>(
    hub: Hub,
    closing: CancellationToken,
    what: &'static str,
    settle: impl Fn(Hub) -> F,
) where
    F: Future<Output = Result<u64, StorageError>>,
{
    let settling = async {
        loop {
            match settle(hub.clone()).await {
                Ok(0) => {}
                Ok(settled) => tracing::info!(what, settled, "what was due is written"),
                Err(error) => tracing::warn!(
                    what,
                    error = &error as &dyn std::error::Error,
                    "what is due cannot be written yet"
                ),
            }
            sleep(LOOK_INTERVAL).await;
        }
    };
    tokio::select! {
        () = closing.cancelled() => {}
        () = settling => {}
    }
}
