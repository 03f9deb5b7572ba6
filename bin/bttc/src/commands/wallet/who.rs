//! Whom a word of the command line means.

use super::{chain, node::Node, show};
use crate::address_book::AddressBook;
use alloy_primitives::Address;
use bttc_contracts::staking::IStaking::ValidatorView;
use bttc_primitives::parse_address;
use eyre::bail;
use std::collections::BTreeMap;

/// An account: an address in either form, or a name of the address book.
pub(crate) fn account(text: &str, book: &AddressBook) -> eyre::Result<Address> {
    if let Some(address) = book.get(text) {
        return Ok(address);
    }
    match parse_address(text) {
        Ok(address) => Ok(address),
        Err(error) if text.starts_with("0x") || text.len() == 34 => Err(error.into()),
        Err(_) => bail!(
            "{text:?} is neither an address (0x... or T...) nor in the address book; `bttc account book list` shows it"
        ),
    }
}

/// The operator that is meant: an address, a name of the address book, or the beginning of one validator's name.
pub(crate) fn operator(text: &str, book: &AddressBook, node: &Node) -> eyre::Result<Address> {
    if let Ok(address) = account(text, book) {
        return Ok(address);
    }
    if text.starts_with("0x") {
        return account(text, book);
    }
    by_name(text, &chain::validators(node)?)
}

fn by_name(text: &str, all: &[ValidatorView]) -> eyre::Result<Address> {
    let wanted = text.to_lowercase();
    let named = |exact: bool| {
        let fits = |name: &str| if exact { name == wanted } else { name.starts_with(&wanted) };
        all.iter().filter(|of| !wanted.is_empty() && fits(&of.name.to_lowercase())).collect::<Vec<_>>()
    };
    let found = match named(true) {
        exact if exact.is_empty() => named(false),
        exact => exact,
    };
    match found.as_slice() {
        [one] => Ok(one.operator),
        [] => bail!(
            "no validator has a name that begins with {text:?}, and it is no address; `bttc stake validators` lists them"
        ),
        several => {
            let list: Vec<_> =
                several.iter().take(5).map(|of| format!("{} {}", show::clean(&of.name), of.operator)).collect();
            bail!(
                "{} validators have a name that begins with {text:?} ({}); give the address of the one you mean",
                several.len(),
                list.join(", ")
            )
        }
    }
}

/// Names of operators, to be shown beside their addresses.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<Address, String>);

impl Names {
    pub(crate) fn of(validators: &[ValidatorView]) -> Self {
        Self(validators.iter().map(|of| (of.operator, show::clean(&of.name))).collect())
    }

    pub(crate) fn name(&self, operator: Address) -> Option<&str> {
        self.0.get(&operator).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// `name (address)`, or the address alone.
    pub(crate) fn show(&self, operator: Address) -> String {
        match self.name(operator) {
            Some(name) => format!("{name} ({operator})"),
            None => operator.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn validator(byte: u8, name: &str) -> ValidatorView {
        let word = alloy_primitives::U256::ZERO;
        ValidatorView {
            operator: Address::repeat_byte(byte),
            signer: Address::ZERO,
            tokens: word,
            shares: word,
            warming: word,
            selfStake: word,
            commissionOwed: word,
            perShare: word,
            commission: 0,
            nextCommission: 0,
            nextCommissionTime: 0,
            commissionChangedAt: 0,
            jailedUntil: 0,
            rotatedAt: 0,
            listed: true,
            left: false,
            tombstoned: false,
            jailings: word,
            slashes: word,
            name: name.to_owned(),
            site: String::new(),
        }
    }

    #[test]
    fn the_beginning_of_a_name_is_enough_if_it_is_the_only_one() {
        let all = [validator(1, "North"), validator(2, "North Star"), validator(3, "South"), validator(4, "south")];
        assert_eq!(by_name("north", &all).unwrap(), Address::repeat_byte(1));
        assert_eq!(by_name("North S", &all).unwrap(), Address::repeat_byte(2));
        let both = by_name("South", &all).unwrap_err().to_string();
        assert!(both.starts_with("2 validators") && both.contains("0x0303"), "{both}");
        assert!(by_name("nor", &all).is_err() && by_name("east", &all).is_err() && by_name("", &all).is_err());
    }
}
