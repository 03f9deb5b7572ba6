//! JSON-RPC: every namespace, subscriptions and limits, over HTTP, WebSocket and IPC.
//!
//! [`RpcServer::bind`] takes the sockets and builds one table of methods; [`RpcServer::run`] serves it on all of them until shutdown. A request
//! passes the door (`guard` for HTTP, `ipc` framing), then `middleware` (counting, limits), then its method. A method that only reads runs where
//! the request arrived, as a read of the store takes microseconds; one that executes runs on a bounded set of `workers`.
//!
//! One file for each group of methods; `convert` turns our types into those of the wire. Blocks here are final when they are visible, so that
//! `latest`, `safe` and `finalized` are one block, and `pending` is the state of that block with the nonces of the pool.

mod admin;
mod args;
mod block_arg;
mod bridge;
mod bridge_checkpoint;
mod bridge_deposit;
mod bridge_exit;
mod bridge_index;
mod bridge_limits;
mod bridge_proof;
mod bridge_status;
mod bridge_subscribe;
mod bridge_values;
mod btt;
mod btt_audit;
mod btt_upgrade;
mod config;
mod consensus;
mod context;
mod convert;
mod debug;
mod dev_chain;
mod dev_state;
mod error;
mod eth_block;
mod eth_call;
mod eth_chain;
mod eth_filter;
mod eth_logs;
mod eth_send;
mod eth_simulate;
mod eth_state;
mod eth_subscribe;
mod eth_wallet;
mod fee_oracle;
mod feed;
mod filters;
mod governance;
mod governance_logs;
mod governance_values;
mod governance_vote;
mod guard;
mod http;
mod io_threads;
mod ipc;
mod metrics;
mod middleware;
mod net_web3;
mod registry;
mod server;
mod staking;
mod staking_apr;
mod staking_contracts;
mod staking_delegator;
mod staking_logs;
mod staking_rewards;
mod staking_set;
mod staking_subscribe;
mod staking_validators;
mod staking_values;
mod staking_why;
mod subscription_id;
#[cfg(any(test, feature = "test-utils"))]
mod table;
mod txpool;
mod wallet;
mod workers;

pub use admin::{BanRecord, NodeRecord, PeerControl, PeerRecord};
pub use config::RpcConfig;
pub use consensus::{ConsensusView, Progress};
pub use context::RpcContext;
pub use server::{BindError, RpcServer};
#[cfg(any(test, feature = "test-utils"))]
pub use table::MethodTable;
