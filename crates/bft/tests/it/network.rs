//! A network in memory: every message reaches everybody, in order.

use bttc_consensus::{Acceptance, Fault, MessageId, PeerId, RequestError, RequestId, Topic, Transport, TransportEvent};
use bytes::Bytes;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// All nodes that are up.
#[derive(Clone, Default)]
pub(crate) struct Hub(Arc<Mutex<Nodes>>, Arc<Mutex<Questions>>);

type Nodes = BTreeMap<u8, mpsc::UnboundedSender<TransportEvent>>;

/// Questions that wait for an answer.
#[derive(Default)]
struct Questions {
    count: u64,
    open: HashMap<RequestId, oneshot::Sender<Bytes>>,
}

/// One node's way to the others.
#[derive(Clone)]
pub(crate) struct Wire {
    own: u8,
    hub: Hub,
    inbox: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<TransportEvent>>>,
    /// What was judged as no honest node's message.
    pub(crate) rejected: Arc<Mutex<usize>>,
}

fn peer(number: u8) -> PeerId {
    PeerId(vec![number].into())
}

impl Hub {
    /// Connects a node.
    pub(crate) fn join(&self, own: u8) -> Wire {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut nodes = self.0.lock();
        for (other, theirs) in nodes.iter() {
            let _ = theirs.send(TransportEvent::Connected(peer(own)));
            let _ = sender.send(TransportEvent::Connected(peer(*other)));
        }
        nodes.insert(own, sender);
        drop(nodes);
        let inbox = Arc::new(tokio::sync::Mutex::new(receiver));
        Wire { own, hub: self.clone(), inbox, rejected: Arc::default() }
    }

    /// Disconnects a node.
    pub(crate) fn leave(&self, own: u8) {
        let mut nodes = self.0.lock();
        nodes.remove(&own);
        for theirs in nodes.values() {
            let _ = theirs.send(TransportEvent::Disconnected(peer(own)));
        }
    }
}

impl Transport for Wire {
    fn broadcast(&self, topic: Topic, message: Bytes) {
        for (other, theirs) in self.hub.0.lock().iter() {
            if *other != self.own {
                let (from, data) = (peer(self.own), message.clone());
                let _ = theirs.send(TransportEvent::Message { from, topic, id: MessageId(0), data });
            }
        }
    }

    async fn request(&self, to: &PeerId, request: Bytes, timeout: Duration) -> Result<Bytes, RequestError> {
        let (sender, answer) = oneshot::channel();
        let id = {
            let mut questions = self.hub.1.lock();
            questions.count += 1;
            let id = RequestId(questions.count);
            questions.open.insert(id, sender);
            id
        };
        let theirs = self.hub.0.lock().get(&to.0[0]).cloned().ok_or(RequestError::NotConnected)?;
        let event = TransportEvent::Request { from: peer(self.own), id, data: request };
        theirs.send(event).map_err(|_| RequestError::NotConnected)?;
        match tokio::time::timeout(timeout, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(RequestError::Failed("gone".into())),
            Err(_) => Err(RequestError::Timeout),
        }
    }

    fn respond(&self, to: RequestId, response: Bytes) {
        if let Some(sender) = self.hub.1.lock().open.remove(&to) {
            let _ = sender.send(response);
        }
    }

    fn judge(&self, _: MessageId, acceptance: Acceptance) {
        if acceptance == Acceptance::Reject {
            *self.rejected.lock() += 1;
        }
    }

    fn penalize(&self, _: &PeerId, fault: Fault) {
        if fault != Fault::Unhelpful {
            *self.rejected.lock() += 1;
        }
    }

    async fn next(&self) -> Option<TransportEvent> {
        self.inbox.lock().await.recv().await
    }
}
