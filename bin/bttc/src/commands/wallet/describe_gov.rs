//! Calls of `Governor` and the actions of proposals in words, from their bytes alone.

use super::show::{self, clean};
use alloy_primitives::{Address, U256, hex};
use alloy_sol_types::SolInterface;
use bttc_contracts::{
    governance::{Action, choice_name, system_contract_name},
    governor::IGovernor::IGovernorCalls as Calls,
    param_units,
};
use bttc_primitives::format_btt;

/// What the call does; none if it is not one that people make.
pub(crate) fn call(data: &[u8], value: U256) -> Option<String> {
    let text = match Calls::abi_decode(data).ok()? {
        Calls::propose(c) => {
            let actions = c.targets.iter().zip(&c.calldatas).map(|(to, data)| action(&Action::decode(*to, data), None));
            let actions: Vec<_> = actions.collect();
            format!(
                "proposes with a deposit of {} and the description {:?}: {}",
                format_btt(value),
                clean(&c.description),
                actions.join("; ")
            )
        }
        Calls::deposit(c) => format!("adds {} to the deposit of proposal {}", format_btt(value), c.id),
        Calls::cancel(c) => format!("takes proposal {} back before its vote", c.id),
        Calls::vote_0(c) => format!("votes {} on proposal {} with the pool of this operator", way(c.choice), c.id),
        Calls::vote_1(c) => format!(
            "votes {} on proposal {} with this account's own stake at {}",
            way(c.choice),
            c.id,
            c.operators.iter().map(Address::to_string).collect::<Vec<_>>().join(", ")
        ),
        Calls::queue(c) => format!("hands proposal {}, which passed, to the timelock", c.id),
        Calls::execute(c) => format!("carries out proposal {}", c.id),
        Calls::returnDeposit(c) => format!("gives {} back its deposit of proposal {}", c.who, c.id),
        Calls::burnDeposit(c) => format!("burns the deposit of proposal {}", c.id),
        _ => return None,
    };
    Some(text)
}

/// A vote as people write it.
fn way(choice: u8) -> String {
    choice_name(choice).map_or_else(|| format!("in a way that does not exist ({choice})"), str::to_owned)
}

/// What an action does, with the value before it where that is known.
pub(crate) fn action(action: &Action, old: Option<U256>) -> String {
    match action {
        Action::SetParam { id, value } => {
            let from = old.map(|old| format!(" from {}", param_units::format(*id, old))).unwrap_or_default();
            format!("sets {}{from} to {}", param_units::spelling(*id), param_units::format(*id, *value))
        }
        Action::PlanFork { name, time } => format!("plans the fork {:?} for {}", clean(name), show::time(*time)),
        Action::CancelFork => "takes the plan of a fork back".to_owned(),
        Action::Spend { to, amount, programme } => {
            let from = if *programme { "the treasury's programmes" } else { "the treasury" };
            format!("pays {} from {from} to {to}", format_btt(*amount))
        }
        Action::SetRoot { round, root } => format!("sets the list of round {round} of the airdrop to {root}"),
        Action::Upgrade { proxy, implementation, data } => {
            let then = if data.is_empty() { String::new() } else { format!(", then calls it with {data}") };
            format!("replaces the code of {} by that at {implementation}{then}", contract(*proxy))
        }
        Action::Call { to, data } => {
            let shown = data.get(..data.len().min(64)).unwrap_or_default();
            let more = if data.len() > 64 { format!("... ({} bytes)", data.len()) } else { String::new() };
            format!("calls {} with {}{more}", contract(*to), hex::encode_prefixed(shown))
        }
    }
}

pub(crate) use action as action_words;

fn contract(address: Address) -> String {
    match system_contract_name(address) {
        Some(name) => format!("{name} ({address})"),
        None => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use alloy_sol_types::SolCall;
    use bttc_contracts::governor::IGovernor;

    #[test]
    fn calls_are_told_from_their_bytes() {
        let (target, data) = Action::SetParam { id: 0, value: U256::from(8_000_000_000_000u64) }.call();
        let propose = IGovernor::proposeCall {
            targets: vec![target],
            values: vec![U256::ZERO],
            calldatas: vec![data],
            description: "Cheaper\u{1b}".to_owned(),
        };
        let btt = U256::from(10u64).pow(U256::from(18));
        let text = call(&propose.abi_encode(), btt).unwrap();
        assert_eq!(
            text,
            "proposes with a deposit of 1 BTT and the description \"Cheaper?\": sets minBaseFee to 8,000 gwei"
        );
        let operators = vec![Address::repeat_byte(1)];
        let vote = IGovernor::vote_1Call { id: U256::from(3), choice: 2, operators };
        assert!(
            call(&vote.abi_encode(), U256::ZERO)
                .unwrap()
                .starts_with("votes against on proposal 3 with this account's")
        );
        let vote = IGovernor::vote_0Call { id: U256::from(3), choice: 9 };
        assert!(call(&vote.abi_encode(), U256::ZERO).unwrap().contains("does not exist (9)"));
        assert!(call(&IGovernor::countCall {}.abi_encode(), U256::ZERO).is_none() && call(&[1], U256::ZERO).is_none());
    }

    #[test]
    fn long_calldata_is_cut_and_counted() {
        let raw = Action::Call { to: Address::repeat_byte(1), data: vec![7; 100].into() };
        let text = action(&raw, None);
        assert!(text.ends_with("07... (100 bytes)") && text.len() < 220, "{text}");
    }
}
