//! Wiring of the node: configuration, start order, task supervision, shutdown, logs and metrics.
//!
//! [`launch`] reads top to bottom: open the store, learn which chain it holds, open the ledger on it, then each door, then
//! supervise. Every service is a named critical task; the first one to end, well or badly, ends the node. Doors stop first, the
//! block driver next, the store last (docs/architecture.md, section 9).
//!
//! This is the one crate that spawns tasks and, with the programs, the one that uses `eyre`: below it every error says whose
//! fault it is, here it only has to be told to a person.

mod audit;
mod chain_spec;
mod config;
mod consensus;
mod dev_keys;
mod genesis;
mod gossip;
mod health;
mod import;
mod launch;
mod logging;
mod metrics;
mod peer_control;
mod readiness;
mod relay;
mod signals;
mod signer;
mod snapshot;
mod snapshot_sync;
mod supervise;

pub use audit::audit_supply;
pub use bttc_network::node_id;
pub use chain_spec::{PRESETS, Preset, default_data_home, default_datadir, load_spec};
pub use config::{Config, InvalidConfig, LogConfig, LogFormat, MetricsConfig, Override};
pub use dev_keys::{DEV_MNEMONIC, dev_accounts, dev_operator, dev_validator};
pub use genesis::{
    BridgePlan, CheckedGrant, CheckedRoot, CheckedValidator, GenesisPlan, GenesisReport, GenesisValidator, StakingPlan,
    add_staking, check_genesis,
};
pub use gossip::Gossip;
pub use import::{ImportProgress, import_file};
pub use launch::{Node, NodeInfo, init_datadir, ipc_path, launch, open_storage_read_only, storage_config};
pub use logging::init_logging;
pub use peer_control::NetworkControl;
pub use relay::relay;
pub use signals::shutdown_on_signals;
pub use signer::{
    Admission, GuardedSigner, Hello, InvalidSignerMessage, KEY_FILE, KeySigner, MAX_SIGNER_FRAME_BYTES,
    OpenSignStateError, RemoteSigner, RemoteSignerConfig, SIGN_STATE_FILE, SIGNER_PROTOCOL_VERSION, SignState,
    SignStateFile, Signed, SignerMessage, SignerServer, ValidatorConfig, key_file_address, open_key_file,
    open_validator_key, possession_hash, prove_possession, read_secret_line,
};
pub use snapshot::{export_snapshot, import_snapshot};
