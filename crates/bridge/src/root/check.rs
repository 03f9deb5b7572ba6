//! Whether endpoints and contracts are the configured ones.

use super::{
    Expected, ExpectedCode, RootChainId, RootError,
    endpoints::{Endpoints, NoAnswer},
};
use alloy_primitives::{B256, KECCAK256_EMPTY};

/// Every endpoint that answers must be of the right chain, and enough must answer.
pub(super) fn chain_ids<E: Clone + Send + Sync>(
    endpoints: &Endpoints<E>,
    expected: &Expected,
    said: Vec<(&str, Result<u64, NoAnswer>)>,
) -> Result<(), RootError> {
    let (root, expected) = (endpoints.root(), expected.chain_id);
    if root.chain_id != expected {
        let why = format!("chain {expected} is expected, but chain {} is configured", root.chain_id);
        return Err(RootError::Configuration { root, why });
    }
    let mut answered = 0_usize;
    let mut silent = Vec::new();
    for (name, answer) in said {
        match answer {
            Ok(got) if got != expected => {
                return Err(RootError::WrongChain { root, url: name.to_owned(), got, expected });
            }
            Ok(_) => answered = answered.saturating_add(1),
            Err(why) => silent.push(format!("{name}: {}", why.why())),
        }
    }
    if answered >= endpoints.needed() {
        return Ok(());
    }
    let (what, needed, why) = ("the chain's id".to_owned(), endpoints.needed(), silent.join("; "));
    Err(RootError::Unavailable { root, what, answered, needed, why })
}

/// The code of a contract must be there, and be the expected one.
pub(super) fn code(root: RootChainId, contract: &ExpectedCode, got: B256) -> Result<(), RootError> {
    let right = match contract.code_hash {
        Some(expected) => got == expected,
        None => got != KECCAK256_EMPTY,
    };
    if right {
        return Ok(());
    }
    let expected = contract.code_hash.map_or_else(|| "that of any code".to_owned(), |hash| hash.to_string());
    Err(RootError::WrongCode { root, name: contract.name, address: contract.address, got, expected })
}
