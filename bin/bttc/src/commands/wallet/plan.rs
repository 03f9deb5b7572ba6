//! A transaction before it is signed: what it does, what it costs.

use super::{Context, faults, keys::Key, node::NodeFault, show, who::Names};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_primitives::{Address, Bytes, TxKind, U64, U256};
use alloy_sol_types::SolCall;
use bttc_contracts::addresses::STAKING;
use bttc_primitives::format_btt;
use eyre::{WrapErr, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io::Write;

/// What somebody wants to do.
#[derive(Debug)]
pub(crate) struct Intent {
    /// One word, the same as the command.
    pub(crate) action: &'static str,
    /// The contract that is called.
    pub(crate) to: Address,
    pub(crate) data: Bytes,
    /// Wei that go with it.
    pub(crate) value: U256,
    /// What it does, in sentences.
    pub(crate) effects: Vec<String>,
    /// Stake before and after.
    pub(crate) changes: Vec<Change>,
    /// When stake that leaves is paid out. Unix seconds.
    pub(crate) unlock: Option<u64>,
    /// Further lines: what, and how it is.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// The same for programs; null for nothing.
    pub(crate) details: Value,
}

impl Intent {
    /// A call of `Staking`.
    pub(crate) fn new(action: &'static str, call: &impl SolCall, effect: String) -> Self {
        Self::of(STAKING, action, call, effect)
    }

    /// A call of any contract.
    pub(crate) fn of(to: Address, action: &'static str, call: &impl SolCall, effect: String) -> Self {
        Self {
            action,
            to,
            data: call.abi_encode().into(),
            value: U256::ZERO,
            effects: vec![effect],
            changes: Vec::new(),
            unlock: None,
            facts: Vec::new(),
            details: Value::Null,
        }
    }
}

/// How the worth of a position changes. Unit: wei; the last few may be rounded away.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) operator: Address,
    pub(crate) before: U256,
    pub(crate) after: U256,
}

/// A transaction without its signature, as it is kept in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Unsigned {
    pub(crate) chain_id: u64,
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) nonce: u64,
    pub(crate) gas_limit: u64,
    /// Wei per gas.
    pub(crate) max_fee_per_gas: U256,
    /// Wei per gas.
    pub(crate) max_priority_fee_per_gas: U256,
    /// Wei.
    pub(crate) value: U256,
    pub(crate) data: Bytes,
}

impl Unsigned {
    /// The highest possible fee. Unit: wei.
    pub(crate) fn most_fee(&self) -> U256 {
        self.max_fee_per_gas.saturating_mul(U256::from(self.gas_limit))
    }

    pub(crate) fn sign(&self, key: &Key) -> eyre::Result<TxEnvelope> {
        if key.address() != self.from {
            bail!("the transaction is of {}, the key of {}; nothing was signed", self.from, key.address());
        }
        let price = |wei: U256| u128::try_from(wei).wrap_err("a fee in the transaction is larger than any can be");
        let mut transaction = TxEip1559 {
            chain_id: self.chain_id,
            nonce: self.nonce,
            gas_limit: self.gas_limit,
            max_fee_per_gas: price(self.max_fee_per_gas)?,
            max_priority_fee_per_gas: price(self.max_priority_fee_per_gas)?,
            to: TxKind::Call(self.to),
            value: self.value,
            access_list: Default::default(),
            input: self.data.clone(),
        };
        let signed = transaction.clone().into_signed(key.sign(&mut transaction)?);
        // A device may have another account by now than when it was asked.
        if !signed.recover_signer().is_ok_and(|signer| signer == self.from) {
            bail!("what came back is no signature of {}; nothing was sent: is it still the same device?", self.from);
        }
        Ok(signed.into())
    }
}

/// A transaction that was tried on the newest state.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) transaction: Unsigned,
    pub(crate) intent: Intent,
    /// Gas it took.
    gas: u64,
    /// Wei per gas that it would pay now.
    price: U256,
}

impl Plan {
    /// Tries the call, and sets gas and fees.
    ///
    /// Errors: the contract refuses, told in words; the node is away.
    pub(crate) fn make(context: &Context, from: Address, nonce: Option<u64>, intent: Intent) -> eyre::Result<Self> {
        let node = &context.node;
        let refused = faults::of_node;
        let chain_id = node.chain_id().map_err(refused)?;
        let head = node.head().map_err(refused)?;
        let request = json!({ "from": from, "to": intent.to, "value": intent.value, "data": intent.data });
        let gas: U64 = node.ask("eth_estimateGas", json!([request])).map_err(refused)?;
        let gas: u64 = gas.to();
        let nonce = match nonce {
            Some(nonce) => nonce,
            None => node.ask::<U64>("eth_getTransactionCount", json!([from, "pending"])).map_err(refused)?.to(),
        };
        let tip = match node.ask::<U256>("eth_maxPriorityFeePerGas", json!([])) {
            Ok(tip) => tip,
            Err(fault) if fault.is_unknown_method() => U256::ZERO,
            Err(fault) => return Err(refused(fault)),
        };
        let transaction = Unsigned {
            chain_id,
            from,
            to: intent.to,
            nonce,
            // The next epoch may begin before it is in a block, which takes a few more words of storage.
            gas_limit: gas.saturating_add(gas / 5).saturating_add(40_000),
            max_fee_per_gas: head.base_fee_per_gas.saturating_mul(U256::from(2)).saturating_add(tip),
            max_priority_fee_per_gas: tip,
            value: intent.value,
            data: intent.data.clone(),
        };
        let price = head.base_fee_per_gas.saturating_add(tip);
        let plan = Self { transaction, intent, gas, price };
        plan.check_funds(node.balance(from).map_err(refused)?)?;
        Ok(plan)
    }

    fn check_funds(&self, balance: U256) -> eyre::Result<()> {
        let needed = self.transaction.value.saturating_add(self.transaction.most_fee());
        match needed > balance {
            true => Err(faults::FUNDS.report(&format!(
                "{} has {}, needed are {} with the highest possible fee of {}; take less, or `max`",
                self.transaction.from,
                format_btt(balance),
                format_btt(needed),
                format_btt(self.transaction.most_fee()),
            ))),
            false => Ok(()),
        }
    }

    /// What it will probably cost. Unit: wei.
    fn fee(&self) -> U256 {
        self.price.saturating_mul(U256::from(self.gas))
    }

    pub(crate) fn write(&self, names: &Names, out: &mut impl Write) -> eyre::Result<()> {
        let of = &self.transaction;
        writeln!(out, "Account     {}", show::address(of.from))?;
        for effect in &self.intent.effects {
            writeln!(out, "Effect      {effect}")?;
        }
        if let Some(unlock) = self.intent.unlock {
            writeln!(out, "Paid out    {}, {}", show::time(unlock), show::countdown(unlock, show::now()))?;
        }
        for (what, how) in &self.intent.facts {
            writeln!(out, "{what:<11} {how}")?;
        }
        for change in &self.intent.changes {
            let (before, after) = (format_btt(change.before), format_btt(change.after));
            writeln!(out, "Stake       {}: {before} -> {after}", names.show(change.operator))?;
        }
        let (fee, most) = (format_btt(self.fee()), format_btt(of.most_fee()));
        writeln!(out, "Fee         about {fee} ({} gas at {}), at most {most}", self.gas, format_btt(self.price))?;
        Ok(writeln!(out, "Nonce       {} on chain {}", of.nonce, of.chain_id)?)
    }

    pub(crate) fn json(&self) -> Value {
        let of = &self.transaction;
        let changes: Vec<_> = self
            .intent
            .changes
            .iter()
            .map(
                |of| json!({ "operator": of.operator.to_string(), "before": of.before.to_string(), "after": of.after.to_string() }),
            )
            .collect();
        json!({
            "action": self.intent.action,
            "chainId": of.chain_id,
            "from": of.from.to_string(),
            "to": of.to.to_string(),
            "value": of.value.to_string(),
            "data": of.data,
            "nonce": of.nonce,
            "gas": self.gas,
            "gasLimit": of.gas_limit,
            "fee": self.fee().to_string(),
            "mostFee": of.most_fee().to_string(),
            "effects": self.intent.effects,
            "stake": changes,
            "unlock": self.intent.unlock,
            "details": self.intent.details,
        })
    }
}

/// Tries a mined transaction again on the state before it, to learn why it failed.
pub(crate) fn why_it_failed(context: &Context, transaction: &Value, block: Value) -> Option<eyre::Report> {
    let request = json!({
        "from": transaction["from"],
        "to": transaction["to"],
        "value": transaction["value"],
        "data": transaction["input"],
        "gas": transaction["gas"],
    });
    match context.node.call(request, block) {
        Err(fault @ NodeFault::Refused { data: Some(_), .. }) => Some(faults::of_node(fault)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use alloy_consensus::transaction::SignerRecoverable;
    use alloy_signer_local::PrivateKeySigner;

    #[test]
    fn what_is_signed_is_what_was_written() {
        let key = PrivateKeySigner::random();
        let unsigned = Unsigned {
            chain_id: 990_993,
            from: key.address(),
            to: STAKING,
            nonce: 7,
            gas_limit: 100_000,
            max_fee_per_gas: U256::from(18_000_000_000_000u64),
            max_priority_fee_per_gas: U256::from(1),
            value: U256::from(5),
            data: Bytes::from_static(&[1, 2, 3, 4]),
        };
        let text = serde_json::to_string(&unsigned).unwrap();
        assert_eq!(serde_json::from_str::<Unsigned>(&text).unwrap(), unsigned);
        assert_eq!(unsigned.most_fee(), U256::from(1_800_000_000_000_000_000u64));
        let signed = unsigned.sign(&Key::Here(key.clone())).unwrap();
        assert_eq!(signed.recover_signer().unwrap(), key.address());
        let TxEnvelope::Eip1559(signed) = signed else { panic!("another type") };
        assert_eq!((signed.tx().nonce, signed.tx().chain_id, signed.tx().value), (7, 990_993, U256::from(5)));
        assert!(
            unsigned
                .sign(&Key::Here(PrivateKeySigner::random()))
                .unwrap_err()
                .to_string()
                .contains("nothing was signed")
        );
    }
}
