//! What nodes of Ethereum say to a broadcast. There are no codes, only words, and each client has its own.

use crate::root::BroadcastVerdict;

/// The bytes are there already.
const KNOWN: [&str; 5] =
    ["already known", "alreadyknown", "known transaction", "already imported", "already in mempool"];
/// The nonce is used: by these bytes, by another version, or by something else. The status says which.
const USED: [&str; 5] = ["nonce too low", "nonce is too low", "oldnonce", "already mined", "already been used"];
/// Not now.
const LATER: [&str; 16] = [
    "underpriced",
    "replacement",
    "less than block base fee",
    "lower than block base fee",
    "feetoolow",
    "fee too low",
    "nonce too high",
    "nonce gap",
    "noncegap",
    "pool is full",
    "txpool full",
    "limit exceeded",
    "too many requests",
    "rate limit",
    "timeout",
    "try again",
];

/// Reads the words.
pub(super) fn read(message: &str) -> BroadcastVerdict {
    let words = message.to_ascii_lowercase();
    let has = |any: &[&str]| any.iter().any(|some| words.contains(some));
    let why = message.to_owned();
    if has(&KNOWN) {
        BroadcastVerdict::Known
    } else if has(&USED) {
        BroadcastVerdict::Rebuild(why)
    } else if words.contains("gas limit exceeded") || words.contains("block gas limit") {
        BroadcastVerdict::Refused(why)
    } else if has(&LATER) {
        BroadcastVerdict::RetrySame(why)
    } else {
        BroadcastVerdict::Refused(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of geth, reth, Nethermind, Besu, Erigon and anvil.
    #[test]
    fn the_table() {
        for known in [
            "already known",
            "AlreadyKnown",
            "Known transaction",
            "transaction already imported",
            "tx already in mempool",
        ] {
            assert_eq!(read(known), BroadcastVerdict::Known);
        }
        for used in [
            "nonce too low: next nonce 5, tx nonce 4",
            "OldNonce, Current nonce: 5",
            "Nonce is too low",
            "nonce too low: address 0xab.. current nonce (5) > tx nonce (4)",
        ] {
            assert_eq!(read(used), BroadcastVerdict::Rebuild(used.to_owned()));
        }
        for later in [
            "replacement transaction underpriced",
            "transaction underpriced: tip needed 1, tip permitted 0",
            "max fee per gas less than block base fee: address 0x.., maxFeePerGas: 1, baseFee: 7",
            "FeeTooLow, EffectivePriorityFeePerGas too low",
            "nonce too high",
            "txpool is full",
            "daily request limit exceeded",
            "Too Many Requests",
        ] {
            assert_eq!(read(later), BroadcastVerdict::RetrySame(later.to_owned()));
        }
        for refused in [
            "insufficient funds for gas * price + value: balance 0, tx cost 1",
            "intrinsic gas too low: gas 100, minimum needed 21000",
            "exceeds block gas limit",
            "Transaction gas limit exceeds block gas limit",
            "invalid sender",
            "invalid chain id for signer: have 1 want 5",
            "max initcode size exceeded",
            "something nobody has heard of",
        ] {
            assert_eq!(read(refused), BroadcastVerdict::Refused(refused.to_owned()));
        }
    }
}
