use super::*;
use crate::value::MAX_BLOCK_BYTES;
use bttc_consensus::DecidedBlock;
use bttc_primitives::{Body, CommitCertificate, Header, SealedBlock, SignerBitmap};
use proptest::prelude::*;

fn signature() -> impl Strategy<Value = VoteSignature> {
    any::<u8>().prop_map(VoteSignature::repeat_byte)
}

fn kind() -> impl Strategy<Value = VoteKind> {
    prop_oneof![Just(VoteKind::Prevote), Just(VoteKind::Precommit)]
}

fn hash() -> impl Strategy<Value = B256> {
    any::<[u8; 32]>().prop_map(B256::from)
}

fn voter() -> impl Strategy<Value = Address> {
    any::<[u8; 20]>().prop_map(Address::from)
}

fn vote() -> impl Strategy<Value = VoteMessage> {
    (kind(), any::<u64>(), 0..=MAX_ROUND, hash(), voter(), signature()).prop_map(
        |(kind, height, round, block_hash, voter, signature)| VoteMessage {
            kind,
            height,
            round,
            block_hash,
            voter,
            signature,
        },
    )
}

fn proposal() -> impl Strategy<Value = ProposalMessage> {
    let value = (1u8.., 1..=MAX_BLOCK_BYTES as u32, hash());
    (any::<u64>(), value, proptest::option::of(0u32..5), 1u32..5, voter(), signature()).prop_map(
        |(height, (hash, size, parts_root), valid_round, later, proposer, signature)| {
            let round = valid_round.map_or(later, |valid| valid + later);
            let built_in = valid_round.unwrap_or(round);
            let value = BlockValue { hash: B256::repeat_byte(hash), built_in, size, parts_root };
            ProposalMessage { height, round, valid_round, value, proposer, signature }
        },
    )
}

fn round_vote() -> impl Strategy<Value = RoundVote> {
    (kind(), hash(), voter(), signature()).prop_map(|(kind, block_hash, voter, signature)| RoundVote {
        kind,
        block_hash,
        voter,
        signature,
    })
}

fn message() -> impl Strategy<Value = Message> {
    let endorsement = (voter(), signature()).prop_map(|(voter, signature)| Endorsement { voter, signature });
    let votes = proptest::collection::vec(endorsement, 1..4);
    let part = (any::<u32>(), proptest::collection::vec(hash(), 0..3), proptest::collection::vec(any::<u8>(), 0..50));
    prop_oneof![
        vote().prop_map(Message::Vote),
        proposal().prop_map(Message::Proposal),
        (proposal(), part).prop_map(|(proposal, (index, path, data))| Message::Part(PartMessage {
            proposal,
            part: Part { index, path, data: data.into() }
        })),
        (any::<u64>(), 0..=MAX_ROUND, 1u8.., votes).prop_map(|(height, round, hash, votes)| Message::Polka(
            PolkaMessage { height, round, block_hash: B256::repeat_byte(hash), votes }
        )),
        (any::<u64>(), 0..=MAX_ROUND, any::<bool>(), proptest::collection::vec(round_vote(), 1..4)).prop_map(
            |(height, round, precommits, votes)| Message::Round(RoundMessage { height, round, precommits, votes })
        ),
        (any::<u64>(), any::<u64>()).prop_map(|(height, earliest)| Message::Status(StatusMessage { height, earliest })),
    ]
}

fn decided() -> DecidedBlock {
    DecidedBlock {
        block: SealedBlock::seal(Header { number: 9, ..Default::default() }, Body::default()),
        certificate: CommitCertificate {
            height: 9,
            round: 1,
            block_hash: B256::repeat_byte(7),
            signers: SignerBitmap::from_indices(4, [1, 2]),
            signatures: vec![VoteSignature::repeat_byte(7); 2],
        },
    }
}

proptest! {
    #[test]
    fn messages_survive_a_round_trip(message in message(), copy: u32) {
        let bytes = message.encode(copy);
        prop_assert_eq!(Message::decode(&bytes), Ok(message));
    }

    #[test]
    fn a_changed_byte_does_not_go_unseen(message in message(), at: prop::sample::Index, by in 1u8..) {
        let mut bytes = message.encode(1).to_vec();
        // The number of the copy carries no meaning.
        let at = at.index(bytes.len());
        prop_assume!(at != 2);
        bytes[at] ^= by;
        prop_assert_ne!(Message::decode(&bytes).ok(), Some(message));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0u8..7) {
        for prefix in [vec![], vec![VERSION, kind], vec![VERSION, kind, 0x80]] {
            let bytes = [prefix, bytes.clone()].concat();
            let _ = Message::decode(&bytes);
            let _ = Request::decode(&bytes);
            let _ = Response::decode(&bytes);
        }
    }

    #[test]
    fn questions_and_answers_survive_a_round_trip(from: u64, count: u64, hash in hash(), proposal in proposal()) {
        for request in [Request::Blocks { from, count }, Request::Proposal { height: from, block_hash: hash }] {
            prop_assert_eq!(Request::decode(&request.encode()), Ok(request));
        }
        let answers = [
            Response::Blocks(vec![decided(); 3]),
            Response::Blocks(vec![]),
            Response::Proposal(proposal, vec![1, 2, 3].into()),
            Response::Nothing,
        ];
        for response in answers {
            prop_assert_eq!(Response::decode(&response.encode()), Ok(response));
        }
    }
}

#[test]
fn what_is_out_of_bounds_is_refused() {
    let long = vec![VERSION; MAX_MESSAGE_BYTES + 1];
    assert!(matches!(Message::decode(&long), Err(InvalidMessage::TooLong { .. })));
    assert_eq!(Message::decode(&[]), Err(InvalidMessage::Version { got: None }));
    assert_eq!(Message::decode(&[2, 0]), Err(InvalidMessage::Version { got: Some(2) }));
    assert_eq!(Message::decode(&[VERSION, 9]), Err(InvalidMessage::Kind { got: Some(9) }));
    let status = Message::Status(StatusMessage { height: 1, earliest: 1 });
    let trailing = [status.encode(0).to_vec(), vec![0]].concat();
    assert_eq!(Message::decode(&trailing), Err(InvalidMessage::Trailing(1)));
    let empty = RoundMessage { height: 1, round: 1, precommits: false, votes: vec![] };
    assert_eq!(Message::decode(&Message::Round(empty).encode(0)), Err(InvalidMessage::Bounds("number of votes")));
}

#[test]
fn a_proposal_that_no_honest_node_makes_is_refused() {
    let value = BlockValue { hash: B256::repeat_byte(1), built_in: 2, size: 10, parts_root: B256::ZERO };
    let fresh = ProposalMessage {
        height: 1,
        round: 2,
        valid_round: None,
        value,
        proposer: Address::ZERO,
        signature: VoteSignature::ZERO,
    };
    let bad = [
        ProposalMessage { valid_round: Some(2), ..fresh.clone() },
        ProposalMessage { valid_round: Some(1), ..fresh.clone() },
        ProposalMessage { value: BlockValue { built_in: 1, ..value }, ..fresh.clone() },
        ProposalMessage { value: BlockValue { size: 0, ..value }, ..fresh.clone() },
        ProposalMessage { value: BlockValue { size: MAX_BLOCK_BYTES as u32 + 1, ..value }, ..fresh.clone() },
        ProposalMessage { value: BlockValue { hash: B256::ZERO, ..value }, ..fresh.clone() },
    ];
    assert!(Message::decode(&Message::Proposal(fresh).encode(0)).is_ok());
    for proposal in bad {
        assert!(matches!(Message::decode(&Message::Proposal(proposal).encode(0)), Err(InvalidMessage::Bounds(_))));
    }
}

#[test]
fn rounds_that_nobody_reaches_are_refused() {
    let vote = |round| {
        let (voter, signature) = (Address::repeat_byte(1), VoteSignature::repeat_byte(2));
        Message::Vote(VoteMessage {
            kind: VoteKind::Prevote,
            height: 1,
            round,
            block_hash: B256::ZERO,
            voter,
            signature,
        })
    };
    assert_eq!(Message::decode(&vote(MAX_ROUND).encode(0)), Ok(vote(MAX_ROUND)));
    assert_eq!(Message::decode(&vote(MAX_ROUND + 1).encode(0)), Err(InvalidMessage::Bounds("round")));
}
