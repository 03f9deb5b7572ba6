//! Why a transaction is refused. Texts begin as geth's do, which wallets recognise, and then say what to do.

use alloy_primitives::{Address, B256, U256};
use bttc_primitives::{Fatal, format_btt};

/// Writes a price of gas with its unit, without trailing zeros: `9000 gwei`.
pub(crate) fn gwei(wei: u128) -> String {
    const GWEI: u128 = 1_000_000_000;
    let (whole, fraction) = (wei / GWEI, wei % GWEI);
    match format!("{fraction:09}").trim_end_matches('0') {
        "" => format!("{whole} gwei"),
        fraction => format!("{whole}.{fraction} gwei"),
    }
}

/// Why [`crate::Pool::add`] did not take a transaction in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AddError {
    /// The sender's fault.
    #[error(transparent)]
    Invalid(#[from] InvalidTransaction),
    /// Ours.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

/// A transaction that the pool does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransaction {
    /// It is here already.
    #[error("already known: transaction {hash} is in the pool")]
    AlreadyKnown {
        /// Its hash.
        hash: B256,
    },
    /// EIP-4844.
    #[error(
        "transaction type not supported: this chain has no blobs; send the data as calldata in a transaction of type 2"
    )]
    Blob,
    /// The fork that brings the type is not active.
    #[error("transaction type not supported: type {got} is not active on this chain yet")]
    TypeNotActive {
        /// Its type.
        got: u8,
    },
    /// Signed for another chain.
    #[error(
        "invalid chain id: the transaction is signed for chain {got}, this chain is {expected}; choose this network in the wallet and sign again"
    )]
    ChainId {
        /// In the transaction.
        got: u64,
        /// Of this chain.
        expected: u64,
    },
    /// Too long.
    #[error("oversized data: the transaction has {got} bytes, the limit is {limit}; split it")]
    Oversized {
        /// Unit: bytes.
        got: usize,
        /// Unit: bytes.
        limit: usize,
    },
    /// EIP-3860.
    #[error(
        "max initcode size exceeded: the initcode has {got} bytes, the limit is {limit} (EIP-3860); split the contract"
    )]
    InitcodeSize {
        /// Unit: bytes.
        got: usize,
        /// Unit: bytes.
        limit: usize,
    },
    /// Would fit into no block.
    #[error("exceeds block gas limit: the gas limit is {got}, a block has {limit}; lower it")]
    BlockGasLimit {
        /// Unit: gas.
        got: u64,
        /// Unit: gas.
        limit: u64,
    },
    /// EIP-7825.
    #[error(
        "transaction gas limit too high: the gas limit is {got}, a transaction may have {limit} (EIP-7825); lower it or split the work"
    )]
    GasCap {
        /// Unit: gas.
        got: u64,
        /// Unit: gas.
        limit: u64,
    },
    /// Not enough to begin with.
    #[error(
        "intrinsic gas too low: the gas limit is {got}, this transaction needs at least {needed}; raise it, eth_estimateGas names the right one"
    )]
    IntrinsicGas {
        /// Unit: gas.
        got: u64,
        /// Unit: gas.
        needed: u64,
    },
    /// EIP-7623.
    #[error(
        "insufficient gas for floor data gas cost: the gas limit is {got}, the data of this transaction needs at least {needed} (EIP-7623); raise it"
    )]
    FloorGas {
        /// Unit: gas.
        got: u64,
        /// Unit: gas.
        needed: u64,
    },
    /// The two fees contradict each other.
    #[error("max priority fee per gas higher than max fee per gas: {} against {}; lower the first or raise the second", gwei(*.tip), gwei(*.cap))]
    TipAboveCap {
        /// Unit: wei per gas.
        tip: u128,
        /// Unit: wei per gas.
        cap: u128,
    },
    /// Below the floor of the base fee, so that it could never run.
    #[error("max fee per gas less than block base fee: offered {}, on this chain the base fee is never below {}; offer at least that", gwei(*.got), gwei((*.floor).into()))]
    BelowFloor {
        /// Unit: wei per gas.
        got: u128,
        /// Unit: wei per gas.
        floor: u64,
    },
    /// EIP-7702.
    #[error("set code transaction without authorizations: its authorization list must name at least one (EIP-7702)")]
    NoAuthorizations,
    /// EIP-2681.
    #[error("nonce has max value: an account ends at nonce 2^64-2 (EIP-2681); use another account")]
    NonceAtMax,
    /// Used already.
    #[error(
        "nonce too low: the next nonce of {sender} is {expected}, the transaction has {got}; sign it with a new nonce"
    )]
    NonceTooLow {
        /// The sender.
        sender: Address,
        /// In the transaction.
        got: u64,
        /// Of the account.
        expected: u64,
    },
    /// Further ahead than an account may have transactions here.
    #[error(
        "nonce too high: the next nonce of {sender} is {next}, the transaction has {got}; an account may be at most {limit} ahead; send those before it first"
    )]
    NonceTooFar {
        /// The sender.
        sender: Address,
        /// In the transaction.
        got: u64,
        /// Of the account.
        next: u64,
        /// How far ahead the last may be.
        limit: usize,
    },
    /// EIP-3607.
    #[error("sender not an eoa: {sender} is a contract, whose transactions are invalid (EIP-3607)")]
    SenderIsContract {
        /// The sender.
        sender: Address,
    },
    /// Cannot pay.
    #[error("insufficient funds for gas * price + value: {sender} has {}, the transaction may cost {}; fund the account or lower value, gas limit or fees", format_btt(*.balance), format_btt(*.cost))]
    InsufficientFunds {
        /// The sender.
        sender: Address,
        /// Unit: wei.
        balance: U256,
        /// Unit: wei.
        cost: U256,
    },
    /// Not enough more than the one it would replace.
    #[error("replacement transaction underpriced: nonce {nonce} is taken by {known}; to replace it offer at least maxFeePerGas {} and maxPriorityFeePerGas {}", gwei(*.cap), gwei(*.tip))]
    ReplacementUnderpriced {
        /// Nonce of both.
        nonce: u64,
        /// Hash of the one in the pool.
        known: B256,
        /// Unit: wei per gas.
        cap: u128,
        /// Unit: wei per gas.
        tip: u128,
    },
    /// The pool is full of better ones.
    #[error(
        "transaction underpriced: the pool is full ({count} transactions, {bytes} bytes) and all in it pay more or run sooner; raise maxFeePerGas and maxPriorityFeePerGas or try later"
    )]
    Underpriced {
        /// How many there are.
        count: usize,
        /// Their size.
        bytes: usize,
    },
    /// The pool is full of transactions that give way to nobody.
    #[error(
        "txpool is full: {count} transactions, {bytes} bytes, none of which gives way; try later or raise txpool.max_transactions and txpool.max_bytes"
    )]
    Full {
        /// How many there are.
        count: usize,
        /// Their size.
        bytes: usize,
    },
    /// Too much of one account.
    #[error(
        "account limit exceeded: {sender} may have {transactions} transactions of {bytes} bytes together in the pool; wait until some are in a block"
    )]
    AccountFull {
        /// The sender.
        sender: Address,
        /// Limit in transactions.
        transactions: usize,
        /// Limit in bytes.
        bytes: usize,
    },
    /// A second transaction of an account whose code runs, or may soon run, for others.
    #[error(
        "in-flight transaction limit reached for delegated accounts: {sender} has a delegation, in force or waiting (EIP-7702), so one transaction at a time; wait for it or replace it"
    )]
    Delegated {
        /// The sender.
        sender: Address,
    },
    /// A nonce gap of such an account.
    #[error(
        "gapped-nonce tx from delegated accounts: {sender} has a delegation, in force or waiting (EIP-7702), so its next transaction must have nonce {expected}, not {got}"
    )]
    DelegatedGap {
        /// The sender.
        sender: Address,
        /// In the transaction.
        got: u64,
        /// Of the account.
        expected: u64,
    },
    /// It would delegate an account that has several transactions here.
    #[error(
        "authority already reserved: {authority} has more than one transaction in the pool and can be delegated only with one at most (EIP-7702); wait until they are in a block"
    )]
    AuthorityBusy {
        /// The account to be delegated.
        authority: Address,
    },
}
