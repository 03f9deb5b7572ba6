//! Accounts and storage, as layers: one for each of the last blocks over a base. A block is taken back by dropping its layer, and every one of
//! those blocks can be looked at; what is older is merged into the base, so memory grows with the state and not with the blocks.

use alloy_primitives::{Address, B256, U256};
use revm::{
    bytecode::Bytecode,
    database_interface::Database,
    primitives::KECCAK_EMPTY,
    state::{AccountInfo, EvmState},
};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    convert::Infallible,
    sync::Arc,
};

/// Free bandwidth that an account has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Unit: bytes.
    pub(crate) bytes: u64,
    /// When. Unit: milliseconds since the Unix epoch.
    pub(crate) at: u64,
}

/// What a deployment said about a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contract {
    pub(crate) origin: Address,
    pub(crate) name: String,
    pub(crate) percent: i64,
    pub(crate) origin_energy_limit: i64,
}

/// An account; one that was made stays, however little it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// Unit: sun.
    pub(crate) balance: u64,
    pub(crate) code: Option<Arc<(B256, Bytecode)>>,
    /// Of contracts that a transaction deployed.
    pub(crate) contract: Option<Arc<Contract>>,
    pub(crate) bandwidth: Usage,
    /// Keys of an active permission of number 2 that may only call contracts.
    pub(crate) active_keys: Vec<Address>,
}

impl Account {
    /// Whether calls of it run code.
    pub(crate) const fn is_contract(&self) -> bool {
        self.code.is_some()
    }
}

/// What one block changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layer {
    accounts: HashMap<Address, Option<Account>>,
    slots: HashMap<Address, HashMap<U256, U256>>,
    /// Accounts whose storage below counts no more.
    wiped: HashSet<Address>,
}

impl Layer {
    /// Replaces an account.
    pub(crate) fn put(&mut self, address: Address, account: Account) {
        self.accounts.insert(address, Some(account));
    }

    fn wipe(&mut self, address: Address) {
        self.slots.remove(&address);
        self.wiped.insert(address);
    }

    fn absorb(&mut self, newer: Self) {
        for address in newer.wiped {
            self.slots.remove(&address);
        }
        self.accounts.extend(newer.accounts);
        for (address, slots) in newer.slots {
            self.slots.entry(address).or_default().extend(slots);
        }
    }
}

/// The layers.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    base: Layer,
    base_number: u64,
    layers: VecDeque<Layer>,
}

impl History {
    /// One whose first block left this behind.
    pub(crate) fn new(genesis: Layer) -> Self {
        Self { base: genesis, base_number: 0, layers: VecDeque::new() }
    }

    /// State after a block; none if it is not kept.
    pub(crate) fn at(&self, number: u64) -> Option<View<'_>> {
        let above = number.checked_sub(self.base_number)?;
        let above = usize::try_from(above).ok().filter(|above| *above <= self.layers.len())?;
        Some(View { history: self, above })
    }

    /// State after the last block.
    pub(crate) fn head(&self) -> View<'_> {
        View { history: self, above: self.layers.len() }
    }

    /// Adds a block's layer; no more than `keep` stay apart.
    pub(crate) fn push(&mut self, layer: Layer, keep: usize) {
        self.layers.push_back(layer);
        while self.layers.len() > keep.max(1) {
            if let Some(oldest) = self.layers.pop_front() {
                self.base.absorb(oldest);
                self.base_number = self.base_number.saturating_add(1);
            }
        }
    }

    /// Takes the last block back; false if its layer is merged.
    pub(crate) fn pop(&mut self) -> bool {
        self.layers.pop_back().is_some()
    }

    /// Layers that can be taken back.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.layers.len()
    }
}

/// State after a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    history: &'a History,
    above: usize,
}

impl<'a> View<'a> {
    fn layers(self) -> impl Iterator<Item = &'a Layer> {
        let above = self.history.layers.iter().take(self.above).rev();
        above.chain(std::iter::once(&self.history.base))
    }

    /// An account, if there is one.
    pub(crate) fn account(self, address: Address) -> Option<&'a Account> {
        self.layers().find_map(|layer| layer.accounts.get(&address)).and_then(Option::as_ref)
    }

    /// A word of storage.
    pub(crate) fn slot(self, address: Address, key: U256) -> U256 {
        for layer in self.layers() {
            if let Some(value) = layer.slots.get(&address).and_then(|slots| slots.get(&key)) {
                return *value;
            }
            if layer.wiped.contains(&address) {
                return U256::ZERO;
            }
        }
        U256::ZERO
    }
}

/// A block being made: what it has changed so far over what was before.
pub(crate) struct Draft<'a> {
    below: View<'a>,
    /// The changes.
    pub(crate) layer: Layer,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(below: View<'a>) -> Self {
        Self { below, layer: Layer::default() }
    }

    /// An account, if there is one.
    pub(crate) fn account(&self, address: Address) -> Option<&Account> {
        match self.layer.accounts.get(&address) {
            Some(account) => account.as_ref(),
            None => self.below.account(address),
        }
    }

    fn slot(&self, address: Address, key: U256) -> U256 {
        match self.layer.slots.get(&address).and_then(|slots| slots.get(&key)) {
            Some(value) => *value,
            None if self.layer.wiped.contains(&address) => U256::ZERO,
            None => self.below.slot(address, key),
        }
    }

    /// Takes over what the machine did.
    ///
    /// Errors: an account has more than all TRX that can be.
    pub(crate) fn apply(&mut self, changes: EvmState) -> Result<(), String> {
        for (address, changed) in changes {
            if !changed.is_touched() {
                continue;
            }
            if changed.is_selfdestructed() {
                self.layer.accounts.insert(address, None);
                self.layer.wipe(address);
                continue;
            }
            let before = self.account(address).cloned();
            if before.is_none() && changed.is_empty() {
                continue;
            }
            let mut account = before.unwrap_or_default();
            account.balance = u64::try_from(changed.info.balance)
                .map_err(|_| format!("{address} has {} sun, more than there can be", changed.info.balance))?;
            let code = changed.info.code.clone().filter(|code| !code.is_empty());
            if let Some(code) = code.filter(|_| changed.info.code_hash != KECCAK_EMPTY) {
                account.code = Some(Arc::new((changed.info.code_hash, code)));
            }
            if changed.is_created() {
                self.layer.wipe(address);
            }
            let slots = changed.changed_storage_slots().map(|(key, slot)| (*key, slot.present_value()));
            let slots: Vec<_> = slots.collect();
            if !slots.is_empty() {
                self.layer.slots.entry(address).or_default().extend(slots);
            }
            self.layer.put(address, account);
        }
        Ok(())
    }
}

/// What the machine reads: a draft and the ids of earlier blocks.
pub(crate) struct Source<'a, H> {
    pub(crate) draft: &'a Draft<'a>,
    pub(crate) hash: H,
}

impl<H: FnMut(u64) -> B256> Database for Source<'_, H> {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.draft.account(address).map(|account| {
            let (code_hash, code) = account.code.as_deref().cloned().unwrap_or((KECCAK_EMPTY, Bytecode::default()));
            // The nonce, which TRON has not, makes the machine see an account even without a balance.
            AccountInfo {
                balance: U256::from(account.balance),
                nonce: 1,
                code_hash,
                code: Some(code),
                ..AccountInfo::default()
            }
        }))
    }

    fn code_by_hash(&mut self, _: B256) -> Result<Bytecode, Infallible> {
        // Never asked: an account comes with its code.
        Ok(Bytecode::default())
    }

    fn storage(&mut self, address: Address, key: U256) -> Result<U256, Infallible> {
        Ok(self.draft.slot(address, key))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        Ok((self.hash)(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(balance: u64, slot: u64) -> Layer {
        let mut layer = Layer::default();
        layer.put(Address::ZERO, Account { balance, ..Account::default() });
        layer.slots.entry(Address::ZERO).or_default().insert(U256::ONE, U256::from(slot));
        layer
    }

    #[test]
    fn every_kept_block_is_seen_as_it_was_and_can_be_taken_back() {
        let mut history = History::new(layer(10, 0));
        for number in 1..=10_000 {
            history.push(layer(10 + number, number), 5);
        }
        assert_eq!(history.kept(), 5);
        assert!(history.at(9_994).is_none() && history.at(10_001).is_none());
        for number in 9_995..=10_000 {
            let view = history.at(number).unwrap();
            assert_eq!(view.account(Address::ZERO).unwrap().balance, 10 + number);
            assert_eq!(view.slot(Address::ZERO, U256::ONE), U256::from(number));
        }
        assert!(history.pop() && history.pop());
        assert_eq!(history.head().account(Address::ZERO).unwrap().balance, 10_008);
        while history.pop() {}
        assert_eq!(history.head().slot(Address::ZERO, U256::ONE), U256::from(9_995));
    }

    #[test]
    fn wiped_storage_is_gone_in_its_layer_and_after_the_merge() {
        let mut history = History::new(layer(1, 7));
        let mut wiping = Layer::default();
        wiping.wipe(Address::ZERO);
        wiping.slots.entry(Address::ZERO).or_default().insert(U256::from(2), U256::from(9));
        history.push(wiping, 2);
        assert_eq!(history.head().slot(Address::ZERO, U256::ONE), U256::ZERO);
        assert_eq!(history.head().slot(Address::ZERO, U256::from(2)), U256::from(9));
        history.push(Layer::default(), 1);
        assert_eq!(history.head().slot(Address::ZERO, U256::ONE), U256::ZERO);
        assert_eq!(history.head().slot(Address::ZERO, U256::from(2)), U256::from(9));
    }
}
