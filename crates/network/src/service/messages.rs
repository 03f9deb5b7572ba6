//! Gossip: from neighbours to the queues, judgements back, our own messages out.

use super::NetworkService;
use crate::{
    gossip::{JUDGE_WITHIN, Subject},
    metrics,
    transactions::{self, TransactionBatch},
};
use bttc_consensus::{Acceptance, Fault, MessageId};
use bytes::Bytes;
use libp2p::{
    PeerId,
    gossipsub::{self, Event, MessageAcceptance, PublishError},
};
use std::{collections::BTreeMap, time::Instant};

/// Messages that wait for their judgement; the oldest makes room as one ignored.
const MOST_UNJUDGED: usize = 16_384;

#[derive(Debug)]
struct Unjudged {
    id: gossipsub::MessageId,
    from: PeerId,
    subject: Subject,
    since: Instant,
}

/// Messages that wait for their judgement, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Judgements {
    next: u64,
    waiting: BTreeMap<u64, Unjudged>,
}

impl Judgements {
    fn insert(&mut self, unjudged: Unjudged) -> MessageId {
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.waiting.insert(id, unjudged);
        MessageId(id)
    }

    /// The oldest, if it is too old or there are too many.
    fn overdue(&self, now: Instant) -> Option<MessageId> {
        let (id, oldest) = self.waiting.first_key_value()?;
        let late = now.saturating_duration_since(oldest.since) >= JUDGE_WITHIN;
        (late || self.waiting.len() > MOST_UNJUDGED).then_some(MessageId(*id))
    }
}

impl NetworkService {
    pub(super) fn gossip(&mut self, event: Event) {
        match event {
            Event::Message { propagation_source, message_id, message } => {
                self.arrived(propagation_source, message_id, message);
            }
            Event::SlowPeer { peer_id, failed_messages } => {
                let lost = failed_messages.priority + failed_messages.non_priority;
                tracing::debug!(peer = %peer_id, lost, "the peer does not keep up with gossip");
                metrics::dropped("gossip", "slow_peer", lost);
            }
            Event::GossipsubNotSupported { peer_id } => {
                tracing::debug!(peer = %peer_id, "the peer does not gossip");
            }
            Event::Subscribed { .. } | Event::Unsubscribed { .. } => {}
        }
    }

    fn arrived(&mut self, from: PeerId, id: gossipsub::MessageId, message: gossipsub::Message) {
        let verdict = |service: &mut Self, acceptance| {
            service.swarm.behaviour_mut().gossip.report_message_validation_result(&id, &from, acceptance);
        };
        let Some(subject) = self.topics.subject(&message.topic) else {
            return verdict(self, MessageAcceptance::Ignore);
        };
        let bytes = message.data.len();
        metrics::message(subject, "in", bytes);
        let now = Instant::now();
        let Some(peer) = self.peers.get_mut(&from) else { return verdict(self, MessageAcceptance::Ignore) };
        if !peer.may_gossip(subject, bytes, now) {
            let new = peer.is_new_flood(now);
            metrics::dropped(subject.name(), "allowance", 1);
            verdict(self, MessageAcceptance::Ignore);
            if new {
                self.fault(from, Fault::Flood, "more gossip than a peer may bring");
            }
            return;
        }
        let sender = peer.id.clone();
        let Some(data) = subject.open(message.data) else {
            verdict(self, MessageAcceptance::Reject);
            return self.fault(from, Fault::Invalid, "a gossiped message of an impossible size");
        };
        let entry = Unjudged { id: id.clone(), from, subject, since: now };
        let dropped = match subject {
            Subject::Transactions => match transactions::decode(&data) {
                Ok(list) => {
                    let id = self.judgements.insert(entry);
                    self.inbox.transactions(TransactionBatch { from: sender, id, transactions: list })
                }
                Err(error) => {
                    verdict(self, MessageAcceptance::Reject);
                    return self.fault(from, Fault::Invalid, &error.to_string());
                }
            },
            Subject::Votes | Subject::Parts | Subject::Status => {
                let id = self.judgements.insert(entry);
                self.inbox.message(subject, sender, id, data)
            }
        };
        for id in dropped {
            metrics::dropped(subject.name(), "inbox_full", 1);
            self.judge(id, Acceptance::Ignore);
        }
        if self.judgements.waiting.len() > MOST_UNJUDGED {
            self.expire_judgements(now);
        }
    }

    pub(super) fn judge(&mut self, id: MessageId, acceptance: Acceptance) {
        // One that was judged, or is too old.
        let Some(message) = self.judgements.waiting.remove(&id.0) else { return };
        let (verdict, label) = match acceptance {
            Acceptance::Accept => (MessageAcceptance::Accept, "accept"),
            Acceptance::Ignore => (MessageAcceptance::Ignore, "ignore"),
            Acceptance::Reject => (MessageAcceptance::Reject, "reject"),
        };
        metrics::judged(message.subject, label);
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        gossip.report_message_validation_result(&message.id, &message.from, verdict);
        if acceptance == Acceptance::Reject {
            self.fault(message.from, Fault::Invalid, "a gossiped message that no honest node passes on");
        }
    }

    pub(super) fn expire_judgements(&mut self, now: Instant) {
        while let Some(id) = self.judgements.overdue(now) {
            metrics::dropped("judgements", "late", 1);
            self.judge(id, Acceptance::Ignore);
        }
    }

    pub(super) fn publish(&mut self, subject: Subject, message: &Bytes) {
        let wire = subject.seal(rand::random(), message);
        let bytes = wire.len();
        let topic = self.topics.hash(subject);
        match self.swarm.behaviour_mut().gossip.publish(topic, wire) {
            Ok(_) => metrics::message(subject, "out", bytes),
            Err(PublishError::NoPeersSubscribedToTopic) => metrics::dropped(subject.name(), "no_peers", 1),
            Err(PublishError::Duplicate) => metrics::dropped(subject.name(), "duplicate", 1),
            Err(PublishError::AllQueuesFull(_)) => metrics::dropped(subject.name(), "slow_peers", 1),
            Err(error) => tracing::error!(%error, topic = subject.name(), "cannot gossip a message"),
        }
    }
}
