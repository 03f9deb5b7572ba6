//! Questions about blocks, receipts, logs and state, as far as a node sees them.

use super::{Block, Chain, Included, Log, Receipt, admit::Refusal};
use crate::{
    state::{Account, Draft, View},
    tvm::{Call, Place, Ran},
    wire::BlockId,
};
use alloy_primitives::{Address, B256, Bytes};

/// Most energy of a call without a transaction.
const CONSTANT_ENERGY: u64 = 100_000_000;

/// What a node sees: everything up to a height, or up to what nothing reverts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Highest block.
    pub(crate) head: u64,
    /// Highest block that nothing reverts.
    pub(crate) solid: u64,
}

impl Reach {
    /// Solid state alone.
    pub(crate) const fn settled(self) -> Self {
        Self { head: self.solid, solid: self.solid }
    }
}

/// A call without a transaction.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) from: Address,
    /// Whom; none for a creation.
    pub(crate) to: Option<Address>,
    /// Unit: sun.
    pub(crate) value: u64,
    pub(crate) data: Bytes,
}

/// Which logs.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogQuestion {
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// Of these contracts; of all, if there are none.
    pub(crate) addresses: Vec<Address>,
    /// For each place the topics that go; all do, if there are none.
    pub(crate) topics: Vec<Vec<B256>>,
}

impl LogQuestion {
    fn takes(&self, log: &Log) -> bool {
        let address = self.addresses.is_empty() || self.addresses.contains(&log.address);
        let topic = |(place, any): (usize, &Vec<B256>)| {
            any.is_empty() || log.topics.get(place).is_some_and(|topic| any.contains(topic))
        };
        address && self.topics.len() <= 4 && self.topics.iter().enumerate().all(topic)
    }
}

/// More logs than an answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch;

impl Chain {
    /// The last block in reach.
    pub(crate) fn last(&self, reach: Reach) -> &Block {
        self.block(reach.head).unwrap_or_else(|| self.head())
    }

    /// A block in reach, by its id.
    pub(crate) fn block_of(&self, id: BlockId, reach: Reach) -> Option<&Block> {
        let [a, b, c, d, e, f, g, h, ..] = id.0.0;
        let number = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        self.block(number).filter(|block| number <= reach.head && block.id == id)
    }

    /// A transaction in reach.
    pub(crate) fn included(&self, id: B256, reach: Reach) -> Option<(&Block, &Included, usize)> {
        let (number, place) = *self.index.get(&id)?;
        let block = self.block(number).filter(|_| number <= reach.head)?;
        Some((block, block.transactions.get(place)?, place))
    }

    /// A transaction that waits.
    pub(crate) fn waits(&self, id: B256) -> Option<&crate::transaction::Tx> {
        self.waiting.iter().map(|waiting| &waiting.tx).find(|tx| tx.id == id)
    }

    /// State at the end of a reach. Errors: it is gone.
    pub(crate) fn state(&self, reach: Reach) -> Result<View<'_>, String> {
        self.state.at(reach.head).ok_or_else(|| format!("state of block {} is not kept", reach.head))
    }

    /// An account at the end of a reach.
    pub(crate) fn account(&self, address: Address, reach: Reach) -> Option<&Account> {
        self.state(reach).ok()?.account(address)
    }

    /// A word of storage at the end of a reach.
    pub(crate) fn slot(&self, address: Address, key: alloy_primitives::U256, reach: Reach) -> B256 {
        self.state(reach).map_or(B256::ZERO, |view| view.slot(address, key).into())
    }

    /// Runs a call on the state at the end of a reach.
    pub(crate) fn ask(&self, question: &Question, reach: Reach) -> Result<Ran, Refusal> {
        let view = self.state(reach).map_err(Refusal::contract)?;
        let draft = Draft::new(view);
        let to = match question.to {
            Some(to) if draft.account(to).is_some_and(Account::is_contract) => Ok(to),
            Some(_) => return Err(Refusal::contract("Smart contract is not exist.")),
            None => Err(question.from.create(u64::MAX)),
        };
        let balance = draft.account(question.from).map_or(0, |account| account.balance);
        if question.value > balance {
            return Err(Refusal::contract("Validate InternalTransfer error, balance is not sufficient."));
        }
        let block = self.last(reach);
        let place = Place {
            number: block.number,
            time: block.time,
            witness: crate::address::from_wire(&block.header.witness_address).unwrap_or_default(),
            chain_id: self.chain_id,
            energy_price: self.parameters.energy_price(),
            most_signatures: self.most_signatures,
        };
        let call = Call {
            transaction: B256::ZERO,
            from: question.from,
            to,
            value: question.value,
            data: question.data.clone(),
            energy: CONSTANT_ENERGY,
        };
        self.run_on(&draft, &place, &call).map_err(Refusal::contract)
    }

    /// Logs in reach, but for those of blocks in `holes`.
    pub(crate) fn logs<'a>(
        &'a self,
        question: &LogQuestion,
        reach: Reach,
        hole: impl Fn(u64) -> bool,
        most: usize,
    ) -> Result<Vec<(&'a Block, usize, &'a Receipt, &'a Log)>, TooMuch> {
        let mut found = Vec::new();
        for number in question.from..=question.to.min(reach.head) {
            let Some(block) = self.block(number).filter(|_| !hole(number)) else { continue };
            for (place, included) in block.transactions.iter().enumerate() {
                for log in included.receipt.logs.iter().filter(|log| question.takes(log)) {
                    if found.len() >= most {
                        return Err(TooMuch);
                    }
                    found.push((block, place, &included.receipt, log));
                }
            }
        }
        Ok(found)
    }
}
