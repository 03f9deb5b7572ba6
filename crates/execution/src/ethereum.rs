//! The end of a block under the `ethereum` spec, with every rule of ours off.
//!
//! Block and uncle rewards before the Merge, withdrawals from Shanghai on (EIP-4895), requests of the execution layer from Prague on
//! (EIP-7685): deposits (EIP-6110), withdrawals (EIP-7002), consolidations (EIP-7251).

use crate::{BlockOutcome, FinishError, cache::StateCache, run::Run};
use alloy_eips::{
    eip4895::Withdrawal,
    eip6110::{DEPOSIT_REQUEST_TYPE, MAINNET_DEPOSIT_CONTRACT_ADDRESS},
    eip7002::{WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, WITHDRAWAL_REQUEST_TYPE},
    eip7251::{CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, CONSOLIDATION_REQUEST_TYPE},
    eip7685::Requests,
};
use alloy_evm::{
    Evm,
    block::state_changes::post_block_balance_increments,
    eth::{EthEvmContext, eip6110::accumulate_deposits_from_logs},
};
use alloy_primitives::{Address, Bytes, U256};
use bttc_consensus::{FeeSplit, InvalidBlock};
use bttc_primitives::{EthereumHardforks, Header, StateReader};
use revm::Inspector;

/// What a body adds to the end of its block.
#[derive(Clone, Copy, Debug, Default)]
pub struct EthereumEnd<'a> {
    /// Uncle headers.
    pub ommers: &'a [Header],
    /// Withdrawals of the beacon chain.
    pub withdrawals: Option<&'a [Withdrawal]>,
}

/// What a block of the `ethereum` spec did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EthereumOutcome {
    /// Receipts, gas and changes.
    pub block: BlockOutcome,
    /// Requests whose hash the header names from Prague on; empty before.
    pub requests: Requests,
}

impl<S: StateReader, I: Inspector<EthEvmContext<StateCache<S>>>> Run<'_, S, I> {
    pub(crate) fn finish_ethereum(mut self, end: EthereumEnd<'_>) -> Result<EthereumOutcome, FinishError> {
        let block = self.evm_mut().block().clone();
        let credits = post_block_balance_increments(self.spec, block, end.ommers, end.withdrawals);
        for (address, amount) in credits {
            self.evm_mut().db_mut().credit(address, U256::from(amount))?;
        }
        let requests = if self.spec.is_prague_active_at_timestamp(self.header.timestamp) {
            self.requests()?
        } else {
            Requests::default()
        };
        let block = self.into_outcome(FeeSplit::default(), Vec::new())?;
        Ok(EthereumOutcome { block, requests })
    }

    fn requests(&mut self) -> Result<Requests, FinishError> {
        let mut requests = Requests::default();
        let config = &self.spec.genesis().config;
        let contract = config.deposit_contract_address.unwrap_or(MAINNET_DEPOSIT_CONTRACT_ADDRESS);
        let mut deposits = Vec::new();
        let logs = self.receipts.iter().flat_map(|receipt| &receipt.logs);
        accumulate_deposits_from_logs(contract, logs, &mut deposits)
            .map_err(|error| InvalidBlock::Body(format!("deposit requests: {error}")))?;
        let collected = [
            (DEPOSIT_REQUEST_TYPE, deposits.into()),
            (WITHDRAWAL_REQUEST_TYPE, self.collect(WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS)?),
            (CONSOLIDATION_REQUEST_TYPE, self.collect(CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS)?),
        ];
        for (kind, data) in collected {
            if !data.is_empty() {
                requests.push_request_with_type(kind, data);
            }
        }
        Ok(requests)
    }

    /// Requests that a predeployed contract hands out. A block without the contract, or in which it fails, is invalid.
    fn collect(&mut self, contract: Address) -> Result<Bytes, FinishError> {
        let refuse = |why: &str| InvalidBlock::Body(format!("request contract {contract}: {why}"));
        let account = self.evm_mut().db_mut().account(contract)?;
        if !account.is_some_and(|account| account.has_code()) {
            return Err(refuse("has no code").into());
        }
        let result = self.call_from_system(contract, Bytes::new())?;
        if !result.is_success() {
            return Err(refuse("its call failed").into());
        }
        Ok(result.into_output().unwrap_or_default())
    }
}
