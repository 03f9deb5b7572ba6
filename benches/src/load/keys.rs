//! Accounts that send the load.

use crate::{
    http::Connection,
    load::{receipts::await_receipts, target::Target},
    transactions::{Call, Terms, dev_key},
};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{TxKind, U256, hex, keccak256};
use alloy_signer_local::PrivateKeySigner;
use eyre::{Result, WrapErr, ensure};
use serde_json::json;
use std::path::Path;

/// Accounts of the development mnemonic that are funded.
const DEV_KEYS: u32 = 10;

/// Senders of the development mnemonic.
pub fn dev_senders(count: u32) -> Result<Vec<PrivateKeySigner>> {
    ensure!(
        count <= DEV_KEYS,
        "the development mnemonic has {DEV_KEYS} funded accounts, not {count}; ask for fewer senders"
    );
    (0..count).map(dev_key).collect()
}

/// Reads a key in hexadecimal from the first line of a file.
pub fn read_key(path: &Path) -> Result<PrivateKeySigner> {
    let text = std::fs::read_to_string(path).wrap_err_with(|| format!("reading {}", path.display()))?;
    let line = text.lines().next().unwrap_or_default().trim();
    line.parse().wrap_err_with(|| format!("the first line of {} is not a private key in hexadecimal", path.display()))
}

/// Senders that follow from the key of a rich account, which gives them half of what it has unless they have their part already.
pub fn funded_senders(target: &Target, funder: &PrivateKeySigner, count: u32) -> Result<Vec<PrivateKeySigner>> {
    let senders = (0..count)
        .map(|index| {
            let seed = [funder.to_bytes().as_slice(), b"bttc-benches sender", &index.to_be_bytes()].concat();
            Ok(PrivateKeySigner::from_bytes(&keccak256(seed))?)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut connection = target.connect(0)?;
    let part = balance(&mut connection, funder)? / U256::from(count.max(1) * 2);
    let terms = Terms::of(&mut connection)?;
    let mut nonce = connection.quantity("eth_getTransactionCount", json!([funder.address(), "pending"]))?;
    let mut hashes = Vec::new();
    for sender in &senders {
        if balance(&mut connection, sender)? < part / U256::from(2) {
            let call = Call { to: TxKind::Call(sender.address()), value: part, ..Call::transfer(sender.address()) };
            let tx = terms.sign(funder, nonce, &call)?;
            connection.call("eth_sendRawTransaction", json!([hex::encode_prefixed(tx.inner().encoded_2718())]))?;
            hashes.push(*tx.inner().tx_hash());
            nonce += 1;
        }
    }
    await_receipts(&mut connection, &hashes)?;
    Ok(senders)
}

fn balance(connection: &mut Connection, of: &PrivateKeySigner) -> Result<U256> {
    connection.number("eth_getBalance", json!([of.address(), "latest"]))
}
