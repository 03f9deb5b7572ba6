//! What peers, and signers in another process, send: what decodes is written again to the same bytes.
//!
//! The first byte says what the rest is.

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256};
use alloy_trie::{EMPTY_ROOT_HASH, KECCAK_EMPTY, TrieAccount};
use bttc_bft::{
    BlockValue, Endorsement, JudgedRecord, Message, Part, PartMessage, PolkaMessage, ProposalMessage, Record, Request,
    Response, RoundMessage, RoundVote, StatusMessage, TimeoutRecord, VoteMessage,
};
use bttc_chain::snapshot::{BlockChunk, Chunk, CodeChunk, Manifest, Position, StateChunk};
use bttc_consensus::{PeerProof, ProposalHeader, SignRequest, SnapshotPart, SystemTransaction, Vote};
use bttc_network::{Status, frame, transactions};
use bttc_node::{Hello, SignerMessage};
use bttc_primitives::{Body, CommitCertificate, SealedBlock, SignerBitmap, Validator, VoteKind, VoteSignature};
use bttc_trie::RangeProof;
use bytes::Bytes;

/// Version, kind and the number of the copy, which has no meaning.
const ENVELOPE: usize = 3;
const MAX_UNPACKED: usize = 64 << 10;

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 10 {
        0 => {
            let Ok(message) = Message::decode(bytes) else { return };
            let again = message.encode(0);
            assert!(bytes.ends_with(again.get(ENVELOPE..).unwrap()), "two encodings of one message");
            assert_eq!(Message::decode(&again), Ok(message));
        }
        1 => {
            let Ok(request) = Request::decode(bytes) else { return };
            assert!(bytes.ends_with(request.encode().get(ENVELOPE..).unwrap()), "two encodings of one request");
        }
        2 => {
            let Ok(response) = Response::decode(bytes) else { return };
            assert!(bytes.ends_with(response.encode().get(ENVELOPE..).unwrap()), "two encodings of one answer");
        }
        3 => {
            let Ok(record) = Record::decode(bytes) else { return };
            assert_eq!(record.encode(), bytes, "two encodings of one record");
        }
        4 => {
            let Ok(status) = Status::decode(bytes) else { return };
            assert_eq!(status.encode(), bytes, "two encodings of one status");
        }
        5 => packed(bytes),
        6 => {
            let Ok(batch) = transactions::decode(&Bytes::copy_from_slice(bytes)) else { return };
            assert_eq!(transactions::encode(batch), vec![Bytes::copy_from_slice(bytes)], "two encodings of one batch");
        }
        7 => {
            let Ok(message) = SignerMessage::decode(bytes) else { return };
            assert_eq!(message.to_frame().get(4..), Some(bytes), "two encodings of one message to a signer");
        }
        8 => {
            let Ok(manifest) = Manifest::decode(bytes) else { return };
            assert_eq!(manifest.encode(), bytes, "two encodings of one manifest");
        }
        _ => chunk(bytes),
    }
}

fn packed(bytes: &[u8]) {
    let Some((head, rest)) = bytes.split_first_chunk() else { return };
    let Ok(Some(_)) = frame::read_head(*head, MAX_UNPACKED) else { return };
    let Ok(data) = frame::unpack(rest, MAX_UNPACKED) else { return };
    assert!(data.len() <= MAX_UNPACKED);
    let again = frame::encode(&frame::Frame::Data(data.clone()), MAX_UNPACKED).unwrap();
    assert_eq!(frame::unpack(again.get(5..).unwrap(), MAX_UNPACKED), Ok(data));
}

fn chunk(bytes: &[u8]) {
    let Ok(chunk) = Chunk::decode(bytes) else { return };
    // Packed bytes may differ, what they hold may not.
    assert_eq!(Chunk::decode(&chunk.encode().unwrap()), Ok(chunk.clone()));
    match chunk {
        Chunk::State(state) => drop(state.check(B256::repeat_byte(1))),
        Chunk::Code(code) => drop(code.check()),
        Chunk::Block(block) => drop(block.check(&block.block.header)),
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let (voter, signature, block_hash) = (Address::repeat_byte(1), VoteSignature::repeat_byte(2), B256::repeat_byte(3));
    let value = BlockValue { hash: block_hash, built_in: 0, size: 100, parts_root: B256::repeat_byte(4) };
    let proposal = ProposalMessage { height: 7, round: 1, valid_round: Some(0), value, proposer: voter, signature };
    let vote = VoteMessage { kind: VoteKind::Precommit, height: 7, round: 1, block_hash, voter, signature };
    let part = Part { index: 0, path: vec![B256::ZERO], data: Bytes::from_static(b"part") };
    let polka = PolkaMessage { height: 7, round: 1, block_hash, votes: vec![Endorsement { voter, signature }; 3] };
    let round_vote = RoundVote { kind: VoteKind::Prevote, block_hash, voter, signature };
    let messages = [
        Message::Vote(vote.clone()),
        Message::Proposal(proposal.clone()),
        Message::Part(PartMessage { proposal: proposal.clone(), part }),
        Message::Polka(polka.clone()),
        Message::Round(RoundMessage { height: 7, round: 1, precommits: true, votes: vec![round_vote] }),
        Message::Status(StatusMessage { height: 7, earliest: 1 }),
    ];
    let requests = [
        Request::Blocks { from: 1, count: 5 },
        Request::Proposal { height: 7, block_hash },
        Request::Snapshot(SnapshotPart::Chunk(7, "state-00000000".into())),
    ];
    let responses = [
        Response::Blocks(Vec::new()),
        Response::Proposal(proposal.clone(), Bytes::from_static(b"block")),
        Response::Nothing,
        Response::Snapshot(Bytes::from_static(b"chunk")),
    ];
    let records = [
        Record::Vote(vote),
        Record::Proposal(proposal),
        Record::Judged(JudgedRecord { height: 7, round: 1, proposer: voter, value, valid: true }),
        Record::Polka(polka),
        Record::Timeout(TimeoutRecord { height: 7, round: 1, step: 2 }),
    ];
    let signer = [
        SignerMessage::Hello(Hello { version: 1, chain_id: 1, address: voter }),
        sign(SignRequest::Vote(Vote { chain_id: 1, kind: VoteKind::Prevote, height: 7, round: 1, block_hash })),
        sign(SignRequest::Proposal(ProposalHeader {
            chain_id: 1,
            height: 7,
            round: 1,
            valid_round: None,
            block_hash,
            built_in: 1,
            size: 100,
            parts_root: B256::repeat_byte(4),
        })),
        sign(SignRequest::SystemTransaction(SystemTransaction {
            chain_id: 1,
            nonce: 3,
            to: voter,
            input: vec![5].into(),
        })),
        sign(SignRequest::Peer(PeerProof { chain_id: 1, peer: vec![1, 2].into() })),
        SignerMessage::Signature { id: 1, signature },
        SignerMessage::Refused { id: 1, reason: "no".into() },
        SignerMessage::Failed { id: 1, reason: "later".into() },
    ];
    let status = Status { version: 1, chain_id: 1, genesis_hash: block_hash, proof: vec![7; 65].into() };
    let data = frame::Frame::Data(Bytes::from_static(b"data data data data"));
    let mut seeds: Vec<(u8, Vec<u8>)> = Vec::new();
    seeds.extend(messages.map(|message| (0, message.encode(0).to_vec())));
    seeds.extend(requests.map(|request| (1, request.encode().to_vec())));
    seeds.extend(responses.map(|response| (2, response.encode().to_vec())));
    seeds.extend(records.map(|record| (3, record.encode())));
    seeds.push((4, status.encode()));
    seeds.push((5, frame::encode(&data, MAX_UNPACKED).unwrap()));
    seeds.extend(
        transactions::encode([Bytes::from_static(&[1]), Bytes::from_static(b"two")])
            .into_iter()
            .map(|batch| (6, batch.to_vec())),
    );
    seeds.extend(signer.map(|message| (7, message.to_frame().split_off(4))));
    seeds.extend(snapshot());
    seeds.into_iter().map(|(kind, bytes)| [vec![kind], bytes].concat()).collect()
}

const fn sign(request: SignRequest) -> SignerMessage {
    SignerMessage::Sign { id: 1, request }
}

fn snapshot() -> Vec<(u8, Vec<u8>)> {
    let header = Header { number: 7, ..Header::default() };
    let manifest = Manifest {
        chain_id: 1,
        genesis_hash: B256::repeat_byte(1),
        header: header.clone(),
        certificate: CommitCertificate {
            height: 7,
            round: 0,
            block_hash: header.hash_slow(),
            signers: SignerBitmap::from_indices(1, [0]),
            signatures: vec![VoteSignature::repeat_byte(9)],
        },
        validators: vec![Validator { address: Address::repeat_byte(1), power: 3 }],
        ancestors: vec![Header { number: 6, ..Header::default() }],
        state_chunks: 2,
        code_chunks: 1,
    };
    let account =
        TrieAccount { nonce: 1, balance: U256::from(2), storage_root: B256::repeat_byte(5), code_hash: KECCAK_EMPTY };
    let plain = TrieAccount { storage_root: EMPTY_ROOT_HASH, ..account };
    let accounts = RangeProof {
        leaves: vec![(B256::repeat_byte(1), account), (B256::repeat_byte(2), plain)],
        complete: false,
        nodes: vec![vec![0xc1, 0x80].into()],
    };
    let slots = RangeProof { leaves: vec![(B256::repeat_byte(1), U256::from(3))], complete: true, nodes: Vec::new() };
    let start = Position { account: B256::repeat_byte(1), slot: B256::ZERO };
    let chunks = [
        Chunk::State(StateChunk { start, accounts, storages: vec![slots] }),
        Chunk::Code(CodeChunk(vec![vec![0x60, 0x00].into(), vec![0xfe].into()])),
        Chunk::Block(Box::new(BlockChunk { block: SealedBlock::seal(header, Body::default()), receipts: Vec::new() })),
    ];
    let packed = chunks.map(|chunk| (9, chunk.encode().unwrap()));
    [vec![(8, manifest.encode())], packed.into()].concat()
}
