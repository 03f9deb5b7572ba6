//! Our chain in memory: validators, epochs, `BridgeInbox` with its rules, exits, checkpoints. Each transaction makes a block.

use super::{BRIDGE, ROOT_ID, SIDE, hash_of, packed, set};
use alloy_consensus::{Header, Transaction, TxEnvelope, transaction::SignerRecoverable};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolError, SolEvent, SolValue};
use bttc_bridge::{
    checkpoint::ReadyCheckpoint,
    records::{Deposit, Metadata, Record, link},
    side::{SideAccountState, SideBlock, SideChain, SideError, SideFilter, SideLog, SideReceipt},
};
use bttc_contracts::{
    addresses::{BRIDGE_INBOX, BRIDGE_OUTBOX, VALIDATOR_SET},
    bridge::{IBridgeInbox as Inbox, IBridgeOutbox},
    validator_set::IValidatorSet,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

pub(super) const BLOCK_TIME: u64 = 2;

#[derive(Clone)]
pub(super) struct InboxState {
    pub(super) view: Inbox::RootView,
    pub(super) paused: bool,
    votes: BTreeMap<Address, (u64, u64)>,
    tallies: BTreeMap<(u64, u64, B256), u64>,
    /// Amounts delivered, and names taken, by nonce.
    pub(super) delivered: BTreeMap<u64, Record>,
}

pub(super) struct World {
    /// Height and time of each block, from 0.
    times: Vec<u64>,
    /// Sets by the first height that they sign.
    sets: BTreeMap<u64, Vec<(Address, u64)>>,
    /// Epochs by their first height.
    epochs: BTreeMap<u64, u64>,
    pub(super) inbox: InboxState,
    logs: Vec<(Address, SideLog)>,
    exits: u64,
    nonces: BTreeMap<Address, u64>,
    receipts: BTreeMap<B256, SideReceipt>,
    /// Transactions by sender and function.
    pub(super) sent: Vec<(Address, &'static str, bool)>,
    pub(super) silent: bool,
    /// The next transactions are taken and forgotten.
    pub(super) forget: u32,
}

#[derive(Clone)]
pub(super) struct FakeSide {
    world: Arc<Mutex<World>>,
}

impl FakeSide {
    /// With validators 1 to `members`, of equal power.
    pub(super) fn new(members: u8) -> Self {
        let view = Inbox::RootView {
            chainId: 7,
            bridge: BRIDGE,
            codeHash: B256::repeat_byte(0xcd),
            btt: Address::ZERO,
            bttLocked: U256::ZERO,
            enabled: true,
            executed: 0,
            executedChain: B256::ZERO,
            accepted: 0,
            acceptedChain: B256::ZERO,
        };
        let inbox = InboxState {
            view,
            paused: false,
            votes: BTreeMap::new(),
            tallies: BTreeMap::new(),
            delivered: BTreeMap::new(),
        };
        let world = World {
            times: vec![super::root::START / 1_000],
            sets: BTreeMap::from([(0, set(1..=members))]),
            epochs: BTreeMap::from([(0, 1)]),
            inbox,
            logs: vec![],
            exits: 0,
            nonces: BTreeMap::new(),
            receipts: BTreeMap::new(),
            sent: vec![],
            silent: false,
            forget: 0,
        };
        Self { world: Arc::new(Mutex::new(world)) }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(super) fn trusted(&self) -> B256 {
        hash_of(&self.world().sets[&0])
    }

    pub(super) fn mine(&self, count: u64) {
        let mut world = self.world();
        for _ in 0..count {
            world.block();
        }
    }

    pub(super) fn height(&self) -> u64 {
        self.world().head()
    }

    /// The next block ends the epoch and names another set.
    pub(super) fn change_set(&self, members: Vec<(Address, u64)>) -> u64 {
        let mut world = self.world();
        world.block();
        let next = world.head() + 1;
        world.sets.insert(next, members);
        let number = world.epochs.values().last().unwrap() + 1;
        world.epochs.insert(next, number);
        next - 1
    }

    /// A new epoch with the same set.
    pub(super) fn end_epoch(&self) {
        let same = self.world().sets.values().last().unwrap().clone();
        self.change_set(same);
        self.mine(1);
    }

    pub(super) fn exit(&self, root_id: u8, token: Address, amount: u64) {
        let mut world = self.world();
        let index = U256::from(world.exits);
        world.exits += 1;
        let event = IBridgeOutbox::Exit {
            index,
            rootId: U256::from(root_id),
            rootBridge: BRIDGE,
            token,
            from: Address::repeat_byte(1),
            to: Address::repeat_byte(2),
            amount: U256::from(amount),
            leaf: B256::ZERO,
        };
        let height = world.block();
        world.logs.push((BRIDGE_OUTBOX, SideLog { height, data: event.encode_log_data() }));
    }

    /// Blocks until `seconds` have passed.
    pub(super) fn wait(&self, seconds: u64) {
        let mut world = self.world();
        let time = world.times.last().unwrap() + seconds;
        world.times.push(time);
    }

    /// Records accepted, and carried out.
    pub(super) fn progress(&self) -> (u64, u64) {
        let view = &self.world().inbox.view;
        (view.accepted, view.executed)
    }

    pub(super) fn votes(&self) -> usize {
        self.world().sent.iter().filter(|(_, what, good)| *what == "attest" && *good).count()
    }

    fn answer<T>(&self, answer: impl FnOnce(&mut World) -> Result<T, SideError>) -> Result<T, SideError> {
        let mut world = self.world();
        if world.silent {
            let (url, what, why) = ("memory".into(), "anything".into(), "silent".into());
            return Err(SideError::Unavailable { url, what, why });
        }
        answer(&mut world)
    }
}

fn reverted<E: SolError>(to: Address, error: E) -> SideError {
    SideError::Reverted { to, reason: E::SIGNATURE.to_owned(), data: error.abi_encode().into() }
}

impl World {
    fn head(&self) -> u64 {
        self.times.len() as u64 - 1
    }

    fn block(&mut self) -> u64 {
        let time = self.times.last().unwrap() + BLOCK_TIME;
        self.times.push(time);
        self.head()
    }

    fn set_at(&self, height: u64) -> &Vec<(Address, u64)> {
        self.sets.range(..=height).next_back().unwrap().1
    }

    fn epoch_at(&self, height: u64) -> (u64, u64) {
        let (start, number) = self.epochs.range(..=height).next_back().unwrap();
        (*start, *number)
    }

    /// A call of the inbox by `from`; changes the state if it works.
    fn inbox(&mut self, from: Address, data: &[u8], height: u64) -> Result<&'static str, SideError> {
        let selector: [u8; 4] = data[..4].try_into().unwrap();
        let root = U256::from(ROOT_ID);
        match selector {
            Inbox::attestCall::SELECTOR => {
                let call = Inbox::attestCall::abi_decode(data).unwrap();
                self.attest(from, call, height)?;
                Ok("attest")
            }
            Inbox::executeCall::SELECTOR => {
                let call = Inbox::executeCall::abi_decode(data).unwrap();
                assert_eq!(call.rootId, root);
                let records = call.deposits.into_iter().map(deposit).collect();
                self.execute(records, vec![])?;
                Ok("execute")
            }
            Inbox::executePartCall::SELECTOR => {
                let call = Inbox::executePartCall::abi_decode(data).unwrap();
                let records = call.deposits.into_iter().map(deposit).collect();
                self.execute(records, call.rest)?;
                Ok("execute")
            }
            Inbox::executeMetadataCall::SELECTOR => {
                type Names = (Address, Bytes, Bytes, U256);
                let (_, (token, name, symbol, decimals), rest) =
                    <(U256, Names, Vec<B256>)>::abi_decode_params(&data[4..]).unwrap();
                let metadata = Metadata { token, name, symbol, decimals: decimals.to() };
                self.execute(vec![Record::Metadata(metadata)], rest)?;
                Ok("execute")
            }
            other => panic!("the relayer sends {other:?}"),
        }
    }

    fn attest(&mut self, from: Address, call: Inbox::attestCall, height: u64) -> Result<(), SideError> {
        let (_, epoch) = self.epoch_at(height);
        let set = self.set_at(height).clone();
        let Some((_, power)) = set.iter().find(|(member, _)| *member == from) else {
            return Err(reverted(BRIDGE_INBOX, Inbox::NotValidator { caller: from }));
        };
        let inbox = &mut self.inbox;
        let mut least = inbox.view.accepted + 1;
        if let Some((to, own)) = inbox.votes.get(&from) {
            least = least.max(if *own == epoch { to + 1 } else { *to });
        }
        if call.to < least {
            return Err(reverted(BRIDGE_INBOX, Inbox::NotForward { got: call.to, least }));
        }
        let most = inbox.view.executed + 1_024;
        if call.to > most {
            return Err(reverted(BRIDGE_INBOX, Inbox::TooFarAhead { got: call.to, most }));
        }
        inbox.votes.insert(from, (call.to, epoch));
        let sum = inbox.tallies.entry((epoch, call.to, call.chainHash)).or_default();
        *sum += power;
        let total: u64 = set.iter().map(|(_, power)| power).sum();
        if *sum * 3 > total * 2 {
            (inbox.view.accepted, inbox.view.acceptedChain) = (call.to, call.chainHash);
        }
        let event = Inbox::Attested {
            rootId: call.rootId,
            signer: from,
            to: call.to,
            chainHash: call.chainHash,
            power: U256::from(*power),
        };
        self.logs.push((BRIDGE_INBOX, SideLog { height, data: event.encode_log_data() }));
        Ok(())
    }

    fn execute(&mut self, records: Vec<Record>, rest: Vec<B256>) -> Result<(), SideError> {
        let view = &mut self.inbox.view;
        if self.inbox.paused {
            let error = Inbox::IsPaused { what: U256::from(ROOT_ID), until: U256::MAX };
            return Err(reverted(BRIDGE_INBOX, error));
        }
        if records.is_empty() {
            return Err(reverted(BRIDGE_INBOX, Inbox::NothingToDo {}));
        }
        let open = view.accepted - view.executed;
        let got = records.len() as u64 + rest.len() as u64;
        if got != open {
            let (got, expected) = (U256::from(got), U256::from(open));
            return Err(reverted(BRIDGE_INBOX, Inbox::WrongCount { got, expected }));
        }
        let of = super::root::World::of();
        let mut chain = view.executedChain;
        for (at, record) in records.iter().enumerate() {
            chain = link(chain, record.hash(&of, view.executed + at as u64));
        }
        let end = rest.into_iter().fold(chain, link);
        if end != view.acceptedChain {
            let (got, expected) = (end, view.acceptedChain);
            return Err(reverted(BRIDGE_INBOX, Inbox::WrongChain { got, expected }));
        }
        for record in records {
            assert!(self.inbox.delivered.insert(view.executed, record).is_none(), "delivered twice");
            view.executed += 1;
        }
        view.executedChain = chain;
        Ok(())
    }

    fn view(&mut self, from: Address, to: Address, data: &[u8]) -> Result<Bytes, SideError> {
        let selector: [u8; 4] = data[..4].try_into().unwrap();
        let head = self.head();
        let (start, number) = self.epoch_at(head);
        let answer = match (to, selector) {
            (VALIDATOR_SET, IValidatorSet::epochCall::SELECTOR) => {
                (U256::from(number), U256::ZERO, U256::from(start)).abi_encode_params()
            }
            (VALIDATOR_SET, IValidatorSet::membersCall::SELECTOR) => {
                let member = |(address, power): &(Address, u64)| (*address, U256::from(*power));
                self.set_at(head).iter().map(member).collect::<Vec<_>>().abi_encode()
            }
            (VALIDATOR_SET, IValidatorSet::powerOfCall::SELECTOR) => {
                let call = IValidatorSet::powerOfCall::abi_decode(data).unwrap();
                let power =
                    self.set_at(head).iter().find(|(member, _)| *member == call.signer).map(|(_, power)| *power);
                U256::from(power.unwrap_or_default()).abi_encode()
            }
            (BRIDGE_INBOX, Inbox::rootChainCall::SELECTOR) => {
                let call = Inbox::rootChainCall::abi_decode(data).unwrap();
                if call.rootId != U256::from(ROOT_ID) {
                    return Err(reverted(BRIDGE_INBOX, Inbox::UnknownRoot { rootId: call.rootId }));
                }
                self.inbox.view.abi_encode()
            }
            (BRIDGE_INBOX, Inbox::powerForCall::SELECTOR) => {
                let call = Inbox::powerForCall::abi_decode(data).unwrap();
                let sum = self.inbox.tallies.get(&(number, call.to, call.chainHash)).copied();
                U256::from(sum.unwrap_or_default()).abi_encode()
            }
            (BRIDGE_INBOX, Inbox::limitOfCall::SELECTOR) => (U256::from(100), U256::from(7)).abi_encode_params(),
            (BRIDGE_OUTBOX, IBridgeOutbox::limitOfCall::SELECTOR) => (U256::ZERO, U256::ZERO).abi_encode_params(),
            (BRIDGE_INBOX, _) => {
                let (before, logs) = (self.inbox.clone(), self.logs.len());
                let result = self.inbox(from, data, head);
                self.inbox = before;
                self.logs.truncate(logs);
                result?;
                vec![]
            }
            other => panic!("the relayer calls {other:?}"),
        };
        Ok(answer.into())
    }
}

fn deposit(deposit: Inbox::Deposit) -> Record {
    let Inbox::Deposit { token, from, to, amount } = deposit;
    Record::Deposit(Deposit { token, from, to, amount })
}

impl SideChain for FakeSide {
    async fn chain_id(&self) -> Result<u64, SideError> {
        Ok(SIDE)
    }

    async fn head(&self) -> Result<SideBlock, SideError> {
        let head = self.height();
        self.block(head).await
    }

    async fn block(&self, height: u64) -> Result<SideBlock, SideError> {
        self.answer(|world| {
            let time = world.times[height as usize];
            Ok(SideBlock { height, hash: keccak256(height.to_be_bytes()), time, base_fee: 7 })
        })
    }

    async fn call(&self, from: Option<Address>, to: Address, data: Bytes) -> Result<Bytes, SideError> {
        self.answer(|world| world.view(from.unwrap_or_default(), to, &data))
    }

    async fn logs(&self, from: u64, to: u64, filter: &SideFilter) -> Result<Vec<SideLog>, SideError> {
        self.answer(|world| {
            let wanted = |log: &SideLog| {
                let topics = log.data.topics();
                (from..=to).contains(&log.height)
                    && topics[0] == filter.event
                    && filter
                        .topics
                        .iter()
                        .enumerate()
                        .all(|(at, wanted)| wanted.is_none_or(|wanted| topics.get(at + 1) == Some(&wanted)))
            };
            let logs = world.logs.iter().filter(|(address, log)| *address == filter.address && wanted(log));
            Ok(logs.map(|(_, log)| log.clone()).collect())
        })
    }

    async fn account(&self, address: Address) -> Result<SideAccountState, SideError> {
        self.answer(|world| {
            let nonce = world.nonces.get(&address).copied().unwrap_or_default();
            Ok(SideAccountState { nonce, balance: U256::MAX })
        })
    }

    async fn tip_fee(&self) -> Result<u128, SideError> {
        Ok(1)
    }

    async fn send(&self, transaction: Bytes) -> Result<(), SideError> {
        self.answer(|world| {
            let tx = TxEnvelope::decode_2718_exact(&transaction).unwrap();
            let from = tx.recover_signer().unwrap();
            assert_eq!(tx.chain_id(), Some(SIDE));
            let next = world.nonces.entry(from).or_default();
            if tx.nonce() != *next {
                let why = format!("nonce {} is not {next}", tx.nonce());
                return Err(SideError::Refused { what: "eth_sendRawTransaction".into(), code: -32000, why });
            }
            if world.forget > 0 {
                world.forget -= 1;
                return Ok(());
            }
            *next += 1;
            let height = world.block();
            assert_eq!(tx.to(), Some(BRIDGE_INBOX));
            let result = world.inbox(from, tx.input(), height);
            world.sent.push((from, *result.as_ref().unwrap_or(&"refused"), result.is_ok()));
            let receipt = SideReceipt { height, succeeded: result.is_ok() };
            world.receipts.insert(*tx.tx_hash(), receipt);
            Ok(())
        })
    }

    async fn receipt(&self, hash: B256) -> Result<Option<SideReceipt>, SideError> {
        self.answer(|world| Ok(world.receipts.get(&hash).copied()))
    }

    async fn validators_hash(&self, height: u64) -> Result<B256, SideError> {
        self.answer(|world| {
            assert!(height <= world.head(), "block {height} is not made yet");
            Ok(hash_of(world.set_at(height)))
        })
    }

    async fn checkpoint(&self, height: u64) -> Result<ReadyCheckpoint, SideError> {
        self.answer(|world| {
            let (signers, next) = (world.set_at(height).clone(), hash_of(world.set_at(height + 1)));
            let exit_root = keccak256(world.exits.to_be_bytes());
            let header = Header {
                number: height,
                timestamp: world.times[height as usize],
                extra_data: keccak256((next, exit_root).abi_encode()).to_vec().into(),
                ..Header::default()
            };
            let header = Bytes::from(alloy_rlp::encode(header));
            let count = signers.len();
            Ok(ReadyCheckpoint {
                height,
                block_hash: keccak256(&header),
                time: world.times[height as usize],
                header,
                round: 0,
                validators: packed(&signers).into(),
                signers: (U256::from(1) << count) - U256::from(1),
                signatures: vec![7; count * 65].into(),
                next_validators_hash: next,
                exit_root,
            })
        })
    }
}
