//! Operations as calls of the contracts.

use crate::keys::Keys;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use bttc_contracts::{
    addresses,
    staking::IStaking,
    validator_set::IValidatorSet::{Fees, onBlockCall, onFeesCall},
};
use bttc_primitives::SignerBitmap;
use bttc_staking::{
    epoch::{Call, SystemCall},
    model::Operation,
};

/// The call behind that of [`Operation::OnBlock`]: the fees of the block.
pub fn on_fees(fees: &Fees) -> Call {
    Call { to: addresses::VALIDATOR_SET, input: onFeesCall { fees: fees.clone() }.abi_encode().into() }
}

/// The bitmap of those who signed, as a block carries it, of that of the absentees.
fn signers(missed: &[u8], members: usize) -> Bytes {
    let absent = |index: &usize| missed.get(index / 8).is_some_and(|byte| byte & (1u8 << (index % 8)) != 0);
    let present = SignerBitmap::from_indices(members, (0..members).filter(|index| !absent(index)));
    Bytes::copy_from_slice(present.as_bytes())
}

/// The contract and the call data of an operation of `caller`, in a set of so many members.
pub fn call(operation: &Operation, caller: Address, keys: &Keys, members: usize) -> eyre::Result<Call> {
    use Operation as Op;
    Ok(match operation.clone() {
        Op::OnBlock { missed, .. } => {
            let signers = signers(&missed, members);
            Call { to: addresses::VALIDATOR_SET, input: onBlockCall { signers }.abi_encode().into() }
        }
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
