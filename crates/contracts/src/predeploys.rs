//! Contracts that genesis carries besides balances.
//!
//! Parsed once from `contracts/predeploys/predeploys.json`, which is part of the binary. The file is checked when it is
//! made and in CI (`contracts/predeploys/check.mjs`), and here by the tests below; a node takes it as it is.

use std::{collections::BTreeMap, sync::LazyLock};

use alloy_primitives::{Address, B256, Bytes};
use serde::Deserialize;

/// A contract that is in the state from genesis on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Predeploy {
    /// Name in our documents, for example `Multicall3`.
    pub name: String,
    /// Where it lives; also a constant in [`crate::addresses`].
    pub address: Address,
    /// Account nonce, as its deployment leaves it: 1, and one more for each contract its constructor created.
    pub nonce: u64,
    /// keccak256 of [`Self::code`].
    pub code_hash: B256,
    /// Where the code is published and how it was proven, for people.
    pub source: String,
    /// Storage slots that the constructor set.
    pub storage: BTreeMap<B256, B256>,
    /// Runtime code.
    pub code: Bytes,
}

/// All predeployed contracts, in the order of the file.
///
/// Source: docs/protocol.md, section 6.
pub fn predeploys() -> &'static [Predeploy] {
    static PREDEPLOYS: LazyLock<Vec<Predeploy>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../../contracts/predeploys/predeploys.json"))
            .expect("the file is part of the binary and a test parses it")
    });
    &PREDEPLOYS
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::addresses;
    use alloy_primitives::{U256, b256, keccak256};

    /// Name, address and code hash of each, the hashes as published elsewhere and not read from our file.
    const EXPECTED: [(&str, Address, Option<B256>); 10] = [
        (
            "Multicall3",
            addresses::MULTICALL3,
            Some(b256!("0xd5c15df687b16f2ff992fc8d767b4216323184a2bbc6ee2f9c398c318e770891")),
        ),
        (
            "Create2Deployer",
            addresses::CREATE2_DEPLOYER,
            Some(b256!("0x2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989")),
        ),
        (
            "SafeSingletonFactory",
            addresses::SAFE_SINGLETON_FACTORY,
            Some(b256!("0x2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989")),
        ),
        (
            "CreateX",
            addresses::CREATE_X,
            Some(b256!("0xbd8a7ea8cfca7b4e5f5041d7d4b17bc317c5ce42cfbc42066a00cf26b43eb53f")),
        ),
        (
            "Permit2",
            addresses::PERMIT2,
            Some(b256!("0xc67d1657868aa5146eaf24fb879fb1fdec3d2d493b3683a61c9c2f4fb2851131")),
        ),
        (
            "EntryPointV07",
            addresses::ENTRY_POINT_V07,
            Some(b256!("0x8db5ff695839d655407cc8490bb7a5d82337a86a6b39c3f0258aa6c3b582fc58")),
        ),
        (
            "SenderCreatorV07",
            addresses::SENDER_CREATOR_V07,
            Some(b256!("0x283c9d14378f5f4c4e24045b87d621d48443fa5b4af7dd7180a599b3756a7689")),
        ),
        (
            "HistoryStorage",
            addresses::HISTORY_STORAGE,
            Some(b256!("0x6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d")),
        ),
        (
            "BeaconRoots",
            addresses::BEACON_ROOTS,
            Some(b256!("0xf57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c")),
        ),
        // Ours: held against its own artifact below.
        ("WBTT", addresses::WBTT, None),
    ];

    #[test]
    fn each_has_its_address_and_published_code_hash() {
        assert_eq!(predeploys().len(), EXPECTED.len());
        for (predeploy, (name, address, published)) in predeploys().iter().zip(EXPECTED) {
            assert_eq!(predeploy.name, name);
            assert_eq!(predeploy.address, address, "{name}");
            let code_hash = keccak256(&predeploy.code);
            assert_eq!(predeploy.code_hash, code_hash, "{name}");
            if let Some(published) = published {
                assert_eq!(code_hash, published, "{name}");
            }
        }
    }

    #[test]
    fn code_can_live_in_the_state() {
        for Predeploy { name, code, nonce, .. } in predeploys() {
            assert!(!code.is_empty() && code.len() <= 24_576, "{name}: code size outside EIP-170");
            assert!(*nonce >= 1, "{name}: EIP-161 starts contracts at nonce 1");
        }
    }

    #[test]
    fn wbtt_is_the_committed_artifact() {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Artifact {
            deployed_bytecode: Bytes,
        }
        let artifact: Artifact = serde_json::from_str(include_str!("../../../contracts/artifacts/WBTT.json")).unwrap();
        let wbtt = predeploys().iter().find(|predeploy| predeploy.address == addresses::WBTT).unwrap();
        assert_eq!(wbtt.code, artifact.deployed_bytecode);
    }

    /// The creator is the first contract that the entry point made, so their nonces and addresses belong together.
    #[test]
    fn entry_point_created_its_sender_creator() {
        let entry_point = predeploys().iter().find(|predeploy| predeploy.name == "EntryPointV07").unwrap();
        assert_eq!(entry_point.nonce, 2);
        assert_eq!(entry_point.address.create(1), addresses::SENDER_CREATOR_V07);
        assert!(entry_point.code.windows(20).any(|part| part == addresses::SENDER_CREATOR_V07.as_slice()));
        // The reentrancy guard reads "not entered".
        let guard = entry_point.storage.get(&B256::from(U256::from(2)));
        assert_eq!(guard, Some(&B256::from(U256::from(1))));
    }
}
