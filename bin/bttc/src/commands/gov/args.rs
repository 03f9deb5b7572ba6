//! The grammar of `bttc gov`.

use crate::commands::wallet::args::{RpcArgs, SendArgs, TransactionAction};
use alloy_primitives::U256;
use bttc_contracts::governance::CHOICES;
use clap::{Args, Subcommand, builder::PossibleValuesParser};

const PROPOSE_HELP: &str = "Several actions may be given, in the order of this list and all of one lane; `bttc gov params` lists names, bounds and lanes of \
parameters. What is out of bounds, too large a step or too early is refused before anything is sent. Nothing is sent before you have seen what it does, \
what it costs and when it would come, and said yes; -y says so beforehand. The deposit comes back unless the proposal is vetoed or without quorum.";

const OVERRIDE_HELP: &str = "A validator votes with all stake behind it but that of delegators who vote themselves, whenever they do so. Overriding is \
possible before and after the validator's own vote, and can be changed until the end of the vote, but not taken back.";

#[derive(Debug, Args)]
pub(crate) struct GovArgs {
    #[command(flatten)]
    pub(crate) rpc: RpcArgs,
    #[command(subcommand)]
    pub(crate) action: GovAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GovAction {
    /// List proposals, the newest first.
    List {
        /// Only those of this status, such as voting or open (all that is not over).
        #[arg(long)]
        status: Option<String>,
        /// How many at most.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
        limit: u16,
    },
    /// All about a proposal: what it does, where it stands, its dates, its votes.
    Show {
        /// Its number.
        id: u64,
    },
    /// Propose changes of parameters, forks, payments, upgrades.
    #[command(after_help = PROPOSE_HELP)]
    Propose(Box<ProposeArgs>),
    /// Add to the deposit of a proposal; the vote is scheduled once it is complete.
    Deposit {
        /// Number of the proposal.
        id: u64,
        /// How much, in BTT [default: all that is missing].
        #[arg(value_parser = wei)]
        amount: Option<U256>,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Vote as the operator of a validator, with all stake behind it.
    Vote {
        /// Number of the proposal.
        id: u64,
        /// What you want.
        #[arg(value_parser = PossibleValuesParser::new(CHOICES))]
        choice: String,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Vote yourself with your delegated stake, whatever your validator votes.
    #[command(after_help = OVERRIDE_HELP)]
    Override {
        /// Number of the proposal.
        id: u64,
        /// What you want.
        #[arg(value_parser = PossibleValuesParser::new(CHOICES))]
        choice: String,
        /// With the stake at these only: addresses or names, at most 32 [default: all where you have stake in the vote].
        validators: Vec<String>,
        #[command(flatten)]
        send: SendArgs,
    },
    /// How the vote stands, and how an account takes part in it.
    Tally {
        /// Number of the proposal.
        id: u64,
        /// Also the vote of this account: 0x..., T... or a name of the address book.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// Hand what passed to the timelock; anybody may.
    Queue {
        /// Number of the proposal.
        id: u64,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Carry out what waited; anybody may.
    Execute {
        /// Number of the proposal.
        id: u64,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Take a proposal of your own back before its vote.
    Cancel {
        /// Number of the proposal.
        id: u64,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Give a deposit back to who paid it, once that is due; anybody may.
    Refund {
        /// Number of the proposal.
        id: u64,
        /// Whose: 0x..., T... or a name of the address book [default: the account that sends].
        #[arg(long, value_name = "ACCOUNT")]
        of: Option<String>,
        #[command(flatten)]
        send: SendArgs,
    },
    /// Parameters with their bounds; `diff` shows what is not as on mainnet at genesis, and what is about to change.
    Params {
        /// Only these, such as minBaseFee; or the word diff.
        names: Vec<String>,
    },
    #[command(flatten)]
    Transaction(TransactionAction),
}

#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    /// Set a parameter, such as "minBaseFee=8000 gwei" or commissionNotice=4d; may be given more than once.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) sets: Vec<String>,
    /// Plan a fork of this name.
    #[arg(long, value_name = "NAME", requires = "at")]
    pub(crate) plan_fork: Option<String>,
    /// When the fork begins: 2027-01-31T12:00:00Z, Unix seconds, or a time from now on such as +30d.
    #[arg(long, value_name = "TIME", requires = "plan_fork", value_parser = super::actions::when)]
    pub(crate) at: Option<u64>,
    /// Take the plan of a fork back.
    #[arg(long, conflicts_with = "plan_fork")]
    pub(crate) cancel_fork: bool,
    /// Pay from the treasury; may be given more than once.
    #[arg(long = "spend", num_args = 2, value_names = ["ADDRESS", "AMOUNT"])]
    pub(crate) spends: Vec<String>,
    /// Pay from the treasury's programmes; may be given more than once.
    #[arg(long = "spend-programme", num_args = 2, value_names = ["ADDRESS", "AMOUNT"])]
    pub(crate) programme_spends: Vec<String>,
    /// Replace the code of a system contract (address or name) by that at an address; may be given more than once.
    #[arg(long = "upgrade", num_args = 2, value_names = ["PROXY", "IMPLEMENTATION"])]
    pub(crate) upgrades: Vec<String>,
    /// Any call that governance may make, as calldata; may be given more than once.
    #[arg(long = "call", num_args = 2, value_names = ["TO", "DATA"])]
    pub(crate) calls: Vec<String>,
    /// One line that says what it is about.
    #[arg(long)]
    pub(crate) title: String,
    /// Why: a text, or the file that holds it.
    #[arg(long, value_name = "TEXT|FILE", default_value = "")]
    pub(crate) description: String,
    /// Refuse unless the proposal takes this lane.
    #[arg(long, value_parser = PossibleValuesParser::new(["standard", "long", "expedited"]))]
    pub(crate) lane: Option<String>,
    /// How much of the deposit you pay, at least a tenth, in BTT [default: all of it].
    #[arg(long, value_name = "AMOUNT", value_parser = wei)]
    pub(crate) deposit: Option<U256>,
    #[command(flatten)]
    pub(crate) send: SendArgs,
}

impl ProposeArgs {
    /// Whether there is nothing to propose.
    pub(crate) const fn is_empty(&self) -> bool {
        self.sets.is_empty()
            && self.plan_fork.is_none()
            && !self.cancel_fork
            && self.spends.is_empty()
            && self.programme_spends.is_empty()
            && self.upgrades.is_empty()
            && self.calls.is_empty()
    }
}

fn wei(text: &str) -> Result<U256, String> {
    bttc_primitives::parse_btt(text).map_err(|error| error.to_string())
}
