//! What a proposal can do: its actions, taken apart and put together, and the lane that they take.
//!
//! Source: docs/staking.md, section 10, and `contracts/system/Lanes.sol`. The chain decides; this is for showing and for asking beforehand.

use crate::{
    addresses as at,
    bridge::IBridgeInbox,
    governor::IGovernor::State,
    param_defaults::default_of,
    params::IParams::{self, Lane},
    system::ISystemProxy,
    treasury::ITreasury,
};
use alloy_primitives::{Address, B256, Bytes, Selector, U256};
use alloy_sol_types::SolCall;

/// Ways to vote, by their numbers from 1 on.
pub const CHOICES: [&str; 4] = ["for", "against", "abstain", "veto"];

/// Most actions of a proposal.
pub const MAX_ACTIONS: usize = 16;

/// Most bytes of calldata in one proposal.
pub const MAX_CALLDATA: usize = 8_192;

/// Most bytes of the name of a fork.
pub const MAX_FORK_NAME: usize = 32;

/// The proposer brings at least the deposit divided by this.
pub const FIRST_DEPOSIT: u64 = 10;

/// Most validators that one call overrides.
pub const MAX_OPERATORS: usize = 32;

/// Time to complete a deposit. Unit: seconds.
pub const DEPOSIT_PERIOD: u64 = 1_209_600;

alloy_sol_types::sol! {
    /// What only governance calls, of contracts that have no other binding.
    #[derive(Debug, PartialEq, Eq)]
    interface IAirdropRounds { function setRoot(uint256 round, bytes32 root) external; }
}

/// The name of a vote; none for no vote.
pub fn choice_name(choice: u8) -> Option<&'static str> {
    CHOICES.get(usize::from(choice).checked_sub(1)?).copied()
}

/// The number of a vote by its name.
pub fn choice_of(name: &str) -> Option<u8> {
    let place = CHOICES.iter().position(|known| known.eq_ignore_ascii_case(name))?;
    u8::try_from(place).ok()?.checked_add(1)
}

/// The name of a lane.
pub const fn lane_name(lane: Lane) -> &'static str {
    match lane {
        Lane::Standard => "standard",
        Lane::Long => "long",
        Lane::Expedited => "expedited",
        Lane::__Invalid => "unknown",
    }
}

/// The lane of this number.
pub fn lane_of_number(number: u8) -> Lane {
    Lane::try_from(number).unwrap_or(Lane::__Invalid)
}

/// The name of a state.
pub const fn state_name(state: State) -> &'static str {
    match state {
        State::Deposit => "deposit",
        State::Lapsed => "lapsed",
        State::Canceled => "canceled",
        State::Waiting => "waiting",
        State::Voting => "voting",
        State::NoQuorum => "noQuorum",
        State::Vetoed => "vetoed",
        State::Defeated => "defeated",
        State::Succeeded => "succeeded",
        State::Queued => "queued",
        State::Executed => "executed",
        State::Expired => "expired",
        State::__Invalid => "unknown",
    }
}

/// Whether a proposal in this state can still come to anything.
pub const fn is_open(state: State) -> bool {
    matches!(state, State::Deposit | State::Waiting | State::Voting | State::Succeeded | State::Queued)
}

/// One call that the timelock makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A parameter changes.
    SetParam {
        /// Which one ([`crate::param_table`]).
        id: u64,
        /// Its new value, in the unit of the contract.
        value: U256,
    },
    /// A fork is planned.
    PlanFork {
        /// Of the rules.
        name: String,
        /// From when on they hold. Unit: Unix seconds.
        time: u64,
    },
    /// The plan ahead is taken back.
    CancelFork,
    /// The treasury pays.
    Spend {
        /// To whom.
        to: Address,
        /// Unit: wei.
        amount: U256,
        /// From the programmes, not from the treasury proper.
        programme: bool,
    },
    /// A round of the airdrop gets its list.
    SetRoot {
        /// Which one.
        round: U256,
        /// Of the tree of its claims.
        root: B256,
    },
    /// A system contract gets other code.
    Upgrade {
        /// The contract.
        proxy: Address,
        /// Where the code stands.
        implementation: Address,
        /// What it is then called with; nothing for no call.
        data: Bytes,
    },
    /// Anything else.
    Call {
        /// The target.
        to: Address,
        /// Selector and arguments.
        data: Bytes,
    },
}

impl Action {
    /// What a call does, by its target and calldata.
    pub fn decode(target: Address, data: &[u8]) -> Self {
        Self::known(target, data)
            // What is not written as the compiler would is shown as it is.
            .filter(|action| action.call() == (target, Bytes::copy_from_slice(data)))
            .unwrap_or_else(|| Self::Call { to: target, data: Bytes::copy_from_slice(data) })
    }

    fn known(target: Address, data: &[u8]) -> Option<Self> {
        if let Some(of) = decoded::<ISystemProxy::upgradeToAndCallCall>(data) {
            return Some(Self::Upgrade { proxy: target, implementation: of.implementation, data: of.data });
        }
        match target {
            at::PARAMS => {
                if let Some(of) = decoded::<IParams::setCall>(data) {
                    return Some(Self::SetParam { id: u64::try_from(of.id).ok()?, value: of.value });
                }
                if let Some(of) = decoded::<IParams::planForkCall>(data) {
                    return Some(Self::PlanFork { name: of.name, time: of.time });
                }
                decoded::<IParams::cancelForkCall>(data).map(|_| Self::CancelFork)
            }
            at::TREASURY => {
                if let Some(of) = decoded::<ITreasury::spendCall>(data) {
                    return Some(Self::Spend { to: of.to, amount: of.amount, programme: false });
                }
                let of = decoded::<ITreasury::spendProgrammeCall>(data)?;
                Some(Self::Spend { to: of.to, amount: of.amount, programme: true })
            }
            at::AIRDROP => {
                let of = decoded::<IAirdropRounds::setRootCall>(data)?;
                Some(Self::SetRoot { round: of.round, root: of.root })
            }
            _ => None,
        }
    }

    /// Target and calldata.
    pub fn call(&self) -> (Address, Bytes) {
        match self {
            Self::SetParam { id, value } => {
                (at::PARAMS, IParams::setCall { id: U256::from(*id), value: *value }.abi_encode().into())
            }
            Self::PlanFork { name, time } => {
                (at::PARAMS, IParams::planForkCall { name: name.clone(), time: *time }.abi_encode().into())
            }
            Self::CancelFork => (at::PARAMS, IParams::cancelForkCall {}.abi_encode().into()),
            Self::Spend { to, amount, programme: false } => {
                (at::TREASURY, ITreasury::spendCall { to: *to, amount: *amount }.abi_encode().into())
            }
            Self::Spend { to, amount, programme: true } => {
                (at::TREASURY, ITreasury::spendProgrammeCall { to: *to, amount: *amount }.abi_encode().into())
            }
            Self::SetRoot { round, root } => {
                (at::AIRDROP, IAirdropRounds::setRootCall { round: *round, root: *root }.abi_encode().into())
            }
            Self::Upgrade { proxy, implementation, data } => {
                let call = ISystemProxy::upgradeToAndCallCall { implementation: *implementation, data: data.clone() };
                (*proxy, call.abi_encode().into())
            }
            Self::Call { to, data } => (*to, data.clone()),
        }
    }

    /// The lane that it takes; none if governance may not do it at all, or if this program does not know the parameter.
    pub fn lane(&self) -> Option<Lane> {
        match self {
            Self::SetParam { id, .. } => default_of(*id).map(|of| of.lane),
            Self::PlanFork { .. } | Self::CancelFork => Some(Lane::Long),
            Self::Spend { .. } | Self::SetRoot { .. } => Some(Lane::Standard),
            Self::Upgrade { proxy, .. } => is_proxy(*proxy).then_some(Lane::Long),
            Self::Call { to, data } => raw_lane(*to, data),
        }
    }
}

fn decoded<C: SolCall>(data: &[u8]) -> Option<C> {
    C::abi_decode(data).ok()
}

/// The lane of calldata that is not written as the compiler would write it; the chain goes by target and selector.
fn raw_lane(to: Address, data: &[u8]) -> Option<Lane> {
    let selector = Selector::try_from(data.get(..4)?).ok()?;
    match to {
        _ if selector == ISystemProxy::upgradeToAndCallCall::SELECTOR && is_proxy(to) => Some(Lane::Long),
        at::PARAMS if selector == IParams::planForkCall::SELECTOR => Some(Lane::Long),
        at::PARAMS if selector == IParams::cancelForkCall::SELECTOR => Some(Lane::Long),
        at::TREASURY if selector == ITreasury::spendCall::SELECTOR => Some(Lane::Standard),
        at::TREASURY if selector == ITreasury::spendProgrammeCall::SELECTOR => Some(Lane::Standard),
        at::AIRDROP if selector == IAirdropRounds::setRootCall::SELECTOR => Some(Lane::Standard),
        at::BRIDGE_INBOX | at::BRIDGE_OUTBOX => {
            let fast = [
                IBridgeInbox::pauseCall::SELECTOR,
                IBridgeInbox::unpauseCall::SELECTOR,
                IBridgeInbox::setLimitCall::SELECTOR,
            ];
            Some(if fast.contains(&selector.0) { Lane::Expedited } else { Lane::Long })
        }
        _ => None,
    }
}

fn is_proxy(address: Address) -> bool {
    system_contract_name(address).is_some()
}

/// The name of a system contract that governance can upgrade.
pub fn system_contract_name(address: Address) -> Option<&'static str> {
    Some(match address {
        at::VALIDATOR_SET => "ValidatorSet",
        at::BRIDGE_INBOX => "BridgeInbox",
        at::STAKING => "Staking",
        at::TREASURY => "Treasury",
        at::GOVERNOR => "Governor",
        at::TIMELOCK => "Timelock",
        at::PARAMS => "Params",
        at::BRIDGE_OUTBOX => "BridgeOutbox",
        at::SUPPLY => "Supply",
        at::VESTING => "Vesting",
        at::AIRDROP => "Airdrop",
        _ => return None,
    })
}

/// The address of a system contract by its name, upper or lower case.
pub fn system_contract_of(name: &str) -> Option<Address> {
    let all = [
        at::VALIDATOR_SET,
        at::BRIDGE_INBOX,
        at::STAKING,
        at::TREASURY,
        at::GOVERNOR,
        at::TIMELOCK,
        at::PARAMS,
        at::BRIDGE_OUTBOX,
        at::SUPPLY,
        at::VESTING,
        at::AIRDROP,
    ];
    all.into_iter().find(|at| system_contract_name(*at).is_some_and(|known| known.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::bridge::IBridgeOutbox;
    use alloy_primitives::keccak256;

    #[test]
    fn actions_are_taken_apart_as_they_were_put_together() {
        let to = Address::repeat_byte(7);
        let data = Bytes::from_static(&[1, 2, 3]);
        let actions = [
            (Action::SetParam { id: 0, value: U256::from(8) }, Some(Lane::Standard)),
            (Action::SetParam { id: 31, value: U256::from(8) }, Some(Lane::Long)),
            (Action::SetParam { id: 99, value: U256::from(8) }, None),
            (Action::PlanFork { name: "Osaka".into(), time: 5 }, Some(Lane::Long)),
            (Action::CancelFork, Some(Lane::Long)),
            (Action::Spend { to, amount: U256::from(9), programme: false }, Some(Lane::Standard)),
            (Action::Spend { to, amount: U256::from(9), programme: true }, Some(Lane::Standard)),
            (Action::SetRoot { round: U256::from(1), root: B256::repeat_byte(2) }, Some(Lane::Standard)),
            (Action::Upgrade { proxy: at::STAKING, implementation: to, data: data.clone() }, Some(Lane::Long)),
            (Action::Upgrade { proxy: to, implementation: to, data: data.clone() }, None),
            (Action::Call { to, data: data.clone() }, None),
            (Action::Call { to: at::BRIDGE_INBOX, data: vec![0; 4].into() }, Some(Lane::Long)),
            (
                Action::Call { to: at::BRIDGE_OUTBOX, data: keccak256("pause(uint256)")[..4].to_vec().into() },
                Some(Lane::Expedited),
            ),
            (Action::Call { to: at::BRIDGE_OUTBOX, data }, None),
        ];
        for (action, lane) in actions {
            let (target, data) = action.call();
            assert_eq!(Action::decode(target, &data), action);
            assert_eq!(action.lane(), lane, "{action:?}");
        }
        // Something behind the arguments: not what the compiler writes, and not hidden.
        let (target, data) = Action::CancelFork.call();
        let longer: Bytes = [&data[..], &[1]].concat().into();
        let action = Action::decode(target, &longer);
        assert_eq!(action, Action::Call { to: target, data: longer });
        assert_eq!(action.lane(), Some(Lane::Long));
    }

    /// What `Lanes.sol` allows is what is allowed here.
    #[test]
    fn the_list_is_that_of_the_contract() {
        let source = include_str!("../../../contracts/system/Lanes.sol");
        let signatures: Vec<_> =
            source.split("keccak256(\"").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
        assert_eq!(signatures.len(), 6);
        let guards: Vec<_> =
            source.split("= IBridgeGuards.").skip(1).map(|rest| rest.split_once('.').unwrap().0).collect();
        assert_eq!(guards, ["pause", "unpause", "setLimit"]);
        for of in [
            IBridgeOutbox::pauseCall::SELECTOR,
            IBridgeOutbox::unpauseCall::SELECTOR,
            IBridgeOutbox::setLimitCall::SELECTOR,
        ] {
            assert!(
                [at::BRIDGE_INBOX, at::BRIDGE_OUTBOX].into_iter().all(|to| raw_lane(to, &of) == Some(Lane::Expedited))
            );
        }
        for signature in signatures {
            let data = keccak256(signature)[..4].to_vec();
            let targets = [at::PARAMS, at::TREASURY, at::AIRDROP, at::BRIDGE_INBOX, at::STAKING];
            assert!(targets.into_iter().any(|to| raw_lane(to, &data).is_some()), "{signature}");
        }
        assert!(source.contains("MAX_ACTIONS = 16"));
        let governor = include_str!("../../../contracts/system/Governor.sol");
        for name in ["FIRST_DEPOSIT = 10", "MAX_CALLDATA = 8_192", "DEPOSIT_PERIOD = 14 days"] {
            assert!(governor.contains(name), "{name}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for (number, name) in (1u8..).zip(CHOICES) {
            assert_eq!((choice_name(number), choice_of(name)), (Some(name), Some(number)));
        }
        assert_eq!((choice_name(0), choice_name(5), choice_of("maybe")), (None, None, None));
        assert_eq!(system_contract_of("governor"), Some(at::GOVERNOR));
        assert_eq!(system_contract_of("WBTT"), None);
        assert_eq!(lane_name(lane_of_number(1)), "long");
        assert_eq!(lane_name(lane_of_number(9)), "unknown");
    }
}
