//! What is gossiped, and by which rules: topics, sizes, meshes, scores (docs/protocol.md, section 9).
//!
//! Messages are anonymous: whoever must be known as an author has signed inside, and an id of a node beside a vote would show which node stands before which validator.
//! The id of a message is the hash of topic and bytes. As the engine repeats what matters in the same bytes, its messages begin with a fresh salt of
//! 8 bytes; without it, a repetition would pass for a duplicate and reach nobody. Transactions have none, so that one transaction travels once.

use crate::identity::Names;
use alloy_primitives::Keccak256;
use bttc_consensus::{MAX_MESSAGE_BYTES, Topic};
use bttc_primitives::Fatal;
use bytes::Bytes;
use libp2p::gossipsub::{
    Behaviour, ConfigBuilder, IdentTopic, IdentityTransform, Message, MessageAuthenticity, MessageId, PeerScoreParams,
    PeerScoreThresholds, TopicHash, TopicScoreParams, ValidationMode, WhitelistSubscriptionFilter,
};
use std::time::Duration;

/// Length of the salt before a message of the engine. Unit: bytes.
pub(crate) const SALT_BYTES: usize = 8;
/// What protobuf adds to a message, and the next message that is read with it. Unit: bytes.
const FRAMING: usize = 64 << 10;
/// Time for a judgement; below what the library keeps messages for.
pub(crate) const JUDGE_WITHIN: Duration = Duration::from_secs(3);
/// Length of the id of a message. Unit: bytes.
const ID_BYTES: usize = 16;
/// Messages that a node tells a neighbour of at once.
const MAX_TOLD: usize = 1_000;
const HEARTBEAT: Duration = Duration::from_millis(700);
/// Heartbeats for which messages are kept: longer than [`JUDGE_WITHIN`].
const HISTORY: usize = 6;

/// The behaviour of the library with our filter of topics.
pub(crate) type Gossip = Behaviour<IdentityTransform, WhitelistSubscriptionFilter>;

/// Neighbours in the mesh of a topic.
#[derive(Clone, Copy, Debug)]
struct Mesh {
    wanted: usize,
    low: usize,
    high: usize,
    /// Of them, those we dialed ourselves: an attacker that dials us cannot have all places.
    outbound: usize,
}

/// What a gossiped message is about: a topic of the engine, or transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Votes,
    Parts,
    Status,
    Transactions,
}

impl From<Topic> for Subject {
    fn from(topic: Topic) -> Self {
        match topic {
            Topic::Votes => Self::Votes,
            Topic::Parts => Self::Parts,
            Topic::Status => Self::Status,
        }
    }
}

impl Subject {
    pub(crate) const ALL: [Self; 4] = [Self::Votes, Self::Parts, Self::Status, Self::Transactions];

    /// Name in the topic and in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Votes => "votes",
            Self::Parts => "parts",
            Self::Status => "status",
            Self::Transactions => "transactions",
        }
    }

    /// The engine's topic; none for transactions.
    pub(crate) const fn topic(self) -> Option<Topic> {
        match self {
            Self::Votes => Some(Topic::Votes),
            Self::Parts => Some(Topic::Parts),
            Self::Status => Some(Topic::Status),
            Self::Transactions => None,
        }
    }

    /// Largest message. Unit: bytes.
    pub(crate) const fn max_bytes(self) -> usize {
        match self {
            Self::Votes => 64 << 10,
            Self::Status => 16 << 10,
            Self::Parts | Self::Transactions => MAX_MESSAGE_BYTES,
        }
    }

    /// Messages per second that one peer may be the first to bring, and as many again at once. What all validators say may come through one peer.
    pub(crate) const fn messages_per_second(self) -> u32 {
        match self {
            Self::Votes => 2_000,
            Self::Parts => 1_000,
            Self::Status => 200,
            Self::Transactions => 500,
        }
    }

    /// Bytes per second of one peer.
    pub(crate) const fn bytes_per_second(self) -> u32 {
        match self {
            Self::Votes => 4 << 20,
            Self::Parts => 32 << 20,
            Self::Status => 1 << 20,
            Self::Transactions => 8 << 20,
        }
    }

    /// Neighbours that messages go to. Votes go to more: they are small and decide the time of a block; up to 16 neighbours get ours without a hop.
    const fn mesh(self) -> Mesh {
        match self {
            Self::Votes => Mesh { wanted: 16, low: 10, high: 24, outbound: 4 },
            Self::Parts => Mesh { wanted: 8, low: 6, high: 12, outbound: 3 },
            Self::Status | Self::Transactions => Mesh { wanted: 6, low: 4, high: 12, outbound: 2 },
        }
    }

    /// What stands on the wire for a message.
    pub(crate) fn seal(self, salt: [u8; SALT_BYTES], message: &[u8]) -> Vec<u8> {
        match self.topic() {
            Some(_) => [&salt[..], message].concat(),
            None => message.to_vec(),
        }
    }

    /// The message in what stood on the wire; none if it is too short or too long for one.
    pub(crate) fn open(self, wire: Vec<u8>) -> Option<Bytes> {
        let wire = Bytes::from(wire);
        let salt = if self.topic().is_some() { SALT_BYTES } else { 0 };
        let message = (wire.len() > salt).then(|| wire.slice(salt..))?;
        (message.len() <= self.max_bytes()).then_some(message)
    }
}

/// The topics of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Topics([(Subject, IdentTopic); 4]);

impl Topics {
    pub(crate) fn new(names: &Names) -> Self {
        Self(Subject::ALL.map(|subject| (subject, IdentTopic::new(names.of(subject.name())))))
    }

    pub(crate) fn subject(&self, hash: &TopicHash) -> Option<Subject> {
        self.0.iter().find(|(_, topic)| topic.hash() == *hash).map(|(subject, _)| *subject)
    }

    pub(crate) fn hash(&self, subject: Subject) -> TopicHash {
        let found = self.0.iter().find(|(of, _)| *of == subject);
        found.map(|(_, topic)| topic.hash()).expect("every subject has a topic")
    }
}

fn message_id(message: &Message) -> MessageId {
    let mut hash = Keccak256::new();
    hash.update(message.topic.as_str().as_bytes());
    hash.update([0]);
    hash.update(&message.data);
    MessageId::new(&hash.finalize()[..ID_BYTES])
}

/// The behaviour, subscribed to every topic.
pub(crate) fn behaviour(topics: &Topics) -> Result<Gossip, Fatal> {
    let setting = |why: String| Fatal::new(format!("setting up gossip: {why}"));
    let mut config = ConfigBuilder::default();
    config
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(message_id)
        .heartbeat_interval(HEARTBEAT)
        .heartbeat_initial_delay(Duration::from_millis(100))
        .history_length(HISTORY)
        .history_gossip(3)
        .duplicate_cache_time(Duration::from_secs(30))
        .max_transmit_size(MAX_MESSAGE_BYTES + FRAMING)
        .max_publish_messages(64)
        // The library's own numbers contradict each other: a busy node would tell of more messages at once than its neighbour reads, which ends their gossip.
        .max_control_messages_sent(MAX_TOLD)
        .max_control_message_size(4 * MAX_TOLD * (ID_BYTES + 4))
        .flood_publish(false)
        .connection_handler_queue_len(1_024)
        .publish_queue_duration(Duration::from_secs(2))
        .forward_queue_duration(Duration::from_secs(1));
    for (subject, topic) in &topics.0 {
        config
            .max_transmit_size_for_topic(subject.max_bytes() + SALT_BYTES + (1 << 10), topic.hash())
            .mesh_n_for_topic(subject.mesh().wanted, topic.hash())
            .mesh_n_low_for_topic(subject.mesh().low, topic.hash())
            .mesh_n_high_for_topic(subject.mesh().high, topic.hash())
            .mesh_outbound_min_for_topic(subject.mesh().outbound, topic.hash());
    }
    let config = config.build().map_err(|error| setting(error.to_string()))?;
    let filter = WhitelistSubscriptionFilter(topics.0.iter().map(|(_, topic)| topic.hash()).collect());
    let mut gossip = Gossip::new_with_subscription_filter(MessageAuthenticity::Anonymous, config, filter)
        .map_err(|error| setting(error.to_owned()))?;
    let mut params = PeerScoreParams {
        // The service counts faults; its points are the application's score. They lead to a ban before the library stops to listen.
        app_specific_weight: 0.5,
        // The gate bounds connections from one IP.
        ip_colocation_factor_weight: 0.0,
        // Whoever reads slowly still has a vote that must be heard; what it does not take in time is dropped and that is all.
        slow_peer_weight: 0.0,
        // A broken promise now and then is the fault of a full queue.
        behaviour_penalty_threshold: 6.0,
        behaviour_penalty_weight: -1.0,
        retain_score: Duration::from_secs(10 * 60),
        ..PeerScoreParams::default()
    };
    params.topics = topics.0.iter().map(|(_, topic)| (topic.hash(), topic_score())).collect();
    let thresholds = PeerScoreThresholds {
        gossip_threshold: -20.0,
        publish_threshold: -50.0,
        graylist_threshold: -90.0,
        ..PeerScoreThresholds::default()
    };
    gossip.with_peer_score(params, thresholds).map_err(setting)?;
    for (_, topic) in &topics.0 {
        gossip.subscribe(topic).map_err(|error| setting(error.to_string()))?;
    }
    Ok(gossip)
}

/// Invalid messages count against a peer. How many it delivers does not: votes of an idle chain are rare, and a quiet neighbour is no bad one.
fn topic_score() -> TopicScoreParams {
    TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.01,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 300.0,
        first_message_deliveries_weight: 0.1,
        first_message_deliveries_decay: 0.9,
        first_message_deliveries_cap: 50.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -1.0,
        invalid_message_deliveries_decay: 0.99,
        ..TopicScoreParams::default()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloy_primitives::B256;

    #[test]
    fn the_settings_are_ones_that_the_library_takes() {
        let topics = Topics::new(&Names::new(990_992, B256::ZERO));
        let gossip = behaviour(&topics).unwrap();
        assert_eq!(gossip.topics().count(), 4);
        for subject in Subject::ALL {
            assert_eq!(topics.subject(&topics.hash(subject)), Some(subject));
        }
        assert!(HEARTBEAT * HISTORY as u32 > JUDGE_WITHIN);
    }

    #[test]
    fn a_repeated_message_has_another_id_and_a_repeated_transaction_the_same() {
        let topics = Topics::new(&Names::new(990_992, B256::ZERO));
        let id = |subject: Subject, salt| {
            let data = subject.seal(salt, b"same");
            message_id(&Message { source: None, data, sequence_number: None, topic: topics.hash(subject) })
        };
        assert_ne!(id(Subject::Votes, [1; 8]), id(Subject::Votes, [2; 8]));
        assert_eq!(id(Subject::Transactions, [1; 8]), id(Subject::Transactions, [2; 8]));
        assert_ne!(id(Subject::Votes, [1; 8]), id(Subject::Status, [1; 8]));
    }

    #[test]
    fn messages_are_sealed_and_opened_within_their_sizes() {
        for subject in Subject::ALL {
            assert_eq!(subject.open(subject.seal([9; 8], b"word")).unwrap(), &b"word"[..]);
            assert!(subject.open(subject.seal([9; 8], &vec![1; subject.max_bytes()])).is_some());
            assert_eq!(subject.open(subject.seal([9; 8], &vec![1; subject.max_bytes() + 1])), None);
            assert_eq!(subject.open(subject.seal([9; 8], b"")), None);
            assert_eq!(subject.open(Vec::new()), None);
        }
    }
}
