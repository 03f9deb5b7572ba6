//! What is final on a root chain: asked of one node, and of several that must agree. The same on every chain; how a node is asked is its own.

use super::{
    BlockRef, LogFilter, RootError, RootLog,
    endpoints::{About, Endpoints, NoAnswer},
    json_rpc::JsonRpc,
    pages::in_pages,
};
use alloy_primitives::B256;
use std::future::Future;

/// Blocks whose logs are asked for at once; nodes of TRON answer at most 5,000.
const PAGE: u64 = 1000;

/// One node of a root chain; cheap to clone.
pub(super) trait RootNode: Clone + Send + Sync + 'static {
    /// Where it answers `eth_getLogs`.
    fn rpc(&self) -> &JsonRpc;

    fn newest(&self) -> impl Future<Output = Result<BlockRef, NoAnswer>> + Send;

    fn final_head(&self) -> impl Future<Output = Result<BlockRef, NoAnswer>> + Send;

    /// What it says stands at this height; none if it has no such block.
    fn block_at(&self, number: u64) -> impl Future<Output = Result<Option<BlockRef>, NoAnswer>> + Send;

    /// All logs of one final block, out of its receipts, with the block's id.
    fn audit(
        &self,
        number: u64,
        filter: &LogFilter,
    ) -> impl Future<Output = Result<(B256, Vec<RootLog>), NoAnswer>> + Send;

    fn block(&self, number: u64) -> impl Future<Output = Result<BlockRef, NoAnswer>> + Send {
        async move {
            match self.block_at(number).await? {
                Some(block) if block.number == number => Ok(block),
                Some(block) => Err(NoAnswer::Refuses(format!("asked for block {number} it answers {}", block.number))),
                None => Err(NoAnswer::Refuses(format!("it does not have block {number}"))),
            }
        }
    }

    /// Nothing beyond its final head may be asked of a node: it would answer short without saying so.
    fn reach(&self, asked: u64) -> impl Future<Output = Result<(), NoAnswer>> + Send {
        async move {
            let head = self.final_head().await?.number;
            if head < asked { Err(NoAnswer::Lags { asked, head }) } else { Ok(()) }
        }
    }

    fn final_block(&self, number: u64) -> impl Future<Output = Result<BlockRef, NoAnswer>> + Send {
        async move {
            self.reach(number).await?;
            self.block(number).await
        }
    }

    /// With the last block, so that nodes of two chains do not agree on pages without logs.
    fn final_logs(
        &self,
        from: u64,
        to: u64,
        filter: &LogFilter,
    ) -> impl Future<Output = Result<(B256, Vec<RootLog>), NoAnswer>> + Send {
        async move {
            self.reach(to).await?;
            let logs = self.rpc().logs(from, to, filter).await?;
            Ok((self.block(to).await?.id, logs))
        }
    }
}

impl<N: RootNode> Endpoints<N> {
    /// The highest block that enough endpoints call final, and agree about.
    pub(super) async fn last_final(&self) -> Result<BlockRef, RootError> {
        let head = |node: N| async move { node.final_head().await };
        self.final_head(head, |node, number| async move { node.final_block(number).await }).await
    }

    pub(super) async fn newest(&self) -> Result<BlockRef, RootError> {
        self.first("the newest block", |node| async move { node.newest().await }).await
    }

    pub(super) async fn final_block(&self, number: u64) -> Result<BlockRef, RootError> {
        let what = format!("final block {number}");
        self.agree(&what, About::Final, |node| async move { node.final_block(number).await }).await
    }

    pub(super) async fn final_logs(&self, from: u64, to: u64, filter: &LogFilter) -> Result<Vec<RootLog>, RootError> {
        let page = async |from: u64, to: u64| {
            let what = format!("the logs of blocks {from} to {to}");
            let ask = |node: N| {
                let filter = filter.clone();
                async move { node.final_logs(from, to, &filter).await }
            };
            Ok(self.agree(&what, About::Final, ask).await?.1)
        };
        in_pages(from, to, PAGE, page).await
    }

    /// What stands in the receipts of these final blocks, one block after the other.
    pub(super) async fn audit_logs(&self, from: u64, to: u64, filter: &LogFilter) -> Result<Vec<RootLog>, RootError> {
        let mut logs = Vec::new();
        for number in from..=to {
            let ask = |node: N| {
                let filter = filter.clone();
                async move { node.audit(number, &filter).await }
            };
            logs.extend(self.agree(&format!("the receipts of block {number}"), About::Final, ask).await?.1);
        }
        Ok(logs)
    }
}
