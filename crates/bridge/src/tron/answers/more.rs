//! Answers that sending and auditing need.

use super::{BadAnswer, BlockAnswer, InfoJson, Receipt, block, malformed, of_info, read, word};
use alloy_primitives::B256;
use serde::Deserialize;
use serde_json::{Map, Value};

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountAnswer {
    /// Whether the network knows it: one that nobody has sent anything does not exist, and cannot send.
    pub exists: bool,
    /// Unit: sun.
    pub balance: u64,
}

/// Bandwidth that an account need not pay for. A transaction takes all of it from one of the two, or is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BandwidthAnswer {
    /// Left of what every account has each day. Unit: bytes.
    pub free: u64,
    /// Left of what is staked for. Unit: bytes.
    pub staked: u64,
}

impl BandwidthAnswer {
    /// What a transaction of so many bytes pays. Unit: sun.
    pub const fn price(&self, bytes: u64, price: u64) -> u64 {
        if bytes <= self.staked || bytes <= self.free { 0 } else { bytes.saturating_mul(price) }
    }
}

/// Reads what `getblock` answers about a height.
pub(in crate::tron) fn block_or_none(body: &str) -> Result<Option<BlockAnswer>, BadAnswer> {
    match read::<Map<String, Value>>(body)? {
        nothing if nothing.is_empty() => Ok(None),
        _ => block(body).map(Some),
    }
}

/// Reads what `gettransactionfrompending` answers: an empty object where there is nothing.
pub(in crate::tron) fn is_there(body: &str) -> Result<bool, BadAnswer> {
    Ok(!read::<Map<String, Value>>(body)?.is_empty())
}

/// Reads what `gettransactioninfobyblocknum` answers.
pub(in crate::tron) fn receipts(body: &str) -> Result<Vec<(B256, Receipt)>, BadAnswer> {
    let all = match read::<Value>(body)? {
        // Some versions answer so about a block without transactions.
        Value::Object(fields) if fields.is_empty() => Vec::new(),
        _ => read::<Vec<InfoJson>>(body)?,
    };
    let one = |info: InfoJson| {
        let id = word(&info.id, body)?;
        Ok((id, of_info(info, body)?))
    };
    all.into_iter().map(one).collect()
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct AccountJson {
    address: String,
    balance: i64,
}

/// Reads what `getaccount` answers.
pub(in crate::tron) fn account(body: &str) -> Result<AccountAnswer, BadAnswer> {
    let AccountJson { address, balance } = read(body)?;
    let balance = u64::try_from(balance).map_err(|_| malformed(format!("a balance of {balance}"), body))?;
    Ok(AccountAnswer { exists: !address.is_empty(), balance })
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct BandwidthJson {
    #[serde(rename = "freeNetUsed")]
    free_used: u64,
    #[serde(rename = "freeNetLimit")]
    free_limit: u64,
    #[serde(rename = "NetUsed")]
    staked_used: u64,
    #[serde(rename = "NetLimit")]
    staked_limit: u64,
}

/// Reads what `getaccountresource` answers.
pub(in crate::tron) fn bandwidth(body: &str) -> Result<BandwidthAnswer, BadAnswer> {
    let BandwidthJson { free_used, free_limit, staked_used, staked_limit } = read(body)?;
    let (free, staked) = (free_limit.saturating_sub(free_used), staked_limit.saturating_sub(staked_used));
    Ok(BandwidthAnswer { free, staked })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_not_there_is_none() {
        assert_eq!(block_or_none("{}"), Ok(None));
        assert!(matches!(block_or_none("[]"), Err(BadAnswer::Malformed { .. })));
        assert!(matches!(block_or_none(r#"{"blockID":"00"}"#), Err(BadAnswer::Malformed { .. })));
    }

    #[test]
    fn receipts_of_a_block_stand_in_its_order() {
        assert_eq!((receipts("[]"), receipts("{}")), (Ok(Vec::new()), Ok(Vec::new())));
        let (a, b) = (B256::repeat_byte(0xaa), B256::repeat_byte(0xbb));
        let body = format!(
            r#"[{{"id":"{a:x}","blockNumber":7,"fee":1,"receipt":{{"result":"SUCCESS"}}}},
                {{"id":"{b:x}","blockNumber":7,"result":"FAILED","receipt":{{"result":"REVERT"}}}}]"#
        )
        .replace("0x", "");
        let found = receipts(&body).unwrap();
        assert_eq!(found.iter().map(|(id, receipt)| (*id, receipt.block)).collect::<Vec<_>>(), [(a, 7), (b, 7)]);
        assert!(matches!(receipts(r#"[{"blockNumber":7}]"#), Err(BadAnswer::Malformed { .. })), "no id");
        assert!(matches!(receipts(r#"{"Error":"class X : lack of computing resources"}"#), Err(BadAnswer::Busy(_))));
    }

    #[test]
    fn accounts_and_their_bandwidth() {
        let known = AccountAnswer { exists: true, balance: 7 };
        assert_eq!(account(r#"{"address":"41ab","balance":7,"create_time":1}"#), Ok(known));
        assert_eq!(account("{}"), Ok(AccountAnswer { exists: false, balance: 0 }));
        let left = bandwidth(r#"{"freeNetUsed":100,"freeNetLimit":600,"TotalNetLimit":1}"#).unwrap();
        assert_eq!(left, BandwidthAnswer { free: 500, staked: 0 });
        assert_eq!((left.price(500, 1_000), left.price(501, 1_000)), (0, 501_000));
        assert_eq!(BandwidthAnswer { free: 0, staked: 9 }.price(9, 1_000), 0);
    }
}
