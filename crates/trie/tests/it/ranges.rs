//! Ranges with proof, held against the slow model: what is accepted is the truth, and what is not the truth is refused.

use crate::{
    double::MemorySource,
    history::{Keys, Op, blocks, key, play},
    model::{Model, diff, rows, step},
};
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::nodes::{BranchNode, ExtensionNode, LeafNode, RlpNode, TrieNode};
use bttc_trie::{
    EMPTY_ROOT_HASH, HashedChanges, InvalidRange, Nibbles, RangeEnd, RangeProof, StateRanges, TrieAccount, verify_range,
};
use proptest::{collection::vec, prelude::*, sample::Index};
use std::{collections::BTreeMap, fmt::Debug};

const LAST: B256 = B256::repeat_byte(0xff);

fn root_of<L: Encodable>(leaves: &BTreeMap<B256, L>) -> B256 {
    crate::model::build(leaves).0
}

/// Whether a range says what is true of `leaves`.
fn is_true<L: PartialEq + Clone>(leaves: &BTreeMap<B256, L>, from: B256, range: &RangeProof<L>) -> bool {
    let last = if range.complete { Some(LAST) } else { range.leaves.last().map(|(key, _)| *key) };
    let Some(last) = last.filter(|last| *last >= from) else { return false };
    let truth: Vec<_> = leaves.range(from..=last).map(|(key, leaf)| (*key, leaf.clone())).collect();
    truth == range.leaves
}

/// A range of which only true things are accepted, and what was accepted.
fn judge<L: Encodable + PartialEq + Clone>(
    leaves: &BTreeMap<B256, L>,
    from: B256,
    range: &RangeProof<L>,
) -> Result<RangeEnd, InvalidRange> {
    let judged = verify_range(root_of(leaves), from, range);
    if let Ok(end) = judged {
        assert!(is_true(leaves, from, range), "a false range was accepted: {from} {}", range.leaves.len());
        match end {
            RangeEnd::Complete => assert!(range.complete),
            RangeEnd::More(next) => {
                assert!(leaves.range(next..).next().is_some() && next > range.leaves.last().unwrap().0)
            }
        }
    }
    judged
}

/// Reads a whole trie range by range; each must hold, and together they must be the trie.
fn walk_through<L: Encodable + PartialEq + Clone + Debug>(
    leaves: &BTreeMap<B256, L>,
    read: impl Fn(B256) -> RangeProof<L>,
) {
    let (mut from, mut seen) = (B256::ZERO, Vec::new());
    loop {
        let range = read(from);
        seen.extend(range.leaves.iter().cloned());
        match judge(leaves, from, &range).unwrap() {
            RangeEnd::Complete => break,
            RangeEnd::More(next) => from = next,
        }
    }
    assert_eq!(seen, leaves.clone().into_iter().collect::<Vec<_>>());
}

fn check_state(source: &MemorySource, overlay: &HashedChanges, model: &Model, from: B256, max_bytes: usize) {
    let ranges = StateRanges::new(source, overlay).unwrap();
    let accounts = rows(model);
    assert_eq!(ranges.root().unwrap(), root_of(&accounts));
    walk_through(&accounts, |from| ranges.account_range(from, max_bytes).unwrap());
    judge(&accounts, from, &ranges.account_range(from, max_bytes).unwrap()).unwrap();
    for (account, entry) in model {
        walk_through(&entry.storage, |from| ranges.slot_range(*account, from, max_bytes / 2).unwrap());
        judge(&entry.storage, from, &ranges.slot_range(*account, from, max_bytes).unwrap()).unwrap();
    }
    let stranger = ranges.slot_range(B256::repeat_byte(0x5a), from, max_bytes).unwrap();
    assert_eq!(judge(&BTreeMap::<B256, U256>::new(), from, &stranger), Ok(RangeEnd::Complete));
}

fn any_key() -> impl Strategy<Value = B256> {
    prop_oneof![
        Just(B256::ZERO),
        Just(LAST),
        any::<[u8; 32]>().prop_map(B256::from),
        any::<u8>().prop_map(B256::repeat_byte),
        (0u16..512).prop_map(|n| key(Keys::Crafted, n)),
        (0u16..512).prop_map(|n| key(Keys::Tail, n)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The newest state and, over an overlay, the ones before and after it.
    #[test]
    fn honest_ranges_hold((kind, blocks) in blocks(4), from in any_key(), max_bytes in 1usize..6000) {
        let (mut source, mut model) = (MemorySource::default(), Model::new());
        for ops in &blocks {
            let before = model.clone();
            let wiped = play(&mut model, kind, ops);
            let changes = diff(&before, &model, &wiped);
            check_state(&source, &changes, &model, from, max_bytes);
            step(&mut source, &changes, &model);
            check_state(&source, &HashedChanges::default(), &model, from, max_bytes);
            check_state(&source, &diff(&model, &before, &[]), &before, from, max_bytes);
        }
    }
}

/// Something done to an honest range.
#[derive(Clone, Debug)]
enum Harm {
    Omit(Index),
    Add(B256),
    Change(Index),
    MoveKey(Index, B256),
    Swap(Index, Index),
    Repeat(Index),
    Truncate(Index),
    Start(B256),
    Flip,
    DropNode(Index),
    RepeatNode(Index),
    SwapNodes(Index, Index),
    ChangeNode(Index, Index, u8),
    AddNode(Vec<u8>),
    CutNode(Index),
}

fn harm() -> impl Strategy<Value = Harm> {
    let index = any::<Index>;
    prop_oneof![
        3 => index().prop_map(Harm::Omit),
        3 => any_key().prop_map(Harm::Add),
        2 => index().prop_map(Harm::Change),
        1 => (index(), any_key()).prop_map(|(at, key)| Harm::MoveKey(at, key)),
        1 => (index(), index()).prop_map(|(a, b)| Harm::Swap(a, b)),
        1 => index().prop_map(Harm::Repeat),
        2 => index().prop_map(Harm::Truncate),
        3 => any_key().prop_map(Harm::Start),
        2 => Just(Harm::Flip),
        2 => index().prop_map(Harm::DropNode),
        1 => index().prop_map(Harm::RepeatNode),
        1 => (index(), index()).prop_map(|(a, b)| Harm::SwapNodes(a, b)),
        3 => (index(), index(), 1u8..).prop_map(|(node, byte, by)| Harm::ChangeNode(node, byte, by)),
        1 => vec(any::<u8>(), 0..40).prop_map(Harm::AddNode),
        1 => index().prop_map(Harm::CutNode),
    ]
}

fn do_harm(harm: &Harm, from: &mut B256, range: &mut RangeProof<U256>) {
    let (leaves, nodes) = (&mut range.leaves, &mut range.nodes);
    let (some_leaves, some_nodes) = (leaves.len(), nodes.len());
    match harm {
        Harm::Omit(at) if some_leaves > 0 => drop(leaves.remove(at.index(some_leaves))),
        Harm::Add(key) => {
            let at = leaves.partition_point(|(before, _)| before < key);
            leaves.insert(at, (*key, U256::from(7)));
        }
        Harm::Change(at) if some_leaves > 0 => leaves[at.index(some_leaves)].1 += U256::ONE,
        Harm::MoveKey(at, key) if some_leaves > 0 => leaves[at.index(some_leaves)].0 = *key,
        Harm::Swap(a, b) if some_leaves > 0 => leaves.swap(a.index(some_leaves), b.index(some_leaves)),
        Harm::Repeat(at) if some_leaves > 0 => leaves.insert(at.index(some_leaves), leaves[at.index(some_leaves)]),
        Harm::Truncate(at) if some_leaves > 0 => leaves.truncate(at.index(some_leaves)),
        Harm::Start(start) => *from = *start,
        Harm::Flip => range.complete = !range.complete,
        Harm::DropNode(at) if some_nodes > 0 => drop(nodes.remove(at.index(some_nodes))),
        Harm::RepeatNode(at) if some_nodes > 0 => {
            nodes.insert(at.index(some_nodes), nodes[at.index(some_nodes)].clone())
        }
        Harm::SwapNodes(a, b) if some_nodes > 0 => nodes.swap(a.index(some_nodes), b.index(some_nodes)),
        Harm::ChangeNode(at, byte, by) if some_nodes > 0 => {
            let at = at.index(some_nodes);
            let mut bytes = nodes[at].to_vec();
            // Another harm may have left nothing of it.
            if !bytes.is_empty() {
                let byte = byte.index(bytes.len());
                bytes[byte] = bytes[byte].wrapping_add(*by);
                nodes[at] = bytes.into();
            }
        }
        Harm::AddNode(bytes) => nodes.push(bytes.clone().into()),
        Harm::CutNode(at) if some_nodes > 0 => {
            let at = at.index(some_nodes);
            nodes[at] = nodes[at].slice(..nodes[at].len() / 2);
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a range: it is refused, or what it says is true all the same.
    #[test]
    fn false_ranges_are_refused(
        kind in prop_oneof![Just(Keys::Hashed), Just(Keys::Crafted), Just(Keys::Tail)],
        numbers in proptest::collection::btree_map(0u16..512, prop_oneof![1u64..100, any::<u64>().prop_map(|n| n | 1)], 0..120),
        start in any_key(),
        max_bytes in 1usize..3000,
        harms in vec(harm(), 1..3),
    ) {
        let slots: Vec<_> = numbers.iter().map(|(n, value)| (*n, *value)).collect();
        let (mut source, mut model) = (MemorySource::default(), Model::new());
        play(&mut model, kind, &[Op::Set { account: 1, nonce: 1 }, Op::Slots { account: 1, slots }]);
        step(&mut source, &diff(&Model::new(), &model, &[]), &model);
        let account = key(kind, 1);
        let leaves = &model[&account].storage;
        let none = HashedChanges::default();
        let honest = StateRanges::new(&source, &none).unwrap().slot_range(account, start, max_bytes).unwrap();
        judge(leaves, start, &honest).unwrap();

        let (mut from, mut range) = (start, honest.clone());
        harms.iter().for_each(|harm| do_harm(harm, &mut from, &mut range));
        let judged = judge(leaves, from, &range);
        if from == start && (range.leaves != honest.leaves || range.nodes != honest.nodes || range.complete != honest.complete) {
            // There is one proof of a range that is cut at one place.
            let same_end = range.complete == honest.complete && range.leaves.last() == honest.leaves.last();
            prop_assert!(judged.is_err() || !same_end, "{harms:?}");
        }
    }

    /// A proof for one trie says nothing of another.
    #[test]
    fn ranges_of_another_trie_are_refused(numbers in proptest::collection::btree_set(0u16..512, 1..60), max_bytes in 1usize..3000) {
        let (mut source, mut model) = (MemorySource::default(), Model::new());
        play(&mut model, Keys::Hashed, &numbers.iter().map(|n| Op::Set { account: *n, nonce: 2 }).collect::<Vec<_>>());
        step(&mut source, &diff(&Model::new(), &model, &[]), &model);
        let none = HashedChanges::default();
        let range = StateRanges::new(&source, &none).unwrap().account_range(B256::ZERO, max_bytes).unwrap();
        for root in [EMPTY_ROOT_HASH, B256::ZERO, B256::repeat_byte(7)] {
            prop_assert!(verify_range(root, B256::ZERO, &range).is_err());
        }
    }
}

/// Nodes as nobody builds them: each may hold the hashes of those behind it, or whole ones.
fn strange_nodes() -> impl Strategy<Value = Vec<Bytes>> {
    let part = (0u8..4, vec(0u8..16, 0..40), vec(any::<u8>(), 0..20), any::<u16>());
    vec(part, 1..8).prop_map(|parts| {
        let mut nodes: Vec<Bytes> = Vec::new();
        for (kind, path, bytes, mask) in parts {
            let child = nodes.last().map_or_else(RlpNode::default, |node| RlpNode::from_rlp(node));
            let child = if child.is_empty() { RlpNode::from_rlp(&[0x80]) } else { child };
            let node = match kind {
                0 => TrieNode::Leaf(LeafNode::new(Nibbles::from_nibbles(path), bytes)),
                1 => TrieNode::Extension(ExtensionNode::new(Nibbles::from_nibbles(path), child)),
                2 => {
                    let children = vec![child; mask.count_ones() as usize];
                    TrieNode::Branch(BranchNode::new(children, mask.into()))
                }
                _ => {
                    nodes.push(bytes.into());
                    continue;
                }
            };
            nodes.push(alloy_rlp::encode(node).into());
        }
        nodes.reverse();
        nodes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a stranger gives ends in an answer, also where its first node has the very root that is asked for.
    #[test]
    fn strange_proofs_end_in_an_answer(
        nodes in strange_nodes(),
        garbage in vec(vec(any::<u8>(), 0..80), 0..4),
        from in any_key(),
        keys in proptest::collection::btree_set(any_key(), 0..6),
        complete in any::<bool>(),
    ) {
        let root = keccak256(&nodes[0]);
        let leaves: Vec<_> = keys.into_iter().map(|key| (key, U256::from(1))).collect();
        let range = RangeProof { leaves: leaves.clone(), complete, nodes: nodes.clone() };
        let _ = verify_range(root, from, &range);
        let nodes: Vec<Bytes> = nodes.into_iter().chain(garbage.into_iter().map(Bytes::from)).collect();
        let _ = verify_range(root, from, &RangeProof { leaves, complete, nodes });
    }
}

fn slots_of(count: u16) -> (MemorySource, B256, BTreeMap<B256, U256>) {
    let (mut source, mut model) = (MemorySource::default(), Model::new());
    play(&mut model, Keys::Hashed, &[Op::Fill { account: 1, count }]);
    step(&mut source, &diff(&Model::new(), &model, &[]), &model);
    let account = key(Keys::Hashed, 1);
    (source, account, model[&account].storage.clone())
}

#[test]
fn an_empty_trie_is_one_range_without_proof() {
    let (source, none) = (MemorySource::default(), HashedChanges::default());
    for from in [B256::ZERO, B256::repeat_byte(7), LAST] {
        let range = StateRanges::new(&source, &none).unwrap().account_range(from, 1000).unwrap();
        assert_eq!(range, RangeProof { leaves: vec![], complete: true, nodes: vec![] });
        assert_eq!(verify_range(EMPTY_ROOT_HASH, from, &range), Ok(RangeEnd::Complete));
    }
    let lie = RangeProof::<TrieAccount> { leaves: vec![], complete: true, nodes: vec![] };
    assert!(matches!(verify_range(B256::repeat_byte(1), B256::ZERO, &lie), Err(InvalidRange::WrongRoot { .. })));
    assert!(matches!(verify_range(B256::repeat_byte(1), LAST, &lie), Err(InvalidRange::MissingNode { .. })));
    let open = RangeProof::<TrieAccount> { complete: false, ..lie };
    assert_eq!(verify_range(EMPTY_ROOT_HASH, B256::ZERO, &open), Err(InvalidRange::NothingFollows));
}

#[test]
fn a_single_leaf() {
    let (source, account, leaves) = slots_of(1);
    let none = HashedChanges::default();
    let ranges = StateRanges::new(&source, &none).unwrap();
    let only = *leaves.keys().next().unwrap();
    for (from, count) in [(B256::ZERO, 1), (only, 1), (LAST, 0)] {
        let range = ranges.slot_range(account, from, 1).unwrap();
        assert_eq!((range.leaves.len(), range.nodes.len()), (count, usize::from(from != B256::ZERO)));
        assert_eq!(judge(&leaves, from, &range), Ok(RangeEnd::Complete));
        let without = RangeProof { leaves: vec![], ..range };
        assert_eq!(judge(&leaves, from, &without).is_err(), count == 1);
    }
}

/// A cut behind the last leaf is the end, and is not said to be anything else.
#[test]
fn a_range_that_ends_exactly_at_the_end() {
    let (source, account, leaves) = slots_of(40);
    let none = HashedChanges::default();
    let ranges = StateRanges::new(&source, &none).unwrap();
    let bytes: usize = leaves.values().map(|value| 32 + value.length()).sum();
    let all = ranges.slot_range(account, B256::ZERO, bytes).unwrap();
    assert!(all.complete && all.nodes.is_empty() && all.leaves.len() == 40);
    assert_eq!(judge(&leaves, B256::ZERO, &all), Ok(RangeEnd::Complete));
    let most = ranges.slot_range(account, B256::ZERO, bytes - 1).unwrap();
    assert!(!most.complete && most.leaves.len() == 39);
    let RangeEnd::More(next) = judge(&leaves, B256::ZERO, &most).unwrap() else { panic!() };
    let rest = ranges.slot_range(account, next, bytes).unwrap();
    assert_eq!(rest.leaves.len(), 1);
    assert_eq!(judge(&leaves, next, &rest), Ok(RangeEnd::Complete));
    let whole_but_open = RangeProof { complete: false, nodes: rest.nodes.clone(), ..all.clone() };
    assert!(judge(&leaves, B256::ZERO, &whole_but_open).is_err());
    let cut_but_closed = RangeProof { complete: true, ..most };
    assert!(judge(&leaves, B256::ZERO, &cut_but_closed).is_err());
}

/// The proof of a range does not grow with the range.
#[test]
fn proofs_are_short() {
    let (source, account, leaves) = slots_of(5000);
    let none = HashedChanges::default();
    let ranges = StateRanges::new(&source, &none).unwrap();
    let from = *leaves.keys().nth(1000).unwrap();
    let range = ranges.slot_range(account, from, 100_000).unwrap();
    assert!(range.leaves.len() > 2000 && range.nodes.len() < 12, "{} nodes", range.nodes.len());
    judge(&leaves, from, &range).unwrap();
}

#[test]
fn faults_are_named() {
    let (source, account, leaves) = slots_of(200);
    let none = HashedChanges::default();
    let ranges = StateRanges::new(&source, &none).unwrap();
    let from = *leaves.keys().nth(50).unwrap();
    let honest = ranges.slot_range(account, from, 1000).unwrap();
    let fault = |spoil: &dyn Fn(&mut RangeProof<U256>)| {
        let mut range = honest.clone();
        spoil(&mut range);
        judge(&leaves, from, &range).unwrap_err()
    };
    assert!(matches!(fault(&|r| r.leaves[3].1 = U256::MAX), InvalidRange::WrongRoot { .. }));
    assert!(matches!(fault(&|r| r.leaves.swap(3, 4)), InvalidRange::OutOfOrder { index: 4, .. }));
    assert!(matches!(fault(&|r| r.leaves[0].0 = B256::ZERO), InvalidRange::BeforeStart { .. }));
    assert!(matches!(fault(&|r| drop(r.nodes.pop())), InvalidRange::MissingNode { .. }));
    assert!(matches!(fault(&|r| r.nodes.swap(0, 1)), InvalidRange::WrongNode { .. }));
    assert!(matches!(fault(&|r| r.nodes.push(Bytes::new())), InvalidRange::ExtraNodes { .. }));
    let broken = RangeProof::<U256> { leaves: vec![], complete: true, nodes: vec![Bytes::from_static(b"no node")] };
    let judged = verify_range(keccak256(b"no node"), LAST, &broken);
    assert!(matches!(judged, Err(InvalidRange::BrokenNode { .. })), "{judged:?}");
}
