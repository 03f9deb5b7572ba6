//! A transaction as it was broadcast: read, hashed, its signers recovered. Nothing of the chain is looked at here.

use crate::{
    address::from_wire,
    wire::{self, CREATE, Contract, Create, NewContract, Raw, Ret, TRANSFER, TRIGGER, Transfer, Trigger, sha256},
};
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use prost::Message;

/// Why bytes are no transaction that a node looks at further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not protobuf of that shape.
    #[error("Protocol message was malformed: {0}")]
    Encoding(String),
    /// None or several contracts, one of a kind that is not known here, or one that is broken inside.
    #[error("{0}")]
    Contract(String),
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Pays TRX.
    Transfer {
        /// Whom.
        to: Address,
        /// Unit: sun.
        amount: i64,
    },
    /// Calls a contract.
    Trigger {
        /// Whom.
        contract: Address,
        /// Unit: sun.
        value: i64,
        /// Arguments.
        data: Bytes,
        /// Value in another token, which the simulator has not.
        token_value: i64,
    },
    /// Deploys a contract.
    Create(Creation),
}

/// A contract to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Its deployer, who must be the owner of the transaction.
    pub origin: Address,
    /// Creation code with arguments.
    pub bytecode: Bytes,
    /// Unit: sun.
    pub value: i64,
    /// Share of energy that the caller pays.
    pub percent: i64,
    /// Most energy that the deployer pays in a call.
    pub origin_energy_limit: i64,
    /// Its name.
    pub name: String,
    /// Value in another token, which the simulator has not.
    pub token_value: i64,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Tx {
    /// SHA-256 of `raw`.
    pub id: B256,
    /// As it came.
    pub raw: Bytes,
    /// Signatures over `id`.
    pub signatures: Vec<Bytes>,
    /// Who does it.
    pub owner: Address,
    /// What.
    pub action: Action,
    /// Number of the owner's permission that the signatures are of.
    pub permission: i32,
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
    /// The type of the message that it carries.
    pub(crate) kind: (i32, &'static str),
}

impl Tx {
    /// Reads a broadcast transaction.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let encoding = |error: prost::DecodeError| Unreadable::Encoding(error.to_string());
        let wire::Transaction { raw_data, signature, .. } = wire::Transaction::decode(bytes).map_err(encoding)?;
        let raw = Raw::decode(raw_data.as_slice()).map_err(encoding)?;
        let [contract] = raw.contract.as_slice() else {
            let count = raw.contract.len();
            return Err(Unreadable::Contract(format!("Contract size should be exactly 1, it is {count}")));
        };
        let (owner, action, kind) = action(contract)?;
        Ok(Self {
            id: sha256(&raw_data),
            raw: raw_data.into(),
            signatures: signature.into_iter().map(Bytes::from).collect(),
            owner,
            action,
            permission: contract.permission_id,
            ref_bytes: raw.ref_block_bytes,
            ref_hash: raw.ref_block_hash,
            expiration: raw.expiration,
            timestamp: raw.timestamp,
            fee_limit: raw.fee_limit,
            kind,
        })
    }

    /// As it stands in a block, with its ending, or as it was broadcast.
    pub(crate) fn encode(&self, ending: Option<i32>) -> Vec<u8> {
        let signature = self.signatures.iter().map(|bytes| bytes.to_vec()).collect();
        let ret = ending.map(|contract_ret| Ret { contract_ret }).into_iter().collect();
        wire::Transaction { raw_data: self.raw.to_vec(), signature, ret }.encode_to_vec()
    }

    /// Bytes as broadcast.
    pub fn size(&self) -> u64 {
        self.encode(None).len() as u64
    }

    /// Who signed.
    ///
    /// Errors: which signature is no signature, and why.
    pub fn signers(&self) -> Result<Vec<Address>, String> {
        self.signatures.iter().map(|bytes| signer(self.id, bytes)).collect()
    }

    /// Whether it runs on the machine.
    pub const fn runs(&self) -> bool {
        !matches!(self.action, Action::Transfer { .. })
    }

    /// TRX that it moves. Unit: sun.
    pub const fn value(&self) -> i64 {
        match &self.action {
            Action::Transfer { amount, .. } => *amount,
            Action::Trigger { value, .. } => *value,
            Action::Create(creation) => creation.value,
        }
    }
}

fn action(contract: &Contract) -> Result<(Address, Action, (i32, &'static str)), Unreadable> {
    let of = |error: crate::address::InvalidAddress| Unreadable::Contract(format!("Invalid address: {error}"));
    match contract.kind {
        kind if kind == TRANSFER.0 => {
            let Transfer { owner_address, to_address, amount } = message(contract, TRANSFER.1)?;
            let action = Action::Transfer { to: from_wire(&to_address).map_err(of)?, amount };
            Ok((from_wire(&owner_address).map_err(of)?, action, TRANSFER))
        }
        kind if kind == TRIGGER.0 => {
            let trigger: Trigger = message(contract, TRIGGER.1)?;
            let action = Action::Trigger {
                contract: from_wire(&trigger.contract_address).map_err(of)?,
                value: trigger.call_value,
                data: trigger.data.into(),
                token_value: trigger.call_token_value,
            };
            Ok((from_wire(&trigger.owner_address).map_err(of)?, action, TRIGGER))
        }
        kind if kind == CREATE.0 => {
            let Create { owner_address, new_contract, call_token_value, .. } = message(contract, CREATE.1)?;
            let new: NewContract = new_contract.unwrap_or_default();
            let action = Action::Create(Creation {
                origin: from_wire(&new.origin_address).map_err(of)?,
                bytecode: new.bytecode.into(),
                value: new.call_value,
                percent: new.consume_user_resource_percent,
                origin_energy_limit: new.origin_energy_limit,
                name: new.name,
                token_value: call_token_value,
            });
            Ok((from_wire(&owner_address).map_err(of)?, action, CREATE))
        }
        other => Err(Unreadable::Contract(format!("No contract of type {other} in the simulator"))),
    }
}

fn message<M: Message + Default>(contract: &Contract, type_url: &str) -> Result<M, Unreadable> {
    let any = contract.parameter.as_ref().ok_or_else(|| Unreadable::Contract("No contract parameter".to_owned()))?;
    if any.type_url != type_url {
        let kind = contract.kind;
        return Err(Unreadable::Contract(format!("contract type error, type {kind} with a {:?}", any.type_url)));
    }
    M::decode(any.value.as_slice()).map_err(|error| Unreadable::Encoding(error.to_string()))
}

/// Who made a signature of 65 to 68 bytes; what is beyond 65 is not looked at.
fn signer(id: B256, bytes: &[u8]) -> Result<Address, String> {
    let len = bytes.len();
    if !(65..=68).contains(&len) {
        return Err(format!("Signature size is {len}"));
    }
    let (r, s) = (U256::from_be_slice(&bytes[..32]), U256::from_be_slice(&bytes[32..64]));
    let odd = match bytes[64] {
        0 | 27 => false,
        1 | 28 => true,
        other => return Err(format!("Header byte out of range: {other}")),
    };
    let signature = Signature::new(r, s, odd);
    signature.recover_address_from_prehash(&id).map_err(|error| format!("no key made it: {error}"))
}

#[cfg(test)]
mod tests;
