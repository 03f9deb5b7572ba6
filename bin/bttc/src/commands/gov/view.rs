//! Proposals and votes as the node tells them.

use super::{Context, faults};
use alloy_primitives::{Address, Bytes, U256};
use bttc_contracts::governance::Action;
use eyre::WrapErr;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// An answer as it came, and taken apart.
pub(crate) struct Told<T> {
    pub(crate) json: Value,
    pub(crate) view: T,
}

fn ask<T: DeserializeOwned>(context: &Context, method: &'static str, params: Value) -> eyre::Result<Told<T>> {
    let json: Value = context.node.ask(method, params).map_err(faults::of_node)?;
    let view = serde_json::from_value(json.clone())
        .wrap_err_with(|| format!("the node answers {method} in a form that is not known; is it of this version?"))?;
    Ok(Told { json, view })
}

/// One proposal.
pub(crate) fn proposal(context: &Context, id: u64) -> eyre::Result<Told<Proposal>> {
    match ask(context, "btt_proposal", json!([id])) {
        Err(error) if error.to_string().contains("there is no proposal") => {
            Err(super::super::wallet::faults_gov::UNKNOWN_PROPOSAL.report(&error.to_string()))
        }
        other => other,
    }
}

/// The newest proposals, perhaps of one status.
pub(crate) fn proposals(context: &Context, status: Option<&str>, limit: u16) -> eyre::Result<Told<Vec<Proposal>>> {
    ask(context, "btt_proposals", json!([{ "status": status, "limit": limit }]))
}

/// The part of an account in a vote.
pub(crate) fn vote(context: &Context, id: u64, account: Address) -> eyre::Result<Told<Vote>> {
    ask(context, "btt_vote", json!([id, account]))
}

/// Parameters, with open proposals.
pub(crate) fn params(context: &Context) -> eyre::Result<Told<Vec<Param>>> {
    ask(context, "btt_params", json!([]))
}

/// See `btt_proposal` in docs/staking.md. Amounts in wei, times in Unix seconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Proposal {
    pub(crate) id: u64,
    pub(crate) proposer: Address,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) lane: String,
    pub(crate) status: String,
    pub(crate) status_text: String,
    pub(crate) actions: Vec<ActionView>,
    pub(crate) deposit: Deposit,
    pub(crate) times: Times,
    pub(crate) tally: Option<Tally>,
}

/// A call, with what it replaces.
#[derive(Debug, Deserialize)]
pub(crate) struct ActionView {
    target: Address,
    data: Bytes,
    old: Option<U256>,
}

impl ActionView {
    /// In words, from the bytes and not from what the node says beside them.
    pub(crate) fn words(&self) -> String {
        super::super::wallet::action_words(&Action::decode(self.target, &self.data), self.old)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Deposit {
    pub(crate) paid: U256,
    pub(crate) needed: U256,
}

impl Deposit {
    pub(crate) fn missing(&self) -> U256 {
        self.needed.saturating_sub(self.paid)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Times {
    pub(crate) proposed: u64,
    pub(crate) deposit_end: u64,
    pub(crate) vote_start: Option<u64>,
    pub(crate) vote_end: Option<u64>,
    pub(crate) queue_until: Option<u64>,
    pub(crate) executable_from: Option<u64>,
    pub(crate) executable_until: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tally {
    pub(crate) r#for: U256,
    pub(crate) against: U256,
    pub(crate) abstain: U256,
    pub(crate) veto: U256,
    pub(crate) for_bp: u64,
    pub(crate) against_bp: u64,
    pub(crate) abstain_bp: u64,
    pub(crate) veto_bp: u64,
    pub(crate) total: U256,
    pub(crate) turnout_bp: u64,
    pub(crate) quorum: U256,
    pub(crate) quorum_bp: u64,
    pub(crate) quorum_reached: bool,
    pub(crate) veto_bound_bp: u64,
    pub(crate) extended: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Vote {
    pub(crate) power: U256,
    pub(crate) own: Vec<Own>,
    pub(crate) pool: Option<Pool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Own {
    pub(crate) operator: Address,
    pub(crate) name: String,
    pub(crate) weight: U256,
    pub(crate) choice: Option<String>,
    pub(crate) validator_choice: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Pool {
    pub(crate) choice: Option<String>,
    pub(crate) tokens: U256,
    pub(crate) overridden: U256,
    pub(crate) weight: U256,
}

/// See `btt_params` in docs/staking.md.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Param {
    pub(crate) id: u64,
    pub(crate) value: U256,
    pub(crate) min: U256,
    pub(crate) max: U256,
    pub(crate) step: U256,
    pub(crate) cool_down: u64,
    pub(crate) lane: String,
    pub(crate) pending: Option<U256>,
    #[serde(default)]
    pub(crate) proposals: Vec<Touching>,
}

/// An open proposal that would change a parameter.
#[derive(Debug, Deserialize)]
pub(crate) struct Touching {
    pub(crate) id: u64,
    pub(crate) status: String,
    pub(crate) value: U256,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn amounts_are_read_from_decimal_strings() {
        let deposit: Deposit =
            serde_json::from_value(json!({ "paid": "10", "needed": "1000000000000000000000000" })).unwrap();
        assert_eq!(deposit.missing(), U256::from(999_999_999_999_999_999_999_990u128));
    }
}
