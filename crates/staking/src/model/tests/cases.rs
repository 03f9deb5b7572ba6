//! Small cases by hand, so that the formulas are pinned by numbers and not by the code that makes them.

use super::super::{math::ONE, random, *};
use crate::epoch::Fees;
use bttc_primitives::Validator as SetMember;

const START: u64 = 1_000_000;

fn btt(amount: u64) -> Wei {
    Wei::from(amount) * ONE
}

fn signer(n: u8) -> Address {
    Address::repeat_byte(0x50 + n)
}

fn operator(n: u8) -> Address {
    Address::repeat_byte(n)
}

const ALICE: Address = Address::repeat_byte(0xa1);

fn set_of(members: &[(u8, u64)]) -> ValidatorSet {
    ValidatorSet::new(members.iter().map(|(n, power)| SetMember { address: signer(*n), power: *power }).collect())
        .unwrap()
}

/// Validators 1, 2, ... of 100,000,000 BTT each and 10 % commission; Alice has 1,000,000,000 BTT.
fn model(validators: u8, params: Params) -> Model {
    let stake = btt(100_000_000);
    let genesis = |n| GenesisValidator { operator: operator(n), signer: signer(n), stake, commission: 1_000 };
    Model::genesis(Genesis {
        time: START,
        params,
        validators: (1..=validators).map(genesis).collect(),
        set: set_of(&(1..=validators).map(|n| (n, 100_000_000)).collect::<Vec<_>>()),
        treasury: Treasury { reserve: btt(99_000_000_000), ..Treasury::default() },
        balances: [(ALICE, btt(1_000_000_000)), (Model::FEE_PAYER, btt(1_000_000_000))].into(),
    })
    .unwrap()
}

fn fees(stakers: u64, tips: u64) -> Fees {
    let wei = |amount: u64| u128::from(amount) * 1_000_000_000_000_000_000;
    Fees { stakers: wei(stakers), treasury: wei(stakers / 4), tips: wei(tips), burned: wei(stakers) }
}

fn block(model: &mut Model, proposer: u8, missed: &[u8], fees: Fees, now: u64) -> Vec<Address> {
    let height = model.height + 1;
    let operation = Operation::OnBlock { height, proposer: signer(proposer), missed: missed.to_vec().into(), fees };
    let effects = model.apply(&operation, addresses::SYSTEM, Wei::ZERO, now).unwrap();
    model.check().unwrap();
    effects.down
}

fn act(model: &mut Model, caller: Address, operation: Operation, value: Wei, now: u64) -> Result<Effects, Refusal> {
    let result = model.apply(&operation, caller, value, now);
    model.check().unwrap();
    result
}

fn rules(model: &mut Model, operation: Operation, now: u64) -> Effects {
    let proposer = model.set.proposer;
    act(model, proposer, operation, Wei::ZERO, now).unwrap()
}

fn close(model: &mut Model, now: u64) {
    let next = random::next_set(model);
    rules(model, Operation::CloseEpoch { next }, now);
}

fn rewards(model: &Model, delegator: Address, n: u8) -> Wei {
    let position = model.position(delegator, operator(n));
    position.owed + position.pending(&model.validators[&operator(n)].pool, model.epoch.number).unwrap()
}

#[test]
fn the_pot_of_an_epoch_by_hand() {
    let mut model = model(1, Params::default());
    block(&mut model, 1, &[], fees(100, 7), START + 10);
    block(&mut model, 1, &[0], fees(0, 0), START + 1_800);
    close(&mut model, START + 1_800);
    // cap = 1e8 BTT * 8 % * 1800 / 31,536,000 = 456.621004566210045662 BTT; the budget is 565,068.49 BTT, so the cap is the pot.
    let pot = Wei::from(456_621_004_566_210_045_662u128);
    let (to_proposers, to_treasury) =
        (Wei::from(22_831_050_228_310_502_283u128), Wei::from(9_132_420_091_324_200_913u128));
    let by_signature = pot - to_proposers - to_treasury;
    let sum = btt(7) + to_proposers + by_signature;
    let commission = sum / Wei::from(10);
    assert_eq!(model.validators[&operator(1)].commission_owed, commission);
    assert_eq!(model.staking_balance(), btt(100_000_000) + sum);
    assert_eq!(model.treasury.reserve, btt(99_000_000_000) + btt(107) - sum - to_treasury);
    assert_eq!(model.treasury.funds, btt(25) + to_treasury);
    // The dead 1 BTT of 1e8 earns nothing, so all of it is the operator's; two divisions round down.
    let owed = rewards(&model, operator(1), 1);
    let exact = sum - commission;
    assert!(exact - owed < Wei::from(2), "{owed} {exact}");
    assert_eq!((model.epoch.number, model.epoch.start_time, model.epoch.start_height), (2, START + 1_800, 3));
}

#[test]
fn stake_earns_from_the_next_epoch_on_and_not_in_the_one_it_leaves() {
    let mut model = model(1, Params::default());
    let delegate = Operation::Delegate { operator: operator(1) };
    act(&mut model, ALICE, delegate, btt(100_000_000), START + 5).unwrap();
    block(&mut model, 1, &[], fees(0, 0), START + 1_800);
    close(&mut model, START + 1_800);
    assert_eq!(rewards(&model, ALICE, 1), Wei::ZERO);
    let first = rewards(&model, operator(1), 1);
    block(&mut model, 1, &[], fees(0, 0), START + 3_600);
    close(&mut model, START + 3_600);
    // Twice the stake, twice the cap, half of it each.
    let (alice, own) = (rewards(&model, ALICE, 1), rewards(&model, operator(1), 1) - first);
    assert!(alice > own && alice - own < alice / Wei::from(90_000_000), "{alice} {own}");
    // What leaves in an epoch earns nothing in it.
    act(&mut model, ALICE, Operation::UndelegateAll { operator: operator(1) }, Wei::ZERO, START + 3_601).unwrap();
    block(&mut model, 1, &[], fees(0, 0), START + 5_400);
    close(&mut model, START + 5_400);
    assert_eq!(rewards(&model, ALICE, 1), alice);
    let paid = act(&mut model, ALICE, Operation::Claim { operators: vec![operator(1)] }, Wei::ZERO, START + 5_401);
    assert_eq!(paid.unwrap().paid, alice);
}

#[test]
fn absentees_earn_for_blocks_and_tips_alone() {
    let mut model = model(2, Params::default());
    for height in 0..4 {
        // Member 1 (of the lower address) signs one block of three that count, member 2 all.
        let missed: &[u8] = if height == 0 {
            &[]
        } else if height < 3 {
            &[1]
        } else {
            &[0]
        };
        block(&mut model, 1, missed, fees(0, 0), START + 600 * (height + 1));
    }
    let reserve = model.treasury.reserve;
    close(&mut model, START + 2_400);
    let pot = (btt(200_000_000) * Wei::from(8) / Wei::from(100)) * Wei::from(2_400) / Wei::from(31_536_000);
    let to_proposers = pot * Wei::from(5) / Wei::from(100);
    let to_treasury = pot * Wei::from(2) / Wei::from(100);
    let half = (pot - to_proposers - to_treasury) / Wei::from(2);
    assert_eq!(model.validators[&operator(1)].commission_owed, to_proposers / Wei::from(10));
    assert_eq!(model.validators[&operator(2)].commission_owed, half / Wei::from(10));
    assert_eq!(reserve - model.treasury.reserve, to_proposers + half + to_treasury);
}

#[test]
fn a_double_sign_reaches_stake_unbonding_and_moved_stake() {
    let mut model = model(4, Params::default());
    let to = |n| Operation::Delegate { operator: operator(n) };
    act(&mut model, ALICE, to(1), btt(3_000), START + 1).unwrap();
    let out = Operation::Undelegate { operator: operator(1), amount: btt(1_000) };
    act(&mut model, ALICE, out, Wei::ZERO, START + 2).unwrap();
    let over = Operation::Redelegate { from: operator(1), to: operator(2), amount: btt(1_000) };
    act(&mut model, ALICE, over, Wei::ZERO, START + 3).unwrap();
    block(&mut model, 2, &[], fees(0, 0), START + 4);
    let slash = Operation::SlashDoubleSign { signer: signer(1), height: 1, reporter: operator(2) };
    let burned = rules(&mut model, slash.clone(), START + 4).burned;
    // A quarter of the power: 3 * 25 % = 75 % of the 100,001,000 BTT of the pool; 5 % of it for the reporter.
    let amount = btt(100_001_000) * Wei::from(3) / Wei::from(4);
    assert_eq!(model.validators[&operator(2)].commission_owed, amount / Wei::from(20));
    assert_eq!(burned, amount - amount / Wei::from(20));
    assert_eq!(model.validators[&operator(1)].pool.tokens, btt(100_001_000) - amount);
    // Once for ever.
    assert_eq!(rules(&mut model, slash, START + 4), Effects::default());
    assert!(!random::next_set(&model).members().iter().any(|member| member.address == signer(1)));

    let settle = Operation::SettleMoved { delegator: ALICE, operator: operator(2) };
    assert_eq!(act(&mut model, ALICE, settle, Wei::ZERO, START + 5).unwrap().burned, btt(750));
    assert_eq!(model.position(ALICE, operator(2)).shares, btt(250));
    let withdraw = Operation::Withdraw { ids: vec![0] };
    assert_eq!(act(&mut model, ALICE, withdraw.clone(), Wei::ZERO, START + 604_801), Err(Refusal::TooEarly));
    let effects = act(&mut model, ALICE, withdraw, Wei::ZERO, START + 604_802).unwrap();
    assert_eq!((effects.paid, effects.burned), (btt(250), btt(750)));
}

#[test]
fn double_signs_within_the_window_add_up() {
    let mut model = model(40, Params::default());
    block(&mut model, 40, &[], fees(0, 0), START + 1);
    let mut rate = |n: u8, now: u64| {
        let before = model.validators[&operator(n)].pool.tokens;
        rules(&mut model, Operation::SlashDoubleSign { signer: signer(n), height: 1, reporter: Address::ZERO }, now);
        (before - model.validators[&operator(n)].pool.tokens) * Wei::from(1_000) / before
    };
    // 2.5 % of the power each: 7.5 %, then 15 %; after the unbonding time of the first, 15 % again.
    assert_eq!(rate(1, START + 1), Wei::from(75));
    assert_eq!(rate(2, START + 604_801), Wei::from(150));
    assert_eq!(rate(3, START + 604_802), Wei::from(150));
}

#[test]
fn jail_doubles_up_to_a_day_and_forgets_after_thirty() {
    let mut model = model(2, Params::default());
    block(&mut model, 2, &[], fees(0, 0), START);
    let mut now = START;
    for hours in [1u64, 2, 4, 8, 16, 24, 24] {
        rules(&mut model, Operation::SlashDowntime { signer: signer(1) }, now);
        assert_eq!(rules(&mut model, Operation::SlashDowntime { signer: signer(1) }, now).burned, Wei::ZERO);
        assert_eq!(model.validators[&operator(1)].jailed_until, Some(now + hours * 3_600));
        let early = act(&mut model, operator(1), Operation::Unjail, Wei::ZERO, now + hours * 3_600 - 1);
        assert_eq!(early, Err(Refusal::TooEarly));
        now += hours * 3_600;
        act(&mut model, operator(1), Operation::Unjail, Wei::ZERO, now).unwrap();
    }
    now += 31 * 86_400;
    rules(&mut model, Operation::SlashDowntime { signer: signer(1) }, now);
    assert_eq!(model.validators[&operator(1)].jailed_until, Some(now + 3_600));
    // Eight times 0.01 %, rounded up each: 1e8 * 0.9999^8 BTT.
    let mut left = btt(100_000_000);
    for _ in 0..8 {
        left -= left / Wei::from(10_000) + Wei::from(u8::from(left % Wei::from(10_000) != Wei::ZERO));
    }
    assert_eq!(model.validators[&operator(1)].pool.tokens, left);
}

#[test]
fn who_misses_half_the_window_is_down_unless_a_third_of_the_power_is() {
    let params = || Params { downtime_window: 100, ..Params::default() };
    let mut one = model(4, params());
    let counted = (0..60).find(|_| {
        let down = block(&mut one, 4, &[1], fees(0, 0), START);
        assert!(down.is_empty() || down == [signer(1)]);
        !down.is_empty()
    });
    // 51 misses are more than 50; the counters begin anew.
    assert_eq!(counted, Some(50));
    assert_eq!(one.missed_in_window(signer(1)), 0);

    let mut two = model(4, params());
    for _ in 0..200 {
        assert!(block(&mut two, 4, &[3], fees(0, 0), START).is_empty());
    }
    // Ten tenths, the running one not full: heights 110 to 200 is what the window still holds.
    assert_eq!(two.missed_in_window(signer(1)), 91);
    // The second comes back; once its counters are at half of the bound, the first is reported.
    let until = (0..100).find(|_| !block(&mut two, 4, &[1], fees(0, 0), START).is_empty());
    assert!(until.is_some_and(|blocks| blocks > 50), "{until:?}");
}

#[test]
fn moved_stake_is_bound_and_stays_so_through_a_cancelled_unbonding() {
    let mut model = model(3, Params::default());
    act(&mut model, ALICE, Operation::Delegate { operator: operator(1) }, btt(10), START).unwrap();
    let hop = |from, to| Operation::RedelegateAll { from: operator(from), to: operator(to) };
    act(&mut model, ALICE, hop(1, 2), Wei::ZERO, START + 1).unwrap();
    assert_eq!(act(&mut model, ALICE, hop(2, 3), Wei::ZERO, START + 2), Err(Refusal::StakeStillBound));
    let out = Operation::UndelegateAll { operator: operator(2) };
    act(&mut model, ALICE, out, Wei::ZERO, START + 3).unwrap();
    act(&mut model, ALICE, Operation::CancelUnbonding { id: 0 }, Wei::ZERO, START + 4).unwrap();
    assert_eq!(act(&mut model, ALICE, hop(2, 3), Wei::ZERO, START + 604_800), Err(Refusal::StakeStillBound));
    act(&mut model, ALICE, hop(2, 3), Wei::ZERO, START + 604_801).unwrap();
}

#[test]
fn commissions_rise_by_a_point_a_day_three_days_ahead() {
    let mut model = model(1, Params::default());
    let announce = |commission| Operation::AnnounceCommission { commission };
    let day = 86_400;
    assert_eq!(act(&mut model, operator(1), announce(1_101), Wei::ZERO, START + day), Err(Refusal::WrongCommission));
    act(&mut model, operator(1), announce(1_100), Wei::ZERO, START + day).unwrap();
    block(&mut model, 1, &[], fees(0, 0), START + 4 * day - 1);
    close(&mut model, START + 4 * day - 1);
    assert_eq!(model.validators[&operator(1)].commission, 1_000);
    block(&mut model, 1, &[], fees(0, 0), START + 5 * day);
    close(&mut model, START + 5 * day);
    assert_eq!(model.validators[&operator(1)].commission, 1_100);
    assert_eq!(act(&mut model, operator(1), announce(499), Wei::ZERO, START + 5 * day), Err(Refusal::WrongCommission));
    act(&mut model, operator(1), announce(500), Wei::ZERO, START + 5 * day).unwrap();
}
