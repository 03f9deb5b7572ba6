//! Tests of what the benchmarks are made with.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod generated;
mod harness;
mod load;
