//! What operators of validators send.

use super::{
    Context,
    amount::{Amount, percent},
    args::{ConsensusKeyArgs, SendArgs, ValidatorAction},
    chain, faults,
    plan::{Change, Intent},
    send, show, validators,
    who::Names,
};
use crate::secrets;
use alloy_primitives::{Address, Bytes};
use alloy_signer_local::PrivateKeySigner;
use bttc_contracts::staking::IStaking;
use bttc_node::KEY_FILE;
use bttc_primitives::format_btt;
use eyre::{WrapErr, bail};
use std::{io::Write, path::Path};

pub(crate) fn run(context: &Context, action: &ValidatorAction, out: &mut impl Write) -> eyre::Result<()> {
    match action {
        ValidatorAction::Create { amount, name, site, commission, key, send } => {
            create(context, *amount, (name, site, *commission), key, send, out)
        }
        ValidatorAction::Edit { name, site, send } => edit(context, name.as_deref(), site.as_deref(), send, out),
        ValidatorAction::Commission { commission, send } => announce(context, *commission, send, out),
        ValidatorAction::ClaimCommission { send } => send::run(context, send, out, |from| {
            let of = chain::validator(&context.node, from)?;
            let effect = format!("pays out {} of commission", format_btt(of.commissionOwed));
            Ok((Intent::new("claim-commission", &IStaking::claimCommissionCall {}, effect), Names::of(&[of])))
        }),
        ValidatorAction::RotateKey { key, send } => send::run(context, send, out, |from| {
            let of = chain::validator(&context.node, from)?;
            let (signer, proof) = possession(context, key, from)?;
            let effect = format!("replaces the consensus key {} of {} by {signer}", of.signer, show::clean(&of.name));
            let mut intent = Intent::new("rotate-key", &IStaking::rotateKeyCall { signer, proof }, effect);
            intent
                .effects
                .push("the old key signs until the running epoch closes: keep its node up until then".to_owned());
            Ok((intent, Names::of(&[of])))
        }),
        ValidatorAction::Unjail { send } => plain(
            context,
            "unjail",
            &IStaking::unjailCall {},
            "lets {} stand for election again after its jailing",
            send,
            out,
        ),
        ValidatorAction::Rejoin { send } => plain(
            context,
            "rejoin",
            &IStaking::rejoinCall {},
            "lets {} stand for election again after its eviction",
            send,
            out,
        ),
        ValidatorAction::Leave { send } => {
            let effect = "ends {} for good: it can never come back; its stake stays and can be undelegated";
            plain(context, "leave", &IStaking::leaveCall {}, effect, send, out)
        }
        ValidatorAction::Why { validator } => validators::why(context, validator, out),
    }
}

/// A call without arguments; `effect` has `{}` where the name belongs.
fn plain(
    context: &Context,
    action: &'static str,
    call: &impl alloy_sol_types::SolCall,
    effect: &str,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    send::run(context, args, out, |from| {
        let of = chain::validator(&context.node, from)?;
        let effect = effect.replace("{}", &show::clean(&of.name));
        Ok((Intent::new(action, call, effect), Names::of(&[of])))
    })
}

fn create(
    context: &Context,
    amount: Amount,
    (name, site, commission): (&str, &str, u16),
    key: &ConsensusKeyArgs,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let Amount::Exact(value) = amount else {
        bail!(
            "the own stake of a validator is given as a number of BTT; {} are needed at least",
            format_btt(chain::param(&context.node, chain::MIN_SELF_STAKE)?)
        );
    };
    send::run(context, args, out, |from| {
        let (signer, proof) = possession(context, key, from)?;
        let effect = format!(
            "registers this account as the operator of validator {name:?} with {} of own stake, a commission of {} and the consensus key {signer}",
            format_btt(value),
            percent(commission.into())
        );
        let (name, site) = (name.to_owned(), site.to_owned());
        let mut intent =
            Intent::new("create", &IStaking::createValidatorCall { signer, proof, commission, name, site }, effect);
        intent.value = value;
        intent
            .effects
            .push("if it has stake enough it is elected as an epoch closes: its node must be up by then".to_owned());
        intent.changes.push(Change { operator: from, before: Default::default(), after: value });
        Ok((intent, Names::default()))
    })
}

fn edit(
    context: &Context,
    name: Option<&str>,
    site: Option<&str>,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    if name.is_none() && site.is_none() {
        bail!("nothing to change; give --name or --site");
    }
    send::run(context, args, out, |from| {
        let of = chain::validator(&context.node, from)?;
        let (name, site) = (name.unwrap_or(&of.name).to_owned(), site.unwrap_or(&of.site).to_owned());
        let effect = format!("names the validator {:?}, web page {:?}", show::clean(&name), show::clean(&site));
        Ok((Intent::new("edit", &IStaking::editValidatorCall { name, site }, effect), Names::of(&[of])))
    })
}

fn announce(context: &Context, commission: u16, args: &SendArgs, out: &mut impl Write) -> eyre::Result<()> {
    send::run(context, args, out, |from| {
        let of = chain::validator(&context.node, from)?;
        let notice: u64 = chain::param(&context.node, chain::COMMISSION_NOTICE)?.saturating_to();
        let due = show::now().saturating_add(notice);
        let effect = format!(
            "changes the commission of {} from {} to {} at the first closing of an epoch from {}, {}",
            show::clean(&of.name),
            percent(of.commission.into()),
            percent(commission.into()),
            show::time(due),
            show::countdown(due, show::now())
        );
        Ok((Intent::new("commission", &IStaking::announceCommissionCall { commission }, effect), Names::of(&[of])))
    })
}

/// The consensus key and the proof that the operator holds it.
fn possession(context: &Context, args: &ConsensusKeyArgs, operator: Address) -> eyre::Result<(Address, Bytes)> {
    match (&args.key_dir, args.signer, &args.proof) {
        (Some(dir), ..) => {
            let chain_id = context.node.chain_id().map_err(faults::of_node)?;
            prove(dir, args.key_password_file.as_deref(), chain_id, operator)
        }
        (None, Some(signer), Some(proof)) => Ok((signer, proof.clone())),
        _ => bail!("which consensus key? Give --key-dir DIR, or --signer ADDRESS with --proof HEX"),
    }
}

/// Opens the consensus key of a directory and signs the proof. The sign state is not touched: a proof is no vote.
pub(crate) fn prove(
    dir: &Path,
    password_file: Option<&Path>,
    chain_id: u64,
    operator: Address,
) -> eyre::Result<(Address, Bytes)> {
    let file = dir.join(KEY_FILE);
    let claimed = bttc_node::key_file_address(&file)?;
    let password = match password_file {
        Some(file) => bttc_node::read_secret_line(file, "password")?,
        None => secrets::password_of("consensus key", "--key-password-file")?,
    };
    let key = PrivateKeySigner::decrypt_keystore(&file, &*password)
        .wrap_err_with(|| format!("cannot open {}; is the password of the consensus key right?", file.display()))?;
    if key.address() != claimed {
        bail!("{} says it is {claimed} but holds the key of {}; do not trust it", file.display(), key.address());
    }
    Ok((claimed, bttc_node::prove_possession(&key, chain_id, operator)?.into()))
}
