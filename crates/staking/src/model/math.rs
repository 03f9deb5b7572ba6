//! Arithmetic of the contracts: 256 bits, every overflow refused.

use super::{Refusal, Wei};

/// One BTT, and the whole of shares of 18 digits. Unit: wei.
pub(super) const ONE: Wei = Wei::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// Scale of rewards a share and of what slashes left, 1e27.
pub(super) const SCALE: Wei = Wei::from_limbs([11_515_845_246_265_065_472, 54_210_108, 0, 0]);

/// Basis points in the whole.
pub(super) const WHOLE_BP: u16 = 10_000;

pub(super) fn add(a: Wei, b: Wei) -> Result<Wei, Refusal> {
    a.checked_add(b).ok_or(Refusal::Overflow)
}

pub(super) fn sub(a: Wei, b: Wei) -> Result<Wei, Refusal> {
    a.checked_sub(b).ok_or(Refusal::Overflow)
}

pub(super) fn mul(a: Wei, b: Wei) -> Result<Wei, Refusal> {
    a.checked_mul(b).ok_or(Refusal::Overflow)
}

/// `floor(a * b / c)`.
pub(super) fn mul_div(a: Wei, b: Wei, c: Wei) -> Result<Wei, Refusal> {
    mul(a, b)?.checked_div(c).ok_or(Refusal::Overflow)
}

/// `ceil(a * b / c)`.
pub(super) fn mul_div_up(a: Wei, b: Wei, c: Wei) -> Result<Wei, Refusal> {
    let product = mul(a, b)?;
    let floor = product.checked_div(c).ok_or(Refusal::Overflow)?;
    if mul(floor, c)? == product { Ok(floor) } else { add(floor, Wei::ONE) }
}

/// `floor(a * points / 1e4)`.
pub(super) fn basis_points(a: Wei, points: u16) -> Result<Wei, Refusal> {
    mul_div(a, Wei::from(points), Wei::from(WHOLE_BP))
}

/// Refuses what a field of so many bits cannot hold.
pub(super) fn fits(value: Wei, bits: usize) -> Result<Wei, Refusal> {
    if value.bit_len() <= bits { Ok(value) } else { Err(Refusal::Overflow) }
}

/// A later time.
pub(super) fn after(time: u64, seconds: u64) -> Result<u64, Refusal> {
    time.checked_add(seconds).ok_or(Refusal::Overflow)
}
