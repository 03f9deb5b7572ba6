//! Amounts of a command line: BTT, a percentage, or all.

use alloy_primitives::U256;
use bttc_primitives::parse_btt;
use std::str::FromStr;

/// Basis points in a whole.
const WHOLE: u16 = 10_000;

/// How much to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    /// So much. Unit: wei.
    Exact(U256),
    /// A part of what there is. Unit: basis points, 1 to 9,999.
    Part(u16),
    /// All that there is.
    Max,
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("max") {
            return Ok(Self::Max);
        }
        if text.ends_with('%') {
            return match basis_points(text)? {
                0 => Err("0% is nothing; write a part such as 50%".to_owned()),
                WHOLE => Ok(Self::Max),
                part if part < WHOLE => Ok(Self::Part(part)),
                _ => Err("more than 100% is not there".to_owned()),
            };
        }
        match parse_btt(text) {
            Ok(U256::ZERO) => {
                Err("an amount of nothing; write a number of BTT such as 1.5, a part such as 50%, or max".to_owned())
            }
            Ok(amount) => Ok(Self::Exact(amount)),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Amount {
    /// The amount out of `all`, rounded down; none for [`Amount::Max`]. Unit: wei.
    pub(crate) fn of(self, all: U256) -> Option<U256> {
        match self {
            Self::Exact(amount) => Some(amount),
            // No sum of BTT has 2^240 wei, so nothing is cut off.
            Self::Part(part) => Some(all.saturating_mul(U256::from(part)) / U256::from(WHOLE)),
            Self::Max => None,
        }
    }
}

/// A commission such as `7.5%` or `7.5`. Unit of the answer: basis points.
pub(crate) fn commission(text: &str) -> Result<u16, String> {
    match basis_points(text)? {
        points if points <= WHOLE => Ok(points),
        _ => Err("a commission is at most 100%".to_owned()),
    }
}

fn basis_points(text: &str) -> Result<u16, String> {
    let fail = || "a percentage is a number with at most two decimals, such as 7.5%".to_owned();
    let number = text.trim().trim_end_matches('%').trim_end();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 2 || !digits(whole) || !digits(fraction) {
        return Err(fail());
    }
    format!("{whole}{fraction:0<2}").parse().map_err(|_| fail())
}

/// Basis points as people read them: `7.5%`.
pub(crate) fn percent(points: u64) -> String {
    let (whole, part) = (points / 100, points % 100);
    match part {
        0 => format!("{whole}%"),
        part if part % 10 == 0 => format!("{whole}.{}%", part / 10),
        part => format!("{whole}.{part:02}%"),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn amounts_are_btt_parts_or_all() {
        let btt = U256::from(10u64).pow(U256::from(18));
        assert_eq!("1.5 BTT".parse(), Ok(Amount::Exact(btt * U256::from(3) / U256::from(2))));
        assert_eq!("1.5".parse::<Amount>(), "1.5 BTT".parse());
        assert_eq!("max".parse(), Ok(Amount::Max));
        assert_eq!("100%".parse(), Ok(Amount::Max));
        assert_eq!("12.5%".parse(), Ok(Amount::Part(1250)));
        for wrong in ["", "0", "0%", "101%", "-1", "1e3", "1 wei", "1.234%", "%", "half", "1 ETH", "١%"] {
            assert!(wrong.parse::<Amount>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn parts_round_down() {
        let part: Amount = "33.33%".parse().unwrap();
        assert_eq!(part.of(U256::from(10_001)), Some(U256::from(3_333)));
        assert_eq!(Amount::Max.of(U256::from(5)), None);
        assert_eq!(Amount::Exact(U256::from(7)).of(U256::from(5)), Some(U256::from(7)));
    }

    #[test]
    fn commissions_are_read_and_written() {
        for (text, points, shown) in
            [("7.5%", 750, "7.5%"), ("10", 1000, "10%"), ("0.05%", 5, "0.05%"), ("100%", 10_000, "100%")]
        {
            assert_eq!(commission(text), Ok(points));
            assert_eq!(percent(points.into()), shown);
        }
        assert!(commission("100.01%").is_err() && commission("ten").is_err());
    }
}
