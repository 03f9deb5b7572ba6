//! One node of TRON.

use crate::{
    root::{
        Attempt, BlockRef, BroadcastVerdict, Ending, LogFilter, Revert, RootLog, SeenTransaction,
        endpoints::NoAnswer,
        final_chain::RootNode,
        json_rpc::JsonRpc,
        standing::{Outcome, Standing},
    },
    tron::{self, BadAnswer, BlockAnswer, NodeError, Receipt, Signed, TronNode, Verdict, View},
};
use alloy_primitives::{Address, B256, Bytes, LogData, U256};
use serde_json::json;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) http: TronNode,
    pub(super) rpc: JsonRpc,
}

impl From<NodeError> for NoAnswer {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::Unreachable { why, .. } => Self::Away(why),
            NodeError::Answer { error: BadAnswer::Busy(why), .. } => Self::Away(format!("it is too busy: {why}")),
            NodeError::Answer { error, .. } => Self::Refuses(error.to_string()),
        }
    }
}

const fn reference(block: &BlockAnswer) -> BlockRef {
    BlockRef { number: block.number, id: block.id.0, time: block.timestamp }
}

/// An ending in the words of both chains.
fn ending(ending: tron::Ending) -> Ending {
    match ending {
        tron::Ending::Done => Ending::Done,
        tron::Ending::Reverted(data) => Ending::Reverted(Revert::of(data).reason),
        tron::Ending::OutOfEnergy => Ending::OutOfEnergy,
        tron::Ending::OutOfTime => Ending::OutOfTime,
        tron::Ending::Other(why) => Ending::Failed(why),
    }
}

/// The logs of a transaction, counted from `first`.
fn logs(block: u64, transaction: B256, logs: Vec<(Address, LogData)>, first: u64) -> Vec<RootLog> {
    let count = (first..).zip(logs);
    count.map(|(index, (address, data))| RootLog { block, transaction, index, address, data }).collect()
}

impl RootNode for Node {
    fn rpc(&self) -> &JsonRpc {
        &self.rpc
    }

    async fn newest(&self) -> Result<BlockRef, NoAnswer> {
        Ok(reference(&self.http.block(View::Newest).await?))
    }

    async fn final_head(&self) -> Result<BlockRef, NoAnswer> {
        Ok(reference(&self.http.block(View::Solid).await?))
    }

    async fn block_at(&self, number: u64) -> Result<Option<BlockRef>, NoAnswer> {
        Ok(self.http.block_at(number).await?.map(|block| reference(&block)))
    }

    /// Their places are counted over all receipts.
    async fn audit(&self, number: u64, filter: &LogFilter) -> Result<(B256, Vec<RootLog>), NoAnswer> {
        let block = self.final_block(number).await?;
        let mut all: Vec<RootLog> = Vec::new();
        for (id, receipt) in self.http.receipts_of(number).await? {
            if receipt.block != number {
                return Err(NoAnswer::Refuses(format!(
                    "among the receipts of block {number} is one of {}",
                    receipt.block
                )));
            }
            let first = u64::try_from(all.len()).unwrap_or(u64::MAX);
            all.extend(logs(number, id, receipt.logs, first));
        }
        all.retain(|log| filter.matches(log.address, &log.data));
        Ok((block.id, all))
    }
}

impl Node {
    /// On the solid state, which must have reached `head`.
    pub(super) async fn final_call(
        &self,
        from: Address,
        to: Address,
        data: &Bytes,
        head: u64,
    ) -> Result<Result<Bytes, Bytes>, NoAnswer> {
        self.reach(head).await?;
        Ok(self.http.simulate(from, to, data, View::Solid).await?.result)
    }

    /// Nodes keep the code of the newest state alone.
    pub(super) async fn code(&self, address: Address, head: u64) -> Result<Bytes, NoAnswer> {
        self.reach(head).await?;
        Ok(self.rpc.ask("eth_getCode", json!([address, "latest"])).await?)
    }

    pub(super) async fn transaction(&self, id: B256) -> Result<Option<SeenTransaction>, NoAnswer> {
        let seen = |receipt: Receipt, is_final| {
            let Receipt { block, ending, logs: made, .. } = receipt;
            let succeeded = ending == tron::Ending::Done;
            Some(SeenTransaction { block, is_final, succeeded, logs: logs(block, id, made, 0) })
        };
        if let Some(receipt) = self.http.receipt(id, View::Solid).await? {
            return Ok(seen(receipt, true));
        }
        Ok(self.http.receipt(id, View::Newest).await?.and_then(|receipt| seen(receipt, false)))
    }

    pub(super) async fn broadcast(&self, transaction: &Signed) -> BroadcastVerdict {
        match self.http.broadcast(transaction).await {
            Ok(Verdict::Accepted) => BroadcastVerdict::Accepted,
            Ok(Verdict::Known) => BroadcastVerdict::Known,
            Ok(Verdict::RetrySame(why)) => BroadcastVerdict::RetrySame(why),
            Ok(Verdict::Rebuild(why)) => BroadcastVerdict::Rebuild(why),
            Ok(Verdict::Refused(why)) => BroadcastVerdict::Refused(why),
            Err(NodeError::Answer { error: BadAnswer::Refused(why), .. }) => BroadcastVerdict::Refused(why),
            // It may have been taken all the same.
            Err(error) => BroadcastVerdict::RetrySame(NoAnswer::from(error).why()),
        }
    }

    /// In this order: the time of the solid head, and only then the transaction in the solid state, of the same node. A block after the solid
    /// head has a parent at least as late, so it cannot take what has expired by then; a block before would be known.
    pub(super) async fn standing(&self, attempt: &Attempt, expiration: u64) -> Result<Standing, NoAnswer> {
        let id = attempt.version.id;
        let solid = self.final_head().await?;
        if let Some(receipt) = self.http.receipt(id, View::Solid).await? {
            let Receipt { block, fee, ending: how, .. } = receipt;
            return Ok(Standing::Final(Outcome { id, block, ending: ending(how), fee: U256::from(fee) }));
        }
        if solid.time >= expiration {
            return Ok(Standing::Over);
        }
        let seen = self.http.receipt(id, View::Newest).await?;
        Ok(seen.map_or(Standing::Unknown, |receipt| Standing::Included(receipt.block)))
    }
}
