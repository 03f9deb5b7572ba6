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

/// Time between blocks. Unit: milliseconds.
pub(super) const SLOT: u64 = 3_000;
/// First block's time. Unit: milliseconds.
pub(super) const START: u64 = 1_700_000_000_000;
/// Blocks between the newest and the last final one.
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

impl World {
    pub(super) fn id(&self) -> RootChainId {
        RootChainId { kind: self.kind, chain_id: 7 }
    }

    pub(super) fn newest(&self) -> &State {
        &self.blocks.last().unwrap().after
    }

    fn newest_mut(&mut self) -> &mut State {
        &mut self.blocks.last_mut().unwrap().after
    }

    fn final_block(&self) -> &Block {
        &self.blocks[(self.blocks.len() - 1).saturating_sub(LAG as usize)]
    }

    pub(super) fn of() -> RecordsOf {
        RecordsOf { side_chain_id: SIDE, root_id: ROOT_ID, bridge: BRIDGE }
    }

    pub(super) fn head(&self) -> u64 {
        self.blocks.len() as u64 - 1
    }

    /// A block with what waits and with `logs`.
    fn mine(&mut self, logs: Vec<RootLog>) {
        let last = self.blocks.last().unwrap();
        let time = last.reference.time + SLOT;
        let number = last.reference.number + 1;
        let id = keccak256((last.reference.id, U256::from(number), U256::from(self.pool.len())).abi_encode());
        let state = last.after.clone();
        let block = Block { reference: BlockRef { number, id, time }, logs, after: state, transactions: vec![] };
        self.blocks.push(block);
        for sent in std::mem::take(&mut self.pool) {
            match sent.slot {
                Slot::Expires(at) if at <= time - SLOT => continue,
                Slot::Nonce(nonce) if nonce > self.nonce(sent.from) => {
                    self.pool.push(sent);
                    continue;
                }
                Slot::Nonce(nonce) if nonce < self.nonce(sent.from) => continue,
                _ => {}
            }
            if self.newest().done.contains_key(&sent.id) {
                continue;
            }
            let ending = self.execute(&sent.intent, time);
            self.executed.push((sent.from, sent.intent.key.clone(), ending.clone()));
            let state = self.newest_mut();
            state.done.insert(sent.id, ending);
            *state.nonces.entry(sent.from).or_default() += 1;
            self.blocks.last_mut().unwrap().transactions.push(sent);
        }
    }

    fn nonce(&self, account: Address) -> u64 {
        self.newest().nonces.get(&account).copied().unwrap_or_default()
    }

    fn execute(&mut self, intent: &Intent, time: u64) -> Ending {
        if !self.faults.endings.is_empty() {
            return self.faults.endings.remove(0);
        }
        let Action::Call { data, .. } = &intent.action else { panic!("a deployment") };
        if let (Some(most), Some(count)) = (self.faults.most_signatures, signatures(data))
            && count > most
        {
            return Ending::OutOfTime;
        }
        let mut state = self.newest().clone();
        match call(&mut state, data, time) {
            Ok(_) => {
                *self.newest_mut() = state;
                Ending::Done
            }
            Err(revert) => Ending::Reverted(revert.reason),
        }
    }

    /// The next record, in a block of its own.
    fn record(&mut self, record: Record) {
        let nonce = self.newest().records;
        self.chain = link(self.chain, record.hash(&Self::of(), nonce));
        let data = match &record {
            Record::Deposit(deposit) => IRootBridge::Deposited {
                nonce,
                token: deposit.token,
                to: deposit.to,
                from: deposit.from,
                amount: deposit.amount,
                chainHash: self.chain,
            }
            .encode_log_data(),
            Record::Metadata(names) => {
                let topics = vec![
                    IRootBridge::MetadataSynced::SIGNATURE_HASH,
                    U256::from(nonce).into(),
                    names.token.into_word(),
                ];
                let body = (names.name.clone(), names.symbol.clone(), U256::from(names.decimals), self.chain);
                alloy_primitives::LogData::new(topics, body.abi_encode_params().into()).unwrap()
            }
        };
        let block = self.head() + 1;
        let log = RootLog { block, transaction: keccak256(nonce.to_be_bytes()), index: 0, address: BRIDGE, data };
        self.mine(vec![log]);
        self.newest_mut().records = nonce + 1;
    }

    /// Takes the last blocks away; what they had waits again, or is lost.
    pub(super) fn reorg(&mut self, blocks: u64, lose: bool) {
        assert!(blocks <= LAG);
        for _ in 0..blocks {
            let block = self.blocks.pop().unwrap();
            if !lose {
                self.pool.extend(block.transactions);
            }
        }
    }

    /// What waits is lost.
    pub(super) fn drop_pool(&mut self) {
        self.pool.clear();
    }

    /// Another id for a block: what no root chain should do once it is final.
    pub(super) fn rewrite(&mut self, number: u64) {
        self.blocks[number as usize].reference.id = B256::repeat_byte(0xee);
    }

    /// Changes what the event of a record says.
    pub(super) fn tamper(&mut self, nonce: u64, amount: u64) {
        for log in self.blocks.iter_mut().flat_map(|block| &mut block.logs) {
            let Ok(mut event) = IRootBridge::Deposited::decode_log_data(&log.data) else { continue };
            if event.nonce == nonce {
                event.amount = U256::from(amount);
                log.data = event.encode_log_data();
            }
        }
    }

    /// Empty blocks as if `seconds` went by.
    pub(super) fn wait(&mut self, seconds: u64) {
        self.mine(vec![]);
        for _ in 0..=LAG {
            self.mine(vec![]);
        }
        let shift = seconds * 1_000;
        let from = self.blocks.len() - 1 - LAG as usize;
        self.blocks[from..].iter_mut().for_each(|block| block.reference.time += shift);
    }

    /// One node's answer.
    fn broadcast(&mut self, attempt: &Attempt) -> BroadcastVerdict {
        let world = self;
        if world.faults.silent {
            return BroadcastVerdict::RetrySame("silent".into());
        }
        let verdict =
            if world.faults.verdicts.is_empty() { BroadcastVerdict::Accepted } else { world.faults.verdicts.remove(0) };
        if !matches!(verdict, BroadcastVerdict::Accepted | BroadcastVerdict::Rebuild(_)) {
            return verdict;
        }
        if world.faults.forget > 0 {
            world.faults.forget -= 1;
            return verdict;
        }
        let id = attempt.version.id;
        let final_state = &world.final_block().after;
        let final_time = world.final_block().reference.time;
        for (other, from, slot, key) in &world.seen {
            let is_over = match slot {
                Slot::Expires(at) => *at <= final_time,
                // Another version of this attempt, or something else that is final has used its nonce up.
                Slot::Nonce(nonce) => *slot == attempt.slot || final_state.nonces.get(from) > Some(nonce),
            };
            let is_other = *other != id && (from, key) == (&attempt.from, &attempt.intent);
            assert!(!is_other || is_over || final_state.done.contains_key(other), "two live attempts of {key}");
        }
        if world.seen.iter().all(|(other, ..)| *other != id) {
            world.seen.push((id, attempt.from, attempt.slot, attempt.intent.clone()));
        }
        if world.newest().done.contains_key(&id) || world.pool.iter().any(|sent| sent.id == id) {
            return BroadcastVerdict::Known;
        }
        let (from, slot, intent, _): (Address, Slot, Intent, usize) =
            serde_json::from_slice(&attempt.version.bytes).unwrap();
        assert_eq!((from, slot, &intent.key), (attempt.from, attempt.slot, &attempt.intent));
        world.pool.push(Sent { id, from, slot, intent });
        verdict
    }

    fn logs(&self, from: u64, to: u64, filter: &LogFilter, hidden: &BTreeSet<u64>) -> Vec<RootLog> {
        let blocks = self.blocks.iter().filter(|block| (from..=to).contains(&block.reference.number));
        let logs = blocks.flat_map(|block| &block.logs).filter(|log| filter.matches(log.address, &log.data));
        let nonce = |log: &RootLog| U256::from_be_bytes(log.data.topics()[1].0).to::<u64>();
        logs.filter(|log| !hidden.contains(&nonce(log))).cloned().collect()
    }

    fn not_final(&self, asked: u64) -> Result<(), RootError> {
        let head = self.final_block().reference.number;
        if asked > head { Err(RootError::NotFinal { root: self.id(), asked, head }) } else { Ok(()) }
    }
}

fn revert<E: SolError>(error: E) -> Revert {
    Revert { data: error.abi_encode().into(), reason: E::SIGNATURE.to_owned() }
}

fn signatures(data: &[u8]) -> Option<u32> {
    let certificate = match Manager::submitCall::abi_decode(data) {
        Ok(call) => call.certificate,
        Err(_) => Manager::collectCall::abi_decode(data).ok()?.certificate,
    };
    u32::try_from(certificate.signatures.len() / 65).ok()
}

/// What the contracts do.
fn call(state: &mut State, data: &[u8], time: u64) -> Result<Bytes, Revert> {
    let selector: [u8; 4] = data[..4].try_into().unwrap();
    let (trusted, height, tip_time) = state.tip;
    let tip = Manager::Tip { validatorsHash: trusted, height, time: tip_time };
    match selector {
        IRootBridge::recordCountCall::SELECTOR => Ok(U256::from(state.records).abi_encode().into()),
        IRootBridge::pausedUntilCall::SELECTOR => Ok(U256::ZERO.abi_encode().into()),
        IRootBridge::rootIdCall::SELECTOR => Ok(U256::from(ROOT_ID).abi_encode().into()),
        IRootBridge::checkpointsCall::SELECTOR => Ok(MANAGER.abi_encode().into()),
        Manager::sideChainIdCall::SELECTOR => Ok(U256::from(SIDE).abi_encode().into()),
        Manager::maxAgeCall::SELECTOR => Ok(U256::from(STOP_AGE).abi_encode().into()),
        Manager::activeTipCall::SELECTOR => Ok(tip.abi_encode().into()),
        Manager::collectedCall::SELECTOR => {
            let call = Manager::collectedCall::abi_decode(data).unwrap();
            Ok(state.collected.get(&call.blockHash).copied().unwrap_or_default().abi_encode().into())
        }
        Manager::collectCall::SELECTOR => {
            let call = Manager::collectCall::abi_decode(data).unwrap();
            if call.height <= height {
                return Err(revert(Manager::HeightNotGrowing { got: call.height, last: height }));
            }
            check_set(&call.certificate, trusted)?;
            *state.collected.entry(call.blockHash).or_default() |= call.certificate.signers;
            Ok(Bytes::new())
        }
        Manager::submitCall::SELECTOR => {
            let call = Manager::submitCall::abi_decode(data).unwrap();
            let header = <alloy_consensus::Header as alloy_rlp::Decodable>::decode(&mut call.header.as_ref()).unwrap();
            if time / 1_000 > tip_time + STOP_AGE {
                return Err(revert(Manager::Stopped { age: U256::ZERO, maxAge: STOP_AGE }));
            }
            if header.number <= height {
                return Err(revert(Manager::HeightNotGrowing { got: header.number, last: height }));
            }
            let outputs = keccak256((call.nextValidatorsHash, call.exitRoot_).abi_encode());
            assert_eq!(outputs.as_slice(), header.extra_data.as_ref());
            check_set(&call.certificate, trusted)?;
            let hash = keccak256(&call.header);
            let signers = call.certificate.signers | state.collected.remove(&hash).unwrap_or_default();
            let powers: Vec<u64> = call
                .certificate
                .validators
                .chunks_exact(28)
                .map(|member| u64::from_be_bytes(member[20..].try_into().unwrap()))
                .collect();
            let total: u64 = powers.iter().sum();
            let signed: u64 =
                powers.iter().enumerate().filter(|(at, _)| signers.bit(*at)).map(|(_, power)| power).sum();
            if signed * 3 <= total * 2 {
                let error = Manager::TooLittlePower { signed: U256::from(signed), total: U256::from(total) };
                return Err(revert(error));
            }
            state.tip = (call.nextValidatorsHash, header.number, header.timestamp);
            Ok(Bytes::new())
        }
        other => panic!("the relayer calls {other:?}"),
    }
}

fn check_set(certificate: &Manager::Certificate, trusted: B256) -> Result<(), Revert> {
    assert_eq!(certificate.signatures.len(), certificate.signers.count_ones() * 65);
    let got = keccak256(&certificate.validators);
    if got == trusted { Ok(()) } else { Err(revert(Manager::WrongSet { got, trusted })) }
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
