//! Who gets it: mistakes that cost everything are refused before anything is signed.

use super::args::{ReceiverArgs, RootName};
use crate::{
    address_book::AddressBook,
    commands::wallet::{faults_bridge as faults, node::Node, show},
};
use alloy_primitives::{Address, Bytes};
use bttc_primitives::{format_tron, parse_address};
use serde_json::json;

/// System contracts are below this address (contracts/system/SystemAddresses.sol); so are precompiles.
const SYSTEM: u64 = 0x2000;
/// Code of an account that lends itself a contract's (EIP-7702): its key still rules it.
const DELEGATION: (&[u8], usize) = (&[0xef, 0x01, 0x00], 23);

/// An account of a root chain, in that chain's form, or a name of the address book.
///
/// Errors: a form of another chain without --any-form, a wrong checksum, zero.
pub(super) fn on_root(text: &str, root: RootName, args: ReceiverArgs, book: &AddressBook) -> eyre::Result<Address> {
    let text = text.trim();
    let address = match book.get(text) {
        Some(address) => address,
        None => {
            let address = read(text)?;
            let is_tron = !text.starts_with("0x");
            if is_tron != (root == RootName::Tron) && !args.any_form {
                let (form, other) = match root {
                    RootName::Ethereum => ("TRON", address.to_string()),
                    RootName::Tron => ("Ethereum", format_tron(address)),
                };
                return Err(faults::OTHER_FORM.report(&format!(
                    "{text} is an address of {form}, but it goes to {root}, where the same key has {other}; say --any-form if the receiver has that key"
                )));
            }
            address
        }
    };
    not_zero(address)
}

/// An account here, in either form, or a name of the address book.
pub(super) fn here(text: &str, book: &AddressBook) -> eyre::Result<Address> {
    let address = match book.get(text.trim()) {
        Some(address) => address,
        None => read(text.trim())?,
    };
    not_zero(not_system(address)?)
}

fn read(text: &str) -> eyre::Result<Address> {
    parse_address(text).map_err(|error| {
        faults::BAD_ADDRESS
            .report(&format!("{error}; write 0x... or T..., or a name that `bttc account book list` shows"))
    })
}

fn not_zero(address: Address) -> eyre::Result<Address> {
    match address {
        Address::ZERO => Err(faults::NO_RECEIVER.report("--to is the zero address")),
        address => Ok(address),
    }
}

fn not_system(address: Address) -> eyre::Result<Address> {
    let number = alloy_primitives::U256::from_be_slice(address.as_slice());
    match !number.is_zero() && number < alloy_primitives::U256::from(SYSTEM) {
        true => Err(faults::LOST_RECEIVER.report(&format!("{address} is a system contract of this chain"))),
        false => Ok(address),
    }
}

/// Refuses contracts that keep for ever what they get: pairs of what they are and where.
pub(super) fn not_lost(to: Address, contracts: &[(&str, Address)]) -> eyre::Result<()> {
    not_system(to)?;
    match contracts.iter().find(|(_, address)| *address == to && !address.is_zero()) {
        Some((what, _)) => Err(faults::LOST_RECEIVER.report(&format!("{} is {what}", show::address(to)))),
        None => Ok(()),
    }
}

/// Refuses a receiver with code, unless that is meant. `node` is of the chain where the receiver is.
pub(super) fn not_contract(to: Address, node: &Node, meant: bool, place: &str) -> eyre::Result<()> {
    let code: Bytes = node.ask("eth_getCode", json!([to, "latest"])).map_err(|fault| {
        faults::ROOT_AWAY.report(&format!("cannot see whether {to} is a contract on {place}: {fault}"))
    })?;
    match is_contract(&code) && !meant {
        true => Err(faults::CONTRACT_RECEIVER
            .report(&format!("{} on {place}; say --to-contract if it is made for it", show::address(to)))),
        false => Ok(()),
    }
}

fn is_contract(code: &[u8]) -> bool {
    let (prefix, length) = DELEGATION;
    let delegates = code.starts_with(prefix) && code.len() == length;
    !code.is_empty() && !delegates
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const TRON: &str = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
    const HEX: &str = "0xa614f803B6FD780986A42c78Ec9c7f77e6DeD13C";

    fn ask(text: &str, root: RootName, any_form: bool) -> eyre::Result<Address> {
        let args = ReceiverArgs { any_form, to_contract: false };
        on_root(text, root, args, &AddressBook::open().unwrap())
    }

    fn refused(text: &str, root: RootName) -> String {
        ask(text, root, false).unwrap_err().to_string()
    }

    #[test]
    fn an_address_of_the_other_chain_must_be_meant() {
        assert_eq!(ask(TRON, RootName::Tron, false).unwrap(), HEX.parse::<Address>().unwrap());
        assert_eq!(ask(HEX, RootName::Ethereum, false).unwrap(), HEX.parse::<Address>().unwrap());
        let text = refused(TRON, RootName::Ethereum);
        assert!(text.starts_with("E1401") && text.contains(HEX) && text.contains("--any-form"), "{text}");
        let text = refused(HEX, RootName::Tron);
        assert!(text.starts_with("E1401") && text.contains(TRON), "{text}");
        assert_eq!(ask(TRON, RootName::Ethereum, true).unwrap(), ask(HEX, RootName::Tron, true).unwrap());
    }

    #[test]
    fn mistyped_addresses_and_nobody_are_refused() {
        for (text, root) in [
            ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T", RootName::Tron),
            ("0xA614f803B6FD780986A42c78Ec9c7f77e6DeD13C", RootName::Ethereum),
            ("0xa614", RootName::Ethereum),
            ("", RootName::Tron),
            ("nobody known", RootName::Tron),
            ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", RootName::Ethereum),
        ] {
            assert!(refused(text, root).starts_with("E1402"), "{text}");
        }
        let zero = Address::ZERO;
        assert!(refused(&zero.to_string(), RootName::Ethereum).starts_with("E1403"));
        assert!(refused(&format_tron(zero), RootName::Tron).starts_with("E1403"));
        let book = AddressBook::open().unwrap();
        assert!(
            here("0x0000000000000000000000000000000000001001", &book).unwrap_err().to_string().starts_with("E1404")
        );
        assert!(here(TRON, &book).is_ok() && here(HEX, &book).is_ok());
    }

    #[test]
    fn what_nobody_can_take_out_again_is_refused() {
        let bridge = Address::repeat_byte(9);
        let known = [("the bridge there", bridge), ("the token", Address::ZERO)];
        let text = not_lost(bridge, &known).unwrap_err().to_string();
        assert!(text.starts_with("E1404") && text.contains("the bridge there"), "{text}");
        assert!(not_lost(Address::repeat_byte(8), &known).is_ok());
        assert!(not_lost(bttc_contracts::addresses::BRIDGE_OUTBOX, &[]).is_err());
    }

    #[test]
    fn an_account_with_lent_code_is_no_contract() {
        assert!(!is_contract(&[]) && is_contract(&[0x60, 0x80]));
        let mut lent = vec![0xef, 0x01, 0x00];
        lent.extend_from_slice(Address::repeat_byte(1).as_slice());
        assert!(!is_contract(&lent));
        lent.push(0);
        assert!(is_contract(&lent));
    }
}
