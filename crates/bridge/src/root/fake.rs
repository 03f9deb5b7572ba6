//! A root chain in memory, for tests: blocks by hand, contracts as a value, and switches for what goes wrong.
//!
//! It keeps the promises of [`RootChain`]: an attempt of the kind of Ethereum owns a nonce, one of the kind of TRON expires, final blocks
//! never change (but with [`Switches::rewrite_final`]), and a view sees the state after the final head.

use super::{
    Action, Attempt, AttemptStatus, BlockRef, BroadcastVerdict, Call, Ending, Expected, FeePolicy, Funds, Intent,
    LogFilter, Revert, RootChain, RootChainId, RootError, RootKind, RootLog, SeenTransaction, Simulation, Slot,
    Version, VersionFee,
};
use alloy_primitives::{Address, B256, Bytes, LogData, U256, keccak256};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Time between blocks. Unit: milliseconds.
pub const BLOCK_TIME: u64 = 3000;

/// The contracts of a fake chain: all that they know is in the value, which is copied for each block.
pub trait Contracts: Clone + Send + Sync + 'static {
    /// What a call without a transaction answers.
    fn view(&self, to: Address, data: &Bytes) -> Result<Bytes, Revert>;

    /// Carries out what a transaction of `from` does; its logs, or how it fails. What failed must have changed nothing.
    fn apply(&mut self, from: Address, action: &Action) -> Result<Vec<(Address, LogData)>, Ending>;
}

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub struct Switches {
    /// Nobody answers: every question fails, every broadcast says [`BroadcastVerdict::RetrySame`].
    pub away: bool,
    /// Accepted transactions wait and never get into a block.
    pub hold: bool,
    /// So many broadcasts are accepted, and the transaction forgotten.
    pub drop_broadcasts: u32,
    /// So many broadcasts are taken, but the answer is lost.
    pub lose_answers: u32,
    /// Answers to the next broadcasts; what is answered so is not taken.
    pub verdicts: VecDeque<BroadcastVerdict>,
    /// How the next transactions end, whatever the contracts say.
    pub endings: VecDeque<Ending>,
    /// Errors of the next [`RootChain::prepare`]s.
    pub prepare_errors: VecDeque<RootError>,
    /// Transactions whose logs the index of logs does not have; audits do.
    pub holes: Vec<B256>,
    /// Ids of final blocks that changed, which must never happen.
    pub rewrite_final: BTreeMap<u64, B256>,
    /// What [`RootChain::check`] answers.
    pub check_error: Option<RootError>,
    /// Price of now, in parts of the ceiling's 100: above 100 nothing can be prepared; what is offered is this.
    pub price_percent: u64,
}

/// A chain. Clones are the same chain.
#[derive(Clone, Debug)]
pub struct FakeRoot<C> {
    id: RootChainId,
    account: Address,
    state: Arc<Mutex<State<C>>>,
}

#[derive(Clone, Debug)]
struct Block<C> {
    reference: BlockRef,
    /// Transactions, and how they ended.
    transactions: Vec<(Sent, Ending)>,
    logs: Vec<RootLog>,
    after: C,
}

#[derive(Clone, Debug)]
struct Sent {
    id: B256,
    from: Address,
    slot: Slot,
    action: Action,
    price: U256,
}

#[derive(Debug)]
struct State<C> {
    blocks: Vec<Block<C>>,
    /// Blocks between the final head and the newest.
    depth: u64,
    /// What was prepared: bytes name it.
    made: BTreeMap<B256, Sent>,
    pool: Vec<Sent>,
    balance: U256,
    switches: Switches,
    broadcasts: Vec<B256>,
    salt: u64,
}

impl<C: Contracts> FakeRoot<C> {
    /// A chain with one block, whose final head is `depth` blocks below the newest.
    pub fn new(id: RootChainId, account: Address, depth: u64, contracts: C) -> Self {
        let reference = BlockRef { number: 0, id: keccak256("genesis"), time: 1_700_000_000_000 };
        let genesis = Block { reference, transactions: Vec::new(), logs: Vec::new(), after: contracts };
        let state = State {
            blocks: vec![genesis],
            depth,
            made: BTreeMap::new(),
            pool: Vec::new(),
            balance: U256::MAX,
            switches: Switches::default(),
            broadcasts: Vec::new(),
            salt: 0,
        };
        Self { id, account, state: Arc::new(Mutex::new(state)) }
    }

    /// The same chain as another account sees it.
    #[must_use]
    pub fn seen_by(&self, account: Address) -> Self {
        Self { account, ..self.clone() }
    }

    /// Changes what goes wrong.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.lock().switches);
    }

    /// Sets what every account has.
    pub fn set_balance(&self, balance: U256) {
        self.lock().balance = balance;
    }

    /// A transaction of somebody else, in the next block.
    pub fn act(&self, from: Address, action: Action) -> B256 {
        let mut state = self.lock();
        state.salt = state.salt.saturating_add(1);
        let id = keccak256(format!("foreign/{}", state.salt));
        state.pool.push(Sent { id, from, slot: Slot::Expires(u64::MAX), action, price: U256::ZERO });
        id
    }

    /// Makes blocks, the first with all that waits.
    pub fn mine(&self, blocks: u64) {
        (0..blocks).for_each(|_| self.lock().mine());
    }

    /// Takes the newest blocks back, as far as they are not final; what they had waits again if `keep`, and is forgotten if not.
    pub fn reorg(&self, blocks: u64, keep: bool) {
        let mut state = self.lock();
        for _ in 0..blocks.min(state.depth) {
            if state.blocks.len() < 2 {
                break;
            }
            let Some(block) = state.blocks.pop() else { break };
            if keep {
                state.pool.extend(block.transactions.into_iter().map(|(sent, _)| sent));
            }
        }
        state.salt = state.salt.saturating_add(1);
    }

    /// The contracts after the newest block.
    pub fn contracts(&self) -> C {
        self.lock().newest().after.clone()
    }

    /// Ids of all that was broadcast, in order, repetitions included.
    pub fn broadcasts(&self) -> Vec<B256> {
        self.lock().broadcasts.clone()
    }

    /// Transactions of an account that blocks have, in order: their ids and endings.
    pub fn included(&self, from: Address) -> Vec<(B256, Ending)> {
        let state = self.lock();
        let all = state.blocks.iter().flat_map(|block| &block.transactions);
        all.filter(|(sent, _)| sent.from == from).map(|(sent, ending)| (sent.id, ending.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self, what: &str) -> Result<MutexGuard<'_, State<C>>, RootError> {
        let state = self.lock();
        if state.switches.away {
            let (what, why) = (what.to_owned(), "they are away".to_owned());
            return Err(RootError::Unavailable { root: self.id, what, answered: 0, needed: 1, why });
        }
        Ok(state)
    }

    fn logs(&self, from: u64, to: u64, filter: &LogFilter, holes: bool) -> Result<Vec<RootLog>, RootError> {
        let state = self.asked("logs")?;
        let head = state.final_number();
        if to > head {
            return Err(RootError::NotFinal { root: self.id, asked: to, head });
        }
        let all = state.blocks.iter().filter(|block| (from..=to).contains(&block.reference.number));
        let logs = all.flat_map(|block| &block.logs).filter(|log| filter.matches(log.address, &log.data));
        Ok(logs.filter(|log| !holes || !state.switches.holes.contains(&log.transaction)).cloned().collect())
    }

    fn price(&self, state: &State<C>, ceiling: U256) -> Result<U256, RootError> {
        let part = ceiling.checked_div(U256::from(100)).unwrap_or_default();
        let needs = part.saturating_mul(U256::from(state.switches.price_percent.max(1)));
        if needs > ceiling { Err(RootError::AboveCeiling { root: self.id, needs, ceiling }) } else { Ok(needs) }
    }

    fn version(&self, state: &mut State<C>, sent: Sent, intent: &str) -> Version {
        state.salt = state.salt.saturating_add(1);
        let bytes = Bytes::from(format!("{intent}/{}", state.salt).into_bytes());
        let id = keccak256(&bytes);
        let most = sent.price;
        state.made.insert(id, Sent { id, ..sent });
        let max_fee = u128::try_from(most).unwrap_or(u128::MAX);
        let fee = match self.id.kind {
            RootKind::Ethereum => VersionFee::Gas { limit: 1, max_fee, max_priority_fee: 0 },
            RootKind::Tron => VersionFee::Limit { fee_limit: u64::try_from(most).unwrap_or(u64::MAX), bandwidth: 0 },
        };
        Version { id, bytes, fee }
    }
}

impl<C: Contracts> State<C> {
    fn newest(&self) -> &Block<C> {
        self.blocks.last().expect("there is always the first block")
    }

    fn final_number(&self) -> u64 {
        self.newest().reference.number.saturating_sub(self.depth)
    }

    fn final_block(&self) -> &Block<C> {
        let number = self.final_number();
        self.blocks.iter().find(|block| block.reference.number == number).unwrap_or_else(|| self.newest())
    }

    /// As it is told: its id may have been rewritten.
    fn told(&self, block: BlockRef) -> BlockRef {
        let id = self.switches.rewrite_final.get(&block.number).copied().unwrap_or(block.id);
        BlockRef { id, ..block }
    }

    fn nonce(&self, from: Address) -> u64 {
        let all = self.blocks.iter().flat_map(|block| &block.transactions);
        let used = all.filter(|(sent, _)| sent.from == from && matches!(sent.slot, Slot::Nonce(_))).count();
        u64::try_from(used).unwrap_or(u64::MAX)
    }

    fn has(&self, id: B256) -> Option<(&Block<C>, &Sent, &Ending)> {
        self.blocks.iter().find_map(|block| {
            let (sent, ending) = block.transactions.iter().find(|(sent, _)| sent.id == id)?;
            Some((block, sent, ending))
        })
    }

    fn mine(&mut self) {
        let BlockRef { number, id, time } = self.newest().reference;
        let mut after = self.newest().after.clone();
        let number = number.saturating_add(1);
        let id = keccak256(format!("{id}/{number}/{}", self.salt));
        let reference = BlockRef { number, id, time: time.saturating_add(BLOCK_TIME) };
        let (mut transactions, mut logs) = (Vec::new(), Vec::new());
        let mut waiting = if self.switches.hold { Vec::new() } else { std::mem::take(&mut self.pool) };
        // Those that pay more are first, and take the nonce.
        waiting.sort_by_key(|sent| std::cmp::Reverse(sent.price));
        let mut nonces: BTreeMap<Address, u64> = BTreeMap::new();
        loop {
            let ready = waiting.iter().position(|sent| match sent.slot {
                Slot::Nonce(nonce) => nonce == *nonces.entry(sent.from).or_insert_with(|| self.nonce(sent.from)),
                // The parent's time counts.
                Slot::Expires(at) => time < at,
            });
            let Some(ready) = ready else { break };
            let sent = waiting.remove(ready);
            if let Some(nonce) = nonces.get_mut(&sent.from).filter(|_| matches!(sent.slot, Slot::Nonce(_))) {
                *nonce = nonce.saturating_add(1);
            }
            let result = match self.switches.endings.pop_front() {
                Some(Ending::Done) | None => after.apply(sent.from, &sent.action),
                Some(ending) => Err(ending),
            };
            let ending = match result {
                Ok(made) => {
                    for (address, data) in made {
                        let index = u64::try_from(logs.len()).unwrap_or(u64::MAX);
                        logs.push(RootLog { block: number, transaction: sent.id, index, address, data });
                    }
                    Ending::Done
                }
                Err(ending) => ending,
            };
            transactions.push((sent, ending));
        }
        // A nonce that is used is used for good, and so is time.
        let waits = |sent: &Sent| match sent.slot {
            Slot::Nonce(nonce) => nonce >= nonces.get(&sent.from).copied().unwrap_or_default(),
            Slot::Expires(at) => reference.time < at,
        };
        self.pool.extend(waiting.into_iter().filter(waits));
        self.blocks.push(Block { reference, transactions, logs, after });
    }
}

impl<C: Contracts> RootChain for FakeRoot<C> {
    fn id(&self) -> RootChainId {
        self.id
    }

    fn account(&self) -> Option<Address> {
        Some(self.account)
    }

    async fn check(&self, expected: &Expected) -> Result<(), RootError> {
        let state = self.asked("the chain's id")?;
        if let Some(error) = &state.switches.check_error {
            return Err(error.clone());
        }
        let (root, got, expected) = (self.id, self.id.chain_id, expected.chain_id);
        if got == expected {
            Ok(())
        } else {
            Err(RootError::WrongChain { root, url: "fake".to_owned(), got, expected })
        }
    }

    async fn final_head(&self) -> Result<BlockRef, RootError> {
        let state = self.asked("the final head")?;
        Ok(state.told(state.final_block().reference))
    }

    async fn newest_head(&self) -> Result<BlockRef, RootError> {
        Ok(self.asked("the newest head")?.newest().reference)
    }

    async fn final_block(&self, number: u64) -> Result<BlockRef, RootError> {
        let state = self.asked("a final block")?;
        let head = state.final_number();
        let found = state.blocks.iter().find(|block| block.reference.number == number && number <= head);
        found.map(|block| state.told(block.reference)).ok_or(RootError::NotFinal { root: self.id, asked: number, head })
    }

    async fn final_logs(&self, from: u64, to: u64, filter: &LogFilter) -> Result<Vec<RootLog>, RootError> {
        self.logs(from, to, filter, true)
    }

    async fn audit_logs(&self, from: u64, to: u64, filter: &LogFilter) -> Result<Vec<RootLog>, RootError> {
        self.logs(from, to, filter, false)
    }

    async fn final_call(&self, to: Address, data: Bytes) -> Result<Bytes, RootError> {
        let answer = self.asked("a view")?.final_block().after.view(to, &data);
        answer.map_err(|revert| RootError::Reverted { root: self.id, to: to.to_string(), revert })
    }

    async fn simulate(&self, call: &Call) -> Result<Simulation, RootError> {
        let mut after = self.asked("a call")?.newest().after.clone();
        let action = Action::Call { to: call.to, value: call.value, data: call.data.clone() };
        let from = call.from.unwrap_or(self.account);
        // A view answers; what is no view is tried on a copy.
        let result = after.view(call.to, &call.data).or_else(|_| match after.apply(from, &action) {
            Ok(_) => Ok(Bytes::new()),
            Err(ending) => Err(reverted(&ending)),
        });
        Ok(Simulation { result, gas: 1, cost: U256::from(1) })
    }

    async fn funds(&self, fee: &FeePolicy) -> Result<Funds, RootError> {
        Ok(Funds { account: self.account, balance: self.asked("the balance")?.balance, least: fee.ceiling })
    }

    async fn transaction(&self, id: B256) -> Result<Option<SeenTransaction>, RootError> {
        let state = self.asked("a transaction")?;
        let Some((block, _, ending)) = state.has(id) else { return Ok(None) };
        let number = block.reference.number;
        let logs = block.logs.iter().filter(|log| log.transaction == id).cloned().collect();
        let (is_final, succeeded) = (number <= state.final_number(), *ending == Ending::Done);
        Ok(Some(SeenTransaction { block: number, is_final, succeeded, logs }))
    }

    async fn prepare(&self, intent: &Intent, fee: &FeePolicy, live: &[Attempt]) -> Result<Attempt, RootError> {
        let mut state = self.asked("a new transaction")?;
        if let Some(error) = state.switches.prepare_errors.pop_front() {
            return Err(error);
        }
        let tried = state.newest().after.clone().apply(self.account, &intent.action);
        if let Err(ending) = tried {
            let (root, to, revert) = (self.id, intent.key.clone(), reverted(&ending));
            return Err(RootError::Reverted { root, to, revert });
        }
        let price = self.price(&state, fee.ceiling)?;
        let (has, account) = (state.balance, self.account);
        if has < price {
            return Err(RootError::Unfunded { root: self.id, account, has, needs: price });
        }
        let slot = match self.id.kind {
            RootKind::Ethereum => {
                let held =
                    |nonce| live.iter().any(|attempt| attempt.from == account && attempt.slot == Slot::Nonce(nonce));
                let first = state.nonce(account);
                Slot::Nonce((first..).find(|nonce| !held(*nonce)).unwrap_or(first))
            }
            RootKind::Tron => {
                let millis = u64::try_from(fee.lifetime.as_millis()).unwrap_or(u64::MAX);
                Slot::Expires(state.newest().reference.time.saturating_add(millis))
            }
        };
        let sent = Sent { id: B256::ZERO, from: account, slot, action: intent.action.clone(), price };
        let version = self.version(&mut state, sent, &intent.key);
        let creates = matches!(intent.action, Action::Deploy { .. }).then(|| Address::from_word(version.id));
        let (root, intent) = (self.id, intent.key.clone());
        Ok(Attempt { root, intent, from: account, slot, version, earlier: Vec::new(), creates })
    }

    async fn bump(&self, attempt: &Attempt, fee: &FeePolicy) -> Result<Option<Attempt>, RootError> {
        let mut state = self.asked("the price")?;
        let price = self.price(&state, fee.ceiling).ok();
        let old = state.made.get(&attempt.version.id).cloned();
        let (RootKind::Ethereum, Some(price), Some(old)) = (self.id.kind, price, old) else { return Ok(None) };
        if price <= old.price {
            return Ok(None);
        }
        let mut bumped = attempt.clone();
        let version = self.version(&mut state, Sent { price, ..old }, &attempt.intent);
        bumped.earlier.push(std::mem::replace(&mut bumped.version, version));
        Ok(Some(bumped))
    }

    async fn broadcast(&self, attempt: &Attempt) -> BroadcastVerdict {
        let Ok(mut state) = self.asked("a broadcast") else {
            return BroadcastVerdict::RetrySame("nobody answers".to_owned());
        };
        let id = attempt.version.id;
        state.broadcasts.push(id);
        if let Some(verdict) = state.switches.verdicts.pop_front() {
            return verdict;
        }
        if state.switches.drop_broadcasts > 0 {
            state.switches.drop_broadcasts = state.switches.drop_broadcasts.saturating_sub(1);
            return BroadcastVerdict::Accepted;
        }
        let Some(sent) = state.made.get(&id).cloned() else {
            return BroadcastVerdict::Refused(format!("{id} was not made here"));
        };
        let late = match sent.slot {
            Slot::Nonce(nonce) => nonce < state.nonce(sent.from),
            Slot::Expires(at) => at <= state.newest().reference.time,
        };
        if state.has(id).is_some() || state.pool.iter().any(|other| other.id == id) {
            return BroadcastVerdict::Known;
        }
        if late {
            return BroadcastVerdict::Rebuild("too late for these bytes".to_owned());
        }
        // Who pays more for the same nonce is put in the place of the other.
        let rival =
            |other: &Sent| other.from == sent.from && other.slot == sent.slot && matches!(sent.slot, Slot::Nonce(_));
        if state.pool.iter().any(|other| rival(other) && other.price >= sent.price) {
            return BroadcastVerdict::RetrySame("replacement transaction underpriced".to_owned());
        }
        state.pool.retain(|other| !rival(other));
        state.pool.push(sent);
        if state.switches.lose_answers > 0 {
            state.switches.lose_answers = state.switches.lose_answers.saturating_sub(1);
            return BroadcastVerdict::RetrySame("no answer in time".to_owned());
        }
        BroadcastVerdict::Accepted
    }

    async fn status(&self, attempt: &Attempt) -> Result<AttemptStatus, RootError> {
        let state = self.asked("a transaction")?;
        let head = state.final_number();
        if let Some((block, sent, ending)) = attempt.versions().find_map(|version| state.has(version.id)) {
            let number = block.reference.number;
            if number > head {
                return Ok(AttemptStatus::Included { block: number });
            }
            let (id, ending, fee) = (sent.id, ending.clone(), sent.price);
            return Ok(AttemptStatus::Final { id, block: number, ending, fee });
        }
        let final_blocks = state.blocks.iter().filter(|block| block.reference.number <= head);
        let over = match attempt.slot {
            Slot::Nonce(_) => {
                let mut used = final_blocks.flat_map(|block| &block.transactions);
                used.any(|(sent, _)| sent.from == attempt.from && sent.slot == attempt.slot)
            }
            Slot::Expires(at) => state.final_block().reference.time >= at,
        };
        let why = "it can happen no more".to_owned();
        Ok(if over { AttemptStatus::Dead { why } } else { AttemptStatus::Unknown })
    }
}

fn reverted(ending: &Ending) -> Revert {
    let reason = match ending {
        Ending::Reverted(reason) | Ending::Failed(reason) => reason.clone(),
        other => format!("{other:?}"),
    };
    Revert { data: Bytes::new(), reason }
}
