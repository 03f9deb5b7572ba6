//! `bttc stake` alone: asks step by step what to do, does it, and says by which command it can be done at once.

use super::{
    Context,
    amount::Amount,
    args::{KeyArgs, SendArgs, WaitArgs},
    delegate, positions, validators,
};
use eyre::{WrapErr, bail};
use std::{
    io::{self, BufRead, IsTerminal, Write},
    time::Duration,
};

const CHOICES: [(&str, &str); 8] = [
    ("validators", "see whom to stake with"),
    ("positions", "see what I have staked"),
    ("delegate", "stake"),
    ("undelegate", "take stake back"),
    ("redelegate", "move stake to another validator"),
    ("claim", "get rewards paid out"),
    ("restake", "stake rewards"),
    ("withdraw", "get paid out what is due"),
];

pub(crate) fn run(context: &Context, out: &mut impl Write) -> eyre::Result<()> {
    if !io::stdin().is_terminal() || context.json {
        bail!("what is to be done? `bttc stake --help` lists it; on a terminal, questions are asked one by one");
    }
    let mut ask = |question: &str| {
        write!(io::stderr(), "{question}: ")?;
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line).wrap_err("cannot read the answer")? {
            0 => bail!("the answers ended; nothing was sent"),
            _ => Ok(line.trim().to_owned()),
        }
    };
    for (number, (_, what)) in CHOICES.iter().enumerate() {
        writeln!(io::stderr(), "  {}  {what}", number.saturating_add(1))?;
    }
    let action = loop {
        if let Some(action) = choice(&ask("What do you want to do? (number)")?) {
            break action;
        }
        writeln!(io::stderr(), "Please type a number from 1 to {}.", CHOICES.len())?;
    };
    guide(context, action, &mut ask, out)
}

fn choice(answer: &str) -> Option<&'static str> {
    let number: usize = answer.parse().ok()?;
    CHOICES.get(number.checked_sub(1)?).map(|(action, _)| *action)
}

fn guide(
    context: &Context,
    action: &str,
    ask: &mut impl FnMut(&str) -> eyre::Result<String>,
    out: &mut impl Write,
) -> eyre::Result<()> {
    if matches!(action, "delegate" | "redelegate") {
        validators::list(context, out)?;
    }
    let mut words = vec![action.to_owned()];
    if action != "validators" {
        let account = ask("Your account (address or name; empty for the one of the keystore)")?;
        if action == "positions" {
            words.extend((!account.is_empty()).then_some(account.clone()));
            positions::run(context, words.get(1).map(String::as_str), out)?;
        } else {
            let args = send_args(account.clone());
            act(context, action, &args, ask, &mut words, out)?;
            if !account.is_empty() {
                words.extend(["--account".to_owned(), account]);
            }
        }
    } else {
        validators::list(context, out)?;
    }
    Ok(writeln!(out, "\nThe same at once: {}", one_line(&words))?)
}

fn act(
    context: &Context,
    action: &str,
    args: &SendArgs,
    ask: &mut impl FnMut(&str) -> eyre::Result<String>,
    words: &mut Vec<String>,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let validator = |ask: &mut dyn FnMut(&str) -> eyre::Result<String>, question: &str| loop {
        let answer = ask(question)?;
        match super::who::operator(&answer, &context.book, &context.node) {
            Ok(_) => return Ok::<_, eyre::Report>(answer),
            Err(error) => writeln!(io::stderr(), "{error}")?,
        }
    };
    let result = match action {
        "delegate" | "undelegate" => {
            let of = validator(ask, "Which validator (name or address)")?;
            let (text, amount) = amount(ask)?;
            words.extend([of.clone(), text]);
            match action {
                "delegate" => delegate::delegate(context, &of, amount, args, out),
                _ => delegate::undelegate(context, &of, amount, args, out),
            }
        }
        "redelegate" => {
            let from = validator(ask, "From which validator")?;
            let to = validator(ask, "To which validator")?;
            let (text, amount) = amount(ask)?;
            words.extend([from.clone(), to.clone(), text]);
            delegate::redelegate(context, (&from, &to), amount, args, out)
        }
        "restake" => {
            let of = validator(ask, "Rewards of which validator")?;
            words.push(of.clone());
            delegate::restake(context, &of, args, out)
        }
        "claim" => delegate::claim(context, &[], args, out),
        _ => delegate::withdraw(context, &[], args, out),
    };
    // Also who said no wants to know the command.
    match result {
        Err(error) if error.is::<super::send::NotConfirmed>() => Ok(writeln!(io::stderr(), "{error}")?),
        other => other,
    }
}

fn amount(ask: &mut impl FnMut(&str) -> eyre::Result<String>) -> eyre::Result<(String, Amount)> {
    loop {
        let text = ask("How much (BTT, a part such as 50%, or max)")?;
        match text.parse() {
            Ok(amount) => return Ok((text, amount)),
            Err(error) => writeln!(io::stderr(), "{error}")?,
        }
    }
}

fn send_args(account: String) -> SendArgs {
    SendArgs {
        keys: KeyArgs { account: (!account.is_empty()).then_some(account), ..KeyArgs::default() },
        yes: false,
        nonce: None,
        unsigned: None,
        wait: WaitArgs { timeout: Duration::from_secs(60) },
    }
}

/// The command as a shell takes it.
fn one_line(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '%');
    let quoted = |word: &String| match word.chars().all(plain) && !word.is_empty() {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    };
    format!("bttc stake {}", words.iter().map(quoted).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_number_is_an_action_and_every_action_is_a_command() {
        use crate::cli::Cli;
        use clap::CommandFactory;
        assert_eq!((choice("3"), choice("0"), choice("9"), choice("x")), (Some("delegate"), None, None, None));
        let root = Cli::command();
        let stake = root.find_subcommand("stake").unwrap();
        for (action, _) in CHOICES {
            assert!(stake.find_subcommand(action).is_some(), "{action}");
        }
    }

    #[test]
    fn the_line_can_be_pasted() {
        let words = ["delegate", "North Star", "1.5 BTT", "a'b"].map(str::to_owned);
        assert_eq!(one_line(&words), r"bttc stake delegate 'North Star' '1.5 BTT' 'a'\''b'");
        assert_eq!(one_line(&["claim".to_owned()]), "bttc stake claim");
    }
}
