//! The protobuf messages that we write or read. Unknown fields are dropped by decoding: whoever needs a hash takes it over the bytes as they came.

use prost::Message;

/// `protocol.Transaction`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Transaction {
    /// Encoded [`RawData`]: kept as bytes, as its hash is the transaction's id.
    #[prost(bytes = "vec", tag = "1")]
    pub(super) raw_data: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub(super) signature: Vec<Vec<u8>>,
}

/// `protocol.Transaction.raw`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RawData {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) ref_block_bytes: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) ref_block_hash: Vec<u8>,
    #[prost(int64, tag = "8")]
    pub(super) expiration: i64,
    #[prost(bytes = "vec", tag = "10")]
    pub(super) data: Vec<u8>,
    #[prost(message, repeated, tag = "11")]
    pub(super) contract: Vec<Contract>,
    #[prost(int64, tag = "14")]
    pub(super) timestamp: i64,
    #[prost(int64, tag = "18")]
    pub(super) fee_limit: i64,
}

/// `protocol.Transaction.Contract`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Contract {
    #[prost(int32, tag = "1")]
    pub(super) kind: i32,
    #[prost(message, optional, tag = "2")]
    pub(super) parameter: Option<Any>,
    #[prost(int32, tag = "5")]
    pub(super) permission_id: i32,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Any {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) value: Vec<u8>,
}

/// A message that a [`Contract`] carries.
pub(super) trait Parameter: Message + Default {
    /// Number of its kind.
    const KIND: i32;
    /// Its type in an [`Any`].
    const TYPE_URL: &'static str;
}

/// `protocol.TransferContract`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Transfer {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) owner_address: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) to_address: Vec<u8>,
    #[prost(int64, tag = "3")]
    pub(super) amount: i64,
}

impl Parameter for Transfer {
    const KIND: i32 = 1;
    const TYPE_URL: &'static str = "type.googleapis.com/protocol.TransferContract";
}

/// `protocol.TriggerSmartContract`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Trigger {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) owner_address: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) contract_address: Vec<u8>,
    #[prost(int64, tag = "3")]
    pub(super) call_value: i64,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) data: Vec<u8>,
    #[prost(int64, tag = "5")]
    pub(super) call_token_value: i64,
    #[prost(int64, tag = "6")]
    pub(super) token_id: i64,
}

impl Parameter for Trigger {
    const KIND: i32 = 31;
    const TYPE_URL: &'static str = "type.googleapis.com/protocol.TriggerSmartContract";
}

/// `protocol.CreateSmartContract`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Create {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) owner_address: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub(super) new_contract: Option<NewContract>,
}

impl Parameter for Create {
    const KIND: i32 = 30;
    const TYPE_URL: &'static str = "type.googleapis.com/protocol.CreateSmartContract";
}

/// `protocol.SmartContract`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct NewContract {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) origin_address: Vec<u8>,
    /// `protocol.SmartContract.ABI`; we send an empty one.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) abi: Option<Vec<u8>>,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) bytecode: Vec<u8>,
    #[prost(int64, tag = "5")]
    pub(super) call_value: i64,
    #[prost(int64, tag = "6")]
    pub(super) consume_user_resource_percent: i64,
    #[prost(string, tag = "7")]
    pub(super) name: String,
    #[prost(int64, tag = "8")]
    pub(super) origin_energy_limit: i64,
}

/// `protocol.BlockHeader.raw`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Header {
    #[prost(int64, tag = "1")]
    pub(super) timestamp: i64,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) tx_trie_root: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) parent_hash: Vec<u8>,
    #[prost(int64, tag = "7")]
    pub(super) number: i64,
    #[prost(bytes = "vec", tag = "9")]
    pub(super) witness_address: Vec<u8>,
    #[prost(int32, tag = "10")]
    pub(super) version: i32,
}
