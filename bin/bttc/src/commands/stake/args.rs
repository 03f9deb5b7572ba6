//! The grammar of `bttc stake`.

use super::amount::Amount;
pub(crate) use crate::commands::wallet::args::{KeyArgs, RpcArgs, SendArgs, TransactionAction, WaitArgs};
use alloy_primitives::{Address, Bytes};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const AMOUNT_HELP: &str = "VALIDATOR is the address of an operator (0x... or T...), a name of the address book, or the beginning of a validator's \
name that no other has. AMOUNT is in BTT: 1.5, \"1.5 BTT\", 50% or max. Nothing is sent before you have seen what it does and what it costs, \
and said yes; -y says so beforehand.";

#[derive(Debug, Args)]
pub(crate) struct StakeArgs {
    #[command(flatten)]
    pub(crate) rpc: RpcArgs,
    /// Without it, questions are asked one by one.
    #[command(subcommand)]
    pub(crate) action: Option<StakeAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StakeAction {
    /// List the validators.
    Validators,
    /// What an account has staked, what waits to be claimed, what is on its way out.
    Positions {
        /// Address (0x... or T...) or name of the address book [default: the one account of the keystore].
        account: Option<String>,
    },
    /// Stake with a validator.
    #[command(after_help = AMOUNT_HELP)]
    Delegate {
        /// Whom to stake with.
        validator: String,
        /// How much; `max` keeps back the fee.
        amount: Amount,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Take stake back; it is paid out after the unbonding time.
    #[command(after_help = AMOUNT_HELP)]
    Undelegate {
        /// Where it is staked.
        validator: String,
        /// How much.
        amount: Amount,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Move stake to another validator without waiting.
    #[command(after_help = AMOUNT_HELP)]
    Redelegate {
        /// Where it is staked.
        from: String,
        /// Where it shall be.
        to: String,
        /// How much.
        amount: Amount,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Stop an unbonding: the stake goes back to its validator.
    Cancel {
        /// Its number, as `positions` shows it.
        id: u64,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Get rewards paid out.
    Claim {
        /// Of whom [default: everybody who owes any].
        validators: Vec<String>,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Claim the rewards of a validator and stake them there.
    Restake {
        /// With whom.
        validator: String,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Get stake paid out whose unbonding time is over.
    Withdraw {
        /// Numbers, as `positions` shows them [default: all that are due].
        ids: Vec<u64>,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Rewards that were paid to an account.
    Rewards {
        #[command(subcommand)]
        action: RewardsAction,
    },
    /// What operators of validators do.
    Validator {
        #[command(subcommand)]
        action: ValidatorAction,
    },
    #[command(flatten)]
    Transaction(TransactionAction),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RewardsAction {
    /// Write every payment of rewards and commission to an account, read from the logs of the node.
    Export {
        /// Address or name [default: the one account of the keystore].
        account: Option<String>,
        /// How to write it.
        #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
        format: ExportFormat,
        /// First block.
        #[arg(long, value_name = "HEIGHT", default_value_t = 0)]
        from_block: u64,
        /// Last block [default: the head].
        #[arg(long, value_name = "HEIGHT")]
        to_block: Option<u64>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One line a payment.
    Csv,
    /// One array.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ValidatorAction {
    /// Register a validator with its consensus key and its own stake.
    Create {
        /// Its own stake.
        amount: Amount,
        /// Name, at most 64 bytes.
        #[arg(long)]
        name: String,
        /// Web page, at most 128 bytes.
        #[arg(long, default_value = "")]
        site: String,
        /// What the operator keeps of rewards, such as 7.5%.
        #[arg(long, value_name = "PERCENT", value_parser = super::amount::commission)]
        commission: u16,
        #[command(flatten)]
        key: ConsensusKeyArgs,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Change name or web page.
    Edit {
        /// New name [default: as it is].
        #[arg(long)]
        name: Option<String>,
        /// New web page [default: as it is].
        #[arg(long)]
        site: Option<String>,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Announce another commission; it comes into force after the notice.
    Commission {
        /// What the operator keeps of rewards, such as 7.5%.
        #[arg(value_parser = super::amount::commission)]
        commission: u16,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Get the commission paid out.
    ClaimCommission {
        #[command(flatten)]
        send: SendArgs,
    },
    /// Sign votes with another consensus key from the next epoch on.
    RotateKey {
        #[command(flatten)]
        key: ConsensusKeyArgs,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Stand for election again after a jailing.
    Unjail {
        #[command(flatten)]
        send: SendArgs,
    },
    /// Stand for election again after an eviction.
    Rejoin {
        #[command(flatten)]
        send: SendArgs,
    },
    /// Why a validator does not validate, and what to do.
    Why {
        /// The validator.
        validator: String,
    },
    /// Stop validating for good; this cannot be taken back.
    Leave {
        #[command(flatten)]
        send: SendArgs,
    },
}

/// Which consensus key, and the proof that it is ours.
#[derive(Debug, Args)]
pub(crate) struct ConsensusKeyArgs {
    /// Directory of the consensus key on this machine, as `bttc validator keygen` makes it.
    #[arg(long, value_name = "DIR", required_unless_present = "signer")]
    pub(crate) key_dir: Option<PathBuf>,
    /// File whose first line is the password of the consensus key; without it, it is asked for.
    #[arg(long, value_name = "FILE", requires = "key_dir")]
    pub(crate) key_password_file: Option<PathBuf>,
    /// Address of a consensus key that lies elsewhere.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "key_dir", requires = "proof")]
    pub(crate) signer: Option<Address>,
    /// What `bttc validator prove` printed there.
    #[arg(long, value_name = "HEX", requires = "signer")]
    pub(crate) proof: Option<Bytes>,
}
