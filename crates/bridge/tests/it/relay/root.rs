//! A root chain in memory: blocks, a bridge's events, a manager with its rules, transactions as on TRON (expiry) or Ethereum (nonce), and faults.

use super::{BRIDGE, MANAGER, ROOT_ID, SIDE, STOP_AGE};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolError, SolEvent, SolValue};
use bttc_bridge::{
    records::{Deposit, Metadata, Record, RecordsOf, link},
    root::{
        Action, Attempt, AttemptStatus, BlockRef, BroadcastVerdict, Call, Ending, Expected, FeePolicy, Funds, Intent,
        LogFilter, Revert, RootChain, RootChainId, RootError, RootKind, RootLog, SeenTransaction, Simulation, Slot,
        Version, VersionFee,
    },
};
use bttc_contracts::root::{ICheckpointManager as Manager, IRootBridge};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};

mod contracts;
mod world;

use contracts::call;

/// Time between blocks. Unit: milliseconds.
pub(super) const SLOT: u64 = 3_000;
/// First block's time. Unit: milliseconds.
pub(super) const START: u64 = 1_700_000_000_000;
/// A block is final with as many after it, and stays final whatever is reverted.
const LAG: u64 = 4;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) tip: (B256, u64, u64),
    pub(super) collected: BTreeMap<B256, U256>,
    pub(super) done: BTreeMap<B256, Ending>,
    pub(super) nonces: BTreeMap<Address, u64>,
    pub(super) records: u64,
}

struct Block {
    reference: BlockRef,
    logs: Vec<RootLog>,
    after: State,
    transactions: Vec<Sent>,
}

#[derive(Clone)]
pub(super) struct Sent {
    id: B256,
    from: Address,
    slot: Slot,
    intent: Intent,
}

/// What goes wrong.
#[derive(Default)]
pub(super) struct Faults {
    /// Nonces that the index of logs does not have.
    pub(super) holes: BTreeSet<u64>,
    /// Nonces that the receipts do not have either.
    pub(super) deep_holes: BTreeSet<u64>,
    /// Nobody answers.
    pub(super) silent: bool,
    /// Verdicts of the next broadcasts; the transaction is taken only by `Accepted` and `Rebuild`.
    pub(super) verdicts: Vec<BroadcastVerdict>,
    /// Transactions are accepted and forgotten, as often as this.
    pub(super) forget: u32,
    /// Endings of the next transactions, instead of what they do.
    pub(super) endings: Vec<Ending>,
    /// Transactions with more signatures take too long.
    pub(super) most_signatures: Option<u32>,
    /// What an attempt costs.
    pub(super) cost: u64,
    /// Code hash of the bridge is another.
    pub(super) other_code: bool,
}

pub(super) struct World {
    kind: RootKind,
    blocks: Vec<Block>,
    /// The last final block's index.
    last_final: usize,
    pool: Vec<Sent>,
    chain: B256,
    pub(super) faults: Faults,
    /// Attempts prepared, by sender.
    pub(super) prepared: Vec<(Address, String)>,
    /// Transactions that a block has, by sender, with their endings.
    pub(super) executed: Vec<(Address, String, Ending)>,
    /// What was broadcast at least once.
    pub(super) seen: Vec<(B256, Address, Slot, String)>,
    asked: u64,
}

/// One relayer's way to the world.
#[derive(Clone)]
pub(super) struct FakeRoot {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) account: Option<Address>,
    /// After as many questions the relayer is killed: its future never goes on.
    pub(super) life: Option<Arc<AtomicI64>>,
}

impl FakeRoot {
    /// A root chain whose manager trusts `trusted` from height 0 on.
    pub(super) fn new(kind: RootKind, trusted: B256) -> Self {
        let state = State {
            tip: (trusted, 0, START / 1_000),
            collected: BTreeMap::new(),
            done: BTreeMap::new(),
            nonces: BTreeMap::new(),
            records: 0,
        };
        let reference = BlockRef { number: 0, id: keccak256("genesis"), time: START };
        let world = World {
            kind,
            blocks: vec![Block { reference, logs: vec![], after: state, transactions: vec![] }],
            last_final: 0,
            pool: vec![],
            chain: B256::ZERO,
            faults: Faults { cost: 1_000, ..Faults::default() },
            prepared: vec![],
            executed: vec![],
            seen: vec![],
            asked: 0,
        };
        Self { world: Arc::new(Mutex::new(world)), account: Some(Address::repeat_byte(0xaa)), life: None }
    }

    /// The same chain for another sender.
    pub(super) fn for_account(&self, byte: u8) -> Self {
        Self { world: self.world.clone(), account: Some(Address::repeat_byte(byte)), life: None }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(super) fn mine(&self, count: u64) {
        (0..count).for_each(|_| self.world().mine(vec![]));
    }

    pub(super) fn deposit(&self, amount: u64) {
        let [token, from, to] = [0x70, 0xf0, 0x10].map(Address::repeat_byte);
        self.world().record(Record::Deposit(Deposit { token, from, to, amount: U256::from(amount) }));
    }

    pub(super) fn names(&self, name: &'static [u8]) {
        let metadata = Metadata {
            token: Address::repeat_byte(0x70),
            name: Bytes::from_static(name),
            symbol: Bytes::from_static(b"S"),
            decimals: 6,
        };
        self.world().record(Record::Metadata(metadata));
    }

    /// Attempts prepared, and transactions in blocks.
    pub(super) fn counts(&self) -> (usize, usize) {
        let world = self.world();
        (world.prepared.len(), world.executed.len())
    }

    pub(super) fn tip_height(&self) -> u64 {
        self.world().newest().tip.1
    }

    async fn breathe(&self) {
        if let Some(life) = &self.life
            && life.fetch_sub(1, Ordering::Relaxed) <= 0
        {
            std::future::pending::<()>().await;
        }
    }

    async fn answer<T>(&self, answer: impl FnOnce(&mut World) -> Result<T, RootError>) -> Result<T, RootError> {
        self.breathe().await;
        let mut world = self.world();
        world.asked += 1;
        if world.faults.silent {
            return Err(RootError::Unavailable {
                root: world.id(),
                what: "anything".into(),
                answered: 0,
                needed: 1,
                why: "silent".into(),
            });
        }
        answer(&mut world)
    }
}

impl RootChain for FakeRoot {
    fn id(&self) -> RootChainId {
        self.world().id()
    }

    fn account(&self) -> Option<Address> {
        self.account
    }

    async fn check(&self, expected: &Expected) -> Result<(), RootError> {
        self.answer(|world| {
            assert_eq!(expected.contracts.len(), 2);
            if !world.faults.other_code {
                return Ok(());
            }
            Err(RootError::WrongCode {
                root: world.id(),
                name: "RootBridge",
                address: BRIDGE,
                got: B256::ZERO,
                expected: "another".into(),
            })
        })
        .await
    }

    async fn final_head(&self) -> Result<BlockRef, RootError> {
        self.answer(|world| Ok(world.final_block().reference)).await
    }

    async fn newest_head(&self) -> Result<BlockRef, RootError> {
        self.answer(|world| Ok(world.blocks.last().unwrap().reference)).await
    }

    async fn final_block(&self, number: u64) -> Result<BlockRef, RootError> {
        self.answer(|world| {
            world.not_final(number)?;
            Ok(world.blocks[number as usize].reference)
        })
        .await
    }

    async fn final_logs(&self, from: u64, to: u64, filter: &LogFilter) -> Result<Vec<RootLog>, RootError> {
        self.answer(|world| {
            world.not_final(to)?;
            let hidden = world.faults.holes.union(&world.faults.deep_holes).copied().collect();
            Ok(world.logs(from, to, filter, &hidden))
        })
        .await
    }

    async fn audit_logs(&self, from: u64, to: u64, filter: &LogFilter) -> Result<Vec<RootLog>, RootError> {
        self.answer(|world| {
            world.not_final(to)?;
            Ok(world.logs(from, to, filter, &world.faults.deep_holes))
        })
        .await
    }

    async fn final_call(&self, to: Address, data: Bytes) -> Result<Bytes, RootError> {
        self.answer(|world| {
            let block = world.final_block();
            let result = call(&mut block.after.clone(), &data, block.reference.time);
            result.map_err(|revert| RootError::Reverted { root: world.id(), to: to.to_string(), revert })
        })
        .await
    }

    async fn simulate(&self, asked: &Call) -> Result<Simulation, RootError> {
        self.answer(|world| {
            let time = world.blocks.last().unwrap().reference.time;
            let result = call(&mut world.newest().clone(), &asked.data, time);
            Ok(Simulation { result, gas: 1, cost: U256::from(1) })
        })
        .await
    }

    async fn funds(&self, fee: &FeePolicy) -> Result<Funds, RootError> {
        self.answer(|_| {
            let account = self.account.unwrap();
            Ok(Funds { account, balance: U256::from(1_000_000), least: fee.ceiling })
        })
        .await
    }

    async fn transaction(&self, _: B256) -> Result<Option<SeenTransaction>, RootError> {
        panic!("the relayer does not ask for it")
    }

    async fn prepare(&self, intent: &Intent, fee: &FeePolicy, live: &[Attempt]) -> Result<Attempt, RootError> {
        self.answer(|world| {
            let from = self.account.unwrap();
            let Action::Call { to, data, .. } = &intent.action else { panic!("a deployment") };
            let time = world.blocks.last().unwrap().reference.time;
            call(&mut world.newest().clone(), data, time).map_err(|revert| RootError::Reverted {
                root: world.id(),
                to: to.to_string(),
                revert,
            })?;
            let needs = U256::from(world.faults.cost);
            if needs > fee.ceiling {
                return Err(RootError::AboveCeiling { root: world.id(), needs, ceiling: fee.ceiling });
            }
            assert!(live.iter().all(|live| live.intent != intent.key), "two live attempts of {}", intent.key);
            let slot = match world.kind {
                RootKind::Tron => Slot::Expires(time + fee.lifetime.as_millis() as u64),
                RootKind::Ethereum => {
                    let next = live.iter().filter_map(|live| match live.slot {
                        Slot::Nonce(nonce) => Some(nonce + 1),
                        Slot::Expires(_) => None,
                    });
                    Slot::Nonce(next.max().unwrap_or_default().max(world.nonce(from)))
                }
            };
            world.prepared.push((from, intent.key.clone()));
            let bytes = serde_json::to_vec(&(from, &slot, intent, world.prepared.len())).unwrap();
            let fee = VersionFee::Limit { fee_limit: world.faults.cost, bandwidth: 0 };
            Ok(Attempt {
                root: world.id(),
                intent: intent.key.clone(),
                from,
                slot,
                version: Version { id: keccak256(&bytes), bytes: bytes.into(), fee },
                earlier: vec![],
                creates: None,
            })
        })
        .await
    }

    async fn bump(&self, attempt: &Attempt, _: &FeePolicy) -> Result<Option<Attempt>, RootError> {
        self.answer(|_| {
            let mut next = attempt.clone();
            let (from, slot, intent, number): (Address, Slot, Intent, usize) =
                serde_json::from_slice(&attempt.version.bytes).unwrap();
            let bytes = serde_json::to_vec(&(from, slot, intent, number + 1_000_000)).unwrap();
            let version = Version { id: keccak256(&bytes), bytes: bytes.into(), fee: attempt.version.fee };
            next.earlier.push(std::mem::replace(&mut next.version, version));
            Ok(Some(next))
        })
        .await
    }

    async fn broadcast(&self, attempt: &Attempt) -> BroadcastVerdict {
        self.breathe().await;
        let verdict = self.world().broadcast(attempt);
        self.breathe().await;
        verdict
    }

    async fn status(&self, attempt: &Attempt) -> Result<AttemptStatus, RootError> {
        self.answer(|world| {
            let last = world.final_block();
            for version in attempt.versions() {
                if let Some(ending) = last.after.done.get(&version.id) {
                    let fee = U256::from(world.faults.cost);
                    let (id, block) = (version.id, last.reference.number);
                    return Ok(AttemptStatus::Final { id, block, ending: ending.clone(), fee });
                }
                if world.newest().done.contains_key(&version.id) {
                    return Ok(AttemptStatus::Included { block: world.head() });
                }
            }
            match attempt.slot {
                Slot::Expires(at) if last.reference.time >= at => Ok(AttemptStatus::Dead { why: "expired".into() }),
                _ => Ok(AttemptStatus::Unknown),
            }
        })
        .await
    }
}
