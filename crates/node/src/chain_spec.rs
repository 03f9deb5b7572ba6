//! Which chain: a preset built into the program, or a genesis file.

use bttc_primitives::ChainSpec;
use eyre::{WrapErr, bail};
use std::path::{Path, PathBuf};

/// A network whose genesis is part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its genesis file.
    pub genesis: &'static str,
    /// First peers, one a line; lines with `#` are remarks.
    bootnodes: &'static str,
}

/// Every preset (docs/protocol.md, section 1).
pub const PRESETS: [Preset; 4] = [
    Preset { name: "dev", genesis: include_str!("../../../genesis/dev/genesis.json"), bootnodes: "" },
    Preset { name: "dev-staking", genesis: include_str!("../../../genesis/dev-staking/genesis.json"), bootnodes: "" },
    Preset {
        name: "testnet",
        genesis: include_str!("../../../genesis/testnet/genesis.json"),
        bootnodes: include_str!("../../../genesis/testnet/bootnodes.txt"),
    },
    Preset {
        name: "mainnet",
        genesis: include_str!("../../../genesis/mainnet/genesis.json"),
        bootnodes: include_str!("../../../genesis/mainnet/bootnodes.txt"),
    },
];

fn preset(network: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == network)
}

/// Reads the spec of `network`, a preset's name or the path of a genesis file; the text of the genesis beside it.
///
/// Errors: no such preset or file, or the file is no genesis.
pub fn load_spec(network: &str) -> eyre::Result<(ChainSpec, String)> {
    let json = match preset(network) {
        Some(preset) => preset.genesis.to_owned(),
        None => std::fs::read_to_string(network).wrap_err_with(|| {
            format!(
                "there is no chain {network:?}; give dev, testnet, mainnet, dev-staking or the path of a genesis file"
            )
        })?,
    };
    let spec = ChainSpec::from_json(&json).wrap_err_with(|| format!("cannot use the chain {network:?}"))?;
    Ok((spec, json))
}

/// First peers of a preset; none of a chain from a file.
pub(crate) fn bootnodes(network: &str) -> Vec<String> {
    let lines = preset(network).map_or("", |preset| preset.bootnodes).lines();
    lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(ToOwned::to_owned).collect()
}

/// Name of the preset with this chain id, else the id itself.
pub(crate) fn name_of(chain_id: u64) -> String {
    let named = PRESETS
        .iter()
        .find(|preset| ChainSpec::from_json(preset.genesis).is_ok_and(|spec| spec.chain_id() == chain_id));
    named.map_or_else(|| chain_id.to_string(), |preset| preset.name.to_owned())
}

/// Where the data of `network` lies unless somebody says otherwise: `<network>` in [`default_data_home`].
///
/// Errors: the chain comes from a file, or there is no home directory; both need `--datadir`.
pub fn default_datadir(network: &str) -> eyre::Result<PathBuf> {
    if preset(network).is_none() {
        bail!("a chain from a genesis file has no default data directory; say where its data lies with --datadir DIR");
    }
    Ok(default_data_home().wrap_err("say where the data lies with --datadir DIR")?.join(network))
}

/// Where everything of this program lies unless somebody says otherwise: `$XDG_DATA_HOME/bttc`, else `~/.local/share/bttc`.
///
/// Errors: there is no home directory.
pub fn default_data_home() -> eyre::Result<PathBuf> {
    let dir = |name| std::env::var_os(name).filter(|path| Path::new(path).is_absolute()).map(PathBuf::from);
    match dir("XDG_DATA_HOME").or_else(|| Some(dir("HOME")?.join(".local/share"))) {
        Some(share) => Ok(share.join("bttc")),
        None => bail!("there is no home directory"),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn presets_are_the_chains_of_the_protocol() {
        let chain_ids = [("dev", 990_992), ("dev-staking", 990_994), ("testnet", 990_991), ("mainnet", 990_990)];
        for (name, chain_id) in chain_ids {
            let (spec, _) = load_spec(name).unwrap();
            assert_eq!((spec.chain_id(), spec.is_dev()), (chain_id, name.starts_with("dev")));
            assert_eq!((spec.has_staking(), spec.is_draft()), (name == "dev-staking", false));
        }
        let (dev, _) = load_spec("dev").unwrap();
        let validators = dev.genesis_validators().unwrap();
        let addresses: Vec<_> = validators.members().iter().map(|validator| validator.address).collect();
        assert_eq!(addresses, [crate::dev_validator().address()]);
        for key in crate::dev_accounts() {
            assert!(dev.genesis_alloc().contains_key(&key.address()), "{} is funded", key.address());
        }
    }

    #[test]
    fn an_unknown_chain_names_the_choices() {
        let error = format!("{:#}", load_spec("mainet").unwrap_err());
        assert!(error.contains("\"mainet\"") && error.contains("dev, testnet, mainnet"), "{error}");
        assert!(default_datadir("./my.json").unwrap_err().to_string().contains("--datadir"));
    }
}
