//! Section `[rpc]` of the configuration file.

use serde::{Deserialize, Serialize};
use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::Duration,
};

/// Where the JSON-RPC server listens and what it lets one caller ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RpcConfig {
    /// Whether HTTP and WebSocket are served.
    pub enabled: bool,
    /// Address to listen on; anything but a loopback address opens the node to the network.
    pub host: IpAddr,
    /// Port of HTTP and WebSocket; 0 takes a free one.
    pub port: u16,
    /// Socket file of IPC; none turns IPC off.
    pub ipc_path: Option<PathBuf>,
    /// Values of the `Host` header that are served beside localhost and the bound address; `*` allows all.
    pub allowed_hosts: Vec<String>,
    /// Origins that browsers may call from; `*` allows all, none turns CORS off.
    pub cors_origins: Vec<String>,
    /// Whether `admin_`, which rules over the peers, is served over HTTP and WebSocket too; IPC always has it.
    pub http_admin: bool,
    /// Largest request. Unit: bytes.
    pub max_body_bytes: u32,
    /// Largest response. Unit: bytes.
    pub max_response_bytes: u32,
    /// Calls in one batch.
    pub max_batch: usize,
    /// Connections at the same time, for HTTP and WebSocket together and again for IPC.
    pub max_connections: usize,
    /// Subscriptions on one connection.
    pub max_subscriptions: u32,
    /// Messages that wait for a slow reader of a connection.
    pub message_buffer: u32,
    /// Calls that execute at the same time; 0 takes the number of cores.
    pub workers: usize,
    /// Calls that may wait for a free worker.
    pub max_waiting_calls: usize,
    /// Gas of one `eth_call`, `eth_estimateGas` or traced call.
    pub call_gas_cap: u64,
    /// Time of one `eth_call` or `eth_estimateGas`.
    #[serde(with = "humantime_serde")]
    pub call_timeout: Duration,
    /// Time of one trace.
    #[serde(with = "humantime_serde")]
    pub trace_timeout: Duration,
    /// Blocks that one `eth_getLogs` may span.
    pub max_log_blocks: u64,
    /// Logs that one `eth_getLogs` may return.
    pub max_logs: usize,
    /// Addresses, and alternatives of one topic, in a log filter.
    pub max_log_alternatives: usize,
    /// Blocks that one `eth_feeHistory` may span.
    pub max_fee_history: u64,
    /// Storage slots in one `eth_getProof` or `eth_getStorageValues`.
    pub max_storage_keys: usize,
    /// How far behind the latest block `eth_getProof` answers. Unit: blocks.
    pub max_proof_blocks: u64,
    /// Installed filters.
    pub max_filters: usize,
    /// A filter that nobody polls for so long is dropped.
    #[serde(with = "humantime_serde")]
    pub filter_timeout: Duration,
    /// Highest total fee of a transaction sent here. Unit: whole BTT; 0 turns the check off.
    pub tx_fee_cap: u64,
    /// Largest transaction sent here. Unit: bytes.
    pub max_tx_bytes: usize,
    /// Time `eth_sendRawTransactionSync` waits if the caller names none.
    #[serde(with = "humantime_serde")]
    pub sync_timeout: Duration,
    /// Longest time a caller of `eth_sendRawTransactionSync` may name.
    #[serde(with = "humantime_serde")]
    pub max_sync_timeout: Duration,
    /// Blocks whose tips the suggested tip is taken from.
    pub tip_blocks: u64,
    /// Percentile of those tips.
    pub tip_percentile: u8,
    /// Tip that is suggested when nobody paid one. Unit: gwei per gas.
    pub default_tip_gwei: u64,
    /// Highest tip that is suggested. Unit: gwei per gas.
    pub max_tip_gwei: u64,
}

impl Default for RpcConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8545,
            ipc_path: None,
            allowed_hosts: Vec::new(),
            cors_origins: Vec::new(),
            http_admin: false,
            max_body_bytes: 10 << 20,
            max_response_bytes: 64 << 20,
            max_batch: 200,
            max_connections: 500,
            max_subscriptions: 128,
            message_buffer: 1_024,
            workers: 0,
            max_waiting_calls: 1_024,
            call_gas_cap: 60_000_000,
            call_timeout: Duration::from_secs(5),
            trace_timeout: Duration::from_secs(30),
            max_log_blocks: 10_000,
            max_logs: 20_000,
            max_log_alternatives: 1_000,
            max_fee_history: 1_024,
            max_storage_keys: 1_024,
            max_proof_blocks: 10_000,
            max_filters: 1_000,
            filter_timeout: Duration::from_secs(5 * 60),
            tx_fee_cap: 10_000,
            max_tx_bytes: 128 << 10,
            sync_timeout: Duration::from_secs(5),
            max_sync_timeout: Duration::from_secs(60),
            tip_blocks: 20,
            tip_percentile: 60,
            default_tip_gwei: 100,
            max_tip_gwei: 50_000,
        }
    }
}

impl RpcConfig {
    /// Number of calls that execute at the same time.
    pub(crate) fn worker_count(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            count => count,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_refused_and_durations_are_words() {
        let config: RpcConfig = serde_json::from_str(r#"{"call_timeout":"500ms","port":0}"#).unwrap();
        assert_eq!(config.call_timeout, Duration::from_millis(500));
        assert_eq!(config.max_batch, RpcConfig::default().max_batch);
        let error = serde_json::from_str::<RpcConfig>(r#"{"prot":1}"#).unwrap_err().to_string();
        assert!(error.contains("prot"), "{error}");
    }

    #[test]
    fn a_written_configuration_reads_back() {
        let json = serde_json::to_string(&RpcConfig::default()).unwrap();
        assert_eq!(serde_json::from_str::<RpcConfig>(&json).unwrap(), RpcConfig::default());
    }
}
