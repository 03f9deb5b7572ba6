//! Catch-up: which decided blocks to ask of whom, and what of the answers to believe.
//!
//! Ranges ahead of the needed height go to several peers at once and wait, in bounds, for their turn. Here only what needs no validator set
//! is checked: heights, hashes, that blocks hang together. The certificate of a block is checked when its height is next, by the validators
//! that its parent gives; then the ledger judges and commits it. A peer that lied or failed is left alone for a while and its range goes to
//! another one.

use bttc_consensus::{DecidedBlock, Fault, PeerId};
use bttc_primitives::{Height, SealedBlock};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    time::Duration,
};

use crate::message::{Request, StatusMessage};

/// Blocks asked for at once.
const BATCH: u64 = 32;
/// How far ahead of the needed height blocks are asked for.
const WINDOW: u64 = 512;
/// Questions that one peer is asked at the same time.
const PER_PEER: usize = 2;
/// Questions open at the same time; each answer has at most 16 MiB.
const MAX_OPEN: usize = 6;
/// Encoded blocks that may wait for their turn. Unit: bytes.
const MAX_WAITING_BYTES: usize = 64 << 20;
/// Rest for a peer that did not help; doubled each time, up to a minute.
const REST: Duration = Duration::from_millis(500);
/// Rest for a peer that lied.
const LONG_REST: Duration = Duration::from_secs(60);

/// Names a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u64);

#[derive(Clone, Debug, Default)]
struct Peer {
    status: Option<StatusMessage>,
    open: usize,
    strikes: u32,
    rest_until: Duration,
}

#[derive(Clone, Debug)]
struct Waiting {
    from: PeerId,
    block: DecidedBlock,
    bytes: usize,
}

/// State of the catch-up.
#[derive(Debug, Default)]
pub(crate) struct CatchUp {
    peers: BTreeMap<PeerId, Peer>,
    open: BTreeMap<AskId, (PeerId, Range<Height>)>,
    waiting: BTreeMap<Height, Waiting>,
    waiting_bytes: usize,
    next_id: u64,
    turn: usize,
}

impl CatchUp {
    /// A peer can be asked.
    pub(crate) fn connect(&mut self, peer: PeerId) {
        self.peers.entry(peer).or_default();
    }

    /// A peer has gone; its open questions fail by themselves.
    pub(crate) fn disconnect(&mut self, peer: &PeerId) {
        self.peers.remove(peer);
    }

    /// How many peers can be asked.
    pub(crate) fn peers(&self) -> usize {
        self.peers.len()
    }

    /// A peer said how far it is.
    pub(crate) fn note_status(&mut self, peer: &PeerId, status: StatusMessage) {
        self.peers.entry(peer.clone()).or_default().status = Some(status);
    }

    /// Blocks that wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// A message of a peer shows that it has committed `height`.
    pub(crate) fn hint(&mut self, peer: &PeerId, height: Height) {
        if let Some(peer) = self.peers.get_mut(peer) {
            let status = peer.status.get_or_insert(StatusMessage { height, earliest: height });
            status.height = status.height.max(height);
        }
    }

    /// Highest height that a peer which may be asked says to have.
    pub(crate) fn best(&self, now: Duration) -> Height {
        let able = self.peers.values().filter(|peer| peer.rest_until <= now);
        able.filter_map(|peer| peer.status).map(|status| status.height).max().unwrap_or_default()
    }

    /// A fresh name for a question.
    pub(crate) fn new_id(&mut self) -> AskId {
        self.next_id = self.next_id.saturating_add(1);
        AskId(self.next_id)
    }

    /// The next of the peers that may be asked, in turn.
    pub(crate) fn any_peer(&mut self, now: Duration) -> Option<PeerId> {
        let able: Vec<&PeerId> =
            self.peers.iter().filter(|(_, peer)| peer.rest_until <= now).map(|(id, _)| id).collect();
        self.turn = self.turn.wrapping_add(1);
        let at = self.turn.checked_rem(able.len())?;
        able.get(at).map(|id| (*id).clone())
    }

    /// Questions to ask now, so that blocks from `need` on come in.
    pub(crate) fn plan(&mut self, now: Duration, need: Height) -> Vec<(AskId, PeerId, Request)> {
        self.drop_below(need);
        let mut questions = Vec::new();
        let end = self.best(now).saturating_add(1).min(need.saturating_add(WINDOW));
        let mut next = need;
        while let Some(range) = self.gap(next, end) {
            let full = self.open.len() >= MAX_OPEN || (self.waiting_bytes > MAX_WAITING_BYTES && range.start != need);
            let Some(peer) = self.able_peer(now, range.start).filter(|_| !full) else { break };
            let best = self.peers.get(&peer).and_then(|peer| peer.status).map_or(0, |status| status.height);
            let range = range.start..range.end.min(best.saturating_add(1));
            next = range.end;
            let id = self.new_id();
            if let Some(peer) = self.peers.get_mut(&peer) {
                peer.open = peer.open.saturating_add(1);
            }
            let count = range.end.saturating_sub(range.start);
            questions.push((id, peer.clone(), Request::Blocks { from: range.start, count }));
            self.open.insert(id, (peer, range));
        }
        questions
    }

    /// First run of heights in `from..end` that neither wait nor are asked for, at most [`BATCH`] long.
    fn gap(&self, from: Height, end: Height) -> Option<Range<Height>> {
        let asked: BTreeSet<Height> = self.open.values().flat_map(|(_, range)| range.clone()).collect();
        let free = |height: &Height| !self.waiting.contains_key(height) && !asked.contains(height);
        let start = (from..end).find(free)?;
        let len = (start..end).take(BATCH as usize).take_while(free).count() as u64;
        Some(start..start.saturating_add(len))
    }

    fn able_peer(&self, now: Duration, height: Height) -> Option<PeerId> {
        let able = self.peers.iter().filter(|(_, peer)| {
            let has = peer.status.is_some_and(|status| (status.earliest..=status.height).contains(&height));
            has && peer.open < PER_PEER && peer.rest_until <= now
        });
        able.min_by_key(|(_, peer)| (peer.open, peer.strikes)).map(|(id, _)| id.clone())
    }

    /// Takes in the blocks that answer a question, or none if it failed; answers with the fault of the peer, if any.
    pub(crate) fn answered(
        &mut self,
        now: Duration,
        id: AskId,
        blocks: Option<Vec<DecidedBlock>>,
    ) -> Option<(PeerId, Fault)> {
        let (peer, range) = self.open.remove(&id)?;
        if let Some(state) = self.peers.get_mut(&peer) {
            state.open = state.open.saturating_sub(1);
        }
        let Some(blocks) = blocks.filter(|blocks| !blocks.is_empty()) else {
            self.rest(&peer, now);
            return Some((peer, Fault::Unhelpful));
        };
        if !hang_together(&blocks, &range) {
            self.rest_long(&peer, now);
            return Some((peer, Fault::Forged));
        }
        if let Some(state) = self.peers.get_mut(&peer) {
            state.strikes = 0;
        }
        for block in blocks {
            self.add(peer.clone(), block);
        }
        None
    }

    /// Keeps a block for its turn.
    pub(crate) fn add(&mut self, from: PeerId, block: DecidedBlock) {
        let height = block.block.height();
        let fits = block.certificate.height == height && block.certificate.block_hash == block.block.hash();
        if fits && !self.waiting.contains_key(&height) {
            let bytes = alloy_rlp::Encodable::length(&block);
            self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
            self.waiting.insert(height, Waiting { from, block, bytes });
        }
    }

    /// The block of a height, with the peer that gave it.
    pub(crate) fn take(&mut self, height: Height) -> Option<(PeerId, DecidedBlock)> {
        let waiting = self.waiting.remove(&height)?;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(waiting.bytes);
        Some((waiting.from, waiting.block))
    }

    /// The block of a height, if it waits.
    pub(crate) fn get(&self, height: Height) -> Option<&SealedBlock> {
        self.waiting.get(&height).map(|waiting| &waiting.block.block)
    }

    /// A block of this peer turned out to be false: forgets all that it gave.
    pub(crate) fn distrust(&mut self, peer: &PeerId, now: Duration) {
        let bytes = &mut self.waiting_bytes;
        self.waiting.retain(|_, waiting| {
            let keep = waiting.from != *peer;
            if !keep {
                *bytes = bytes.saturating_sub(waiting.bytes);
            }
            keep
        });
        self.rest_long(peer, now);
    }

    fn drop_below(&mut self, height: Height) {
        let kept = self.waiting.split_off(&height);
        let dropped = std::mem::replace(&mut self.waiting, kept);
        let bytes: usize = dropped.values().map(|waiting| waiting.bytes).sum();
        self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
    }

    /// Leaves a peer alone that did not help.
    pub(crate) fn rest(&mut self, peer: &PeerId, now: Duration) {
        if let Some(state) = self.peers.get_mut(peer) {
            let rest = REST.saturating_mul(1u32.checked_shl(state.strikes).unwrap_or(u32::MAX)).min(LONG_REST);
            state.strikes = state.strikes.saturating_add(1);
            state.rest_until = now.saturating_add(rest);
        }
    }

    fn rest_long(&mut self, peer: &PeerId, now: Duration) {
        if let Some(state) = self.peers.get_mut(peer) {
            state.strikes = state.strikes.saturating_add(1);
            state.rest_until = now.saturating_add(LONG_REST);
        }
    }
}

/// Whether blocks are those of the range from its start, each with a certificate of its own hash, each on its parent.
fn hang_together(blocks: &[DecidedBlock], range: &Range<Height>) -> bool {
    let named = blocks.iter().zip(range.clone()).all(|(decided, height)| {
        let certificate = &decided.certificate;
        decided.block.height() == height
            && certificate.height == height
            && certificate.block_hash == decided.block.hash()
    });
    let linked = blocks.windows(2).all(|pair| match pair {
        [parent, child] => child.block.header.parent_hash == parent.block.hash(),
        _ => true,
    });
    named && linked && blocks.len() as u64 <= range.end.saturating_sub(range.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::B256;
    use bttc_primitives::{Body, CommitCertificate, Header, SignerBitmap};

    fn chain(len: u64) -> Vec<DecidedBlock> {
        let mut parent = B256::ZERO;
        let block = |number| {
            let header = Header { number, parent_hash: parent, ..Default::default() };
            let block = SealedBlock::seal(header, Body::default());
            parent = block.hash();
            let signers = SignerBitmap::default();
            let certificate =
                CommitCertificate { height: number, round: 0, block_hash: parent, signers, signatures: vec![] };
            DecidedBlock { block, certificate }
        };
        (1..=len).map(block).collect()
    }

    fn peer(number: u8) -> PeerId {
        PeerId(vec![number].into())
    }

    fn with_peers(count: u8, height: Height) -> CatchUp {
        let mut catch_up = CatchUp::default();
        for number in 0..count {
            catch_up.connect(peer(number));
            catch_up.note_status(&peer(number), StatusMessage { height, earliest: 1 });
        }
        catch_up
    }

    fn range(request: &Request) -> Range<Height> {
        match request {
            Request::Blocks { from, count } => *from..from + count,
            other => panic!("{other:?} does not ask for blocks"),
        }
    }

    #[test]
    fn ranges_go_to_several_peers_and_do_not_overlap() {
        let mut catch_up = with_peers(2, 100);
        let questions = catch_up.plan(Duration::ZERO, 1);
        let ranges: Vec<_> = questions.iter().map(|(_, _, request)| range(request)).collect();
        assert_eq!(ranges, [1..33, 33..65, 65..97, 97..101]);
        assert_eq!(questions.iter().filter(|(_, to, _)| *to == peer(0)).count(), 2);
        assert!(catch_up.plan(Duration::ZERO, 1).is_empty(), "all is asked for");
    }

    #[test]
    fn a_short_answer_leaves_the_rest_to_be_asked_again() {
        let mut catch_up = with_peers(1, 20);
        let (id, ..) = catch_up.plan(Duration::ZERO, 1)[0].clone();
        assert_eq!(catch_up.answered(Duration::ZERO, id, Some(chain(5))), None);
        assert_eq!(range(&catch_up.plan(Duration::ZERO, 1)[0].2), 6..21);
        for (height, block) in (1..).zip(chain(5)) {
            assert_eq!(catch_up.take(height), Some((peer(0), block)));
        }
        assert_eq!(catch_up.waiting_bytes, 0);
    }

    #[test]
    fn who_lies_or_fails_rests_and_another_is_asked() {
        let mut catch_up = with_peers(2, 10);
        let (id, liar, _) = catch_up.plan(Duration::ZERO, 1)[0].clone();
        let mut broken = chain(10);
        broken.remove(4);
        assert_eq!(catch_up.answered(Duration::ZERO, id, Some(broken)), Some((liar.clone(), Fault::Forged)));
        let (id, other, _) = catch_up.plan(Duration::ZERO, 1)[0].clone();
        assert_ne!(other, liar);
        assert_eq!(catch_up.answered(Duration::ZERO, id, None), Some((other.clone(), Fault::Unhelpful)));
        assert!(catch_up.plan(Duration::ZERO, 1).is_empty());
        let later = REST + Duration::from_millis(1);
        assert_eq!(catch_up.plan(later, 1)[0].1, other);
    }

    #[test]
    fn what_a_liar_gave_is_forgotten() {
        let mut catch_up = with_peers(1, 10);
        let (id, liar, _) = catch_up.plan(Duration::ZERO, 1)[0].clone();
        catch_up.answered(Duration::ZERO, id, Some(chain(10)));
        catch_up.distrust(&liar, Duration::ZERO);
        assert!(catch_up.take(1).is_none());
        assert_eq!(catch_up.waiting_bytes, 0);
    }

    #[test]
    fn questions_stay_in_bounds_however_far_the_others_are() {
        let mut catch_up = with_peers(50, u64::MAX - 1);
        let questions = catch_up.plan(Duration::ZERO, 1);
        assert_eq!(questions.len(), MAX_OPEN);
        assert!(questions.iter().all(|(_, _, request)| range(request).end <= 1 + WINDOW));
    }
}
