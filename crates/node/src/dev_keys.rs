//! The public keys of development chains. Never send value to them anywhere else.

use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};

/// The mnemonic that development tools share.
pub const DEV_MNEMONIC: &str = "test test test test test test test test test test test junk";

const ACCOUNTS: u32 = 10;
const VALIDATOR: u32 = 100;
const OPERATORS: u32 = 200;

/// The ten accounts funded in the `dev` genesis: `m/44'/60'/0'/0/0` to `/9`.
pub fn dev_accounts() -> Vec<PrivateKeySigner> {
    (0..ACCOUNTS).map(derive).collect()
}

/// Account of validator `number` of a local network: `m/44'/60'/0'/0/200` and up.
pub fn dev_operator(number: usize) -> PrivateKeySigner {
    derive(u32::try_from(number).unwrap_or(u32::MAX).saturating_add(OPERATORS) & 0x7fff_ffff)
}

/// The one validator of the `dev` genesis: `m/44'/60'/0'/0/100`.
pub fn dev_validator() -> PrivateKeySigner {
    derive(VALIDATOR)
}

fn derive(index: u32) -> PrivateKeySigner {
    MnemonicBuilder::<English>::default()
        .phrase(DEV_MNEMONIC)
        .index(index)
        .and_then(|builder| builder.build())
        .expect("a fixed mnemonic with a fixed path derives")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::address;

    #[test]
    fn the_accounts_are_the_known_ones() {
        let accounts = dev_accounts();
        assert_eq!(accounts.len(), 10);
        assert_eq!(
            accounts.first().map(|key| key.address()),
            Some(address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"))
        );
        assert_eq!(
            accounts.last().map(|key| key.address()),
            Some(address!("a0Ee7A142d267C1f36714E4a8F75612F20a79720"))
        );
    }
}
