//! `bttc gov params`: what is in force, what is allowed, and what is about to change.

use super::{
    Context, actions,
    view::{self, Param},
};
use crate::commands::wallet::show;
use alloy_primitives::U256;
use bttc_contracts::{
    param_defaults::default_of,
    param_units::{format, spelling},
};
use eyre::bail;
use serde_json::{Value, json};
use std::{io::Write, time::Duration};

pub(crate) fn run(context: &Context, names: &[String], out: &mut impl Write) -> eyre::Result<()> {
    let diff = names.first().is_some_and(|name| name == "diff");
    if diff && names.len() > 1 {
        bail!("`bttc gov params diff` takes no names; give names without diff to see those alone");
    }
    let wanted = match diff {
        true => Vec::new(),
        false => names.iter().map(|name| actions::id_of(name)).collect::<eyre::Result<_>>()?,
    };
    let told = view::params(context)?;
    if diff {
        return write_diff(context, &told.view, out);
    }
    let shown = |id: u64| wanted.is_empty() || wanted.contains(&id);
    context.emit(
        out,
        || match told.json.as_array() {
            Some(rows) => {
                let rows: Vec<_> = rows.iter().filter(|row| row["id"].as_u64().is_some_and(shown)).collect();
                json!({ "params": rows })
            }
            None => Value::Null,
        },
        |out| {
            let rows = told.view.iter().filter(|of| shown(of.id)).map(|of| {
                let id = of.id;
                let cool_down = humantime::format_duration(Duration::from_secs(of.cool_down)).to_string();
                vec![
                    spelling(id),
                    format(id, of.value),
                    format(id, of.min),
                    format(id, of.max),
                    format(id, of.step),
                    cool_down,
                    of.lane.clone(),
                    coming(of).join(", "),
                ]
            });
            let header = ["Name", "Value", "Least", "Most", "Step", "Cool-down", "Lane", "Coming"];
            Ok(writeln!(out, "{}", show::table(&header, rows.collect(), &[1, 2, 3, 4]))?)
        },
    )
}

/// What is pending, and what is proposed.
fn coming(of: &Param) -> Vec<String> {
    let pending = of.pending.map(|value| format!("{} from the next epoch on", format(of.id, value)));
    let proposed =
        of.proposals.iter().map(|by| format!("{} by proposal {} ({})", format(of.id, by.value), by.id, by.status));
    pending.into_iter().chain(proposed).collect()
}

/// What is not as on mainnet at genesis, or about to change.
fn differs(of: &Param) -> bool {
    let same = default_of(of.id).is_some_and(|default| U256::from(default.value) == of.value);
    !same || of.pending.is_some() || !of.proposals.is_empty()
}

fn write_diff(context: &Context, params: &[Param], out: &mut impl Write) -> eyre::Result<()> {
    let rows: Vec<_> = params.iter().filter(|of| differs(of)).collect();
    let default = |of: &Param| default_of(of.id).map(|default| U256::from(default.value));
    context.emit(
        out,
        || {
            let rows = rows.iter().map(|of| {
                let proposals = of.proposals.iter();
                let proposals: Vec<_> = proposals
                    .map(|by| json!({ "id": by.id, "status": by.status, "value": by.value.to_string() }))
                    .collect();
                json!({
                    "id": of.id,
                    "name": spelling(of.id),
                    "default": default(of).map(|value| value.to_string()),
                    "value": of.value.to_string(),
                    "pending": of.pending.map(|value| value.to_string()),
                    "proposals": proposals,
                })
            });
            json!({ "params": rows.collect::<Vec<_>>() })
        },
        |out| {
            if rows.is_empty() {
                return Ok(writeln!(out, "Every parameter is as on mainnet at genesis, and no change is proposed.")?);
            }
            let rows = rows.iter().map(|of| {
                let default = default(of).map(|value| format(of.id, value)).unwrap_or_default();
                vec![spelling(of.id), default, format(of.id, of.value), coming(of).join(", ")]
            });
            Ok(writeln!(out, "{}", show::table(&["Name", "Default", "Value", "Coming"], rows.collect(), &[1, 2]))?)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(value: u64) -> Param {
        Param {
            id: 3,
            value: U256::from(value),
            min: U256::from(20),
            max: U256::from(100),
            step: U256::from(10),
            cool_down: 604_800,
            lane: "standard".to_owned(),
            pending: None,
            proposals: Vec::new(),
        }
    }

    #[test]
    fn what_is_as_ever_is_left_out() {
        assert!(!differs(&param(50)) && differs(&param(60)));
        let mut pending = param(50);
        pending.pending = Some(U256::from(60));
        assert!(differs(&pending));
        let mut proposed = param(50);
        proposed.proposals = vec![view::Touching { id: 4, status: "voting".to_owned(), value: U256::from(40) }];
        assert!(differs(&proposed));
        proposed.pending = Some(U256::from(60));
        assert_eq!(coming(&proposed), ["60% from the next epoch on", "40% by proposal 4 (voting)"]);
    }
}
