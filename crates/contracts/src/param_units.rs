//! Values of parameters as people write them: `8000 gwei`, `4d`, `7.5%`, `1,000,000 BTT`.

use crate::param_table::{NAMES, name_and_unit};
use alloy_primitives::U256;
use std::fmt;

/// What a value is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Wei per gas.
    Price,
    /// Wei.
    Amount,
    /// Seconds.
    Time,
    /// Milliseconds.
    ShortTime,
    /// Hundredths.
    Percent,
    /// Ten thousandths.
    BasisPoints,
    /// Parts of 1e18.
    Fraction,
    /// Things, such as gas or blocks.
    Count,
}

/// Names of units, and how many of the contract's units each is.
type Units = &'static [(&'static [&'static str], u64)];

const WEI: Units = &[(&["btt"], 1_000_000_000_000_000_000), (&["gwei"], 1_000_000_000), (&["wei"], 1)];
const SECONDS: Units = &[
    (&["w", "week", "weeks"], 604_800),
    (&["d", "day", "days"], 86_400),
    (&["h", "hour", "hours"], 3_600),
    (&["m", "min", "minute", "minutes"], 60),
    (&["s", "second", "seconds"], 1),
];
const MILLISECONDS: Units = &[(&["s", "second", "seconds"], 1_000), (&["ms", "milliseconds"], 1)];
const PERCENT: Units = &[(&["%", "percent"], 1)];
const POINTS: Units = &[(&["%", "percent"], 100), (&["bp"], 1)];
const FRACTIONS: Units =
    &[(&["%", "percent"], 10_000_000_000_000_000), (&["bp"], 100_000_000_000_000), (&["ppm"], 1_000_000_000_000)];
const THINGS: Units = &[(&["", "gas", "blocks", "validators", "times"], 1)];

impl Kind {
    /// That of a parameter; a plain number for an id that this program does not know.
    pub fn of(id: u64) -> Self {
        match name_and_unit(id).map_or("", |(_, unit)| unit) {
            "wei per gas" => Self::Price,
            "wei" => Self::Amount,
            "seconds" => Self::Time,
            "milliseconds" => Self::ShortTime,
            unit if unit.starts_with("percent") => Self::Percent,
            unit if unit.starts_with("basis points") => Self::BasisPoints,
            unit if unit.starts_with("1e-18") => Self::Fraction,
            _ => Self::Count,
        }
    }

    const fn units(self) -> Units {
        match self {
            Self::Price | Self::Amount => WEI,
            Self::Time => SECONDS,
            Self::ShortTime => MILLISECONDS,
            Self::Percent => PERCENT,
            Self::BasisPoints => POINTS,
            Self::Fraction => FRACTIONS,
            Self::Count => THINGS,
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Price => "8000 gwei",
            Self::Amount => "1000000 BTT",
            Self::Time => "4d, 36h or 90s",
            Self::ShortTime => "500 ms or 2s",
            Self::Percent => "50%",
            Self::BasisPoints => "7.5% or 750 bp",
            Self::Fraction => "0.5% or 5000 ppm",
            Self::Count => "100",
        }
    }
}

/// A text is no value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    got: String,
    why: &'static str,
    example: &'static str,
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read the value {:?}: {}; write it such as {}", self.got, self.why, self.example)
    }
}

impl std::error::Error for InvalidValue {}

/// Reads a value of the parameter `id` into the unit of the contract.
///
/// Commas and underscores may part digits; times may have several parts, such as `1d 12h`. Errors: no number, no or a wrong unit, a value
/// that is not whole in the contract's unit.
pub fn parse(id: u64, text: &str) -> Result<U256, InvalidValue> {
    parse_as(Kind::of(id), text)
}

/// Reads a value of a kind; otherwise as [`parse`].
pub fn parse_as(kind: Kind, text: &str) -> Result<U256, InvalidValue> {
    let fail = |why| InvalidValue { got: text.to_owned(), why, example: kind.example() };
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '_');
    let (mut rest, mut sum, mut parts) = (text.trim(), U256::ZERO, 0u8);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
        let after = after.trim_start();
        let (unit, after) = after.split_at(after.find(|c: char| is_number(c) || c == ' ').unwrap_or(after.len()));
        let unit = unit.to_ascii_lowercase();
        let known = kind.units().iter().find(|(names, _)| names.contains(&unit.as_str()));
        let (_, times) = known.ok_or_else(|| match unit.as_str() {
            "" => fail("it has no unit"),
            _ => fail("that is no unit of this parameter"),
        })?;
        let part = scaled(number, *times).map_err(fail)?;
        sum = sum.checked_add(part).ok_or_else(|| fail("it is larger than any value can be"))?;
        parts = parts.saturating_add(1);
        rest = after.trim_start();
    }
    match parts {
        0 => Err(fail("there is no number")),
        1 => Ok(sum),
        _ if kind == Kind::Time => Ok(sum),
        _ => Err(fail("one number with its unit is expected")),
    }
}

/// A decimal number times `times`, exactly.
fn scaled(number: &str, times: u64) -> Result<U256, &'static str> {
    let digits: String = number.chars().filter(|c| !matches!(c, ',' | '_')).collect();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    if whole.is_empty() || fraction.contains('.') || (digits.ends_with('.')) {
        return Err("there is no number");
    }
    let fraction = fraction.trim_end_matches('0');
    let large = "it is larger than any value can be";
    let all: U256 = format!("{whole}{fraction}").parse().map_err(|_| large)?;
    let power = U256::from(10).checked_pow(U256::from(fraction.len())).ok_or("it has too many decimals")?;
    let (value, rest) = all.checked_mul(U256::from(times)).ok_or(large)?.div_rem(power);
    if rest.is_zero() { Ok(value) } else { Err("it is not whole in the smallest unit") }
}

/// A value of the parameter `id` as people read it; [`parse`] reads it again.
pub fn format(id: u64, value: U256) -> String {
    let kind = Kind::of(id);
    let (number, unit) = match kind {
        Kind::Price => (decimal(value, 9), " gwei"),
        Kind::Amount => (decimal(value, 18), " BTT"),
        Kind::Time => {
            // The largest unit that it is whole in.
            let whole = |(_, times): &&(&'static [&'static str], u64)| (value % U256::from(*times)).is_zero();
            let fits = |of: &&(&'static [&'static str], u64)| of.1 != 604_800 && !value.is_zero() && whole(of);
            match SECONDS.iter().find(fits) {
                Some((_, 86_400)) => (decimal(value / U256::from(86_400), 0), " d"),
                Some((_, 3_600)) => (decimal(value / U256::from(3_600), 0), " h"),
                Some((_, 60)) => (decimal(value / U256::from(60), 0), " min"),
                _ => (decimal(value, 0), " s"),
            }
        }
        Kind::ShortTime => (decimal(value, 0), " ms"),
        Kind::Percent => (decimal(value, 0), "%"),
        Kind::BasisPoints => (decimal(value, 2), "%"),
        Kind::Fraction => (decimal(value, 16), "%"),
        Kind::Count => (
            decimal(value, 0),
            match name_and_unit(id).map_or("", |(_, unit)| unit) {
                "gas" => " gas",
                "blocks" => " blocks",
                "validators" => " validators",
                _ => "",
            },
        ),
    };
    format!("{number}{unit}")
}

/// A number with its last `decimals` digits behind the point, without zeros at the end, and with commas.
fn decimal(value: U256, decimals: usize) -> String {
    let digits = format!("{value:0>width$}", width = decimals.saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(decimals));
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && whole.len().saturating_sub(place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    match fraction.trim_end_matches('0') {
        "" => text,
        fraction => format!("{text}.{fraction}"),
    }
}

/// The parameter of this name, in any way of writing it: `MIN_BASE_FEE`, `minBaseFee`, `min-base-fee`.
pub fn id_of_spelling(text: &str) -> Option<u64> {
    let plain = |text: &str| text.chars().filter(|c| !matches!(c, '_' | '-')).collect::<String>().to_ascii_lowercase();
    let wanted = plain(text);
    u64::try_from(NAMES.iter().position(|(name, _)| plain(name) == wanted)?).ok()
}

/// A parameter's name as people write it: `minBaseFee`.
pub fn spelling(id: u64) -> String {
    let Some((name, _)) = name_and_unit(id) else { return format!("parameter {id}") };
    let mut words = name.split('_');
    let mut text = words.next().unwrap_or_default().to_ascii_lowercase();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        text.push_str(first);
        text.push_str(&rest.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::param_defaults::DEFAULTS;

    #[test]
    fn values_are_read_with_their_units() {
        let read = |name: &str, text: &str| parse(id_of_spelling(name).unwrap(), text);
        let value = |name: &str, text: &str| read(name, text).unwrap().to_string();
        assert_eq!(value("minBaseFee", "8000 gwei"), "8000000000000");
        assert_eq!(value("MIN_BASE_FEE", "8,000.5gwei"), "8000500000000");
        assert_eq!(value("min-self-stake", "1_000 BTT"), format!("1000{}", "0".repeat(18)));
        assert_eq!(value("commissionNotice", "4d"), "345600");
        assert_eq!(value("commissionNotice", "1d 12h"), "129600");
        assert_eq!(value("blockTimeMs", "0.5s"), "500");
        assert_eq!(value("veto", "33.34%"), "3334");
        assert_eq!(value("quorum", "4000 bp"), "4000");
        assert_eq!(value("downtimeSlash", "100 ppm"), "100000000000000");
        assert_eq!(value("rewardRate", "1%"), "10000000000000000");
        assert_eq!(value("burnPercent", "50%"), "50");
        assert_eq!(value("maxValidators", "100"), "100");
        for (name, text) in [
            ("minBaseFee", "8000"),
            ("minBaseFee", "8000 d"),
            ("minBaseFee", "0.0000000001 gwei"),
            ("minBaseFee", "-1 gwei"),
            ("minBaseFee", "1 gwei 2 gwei"),
            ("veto", "33.345%"),
            ("veto", "33.3.4%"),
            ("veto", "%"),
            ("maxValidators", ""),
            ("maxValidators", "5."),
            ("maxValidators", "ten"),
            ("votingPeriod", "4 moons"),
        ] {
            let error = read(name, text).unwrap_err().to_string();
            assert!(error.contains("such as"), "{text}: {error}");
        }
        let long = format!("{} BTT", "9".repeat(70));
        assert!(read("minSelfStake", &long).unwrap_err().to_string().contains("larger"));
        assert!(read("minSelfStake", &format!("1.{}1 BTT", "0".repeat(90))).is_err());
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (id, of) in (0..).zip(DEFAULTS) {
            for value in [of.value, of.min, of.max, of.step, 1, 59, 12_345].map(U256::from) {
                assert_eq!(parse(id, &format(id, value)), Ok(value), "{}", format(id, value));
            }
            assert_eq!(id_of_spelling(&spelling(id)), Some(id));
        }
        assert_eq!(format(0, U256::from(9_000_000_000_000u64)), "9,000 gwei");
        assert_eq!((format(31, U256::from(432_000)), format(8, U256::from(1_800))), ("5 d".into(), "30 min".into()));
        assert_eq!(
            (format(33, U256::from(3_334)), format(26, U256::from(10u64.pow(14)))),
            ("33.34%".into(), "0.01%".into())
        );
        assert_eq!((spelling(36), spelling(6)), ("timelockLongDelay".into(), "blockTimeMs".into()));
        assert_eq!((id_of_spelling("nothing"), spelling(99)), (None, "parameter 99".into()));
    }
}
