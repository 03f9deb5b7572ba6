//! More questions to a TRON node: what sending and auditing need.

use super::{NodeError, TronNode, View};
use crate::tron::{
    AccountAnswer, BandwidthAnswer, BlockAnswer, Receipt, Simulated,
    address::to_wire,
    answers::{self, more},
};
use alloy_primitives::{Address, B256, hex};
use serde_json::json;

impl TronNode {
    /// The block of a height; none if the node does not have it. It may be reverted unless it is at or below the solid head.
    pub async fn block_at(&self, number: u64) -> Result<Option<BlockAnswer>, NodeError> {
        let question = json!({ "id_or_num": number.to_string(), "detail": false });
        self.ask(self.url(View::Newest, "getblock"), &question, more::block_or_none).await
    }

    /// What a call with a value, or a deployment (`to` is none, `data` its code), would come to on the newest state.
    pub async fn estimate(
        &self,
        from: Address,
        to: Option<Address>,
        value: u64,
        data: &[u8],
    ) -> Result<Simulated, NodeError> {
        let mut question = json!({
            "owner_address": hex::encode(to_wire(from)),
            "data": hex::encode(data),
            "call_value": value,
            "visible": false,
        });
        if let (Some(to), Some(fields)) = (to, question.as_object_mut()) {
            fields.insert("contract_address".to_owned(), json!(hex::encode(to_wire(to))));
        }
        self.ask(self.url(View::Newest, "triggerconstantcontract"), &question, answers::simulated).await
    }

    /// The receipts of all transactions of a solid block, in its order. Of a block above the solid head it answers none: look there first.
    pub async fn receipts_of(&self, number: u64) -> Result<Vec<(B256, Receipt)>, NodeError> {
        let url = self.url(View::Solid, "gettransactioninfobyblocknum");
        self.ask(url, &json!({ "num": number }), more::receipts).await
    }

    /// Whether a transaction waits for a block at this node.
    pub async fn is_pending(&self, id: B256) -> Result<bool, NodeError> {
        let question = json!({ "value": hex::encode(id) });
        self.ask(self.url(View::Newest, "gettransactionfrompending"), &question, more::is_there).await
    }

    /// An account, on the newest state.
    pub async fn account(&self, address: Address) -> Result<AccountAnswer, NodeError> {
        let question = json!({ "address": hex::encode(to_wire(address)), "visible": false });
        self.ask(self.url(View::Newest, "getaccount"), &question, more::account).await
    }

    /// Bandwidth that an account has for nothing, on the newest state.
    pub async fn bandwidth(&self, address: Address) -> Result<BandwidthAnswer, NodeError> {
        let question = json!({ "address": hex::encode(to_wire(address)), "visible": false });
        self.ask(self.url(View::Newest, "getaccountresource"), &question, more::bandwidth).await
    }
}
