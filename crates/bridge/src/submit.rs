//! Sends checkpoints to one root chain: what is due, when it is our turn, in as many transactions as it takes.
//!
//! Each [`Submitter::step`] looks at every open intent, closes what is settled against the final state of `CheckpointManager`, and, if nothing is
//! on its way, plans: where the contract stands on its newest state, which block it can take next ([`crate::checkpoint`]), whether that is due
//! ([`crate::policy`]) and whose turn it is ([`crate::leader`]). The block is then pinned until it is done, so that the parts of one checkpoint
//! are about one block.

use crate::{
    checkpoint::{ReadyCheckpoint, Tip, next_height, ready},
    intents::{Book, Entry, SendError, Sender, Stage},
    leader,
    policy::{Due, Policy, Situation, WaitingExit, is_pressing},
    root::{FeePolicy, Intent, RootChain, RootError},
    side::{SideBlock, SideChain, SideError, views},
};
use alloy_primitives::{Address, U256, keccak256};
use alloy_sol_types::{SolCall, SolError, SolValue};
use bttc_contracts::root::ICheckpointManager as Manager;
use std::time::Duration;
use tokio::time::Instant;

mod reads;
mod settle;

/// What a submitter needs to know.
#[derive(Clone, Debug)]
pub struct SubmitterConfig {
    /// 1 Ethereum, 2 TRON.
    pub root_id: u8,
    /// `CheckpointManager` there.
    pub checkpoints: Address,
    /// When.
    pub policy: Policy,
    /// The turn goes to the next one after this time.
    pub takeover: Duration,
    /// Most signatures of a transaction.
    pub most_signatures: usize,
    /// What an attempt may cost.
    pub fee: FeePolicy,
    /// What it may cost when the age stop comes close.
    pub pressing_fee: FeePolicy,
    /// Consensus address of this validator, if it is one.
    pub own: Option<Address>,
}

/// Why nothing is sent, though something is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// Others go first.
    NotOurTurn {
        /// How many.
        rank: u64,
    },
    /// No key for this root chain.
    NoKey,
    /// It would cost more than is allowed.
    Fees(String),
    /// The contract would refuse it; most often somebody was first.
    Refused(String),
    /// A failure cost a fee; it is tried again later.
    Resting {
        /// Time of the root chain. Unit: milliseconds.
        until: u64,
    },
    /// The last checkpoint is older than the contract allows: only its recovery moves on.
    AgeStop,
    /// The account cannot pay.
    Unfunded(String),
}

/// What a step found.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Where the contract stands on its final state.
    pub tip: Tip,
    /// The same on its newest state.
    pub newest: Tip,
    /// Age after which it takes nothing more. Unit: seconds.
    pub stop_age: u64,
    /// Whether that comes close.
    pub pressing: bool,
    /// Exits that no final checkpoint covers.
    pub exits: usize,
    /// Time of the oldest of them. Unit: seconds.
    pub oldest_exit: Option<u64>,
    /// What should be sent.
    pub due: Option<Due>,
    /// Why it is not.
    pub blocked: Option<Blocked>,
    /// What needs a person.
    pub alarms: Vec<String>,
}

/// Why a step did not work.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Our chain.
    #[error(transparent)]
    Side(#[from] SideError),
    /// The root chain, or our files.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl From<RootError> for SubmitError {
    fn from(error: RootError) -> Self {
        Self::Send(error.into())
    }
}

impl From<crate::files::StoreError> for SubmitError {
    fn from(error: crate::files::StoreError) -> Self {
        Self::Send(error.into())
    }
}

/// Sends checkpoints to one root chain.
#[derive(Debug)]
pub struct Submitter {
    config: SubmitterConfig,
    sender: Sender,
    exits: Vec<WaitingExit>,
    scanned: Option<u64>,
    stop_age: Option<u64>,
    /// The block found for a tip, while our head was above it.
    boundary: Option<(Tip, u64)>,
    /// What was due, and since when we know.
    since: Option<(Due, Instant)>,
}

impl Submitter {
    /// Goes on with the intents of `book`.
    pub const fn new(config: SubmitterConfig, book: Book) -> Self {
        let sender = Sender::new(book);
        Self { config, sender, exits: Vec::new(), scanned: None, stop_age: None, boundary: None, since: None }
    }

    /// The intents.
    pub const fn book(&self) -> &Book {
        self.sender.book()
    }

    /// What an attempt may cost when nothing presses.
    pub const fn fee(&self) -> &FeePolicy {
        &self.config.fee
    }

    /// Tokens whose value counts for the policy.
    pub fn tokens(&self) -> impl Iterator<Item = Address> {
        self.config.policy.value.keys().copied()
    }

    /// One look at everything, and at most one checkpoint more on its way.
    pub async fn step<R: RootChain, S: SideChain>(&mut self, root: &R, side: &S) -> Result<Outgoing, SubmitError> {
        let now = root.final_head().await?.time;
        let stop_age = self.stop_age(root).await?;
        let tip = self.tip(root, false).await?;
        let pressing = is_pressing(now / 1_000, tip.time, stop_age);
        let fee = if pressing { self.config.pressing_fee.clone() } else { self.config.fee.clone() };
        let driven = self.sender.drive(root, &fee, now).await;
        let mut out = Outgoing {
            tip,
            newest: tip,
            stop_age,
            pressing,
            exits: 0,
            oldest_exit: None,
            due: None,
            blocked: None,
            alarms: Vec::new(),
        };
        self.settle(root, &tip, &fee, now, &mut out.alarms).await?;
        self.refusals(&mut out.alarms);
        driven?;

        out.newest = self.tip(root, true).await?;
        let head = side.head().await?;
        self.scan(side, &tip, head.height).await?;
        out.exits = self.exits.len();
        out.oldest_exit = self.exits.first().map(|exit| exit.time);
        if now / 1_000 > tip.time.saturating_add(stop_age) {
            out.blocked = Some(Blocked::AgeStop);
            out.alarms.push(format!(
                "the last checkpoint is {} s old and the contract stops at {stop_age} s: only its recovery moves on (docs/bridge.md, \"Recovery\")",
                (now / 1_000).saturating_sub(tip.time)
            ));
            return Ok(out);
        }
        self.plan(root, side, head, now, &fee, &mut out).await?;
        Ok(out)
    }

    /// Decides what to send, and sends it.
    async fn plan<R: RootChain, S: SideChain>(
        &mut self,
        root: &R,
        side: &S,
        head: SideBlock,
        now: u64,
        fee: &FeePolicy,
        out: &mut Outgoing,
    ) -> Result<(), SubmitError> {
        let tip = out.newest;
        if self.book().data().pinned.is_some_and(|pinned| pinned <= tip.height) {
            self.sender.book_mut().change(|data| data.pinned = None)?;
        }
        // What is on its way comes first.
        let on_its_way = |entry: &Entry| {
            entry.stage.is_live() && height_of(&entry.intent.key, CHECKPOINT).is_some_and(|height| height > tip.height)
        };
        if self.book().data().open.values().any(on_its_way) {
            return Ok(());
        }
        let Some((height, due)) = self.due(side, &tip, head).await? else {
            self.since = None;
            return Ok(());
        };
        out.due = Some(due);
        if root.account().is_none() {
            out.blocked = Some(Blocked::NoKey);
            return Ok(());
        }
        if now < self.book().data().rest_until {
            out.blocked = Some(Blocked::Resting { until: self.book().data().rest_until });
            return Ok(());
        }
        if let Some(rank) = self.others_first(side, &tip, due, head.time).await? {
            out.blocked = Some(Blocked::NotOurTurn { rank });
            return Ok(());
        }
        let checkpoint = match ready(side, height, &tip).await {
            // The set changed under a block that was chosen before.
            Err(SideError::Contradiction(why)) if self.book().data().pinned.is_some() => {
                tracing::info!(root = %root.id(), height, why, "another block is chosen for the next checkpoint");
                self.sender.book_mut().change(|data| data.pinned = None)?;
                return Ok(());
            }
            other => other?,
        };
        match self.send(root, &checkpoint, fee).await {
            Ok(()) => Ok(()),
            Err(SubmitError::Send(SendError::Root(error))) => match blocked_by(&error) {
                Some(blocked) => {
                    self.note_refusal(&error, &blocked, out);
                    out.blocked = Some(blocked);
                    Ok(())
                }
                None => Err(error.into()),
            },
            Err(error) => Err(error),
        }
    }

    fn note_refusal(&mut self, error: &RootError, blocked: &Blocked, out: &mut Outgoing) {
        match blocked {
            Blocked::Unfunded(_) => out.alarms.push(error.to_string()),
            Blocked::Fees(_) if out.pressing => {
                out.alarms.push(format!("the age stop comes close, and the fees are too high: {error}"));
            }
            Blocked::Refused(_) if !is_first(error) => out.alarms.push(format!("the checkpoint is refused: {error}")),
            _ => {}
        }
    }

    /// The block to send and why, if something is due.
    async fn due<S: SideChain>(
        &mut self,
        side: &S,
        tip: &Tip,
        head: SideBlock,
    ) -> Result<Option<(u64, Due)>, SubmitError> {
        let pinned = self.book().data().pinned;
        let known = self.boundary.filter(|(of, height)| of == tip && *height <= head.height).map(|(_, height)| height);
        let height = match known {
            Some(height) => height,
            None => match next_height(side, tip, head.height).await? {
                Some(height) => height,
                None => return Ok(None),
            },
        };
        let change = if height < head.height {
            self.boundary = Some((*tip, height));
            Some(side.block(height).await?.time)
        } else {
            None
        };
        let exits: Vec<_> = self.exits.iter().filter(|exit| exit.height > tip.height).cloned().collect();
        let stop_age = self.stop_age.unwrap_or(u64::MAX);
        let situation = Situation { now: head.time, tip_time: tip.time, stop_age, change, exits: &exits };
        let due = self.config.policy.due(&situation);
        // A block that was begun is finished, though a later one would do as well now.
        let height = pinned.filter(|pinned| *pinned <= height).unwrap_or(height);
        Ok(due.map(|due| (height, due)))
    }

    /// How many others go first, if it is not our turn yet.
    async fn others_first<S: SideChain>(
        &mut self,
        side: &S,
        tip: &Tip,
        due: Due,
        now: u64,
    ) -> Result<Option<u64>, SubmitError> {
        let instant = Instant::now();
        let known = self.since.filter(|(of, _)| *of == due).map_or(instant, |(_, since)| since);
        self.since = Some((due, known));
        let members = views::epoch(side).await?.members;
        let key = keccak256((U256::from(self.config.root_id), tip.validators_hash, tip.height).abi_encode());
        let rank = leader::rank(key, &members, self.config.own);
        let wait = leader::wait(rank, self.config.takeover);
        // Block time, which all see alike; ours if no blocks come.
        let waited = Duration::from_secs(now.saturating_sub(due.since)).max(instant.saturating_duration_since(known));
        Ok((waited < wait).then_some(rank))
    }

    /// Sends the parts that are missing, and the checkpoint itself once they are there.
    async fn send<R: RootChain>(
        &mut self,
        root: &R,
        checkpoint: &ReadyCheckpoint,
        fee: &FeePolicy,
    ) -> Result<(), SubmitError> {
        let most = self.book().data().most_signatures.unwrap_or(self.config.most_signatures);
        let prefix = format!("{COLLECT}/{}/", checkpoint.height);
        let collects_wait = self
            .book()
            .data()
            .open
            .iter()
            .any(|(key, entry)| key.starts_with(&prefix) && matches!(entry.stage, Stage::Prepared | Stage::Sent));
        let collected = self.collected(root, checkpoint).await?;
        let Some(parts) = checkpoint.parts(collected, most) else {
            let why = format!("block {} has too few signatures", checkpoint.height);
            return Err(SideError::Contradiction(why).into());
        };
        if collects_wait && !parts.collects.is_empty() {
            return Ok(());
        }
        self.sender.book_mut().change(|data| data.pinned = Some(checkpoint.height))?;
        let certificate = |part: &crate::checkpoint::Part| Manager::Certificate {
            round: checkpoint.round,
            validators: checkpoint.validators.clone(),
            signers: part.signers,
            signatures: part.signatures.clone(),
        };
        if parts.collects.is_empty() {
            let call = Manager::submitCall {
                header: checkpoint.header.clone(),
                certificate: certificate(&parts.submit),
                nextValidatorsHash: checkpoint.next_validators_hash,
                exitRoot_: checkpoint.exit_root,
            };
            let key = format!("{CHECKPOINT}/{}", checkpoint.height);
            self.sender.begin(root, Intent::call(key, self.config.checkpoints, call.abi_encode()), fee).await?;
            return Ok(());
        }
        for part in &parts.collects {
            let call = Manager::collectCall {
                height: checkpoint.height,
                blockHash: checkpoint.block_hash,
                certificate: certificate(part),
            };
            let key = format!("{prefix}{}/{:x}", checkpoint.round, part.signers);
            self.sender.begin(root, Intent::call(key, self.config.checkpoints, call.abi_encode()), fee).await?;
        }
        Ok(())
    }
}

/// First word of the keys of checkpoints.
const CHECKPOINT: &str = "checkpoint";
/// First word of the keys of signatures brought before a checkpoint.
const COLLECT: &str = "collect";

fn height_of(key: &str, kind: &str) -> Option<u64> {
    let mut words = key.split('/');
    if words.next() != Some(kind) {
        return None;
    }
    words.next()?.parse().ok()
}

fn blocked_by(error: &RootError) -> Option<Blocked> {
    match error {
        RootError::AboveCeiling { .. } => Some(Blocked::Fees(error.to_string())),
        RootError::Unfunded { .. } => Some(Blocked::Unfunded(error.to_string())),
        RootError::Reverted { .. } => Some(Blocked::Refused(error.to_string())),
        _ => None,
    }
}

/// Whether it was refused because another checkpoint is there already.
fn is_first(error: &RootError) -> bool {
    let selectors = [Manager::HeightNotGrowing::SELECTOR, Manager::WrongSet::SELECTOR];
    matches!(error, RootError::Reverted { revert, .. } if selectors.iter().any(|selector| revert.data.starts_with(selector)))
}
