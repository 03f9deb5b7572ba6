//! The grammar of root chains in `bttc testnet`.

use alloy_primitives::Address;
use bttc_bridge::root::RootKind;
use clap::Args;
use std::{path::PathBuf, str::FromStr, time::Duration};

/// Root chains.
#[derive(Debug, Args)]
pub(crate) struct BridgeArgs {
    /// Put Ethereum (anvil) and TRON (a simulator) beside the network, with the bridge's contracts, tokens, and a relayer in each validator.
    #[arg(long)]
    pub(crate) bridge: bool,
    /// The program that plays Ethereum [default: anvil on the PATH].
    #[arg(long, value_name = "PATH", env = "BTTC_ANVIL", hide_env_values = true)]
    pub(crate) anvil: Option<PathBuf>,
    /// Let relayers keep the default policy with this as the longest wait of an exit, instead of sending a checkpoint at once.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, requires = "bridge")]
    pub(crate) exit_age: Option<Duration>,
    /// One more endpoint of a root chain that relayers ask, such as `tron=http://127.0.0.1:9090/{node}` with the number of each validator in place of {node}; may be given more than once.
    #[arg(long = "root-endpoint", value_name = "ROOT=URL", requires = "bridge")]
    pub(crate) endpoints: Vec<RootEndpoint>,
}

/// One more way to a root chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RootEndpoint {
    pub(crate) root: RootKind,
    /// For TRON its HTTP interface, which answers for solid state and JSON-RPC as well.
    pub(crate) url: String,
}

impl FromStr for RootEndpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "an endpoint is ROOT=URL, such as ethereum=http://127.0.0.1:9545".to_owned();
        let (root, url) = text.split_once('=').filter(|(_, url)| url.contains("://")).ok_or_else(form)?;
        let root = match root {
            "ethereum" => RootKind::Ethereum,
            "tron" => RootKind::Tron,
            _ => return Err(form()),
        };
        Ok(Self { root, url: url.to_owned() })
    }
}

/// The TRON simulator as a process.
#[derive(Debug, Args)]
pub(crate) struct TronArgs {
    /// Of the HTTP interface, with `/jsonrpc`.
    #[arg(long)]
    pub(crate) port: u16,
    /// Of the HTTP interface for solid state.
    #[arg(long)]
    pub(crate) solid_port: u16,
    /// Between blocks.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "500ms")]
    pub(crate) interval: Duration,
    /// How many blocks what nothing reverts is behind the head.
    #[arg(long, default_value_t = 2)]
    pub(crate) solid_lag: u64,
    /// What an account has in the first block, as ADDRESS=SUN.
    #[arg(long = "account")]
    pub(crate) accounts: Vec<Purse>,
}

/// An account of TRON and what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purse {
    pub(crate) address: Address,
    pub(crate) sun: u64,
}

impl FromStr for Purse {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (address, sun) = text.split_once('=')?;
            Some(Self { address: address.parse().ok()?, sun: sun.parse().ok()? })
        };
        read().ok_or_else(|| "an account is ADDRESS=SUN, the address as 0x...".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn purses_and_endpoints_are_named() {
        let purse: Purse = "0x0000000000000000000000000000000000000007=50".parse().unwrap();
        assert_eq!(purse, Purse { address: Address::with_last_byte(7), sun: 50 });
        assert!("0x07=50".parse::<Purse>().is_err() && "7".parse::<Purse>().is_err());
        let endpoint: RootEndpoint = "tron=http://127.0.0.1:9/a?b=c".parse().unwrap();
        assert_eq!(endpoint, RootEndpoint { root: RootKind::Tron, url: "http://127.0.0.1:9/a?b=c".to_owned() });
        assert!("tron=9".parse::<RootEndpoint>().is_err() && "bsc=http://a".parse::<RootEndpoint>().is_err());
    }
}
