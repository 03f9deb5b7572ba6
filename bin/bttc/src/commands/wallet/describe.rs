//! Calls of `Staking` in words, from their bytes alone.

use super::amount::percent;
use super::show::clean;
use alloy_primitives::U256;
use alloy_sol_types::SolInterface;
use bttc_contracts::staking::IStaking::IStakingCalls as Calls;
use bttc_primitives::format_btt;

/// What the call does; none if it is not one that people make.
pub(crate) fn call(data: &[u8], value: U256) -> Option<String> {
    let call = Calls::abi_decode(data).ok()?;
    let text = match &call {
        Calls::delegate(c) => format!("stakes {} with {}", format_btt(value), c.operator),
        Calls::undelegate(c) => format!("takes {} back from {}", format_btt(c.amount), c.operator),
        Calls::undelegateAll(c) => format!("takes all stake back from {}", c.operator),
        Calls::redelegate(c) => format!("moves {} of stake from {} to {}", format_btt(c.amount), c.from, c.to),
        Calls::redelegateAll(c) => format!("moves all stake from {} to {}", c.from, c.to),
        Calls::cancelUnbonding(c) => format!("stops unbonding {}: its stake goes back to its validator", c.id),
        Calls::withdraw(c) => format!("pays out the unbondings {}", list(&c.ids)),
        Calls::withdrawAll(_) => "pays out every unbonding that is due".to_owned(),
        Calls::claim(c) => format!("pays out the rewards from {}", list(&c.operators)),
        Calls::restake(c) => format!("stakes the rewards from {} there", c.operator),
        Calls::createValidator(c) => format!(
            "registers this account as the operator of validator {:?} with {} of own stake, a commission of {}, the web page {:?} and the consensus key {}",
            clean(&c.name),
            format_btt(value),
            percent(c.commission.into()),
            clean(&c.site),
            c.signer
        ),
        Calls::editValidator(c) => format!("names the validator {:?}, web page {:?}", clean(&c.name), clean(&c.site)),
        Calls::claimCommission(_) => "pays out the commission".to_owned(),
        Calls::announceCommission(c) => format!("announces a commission of {}", percent(c.commission.into())),
        Calls::rotateKey(c) => format!("replaces the consensus key by {}", c.signer),
        Calls::unjail(_) => "lets the validator stand for election again after its jailing".to_owned(),
        Calls::rejoin(_) => "lets the validator stand for election again after its eviction".to_owned(),
        Calls::leave(_) => "ends this validator for good; it can never come back".to_owned(),
        _ => return None,
    };
    Some(text)
}

fn list(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use alloy_primitives::Address;
    use alloy_sol_types::SolCall;
    use bttc_contracts::staking::IStaking;

    #[test]
    fn calls_are_told_from_their_bytes() {
        let operator = Address::repeat_byte(1);
        let btt = U256::from(10u64).pow(U256::from(18));
        let data = IStaking::delegateCall { operator }.abi_encode();
        assert_eq!(call(&data, btt).unwrap(), format!("stakes 1 BTT with {operator}"));
        let data = IStaking::withdrawCall { ids: vec![U256::from(1), U256::from(2)] }.abi_encode();
        assert_eq!(call(&data, U256::ZERO).unwrap(), "pays out the unbondings 1, 2");
        assert!(call(&IStaking::snapshotCall {}.abi_encode(), U256::ZERO).is_none());
        assert!(call(&[1, 2, 3], U256::ZERO).is_none());
    }
}
