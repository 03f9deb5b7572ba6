//! Passwords and private keys on their way in: from a file or a prompt, never from the command line.

use alloy_signer_local::PrivateKeySigner;
use bttc_node::read_secret_line as from_file;
use eyre::{WrapErr, bail, eyre};
use std::{io::IsTerminal, path::Path};
use zeroize::Zeroizing;

/// Text that is wiped from memory when it is dropped.
pub(crate) type Secret = Zeroizing<String>;

/// A password for a new file: asked for twice, unless a file holds it.
pub(crate) fn new_password(file: Option<&Path>) -> eyre::Result<Secret> {
    if let Some(file) = file {
        return from_file(file, "password");
    }
    let password = prompt("Password for the new key file: ")?;
    if password.is_empty() {
        bail!("an empty password protects nothing; choose one, or give a file with --password-file");
    }
    if *password != *prompt("The same password again: ")? {
        bail!("the two passwords differ; nothing was written");
    }
    Ok(password)
}

/// The password of a file that exists.
pub(crate) fn password(file: Option<&Path>) -> eyre::Result<Secret> {
    match file {
        Some(file) => from_file(file, "password"),
        None => prompt("Password: "),
    }
}

/// The password of `what`, asked for; `flag` names the file that could have held it.
pub(crate) fn password_of(what: &str, flag: &str) -> eyre::Result<Secret> {
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask for the password of the {what} on; give a file with {flag}");
    }
    prompt(&format!("Password of the {what}: "))
}

/// A private key as hex.
pub(crate) fn private_key(file: Option<&Path>) -> eyre::Result<PrivateKeySigner> {
    let text = match file {
        Some(file) => from_file(file, "private key")?,
        None => prompt("Private key (64 hex digits, not shown): ")?,
    };
    // The library's error is left out: it may repeat what was typed.
    text.trim()
        .parse()
        .map_err(|_| eyre!("that is no private key; it is 64 hex digits, not all zero, with or without 0x"))
}

fn prompt(question: &str) -> eyre::Result<Secret> {
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask on; give a file with --password-file (and --key-file for a private key)");
    }
    rpassword::prompt_password(question).map(Zeroizing::new).wrap_err("cannot read from the terminal")
}
