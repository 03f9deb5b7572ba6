//! What a TRON node answers over HTTP, read leniently: fields with default values are left out, hex has no `0x`, and business errors come with
//! status 200 (docs/tron.md, section 2).

use super::{BlockId, address::from_wire};
use alloy_primitives::{Address, B256, Bytes, LogData, hex};
use serde::{Deserialize, de::DeserializeOwned};

/// An answer that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// The node is too busy; ask again later, or another one.
    #[error("the TRON node is busy: {0}")]
    Busy(String),
    /// The node says no, and why.
    #[error("the TRON node refuses: {0}")]
    Refused(String),
    /// It is not what was asked for: another kind of node, or a fault of its.
    #[error("the TRON node answers something else than was asked for ({why}): {got}")]
    Malformed {
        /// What is wrong.
        why: String,
        /// Its beginning.
        got: String,
    },
}

/// Characters of an answer that errors show.
const SHOWN: usize = 200;

fn malformed(why: impl Into<String>, body: &str) -> BadAnswer {
    BadAnswer::Malformed { why: why.into(), got: body.chars().take(SHOWN).collect() }
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(rename = "Error")]
    error: Option<String>,
}

/// Reads an answer of a shape, unless it is a complaint.
pub(super) fn read<T: DeserializeOwned>(body: &str) -> Result<T, BadAnswer> {
    if let Ok(Complaint { error: Some(error) }) = serde_json::from_str(body) {
        let busy = error.contains("lack of computing resources");
        return Err(if busy { BadAnswer::Busy(error) } else { BadAnswer::Refused(error) });
    }
    serde_json::from_str(body).map_err(|error| malformed(error.to_string(), body))
}

/// Text that a node gives in hex, or as it is.
pub(super) fn message(text: &str) -> String {
    let decoded = hex::decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.unwrap_or_else(|| text.to_owned())
}

fn word(text: &str, body: &str) -> Result<B256, BadAnswer> {
    text.parse().map_err(|_| malformed(format!("{text:?} is no hash"), body))
}

fn bytes(text: &str, body: &str) -> Result<Bytes, BadAnswer> {
    hex::decode(text).map(Bytes::from).map_err(|_| malformed("hex is broken", body))
}

/// A block as nodes tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockAnswer {
    /// Its id.
    pub id: BlockId,
    /// Height.
    pub number: u64,
    /// Unit: milliseconds since the Unix epoch.
    pub timestamp: u64,
}

#[derive(Deserialize)]
struct BlockJson {
    #[serde(rename = "blockID")]
    id: String,
    block_header: HeaderJson,
}

#[derive(Deserialize)]
struct HeaderJson {
    raw_data: RawJson,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct RawJson {
    number: u64,
    timestamp: u64,
}

/// Reads a block; its id must be of its number.
pub(super) fn block(body: &str) -> Result<BlockAnswer, BadAnswer> {
    let BlockJson { id, block_header: HeaderJson { raw_data: RawJson { number, timestamp } } } = read(body)?;
    let id = BlockId(word(&id, body)?);
    if id.number() != number {
        return Err(malformed(format!("a block of number {number} has an id of number {}", id.number()), body));
    }
    Ok(BlockAnswer { id, number, timestamp })
}

/// What a call without a transaction came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// What it returned; or, where it reverts, the data of the revert.
    pub result: Result<Bytes, Bytes>,
    /// Energy that a transaction would use, penalty included.
    pub energy: u64,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct ConstantJson {
    result: VerdictJson,
    energy_used: u64,
    energy_penalty: u64,
    constant_result: Vec<String>,
    transaction: TransactionJson,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct TransactionJson {
    ret: Vec<RetJson>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct RetJson {
    ret: String,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct VerdictJson {
    result: bool,
    code: String,
    message: String,
}

/// Reads what `triggerconstantcontract` answers.
pub(super) fn simulated(body: &str) -> Result<Simulated, BadAnswer> {
    let answer: ConstantJson = read(body)?;
    if !answer.result.result {
        return Err(BadAnswer::Refused(format!("{} {}", answer.result.code, message(&answer.result.message))));
    }
    let data = answer.constant_result.first().map_or(Ok(Bytes::new()), |text| bytes(text, body))?;
    let failed = answer.transaction.ret.first().is_some_and(|ret| ret.ret == "FAILED");
    // Used energy has the penalty in it on some versions; what is too much here only raises a limit.
    let energy = answer.energy_used.saturating_add(answer.energy_penalty);
    Ok(Simulated { result: if failed { Err(data) } else { Ok(data) }, energy })
}

/// What a node says to a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes the transaction on.
    Accepted,
    /// It has seen it before; that is no proof that a block has it.
    Known,
    /// It could not take it now: the same bytes once more, here or elsewhere.
    RetrySame(String),
    /// It can take these bytes no more: the same bytes elsewhere until they are dead, then new ones.
    Rebuild(String),
    /// It never will: a person must look.
    Refused(String),
}

/// Reads what `broadcasthex` answers (docs/tron.md, section 3).
pub(super) fn verdict(body: &str) -> Result<Verdict, BadAnswer> {
    let VerdictJson { result, code, message: text } = read(body)?;
    if result {
        return Ok(Verdict::Accepted);
    }
    let why = format!("{code} {}", message(&text));
    Ok(match code.as_str() {
        "SUCCESS" => Verdict::Accepted,
        "DUP_TRANSACTION_ERROR" => Verdict::Known,
        "SERVER_BUSY" | "NO_CONNECTION" | "NOT_ENOUGH_EFFECTIVE_CONNECTION" | "BLOCK_UNSOLIDIFIED" => {
            Verdict::RetrySame(why)
        }
        "TAPOS_ERROR" | "TRANSACTION_EXPIRATION_ERROR" => Verdict::Rebuild(why),
        "" => return Err(malformed("neither a result nor a code", body)),
        _ => Verdict::Refused(why),
    })
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Done,
    /// The contract reverted, with this data; the energy used is charged.
    Reverted(Bytes),
    /// Its fee limit was too low; all of it is charged.
    OutOfEnergy,
    /// It took too long; all of its fee limit is charged.
    OutOfTime,
    /// In another way, which the network names; all of its fee limit is charged.
    Other(String),
}

/// A transaction that a block has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Height of the block.
    pub block: u64,
    /// All that was paid. Unit: sun.
    pub fee: u64,
    /// Energy used.
    pub energy: u64,
    /// How it ended.
    pub ending: Ending,
    /// Contract that it called or made.
    pub contract: Option<Address>,
    /// Logs, with the contract of each.
    pub logs: Vec<(Address, LogData)>,
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct InfoJson {
    id: String,
    block_number: u64,
    fee: u64,
    result: String,
    res_message: String,
    contract_result: Vec<String>,
    #[serde(rename = "contract_address")]
    contract_address: String,
    receipt: UsageJson,
    log: Vec<LogJson>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct UsageJson {
    energy_usage_total: u64,
    result: String,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct LogJson {
    address: String,
    topics: Vec<String>,
    data: String,
}

/// Reads what `gettransactioninfobyid` answers about a transaction; none if the node does not know it.
pub(super) fn receipt(body: &str, asked: B256) -> Result<Option<Receipt>, BadAnswer> {
    let info: InfoJson = read(body)?;
    if info.id.is_empty() {
        return Ok(None);
    }
    let got = word(&info.id, body)?;
    if got != asked {
        return Err(malformed(format!("asked for transaction {asked:x}, it answers {got:x}"), body));
    }
    of_info(info, body).map(Some)
}

fn of_info(info: InfoJson, body: &str) -> Result<Receipt, BadAnswer> {
    let data = info.contract_result.first().map_or(Ok(Bytes::new()), |text| bytes(text, body))?;
    let ending = match (info.receipt.result.as_str(), info.result.as_str()) {
        ("SUCCESS" | "DEFAULT" | "", "" | "SUCESS" | "SUCCESS") => Ending::Done,
        ("REVERT", _) => Ending::Reverted(data),
        ("OUT_OF_ENERGY", _) => Ending::OutOfEnergy,
        ("OUT_OF_TIME", _) => Ending::OutOfTime,
        (other, result) => Ending::Other(format!("{other} {result} {}", message(&info.res_message))),
    };
    let contract = match info.contract_address.as_str() {
        "" => None,
        text => Some(from_wire(&bytes(text, body)?).map_err(|error| malformed(error.to_string(), body))?),
    };
    let log = |log: LogJson| {
        // Of 20 bytes here, unlike everywhere else.
        let address: Address = log.address.parse().map_err(|_| malformed("a log has no address of 20 bytes", body))?;
        let topics = log.topics.iter().map(|topic| word(topic, body)).collect::<Result<Vec<_>, _>>()?;
        let data = LogData::new(topics, bytes(&log.data, body)?);
        Ok((address, data.ok_or_else(|| malformed("a log has more than four topics", body))?))
    };
    let logs = info.log.into_iter().map(log).collect::<Result<_, BadAnswer>>()?;
    let (block, fee, energy) = (info.block_number, info.fee, info.receipt.energy_usage_total);
    Ok(Receipt { block, fee, energy, ending, contract, logs })
}

/// Numbers of the network that votes can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Unit: sun for each energy.
    pub energy_price: u64,
    /// Unit: sun for each byte of bandwidth.
    pub bandwidth_price: u64,
    /// Highest fee limit of a transaction. Unit: sun.
    pub max_fee_limit: u64,
    /// Longest time of a transaction. Unit: milliseconds.
    pub max_time: u64,
}

#[derive(Deserialize)]
struct ParametersJson {
    #[serde(rename = "chainParameter")]
    all: Vec<ParameterJson>,
}

#[derive(Deserialize)]
struct ParameterJson {
    key: String,
    #[serde(default)]
    value: i64,
}

/// Reads what `getchainparameters` answers.
pub(super) fn parameters(body: &str) -> Result<Parameters, BadAnswer> {
    let ParametersJson { all } = read(body)?;
    let find = |key: &str| {
        let found = all.iter().find(|parameter| parameter.key == key).map(|parameter| parameter.value);
        let value = found.ok_or_else(|| malformed(format!("{key} is missing"), body))?;
        u64::try_from(value).map_err(|_| malformed(format!("{key} is {value}"), body))
    };
    Ok(Parameters {
        energy_price: find("getEnergyFee")?,
        bandwidth_price: find("getTransactionFee")?,
        max_fee_limit: find("getMaxFeeLimit")?,
        max_time: find("getMaxCpuTimeOfOneTx")?,
    })
}

pub(super) mod more;

#[cfg(test)]
mod tests;
