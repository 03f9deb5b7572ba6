//! `bttc db audit-supply`

use super::progress::Progress;
use bttc_node::Config;
use eyre::bail;
use serde_json::json;
use std::io::Write;

pub(super) fn run(config: Config, as_json: bool, out: &mut impl Write) -> eyre::Result<()> {
    let progress = Progress::new("adding up");
    let audit = bttc_node::audit_supply(config, |accounts| progress.count(accounts, "accounts"));
    progress.clear();
    let audit = audit?;
    if as_json {
        let found = json!({
            "height": audit.height, "accounts": audit.accounts, "balances": audit.balances.to_string(),
            "burned": audit.burned.to_string(), "supply": audit.supply.to_string(), "holds": audit.holds(), "exact": audit.exact(),
        });
        writeln!(out, "{found}")?;
    } else {
        let verdict = match (audit.exact(), audit.holds()) {
            (true, _) => "every wei is accounted for".to_owned(),
            (false, true) => format!(
                "{} wei less than the supply: contracts destroyed them without telling Supply, which is allowed",
                audit.supply.saturating_sub(audit.balances).saturating_sub(audit.burned)
            ),
            (false, false) => "more BTT than there may be".to_owned(),
        };
        writeln!(
            out,
            "block {}: {} accounts hold {} wei, {} wei were burned, the supply is {} wei: {verdict}",
            audit.height, audit.accounts, audit.balances, audit.burned, audit.supply
        )?;
    }
    if !audit.holds() {
        bail!(
            "balances and burned BTT are {} wei more than the supply; on a development chain whose balances were set by hand that is so, anywhere else \
             the database is damaged or the rules have a fault: run `bttc db verify`, and report it if that finds nothing",
            audit.balances.saturating_add(audit.burned).saturating_sub(audit.supply)
        );
    }
    Ok(())
}
