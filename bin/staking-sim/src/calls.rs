//! Operations as calls of the contracts.

use crate::keys::Keys;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use bttc_contracts::{addresses, staking::IStaking};
use bttc_staking::{
    epoch::{BlockWork, Call, SystemCall},
    model::Operation,
};

/// The contract and the call data of an operation of `caller`.
pub fn call(operation: &Operation, caller: Address, keys: &Keys) -> eyre::Result<Call> {
    use Operation as Op;
    Ok(match operation.clone() {
        Op::OnBlock { missed, fees, .. } => BlockWork { missed, fees }.call(),
        Op::SlashDoubleSign { signer, height, reporter } => {
            SystemCall::SlashDoubleSign { signer, height, reporter }.call()
        }
        Op::SlashDowntime { signer } => SystemCall::SlashDowntime { signer }.call(),
        Op::CloseEpoch { next } => SystemCall::CloseEpoch { next }.call(),
        Op::CreateValidator { signer, proven, commission } => {
            let (name, site) = (format!("validator {caller}"), String::from("https://validator.example"));
            let proof = keys.proof(signer, caller, proven)?;
            staking(&IStaking::createValidatorCall { signer, proof, commission, name, site })
        }
        Op::AnnounceCommission { commission } => staking(&IStaking::announceCommissionCall { commission }),
        Op::RotateKey { signer, proven } => {
            staking(&IStaking::rotateKeyCall { signer, proof: keys.proof(signer, caller, proven)? })
        }
        Op::ClaimCommission => staking(&IStaking::claimCommissionCall {}),
        Op::Unjail => staking(&IStaking::unjailCall {}),
        Op::Leave => staking(&IStaking::leaveCall {}),
        Op::Rejoin => staking(&IStaking::rejoinCall {}),
        Op::Evict { operator } => staking(&IStaking::evictCall { operator }),
        Op::Delegate { operator } => staking(&IStaking::delegateCall { operator }),
        Op::Undelegate { operator, amount } => staking(&IStaking::undelegateCall { operator, amount }),
        Op::UndelegateAll { operator } => staking(&IStaking::undelegateAllCall { operator }),
        Op::Redelegate { from, to, amount } => staking(&IStaking::redelegateCall { from, to, amount }),
        Op::RedelegateAll { from, to } => staking(&IStaking::redelegateAllCall { from, to }),
        Op::CancelUnbonding { id } => staking(&IStaking::cancelUnbondingCall { id: U256::from(id) }),
        Op::Withdraw { ids } => staking(&IStaking::withdrawCall { ids: ids.into_iter().map(U256::from).collect() }),
        Op::WithdrawAll => staking(&IStaking::withdrawAllCall {}),
        Op::Claim { operators } => staking(&IStaking::claimCall { operators }),
        Op::Restake { operator } => staking(&IStaking::restakeCall { operator }),
        Op::SettleMoved { delegator, operator } => staking(&IStaking::settleMovedCall { delegator, operator }),
    })
}

/// Name of an operation, without its arguments.
pub fn name(operation: &Operation) -> String {
    let text = format!("{operation:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

/// Operators that an operation of `caller` can touch.
pub fn touched(operation: &Operation, caller: Address) -> Vec<Address> {
    use Operation as Op;
    match operation {
        Op::Evict { operator }
        | Op::Delegate { operator }
        | Op::Undelegate { operator, .. }
        | Op::UndelegateAll { operator }
        | Op::Restake { operator }
        | Op::SettleMoved { operator, .. } => vec![*operator],
        Op::Redelegate { from, to, .. } | Op::RedelegateAll { from, to } => vec![*from, *to],
        Op::Claim { operators } => operators.clone(),
        Op::SlashDoubleSign { reporter, .. } => vec![*reporter],
        _ => vec![caller],
    }
}

fn staking(call: &impl SolCall) -> Call {
    Call { to: addresses::STAKING, input: call.abi_encode().into() }
}
