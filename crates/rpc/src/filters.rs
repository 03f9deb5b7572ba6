//! Filters that callers poll, kept until they are uninstalled or forgotten.

use crate::{
    RpcConfig,
    error::{Reply, RpcError},
    subscription_id::random_id,
};
use alloy_primitives::U128;
use alloy_rpc_types_eth::Filter;
use bttc_primitives::Height;
use bttc_txpool::PoolEvent;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::broadcast;

/// What a filter watches.
#[derive(Debug)]
pub(crate) enum Watch {
    /// Hashes of new blocks.
    Blocks {
        /// First block that was not told of yet.
        next: Height,
    },
    /// Logs of new blocks.
    Logs {
        /// Which logs.
        filter: Arc<Filter>,
        /// First block that was not told of yet.
        next: Height,
    },
    /// Transactions that became pending.
    Transactions {
        /// Events that were not told of yet.
        events: broadcast::Receiver<PoolEvent>,
        /// Whether whole transactions are wanted, not hashes.
        full: bool,
    },
}

#[derive(Debug)]
struct Installed {
    watch: Watch,
    polled: Instant,
}

/// The installed filters.
#[derive(Debug)]
pub(crate) struct Filters {
    installed: Mutex<BTreeMap<U128, Installed>>,
    most: usize,
    lifetime: Duration,
}

impl Filters {
    pub(crate) fn new(config: &RpcConfig) -> Self {
        Self { installed: Mutex::default(), most: config.max_filters, lifetime: config.filter_timeout }
    }

    /// Installs a filter and names it.
    pub(crate) fn install(&self, watch: Watch) -> Reply<U128> {
        self.install_at(watch, Instant::now())
    }

    fn install_at(&self, watch: Watch, now: Instant) -> Reply<U128> {
        let mut installed = self.installed.lock();
        installed.retain(|_, filter| now.duration_since(filter.polled) < self.lifetime);
        if installed.len() >= self.most {
            return Err(RpcError::limit(
                "max_filters",
                "one more",
                self.most,
                "uninstall filters that are no longer polled (eth_uninstallFilter), or subscribe by WebSocket",
            ));
        }
        let id = random_id();
        installed.insert(id, Installed { watch, polled: now });
        Ok(id)
    }

    /// Takes a filter away.
    pub(crate) fn uninstall(&self, id: U128) -> bool {
        self.installed.lock().remove(&id).is_some()
    }

    /// Lets `look` see a filter, which counts as a poll.
    pub(crate) fn with<T>(&self, id: U128, look: impl FnOnce(&mut Watch) -> T) -> Reply<T> {
        self.with_at(id, Instant::now(), look)
    }

    fn with_at<T>(&self, id: U128, now: Instant, look: impl FnOnce(&mut Watch) -> T) -> Reply<T> {
        let mut installed = self.installed.lock();
        installed.retain(|_, filter| now.duration_since(filter.polled) < self.lifetime);
        let filter = installed.get_mut(&id).ok_or_else(|| {
            RpcError::invalid(format!(
                "filter not found: it was never installed, was uninstalled, or was not polled for {:?}",
                self.lifetime
            ))
        })?;
        filter.polled = now;
        Ok(look(&mut filter.watch))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_nobody_polls_is_forgotten_and_makes_room() {
        let config = RpcConfig { max_filters: 1, ..Default::default() };
        let filters = Filters::new(&config);
        let start = Instant::now();
        let first = filters.install_at(Watch::Blocks { next: 1 }, start).unwrap();
        let error = filters.install_at(Watch::Blocks { next: 1 }, start).unwrap_err();
        assert!(error.message.contains("rpc.max_filters is 1"), "{}", error.message);
        let later = start + config.filter_timeout / 2;
        filters.with_at(first, later, |_| ()).unwrap();
        assert!(filters.install_at(Watch::Blocks { next: 1 }, start + config.filter_timeout).is_err());
        let second = filters.install_at(Watch::Blocks { next: 1 }, later + config.filter_timeout).unwrap();
        assert!(filters.with(first, |_| ()).unwrap_err().message.contains("filter not found"));
        assert!(filters.uninstall(second) && !filters.uninstall(second));
    }
}
