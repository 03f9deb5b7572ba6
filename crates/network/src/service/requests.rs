//! Questions to peers and of peers, each side with its bounds.

use super::NetworkService;
use crate::{
    address,
    frame::{Frame, Held},
    metrics,
};
use bttc_consensus::{self as consensus, Fault, MAX_RESPONSE_BYTES, RequestError, RequestId, TransportEvent};
use bytes::Bytes;
use libp2p::{
    PeerId,
    request_response::{
        Event, InboundFailure, InboundRequestId, Message, OutboundFailure, OutboundRequestId, ResponseChannel,
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    io,
    time::Instant,
};
use tokio::sync::oneshot;

/// Our questions that one peer, and that all together, may owe us an answer to.
const MAX_ASKED: (usize, usize) = (16, 128);
/// Questions of one peer that wait for the engine.
const MAX_ASKING: usize = 8;

#[derive(Debug)]
struct Asked {
    peer: PeerId,
    reply: oneshot::Sender<Result<Bytes, RequestError>>,
    since: Instant,
}

#[derive(Debug)]
struct Asking {
    peer: PeerId,
    id: InboundRequestId,
    channel: ResponseChannel<Held>,
    since: Instant,
}

/// Everything that is under way.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    asked: HashMap<OutboundRequestId, Asked>,
    asking: BTreeMap<u64, Asking>,
    next: u64,
    /// Answers that are being sent, with their lengths.
    answering: HashMap<InboundRequestId, usize>,
    answering_bytes: usize,
}

impl NetworkService {
    pub(super) fn ask(
        &mut self,
        peer: &consensus::PeerId,
        data: Bytes,
        reply: oneshot::Sender<Result<Bytes, RequestError>>,
    ) {
        let all = self.exchanges.asked.len();
        let id = address::from_consensus(peer);
        let ready = id.and_then(|id| Some((id, self.peers.get_mut(&id).filter(|peer| peer.is_ready())?)));
        let refusal = match ready {
            None => RequestError::NotConnected,
            Some((_, peer)) if peer.asked >= MAX_ASKED.0 || all >= MAX_ASKED.1 => RequestError::Busy,
            Some((id, peer)) => {
                peer.asked += 1;
                let request = self.swarm.behaviour_mut().requests.send_request(&id, Frame::Data(data).into());
                self.exchanges.asked.insert(request, Asked { peer: id, reply, since: Instant::now() });
                return;
            }
        };
        metrics::request("out", "refused");
        // Whoever asked may have given up.
        let _ = reply.send(Err(refusal));
    }

    pub(super) fn exchange(&mut self, event: Event<Held, Held>) {
        match event {
            Event::Message { peer, message: Message::Request { request_id, request, channel }, .. } => {
                self.asked_by(peer, request_id, request, channel);
            }
            Event::Message { message: Message::Response { request_id, response }, .. } => {
                let Some(asked) = self.asked_ended(&request_id) else { return };
                let answer = match response.frame {
                    Frame::Data(data) => {
                        metrics::request("out", "answered");
                        metrics::answered(asked.since.elapsed());
                        Ok(data)
                    }
                    Frame::Busy => {
                        metrics::request("out", "busy");
                        Err(RequestError::Busy)
                    }
                };
                let _ = asked.reply.send(answer);
            }
            Event::OutboundFailure { peer, request_id, error, .. } => {
                let Some(asked) = self.asked_ended(&request_id) else { return };
                metrics::request("out", "failed");
                let invalid =
                    matches!(&error, OutboundFailure::Io(error) if error.kind() == io::ErrorKind::InvalidData);
                let _ = asked.reply.send(Err(match error {
                    OutboundFailure::Timeout => RequestError::Timeout,
                    OutboundFailure::DialFailure | OutboundFailure::ConnectionClosed => RequestError::NotConnected,
                    other => RequestError::Failed(other.to_string()),
                }));
                if invalid {
                    self.fault(peer, Fault::Invalid, "an answer that cannot be read");
                }
            }
            Event::InboundFailure { peer, request_id, error, .. } => {
                self.answer_ended(&request_id);
                self.question_ended(&request_id);
                metrics::request("in", "failed");
                if matches!(&error, InboundFailure::Io(error) if error.kind() == io::ErrorKind::InvalidData) {
                    self.fault(peer, Fault::Invalid, "a request that cannot be read");
                }
            }
            Event::ResponseSent { request_id, .. } => {
                self.answer_ended(&request_id);
                metrics::request("in", "answered");
            }
        }
    }

    /// A question of a peer.
    fn asked_by(&mut self, id: PeerId, request_id: InboundRequestId, request: Held, channel: ResponseChannel<Held>) {
        let now = Instant::now();
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if !peer.may_ask(now) {
            let new = peer.is_new_flood(now);
            metrics::dropped("requests", "allowance", 1);
            self.refuse_request(channel);
            if new {
                self.fault(id, Fault::Flood, "more requests than a peer may send");
            }
            return;
        }
        let Frame::Data(data) = request.frame else {
            self.refuse_request(channel);
            return self.fault(id, Fault::Invalid, "a request without a question");
        };
        // Before its status is here, with too many questions, or with its share of our bandwidth used up.
        if !peer.is_ready() || peer.asking >= MAX_ASKING || peer.answers.available(now) == 0 {
            metrics::dropped("requests", "busy", 1);
            return self.refuse_request(channel);
        }
        let number = self.exchanges.next;
        self.exchanges.next = number.wrapping_add(1);
        let event = TransportEvent::Request { from: peer.id.clone(), id: RequestId(number), data };
        if !self.inbox.request(event) {
            metrics::dropped("requests", "inbox_full", 1);
            return self.refuse_request(channel);
        }
        peer.asking += 1;
        self.exchanges.asking.insert(number, Asking { peer: id, id: request_id, channel, since: now });
    }

    fn refuse_request(&mut self, channel: ResponseChannel<Held>) {
        metrics::request("in", "refused");
        // The connection may have closed.
        let _ = self.swarm.behaviour_mut().requests.send_response(channel, Frame::Busy.into());
    }

    /// The engine answers.
    pub(super) fn respond(&mut self, to: RequestId, data: Bytes) {
        let Some(asking) = self.exchanges.asking.remove(&to.0) else { return };
        let bytes = data.len();
        if let Some(peer) = self.peers.get_mut(&asking.peer) {
            peer.asking = peer.asking.saturating_sub(1);
            peer.answers.spend(bytes, Instant::now());
        }
        if bytes > MAX_RESPONSE_BYTES {
            tracing::error!(
                bytes,
                most = MAX_RESPONSE_BYTES,
                "an answer is too large to be sent; this is a bug worth reporting"
            );
            return self.refuse_request(asking.channel);
        }
        // Peers that read slowly must not fill our memory together.
        if self.exchanges.answering_bytes.saturating_add(bytes) > self.config.max_request_memory as usize {
            metrics::dropped("answers", "memory", 1);
            return self.refuse_request(asking.channel);
        }
        let sent = self.swarm.behaviour_mut().requests.send_response(asking.channel, Frame::Data(data).into());
        if sent.is_ok() {
            self.exchanges.answering.insert(asking.id, bytes);
            self.exchanges.answering_bytes += bytes;
        }
    }

    fn asked_ended(&mut self, id: &OutboundRequestId) -> Option<Asked> {
        let asked = self.exchanges.asked.remove(id)?;
        if let Some(peer) = self.peers.get_mut(&asked.peer) {
            peer.asked = peer.asked.saturating_sub(1);
        }
        Some(asked)
    }

    fn answer_ended(&mut self, id: &InboundRequestId) {
        if let Some(bytes) = self.exchanges.answering.remove(id) {
            self.exchanges.answering_bytes = self.exchanges.answering_bytes.saturating_sub(bytes);
        }
    }

    fn question_ended(&mut self, id: &InboundRequestId) {
        let found = self.exchanges.asking.iter().find(|(_, asking)| asking.id == *id).map(|(number, _)| *number);
        if let Some(asking) = found.and_then(|number| self.exchanges.asking.remove(&number))
            && let Some(peer) = self.peers.get_mut(&asking.peer)
        {
            peer.asking = peer.asking.saturating_sub(1);
        }
    }

    /// Questions that the engine has not answered in time.
    pub(super) fn expire_requests(&mut self, now: Instant) {
        let late = |asking: &Asking| now.saturating_duration_since(asking.since) >= self.config.request_timeout;
        while let Some(oldest) = self.exchanges.asking.first_entry().filter(|oldest| late(oldest.get())) {
            let asking = oldest.remove();
            if let Some(peer) = self.peers.get_mut(&asking.peer) {
                peer.asking = peer.asking.saturating_sub(1);
            }
            metrics::request("in", "unanswered");
        }
    }

    /// The peer has gone: what it asked needs no answer. What it was asked, the library ends.
    pub(super) fn forget_requests(&mut self, peer: &PeerId) {
        self.exchanges.asking.retain(|_, asking| asking.peer != *peer);
    }
}
