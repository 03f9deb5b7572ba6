//! `bttc genesis build|check`

use crate::cli::{GenesisAction, GenesisArgs};
use bttc_node::{GenesisPlan, GenesisReport, check_genesis};
use bttc_primitives::format_btt;
use eyre::{WrapErr, bail};
use std::{fs, io::Write, path::Path};

pub(crate) fn run(args: GenesisArgs, out: &mut impl Write) -> eyre::Result<()> {
    match args.action {
        GenesisAction::Build { plan, out: file, draft } => build(&plan, file.as_deref(), draft, out),
        GenesisAction::Check { file } => check(&file, out),
    }
}

fn read(path: &Path) -> eyre::Result<String> {
    fs::read_to_string(path).wrap_err_with(|| format!("cannot read {}", path.display()))
}

fn build(plan: &Path, file: Option<&Path>, draft: bool, out: &mut impl Write) -> eyre::Result<()> {
    let made = GenesisPlan::read(&read(plan)?).and_then(|plan| plan.build(draft));
    let genesis = made.wrap_err_with(|| format!("no genesis can be made from {}", plan.display()))?;
    let json = format!("{}\n", serde_json::to_string_pretty(&genesis)?);
    let Some(file) = file else {
        out.write_all(json.as_bytes())?;
        return Ok(());
    };
    fs::write(file, &json).wrap_err_with(|| format!("cannot write {}", file.display()))?;
    tell(&check_genesis(&json)?, out)
}

fn check(file: &Path, out: &mut impl Write) -> eyre::Result<()> {
    let report =
        check_genesis(&read(file)?).wrap_err_with(|| format!("{} is no genesis of a chain", file.display()))?;
    tell(&report, out)?;
    match report.problems.len() {
        0 => Ok(()),
        count => {
            bail!("{} is not sound: {count} faults, see above; make it anew with: bttc genesis build", file.display())
        }
    }
}

fn tell(report: &GenesisReport, out: &mut impl Write) -> eyre::Result<()> {
    let kind = match (report.draft, report.dev) {
        (true, _) => ", a draft with placeholders: no node starts on it",
        (false, true) => ", for development: its keys are public",
        (false, false) => "",
    };
    writeln!(out, "chain id  {}{kind}", report.chain_id)?;
    writeln!(out, "hash      {}", report.hash)?;
    let begin = i64::try_from(report.time).ok().and_then(|time| chrono::DateTime::from_timestamp(time, 0));
    writeln!(out, "begins    {}", begin.map_or_else(|| report.time.to_string(), |time| time.to_rfc3339()))?;
    writeln!(out, "validators")?;
    for of in &report.validators {
        let operator = of.operator.map_or_else(String::new, |operator| format!("  operator {operator}"));
        writeln!(out, "  {}  power {}  stake {}{operator}  {:?}", of.signer, of.power, format_btt(of.stake), of.name)?;
    }
    writeln!(out, "accounts")?;
    for (address, balance) in &report.accounts {
        writeln!(out, "  {address}  {}", format_btt(*balance))?;
    }
    writeln!(out, "contracts")?;
    for (name, amount) in &report.parts {
        writeln!(out, "  {name:<18}  {}", format_btt(*amount))?;
    }
    for of in &report.grants {
        let (total, days) = (format_btt(of.total), of.duration / 86_400);
        writeln!(out, "  grant of {total} to {}, from Unix time {} on, over {days} days", of.beneficiary, of.begin)?;
    }
    for of in &report.roots {
        writeln!(
            out,
            "  root chain {} (EIP-155 id {}): bridge {}, code hash {}",
            of.root_id, of.chain_id, of.bridge, of.code_hash
        )?;
        if !of.btt.is_zero() {
            writeln!(out, "    BTT there is {}, of which {} can leave for it", of.btt, format_btt(of.btt_locked))?;
        }
    }
    if !report.guardian.is_zero() {
        writeln!(out, "  guardian of the bridge  {}", report.guardian)?;
    }
    for problem in &report.problems {
        writeln!(out, "FAULT: {problem}")?;
    }
    if report.problems.is_empty() {
        writeln!(out, "sound: 990,000,000,000 BTT to the wei, and the contracts of this version")?;
    }
    Ok(())
}
