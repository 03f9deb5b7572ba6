//! Critical tasks: the first to end ends the node.
//!
//! Tasks stand in stages. When one ends, or when the caller asks for shutdown, the stages are told to stop one after the other, each only
//! after the tasks of the one before have ended: nothing that a door still serves is taken away from under it.

use eyre::{WrapErr, eyre};
use std::{collections::HashMap, future::Future, time::Duration};
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// When a task is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// What the world talks to: first.
    Doors,
    /// What makes blocks: after the doors.
    Engine,
    /// What carries the engine's words to others: last.
    Network,
}

impl Stage {
    /// In the order of stopping.
    const ALL: [Self; 3] = [Self::Doors, Self::Engine, Self::Network];
}

/// Named critical tasks.
pub(crate) struct Supervisor {
    tasks: JoinSet<eyre::Result<()>>,
    names: HashMap<Id, (Stage, &'static str)>,
    tokens: [CancellationToken; Stage::ALL.len()],
}

impl Supervisor {
    pub(crate) fn new() -> Self {
        Self { tasks: JoinSet::new(), names: HashMap::new(), tokens: Default::default() }
    }

    const fn token(&self, stage: Stage) -> &CancellationToken {
        let [doors, engine, network] = &self.tokens;
        match stage {
            Stage::Doors => doors,
            Stage::Engine => engine,
            Stage::Network => network,
        }
    }

    /// Starts a task; it gets the token that tells it to stop.
    pub(crate) fn spawn<F>(&mut self, stage: Stage, name: &'static str, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = eyre::Result<()>> + Send + 'static,
    {
        let future = task(self.token(stage).clone());
        let id = self.tasks.spawn(future).id();
        self.names.insert(id, (stage, name));
    }

    /// Runs until the first task ends or `shutdown` is cancelled, then stops every stage in order, each within `grace` together.
    ///
    /// Errors: the first task that failed, ended unasked, panicked, or did not stop in time.
    pub(crate) async fn run(mut self, shutdown: CancellationToken, grace: Duration) -> eyre::Result<()> {
        let ended = tokio::select! {
            () = shutdown.cancelled() => None,
            ended = self.tasks.join_next_with_id() => ended,
        };
        let mut first = Ok(());
        if let Some(ended) = ended {
            let (name, result) = self.told(ended);
            first = result
                .and_then(|()| Err(eyre!("{name} ended although nobody asked it to; this is a bug worth reporting")));
        }
        // Everybody who holds the outer token learns of it too.
        shutdown.cancel();
        let deadline = Instant::now() + grace;
        for stage in Stage::ALL {
            self.token(stage).cancel();
            while self.names.values().any(|(of, _)| *of == stage) {
                let Ok(ended) = timeout_at(deadline, self.tasks.join_next_with_id()).await else {
                    self.tasks.abort_all();
                    let late: Vec<_> = self.names.values().map(|(_, name)| *name).collect();
                    let late = eyre!(
                        "{} did not stop within {grace:?} and was ended by force; committed blocks are safe",
                        late.join(", ")
                    );
                    return first.and(Err(late));
                };
                let Some(ended) = ended else { break };
                let (name, result) = self.told(ended);
                tracing::debug!(task = name, "stopped");
                first = first.and(result);
            }
        }
        first
    }

    fn told(&mut self, ended: Result<(Id, eyre::Result<()>), JoinError>) -> (&'static str, eyre::Result<()>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let name = self.names.remove(&id).map_or("a task", |(_, name)| name);
        let result = match ended {
            Ok((_, result)) => result.wrap_err_with(|| format!("{name} failed")),
            Err(panic) => Err(eyre!("{name} panicked: {panic}; this is a bug worth reporting")),
        };
        (name, result)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::sync::{Arc, Mutex};

    const GRACE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn doors_stop_before_the_engine_and_the_network_last() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Supervisor::new();
        let of_all =
            [(Stage::Network, "network"), (Stage::Engine, "engine"), (Stage::Doors, "rpc"), (Stage::Doors, "metrics")];
        for (stage, name) in of_all {
            let order = order.clone();
            tasks.spawn(stage, name, |stop| async move {
                stop.cancelled().await;
                order.lock().unwrap().push(stage);
                Ok(())
            });
        }
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        tasks.run(shutdown, GRACE).await.unwrap();
        assert_eq!(*order.lock().unwrap(), [Stage::Doors, Stage::Doors, Stage::Engine, Stage::Network]);
    }

    #[tokio::test]
    async fn the_first_failure_is_the_answer_and_cancels_everyone() {
        let mut tasks = Supervisor::new();
        tasks.spawn(Stage::Engine, "driver", |_| async { Err(eyre!("disk full")) });
        tasks.spawn(Stage::Doors, "rpc", |stop| async move {
            stop.cancelled().await;
            Err(eyre!("late"))
        });
        let shutdown = CancellationToken::new();
        let error = tasks.run(shutdown.clone(), GRACE).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "driver failed: disk full");
        assert!(shutdown.is_cancelled());
    }

    #[tokio::test]
    async fn an_end_that_nobody_asked_for_and_a_panic_are_errors() {
        let mut tasks = Supervisor::new();
        tasks.spawn(Stage::Doors, "rpc", |_| async { Ok(()) });
        let error = tasks.run(CancellationToken::new(), GRACE).await.unwrap_err();
        assert!(error.to_string().contains("rpc ended although nobody asked"), "{error}");

        let mut tasks = Supervisor::new();
        tasks.spawn(Stage::Doors, "rpc", |_| async { panic!("boom") });
        let error = tasks.run(CancellationToken::new(), GRACE).await.unwrap_err();
        assert!(error.to_string().contains("rpc panicked"), "{error}");
    }

    #[tokio::test]
    async fn a_task_that_does_not_stop_is_named() {
        let mut tasks = Supervisor::new();
        tasks.spawn(Stage::Doors, "rpc", |_| std::future::pending());
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        let error = tasks.run(shutdown, Duration::from_millis(20)).await.unwrap_err();
        assert!(error.to_string().starts_with("rpc did not stop within 20ms"), "{error}");
    }
}
