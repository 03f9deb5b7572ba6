//! Rules for one transaction: what its bytes say, then what its sender's account says.

use crate::{
    InvalidTransaction, PoolConfig, PoolTransaction,
    gas::{GasForks, intrinsic_gas},
};
use alloy_consensus::Transaction as _;
use alloy_eips::{Encodable2718, eip7825::MAX_TX_GAS_LIMIT_OSAKA};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use bttc_primitives::{Account, ChainSpec, EthereumHardforks, Fatal, Header, StateReader, Transaction, TxType};

/// Longest transaction. Unit: bytes.
const MAX_TRANSACTION_BYTES: usize = 128 * 1024;
/// Longest initcode (EIP-3860). Unit: bytes.
const MAX_INITCODE_BYTES: usize = 2 * 24_576;
/// First bytes of the code of a delegated account, an address follows (EIP-7702).
const DELEGATION: [u8; 3] = [0xef, 0x01, 0x00];

/// What holds for the block after the head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    chain_id: u64,
    gas_limit: u64,
    floor: u64,
    berlin: bool,
    london: bool,
    osaka: bool,
    gas: GasForks,
    /// Development chains let contracts be impersonated.
    contracts_send: bool,
}

impl Rules {
    pub(crate) fn after(spec: &ChainSpec, head: &Header) -> Self {
        let (number, time) = (head.number.saturating_add(1), head.timestamp);
        Self {
            chain_id: spec.chain_id(),
            gas_limit: head.gas_limit,
            floor: spec.fees().map_or(0, |fees| fees.min_base_fee),
            berlin: spec.is_berlin_active_at_block(number),
            london: spec.is_london_active_at_block(number),
            osaka: spec.is_osaka_active_at_timestamp(time),
            gas: GasForks {
                homestead: spec.is_homestead_active_at_block(number),
                istanbul: spec.is_istanbul_active_at_block(number),
                shanghai: spec.is_shanghai_active_at_timestamp(time),
                prague: spec.is_prague_active_at_timestamp(time),
            },
            contracts_send: spec.is_dev(),
        }
    }

    /// Whether an account may send transactions (EIP-3607).
    pub(crate) const fn may_send(&self, state: &SenderState) -> bool {
        self.contracts_send || !matches!(state.code, Code::Contract)
    }

    /// Checks what needs no state; the answer is the most that the transaction can cost.
    pub(crate) fn check_form(&self, tx: &Transaction) -> Result<U256, InvalidTransaction> {
        self.check_type(tx)?;
        if let Some(got) = tx.chain_id().filter(|got| *got != self.chain_id) {
            return Err(InvalidTransaction::ChainId { got, expected: self.chain_id });
        }
        let size = tx.encode_2718_len();
        if size > MAX_TRANSACTION_BYTES {
            return Err(InvalidTransaction::Oversized { got: size, limit: MAX_TRANSACTION_BYTES });
        }
        let input = tx.input().len();
        if tx.is_create() && self.gas.shanghai && input > MAX_INITCODE_BYTES {
            return Err(InvalidTransaction::InitcodeSize { got: input, limit: MAX_INITCODE_BYTES });
        }
        if tx.nonce() == u64::MAX {
            return Err(InvalidTransaction::NonceAtMax);
        }
        self.check_gas(tx)?;
        self.check_fees(tx)?;
        // What does not fit into 256 bits is more than anybody has.
        let gas = U256::from(tx.gas_limit()).saturating_mul(U256::from(tx.max_fee_per_gas()));
        Ok(gas.saturating_add(tx.value()))
    }

    fn check_type(&self, tx: &Transaction) -> Result<(), InvalidTransaction> {
        let active = match tx.tx_type() {
            TxType::Legacy => true,
            TxType::Eip2930 => self.berlin,
            TxType::Eip1559 => self.london,
            TxType::Eip4844 => return Err(InvalidTransaction::Blob),
            TxType::Eip7702 => self.gas.prague,
        };
        if !active {
            return Err(InvalidTransaction::TypeNotActive { got: tx.tx_type() as u8 });
        }
        if tx.authorization_list().is_some_and(<[_]>::is_empty) {
            return Err(InvalidTransaction::NoAuthorizations);
        }
        Ok(())
    }

    fn check_gas(&self, tx: &Transaction) -> Result<(), InvalidTransaction> {
        let got = tx.gas_limit();
        if got > self.gas_limit {
            return Err(InvalidTransaction::BlockGasLimit { got, limit: self.gas_limit });
        }
        if self.osaka && got > MAX_TX_GAS_LIMIT_OSAKA {
            return Err(InvalidTransaction::GasCap { got, limit: MAX_TX_GAS_LIMIT_OSAKA });
        }
        let needed = intrinsic_gas(tx, self.gas);
        if got < needed.initial {
            return Err(InvalidTransaction::IntrinsicGas { got, needed: needed.least_limit() });
        }
        if got < needed.floor {
            return Err(InvalidTransaction::FloorGas { got, needed: needed.floor });
        }
        Ok(())
    }

    fn check_fees(&self, tx: &Transaction) -> Result<(), InvalidTransaction> {
        let (tip, cap) = (tx.priority_fee_or_price(), tx.max_fee_per_gas());
        if tip > cap {
            return Err(InvalidTransaction::TipAboveCap { tip, cap });
        }
        if cap < self.floor.into() {
            return Err(InvalidTransaction::BelowFloor { got: cap, floor: self.floor });
        }
        Ok(())
    }

    /// Accounts whose delegation the transaction may set. Costs a signature check each.
    ///
    /// Those signed for another chain, or by nobody, have no effect and are left out.
    pub(crate) fn authorities(&self, tx: &Transaction) -> Box<[Address]> {
        let mut authorities: Vec<_> = tx
            .authorization_list()
            .unwrap_or_default()
            .iter()
            .filter(|auth| auth.chain_id.is_zero() || auth.chain_id == U256::from(self.chain_id))
            .filter_map(|auth| auth.recover_authority().ok())
            .collect();
        authorities.sort_unstable();
        authorities.dedup();
        authorities.into()
    }
}

/// What the pool knows of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderState {
    pub(crate) nonce: u64,
    pub(crate) balance: U256,
    pub(crate) code_hash: B256,
    pub(crate) code: Code,
}

/// What kind of code an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    None,
    Delegation,
    Contract,
}

impl SenderState {
    /// `code` looks up the code behind a hash; it is asked only where there is code.
    pub(crate) fn of(account: Option<Account>, code: impl FnOnce(B256) -> Result<Code, Fatal>) -> Result<Self, Fatal> {
        let Account { nonce, balance, code_hash } = account.unwrap_or_default();
        let code = if code_hash == KECCAK256_EMPTY { Code::None } else { code(code_hash)? };
        Ok(Self { nonce, balance, code_hash, code })
    }

    pub(crate) fn read(state: &dyn StateReader, address: Address) -> Result<Self, Fatal> {
        Self::of(state.account(address)?, |hash| Code::read(state, hash))
    }

    /// Checks what the account alone says about a transaction.
    pub(crate) fn check(
        &self,
        tx: &PoolTransaction,
        config: &PoolConfig,
        rules: &Rules,
    ) -> Result<(), InvalidTransaction> {
        let (sender, got) = (tx.sender(), tx.nonce());
        if got < self.nonce {
            return Err(InvalidTransaction::NonceTooLow { sender, got, expected: self.nonce });
        }
        let limit = config.account_transactions;
        if got - self.nonce >= limit as u64 {
            return Err(InvalidTransaction::NonceTooFar { sender, got, next: self.nonce, limit });
        }
        if !rules.may_send(self) {
            return Err(InvalidTransaction::SenderIsContract { sender });
        }
        if self.balance < tx.cost() {
            let (balance, cost) = (self.balance, tx.cost());
            return Err(InvalidTransaction::InsufficientFunds { sender, balance, cost });
        }
        Ok(())
    }
}

impl Code {
    pub(crate) fn read(state: &dyn StateReader, hash: B256) -> Result<Self, Fatal> {
        let code = state.code(hash)?;
        let delegated = code.len() == 23 && code.starts_with(&DELEGATION);
        Ok(if delegated { Self::Delegation } else { Self::Contract })
    }
}

/// Checks that both fees rise enough (rounded up) for `new` to take the place of `old`.
pub(crate) fn check_replacement(
    old: &PoolTransaction,
    new: &PoolTransaction,
    config: &PoolConfig,
) -> Result<(), InvalidTransaction> {
    let raised = |fee: u128| {
        let percent = u128::from(config.price_bump_percent).saturating_add(100);
        fee.saturating_mul(percent).div_ceil(100)
    };
    let (cap, tip) = (raised(old.fee_cap()), raised(old.tip_cap()));
    if new.fee_cap() < cap || new.tip_cap() < tip {
        let (nonce, known) = (old.nonce(), old.hash());
        return Err(InvalidTransaction::ReplacementUnderpriced { nonce, known, cap, tip });
    }
    Ok(())
}
