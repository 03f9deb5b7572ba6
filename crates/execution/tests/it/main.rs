//! The executor as its callers use it, on a state in memory.
#![expect(clippy::unwrap_used, unreachable_pub, reason = "tests")]

mod block;
mod calls;
mod chain;
mod ethereum;
mod invalid;
// The double itself, so that these tests need no feature of the crate they test.
#[path = "../../src/memory.rs"]
mod memory;
mod money;
mod simulate;
mod system;
mod traces;
mod trouble;
