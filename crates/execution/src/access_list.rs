//! Which accounts and slots a transaction touches (`eth_createAccessList`).

use crate::{CallEnv, CallError, Overrides, revert_reason, simulate::Session, watch::Watch};
use alloy_eips::eip2930::AccessList;
use alloy_evm::Evm;
use alloy_rpc_types_eth::TransactionRequest;
use bttc_primitives::StateReader;
use revm::{context::TxEnv, context_interface::result::ExecutionResult};
use revm_inspectors::access_list::AccessListInspector;

/// Runs until the list no longer changes; a list can change the way a contract goes, as it changes the gas.
const MOST_RUNS: usize = 8;

/// An access list and what the transaction does with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessListResult {
    /// Accounts and slots, without the sender, the recipient itself and precompiles.
    pub access_list: AccessList,
    /// Gas used with this list.
    pub gas_used: u64,
    /// Why the transaction fails, if it does.
    pub error: Option<String>,
}

/// The access list of a transaction.
pub fn create_access_list<S: StateReader>(
    env: &CallEnv<'_>,
    state: S,
    request: &TransactionRequest,
    overrides: &Overrides,
) -> Result<AccessListResult, CallError> {
    let watch = Watch::new(AccessListInspector::default(), env.deadline);
    let mut session = Session::new(env, state, request, overrides, watch)?;
    let mut access_list = request.access_list.clone().unwrap_or_default();
    let mut last = None;
    for _ in 0..MOST_RUNS {
        session.evm.inspector_mut().inner = AccessListInspector::new(access_list.clone());
        let mut tx = TxEnv { access_list: access_list.clone(), ..session.tx.clone() };
        // A legacy transaction has no list; the one with this list is of type 1.
        tx.tx_type = tx.tx_type.max(1);
        let result = session.run(tx)?.result;
        let touched = session.evm.inspector().inner.access_list();
        let settled = touched == access_list;
        access_list = touched;
        last = Some(result);
        if settled {
            break;
        }
    }
    let (gas_used, error) = match last {
        Some(ExecutionResult::Success { gas, .. }) => (gas.tx_gas_used(), None),
        Some(ExecutionResult::Revert { gas, output, .. }) => {
            let reason = revert_reason(&output).map(|reason| format!(": {reason}"));
            let error = format!("execution reverted{}", reason.unwrap_or_default());
            (gas.tx_gas_used(), Some(error))
        }
        Some(ExecutionResult::Halt { gas, reason, .. }) => (gas.tx_gas_used(), Some(reason.to_string())),
        None => (0, None),
    };
    Ok(AccessListResult { access_list, gas_used, error })
}
