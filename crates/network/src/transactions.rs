//! Gossiped transactions: a message is an RLP list of raw transactions (EIP-2718), each a byte string.

use alloy_rlp::{Header, PayloadView};
use bttc_consensus::{MAX_MESSAGE_BYTES, MessageId, PeerId};
use bytes::Bytes;

/// Transactions in one message.
pub const MAX_BATCH: usize = 1_024;
/// Largest message of transactions. Unit: bytes.
pub const MAX_BATCH_BYTES: usize = MAX_MESSAGE_BYTES;

/// Transactions that a peer passed on, to be judged as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionBatch {
    /// Which neighbour passed them on.
    pub from: PeerId,
    /// For the judgement.
    pub id: MessageId,
    /// Raw transactions, not looked into; at least one.
    pub transactions: Vec<Bytes>,
}

/// Why bytes are no list of transactions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBatch {
    /// Not RLP.
    #[error("not a list of byte strings: {0}")]
    Malformed(String),
    /// No transaction, or too many.
    #[error("{got} transactions, expected 1 to {MAX_BATCH}")]
    Count {
        /// As sent.
        got: usize,
    },
}

/// Reads a message of transactions.
///
/// Errors: not an RLP list of byte strings, none or more than [`MAX_BATCH`].
pub fn decode(message: &Bytes) -> Result<Vec<Bytes>, InvalidBatch> {
    let malformed = |why: &dyn std::fmt::Display| InvalidBatch::Malformed(why.to_string());
    let mut rest: &[u8] = message;
    let PayloadView::List(items) = Header::decode_raw(&mut rest).map_err(|error| malformed(&error))? else {
        return Err(malformed(&"a string"));
    };
    if !rest.is_empty() {
        return Err(malformed(&"bytes after its end"));
    }
    if items.is_empty() || items.len() > MAX_BATCH {
        return Err(InvalidBatch::Count { got: items.len() });
    }
    let read = |mut item: &[u8]| {
        let bytes = Header::decode_bytes(&mut item, false).map_err(|error| malformed(&error))?;
        if bytes.is_empty() { Err(malformed(&"an empty transaction")) } else { Ok(message.slice_ref(bytes)) }
    };
    items.into_iter().map(read).collect()
}

/// Writes messages of transactions, each within the limits; a transaction too large for any message is left out.
pub fn encode(transactions: impl IntoIterator<Item = Bytes>) -> Vec<Bytes> {
    /// Room for the head of the list.
    const HEAD: usize = 9;
    let mut messages = Vec::new();
    let mut batch: Vec<alloy_primitives::Bytes> = Vec::new();
    let mut size = HEAD;
    let mut flush = |batch: &mut Vec<alloy_primitives::Bytes>| {
        if !batch.is_empty() {
            messages.push(Bytes::from(alloy_rlp::encode(&*batch)));
            batch.clear();
        }
    };
    for transaction in transactions {
        let length = transaction.len() + HEAD;
        if transaction.is_empty() || length + HEAD > MAX_BATCH_BYTES {
            continue;
        }
        if batch.len() == MAX_BATCH || size + length > MAX_BATCH_BYTES {
            flush(&mut batch);
            size = HEAD;
        }
        size += length;
        batch.push(transaction.into());
    }
    flush(&mut batch);
    messages
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn batches_keep_to_their_limits_and_lose_nothing() {
        let all: Vec<Bytes> =
            (0..3_000u32).map(|n| Bytes::from(vec![(n % 255) as u8 + 1; 1 + n as usize % 700])).collect();
        let messages = encode(all.clone());
        assert!(messages.len() > 2 && messages.iter().all(|message| message.len() <= MAX_BATCH_BYTES));
        let read: Vec<Bytes> = messages.iter().flat_map(|message| decode(message).unwrap()).collect();
        assert_eq!(read, all);
        assert!(encode([Bytes::from(vec![1; MAX_BATCH_BYTES])]).is_empty());
        assert!(encode([]).is_empty());
    }

    #[test]
    fn what_is_no_list_of_transactions_is_refused() {
        let list = |count: usize| Bytes::from(alloy_rlp::encode(vec![alloy_primitives::Bytes::from(vec![1]); count]));
        assert_eq!(decode(&list(0)), Err(InvalidBatch::Count { got: 0 }));
        assert_eq!(decode(&list(MAX_BATCH + 1)), Err(InvalidBatch::Count { got: MAX_BATCH + 1 }));
        assert_eq!(decode(&list(1)).unwrap(), [Bytes::from(vec![1])]);
        for bytes in [&[0x80][..], &[0xc1, 0x80], &[0xc1, 0xc0], &[0xc1, 1, 1], &[0xf9], &[]] {
            assert!(matches!(decode(&Bytes::copy_from_slice(bytes)), Err(InvalidBatch::Malformed(_))), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(transactions) = decode(&bytes.into()) {
                prop_assert!(!transactions.is_empty());
            }
        }
    }
}
