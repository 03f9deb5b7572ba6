//! Threads that each read, answer and write for their own connections.
//!
//! A connection stays on one thread, which waits for the system itself: an answer needs no other thread to be woken. What takes long goes to
//! [`Workers`](crate::workers::Workers).

use rustix::process::setpriority_process;
use std::{
    io,
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// What callers ask for waits where blocks need the cores.
const NICENESS: i32 = 5;

/// The threads, one for each core; they end once this is dropped, with the tasks that they still have.
#[derive(Debug)]
pub(crate) struct IoThreads {
    first: IoThread,
    others: Vec<IoThread>,
    next: AtomicUsize,
}

#[derive(Debug)]
struct IoThread {
    runtime: Handle,
    /// Ends the thread when dropped.
    _keep: oneshot::Sender<()>,
}

impl IoThread {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (keep, end) = oneshot::channel();
        let serve = move || {
            // On Linux this is the priority of the thread. Where it may not be changed, it stays.
            let _unchanged = setpriority_process(None, NICENESS);
            // Nothing is ever sent: the wait ends when the other side is dropped.
            runtime.block_on(end).unwrap_or_default();
        };
        thread::Builder::new().name("rpc".to_owned()).spawn(serve)?;
        Ok(Self { runtime: handle, _keep: keep })
    }
}

impl IoThreads {
    /// Starts the threads.
    ///
    /// Errors: the system gives no thread, or no file descriptors for it.
    pub(crate) fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let others = (1..cores).map(|_| IoThread::start()).collect::<io::Result<_>>()?;
        Ok(Self { first: IoThread::start()?, others, next: AtomicUsize::new(0) })
    }

    /// The thread for the next connection; they take turns.
    pub(crate) fn next(&self) -> &Handle {
        let turn = self.next.fetch_add(1, Relaxed).checked_rem(self.others.len().saturating_add(1)).unwrap_or_default();
        &self.others.get(turn).unwrap_or(&self.first).runtime
    }
}
