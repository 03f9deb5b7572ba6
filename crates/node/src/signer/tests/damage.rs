//! A file that is cut, changed, lost, foreign or in use. What was signed is known for certain, or nothing is signed.

use super::*;
use bttc_consensus::{Refusal, SignError};
use std::fs;

/// A file after a few signatures, and the state it holds.
fn used(dir: &Path) -> (PathBuf, SignState) {
    let path = made(dir);
    let signer = guard(&path);
    for request in [proposal(3, 0, 1), vote(VoteKind::Prevote, 3, 0, 1), vote(VoteKind::Precommit, 3, 0, 1)] {
        signer.sign(&request).unwrap();
    }
    let state = SignStateFile::peek(&path).unwrap();
    (path, state)
}

/// Either exactly what was signed, or a refusal; never an earlier state.
fn known_or_refused(path: &Path, expected: &SignState, what: &str) -> bool {
    match SignStateFile::peek(path) {
        Ok(state) => {
            assert_eq!(&state, expected, "{what}");
            true
        }
        Err(OpenSignStateError::Damaged(_)) => false,
        Err(other) => panic!("{what}: {other}"),
    }
}

#[test]
fn a_file_cut_at_any_byte_is_whole_in_one_copy_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (path, state) = used(dir.path());
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 4096 + 512);
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let known = known_or_refused(&path, &state, &format!("cut at {length}"));
        assert_eq!(known, length >= 512, "cut at {length}");
    }
    // What is left is made whole when it is opened.
    let signer = guard(&path);
    assert_eq!(fs::read(&path).unwrap().len(), bytes.len());
    let refused = signer.sign(&vote(VoteKind::Precommit, 3, 0, 2));
    assert!(matches!(refused, Err(SignError::Refused(Refusal::DoubleSign { .. }))), "{refused:?}");
}

#[test]
fn one_changed_byte_anywhere_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (path, state) = used(dir.path());
    let bytes = fs::read(&path).unwrap();
    for at in (0..512).chain(4096..bytes.len()) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x40;
        fs::write(&path, &changed).unwrap();
        assert!(known_or_refused(&path, &state, &format!("changed at {at}")));
    }
    let mut changed = bytes;
    changed[100] ^= 1;
    changed[4096 + 200] ^= 1;
    fs::write(&path, &changed).unwrap();
    assert!(!known_or_refused(&path, &state, "changed in both copies"));
    let refused = GuardedSigner::open(key(), &path, CHAIN).unwrap_err().to_string();
    assert!(refused.contains("is damaged") && refused.contains("reset-sign-state"), "{refused}");
}

#[test]
fn a_file_that_is_lost_foreign_or_in_use_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |path: &Path, chain_id| GuardedSigner::open(key(), path, chain_id).unwrap_err().to_string();
    let lost = refused(&dir.path().join("nothing"), CHAIN);
    assert!(lost.contains("is missing") && lost.contains("reset-sign-state"), "{lost}");

    let path = made(dir.path());
    let chain = refused(&path, 1);
    assert!(chain.contains("is of chain 990992, expected chain 1"), "{chain}");
    let other = dir.path().join("other");
    SignStateFile::create(&other, &SignState::new(CHAIN, Address::repeat_byte(1), 0)).unwrap();
    let foreign = refused(&other, CHAIN);
    assert!(foreign.contains("is of the key 0x0101") && foreign.contains("made with this key"), "{foreign}");
    let again = SignStateFile::create(&path, &SignState::new(CHAIN, key().address(), 0));
    assert!(matches!(again, Err(OpenSignStateError::Exists(_))), "{again:?}");

    let first = guard(&path);
    let second = refused(&path, CHAIN);
    assert!(second.contains("in use by another process"), "{second}");
    let reset = SignStateFile::reset(&path, CHAIN, key().address(), 9);
    assert!(matches!(reset, Err(OpenSignStateError::InUse(_))), "{reset:?}");
    drop(first);
    guard(&path);
}

#[test]
fn a_reset_begins_above_its_height_and_never_below_what_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = used(dir.path());
    let address = key().address();
    let lower = SignStateFile::reset(&path, CHAIN, address, 2).unwrap_err().to_string();
    assert!(lower.contains("up to height 3"), "{lower}");
    SignStateFile::reset(&path, CHAIN, address, 10).unwrap();
    let signer = guard(&path);
    let refused = signer.sign(&vote(VoteKind::Prevote, 10, 5, 1));
    assert!(matches!(refused, Err(SignError::Refused(Refusal::Floor { floor: 10, .. }))), "{refused:?}");
    signer.sign(&vote(VoteKind::Prevote, 11, 0, 1)).unwrap();
    drop(signer);

    fs::write(&path, b"nonsense").unwrap();
    SignStateFile::reset(&path, CHAIN, address, 20).unwrap();
    assert_eq!(fs::read(dir.path().join("sign-state.damaged-1")).unwrap(), b"nonsense");
    assert_eq!(SignStateFile::peek(&path).unwrap().floor, 20);
    fs::remove_file(&path).unwrap();
    SignStateFile::reset(&path, CHAIN, address, 30).unwrap();
    assert_eq!(SignStateFile::peek(&path).unwrap().floor, 30);
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// `/dev/full` takes no byte.
#[test]
fn nothing_is_signed_while_the_state_cannot_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path());
    let mut opened = SignStateFile::open(&path, CHAIN, key().address()).unwrap();
    opened.break_disk();
    let signer = GuardedSigner::over(key(), opened);
    for _ in 0..2 {
        let failed = signer.sign(&vote(VoteKind::Prevote, 1, 0, 1));
        assert!(matches!(failed, Err(SignError::Fatal(_))), "{failed:?}");
    }
    drop(signer);
    guard(&path).sign(&vote(VoteKind::Prevote, 1, 0, 2)).unwrap();
}
