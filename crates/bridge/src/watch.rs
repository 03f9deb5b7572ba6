//! Follows the final records of one root bridge.
//!
//! Each [`Watcher::step`] reads one page of final blocks. Nonces have no gaps and every event says the running hash after it, so nothing that a
//! node leaves out, adds or changes stays unseen:
//!
//! - a nonce that is missing, or a count of records that the logs do not reach: the receipts of the blocks in question are read one by one
//!   (audit). If it is not there either, the root chain is halted;
//! - a running hash that is not what we compute, an event that cannot be read, a final block with another id than it had: halted. Nothing is
//!   rewound: what was vouched for cannot be taken back;
//! - our chain carried out, or accepted, other records than these: halted.
//!
//! Halted means: nothing is vouched for or carried out until a person has looked and started the relayer again.

use crate::{
    events::{self, BadEvent},
    files::{self, StoreError},
    ledger::Ledger,
    records::RecordsOf,
    root::{BlockRef, RootChain, RootError, RootLog},
};
use alloy_primitives::B256;
use alloy_sol_types::SolCall;
use bttc_contracts::root::IRootBridge;
use std::path::PathBuf;

/// Blocks of a page.
const PAGE: u64 = 1_000;
/// Blocks that are audited in a step.
const AUDIT_PAGE: u64 = 200;
/// As many records are kept before reading waits for our chain to carry some out.
const MOST_RECORDS: usize = 4_096;
/// As often the count of records may be above the logs before it is a gap: endpoints are not all equally far.
const PATIENCE: u32 = 3;

/// Why a root chain stands still until a person has looked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// A block that was final is another one now.
    #[error(
        "final block {number} was {expected} and is {got} now: the root chain broke its finality, or an endpoint lies; compare with other nodes, and begin with an empty folder if {got} is right"
    )]
    Rewritten {
        /// Its height.
        number: u64,
        /// Its id now.
        got: B256,
        /// Its id then.
        expected: B256,
    },
    /// Records are missing.
    #[error(
        "record {nonce} is in none of the blocks {from} to {to}, not in their receipts either, though {witness}: the endpoints do not have all logs; name endpoints that do"
    )]
    Gap {
        /// The one that should come next.
        nonce: u64,
        /// Where it was looked for.
        from: u64,
        /// The last such block.
        to: u64,
        /// What says that it is there.
        witness: String,
    },
    /// A record is there twice, or came late.
    #[error("block {block} has record {got}, {expected} should be next: an endpoint lies; compare with other nodes")]
    OutOfOrder {
        /// Where.
        block: u64,
        /// Nonce that it has.
        got: u64,
        /// The next one.
        expected: u64,
    },
    /// The contract's running hash is not ours.
    #[error(
        "the running hash after record {nonce} should be {expected}, its event in block {block} says {got}: the logs are not those of the contract, or it is for another chain"
    )]
    WrongHash {
        /// Record.
        nonce: u64,
        /// Its block.
        block: u64,
        /// What the event says.
        got: B256,
        /// What we compute.
        expected: B256,
    },
    /// A log that should be an event of the bridge.
    #[error("{0}: the contract at the configured address is no RootBridge of this version")]
    BadEvent(#[from] BadEvent),
    /// Our chain has other records.
    #[error(
        "on our chain the first {count} records have the hash {got} ({what}), on the root chain {expected}: validators vouched for what did not happen, or the endpoints lie; do not go on before it is known which"
    )]
    Contradicted {
        /// How many records.
        count: u64,
        /// What our chain says.
        got: B256,
        /// What the root chain says.
        expected: B256,
        /// Carried out or accepted.
        what: &'static str,
    },
    /// The root chain cannot be trusted.
    #[error("{0}")]
    Root(RootError),
}

/// Why a step did not work.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The root chain gives no answer.
    #[error(transparent)]
    Root(RootError),
    /// Our own files.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Stop.
    #[error("halted: {0}")]
    Halt(#[from] Halt),
}

impl From<RootError> for WatchError {
    fn from(error: RootError) -> Self {
        if error.halts() { Self::Halt(Halt::Root(error)) } else { Self::Root(error) }
    }
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All that is final was read.
    AtHead,
    /// There is more to read: go on at once.
    More,
    /// Logs are missing, and receipts are read one by one up to this block: go on at once.
    Auditing {
        /// The last block of it.
        to: u64,
    },
    /// So many records wait that reading waits for our chain.
    Full,
    /// The endpoints are behind what was read already.
    Behind,
}

/// An audit under way.
#[derive(Debug)]
struct Audit {
    from: u64,
    next: u64,
    to: u64,
    logs: Vec<RootLog>,
    witness: String,
}

/// Follows one root bridge.
#[derive(Debug)]
pub struct Watcher {
    path: PathBuf,
    ledger: Ledger,
    audit: Option<Audit>,
    /// How often in a row the contract counted more records than the logs have.
    short: u32,
    /// The last final head that was seen.
    head: Option<BlockRef>,
    /// Audits begun, for the operator.
    audits: u64,
}

impl Watcher {
    /// Goes on where the file at `path` says, or begins with block `start`, that of the bridge's deployment.
    pub fn open(path: PathBuf, of: RecordsOf, start: u64) -> Result<Self, StoreError> {
        let remedy = "delete it: what it says is read from the root chain again";
        let ledger = match files::read::<Ledger>(&path, remedy)? {
            None => Ledger::new(of, start),
            Some(ledger) if ledger.of == of && ledger.start == start => ledger,
            Some(ledger) => {
                let why = format!(
                    "it is about bridge {} of root chain {} and chain {}, from block {} on, and not about what is configured",
                    ledger.of.bridge, ledger.of.root_id, ledger.of.side_chain_id, ledger.start
                );
                return Err(StoreError::Damaged { path, why, remedy });
            }
        };
        Ok(Self { path, ledger, audit: None, short: 0, head: None, audits: 0 })
    }

    /// What is known.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The last final head that was seen.
    pub const fn head(&self) -> Option<BlockRef> {
        self.head
    }

    /// How often receipts had to be read because logs were missing.
    pub const fn audits(&self) -> u64 {
        self.audits
    }

    /// Reads one page.
    pub async fn step<R: RootChain>(&mut self, root: &R) -> Result<Step, WatchError> {
        // The count before the head: the logs up to that head must have as many.
        let count = self.count(root).await?;
        let head = root.final_head().await?;
        self.head = Some(head);
        if let Some(last) = self.ledger.block {
            if head.number < last.number {
                return Ok(Step::Behind);
            }
            let now = root.final_block(last.number).await?;
            if now.id != last.id {
                return Err(Halt::Rewritten { number: last.number, got: now.id, expected: last.id }.into());
            }
        }
        if let Some(audit) = self.audit.take() {
            return self.audit(root, audit).await;
        }
        if self.ledger.len() >= MOST_RECORDS {
            return Ok(Step::Full);
        }
        let from = self.ledger.next_block();
        if from > head.number {
            return self.compare(count, head.number);
        }
        let to = head.number.min(from.saturating_add(PAGE.saturating_sub(1)));
        let logs = root.final_logs(from, to, &events::filter(self.ledger.of.bridge)).await?;
        let end = root.final_block(to).await?;
        let mut next = self.ledger.clone();
        if let Some(got) = take(&mut next, &logs, false)? {
            let witness = format!("record {got} is in block {to} or before it");
            return Ok(self.begin_audit(to, witness));
        }
        next.block = Some(end);
        self.keep(next)?;
        if to < head.number {
            return Ok(Step::More);
        }
        self.compare(count, to)
    }

    /// Holds what our chain says against what is known, and forgets what it has carried out.
    ///
    /// Answers whether all records up to the accepted one are here.
    pub fn reconcile(&mut self, executed: (u64, B256), accepted: (u64, B256)) -> Result<bool, WatchError> {
        for ((count, got), what) in [(executed, "carried out"), (accepted, "accepted")] {
            if let Some(expected) = self.ledger.chain_at(count).filter(|expected| *expected != got) {
                return Err(Halt::Contradicted { count, got, expected, what }.into());
            }
        }
        let below = executed.0.min(self.ledger.next());
        if below > self.ledger.base() {
            let mut next = self.ledger.clone();
            next.forget_below(below);
            self.keep(next)?;
        }
        Ok(self.ledger.base() <= executed.0 && self.ledger.next() >= accepted.0)
    }

    async fn count<R: RootChain>(&self, root: &R) -> Result<u64, WatchError> {
        let call = IRootBridge::recordCountCall {};
        let answer = root.final_call(self.ledger.of.bridge, call.abi_encode().into()).await?;
        let count = IRootBridge::recordCountCall::abi_decode_returns(&answer).map_err(|_| RootError::Invalid {
            root: root.id(),
            why: format!(
                "the contract at {} does not say how many records it has: it is no RootBridge, or was not yet there",
                self.ledger.of.bridge
            ),
        })?;
        Ok(count)
    }

    /// All logs up to `head` were read; the contract counts `count` records.
    fn compare(&mut self, count: u64, head: u64) -> Result<Step, WatchError> {
        let next = self.ledger.next();
        if next >= count {
            self.short = 0;
            // Kept with the next page, as nothing is lost with it.
            self.ledger.sure = Some(head);
            return Ok(Step::AtHead);
        }
        self.short = self.short.saturating_add(1);
        if self.short < PATIENCE {
            return Ok(Step::AtHead);
        }
        self.short = 0;
        let witness = format!("the contract counts {count} records");
        Ok(self.begin_audit(head, witness))
    }

    fn begin_audit(&mut self, to: u64, witness: String) -> Step {
        let from = self.ledger.first_doubtful().min(to);
        self.audits = self.audits.saturating_add(1);
        self.audit = Some(Audit { from, next: from, to, logs: Vec::new(), witness });
        Step::Auditing { to }
    }

    async fn audit<R: RootChain>(&mut self, root: &R, mut audit: Audit) -> Result<Step, WatchError> {
        let end = audit.to.min(audit.next.saturating_add(AUDIT_PAGE.saturating_sub(1)));
        match root.audit_logs(audit.next, end, &events::filter(self.ledger.of.bridge)).await {
            Ok(logs) => audit.logs.extend(logs),
            Err(error) => {
                self.audit = Some(audit);
                return Err(error.into());
            }
        }
        if end < audit.to {
            audit.next = end.saturating_add(1);
            let to = audit.to;
            self.audit = Some(audit);
            return Ok(Step::Auditing { to });
        }
        let block = root.final_block(audit.to).await?;
        let mut next = self.ledger.clone();
        let missing = take(&mut next, &audit.logs, true)?;
        if missing.is_some() || next.next() == self.ledger.next() {
            let Audit { from, to, witness, .. } = audit;
            return Err(Halt::Gap { nonce: next.next(), from, to, witness }.into());
        }
        next.block = Some(block);
        self.keep(next)?;
        Ok(Step::More)
    }

    fn keep(&mut self, next: Ledger) -> Result<(), StoreError> {
        files::write(&self.path, &next)?;
        self.ledger = next;
        Ok(())
    }
}

/// Adds the records of `logs`. Answers the nonce that stands where another one should, if records are missing before it.
///
/// `known`: the logs may begin with records that are there already.
fn take(ledger: &mut Ledger, logs: &[RootLog], known: bool) -> Result<Option<u64>, Halt> {
    for log in logs {
        let event = events::read(log)?;
        let expected = ledger.next();
        if event.nonce > expected {
            return Ok(Some(event.nonce));
        }
        if event.nonce < expected {
            if known {
                continue;
            }
            return Err(Halt::OutOfOrder { block: log.block, got: event.nonce, expected });
        }
        let chain = ledger.push(event.record, log.block, log.transaction);
        if chain != event.chain {
            let (nonce, block) = (event.nonce, log.block);
            return Err(Halt::WrongHash { nonce, block, got: event.chain, expected: chain });
        }
    }
    Ok(None)
}
