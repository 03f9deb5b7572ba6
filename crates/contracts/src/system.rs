//! The system contracts as genesis carries them: a proxy at each address of docs/protocol.md, section 6, and the code that it begins with.
//!
//! The code is that of `contracts/artifacts`, which CI compiles again and compares.

use crate::addresses;
use alloy_primitives::{Address, B256, Bytes, address, b256};
use serde::Deserialize;

/// ERC-1967: where a proxy keeps the address of its implementation. `keccak256("eip1967.proxy.implementation") - 1`.
pub const IMPLEMENTATION_SLOT: B256 = b256!("0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");

/// A contract behind a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemContract {
    /// Name of the source.
    pub name: &'static str,
    /// Where people call it: the proxy.
    pub address: Address,
    /// Where its first code stands.
    pub implementation: Address,
    /// That code.
    pub code: Bytes,
}

/// Code without a proxy, which belongs to one of the contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemPart {
    /// Name of the source.
    pub name: &'static str,
    /// Where it stands.
    pub address: Address,
    /// The code.
    pub code: Bytes,
}

/// What genesis carries of the system contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemContracts {
    /// Code of every proxy.
    pub proxy: Bytes,
    /// Contracts behind proxies.
    pub contracts: Vec<SystemContract>,
    /// Code without a proxy, which belongs to one of these.
    pub parts: Vec<SystemPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    deployed_bytecode: Bytes,
}

macro_rules! code {
    ($name:literal) => {{
        let artifact: Artifact =
            serde_json::from_str(include_str!(concat!("../../../contracts/artifacts/", $name, ".json")))
                .expect("the artifact is part of the binary and a test parses it");
        artifact.deployed_bytecode
    }};
}

macro_rules! contracts {
    ($($name:literal: $address:ident, $implementation:literal;)*) => {
        vec![$(SystemContract {
            name: $name,
            address: addresses::$address,
            implementation: address!($implementation),
            code: code!($name),
        }),*]
    };
}

/// All system contracts, in the order of their addresses.
pub fn system_contracts() -> SystemContracts {
    SystemContracts {
        proxy: code!("SystemProxy"),
        contracts: contracts! {
            "ValidatorSet": VALIDATOR_SET, "0x0000000000000000000000000000000000001080";
            "BridgeInbox": BRIDGE_INBOX, "0x0000000000000000000000000000000000001081";
            "Staking": STAKING, "0x0000000000000000000000000000000000001082";
            "Treasury": TREASURY, "0x0000000000000000000000000000000000001084";
            "Governor": GOVERNOR, "0x0000000000000000000000000000000000001085";
            "Timelock": TIMELOCK, "0x0000000000000000000000000000000000001086";
            "Params": PARAMS, "0x0000000000000000000000000000000000001087";
            "BridgeOutbox": BRIDGE_OUTBOX, "0x0000000000000000000000000000000000001088";
            "Supply": SUPPLY, "0x0000000000000000000000000000000000001090";
            "Vesting": VESTING, "0x0000000000000000000000000000000000001092";
            "Airdrop": AIRDROP, "0x0000000000000000000000000000000000001093";
        },
        parts: vec![
            part("StakingExtension", addresses::STAKING_EXTENSION, code!("StakingExtension")),
            part("BridgedToken", addresses::BRIDGED_TOKEN_CODE, code!("BridgedToken")),
        ],
    }
}

const fn part(name: &'static str, address: Address, code: Bytes) -> SystemPart {
    SystemPart { name, address, code }
}

alloy_sol_types::sol! {
    /// First values of the system contracts: by the system address, in block 0 (docs/staking.md, section 1).
    #[derive(Debug, PartialEq, Eq)]
    interface IGenesis {
        /// A parameter with its bounds.
        struct Setting {
            uint256 id;
            uint256 value;
            uint256 min;
            uint256 max;
            uint256 step;
            uint256 coolDown;
        }

        /// BTT that is paid out over time. Unit of times: seconds.
        struct Grant {
            address beneficiary;
            uint128 total;
            uint64 start;
            uint64 cliff;
            uint64 duration;
            uint64 step;
        }

        /// A root chain of the bridge (docs/bridge.md, "Deposits on this chain").
        struct RootConfig {
            uint256 rootId;
            uint64 chainId;
            address bridge;
            bytes32 codeHash;
            address btt;
            uint256 bttLocked;
        }

        function genesisValidator(address operator, address signer, uint16 commission, string calldata name, uint256 stake) external payable;
    }

    /// The proxy itself: by the timelock.
    #[derive(Debug, PartialEq, Eq)]
    interface ISystemProxy {
        error NoCode(address implementation);

        function upgradeToAndCall(address implementation, bytes calldata data) external payable;
    }

    /// `ValidatorSet.genesis`.
    interface IGenesisSet { function genesis(uint256[] calldata members, uint64 time) external; }
    /// `Treasury.genesis`.
    interface IGenesisTreasury { function genesis(uint256 reserve, uint256 funds, uint256 programmes) external payable; }
    /// `Params.genesis`.
    interface IGenesisParams { function genesis(IGenesis.Setting[] calldata settings) external; }
    /// `Vesting.genesis`.
    interface IGenesisVesting { function genesis(IGenesis.Grant[] calldata grants) external payable; }
    /// `BridgeInbox.genesis`.
    interface IGenesisInbox {
        function genesis(uint256 reserve, address guardian, IGenesis.RootConfig[] calldata roots) external payable;
    }
    /// `Airdrop.genesis`.
    interface IGenesisAirdrop { function genesis(uint64 start) external payable; }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contract_has_code_and_a_place_of_its_own() {
        let system = system_contracts();
        let mut places: Vec<_> = system.contracts.iter().flat_map(|of| [of.address, of.implementation]).collect();
        places.extend(system.parts.iter().map(|of| of.address));
        let count = places.len();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), count);
        let codes = system.contracts.iter().map(|of| &of.code).chain(system.parts.iter().map(|of| &of.code));
        assert!(codes.chain([&system.proxy]).all(|code| code.len() > 100 && code.len() <= 24_576));
    }
}
