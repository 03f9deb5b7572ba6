//! The grammar of `bttc testnet`.

use super::bridge::args::{BridgeArgs, TronArgs};
use alloy_primitives::{Address, Bytes, U256};
use bttc_bridge::root::RootKind;
use bttc_contracts::param_table;
use clap::{Args, Subcommand, ValueEnum};
use std::{path::PathBuf, str::FromStr, time::Duration};

#[derive(Debug, Args)]
pub(crate) struct TestnetArgs {
    /// Directory of the network [default: ~/.local/share/bttc/local-testnet].
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: TestnetAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TestnetAction {
    /// Start a network; one that is there already goes on with its data.
    Up(UpArgs),
    /// Start a further node that joins late; it only follows unless it gets a key.
    Add {
        /// Give it a consensus key of its own: it votes once an operator has registered the key (`bttc stake validator create` or `rotate-key`).
        #[arg(long, conflicts_with = "key_of")]
        validator: bool,
        /// Give it the consensus key of this validator, sign state and all: a fault that the network must bear.
        #[arg(long, value_name = "NODE")]
        key_of: Option<usize>,
        /// A setting for this node alone, such as `txpool.max_transactions=0`; may be given more than once.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        settings: Vec<Setting>,
        #[command(flatten)]
        output: Output,
    },
    /// What each node is doing.
    Status {
        #[command(flatten)]
        output: Output,
    },
    /// End nodes at once, as a power cut would.
    Kill(Nodes),
    /// Ask nodes to stop and wait until they have.
    Stop(Nodes),
    /// Start nodes that were killed or stopped; running ones are stopped first.
    Restart(Nodes),
    /// Freeze nodes.
    Pause(Nodes),
    /// Let frozen nodes go on.
    Resume(Nodes),
    /// Cut the network into groups, such as `0,1/2,3`; nodes left out stand alone.
    Partition {
        /// Node numbers: commas within a group, slashes between groups.
        groups: Groups,
    },
    /// Join what was cut.
    Heal,
    /// Delay everything on its way from one node to another.
    Latency {
        /// One way, such as 50ms.
        #[arg(value_parser = humantime::parse_duration)]
        delay: Duration,
        /// Up to this much more, at random.
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "0ms")]
        jitter: Duration,
    },
    /// Send one transaction of a development account, here or on a root chain; prints JSON.
    #[command(hide = true)]
    Call(CallArgs),
    /// Print the log of a node.
    Logs {
        /// Its number; ethereum or tron for a root chain.
        node: Target,
        /// Only so many last lines.
        #[arg(long, value_name = "N")]
        lines: Option<usize>,
    },
    /// Stop all nodes and delete the directory.
    Down {
        /// Keep the data, so that `up` goes on with it.
        #[arg(long)]
        keep: bool,
    },
    /// Carry the connections between the nodes; `up` starts it.
    #[command(hide = true)]
    Links,
    /// Play TRON; `up --bridge` starts it.
    #[command(hide = true)]
    Tron(TronArgs),
}

#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// How many validators.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) validators: u16,
    /// How many nodes beside them that only follow.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=100))]
    pub(crate) full_nodes: u16,
    /// Least time between blocks.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "500ms")]
    pub(crate) block_time: Duration,
    /// Time between blocks while nobody sends anything.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "2s")]
    pub(crate) idle_time: Duration,
    /// Length of an epoch.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "60s")]
    pub(crate) epoch: Duration,
    /// What takes a day on mainnet takes so long: unbonding (7 days there), votes (5), delays (2 and 7), notices, cool-downs [default: 48 epochs].
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) day: Option<Duration>,
    /// A parameter of docs/parameters.md with the number the contract keeps, such as `unbonding_time=30`; may be given more than once.
    #[arg(long = "parameter", value_name = "NAME=NUMBER")]
    pub(crate) parameters: Vec<Parameter>,
    /// How long ago the genesis lies, for what needs time since then; the first block closes the first epoch if that is over.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "0s")]
    pub(crate) age: Duration,
    /// Connect the nodes directly: no partitions, no latency, nothing between them to measure.
    #[arg(long)]
    pub(crate) direct: bool,
    /// A setting for every node, such as `txpool.max_transactions=50000`; may be given more than once.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<Setting>,
    #[command(flatten)]
    pub(crate) bridge: BridgeArgs,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// Which chain.
    #[arg(long, value_enum)]
    pub(crate) on: Where,
    /// Who sends: the number of a development account, operatorN, owner, who owns the contracts of the bridge, or guardian, who may pause it.
    #[arg(long, default_value = "0")]
    pub(crate) from: Sender,
    /// Whom it calls, as 0x... or T...; without it, the data is deployed as a contract.
    #[arg(long, value_name = "ADDRESS", value_parser = bttc_primitives::parse_address)]
    pub(crate) to: Option<Address>,
    /// ABI-encoded.
    #[arg(long, value_name = "HEX", default_value = "0x")]
    pub(crate) data: Bytes,
    /// Coins to send, in the smallest unit.
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    pub(crate) value: U256,
    /// Wait until nothing can revert it, too.
    #[arg(long = "final")]
    pub(crate) until_final: bool,
    /// Over which node of this chain.
    #[arg(long, value_name = "NODE", default_value_t = 0)]
    pub(crate) node: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Where {
    Bttc,
    Ethereum,
    Tron,
}

/// Who sends a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Account(usize),
    Operator(usize),
    Owner,
    Guardian,
}

impl FromStr for Sender {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = match (text, text.strip_prefix("operator")) {
            ("owner", _) => Some(Self::Owner),
            ("guardian", _) => Some(Self::Guardian),
            (_, Some(number)) => number.parse().ok().map(Self::Operator),
            (_, None) => text.parse().ok().map(Self::Account),
        };
        read.ok_or_else(|| "a sender is a number, operatorN, owner or guardian".to_owned())
    }
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Output {
    /// For programs: one JSON object instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Nodes {
    /// Numbers of the nodes; ethereum and tron for the root chains.
    #[arg(required = true, value_name = "NODE")]
    pub(crate) nodes: Vec<Target>,
}

/// A process of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Node(usize),
    Root(RootKind),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ethereum" => Ok(Self::Root(RootKind::Ethereum)),
            "tron" => Ok(Self::Root(RootKind::Tron)),
            _ => text.parse().map(Self::Node).map_err(|_| "name the number of a node, ethereum or tron".to_owned()),
        }
    }
}

/// One key of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if key.contains('.') => Ok(Self { key: key.to_owned(), value: value.to_owned() }),
            _ => Err("a setting is SECTION.KEY=VALUE; `bttc config show` prints the keys".to_owned()),
        }
    }
}

/// A parameter of staking, fees or governance at genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// Its number in the contract.
    pub(crate) id: u64,
    /// In the unit of `param_table`.
    pub(crate) value: U256,
}

impl FromStr for Parameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "a parameter is NAME=NUMBER, such as unbonding_time=30".to_owned();
        let (name, value) = text.split_once('=').ok_or_else(form)?;
        let id = param_table::id_of(name)
            .ok_or_else(|| format!("there is no parameter {name:?}; docs/parameters.md lists them"))?;
        let digits = value.replace('_', "");
        let value = U256::from_str_radix(&digits, 10).ok().filter(|_| !digits.is_empty()).ok_or_else(form)?;
        Ok(Self { id, value })
    }
}

/// Groups of nodes that can talk to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Groups(pub(crate) Vec<Vec<usize>>);

impl FromStr for Groups {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let group = |text: &str| text.split(',').map(|node| node.trim().parse()).collect::<Result<Vec<usize>, _>>();
        let groups: Vec<_> = text
            .split('/')
            .map(group)
            .collect::<Result<_, _>>()
            .map_err(|_| "groups are node numbers such as 0,1/2,3".to_owned())?;
        let mut all: Vec<_> = groups.concat();
        let named = all.len();
        all.sort_unstable();
        all.dedup();
        if all.len() < named {
            return Err("a node is named twice".to_owned());
        }
        Ok(Self(groups))
    }
}

impl Groups {
    /// Whether two nodes are in one group.
    pub(crate) fn joins(&self, one: usize, other: usize) -> bool {
        self.0.iter().any(|group| group.contains(&one) && group.contains(&other))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn groups_are_read_and_joined() {
        let groups: Groups = "0,1/2, 3".parse().unwrap();
        assert_eq!(groups, Groups(vec![vec![0, 1], vec![2, 3]]));
        assert!(groups.joins(3, 2) && !groups.joins(1, 2) && !groups.joins(0, 4));
        assert!("0,1/1".parse::<Groups>().unwrap_err().contains("twice"));
        assert!("a/b".parse::<Groups>().is_err());
    }

    #[test]
    fn parameters_are_known_by_name() {
        let of: Parameter = "Unbonding_Time=1_000".parse().unwrap();
        assert_eq!(of, Parameter { id: 16, value: U256::from(1_000) });
        assert!("no_such=1".parse::<Parameter>().unwrap_err().contains("no_such"));
        for wrong in ["quorum", "quorum=", "quorum=_", "quorum=-1", "quorum=40%"] {
            assert!(wrong.parse::<Parameter>().unwrap_err().contains("NAME=NUMBER"), "{wrong}");
        }
    }

    #[test]
    fn processes_and_senders_are_named() {
        assert_eq!("tron".parse(), Ok(Target::Root(RootKind::Tron)));
        assert_eq!("3".parse(), Ok(Target::Node(3)));
        assert!("tronn".parse::<Target>().unwrap_err().contains("ethereum or tron"));
        assert_eq!("owner".parse(), Ok(Sender::Owner));
        assert_eq!("operator12".parse(), Ok(Sender::Operator(12)));
        assert_eq!("7".parse(), Ok(Sender::Account(7)));
        assert_eq!("guardian".parse(), Ok(Sender::Guardian));
        assert!("operator".parse::<Sender>().is_err() && "-1".parse::<Sender>().is_err());
    }

    #[test]
    fn settings_have_a_section() {
        let setting: Setting = "rpc.max_connections=5".parse().unwrap();
        assert_eq!((setting.key.as_str(), setting.value.as_str()), ("rpc.max_connections", "5"));
        assert!("rpc".parse::<Setting>().is_err() && "rpc=5".parse::<Setting>().is_err());
    }
}
