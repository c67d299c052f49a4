//! The stream under HTTP: it tells when bytes come, and breaks when the other end takes nothing.
//!
//! Only waiting counts: what the system takes at once costs nothing here. A client has `stalled` to begin with; it uses that up
//! while it is waited for, and wins it back with what it takes, at its slowest speed. So one that reads a byte now and
//! then is cut as one that reads nothing.

use std::io::{self, IoSlice};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Activity;

/// How long a client is waited for that takes its answer slowly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// That takes nothing.
    pub(super) stalled: Duration,
    /// What wins a second, in bytes.
    pub(super) slowest: NonZeroU32,
}

impl Patience {
    /// What is left after a wait that ended with so many bytes.
    fn after(&self, left: Duration, waited: Duration, bytes: usize) -> Duration {
        // More than 4 GiB at once wins no more than they do.
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let won = f64::from(bytes) / f64::from(self.slowest.get());
        let won = Duration::try_from_secs_f64(won).unwrap_or(self.stalled);
        left.saturating_sub(waited)
            .saturating_add(won)
            .min(self.stalled)
    }
}

/// A stream that is watched.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    patience: Patience,
    left: Duration,
    /// Since when the other end is waited for.
    since: Option<Instant>,
    end: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>, patience: Patience) -> Self {
        Self {
            stream,
            activity,
            patience,
            left: patience.stalled,
            since: None,
            end: None,
        }
    }

    /// Turns waiting into an error when it lasted too long. `bytes` says how many a result took.
    fn bounded<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
        bytes: impl Fn(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        match polled {
            Poll::Pending => {
                let left = self.left;
                let since = *self.since.get_or_insert_with(Instant::now);
                let end = self
                    .end
                    .get_or_insert_with(|| Box::pin(sleep_until(since + left)));
                if end.deadline() != since + left {
                    end.as_mut().reset(since + left);
                }
                end.as_mut()
                    .poll(context)
                    .map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Ready(result) => {
                let taken = result.as_ref().map_or(0, bytes);
                let waited = self.since.take().map_or(Duration::ZERO, |at| at.elapsed());
                if !waited.is_zero() || self.left < self.patience.stalled {
                    self.left = self.patience.after(self.left, waited, taken);
                }
                Poll::Ready(result)
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.activity.hear();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.bounded(context, polled, |taken| *taken)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.bounded(context, polled, |taken| *taken)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_flush(context);
        this.bounded(context, polled, |()| 0)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_shutdown(context);
        this.bounded(context, polled, |()| 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_wins_time_at_the_slowest_speed() {
        let patience = Patience {
            stalled: Duration::from_secs(30),
            slowest: NonZeroU32::new(1000).unwrap(),
        };
        for (left, waited, bytes, expected) in [
            (30, 0, 1, 30),
            (30, 10, 0, 20),
            (30, 10, 1000, 21),
            (30, 10, 1_000_000, 30),
            (5, 10, 2000, 2),
            (5, 10, 0, 0),
            (5, 1, usize::MAX, 30),
        ] {
            let seconds = Duration::from_secs;
            let after = patience.after(seconds(left), seconds(waited), bytes);
            assert_eq!(after, seconds(expected), "{left} {waited} {bytes}");
        }
    }
}
