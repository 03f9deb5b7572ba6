//! Why a transaction cannot run on a state. It is the sender's fault.

use alloy_primitives::{Address, U256};
use bttc_primitives::format_btt;
use revm::{
    context::{BlockEnv, CfgEnv, TxEnv},
    context_interface::{Cfg, result::InvalidTransaction as Evm},
};

/// The rule that a transaction breaks on the state it was to run on.
///
/// Messages begin with the words that wallets and libraries look for, then say what was got and expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant says what it is")]
pub enum InvalidTransaction {
    #[error("nonce too low: {sender} has sent {expected} transactions, so the next nonce is {expected}, got {got}")]
    NonceTooLow { sender: Address, got: u64, expected: u64 },
    #[error("nonce too high: {sender} has sent {expected} transactions, so the next nonce is {expected}, got {got}")]
    NonceTooHigh { sender: Address, got: u64, expected: u64 },
    #[error("nonce of {sender} has reached its maximum; the account can send no more transactions")]
    NonceOverflow { sender: Address },
    #[error(
        "insufficient funds for gas * price + value: {sender} has {}, the transaction may cost {}; send less or add BTT",
        format_btt(*got), format_btt(*expected)
    )]
    InsufficientFunds { sender: Address, got: U256, expected: U256 },
    #[error(
        "insufficient funds for gas * price + value: the cost of the transaction is larger than any balance can be"
    )]
    CostOverflow,
    #[error(
        "intrinsic gas too low: gas limit is {got}, this transaction needs at least {expected} before it does anything"
    )]
    IntrinsicGas { got: u64, expected: u64 },
    #[error(
        "max fee per gas less than block base fee: got {}, the base fee is {} per gas",
        format_btt(U256::from(*got)), format_btt(U256::from(*expected))
    )]
    FeeBelowBaseFee { got: u128, expected: u64 },
    #[error(
        "max priority fee per gas higher than max fee per gas: got {}, at most {} per gas",
        format_btt(U256::from(*got)), format_btt(U256::from(*expected))
    )]
    TipAboveFee { got: u128, expected: u128 },
    #[error("transaction gas limit too high: got {got}, at most {expected} (EIP-7825)")]
    GasAboveCap { got: u64, expected: u64 },
    #[error("gas limit too high: got {got}, a block holds {expected}")]
    GasAboveBlock { got: u64, expected: u64 },
    #[error("invalid chain id: got {got:?}, expected {expected}; sign the transaction for this network")]
    ChainId { got: Option<u64>, expected: u64 },
    #[error("sender not an eoa: {sender} is a contract and cannot send transactions (EIP-3607)")]
    SenderHasCode { sender: Address },
    #[error("max initcode size exceeded: got {got} bytes, at most {expected} (EIP-3860)")]
    InitCodeSize { got: usize, expected: usize },
    #[error("authorization list is empty; a transaction of type 4 needs at least one authorization (EIP-7702)")]
    EmptyAuthorizationList,
    #[error("a transaction of type 4 cannot create a contract (EIP-7702)")]
    DelegatingCreation,
    #[error("blob transactions do not exist on this chain; send the data as calldata")]
    Blob,
    #[error("transaction type {got} is not known at this height")]
    Type { got: u8 },
    #[error("{0}")]
    Other(String),
}

impl InvalidTransaction {
    /// Puts the numbers to what the EVM refused.
    pub(crate) fn from_evm(error: Evm, tx: &TxEnv, block: &BlockEnv, cfg: &CfgEnv) -> Self {
        let sender = tx.caller;
        match error {
            Evm::NonceTooLow { tx, state } => Self::NonceTooLow { sender, got: tx, expected: state },
            Evm::NonceTooHigh { tx, state } => Self::NonceTooHigh { sender, got: tx, expected: state },
            Evm::NonceOverflowInTransaction => Self::NonceOverflow { sender },
            Evm::LackOfFundForMaxFee { fee, balance } => {
                Self::InsufficientFunds { sender, got: *balance, expected: *fee }
            }
            Evm::OverflowPaymentInTransaction => Self::CostOverflow,
            Evm::CallGasCostMoreThanGasLimit { initial_gas, gas_limit } => {
                Self::IntrinsicGas { got: gas_limit, expected: initial_gas }
            }
            Evm::GasFloorMoreThanGasLimit { gas_floor, gas_limit } => {
                Self::IntrinsicGas { got: gas_limit, expected: gas_floor }
            }
            Evm::GasPriceLessThanBasefee => Self::FeeBelowBaseFee { got: tx.gas_price, expected: block.basefee },
            Evm::PriorityFeeGreaterThanMaxFee => {
                Self::TipAboveFee { got: tx.gas_priority_fee.unwrap_or_default(), expected: tx.gas_price }
            }
            Evm::TxGasLimitGreaterThanCap { gas_limit, cap } => Self::GasAboveCap { got: gas_limit, expected: cap },
            Evm::CallerGasLimitMoreThanBlock => Self::GasAboveBlock { got: tx.gas_limit, expected: block.gas_limit },
            Evm::InvalidChainId | Evm::MissingChainId => Self::ChainId { got: tx.chain_id, expected: cfg.chain_id },
            Evm::RejectCallerWithCode => Self::SenderHasCode { sender },
            Evm::CreateInitCodeSizeLimit => {
                Self::InitCodeSize { got: tx.data.len(), expected: cfg.max_initcode_size() }
            }
            Evm::EmptyAuthorizationList => Self::EmptyAuthorizationList,
            Evm::AuthorizationListInvalidFields => Self::DelegatingCreation,
            Evm::Eip2930NotSupported
            | Evm::Eip1559NotSupported
            | Evm::Eip4844NotSupported
            | Evm::Eip7702NotSupported => Self::Type { got: tx.tx_type },
            other => Self::Other(other.to_string()),
        }
    }
}
