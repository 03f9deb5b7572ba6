//! What the contracts say of validators, positions and unbondings.

use super::{faults, node::Node};
use alloy_primitives::{Address, U256};
use bttc_contracts::{
    addresses::{PARAMS, STAKING, VALIDATOR_SET},
    params::IParams,
    staking::IStaking::{self, PositionView, UnbondingView, ValidatorView},
    validator_set::IValidatorSet,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Numbers of parameters (`contracts/system/interfaces/ParamIds.sol`).
pub(crate) const MAX_VALIDATORS: u64 = 9;
pub(crate) const MIN_SELF_STAKE: u64 = 10;
pub(crate) const MIN_DELEGATION: u64 = 11;
pub(crate) const COMMISSION_NOTICE: u64 = 15;
pub(crate) const UNBONDING_TIME: u64 = 16;

/// Rows asked for at once.
const PAGE: u64 = 50;
/// Unbondings that one account may have (docs/staking.md, section 5).
const MOST_UNBONDINGS: u64 = 64;

/// The set in force, with what its members did in the epoch.
#[derive(Debug, Default)]
pub(crate) struct Set {
    /// By signer.
    pub(crate) work: BTreeMap<Address, IValidatorSet::Work>,
    pub(crate) total_power: u128,
    /// Blocks of the epoch that were counted.
    pub(crate) blocks: u64,
}

impl Set {
    pub(crate) fn of(node: &Node) -> eyre::Result<Self> {
        let work = node.view(VALIDATOR_SET, &IValidatorSet::workCall {}).map_err(faults::of_node)?;
        let blocks = node.view(VALIDATOR_SET, &IValidatorSet::blocksCall {}).map_err(faults::of_node)?;
        let total_power = work.iter().fold(0u128, |sum, of| sum.saturating_add(of.power.to()));
        Ok(Self { work: work.into_iter().map(|of| (of.signer, of)).collect(), total_power, blocks })
    }

    /// Part of the total power. Unit: basis points.
    pub(crate) fn share(&self, signer: Address) -> Option<u64> {
        let power: u128 = self.work.get(&signer)?.power.to();
        power.checked_mul(10_000)?.checked_div(self.total_power)?.try_into().ok()
    }

    /// Part of the epoch's blocks that it signed. Unit: basis points; none if not a block was counted.
    pub(crate) fn uptime(&self, signer: Address) -> Option<u64> {
        let signed = self.blocks.saturating_sub(self.work.get(&signer)?.missed);
        u128::from(signed).checked_mul(10_000)?.checked_div(u128::from(self.blocks))?.try_into().ok()
    }
}

/// All validators that were not evicted, the largest first.
pub(crate) fn validators(node: &Node) -> eyre::Result<Vec<ValidatorView>> {
    let mut all = Vec::new();
    loop {
        let call = IStaking::validatorsCall { from: U256::from(all.len()), count: U256::from(PAGE) };
        let page = node.view(STAKING, &call).map_err(faults::of_node)?;
        if page.is_empty() {
            all.sort_by(|a: &ValidatorView, b| b.tokens.cmp(&a.tokens).then(a.operator.cmp(&b.operator)));
            return Ok(all);
        }
        all.extend(page);
    }
}

/// One validator, evicted or not.
pub(crate) fn validator(node: &Node, operator: Address) -> eyre::Result<ValidatorView> {
    node.view(STAKING, &IStaking::validatorCall { operator }).map_err(faults::of_node)
}

pub(crate) fn position(node: &Node, delegator: Address, operator: Address) -> eyre::Result<PositionView> {
    node.view(STAKING, &IStaking::positionCall { delegator, operator }).map_err(faults::of_node)
}

/// Open unbondings, the one that ends first before the others.
pub(crate) fn unbondings(node: &Node, delegator: Address) -> eyre::Result<Vec<UnbondingView>> {
    let call = IStaking::unbondingsCall { delegator, from: U256::ZERO, count: U256::from(MOST_UNBONDINGS) };
    let mut all = node.view(STAKING, &call).map_err(faults::of_node)?;
    all.sort_by_key(|of| (of.unlock, of.id));
    Ok(all)
}

pub(crate) fn moved(node: &Node, delegator: Address, operator: Address) -> eyre::Result<Vec<IStaking::MovedView>> {
    node.view(STAKING, &IStaking::movedCall { delegator, operator }).map_err(faults::of_node)
}

/// A number that governance sets.
pub(crate) fn param(node: &Node, id: u64) -> eyre::Result<U256> {
    node.view(PARAMS, &IParams::getCall { id: U256::from(id) }).map_err(faults::of_node)
}

/// Operators that were evicted at some time: positions with them are still there. None where the node does not keep such old logs.
pub(crate) fn evicted(node: &Node) -> Vec<Address> {
    use alloy_sol_types::SolEvent;
    let filter = json!([{
        "address": STAKING,
        "topics": [IStaking::Evicted::SIGNATURE_HASH],
        "fromBlock": "earliest",
        "toBlock": "latest",
    }]);
    let logs: Vec<Value> = node.ask("eth_getLogs", filter).unwrap_or_default();
    let operator = |log: &Value| log["topics"][1].as_str()?.parse().ok().map(Address::from_word);
    let mut all: Vec<_> = logs.iter().filter_map(operator).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What the node estimates that stake with each operator earns in a year. Unit: basis points; empty if the node does not tell.
pub(crate) fn estimates(node: &Node) -> BTreeMap<Address, u64> {
    let answer: Value = match node.ask("staking_validators", json!([])) {
        Ok(answer) => answer,
        Err(_) => return BTreeMap::new(),
    };
    let row = |row: &Value| Some((row["operator"].as_str()?.parse().ok()?, row["apr"].as_u64()?));
    answer["validators"].as_array().map(|rows| rows.iter().filter_map(row).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::aliases::U96;

    #[test]
    fn shares_and_uptime_are_parts_of_what_was_counted() {
        let member = |byte: u8, power: u64, missed: u64| {
            let signer = Address::repeat_byte(byte);
            (signer, IValidatorSet::Work { signer, power: U96::from(power), proposed: 0, missed, tips: 0 })
        };
        let mut set = Set { work: [member(1, 1, 1), member(2, 2, 40)].into(), total_power: 3, blocks: 30 };
        assert_eq!(set.share(Address::repeat_byte(2)), Some(6_666));
        assert_eq!(set.uptime(Address::repeat_byte(1)), Some(9_666));
        assert_eq!(set.uptime(Address::repeat_byte(2)), Some(0));
        assert_eq!((set.share(Address::ZERO), set.uptime(Address::ZERO)), (None, None));
        set.blocks = 0;
        assert_eq!(set.uptime(Address::repeat_byte(1)).unwrap_or(7), 7);
    }
}
