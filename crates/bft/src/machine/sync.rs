//! Catch-up, repair of what got lost, and answers to the questions of peers.

use super::{Machine, Output, Phase, Ticket, Timer};
use crate::{
    catch_up::AskId,
    message::{Message, ProposalMessage, Request, Response, StatusMessage},
    value::CutBlock,
};
use alloy_primitives::B256;
use bttc_consensus::{
    Acceptance, DecidedBlock, Decision, Fault, InvalidBlock, MAX_RESPONSE_BYTES, PeerId, RequestError, RequestId, Turn,
    Verdict, check_certificate,
};
use bttc_primitives::{Fatal, Height};
use bytes::Bytes;
use std::time::Duration;

/// Requests of one peer that the ledger reads for at the same time.
const READS_PER_PEER: usize = 4;
/// Requests that the ledger reads for at the same time.
const MAX_READS: usize = 16;
/// Blocks in one answer.
const MAX_BLOCKS: u64 = 128;
/// Room beside the blocks of an answer. Unit: bytes.
const ANSWER_SLACK: usize = 1 << 20;
/// Questions for one block at the same time.
const ASKS_PER_BLOCK: usize = 2;
/// Peers whose version of a certified block must fail before the fault is sought here.
const REFUSALS: usize = 3;

impl Machine {
    pub(super) fn tell_status(&mut self, now: Duration) {
        let status = StatusMessage { height: self.committed_height(), earliest: self.earliest };
        self.broadcast_again(&Message::Status(status));
        self.set_timer(Timer::Status, now.saturating_add(self.config.status_interval));
    }

    /// Looks from time to time for what should have come.
    pub(super) fn repair(&mut self, now: Duration) -> Result<(), Fatal> {
        self.set_timer(Timer::Repair, now.saturating_add(self.config.repair_interval));
        self.catch_up_step(now)?;
        if self.phase != Phase::Deciding {
            return Ok(());
        }
        let backed = self.votes.backed(&self.voters);
        let missing = self.blocks.wanted(self.core.round(), &backed);
        for hash in &missing {
            // What was not missing a moment ago may be on its way.
            let asked = self.proposal_asks.values().filter(|(_, asked)| asked == hash).count();
            if self.missing_before.contains(hash) && asked < ASKS_PER_BLOCK {
                self.ask_for_proposal(now, *hash);
            }
        }
        self.missing_before = missing;
        Ok(())
    }

    fn ask_for_proposal(&mut self, now: Duration, block_hash: B256) {
        let Some(peer) = self.catch_up.any_peer(now) else { return };
        let id = self.catch_up.new_id();
        self.proposal_asks.insert(id, (peer.clone(), block_hash));
        self.ask(id, peer, &Request::Proposal { height: self.height, block_hash });
    }

    fn ask(&mut self, id: AskId, peer: PeerId, request: &Request) {
        self.outputs.push(Output::Ask { id, peer, request: request.encode(), timeout: self.config.request_timeout });
    }

    /// The end of a question.
    pub(super) fn answered(
        &mut self,
        now: Duration,
        id: AskId,
        result: Result<Bytes, RequestError>,
    ) -> Result<(), Fatal> {
        let response = result.ok().map(|bytes| Response::decode(&bytes));
        if let Some((peer, hash)) = self.proposal_asks.remove(&id) {
            return self.proposal_answered(now, &peer, hash, response);
        }
        let blocks = match response {
            Some(Ok(Response::Blocks(blocks))) => Some(blocks),
            _ => None,
        };
        if let Some((peer, fault)) = self.catch_up.answered(now, id, blocks) {
            self.outputs.push(Output::Penalize(peer, fault));
        }
        self.catch_up_step(now)
    }

    fn proposal_answered(
        &mut self,
        now: Duration,
        peer: &PeerId,
        hash: B256,
        response: Option<Result<Response, crate::InvalidMessage>>,
    ) -> Result<(), Fatal> {
        match response {
            Some(Ok(Response::Proposal(proposal, encoding))) => {
                if self.phase == Phase::Deciding && proposal.height == self.height {
                    self.take_proposal(now, peer, hash, &proposal, encoding)?;
                }
            }
            // The peer has decided it already.
            Some(Ok(Response::Blocks(blocks))) => {
                for block in blocks.into_iter().filter(|block| block.block.height() == self.height).take(1) {
                    self.catch_up.add(peer.clone(), block);
                }
                self.catch_up_step(now)?;
            }
            Some(Ok(Response::Nothing)) | None => {}
            Some(Ok(Response::Snapshot(_))) => self.outputs.push(Output::Penalize(peer.clone(), Fault::Invalid)),
            Some(Err(why)) => {
                tracing::debug!(?peer, %why, "unreadable answer");
                self.outputs.push(Output::Penalize(peer.clone(), Fault::Invalid));
            }
        }
        Ok(())
    }

    fn take_proposal(
        &mut self,
        now: Duration,
        peer: &PeerId,
        hash: B256,
        proposal: &ProposalMessage,
        encoding: Bytes,
    ) -> Result<(), Fatal> {
        let value = proposal.value;
        let cut = CutBlock::from_encoding(value.hash, encoding, value.built_in);
        let honest = value.hash == hash && cut.as_ref().is_some_and(|cut| cut.value == value);
        let acceptance = if honest { self.on_proposal(now, peer, proposal)? } else { Acceptance::Reject };
        if acceptance == Acceptance::Reject {
            self.outputs.push(Output::Penalize(peer.clone(), Fault::Forged));
            self.catch_up.rest(peer, now);
            return Ok(());
        }
        match cut.filter(|_| self.blocks.is_collecting(&value) && self.phase == Phase::Deciding) {
            Some(cut) => self.on_whole(now, value, cut.encoding),
            None => Ok(()),
        }
    }

    /// Takes the next decided block, if it is there, and asks for further ones, if others are ahead.
    pub(super) fn catch_up_step(&mut self, now: Duration) -> Result<(), Fatal> {
        if self.phase == Phase::Committing {
            return Ok(());
        }
        self.judge_next_decided(now);
        if self.is_behind(now) {
            for (id, peer, request) in self.catch_up.plan(now, self.height) {
                self.ask(id, peer, &request);
            }
        }
        Ok(())
    }

    /// Others are ahead: by two heights, or by one for longer than votes take to arrive.
    fn is_behind(&mut self, now: Duration) -> bool {
        let best = self.catch_up.best(now);
        if best < self.height {
            self.behind_since = None;
            return false;
        }
        let since = *self.behind_since.get_or_insert(now);
        best > self.height || now.saturating_sub(since) >= self.config.repair_interval
    }

    fn judge_next_decided(&mut self, now: Duration) {
        if self.judging_decided.is_some() {
            return;
        }
        let Some((peer, decided)) = self.catch_up.take(self.height) else { return };
        let checked = check_certificate(self.core.keys.chain_id(), self.voters.set(), &decided.certificate);
        if let Err(why) = checked {
            tracing::warn!(height = self.height, ?peer, %why, "certificate of a decided block does not hold");
            self.catch_up.distrust(&peer, now);
            self.outputs.push(Output::Penalize(peer, Fault::Forged));
            return;
        }
        let block = Box::new(decided.block.clone());
        let hash = block.hash();
        let turn = Turn { height: self.height, round: decided.certificate.round, proposer: block.header.beneficiary };
        self.judging_decided = Some((peer, decided));
        self.outputs.push(Output::Verify { ticket: Ticket::Decided(self.height, hash), turn, block });
        if let Some(next) = self.catch_up.get(self.height.saturating_add(1)) {
            self.outputs.push(Output::Foresee(Box::new(next.clone())));
        }
    }

    pub(super) fn judged_decided(
        &mut self,
        now: Duration,
        height: Height,
        hash: B256,
        verdict: Verdict,
    ) -> Result<(), Fatal> {
        if height != self.height || self.phase == Phase::Committing {
            return Ok(());
        }
        let Some((peer, decided)) = self.judging_decided.take() else { return Ok(()) };
        match verdict {
            Verdict::Valid if decided.block.hash() == hash => {
                let certificate = decided.certificate;
                let signatures = certificate.signers.indices().zip(certificate.signatures.iter().copied()).collect();
                if self.phase == Phase::Deciding {
                    let found = self.core.take_evidence();
                    self.report(found);
                }
                self.commit(Decision { block_hash: hash, certificate }, signatures);
                Ok(())
            }
            Verdict::Valid => Ok(()),
            Verdict::Invalid(why) => self.refuse_decided(now, peer, hash, &why),
        }
    }

    /// The certificate holds for the hash, which fixes all but the signatures inside the body: first the peer is doubted, then this node.
    fn refuse_decided(&mut self, now: Duration, peer: PeerId, hash: B256, why: &InvalidBlock) -> Result<(), Fatal> {
        tracing::error!(height = self.height, %hash, ?peer, %why, "block with a valid certificate is invalid here");
        self.refused_decided.insert(peer.clone());
        if self.refused_decided.len() >= REFUSALS {
            return Err(Fatal::new(format!(
                "validators decided block {hash} of height {}, which this node finds invalid ({why}); \
                 this version or its database is not that of the network",
                self.height
            )));
        }
        self.catch_up.distrust(&peer, now);
        self.outputs.push(Output::Penalize(peer, Fault::Forged));
        if matches!(self.phase, Phase::Waiting { .. }) && !self.timers.contains_key(&Timer::Begin) {
            self.set_timer(Timer::Begin, now);
        }
        Ok(())
    }

    /// A peer asks.
    pub(super) fn serve(&mut self, peer: PeerId, id: RequestId, data: &[u8]) {
        match Request::decode(data) {
            Ok(Request::Blocks { from, count }) => self.read_blocks(peer, id, from, count),
            Ok(Request::Proposal { height, block_hash }) => self.serve_proposal(peer, id, height, block_hash),
            Ok(Request::Snapshot(part)) => {
                if self.may_read(&peer, id) {
                    self.outputs.push(Output::ReadSnapshot { id, peer, part });
                }
            }
            Err(why) => {
                tracing::debug!(?peer, %why, "unreadable request");
                self.outputs.push(Output::Penalize(peer, Fault::Invalid));
                self.respond(id, &Response::Nothing);
            }
        }
    }

    fn serve_proposal(&mut self, peer: PeerId, id: RequestId, height: Height, hash: B256) {
        if height <= self.committed_height() {
            return self.read_blocks(peer, id, height, 1);
        }
        let found = self.blocks.find(hash).filter(|_| height == self.height);
        let response = found.map(|(proposal, encoding)| Response::Proposal(proposal.clone(), encoding.clone()));
        self.respond(id, &response.unwrap_or(Response::Nothing));
    }

    fn read_blocks(&mut self, peer: PeerId, id: RequestId, from: Height, count: u64) {
        let end = from.saturating_add(count.min(MAX_BLOCKS)).min(self.committed_height().saturating_add(1));
        if from >= end || from == 0 {
            return self.respond(id, &Response::Nothing);
        }
        if self.may_read(&peer, id) {
            let max_bytes = MAX_RESPONSE_BYTES.saturating_sub(ANSWER_SLACK);
            self.outputs.push(Output::Read { id, peer, heights: from..end, max_bytes });
        }
    }

    /// Whether the ledger may be asked for a peer now; answers with nothing if not.
    fn may_read(&mut self, peer: &PeerId, id: RequestId) -> bool {
        let open = self.reads.get(peer).copied().unwrap_or_default();
        if open >= READS_PER_PEER || self.reads.values().sum::<usize>() >= MAX_READS {
            if open >= READS_PER_PEER {
                self.outputs.push(Output::Penalize(peer.clone(), Fault::Flood));
            }
            self.respond(id, &Response::Nothing);
            return false;
        }
        self.reads.insert(peer.clone(), open.saturating_add(1));
        true
    }

    fn end_read(&mut self, peer: &PeerId) {
        match self.reads.get_mut(peer) {
            Some(open) if *open > 1 => *open = open.saturating_sub(1),
            _ => drop(self.reads.remove(peer)),
        }
    }

    /// The ledger has looked for a part of a snapshot.
    pub(super) fn read_snapshot(&mut self, id: RequestId, peer: &PeerId, bytes: Option<Bytes>) {
        self.end_read(peer);
        let fits = bytes.filter(|bytes| bytes.len() <= MAX_RESPONSE_BYTES.saturating_sub(ANSWER_SLACK));
        self.respond(id, &fits.map_or(Response::Nothing, Response::Snapshot));
    }

    /// The ledger has read for a peer.
    pub(super) fn read(&mut self, id: RequestId, peer: &PeerId, from: Height, blocks: Vec<DecidedBlock>) {
        self.end_read(peer);
        if blocks.is_empty() {
            // The ledger no longer keeps it.
            self.earliest = self.earliest.max(from.saturating_add(1));
        }
        let mut response = Response::Blocks(blocks).encode();
        if response.len() > MAX_RESPONSE_BYTES {
            response = Response::Nothing.encode();
        }
        self.outputs.push(Output::Respond(id, response));
    }

    fn respond(&mut self, id: RequestId, response: &Response) {
        self.outputs.push(Output::Respond(id, response.encode()));
    }
}
