//! Requests whose answers the chain's rule foretells.

use crate::Rule;
use alloy_primitives::{Address, U256, hex};
use alloy_sol_types::SolCall;
use bttc_benches::{
    generated::{BlocksPattern, TokenMove, deposit_topic, token_slot, transfer_topic},
    http::Connection,
};
use bttc_contracts::{addresses::WBTT, wbtt::IWBTT};
use eyre::{OptionExt, Result, ensure};
use serde_json::{Value, json};

/// Blocks of a page of logs.
const PAGE: u64 = 1_000;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Balance,
    Call,
    Slot,
    Receipt,
    RareLog,
    HolderLogs,
}

impl Question {
    /// What can be asked of a chain.
    pub(crate) const fn of(rule: Rule) -> &'static [Self] {
        match rule {
            Rule::Blocks(_) => &[Self::Balance, Self::Call, Self::Slot, Self::Receipt, Self::RareLog, Self::HolderLogs],
            Rule::Accounts(_) => &[Self::Balance, Self::Call, Self::Slot],
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Balance => "eth_getBalance",
            Self::Call => "eth_call balanceOf",
            Self::Slot => "eth_getStorageAt",
            Self::Receipt => "eth_getTransactionReceipt",
            Self::RareLog => "eth_getLogs, 1 of 1k blocks",
            Self::HolderLogs => "eth_getLogs, scan 1k blocks",
        }
    }

    /// Method and parameters of the `n`-th request at `height`; none if the chain has nothing to ask for there.
    pub(crate) fn request(
        self,
        connection: &mut Connection,
        rule: Rule,
        height: u64,
        n: u64,
    ) -> Result<Option<(&'static str, Value)>> {
        let block = format!("{height:#x}");
        let logs = |topics: Value| {
            let from = format!("{:#x}", first_of_page(height));
            let filter = json!({ "fromBlock": from, "toBlock": block, "address": WBTT, "topics": topics });
            ("eth_getLogs", json!([filter]))
        };
        Ok(Some(match self {
            Self::Balance => ("eth_getBalance", json!([subject(rule, self, height, n).0, block])),
            Self::Call => {
                let account = subject(rule, self, height, n).0;
                let input = hex::encode_prefixed(IWBTT::balanceOfCall { account }.abi_encode());
                ("eth_call", json!([{ "to": WBTT, "input": input }, block]))
            }
            Self::Slot => {
                let slot = token_slot(subject(rule, self, height, n).0);
                ("eth_getStorageAt", json!([WBTT, format!("{slot:#066x}"), block]))
            }
            Self::Receipt => {
                let found = connection.call("eth_getBlockByNumber", json!([block, false]));
                let Ok(found) = found else { return Ok(None) };
                let hashes = found.get("transactions").and_then(Value::as_array);
                let hash = hashes.and_then(|all| all.last()).ok_or_eyre("a block without transactions")?;
                ("eth_getTransactionReceipt", json!([hash]))
            }
            Self::RareLog => logs(json!([deposit_topic()])),
            Self::HolderLogs => logs(json!([transfer_topic(), null, holder(n).into_word()])),
        }))
    }

    /// Errors: the answer is not what the rule says.
    pub(crate) fn check(self, rule: Rule, height: u64, n: u64, answer: &Value) -> Result<()> {
        match self {
            Self::Balance | Self::Call | Self::Slot => {
                let wanted = subject(rule, self, height, n).1;
                let got: U256 = answer.as_str().ok_or_eyre("not a quantity")?.parse()?;
                ensure!(got == wanted, "{} at {height}: {got}, expected {wanted}", self.name());
            }
            Self::Receipt => {
                let quantity = |name| answer.get(name).and_then(Value::as_str).unwrap_or_default();
                ensure!(quantity("blockNumber") == format!("{height:#x}"), "a receipt of another block: {answer}");
                ensure!(quantity("status") == "0x1", "a receipt of a failure: {answer}");
                let log = answer.get("logs").and_then(|logs| logs.get(0)).ok_or_eyre("a receipt without log")?;
                let amount = hex_words(log.get("data").and_then(Value::as_str).unwrap_or_default())?;
                ensure!(amount == [height], "the log of block {height} says {amount:?}");
            }
            Self::RareLog => {
                let wanted = |at: &u64| BlocksPattern::token_move(*at) == TokenMove::Deposit;
                compare_logs(height, answer, wanted)?;
            }
            Self::HolderLogs => {
                let wanted = |at: &u64| BlocksPattern::token_move(*at) == TokenMove::Transfer(holder(n));
                compare_logs(height, answer, wanted)?;
            }
        }
        Ok(())
    }
}

/// Account of the `n`-th request at `height`, and what it holds: BTT for a question about the balance, else tokens.
fn subject(rule: Rule, question: Question, height: u64, n: u64) -> (Address, U256) {
    // Spread over the whole range, the same in each run.
    let index = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match (rule, question) {
        (Rule::Blocks(pattern), Question::Balance) => (BlocksPattern::recipient(index), pattern.balance(index, height)),
        (Rule::Blocks(pattern), _) => (BlocksPattern::holder(index), pattern.tokens(index, height)),
        (Rule::Accounts(pattern), _) => {
            let index = index % pattern.accounts;
            let holds = if question == Question::Balance {
                pattern.balance(index, height)
            } else {
                pattern.tokens(index, height)
            };
            (bttc_benches::generated::AccountsPattern::account(index), holds)
        }
    }
}

fn holder(n: u64) -> Address {
    BlocksPattern::holder(n.wrapping_mul(7))
}

fn first_of_page(height: u64) -> u64 {
    height.saturating_sub(PAGE - 1).max(2)
}

fn compare_logs(height: u64, answer: &Value, wanted: impl Fn(&u64) -> bool) -> Result<()> {
    let got: Vec<u64> = answer
        .as_array()
        .ok_or_eyre("not a list")?
        .iter()
        .map(|log| {
            let height = log.get("blockNumber").and_then(Value::as_str).unwrap_or_default();
            let height = u64::from_str_radix(height.trim_start_matches("0x"), 16)?;
            let amount = hex_words(log.get("data").and_then(Value::as_str).unwrap_or_default())?;
            ensure!(amount == [height], "the log of block {height} says {amount:?}");
            Ok(height)
        })
        .collect::<Result<_>>()?;
    let wanted: Vec<_> = (first_of_page(height)..=height).filter(wanted).collect();
    ensure!(got == wanted, "logs of the page up to {height}: {got:?}, expected {wanted:?}");
    Ok(())
}

/// Words of 32 bytes, of which only the last eight may be used.
pub(crate) fn hex_words(text: &str) -> Result<Vec<u64>> {
    let bytes = hex::decode(text)?;
    bytes.chunks(32).map(|word| Ok(U256::try_from_be_slice(word).ok_or_eyre("not a word")?.try_into()?)).collect()
}
