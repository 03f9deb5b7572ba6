//! Slots of the bridge's contracts that are read without a call: the exit root goes into every header, and there is no list of root chains.
//!
//! Source: `contracts/system/bridge/{ExitTree,RootChains}.sol`. An upgrade must leave these where they are.

use alloy_primitives::{U256, keccak256};

/// Of `BridgeOutbox`: root of the exit tree; zero before the first exit.
pub const EXIT_ROOT: U256 = U256::ZERO;
/// Of `BridgeOutbox`: number of exits.
pub const EXIT_COUNT: U256 = U256::from_limbs([1, 0, 0, 0]);
/// Highest id that a root chain can have.
pub const LAST_ROOT: u8 = 255;

/// Of `BridgeInbox`: its mapping from root ids to root chains.
const ROOTS: U256 = U256::from_limbs([3, 0, 0, 0]);

/// Of `BridgeOutbox`: the last full left child of a level of the exit tree, valid where the count has the bit of that level.
pub fn exit_edge(level: u8) -> U256 {
    U256::from(level).saturating_add(U256::from(2))
}

/// Of `BridgeInbox`: first slot of a root chain; zero if there is none of that id.
pub fn root_chain(root_id: u8) -> U256 {
    let place = [U256::from(root_id).to_be_bytes::<32>(), ROOTS.to_be_bytes()].concat();
    keccak256(place).into()
}
