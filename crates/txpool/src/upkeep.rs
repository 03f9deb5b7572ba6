//! Keeping the pool in step with the chain. Work is proportional to what a block changed for transactions that are here.

use crate::{
    DropReason,
    inner::Inner,
    sender::Sender,
    validate::{Code, Rules, SenderState},
};
use alloy_primitives::{
    Address, B256,
    map::{AddressMap, AddressSet, B256Set},
};
use bttc_primitives::{Account, Header};

/// A block that has become the head.
#[derive(Clone, Copy, Debug)]
pub struct Committed<'a> {
    /// Its header.
    pub header: &'a Header,
    /// Base fee of the block after it. Unit: wei per gas.
    pub next_base_fee: u64,
    /// Its transactions: hash, sender, nonce.
    pub transactions: &'a [(B256, Address, u64)],
    /// Accounts that it changed, as they are now; none for one that is gone.
    pub changed: &'a [(Address, Option<Account>)],
}

/// What is known now of senders in the pool; none where the account could not be read.
pub(crate) type Updates = AddressMap<Option<SenderState>>;

impl Inner {
    /// Senders that a block concerns, with what it says about them. `read` is asked only for code that is new
    /// and for a sender of the block that is not among its changed accounts.
    pub(crate) fn updates(
        &self,
        block: &Committed<'_>,
        mut read: impl FnMut(Address) -> Option<SenderState>,
    ) -> Updates {
        let mut updates = Updates::default();
        for (address, account) in block.changed {
            let Some(sender) = self.senders.get(address) else { continue };
            let account = account.unwrap_or_default();
            let known = sender.meta.state;
            let code = match account.has_code() {
                false => Some(Code::None),
                true if account.code_hash == known.code_hash => Some(known.code),
                true => read(*address).map(|state| state.code),
            };
            let Account { nonce, balance, code_hash } = account;
            updates.insert(*address, code.map(|code| SenderState { nonce, balance, code_hash, code }));
        }
        for (_, address, nonce) in block.transactions {
            let Some(sender) = self.senders.get(address) else { continue };
            if sender.meta.state.nonce <= *nonce && !updates.contains_key(address) {
                updates.insert(*address, read(*address));
            }
        }
        updates
    }

    /// Moves to a new head.
    pub(crate) fn move_to(&mut self, rules: Rules, header: &Header, base_fee: u64, updates: Updates, mined: &B256Set) {
        self.epoch += 1;
        self.rules = rules;
        self.now = header.timestamp;
        let mut touched = AddressSet::default();
        for (address, state) in updates {
            match state {
                None => self.remove_sender(address, DropReason::Unreadable),
                Some(state) if !rules.may_send(&state) => {
                    self.remove_sender(address, DropReason::SenderIsContract);
                }
                Some(state) => {
                    self.update(address, state, mined);
                    touched.insert(address);
                }
            }
        }
        self.set_base_fee(base_fee, &mut touched);
        for address in touched {
            self.settle(address);
        }
        self.expire();
        self.tell_ready(None);
    }

    fn update(&mut self, address: Address, state: SenderState, mined: &B256Set) {
        let Some(sender) = self.senders.get_mut(&address) else { return };
        if sender.meta.state.nonce != state.nonce {
            sender.meta.since = self.now;
        }
        for tx in sender.set_state(state) {
            self.detach(&tx);
            let hash = tx.hash();
            let is_mined = mined.contains(&hash);
            self.dropped(hash, if is_mined { DropReason::Mined } else { DropReason::Overtaken });
        }
    }

    /// Looks at the transactions whose fee cap lies between the old and the new base fee, and at no others.
    fn set_base_fee(&mut self, base_fee: u64, touched: &mut AddressSet) {
        let old = std::mem::replace(&mut self.base_fee, base_fee);
        let (low, high) = (u128::from(old.min(base_fee)), u128::from(old.max(base_fee)));
        let passed = (low, Address::ZERO, 0)..(high, Address::ZERO, 0);
        for (_, address, nonce) in self.caps.range(passed) {
            let Some(sender) = self.senders.get_mut(address) else { continue };
            self.steps += 1;
            if base_fee > old && *nonce < sender.pending_end() {
                sender.block_from(*nonce);
                touched.insert(*address);
            } else if base_fee < old && *nonce == sender.pending_end() {
                touched.insert(*address);
            }
        }
        self.index.set_base_fee(base_fee);
    }

    /// Drops what has been queued too long.
    fn expire(&mut self) {
        let lifetime = self.config.queued_lifetime.as_secs();
        while let Some(&(since, address)) = self.index.waiting.first()
            && since.saturating_add(lifetime) < self.now
        {
            while let Some(nonce) = self.senders.get(&address).and_then(|sender| queued_tail(sender)) {
                if let Some(gone) = self.unlink(address, nonce) {
                    self.dropped(gone.tx.hash(), DropReason::Expired);
                }
            }
        }
    }
}

fn queued_tail(sender: &Sender) -> Option<u64> {
    sender.tail().map(|tail| tail.nonce()).filter(|nonce| *nonce >= sender.run_end())
}
