//! `bttc validator keygen|show|prove|reset-sign-state`

use crate::{
    cli::{ChainArgs, ValidatorAction, ValidatorArgs},
    keystore, secrets,
};
use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use bttc_node::{KEY_FILE, SIGN_STATE_FILE, SignState, SignStateFile};
use eyre::{WrapErr, bail};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

pub(crate) fn run(args: ValidatorArgs, out: &mut impl Write) -> eyre::Result<()> {
    match args.action {
        ValidatorAction::Keygen { dir, chain, password } => {
            let chain_id = chain_id(&chain)?;
            for file in [KEY_FILE, SIGN_STATE_FILE].map(|name| dir.join(name)) {
                if file.symlink_metadata().is_ok() {
                    bail!("{} exists already; nothing was written; choose another --dir", file.display());
                }
            }
            let password = secrets::new_password(password.password_file.as_deref())?;
            keygen(&dir, chain_id, &password, out)
        }
        ValidatorAction::Show { dir } => show(&dir, out),
        ValidatorAction::Prove { dir, operator, chain, password } => {
            let file = password.password_file.as_deref();
            let (signer, proof) = super::stake::prove(&dir, file, chain_id(&chain)?, operator)?;
            Ok(writeln!(out, "--signer {signer} --proof {proof}")?)
        }
        ValidatorAction::ResetSignState { dir, height, chain, yes_i_know } => {
            reset(&dir, height, chain_id(&chain)?, yes_i_know, out)
        }
    }
}

/// The chain that the arguments name.
pub(crate) fn chain_id(args: &ChainArgs) -> eyre::Result<u64> {
    match (&args.chain, args.chain_id) {
        (Some(chain), _) => Ok(bttc_node::load_spec(chain)?.0.chain_id()),
        (None, Some(chain_id)) => Ok(chain_id),
        (None, None) => bail!("which chain? Give --chain NAME or --chain-id ID"),
    }
}

/// Makes a consensus key and its sign state in `dir`; its address and the key's file.
pub(crate) fn make_key(dir: &Path, chain_id: u64, password: &str) -> eyre::Result<(Address, PathBuf)> {
    let key = PrivateKeySigner::random();
    let path = keystore::write_encrypted(dir, KEY_FILE, &key, password)?;
    SignStateFile::create(&dir.join(SIGN_STATE_FILE), &SignState::new(chain_id, key.address(), 0)).wrap_err_with(
        || format!("the key in {} is of no use without its sign state; remove it and begin again", path.display()),
    )?;
    Ok((key.address(), path))
}

fn keygen(dir: &Path, chain_id: u64, password: &str, out: &mut impl Write) -> eyre::Result<()> {
    let (address, path) = make_key(dir, chain_id, password)?;
    writeln!(out, "{address}")?;
    writeln!(
        io::stderr(),
        "Consensus key of chain {chain_id} in {}. Back up this file and its password, but never {SIGN_STATE_FILE} beside it: \
         an old copy of that would let the key sign twice, which costs stake.",
        path.display()
    )?;
    Ok(())
}

fn show(dir: &Path, out: &mut impl Write) -> eyre::Result<()> {
    let address = bttc_node::key_file_address(&dir.join(KEY_FILE))?;
    writeln!(out, "address     {address}")?;
    let state = SignStateFile::peek(&dir.join(SIGN_STATE_FILE))?;
    if state.address != address {
        bail!(
            "the sign state in {} is of the key {}; give the file that was made with this key",
            dir.display(),
            state.address
        );
    }
    writeln!(out, "chain id    {}", state.chain_id)?;
    writeln!(out, "signs above {}", state.floor)?;
    for signed in state.signed.iter().flatten() {
        let (at, hash) = (signed.position, signed.block_hash);
        let block = if hash == B256::ZERO { "nil".to_owned() } else { hash.to_string() };
        let step = at.step.to_string();
        writeln!(out, "{step:<11} height {} round {} block {block}", at.height, at.round)?;
    }
    if state.last().is_none() {
        writeln!(out, "nothing signed since then")?;
    }
    Ok(())
}

fn reset(dir: &Path, height: u64, chain_id: u64, confirmed: bool, out: &mut impl Write) -> eyre::Result<()> {
    let address = bttc_node::key_file_address(&dir.join(KEY_FILE))?;
    if !confirmed {
        bail!(
            "if the key {address} signs on another machine, or has signed above height {height}, this costs its stake. \
             When you are sure that neither is so, run it again with --yes-i-know"
        );
    }
    let path = dir.join(SIGN_STATE_FILE);
    SignStateFile::reset(&path, chain_id, address, height)?;
    writeln!(out, "{address} signs on chain {chain_id} above height {height} ({})", path.display())?;
    Ok(())
}
