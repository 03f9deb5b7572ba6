//! Amounts of tokens: whole tokens for people, the smallest unit for contracts.

use alloy_primitives::U256;

/// Most decimals that a token of the bridge has (docs/bridge.md, "Tokens").
const MOST_DECIMALS: u8 = 36;

/// How much to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// In the token's smallest unit.
    Exact(U256),
    /// All that there is.
    Max,
}

/// Reads `12.5`, `1_000` or `max`.
///
/// Errors: no number, zero, more decimals than the token has, or more than any balance.
pub(super) fn read(text: &str, decimals: u8) -> Result<Amount, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("max") {
        return Ok(Amount::Max);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: String = whole.chars().filter(|c| *c != '_').collect();
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(&whole) || !digits(fraction) {
        return Err(format!("{text:?} is no amount; write whole tokens such as 12.5, or max"));
    }
    let significant = fraction.trim_end_matches('0');
    if significant.len() > usize::from(decimals) {
        return Err(format!("{text:?} has more than the {decimals} decimals of the token"));
    }
    let padded = format!("{whole}{significant:0<width$}", width = usize::from(decimals));
    match padded.trim_start_matches('0') {
        "" => Err("an amount of nothing".to_owned()),
        digits => digits.parse().map(Amount::Exact).map_err(|_| format!("{text:?} is more than there can be")),
    }
}

/// Writes an amount of the smallest unit as whole tokens.
pub(super) fn show(amount: U256, decimals: u8) -> String {
    let width = usize::from(decimals);
    let digits = format!("{amount:0>width$}", width = width.saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(width));
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// A token, here or on a root chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// For people, cleaned.
    pub(super) symbol: String,
    pub(super) decimals: u8,
}

impl Unit {
    /// A token with what it says of itself.
    pub(super) fn new(symbol: &str, decimals: u8) -> Self {
        Self { symbol: crate::commands::wallet::show::clean(symbol), decimals: decimals.min(MOST_DECIMALS) }
    }

    /// BTT.
    pub(super) fn btt() -> Self {
        Self::new("BTT", 18)
    }

    /// The coin of a root chain.
    pub(super) fn coin(root_id: u8) -> Self {
        match root_id {
            2 => Self::new("TRX", 6),
            _ => Self::new("ETH", 18),
        }
    }

    /// `12.5 USDT`.
    pub(super) fn show(&self, amount: U256) -> String {
        format!("{} {}", show(amount, self.decimals), self.symbol)
    }

    /// Reads an amount of it; the error has its id.
    pub(super) fn read(&self, text: &str) -> eyre::Result<Amount> {
        let number = text.trim().trim_end_matches(&*self.symbol).trim_end();
        let number = if number.is_empty() { text } else { number };
        read(number, self.decimals).map_err(|why| crate::commands::wallet::faults_bridge::BAD_AMOUNT.report(&why))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn amounts_are_whole_tokens() {
        let exact = |n: u64| Ok(Amount::Exact(U256::from(n)));
        assert_eq!(read("12.5", 6), exact(12_500_000));
        assert_eq!(read("1_000", 0), exact(1000));
        assert_eq!(read(".25", 2), exact(25));
        assert_eq!(read("1.50", 1), exact(15), "zeros behind are no decimals");
        assert_eq!(read("MAX", 6), Ok(Amount::Max));
        for wrong in ["", "0", "0.0", "-1", "1e3", "1,5", "12.5.1", "0x10", ".", "1.1234567", "١"] {
            assert!(read(wrong, 6).is_err(), "{wrong:?}");
        }
        assert!(read(&"9".repeat(80), 6).is_err());
        assert_eq!(read("1", 36).unwrap(), Amount::Exact(U256::from(10).pow(U256::from(36))));
    }

    #[test]
    fn what_is_shown_can_be_read() {
        for (amount, decimals, shown) in
            [(12_500_000u64, 6, "12.5"), (1, 18, "0.000000000000000001"), (7, 0, "7"), (0, 6, "0"), (1_000_000, 6, "1")]
        {
            assert_eq!(show(U256::from(amount), decimals), shown);
            if amount > 0 {
                assert_eq!(read(shown, decimals), Ok(Amount::Exact(U256::from(amount))));
            }
        }
        assert_eq!(show(U256::MAX, 0), U256::MAX.to_string());
        let unit = Unit::new("US\u{202e}DT", 6);
        assert_eq!(unit.show(U256::from(2_000_000)), "2 US?DT");
        assert_eq!(Unit::coin(2).read("1.5 TRX").unwrap(), Amount::Exact(U256::from(1_500_000)));
        assert!(Unit::coin(2).read("TRX").unwrap_err().to_string().starts_with("E1415"));
    }
}
