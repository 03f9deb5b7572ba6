//! The contracts that the load calls: a token compiled from Solidity, and two written by hand.

use crate::assembler::{Assembler, deployment, op};
use alloy_primitives::{Bytes, U256, hex, keccak256};
use eyre::{OptionExt, Result};
use serde_json::Value;

/// Slots of the storage contract that each call writes for the first time, and as many that each call counts up.
pub const SLOTS: u8 = 4;

/// Turns of the compute contract's loop in one call of the load: about 200,000 gas.
pub const TURNS: u64 = 1_900;

/// Odd, so that multiplying by it loses nothing. Of no other meaning.
const FACTOR: [u8; 2] = [0x27, 0x11];

/// Creation code of the token: `contracts/system/WBTT.sol` as compiled, whose runtime code the genesis has.
pub fn token() -> Result<Bytes> {
    artifact("bytecode")
}

/// Code that runs at each call of the token.
pub fn token_runtime() -> Result<Bytes> {
    artifact("deployedBytecode")
}

fn artifact(field: &str) -> Result<Bytes> {
    let artifact: Value = serde_json::from_str(include_str!("../../../contracts/artifacts/WBTT.json"))?;
    let code = artifact.get(field).and_then(Value::as_str).ok_or_eyre("the artifact of WBTT lacks a code")?;
    Ok(hex::decode(code)?.into())
}

/// Code that runs at each call of the storage contract.
///
/// Call data are one word, `start`, at least [`SLOTS`]. It adds 1 to slots 0 up to but not including [`SLOTS`], and sets as many slots from
/// `start` on to `start + 1`.
pub fn storage_runtime() -> Vec<u8> {
    let mut code = Assembler::default();
    code.ops(&[op::PUSH0, op::CALLDATALOAD]);
    for slot in 0..SLOTS {
        // sstore(slot, sload(slot) + 1)
        code.push(&[slot]).ops(&[op::SLOAD]).push(&[1]).ops(&[op::ADD]).push(&[slot]).ops(&[op::SSTORE]);
        // sstore(start + slot, start + 1)
        code.ops(&[op::DUP1]).push(&[1]).ops(&[op::ADD, op::DUP2]).push(&[slot]).ops(&[op::ADD, op::SSTORE]);
    }
    code.ops(&[op::STOP]);
    code.finish()
}

/// Code that runs at each call of the compute contract.
///
/// Call data are two words, `x` and `turns`. For each `i` from `turns` down to 1 it sets `x` to `keccak256(x) * 10001 + i`; in the end it adds `x` to
/// the slot of the caller.
pub fn compute_runtime() -> Vec<u8> {
    let mut code = Assembler::default();
    // The stack holds x and i, i on top.
    code.ops(&[op::PUSH0, op::CALLDATALOAD]).push(&[0x20]).ops(&[op::CALLDATALOAD]);
    code.label("loop").ops(&[op::DUP1, op::ISZERO]).push_label("done").ops(&[op::JUMPI]);
    code.ops(&[op::SWAP1, op::PUSH0, op::MSTORE]).push(&[0x20]).ops(&[op::PUSH0, op::KECCAK256]);
    code.push(&FACTOR).ops(&[op::MUL, op::DUP2, op::ADD, op::SWAP1]);
    // i - 1
    code.push(&[1]).ops(&[op::SWAP1, op::SUB]).push_label("loop").ops(&[op::JUMP]);
    code.label("done").ops(&[op::POP, op::CALLER, op::SLOAD, op::ADD, op::CALLER, op::SSTORE, op::STOP]);
    code.finish()
}

/// What the compute contract makes of `x`.
pub fn computed(x: U256, turns: u64) -> U256 {
    (1..=turns).rev().fold(x, |x, i| {
        let hash = U256::from_be_bytes(keccak256(x.to_be_bytes::<32>()).0);
        hash.wrapping_mul(U256::from(u16::from_be_bytes(FACTOR))).wrapping_add(U256::from(i))
    })
}

/// Code of a contract that only calculates: call data are one word, the turns of a loop of additions, multiplications and jumps.
pub fn arithmetic_runtime() -> Vec<u8> {
    let mut code = Assembler::default();
    // The stack holds x and i, i on top; the order of the two does not matter to what it costs.
    code.push(&[3]).ops(&[op::PUSH0, op::CALLDATALOAD]);
    code.label("loop").ops(&[op::SWAP1]);
    for _ in 0..8 {
        code.push(&FACTOR).ops(&[op::MUL, op::DUP2, op::ADD, op::DUP1]).push(&[7]).ops(&[op::XOR, op::ADD]);
    }
    code.ops(&[op::SWAP1])
        .push(&[1])
        .ops(&[op::SWAP1, op::SUB, op::DUP1])
        .push_label("loop")
        .ops(&[op::JUMPI, op::STOP]);
    code.finish()
}

/// Creation code of the storage contract.
pub fn storage() -> Bytes {
    deployment(&storage_runtime()).into()
}

/// Creation code of the compute contract.
pub fn compute() -> Bytes {
    deployment(&compute_runtime()).into()
}
