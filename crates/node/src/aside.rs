//! A thread beside those that answer, for work of many short steps: writing, and following what was written. Among the answers
//! of many who read, each step would wait for its turn, while a write holds the log and everybody else who writes waits.

use tokio::runtime::{Builder, Handle, Runtime};

/// The thread; its work ends when this is dropped.
#[derive(Debug)]
pub struct Aside {
    handle: Handle,
    /// Here until it is dropped.
    runtime: Option<Runtime>,
}

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
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    /// Where work is given to it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Aside {
    /// A runtime may not wait for its work within another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
