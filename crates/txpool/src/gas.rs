//! Intrinsic gas: what a transaction costs before its first instruction.
//!
//! Sources: Yellow Paper, section 6.2; EIP-2, EIP-2028, EIP-2930, EIP-3860, EIP-7623, EIP-7702.

use alloy_consensus::Transaction as _;
use alloy_eips::eip7623::{tokens_in_calldata, transaction_floor_cost};
use bttc_primitives::Transaction;

const TRANSACTION: u64 = 21_000;
const CREATE: u64 = 32_000;
const ZERO_BYTE: u64 = 4;
const NON_ZERO_BYTE: u64 = 16;
const NON_ZERO_BYTE_BEFORE_ISTANBUL: u64 = 68;
const INITCODE_WORD: u64 = 2;
const ACCESS_LIST_ADDRESS: u64 = 2_400;
const ACCESS_LIST_SLOT: u64 = 1_900;
const AUTHORIZATION: u64 = 25_000;

/// Forks that change the intrinsic gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GasForks {
    /// Creating a contract costs more than a call (EIP-2).
    pub homestead: bool,
    /// Cheaper calldata (EIP-2028).
    pub istanbul: bool,
    /// Initcode costs by the word (EIP-3860).
    pub shanghai: bool,
    /// The floor by calldata (EIP-7623).
    pub prague: bool,
}

/// Gas that a transaction must at least bring. Unit: gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntrinsicGas {
    /// Charged before execution.
    pub initial: u64,
    /// Least gas used in the end (EIP-7623); zero before Prague.
    pub floor: u64,
}

impl IntrinsicGas {
    /// The smallest valid gas limit.
    pub fn least_limit(&self) -> u64 {
        self.initial.max(self.floor)
    }
}

/// Intrinsic gas of a transaction.
pub fn intrinsic_gas(tx: &Transaction, forks: GasForks) -> IntrinsicGas {
    let input = tx.input();
    let length = input.len() as u64;
    let zeros = input.iter().filter(|byte| **byte == 0).count() as u64;
    let non_zero = if forks.istanbul { NON_ZERO_BYTE } else { NON_ZERO_BYTE_BEFORE_ISTANBUL };
    let mut initial = TRANSACTION
        .saturating_add(zeros.saturating_mul(ZERO_BYTE))
        .saturating_add(length.saturating_sub(zeros).saturating_mul(non_zero));
    if tx.is_create() && forks.homestead {
        initial = initial.saturating_add(CREATE);
    }
    if tx.is_create() && forks.shanghai {
        initial = initial.saturating_add(length.div_ceil(32).saturating_mul(INITCODE_WORD));
    }
    if let Some(list) = tx.access_list() {
        let addresses = list.len() as u64;
        let slots = list.iter().map(|item| item.storage_keys.len() as u64).sum::<u64>();
        initial = initial
            .saturating_add(addresses.saturating_mul(ACCESS_LIST_ADDRESS))
            .saturating_add(slots.saturating_mul(ACCESS_LIST_SLOT));
    }
    let authorizations = tx.authorization_list().map_or(0, |list| list.len() as u64);
    initial = initial.saturating_add(authorizations.saturating_mul(AUTHORIZATION));
    let floor = if forks.prague { transaction_floor_cost(tokens_in_calldata(input)) } else { 0 };
    IntrinsicGas { initial, floor }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::{Signed, TxEip2930, TxEip7702, TxLegacy};
    use alloy_eips::{
        eip2930::{AccessList, AccessListItem},
        eip7702::{Authorization, SignedAuthorization},
    };
    use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};

    const OSAKA: GasForks = GasForks { homestead: true, istanbul: true, shanghai: true, prague: true };

    fn legacy(to: TxKind, input: impl Into<Bytes>) -> Transaction {
        let tx = TxLegacy { to, input: input.into(), ..Default::default() };
        Signed::new_unhashed(tx, Signature::test_signature()).into()
    }

    fn call(input: Vec<u8>) -> Transaction {
        legacy(TxKind::Call(Address::ZERO), input)
    }

    #[test]
    fn transfers_and_calldata() {
        assert_eq!(intrinsic_gas(&call(vec![]), OSAKA), IntrinsicGas { initial: 21_000, floor: 21_000 });
        // EIP-2028: 16 and 4 a byte; EIP-7623: 10 a token, four tokens a non-zero byte.
        let mixed = call(vec![0, 0, 0, 1, 2]);
        assert_eq!(
            intrinsic_gas(&mixed, OSAKA),
            IntrinsicGas { initial: 21_000 + 3 * 4 + 2 * 16, floor: 21_000 + (3 + 8) * 10 }
        );
        let old = GasForks { istanbul: false, prague: false, ..OSAKA };
        assert_eq!(intrinsic_gas(&mixed, old), IntrinsicGas { initial: 21_000 + 3 * 4 + 2 * 68, floor: 0 });
        assert_eq!(intrinsic_gas(&mixed, OSAKA).least_limit(), 21_110);
    }

    #[test]
    fn creations() {
        let create = legacy(TxKind::Create, vec![1; 33]);
        assert_eq!(intrinsic_gas(&create, OSAKA).initial, 53_000 + 33 * 16 + 2 * 2);
        let london = GasForks { shanghai: false, prague: false, ..OSAKA };
        assert_eq!(intrinsic_gas(&create, london).initial, 53_000 + 33 * 16);
        let frontier = GasForks { homestead: false, istanbul: false, ..london };
        assert_eq!(intrinsic_gas(&create, frontier).initial, 21_000 + 33 * 68);
    }

    #[test]
    fn access_lists_and_authorizations() {
        let item = |slots| AccessListItem { address: Address::ZERO, storage_keys: vec![B256::ZERO; slots] };
        let access_list = AccessList(vec![item(2), item(0)]);
        let tx = TxEip2930 { access_list, to: TxKind::Call(Address::ZERO), ..Default::default() };
        let tx: Transaction = Signed::new_unhashed(tx, Signature::test_signature()).into();
        assert_eq!(intrinsic_gas(&tx, OSAKA).initial, 21_000 + 2 * 2_400 + 2 * 1_900);
        let authorization = Authorization { chain_id: U256::ONE, address: Address::ZERO, nonce: 0 };
        let signed = SignedAuthorization::new_unchecked(authorization, 0, U256::ONE, U256::ONE);
        let tx = TxEip7702 { authorization_list: vec![signed; 3], ..Default::default() };
        let tx: Transaction = Signed::new_unhashed(tx, Signature::test_signature()).into();
        assert_eq!(intrinsic_gas(&tx, OSAKA).initial, 21_000 + 3 * 25_000);
    }
}
