//! `bttc`: everything a person runs.
//!
//! This program is thin: [`cli`] is the grammar, each file of [`commands`] one command, and the work is in the crates. A fault of the command
//! line and a transaction that nobody confirmed end with code 2, any other with code 1 and one paragraph that says what, why and what to do.

mod address_book;
mod banner;
mod cli;
mod commands;
mod dotted;
mod keystore;
mod secrets;
mod testnet;

use clap::Parser;
use cli::{Cli, Command};
use std::{
    io::{self, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    // Whatever asks a node over HTTP needs it, with `https` or without; nothing was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (arguments, flags) = dotted::split(std::env::args_os());
    let cli = match Cli::try_parse_from(arguments).and_then(|cli| cli.takes(&flags).map(|()| cli)) {
        Ok(cli) => cli,
        Err(usage) => {
            let printed = usage.print();
            return if printed.is_ok() && !usage.use_stderr() { ExitCode::SUCCESS } else { ExitCode::from(2) };
        }
    };
    let out = &mut io::stdout().lock();
    let result = match cli.command {
        Command::Node(args) => commands::node::run(args, &flags, out),
        Command::Config(args) => commands::config::run(args, &flags, out),
        Command::Init(args) => commands::init::run(args, &flags, out),
        Command::Genesis(args) => commands::genesis::run(args, out),
        Command::Import(args) => commands::import::run(&args, &flags, out),
        Command::Account(args) => commands::account::run(args, out),
        Command::Stake(args) => commands::stake::run(*args, out),
        Command::Gov(args) => commands::gov::run(*args, out),
        Command::Bridge(args) => commands::bridge::run(*args, &flags, out),
        Command::Explain { id } => commands::wallet::explain(id.as_deref(), out),
        Command::Validator(args) => commands::validator::run(args, out),
        Command::Signer(args) => commands::signer::run(&args, out),
        Command::Db(args) => commands::db::run(args, &flags, out),
        Command::Testnet(args) => testnet::run(args, out),
        Command::Peers(args) => commands::peers::run(&args, &flags, out),
        Command::Completions(args) => commands::completions::run(&args, out),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough (`bttc ... | head`).
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell if standard error is closed too.
            let _closed = writeln!(io::stderr(), "Error: {}", paragraph(&error));
            // A dry run is no fault, but nothing was done either.
            if error.is::<commands::wallet::NotConfirmed>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn is_broken_pipe(error: &eyre::Report) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The error and its causes as one sentence; a cause that the text above it tells already is not told twice.
fn paragraph(error: &eyre::Report) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use eyre::WrapErr;

    #[test]
    fn a_cause_is_told_once() {
        let fatal = bttc_primitives::Fatal::while_doing("opening the store", io::Error::other("disk full"));
        let error = Err::<(), _>(fatal).wrap_err("cannot start").unwrap_err();
        assert_eq!(paragraph(&error), "cannot start: opening the store: disk full");
    }
}
