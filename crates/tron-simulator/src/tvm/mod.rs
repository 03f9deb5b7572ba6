//! TRON's virtual machine: revm with the differences that matter to contracts (docs/tron.md, sections 4 and 5).
//!
//! - [`machine`]: call depth, no 63/64 rule, names of created contracts, what CREATE leaves on the stack.
//! - [`prices`]: energy of instructions.
//! - [`precompiles`]: the word of `ecrecover`, `batchvalidatesign`, what must not be called.

mod machine;
mod precompiles;
mod prices;

pub(crate) use machine::{Call, Place, Ran, run};
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

/// How a run of the machine ended: `contractResult` of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Ending {
    /// As it should.
    Success,
    /// By REVERT.
    Revert,
    /// By a jump to where none may go.
    BadJumpDestination,
    /// By a precompiled contract.
    PrecompiledContract,
    /// Fewer words on the stack than taken.
    StackTooSmall,
    /// More than 1024 words on the stack.
    StackTooLarge,
    /// By an instruction that is not there, or not allowed.
    IllegalOperation,
    /// Its energy was used up.
    OutOfEnergy,
    /// It took too long.
    OutOfTime,
    /// In another way.
    Unknown,
    /// Code that may not be deployed.
    InvalidCode,
}

impl Ending {
    /// Its number in TRON's messages.
    pub const fn number(self) -> i32 {
        match self {
            Self::Success => 1,
            Self::Revert => 2,
            Self::BadJumpDestination => 3,
            Self::PrecompiledContract => 5,
            Self::StackTooSmall => 6,
            Self::StackTooLarge => 7,
            Self::IllegalOperation => 8,
            Self::OutOfEnergy => 10,
            Self::OutOfTime => 11,
            Self::Unknown => 13,
            Self::InvalidCode => 15,
        }
    }

    /// Its name in TRON's messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Revert => "REVERT",
            Self::BadJumpDestination => "BAD_JUMP_DESTINATION",
            Self::PrecompiledContract => "PRECOMPILED_CONTRACT",
            Self::StackTooSmall => "STACK_TOO_SMALL",
            Self::StackTooLarge => "STACK_TOO_LARGE",
            Self::IllegalOperation => "ILLEGAL_OPERATION",
            Self::OutOfEnergy => "OUT_OF_ENERGY",
            Self::OutOfTime => "OUT_OF_TIME",
            Self::Unknown => "UNKNOWN",
            Self::InvalidCode => "INVALID_CODE",
        }
    }
}
