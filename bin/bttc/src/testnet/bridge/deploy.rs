//! The bridge's contracts on a root chain, the assets they list, and tokens for the people of the network.

use super::{
    place::{BTT, Contracts, RootPlace, Token},
    send::Batch,
};
use crate::testnet::rpc;
use alloy_primitives::{Address, B256, Bytes, U256, aliases::U104, keccak256};
use alloy_sol_types::SolCall;
use bttc_bridge::root::{FeePolicy, Intent, RootChain, RootKind};
use bttc_contracts::root::{
    ICheckpointManager, IRootBridge, IStateProof,
    ITestToken::{self, approveCall, mintCall},
    creation_code,
};
use eyre::{OptionExt, eyre};
use serde_json::json;

/// What the contracts of both root chains are told.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// EIP-155 id of the side chain.
    pub(super) side_chain_id: u64,
    /// Who owns the contracts, and sends all of this.
    pub(super) owner: Address,
    /// Who may pause.
    pub(super) guardian: Address,
    /// Age stop. Unit: seconds.
    pub(super) max_age: u64,
    /// Of the set that signs block 1.
    pub(super) validators_hash: B256,
    /// Who gets tokens.
    pub(super) people: Vec<Address>,
}

/// A token that is made and listed. Amounts in whole tokens.
struct Planned {
    name: &'static str,
    symbol: &'static str,
    decimals: u8,
    each: u64,
    /// What may leave in a day however little is locked; a twentieth of it leaves at once.
    floor: u64,
    locked: u64,
}

const DOLLAR: Planned =
    Planned { name: "Test Dollar", symbol: "TUSD", decimals: 6, each: 1_000_000, floor: 100_000, locked: 0 };
const BITTORRENT: Planned =
    Planned { name: "BitTorrent", symbol: BTT, decimals: 18, each: 10_000_000, floor: 1_000_000, locked: 100_000_000 };

/// Share of what is locked that may leave in a day, as the contract has it by default. Unit: basis points.
const DAILY_BPS: u16 = 200;

fn units(whole: u64, decimals: u8) -> U256 {
    U256::from(whole).saturating_mul(U256::from(10).saturating_pow(U256::from(decimals)))
}

/// Most that one of these transactions may cost. Unit: the smallest of the coin.
fn fee(kind: RootKind) -> FeePolicy {
    FeePolicy::new(match kind {
        RootKind::Ethereum => units(1, 18),
        RootKind::Tron => units(15_000, 6),
    })
}

/// What of the coin may leave in a day at least.
fn coin_floor(kind: RootKind) -> U256 {
    match kind {
        RootKind::Ethereum => units(100, 18),
        RootKind::Tron => units(1_000_000, 6),
    }
}

fn planned(kind: RootKind) -> Vec<Planned> {
    match kind {
        RootKind::Ethereum => vec![DOLLAR],
        RootKind::Tron => vec![BITTORRENT, DOLLAR],
    }
}

fn list(bridge: Address, name: &str, token: Address, floor: U256) -> Intent {
    let floor = U104::saturating_from(floor);
    let call = IRootBridge::setAssetCall { token, enabled: true, cap: U104::MAX, dailyBps: DAILY_BPS, floor };
    Intent::call(format!("list/{name}"), bridge, call.abi_encode())
}

fn mint(of: &Planned, token: Address, to: Address, whole: u64) -> Intent {
    let call = mintCall { to, amount: units(whole, of.decimals) };
    Intent::call(format!("mint/{}/{to}", of.symbol), token, call.abi_encode())
}

/// Deploys everything through `root`, whose key is the owner's, and waits until it is final.
///
/// What needs nothing of each other goes into one block: contracts and tokens first, then what names them.
pub(super) async fn deploy<R: RootChain>(root: &R, place: &RootPlace, terms: &Terms) -> eyre::Result<Contracts> {
    let from_block = root.newest_head().await?.number;
    let mut batch = Batch::new(root, fee(place.kind));
    let plan = planned(place.kind);

    let checkpoints = creation_code(&ICheckpointManager::constructorCall {
        sideChainId_: U256::from(terms.side_chain_id),
        owner_: terms.owner,
        maxAge_: terms.max_age,
        validatorsHash: terms.validators_hash,
        height: 0,
    });
    let token = |of: &Planned| {
        let (name_, symbol_) = (of.name.to_owned(), of.symbol.to_owned());
        let code = creation_code(&ITestToken::constructorCall { name_, symbol_, decimals_: of.decimals });
        Intent::deploy(format!("deploy/{}", of.symbol), of.symbol, code)
    };
    let mut intents = vec![Intent::deploy("deploy/CheckpointManager", "CheckpointManager", checkpoints)];
    intents.extend(plan.iter().map(token));
    let mut made = created(batch.send(intents).await?)?.into_iter();
    let checkpoints = made.next().ok_or_eyre("no CheckpointManager was made")?;
    let tokens: Vec<Address> = made.collect();

    let bridge = creation_code(&IRootBridge::constructorCall {
        rootId_: U256::from(place.root_id()),
        checkpoints_: checkpoints,
        owner_: terms.owner,
        guardian_: terms.guardian,
    });
    let proof = creation_code(&IStateProof::constructorCall { checkpoints_: checkpoints });
    let mut intents = vec![
        Intent::deploy("deploy/RootBridge", "RootBridge", bridge),
        Intent::deploy("deploy/StateProof", "StateProof", proof),
    ];
    for (of, token) in plan.iter().zip(&tokens) {
        intents.extend(terms.people.iter().map(|to| mint(of, *token, *to, of.each)));
        if of.locked > 0 {
            intents.push(mint(of, *token, terms.owner, of.locked));
        }
    }
    let made = batch.send(intents).await?;
    let [bridge, state_proof] = made[..]
        .first_chunk::<2>()
        .copied()
        .map(|of| of.map(Option::unwrap_or_default))
        .ok_or_eyre("no RootBridge was made")?;

    let mut intents = vec![list(bridge, "coin", Address::ZERO, coin_floor(place.kind))];
    let mut locks = Vec::new();
    for (of, token) in plan.iter().zip(&tokens) {
        intents.push(list(bridge, of.symbol, *token, units(of.floor, of.decimals)));
        if of.locked > 0 {
            let amount = units(of.locked, of.decimals);
            let allow = approveCall { spender: bridge, amount };
            intents.push(Intent::call(format!("allow/{}", of.symbol), *token, allow.abi_encode()));
            let lock = IRootBridge::lockCall { token: *token, amount };
            locks.push(Intent::call(format!("lock/{}", of.symbol), bridge, lock.abi_encode()));
        }
    }
    batch.send(intents).await?;
    batch.send(locks).await?;
    batch.finish().await?;

    let tokens = plan.iter().zip(tokens);
    let btt_locked = plan.iter().filter(|of| of.symbol == BTT).map(|of| units(of.locked, of.decimals)).sum();
    Ok(Contracts {
        checkpoints,
        bridge,
        code_hash: code_hash(place, bridge).await?,
        state_proof,
        from_block,
        tokens: tokens
            .map(|(of, address)| Token { symbol: of.symbol.to_owned(), address, decimals: of.decimals })
            .collect(),
        btt_locked,
    })
}

fn created(made: Vec<Option<Address>>) -> eyre::Result<Vec<Address>> {
    made.into_iter().collect::<Option<_>>().ok_or_eyre("a deployment made no contract")
}

async fn code_hash(place: &RootPlace, contract: Address) -> eyre::Result<B256> {
    let answer = rpc::json(place.json_rpc(), "eth_getCode", json!([contract, "latest"])).await;
    let code: Option<Bytes> = answer.and_then(|code| serde_json::from_value(code).ok());
    let code = code.filter(|code| !code.is_empty());
    Ok(keccak256(code.ok_or_else(|| eyre!("{} does not show the code of {contract}", place.name()))?))
}
