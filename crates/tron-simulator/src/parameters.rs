//! Numbers of the network that votes can change, under the names that `getchainparameters` gives them.

use std::collections::BTreeMap;

/// Names and values as on mainnet in 2026, as far as the simulator uses them.
const DEFAULTS: [(&str, i64); 14] = [
    ("getMaintenanceTimeInterval", 21_600_000),
    ("getAccountUpgradeCost", 9_999_000_000),
    ("getCreateAccountFee", 100_000),
    ("getTransactionFee", 1_000),
    ("getCreateNewAccountFeeInSystemContract", 1_000_000),
    ("getEnergyFee", 100),
    ("getMaxCpuTimeOfOneTx", 80),
    ("getFreeNetLimit", 600),
    ("getMaxFeeLimit", 15_000_000_000),
    ("getTotalEnergyLimit", 180_000_000_000),
    ("getAllowTvmShangHai", 1),
    ("getAllowTvmCancun", 1),
    ("getAllowOptimizedReturnValueOfChainId", 1),
    ("getMultiSignFee", 1_000_000),
];

/// The numbers.
#[derive(Clone, Debug)]
pub(crate) struct Parameters(BTreeMap<String, i64>);

impl Default for Parameters {
    fn default() -> Self {
        Self(DEFAULTS.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect())
    }
}

impl Parameters {
    /// All, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// Changes one. Errors: there is none of that name, or the value is negative.
    pub(crate) fn set(&mut self, name: &str, value: i64) -> Result<(), String> {
        if value < 0 {
            return Err(format!("{name} cannot be {value}"));
        }
        let slot = self.0.get_mut(name).ok_or_else(|| format!("there is no chain parameter {name:?}"))?;
        *slot = value;
        Ok(())
    }

    fn get(&self, name: &str) -> u64 {
        self.0.get(name).map_or(0, |value| value.unsigned_abs())
    }

    /// Unit: sun for each energy, at least 1.
    pub(crate) fn energy_price(&self) -> u64 {
        self.get("getEnergyFee").max(1)
    }

    /// Unit: sun for each byte.
    pub(crate) fn bandwidth_price(&self) -> u64 {
        self.get("getTransactionFee")
    }

    /// Unit: sun.
    pub(crate) fn max_fee_limit(&self) -> i64 {
        i64::try_from(self.get("getMaxFeeLimit")).unwrap_or(i64::MAX)
    }

    /// Bytes a day that cost nothing.
    pub(crate) fn free_bandwidth(&self) -> u64 {
        self.get("getFreeNetLimit")
    }

    /// For a payment that makes an account, above bandwidth. Unit: sun.
    pub(crate) fn new_account_fee(&self) -> u64 {
        self.get("getCreateNewAccountFeeInSystemContract")
    }

    /// In place of bandwidth, for a payment that makes an account. Unit: sun.
    pub(crate) fn new_account_bandwidth_fee(&self) -> u64 {
        self.get("getCreateAccountFee")
    }
}
