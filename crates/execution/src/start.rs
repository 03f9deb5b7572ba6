//! What happens in a block before its first transaction.

use crate::{
    RunError,
    cache::StateCache,
    run::{Run, fatal},
};
use alloy_eips::{
    eip2935::HISTORY_STORAGE_ADDRESS,
    eip4788::{BEACON_ROOTS_ADDRESS, SYSTEM_ADDRESS},
};
use alloy_evm::{
    Evm,
    eth::{
        EthEvmContext,
        dao_fork::{DAO_HARDFORK_ACCOUNTS, DAO_HARDFORK_BENEFICIARY},
    },
};
use alloy_primitives::{Address, Bytes};
use bttc_consensus::InvalidBlock;
use bttc_primitives::{EthereumHardfork, EthereumHardforks, Fatal, StateReader};
use revm::{DatabaseCommit, Inspector, context_interface::result::ExecutionResult};

impl<S: StateReader, I: Inspector<EthEvmContext<StateCache<S>>>> Run<'_, S, I> {
    /// DAO fork (EIP-779), commitment of consensus (EIP-4788), hash of the parent (EIP-2935). Nothing in a genesis block.
    pub(crate) fn start(&mut self) -> Result<(), RunError> {
        let (spec, number, time) = (self.spec, self.header.number, self.header.timestamp);
        if number == 0 {
            return Ok(());
        }
        if spec.ethereum_fork_activation(EthereumHardfork::Dao).transitions_at_block(number) {
            self.move_dao_balances()?;
        }
        if spec.is_cancun_active_at_timestamp(time) {
            let missing = |field| InvalidBlock::Body(format!("the header has no {field}, which Cancun demands"));
            let root = self.header.parent_beacon_block_root.ok_or_else(|| missing("parent_beacon_block_root"))?;
            self.header.excess_blob_gas.ok_or_else(|| missing("excess_blob_gas"))?;
            self.call_from_system(BEACON_ROOTS_ADDRESS, root.into())?;
        }
        if spec.is_prague_active_at_timestamp(time) {
            let parent = self.header.parent_hash;
            self.call_from_system(HISTORY_STORAGE_ADDRESS, parent.into())?;
        }
        Ok(())
    }

    /// Calls a contract as the system address does: free, outside of the block's gas, without a receipt. Keeps what it did.
    pub(crate) fn call_from_system(&mut self, to: Address, input: Bytes) -> Result<ExecutionResult, Fatal> {
        let evm = self.evm_mut();
        let result = evm.transact_system_call(SYSTEM_ADDRESS, to, input).map_err(fatal)?;
        evm.db_mut().commit(result.state);
        Ok(result.result)
    }

    fn move_dao_balances(&mut self) -> Result<(), Fatal> {
        let cache = self.evm_mut().db_mut();
        for address in DAO_HARDFORK_ACCOUNTS {
            let balance = cache.drain(address)?;
            cache.credit(DAO_HARDFORK_BENEFICIARY, balance)?;
        }
        Ok(())
    }
}
