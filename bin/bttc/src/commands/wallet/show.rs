//! How values are written for people.

use alloy_primitives::Address;
use bttc_primitives::format_tron;
use chrono::{DateTime, Local, TimeZone, Utc};
use comfy_table::{CellAlignment, Table, presets};
use std::time::{Duration, UNIX_EPOCH};

/// Unix seconds now.
pub(crate) fn now() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs())
}

/// A time in UTC and in the zone of this machine: `2026-01-31 12:00:00 UTC (2026-01-31 14:00:00 +02:00)`.
pub(crate) fn time(unix: u64) -> String {
    in_zone(unix, &Local)
}

fn in_zone<Z: TimeZone>(unix: u64, zone: &Z) -> String
where
    Z::Offset: std::fmt::Display,
{
    match i64::try_from(unix).ok().and_then(|unix| DateTime::<Utc>::from_timestamp(unix, 0)) {
        None => "never".to_owned(),
        Some(utc) => {
            let local = utc.with_timezone(zone);
            format!("{} UTC ({})", utc.format("%Y-%m-%d %H:%M:%S"), local.format("%Y-%m-%d %H:%M:%S %:z"))
        }
    }
}

/// How long until a time: `in 6d 23h`, or `now`.
pub(crate) fn countdown(unix: u64, now: u64) -> String {
    let left = unix.saturating_sub(now);
    // Two units are enough: seconds do not matter over days.
    let round = match left {
        0 => return "now".to_owned(),
        86_400.. => left / 3_600 * 3_600,
        3_600.. => left / 60 * 60,
        _ => left,
    };
    format!("in {}", humantime::format_duration(Duration::from_secs(round)))
}

/// Both forms of an address.
pub(crate) fn address(address: Address) -> String {
    format!("{address} ({})", format_tron(address))
}

/// Text of strangers: without what a terminal would take as orders, and without what turns its direction.
pub(crate) fn clean(text: &str) -> String {
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if odd(c) { '?' } else { c }).collect()
}

/// A table without lines; `right` are the columns of numbers.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>, right: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use chrono::FixedOffset;

    #[test]
    fn a_time_is_told_in_both_zones() {
        let zone = FixedOffset::east_opt(2 * 3_600).unwrap();
        assert_eq!(in_zone(1_769_860_800, &zone), "2026-01-31 12:00:00 UTC (2026-01-31 14:00:00 +02:00)");
        assert_eq!(in_zone(u64::MAX, &zone), "never");
    }

    #[test]
    fn a_countdown_has_two_units() {
        assert_eq!(countdown(604_799, 0), "in 6days 23h");
        assert_eq!(countdown(7_322, 0), "in 2h 2m");
        assert_eq!(countdown(59, 0), "in 59s");
        assert_eq!(countdown(5, 6), "now");
    }

    #[test]
    fn names_give_no_orders() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d"), "a?[2Jb?c?d");
        assert_eq!(clean("Grüße 株"), "Grüße 株");
    }
}
