//! `/wallet/...` and `/walletsolidity/...`: what docs/tron.md, section 2, lists, and a few more that people look with.

use super::{
    Asked, Reply, complaint,
    show::{self, Sparse},
};
use crate::{
    address::{self, parse},
    chain::{Block, NotTaken, Question, Refusal},
    command::ErrorCode,
    tvm::{Ending, Ran},
    wire::BlockId,
};
use alloy_primitives::{Address, B256, hex};
use serde_json::{Map, Value, json};

/// A broken request, as nodes put it.
struct Broken(String);

impl Broken {
    fn number(what: &str) -> Self {
        Self(format!("class java.lang.NumberFormatException : For input: {what}"))
    }
}

impl From<address::InvalidAddress> for Broken {
    fn from(error: address::InvalidAddress) -> Self {
        Self(format!("class java.lang.IllegalArgumentException : {error}"))
    }
}

/// The fields of a request.
struct Fields(Map<String, Value>);

impl Fields {
    fn read(body: &[u8]) -> Result<Self, Broken> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|error| Broken(format!("class com.alibaba.fastjson.JSONException : {error}")))
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }

    /// A number, also as text; 0 if it is not there.
    fn number(&self, name: &str) -> Result<u64, Broken> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(0),
            Some(Value::Number(number)) => number.as_u64().ok_or_else(|| Broken::number(&number.to_string())),
            Some(Value::String(text)) => text.parse().map_err(|_| Broken::number(text)),
            Some(other) => Err(Broken::number(&other.to_string())),
        }
    }

    fn hash(&self, name: &str) -> Result<B256, Broken> {
        let text = self.text(name);
        text.parse().map_err(|_| Broken(format!("class java.lang.IllegalArgumentException : {text:?} is no hash")))
    }

    fn address(&self, name: &str) -> Result<Address, Broken> {
        Ok(parse(self.text(name), self.flag("visible"))?)
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, Broken> {
        let text = self.text(name);
        hex::decode(text)
            .map_err(|error| Broken(format!("class org.bouncycastle.util.encoders.DecoderException : {error}")))
    }
}

/// Answers a call.
pub(super) fn answer(asked: &mut Asked<'_>, call: &str, body: &[u8], solid: bool) -> Reply {
    let answered = Fields::read(body).and_then(|fields| match call {
        "broadcasthex" if !solid => broadcast(asked, &fields),
        "broadcasttransaction" if !solid => Err(Broken(
            "the simulator takes no JSON transactions: they are encoded again and lose what is not known; use /wallet/broadcasthex".to_owned(),
        )),
        "getchainparameters" if !solid => Ok(parameters(asked)),
        _ => look(asked, call, &fields),
    });
    answered.unwrap_or_else(|Broken(why)| complaint(&why))
}

fn look(asked: &Asked<'_>, call: &str, fields: &Fields) -> Result<Reply, Broken> {
    let (chain, reach, visible) = (&asked.network.chain, asked.reach, fields.flag("visible"));
    let pruned = asked.network.nodes.get(asked.node).map_or(0, |node| node.pruned);
    let closed = || Reply::Text("this API is closed because this node is a lite fullnode".to_owned());
    let one = |block: Option<&Block>, detail| match block {
        Some(block) if block.number < pruned => closed(),
        block => Reply::Json(block.map_or_else(|| json!({}), |block| show::block(block, detail, visible))),
    };
    Ok(match call {
        "getnowblock" => one(Some(chain.last(reach)), true),
        "getblock" => {
            let named = match fields.0.get("id_or_num") {
                None | Some(Value::Null) => Some(chain.last(reach)),
                Some(Value::String(text)) if text.len() == 64 => {
                    chain.block_of(BlockId(fields.hash("id_or_num")?), reach)
                }
                Some(_) => chain.block(fields.number("id_or_num")?).filter(|block| block.number <= reach.head),
            };
            one(named, fields.flag("detail"))
        }
        "getblockbynum" => one(chain.block(fields.number("num")?).filter(|block| block.number <= reach.head), true),
        "getblockbyid" => one(chain.block_of(BlockId(fields.hash("value")?), reach), true),
        "gettransactionbyid" => {
            let id = fields.hash("value")?;
            match chain.included(id, reach) {
                Some((block, _, _)) if block.number < pruned => closed(),
                Some((_, included, _)) => Reply::Json(show::included(included, visible)),
                None => Reply::Json(json!({})),
            }
        }
        "gettransactionfrompending" => {
            let found = chain.waits(fields.hash("value")?);
            Reply::Json(found.map_or_else(|| json!({}), |tx| show::transaction(tx, visible)))
        }
        "gettransactioninfobyid" => match chain.included(fields.hash("value")?, reach) {
            Some((block, _, _)) if block.number < pruned => closed(),
            Some((_, included, _)) => Reply::Json(show::receipt(&included.receipt)),
            None => Reply::Json(json!({})),
        },
        "gettransactioninfobyblocknum" => {
            let number = fields.number("num")?;
            if number < pruned {
                return Ok(closed());
            }
            let block = chain.block(number).filter(|block| block.number <= reach.head);
            let all = block.map_or_else(Vec::new, |block| {
                block.transactions.iter().map(|one| show::receipt(&one.receipt)).collect()
            });
            Reply::Json(Value::Array(all))
        }
        "triggerconstantcontract" => constant(asked, fields)?,
        "estimateenergy" => estimate(asked, fields)?,
        "getaccount" => account(asked, fields)?,
        "getaccountresource" => resource(asked, fields)?,
        "getcontract" => contract(asked, fields)?,
        "validateaddress" => {
            let valid = parse(fields.text("address"), visible).is_ok();
            Reply::Json(Sparse::default().with("result", valid).done())
        }
        _ => Reply::Missing,
    })
}

fn broadcast(asked: &mut Asked<'_>, fields: &Fields) -> Result<Reply, Broken> {
    let bytes = fields.bytes("transaction")?;
    let network = &mut *asked.network;
    let Some(node) = network.nodes.get_mut(asked.node) else { return Ok(Reply::Missing) };
    let planned = node.answers.pop_front();
    if let Some((code, false)) = planned {
        return Ok(verdict(code, "as the simulator was told", None));
    }
    match network.chain.admit(&bytes, |id| node.seen.contains(id)) {
        Ok(id) => {
            node.seen.insert(id);
            if let Some((code, true)) = planned {
                return Ok(verdict(code, "as the simulator was told, though it has it", Some(id)));
            }
            let (mute, after) = node.mute;
            if mute > 0 {
                node.mute.0 = mute.saturating_sub(1);
                return Ok(Reply::Break(after));
            }
            Ok(verdict(ErrorCode::Success, "", Some(id)))
        }
        Err(NotTaken::Unreadable(why)) => {
            Err(Broken(format!("class com.google.protobuf.InvalidProtocolBufferException : {why}")))
        }
        Err(NotTaken::Refused(id, Refusal { code, message })) => {
            Ok(verdict(code, &message, Some(id).filter(|id| !id.is_zero())))
        }
    }
}

fn verdict(code: ErrorCode, message: &str, id: Option<B256>) -> Reply {
    let answer = json!({
        "result": code == ErrorCode::Success,
        "code": code.name(),
        "message": message,
        "txid": id.map_or_else(String::new, hex::encode),
    });
    Reply::Json(answer)
}

fn parameters(asked: &Asked<'_>) -> Reply {
    let all = asked.network.chain.parameters.all();
    let all: Vec<_> = all.map(|(key, value)| Sparse::default().with("key", key).with("value", value).done()).collect();
    Reply::Json(json!({ "chainParameter": all }))
}

/// Runs the call that a request describes; what a node says if there is none to run.
fn ask(asked: &Asked<'_>, fields: &Fields) -> Result<Result<Ran, Value>, Broken> {
    let to = match fields.text("contract_address") {
        "" => None,
        _ => Some(fields.address("contract_address")?),
    };
    let mut data = fields.bytes("data")?;
    let function = fields.text("function_selector");
    if data.is_empty() && !function.is_empty() {
        let selector = alloy_primitives::keccak256(function);
        data.extend_from_slice(&selector[..4]);
        data.extend(fields.bytes("parameter")?);
    }
    let question =
        Question { from: fields.address("owner_address")?, to, value: fields.number("call_value")?, data: data.into() };
    let refused =
        |code: ErrorCode, message: &str| json!({ "result": { "code": code.name(), "message": hex::encode(message) } });
    Ok(match asked.network.chain.ask(&question, asked.reach) {
        Err(Refusal { code, message }) => Err(refused(code, &message)),
        Ok(ran) if matches!(ran.ending, Ending::Success | Ending::Revert) => Ok(ran),
        Ok(ran) => Err(refused(
            ErrorCode::OtherError,
            &format!("class org.tron.core.vm.program.Program : {}", ran.ending.name()),
        )),
    })
}

fn constant(asked: &Asked<'_>, fields: &Fields) -> Result<Reply, Broken> {
    let ran = match ask(asked, fields)? {
        Ok(ran) => ran,
        Err(refused) => return Ok(Reply::Json(refused)),
    };
    let reverted = ran.ending == Ending::Revert;
    let message = if reverted { hex::encode("REVERT opcode executed") } else { String::new() };
    let ret = Sparse::default().with("ret", if reverted { "FAILED" } else { "" }).done();
    let log = |log: &alloy_primitives::Log| {
        let topics: Vec<_> = log.data.topics().iter().map(hex::encode).collect();
        json!({ "address": hex::encode(log.address), "topics": topics, "data": hex::encode(&log.data.data) })
    };
    let answer = Sparse::default()
        .with("result", Sparse::default().with("result", true).with("message", message).done())
        .with("energy_used", ran.energy)
        .with("constant_result", vec![hex::encode(&ran.output)])
        .with("logs", ran.logs.iter().map(log).collect::<Vec<_>>())
        .with("transaction", json!({ "ret": [ret], "visible": fields.flag("visible") }))
        .done();
    Ok(Reply::Json(answer))
}

fn estimate(asked: &Asked<'_>, fields: &Fields) -> Result<Reply, Broken> {
    Ok(Reply::Json(match ask(asked, fields)? {
        Ok(ran) if ran.ending == Ending::Success => {
            json!({ "result": { "result": true }, "energy_required": ran.energy })
        }
        Ok(_) => {
            let message = hex::encode("this contract can not estimate energy: REVERT opcode executed");
            json!({ "result": { "code": ErrorCode::ContractExeError.name(), "message": message } })
        }
        Err(refused) => refused,
    }))
}

fn account(asked: &Asked<'_>, fields: &Fields) -> Result<Reply, Broken> {
    let at = fields.address("address")?;
    let Some(account) = asked.network.chain.account(at, asked.reach) else { return Ok(Reply::Json(json!({}))) };
    let answer = Sparse::default()
        .with("address", address::show(at, fields.flag("visible")))
        .with("balance", account.balance)
        .with("type", if account.is_contract() { "Contract" } else { "" })
        .with("free_net_usage", account.bandwidth.bytes);
    Ok(Reply::Json(answer.done()))
}

fn resource(asked: &Asked<'_>, fields: &Fields) -> Result<Reply, Broken> {
    let chain = &asked.network.chain;
    let Some(account) = chain.account(fields.address("address")?, asked.reach) else {
        return Ok(Reply::Json(json!({})));
    };
    let answer = Sparse::default()
        .with("freeNetUsed", account.bandwidth.bytes)
        .with("freeNetLimit", chain.parameters.free_bandwidth());
    Ok(Reply::Json(answer.done()))
}

fn contract(asked: &Asked<'_>, fields: &Fields) -> Result<Reply, Broken> {
    let (at, visible) = (fields.address("value")?, fields.flag("visible"));
    let account = asked.network.chain.account(at, asked.reach);
    let Some((account, contract)) = account.and_then(|account| Some((account, account.contract.as_ref()?))) else {
        return Ok(Reply::Json(json!({})));
    };
    let (hash, code) = account
        .code
        .as_deref()
        .map_or_else(Default::default, |(hash, code)| (hex::encode(hash), hex::encode(code.original_bytes())));
    let answer = Sparse::default()
        .with("origin_address", address::show(contract.origin, visible))
        .with("contract_address", address::show(at, visible))
        .with("runtimecode", code)
        .with("code_hash", hash)
        .with("name", contract.name.as_str())
        .with("consume_user_resource_percent", contract.percent)
        .with("origin_energy_limit", contract.origin_energy_limit);
    Ok(Reply::Json(answer.done()))
}
