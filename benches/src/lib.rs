//! What the benchmarks share: signed transactions, a ledger on a temporary store, and a lean HTTP client.
//!
//! `cargo bench -p bttc-benches` measures the parts; `cargo run --release -p bttc-benches --bin load` a whole node over JSON-RPC, several nodes
//! interleaved in one run. Results go to `docs/benchmarks.md`.

pub mod crowd;
pub mod generated;
pub mod http;
pub mod ledger;
pub mod node;
pub mod process;
pub mod samples;
pub mod testnet;
pub mod transactions;
