//! `bttc account new|list|import|export`; `book` is in [`super::book`]

use crate::{
    cli::{AccountAction, AccountArgs},
    keystore::{Keystore, write_private},
    secrets,
};
use alloy_primitives::{Address, hex};
use alloy_signer_local::PrivateKeySigner;
use eyre::{WrapErr, bail};
use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::PathBuf,
};
use zeroize::Zeroizing;

const WARNING: &str =
    "Whoever sees this private key owns everything of the account, for ever. Nobody who helps you needs it.";

pub(crate) fn run(args: AccountArgs, out: &mut impl Write) -> eyre::Result<()> {
    let keystore = Keystore::new(match args.keystore {
        Some(dir) => dir,
        None => bttc_node::default_data_home().wrap_err("say where the keys lie with --keystore DIR")?.join("keystore"),
    });
    match args.action {
        AccountAction::New(password) => {
            let password = secrets::new_password(password.password_file.as_deref())?;
            add(&keystore, &PrivateKeySigner::random(), &password, out)
        }
        AccountAction::Import { key_file, password } => {
            let key = secrets::private_key(key_file.as_deref())?;
            let password = secrets::new_password(password.password_file.as_deref())?;
            add(&keystore, &key, &password, out)
        }
        AccountAction::List => list(&keystore, out),
        AccountAction::Book { action } => super::book::run(action, out),
        AccountAction::Export { address, out: file, yes, password } => {
            if !yes {
                confirm(address)?;
            }
            let password = secrets::password(password.password_file.as_deref())?;
            export(&keystore.open(address, &password)?, file, out)
        }
    }
}

fn add(keystore: &Keystore, key: &PrivateKeySigner, password: &str, out: &mut impl Write) -> eyre::Result<()> {
    let path = keystore.add(key, password)?;
    writeln!(out, "{}", key.address())?;
    writeln!(
        io::stderr(),
        "Kept in {}. Back up this file and its password: without both the account is lost.",
        path.display()
    )?;
    Ok(())
}

fn list(keystore: &Keystore, out: &mut impl Write) -> eyre::Result<()> {
    for file in keystore.list()? {
        let address =
            file.address.map_or_else(|| "(address not in the file)".to_owned(), |address| address.to_string());
        writeln!(out, "{address}  {}", file.path.display())?;
    }
    Ok(())
}

fn confirm(address: Address) -> eyre::Result<()> {
    if !io::stdin().is_terminal() {
        bail!(
            "giving out a private key has to be confirmed and there is no terminal to ask on; add --yes if it is meant"
        );
    }
    write!(io::stderr(), "{WARNING}\nType yes to give out the key of {address}: ")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).wrap_err("cannot read the answer")?;
    if answer.trim() != "yes" {
        bail!("the key was not given out");
    }
    Ok(())
}

fn export(key: &PrivateKeySigner, file: Option<PathBuf>, out: &mut impl Write) -> eyre::Result<()> {
    let text = Zeroizing::new(format!("{}\n", hex::encode_prefixed(key.to_bytes())));
    writeln!(io::stderr(), "{WARNING}")?;
    match file {
        None => out.write_all(text.as_bytes())?,
        Some(path) => {
            write_private(&path, text.as_bytes())?;
            writeln!(io::stderr(), "Written to {}.", path.display())?;
        }
    }
    Ok(())
}
