//! Transactions of TRON: made, signed, encoded, and read again.

use super::{
    address::{from_wire, to_wire},
    block::BlockRef,
    messages::{Any, Contract, Create, NewContract, Parameter, RawData, Transaction, Transfer, Trigger},
};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, Signature, U256, keccak256};
use prost::Message;
use sha2::{Digest, Sha256};

/// What every transaction is charged for above its bytes. Unit: bytes of bandwidth.
pub const SIGNATURE_ROOM: u64 = 64;
/// Most bytes of a signed transaction that the network takes.
pub const MAX_SIGNED_BYTES: usize = 512_000 - 128;
/// Longest name of a contract. Unit: bytes.
const MAX_NAME_BYTES: usize = 32;
/// A contract that we deploy: who calls pays all energy, and the most of it that the deployer would.
const CALLER_PAYS_PERCENT: i64 = 100;
const ORIGIN_ENERGY_LIMIT: i64 = 10_000_000;

/// Half of the order of secp256k1: a larger `s` is the other form of the same signature.
const HALF_ORDER: U256 =
    U256::from_limbs([0xdfe9_2f46_681b_20a0, 0x5d57_6e73_57a4_501d, 0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff]);

/// What stands around the call in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// A solid block.
    pub reference: BlockRef,
    /// No block whose parent is as late as this takes it. Unit: milliseconds since the Unix epoch.
    pub expiration: u64,
    /// When it was made: two that differ in it alone are two transactions, and both may happen. Unit: milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// Most that its energy may cost. Unit: sun.
    pub fee_limit: u64,
}

/// A call of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who calls, and signs.
    pub owner: Address,
    /// Whom.
    pub contract: Address,
    /// Unit: sun.
    pub value: u64,
    /// ABI-encoded, with addresses of 20 bytes.
    pub data: Bytes,
}

/// A contract that is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Who deploys, and signs.
    pub owner: Address,
    /// Shown by explorers; at most 32 bytes.
    pub name: String,
    /// Creation code with the constructor's arguments.
    pub bytecode: Bytes,
}

/// What a transaction does, of the kinds that the bridge meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Calls a contract.
    Call(Call),
    /// Deploys one.
    Creation(Creation),
    /// Pays TRX.
    Transfer {
        /// Who pays.
        from: Address,
        /// Whom.
        to: Address,
        /// Unit: sun.
        amount: u64,
    },
}

/// Why bytes are no transaction, or a transaction cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransaction {
    /// Not protobuf of that shape.
    #[error("this is no transaction of TRON: {0}")]
    Encoding(String),
    /// None or several contracts, or one of a kind that we do not know.
    #[error("the transaction does not do exactly one thing that is known here: {0}")]
    Action(String),
    /// A signature that nobody can have made.
    #[error("signature {index} of the transaction is broken: {why}")]
    Signature {
        /// Which, from 0.
        index: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A number that does not fit TRON's, or a name that is too long.
    #[error("{what} is {got}, at most {most} is possible on TRON")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// How large.
        got: u64,
        /// How large it may be.
        most: u64,
    },
}

/// A transaction that nobody has signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    raw: Vec<u8>,
}

impl Unsigned {
    /// One that calls a contract.
    pub fn call(call: &Call, terms: &Terms) -> Result<Self, InvalidTransaction> {
        let trigger = Trigger {
            owner_address: to_wire(call.owner),
            contract_address: to_wire(call.contract),
            call_value: number("the value", call.value)?,
            data: call.data.to_vec(),
            ..Trigger::default()
        };
        Self::of(&trigger, terms)
    }

    /// One that deploys a contract.
    pub fn creation(creation: &Creation, terms: &Terms) -> Result<Self, InvalidTransaction> {
        let length = creation.name.len();
        if length > MAX_NAME_BYTES {
            let (got, most) = (length as u64, MAX_NAME_BYTES as u64);
            return Err(InvalidTransaction::TooLarge { what: "the length of the name", got, most });
        }
        let create = Create {
            owner_address: to_wire(creation.owner),
            new_contract: Some(NewContract {
                origin_address: to_wire(creation.owner),
                abi: Some(Vec::new()),
                bytecode: creation.bytecode.to_vec(),
                call_value: 0,
                consume_user_resource_percent: CALLER_PAYS_PERCENT,
                name: creation.name.clone(),
                origin_energy_limit: ORIGIN_ENERGY_LIMIT,
            }),
        };
        Self::of(&create, terms)
    }

    #[cfg(test)]
    pub(super) const fn from_raw(raw: Vec<u8>) -> Self {
        Self { raw }
    }

    fn of<P: Parameter>(parameter: &P, terms: &Terms) -> Result<Self, InvalidTransaction> {
        let any = Any { type_url: P::TYPE_URL.to_owned(), value: parameter.encode_to_vec() };
        let raw = RawData {
            ref_block_bytes: terms.reference.bytes.to_vec(),
            ref_block_hash: terms.reference.hash.to_vec(),
            expiration: number("the expiration", terms.expiration)?,
            data: Vec::new(),
            contract: vec![Contract { kind: P::KIND, parameter: Some(any), permission_id: 0 }],
            timestamp: number("the timestamp", terms.timestamp)?,
            fee_limit: number("the fee limit", terms.fee_limit)?,
        };
        Ok(Self { raw: raw.encode_to_vec() })
    }

    /// The same under a permission of the owner's account: 0 is the owner's own, 2 and above are those for a few kinds of transactions, which
    /// another key may have.
    pub fn with_permission(self, id: i32) -> Result<Self, InvalidTransaction> {
        let mut raw = RawData::decode(self.raw.as_slice()).map_err(encoding)?;
        raw.contract.iter_mut().for_each(|contract| contract.permission_id = id);
        Ok(Self { raw: raw.encode_to_vec() })
    }

    /// Its id, which is what is signed: SHA-256 of the encoded `raw_data`.
    pub fn id(&self) -> B256 {
        id_of(&self.raw)
    }

    /// With a signature over [`Self::id`]; it is brought into the form with the lower `s`.
    pub fn signed(self, signature: &Signature) -> Signed {
        let signature = signature.normalize_s().unwrap_or(*signature);
        let mut bytes = [0; 65];
        let words = signature.r().to_be_bytes::<32>().into_iter().chain(signature.s().to_be_bytes::<32>());
        bytes.iter_mut().zip(words.chain([u8::from(signature.v())])).for_each(|(to, from)| *to = from);
        Signed { raw: self.raw, signatures: vec![bytes.to_vec()] }
    }
}

/// A signed transaction, as it is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// As it came: fields that we do not know count for the id, too.
    raw: Vec<u8>,
    signatures: Vec<Vec<u8>>,
}

impl Signed {
    /// As it is broadcast.
    pub fn encode(&self) -> Vec<u8> {
        Transaction { raw_data: self.raw.clone(), signature: self.signatures.clone() }.encode_to_vec()
    }

    /// Reads what was broadcast.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidTransaction> {
        let Transaction { raw_data, signature } = Transaction::decode(bytes).map_err(encoding)?;
        RawData::decode(raw_data.as_slice()).map_err(encoding)?;
        Ok(Self { raw: raw_data, signatures: signature })
    }

    /// Its id; signatures do not count for it.
    pub fn id(&self) -> B256 {
        id_of(&self.raw)
    }

    /// Bandwidth that it takes. Unit: bytes.
    pub fn bandwidth(&self) -> u64 {
        (self.encode().len() as u64).saturating_add(SIGNATURE_ROOM)
    }

    /// Who signed it, in the order of the signatures.
    ///
    /// Errors: a signature is not of 65 to 68 bytes (what is beyond 65 is ignored, as the network does), or of no key.
    pub fn signers(&self) -> Result<Vec<Address>, InvalidTransaction> {
        let id = self.id();
        let signer = |(index, bytes): (usize, &Vec<u8>)| {
            let fail = |why: String| InvalidTransaction::Signature { index, why };
            let len = bytes.len();
            let (Some((r, rest)), 65..=68) = (bytes.split_first_chunk::<32>(), len) else {
                return Err(fail(format!("it has {len} bytes, not 65 to 68")));
            };
            let Some((s, [v, ..])) = rest.split_first_chunk::<32>() else { return Err(fail("it is cut".to_owned())) };
            let odd = match v {
                0 | 27 => false,
                1 | 28 => true,
                other => return Err(fail(format!("its last byte is {other}, not 0, 1, 27 or 28"))),
            };
            let signature = Signature::new(U256::from_be_bytes(*r), U256::from_be_bytes(*s), odd);
            signature.recover_address_from_prehash(&id).map_err(|error| fail(error.to_string()))
        };
        self.signatures.iter().enumerate().map(signer).collect()
    }

    /// Whether all signatures are in the form with the lower `s`.
    pub fn is_canonical(&self) -> bool {
        let low = |bytes: &Vec<u8>| {
            let s = bytes.get(32..64).and_then(U256::try_from_be_slice);
            s.is_some_and(|s| s <= HALF_ORDER)
        };
        self.signatures.iter().all(low)
    }

    /// What stands around the call.
    pub fn terms(&self) -> Result<Terms, InvalidTransaction> {
        let raw = RawData::decode(self.raw.as_slice()).map_err(encoding)?;
        let fixed = |what: &str, got: usize| InvalidTransaction::Encoding(format!("{what} has {got} bytes"));
        let reference = BlockRef {
            bytes: FixedBytes::try_from(raw.ref_block_bytes.as_slice())
                .map_err(|_| fixed("ref_block_bytes", raw.ref_block_bytes.len()))?,
            hash: FixedBytes::try_from(raw.ref_block_hash.as_slice())
                .map_err(|_| fixed("ref_block_hash", raw.ref_block_hash.len()))?,
        };
        Ok(Terms {
            reference,
            expiration: positive("expiration", raw.expiration)?,
            timestamp: positive("timestamp", raw.timestamp)?,
            fee_limit: positive("fee_limit", raw.fee_limit)?,
        })
    }

    /// What it does.
    pub fn action(&self) -> Result<Action, InvalidTransaction> {
        let raw = RawData::decode(self.raw.as_slice()).map_err(encoding)?;
        let [contract] = raw.contract.as_slice() else {
            return Err(InvalidTransaction::Action(format!("it has {} contracts", raw.contract.len())));
        };
        match contract.kind {
            Trigger::KIND => {
                let trigger: Trigger = parameter(contract)?;
                Ok(Action::Call(Call {
                    owner: address(&trigger.owner_address)?,
                    contract: address(&trigger.contract_address)?,
                    value: positive("call_value", trigger.call_value)?,
                    data: trigger.data.into(),
                }))
            }
            Create::KIND => {
                let create: Create = parameter(contract)?;
                let new = create.new_contract.unwrap_or_default();
                if new.origin_address != create.owner_address {
                    return Err(InvalidTransaction::Action("owner and origin of a creation differ".to_owned()));
                }
                Ok(Action::Creation(Creation {
                    owner: address(&create.owner_address)?,
                    name: new.name,
                    bytecode: new.bytecode.into(),
                }))
            }
            Transfer::KIND => {
                let transfer: Transfer = parameter(contract)?;
                Ok(Action::Transfer {
                    from: address(&transfer.owner_address)?,
                    to: address(&transfer.to_address)?,
                    amount: positive("amount", transfer.amount)?,
                })
            }
            other => Err(InvalidTransaction::Action(format!("its contract is of kind {other}"))),
        }
    }
}

/// Address of a contract that a transaction deploys.
pub fn created_address(id: B256, owner: Address) -> Address {
    Address::from_word(keccak256([id.as_slice(), &to_wire(owner)].concat()))
}

fn id_of(raw: &[u8]) -> B256 {
    let id: [u8; 32] = Sha256::digest(raw).into();
    id.into()
}

fn number(what: &'static str, got: u64) -> Result<i64, InvalidTransaction> {
    let most = i64::MAX.unsigned_abs();
    i64::try_from(got).map_err(|_| InvalidTransaction::TooLarge { what, got, most })
}

fn positive(what: &str, got: i64) -> Result<u64, InvalidTransaction> {
    u64::try_from(got).map_err(|_| InvalidTransaction::Encoding(format!("{what} is {got}")))
}

fn encoding(error: prost::DecodeError) -> InvalidTransaction {
    InvalidTransaction::Encoding(error.to_string())
}

fn address(bytes: &[u8]) -> Result<Address, InvalidTransaction> {
    from_wire(bytes).map_err(|error| InvalidTransaction::Action(error.to_string()))
}

/// The message of a contract, whose type must be the one that its kind has.
fn parameter<P: Parameter>(contract: &Contract) -> Result<P, InvalidTransaction> {
    let any =
        contract.parameter.as_ref().ok_or_else(|| InvalidTransaction::Action("it has no parameter".to_owned()))?;
    if any.type_url != P::TYPE_URL {
        let what = format!("kind {} with a message of type {:?}", contract.kind, any.type_url);
        return Err(InvalidTransaction::Action(what));
    }
    P::decode(any.value.as_slice()).map_err(encoding)
}
