//! Whose turn it is to send what anybody may send, so that validators do not all pay for the same thing.
//!
//! The members of the set stand in a ring. What is to be sent names a place in it, by its hash: who stands there may send at once, the next one
//! after one takeover time, and so on. A relayer that is no validator comes after all. Nobody can keep a thing from being sent, and after a few
//! takeover times everybody may.

use alloy_primitives::{Address, B256};
use std::time::Duration;

/// After as many takeover times everybody may send.
const LAST_RANK: u64 = 16;

/// How many others go first with the thing named `key`; 0 is the leader.
pub fn rank(key: B256, members: &[Address], own: Option<Address>) -> u64 {
    let count = u64::try_from(members.len()).unwrap_or(u64::MAX);
    let place = own.and_then(|own| members.iter().position(|member| *member == own));
    let Some(place) = place.and_then(|place| u64::try_from(place).ok()) else {
        return count.min(LAST_RANK);
    };
    let [a, b, c, d, e, f, g, h, ..] = key.0;
    let first = u64::from_be_bytes([a, b, c, d, e, f, g, h]).checked_rem(count).unwrap_or(0);
    let behind = place.saturating_add(count).saturating_sub(first);
    behind.checked_rem(count).unwrap_or(0).min(LAST_RANK)
}

/// How long the one with this rank waits.
pub fn wait(rank: u64, takeover: Duration) -> Duration {
    takeover.saturating_mul(u32::try_from(rank).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::keccak256;

    #[test]
    fn each_thing_has_one_leader_and_each_rank_one_member() {
        let members: Vec<_> = (1..=7).map(Address::repeat_byte).collect();
        let mut led = vec![0; members.len()];
        for n in 0..700u32 {
            let key = keccak256(n.to_be_bytes());
            let mut ranks: Vec<_> = members.iter().map(|member| rank(key, &members, Some(*member))).collect();
            led[ranks.iter().position(|rank| *rank == 0).unwrap()] += 1;
            ranks.sort_unstable();
            assert_eq!(ranks, (0..7).collect::<Vec<_>>());
        }
        assert!(led.iter().all(|led| *led > 50), "{led:?}");
    }

    #[test]
    fn strangers_come_last_and_nobody_waits_for_ever() {
        let members: Vec<_> = (1..=100).map(Address::repeat_byte).collect();
        assert_eq!(rank(B256::ZERO, &members, None), LAST_RANK);
        assert_eq!(rank(B256::ZERO, &members[..3], Some(Address::ZERO)), 3);
        assert_eq!(rank(B256::ZERO, &[], None), 0);
        let most = members.iter().map(|member| rank(B256::ZERO, &members, Some(*member))).max();
        assert_eq!(most, Some(LAST_RANK));
        assert_eq!(wait(3, Duration::from_secs(5)), Duration::from_secs(15));
    }
}
