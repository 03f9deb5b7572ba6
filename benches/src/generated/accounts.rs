//! The chain of many accounts: what each block makes, and the state after it.

use super::{numbered, payer};
use crate::transactions::Call;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use bttc_contracts::{addresses::WBTT, wbtt::IWBTT};

/// Accounts that one transaction pays: near the gas that a transaction may take (EIP-7825).
const PER_CALL: u64 = 400;
/// Gas limit of such a transaction.
const CALL_GAS: u64 = 16_700_000;
/// What the payer may give away, in BTT and in tokens. Unit: wei.
const FUNDS: u128 = 1_000_000_000_000_000_000_000_000;
/// Every account whose index is a multiple of it holds tokens, that is a storage slot.
const WITH_TOKENS: u64 = 8;

/// Rule of the chain of many accounts.
///
/// Account `i` has `i + 1` wei; if `i` is a multiple of eight also `i + 1` wei of WBTT. Block `h` from 2 on makes 7,200 of them, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountsPattern {
    /// How many there are in all.
    pub accounts: u64,
}

impl AccountsPattern {
    /// Calls in a block, so that it stays below half of the gas limit and the base fee on its floor.
    pub(super) const CALLS: u64 = 18;
    /// Accounts that a block makes.
    pub const PER_BLOCK: u64 = PER_CALL * Self::CALLS;
    /// Gas limit of the genesis. Unit: gas.
    pub const GAS_LIMIT: u64 = 600_000_000;

    /// Height at which all are made.
    pub const fn last_height(&self) -> u64 {
        1 + self.accounts.div_ceil(Self::PER_BLOCK)
    }

    /// An account.
    pub fn account(index: u64) -> Address {
        numbered(0xaa, index)
    }

    /// How many there are after block `height`.
    pub const fn made_until(&self, height: u64) -> u64 {
        let made = height.saturating_sub(1).saturating_mul(Self::PER_BLOCK);
        if made < self.accounts { made } else { self.accounts }
    }

    /// Balance of an account after block `height`. Unit: wei.
    pub fn balance(&self, index: u64, height: u64) -> U256 {
        U256::from(if index < self.made_until(height) { index + 1 } else { 0 })
    }

    /// Tokens of an account after block `height`. Unit: wei.
    pub fn tokens(&self, index: u64, height: u64) -> U256 {
        if index.is_multiple_of(WITH_TOKENS) { self.balance(index, height) } else { U256::ZERO }
    }

    /// Number of transactions in block 1.
    pub(super) const FIRST_CALLS: u64 = 3;

    /// Transactions of block 1: the payer, and its tokens.
    pub(super) fn first_calls(sender: Address) -> [Call; Self::FIRST_CALLS as usize] {
        let funds = U256::from(FUNDS);
        let transfer = IWBTT::transferCall { dst: payer_of(sender), wad: funds }.abi_encode();
        let to_token =
            |input: Vec<u8>, value| Call { to: TxKind::Call(WBTT), input: input.into(), value, gas: 200_000 };
        [
            Call {
                to: TxKind::Create,
                input: payer::deployment(Self::account(0), WBTT).into(),
                value: funds,
                gas: 1_000_000,
            },
            to_token(IWBTT::depositCall {}.abi_encode(), funds),
            to_token(transfer, U256::ZERO),
        ]
    }

    /// Transactions of block `height` from 2 on.
    pub(super) fn calls(&self, height: u64, sender: Address) -> Vec<Call> {
        let range = self.made_until(height.saturating_sub(1))..self.made_until(height);
        let starts = range.clone().step_by(PER_CALL as usize);
        let call = |start: u64| {
            let end = start.saturating_add(PER_CALL).min(range.end);
            let input = [start, end].map(|word| U256::from(word).to_be_bytes::<32>()).concat();
            Call { to: TxKind::Call(payer_of(sender)), input: Bytes::from(input), value: U256::ZERO, gas: CALL_GAS }
        };
        starts.map(call).collect()
    }

    /// Nonce of the sender before block `height`.
    pub(super) const fn nonce_before(height: u64) -> u64 {
        match height {
            0 | 1 => 0,
            _ => Self::FIRST_CALLS + (height - 2) * Self::CALLS,
        }
    }
}

fn payer_of(sender: Address) -> Address {
    sender.create(0)
}
