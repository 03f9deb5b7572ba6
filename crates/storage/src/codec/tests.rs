#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::{StoredEpoch, StoredProposal, StoredReceipt, tables::FORMAT_VERSION};
use alloy_consensus::{Eip658Value, Signed, TxEip1559, TxLegacy, TxType};
use alloy_primitives::{Bytes, KECCAK256_EMPTY, Log, LogData, Signature, U256, hex, keccak256};
use bttc_primitives::{
    Account, Body, CommitCertificate, ConsensusParams, Header, LastCommit, Receipt, RecoveredBlock, SealedBlock,
    SignerBitmap, Transaction, Validator, ValidatorSet, VoteSignature,
};
use bttc_trie::{BranchNodeCompact, EMPTY_ROOT_HASH, TrieAccount};
use proptest::{collection::vec, prelude::*};
use std::{collections::BTreeMap, fmt::Debug};

fn value_round_trip<V: Value + PartialEq + Debug>(value: &V) {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    assert_eq!(&V::decode(&bytes).unwrap(), value);
}

fn key_bytes(key: &impl Key) -> Vec<u8> {
    KeyBuf::of(key).unwrap().as_slice().to_vec()
}

fn hash() -> impl Strategy<Value = B256> {
    any::<[u8; 32]>().prop_map(B256::from)
}

fn number() -> impl Strategy<Value = U256> {
    (any::<[u8; 32]>(), 0usize..=256)
        .prop_map(|(bytes, shift)| U256::from_be_bytes(bytes).checked_shr(shift).unwrap_or_default())
}

fn account() -> impl Strategy<Value = TrieAccount> {
    let code = prop_oneof![Just(KECCAK256_EMPTY), hash()];
    let root = prop_oneof![Just(EMPTY_ROOT_HASH), hash()];
    (any::<u64>(), number(), root, code).prop_map(|(nonce, balance, storage_root, code_hash)| TrieAccount {
        nonce,
        balance,
        storage_root,
        code_hash,
    })
}

fn node() -> impl Strategy<Value = BranchNodeCompact> {
    (any::<[u16; 3]>(), vec(hash(), 16), proptest::option::of(hash())).prop_map(
        |([state, tree, hashed], hashes, own)| {
            let hashed = hashed & state;
            let hashes = hashes[..hashed.count_ones() as usize].to_vec();
            BranchNodeCompact::new(state, tree & state, hashed, hashes, own)
        },
    )
}

fn log() -> impl Strategy<Value = Log> {
    (any::<[u8; 20]>(), vec(hash(), 0..=4), vec(any::<u8>(), 0..200)).prop_map(|(address, topics, data)| Log {
        address: address.into(),
        data: LogData::new_unchecked(topics, data.into()),
    })
}

fn receipt() -> impl Strategy<Value = StoredReceipt> {
    let outcome = prop_oneof![any::<bool>().prop_map(Eip658Value::Eip658), hash().prop_map(Eip658Value::PostState)];
    let tx_type = (0u8..5).prop_map(|number| TxType::try_from(number).unwrap());
    (tx_type, outcome, any::<[u64; 3]>(), vec(log(), 0..5)).prop_map(
        |(tx_type, outcome, [cumulative_gas_used, gas_used, first_log_index], logs)| {
            let receipt = Receipt { tx_type, outcome, cumulative_gas_used, logs };
            StoredReceipt { receipt, gas_used, first_log_index }
        },
    )
}

fn changed_keys() -> impl Strategy<Value = ChangedKeys> {
    let slots = (vec(number(), 0..5), vec(hash(), 0..5)).prop_map(|(named, hashed)| {
        let named = named.into_iter().map(|slot| (keccak256(slot.to_be_bytes::<32>()), Some(slot)));
        named.chain(hashed.into_iter().map(|hash| (hash, None))).collect::<BTreeMap<_, _>>()
    });
    let account = (any::<bool>(), slots).prop_map(|(fields, slots)| ChangedAccount { fields, slots });
    proptest::collection::btree_map(any::<[u8; 20]>().prop_map(Address::from), account, 0..6)
        .prop_map(|accounts| ChangedKeys { accounts })
}

fn nibbles() -> impl Strategy<Value = Nibbles> {
    vec(0u8..16, 0..=64).prop_map(Nibbles::from_nibbles)
}

proptest! {
    #[test]
    fn numbers_survive(number in any::<u64>(), value in number()) {
        let mut bytes = Vec::new();
        put_varint(number, &mut bytes);
        prop_assert_eq!(Input::new(&bytes).varint(), Ok(number));
        value_round_trip(&value);
        value_round_trip(&number);
        value_round_trip(&TransactionPlace { number, height: number / 3, index: number % 1000 });
    }

    #[test]
    fn accounts_survive(account in account()) {
        value_round_trip(&account);
        value_round_trip(&Some(without_storage(&account)));
        value_round_trip(&Option::<Account>::None);
    }

    #[test]
    fn nodes_survive(node in node()) {
        value_round_trip(&node);
    }

    #[test]
    fn receipts_survive(receipt in receipt()) {
        value_round_trip(&receipt);
    }

    #[test]
    fn changed_keys_survive(keys in changed_keys(), digest in any::<[u8; 16]>()) {
        value_round_trip(&ChangesRow { digest: digest.into(), keys });
    }

    #[test]
    fn keys_survive_in_their_order(
        a in (hash(), any::<u64>()),
        b in (hash(), any::<u64>()),
        paths in (hash(), nibbles(), nibbles()),
    ) {
        for key in [a, b] {
            prop_assert_eq!(<(B256, u64)>::from_bytes(&key_bytes(&key)).unwrap(), key);
        }
        prop_assert_eq!(a.cmp(&b), key_bytes(&a).cmp(&key_bytes(&b)));
        let (account, first, second) = paths;
        let key = (account, first);
        prop_assert_eq!(<(B256, Nibbles)>::from_bytes(&key_bytes(&key)).unwrap(), key);
        prop_assert_eq!(first.to_vec().cmp(&second.to_vec()), key_bytes(&first).cmp(&key_bytes(&second)));
        prop_assert_eq!(first.cmp(&second), key_bytes(&first).cmp(&key_bytes(&second)));
    }

    /// Damaged rows are errors, never panics; what is accepted is what would be written again.
    #[test]
    fn damage_is_an_error(bytes in vec(any::<u8>(), 0..300)) {
        fn check<V: Value>(bytes: &[u8]) {
            if let Ok(value) = V::decode(bytes) {
                let mut again = Vec::new();
                value.encode(&mut again);
                assert_eq!(again, bytes);
            }
        }
        check::<TrieAccount>(&bytes);
        check::<Option<Account>>(&bytes);
        check::<U256>(&bytes);
        check::<BranchNodeCompact>(&bytes);
        check::<StoredReceipt>(&bytes);
        check::<TransactionPlace>(&bytes);
        check::<ChangesRow>(&bytes);
        let _ = HeaderRow::decode(&bytes);
        let _ = BodyRow::decode(&bytes);
        let _ = TransactionRow::decode(&bytes);
        let _ = StoredProposal::decode(&bytes);
        let _ = CommitCertificate::decode(&bytes);
        let _ = Nibbles::from_bytes(&bytes);
        let _ = String::from_bytes(&bytes);
        let _ = <(B256, B256, u64)>::from_bytes(&bytes);
    }
}

/// Each value has one encoding: a row that says the same in another way was not written by us.
#[test]
fn another_encoding_of_a_value_is_refused() {
    fn refused<V: Value + Debug>(bytes: &[&[u8]]) -> String {
        V::decode(&bytes.concat()).unwrap_err().0.to_owned()
    }
    let [digest, address] = [[0; 16].as_slice(), &[1; 20]];
    let hashes: [&[u8]; 2] = [&[3; 32], &[2; 32]];
    let (code, storage) = (KECCAK256_EMPTY.0, EMPTY_ROOT_HASH.0);
    let with = |account: TrieAccount| {
        let mut bytes = Vec::new();
        account.encode(&mut bytes);
        bytes
    };
    let stored = with(TrieAccount { storage_root: B256::repeat_byte(2), ..Default::default() });
    let coded = with(TrieAccount { code_hash: B256::repeat_byte(2), ..Default::default() });
    let replaced = |bytes: &[u8], hash: &[u8]| [bytes.strip_suffix(&[2; 32]).unwrap(), hash].concat();
    assert!(TrieAccount::decode(&stored).is_ok() && TrieAccount::decode(&coded).is_ok());
    let sorted = "keys are not in ascending order";
    let seventh = keccak256(U256::from(7).to_be_bytes::<32>());
    for (refusal, why) in [
        (refused::<TrieAccount>(&[&replaced(&coded, &code)]), "the hash of nothing is spelled out"),
        (refused::<TrieAccount>(&[&replaced(&stored, &storage)]), "the hash of nothing is spelled out"),
        (refused::<Option<Account>>(&[&stored]), "an account of the past names a storage root"),
        (refused::<ChangesRow>(&[digest, &[2], address, &[1, 0, 0], address, &[1, 0, 0]]), sorted),
        (refused::<ChangesRow>(&[digest, &[1], address, &[2, 0, 0]]), "a flag is neither 0 nor 1"),
        (refused::<ChangesRow>(&[digest, &[1], address, &[0, 2, 1, 7, 1, 7, 0]]), sorted),
        (refused::<ChangesRow>(&[digest, &[1], address, &[0, 0, 2], hashes[0], hashes[1]]), sorted),
        (
            refused::<ChangesRow>(&[digest, &[1], address, &[0, 1, 1, 7, 1], seventh.as_slice()]),
            "a slot is named twice",
        ),
    ] {
        assert_eq!(refusal, why);
    }
}

#[test]
fn longest_key_fits_and_a_longer_one_is_refused() {
    let path = Nibbles::from_nibbles([7u8; 64]);
    assert_eq!(key_bytes(&(B256::repeat_byte(1), path)).len(), MAX_KEY_BYTES);
    assert!(KeyBuf::of(&"x".repeat(MAX_KEY_BYTES)).is_ok());
    let error = KeyBuf::of(&"x".repeat(MAX_KEY_BYTES + 1)).err().unwrap();
    assert!(error.to_string().contains("97 bytes"), "{error}");
}

fn legacy() -> Transaction {
    let tx = TxLegacy { chain_id: Some(990_992), nonce: 3, gas_limit: 21_000, ..Default::default() };
    Signed::new_unhashed(tx, Signature::test_signature()).into()
}

fn dynamic() -> Transaction {
    let tx = TxEip1559 { chain_id: 990_992, nonce: 4, input: hex!("c0ffee").into(), ..Default::default() };
    Signed::new_unhashed(tx, Signature::test_signature()).into()
}

fn block() -> RecoveredBlock {
    let last_commit = LastCommit {
        round: 2,
        signers: SignerBitmap::from_indices(3, [0, 2]),
        signatures: vec![VoteSignature::repeat_byte(9); 2],
    };
    let body = Body { transactions: vec![legacy(), dynamic()], last_commit, ..Default::default() };
    let header = Header { number: 77, gas_limit: 60_000_000, timestamp: 1_700_000_000, ..Default::default() };
    RecoveredBlock { block: SealedBlock::seal(header, body), senders: vec![Address::repeat_byte(1); 2] }
}

/// The encodings as they stand in databases: a change here is a new format version.
#[test]
fn stored_encodings() {
    let mut lines = vec![format!("format {FORMAT_VERSION}")];
    let mut value = |name: &str, value: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        value(&mut bytes);
        lines.push(format!("{name}: {}", hex::encode(bytes)));
    };
    let block = block();
    let account = TrieAccount {
        nonce: 300,
        balance: U256::from(1_000_000_007u64),
        storage_root: B256::repeat_byte(0xaa),
        code_hash: B256::repeat_byte(0xbb),
    };
    let plain = TrieAccount { nonce: 1, balance: U256::from(5), ..Default::default() };
    let receipt = Receipt {
        tx_type: TxType::Eip1559,
        outcome: Eip658Value::Eip658(true),
        cumulative_gas_used: 63_000,
        logs: vec![Log {
            address: Address::repeat_byte(4),
            data: LogData::new_unchecked(vec![B256::repeat_byte(5)], Bytes::from_static(&[6, 7])),
        }],
    };
    let certificate = CommitCertificate {
        height: 77,
        round: 0,
        block_hash: B256::repeat_byte(8),
        signers: SignerBitmap::from_indices(1, [0]),
        signatures: vec![VoteSignature::repeat_byte(9)],
    };
    let keys = ChangedKeys {
        accounts: BTreeMap::from([(
            Address::repeat_byte(1),
            ChangedAccount {
                fields: true,
                slots: BTreeMap::from([
                    (keccak256(U256::from(258).to_be_bytes::<32>()), Some(U256::from(258))),
                    (B256::repeat_byte(2), None),
                ]),
            },
        )]),
    };
    let changes = ChangesRow { digest: [0xdd; 16].into(), keys };
    let node = BranchNodeCompact::new(0b111u16, 0b100u16, 0b010u16, vec![B256::repeat_byte(3)], None);
    let header = HeaderRow { hash: block.block.hash(), header: block.block.header.clone() };
    let rest = Body { transactions: vec![], ..block.block.body.clone() };
    let body = BodyRow { first_tx: 1000, tx_count: 2, rest };
    let stored = StoredReceipt { receipt, gas_used: 42_000, first_log_index: 300 };
    let row = TransactionRow { sender: Address::repeat_byte(1), tx: dynamic() };
    let proposal = StoredProposal { round: 1, proposer: Address::repeat_byte(2), block };
    value("account", &|out| account.encode(out));
    value("plain account", &|out| plain.encode(out));
    value("account that did not exist", &|out| Option::<Account>::None.encode(out));
    value("slot", &|out| U256::from(256).encode(out));
    value("slot that was zero", &|out| U256::ZERO.encode(out));
    value("node", &|out| node.encode(out));
    value("receipt", &|out| stored.encode(out));
    value("transaction", &|out| row.encode(out));
    value("place", &|out| TransactionPlace { number: 1001, height: 77, index: 1 }.encode(out));
    value("header", &|out| header.encode(out));
    value("body", &|out| body.encode(out));
    value("certificate", &|out| certificate.encode(out));
    let set = ValidatorSet::new(vec![Validator { address: Address::repeat_byte(6), power: 258 }]).unwrap();
    let params = ConsensusParams {
        min_base_fee: 9_000_000_000_000,
        elasticity: 2,
        base_fee_denominator: 50,
        burn_percent: 50,
        stakers_percent: 40,
        block_gas_limit: 60_000_000,
        block_time_ms: 500,
        idle_time_ms: 2_000,
        epoch_length: 1_800,
        max_validators: 100,
    };
    value("epoch", &|out| StoredEpoch { since: 78, validators: set.clone(), params }.encode(out));
    value("proposal", &|out| proposal.encode(out));
    value("changes", &|out| changes.encode(out));
    let mut key = |name: &str, bytes: Vec<u8>| lines.push(format!("{name}: {}", hex::encode(bytes)));
    key("height key", key_bytes(&258u64));
    key("slot history key", key_bytes(&(B256::repeat_byte(1), B256::repeat_byte(2), 3u64)));
    key("node key", key_bytes(&(B256::repeat_byte(1), Nibbles::from_nibbles([0xa, 0, 0xb]))));
    key("log key", key_bytes(&(Address::repeat_byte(1), 3u64)));
    insta::assert_snapshot!(lines.join("\n"));
}
