//! The grammar of `bttc bridge`.

use crate::{
    cli::Place,
    commands::wallet::args::{KeyArgs, RpcArgs, SendArgs, TransactionAction},
};
use alloy_primitives::B256;
use clap::{Args, Subcommand, ValueEnum};
use std::{fmt, time::Duration};

const EXIT_HELP: &str = "AMOUNT is in whole tokens (12.5) or max; TOKEN is the token's address here, the one on its root chain, or `native` for the root chain's coin; without it, BTT. \
The receiver is an account of the root chain, in that chain's form. An exit cannot be taken back: what is sent to a wrong address is lost. Once a \
checkpoint is on the root chain, anybody can have it paid with `bttc bridge claim`.";

const THERE_HELP: &str = "--root-rpc is JSON-RPC of a node of Ethereum, or the HTTP interface of one of TRON. Its chain id and the code of the bridge are compared with what this chain has \
registered, and nothing is sent if they differ. Nothing is sent before you have seen what it does and what it costs, and said yes; -y says so beforehand. A \
transaction is kept on disk before it is handed out: the same command again goes on with it. A Ledger signs for Ethereum alone.";

const STATUS_HELP: &str = "TRANSFER is the index of an exit or its transaction here, a deposit's transaction on the root chain (with --root, it is looked for there alone), or a deposit as tron/17.";

#[derive(Debug, Args)]
pub(crate) struct BridgeArgs {
    #[command(flatten)]
    pub(crate) rpc: RpcArgs,
    #[command(subcommand)]
    pub(crate) action: BridgeAction,
}

impl BridgeArgs {
    /// Whether dotted flags have a meaning here.
    pub(crate) const fn is_configured(&self) -> bool {
        matches!(self.action, BridgeAction::Relay(_))
    }
}

/// A root chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RootName {
    /// Ethereum.
    Ethereum,
    /// TRON.
    Tron,
}

impl RootName {
    /// Its number in contracts.
    pub(crate) const fn id(self) -> u8 {
        match self {
            Self::Ethereum => 1,
            Self::Tron => 2,
        }
    }
}

impl fmt::Display for RootName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ethereum => "ethereum",
            Self::Tron => "tron",
        })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum BridgeAction {
    /// Run a relayer apart from its node: watch root chains, vouch for deposits, send checkpoints, as the section bridge of the configuration says.
    Relay(Place),
    /// How the bridge is, or how far one transfer is.
    #[command(after_help = STATUS_HELP)]
    Status {
        /// The transfer; without it, the whole bridge.
        transfer: Option<String>,
        /// The root chain where a deposit was made.
        #[arg(long, value_enum)]
        root: Option<RootName>,
        /// Wait until an exit can be claimed, or a deposit is delivered.
        #[arg(long, requires = "transfer")]
        wait: bool,
        /// How long to wait [default: as long as it takes].
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, requires = "wait")]
        timeout: Option<Duration>,
    },
    /// Send value from here to a root chain.
    #[command(after_help = EXIT_HELP)]
    Exit {
        /// How much.
        amount: String,
        /// Of what [default: BTT].
        token: Option<String>,
        /// Where to.
        #[arg(long, value_enum)]
        root: RootName,
        /// Who shall get it there.
        #[arg(long, value_name = "ADDRESS")]
        to: String,
        #[command(flatten)]
        receiver: ReceiverArgs,
        /// JSON-RPC of the root chain, to see whether the receiver is a contract there; for TRON its HTTP interface.
        #[arg(long, value_name = "URL")]
        root_rpc: Option<String>,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Have an exit paid on its root chain; anybody may, it is paid to its receiver.
    #[command(after_help = THERE_HELP)]
    Claim {
        /// Its index, or its transaction here.
        exit: String,
        /// Height of the checkpoint to prove it with [default: the newest that the root chain has].
        #[arg(long, value_name = "HEIGHT")]
        checkpoint: Option<u64>,
        /// Print the call instead of sending it: for a wallet of the root chain.
        #[arg(long)]
        calldata: bool,
        #[command(flatten)]
        there: ThereArgs,
    },
    /// Send value from a root chain to here.
    #[command(after_help = THERE_HELP)]
    Deposit {
        /// How much, in whole tokens (12.5) or max.
        amount: String,
        /// Of what: the token's address on the root chain, `native` for its coin, or `btt`.
        token: String,
        /// Where from.
        #[arg(long, value_enum)]
        root: RootName,
        /// Who shall get it here: 0x..., T... or a name of the address book.
        #[arg(long, value_name = "ACCOUNT")]
        to: String,
        /// The receiver is a contract that is made for it.
        #[arg(long)]
        to_contract: bool,
        #[command(flatten)]
        there: ThereArgs,
    },
    /// Checkpoints that root chains have.
    Checkpoints {
        /// Of one root chain [default: of all].
        #[arg(long, value_enum)]
        root: Option<RootName>,
        /// How many at most, the newest first.
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1_000))]
        limit: u16,
    },
    /// Bring a checkpoint to a root chain by hand; anybody may.
    #[command(after_help = THERE_HELP)]
    Submit {
        /// Height of the block [default: the one that is due].
        height: Option<u64>,
        /// Where to.
        #[arg(long, value_enum)]
        root: RootName,
        /// Print the calls instead of sending them.
        #[arg(long)]
        calldata: bool,
        #[command(flatten)]
        there: ThereArgs,
    },
    /// Deliver a kept deposit; anybody may.
    Replay {
        /// The root chain where it was made.
        #[arg(value_enum)]
        root: RootName,
        /// Its number.
        #[arg(value_name = "NONCE")]
        number: u64,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Send a kept deposit back, 7 days after it failed; anybody may.
    Refund {
        /// The root chain where it was made.
        #[arg(value_enum)]
        root: RootName,
        /// Its number.
        #[arg(value_name = "NONCE")]
        number: u64,
        #[command(flatten)]
        send: SendArgs,
    },
    /// How much may pass.
    Limits {
        /// Of one root chain [default: of all].
        #[arg(long, value_enum)]
        root: Option<RootName>,
        /// Of this token, by its address on the root chain [default: the coin and BTT].
        #[arg(long, value_name = "ADDRESS", requires = "root")]
        token: Option<String>,
    },
    /// Tokens that came over the bridge.
    Tokens,
    #[command(flatten)]
    Transaction(TransactionAction),
}

/// What makes an odd receiver a meant one.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct ReceiverArgs {
    /// Take the address in the form of another chain: the receiver has the key, not an exchange.
    #[arg(long)]
    pub(crate) any_form: bool,
    /// The receiver is a contract that is made for it.
    #[arg(long)]
    pub(crate) to_contract: bool,
}

/// How a root chain is reached, and who sends there.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ThereArgs {
    /// Node of the root chain: JSON-RPC of Ethereum, HTTP interface of TRON (port 8090 as a rule).
    #[arg(long, value_name = "URL", env = "BTTC_ROOT_RPC", hide_env_values = true)]
    pub(crate) root_rpc: Option<String>,
    /// TRON's HTTP interface of solid state [default: that of --root-rpc].
    #[arg(long, value_name = "URL", requires = "root_rpc")]
    pub(crate) root_solid: Option<String>,
    /// TRON's JSON-RPC [default: /jsonrpc at --root-rpc].
    #[arg(long, value_name = "URL", requires = "root_rpc")]
    pub(crate) root_json_rpc: Option<String>,
    /// For development chains of Ethereum without finality: blocks this deep are final.
    #[arg(long, value_name = "BLOCKS", requires = "root_rpc")]
    pub(crate) root_depth: Option<u64>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    /// Most that a transaction may cost, in ETH or TRX [default: three times the estimate].
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_fee: Option<String>,
    /// Send without asking.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// How long to wait for each transaction to be in a block.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "10m")]
    pub(crate) timeout: Duration,
    /// Wait until nothing can revert that block.
    #[arg(long)]
    pub(crate) finality: bool,
}

/// A transfer as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// An exit by its index.
    Exit(u32),
    /// A transaction, here or there.
    Tx(B256),
    /// A deposit by the number of its record.
    Record(RootName, u64),
}

impl std::str::FromStr for Transfer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((root, nonce)) = text.split_once('/')
            && let (Ok(root), Ok(nonce)) = (RootName::from_str(root, true), nonce.parse())
        {
            return Ok(Self::Record(root, nonce));
        }
        if let Ok(index) = text.parse() {
            return Ok(Self::Exit(index));
        }
        // TRON writes hashes without 0x; a shorter text could be an amount or an address.
        if text.trim_start_matches("0x").len() == 64
            && let Ok(hash) = text.parse()
        {
            return Ok(Self::Tx(hash));
        }
        Err(format!(
            "{text:?} names no transfer; write the index of an exit (7), a transaction (64 hex digits), or a deposit as tron/17"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfers_are_named_in_all_forms() {
        let hash = B256::repeat_byte(0xab);
        assert_eq!("7".parse(), Ok(Transfer::Exit(7)));
        assert_eq!(hash.to_string().parse(), Ok(Transfer::Tx(hash)));
        assert_eq!("ab".repeat(32).parse(), Ok(Transfer::Tx(hash)));
        assert_eq!("TRON/17".parse(), Ok(Transfer::Record(RootName::Tron, 17)));
        assert_eq!("ethereum/0".parse(), Ok(Transfer::Record(RootName::Ethereum, 0)));
        for wrong in ["", "-1", "4294967296", "tron/", "bsc/1", "0xabcd", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"] {
            assert!(wrong.parse::<Transfer>().is_err(), "{wrong}");
        }
        assert!("1".repeat(64).parse::<Transfer>().is_ok(), "a hash of digits alone is no index");
    }
}
