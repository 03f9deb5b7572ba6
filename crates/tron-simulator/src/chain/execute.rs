//! What a transaction does in a block, and what it costs.

use super::{
    Chain, Gift, Log, Receipt,
    admit::{Bandwidth, Refusal},
};
use crate::{
    state::{Contract, Draft, Source},
    transaction::{Action, Tx},
    tvm::{self, Call, Ending, Place, Ran},
    wire::created_address,
};
use alloy_primitives::{Address, B256, Bytes};
use std::sync::Arc;

/// Blocks whose ids the machine can ask for.
const KNOWN_HASHES: u64 = 256;

impl Chain {
    /// Carries a transaction out on a draft. Errors: it may not be in a block.
    pub(super) fn execute(&self, draft: &mut Draft<'_>, tx: &Tx, place: &Place) -> Result<Receipt, Refusal> {
        let bandwidth = self.check_on(draft, tx, place.time)?;
        let mut receipt = Receipt {
            id: tx.id,
            block: place.number,
            time: place.time,
            fee: bandwidth.fee,
            ending: None,
            energy: 0,
            energy_fee: 0,
            net_usage: bandwidth.usage,
            net_fee: bandwidth.fee,
            contract: None,
            output: Bytes::new(),
            message: String::new(),
            logs: Vec::new(),
        };
        if tx.runs() {
            self.run(draft, tx, place, bandwidth, &mut receipt)?;
        } else {
            self.pay(draft, tx, bandwidth, &mut receipt)?;
        }
        Ok(receipt)
    }

    fn pay(&self, draft: &mut Draft<'_>, tx: &Tx, bandwidth: Bandwidth, receipt: &mut Receipt) -> Result<(), Refusal> {
        let Action::Transfer { to, .. } = tx.action else { return Ok(()) };
        let (mut from, mut receiver) = (account(draft, tx.owner), draft.account(to).cloned());
        let fee = if receiver.is_none() { self.parameters.new_account_fee() } else { 0 };
        let value = tx.value().unsigned_abs();
        from.bandwidth = bandwidth.after;
        let spent = value.checked_add(fee).and_then(|sum| sum.checked_add(bandwidth.fee));
        from.balance = spent.and_then(|spent| from.balance.checked_sub(spent)).ok_or_else(too_little)?;
        let receiver = receiver.get_or_insert_default();
        receiver.balance = receiver.balance.checked_add(value).ok_or_else(too_little)?;
        draft.layer.put(tx.owner, from);
        draft.layer.put(to, receiver.clone());
        receipt.fee = receipt.fee.saturating_add(fee);
        Ok(())
    }

    fn run(
        &self,
        draft: &mut Draft<'_>,
        tx: &Tx,
        place: &Place,
        bandwidth: Bandwidth,
        receipt: &mut Receipt,
    ) -> Result<(), Refusal> {
        let mut owner = account(draft, tx.owner);
        owner.balance = owner.balance.checked_sub(bandwidth.fee).ok_or_else(too_little)?;
        owner.bandwidth = bandwidth.after;
        let value = tx.value().unsigned_abs();
        let price = self.parameters.energy_price();
        let payable = owner.balance.checked_sub(value).ok_or_else(too_little)?;
        let energy = (tx.fee_limit.unsigned_abs() / price).min(payable / price);
        draft.layer.put(tx.owner, owner);
        let (to, data) = match &tx.action {
            Action::Create(creation) => (Err(created_address(tx.id, tx.owner)), creation.bytecode.clone()),
            Action::Trigger { contract, data, .. } => (Ok(*contract), data.clone()),
            Action::Transfer { .. } => return Ok(()),
        };
        let call = Call { transaction: tx.id, from: tx.owner, to, value, data, energy };
        let ran = self.run_on(draft, place, &call).map_err(Refusal::contract)?;
        draft.apply(ran.changes).map_err(Refusal::contract)?;
        if let (Action::Create(creation), Err(created), Ending::Success) = (&tx.action, to, ran.ending) {
            let mut made = account(draft, created);
            made.contract = Some(Arc::new(Contract {
                origin: creation.origin,
                name: creation.name.clone(),
                percent: creation.percent,
                origin_energy_limit: creation.origin_energy_limit,
            }));
            draft.layer.put(created, made);
        }
        let fee = ran.energy.checked_mul(price).ok_or_else(too_little)?;
        let mut owner = account(draft, tx.owner);
        owner.balance = owner.balance.checked_sub(fee).ok_or_else(too_little)?;
        draft.layer.put(tx.owner, owner);
        receipt.ending = Some(ran.ending);
        (receipt.energy, receipt.energy_fee) = (ran.energy, fee);
        receipt.fee = receipt.fee.saturating_add(fee);
        receipt.contract = Some(to.unwrap_or_else(|created| created));
        receipt.output = ran.output;
        receipt.message = reason(ran.ending).to_owned();
        let log = |log: alloy_primitives::Log| Log {
            address: log.address,
            topics: log.data.topics().to_vec(),
            data: log.data.data,
            index: 0,
        };
        receipt.logs = ran.logs.into_iter().map(log).collect();
        Ok(())
    }

    /// Runs the machine on a draft, which stays as it is.
    pub(super) fn run_on(&self, draft: &Draft<'_>, place: &Place, call: &Call) -> Result<Ran, String> {
        let hash = |number: u64| {
            let known = number < place.number && place.number.saturating_sub(number) <= KNOWN_HASHES;
            self.block(number).filter(|_| known).map_or(B256::ZERO, |block| block.id.0)
        };
        tvm::run(Source { draft, hash }, place, call)
    }

    /// Carries out the changes from outside that wait.
    pub(super) fn hand_out(gifts: &[Gift], draft: &mut Draft<'_>) {
        for gift in gifts {
            match gift {
                Gift::Sun(to, sun) => {
                    let mut receiver = account(draft, *to);
                    receiver.balance = receiver.balance.saturating_add(*sun).min(i64::MAX.unsigned_abs());
                    draft.layer.put(*to, receiver);
                }
                Gift::Keys(of, keys) => {
                    let mut owner = account(draft, *of);
                    owner.active_keys.clone_from(keys);
                    draft.layer.put(*of, owner);
                }
            }
        }
    }
}

fn account(draft: &Draft<'_>, address: Address) -> crate::state::Account {
    draft.account(address).cloned().unwrap_or_default()
}

fn too_little() -> Refusal {
    Refusal::contract("balance is not sufficient.")
}

/// What `resMessage` says.
const fn reason(ending: Ending) -> &'static str {
    match ending {
        Ending::Success => "",
        Ending::Revert => "REVERT opcode executed",
        Ending::OutOfEnergy => "Not enough energy for operation executing",
        Ending::OutOfTime => "CPU timeout for operation executing",
        Ending::BadJumpDestination => "Operation with pc isn't 'JUMPDEST'",
        Ending::PrecompiledContract => "precompiled contract exception",
        Ending::StackTooSmall => "Expected stack size is larger",
        Ending::StackTooLarge => "Expected: stack size is smaller",
        Ending::IllegalOperation => "Invalid operation code",
        Ending::InvalidCode => "invalid code: must not begin with 0xef or too long",
        Ending::Unknown => "Unknown Exception",
    }
}
