//! The server on a real development chain, asked over HTTP, WebSocket and IPC.
#![allow(clippy::unwrap_used, reason = "tests")]

mod answers;
mod development;
mod doors;
mod fixture;
mod limits;
