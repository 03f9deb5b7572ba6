//! EVM code written by hand: operations, constants and jumps.

/// Operations that the contracts of the benchmarks use. Source: Ethereum yellow paper, appendix H.
pub mod op {
    #![expect(missing_docs, reason = "the names are those of the yellow paper")]
    pub const STOP: u8 = 0x00;
    pub const ADD: u8 = 0x01;
    pub const MUL: u8 = 0x02;
    pub const SUB: u8 = 0x03;
    pub const GT: u8 = 0x11;
    pub const ISZERO: u8 = 0x15;
    pub const AND: u8 = 0x16;
    pub const XOR: u8 = 0x18;
    pub const SHL: u8 = 0x1b;
    pub const KECCAK256: u8 = 0x20;
    pub const CALLER: u8 = 0x33;
    pub const CALLDATALOAD: u8 = 0x35;
    pub const CODECOPY: u8 = 0x39;
    pub const POP: u8 = 0x50;
    pub const MSTORE: u8 = 0x52;
    pub const SLOAD: u8 = 0x54;
    pub const SSTORE: u8 = 0x55;
    pub const JUMP: u8 = 0x56;
    pub const JUMPI: u8 = 0x57;
    pub const GAS: u8 = 0x5a;
    pub const JUMPDEST: u8 = 0x5b;
    pub const PUSH0: u8 = 0x5f;
    pub const DUP1: u8 = 0x80;
    pub const DUP2: u8 = 0x81;
    pub const DUP5: u8 = 0x84;
    pub const DUP6: u8 = 0x85;
    pub const SWAP1: u8 = 0x90;
    pub const CALL: u8 = 0xf1;
    pub const RETURN: u8 = 0xf3;
    pub const REVERT: u8 = 0xfd;
}

/// Code in the making. A label is named where it is jumped to and where it stands; [`Self::finish`] puts the places in.
#[derive(Debug, Default)]
pub struct Assembler {
    code: Vec<u8>,
    /// Places of the two bytes of a jump's destination.
    jumps: Vec<(usize, &'static str)>,
    labels: Vec<(&'static str, usize)>,
}

impl Assembler {
    /// Operations, or any other bytes.
    pub fn ops(&mut self, ops: &[u8]) -> &mut Self {
        self.code.extend_from_slice(ops);
        self
    }

    /// A constant of at most 32 bytes.
    pub fn push(&mut self, bytes: &[u8]) -> &mut Self {
        // PUSH1 to PUSH32 follow PUSH0.
        self.code.push(op::PUSH0 + bytes.len() as u8);
        self.ops(bytes)
    }

    /// Where a label stands.
    pub fn push_label(&mut self, label: &'static str) -> &mut Self {
        self.push(&[0, 0]);
        self.jumps.push((self.code.len() - 2, label));
        self
    }

    /// A label: jumps may come here.
    pub fn label(&mut self, label: &'static str) -> &mut Self {
        self.labels.push((label, self.code.len()));
        self.ops(&[op::JUMPDEST])
    }

    /// The code; a label that stands nowhere is place zero, where a jump fails.
    pub fn finish(mut self) -> Vec<u8> {
        for (at, label) in self.jumps {
            let place = self.labels.iter().find(|(known, _)| *known == label).map_or(0, |(_, place)| *place);
            let [high, low] = (place as u16).to_be_bytes();
            self.code.splice(at..at + 2, [high, low]);
        }
        self.code
    }
}

/// Code that deploys `runtime`; BTT sent along stays with it.
pub fn deployment(runtime: &[u8]) -> Vec<u8> {
    let length = (runtime.len() as u16).to_be_bytes();
    // PUSH2 length, DUP1, PUSH1 offset, PUSH0, CODECOPY, PUSH0, RETURN
    const PREFIX: u8 = 10;
    let mut code = Assembler::default();
    code.push(&length).ops(&[op::DUP1]).push(&[PREFIX]).ops(&[op::PUSH0, op::CODECOPY, op::PUSH0, op::RETURN]);
    code.ops(runtime);
    code.finish()
}
