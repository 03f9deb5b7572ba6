//! The relayer between two chains in memory.

mod checkpoints;
mod crashes;
mod deposits;
mod races;
mod root;
mod side;
mod whole;

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_signer_local::PrivateKeySigner;

/// EIP-155 id of our chain.
const SIDE: u64 = 990_994;
/// The root chain is TRON in most tests.
const ROOT_ID: u8 = 2;
const BRIDGE: Address = Address::repeat_byte(0xb1);
const MANAGER: Address = Address::repeat_byte(0xc1);
/// Age stop of the manager. Unit: seconds.
const STOP_AGE: u64 = 302_400;

/// Consensus key of a validator.
fn key(n: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::with_last_byte(n)).unwrap()
}

/// Members with equal power.
fn set(members: std::ops::RangeInclusive<u8>) -> Vec<(Address, u64)> {
    members.map(|n| (key(n).address(), 10)).collect()
}

/// A set as it is hashed.
fn packed(members: &[(Address, u64)]) -> Vec<u8> {
    members.iter().flat_map(|(address, power)| [address.as_slice(), &power.to_be_bytes()].concat()).collect()
}

fn hash_of(members: &[(Address, u64)]) -> B256 {
    keccak256(packed(members))
}

fn amount(n: u64) -> U256 {
    U256::from(n)
}
