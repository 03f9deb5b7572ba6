//! The service around [`Machine`]: clock, log on disk, ledger and network.

use crate::{
    config::ConsensusConfig,
    keys::Recover,
    log::Log,
    machine::{Dump, Input, Machine, Output, Restored, Setup, Status, Ticket},
    metrics::Metrics,
    record::Record,
};
use bttc_consensus::{Application, ConsensusSigner, ProposeError, Transport, TransportEvent};
use bttc_primitives::{Fatal, Height};
use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, pending},
    stream::FuturesUnordered,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// The longest sleep: what is due later is looked at again.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// What an engine needs beside ledger and network.
#[derive(Clone)]
pub struct EngineSetup {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Times.
    pub config: ConsensusConfig,
    /// Folder of the log. One engine at a time: the lock of the data directory sees to it.
    pub log_folder: PathBuf,
    /// The consensus key; none on a node that only follows.
    pub signer: Option<Arc<dyn ConsensusSigner>>,
}

/// Dumps that may be asked for at once.
const MAX_DUMPS: usize = 4;

/// Tells how far the engine is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EngineHandle {
    status: watch::Receiver<Option<Status>>,
    dumps: mpsc::Sender<oneshot::Sender<Dump>>,
}

impl EngineHandle {
    /// How far the engine is; none before it has started.
    pub fn status(&self) -> Option<Status> {
        *self.status.borrow()
    }

    /// The next change of it; none when the engine has ended.
    pub async fn changed(&mut self) -> Option<Status> {
        self.status.changed().await.ok()?;
        *self.status.borrow_and_update()
    }

    /// What the engine holds; none if it does not run, or is asked too often.
    pub async fn dump(&self) -> Option<Dump> {
        let (reply, dump) = oneshot::channel();
        self.dumps.try_send(reply).ok()?;
        dump.await.ok()
    }
}

/// Decides blocks with the other validators, or follows their decisions.
pub struct Engine<A, T> {
    app: A,
    transport: T,
    setup: EngineSetup,
    status: watch::Sender<Option<Status>>,
    dumps: mpsc::Receiver<oneshot::Sender<Dump>>,
}

impl<A: Application, T: Transport> Engine<A, T> {
    /// An engine, and the way to see how far it is.
    pub fn new(app: A, transport: T, setup: EngineSetup) -> (EngineHandle, Self) {
        let (status, receiver) = watch::channel(None);
        let (asks, dumps) = mpsc::channel(MAX_DUMPS);
        (EngineHandle { status: receiver, dumps: asks }, Self { app, transport, setup, status, dumps })
    }

    /// Runs until `shutdown`, or until the network ends.
    ///
    /// Errors: whatever the ledger, the log or the key cannot do. The node must stop: nothing was sent that the log does not hold.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), Fatal> {
        let folder = self.setup.log_folder.clone();
        let (log, records) = blocking(move || Log::open(&folder)).await?;
        let start = self.app.start().await?;
        let proposals = self.app.proposals(start.height).await?;
        let setup = Setup {
            chain_id: self.setup.chain_id,
            config: self.setup.config,
            signer: self.setup.signer,
            check: Arc::new(Recover),
        };
        let origin = Instant::now();
        let (machine, outputs) = Machine::new(Duration::ZERO, setup, Restored { start, log: records, proposals })?;
        let mut running = Running {
            app: self.app,
            transport: self.transport,
            machine,
            log: Some(log),
            origin,
            tasks: FuturesUnordered::new(),
            work: pending().boxed(),
            status: self.status,
            metrics: Metrics::new(),
        };
        running.carry_out(outputs).await?;
        loop {
            let input = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                Some(reply) = self.dumps.recv() => {
                    // Whoever asked may have gone.
                    let _gone = reply.send(running.machine.dump(running.now()));
                    continue;
                }
                input = running.next() => input?,
            };
            let Some(input) = input else { return Ok(()) };
            running.take(input).await?;
        }
    }
}

type Task = BoxFuture<'static, Result<Input, Fatal>>;

struct Running<A, T> {
    app: A,
    transport: T,
    machine: Machine,
    /// Away while it syncs.
    log: Option<Log>,
    origin: Instant,
    tasks: FuturesUnordered<Task>,
    /// The wait for a transaction: a new one replaces the last.
    work: BoxFuture<'static, Result<Height, Fatal>>,
    status: watch::Sender<Option<Status>>,
    metrics: Metrics,
}

impl<A: Application, T: Transport> Running<A, T> {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Whatever happens next; none when the network has ended.
    async fn next(&mut self) -> Result<Option<Input>, Fatal> {
        let wake = self.origin + self.machine.wake_at().min(self.now().saturating_add(LONGEST_SLEEP));
        tokio::select! {
            Some(input) = self.tasks.next() => input.map(Some),
            height = &mut self.work => {
                self.work = pending().boxed();
                height.map(|height| Some(Input::Work(height)))
            }
            event = self.transport.next() => Ok(event.map(|event| match event {
                TransportEvent::Message { from, id, data, .. } => Input::Message { from, id, data },
                TransportEvent::Request { from, id, data } => Input::Request { from, id, data },
                TransportEvent::Connected(peer) => Input::Connected(peer),
                TransportEvent::Disconnected(peer) => Input::Disconnected(peer),
            })),
            () = sleep_until(wake) => Ok(Some(Input::Wake)),
        }
    }

    async fn take(&mut self, input: Input) -> Result<(), Fatal> {
        let now = self.now();
        if let Input::Committed(start) = &input {
            self.metrics.committed(now, start.height.saturating_sub(1));
        }
        if let Input::Built { turn, .. } = &input {
            self.metrics.built(now, turn.height);
        }
        let outputs = self.machine.handle(now, input)?;
        let status = self.machine.status(now);
        self.metrics.status(&status, self.machine.stumbles());
        self.status.send_if_modified(|before| {
            let changed = *before != Some(status);
            *before = Some(status);
            changed
        });
        self.carry_out(outputs).await
    }

    /// Writes the log first, then does the rest in order.
    async fn carry_out(&mut self, outputs: Vec<Output>) -> Result<(), Fatal> {
        let mut rest = Vec::with_capacity(outputs.len());
        let mut records: Vec<Record> = Vec::new();
        let mut sync = false;
        for output in outputs {
            match output {
                Output::RestartLog(keep) => {
                    records.clear();
                    self.log()?.restart(&keep)?;
                }
                Output::Append(record) => records.push(record),
                output => {
                    sync |= matches!(output, Output::Broadcast(..) | Output::Commit(_));
                    rest.push(output);
                }
            }
        }
        self.log()?.append(&records)?;
        if sync && self.log()?.is_dirty() {
            self.sync().await?;
        }
        rest.into_iter().for_each(|output| self.perform(output));
        Ok(())
    }

    fn log(&mut self) -> Result<&mut Log, Fatal> {
        self.log.as_mut().ok_or_else(|| Fatal::new("the consensus log was lost in a sync that did not end"))
    }

    async fn sync(&mut self) -> Result<(), Fatal> {
        let started = Instant::now();
        if let Some(mut log) = self.log.take() {
            self.log = Some(blocking(move || log.sync().map(|()| log)).await?);
        }
        self.metrics.synced(started.elapsed());
        Ok(())
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::RestartLog(_) | Output::Append(_) => {}
            Output::Voted { voter, kind, after } => self.metrics.voted(voter, kind, after),
            Output::Broadcast(topic, data) => self.transport.broadcast(topic, data),
            Output::Judge(id, acceptance) => self.transport.judge(id, acceptance),
            Output::Penalize(peer, fault) => self.transport.penalize(&peer, fault),
            Output::Respond(id, data) => self.transport.respond(id, data),
            Output::Ask { id, peer, request, timeout } => {
                let transport = self.transport.clone();
                self.start(async move {
                    let result = transport.request(&peer, request, timeout).await;
                    Ok(Input::Answer { id, result })
                });
            }
            Output::AwaitWork(height) => {
                let app = self.app.clone();
                self.work = async move { app.work().await.map(|()| height) }.boxed();
            }
            output => self.ask_ledger(output),
        }
    }

    fn ask_ledger(&mut self, output: Output) {
        let app = self.app.clone();
        match output {
            Output::Propose { turn, last_commit, time } => self.start(async move {
                let deadline = std::time::Instant::now() + time;
                match app.propose(turn, last_commit, deadline).await {
                    Ok(block) => Ok(Input::Built { turn, block: Box::new(block) }),
                    Err(ProposeError::Fatal(fatal)) => Err(fatal),
                    // The others vote nil when their patience is over, and the next one proposes.
                    Err(error @ ProposeError::Unsigned(_)) => {
                        tracing::error!(height = turn.height, round = turn.round, %error, "our turn passes without a block");
                        Ok(Input::Wake)
                    }
                }
            }),
            Output::Verify { ticket, turn, block } => self.start(async move {
                let verdict = match ticket {
                    Ticket::Proposed(..) => app.verify(turn, *block).await?,
                    Ticket::Decided(..) => app.verify_decided(turn, *block).await?,
                };
                Ok(Input::Judged { ticket, verdict })
            }),
            Output::Foresee(block) => app.foresee(*block),
            Output::Commit(decision) => {
                self.metrics.decided(self.now(), decision.certificate.height);
                self.start(async move { app.commit(decision).await.map(Input::Committed) });
            }
            Output::Report(evidence) => self.start(async move {
                app.report(evidence).await?;
                Ok(Input::Wake)
            }),
            Output::Read { id, peer, heights, max_bytes } => self.start(async move {
                let from = heights.start;
                let blocks = app.decided(heights, max_bytes).await?;
                Ok(Input::Read { id, peer, from, blocks })
            }),
            Output::ReadSnapshot { id, peer, part } => self.start(async move {
                let bytes = app.snapshot(part).await?;
                Ok(Input::ReadSnapshot { id, peer, bytes })
            }),
            _ => {}
        }
    }

    fn start(&self, task: impl Future<Output = Result<Input, Fatal>> + Send + 'static) {
        self.tasks.push(task.boxed());
    }
}

async fn blocking<R: Send + 'static>(work: impl FnOnce() -> Result<R, Fatal> + Send + 'static) -> Result<R, Fatal> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Fatal::while_doing("running a task of the consensus log", error))?
}
