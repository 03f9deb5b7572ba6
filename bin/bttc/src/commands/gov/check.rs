//! What the chain would refuse, refused before anything is sent, with the bounds.

use crate::commands::wallet::faults_gov as faults;
use alloy_primitives::U256;
use bttc_contracts::{
    governance::{Action, MAX_ACTIONS, MAX_CALLDATA, MAX_FORK_NAME, lane_name},
    params::IParams::{Lane, Param},
};
use std::collections::BTreeSet;

/// The lane that all actions share; `wanted` is what the proposer expects.
///
/// Errors: too many actions, one that governance may not do, two lanes, another lane than expected.
pub(crate) fn lane(actions: &[Action], params: &[Param], wanted: Option<&str>) -> eyre::Result<Lane> {
    let bytes: usize = actions.iter().map(|action| action.call().1.len()).sum();
    if actions.is_empty() || actions.len() > MAX_ACTIONS || bytes > MAX_CALLDATA {
        return Err(faults::BAD_ACTIONS.report(&format!(
            "{} actions with {bytes} bytes of calldata, allowed are 1 to {MAX_ACTIONS} with at most {MAX_CALLDATA}",
            actions.len()
        )));
    }
    let mut first: Option<(Lane, &Action)> = None;
    for action in actions {
        let lane = of(action, params)?;
        match first {
            None => first = Some((lane, action)),
            Some((other, before)) if other != lane => {
                let say = |lane, action| format!("`{}` takes the {} lane", words(action), lane_name(lane));
                return Err(faults::MIXED_LANES.report(&format!("{}, {}", say(other, before), say(lane, action))));
            }
            Some(_) => {}
        }
    }
    let lane = first.map_or(Lane::__Invalid, |(lane, _)| lane);
    match wanted {
        Some(wanted) if wanted != lane_name(lane) => {
            Err(faults::WRONG_LANE.report(&format!("it takes the {} lane, not the {wanted} lane", lane_name(lane))))
        }
        _ => Ok(lane),
    }
}

fn words(action: &Action) -> String {
    crate::commands::wallet::action_words(action, None)
}

/// The lane of one action; that of a parameter is told by the chain, which may know more of them.
fn of(action: &Action, params: &[Param]) -> eyre::Result<Lane> {
    if let Action::SetParam { id, .. } = action {
        return param(*id, params).map(|of| of.lane);
    }
    action.lane().ok_or_else(|| {
        let (target, data) = action.call();
        let (fault, detail) = faults::not_allowed(target, data.get(..4).unwrap_or(&data));
        fault.report(&detail)
    })
}

fn param(id: u64, params: &[Param]) -> eyre::Result<&Param> {
    let found = params.iter().find(|of| of.id == U256::from(id));
    found.ok_or_else(|| faults::UNKNOWN_PARAM.report(&format!("number {id}; the chain has {}", params.len())))
}

/// Changes of parameters, as the contract would check them at the Unix time `now`.
pub(crate) fn changes(actions: &[Action], params: &[Param], now: u64) -> eyre::Result<()> {
    let mut seen = BTreeSet::new();
    for action in actions {
        let Action::SetParam { id, value } = action else { continue };
        change(param(*id, params)?, *value, now).map_or(Ok(()), |(fault, detail)| Err(fault.report(&detail)))?;
        if !seen.insert(*id) {
            let (fault, detail) = faults::still_pending(*id, *value);
            return Err(fault.report(&format!("{detail}: two changes of one parameter stand in the proposal")));
        }
    }
    Ok(())
}

/// What is wrong with a change, if anything is.
fn change(of: &Param, value: U256, now: u64) -> Option<(&'static crate::commands::wallet::faults::Fault, String)> {
    let id: u64 = of.id.saturating_to();
    if of.isPending {
        return Some(faults::still_pending(id, of.pending));
    }
    if value < of.min || value > of.max {
        return Some(faults::out_of_bounds(id, value, (of.min, of.max)));
    }
    if value == of.value {
        return Some(faults::unchanged(id, value));
    }
    if value.abs_diff(of.value) > of.step {
        // What is out of bounds is not offered.
        let (fault, detail) = faults::step_too_large(id, value, of.value, of.step);
        return Some((fault, detail));
    }
    let until: u64 = of.changed.saturating_add(of.coolDown).saturating_to();
    if !of.changed.is_zero() && now < until {
        return Some(faults::cooling_down(id, until));
    }
    None
}

/// Plans of forks: a name of a fit length, and a time after the earliest execution.
pub(crate) fn forks(actions: &[Action], earliest: u64) -> eyre::Result<()> {
    for action in actions {
        let Action::PlanFork { name, time } = action else { continue };
        if name.is_empty() || name.len() > MAX_FORK_NAME {
            let detail = format!("its name has {} bytes, allowed are 1 to {MAX_FORK_NAME}", name.len());
            return Err(faults::FORK_PLAN.report(&detail));
        }
        if *time <= earliest {
            return Err(faults::FORK_PLAN.report(&format!(
                "it would begin at {}, but the proposal cannot be executed before {}",
                crate::commands::wallet::show::time(*time),
                crate::commands::wallet::show::time(earliest)
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use alloy_primitives::Address;
    use bttc_contracts::param_defaults::DEFAULTS;

    /// Mainnet, as it begins.
    fn params() -> Vec<Param> {
        let row = |(id, of): (u64, &bttc_contracts::param_defaults::ParamDefault)| Param {
            id: U256::from(id),
            value: U256::from(of.value),
            min: U256::from(of.min),
            max: U256::from(of.max),
            step: U256::from(of.step),
            coolDown: U256::from(of.cool_down),
            lane: of.lane,
            isPending: false,
            pending: U256::ZERO,
            changed: U256::ZERO,
        };
        (0..).zip(&DEFAULTS).map(row).collect()
    }

    fn set(id: u64, value: u64) -> Action {
        Action::SetParam { id, value: U256::from(value) }
    }

    #[test]
    fn a_proposal_has_one_lane() {
        let params = params();
        let refused = |actions: &[Action], wanted| lane(actions, &params, wanted).unwrap_err().to_string();
        assert_eq!(lane(&[set(0, 1), set(3, 1)], &params, Some("standard")).unwrap(), Lane::Standard);
        assert_eq!(lane(&[set(31, 1), Action::CancelFork], &params, None).unwrap(), Lane::Long);
        let text = refused(&[set(0, 1), set(31, 1)], None);
        assert!(
            text.starts_with("E1308") && text.contains("the standard lane") && text.contains("the long lane"),
            "{text}"
        );
        assert!(
            refused(&[set(0, 1)], Some("long"))
                .starts_with("E1309: the proposal takes another lane: it takes the standard lane")
        );
        let raw = Action::Call { to: Address::repeat_byte(3), data: vec![1, 2, 3, 4].into() };
        let text = refused(&[raw], None);
        assert!(text.starts_with("E1310") && text.contains("0x01020304"), "{text}");
        let short = Action::Call { to: Address::repeat_byte(3), data: vec![1].into() };
        assert!(refused(&[short], None).starts_with("E1310"));
        assert!(refused(&[], None).starts_with("E1311"));
        assert!(refused(&vec![set(0, 1); 17], None).starts_with("E1311"));
        assert!(refused(&[set(77, 1)], None).starts_with("E1301"));
    }

    #[test]
    fn bounds_steps_and_cool_downs_hold() {
        let gwei = 1_000_000_000;
        let mut all = params();
        let refused = |all: &[Param], action: Action| changes(&[action], all, 2_000_000).unwrap_err().to_string();
        changes(&[set(0, 8_000 * gwei), set(3, 60)], &all, 0).unwrap();
        changes(&[set(0, 12_000 * gwei)], &all, 0).unwrap();
        let text = refused(&all, set(0, 299 * gwei));
        assert!(text.contains("E1302") && text.contains("allowed are 300 gwei to 100,000 gwei"), "{text}");
        let text = refused(&all, set(0, 5_999 * gwei));
        assert!(text.contains("E1303") && text.contains("3,000 gwei at once"), "{text}");
        assert!(refused(&all, set(0, 9_000 * gwei)).contains("E1306"));
        let twice = changes(&[set(3, 51), set(3, 52)], &all, 0).unwrap_err().to_string();
        assert!(twice.contains("E1305") && twice.contains("two changes"), "{twice}");

        all[0].changed = U256::from(2_000_000 - 604_799);
        assert!(refused(&all, set(0, 8_000 * gwei)).contains("E1304"));
        all[0].changed = U256::from(2_000_000 - 604_800);
        changes(&[set(0, 8_000 * gwei)], &all, 2_000_000).unwrap();
        (all[0].isPending, all[0].pending) = (true, U256::from(7_000 * gwei));
        let text = refused(&all, set(0, 8_000 * gwei));
        assert!(text.contains("E1305") && text.contains("minBaseFee becomes 7,000 gwei"), "{text}");
    }

    #[test]
    fn a_fork_begins_after_its_vote() {
        let plan = |name: &str, time| [Action::PlanFork { name: name.to_owned(), time }];
        forks(&plan("Next", 101), 100).unwrap();
        for (name, time) in [("Next", 100), ("", 101), (&*"x".repeat(33), 101)] {
            assert!(forks(&plan(name, time), 100).unwrap_err().to_string().contains("E1312"), "{name}");
        }
    }
}
