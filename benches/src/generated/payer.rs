//! The contract that creates accounts: one call pays a row of addresses, so that signatures are not what making them costs.
//!
//! Call data are two words, `start` and `end`. For each `i` from `start` up to but not including `end` it sends `i + 1` wei to the address
//! `base + i`, and where `i` is a multiple of eight also `i + 1` wei of WBTT. It reverts if a payment fails.

use crate::assembler::{self, Assembler, op};
use alloy_primitives::Address;

/// Code that runs at each call.
fn runtime(base: Address, token: Address) -> Vec<u8> {
    /// `transfer(address,uint256)`.
    const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];
    let base = base.as_slice();
    let mut code = Assembler::default();
    // The stack holds i between two rounds.
    code.ops(&[op::PUSH0, op::CALLDATALOAD]).label("loop");
    code.ops(&[op::DUP1]).push(&[0x20]).ops(&[op::CALLDATALOAD, op::GT, op::ISZERO]).push_label("done");
    code.ops(&[op::JUMPI]);
    // call(gas, base + i, i + 1, 0, 0, 0, 0)
    code.ops(&[op::PUSH0, op::PUSH0, op::PUSH0, op::PUSH0, op::DUP5]).push(&[1]).ops(&[op::ADD, op::DUP6]);
    code.push(base).ops(&[op::ADD, op::GAS, op::CALL, op::ISZERO]).push_label("fail").ops(&[op::JUMPI]);
    code.ops(&[op::DUP1]).push(&[7]).ops(&[op::AND]).push_label("next").ops(&[op::JUMPI]);
    // token.transfer(base + i, i + 1)
    code.push(&TRANSFER).push(&[224]).ops(&[op::SHL, op::PUSH0, op::MSTORE]);
    code.ops(&[op::DUP1]).push(base).ops(&[op::ADD]).push(&[4]).ops(&[op::MSTORE]);
    code.ops(&[op::DUP1]).push(&[1]).ops(&[op::ADD]).push(&[36]).ops(&[op::MSTORE]);
    code.ops(&[op::PUSH0, op::PUSH0]).push(&[68]).ops(&[op::PUSH0, op::PUSH0]).push(token.as_slice());
    code.ops(&[op::GAS, op::CALL, op::ISZERO]).push_label("fail").ops(&[op::JUMPI]);
    code.label("next").push(&[1]).ops(&[op::ADD]).push_label("loop").ops(&[op::JUMP]);
    code.label("done").ops(&[op::POP, op::STOP]);
    code.label("fail").ops(&[op::PUSH0, op::PUSH0, op::REVERT]);
    code.finish()
}

/// Code that deploys it; BTT sent along stays with it.
pub(super) fn deployment(base: Address, token: Address) -> Vec<u8> {
    assembler::deployment(&runtime(base, token))
}
