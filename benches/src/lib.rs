//! What the benchmarks share: signed transactions, a ledger on a temporary store, a lean HTTP client, and the load of the end-to-end harness.
//!
//! `cargo bench --workspace` measures the parts; `benches/compare` whole nodes over JSON-RPC, several of them interleaved in one run. Results go to
//! `docs/benchmarks.md`.

pub mod assembler;
pub mod crowd;
pub mod generated;
pub mod http;
pub mod ledger;
pub mod load;
pub mod memory;
pub mod node;
pub mod process;
pub mod replay;
pub mod samples;
pub mod served;
pub mod testnet;
pub mod transactions;
