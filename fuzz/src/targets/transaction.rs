//! Transactions on their way into the pool: envelope, sender, form, account.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::{
    Decodable2718, Encodable2718,
    eip2930::AccessListItem,
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Signature, TxKind, U256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use bttc_primitives::{Account, ChainSpec, Fatal, Recovered, StateReader, Transaction, recover_senders};
use bttc_txpool::{AddError, HeadState, Origin, Pool, PoolConfig};
use std::sync::Arc;

const CHAIN: u64 = 990_992;
const GENESIS: &str = include_str!("../../../genesis/dev/genesis.json");
/// Unit: wei per gas.
const FLOOR: u128 = 9_000_000_000_000;

pub(super) fn spec() -> ChainSpec {
    ChainSpec::from_json(GENESIS).unwrap()
}

/// Everybody is rich.
struct Rich;

impl StateReader for Rich {
    fn account(&self, _: Address) -> Result<Option<Account>, Fatal> {
        Ok(Some(Account { nonce: 0, balance: U256::MAX, code_hash: KECCAK256_EMPTY }))
    }
    fn storage(&self, _: Address, _: U256) -> Result<U256, Fatal> {
        Ok(U256::ZERO)
    }
    fn code(&self, _: B256) -> Result<Bytes, Fatal> {
        Ok(Bytes::new())
    }
    fn block_hash(&self, _: u64) -> Result<Option<B256>, Fatal> {
        Ok(None)
    }
}

fn pool() -> Pool {
    let spec = Arc::new(spec());
    let state: HeadState = Arc::new(|| Ok(Box::new(Rich) as Box<dyn StateReader>));
    let header = spec.genesis_header();
    Pool::new(PoolConfig::default(), spec, state, &header)
}

pub(super) fn run(bytes: &[u8]) {
    let _ = admitted(bytes);
}

/// Whether the pool takes what the bytes say; none if they are no transaction.
pub(super) fn admitted(bytes: &[u8]) -> Option<bool> {
    thread_local! {
        static POOL: Pool = pool();
    }
    let tx = Transaction::decode_2718_exact(bytes).ok()?;
    assert_eq!(tx.encoded_2718(), bytes, "two encodings of one transaction");
    assert_eq!(tx.encode_2718_len(), bytes.len());
    assert_eq!(*tx.tx_hash(), alloy_primitives::keccak256(bytes));
    let strict = recover_senders(std::slice::from_ref(&tx), true);
    let loose = recover_senders(std::slice::from_ref(&tx), false);
    if let Ok(strict) = &strict {
        assert_eq!(loose.as_ref(), Ok(strict), "stricter rules find another sender");
    }
    // Without a true signature the pool's rules are tried all the same.
    let sender = strict.ok().and_then(|senders| senders.first().copied()).unwrap_or(Address::repeat_byte(1));
    POOL.with(|pool| match pool.add(Recovered::new_unchecked(tx, sender), Origin::Peer(1)) {
        Ok(added) => {
            pool.check_books();
            let kept = pool.remove(&added.hash).unwrap();
            assert_eq!(kept.size(), bytes.len());
            assert!(kept.footprint() >= bytes.len(), "a transaction takes more memory than it counts");
            assert!(pool.is_empty() && pool.bytes() == 0);
            Some(true)
        }
        Err(AddError::Invalid(why)) => {
            assert!(!why.to_string().is_empty());
            assert!(pool.is_empty());
            Some(false)
        }
        Err(AddError::Fatal(fatal)) => panic!("a transaction is our trouble: {fatal}"),
    })
}

fn sign<T>(tx: T) -> Transaction
where
    T: SignableTransaction<Signature>,
    alloy_consensus::Signed<T>: Into<Transaction>,
{
    let key = PrivateKeySigner::from_bytes(&B256::repeat_byte(5)).unwrap();
    let signature = key.sign_hash_sync(&tx.signature_hash()).unwrap();
    tx.into_signed(signature).into()
}

/// One of each type.
pub(super) fn samples() -> Vec<Transaction> {
    let to = Address::repeat_byte(7);
    let access_list = vec![AccessListItem { address: to, storage_keys: vec![B256::repeat_byte(1), B256::ZERO] }].into();
    let authorization = Authorization { chain_id: U256::from(CHAIN), address: to, nonce: 3 };
    let signed: SignedAuthorization = authorization.into_signed(Signature::test_signature());
    vec![
        sign(TxLegacy {
            chain_id: Some(CHAIN),
            gas_price: FLOOR,
            gas_limit: 21_000,
            to: TxKind::Call(to),
            ..Default::default()
        }),
        sign(TxLegacy { gas_price: FLOOR, gas_limit: 21_000, to: TxKind::Call(to), ..Default::default() }),
        sign(TxEip2930 {
            chain_id: CHAIN,
            gas_price: FLOOR,
            gas_limit: 100_000,
            to: TxKind::Create,
            input: vec![0x5f, 0x5f, 0xf3].into(),
            access_list,
            ..Default::default()
        }),
        sign(TxEip1559 {
            chain_id: CHAIN,
            nonce: 2,
            max_fee_per_gas: 2 * FLOOR,
            max_priority_fee_per_gas: 5,
            gas_limit: 60_000,
            to: TxKind::Call(to),
            value: U256::from(10u64.pow(18)),
            input: vec![1; 40].into(),
            ..Default::default()
        }),
        sign(TxEip7702 {
            chain_id: CHAIN,
            max_fee_per_gas: FLOOR,
            gas_limit: 100_000,
            to,
            authorization_list: vec![signed],
            ..Default::default()
        }),
    ]
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    samples().iter().map(Encodable2718::encoded_2718).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_takes_the_seeds() {
        for seed in seeds() {
            assert_eq!(admitted(&seed), Some(true));
        }
    }
}
