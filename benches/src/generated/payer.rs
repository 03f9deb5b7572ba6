//! The contract that creates accounts: one call pays a row of addresses, so that signatures are not what making them costs.
//!
//! Call data are two words, `start` and `end`. For each `i` from `start` up to but not including `end` it sends `i + 1` wei to the address
//! `base + i`, and where `i` is a multiple of eight also `i + 1` wei of WBTT. It reverts if a payment fails.

use alloy_primitives::Address;

mod op {
    pub(super) const STOP: u8 = 0x00;
    pub(super) const ADD: u8 = 0x01;
    pub(super) const GT: u8 = 0x11;
    pub(super) const ISZERO: u8 = 0x15;
    pub(super) const AND: u8 = 0x16;
    pub(super) const SHL: u8 = 0x1b;
    pub(super) const CALLDATALOAD: u8 = 0x35;
    pub(super) const CODECOPY: u8 = 0x39;
    pub(super) const POP: u8 = 0x50;
    pub(super) const MSTORE: u8 = 0x52;
    pub(super) const JUMP: u8 = 0x56;
    pub(super) const JUMPI: u8 = 0x57;
    pub(super) const GAS: u8 = 0x5a;
    pub(super) const JUMPDEST: u8 = 0x5b;
    pub(super) const PUSH0: u8 = 0x5f;
    pub(super) const DUP1: u8 = 0x80;
    pub(super) const DUP5: u8 = 0x84;
    pub(super) const DUP6: u8 = 0x85;
    pub(super) const CALL: u8 = 0xf1;
    pub(super) const RETURN: u8 = 0xf3;
    pub(super) const REVERT: u8 = 0xfd;
}

/// Where a jump goes; its place is filled in at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Loop,
    Next,
    Done,
    Fail,
}

/// Code in the making.
#[derive(Default)]
struct Assembler {
    code: Vec<u8>,
    /// Places of the two bytes of a jump's destination.
    jumps: Vec<(usize, Label)>,
    labels: Vec<(Label, usize)>,
}

impl Assembler {
    fn ops(&mut self, ops: &[u8]) -> &mut Self {
        self.code.extend_from_slice(ops);
        self
    }

    fn push(&mut self, bytes: &[u8]) -> &mut Self {
        // PUSH1 to PUSH32 follow PUSH0.
        self.code.push(op::PUSH0 + bytes.len() as u8);
        self.ops(bytes)
    }

    fn push_label(&mut self, label: Label) -> &mut Self {
        self.push(&[0, 0]);
        self.jumps.push((self.code.len() - 2, label));
        self
    }

    fn label(&mut self, label: Label) -> &mut Self {
        self.labels.push((label, self.code.len()));
        self.ops(&[op::JUMPDEST])
    }

    fn finish(mut self) -> Vec<u8> {
        for (at, label) in self.jumps {
            let place = self.labels.iter().find(|(known, _)| *known == label).map_or(0, |(_, place)| *place);
            let [high, low] = (place as u16).to_be_bytes();
            self.code.splice(at..at + 2, [high, low]);
        }
        self.code
    }
}

/// Code that runs at each call.
fn runtime(base: Address, token: Address) -> Vec<u8> {
    /// `transfer(address,uint256)`.
    const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];
    let base = base.as_slice();
    let mut code = Assembler::default();
    // The stack holds i between two rounds.
    code.ops(&[op::PUSH0, op::CALLDATALOAD]).label(Label::Loop);
    code.ops(&[op::DUP1]).push(&[0x20]).ops(&[op::CALLDATALOAD, op::GT, op::ISZERO]).push_label(Label::Done);
    code.ops(&[op::JUMPI]);
    // call(gas, base + i, i + 1, 0, 0, 0, 0)
    code.ops(&[op::PUSH0, op::PUSH0, op::PUSH0, op::PUSH0, op::DUP5]).push(&[1]).ops(&[op::ADD, op::DUP6]);
    code.push(base).ops(&[op::ADD, op::GAS, op::CALL, op::ISZERO]).push_label(Label::Fail).ops(&[op::JUMPI]);
    code.ops(&[op::DUP1]).push(&[7]).ops(&[op::AND]).push_label(Label::Next).ops(&[op::JUMPI]);
    // token.transfer(base + i, i + 1)
    code.push(&TRANSFER).push(&[224]).ops(&[op::SHL, op::PUSH0, op::MSTORE]);
    code.ops(&[op::DUP1]).push(base).ops(&[op::ADD]).push(&[4]).ops(&[op::MSTORE]);
    code.ops(&[op::DUP1]).push(&[1]).ops(&[op::ADD]).push(&[36]).ops(&[op::MSTORE]);
    code.ops(&[op::PUSH0, op::PUSH0]).push(&[68]).ops(&[op::PUSH0, op::PUSH0]).push(token.as_slice());
    code.ops(&[op::GAS, op::CALL, op::ISZERO]).push_label(Label::Fail).ops(&[op::JUMPI]);
    code.label(Label::Next).push(&[1]).ops(&[op::ADD]).push_label(Label::Loop).ops(&[op::JUMP]);
    code.label(Label::Done).ops(&[op::POP, op::STOP]);
    code.label(Label::Fail).ops(&[op::PUSH0, op::PUSH0, op::REVERT]);
    code.finish()
}

/// Code that deploys it; BTT sent along stays with it.
pub(super) fn deployment(base: Address, token: Address) -> Vec<u8> {
    let runtime = runtime(base, token);
    let length = (runtime.len() as u16).to_be_bytes();
    // PUSH2 length, DUP1, PUSH1 offset, PUSH0, CODECOPY, PUSH0, RETURN
    const PREFIX: u8 = 10;
    let mut code = Assembler::default();
    code.push(&length).ops(&[op::DUP1]).push(&[PREFIX]).ops(&[op::PUSH0, op::CODECOPY, op::PUSH0, op::RETURN]);
    code.ops(&runtime);
    code.finish()
}
