//! The guard beside the set of everything that it ever signed, with restarts, and with crashes in the middle of a write.

use super::*;
use bttc_consensus::{Refusal, SignError, SignPosition};
use proptest::prelude::*;
use std::{collections::BTreeMap, fs};

#[derive(Clone, Debug)]
enum Step {
    Sign(SignRequest),
    Restart,
    /// The process or the machine ends in the write for this request: so many bytes of both copies are there, the later page first or last.
    Crash {
        request: SignRequest,
        bytes: usize,
        second_first: bool,
    },
}

fn request() -> impl Strategy<Value = SignRequest> {
    (0..3u8, 0..4u64, 0..3u32, 0..3u8).prop_map(|(step, height, round, block)| match step {
        0 => proposal(height, round, block),
        1 => vote(VoteKind::Prevote, height, round, block),
        _ => vote(VoteKind::Precommit, height, round, block),
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => request().prop_map(Step::Sign),
        1 => Just(Step::Restart),
        2 => (request(), 0..=1024usize, any::<bool>())
            .prop_map(|(request, bytes, second_first)| Step::Crash { request, bytes, second_first }),
    ]
}

/// What the file looks like if the write that leads from `before` to `after` stops after so many bytes.
fn torn(before: &[u8], after: &[u8], bytes: usize, second_first: bool) -> Vec<u8> {
    let second = usize::try_from(state_file::SECOND_COPY).unwrap();
    let order = if second_first { [second, 0] } else { [0, second] };
    let mut torn = before.to_vec();
    let mut left = bytes;
    for offset in order {
        let part = left.min(state::SLOT_BYTES);
        torn[offset..offset + part].copy_from_slice(&after[offset..offset + part]);
        left -= part;
    }
    torn
}

#[derive(Default)]
struct Model {
    /// Everything whose signature left.
    signed: BTreeMap<SignPosition, B256>,
    /// What was admitted in a process that crashed: no signature left, but the file may hold it, and then it may be signed as it was.
    lost: BTreeMap<SignPosition, B256>,
    /// The latest place of a request that was admitted, or may have been before a crash.
    reached: Option<SignPosition>,
}

impl Model {
    fn check(&mut self, request: &SignRequest, result: &Result<alloy_primitives::Signature, SignError>) {
        let (position, hash) = (request.position().unwrap(), request.signing_hash());
        match result {
            Ok(signature) => {
                assert_eq!(signature.recover_address_from_prehash(&hash).unwrap(), key().address());
                let before = self.signed.insert(position, hash);
                assert!(before.is_none_or(|before| before == hash), "double sign at {position}");
                let latest = *self.signed.last_key_value().unwrap().0;
                let again = before.is_some() || self.lost.get(&position) == Some(&hash);
                assert!(again || latest == position, "back to {position}");
                assert!(position.height > 0, "nothing is signed at the floor");
                self.reached = self.reached.max(Some(position));
            }
            Err(SignError::Refused(why)) => {
                let new = position.height > 0 && self.reached.is_none_or(|reached| reached < position);
                assert!(!new, "{position} is new and was refused: {why}");
                if self.signed.get(&position).is_some_and(|signed| *signed != hash) {
                    assert!(matches!(why, Refusal::DoubleSign { .. } | Refusal::Back { .. }), "{why}");
                }
            }
            Err(other) => panic!("{other}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..Default::default() })]

    #[test]
    fn no_two_things_are_signed_in_one_place_and_nothing_earlier(steps in proptest::collection::vec(step(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        let mut signer = guard(&path);
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Sign(request) => model.check(&request, &signer.sign(&request)),
                Step::Restart => {
                    drop(signer);
                    signer = guard(&path);
                }
                Step::Crash { request, bytes, second_first } => {
                    let before = fs::read(&path).unwrap();
                    // The signature is lost with the process.
                    let admitted = signer.sign(&request).is_ok();
                    let after = fs::read(&path).unwrap();
                    drop(signer);
                    fs::write(&path, torn(&before, &after, bytes, second_first)).unwrap();
                    signer = guard(&path);
                    if admitted {
                        model.lost.insert(request.position().unwrap(), request.signing_hash());
                        model.reached = model.reached.max(request.position());
                    }
                }
            }
        }
    }
}

#[test]
fn the_last_of_each_step_is_signed_again_and_only_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path());
    let turn = [proposal(5, 1, 1), vote(VoteKind::Prevote, 5, 1, 1), vote(VoteKind::Precommit, 5, 1, 1)];
    let signer = guard(&path);
    let first = turn.each_ref().map(|request| signer.sign(request).unwrap());
    assert_eq!(turn.each_ref().map(|request| signer.sign(request).unwrap()), first);
    drop(signer);
    let signer = guard(&path);
    assert_eq!(turn.each_ref().map(|request| signer.sign(request).unwrap()), first);

    for other in [proposal(5, 1, 2), vote(VoteKind::Prevote, 5, 1, 0), vote(VoteKind::Precommit, 5, 1, 0)] {
        let refused = signer.sign(&other);
        assert!(matches!(refused, Err(SignError::Refused(Refusal::DoubleSign { .. }))), "{refused:?}");
    }
    // The same block, but proposed in another way, is another signature in the same place.
    let SignRequest::Proposal(header) = turn[0] else { panic!() };
    let refused = signer.sign(&ProposalHeader { valid_round: Some(0), ..header }.into());
    assert!(matches!(refused, Err(SignError::Refused(Refusal::DoubleSign { .. }))), "{refused:?}");
    for back in [vote(VoteKind::Precommit, 5, 0, 1), proposal(4, 9, 1), vote(VoteKind::Prevote, 1, 0, 0)] {
        let refused = signer.sign(&back);
        assert!(matches!(refused, Err(SignError::Refused(Refusal::Back { .. }))), "{refused:?}");
    }
    let later = signer.sign(&vote(VoteKind::Prevote, 5, 2, 0)).unwrap();
    assert_ne!(later, first[1]);
}

#[test]
fn what_has_no_place_in_the_order_is_checked_for_its_form() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path());
    let signer = guard(&path);
    let system = address!("0x0000000000000000000000000000000000001002");
    let before = fs::read(&path).unwrap();
    for request in [system_transaction(system), peer_proof(), system_transaction(system)] {
        let signature = signer.sign(&request).unwrap();
        assert_eq!(signature.recover_address_from_prehash(&request.signing_hash()).unwrap(), signer.address());
    }
    assert_eq!(fs::read(&path).unwrap(), before, "and leaves no trace in the state");
    let elsewhere = Vote { chain_id: 1, kind: VoteKind::Prevote, height: 1, round: 0, block_hash: B256::ZERO };
    for (request, expected) in [
        (system_transaction(Address::repeat_byte(1)), "is no system contract"),
        (elsewhere.into(), "it is for chain 1, this key signs for chain 990992"),
    ] {
        let refused = signer.sign(&request).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}
