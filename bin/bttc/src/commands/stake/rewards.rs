//! `bttc stake rewards export`: payments to an account, from the logs of the node.

use super::{Context, args::ExportFormat, chain, faults, positions, who::Names};
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use alloy_sol_types::SolEvent;
use bttc_contracts::{addresses::STAKING, staking::IStaking};
use bttc_primitives::format_btt;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, io::Write};

/// Blocks asked for at once.
const STEP: u64 = 100_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    topics: Vec<B256>,
    data: Bytes,
    block_number: U64,
    transaction_hash: B256,
}

/// One payment.
#[derive(Debug, PartialEq, Eq)]
struct Payment {
    /// Unix seconds.
    time: u64,
    block: u64,
    transaction: B256,
    kind: &'static str,
    operator: Address,
    amount: U256,
}

pub(crate) fn export(
    context: &Context,
    account: Option<&str>,
    format: ExportFormat,
    (from, to): (u64, Option<u64>),
    out: &mut impl Write,
) -> eyre::Result<()> {
    let account = positions::account(context, account)?;
    let head: u64 = context.node.head().map_err(faults::of_node)?.number.to();
    let last = to.unwrap_or(head).min(head);
    let names = Names::of(&chain::validators(&context.node)?);
    let (mut payments, mut times) = (Vec::new(), BTreeMap::new());
    let mut first = from;
    while first <= last {
        let end = first.saturating_add(STEP - 1).min(last);
        for log in logs(context, account, first, end)? {
            let block = log.block_number.to();
            let time = match times.get(&block) {
                Some(time) => *time,
                None => {
                    let time = time_of(context, block)?;
                    times.insert(block, time);
                    time
                }
            };
            payments.extend(payment(&log, time));
        }
        first = end.saturating_add(1);
    }
    match format {
        ExportFormat::Csv if !context.json => Ok(out.write_all(as_csv(&payments, &names).as_bytes())?),
        _ => Ok(writeln!(out, "{:#}", as_json(account, (from, last), &payments, &names))?),
    }
}

fn logs(context: &Context, account: Address, from: u64, to: u64) -> eyre::Result<Vec<Log>> {
    let filter = json!([{
        "address": STAKING,
        "topics": [[IStaking::Claimed::SIGNATURE_HASH, IStaking::CommissionClaimed::SIGNATURE_HASH], account.into_word()],
        "fromBlock": U64::from(from),
        "toBlock": U64::from(to),
    }]);
    context.node.ask("eth_getLogs", filter).map_err(faults::of_node)
}

fn time_of(context: &Context, block: u64) -> eyre::Result<u64> {
    let header: Value =
        context.node.ask("eth_getBlockByNumber", json!([U64::from(block), false])).map_err(faults::of_node)?;
    Ok(header["timestamp"].as_str().and_then(|text| text.parse::<U64>().ok()).unwrap_or_default().to())
}

fn payment(log: &Log, time: u64) -> Option<Payment> {
    let (block, transaction) = (log.block_number.to(), log.transaction_hash);
    let topics = || log.topics.iter().copied();
    if let Ok(of) = IStaking::Claimed::decode_raw_log(topics(), &log.data) {
        return Some(Payment { time, block, transaction, kind: "reward", operator: of.operator, amount: of.amount });
    }
    let of = IStaking::CommissionClaimed::decode_raw_log(topics(), &log.data).ok()?;
    Some(Payment { time, block, transaction, kind: "commission", operator: of.operator, amount: of.amount })
}

fn as_csv(payments: &[Payment], names: &Names) -> String {
    let mut text = "time,block,transaction,kind,operator,validator,amount_btt\n".to_owned();
    for of in payments {
        let time = i64::try_from(of.time).ok().and_then(|time| DateTime::<Utc>::from_timestamp(time, 0));
        let time = time.map_or_else(String::new, |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string());
        let amount = format_btt(of.amount);
        let amount = amount.trim_end_matches(" BTT");
        let name = field(names.name(of.operator).unwrap_or_default());
        text.push_str(&format!("{time},{},{},{},{},{name},{amount}\n", of.block, of.transaction, of.kind, of.operator));
    }
    text
}

/// A field of CSV (RFC 4180); what a spreadsheet would take for a formula is made plain text.
fn field(text: &str) -> String {
    let plain = match text.starts_with(['=', '+', '-', '@']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match plain.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", plain.replace('"', "\"\"")),
        false => plain,
    }
}

fn as_json(account: Address, (from, to): (u64, u64), payments: &[Payment], names: &Names) -> Value {
    let total = payments.iter().fold(U256::ZERO, |sum, of| sum.saturating_add(of.amount));
    let payments: Vec<_> = payments
        .iter()
        .map(|of| {
            json!({
                "time": of.time,
                "block": of.block,
                "transaction": of.transaction,
                "kind": of.kind,
                "operator": of.operator.to_string(),
                "name": names.name(of.operator),
                "amount": of.amount.to_string(),
            })
        })
        .collect();
    json!({ "account": account.to_string(), "fromBlock": from, "toBlock": to, "total": total.to_string(), "payments": payments })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_are_read_from_logs_and_written_as_csv() {
        let (delegator, operator) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let amount = U256::from(1_500_000_000_000_000_000u64);
        let log = |data: alloy_primitives::LogData| Log {
            topics: data.topics().to_vec(),
            data: data.data,
            block_number: U64::from(7),
            transaction_hash: B256::ZERO,
        };
        let claimed = log(IStaking::Claimed { delegator, operator, amount }.encode_log_data());
        let commission = log(IStaking::CommissionClaimed { operator, amount }.encode_log_data());
        let other = log(IStaking::Left { operator }.encode_log_data());
        let payments: Vec<_> =
            [&claimed, &commission, &other].into_iter().filter_map(|log| payment(log, 1_769_860_800)).collect();
        let csv = as_csv(&payments, &Names::default());
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(lines.len(), 3, "{csv}");
        assert_eq!(lines[1], format!("2026-01-31T12:00:00Z,7,{},reward,{operator},,1.5", B256::ZERO));
        assert!(lines[2].contains(",commission,"));
        assert_eq!(as_json(delegator, (0, 9), &payments, &Names::default())["total"], "3000000000000000000");
    }

    #[test]
    fn names_of_strangers_stay_text() {
        assert_eq!(field("a,b\"c"), "\"a,b\"\"c\"");
        assert_eq!(field("=HYPERLINK(1,2)"), "\"'=HYPERLINK(1,2)\"");
        assert_eq!(field("North"), "North");
    }
}
