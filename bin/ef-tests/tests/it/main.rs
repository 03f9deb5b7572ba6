//! The runner on test files of our own: what passes, what must be reported, and the way it ends.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use alloy_consensus::{
    Block, BlockBody, EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS, proofs,
};
use alloy_eips::eip4895::{Withdrawal, Withdrawals};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::{HashBuilder, Nibbles, TrieAccount};
use bttc_primitives::Transaction;
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Command, Output},
};

fn run(path: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let Output { stdout, status, .. } =
        Command::new(env!("CARGO_BIN_EXE_ef-tests")).arg(path).args(arguments).output().unwrap();
    (String::from_utf8(stdout).unwrap(), status.code())
}

fn vectors(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

#[test]
fn good_files_pass() {
    let (out, code) = run(&vectors("good"), &[]);
    assert_eq!((out.lines().last(), code), (Some("15 passed, 0 failed, 0 skipped"), Some(0)), "{out}");
    let (out, _) = run(&vectors("good"), &["--fork", "Cancun"]);
    assert_eq!(out.lines().last(), Some("2 passed, 0 failed, 0 skipped"), "{out}");
}

#[test]
fn every_fault_is_reported_by_name() {
    let (out, code) = run(&vectors("bad"), &[]);
    assert_eq!((out.lines().last(), code), (Some("0 passed, 4 failed, 0 skipped"), Some(1)), "{out}");
    let wanted = "0x1111111111111111111111111111111111111111111111111111111111111111";
    for told in [
        &format!(
            "FAILED bad/GeneralStateTests/wrong_root.json wrongRoot Osaka 0: wanted the state root {wanted}, found 0x"
        ),
        "FAILED bad/GeneralStateTests/truncated.json - - 0: the file is not an object of tests",
        "FAILED bad/GeneralStateTests/no_kind.json noKind - 0: no kind of test",
        "FAILED bad/RLPTests/wrong.json wrongLength - 0: wanted the encoding",
    ] {
        assert_eq!(out.lines().filter(|line| line.starts_with(told)).count(), 1, "{told}\n{out}");
    }
}

#[test]
fn nothing_to_run_is_no_success() {
    let empty = tempfile::tempdir().unwrap();
    let (out, code) = run(empty.path(), &[]);
    assert_eq!((out.lines().last(), code), (Some("0 passed, 0 failed, 0 skipped"), Some(1)), "{out}");
}

#[test]
fn archives_are_read_like_folders() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("own.tar.zst")).unwrap();
    let mut archive = tar::Builder::new(zstd::Encoder::new(file, 1).unwrap().auto_finish());
    archive.append_dir_all("own", vectors("good")).unwrap();
    archive.into_inner().unwrap();
    let (out, code) = run(folder.path(), &[]);
    assert_eq!((out.lines().last(), code), (Some("15 passed, 0 failed, 0 skipped"), Some(0)), "{out}");
    assert!(out.contains("/own/GeneralStateTests "), "{out}");

    std::fs::write(folder.path().join("broken.tar.zst"), b"no archive").unwrap();
    let (out, code) = run(folder.path(), &[]);
    assert_eq!((out.lines().last(), code), (Some("15 passed, 1 failed, 0 skipped"), Some(1)), "{out}");
}

/// Root of a state with one account.
fn root_of_one(address: Address, balance: U256) -> B256 {
    let account = TrieAccount { nonce: 0, balance, storage_root: EMPTY_ROOT_HASH, code_hash: KECCAK256_EMPTY };
    let mut builder = HashBuilder::default();
    builder.add_leaf(Nibbles::unpack(keccak256(address)), &alloy_rlp::encode(account));
    builder.root()
}

fn encode(header: &Header, withdrawals: Withdrawals) -> Bytes {
    let body = BlockBody { transactions: vec![], ommers: vec![], withdrawals: Some(withdrawals) };
    alloy_rlp::encode(Block::<Transaction> { header: header.clone(), body }).into()
}

/// A chain of one block that pays a withdrawal to an empty state; `change` may spoil the block's header.
fn one_block(expect_exception: Option<&str>, change: impl FnOnce(&mut Header)) -> Value {
    let genesis = Header {
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        gas_limit: 30_000_000,
        base_fee_per_gas: Some(1_000_000_000),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        ..Header::default()
    };
    let address = Address::repeat_byte(0xaa);
    let list = vec![Withdrawal { index: 0, validator_index: 0, address, amount: 5 }];
    let mut header = Header {
        parent_hash: genesis.hash_slow(),
        number: 1,
        timestamp: 12,
        // An empty block lowers the base fee by an eighth (EIP-1559).
        base_fee_per_gas: Some(875_000_000),
        state_root: root_of_one(address, U256::from(5_000_000_000u64)),
        withdrawals_root: Some(proofs::calculate_withdrawals_root(&list)),
        ..genesis.clone()
    };
    change(&mut header);
    let paid =
        json!({ address.to_string(): { "balance": "0x012a05f200", "code": "0x", "nonce": "0x00", "storage": {} } });
    let refused = expect_exception.is_some();
    let last = if refused { genesis.hash_slow() } else { header.hash_slow() };
    let mut block = json!({ "rlp": encode(&header, Withdrawals::new(list)) });
    if let Some(exception) = expect_exception {
        block["expectException"] = exception.into();
    }
    json!({
        "network": "Shanghai",
        "sealEngine": "NoProof",
        "genesisRLP": encode(&genesis, Withdrawals::default()),
        "pre": {},
        "blocks": [block],
        "lastblockhash": last,
        "postState": if refused { json!({}) } else { paid },
    })
}

#[test]
fn blocks_are_imported_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.json");
    let good = json!({
        "paid": one_block(None, |_| ()),
        "stateRoot": one_block(Some("INVALID_STATE_ROOT"), |header| header.state_root = EMPTY_ROOT_HASH),
        "baseFee": one_block(Some("INVALID_BASEFEE"), |header| header.base_fee_per_gas = Some(875_000_001)),
        "gasLimit": one_block(Some("INVALID_GASLIMIT"), |header| header.gas_limit += 30_000_000 / 1_024),
        "time": one_block(Some("INVALID_TIMESTAMP"), |header| header.timestamp = 0),
        "blobGas": one_block(Some("UNKNOWN_FIELD"), |header| header.blob_gas_used = Some(0)),
    });
    std::fs::write(&file, good.to_string()).unwrap();
    let (out, code) = run(folder.path(), &[]);
    assert_eq!((out.lines().last(), code), (Some("6 passed, 0 failed, 0 skipped"), Some(0)), "{out}");

    let bad = json!({
        "acceptedButBroken": one_block(None, |header| header.state_root = EMPTY_ROOT_HASH),
        "refusedButFine": one_block(Some("NOTHING"), |_| ()),
    });
    std::fs::write(&file, bad.to_string()).unwrap();
    let (out, code) = run(folder.path(), &[]);
    assert_eq!((out.lines().last(), code), (Some("0 passed, 2 failed, 0 skipped"), Some(1)), "{out}");
    assert!(
        out.contains("acceptedButBroken Shanghai 0: block 0: wanted a valid block, found a refusal: state_root"),
        "{out}"
    );
    assert!(
        out.contains("refusedButFine Shanghai 0: block 0: wanted a refusal (NOTHING), found a valid block"),
        "{out}"
    );
}
