//! `eth_`: accounts, storage and proofs.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::{Api, head_of, header_at, state_at},
    error::{Reply, RpcError},
    registry::Registry,
};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U64, U256};
use bttc_primitives::StateReader;
use bttc_trie::{AccountProof, HashedChanges, TrieAccount, account_proof};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::collections::BTreeMap;

pub(crate) fn register(registry: &mut Registry) {
    registry.read("eth_getBalance", balance);
    registry.read("eth_getTransactionCount", nonce);
    registry.read("eth_getCode", code);
    registry.read("eth_getStorageAt", storage_at);
    registry.read("eth_getStorageValues", storage_values);
    registry.work("eth_getProof", proof);
}

/// A storage slot as a parameter: up to 32 bytes of hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    slot: U256,
    /// Whether the caller wrote all 32 bytes; answers write it the same way.
    whole: bool,
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").unwrap_or(&text);
        if digits.len() > 64 {
            return Err(D::Error::custom("storage key too long, it has at most 32 bytes"));
        }
        let slot = U256::from_str_radix(digits, 16)
            .map_err(|_| D::Error::custom(format!("invalid hex in storage key: {text:?}")))?;
        Ok(Self { slot, whole: digits.len() == 64 })
    }
}

impl Slot {
    fn written(&self) -> String {
        if self.whole { B256::from(self.slot).to_string() } else { format!("{:#x}", self.slot) }
    }
}

fn balance(api: &Api, mut args: Args) -> Reply<U256> {
    let address: Address = args.required("address")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let (_, state) = state_at(&api.read()?, block)?;
    Ok(state.account(address)?.unwrap_or_default().balance)
}

fn nonce(api: &Api, mut args: Args) -> Reply<U64> {
    let address: Address = args.required("address")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    Ok(U64::from(nonce_of(api, address, block)?))
}

/// Nonce of an account; at `pending` that after its transactions in the pool.
pub(crate) fn nonce_of(api: &Api, address: Address, block: BlockArg) -> Reply<u64> {
    let (_, state) = state_at(&api.read()?, block)?;
    let nonce = state.account(address)?.unwrap_or_default().nonce;
    let waiting = match block {
        BlockArg::Pending => api.chain.pool().pending_nonce(address),
        _ => None,
    };
    Ok(waiting.unwrap_or_default().max(nonce))
}

fn code(api: &Api, mut args: Args) -> Reply<Bytes> {
    let address: Address = args.required("address")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let (_, state) = state_at(&api.read()?, block)?;
    Ok(match state.account(address)? {
        Some(account) if account.has_code() => state.code(account.code_hash)?,
        _ => Bytes::new(),
    })
}

fn storage_at(api: &Api, mut args: Args) -> Reply<B256> {
    let address: Address = args.required("address")?;
    let slot: Slot = args.required("slot")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let (_, state) = state_at(&api.read()?, block)?;
    Ok(state.storage(address, slot.slot)?.into())
}

fn check_key_count(api: &Api, count: usize) -> Reply<()> {
    if count > api.config.max_storage_keys {
        return Err(RpcError::limit(
            "max_storage_keys",
            format_args!("{count} slots"),
            api.config.max_storage_keys,
            "ask for them in several requests",
        ));
    }
    Ok(())
}

fn storage_values(api: &Api, mut args: Args) -> Reply<BTreeMap<Address, Vec<B256>>> {
    let wanted: BTreeMap<Address, Vec<Slot>> = args.required("requests")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let count: usize = wanted.values().map(Vec::len).sum();
    if count == 0 {
        return Err(RpcError::params("empty request: name at least one slot"));
    }
    check_key_count(api, count)?;
    let (_, state) = state_at(&api.read()?, block)?;
    let mut values = BTreeMap::new();
    for (address, slots) in wanted {
        let read = slots.iter().map(|slot| state.storage(address, slot.slot).map(B256::from));
        values.insert(address, read.collect::<Result<_, _>>()?);
    }
    Ok(values)
}

/// Answer of `eth_getProof` (EIP-1186).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    address: Address,
    account_proof: Vec<Bytes>,
    balance: U256,
    code_hash: B256,
    nonce: U64,
    storage_hash: B256,
    storage_proof: Vec<StorageProof>,
}

#[derive(Clone, Debug, Serialize)]
struct StorageProof {
    key: String,
    value: U256,
    proof: Vec<Bytes>,
}

fn proof(api: &Api, mut args: Args) -> Reply<Proof> {
    let address: Address = args.required("address")?;
    let slots: Vec<Slot> = args.required("storageKeys")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    check_key_count(api, slots.len())?;
    let read = api.read()?;
    let height = header_at(&read, block)?.number;
    let behind = head_of(&read)?.number.saturating_sub(height);
    if behind > api.config.max_proof_blocks {
        return Err(RpcError::limit(
            "max_proof_blocks",
            format_args!("a block {behind} before the latest"),
            api.config.max_proof_blocks,
            "ask for a later block",
        ));
    }
    let overlay = if behind == 0 { HashedChanges::default() } else { read.changes_since(height)? };
    let keys: Vec<U256> = slots.iter().map(|slot| slot.slot).collect();
    Ok(Proof::new(address, &slots, account_proof(&read, &overlay, address, &keys)?))
}

impl Proof {
    fn new(address: Address, slots: &[Slot], proof: AccountProof) -> Self {
        let nothing = TrieAccount { code_hash: KECCAK256_EMPTY, ..Default::default() };
        let account = proof.account.unwrap_or(nothing);
        let storage = slots.iter().zip(proof.storage);
        Self {
            address,
            account_proof: proof.account_proof,
            balance: account.balance,
            code_hash: account.code_hash,
            nonce: U64::from(account.nonce),
            storage_hash: account.storage_root,
            storage_proof: storage
                .map(|(slot, proven)| StorageProof { key: slot.written(), value: proven.value, proof: proven.proof })
                .collect(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn slot(json: &str) -> Result<Slot, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn slots_are_written_as_they_came() {
        assert_eq!(slot("\"0x1f\"").unwrap().written(), "0x1f");
        let whole = format!("0x{:064x}", 31);
        assert_eq!(slot(&format!("\"{whole}\"")).unwrap().written(), whole);
        assert!(slot("\"0xasdf\"").unwrap_err().contains("invalid hex in storage key"));
        assert!(slot(&format!("\"{whole}00\"")).unwrap_err().contains("too long"));
    }
}
