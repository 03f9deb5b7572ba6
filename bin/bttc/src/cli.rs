//! The grammar of the command line.

use crate::{
    commands::{bridge::args::BridgeArgs, gov::args::GovArgs, stake::args::StakeArgs},
    testnet::args::TestnetArgs,
};
use bttc_node::Override;
use clap::{Args, CommandFactory, Parser, Subcommand, error::ErrorKind};
use clap_complete::Shell;
use std::{path::PathBuf, time::Duration};

const CONFIG_HELP: &str = "Every key of the configuration is a flag too: --rpc.port 8545, --log.format json, \
--metrics.listen 127.0.0.1:9090. `bttc config show` prints all of them.";

const IMPORT_HELP: &str = "Every rule is checked but the seal of proof of work. Blocks that the chain has are skipped, so an import \
that was stopped is gone on with by the same command; after a refused block everything before it is kept. \
Prepare the data directory with `bttc init --genesis FILE --datadir DIR`.";

const GENESIS_HELP: &str = "A plan says who gets what of the 990,000,000,000 BTT, to the wei, and who validates first; genesis/*/plan.toml are \
examples. \"placeholder: NAME\" stands for an address or a time that is not known yet. Check asks the contracts in the file itself.";

const VERIFY_HELP: &str = "Nothing is changed. Headers, bodies, transactions, receipts, certificates, indices, state, tries and history are \
read in full and computed again where they can be; senders are recovered from signatures. Beside a running node the file may grow by what the \
node replaces while the state is read.";

const AUDIT_HELP: &str = "All accounts of the newest state are read, also beside a running node; nothing is changed. What was burned is asked of the \
contract Supply, so the chain must have the system contracts. A contract can destroy BTT without telling Supply (EIP-6780): then the sum is below the \
supply, which is told but is no fault.";

const BACKUP_HELP: &str = "The copy is the state of one moment, synced and looked through before it gets its name. It holds the database \
alone: no keys, no pending transactions. Run it with `bttc node --datadir DIR`.";

const COMPACT_HELP: &str = "The old database stays in its place until the new one is complete; a crash on the way costs nothing. Needs as \
much free space on the same disk as the tables take.";

const VALIDATOR_HELP: &str = "A consensus key signs votes and lies in a directory with its sign state, the record of what it has signed. \
Never copy the sign state and never run two machines with one key: signing twice costs stake.";

const SIGNER_HELP: &str = "The node reaches it with --validator.remote SOCKET and can never make it sign twice, \
even if somebody takes the node over. The socket opens to the signer's own user alone.";

const SNAPSHOT_EXPORT_HELP: &str = "The export reads one snapshot of the database: until it ends, the file of a running node grows by what blocks \
replace meanwhile. An older height needs the history of the blocks above it, and more memory and time the older it is.";

const SNAPSHOT_IMPORT_HELP: &str = "Every chunk is checked against the state root that the validators have signed before it is written. An import that \
was stopped or refused some chunks is gone on with by the same command. Blocks and states before the snapshot are not there afterwards.";

/// A node of the BTT chain, and the tools around it.
#[derive(Debug, Parser)]
#[command(name = "bttc", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a node.
    #[command(after_help = CONFIG_HELP)]
    Node(NodeArgs),
    /// Show or check the configuration.
    #[command(after_help = CONFIG_HELP)]
    Config(ConfigArgs),
    /// Prepare a data directory from a genesis.
    Init(InitArgs),
    /// Make and check genesis files.
    #[command(after_help = GENESIS_HELP)]
    Genesis(GenesisArgs),
    /// Append the blocks of a file to a chain under Ethereum's rules.
    #[command(after_help = IMPORT_HELP)]
    Import(ImportArgs),
    /// Keep accounts in encrypted files.
    Account(AccountArgs),
    /// Stake BTT, look after stake, operate a validator.
    Stake(Box<StakeArgs>),
    /// Propose, vote, carry out: what stakers decide.
    Gov(Box<GovArgs>),
    /// Move value between this chain and Ethereum or TRON.
    Bridge(Box<BridgeArgs>),
    /// Tell more about an error, by its id; needs no node.
    Explain {
        /// Such as E1216; without it, all are listed.
        id: Option<String>,
    },
    /// Make and look after the consensus key of a validator.
    #[command(after_help = VALIDATOR_HELP)]
    Validator(ValidatorArgs),
    /// Keep a consensus key apart and sign for a node of this machine.
    #[command(after_help = SIGNER_HELP)]
    Signer(SignerArgs),
    /// Look into the database of a node, check it, copy it.
    Db(DbArgs),
    /// Run a network of nodes on this machine.
    Testnet(TestnetArgs),
    /// See and order the peers of a running node.
    Peers(PeersArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
}

impl Command {
    /// Whether dotted flags have a meaning here.
    const fn is_configured(&self) -> bool {
        match self {
            Self::Node(_) | Self::Config(_) | Self::Init(_) | Self::Import(_) | Self::Db(_) | Self::Peers(_) => true,
            Self::Bridge(args) => args.is_configured(),
            _ => false,
        }
    }
}

impl Cli {
    /// Refuses dotted flags where nothing reads them.
    pub(crate) fn takes(&self, flags: &[Override]) -> Result<(), clap::Error> {
        match flags.first() {
            Some(flag) if !self.command.is_configured() => Err(Self::command().error(
                ErrorKind::UnknownArgument,
                format!("--{} configures a node; this command takes no such flag", flag.key),
            )),
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Default, Args)]
pub(crate) struct NodeArgs {
    /// Run a development chain of one: ten funded accounts, a block for each transaction. Without --datadir its data is gone at the end.
    #[arg(long, conflicts_with = "chain")]
    pub(crate) dev: bool,
    /// Interval between blocks of a development chain, such as 2s or 500ms; without it a block comes with each transaction.
    #[arg(long, value_name = "TIME", value_parser = interval)]
    pub(crate) block_time: Option<Duration>,
    /// How much of the past to keep: archive (everything), full (no old states) or minimal; the same as --storage.prune.
    #[arg(long, value_name = "PRESET", value_parser = ["archive", "full", "minimal"])]
    pub(crate) prune: Option<String>,
    /// Run the relayer of the bridge too, for the root chains in the section bridge of the configuration; the same as --bridge.relay true.
    #[arg(long)]
    pub(crate) relay: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Which chain and where: the flags that most commands share.
#[derive(Debug, Default, Args)]
pub(crate) struct Place {
    /// dev, testnet, mainnet or the path of a genesis file; without it, the chain that the data directory holds.
    #[arg(long, value_name = "NAME|PATH")]
    pub(crate) chain: Option<String>,
    /// Where the node keeps its data [default: ~/.local/share/bttc/CHAIN].
    #[arg(long, value_name = "DIR")]
    pub(crate) datadir: Option<PathBuf>,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) action: ConfigAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Print the configuration in force as TOML: defaults, file and flags together.
    Show(NodeArgs),
    /// Read the configuration and say whether it can be used.
    Check(NodeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Genesis file (geth style), or the name of a chain.
    #[arg(long, value_name = "FILE")]
    pub(crate) genesis: String,
    /// Where the node shall keep its data.
    #[arg(long, value_name = "DIR")]
    pub(crate) datadir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct GenesisArgs {
    #[command(subcommand)]
    pub(crate) action: GenesisAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GenesisAction {
    /// Make a genesis file with the staking contracts from a plan.
    Build {
        /// The plan (TOML).
        #[arg(value_name = "PLAN")]
        plan: PathBuf,
        /// File for the genesis, which is then told of as by check [default: standard output].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Take placeholders for what they are: no node starts on what comes out.
        #[arg(long)]
        draft: bool,
    },
    /// Tell what a genesis file holds; ends with code 1 if it is not sound.
    Check {
        /// The genesis file.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Blocks in RLP, one after the other, as other clients export them.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct AccountArgs {
    /// Directory of the encrypted key files [default: ~/.local/share/bttc/keystore].
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) keystore: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: AccountAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountAction {
    /// Make a new key.
    New(PasswordArgs),
    /// List the accounts.
    List,
    /// Names for addresses, which `bttc stake` takes instead of them.
    Book {
        #[command(subcommand)]
        action: BookAction,
    },
    /// Take in a private key, from a file or typed at a prompt.
    Import {
        /// File that holds the private key as 64 hex digits.
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Give out a private key in the clear.
    Export {
        /// Address of the account.
        address: alloy_primitives::Address,
        /// Write it to this new file, which only its owner may read, instead of the terminal.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Do not ask whether that is meant.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        password: PasswordArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum BookAction {
    /// Give an address a name.
    Add {
        /// Letters, digits, '-', '_' and '.'.
        name: String,
        /// 0x... or T...
        address: String,
    },
    /// List the names.
    List {
        /// For programs: one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Forget a name.
    Remove {
        /// The name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// File whose first line is the password; without it, it is asked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ValidatorArgs {
    #[command(subcommand)]
    pub(crate) action: ValidatorAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ValidatorAction {
    /// Make a new consensus key with its sign state, and print its address.
    Keygen {
        /// Directory for both; made if it is not there.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        #[command(flatten)]
        chain: ChainArgs,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Show the address of a consensus key and what it signed last.
    Show {
        /// Directory of the key.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
    /// Prove that an operator holds a consensus key, for `bttc stake validator create` on another machine.
    Prove {
        /// Directory of the key.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Account that will operate the validator: 0x... or T...
        #[arg(long, value_name = "ADDRESS", value_parser = bttc_primitives::parse_address)]
        operator: alloy_primitives::Address,
        #[command(flatten)]
        chain: ChainArgs,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Replace a sign state that was lost or damaged, or begin at a later height.
    ResetSignState {
        /// Directory of the key.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Nothing at this height or below will be signed; take one that the chain has not reached.
        #[arg(long, value_name = "HEIGHT")]
        height: u64,
        #[command(flatten)]
        chain: ChainArgs,
        /// Confirm that this key signs on no other machine and never signed above the height.
        #[arg(long)]
        yes_i_know: bool,
    },
}

/// Which chain a key signs for.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ChainArgs {
    /// Chain to sign for: dev, testnet, mainnet or the path of a genesis file.
    #[arg(long, value_name = "NAME|PATH")]
    pub(crate) chain: Option<String>,
    /// The same by its EIP-155 id.
    #[arg(long, value_name = "ID")]
    pub(crate) chain_id: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct SignerArgs {
    /// Encrypted consensus key, as `bttc validator keygen` makes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// File whose first line is the password.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: PathBuf,
    /// Sign state [default: sign-state beside the key].
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Unix socket to listen on.
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: PathBuf,
    #[command(flatten)]
    pub(crate) chain: ChainArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DbArgs {
    #[command(subcommand)]
    pub(crate) action: DbAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbAction {
    /// Size of each table.
    Stats {
        #[command(flatten)]
        place: Place,
    },
    /// Check everything in the database, also beside a running node; ends with code 1 if anything is wrong.
    #[command(after_help = VERIFY_HELP)]
    Verify {
        /// One JSON object a finding, and a summary as the last line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Add up all balances and what was burned, against all the BTT there is; ends with code 1 if there is too much.
    #[command(after_help = AUDIT_HELP)]
    AuditSupply {
        /// One JSON object, amounts as decimal strings of wei.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Copy the database to a new data directory, also beside a running node.
    #[command(after_help = BACKUP_HELP)]
    Backup {
        /// The new data directory; must not exist yet, or be empty.
        #[arg(value_name = "DIR")]
        target: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Write the database of a stopped node anew, without the space of what was deleted.
    #[command(after_help = COMPACT_HELP)]
    Compact {
        #[command(flatten)]
        place: Place,
    },
    /// One row, as JSON.
    Get {
        /// Name of the table, as `bttc db stats` prints it.
        table: String,
        /// Height, hash, address, or address/slot, as the table has it.
        key: String,
        #[command(flatten)]
        place: Place,
    },
    /// Write or take in a snapshot of the state.
    Snapshot(SnapshotArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SnapshotArgs {
    #[command(subcommand)]
    pub(crate) action: SnapshotAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotAction {
    /// Write the state of a node into a directory, also while the node runs.
    #[command(after_help = SNAPSHOT_EXPORT_HELP)]
    Export {
        /// New or empty directory for the snapshot.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Height of the state [default: that of the head].
        #[arg(long, value_name = "HEIGHT")]
        height: Option<u64>,
        #[command(flatten)]
        place: Place,
    },
    /// Fill an empty data directory from a snapshot.
    #[command(after_help = SNAPSHOT_IMPORT_HELP)]
    Import {
        /// Directory of the snapshot.
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// Hash of the validator set that signed the snapshot's block, learned elsewhere [default: that of the genesis].
        #[arg(long, value_name = "HASH")]
        trusted_validators: Option<alloy_primitives::B256>,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PeersArgs {
    /// IPC socket of the node [default: bttc.ipc in its data directory].
    #[arg(long, value_name = "PATH")]
    pub(crate) ipc: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) action: PeersAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeersAction {
    /// Connected peers and bans.
    List {
        /// All that is known of the peers, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// This node as others see it: id, role, addresses.
    Info,
    /// Stay connected with a peer until the node ends; to keep it, name it in p2p.persistent_peers.
    Add {
        /// Address with the id: /ip4/203.0.113.7/tcp/30990/p2p/ID.
        peer: String,
    },
    /// End the connection with a peer.
    Remove {
        /// Its id.
        peer: String,
    },
    /// Keep a peer out.
    Ban {
        /// A peer id or an IP address.
        peer: String,
        /// For how long, such as 2h or 30days.
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = humantime::parse_duration)]
        time: Duration,
    },
    /// Let a banned peer in again.
    Unban {
        /// A peer id or an IP address, as the list shows it.
        peer: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    pub(crate) shell: Shell,
}

fn interval(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time.is_zero() => {
            Err("an interval of nothing; leave the flag out for a block with each transaction".to_owned())
        }
        Ok(time) => Ok(time),
        Err(error) => Err(format!("{error}; write a time such as 2s or 500ms")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_holds_together() {
        Cli::command().debug_assert();
    }
}
