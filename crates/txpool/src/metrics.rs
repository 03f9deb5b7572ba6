//! Figures of the pool.

use crate::{InvalidTransaction, PoolEvent, inner::Inner};
use metrics::{Counter, Gauge, counter, gauge};

pub(crate) struct Metrics {
    added: Counter,
    /// Senders recovered from signatures; each transaction once.
    pub(crate) recovered: Counter,
    refused: Counter,
    underpriced: Counter,
    pending: Gauge,
    base_fee: Gauge,
    queued: Gauge,
    bytes: Gauge,
    senders: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            added: counter!("bttc_txpool_added_total"),
            recovered: counter!("bttc_txpool_senders_recovered_total"),
            refused: counter!("bttc_txpool_refused_total", "why" => "invalid"),
            underpriced: counter!("bttc_txpool_refused_total", "why" => "full"),
            pending: gauge!("bttc_txpool_transactions", "part" => "pending"),
            base_fee: gauge!("bttc_txpool_transactions", "part" => "base_fee"),
            queued: gauge!("bttc_txpool_transactions", "part" => "queued"),
            bytes: gauge!("bttc_txpool_bytes"),
            senders: gauge!("bttc_txpool_senders"),
        }
    }

    pub(crate) fn refused(&self, why: &InvalidTransaction) {
        match why {
            InvalidTransaction::Underpriced { .. }
            | InvalidTransaction::Full { .. }
            | InvalidTransaction::AccountFull { .. } => self.underpriced.increment(1),
            _ => self.refused.increment(1),
        }
    }

    pub(crate) fn event(&self, event: &PoolEvent) {
        match event {
            PoolEvent::Added(..) => self.added.increment(1),
            PoolEvent::Ready(_) => {}
            PoolEvent::Dropped { why, .. } => {
                counter!("bttc_txpool_dropped_total", "why" => why.label()).increment(1);
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    pub(crate) fn size(&self, inner: &Inner) {
        self.pending.set(inner.counts.pending as f64);
        self.base_fee.set(inner.counts.base_fee as f64);
        self.queued.set(inner.counts.queued as f64);
        self.bytes.set(inner.bytes as f64);
        self.senders.set(inner.senders.len() as f64);
    }
}
