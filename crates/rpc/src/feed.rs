//! New blocks one after the other, none left out.

use crate::{context::Api, error::Reply};
use bttc_chain::{ChainEvent, CommittedBlock};
use bttc_primitives::{Height, Receipt, RecoveredBlock};
use std::sync::Arc;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// A block that became final.
pub(crate) enum News {
    /// As the ledger told of it.
    Told(Arc<CommittedBlock>),
    /// Read again, as the ledger was too fast for us.
    Read(Box<RecoveredBlock>, Vec<Receipt>),
}

impl News {
    pub(crate) fn block(&self) -> &RecoveredBlock {
        match self {
            Self::Told(committed) => &committed.block,
            Self::Read(block, _) => block,
        }
    }

    pub(crate) fn receipts(&self) -> &[Receipt] {
        match self {
            Self::Told(committed) => &committed.receipts,
            Self::Read(_, receipts) => receipts,
        }
    }
}

/// A place in the sequence of blocks.
pub(crate) struct BlockFeed {
    events: Receiver<ChainEvent>,
    next: Height,
    /// An event for later, while blocks before it are read from the store.
    held: Option<Arc<CommittedBlock>>,
    /// Up to which block the store must be read.
    read_to: Height,
}

impl BlockFeed {
    /// Starts after the present head.
    pub(crate) fn new(api: &Api) -> Self {
        let events = api.chain.subscribe();
        let head = api.chain.head().height();
        Self { events, next: head.saturating_add(1), held: None, read_to: head }
    }

    /// The next block, once there is one; none when the ledger ends.
    pub(crate) async fn next(&mut self, api: &Api) -> Reply<Option<News>> {
        loop {
            if self.next <= self.read_to
                && let Some(news) = self.read(api)?
            {
                self.next += 1;
                return Ok(Some(news));
            }
            if let Some(held) = self.held.take() {
                self.next = held.block.block.height().saturating_add(1);
                return Ok(Some(News::Told(held)));
            }
            match self.events.recv().await {
                Ok(ChainEvent::Committed(committed)) => {
                    let height = committed.block.block.height();
                    if height >= self.next {
                        self.read_to = height.saturating_sub(1);
                        self.held = Some(committed);
                    }
                }
                Ok(ChainEvent::Reset(head)) => {
                    self.next = head.height().saturating_add(1);
                    self.read_to = head.height();
                }
                Err(RecvError::Lagged(_)) => self.read_to = api.chain.head().height(),
                Err(RecvError::Closed) => return Ok(None),
            }
        }
    }

    fn read(&mut self, api: &Api) -> Reply<Option<News>> {
        let read = api.read()?;
        let block = read.recovered_block(self.next)?;
        let receipts = read.receipts(self.next)?;
        let (Some(block), Some(receipts)) = (block, receipts) else {
            // Set back meanwhile: the event of it is on its way.
            self.read_to = self.next.saturating_sub(1);
            return Ok(None);
        };
        Ok(Some(News::Read(Box::new(block), receipts)))
    }
}
