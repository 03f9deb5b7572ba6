//! Transactions made and sent in process, for tests and launchers that need no node in between.

use crate::{
    Handle,
    command::ErrorCode,
    transaction::Action,
    wire::{self, Any, CREATE, Contract, Create, NewContract, Raw, TRANSFER, TRIGGER, Transfer, Trigger, sha256},
};
use alloy_primitives::{Address, B256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use prost::Message;

/// What stands around the action of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Low bytes of the number of a block.
    pub ref_bytes: Vec<u8>,
    /// Part of its id.
    pub ref_hash: Vec<u8>,
    /// Unit: milliseconds since the Unix epoch.
    pub expiration: i64,
    /// Unit: milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// Unit: sun.
    pub fee_limit: i64,
    /// Number of the permission that the signatures are of.
    pub permission: i32,
}

/// Why a node did not take a transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node refuses the transaction: {} {message}", code.name())]
pub struct Refused {
    /// Its code.
    pub code: ErrorCode,
    /// Its words.
    pub message: String,
}

/// Encodes a transaction and signs it with each key. Its id, and the bytes to broadcast.
///
/// # Panics
/// If a key does not sign, which keys in memory do.
pub fn sign(owner: Address, action: &Action, terms: &Terms, keys: &[&PrivateKeySigner]) -> (B256, Vec<u8>) {
    let own = crate::address::wire(owner);
    let ((kind, type_url), value) = match action {
        Action::Transfer { to, amount } => {
            let to_address = crate::address::wire(*to);
            (TRANSFER, Transfer { owner_address: own, to_address, amount: *amount }.encode_to_vec())
        }
        Action::Trigger { contract, value, data, token_value } => {
            let trigger = Trigger {
                owner_address: own,
                contract_address: crate::address::wire(*contract),
                call_value: *value,
                data: data.to_vec(),
                call_token_value: *token_value,
                token_id: 0,
            };
            (TRIGGER, trigger.encode_to_vec())
        }
        Action::Create(creation) => {
            let new = NewContract {
                origin_address: crate::address::wire(creation.origin),
                bytecode: creation.bytecode.to_vec(),
                call_value: creation.value,
                consume_user_resource_percent: creation.percent,
                name: creation.name.clone(),
                origin_energy_limit: creation.origin_energy_limit,
                ..NewContract::default()
            };
            let create = Create {
                owner_address: own,
                new_contract: Some(new),
                call_token_value: creation.token_value,
                token_id: 0,
            };
            (CREATE, create.encode_to_vec())
        }
    };
    let any = Any { type_url: type_url.to_owned(), value };
    let raw = Raw {
        ref_block_bytes: terms.ref_bytes.clone(),
        ref_block_hash: terms.ref_hash.clone(),
        expiration: terms.expiration,
        contract: vec![Contract { kind, parameter: Some(any), permission_id: terms.permission }],
        timestamp: terms.timestamp,
        fee_limit: terms.fee_limit,
        ..Raw::default()
    };
    let raw_data = raw.encode_to_vec();
    let id = sha256(&raw_data);
    let signature = |key: &&PrivateKeySigner| {
        let signature = key.sign_hash_sync(&id).expect("a key in memory signs");
        let mut bytes = [signature.r().to_be_bytes::<32>(), signature.s().to_be_bytes::<32>()].concat();
        bytes.push(u8::from(signature.v()));
        bytes
    };
    let signature = keys.iter().map(signature).collect();
    (id, wire::Transaction { raw_data, signature, ret: Vec::new() }.encode_to_vec())
}

impl Handle {
    /// Terms that hold now: a solid block, a minute, a fee limit of 1,000 TRX.
    ///
    /// Two transactions that differ in nothing are one: change `timestamp` to send the same again.
    pub fn terms(&self) -> Terms {
        let status = self.status();
        let reference = self.block(status.solid).map(|block| block.id.reference());
        let (bytes, hash) = reference.unwrap_or_default();
        let time = i64::try_from(status.time).unwrap_or(i64::MAX);
        Terms {
            ref_bytes: bytes.to_vec(),
            ref_hash: hash.to_vec(),
            expiration: time.saturating_add(60_000),
            timestamp: time,
            fee_limit: 1_000_000_000,
            permission: 0,
        }
    }

    /// Signs with [`Self::terms`] and gives it to the first node; a block has to take it. Its id.
    pub fn send(&self, key: &PrivateKeySigner, action: &Action) -> Result<B256, Refused> {
        let (_, bytes) = sign(key.address(), action, &self.terms(), &[key]);
        self.submit(&bytes)
    }
}
