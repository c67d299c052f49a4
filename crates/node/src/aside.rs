//! A thread beside those that answer, for work of many short steps: writing, and following what was written. Among the answers
//! of many who read, each step would wait for its turn, while a write holds the log and everybody else who writes waits.

use tokio::runtime::{Builder, Handle, Runtime};

/// The thread; its work ends when this is dropped.
#[derive(Debug)]
pub struct Aside(Option<Runtime>);

impl Aside {
    /// Starts it.
    ///
    /// # Errors
    /// The system starts no thread.
    pub fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("aside")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Where work is given to it.
    pub fn handle(&self) -> Handle {
        match &self.0 {
            Some(runtime) => runtime.handle().clone(),
            None => Handle::current(),
        }
    }
}

impl Drop for Aside {
    /// A runtime may not wait for its work within another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
