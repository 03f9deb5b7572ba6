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
use alloy_evm::{Evm, block::state_changes::post_block_balance_increments, eth::EthEvmContext};
use alloy_primitives::{Address, B256, Bytes, U256, b256};
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
        let requests = self.end_ethereum(end)?;
        let block = self.into_outcome(FeeSplit::default(), Vec::new())?;
        Ok(EthereumOutcome { block, requests })
    }

    /// Pays rewards and withdrawals and collects the requests.
    fn end_ethereum(&mut self, end: EthereumEnd<'_>) -> Result<Requests, FinishError> {
        let block = self.evm_mut().block().clone();
        let credits = post_block_balance_increments(self.spec, block, end.ommers, end.withdrawals);
        for (address, amount) in credits {
            self.evm_mut().db_mut().credit(address, U256::from(amount))?;
        }
        if self.spec.is_prague_active_at_timestamp(self.header.timestamp) {
            return self.requests();
        }
        Ok(Requests::default())
    }

    /// Ends a simulated block by the rules of its chain; it has no uncles, no withdrawals and no system transactions.
    pub(crate) fn end_simulated(&mut self) -> Result<Requests, FinishError> {
        if self.spec.is_ethereum() {
            return self.end_ethereum(EthereumEnd::default());
        }
        self.settle_fees()?;
        Ok(Requests::default())
    }

    fn requests(&mut self) -> Result<Requests, FinishError> {
        let mut requests = Requests::default();
        let config = &self.spec.genesis().config;
        let contract = config.deposit_contract_address.unwrap_or(MAINNET_DEPOSIT_CONTRACT_ADDRESS);
        let mut deposits = Vec::new();
        for log in self.receipts.iter().flat_map(|receipt| &receipt.logs) {
            if log.address == contract && log.topics().first() == Some(&DEPOSIT_EVENT) {
                let what = "a deposit event is not laid out as EIP-6110 says";
                deposits.extend(deposit(&log.data.data).ok_or_else(|| InvalidBlock::Body(what.into()))?);
            }
        }
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

/// Topic of `DepositEvent(bytes,bytes,bytes,bytes,bytes)`. Source: EIP-6110.
const DEPOSIT_EVENT: B256 = b256!("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5");
/// Length of the data of a deposit event. Unit: bytes.
const DEPOSIT_BYTES: usize = 576;
/// Offset and length of public key, credentials, amount, signature and index in that data. Unit: bytes.
const DEPOSIT_FIELDS: [(usize, usize); 5] = [(160, 48), (256, 32), (320, 8), (384, 96), (512, 8)];

/// The request that a deposit event stands for; none if the event is laid out in any other way. Source: EIP-6110.
fn deposit(data: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| U256::try_from_be_slice(data.get(at..at.checked_add(32)?)?);
    if data.len() != DEPOSIT_BYTES {
        return None;
    }
    let mut request = Vec::with_capacity(192);
    for (index, (offset, length)) in DEPOSIT_FIELDS.into_iter().enumerate() {
        if word(index.checked_mul(32)?)? != U256::from(offset) || word(offset)? != U256::from(length) {
            return None;
        }
        let start = offset.checked_add(32)?;
        request.extend(data.get(start..start.checked_add(length)?)?);
    }
    Some(request)
}
