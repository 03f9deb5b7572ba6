//! Taking a transaction in: replacement, delegation, limits.
//!
//! ```text
//! account rules -> replacement -> delegation -> put in -> own tail gives way -> cheapest tail of all gives way
//!                                                          |                     |
//!                                                          it is the new one: everything is put back, refused
//! ```

use crate::{
    AddError, DropReason, InvalidTransaction, Part, PoolEvent, PoolTransaction,
    inner::{Inner, Unlinked},
    sender::{Sender, SenderMeta},
    validate::{Code, SenderState, check_replacement},
};
use alloy_primitives::{Address, B256};
use bttc_primitives::Fatal;
use std::sync::Arc;

/// A transaction that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// Its hash.
    pub hash: B256,
    /// Where it stands.
    pub part: Part,
}

impl Inner {
    /// Takes a transaction in; `state` reads its sender's account if the pool does not know it.
    pub(crate) fn admit(
        &mut self,
        tx: PoolTransaction,
        state: impl FnOnce(Address) -> Result<SenderState, Fatal>,
    ) -> Result<Added, AddError> {
        let (hash, address, nonce) = (tx.hash(), tx.sender(), tx.nonce());
        if self.by_hash.contains_key(&hash) {
            return Err(InvalidTransaction::AlreadyKnown { hash }.into());
        }
        let known = self.senders.get(&address).map(Box::as_ref);
        let state = known.map_or_else(|| state(address), |sender| Ok(sender.meta.state))?;
        state.check(&tx, &self.config, &self.rules)?;
        let old = known.and_then(|sender| sender.get(nonce));
        if let Some(old) = old {
            check_replacement(old, &tx, &self.config)?;
        }
        let known_meta = known.map(|sender| sender.meta);
        self.check_delegation(&tx, &state, known)?;

        self.arrivals += 1;
        let tx = Arc::new(tx.arrived(self.arrivals));
        let protect = tx.is_local() && self.config.protect_locals;
        let exempt = protect || known_meta.is_some_and(|meta| meta.exempt);
        let meta = SenderMeta { state, exempt, since: self.now };
        if let Some(sender) = self.senders.get_mut(&address) {
            sender.meta = meta;
        }
        let replaced = self.link(tx.clone(), meta);
        let mut gone = Vec::new();
        if let Err(refused) = self.make_room(&tx, &mut gone) {
            self.put_back(&tx, replaced, gone, known_meta);
            return Err(refused.into());
        }
        Ok(self.tell_added(&tx, replaced, gone))
    }

    /// An account whose code runs for others may have one transaction at a time, as another's can make it worthless (EIP-7702).
    fn check_delegation(
        &self,
        tx: &PoolTransaction,
        state: &SenderState,
        known: Option<&Sender>,
    ) -> Result<(), InvalidTransaction> {
        let (sender, got) = (tx.sender(), tx.nonce());
        let replaces = known.is_some_and(|known| known.get(got).is_some());
        let own = known.map_or(0, Sender::len);
        let delegated = state.code == Code::Delegation || self.authorities.contains_key(&sender);
        if delegated && !replaces {
            if own > 0 {
                return Err(InvalidTransaction::Delegated { sender });
            }
            if got != state.nonce {
                return Err(InvalidTransaction::DelegatedGap { sender, got, expected: state.nonce });
            }
        }
        for &authority in tx.authorities() {
            let others = if authority == sender {
                own + usize::from(!replaces)
            } else {
                self.senders.get(&authority).map_or(0, |sender| sender.len())
            };
            if others > 1 {
                return Err(InvalidTransaction::AuthorityBusy { authority });
            }
        }
        Ok(())
    }

    /// Takes others out until the limits hold; what left is in `gone`, with the reason.
    fn make_room(
        &mut self,
        tx: &PoolTransaction,
        gone: &mut Vec<(Unlinked, DropReason)>,
    ) -> Result<(), InvalidTransaction> {
        let (address, nonce) = (tx.sender(), tx.nonce());
        let (transactions, bytes) = (self.config.account_transactions, self.config.account_bytes);
        while let Some(sender) = self.senders.get(&address)
            && (sender.len() > transactions || sender.bytes() > bytes)
        {
            let last = sender.tail().map_or(nonce, |tail| tail.nonce());
            if last == nonce {
                return Err(InvalidTransaction::AccountFull { sender: address, transactions, bytes });
            }
            gone.extend(self.unlink(address, last).map(|gone| (gone, DropReason::AccountFull)));
        }
        while self.is_over_limits() {
            let (count, bytes) = (self.by_hash.len(), self.bytes);
            let Some(victim) = self.cheapest() else {
                return Err(InvalidTransaction::Full { count, bytes });
            };
            if victim.hash() == tx.hash() {
                return Err(InvalidTransaction::Underpriced { count, bytes });
            }
            let (sender, nonce) = (victim.sender(), victim.nonce());
            gone.extend(self.unlink(sender, nonce).map(|gone| (gone, DropReason::Underpriced)));
        }
        Ok(())
    }

    /// Undoes everything since `tx` was put in.
    fn put_back(
        &mut self,
        tx: &PoolTransaction,
        replaced: Option<Arc<PoolTransaction>>,
        gone: Vec<(Unlinked, DropReason)>,
        meta: Option<SenderMeta>,
    ) {
        for (Unlinked { tx, meta }, _) in gone.into_iter().rev() {
            self.link(tx, meta);
        }
        let address = tx.sender();
        match (replaced, meta) {
            (Some(replaced), Some(meta)) => drop(self.link(replaced, meta)),
            _ => drop(self.unlink(address, tx.nonce())),
        }
        if let (Some(sender), Some(meta)) = (self.senders.get_mut(&address), meta) {
            sender.meta = meta;
            self.settle(address);
        }
        self.ready.clear();
    }

    fn tell_added(
        &mut self,
        tx: &Arc<PoolTransaction>,
        replaced: Option<Arc<PoolTransaction>>,
        gone: Vec<(Unlinked, DropReason)>,
    ) -> Added {
        let hash = tx.hash();
        let part = self.part_of(tx).unwrap_or(Part::Queued);
        if let Some(replaced) = replaced {
            self.dropped(replaced.hash(), DropReason::Replaced { by: hash });
        }
        for (Unlinked { tx, .. }, why) in gone {
            self.dropped(tx.hash(), why);
        }
        self.events.push(PoolEvent::Added(tx.clone(), part));
        self.tell_ready(Some(hash));
        Added { hash, part }
    }
}
