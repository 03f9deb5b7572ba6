//! The executor as its callers use it, on a state in memory.
#![expect(clippy::unwrap_used, unreachable_pub, reason = "tests")]

mod block;
mod calls;
mod chain;
mod ethereum;
mod trouble;
mod invalid;
mod money;
mod system;
mod traces;
