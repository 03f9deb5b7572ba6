//! Whether all BTT is accounted for: the sum of all balances and what was burned, against what genesis made.
//!
//! Any contract can destroy BTT without telling `Supply` (EIP-6780: made and destroyed in one transaction, in favour of itself), so the rule is that
//! the two are never more than the supply; that they are exactly the supply is told apart. The methods of a development chain that set balances by hand
//! break the rule, and the audit says so.
//!
//! Source: docs/staking.md, section 8.

use alloy_primitives::{B256, U256};
use alloy_sol_types::SolCall;
use bttc_contracts::{
    addresses,
    supply::{INITIAL, ISupply::burnedCall},
};
use bttc_execution::{BlockRun, SystemCall};
use bttc_primitives::{ChainSpec, Fatal, Height};
use bttc_storage::{HistoryError, ReadTx};
use bttc_trie::{TrieCursor, TrieSource};

/// Accounts read between two looks at whether to go on.
const STRIDE: u64 = 4_096;

/// What the audit found. Amounts in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SupplyAudit {
    /// Height of the state.
    pub height: Height,
    /// Accounts that were read.
    pub accounts: u64,
    /// Sum of all balances.
    pub balances: U256,
    /// What `Supply` says was burned, fees included.
    pub burned: U256,
    /// What genesis made.
    pub supply: U256,
}

impl SupplyAudit {
    /// Whether there is no more BTT than there may be.
    pub fn holds(&self) -> bool {
        self.balances.checked_add(self.burned).is_some_and(|sum| sum <= self.supply)
    }

    /// Whether every wei is accounted for: nobody destroyed BTT without telling `Supply`.
    pub fn exact(&self) -> bool {
        self.balances.checked_add(self.burned) == Some(self.supply)
    }
}

/// Why there is no audit.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The chain does not count what is burned.
    #[error(
        "this chain has no contract `Supply` that says how much BTT was burned: its genesis was made without the system contracts; audit a chain whose genesis has them"
    )]
    NoContracts,
    /// The caller had enough.
    #[error("the audit was stopped after {accounts} accounts")]
    Stopped {
        /// Accounts read until then.
        accounts: u64,
    },
    /// There is no such block.
    #[error("the chain has no block {height}")]
    NoBlock {
        /// The height that was asked for.
        height: Height,
    },
    /// The past that was asked for is pruned, or the database is broken.
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl From<Fatal> for AuditError {
    fn from(fatal: Fatal) -> Self {
        Self::History(fatal.into())
    }
}

/// Adds up all balances of the state after the block at `height` (of the newest one, if none is given), in one snapshot of the database.
///
/// `go_on` is told now and then how many accounts have been read, and ends the audit by answering false. The work grows with the number of accounts, and for
/// an older state with what has changed since: the caller sets a limit on its age.
pub fn audit_supply(
    spec: &ChainSpec,
    read: &ReadTx,
    height: Option<Height>,
    mut go_on: impl FnMut(u64) -> bool,
) -> Result<SupplyAudit, AuditError> {
    if !spec.has_staking() {
        return Err(AuditError::NoContracts);
    }
    let head = read.head()?.ok_or_else(|| Fatal::new("the database holds no block, not even that of genesis"))?;
    let height = height.unwrap_or_else(|| head.height());
    let header = read.header(height)?.ok_or(AuditError::NoBlock { height })?;
    let state = read.state_at(height)?.ok_or(AuditError::NoBlock { height })?;

    let (mut accounts, mut balances) = (0u64, U256::ZERO);
    let mut cursor = read.account_cursor()?;
    let mut row = cursor.seek_leaf(B256::ZERO)?;
    while let Some((_, account)) = row {
        balances = add(balances, account.balance)?;
        accounts = accounts.saturating_add(1);
        if accounts.is_multiple_of(STRIDE) && !go_on(accounts) {
            return Err(AuditError::Stopped { accounts });
        }
        row = cursor.next_leaf()?;
    }
    if height < head.height() {
        // Each change has the newest account as `before` and the older one as `after`.
        for change in read.changes_since(height)?.accounts.values() {
            let balance =
                |account: &Option<bttc_primitives::Account>| account.as_ref().map_or(U256::ZERO, |of| of.balance);
            balances = add(balances, balance(&change.after))?
                .checked_sub(balance(&change.before))
                .ok_or_else(|| Fatal::new("the history of accounts does not fit the newest state"))?;
        }
    }

    let mut run = BlockRun::resume(spec, state, &header);
    let question = SystemCall { to: addresses::SUPPLY, input: burnedCall {}.abi_encode().into() };
    let burned = burnedCall::abi_decode_returns(&run.ask(&question)?)
        .map_err(|error| Fatal::while_doing("reading from the contract Supply what was burned", error))?;
    Ok(SupplyAudit { height, accounts, balances, burned, supply: INITIAL })
}

fn add(sum: U256, amount: U256) -> Result<U256, Fatal> {
    sum.checked_add(amount).ok_or_else(|| Fatal::new("the balances add up to more than 256 bits hold"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_the_supply_holds_and_more_does_not() {
        let audit = |balances, burned| SupplyAudit {
            height: 0,
            accounts: 1,
            balances: U256::from(balances),
            burned: U256::from(burned),
            supply: U256::from(10),
        };
        let told = |audit: SupplyAudit| (audit.holds(), audit.exact());
        assert_eq!(told(audit(7, 3)), (true, true));
        assert_eq!(told(audit(7, 2)), (true, false));
        assert_eq!(told(audit(8, 3)), (false, false));
        assert_eq!(told(SupplyAudit { balances: U256::MAX, ..audit(0, 1) }), (false, false));
    }
}
