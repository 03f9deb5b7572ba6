//! `btt_auditSupply`: whether all BTT is accounted for.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::{Api, head_of, header_at},
    error::{Reply, RpcError, code},
    staking_contracts::{Patience, check_staking},
    staking_values::Decimal,
};
use bttc_chain::{AuditError, audit_supply};
use bttc_primitives::Height;
use serde::Serialize;

#[derive(Clone, Serialize)]
pub(crate) struct Audit {
    height: Height,
    accounts: u64,
    /// Sum of the balances of all accounts.
    balances: Decimal,
    burned: Decimal,
    supply: Decimal,
    /// There is no more BTT than there may be.
    holds: bool,
    /// Every wei is accounted for.
    exact: bool,
}

/// Reads all accounts.
pub(crate) fn audit(api: &Api, mut args: Args) -> Reply<Audit> {
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    check_staking(api)?;
    let read = api.read()?;
    let height = header_at(&read, block)?.number;
    let behind = head_of(&read)?.number.saturating_sub(height);
    let most = api.config.max_proof_blocks;
    if behind > most {
        let got = format_args!("a block {behind} before the latest").to_string();
        return Err(RpcError::limit("max_proof_blocks", got, most, "ask for a later block"));
    }
    let patience = Patience::of_search(api);
    let mut late = Ok(());
    let found = audit_supply(api.spec(), &read, Some(height), |accounts| {
        let remedy = "run `bttc db audit-supply`, which has no limit";
        late = patience.check(remedy).map_err(|error| RpcError {
            message: format!("{}; {accounts} accounts were read", error.message),
            ..error
        });
        late.is_ok()
    });
    late?;
    let found = found.map_err(|error| match error {
        AuditError::History(error) => error.into(),
        AuditError::NoContracts => RpcError::unsupported(error.to_string()),
        AuditError::NoBlock { .. } => RpcError::no_block(error),
        AuditError::Stopped { .. } => RpcError::new(code::LIMIT, error.to_string()),
    })?;
    Ok(Audit {
        height: found.height,
        accounts: found.accounts,
        balances: found.balances.into(),
        burned: found.burned.into(),
        supply: found.supply.into(),
        holds: found.holds(),
        exact: found.exact(),
    })
}
