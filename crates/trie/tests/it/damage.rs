//! A stored trie that contradicts itself is reported, not built upon.

use crate::{
    double::MemorySource,
    history::{Keys, Op, key, play},
    model::{Model, diff, step},
};
use bttc_trie::{HashedChanges, Nibbles, state_root};

/// A stored state of some accounts, and a block that touches all of them.
fn stored() -> (MemorySource, HashedChanges) {
    let (mut source, mut model) = (MemorySource::default(), Model::new());
    let set = |nonce| (0..300u16).map(move |account| Op::Set { account, nonce }).collect::<Vec<_>>();
    play(&mut model, Keys::Hashed, &set(1));
    step(&mut source, &diff(&Model::new(), &model, &[]), &model);
    let before = model.clone();
    play(&mut model, Keys::Hashed, &set(2));
    let changes = diff(&before, &model, &[]);
    assert!(state_root(&source, &changes).is_ok());
    (source, changes)
}

fn refused(source: &MemorySource, changes: &HashedChanges, why: &str) {
    let error = state_root(source, changes).unwrap_err().to_string();
    assert!(error.contains(why) && error.contains("account trie"), "{error}");
}

#[test]
fn missing_node() {
    let (mut source, changes) = stored();
    let below = source.accounts.nodes.keys().find(|path| path.len() == 1).copied().unwrap();
    source.accounts.nodes.remove(&below);
    refused(&source, &changes, "is missing");
}

/// The same where nodes are stored further down, and for a change of one account, which is walked in one piece.
#[test]
fn missing_node_above_others() {
    let (mut source, mut model) = (MemorySource::default(), Model::new());
    let set = |nonce, accounts| (0..accounts).map(move |account| Op::Set { account, nonce }).collect::<Vec<_>>();
    play(&mut model, Keys::Hashed, &set(1, 6000));
    step(&mut source, &diff(&Model::new(), &model, &[]), &model);
    let missing = Nibbles::from_nibbles([key(Keys::Hashed, 0)[0] >> 4]);
    source.accounts.nodes.remove(&missing).unwrap();
    assert!(source.accounts.nodes.keys().any(|path| path.starts_with(&missing)));
    for accounts in [1, 6000] {
        let before = model.clone();
        play(&mut model, Keys::Hashed, &set(2, accounts));
        refused(&source, &diff(&before, &model, &[]), "is missing");
        model = before;
    }
}

#[test]
fn missing_leaves() {
    let (mut source, changes) = stored();
    source.accounts.leaves.retain(|key, _| key[0] >> 4 != 3);
    refused(&source, &changes, "has no leaves");
}

#[test]
fn fewer_hashes_than_the_mask_says() {
    let (mut source, changes) = stored();
    let root = source.accounts.nodes.get_mut(&Nibbles::new()).unwrap();
    let mut hashes = root.hashes.to_vec();
    hashes.pop();
    root.hashes = hashes.into();
    refused(&source, &changes, "fewer hashes");
}

#[test]
fn node_deeper_than_keys_are() {
    let (mut source, changes) = stored();
    let node = source.accounts.nodes[&Nibbles::new()].clone();
    source.accounts.nodes.clear();
    source.accounts.nodes.insert(Nibbles::unpack(key(Keys::Hashed, 1)), node);
    refused(&source, &changes, "deeper");
}
