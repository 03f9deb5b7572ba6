//! What can go wrong in governance, told to people. Ids: E13xx.

use super::faults::{Fault, faults};
use super::show::{clean, time};
use alloy_primitives::{Address, U256, hex};
use alloy_sol_types::SolInterface;
use bttc_contracts::{
    governance::{lane_name, lane_of_number, state_name},
    governor::IGovernor::{IGovernorErrors, State},
    param_units::{format, spelling},
    params::IParams::IParamsErrors,
    system::ISystemProxy::ISystemProxyErrors,
    timelock::ITimelock::ITimelockErrors,
    treasury::ITreasury::ITreasuryErrors,
};
use bttc_primitives::format_btt;

faults! {
    FAULTS:
    UNKNOWN_PARAM = "E1301", "there is no such parameter", "`bttc gov params` lists them with what they are. Names may be written minBaseFee, MIN_BASE_FEE or min-base-fee.";
    OUT_OF_BOUNDS = "E1302", "the value is out of bounds", "Each parameter has a lowest and a highest value that no vote can leave; docs/parameters.md and `bttc gov params` list them. Choose a value between them.";
    STEP_TOO_LARGE = "E1303", "the change is too large at once", "A vote moves a parameter by at most its step, up or down. Propose a value nearer to the one in force, and go on with another proposal after the cool-down.";
    COOLING_DOWN = "E1304", "the parameter was changed too lately", "Between two changes of a parameter its cool-down must pass; it counts from the execution of the last change. Propose it again after the time of the message.";
    STILL_PENDING = "E1305", "a change of the parameter is still pending", "A change comes into force when the running epoch closes; until then there is no other. A proposal changes a parameter once.";
    UNCHANGED = "E1306", "the parameter has this value already", "There is nothing to decide. `bttc gov params` shows what is in force.";
    CONFLICT = "E1307", "the value conflicts with another parameter", "Some parameters depend on each other (docs/parameters.md, rules of a change): a minimum is not above its maximum, and burned and stakers' percent are together at most 100. Change both in one proposal, or choose another value.";
    MIXED_LANES = "E1308", "the actions belong to two lanes", "All actions of a proposal take one lane: fees, blocks and payments the standard one, stake, governance, forks and upgrades the long one, pauses and limits of the bridge the expedited one. Make one proposal for each lane.";
    WRONG_LANE = "E1309", "the proposal takes another lane", "The lane follows from the actions and cannot be chosen: fees, blocks and payments take the standard lane, stake, governance, forks and upgrades the long one, pauses and limits of the bridge the expedited one.";
    NOT_ALLOWED_ACTION = "E1310", "governance may not do this", "Only what is on the list of docs/staking.md, section 10, may be done at all: set parameters, plan forks, pay from the treasury, upgrade system contracts, lists of the airdrop, the bridges. The chain refuses everything else.";
    BAD_ACTIONS = "E1311", "the actions have a wrong form", "A proposal has 1 to 16 actions with at most 8,192 bytes of calldata together, and none carries BTT.";
    FORK_PLAN = "E1312", "the plan of a fork cannot be so", "A fork has a name of 1 to 32 bytes and a time that must still be ahead when the proposal is executed, so later than its vote and its wait. There is one plan at a time; an old one is canceled first, as long as its time has not come.";
    UNKNOWN_PROPOSAL = "E1313", "there is no such proposal", "Ids count from 1. `bttc gov list` shows the newest proposals.";
    WRONG_STATE = "E1314", "the proposal is not in a state for this", "Deposits are paid before the vote, votes are cast from the next epoch on until the end, what passed is queued, and what waited is executed, each in its time. `bttc gov show ID` says where it stands, and until when.";
    WRONG_DEPOSIT = "E1315", "the deposit is too small or too large", "The proposer brings at least a tenth of the deposit with the proposal, others may add to it within 14 days, and never more than is missing.";
    NO_WEIGHT = "E1316", "there is no stake to vote with", "Votes count the stake at validators of the set as the epoch of the complete deposit closed. Stake that came later, that was still warming up, or that lies with validators outside the set counts from the next proposal on.";
    BAD_VOTE = "E1317", "there is no such vote", "A vote is for, against, abstain or veto; one call names 1 to 32 validators.";
    NOT_PROPOSER = "E1318", "only the proposer may do this", "A proposal is taken back by who made it, before its vote. Others vote against it.";
    NO_DEPOSIT = "E1319", "there is no deposit to give back", "The account paid none for this proposal, or has it back, or it was burned: that happens after a veto or without a quorum.";
    WRONG_TIME = "E1320", "it is too early or too late to execute", "What passed waits for the delay of its lane, and can be executed by anybody within the execution window after it. What expired needs a new proposal.";
    ACTION_FAILED = "E1321", "an action of the proposal fails", "All actions of a proposal run or none. The state has changed since it was proposed; it can be tried again until it expires, for example once the treasury has the amount.";
    TREASURY_SHORT = "E1322", "the treasury has too little", "A payment takes at most what the treasury proper, or its programmes, hold. `bttc gov show ID` and the method btt_supply tell the amounts.";
}

/// The fault behind an error of a contract of governance, and its numbers in words; none for an error that is not known here.
pub(crate) fn of_governance(data: &[u8]) -> Option<(&'static Fault, String)> {
    if let Ok(error) = IGovernorErrors::abi_decode(data) {
        return Some(of_governor(&error));
    }
    if let Ok(error) = IParamsErrors::abi_decode(data) {
        return Some(of_params(&error));
    }
    if let Ok(error) = ITimelockErrors::abi_decode(data) {
        return Some(of_timelock(&error));
    }
    if let Ok(ISystemProxyErrors::NoCode(e)) = ISystemProxyErrors::abi_decode(data) {
        return Some((&ACTION_FAILED, format!("there is no contract at {}", e.implementation)));
    }
    match ITreasuryErrors::abi_decode(data).ok()? {
        ITreasuryErrors::Insufficient(e) => {
            let (got, needed) = (format_btt(e.available), format_btt(e.needed));
            Some((&TREASURY_SHORT, format!("it has {got}, {needed} are to be paid")))
        }
        ITreasuryErrors::PaymentRefused(e) => {
            Some((&ACTION_FAILED, format!("{} does not take {}", e.to, format_btt(e.amount))))
        }
        _ => None,
    }
}

fn state(number: u8) -> &'static str {
    state_name(State::try_from(number).unwrap_or(State::__Invalid))
}

fn lane(number: u8) -> &'static str {
    lane_name(lane_of_number(number))
}

fn of_governor(error: &IGovernorErrors) -> (&'static Fault, String) {
    use IGovernorErrors as E;
    match error {
        E::UnknownProposal(e) => (&UNKNOWN_PROPOSAL, format!("number {}; the newest is {}", e.id, e.count)),
        E::WrongState(e) => (&WRONG_STATE, format!("proposal {} is in the state {:?}", e.id, state(e.got))),
        E::CalldataTooLong(e) => (&BAD_ACTIONS, format!("{} bytes of calldata, at most {}", e.got, e.most)),
        E::FirstDepositTooSmall(e) => {
            (&WRONG_DEPOSIT, format!("{}, at least {} come with a proposal", format_btt(e.got), format_btt(e.least)))
        }
        E::DepositTooLarge(e) => {
            (&WRONG_DEPOSIT, format!("{}, only {} are missing", format_btt(e.got), format_btt(e.missing)))
        }
        E::NoDeposit(e) => (&NO_DEPOSIT, format!("none of {} for proposal {}", e.who, e.id)),
        E::NotProposer(e) => (&NOT_PROPOSER, format!("proposal {} is of {}, not of {}", e.id, e.expected, e.got)),
        E::AlreadyBurned(e) => (&NO_DEPOSIT, format!("that of proposal {} is burned already", e.id)),
        E::ReturnRefused(e) => (&NO_DEPOSIT, format!("{} does not take {}", e.to, format_btt(e.amount))),
        E::BadChoice(e) => (&BAD_VOTE, format!("{}, allowed are {} to {}", e.got, e.least, e.most)),
        E::WrongOperatorCount(e) => (&BAD_VOTE, format!("{} validators, allowed are {} to {}", e.got, e.least, e.most)),
        E::NoWeight(e) if e.voter == e.operator => {
            (&NO_WEIGHT, format!("{} has no pool in the vote on proposal {}", e.voter, e.id))
        }
        E::NoWeight(e) => {
            (&NO_WEIGHT, format!("{} has none at {} in the vote on proposal {}", e.voter, e.operator, e.id))
        }
        E::PoolExceeded(e) => {
            (&NO_WEIGHT, format!("{} of {} at {}", format_btt(e.got), format_btt(e.most), e.operator))
        }
        E::LengthsDiffer(e) => {
            (&BAD_ACTIONS, format!("{} targets, {} values, {} calldatas", e.targets, e.values, e.calldatas))
        }
        E::WrongActionCount(e) => (&BAD_ACTIONS, format!("{} actions, allowed are {} to {}", e.got, e.least, e.most)),
        E::NotAllowed(e) => not_allowed(e.target, e.selector.as_slice()),
        E::ValueNotZero(e) => (&BAD_ACTIONS, format!("action {} carries {}", e.action, format_btt(e.got))),
        E::BadCalldata(e) => {
            (&BAD_ACTIONS, format!("{} bytes of calldata for {}, expected {}", e.length, e.target, e.expected))
        }
        E::MixedLanes(e) => (
            &MIXED_LANES,
            format!("the first is of the {} lane, action {} of the {} lane", lane(e.first), e.action, lane(e.other)),
        ),
    }
}

/// As the chain and as this program says it beforehand.
pub(crate) fn not_allowed(target: Address, selector: &[u8]) -> (&'static Fault, String) {
    (&NOT_ALLOWED_ACTION, format!("a call of {target} with the selector {}", hex::encode_prefixed(selector)))
}

fn id(id: U256) -> u64 {
    id.saturating_to()
}

fn of_params(error: &IParamsErrors) -> (&'static Fault, String) {
    use IParamsErrors as E;
    let pair = |name: U256, value: U256| format!("{} would be {}", spelling(id(name)), format(id(name), value));
    match error {
        E::UnknownParam(e) => (&UNKNOWN_PARAM, format!("number {}; there are {}", e.id, e.count)),
        E::OutOfBounds(e) => out_of_bounds(id(e.id), e.got, (e.min, e.max)),
        E::StepTooLarge(e) => step_too_large(id(e.id), e.got, e.from, e.step),
        E::CoolingDown(e) => cooling_down(id(e.id), e.until.saturating_to()),
        E::StillPending(e) => still_pending(id(e.id), e.pending),
        E::Unchanged(e) => unchanged(id(e.id), e.value),
        E::WrongOrder(e) => {
            let (low, high) = (pair(e.low, e.lowValue), pair(e.high, e.highValue));
            (&CONFLICT, format!("{low}, above {high}"))
        }
        E::SumTooLarge(e) => (
            &CONFLICT,
            format!("{}, {}: together at most {}%", pair(e.id, e.value), pair(e.otherId, e.otherValue), e.most),
        ),
        E::NotMultiple(e) => (&CONFLICT, format!("{}, which is no multiple of {}", pair(e.id, e.got), e.factor)),
        E::BadForkName(e) => (&FORK_PLAN, format!("its name has {} bytes, allowed are 1 to {}", e.length, e.most)),
        E::ForkNotAhead(e) => {
            (&FORK_PLAN, format!("{} is not after {}", time(e.time.saturating_to()), time(e.nowTime.saturating_to())))
        }
        E::ForkAlreadyPlanned(e) => {
            (&FORK_PLAN, format!("{:?} is planned for {} already", clean(&e.name), time(e.time.saturating_to())))
        }
        E::NoForkAhead(_) => (&FORK_PLAN, "there is no plan ahead that could be canceled".to_owned()),
    }
}

/// `of` names the parameter; bounds least first.
pub(crate) fn out_of_bounds(of: u64, got: U256, bounds: (U256, U256)) -> (&'static Fault, String) {
    let text = format!(
        "{} cannot be {}; allowed are {} to {}",
        spelling(of),
        format(of, got),
        format(of, bounds.0),
        format(of, bounds.1)
    );
    (&OUT_OF_BOUNDS, text)
}

pub(crate) fn step_too_large(of: u64, got: U256, from: U256, step: U256) -> (&'static Fault, String) {
    let (least, most) = (from.saturating_sub(step), from.saturating_add(step));
    let text = format!(
        "{} is {} and moves by at most {} at once: not to {}, but to {} to {}",
        spelling(of),
        format(of, from),
        format(of, step),
        format(of, got),
        format(of, least),
        format(of, most)
    );
    (&STEP_TOO_LARGE, text)
}

pub(crate) fn cooling_down(of: u64, until: u64) -> (&'static Fault, String) {
    (&COOLING_DOWN, format!("{} can change again from {}", spelling(of), time(until)))
}

pub(crate) fn still_pending(of: u64, pending: U256) -> (&'static Fault, String) {
    (&STILL_PENDING, format!("{} becomes {}", spelling(of), format(of, pending)))
}

pub(crate) fn unchanged(of: u64, value: U256) -> (&'static Fault, String) {
    (&UNCHANGED, format!("{} is {}", spelling(of), format(of, value)))
}

fn of_timelock(error: &ITimelockErrors) -> (&'static Fault, String) {
    use ITimelockErrors as E;
    match error {
        E::AlreadyQueued(e) => (&WRONG_STATE, format!("proposal {} is queued already", e.id)),
        E::NotQueued(e) => (&WRONG_STATE, format!("proposal {} is not queued", e.id)),
        E::AlreadyExecuted(e) => (&WRONG_STATE, format!("proposal {} is executed already", e.id)),
        E::TooEarly(e) => {
            (&WRONG_TIME, format!("proposal {} can be executed from {}", e.id, time(e.eta.saturating_to())))
        }
        E::Expired(e) => (&WRONG_TIME, format!("proposal {} expired at {}", e.id, time(e.expiry.saturating_to()))),
        E::WrongActions(e) => (&BAD_ACTIONS, format!("those of proposal {} are others", e.id)),
        E::WrongLane(e) => (
            &WRONG_LANE,
            format!("proposal {} is of the {} lane, not of the {} lane", e.id, lane(e.got), lane(e.expected)),
        ),
        E::ActionFailed(e) => {
            (&ACTION_FAILED, format!("action {} of proposal {}, a call of {}", e.action, e.id, e.target))
        }
        E::NoCode(e) => {
            (&ACTION_FAILED, format!("action {} of proposal {}: there is no contract at {}", e.action, e.id, e.target))
        }
        E::WrongCaller(e) => (&NOT_ALLOWED_ACTION, format!("{} calls, only {} may", e.got, e.expected)),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::commands::wallet::faults::{find, of_revert};
    use alloy_sol_types::SolError;
    use bttc_contracts::params::IParams;

    /// All that the contracts can throw, whatever its numbers are.
    #[test]
    fn every_error_of_the_contracts_is_explained() {
        let selectors: Vec<[u8; 4]> = IGovernorErrors::selectors()
            .chain(IParamsErrors::selectors())
            .chain(ITimelockErrors::selectors())
            .collect();
        assert!(selectors.len() > 35);
        for selector in selectors {
            // Zeros are an empty string too; its offset is the beginning.
            let data = [&selector[..], &[0; 192]].concat();
            let (fault, detail) = of_governance(&data).unwrap();
            assert!(find(fault.id).is_some() && !detail.is_empty());
            assert!(of_revert(&data).to_string().contains("bttc explain E13"), "{fault:?}");
            let most = [&selector[..], &[0xff; 192]].concat();
            assert!(!of_revert(&most).to_string().is_empty());
        }
    }

    #[test]
    fn bounds_are_told_in_the_units_of_the_parameter() {
        let n = |gwei: u64| U256::from(gwei) * U256::from(1_000_000_000u64);
        let data = IParams::OutOfBounds { id: U256::ZERO, got: n(1), min: n(300), max: n(100_000) }.abi_encode();
        assert_eq!(
            of_revert(&data).to_string(),
            "E1302: the value is out of bounds: minBaseFee cannot be 1 gwei; allowed are 300 gwei to 100,000 gwei (more: bttc explain E1302)"
        );
        let (_, text) = step_too_large(31, U256::from(864_000), U256::from(432_000), U256::from(86_400));
        assert_eq!(text, "votingPeriod is 5 d and moves by at most 1 d at once: not to 10 d, but to 4 d to 6 d");
    }
}
