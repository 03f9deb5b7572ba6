//! What the staking contracts learn of every block (docs/staking.md, section 2): calls of the system address, which are no transactions.

use crate::{
    cache::StateCache,
    run::{Run, fatal},
    system::SystemCall,
};
use alloy_eips::eip4788::SYSTEM_ADDRESS;
use alloy_evm::{Evm, eth::EthEvmContext};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use bttc_consensus::FeeSplit;
use bttc_contracts::{
    addresses::VALIDATOR_SET,
    validator_set::IValidatorSet::{Fees, onBlockCall, onFeesCall},
};
use bttc_primitives::{Fatal, SignerBitmap, StateReader};
use revm::{DatabaseCommit, Inspector, context_interface::result::ResultAndState};

impl<S: StateReader, I: Inspector<EthEvmContext<StateCache<S>>>> Run<'_, S, I> {
    /// Tells `ValidatorSet` who proposes the block and who signed the one before; answers with the members that are down since then.
    ///
    /// Nothing where no staking contracts are. Errors: the contract refuses, which no valid block makes it do.
    pub(crate) fn open(&mut self, signers: &SignerBitmap) -> Result<Vec<Address>, Fatal> {
        if !self.spec.has_staking() {
            return Ok(Vec::new());
        }
        let call = onBlockCall { signers: Bytes::copy_from_slice(signers.as_bytes()) };
        let answer = self.tell(call.abi_encode().into())?;
        onBlockCall::abi_decode_returns(&answer)
            .map_err(|error| Fatal::while_doing("reading who is down from the contract ValidatorSet", error))
    }

    /// Tells `ValidatorSet` where the fees of the block went, if there are any.
    pub(crate) fn tell_fees(&mut self, fees: &FeeSplit) -> Result<(), Fatal> {
        if !self.spec.has_staking() || fees.paid().is_zero() {
            return Ok(());
        }
        // The supply is below 2^100 wei.
        let wei = |amount: U256| u128::try_from(amount).map_err(|error| Fatal::while_doing("adding up fees", error));
        let fees = Fees {
            stakers: wei(fees.stakers)?,
            treasury: wei(fees.treasury)?,
            tips: wei(fees.tips)?,
            burned: wei(fees.burned)?,
        };
        self.tell(onFeesCall { fees }.abi_encode().into()).map(drop)
    }

    fn tell(&mut self, input: Bytes) -> Result<Bytes, Fatal> {
        let call = SystemCall { to: VALIDATOR_SET, input };
        let (output, state) = self.answer(&call)?;
        self.evm_mut().db_mut().commit(state);
        Ok(output)
    }

    /// Answers a question to a contract on the state as it is now; nothing of it stays.
    pub(crate) fn ask(&mut self, question: &SystemCall) -> Result<Bytes, Fatal> {
        self.answer(question).map(|(output, _)| output)
    }

    fn answer(&mut self, call: &SystemCall) -> Result<(Bytes, revm::state::EvmState), Fatal> {
        let evm = self.evm_mut();
        let ResultAndState { result, state } =
            evm.transact_system_call(SYSTEM_ADDRESS, call.to, call.input.clone()).map_err(fatal)?;
        let output = result.output().cloned().unwrap_or_default();
        if !result.is_success() {
            return Err(Fatal::new(format!("the system contract {} refuses {} with {output}", call.to, call.input)));
        }
        Ok((output, state))
    }
}
