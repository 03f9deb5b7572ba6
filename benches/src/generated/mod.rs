//! Chains made for measuring, whose every balance, slot, receipt and log follows from a rule, so that a wrong answer is seen.
//!
//! ```text
//! blocks      block 1: ten accounts wrap BTT      block h: transfers to a ring of accounts, then one token transfer
//! accounts    block 1: the payer is deployed      block h: calls of the payer, each of which pays a row of fresh addresses
//! ```
//!
//! [`Plan`] says what each block holds; [`BlocksPattern`] and [`AccountsPattern`] what the state is after it. `generate` writes such a chain
//! through the ledger, `history` asks a node about it.

mod accounts;
mod blocks;
mod payer;
mod plan;
mod prune;
mod write;

pub use accounts::AccountsPattern;
pub use blocks::{BlocksPattern, TokenMove};
pub use plan::{Plan, Planned};
pub use prune::prune;
pub use write::write;

use alloy_primitives::{Address, B256, U256, keccak256};

/// Time of block `height`: two a second, counted from a fixed moment in the past. Unit: seconds since the Unix epoch.
pub fn timestamp(height: u64) -> u64 {
    const FIRST: u64 = 1_700_000_000;
    FIRST.saturating_add(height / 2)
}

/// Slot of `WBTT.balanceOf` that holds the tokens of an account: the mapping is the contract's first variable.
pub fn token_slot(holder: Address) -> U256 {
    let mut key = [0; 64];
    let (account, _) = key.split_at_mut(32);
    account.copy_from_slice(holder.into_word().as_slice());
    U256::from_be_bytes(keccak256(key).0)
}

/// `Transfer(address,address,uint256)`.
pub fn transfer_topic() -> B256 {
    keccak256("Transfer(address,address,uint256)")
}

/// `Deposit(address,uint256)` of WBTT.
pub fn deposit_topic() -> B256 {
    keccak256("Deposit(address,uint256)")
}

/// The address `base + index`: what is hashed to become its place in the trie is as good as random.
fn numbered(base: u8, index: u64) -> Address {
    let mut bytes = [0; 20];
    let (name, number) = bytes.split_at_mut(12);
    name.fill(base);
    number.copy_from_slice(&index.to_be_bytes());
    Address::from(bytes)
}
