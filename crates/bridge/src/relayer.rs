//! The relayer: for each root chain one loop that brings deposits here and one that brings checkpoints there.
//!
//! The loops share nothing but our accounts and the [`Status`], so that one that stands still stops no other. All that a loop needs to go on after
//! a crash is on the chains and in two files of its root chain: what was read (`<root id>/records`), and what was sent (`<root id>/intents`).
//!
//! ```text
//!   root chain -> inbound:  watch -> attest -> execute        -> our chain
//!   our chain  -> outbound: policy -> checkpoint -> intents   -> root chain
//! ```

use crate::{
    attest::Attester,
    config::{BridgeConfig, EndpointConfig, RootConfig},
    execute::Executor,
    files::{FolderLock, StoreError},
    inbound::{Accounts, Contracts, Inbound},
    intents::{Book, days_left},
    limits, metrics,
    policy::PolicyKind,
    records::RecordsOf,
    root::{
        Agreement, Ethereum, EthereumConfig, FeePolicy, Finality, KeyError, RootChain, RootError, RootKind, Tron,
        TronConfig, TronEndpoint, open_key,
    },
    side::{
        SideChain,
        account::{SideAccount, SideSigner},
    },
    status::{IntentStatus, OutgoingStatus, RootStatus, Status},
    submit::{Blocked, Outgoing, Submitter, SubmitterConfig},
    view::{Facts, RelayView, RootFacts},
    watch::Watcher,
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use bttc_contracts::root::IRootBridge;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

/// How long a transaction of ours is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest time between two tries while nothing works.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Time between two looks at balances.
const BALANCES: Duration = Duration::from_secs(60);
/// The same in looks at a root chain, where these follow each other more quickly than usual.
const BALANCE_POLLS: u32 = 20;
/// Below as many days of fees there is an alarm.
const FEW_DAYS: u64 = 7;
/// Below this balance here the log warns: the largest call that carries out deposits wants 302 BTT at the least base fee. Unit: wei.
const LEAST_HERE: u128 = 400_000_000_000_000_000_000;

/// Keys of ours on this chain.
#[derive(Clone, Default)]
pub struct SideKeys {
    /// The consensus key, which votes; none if this is no validator.
    pub consensus: Option<Arc<dyn SideSigner>>,
    /// The key that pays for carrying out deposits. None: the consensus key.
    pub payer: Option<Arc<dyn SideSigner>>,
}

/// Why a root chain cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Its key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Its configuration.
    #[error(transparent)]
    Root(#[from] RootError),
    /// Its files.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Loop = BoxFuture<'static, ()>;

/// The relayer, before it runs.
pub struct Relayer<S> {
    side: Arc<S>,
    side_chain_id: u64,
    folder: PathBuf,
    takeover: Duration,
    patience: Duration,
    own: Option<Address>,
    accounts: Accounts,
    status: watch::Sender<Status>,
    loops: Vec<Loop>,
    views: BTreeMap<u8, Arc<dyn Facts>>,
    shutdown: CancellationToken,
    _lock: FolderLock,
}

impl<S: SideChain> Relayer<S> {
    /// A relayer of the chain `side_chain_id` behind `side`, that keeps its files in `config.path`, which it holds locked.
    ///
    /// Errors: the folder is in use, or cannot be made.
    pub fn new(
        config: &BridgeConfig,
        side: S,
        side_chain_id: u64,
        keys: SideKeys,
    ) -> Result<(Self, watch::Receiver<Status>), StoreError> {
        let lock = FolderLock::take(&config.path)?;
        metrics::describe();
        let account =
            |signer: Arc<dyn SideSigner>| Arc::new(Mutex::new(SideAccount::new(signer, side_chain_id, PATIENCE)));
        let own = keys.consensus.as_ref().map(|signer| signer.address());
        let voter = keys.consensus.map(account);
        // One account of one key, so that two of them never use one nonce.
        let payer = match keys.payer {
            Some(payer) if Some(payer.address()) != own => Some(account(payer)),
            _ => voter.clone(),
        };
        let (status, seen) = watch::channel(Status::default());
        let relayer = Self {
            side: Arc::new(side),
            side_chain_id,
            folder: config.path.clone(),
            takeover: config.takeover,
            patience: config.patience,
            own,
            accounts: Accounts { voter, payer },
            status,
            loops: Vec::new(),
            views: BTreeMap::new(),
            shutdown: CancellationToken::new(),
            _lock: lock,
        };
        Ok((relayer, seen))
    }

    /// Adds a root chain.
    ///
    /// Errors: its files cannot be read. The others can run without it; whoever calls tells the operator.
    pub fn add<R: RootChain>(&mut self, config: &RootConfig, root: R) -> Result<(), StoreError> {
        let folder = self.folder.join(config.root_id.to_string());
        std::fs::create_dir_all(&folder).map_err(|source| StoreError::Io {
            doing: "make",
            path: folder.clone(),
            source,
        })?;
        let of = RecordsOf { side_chain_id: self.side_chain_id, root_id: config.root_id, bridge: config.bridge };
        let watcher = Watcher::open(folder.join("records"), of, config.from_block)?;
        let book = Book::open(folder.join("intents"), root.id())?;
        let own = self.own;
        let attester = own.map(|own| Attester::new(config.root_id, own, self.takeover, self.patience));
        let executor = Executor::new(config.root_id, own, self.takeover);
        let contracts = Contracts {
            root_id: config.root_id,
            root_chain_id: config.chain_id,
            side_chain_id: self.side_chain_id,
            bridge: config.bridge,
            checkpoints: config.checkpoints,
        };
        let inbound = Inbound::new(contracts, watcher, attester, executor, self.accounts.clone());
        let fee = FeePolicy { ceiling: config.fee_ceiling, lifetime: config.lifetime };
        let submitter = Submitter::new(
            SubmitterConfig {
                root_id: config.root_id,
                checkpoints: config.checkpoints,
                policy: config.policy.clone(),
                takeover: config.takeover,
                most_signatures: config.most_signatures(),
                pressing_fee: FeePolicy { ceiling: config.pressing_fee_ceiling(), ..fee.clone() },
                fee,
                own,
            },
            book,
        );
        let root_id = config.root_id;
        let id = root.id();
        self.status.send_modify(|status| {
            status.roots.insert(root_id, RootStatus { root: Some(id), ..RootStatus::default() });
        });
        let root = Arc::new(root);
        self.views.insert(root_id, Arc::new(RootFacts::new(root.clone(), self.side.clone(), config)));
        let shared = Shared {
            side: self.side.clone(),
            status: self.status.clone(),
            root_id,
            poll: config.poll,
            shutdown: self.shutdown.clone(),
        };
        self.loops.push(bring_deposits(shared.clone(), root.clone(), inbound).boxed());
        let sends = config.policy.kind != PolicyKind::Off;
        self.loops.push(bring_checkpoints(shared, root, config.bridge, submitter, sends).boxed());
        Ok(())
    }

    /// Adds a root chain as it is configured, with its key. Decrypting that takes a second. Nothing is asked yet.
    ///
    /// Errors: what is wrong with the configuration, the key or the files. The others can run without it.
    pub fn connect(&mut self, config: &RootConfig) -> Result<(), ConnectError> {
        let key = match (&config.key, &config.password_file) {
            (Some(key), Some(password)) => Some(open_key(key, password)?),
            _ => None,
        };
        let agreement = Agreement { agree: config.agree, ..Agreement::default() };
        match config.kind {
            RootKind::Ethereum => {
                let endpoints = config.endpoints.iter().map(|endpoint| endpoint.url.clone()).collect();
                let finality = config.final_depth.map_or(Finality::Finalized, Finality::Depth);
                let chain_id = config.chain_id;
                self.add(config, Ethereum::new(EthereumConfig { chain_id, endpoints, agreement, finality }, key)?)?;
            }
            RootKind::Tron => {
                let endpoint = |endpoint: &EndpointConfig| {
                    let full = endpoint.url.trim_end_matches('/').to_owned();
                    TronEndpoint {
                        solid: endpoint.solid.clone().unwrap_or_else(|| full.clone()),
                        json_rpc: endpoint.json_rpc.clone().unwrap_or_else(|| format!("{full}/jsonrpc")),
                        full,
                    }
                };
                let tron = TronConfig {
                    chain_id: config.chain_id,
                    endpoints: config.endpoints.iter().map(endpoint).collect(),
                    agreement,
                    account: config.account,
                    permission: config.permission,
                };
                self.add(config, Tron::new(tron, key)?)?;
            }
        }
        Ok(())
    }

    /// What this relayer can tell of the root chains that were added so far, for the RPC.
    pub fn view(&self) -> RelayView {
        RelayView::new(self.status.subscribe(), self.views.clone())
    }

    /// Runs until `shutdown`. What fails is tried again, and shown in the status.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { side, accounts, status, loops, shutdown: inner, _lock: lock, .. } = self;
        let balances = watch_balances(side, accounts, status, inner.clone()).boxed();
        let mut loops: FuturesUnordered<Loop> = loops.into_iter().chain([balances]).collect();
        let all = async { while loops.next().await.is_some() {} };
        tokio::select! {
            () = all => {}
            () = shutdown.cancelled() => inner.cancel(),
        }
        // Nothing that was kept needs the loops to end in order: they may be dropped at any await.
        drop(loops);
        drop(lock);
    }
}

/// What the loops of a root chain share.
struct Shared<S> {
    side: Arc<S>,
    status: watch::Sender<Status>,
    root_id: u8,
    poll: Duration,
    shutdown: CancellationToken,
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self {
            side: self.side.clone(),
            status: self.status.clone(),
            root_id: self.root_id,
            poll: self.poll,
            shutdown: self.shutdown.clone(),
        }
    }
}

impl<S> Shared<S> {
    fn current(&self) -> RootStatus {
        self.status.borrow().roots.get(&self.root_id).cloned().unwrap_or_default()
    }

    fn change(&self, change: impl FnOnce(&mut RootStatus)) {
        self.status.send_modify(|status| {
            change(status.roots.entry(self.root_id).or_default());
            metrics::show(status);
        });
    }

    /// Waits for the next round; longer with each that failed. Answers whether to stop.
    async fn pause(&self, failures: u32) -> bool {
        let pause = self.poll.saturating_mul(1u32.checked_shl(failures.min(8)).unwrap_or(u32::MAX));
        pause_for(&self.shutdown, pause.min(LONGEST_PAUSE.max(self.poll))).await
    }
}

async fn pause_for(shutdown: &CancellationToken, pause: Duration) -> bool {
    tokio::select! {
        () = shutdown.cancelled() => true,
        () = sleep(pause) => false,
    }
}

async fn bring_deposits<R: RootChain, S: SideChain>(shared: Shared<S>, root: Arc<R>, mut inbound: Inbound) {
    let mut failures = 0u32;
    loop {
        let mut status = shared.current();
        let more = inbound.round(root.as_ref(), shared.side.as_ref(), &mut status).await;
        let RootStatus { halted, alarms, errors, incoming, .. } = status;
        failures = if errors.is_empty() { 0 } else { failures.saturating_add(1) };
        shared.change(|status| {
            status.halted = halted;
            set(&mut status.alarms, "unregistered", alarms.get("unregistered").cloned());
            for part in ["our chain", "watch", "attest", "execute"] {
                set(&mut status.errors, part, errors.get(part).cloned());
            }
            status.incoming = incoming;
        });
        if !more && shared.pause(failures).await {
            return;
        }
        if shared.shutdown.is_cancelled() {
            return;
        }
    }
}

fn set(map: &mut BTreeMap<&'static str, String>, name: &'static str, value: Option<String>) {
    match value {
        Some(value) => map.insert(name, value),
        None => map.remove(name),
    };
}

/// End of the pause of a root bridge, in final state; none if nobody answers.
async fn paused_until<R: RootChain>(root: &R, bridge: Address) -> Option<u64> {
    let call = IRootBridge::pausedUntilCall {};
    let answer = root.final_call(bridge, call.abi_encode().into()).await.ok()?;
    IRootBridge::pausedUntilCall::abi_decode_returns(&answer).ok()
}

async fn bring_checkpoints<R: RootChain, S: SideChain>(
    shared: Shared<S>,
    root: Arc<R>,
    bridge: Address,
    mut submitter: Submitter,
    sends: bool,
) {
    let mut failures = 0u32;
    let mut funds = None;
    let mut asked: Option<Instant> = None;
    loop {
        let every = BALANCES.min(shared.poll.saturating_mul(BALANCE_POLLS));
        if asked.is_none_or(|asked| asked.elapsed() >= every) {
            asked = Some(Instant::now());
            if sends && root.account().is_some() {
                funds = root.funds(submitter.fee()).await.ok().or(funds);
            }
            if let Some(until) = paused_until(root.as_ref(), bridge).await {
                shared.change(|status| status.paused_until = Some(until));
            }
            let place = (shared.root_id, bridge);
            let limits = limits::read(root.as_ref(), shared.side.as_ref(), place, submitter.tokens()).await;
            shared.change(|status| status.limits = limits);
        }
        match submitter.step(root.as_ref(), shared.side.as_ref()).await {
            Ok(out) => {
                failures = 0;
                shared.change(|status| {
                    status.errors.remove("submit");
                    show_outgoing(status, &submitter, root.account(), funds.as_ref(), out);
                });
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                metrics::error(shared.root_id, "submit");
                tracing::warn!(root = %root.id(), %error, "checkpoints cannot be looked after");
                shared.change(|status| {
                    status.errors.insert("submit", error.to_string());
                });
            }
        }
        if shared.pause(failures).await {
            return;
        }
    }
}

fn show_outgoing(
    status: &mut RootStatus,
    submitter: &Submitter,
    account: Option<Address>,
    funds: Option<&crate::root::Funds>,
    out: Outgoing,
) {
    let book = submitter.book().data();
    let now = status.incoming.final_time.unwrap_or_default();
    let days = funds.and_then(|funds| days_left(funds.balance, &book.paid, now));
    let alarm = (!out.alarms.is_empty()).then(|| out.alarms.join("; "));
    set(&mut status.alarms, "checkpoints", alarm);
    let low = funds.filter(|funds| !funds.suffice() || days.is_some_and(|days| days < FEW_DAYS)).map(|funds| {
        let days = days.map_or(String::new(), |days| format!(", {days} days of fees"));
        format!(
            "the account {} on the root chain has {}{days}; it needs {} for one transaction (in the smallest unit): send it the coin of the root chain",
            funds.account, funds.balance, funds.least
        )
    });
    set(&mut status.alarms, "balance", low);
    let intents = book.open.iter().map(|(key, entry)| IntentStatus {
        key: key.clone(),
        stage: entry.stage.clone(),
        id: entry.attempt.version.id,
        attempts: entry.attempts,
    });
    status.outgoing = Some(OutgoingStatus {
        tip: out.tip.height,
        tip_time: out.tip.time,
        newest: out.newest.height,
        stop_age: out.stop_age,
        exits: out.exits,
        oldest_exit: out.oldest_exit,
        due: out.due.map(|due| (due.why, due.since)),
        blocked: out.blocked.map(|blocked| blocked.to_string()),
        intents: intents.collect(),
        account,
        balance: funds.map(|funds| funds.balance),
        least: funds.map(|funds| funds.least),
        days_left: days,
    });
}

async fn watch_balances<S: SideChain>(
    side: Arc<S>,
    accounts: Accounts,
    status: watch::Sender<Status>,
    shutdown: CancellationToken,
) {
    loop {
        let mut addresses = Vec::new();
        for account in [&accounts.voter, &accounts.payer].into_iter().flatten() {
            addresses.push(account.lock().await.address());
        }
        let head = side.head().await.ok().map(|head| head.height);
        for address in addresses {
            if let Ok(found) = side.account(address).await {
                status.send_modify(|status| {
                    status.accounts.insert(address, found.balance);
                });
                if found.balance < U256::from(LEAST_HERE) {
                    tracing::warn!(account = %address, balance = %found.balance, "the account that votes or carries out deposits here has little left for fees; send it BTT");
                }
            }
        }
        status.send_modify(|status| {
            status.side_head = head.or(status.side_head);
            metrics::show(status);
        });
        if pause_for(&shutdown, BALANCES).await {
            return;
        }
    }
}

impl std::fmt::Display for Blocked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotOurTurn { rank } => write!(f, "{rank} other validators go first"),
            Self::NoKey => f.write_str("this relayer has no key for the root chain (bridge.roots[].key)"),
            Self::Fees(why) | Self::Refused(why) | Self::Unfunded(why) => f.write_str(why),
            Self::Resting { until } => {
                write!(f, "a transaction failed and cost a fee; tried again at {until} (ms, root chain's time)")
            }
            Self::AgeStop => f.write_str("the last checkpoint is too old; only the recovery moves on"),
        }
    }
}
