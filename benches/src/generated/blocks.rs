//! The chain of many blocks: what each holds, and the state after it.

use super::numbered;
use crate::transactions::Call;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use bttc_contracts::{addresses::WBTT, wbtt::IWBTT};

/// Accounts that send, of the development mnemonic.
const SENDERS: u64 = 10;
/// Accounts that receive BTT, in turns.
const RECIPIENTS: u64 = 1_000;
/// Accounts that receive tokens, in turns.
const HOLDERS: u64 = 500;
/// Every such block wraps BTT instead of moving tokens: a log that stands once in a page.
const RARE: u64 = 1_000;
/// Tokens of each sender. Unit: wei.
const WRAPPED: u128 = 1_000_000_000_000_000_000_000_000;
/// First block of the pattern; the one before it wraps.
const FIRST: u64 = 2;

/// Rule of the chain of many blocks.
///
/// Block `h` from 2 on is sent by account `h mod 10`: one-wei transfers to a ring of 1,000 accounts, then `h` wei of WBTT to account `h mod 500`
/// of another ring; every 1,000th block wraps `h` wei instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlocksPattern {
    /// Transactions in each block, at least one.
    pub txs_per_block: u64,
}

/// What the last transaction of a block does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenMove {
    /// A transfer to this account; its amount in wei is the height.
    Transfer(Address),
    /// A deposit of the sender; its amount in wei is the height.
    Deposit,
}

impl BlocksPattern {
    /// Index of the account that sends block `height`.
    pub const fn sender_of(height: u64) -> u32 {
        (height % SENDERS) as u32
    }

    /// What the last transaction of block `height` does.
    pub fn token_move(height: u64) -> TokenMove {
        if height.is_multiple_of(RARE) { TokenMove::Deposit } else { TokenMove::Transfer(Self::holder(height)) }
    }

    /// Account of the token ring.
    pub fn holder(index: u64) -> Address {
        numbered(0xcc, index % HOLDERS)
    }

    /// Account of the ring of transfers.
    pub fn recipient(index: u64) -> Address {
        numbered(0xbb, index % RECIPIENTS)
    }

    /// Nonce of the sender before block `height`.
    pub fn nonce_before(&self, height: u64) -> u64 {
        // Heights of the same sender are ten apart; the first of them is the least one from `FIRST` on.
        let first = FIRST + (height % SENDERS + SENDERS - FIRST % SENDERS) % SENDERS;
        1 + height.saturating_sub(first) / SENDERS * self.txs_per_block
    }

    /// Transactions of block `height` from [`FIRST`] on.
    pub(super) fn calls(&self, height: u64) -> Vec<Call> {
        let transfers = self.txs_per_block.saturating_sub(1);
        let first = self.transfers_until(height.saturating_sub(1));
        let mut calls: Vec<_> = (first..first + transfers).map(|n| Call::transfer(Self::recipient(n))).collect();
        calls.push(match Self::token_move(height) {
            TokenMove::Transfer(dst) => {
                let input = IWBTT::transferCall { dst, wad: U256::from(height) }.abi_encode();
                Call { to: TxKind::Call(WBTT), input: input.into(), value: U256::ZERO, gas: 100_000 }
            }
            TokenMove::Deposit => wrap(U256::from(height)),
        });
        calls
    }

    /// Transactions of block 1: one of each sender.
    pub(super) fn first_calls() -> impl Iterator<Item = (u32, Call)> {
        (0..SENDERS as u32).map(|sender| (sender, wrap(U256::from(WRAPPED))))
    }

    fn transfers_until(&self, height: u64) -> u64 {
        (height + 1).saturating_sub(FIRST) * self.txs_per_block.saturating_sub(1)
    }

    /// Balance of [`Self::recipient`] after block `height`. Unit: wei.
    pub fn balance(&self, index: u64, height: u64) -> U256 {
        let all = self.transfers_until(height);
        let index = index % RECIPIENTS;
        U256::from(if all > index { (all - 1 - index) / RECIPIENTS + 1 } else { 0 })
    }

    /// Tokens of [`Self::holder`] after block `height`. Unit: wei.
    pub fn tokens(&self, index: u64, height: u64) -> U256 {
        let index = index % HOLDERS;
        let first = if index < FIRST { index + HOLDERS } else { index };
        let heights = (first..=height).step_by(HOLDERS as usize).filter(|at| !at.is_multiple_of(RARE));
        U256::from(heights.map(u128::from).sum::<u128>())
    }
}

fn wrap(value: U256) -> Call {
    let input = Bytes::from(IWBTT::depositCall {}.abi_encode());
    Call { to: TxKind::Call(WBTT), input, value, gas: 100_000 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn closed_forms_are_what_counting_gives() {
        for txs_per_block in [1, 2, 5] {
            let pattern = BlocksPattern { txs_per_block };
            let mut nonces = [1; SENDERS as usize];
            let (mut balances, mut tokens) = (BTreeMap::<Address, U256>::new(), BTreeMap::<Address, U256>::new());
            for height in FIRST..2_100 {
                let nonce = &mut nonces[BlocksPattern::sender_of(height) as usize];
                assert_eq!(pattern.nonce_before(height), *nonce, "{height}");
                let calls = pattern.calls(height);
                assert_eq!(calls.len() as u64, txs_per_block);
                *nonce += txs_per_block;
                for call in &calls[..calls.len() - 1] {
                    *balances.entry(*call.to.to().expect("a transfer")).or_default() += call.value;
                }
                if let TokenMove::Transfer(dst) = BlocksPattern::token_move(height) {
                    *tokens.entry(dst).or_default() += U256::from(height);
                }
                for index in [0, 1, 2, 3, 499, 999, height] {
                    let of = |all: &BTreeMap<_, _>, address| all.get(&address).copied().unwrap_or_default();
                    assert_eq!(pattern.balance(index, height), of(&balances, BlocksPattern::recipient(index)));
                    assert_eq!(pattern.tokens(index, height), of(&tokens, BlocksPattern::holder(index)));
                }
            }
        }
    }
}
