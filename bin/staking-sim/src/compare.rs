//! What can be read from the contracts, against the model.

use crate::chain::Chain;
use alloy_primitives::{Address, U256};
use bttc_contracts::{
    addresses,
    staking::IStaking::{self, MovedView, PositionView, SlashView, UnbondingView, ValidatorView},
    supply::ISupply,
    treasury::ITreasury,
    validator_set::IValidatorSet::{self, Member, Work},
};
use bttc_staking::model::{Model, Wei};
use eyre::{WrapErr, ensure};
use std::fmt::Debug;

fn equal<T: PartialEq + Debug>(what: impl FnOnce() -> String, contracts: &T, model: &T) -> eyre::Result<()> {
    ensure!(contracts == model, "{} differs\ncontracts: {contracts:?}\nmodel:     {model:?}", what());
    Ok(())
}

/// Everything.
pub fn all(chain: &mut Chain, model: &Model) -> eyre::Result<()> {
    set(chain, model)?;
    books(chain, model)?;
    candidates(chain, model)?;
    for operator in model.validators.keys() {
        validator(chain, model, *operator)?;
    }
    for (signer, operator) in &model.signers {
        let call = IStaking::operatorOfCall { signer: *signer };
        equal(|| format!("operator of {signer}"), &chain.view(addresses::STAKING, &call)?, operator)?;
    }
    for (operator, delegator) in model.positions.keys() {
        position(chain, model, *delegator, *operator)?;
    }
    for delegator in model.unbondings.keys() {
        unbondings(chain, model, *delegator)?;
    }
    for account in model.balances.keys().filter(|account| **account != Model::FEE_PAYER) {
        balance(chain, model, *account)?;
    }
    Ok(())
}

/// Balance of an account.
pub fn balance(chain: &mut Chain, model: &Model, account: Address) -> eyre::Result<()> {
    equal(|| format!("balance of {account}"), &chain.balance(account)?, &model.balance(account))
}

/// `Treasury` and `Supply`.
pub fn books(chain: &mut Chain, model: &Model) -> eyre::Result<()> {
    let to = addresses::TREASURY;
    let treasury = &model.treasury;
    equal(|| "reserve".into(), &chain.view(to, &ITreasury::reserveCall {})?, &treasury.reserve)?;
    equal(|| "funds".into(), &chain.view(to, &ITreasury::fundsCall {})?, &treasury.funds)?;
    equal(|| "programmes".into(), &chain.view(to, &ITreasury::programmesCall {})?, &treasury.programmes)?;
    let burned = model.burned()?;
    equal(|| "burned".into(), &chain.view(addresses::SUPPLY, &ISupply::burnedCall {})?, &burned)?;
    let total = model.supply.saturating_sub(burned);
    equal(|| "total supply".into(), &chain.view(addresses::SUPPLY, &ISupply::totalCall {})?, &total)?;
    equal(|| "balance of the supply ledger".into(), &chain.balance(addresses::SUPPLY)?, &Wei::ZERO)?;
    balance(chain, model, addresses::STAKING)?;
    balance(chain, model, addresses::TREASURY)
}

/// `ValidatorSet`.
pub fn set(chain: &mut Chain, model: &Model) -> eyre::Result<()> {
    let to = addresses::VALIDATOR_SET;
    let set = &model.set;
    let members: Vec<_> = set
        .members
        .iter()
        .map(|m| Member { signer: m.signer, power: m.power.try_into().unwrap_or_default() })
        .collect();
    equal(|| "members".into(), &chain.view(to, &IValidatorSet::membersCall {})?, &members)?;
    let work: Vec<_> = set
        .members
        .iter()
        .map(|m| Work {
            signer: m.signer,
            power: m.power.try_into().unwrap_or_default(),
            proposed: m.proposed,
            missed: m.missed,
            tips: m.tips.saturating_to(),
        })
        .collect();
    equal(|| "work".into(), &chain.view(to, &IValidatorSet::workCall {})?, &work)?;
    equal(|| "blocks".into(), &chain.view(to, &IValidatorSet::blocksCall {})?, &set.blocks)?;
    equal(|| "fees burned".into(), &chain.view(to, &IValidatorSet::feesBurnedCall {})?, &set.fees_burned)?;
    let fees = chain.view(to, &IValidatorSet::epochFeesCall {})?;
    equal(|| "fees".into(), &(fees.stakers, fees.treasury), &(set.stakers_fees, set.treasury_fees))?;
    let epoch = chain.view(to, &IValidatorSet::epochCall {})?;
    let expected = (model.epoch.number, model.epoch.start_time, model.epoch.start_height);
    equal(|| "epoch".into(), &(epoch.number, epoch.startTime, epoch.startHeight), &expected)?;
    equal(
        || "epoch of staking".into(),
        &chain.view(addresses::STAKING, &IStaking::epochCall {})?,
        &model.epoch.number,
    )?;
    for member in &set.members {
        let missed = chain.view(to, &IValidatorSet::missedInWindowCall { signer: member.signer })?;
        let expected = U256::from(model.missed_in_window(member.signer));
        equal(|| format!("blocks that {} missed in the window", member.signer), &missed, &expected)?;
    }
    Ok(())
}

/// Who stands for election.
pub fn candidates(chain: &mut Chain, model: &Model) -> eyre::Result<()> {
    let mut candidates = chain.view(addresses::STAKING, &IStaking::candidatesCall {})?;
    candidates.sort_by_key(|candidate| candidate.operator);
    let expected: Vec<_> = model
        .candidates()?
        .into_iter()
        .map(|c| IStaking::Candidate { operator: c.operator, signer: c.signer, tokens: c.tokens })
        .collect();
    equal(|| "candidates".into(), &candidates, &expected)?;
    let count = chain.view(addresses::STAKING, &IStaking::candidateCountCall {})?;
    equal(|| "number of candidates".into(), &count, &U256::from(model.candidates.len()))
}

/// A validator, if the model knows it.
pub fn validator(chain: &mut Chain, model: &Model, operator: Address) -> eyre::Result<()> {
    let Some(validator) = model.validators.get(&operator) else { return Ok(()) };
    let pool = &validator.pool;
    let found = chain.view(addresses::STAKING, &IStaking::validatorCall { operator })?;
    let mut ripe = validator.clone();
    if let Some((commission, due)) = ripe.next_commission.filter(|(_, due)| *due <= model.epoch.start_time) {
        (ripe.commission, ripe.changed_at, ripe.next_commission) = (commission, due, None);
    }
    let (next_commission, next_time) = ripe.next_commission.unwrap_or_default();
    let expected = ValidatorView {
        operator,
        signer: validator.signer,
        tokens: pool.tokens,
        shares: pool.shares,
        warming: if pool.warming_epoch == model.epoch.number { pool.warming } else { Wei::ZERO },
        selfStake: model.self_stake(operator)?,
        commissionOwed: validator.commission_owed,
        perShare: pool.per_share,
        commission: ripe.commission,
        nextCommission: next_commission,
        nextCommissionTime: next_time,
        commissionChangedAt: ripe.changed_at,
        jailedUntil: validator.jailed_until.unwrap_or_default(),
        rotatedAt: validator.rotated_at,
        listed: model.candidates.contains(&operator),
        left: validator.left,
        tombstoned: validator.tombstoned,
        jailings: U256::from(validator.jailings.len()),
        slashes: U256::from(pool.slashes.len()),
        name: found.name.clone(),
        site: found.site.clone(),
    };
    equal(|| format!("validator of {operator}"), &found, &expected)?;
    let call = IStaking::slashesCall { operator, from: U256::ZERO, count: U256::MAX };
    let slashes = chain.view(addresses::STAKING, &call)?;
    let slash = |s: &bttc_staking::model::Slash| SlashView { time: s.time, factor: s.factor.to() };
    equal(|| format!("slashes of {operator}"), &slashes, &pool.slashes.iter().map(slash).collect())
}

/// A position and its notes.
pub fn position(chain: &mut Chain, model: &Model, delegator: Address, operator: Address) -> eyre::Result<()> {
    let Some(validator) = model.validators.get(&operator) else { return Ok(()) };
    let held = model.position(delegator, operator);
    let epoch = model.epoch.number;
    let expected = PositionView {
        shares: held.shares,
        active: if held.epoch == epoch { held.active } else { held.shares },
        worth: validator.pool.worth(held.shares)?,
        pending: held.owed.saturating_add(held.pending(&validator.pool, epoch)?),
    };
    let found = chain.view(addresses::STAKING, &IStaking::positionCall { delegator, operator })?;
    equal(|| format!("position of {delegator} with {operator}"), &found, &expected)?;
    let mut notes = Vec::new();
    for note in &held.moved {
        let source = model.validators.get(&note.source).map(|validator| &validator.pool);
        let left = source.map(|pool| pool.left(note.shares, note.slashes, note.end.min(model.now)));
        let left = left.transpose().wrap_err("a note of moved stake")?.unwrap_or_default();
        notes.push(MovedView { source: note.source, shares: note.shares, left, end: note.end });
    }
    let found = chain.view(addresses::STAKING, &IStaking::movedCall { delegator, operator })?;
    equal(|| format!("moved stake of {delegator} with {operator}"), &found, &notes)
}

/// Open entries of a delegator.
pub fn unbondings(chain: &mut Chain, model: &Model, delegator: Address) -> eyre::Result<()> {
    let call = IStaking::unbondingsCall { delegator, from: U256::ZERO, count: U256::MAX };
    let mut found = chain.view(addresses::STAKING, &call)?;
    found.sort_by_key(|entry| entry.id);
    let mut expected = Vec::new();
    for (id, entry) in model.unbondings.get(&delegator).into_iter().flat_map(|entries| &entries.open) {
        expected.push(UnbondingView {
            id: U256::from(*id),
            operator: entry.operator,
            amount: entry.amount,
            left: model.left_of(entry)?,
            start: entry.start,
            unlock: entry.unlock,
            source: entry.source.map_or(Address::ZERO, |source| source.operator),
            sourceEnd: entry.source.map_or(0, |source| source.end),
        });
    }
    equal(|| format!("unbonding entries of {delegator}"), &found, &expected)
}
