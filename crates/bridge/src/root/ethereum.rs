//! Ethereum as a root chain.
//!
//! Final is what the tag `finalized` has; a development chain may say a depth instead, mainnet may not. Transactions are of EIP-1559. An
//! attempt owns a nonce: its versions replace each other, and only one of them can happen. It is dead once the nonce is used in a final block
//! and no version has a receipt. The key must be used by nothing else: a foreign transaction takes a nonce from an attempt, which then is
//! made anew, safely, but late.

use super::{
    Action, Agreement, Attempt, AttemptStatus, BlockRef, BroadcastVerdict, Call, Ending, Expected, FeePolicy, Funds,
    Intent, LogFilter, MAX_RAISES, Revert, RootChain, RootChainId, RootError, RootKind, RootLog, SeenTransaction,
    Simulation, Slot, Version, VersionFee,
    endpoints::{About, Endpoints, prepare_tls},
    fees::{self, Offer, Prices},
    final_chain::RootNode,
    json_rpc::JsonRpc,
    standing::combine,
    verdicts::best,
};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::{Decodable2718, Encodable2718};
use alloy_network::TxSigner;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U64, U256, keccak256};
use alloy_signer_local::PrivateKeySigner;
use node::EthereumNode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{fmt, sync::Arc};

mod node;
mod verdict;

/// Mainnet, where only the tag `finalized` is final.
const MAINNET: u64 = 1;

/// What is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finality {
    /// What the tag `finalized` has.
    #[default]
    Finalized,
    /// What is this many blocks below the newest; 0 is the newest itself. For development chains without finality alone.
    Depth(u64),
}

/// How Ethereum is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EthereumConfig {
    /// EIP-155 id.
    pub chain_id: u64,
    /// JSON-RPC over HTTP.
    pub endpoints: Vec<String>,
    /// How many must agree, and how long they are asked.
    pub agreement: Agreement,
    /// What is final.
    pub finality: Finality,
}

/// What signs transactions of Ethereum: a key in memory, or in a device that asks its owner.
pub type EthereumSigner = Arc<dyn TxSigner<Signature> + Send + Sync>;

/// Ethereum.
pub struct Ethereum {
    id: RootChainId,
    nodes: Endpoints<EthereumNode>,
    key: Option<EthereumSigner>,
}

impl fmt::Debug for Ethereum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ethereum").field("id", &self.id).field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

impl Ethereum {
    /// Asks nothing yet: [`RootChain::check`] does. Without a key it only reads.
    ///
    /// Errors: the configuration is not usable.
    pub fn new(config: EthereumConfig, key: Option<PrivateKeySigner>) -> Result<Self, RootError> {
        Self::with_signer(config, key.map(|key| Arc::new(key) as EthereumSigner))
    }

    /// The same with whatever signs.
    ///
    /// Errors: the configuration is not usable.
    pub fn with_signer(config: EthereumConfig, key: Option<EthereumSigner>) -> Result<Self, RootError> {
        let id = RootChainId { kind: RootKind::Ethereum, chain_id: config.chain_id };
        let wrong = |why: String| RootError::Configuration { root: id, why };
        if config.chain_id == MAINNET && config.finality != Finality::Finalized {
            return Err(wrong("on mainnet only finalized blocks are final; leave the depth out".to_owned()));
        }
        prepare_tls();
        let mut ways = Vec::new();
        for url in config.endpoints {
            let rpc = JsonRpc::new(&url).map_err(|why| wrong(format!("endpoint {url:?}: {why}")))?;
            ways.push((url, EthereumNode { rpc, finality: config.finality }));
        }
        Ok(Self { id, nodes: Endpoints::new(id, ways, config.agreement)?, key })
    }

    fn key(&self) -> Result<&EthereumSigner, RootError> {
        let why = "there is no key to send with; name a key file and its password file".to_owned();
        self.key.as_ref().ok_or(RootError::Key { root: self.id, why })
    }

    fn invalid(&self, why: impl Into<String>) -> RootError {
        RootError::Invalid { root: self.id, why: why.into() }
    }

    async fn prices(&self) -> Result<Prices, RootError> {
        let base = |node: EthereumNode| async move { Ok(node.newest_with_fee().await?.1) };
        let base = self.nodes.reached("the base fee", base).await?;
        let base = base.ok_or_else(|| RootError::Configuration {
            root: self.id,
            why: "its blocks have no base fee: this chain is from before EIP-1559".to_owned(),
        })?;
        let tip = self.nodes.reached("the tip", |node| async move { node.tip().await }).await?;
        Ok(Prices { base, tip })
    }

    /// What a call comes to on the newest state: gas, or why it reverts.
    async fn estimate(&self, call: &Value) -> Result<Result<u64, Revert>, RootError> {
        let gas = self.nodes.first("the gas of a call", |node| {
            let call = call.clone();
            async move { node.estimate(&call).await }
        });
        Ok(gas.await?.map_err(Revert::of))
    }

    async fn signed(&self, key: &EthereumSigner, mut tx: TxEip1559) -> Result<Version, RootError> {
        let fee = VersionFee::Gas {
            limit: tx.gas_limit,
            max_fee: tx.max_fee_per_gas,
            max_priority_fee: tx.max_priority_fee_per_gas,
        };
        let signature = key.sign_transaction(&mut tx).await;
        let signature = signature
            .map_err(|error| RootError::Key { root: self.id, why: format!("the key does not sign: {error}") })?;
        let signed = TxEnvelope::Eip1559(tx.into_signed(signature));
        Ok(Version { id: *signed.tx_hash(), bytes: signed.encoded_2718().into(), fee })
    }

    /// The transaction of a version; the bytes are what counts, as they are what happens.
    fn decoded(&self, version: &Version) -> Result<TxEip1559, RootError> {
        let envelope = TxEnvelope::decode_2718(&mut version.bytes.as_ref());
        match envelope {
            Ok(TxEnvelope::Eip1559(signed)) if *signed.hash() == version.id => Ok(signed.strip_signature()),
            _ => Err(self.invalid(format!("the kept bytes of transaction {} are not that transaction", version.id))),
        }
    }

    fn nonce_of(&self, attempt: &Attempt) -> Result<u64, RootError> {
        match attempt.slot {
            Slot::Nonce(nonce) if attempt.root == self.id => Ok(nonce),
            _ => Err(self.invalid(format!("the attempt for {} is of {}", attempt.intent, attempt.root))),
        }
    }

    async fn balance(&self, account: Address) -> Result<U256, RootError> {
        self.nodes.reached("the balance", |node| async move { node.balance(account).await }).await
    }

    /// Why a version that is final reverted, as far as a node can still tell.
    async fn reason(&self, attempt: &Attempt, id: B256, block: u64) -> String {
        let unknown = "the contract reverted".to_owned();
        let Some(Ok(tx)) = attempt.versions().find(|version| version.id == id).map(|version| self.decoded(version))
        else {
            return unknown;
        };
        let call = request(Some(attempt.from), tx.to.to().copied(), tx.value, &tx.input);
        let before = json!(U64::from(block.saturating_sub(1)));
        let answer = self.nodes.first("why a transaction reverted", |node| {
            let (call, before) = (call.clone(), before.clone());
            async move { node.call(&call, before).await }
        });
        match answer.await {
            Ok(Err(data)) => node::reason(data),
            _ => unknown,
        }
    }
}

fn request(from: Option<Address>, to: Option<Address>, value: U256, data: &Bytes) -> Value {
    let mut call = json!({ "value": value, "data": data });
    if let Some(fields) = call.as_object_mut() {
        fields.extend(from.map(|from| ("from".to_owned(), json!(from))));
        fields.extend(to.map(|to| ("to".to_owned(), json!(to))));
    }
    call
}

impl RootChain for Ethereum {
    fn id(&self) -> RootChainId {
        self.id
    }

    fn account(&self) -> Option<Address> {
        self.key.as_ref().map(|key| key.address())
    }

    async fn check(&self, expected: &Expected) -> Result<(), RootError> {
        let ids = self.nodes.everyone(|node| async move { Ok(node.rpc.chain_id().await?) }).await;
        super::check::chain_ids(&self.nodes, expected, ids)?;
        let head = self.final_head().await?.number;
        for contract in &expected.contracts {
            let (what, address) = (format!("the code of {}", contract.name), contract.address);
            let code = self.nodes.agree(&what, About::Final, |node| async move { node.code(address, head).await });
            super::check::code(self.id, contract, keccak256(code.await?))?;
        }
        Ok(())
    }

    async fn final_head(&self) -> Result<BlockRef, RootError> {
        self.nodes.last_final().await
    }

    async fn newest_head(&self) -> Result<BlockRef, RootError> {
        self.nodes.newest().await
    }

    async fn final_block(&self, number: u64) -> Result<BlockRef, RootError> {
        self.nodes.final_block(number).await
    }

    async fn final_logs(&self, from: u64, to: u64, filter: &LogFilter) -> Result<Vec<RootLog>, RootError> {
        self.nodes.final_logs(from, to, filter).await
    }

    async fn audit_logs(&self, from: u64, to: u64, filter: &LogFilter) -> Result<Vec<RootLog>, RootError> {
        self.nodes.audit_logs(from, to, filter).await
    }

    async fn final_call(&self, to: Address, data: Bytes) -> Result<Bytes, RootError> {
        let head = self.final_head().await?.number;
        let call = request(self.account(), Some(to), U256::ZERO, &data);
        let ask = |node: EthereumNode| {
            let call = call.clone();
            async move {
                node.final_block(head).await?;
                node.call(&call, json!(U64::from(head))).await
            }
        };
        let answer = self.nodes.agree(&format!("a view of {to} at block {head}"), About::Final, ask).await?;
        answer.map_err(|data| RootError::Reverted { root: self.id, to: to.to_string(), revert: Revert::of(data) })
    }

    async fn simulate(&self, call: &Call) -> Result<Simulation, RootError> {
        let call = request(call.from.or(self.account()), Some(call.to), call.value, &call.data);
        let answer = self.nodes.first("a call", |node| {
            let call = call.clone();
            async move { node.call(&call, json!("latest")).await }
        });
        let reverted = |revert| Simulation { result: Err(revert), gas: 0, cost: U256::ZERO };
        let result = match answer.await? {
            Ok(result) => result,
            Err(data) => return Ok(reverted(Revert::of(data))),
        };
        let gas = match self.estimate(&call).await? {
            Ok(gas) => gas,
            Err(revert) => return Ok(reverted(revert)),
        };
        let cost = U256::from(gas).saturating_mul(U256::from(self.prices().await?.now()));
        Ok(Simulation { result: Ok(result), gas, cost })
    }

    async fn funds(&self, fee: &FeePolicy) -> Result<Funds, RootError> {
        let account = self.key()?.address();
        Ok(Funds { account, balance: self.balance(account).await?, least: fee.ceiling })
    }

    async fn transaction(&self, id: B256) -> Result<Option<SeenTransaction>, RootError> {
        let what = format!("transaction {id}");
        self.nodes.agree(&what, About::Moving, |node| async move { node.transaction(id).await }).await
    }

    async fn is_waiting(&self, id: B256) -> bool {
        let said = self.nodes.everyone(|node| async move { node.knows(id).await }).await;
        said.into_iter().any(|(_, known)| known.unwrap_or(false))
    }

    async fn prepare(&self, intent: &Intent, fee: &FeePolicy, live: &[Attempt]) -> Result<Attempt, RootError> {
        let key = self.key()?;
        let from = key.address();
        if intent.raises > MAX_RAISES {
            return Err(
                self.invalid(format!("{} ran out of gas {} times; it is not tried again", intent.key, intent.raises))
            );
        }
        let (to, value, input) = match &intent.action {
            Action::Call { to, value, data } => (TxKind::Call(*to), *value, data.clone()),
            Action::Deploy { code, .. } => (TxKind::Create, U256::ZERO, code.clone()),
        };
        let call = request(Some(from), to.to().copied(), value, &input);
        let gas = self.estimate(&call).await?.map_err(|revert| {
            let to = to.to().map_or_else(|| "a new contract".to_owned(), Address::to_string);
            RootError::Reverted { root: self.id, to, revert }
        })?;
        let limit = fees::gas_limit(gas, intent.raises);
        let offer = fees::first_offer(self.prices().await?, limit, fee.ceiling)
            .map_err(|needs| RootError::AboveCeiling { root: self.id, needs, ceiling: fee.ceiling })?;

        let mut held = Vec::new();
        let mut owed = U256::from(limit).saturating_mul(U256::from(offer.max_fee)).saturating_add(value);
        for attempt in live.iter().filter(|attempt| attempt.from == from) {
            held.push(self.nonce_of(attempt)?);
            owed = owed.saturating_add(attempt.version.fee.most());
        }
        let has = self.balance(from).await?;
        if has < owed {
            return Err(RootError::Unfunded { root: self.id, account: from, has, needs: owed });
        }
        let count = |node: EthereumNode| async move { node.nonce(from, json!("latest")).await };
        let mut nonce = self.nodes.reached("the nonce", count).await?;
        while held.contains(&nonce) {
            nonce = nonce.saturating_add(1);
        }

        let tx = TxEip1559 {
            chain_id: self.id.chain_id,
            nonce,
            gas_limit: limit,
            max_fee_per_gas: offer.max_fee,
            max_priority_fee_per_gas: offer.tip,
            to,
            value,
            access_list: Default::default(),
            input,
        };
        Ok(Attempt {
            root: self.id,
            intent: intent.key.clone(),
            from,
            slot: Slot::Nonce(nonce),
            version: self.signed(key, tx).await?,
            earlier: Vec::new(),
            creates: to.is_create().then(|| from.create(nonce)),
        })
    }

    async fn bump(&self, attempt: &Attempt, fee: &FeePolicy) -> Result<Option<Attempt>, RootError> {
        let key = self.key()?;
        self.nonce_of(attempt)?;
        if attempt.from != key.address() {
            let why = format!(
                "an attempt is by {}, but the key is that of {}; give back the old key until it is done",
                attempt.from,
                key.address()
            );
            return Err(RootError::Key { root: self.id, why });
        }
        let mut tx = self.decoded(&attempt.version)?;
        let old = Offer { max_fee: tx.max_fee_per_gas, tip: tx.max_priority_fee_per_gas };
        let Some(offer) = fees::next_offer(old, self.prices().await?, tx.gas_limit, fee.ceiling) else {
            return Ok(None);
        };
        (tx.max_fee_per_gas, tx.max_priority_fee_per_gas) = (offer.max_fee, offer.tip);
        let mut bumped = attempt.clone();
        let last = std::mem::replace(&mut bumped.version, self.signed(key, tx).await?);
        bumped.earlier.push(last);
        Ok(Some(bumped))
    }

    async fn broadcast(&self, attempt: &Attempt) -> BroadcastVerdict {
        let Version { id, bytes, .. } = &attempt.version;
        if let Err(error) = self.nonce_of(attempt).and_then(|_| self.decoded(&attempt.version)) {
            return BroadcastVerdict::Refused(error.to_string());
        }
        let ask = |node: EthereumNode| {
            let (id, bytes) = (*id, bytes.clone());
            async move { Ok(node.broadcast(id, &bytes).await) }
        };
        best(self.nodes.everyone(ask).await)
    }

    async fn status(&self, attempt: &Attempt) -> Result<AttemptStatus, RootError> {
        let nonce = self.nonce_of(attempt)?;
        let mut limits = Vec::new();
        for version in attempt.versions() {
            limits.push((version.id, self.decoded(version)?.gas_limit));
        }
        let id = attempt.version.id;
        let ask = |node: EthereumNode| {
            let (attempt, limits) = (attempt.clone(), limits.clone());
            async move { node.standing(&attempt, nonce, &limits).await }
        };
        let said = self.nodes.enough(&format!("transaction {id}"), ask).await?;
        let why = || format!("its nonce {nonce} is used in a final block, but by none of its versions");
        let mut status = combine(self.id, id, &said, self.nodes.needed(), why)?;
        if let AttemptStatus::Final { id, block, ending: Ending::Reverted(reason), .. } = &mut status {
            *reason = self.reason(attempt, *id, *block).await;
        }
        Ok(status)
    }
}
#[cfg(test)]
mod tests;
