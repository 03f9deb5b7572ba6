//! Logs of any number of blocks, in pages that nodes answer.

use super::{RootError, RootLog};
use std::future::Future;

/// Asks for the blocks `from` to `to` in pages of at most `size`. A page that is refused is asked for in halves, down to one block: nodes
/// limit blocks and hits, each in its own words.
pub(super) async fn in_pages<Fut>(
    from: u64,
    to: u64,
    size: u64,
    page: impl Fn(u64, u64) -> Fut + Send + Sync,
) -> Result<Vec<RootLog>, RootError>
where
    Fut: Future<Output = Result<Vec<RootLog>, RootError>> + Send,
{
    let mut logs = Vec::new();
    let (mut next, mut size) = (from, size.max(1));
    while next <= to {
        let last = next.saturating_add(size.saturating_sub(1)).min(to);
        match page(next, last).await {
            Ok(more) => logs.extend(more),
            Err(RootError::Refused { .. }) if last > next => {
                size = last.saturating_sub(next).div_ceil(2);
                continue;
            }
            Err(error) => return Err(error),
        }
        let Some(after) = last.checked_add(1) else { break };
        next = after;
    }
    Ok(logs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::{RootChainId, RootKind};
    use alloy_primitives::{Address, B256, LogData};
    use std::sync::Mutex;

    #[tokio::test]
    async fn every_block_is_asked_for_once_however_small_the_pages_get() {
        let root = RootChainId { kind: RootKind::Ethereum, chain_id: 1 };
        for (size, limit) in [(1000, 1000), (1000, 7), (7, 1), (1, 1), (0, 3)] {
            let answered = Mutex::new(Vec::new());
            let page = |from: u64, to: u64| {
                let result = match to - from < limit {
                    false => Err(RootError::Refused { root, what: "logs".to_owned(), why: "too many".to_owned() }),
                    true => {
                        answered.lock().unwrap().extend(from..=to);
                        let (transaction, address, data) = (B256::ZERO, Address::ZERO, LogData::default());
                        Ok(vec![RootLog { block: from, transaction, index: 0, address, data }])
                    }
                };
                async move { result }
            };
            let logs = in_pages(5, 2_011, size, page).await.unwrap();
            assert!(logs.is_sorted_by_key(|log| log.block));
            assert_eq!(*answered.lock().unwrap(), (5..=2_011).collect::<Vec<_>>(), "{size} {limit}");
        }
        let never =
            |_, _| async move { Err(RootError::Refused { root, what: "logs".to_owned(), why: "pruned".to_owned() }) };
        assert!(matches!(in_pages(5, 9, 1000, never).await, Err(RootError::Refused { .. })));
        assert_eq!(in_pages(9, 8, 1000, never).await, Ok(Vec::new()));
    }
}
