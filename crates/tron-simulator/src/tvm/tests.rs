use super::*;
use crate::{
    state::{Account, Draft, History, Layer, Source},
    wire::create2_address,
};
use alloy_primitives::{Address, B256, Bytes, U256, address, b256, hex, keccak256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolValue;
use revm::bytecode::Bytecode;
use std::sync::Arc;

const CALLER: Address = address!("00000000000000000000000000000000000000aa");
const CONTRACT: Address = address!("00000000000000000000000000000000000000bb");
const OTHER: Address = address!("00000000000000000000000000000000000000cc");

const PLACE: Place = Place {
    number: 7,
    time: 1_700_000_000_900,
    witness: CALLER,
    chain_id: 0x2b66_53dc,
    energy_price: 210,
    most_signatures: None,
};

fn code(bytes: &[u8]) -> Account {
    let code = Bytecode::new_raw(Bytes::copy_from_slice(bytes));
    Account { code: Some(Arc::new((code.hash_slow(), code))), ..Account::default() }
}

fn run_with(contracts: &[(Address, &[u8])], place: &Place, data: impl Into<Bytes>, energy: u64) -> Ran {
    let mut layer = Layer::default();
    layer.put(CALLER, Account { balance: 1_000, ..Account::default() });
    for (at, bytes) in contracts {
        layer.put(*at, code(bytes));
    }
    let history = History::new(layer);
    let draft = Draft::new(history.head());
    let call =
        Call { transaction: B256::repeat_byte(9), from: CALLER, to: Ok(CONTRACT), value: 0, data: data.into(), energy };
    run(Source { draft: &draft, hash: |number| B256::with_last_byte(number as u8) }, place, &call).unwrap()
}

fn run_code(bytes: &[u8]) -> Ran {
    run_with(&[(CONTRACT, bytes)], &PLACE, Bytes::new(), 10_000_000)
}

/// Code that gives its input to a contract at a low address and returns the word that comes back.
fn asking(contract: u8) -> Vec<u8> {
    [&hex!("365f5f3760205f365f60")[..], &[contract], &hex!("5afa5060205ff3")].concat()
}

/// Code that returns the word an instruction leaves.
fn returning(instructions: &[u8]) -> Vec<u8> {
    [instructions, &hex!("5f5260205ff3")].concat()
}

fn signature(key: &PrivateKeySigner, hash: B256, offset: u8) -> Vec<u8> {
    let signature = key.sign_hash_sync(&hash).unwrap();
    let mut bytes = [signature.r().to_be_bytes::<32>(), signature.s().to_be_bytes::<32>()].concat();
    bytes.push(u8::from(signature.v()) + offset);
    bytes
}

fn recovery(key: &PrivateKeySigner, hash: B256) -> Vec<u8> {
    let bytes = signature(key, hash, 27);
    [hash.as_slice(), &[0; 31], &bytes[64..], &bytes[..64]].concat()
}

#[test]
fn the_word_of_ecrecover_has_21_bytes_of_address() {
    let key = PrivateKeySigner::random();
    let input = recovery(&key, B256::repeat_byte(3));
    let ran = run_with(&[(CONTRACT, &asking(1))], &PLACE, input.clone(), 10_000);
    let mut word = key.address().into_word();
    word.0[11] = 0x41;
    assert_eq!(ran.output.as_ref(), word.as_slice());
    // No key: no word, so what was in memory stays, which is the hash.
    let mut broken = input;
    broken[63] = 29;
    let ran = run_with(&[(CONTRACT, &asking(1))], &PLACE, broken, 10_000);
    assert_eq!(ran.output.as_ref(), [3; 32]);
}

#[test]
fn signatures_are_validated_in_batches() {
    let hash = B256::repeat_byte(4);
    let keys: Vec<_> = (0..3).map(|_| PrivateKeySigner::random()).collect();
    let ask = |signatures: Vec<Vec<u8>>, signers: Vec<Address>| {
        let signatures: Vec<Bytes> = signatures.into_iter().map(Bytes::from).collect();
        run_with(&[(CONTRACT, &asking(9))], &PLACE, (hash, signatures, signers).abi_encode_params(), 100_000)
    };
    let signatures: Vec<_> = keys.iter().map(|key| signature(key, hash, 27)).collect();
    let mut signers: Vec<_> = keys.iter().map(PrivateKeySigner::address).collect();
    let good = ask(signatures.clone(), signers.clone());
    assert_eq!(good.output[..4], [1, 1, 1, 0]);
    // 1,500 for each, and what the code around it takes.
    assert!((4_500..4_800).contains(&good.energy), "{}", good.energy);
    signers[1] = OTHER;
    assert_eq!(ask(signatures.clone(), signers.clone()).output[..4], [1, 0, 1, 0]);
    assert!(ask(signatures[..2].to_vec(), signers).output.iter().all(|byte| *byte == 0), "lengths differ");
    let many = vec![signature(&keys[0], hash, 0); 17];
    assert!(ask(many.clone(), vec![keys[0].address(); 17]).output.iter().all(|byte| *byte == 0), "17 are too many");
    assert!(ask(many[..16].to_vec(), vec![keys[0].address(); 16]).output[..16].iter().all(|byte| *byte == 1));
    let junk = run_with(&[(CONTRACT, &asking(9))], &PLACE, vec![0xff; 64], 100_000);
    assert!(junk.output.iter().all(|byte| *byte == 0));
}

#[test]
fn what_is_not_the_same_on_tron_fails_instead_of_answering() {
    for contract in [3, 10] {
        let ran = run_with(
            &[(CONTRACT, &returning(&[&hex!("5f5f5f5f60")[..], &[contract], &hex!("6103e8fa")].concat()))],
            &PLACE,
            [],
            9_000,
        );
        assert_eq!(ran.output.last(), Some(&0), "precompile {contract} must fail");
    }
    // Ethereum's 0x0a and 0x100 and so on are no precompiles here; 2 and 4 are.
    let ran = run_with(&[(CONTRACT, &asking(4))], &PLACE, B256::repeat_byte(8).to_vec(), 9_000);
    assert_eq!(ran.output.as_ref(), [8; 32]);
}

#[test]
fn the_block_looks_as_on_tron() {
    for (instruction, expected) in [
        (0x46, 0x2b66_53dc_u64), // CHAINID
        (0x44, 0),               // PREVRANDAO
        (0x45, 0),               // GASLIMIT
        (0x3a, 0),               // GASPRICE
        (0x48, 210),             // BASEFEE
        (0x42, 1_700_000_000),   // TIMESTAMP, in seconds
        (0x43, 7),               // NUMBER
        (0x4a, 0),               // BLOBBASEFEE
    ] {
        let ran = run_code(&returning(&[instruction]));
        assert_eq!(U256::from_be_slice(&ran.output), U256::from(expected), "{instruction:#x}");
    }
    assert_eq!(run_code(&returning(&[0x60, 6, 0x40])).output.last(), Some(&6), "BLOCKHASH");
}

#[test]
fn a_callee_can_eat_all_energy() {
    // CALL of the other with all energy, which uses all of it; there is nothing left even for POP.
    let caller = [&hex!("5f5f5f5f5f73")[..], OTHER.as_slice(), &hex!("5af15000")].concat();
    let ran = run_with(&[(CONTRACT, &caller), (OTHER, &[0xfe])], &PLACE, [], 100_000);
    assert_eq!((ran.ending, ran.energy), (Ending::OutOfEnergy, 100_000));
    // With a bound it loses the bound alone.
    let careful = [&hex!("5f5f5f5f5f73")[..], OTHER.as_slice(), &hex!("6103e8f15000")].concat();
    let ran = run_with(&[(CONTRACT, &careful), (OTHER, &[0xfe])], &PLACE, [], 100_000);
    assert_eq!(ran.ending, Ending::Success);
    assert!((1_000..1_100).contains(&ran.energy), "{}", ran.energy);
}

#[test]
fn calls_go_64_deep() {
    // Adds one to slot 0 and calls itself.
    let itself = hex!("60015f54015f555f5f5f5f5f305af100");
    let ran = run_with(&[(CONTRACT, &itself)], &PLACE, [], 10_000_000);
    assert_eq!(ran.ending, Ending::Success);
    let slot = ran.changes[&CONTRACT].storage[&U256::ZERO].present_value();
    assert_eq!(slot, U256::from(65), "the first call, and 64 inside");
}

#[test]
fn energy_is_not_gas() {
    for (what, bytes, energy) in [
        ("nothing before the first instruction", &hex!("00")[..], 0),
        ("SLOAD", &hex!("5f545000"), 2 + 50 + 2),
        ("SLOAD twice", &hex!("5f54505f545000"), 2 * (2 + 50 + 2)),
        ("BALANCE", &hex!("30315000"), 2 + 20 + 2),
        ("EXTCODEHASH", &hex!("303f5000"), 2 + 400 + 2),
        ("STATICCALL of an address without code", &hex!("5f5f5f5f60ee5ffa5000"), 4 * 2 + 3 + 2 + 40 + 2),
        ("a fresh slot, cleared again: nothing comes back", &hex!("60015f555f5f5500"), 3 + 2 + 20_000 + 2 + 2 + 5_000),
        ("EXP", &hex!("61ffff60020a5000"), 3 + 3 + 10 + 2 * 10 + 2),
    ] {
        assert_eq!(run_code(bytes).energy, energy, "{what}");
    }
}

#[test]
fn created_contracts_are_named_by_tron() {
    // Init code of no bytes makes a contract of no code.
    let create2 = run_code(&returning(&hex!("60055f5f5ff5")));
    let mut word = create2_address(CONTRACT, B256::with_last_byte(5), keccak256([])).into_word();
    word.0[11] = 0x41;
    assert_eq!(create2.output.as_ref(), word.as_slice());

    let create = run_code(&returning(&hex!("5f5f5ff0505f5f5ff0")));
    let named =
        |nonce: u64| Address::from_word(keccak256([B256::repeat_byte(9).as_slice(), &nonce.to_be_bytes()].concat()));
    assert_eq!(create.output[11], 0x41);
    assert_eq!(Address::from_slice(&create.output[12..]), named(1), "the second of the transaction");
    assert!(create.changes.contains_key(&named(0)));
}

#[test]
fn too_many_signatures_take_too_long() {
    let key = PrivateKeySigner::random();
    let input = recovery(&key, b256!("00000000000000000000000000000000000000000000000000000000000000ff"));
    let bounded = |most, ending| Place { most_signatures: Some((most, ending)), ..PLACE };
    let run = |place: Place| run_with(&[(CONTRACT, &asking(1))], &place, input.clone(), 10_000);
    assert_eq!(run(bounded(1, Ending::OutOfTime)).ending, Ending::Success);
    let late = run(bounded(0, Ending::OutOfTime));
    assert_eq!((late.ending, late.energy, late.changes.len()), (Ending::OutOfTime, 10_000, 0));
    assert_eq!(run(bounded(0, Ending::OutOfEnergy)).ending, Ending::OutOfEnergy);
}

#[test]
fn endings_have_their_names() {
    for (bytes, ending) in [
        (&hex!("5f5ffd")[..], Ending::Revert),
        (&hex!("fe"), Ending::IllegalOperation),
        (&hex!("0c"), Ending::IllegalOperation),
        (&hex!("50"), Ending::StackTooSmall),
        (&hex!("5f56"), Ending::BadJumpDestination),
        (&hex!("5b5f5f56"), Ending::StackTooLarge),
        (&hex!("5b5f56"), Ending::OutOfEnergy),
    ] {
        let ran = run_code(bytes);
        assert_eq!((ran.ending, ran.logs.len(), ran.changes.len()), (ending, 0, 0), "{}", hex::encode(bytes));
        assert_eq!(ran.energy == 10_000_000, ending != Ending::Revert);
    }
}
