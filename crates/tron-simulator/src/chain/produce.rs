//! Blocks: one after the other, or instead of others.

use super::{Block, Chain, HEADER_VERSION, Included, MOST_LAG, Waiting, signed};
use crate::{
    address::wire,
    command::Returned,
    state::Draft,
    tvm::{Ending, Place},
    wire::{BlockId, Header, merkle_root, sha256},
};
use alloy_primitives::{B256, Bytes};
use alloy_signer::SignerSync;
use prost::Message;

/// Most blocks of one command.
const MOST_BLOCKS: u64 = 100_000;

impl Chain {
    /// Makes blocks at once.
    pub(crate) fn mine(&mut self, blocks: u64) -> Result<(), String> {
        if blocks > MOST_BLOCKS {
            return Err(format!("at most {MOST_BLOCKS} blocks at once, not {blocks}"));
        }
        for _ in 0..blocks {
            let time = self.next_slot();
            self.make(time)?;
            self.skipped = 0;
        }
        Ok(())
    }

    /// Replaces the last blocks by others and one more. Ids of transactions that are gone, and whether nodes forget them.
    pub(crate) fn reorg(&mut self, depth: u64, returned: Returned) -> Result<Vec<B256>, String> {
        let most = self.head().number.saturating_sub(self.solid());
        if depth == 0 || depth > most {
            return Err(format!("a reorganisation takes 1 to {most} blocks that are not solid, not {depth}"));
        }
        let mut taken = Vec::new();
        for _ in 0..depth {
            let block = self.blocks.pop().ok_or("there is no block to take back")?;
            if !self.state.pop() {
                return Err("the state before is gone".to_owned());
            }
            block.transactions.iter().for_each(|included| {
                self.index.remove(&included.tx.id);
            });
            taken.push(block);
        }
        taken.reverse();
        self.forks = self.forks.saturating_add(1);
        let first = self.head().number.saturating_add(1);
        // What was given stays given, whichever blocks there are.
        let gifts = taken.iter_mut().flat_map(|block| std::mem::take(&mut block.gifts)).collect::<Vec<_>>();
        self.gifts.splice(0..0, gifts);
        let times: Vec<_> = taken.iter().map(|block| block.time).collect();
        let transactions: Vec<_> = taken.into_iter().flat_map(|block| block.transactions).collect();
        let ids = transactions.iter().map(|included| included.tx.id).collect();
        if let Returned::At(place) = returned {
            let from = first.saturating_add(place);
            let back = transactions.into_iter().map(|included| Waiting { tx: included.tx, from });
            self.waiting.splice(0..0, back);
        }
        for time in times {
            self.make(time)?;
        }
        self.make(self.next_slot())?;
        self.skipped = 0;
        Ok(ids)
    }

    fn make(&mut self, time: u64) -> Result<(), String> {
        let head = self.head();
        let (parent, parent_time, number) = (head.id, head.time, head.number.saturating_add(1));
        let turn = number.wrapping_add(self.forks) as usize % self.witnesses.len();
        let witness = self.witnesses[turn].clone();
        let place = Place {
            number,
            time,
            witness: witness.address(),
            chain_id: self.chain_id,
            energy_price: self.parameters.energy_price(),
            most_signatures: self.most_signatures,
        };
        let gifts = std::mem::take(&mut self.gifts);
        let waiting = std::mem::take(&mut self.waiting);
        let (mut included, mut later) = (Vec::<Included>::new(), Vec::new());
        let mut draft = Draft::new(self.state.head());
        Self::hand_out(&gifts, &mut draft);
        for one in waiting {
            // A transaction that has expired is never taken, nor one that another block has.
            let dead = self.check_expiration(&one.tx, parent_time).is_err() || self.check_reference(&one.tx).is_err();
            if dead || self.index.contains_key(&one.tx.id) {
                continue;
            }
            if self.withhold || one.from > number {
                later.push(one);
                continue;
            }
            match self.execute(&mut draft, &one.tx, &place) {
                Ok(receipt) => included.push(Included { tx: one.tx, receipt }),
                Err(refusal) => tracing::debug!(id = %one.tx.id, ?refusal, "a block leaves a transaction out"),
            }
        }
        let layer = draft.layer;
        self.waiting = later;
        let mut log = 0u64;
        for entry in included.iter_mut().flat_map(|included| &mut included.receipt.logs) {
            entry.index = log;
            log = log.saturating_add(1);
        }
        let hash = |included: &Included| {
            let ending = included.receipt.ending.unwrap_or(Ending::Success);
            sha256(&included.tx.encode(Some(ending.number())))
        };
        let header = Header {
            timestamp: signed(time),
            tx_trie_root: merkle_root(included.iter().map(hash).collect()).to_vec(),
            parent_hash: parent.0.to_vec(),
            number: signed(number),
            witness_address: wire(witness.address()),
            version: HEADER_VERSION,
        };
        let raw = header.encode_to_vec();
        let signature = witness.sign_hash_sync(&sha256(&raw)).map_err(|error| error.to_string())?;
        let mut bytes = [signature.r().to_be_bytes::<32>(), signature.s().to_be_bytes::<32>()].concat();
        bytes.push(u8::from(signature.v()));
        for (place, one) in included.iter().enumerate() {
            self.index.insert(one.tx.id, (number, place));
        }
        let keep = usize::try_from(self.solid_lag.saturating_add(MOST_LAG)).unwrap_or(usize::MAX);
        self.state.push(layer, keep);
        self.blocks.push(Block {
            number,
            time,
            id: BlockId::of(number, &raw),
            header,
            signature: Bytes::from(bytes),
            transactions: included,
            gifts,
        });
        Ok(())
    }
}
