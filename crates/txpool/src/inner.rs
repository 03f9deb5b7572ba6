//! The pool itself, behind one lock: senders, and indices over them.
//!
//! A sender is in each index at most once, with its first pending transaction ([`Index::heads`]) or its last one (the tails), so
//! that an operation on one transaction costs a few tree operations, however many the sender has.

use crate::{
    DropReason, Part, PoolConfig, PoolEvent, PoolTransaction,
    sender::{Counts, Placement, Sender, SenderMeta},
    tips::TipIndex,
    transaction::Fees,
    validate::Rules,
};
use alloy_primitives::{
    Address, B256,
    map::{AddressMap, B256Map},
};
use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

/// Order among tails that do not run in the next block: the lower cap first, then the later arrival.
type Tails = BTreeSet<(u128, Reverse<u64>, Address)>;

#[derive(Debug, Default)]
pub(crate) struct Index {
    /// First pending transaction of each sender.
    pub(crate) heads: TipIndex,
    /// Senders that give way when the pool is full, by the part of their last transaction.
    pending_tails: TipIndex,
    base_fee_tails: Tails,
    queued_tails: Tails,
    /// Senders with something queued, by the time since which it waits.
    pub(crate) waiting: BTreeSet<(u64, Address)>,
}

impl Index {
    pub(crate) fn set_base_fee(&mut self, base_fee: u64) {
        self.heads.set_base_fee(base_fee);
        self.pending_tails.set_base_fee(base_fee);
    }

    /// The sender whose last transaction gives way first.
    fn cheapest(&self) -> Option<Address> {
        let queued = self.queued_tails.first().map(|tail| tail.2);
        let base_fee = || self.base_fee_tails.first().map(|tail| tail.2);
        let pending = || self.pending_tails.lowest().map(|(_, address)| address);
        queued.or_else(base_fee).or_else(pending)
    }

    fn remove(&mut self, address: Address, placed: &Placement) {
        if let Some(fees) = placed.head {
            self.heads.remove(fees, address);
        }
        match placed.tail {
            None => {}
            Some((Part::Pending, fees)) => self.pending_tails.remove(fees, address),
            Some((Part::BaseFee, fees)) => drop(self.base_fee_tails.remove(&tail(fees, address))),
            Some((Part::Queued, fees)) => drop(self.queued_tails.remove(&tail(fees, address))),
        }
        if let Some(since) = placed.waiting {
            self.waiting.remove(&(since, address));
        }
    }

    fn insert(&mut self, address: Address, placed: &Placement) {
        if let Some(fees) = placed.head {
            self.heads.insert(fees, address);
        }
        match placed.tail {
            None => {}
            Some((Part::Pending, fees)) => self.pending_tails.insert(fees, address),
            Some((Part::BaseFee, fees)) => drop(self.base_fee_tails.insert(tail(fees, address))),
            Some((Part::Queued, fees)) => drop(self.queued_tails.insert(tail(fees, address))),
        }
        if let Some(since) = placed.waiting {
            self.waiting.insert((since, address));
        }
    }
}

fn tail(fees: Fees, address: Address) -> (u128, Reverse<u64>, Address) {
    (fees.cap, Reverse(fees.arrival), address)
}

/// What a transaction taken out leaves behind, to put it back.
#[derive(Debug)]
pub(crate) struct Unlinked {
    pub(crate) tx: Arc<PoolTransaction>,
    pub(crate) meta: SenderMeta,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Arc<PoolConfig>,
    pub(crate) rules: Rules,
    pub(crate) base_fee: u64,
    /// Time of the head. Unit: seconds.
    pub(crate) now: u64,
    /// Grows with every block: what was read before may be out of date.
    pub(crate) epoch: u64,
    /// Boxed, as a sender is large: growing the map must not take twice the memory of all.
    pub(crate) senders: AddressMap<Box<Sender>>,
    pub(crate) by_hash: B256Map<Arc<PoolTransaction>>,
    pub(crate) index: Index,
    /// Every transaction by its fee cap.
    pub(crate) caps: BTreeSet<(u128, Address, u64)>,
    /// How many transactions set the delegation of an account.
    pub(crate) authorities: AddressMap<usize>,
    pub(crate) counts: Counts,
    pub(crate) bytes: usize,
    pub(crate) locals: usize,
    pub(crate) arrivals: u64,
    /// What became pending and is not told yet.
    pub(crate) ready: Vec<Arc<PoolTransaction>>,
    /// Events not sent yet.
    pub(crate) events: Vec<PoolEvent>,
    /// Work of senders that are gone, for tests of how much is done.
    pub(crate) steps: u64,
}

impl Inner {
    pub(crate) fn new(config: Arc<PoolConfig>, rules: Rules, base_fee: u64, now: u64) -> Self {
        let index =
            Index { heads: TipIndex::new(base_fee), pending_tails: TipIndex::new(base_fee), ..Index::default() };
        Self {
            config,
            rules,
            base_fee,
            now,
            epoch: 0,
            senders: AddressMap::default(),
            by_hash: B256Map::default(),
            index,
            caps: BTreeSet::new(),
            authorities: AddressMap::default(),
            counts: Counts::default(),
            bytes: 0,
            locals: 0,
            arrivals: 0,
            ready: Vec::new(),
            events: Vec::new(),
            steps: 0,
        }
    }

    /// Puts a transaction in; `meta` is that of its sender if it is new here. The answer is the one it replaces.
    pub(crate) fn link(&mut self, tx: Arc<PoolTransaction>, meta: SenderMeta) -> Option<Arc<PoolTransaction>> {
        let address = tx.sender();
        self.attach(&tx);
        let sender = self.senders.entry(address).or_insert_with(|| Box::new(Sender::new(meta)));
        let old = sender.put(tx);
        if let Some(old) = &old {
            self.detach(old);
        }
        self.settle(address);
        old
    }

    /// Takes a transaction out.
    pub(crate) fn unlink(&mut self, address: Address, nonce: u64) -> Option<Unlinked> {
        let sender = self.senders.get_mut(&address)?;
        let meta = sender.meta;
        let tx = sender.take(nonce)?;
        self.detach(&tx);
        self.settle(address);
        Some(Unlinked { tx, meta })
    }

    fn attach(&mut self, tx: &Arc<PoolTransaction>) {
        self.by_hash.insert(tx.hash(), tx.clone());
        self.caps.insert((tx.fee_cap(), tx.sender(), tx.nonce()));
        for authority in tx.authorities() {
            *self.authorities.entry(*authority).or_default() += 1;
        }
        self.bytes += tx.footprint();
        self.locals += usize::from(tx.is_local());
    }

    /// Removes what the indices over single transactions have of one that has left its sender.
    pub(crate) fn detach(&mut self, tx: &PoolTransaction) {
        self.by_hash.remove(&tx.hash());
        // A replacement has the same sender and nonce but never the same cap, unless nothing need be added to it.
        let here = self.senders.get(&tx.sender()).and_then(|sender| sender.get(tx.nonce()));
        if here.is_none_or(|here| here.fee_cap() != tx.fee_cap()) {
            self.caps.remove(&(tx.fee_cap(), tx.sender(), tx.nonce()));
        }
        for authority in tx.authorities() {
            if let Some(count) = self.authorities.get_mut(authority) {
                *count -= 1;
                if *count == 0 {
                    self.authorities.remove(authority);
                }
            }
        }
        self.bytes -= tx.footprint();
        self.locals -= usize::from(tx.is_local());
    }

    /// Brings a sender's borders, and what the indices have of it, up to date; forgets it if it has nothing left.
    pub(crate) fn settle(&mut self, address: Address) {
        let Some(sender) = self.senders.get_mut(&address) else { return };
        sender.settle(self.base_fee, &mut self.ready);
        let placed = if sender.is_empty() { Placement::default() } else { sender.placement() };
        let old = std::mem::replace(&mut sender.placed, placed);
        if old != placed {
            self.index.remove(address, &old);
            self.index.insert(address, &placed);
            self.counts.pending = self.counts.pending - old.counts.pending + placed.counts.pending;
            self.counts.base_fee = self.counts.base_fee - old.counts.base_fee + placed.counts.base_fee;
            self.counts.queued = self.counts.queued - old.counts.queued + placed.counts.queued;
        }
        if sender.is_empty() {
            self.steps += sender.steps;
            self.senders.remove(&address);
        }
    }

    /// The transaction that gives way first when the pool is full.
    pub(crate) fn cheapest(&self) -> Option<&Arc<PoolTransaction>> {
        self.index.cheapest().and_then(|address| self.senders.get(&address)?.tail())
    }

    pub(crate) fn is_over_limits(&self) -> bool {
        self.by_hash.len() > self.config.max_transactions || self.bytes > self.config.max_bytes
    }

    pub(crate) fn dropped(&mut self, hash: B256, why: DropReason) {
        self.events.push(PoolEvent::Dropped { hash, why });
    }

    /// Tells of what became pending and still is; `except` is told otherwise.
    pub(crate) fn tell_ready(&mut self, except: Option<B256>) {
        for tx in std::mem::take(&mut self.ready) {
            let pending = self.part_of(&tx) == Some(Part::Pending);
            if pending && except != Some(tx.hash()) {
                self.events.push(PoolEvent::Ready(tx));
            }
        }
    }

    /// Part of a transaction, none if it is not here.
    pub(crate) fn part_of(&self, tx: &PoolTransaction) -> Option<Part> {
        if !self.by_hash.contains_key(&tx.hash()) {
            return None;
        }
        Some(self.senders.get(&tx.sender())?.part(tx.nonce()))
    }

    /// Takes one transaction out by hand.
    pub(crate) fn remove(&mut self, hash: &B256, why: DropReason) -> Option<Arc<PoolTransaction>> {
        let tx = self.by_hash.get(hash)?.clone();
        self.unlink(tx.sender(), tx.nonce())?;
        self.dropped(*hash, why);
        self.tell_ready(None);
        Some(tx)
    }

    /// Takes out everything of one sender.
    pub(crate) fn remove_sender(&mut self, address: Address, why: DropReason) {
        while let Some(tail) = self.senders.get(&address).and_then(|sender| sender.tail()) {
            let nonce = tail.nonce();
            if let Some(gone) = self.unlink(address, nonce) {
                self.dropped(gone.tx.hash(), why);
            }
        }
    }
}

#[cfg(any(test, feature = "test-utils"))]
impl Inner {
    pub(crate) fn check_books(&self) {
        let all = || self.senders.values().flat_map(|sender| sender.transactions());
        assert_eq!(all().count(), self.by_hash.len());
        assert_eq!(all().map(|tx| tx.footprint()).sum::<usize>(), self.bytes);
        assert_eq!(all().filter(|tx| tx.is_local()).count(), self.locals);
        let caps: BTreeSet<_> = all().map(|tx| (tx.fee_cap(), tx.sender(), tx.nonce())).collect();
        assert_eq!(caps, self.caps);
        let mut authorities = AddressMap::<usize>::default();
        for authority in all().flat_map(|tx| tx.authorities()) {
            *authorities.entry(*authority).or_default() += 1;
        }
        assert_eq!(authorities, self.authorities);
        let mut counts = Counts::default();
        let mut index = Index {
            heads: TipIndex::new(self.base_fee),
            pending_tails: TipIndex::new(self.base_fee),
            ..Index::default()
        };
        for (address, sender) in &self.senders {
            assert!(!sender.is_empty());
            assert_eq!(sender.placed, sender.placement());
            counts.pending += sender.counts().pending;
            counts.base_fee += sender.counts().base_fee;
            counts.queued += sender.counts().queued;
            index.insert(*address, &sender.placed);
        }
        assert_eq!(counts, self.counts);
        assert_eq!(index.sets(), self.index.sets());
        assert!(self.ready.is_empty() && self.events.is_empty());
    }
}

#[cfg(any(test, feature = "test-utils"))]
impl Index {
    /// Everything in it, without the counters of work.
    fn sets(&self) -> String {
        let (heads, tails) = (self.heads.sets(), self.pending_tails.sets());
        format!("{heads} {tails} {:?} {:?} {:?}", self.base_fee_tails, self.queued_tails, self.waiting)
    }
}
