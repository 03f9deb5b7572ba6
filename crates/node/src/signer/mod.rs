//! The consensus key: where it lies, what it may sign, and how another process keeps it.
//!
//! ```text
//! engine -> ConsensusSigner -+- WatchedSigner -> GuardedSigner -> KeySigner       the key in this process
//!                            +- WatchedSigner -> RemoteSigner                     the key elsewhere
//!                                                     | unix socket, wire.rs
//!                                                SignerServer -> GuardedSigner -> KeySigner
//! ```
//!
//! [`GuardedSigner`] is what keeps a validator from signing twice: it records on disk, in [`SignStateFile`], where in the order of heights,
//! rounds and steps it is, before a signature leaves. It stands with the key, never with the node that asks.
//! Rules and files: docs/operations.md, "Run a validator"; reasons: docs/adr/0007-signing.md.

mod config;
mod guard;
mod key;
mod key_file;
mod possession;
mod remote;
mod server;
mod state;
mod state_file;
mod watched;
mod wire;

pub use config::{ValidatorConfig, open_validator_key};
pub use guard::GuardedSigner;
pub use key::KeySigner;
pub use key_file::{KEY_FILE, SIGN_STATE_FILE, key_file_address, open_key_file, read_secret_line};
pub use possession::{possession_hash, prove_possession};
pub use remote::{RemoteSigner, RemoteSignerConfig};
pub use server::SignerServer;
pub use state::{Admission, SignState, Signed};
pub use state_file::{OpenSignStateError, SignStateFile};
pub use wire::{Hello, InvalidSignerMessage, MAX_SIGNER_FRAME_BYTES, SIGNER_PROTOCOL_VERSION, SignerMessage};

#[cfg(test)]
mod tests;
