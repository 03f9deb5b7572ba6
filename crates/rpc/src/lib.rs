//! JSON-RPC: every namespace, subscriptions and limits, over HTTP, WebSocket and IPC.
//!
//! [`RpcServer::bind`] takes the sockets and builds one table of methods; [`RpcServer::run`] serves it on all of them until shutdown. A request
//! passes the door (`guard` for HTTP, `ipc` framing), then `middleware` (counting, limits), then its method. A method that only reads runs where
//! the request arrived, as a read of the store takes microseconds; one that executes runs on a bounded set of `workers`.
//!
//! One file for each group of methods; `convert` turns our types into those of the wire.
#![allow(dead_code)]

mod args;
mod block_arg;
mod config;
mod error;
mod guard;
mod http;
mod ipc;
mod metrics;
mod middleware;
mod subscription_id;
mod workers;

pub use config::RpcConfig;
