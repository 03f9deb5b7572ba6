//! The protocol's messages.

use super::*;
use proptest::prelude::*;

fn messages() -> Vec<SignerMessage> {
    let sign = |id, request| SignerMessage::Sign { id, request };
    let SignRequest::Proposal(header) = proposal(u64::MAX, 7, 3) else { unreachable!() };
    vec![
        SignerMessage::Hello(Hello { version: 1, chain_id: CHAIN, address: Address::repeat_byte(8) }),
        sign(0, vote(VoteKind::Prevote, 1, 0, 0)),
        sign(u64::MAX, vote(VoteKind::Precommit, u64::MAX, u32::MAX, 255)),
        sign(2, proposal(4, 0, 1)),
        sign(3, ProposalHeader { valid_round: Some(u32::MAX), ..header }.into()),
        sign(4, system_transaction(Address::repeat_byte(3))),
        sign(5, peer_proof()),
        SignerMessage::Signature { id: 6, signature: bttc_primitives::VoteSignature::repeat_byte(5) },
        SignerMessage::Refused { id: 7, reason: "no".into() },
        SignerMessage::Failed { id: 8, reason: String::new() },
    ]
}

#[test]
fn messages_come_back_and_nothing_shorter_or_longer_does() {
    for message in messages() {
        let frame = message.to_frame();
        let (head, body) = frame.split_first_chunk::<4>().unwrap();
        assert_eq!(u32::from_be_bytes(*head) as usize, body.len());
        assert_eq!(SignerMessage::decode(body), Ok(message.clone()));
        for length in 0..body.len() {
            assert!(SignerMessage::decode(&body[..length]).is_err(), "{message:?} cut at {length}");
        }
        assert!(SignerMessage::decode(&[body, &[0]].concat()).is_err(), "{message:?} and a byte");
    }
}

/// The bytes of docs/operations.md, for those who write a signer of their own.
#[test]
fn a_vote_is_encoded_as_documented() {
    let message = SignerMessage::Sign { id: 1, request: vote(VoteKind::Precommit, 5, 0, 0xaa) };
    let expected = format!("0000002b10e901830f1f10020580a0{}", "aa".repeat(32));
    assert_eq!(alloy_primitives::hex::encode(message.to_frame()), expected);
}

#[test]
fn what_is_no_message_is_named() {
    let error = |bytes: &[u8]| SignerMessage::decode(bytes).unwrap_err().to_string();
    assert_eq!(error(&[]), "an empty message");
    assert_eq!(error(&[0x77]), "a message of the unknown type 0x77");
    assert!(error(&[0x10, 0xc0]).contains("type 0x10"), "{}", error(&[0x10, 0xc0]));
    let kind_three = [&[0x10u8, 0xe6, 1, 1, 3, 1, 1, 0xa0][..], &[0; 32]].concat();
    assert!(error(&kind_three).contains("1 (prevote) or 2 (precommit)"), "{}", error(&kind_three));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0..0x30u8) {
        let framed = [&[kind][..], &bytes].concat();
        if let Ok(message) = SignerMessage::decode(&framed) {
            prop_assert_eq!(&message.to_frame()[4..], &framed[..], "one encoding for {:?}", message);
        }
    }

    #[test]
    fn a_changed_message_is_another_one_or_none(index in 0..10usize, at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let message = messages()[index].clone();
        let mut body = message.to_frame()[4..].to_vec();
        let at = at.index(body.len());
        body[at] ^= 1 << bit;
        prop_assert_ne!(SignerMessage::decode(&body), Ok(message));
    }
}
