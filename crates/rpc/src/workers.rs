//! A bounded place for work that would hold up the asynchronous threads: execution, traces, signatures.

use crate::{
    RpcConfig,
    error::{Reply, RpcError, code},
};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Blocking threads that calls may use, and the queue before them.
#[derive(Clone, Debug)]
pub(crate) struct Workers {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    max_waiting: usize,
}

impl Workers {
    pub(crate) fn new(config: &RpcConfig) -> Self {
        let running = config.worker_count();
        // Running work holds its place in the queue too.
        let places = config.max_waiting_calls.saturating_add(running).min(Semaphore::MAX_PERMITS);
        Self {
            running: Arc::new(Semaphore::new(running.min(Semaphore::MAX_PERMITS))),
            waiting: Arc::new(Semaphore::new(places)),
            max_waiting: config.max_waiting_calls,
        }
    }

    /// Runs `work` on a blocking thread once one is free.
    ///
    /// Errors: what `work` answers, or that too many calls wait already.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Reply<T> + Send + 'static) -> Reply<T> {
        let place = self.waiting.clone().try_acquire_owned().map_err(|_| {
            RpcError::limit(
                "max_waiting_calls",
                "one more",
                self.max_waiting,
                "the node is busy, try again in a second",
            )
        })?;
        let turn = self.running.clone().acquire_owned().await;
        let turn: OwnedSemaphorePermit = turn.map_err(|_| RpcError::new(code::INTERNAL, "the node is stopping"))?;
        let done = tokio::task::spawn_blocking(move || {
            let answer = work();
            drop((turn, place));
            answer
        });
        done.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a call broke off");
            Err(RpcError::new(code::INTERNAL, "internal error: the call broke off"))
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_queue_is_bounded() {
        let config = RpcConfig { workers: 1, max_waiting_calls: 1, ..Default::default() };
        let workers = Workers::new(&config);
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let first = workers.run(move || {
            gate.recv().ok();
            Ok(1)
        });
        let second = workers.run(|| Ok(2));
        let third = async {
            let error = workers.run(|| Ok(3)).await.unwrap_err();
            release.send(()).unwrap();
            error
        };
        // Polled in this order: one runs, one waits, the third has no place.
        let (first, second, third) = tokio::join!(biased; first, second, third);
        assert_eq!((first, second), (Ok(1), Ok(2)));
        assert_eq!(third.code, code::LIMIT);
        assert!(third.message.contains("rpc.max_waiting_calls is 1"), "{}", third.message);
        assert_eq!(workers.run(|| Ok(4)).await, Ok(4));
    }
}
