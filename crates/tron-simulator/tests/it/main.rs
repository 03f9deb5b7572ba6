//! The simulator over its HTTP interface, as the bridge sees it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod checks;
mod endings;
mod faults;
mod logs;
mod program;
mod views;
mod world;
