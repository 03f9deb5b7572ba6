//! What somebody wants to propose, from the words of the command line.

use super::{args::ProposeArgs, who};
use crate::{
    address_book::AddressBook,
    commands::wallet::{faults_gov as faults, show},
};
use alloy_primitives::{Address, Bytes, U256};
use bttc_contracts::{
    governance::{Action, system_contract_of},
    param_units,
};
use bttc_primitives::parse_btt;
use eyre::{WrapErr, bail, eyre};
use std::{fs, path::Path, time::UNIX_EPOCH};

/// All actions, in the order of the help page.
///
/// Errors: nothing is proposed, a name is not known, a value cannot be read.
pub(crate) fn of_args(args: &ProposeArgs, book: &AddressBook) -> eyre::Result<Vec<Action>> {
    if args.is_empty() {
        bail!(
            "nothing is proposed; give --set, --plan-fork, --cancel-fork, --spend, --upgrade or --call (`bttc gov propose --help`)"
        );
    }
    let mut actions = args.sets.iter().map(|text| set(text)).collect::<eyre::Result<Vec<_>>>()?;
    if let (Some(name), Some(time)) = (&args.plan_fork, args.at) {
        actions.push(Action::PlanFork { name: name.clone(), time });
    }
    if args.cancel_fork {
        actions.push(Action::CancelFork);
    }
    for (pairs, programme) in [(&args.spends, false), (&args.programme_spends, true)] {
        for (to, amount) in by_two(pairs) {
            let amount = parse_btt(amount).map_err(|error| eyre!("{error}"))?;
            actions.push(Action::Spend { to: who::account(to, book)?, amount, programme });
        }
    }
    for (proxy, implementation) in by_two(&args.upgrades) {
        let proxy = match system_contract_of(proxy) {
            Some(address) => address,
            None => who::account(proxy, book)?,
        };
        let implementation = who::account(implementation, book)?;
        actions.push(Action::Upgrade { proxy, implementation, data: Bytes::new() });
    }
    for (to, data) in by_two(&args.calls) {
        let to: Address = match system_contract_of(to) {
            Some(address) => address,
            None => who::account(to, book)?,
        };
        let data: Bytes =
            data.parse().map_err(|_| eyre!("{data:?} is no calldata; write it in hex, such as 0x1234abcd"))?;
        actions.push(Action::decode(to, &data));
    }
    Ok(actions)
}

fn by_two(words: &[String]) -> impl Iterator<Item = (&str, &str)> {
    words.chunks_exact(2).filter_map(|pair| Some((pair.first()?.as_str(), pair.last()?.as_str())))
}

/// `NAME=VALUE`, with the value in the units of docs/parameters.md.
fn set(text: &str) -> eyre::Result<Action> {
    let Some((name, value)) = text.split_once('=') else {
        bail!("{text:?} is no change of a parameter; write NAME=VALUE, such as \"minBaseFee=8000 gwei\"");
    };
    let id = id_of(name)?;
    let value: U256 =
        param_units::parse(id, value).wrap_err_with(|| format!("{} stays as it is", param_units::spelling(id)))?;
    Ok(Action::SetParam { id, value })
}

/// The parameter that a word means.
pub(crate) fn id_of(name: &str) -> eyre::Result<u64> {
    param_units::id_of_spelling(name.trim())
        .ok_or_else(|| faults::UNKNOWN_PARAM.report(&format!("{:?}", show::clean(name.trim()))))
}

/// A time: Unix seconds, a date in UTC, or a time from now on.
pub(crate) fn when(text: &str) -> Result<u64, String> {
    let text = text.trim();
    if let Some(later) = text.strip_prefix('+') {
        let later = humantime::parse_duration(later).map_err(|error| format!("cannot read {text:?}: {error}"))?;
        return Ok(show::now().saturating_add(later.as_secs()));
    }
    if let Ok(unix) = text.parse() {
        return Ok(unix);
    }
    let time = humantime::parse_rfc3339_weak(text).map_err(|error| {
        format!(
            "cannot read the time {text:?}: {error}; write it such as 2027-01-31T12:00:00Z, as Unix seconds, or as +30d"
        )
    })?;
    Ok(time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()))
}

/// What the proposal says of itself: the title in the first line, then the description, which may stand in a file.
pub(crate) fn text(title: &str, description: &str) -> eyre::Result<String> {
    let title = title.trim();
    if title.is_empty() || title.contains(['\n', '\r']) {
        bail!("the title is one line that says what the proposal is about");
    }
    let path = Path::new(description);
    let body = match !description.is_empty() && !description.contains('\n') && path.is_file() {
        true => fs::read_to_string(path).wrap_err_with(|| format!("cannot read the description in {description}"))?,
        false => description.to_owned(),
    };
    Ok(match body.trim() {
        "" => title.to_owned(),
        body => format!("{title}\n\n{body}"),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::cli::{Cli, Command};
    use crate::commands::gov::args::GovAction;
    use bttc_contracts::addresses::{GOVERNOR, STAKING};
    use clap::Parser;

    fn args(words: &[&str]) -> ProposeArgs {
        let words = [&["bttc", "gov", "propose", "--title", "T"], words].concat();
        let Command::Gov(args) = Cli::try_parse_from(words).unwrap().command else { panic!() };
        let GovAction::Propose(args) = args.action else { panic!() };
        *args
    }

    fn read(words: &[&str]) -> eyre::Result<Vec<Action>> {
        of_args(&args(words), &AddressBook::open().unwrap())
    }

    #[test]
    fn every_form_is_an_action() {
        let one = Address::repeat_byte(1);
        let word = one.to_string();
        let actions = read(&[
            "--call",
            "Governor",
            "0x01020304",
            "--set",
            "minBaseFee=8000 gwei",
            "--set",
            "commission-notice=4d",
            "--spend",
            &word,
            "1.5",
            "--spend-programme",
            &word,
            "2 BTT",
            "--upgrade",
            "staking",
            &word,
            "--plan-fork",
            "Next",
            "--at",
            "1900000000",
        ])
        .unwrap();
        let btt = U256::from(10u64).pow(U256::from(18));
        let expected = [
            Action::SetParam { id: 0, value: U256::from(8_000_000_000_000u64) },
            Action::SetParam { id: 15, value: U256::from(345_600) },
            Action::PlanFork { name: "Next".to_owned(), time: 1_900_000_000 },
            Action::Spend { to: one, amount: btt * U256::from(3) / U256::from(2), programme: false },
            Action::Spend { to: one, amount: btt * U256::from(2), programme: true },
            Action::Upgrade { proxy: STAKING, implementation: one, data: Bytes::new() },
            Action::Call { to: GOVERNOR, data: Bytes::from_static(&[1, 2, 3, 4]) },
        ];
        assert_eq!(actions, expected);
        assert_eq!(read(&["--cancel-fork"]).unwrap(), [Action::CancelFork]);
        // A call that is known by its bytes is told as what it is.
        let (to, data) = Action::CancelFork.call();
        assert_eq!(read(&["--call", &to.to_string(), &data.to_string()]).unwrap(), [Action::CancelFork]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let fails = |words: &[&str]| format!("{:#}", read(words).unwrap_err());
        assert!(fails(&[]).contains("nothing is proposed"));
        assert!(fails(&["--set", "minBaseFee"]).contains("NAME=VALUE"));
        assert!(fails(&["--set", "minBaseFees=1 gwei"]).contains("E1301"));
        assert!(fails(&["--set", "minBaseFee=8000"]).contains("it has no unit"));
        assert!(fails(&["--spend", "nobody", "1"]).contains("address book"));
        assert!(fails(&["--call", &Address::ZERO.to_string(), "xyz"]).contains("no calldata"));
        let refused = |words: &[&str]| {
            Cli::try_parse_from([&["bttc", "gov", "propose", "--title", "T"], words].concat()).is_err()
        };
        assert!(refused(&["--plan-fork", "Next"]) && refused(&["--at", "5"]) && refused(&["--force"]));
        assert!(refused(&["--plan-fork", "Next", "--at", "5", "--cancel-fork"]));
    }

    #[test]
    fn times_and_texts() {
        assert_eq!(when("1900000000"), Ok(1_900_000_000));
        assert_eq!(when("2026-01-31T12:00:00Z"), Ok(1_769_860_800));
        assert_eq!(when("2026-01-31 12:00:00"), Ok(1_769_860_800));
        assert!(when("+30d").unwrap().abs_diff(show::now() + 2_592_000) < 5);
        assert!(when("tomorrow").is_err() && when("+soon").is_err());
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("why.md");
        fs::write(&file, "Because.\n").unwrap();
        assert_eq!(text(" Lower fees ", file.to_str().unwrap()).unwrap(), "Lower fees\n\nBecause.");
        assert_eq!((text("A", "why").unwrap(), text("A", "").unwrap()), ("A\n\nwhy".to_owned(), "A".to_owned()));
        assert!(text(" ", "").is_err() && text("a\nb", "").is_err());
    }
}
