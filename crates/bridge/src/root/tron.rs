//! TRON as a root chain (docs/tron.md, section 3).
//!
//! Final is what the solid state has. There is no nonce: two attempts are two transactions, and both can happen. So an attempt is its bytes,
//! which are sent again and again, and never changed, until they are final or dead: until the solid head is as late as the expiration, and the
//! transaction, looked for afterwards, is not there.
//!
//! The account may have given its relayer a permission of its own, restricted to `TriggerSmartContract` (31), so that a stolen key can call
//! contracts but not move coins: then [`TronConfig::account`] is the account and [`TronConfig::permission`] the number of the permission.
//! A deployment needs `CreateSmartContract` (30) as well.

use super::{
    Action, Agreement, Attempt, AttemptStatus, BlockRef, BroadcastVerdict, Call, Expected, FeePolicy, Funds, Intent,
    LogFilter, MAX_RAISES, Revert, RootChain, RootChainId, RootError, RootKind, RootLog, SeenTransaction, Simulation,
    Slot, Version, VersionFee,
    endpoints::{About, Endpoints, prepare_tls},
    fees::{LEAST_FEE_LIMIT, fee_limit},
    final_chain::RootNode,
    json_rpc::JsonRpc,
    standing::combine,
    verdicts::best,
};
use crate::tron::{
    self, AccountAnswer, BandwidthAnswer, BlockId, Creation, Endpoint, MAX_SIGNED_BYTES, Parameters, Signed, Simulated,
    Terms, TronNode, Unsigned, created_address,
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use node::Node;
use std::time::Duration;

mod node;

/// Bounds of the lifetime of an attempt.
const LIFETIME: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(600)];
/// What the account should have beside the ceiling. Unit: sun.
const RESERVE: u64 = 20_000_000;
/// Time between blocks: below it timestamps are free to tell transactions apart. Unit: milliseconds.
const SLOT: u64 = 3000;

/// One node of TRON, or a service that answers as one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TronEndpoint {
    /// HTTP interface with `/wallet/...`, as `http://127.0.0.1:8090`.
    pub full: String,
    /// The same with `/walletsolidity/...`, as `http://127.0.0.1:8091`; many services have it at the same URL.
    pub solid: String,
    /// JSON-RPC, as `http://127.0.0.1:8545/jsonrpc`.
    pub json_rpc: String,
}

/// How TRON is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TronConfig {
    /// Last four bytes of the id of its genesis block: 728126428 is mainnet.
    pub chain_id: u64,
    /// Nodes.
    pub endpoints: Vec<TronEndpoint>,
    /// How many must agree, and how long they are asked.
    pub agreement: Agreement,
    /// The account that sends; that of the key if none.
    pub account: Option<Address>,
    /// Its permission that the key has: 0 for the owner's own.
    pub permission: i32,
}

/// TRON.
#[derive(Debug)]
pub struct Tron {
    id: RootChainId,
    nodes: Endpoints<Node>,
    key: Option<PrivateKeySigner>,
    account: Option<Address>,
    permission: i32,
}

impl Tron {
    /// Asks nothing yet: [`RootChain::check`] does. Without a key it only reads.
    ///
    /// Errors: the configuration is not usable.
    pub fn new(config: TronConfig, key: Option<PrivateKeySigner>) -> Result<Self, RootError> {
        let id = RootChainId { kind: RootKind::Tron, chain_id: config.chain_id };
        let wrong = |why: String| RootError::Configuration { root: id, why };
        if config.permission < 0 || config.permission == 1 {
            return Err(wrong(format!("permission {} cannot send; name 0, or 2 and above", config.permission)));
        }
        prepare_tls();
        let mut ways = Vec::new();
        for TronEndpoint { full, solid, json_rpc } in config.endpoints {
            let rpc = JsonRpc::new(&json_rpc).map_err(|why| wrong(format!("endpoint {json_rpc:?}: {why}")))?;
            let http =
                TronNode::new(Endpoint { full: full.clone(), solid }).map_err(|error| wrong(error.to_string()))?;
            ways.push((full, Node { http, rpc }));
        }
        let account = config.account.or_else(|| key.as_ref().map(PrivateKeySigner::address));
        Ok(Self { id, nodes: Endpoints::new(id, ways, config.agreement)?, key, account, permission: config.permission })
    }

    /// The account and the key that sends for it.
    fn sender(&self) -> Result<(Address, &PrivateKeySigner), RootError> {
        let why = "there is no key to send with; name a key file and its password file".to_owned();
        self.account.zip(self.key.as_ref()).ok_or(RootError::Key { root: self.id, why })
    }

    fn invalid(&self, why: impl Into<String>) -> RootError {
        RootError::Invalid { root: self.id, why: why.into() }
    }

    fn sun(&self, amount: U256) -> Result<u64, RootError> {
        u64::try_from(amount).map_err(|_| self.invalid(format!("{amount} sun are more than there are")))
    }

    async fn parameters(&self) -> Result<Parameters, RootError> {
        let ask = |node: Node| async move { Ok(node.http.parameters().await?) };
        self.nodes.agree("the parameters of the network", About::Moving, ask).await
    }

    async fn estimate(
        &self,
        from: Address,
        to: Option<Address>,
        value: u64,
        data: &Bytes,
    ) -> Result<Simulated, RootError> {
        let ask = |node: Node| {
            let data = data.clone();
            async move { Ok(node.http.estimate(from, to, value, &data).await?) }
        };
        self.nodes.first("what a call would do", ask).await
    }

    async fn balance(&self, account: Address) -> Result<u64, RootError> {
        let ask = |node: Node| async move {
            let AccountAnswer { balance, .. } = node.http.account(account).await?;
            Ok(balance)
        };
        self.nodes.reached("the balance", ask).await
    }

    /// What the bandwidth of a transaction costs. Unit: sun.
    async fn bandwidth(&self, account: Address, bytes: u64, price: u64) -> Result<u64, RootError> {
        let ask = |node: Node| async move { Ok(node.http.bandwidth(account).await?) };
        let left: BandwidthAnswer = self.nodes.first("the bandwidth of the account", ask).await?;
        Ok(left.price(bytes, price))
    }

    /// Time of the newest block that enough endpoints have reached. Unit: milliseconds since the Unix epoch.
    async fn now(&self) -> Result<u64, RootError> {
        self.nodes.reached("the newest block", |node| async move { Ok(node.newest().await?.time) }).await
    }

    /// Signs what an action comes to under these terms.
    fn signed(&self, action: &Action, terms: &Terms) -> Result<Signed, RootError> {
        let (owner, key) = self.sender()?;
        let unsigned = match action {
            Action::Call { to, value, data } => {
                let call = tron::Call { owner, contract: *to, value: self.sun(*value)?, data: data.clone() };
                Unsigned::call(&call, terms)
            }
            Action::Deploy { name, code } => {
                Unsigned::creation(&Creation { owner, name: name.clone(), bytecode: code.clone() }, terms)
            }
        };
        let unsigned = match self.permission {
            0 => unsigned,
            id => unsigned.and_then(|unsigned| unsigned.with_permission(id)),
        };
        let unsigned = unsigned.map_err(|error| self.invalid(error.to_string()))?;
        let signature = key.sign_hash_sync(&unsigned.id());
        let signature = signature
            .map_err(|error| RootError::Key { root: self.id, why: format!("the key does not sign: {error}") })?;
        Ok(unsigned.signed(&signature))
    }

    /// The kept transaction; the bytes are what counts, as they are what happens.
    fn kept(&self, attempt: &Attempt) -> Result<(Signed, u64), RootError> {
        let id = attempt.version.id;
        let expiration = match attempt.slot {
            Slot::Expires(expiration) if attempt.root == self.id => expiration,
            _ => return Err(self.invalid(format!("the attempt for {} is of {}", attempt.intent, attempt.root))),
        };
        let broken = || self.invalid(format!("the kept bytes of transaction {id} are not that transaction"));
        let signed = Signed::decode(&attempt.version.bytes).map_err(|_| broken())?;
        let same = signed.id() == id
            && signed.encode() == attempt.version.bytes
            && signed.terms().is_ok_and(|terms| terms.expiration == expiration);
        if same { Ok((signed, expiration)) } else { Err(broken()) }
    }
}

/// Most of `ceiling` that is left beside bandwidth, as the network allows it. Unit: sun.
fn most_fee_limit(ceiling: U256, bandwidth: u64, network: u64) -> u64 {
    let left = ceiling.saturating_sub(U256::from(bandwidth));
    u64::try_from(left).unwrap_or(u64::MAX).min(network)
}

/// Milliseconds after the head's time that tell the transactions of two intents apart: without a nonce, two calls that are the same to the
/// byte would be one.
fn distinct(key: &str) -> u64 {
    let [a, b, c, d, ..] = keccak256(key).0;
    u64::from(u32::from_be_bytes([a, b, c, d])).checked_rem(SLOT).unwrap_or_default()
}

impl RootChain for Tron {
    fn id(&self) -> RootChainId {
        self.id
    }

    fn account(&self) -> Option<Address> {
        self.account
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

    /// Nodes answer on their own solid head, so that answers may differ for a moment: they are asked again then.
    async fn final_call(&self, to: Address, data: Bytes) -> Result<Bytes, RootError> {
        let head = self.final_head().await?.number;
        let from = self.account.unwrap_or(Address::ZERO);
        let ask = |node: Node| {
            let data = data.clone();
            async move { node.final_call(from, to, &data, head).await }
        };
        let answer = self.nodes.agree(&format!("a view of {to}"), About::Moving, ask).await?;
        answer.map_err(|data| RootError::Reverted { root: self.id, to: to.to_string(), revert: Revert::of(data) })
    }

    async fn simulate(&self, call: &Call) -> Result<Simulation, RootError> {
        let from = call.from.or(self.account).unwrap_or(Address::ZERO);
        let Simulated { result, energy } =
            self.estimate(from, Some(call.to), self.sun(call.value)?, &call.data).await?;
        let price = self.parameters().await?.energy_price;
        let cost = U256::from(energy).saturating_mul(U256::from(price));
        Ok(Simulation { result: result.map_err(Revert::of), gas: energy, cost })
    }

    async fn funds(&self, fee: &FeePolicy) -> Result<Funds, RootError> {
        let (account, _) = self.sender()?;
        let balance = U256::from(self.balance(account).await?);
        Ok(Funds { account, balance, least: fee.ceiling.saturating_add(U256::from(RESERVE)) })
    }

    async fn transaction(&self, id: B256) -> Result<Option<SeenTransaction>, RootError> {
        let what = format!("transaction {id}");
        self.nodes.agree(&what, About::Moving, |node| async move { node.transaction(id).await }).await
    }

    async fn is_waiting(&self, id: B256) -> bool {
        let said = self.nodes.everyone(|node| async move { Ok(node.http.is_pending(id).await?) }).await;
        said.into_iter().any(|(_, waits)| waits.unwrap_or(false))
    }

    async fn prepare(&self, intent: &Intent, fee: &FeePolicy, live: &[Attempt]) -> Result<Attempt, RootError> {
        let (from, _) = self.sender()?;
        if intent.raises > MAX_RAISES {
            return Err(self
                .invalid(format!("{} ran out of energy {} times; it is not tried again", intent.key, intent.raises)));
        }
        let [shortest, longest] = LIFETIME;
        if !(shortest..=longest).contains(&fee.lifetime) {
            let why = format!("a lifetime of {:?}; choose {shortest:?} to {longest:?}", fee.lifetime);
            return Err(RootError::Configuration { root: self.id, why });
        }
        let Parameters { energy_price, bandwidth_price, max_fee_limit, .. } = self.parameters().await?;

        // A transaction that will revert is taken by the network, and charged.
        let (to, value, data) = match &intent.action {
            Action::Call { to, value, data } => (Some(*to), self.sun(*value)?, data),
            Action::Deploy { code, .. } => (None, 0, code),
        };
        let energy = match self.estimate(from, to, value, data).await {
            Ok(Simulated { result: Ok(_), energy }) => Some(energy),
            Ok(Simulated { result: Err(data), .. }) => {
                let to = to.map_or_else(|| "a new contract".to_owned(), |to| to.to_string());
                return Err(RootError::Reverted { root: self.id, to, revert: Revert::of(data) });
            }
            // Nodes without `vm.supportConstant` for creations: the ceiling is the limit.
            Err(RootError::Refused { .. }) if to.is_none() => None,
            Err(error) => return Err(error),
        };

        let millis = u64::try_from(fee.lifetime.as_millis()).unwrap_or(u64::MAX);
        let (now, solid) = (self.now().await?, self.final_head().await?);
        let expiration = now.saturating_add(millis);
        let mut terms = Terms {
            reference: BlockId(solid.id).reference(),
            expiration,
            timestamp: now.saturating_add(distinct(&intent.key)),
            fee_limit: max_fee_limit,
        };
        // With the longest fee limit, so the final one is not larger.
        let longest = self.signed(&intent.action, &terms)?;
        if longest.encode().len() > MAX_SIGNED_BYTES {
            return Err(self.invalid(format!("{} is too large for a transaction of TRON", intent.key)));
        }
        let bandwidth = self.bandwidth(from, longest.bandwidth(), bandwidth_price).await?;
        let most = most_fee_limit(fee.ceiling, bandwidth, max_fee_limit);
        let limit = match energy {
            Some(energy) => fee_limit(energy, energy_price, intent.raises, most),
            None if most < LEAST_FEE_LIMIT => Err(LEAST_FEE_LIMIT),
            None => Ok(most),
        };
        terms.fee_limit = limit.map_err(|needs| {
            let needs = U256::from(needs).saturating_add(U256::from(bandwidth));
            RootError::AboveCeiling { root: self.id, needs, ceiling: fee.ceiling.min(U256::from(max_fee_limit)) }
        })?;

        let version_fee = VersionFee::Limit { fee_limit: terms.fee_limit, bandwidth };
        let mut owed = version_fee.most().saturating_add(U256::from(value));
        for attempt in live.iter().filter(|attempt| attempt.from == from) {
            owed = owed.saturating_add(attempt.version.fee.most());
        }
        let has = U256::from(self.balance(from).await?);
        if has < owed {
            return Err(RootError::Unfunded { root: self.id, account: from, has, needs: owed });
        }

        let mut signed = self.signed(&intent.action, &terms)?;
        while live.iter().any(|attempt| attempt.version.id == signed.id()) {
            terms.timestamp = terms.timestamp.saturating_add(1);
            signed = self.signed(&intent.action, &terms)?;
        }
        let id = signed.id();
        Ok(Attempt {
            root: self.id,
            intent: intent.key.clone(),
            from,
            slot: Slot::Expires(expiration),
            version: Version { id, bytes: signed.encode().into(), fee: version_fee },
            earlier: Vec::new(),
            creates: to.is_none().then(|| created_address(id, from)),
        })
    }

    async fn bump(&self, _: &Attempt, _: &FeePolicy) -> Result<Option<Attempt>, RootError> {
        Ok(None)
    }

    async fn broadcast(&self, attempt: &Attempt) -> BroadcastVerdict {
        let (signed, _) = match self.kept(attempt) {
            Ok(kept) => kept,
            Err(error) => return BroadcastVerdict::Refused(error.to_string()),
        };
        let ask = |node: Node| {
            let signed = signed.clone();
            async move { Ok(node.broadcast(&signed).await) }
        };
        best(self.nodes.everyone(ask).await)
    }

    async fn status(&self, attempt: &Attempt) -> Result<AttemptStatus, RootError> {
        let (_, expiration) = self.kept(attempt)?;
        let id = attempt.version.id;
        let ask = |node: Node| {
            let attempt = attempt.clone();
            async move { node.standing(&attempt, expiration).await }
        };
        let said = self.nodes.enough(&format!("transaction {id}"), ask).await?;
        let why = || format!("it expired at {expiration} ms, the solid head is later, and no solid block has it");
        combine(self.id, id, &said, self.nodes.needed(), why)
    }
}

#[cfg(test)]
mod tests;
