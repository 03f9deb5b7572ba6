//! What has arrived and waits for the engine or the pool: a bounded queue for each kind.
//!
//! Votes come out before all else, so that they never wait behind blocks. A queue is bounded in messages and bytes, and no peer may hold more than a quarter of
//! one. Of votes and statuses the oldest make room, as the newest count; of parts and transactions the newest are refused, as the first of a block are of no use without each other.

use crate::{gossip::Subject, transactions::TransactionBatch};
use bttc_consensus::{MessageId, PeerId, TransportEvent};
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use tokio::sync::Notify;

/// Questions that wait.
const MAX_REQUESTS: usize = 256;

struct Item<T> {
    from: PeerId,
    id: MessageId,
    bytes: usize,
    value: T,
}

/// A queue with bounds for all and for each.
struct Queue<T> {
    items: VecDeque<Item<T>>,
    held: HashMap<PeerId, usize>,
    bytes: usize,
    max_items: usize,
    max_bytes: usize,
    drop_oldest: bool,
}

impl<T> Queue<T> {
    fn new(max_items: usize, max_bytes: usize, drop_oldest: bool) -> Self {
        Self { items: VecDeque::new(), held: HashMap::new(), bytes: 0, max_items, max_bytes, drop_oldest }
    }

    /// Puts an item in; the messages that found or have no place any more.
    fn push(&mut self, item: Item<T>) -> Vec<MessageId> {
        let share = (self.max_items / 4).max(1);
        if self.held.get(&item.from).is_some_and(|held| *held >= share) {
            return vec![item.id];
        }
        let mut dropped = Vec::new();
        while self.items.len() >= self.max_items || self.bytes + item.bytes > self.max_bytes {
            let oldest = if self.drop_oldest { self.pop() } else { None };
            match oldest {
                Some(oldest) => dropped.push(oldest.id),
                None => {
                    dropped.push(item.id);
                    return dropped;
                }
            }
        }
        *self.held.entry(item.from.clone()).or_default() += 1;
        self.bytes += item.bytes;
        self.items.push_back(item);
        dropped
    }

    fn pop(&mut self) -> Option<Item<T>> {
        let item = self.items.pop_front()?;
        self.bytes -= item.bytes;
        if let Some(held) = self.held.get_mut(&item.from) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&item.from);
            }
        }
        Some(item)
    }
}

struct State {
    /// Who came and who went, not more than two of one peer.
    peers: VecDeque<(PeerId, bool)>,
    votes: Queue<TransportEvent>,
    parts: Queue<TransportEvent>,
    status: Queue<TransportEvent>,
    requests: VecDeque<TransportEvent>,
    transactions: Queue<TransactionBatch>,
    /// Which of the lower queues is asked first next time.
    turn: usize,
    closed: bool,
}

/// The queues.
pub(crate) struct Inbox {
    state: Mutex<State>,
    engine: Notify,
    pool: Notify,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        let state = State {
            peers: VecDeque::new(),
            votes: Queue::new(4_096, 8 << 20, true),
            parts: Queue::new(1_024, 32 << 20, false),
            status: Queue::new(512, 1 << 20, true),
            requests: VecDeque::new(),
            transactions: Queue::new(1_024, 16 << 20, false),
            turn: 0,
            closed: false,
        };
        Self { state: Mutex::new(state), engine: Notify::new(), pool: Notify::new() }
    }

    /// A message for the engine; the messages dropped for it, itself perhaps.
    pub(crate) fn message(&self, subject: Subject, from: PeerId, id: MessageId, data: bytes::Bytes) -> Vec<MessageId> {
        let Some(topic) = subject.topic() else { return vec![id] };
        let bytes = data.len();
        let value = TransportEvent::Message { from: from.clone(), topic, id, data };
        let item = Item { from, id, bytes, value };
        let mut state = self.state.lock();
        let queue = match subject {
            Subject::Parts => &mut state.parts,
            Subject::Status => &mut state.status,
            Subject::Votes | Subject::Transactions => &mut state.votes,
        };
        let dropped = queue.push(item);
        drop(state);
        self.engine.notify_one();
        dropped
    }

    /// Transactions for the pool; the messages dropped for them, themselves perhaps.
    pub(crate) fn transactions(&self, batch: TransactionBatch) -> Vec<MessageId> {
        let bytes = batch.transactions.iter().map(bytes::Bytes::len).sum();
        let item = Item { from: batch.from.clone(), id: batch.id, bytes, value: batch };
        let dropped = self.state.lock().transactions.push(item);
        self.pool.notify_one();
        dropped
    }

    /// A question for the engine; false if it found no place.
    pub(crate) fn request(&self, request: TransportEvent) -> bool {
        let mut state = self.state.lock();
        let fits = state.requests.len() < MAX_REQUESTS;
        if fits {
            state.requests.push_back(request);
        }
        drop(state);
        self.engine.notify_one();
        fits
    }

    /// A peer came or went. One that came and went before anybody looked was never there.
    pub(crate) fn peer(&self, peer: PeerId, connected: bool) {
        let mut state = self.state.lock();
        let untold = state.peers.iter().rposition(|(id, _)| *id == peer);
        match untold.and_then(|at| Some((at, state.peers.get(at)?.1))) {
            Some((at, true)) if !connected => drop(state.peers.remove(at)),
            Some((_, told)) if told == connected => {}
            _ => state.peers.push_back((peer, connected)),
        }
        drop(state);
        self.engine.notify_one();
    }

    /// Nothing comes any more.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.engine.notify_one();
        self.pool.notify_one();
    }

    /// The next event for the engine.
    pub(crate) async fn next(&self) -> Option<TransportEvent> {
        loop {
            if let Some(answer) = self.state.lock().next_event() {
                return answer;
            }
            self.engine.notified().await;
        }
    }

    /// The next transactions for the pool.
    pub(crate) async fn next_transactions(&self) -> Option<TransactionBatch> {
        loop {
            {
                let mut state = self.state.lock();
                if state.closed {
                    // Whoever else waits must learn of it too.
                    self.pool.notify_one();
                    return None;
                }
                if let Some(item) = state.transactions.pop() {
                    return Some(item.value);
                }
            }
            self.pool.notified().await;
        }
    }
}

impl State {
    /// The next event, or the end; none if there is neither yet.
    fn next_event(&mut self) -> Option<Option<TransportEvent>> {
        if let Some((peer, connected)) = self.peers.pop_front() {
            let event = if connected { TransportEvent::Connected(peer) } else { TransportEvent::Disconnected(peer) };
            return Some(Some(event));
        }
        if let Some(item) = self.votes.pop() {
            return Some(Some(item.value));
        }
        for _ in 0..3 {
            self.turn = (self.turn + 1) % 3;
            let event = match self.turn {
                0 => self.requests.pop_front(),
                1 => self.parts.pop().map(|item| item.value),
                _ => self.status.pop().map(|item| item.value),
            };
            if event.is_some() {
                return Some(event);
            }
        }
        self.closed.then_some(None)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures::FutureExt;

    fn peer(number: u8) -> PeerId {
        PeerId(Bytes::from(vec![number]))
    }

    fn next(inbox: &Inbox) -> Option<TransportEvent> {
        inbox.next().now_or_never().flatten()
    }

    #[test]
    fn votes_overtake_parts() {
        let inbox = Inbox::new();
        for id in 0..100 {
            inbox.message(Subject::Parts, peer(1), MessageId(id), Bytes::from_static(b"part"));
        }
        inbox.message(Subject::Votes, peer(2), MessageId(200), Bytes::from_static(b"vote"));
        assert!(matches!(next(&inbox), Some(TransportEvent::Message { id: MessageId(200), .. })));
        assert!(matches!(next(&inbox), Some(TransportEvent::Message { id: MessageId(0), .. })));
    }

    #[test]
    fn one_peer_fills_a_quarter_and_the_oldest_votes_make_room() {
        let inbox = Inbox::new();
        let vote = |from, id| inbox.message(Subject::Votes, peer(from), MessageId(id), Bytes::from_static(b"v"));
        assert!((0..1_024).all(|id| vote(1, id).is_empty()));
        assert_eq!(vote(1, 5_000), [MessageId(5_000)]);
        for from in 2..5 {
            assert!((0..1_024).all(|id| vote(from, 10_000 * u64::from(from) + id).is_empty()));
        }
        assert_eq!(vote(9, 7), [MessageId(0)], "the oldest makes room");
        let part = |from, id| inbox.message(Subject::Parts, peer(from), MessageId(id), vec![0; 8 << 20].into());
        assert!((0..4).all(|id| part(id as u8, id).is_empty()));
        assert_eq!(part(9, 99), [MessageId(99)], "parts that are there stay");
    }

    #[test]
    fn a_visit_that_nobody_saw_is_not_told() {
        let inbox = Inbox::new();
        for _ in 0..1_000 {
            inbox.peer(peer(1), true);
            inbox.peer(peer(1), false);
        }
        assert_eq!(next(&inbox), None);
        inbox.peer(peer(1), true);
        assert_eq!(next(&inbox), Some(TransportEvent::Connected(peer(1))));
        for _ in 0..1_000 {
            inbox.peer(peer(1), false);
            inbox.peer(peer(1), true);
        }
        assert_eq!(next(&inbox), Some(TransportEvent::Disconnected(peer(1))));
        assert_eq!(next(&inbox), Some(TransportEvent::Connected(peer(1))));
        assert_eq!(next(&inbox), None);
    }

    #[tokio::test]
    async fn the_end_is_told_after_what_is_left() {
        let inbox = Inbox::new();
        inbox.message(Subject::Status, peer(1), MessageId(1), Bytes::from_static(b"s"));
        inbox.close();
        assert!(inbox.next().await.is_some());
        assert_eq!(inbox.next().await, None);
        assert_eq!(inbox.next_transactions().await, None);
    }

    #[test]
    fn questions_are_bounded() {
        let inbox = Inbox::new();
        let request = TransportEvent::Request { from: peer(1), id: bttc_consensus::RequestId(1), data: Bytes::new() };
        let taken = (0..1_000).filter(|_| inbox.request(request.clone())).count();
        assert_eq!(taken, MAX_REQUESTS);
        assert_eq!(next(&inbox).unwrap(), request);
    }
}
