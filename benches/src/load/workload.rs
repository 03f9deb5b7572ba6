//! What the transactions of a load do, and what must be true once they are in blocks.

use super::contracts::{self, SLOTS, TURNS, computed};
use crate::transactions::Call;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use bttc_contracts::wbtt::IWBTT;
use clap::ValueEnum;
use eyre::{OptionExt, Result};
use std::collections::BTreeMap;

/// A kind of load. Call `n` of a sender is always the same, whenever it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// One wei to one of 1,000 accounts.
    Transfers,
    /// Transfers of a token: every other one to one of 250 holders, the rest to accounts that hold none yet.
    Erc20,
    /// Calls that write eight slots each, four of them for the first time.
    Storage,
    /// Calls of about 240,000 gas: a loop of keccak256 and arithmetic.
    Compute,
}

/// Something a node can be asked, whose answer is a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Balance of an account. Unit: wei.
    Balance(Address),
    /// Token of a holder.
    Tokens(Address),
    /// Slot of the contract.
    Slot(U256),
}

/// Receivers of transfers.
const RECEIVERS: u64 = 1_000;
/// Holders that receive tokens again and again.
const HOLDERS: u64 = 250;
/// Marks addresses that receive only once.
const ONCE: u64 = 1 << 63;
/// Tokens that a sender has at first. Unit: the smallest of the token, as many wei.
pub const TOKENS: u64 = 1_000_000_000_000_000;
/// Results of the compute contract repeat after so many calls of a sender.
const SEEDS: u64 = 8;
/// Of the accounts and slots that a sender writes once, so many of the last are looked at.
const LAST: u64 = 16;

impl Workload {
    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transfers => "transfers",
            Self::Erc20 => "erc20",
            Self::Storage => "storage",
            Self::Compute => "compute",
        }
    }

    /// How many transactions make a round where transfers take `transactions`: fewer of those that cost more.
    pub const fn round(self, transactions: usize) -> usize {
        match self {
            Self::Transfers | Self::Erc20 => transactions,
            Self::Storage => transactions.div_ceil(2),
            Self::Compute => transactions.div_ceil(10),
        }
    }

    /// Code that deploys the contract that is called, if one is.
    pub fn creation(self) -> Result<Option<Bytes>> {
        Ok(match self {
            Self::Transfers => None,
            Self::Erc20 => Some(contracts::token()?),
            Self::Storage => Some(contracts::storage()),
            Self::Compute => Some(contracts::compute()),
        })
    }

    /// What a sender does before its first call, if it does anything.
    pub fn first(self, place: Address) -> Option<Call> {
        let input = IWBTT::depositCall {}.abi_encode().into();
        let deposit = Call { to: TxKind::Call(place), input, value: U256::from(TOKENS), gas: 100_000 };
        (self == Self::Erc20).then_some(deposit)
    }

    /// Call `n` of the sender with this number. `place` is the address of the contract, and names the receivers of transfers.
    pub fn call(self, place: Address, sender: u64, n: u64) -> Call {
        let call = |input: Vec<u8>, gas| Call { to: TxKind::Call(place), input: input.into(), value: U256::ZERO, gas };
        match self {
            Self::Transfers => Call::transfer(receiver(place, n % RECEIVERS)),
            Self::Erc20 => {
                let transfer = IWBTT::transferCall { dst: holder(place, sender, n), wad: U256::from(1) };
                call(transfer.abi_encode(), 80_000)
            }
            Self::Storage => call(start(sender, n).to_be_bytes_vec(), 210_000),
            Self::Compute => {
                let words = [seed(n), U256::from(TURNS)];
                call(words.map(|word| word.to_be_bytes::<32>()).concat(), 300_000)
            }
        }
    }

    /// What nodes must answer once each of the senders has made so many calls, and nothing else has happened at `place`.
    pub fn expected(self, place: Address, done: &[(Address, u64)]) -> Result<BTreeMap<Question, U256>> {
        let mut expected = BTreeMap::new();
        let mut add = |question, value: U256| {
            let sum = expected.entry(question).or_insert(U256::ZERO);
            *sum = sum.wrapping_add(value);
        };
        let one = U256::from(1);
        for ((address, calls), sender) in done.iter().zip(0..) {
            let last = calls.saturating_sub(LAST)..*calls;
            match self {
                Self::Transfers => {
                    (0..*calls).for_each(|n| add(Question::Balance(receiver(place, n % RECEIVERS)), one));
                }
                Self::Erc20 => {
                    let left =
                        TOKENS.checked_sub(*calls).ok_or_eyre("a sender has made more calls than it had tokens")?;
                    add(Question::Tokens(*address), U256::from(left));
                    let kept = |n: &u64| is_holder(*n) || last.contains(n);
                    (0..*calls).filter(kept).for_each(|n| add(Question::Tokens(holder(place, sender, n)), one));
                }
                Self::Storage => {
                    (0..SLOTS).for_each(|slot| add(Question::Slot(U256::from(slot)), U256::from(*calls)));
                    for start in last.map(|n| start(sender, n)) {
                        (0..SLOTS).for_each(|slot| add(Question::Slot(start + U256::from(slot)), start + one));
                    }
                }
                Self::Compute => {
                    let slot = Question::Slot(U256::from_be_slice(address.as_slice()));
                    for n in 0..(*calls).min(SEEDS) {
                        let times = (calls - n).div_ceil(SEEDS);
                        add(slot.clone(), computed(seed(n), TURNS).wrapping_mul(U256::from(times)));
                    }
                }
            }
        }
        Ok(expected)
    }
}

/// An address that nobody else uses: the first bytes are those of `place`.
fn receiver(place: Address, number: u64) -> Address {
    let mut bytes = place.into_array();
    let (_, end) = bytes.split_at_mut(12);
    end.copy_from_slice(&number.to_be_bytes());
    bytes.into()
}

/// Whether call `n` gives tokens to one who may have some.
const fn is_holder(n: u64) -> bool {
    n.is_multiple_of(2)
}

fn holder(place: Address, sender: u64, n: u64) -> Address {
    receiver(place, if is_holder(n) { n / 2 % HOLDERS } else { ONCE | sender << 40 | n })
}

/// First of the slots that a call of the storage contract writes once.
fn start(sender: u64, n: u64) -> U256 {
    (U256::from(sender + 1) << 128) + U256::from(n) * U256::from(SLOTS)
}

/// What a call of the compute contract begins with.
fn seed(n: u64) -> U256 {
    U256::from(n % SEEDS)
}
