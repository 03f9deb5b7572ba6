//! What every command that sends transactions takes.

use super::ledger::AccountPath;
use alloy_primitives::B256;
use clap::{Args, Subcommand};
use std::{path::PathBuf, time::Duration};

/// Which node is asked, and how the answer is written.
#[derive(Debug, Args)]
pub(crate) struct RpcArgs {
    /// JSON-RPC of a node.
    #[arg(
        long,
        value_name = "URL",
        env = "BTTC_RPC",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8545",
        global = true
    )]
    pub(crate) rpc: String,
    /// For programs: JSON; amounts are strings of wei, times Unix seconds.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What is done with a transaction that was made before.
#[derive(Debug, Subcommand)]
pub(crate) enum TransactionAction {
    /// Sign a transaction that --unsigned wrote; needs no network.
    Sign {
        /// The file.
        file: PathBuf,
        /// Where the signed one goes [default: FILE with the ending .signed.json].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Do not ask.
        #[arg(short, long)]
        yes: bool,
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Send a transaction that `sign` wrote.
    Send {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Wait again for a transaction that was sent, and say what became of it.
    Resume {
        /// Its hash.
        hash: B256,
        #[command(flatten)]
        wait: WaitArgs,
    },
}

/// Whose key signs.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct KeyArgs {
    /// Encrypted key file (Web3 Secret Storage), or a directory of them [default: ~/.local/share/bttc/keystore].
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) keystore: Option<PathBuf>,
    /// Account to act for: 0x..., T... or a name of the address book [default: the one account of the keystore].
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// File whose first line is the password of the key; without it, it is asked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Sign with a Ledger: its first account, the Nth one of Ledger Live (from 0), or the one at a path like m/44'/60'/0'/0/0.
    #[arg(
        long,
        value_name = "N|PATH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0",
        conflicts_with_all = ["keystore", "password_file"]
    )]
    pub(crate) ledger: Option<AccountPath>,
}

/// How long to wait.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct WaitArgs {
    /// How long to wait for the transaction to be in a block.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "60s")]
    pub(crate) timeout: Duration,
}

/// How a transaction is signed and sent.
#[derive(Clone, Debug, Args)]
pub(crate) struct SendArgs {
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    /// Send without asking.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Number of the transaction of this account; that of one that is lost replaces it, and both can never happen [default: the next].
    #[arg(long, value_name = "N")]
    pub(crate) nonce: Option<u64>,
    /// Write the transaction to this new file, to be signed elsewhere with the command `sign`, and send nothing.
    #[arg(long, value_name = "FILE")]
    pub(crate) unsigned: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}
