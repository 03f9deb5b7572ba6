//! Signing on a machine without a network: files that carry a transaction there and back.

use super::{
    Context,
    args::{KeyArgs, WaitArgs},
    describe, describe_bridge, describe_gov, faults,
    keys::Sender,
    plan::Unsigned,
    send, show,
    who::Names,
};
use alloy_consensus::{TxEnvelope, transaction::SignerRecoverable};
use alloy_eips::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, Bytes};
use bttc_contracts::addresses::{GOVERNOR, STAKING};
use bttc_primitives::format_btt;
use eyre::{WrapErr, bail, eyre};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// A transaction that is ready to be sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Signed {
    chain_id: u64,
    from: Address,
    hash: B256,
    raw: Bytes,
}

/// Writes a file that must not exist.
pub(crate) fn write_new(path: &Path, value: &impl Serialize) -> eyre::Result<()> {
    let text = format!("{}\n", serde_json::to_string_pretty(value)?);
    crate::keystore::write_private(path, text.as_bytes())
}

fn read<T: DeserializeOwned>(path: &Path, what: &str) -> eyre::Result<T> {
    let shown = path.display();
    let text = fs::read(path).wrap_err_with(|| format!("cannot read {shown}"))?;
    serde_json::from_slice(&text).wrap_err_with(|| format!("{shown} is no {what}"))
}

/// Shows what a file would do, asks, and signs it.
pub(crate) fn sign(
    context: &Context,
    file: &Path,
    to: Option<PathBuf>,
    yes: bool,
    keys: &KeyArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let unsigned: Unsigned = read(file, "transaction that --unsigned wrote")?;
    let keys = KeyArgs { account: Some(unsigned.from.to_string()), ..keys.clone() };
    let sender = Sender::find(&keys, &context.book, true)?;
    // What is signed is told from the bytes, never from a text beside them.
    let effect = match unsigned.to {
        STAKING => describe::call(&unsigned.data, unsigned.value),
        GOVERNOR => describe_gov::call(&unsigned.data, unsigned.value),
        other => describe_bridge::call(other, &unsigned.data, unsigned.value),
    };
    let Some(effect) = effect else {
        bail!(
            "{} is no call of the contracts of staking, governance and the bridge that is known here; nothing was signed: this command signs nothing else",
            file.display()
        );
    };
    if !context.json {
        writeln!(out, "Account     {}", show::address(unsigned.from))?;
        writeln!(out, "Effect      {effect}")?;
        writeln!(out, "Fee         at most {}", format_btt(unsigned.most_fee()))?;
        writeln!(out, "Nonce       {} on chain {}", unsigned.nonce, unsigned.chain_id)?;
        out.flush()?;
    }
    send::confirm(yes, "Sign it?")?;
    let signed = unsigned.sign(&sender.open(keys.password_file.as_deref())?)?;
    let path = to.unwrap_or_else(|| file.with_extension("signed.json"));
    let raw = signed.encoded_2718().into();
    let hash = *signed.tx_hash();
    write_new(&path, &Signed { chain_id: unsigned.chain_id, from: unsigned.from, hash, raw })?;
    if context.json {
        return Ok(writeln!(out, "{:#}", json!({ "state": "signed", "hash": hash, "file": path, "effect": effect }))?);
    }
    let family = context.family;
    Ok(writeln!(out, "Signed      {hash} in {}; send it with `bttc {family} send {0}`", path.display())?)
}

/// Sends what [`sign`] wrote.
pub(crate) fn send(context: &Context, file: &Path, wait: WaitArgs, out: &mut impl Write) -> eyre::Result<()> {
    let kept: Signed = read(file, "transaction that `sign` wrote")?;
    let signed = TxEnvelope::decode_2718(&mut kept.raw.as_ref())
        .map_err(|error| eyre!("{} holds no transaction ({error}); sign it again", file.display()))?;
    let from =
        signed.recover_signer().map_err(|_| eyre!("the signature in {} is wrong; sign it again", file.display()))?;
    if from != kept.from || *signed.tx_hash() != kept.hash {
        bail!("{} was changed after it was signed; sign it again", file.display());
    }
    let chain_id = context.node.chain_id().map_err(faults::of_node)?;
    if chain_id != kept.chain_id {
        return Err(
            faults::OTHER_CHAIN.report(&format!("it is for chain {}, the node is of chain {chain_id}", kept.chain_id))
        );
    }
    send::hand_out(context, &signed, wait, None, &Names::default(), out)
}
