//! `/jsonrpc`: the part of Ethereum's interface that TRON's nodes have. Hashes of blocks are their ids.

use super::{Asked, Reply};
use crate::{
    address,
    chain::{Block, Included, LogQuestion, Question, Refusal, TooMuch},
    tvm::{Ending, Ran},
    wire::BlockId,
};
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use serde_json::{Value, json};

const INVALID_PARAMS: i64 = -32_602;

/// An error of a call: code, message, data.
struct Fault(i64, String, Option<String>);

fn invalid(why: impl Into<String>) -> Fault {
    Fault(INVALID_PARAMS, why.into(), None)
}

/// Answers one call, or several.
pub(super) fn answer(asked: &mut Asked<'_>, body: &[u8]) -> Reply {
    let one = |request: &Value| {
        let id = request.get("id").cloned().unwrap_or(Value::Null);
        let method = request.get("method").and_then(Value::as_str).unwrap_or_default();
        let none = Vec::new();
        let params = request.get("params").and_then(Value::as_array).unwrap_or(&none);
        match call(asked, method, params) {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(Fault(code, message, data)) => {
                let mut error = json!({ "code": code, "message": message });
                error["data"] = data.map_or_else(|| json!("{}"), Value::String);
                json!({ "jsonrpc": "2.0", "id": id, "error": error })
            }
        }
    };
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Array(requests)) => Reply::Json(requests.iter().map(one).collect()),
        Ok(request) => Reply::Json(one(&request)),
        Err(_) => Reply::Json(
            json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32_700, "message": "JSON parse error" } }),
        ),
    }
}

fn call(asked: &Asked<'_>, method: &str, params: &[Value]) -> Result<Value, Fault> {
    let (chain, reach) = (&asked.network.chain, asked.reach);
    let first = || params.first().ok_or_else(|| invalid("invalid params: one is missing"));
    Ok(match method {
        "web3_clientVersion" => json!("TRON/simulator"),
        "net_version" | "eth_chainId" => json!(format!("{:#x}", chain.chain_id)),
        "net_listening" => json!(true),
        "eth_syncing" => json!(false),
        "eth_blockNumber" => quantity(chain.last(reach).number),
        "eth_gasPrice" => quantity(chain.parameters.energy_price()),
        "eth_getBlockByNumber" => {
            let number = height(asked, first()?)?;
            let full = params.get(1).and_then(Value::as_bool).unwrap_or(false);
            chain.block(number).filter(|block| block.number <= reach.head).map_or(Value::Null, |one| block(one, full))
        }
        "eth_getBlockByHash" => {
            let full = params.get(1).and_then(Value::as_bool).unwrap_or(false);
            chain.block_of(BlockId(word(first()?)?), reach).map_or(Value::Null, |one| block(one, full))
        }
        "eth_getTransactionByHash" => {
            let found = chain.included(word(first()?)?, reach);
            found.map_or(Value::Null, |(block, included, place)| transaction(block, included, place))
        }
        "eth_getTransactionReceipt" => {
            let found = chain.included(word(first()?)?, reach);
            found.map_or(Value::Null, |(block, included, place)| receipt(block, included, place))
        }
        "eth_getBalance" => {
            latest(params.get(1))?;
            let account = chain.account(account(first()?)?, reach);
            json!(format!("{:#x}", account.map_or(0, |account| account.balance)))
        }
        "eth_getCode" => {
            latest(params.get(1))?;
            let account = chain.account(account(first()?)?, reach);
            let code = account.and_then(|account| account.code.as_deref());
            json!(code.map_or_else(|| Bytes::new().to_string(), |(_, code)| code.original_bytes().to_string()))
        }
        "eth_getStorageAt" => {
            latest(params.get(2))?;
            let key = params.get(1).and_then(Value::as_str).and_then(|text| text.parse::<U256>().ok());
            let key = key.ok_or_else(|| invalid("invalid storage key"))?;
            json!(chain.slot(account(first()?)?, key, reach))
        }
        "eth_call" => {
            latest(params.get(1))?;
            json!(eth_call(asked, first()?)?.output.to_string())
        }
        "eth_estimateGas" => quantity(eth_call(asked, first()?)?.energy),
        "eth_getLogs" => logs(asked, first()?)?,
        other => return Err(Fault(-32_601, format!("the method {other} does not exist/is not available"), None)),
    })
}

fn quantity(number: u64) -> Value {
    json!(format!("{number:#x}"))
}

fn word(value: &Value) -> Result<B256, Fault> {
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| invalid("invalid hash value"))
}

/// 20 bytes with `0x`, or 21 in hex.
fn account(value: &Value) -> Result<Address, Fault> {
    let bytes = value.as_str().and_then(|text| hex::decode(text).ok());
    let parsed =
        bytes.and_then(|bytes| Address::try_from(bytes.as_slice()).or_else(|_| address::from_wire(&bytes)).ok());
    parsed.ok_or_else(|| invalid("invalid address hash value"))
}

/// TRON knows the newest state alone.
fn latest(tag: Option<&Value>) -> Result<(), Fault> {
    match tag.and_then(Value::as_str) {
        None | Some("latest") => Ok(()),
        Some(tag @ ("earliest" | "pending" | "finalized")) => Err(invalid(format!("TAG [{tag}] not supported"))),
        Some(_) => Err(invalid("QUANTITY not supported, just support TAG as latest")),
    }
}

fn height(asked: &Asked<'_>, value: &Value) -> Result<u64, Fault> {
    match value.as_str() {
        Some("latest") => Ok(asked.reach.head),
        Some("finalized") => Ok(asked.reach.solid),
        Some("earliest") => Ok(0),
        Some(tag @ ("pending" | "safe")) => Err(invalid(format!("TAG {tag} not supported"))),
        Some(text) => text
            .strip_prefix("0x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .ok_or_else(|| invalid("invalid block number")),
        None => Err(invalid("invalid block number")),
    }
}

fn eth_call(asked: &Asked<'_>, request: &Value) -> Result<Ran, Fault> {
    let field = |name: &str| request.get(name).filter(|value| !value.is_null());
    let data = field("data").or_else(|| field("input")).and_then(Value::as_str).unwrap_or("0x");
    let data = hex::decode(data).map_err(|_| invalid("invalid hex of data"))?;
    let value = match field("value").map(|value| value.as_str().unwrap_or("")) {
        None => 0,
        Some(text) => text
            .parse::<U256>()
            .ok()
            .and_then(|value| u64::try_from(value).ok())
            .ok_or_else(|| invalid("invalid value"))?,
    };
    let question = Question {
        from: field("from").map_or(Ok(Address::ZERO), account)?,
        to: field("to").map(account).transpose()?,
        value,
        data: data.into(),
    };
    match asked.network.chain.ask(&question, asked.reach) {
        Err(Refusal { message, .. }) => Err(Fault(-32_600, message, None)),
        Ok(ran) if ran.ending == Ending::Success => Ok(ran),
        Ok(ran) if ran.ending == Ending::Revert => {
            Err(Fault(-32_000, "REVERT opcode executed".to_owned(), Some(ran.output.to_string())))
        }
        Ok(ran) => Err(Fault(-32_000, ran.ending.name().to_owned(), None)),
    }
}

/// One of a thing, or several, or none.
fn several<T>(value: Option<&Value>, read: impl Fn(&Value) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(all)) => all.iter().map(read).collect(),
        Some(one) => Ok(vec![read(one)?]),
    }
}

fn logs(asked: &Asked<'_>, filter: &Value) -> Result<Value, Fault> {
    let (network, reach) = (&asked.network, asked.reach);
    let field = |name: &str| filter.get(name).filter(|value| !value.is_null());
    let (from, to) = match field("blockHash") {
        Some(_) if field("fromBlock").is_some() || field("toBlock").is_some() => {
            return Err(invalid("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other"));
        }
        Some(hash) => {
            let found =
                network.chain.block_of(BlockId(word(hash)?), reach).ok_or_else(|| invalid("invalid blockHash"))?;
            (found.number, found.number)
        }
        None => {
            let at = |name| field(name).map_or(Ok(reach.head), |value| height(asked, value));
            (at("fromBlock")?, at("toBlock")?)
        }
    };
    if from > to {
        return Err(invalid("please verify: fromBlock <= toBlock"));
    }
    let (most_blocks, most_logs) = network.log_limits;
    if to.saturating_sub(from) > most_blocks {
        return Err(invalid(format!("exceed max block range: {most_blocks}")));
    }
    let topics = match field("topics") {
        None => Vec::new(),
        Some(Value::Array(places)) => {
            places.iter().map(|place| several(Some(place), word)).collect::<Result<Vec<_>, _>>()?
        }
        Some(_) => return Err(invalid("invalid topics")),
    };
    let question = LogQuestion { from, to, addresses: several(field("address"), account)?, topics };
    let hole = |number| network.nodes.get(asked.node).is_some_and(|node| node.lacks(number));
    let found = network.chain.logs(&question, reach, hole, most_logs);
    let found =
        found.map_err(|TooMuch| Fault(-32_005, format!("query returned more than {most_logs} results"), None))?;
    Ok(found.into_iter().map(|(block, place, receipt, one)| log(block, place, receipt.id, one)).collect())
}

fn log(block: &Block, place: usize, id: B256, log: &crate::chain::Log) -> Value {
    json!({
        "address": log.address.to_string().to_lowercase(),
        "topics": log.topics,
        "data": log.data,
        "blockNumber": quantity(block.number),
        "blockHash": block.id.0,
        "transactionHash": id,
        "transactionIndex": quantity(place as u64),
        "logIndex": quantity(log.index),
        "removed": false,
    })
}

fn block(block: &Block, full: bool) -> Value {
    let all = block.transactions.iter().enumerate();
    let all: Vec<_> =
        all.map(|(place, one)| if full { transaction(block, one, place) } else { json!(one.tx.id) }).collect();
    let energy = block.transactions.iter().fold(0u64, |sum, one| sum.saturating_add(one.receipt.energy));
    json!({
        "number": quantity(block.number),
        "hash": block.id.0,
        "parentHash": Bytes::copy_from_slice(&block.header.parent_hash),
        "timestamp": quantity(block.time / 1_000),
        "transactionsRoot": Bytes::copy_from_slice(&block.header.tx_trie_root),
        "transactions": all,
        "gasUsed": quantity(energy),
        // What TRON has not, as its nodes write it.
        "stateRoot": "0x",
        "receiptsRoot": format!("{:#066x}", 0),
        "sha3Uncles": format!("{:#066x}", 0),
        "logsBloom": format!("{:#0514x}", 0),
        "difficulty": "0x0",
        "totalDifficulty": "0x0",
        "extraData": "0x",
        "mixHash": format!("{:#066x}", 0),
        "nonce": "0x0000000000000000",
        "uncles": [],
        "size": "0x0",
        "gasLimit": "0x0",
        "baseFeePerGas": "0x0",
    })
}

fn transaction(block: &Block, included: &Included, place: usize) -> Value {
    let tx = &included.tx;
    json!({
        "hash": tx.id,
        "blockHash": block.id.0,
        "blockNumber": quantity(block.number),
        "transactionIndex": quantity(place as u64),
        "from": tx.owner,
        "to": included.receipt.contract,
        "value": quantity(tx.value().unsigned_abs()),
        "gas": quantity(included.receipt.energy),
        "nonce": "0x0000000000000000",
        "type": "0x0",
    })
}

fn receipt(block: &Block, included: &Included, place: usize) -> Value {
    let receipt = &included.receipt;
    let well = receipt.ending.is_none_or(|ending| ending == Ending::Success);
    let created = matches!(included.tx.action, crate::transaction::Action::Create(_));
    json!({
        "transactionHash": receipt.id,
        "blockHash": block.id.0,
        "blockNumber": quantity(block.number),
        "transactionIndex": quantity(place as u64),
        "from": included.tx.owner,
        "to": if created { Value::Null } else { json!(receipt.contract) },
        "contractAddress": if created { json!(receipt.contract) } else { Value::Null },
        "status": quantity(u64::from(well)),
        "gasUsed": quantity(receipt.energy),
        "cumulativeGasUsed": quantity(receipt.energy),
        "effectiveGasPrice": "0x0",
        "type": "0x0",
        "logsBloom": format!("{:#0514x}", 0),
        "logs": receipt.logs.iter().map(|one| log(block, place, receipt.id, one)).collect::<Vec<_>>(),
    })
}
