//! Keys that never leave a Ledger: the device shows what it signs, and asks there.

use super::faults;
use alloy_consensus::SignableTransaction;
use alloy_network::TxSigner;
use alloy_primitives::{Address, Signature};
use alloy_signer_ledger::{HDPath, LedgerSigner};
use eyre::WrapErr;
use std::{future::Future, panic::catch_unwind, str::FromStr};

/// The most steps that a path has on the device.
const MOST_STEPS: usize = 10;
/// Set in a step that is hardened, so a number is below it (BIP-32).
const HARDENED: u32 = 1 << 31;

/// Which account of the device: `N` for the Nth of Ledger Live (`m/44'/60'/N'/0/0`), or a whole path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountPath(String);

impl FromStr for AccountPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(number) = text.parse::<u32>()
            && number < HARDENED
        {
            return Ok(Self(format!("m/44'/60'/{number}'/0/0")));
        }
        let step = |step: &str| {
            step.strip_suffix('\'').unwrap_or(step).parse().is_ok_and(|number: u32| number < HARDENED)
                && !step.starts_with('+')
        };
        let steps = text.strip_prefix("m/").map(|rest| rest.split('/').collect::<Vec<_>>()).unwrap_or_default();
        if steps.is_empty() || steps.len() > MOST_STEPS || !steps.into_iter().all(step) {
            return Err(format!(
                "{text:?} names no account of a device; give a number (3 is the fourth account of Ledger Live) or a path like m/44'/60'/0'/0/0"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Display for AccountPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A device that is there, unlocked, with its Ethereum app open.
#[derive(Debug)]
pub(crate) struct Device {
    signer: LedgerSigner,
}

impl Device {
    /// Looks for it and asks for the address at a path.
    pub(crate) fn connect(path: &AccountPath) -> eyre::Result<Self> {
        let path = HDPath::Other(path.to_string());
        // The library below gives up by panicking when the system has no USB at all.
        match catch_unwind(|| wait_for(LedgerSigner::new(path, None))) {
            Ok(found) => Ok(Self { signer: found?.map_err(|error| faults::NO_LEDGER.report(&error.to_string()))? }),
            Err(_) => Err(faults::NO_LEDGER.report("this system has no USB that could be looked at")),
        }
    }

    pub(crate) fn address(&self) -> Address {
        TxSigner::address(&self.signer)
    }

    /// The device as what signs transactions of Ethereum.
    pub(crate) fn into_signer(self) -> LedgerSigner {
        self.signer
    }

    /// Asks on the device, and waits for the answer there.
    pub(crate) fn sign(&self, transaction: &mut dyn SignableTransaction<Signature>) -> eyre::Result<Signature> {
        wait_for(self.signer.sign_transaction(transaction))?
            .map_err(|error| faults::LEDGER_REFUSED.report(&error.to_string()))
    }
}

fn wait_for<F: Future>(future: F) -> eyre::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .wrap_err("the system gives no thread to wait for the device")?;
    Ok(runtime.block_on(future))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_number_is_an_account_of_ledger_live_and_paths_are_taken_as_they_are() {
        let path = |text: &str| text.parse::<AccountPath>().map(|path| path.to_string());
        assert_eq!(path("0").unwrap(), "m/44'/60'/0'/0/0");
        assert_eq!(path("12").unwrap(), "m/44'/60'/12'/0/0");
        assert_eq!(path("m/44'/60'/0'/7").unwrap(), "m/44'/60'/0'/7");
        assert_eq!(path("m/44'/195'/2147483647'/0/0").unwrap(), "m/44'/195'/2147483647'/0/0");
        for wrong in [
            "",
            "-1",
            "+1x",
            "m",
            "m/",
            "44'/60'",
            "m/a",
            "m/1''",
            "m/'1",
            "m/+1",
            "m//1",
            "m/2147483648",
            "2147483648",
        ] {
            assert!(path(wrong).unwrap_err().contains("names no account"), "{wrong}");
        }
        assert!(path(&format!("m{}", "/1".repeat(MOST_STEPS))).is_ok());
        assert!(path(&format!("m{}", "/1".repeat(MOST_STEPS + 1))).is_err());
    }
}
