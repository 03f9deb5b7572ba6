#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod blocks;
mod copy;
mod fixture;
mod history;
mod history_digest;
mod opening;
mod pruning;
mod rows;
