//! One node of Ethereum.

use super::Finality;
use crate::root::{
    Attempt, BlockRef, BroadcastVerdict, Ending, LogFilter, Revert, RootLog, SeenTransaction,
    endpoints::NoAnswer,
    final_chain::RootNode,
    json_rpc::{BlockJson, JsonRpc, LogJson, RpcFault, in_order},
    standing::{Outcome, Standing},
};
use alloy_primitives::{Address, B256, Bytes, U64, U128, U256};
use serde::Deserialize;
use serde_json::{Value, json};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct EthereumNode {
    pub(super) rpc: JsonRpc,
    pub(super) finality: Finality,
}

/// A receipt.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptJson {
    transaction_hash: B256,
    block_number: U64,
    status: U64,
    gas_used: U64,
    #[serde(default)]
    effective_gas_price: U128,
    logs: Vec<LogJson>,
}

impl ReceiptJson {
    /// Its logs, which must be of its transaction and block.
    fn logs(self) -> Result<Vec<RootLog>, NoAnswer> {
        let (id, block) = (self.transaction_hash, self.block_number.to::<u64>());
        let logs = self.logs.into_iter().map(LogJson::read).collect::<Result<Vec<_>, _>>()?;
        match logs.iter().find(|log| log.transaction != id || log.block != block) {
            Some(log) => {
                Err(NoAnswer::Refuses(format!("its receipt of {id} in block {block} has another's log: {log:?}")))
            }
            None => in_order(logs),
        }
    }
}

impl RootNode for EthereumNode {
    fn rpc(&self) -> &JsonRpc {
        &self.rpc
    }

    async fn newest(&self) -> Result<BlockRef, NoAnswer> {
        Ok(self.newest_with_fee().await?.0)
    }

    async fn final_head(&self) -> Result<BlockRef, NoAnswer> {
        let depth = match self.finality {
            Finality::Finalized => {
                let block = self.tagged(json!("finalized")).await?;
                return block.map(|block| block.reference()).ok_or_else(|| {
                    NoAnswer::Refuses(
                        "it has no finalized block: it still syncs, or its chain has no finality".to_owned(),
                    )
                });
            }
            Finality::Depth(depth) => depth,
        };
        let newest = self.newest().await?;
        match depth {
            0 => Ok(newest),
            _ => self.block(newest.number.saturating_sub(depth)).await,
        }
    }

    async fn block_at(&self, number: u64) -> Result<Option<BlockRef>, NoAnswer> {
        Ok(self.tagged(json!(U64::from(number))).await?.map(|block| block.reference()))
    }

    async fn audit(&self, number: u64, filter: &LogFilter) -> Result<(B256, Vec<RootLog>), NoAnswer> {
        let block = self.final_block(number).await?;
        let receipts: Option<Vec<ReceiptJson>> =
            self.rpc.ask("eth_getBlockReceipts", json!([U64::from(number)])).await?;
        let receipts = receipts.ok_or_else(|| NoAnswer::Refuses(format!("it has no receipts of block {number}")))?;
        let mut logs = Vec::new();
        for receipt in receipts {
            if receipt.block_number.to::<u64>() != number {
                let of = receipt.block_number;
                return Err(NoAnswer::Refuses(format!("among its receipts of block {number} is one of {of}")));
            }
            logs.extend(receipt.logs()?.into_iter().filter(|log| filter.matches(log.address, &log.data)));
        }
        Ok((block.id, in_order(logs)?))
    }
}

impl EthereumNode {
    async fn tagged(&self, tag: Value) -> Result<Option<BlockJson>, NoAnswer> {
        Ok(self.rpc.ask("eth_getBlockByNumber", json!([tag, false])).await?)
    }

    /// The newest block, and wei for each gas in it.
    pub(super) async fn newest_with_fee(&self) -> Result<(BlockRef, Option<u128>), NoAnswer> {
        let block = self.tagged(json!("latest")).await?;
        let block = block.ok_or_else(|| NoAnswer::Refuses("it has no newest block".to_owned()))?;
        Ok((block.reference(), block.base_fee_per_gas.map(|fee| fee.to())))
    }

    /// `block`: a number or a tag. A revert is an answer.
    pub(super) async fn call(&self, call: &Value, block: Value) -> Result<Result<Bytes, Bytes>, NoAnswer> {
        reverts(self.rpc.ask("eth_call", json!([call, block])).await)
    }

    pub(super) async fn estimate(&self, call: &Value) -> Result<Result<u64, Bytes>, NoAnswer> {
        let gas = reverts(self.rpc.ask::<U64>("eth_estimateGas", json!([call])).await)?;
        Ok(gas.map(|gas| gas.to()))
    }

    pub(super) async fn tip(&self) -> Result<u128, NoAnswer> {
        Ok(self.rpc.ask::<U128>("eth_maxPriorityFeePerGas", json!([])).await?.to())
    }

    pub(super) async fn nonce(&self, account: Address, block: Value) -> Result<u64, NoAnswer> {
        Ok(self.rpc.ask::<U64>("eth_getTransactionCount", json!([account, block])).await?.to())
    }

    pub(super) async fn balance(&self, account: Address) -> Result<U256, NoAnswer> {
        Ok(self.rpc.ask("eth_getBalance", json!([account, "latest"])).await?)
    }

    pub(super) async fn code(&self, address: Address, block: u64) -> Result<Bytes, NoAnswer> {
        self.reach(block).await?;
        Ok(self.rpc.ask("eth_getCode", json!([address, U64::from(block)])).await?)
    }

    async fn receipt(&self, id: B256) -> Result<Option<ReceiptJson>, NoAnswer> {
        let receipt: Option<ReceiptJson> = self.rpc.ask("eth_getTransactionReceipt", json!([id])).await?;
        match receipt {
            Some(receipt) if receipt.transaction_hash != id => {
                Err(NoAnswer::Refuses(format!("asked for transaction {id} it answers {}", receipt.transaction_hash)))
            }
            other => Ok(other),
        }
    }

    /// Whether it has the transaction, in a block or not.
    pub(super) async fn knows(&self, id: B256) -> Result<bool, NoAnswer> {
        let found: Option<Value> = self.rpc.ask("eth_getTransactionByHash", json!([id])).await?;
        Ok(found.is_some())
    }

    pub(super) async fn transaction(&self, id: B256) -> Result<Option<SeenTransaction>, NoAnswer> {
        let head = self.final_head().await?.number;
        let Some(receipt) = self.receipt(id).await? else { return Ok(None) };
        let (block, succeeded) = (receipt.block_number.to::<u64>(), receipt.status == U64::from(1));
        Ok(Some(SeenTransaction { block, is_final: block <= head, succeeded, logs: receipt.logs()? }))
    }

    pub(super) async fn broadcast(&self, id: B256, bytes: &Bytes) -> BroadcastVerdict {
        match self.rpc.ask::<B256>("eth_sendRawTransaction", json!([bytes])).await {
            Ok(known) if known == id => BroadcastVerdict::Accepted,
            Ok(other) => BroadcastVerdict::RetrySame(format!("it took {id} for {other}")),
            Err(RpcFault::Away(why)) => BroadcastVerdict::RetrySame(why),
            Err(RpcFault::Refused { message, .. }) => super::verdict::read(&message),
        }
    }

    /// In this order: the final head, whether the nonce is used there, and only then the receipts; so a version that happened in between is
    /// found, and never taken for over.
    pub(super) async fn standing(
        &self,
        attempt: &Attempt,
        nonce: u64,
        limits: &[(B256, u64)],
    ) -> Result<Standing, NoAnswer> {
        let head = self.final_head().await?.number;
        let used = self.nonce(attempt.from, json!(U64::from(head))).await? > nonce;
        for (id, limit) in limits {
            let Some(receipt) = self.receipt(*id).await? else { continue };
            let (block, gas) = (receipt.block_number.to::<u64>(), receipt.gas_used.to::<u64>());
            if block > head {
                return Ok(Standing::Included(block));
            }
            let ending = match receipt.status.to::<u64>() {
                1 => Ending::Done,
                _ if gas >= *limit => Ending::OutOfEnergy,
                _ => Ending::Reverted(String::new()),
            };
            let fee = U256::from(gas).saturating_mul(U256::from(receipt.effective_gas_price));
            return Ok(Standing::Final(Outcome { id: *id, block, ending, fee }));
        }
        Ok(if used { Standing::Over } else { Standing::Unknown })
    }
}

/// A revert is an answer.
fn reverts<T>(answer: Result<T, RpcFault>) -> Result<Result<T, Bytes>, NoAnswer> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(RpcFault::Refused { revert: Some(data), .. }) => Ok(Err(data)),
        Err(fault) => Err(fault.into()),
    }
}

/// The reason of a revert, for an ending.
pub(super) fn reason(data: Bytes) -> String {
    Revert::of(data).reason
}
