use super::*;
use crate::root::{RootKind, Version, VersionFee};
use alloy_primitives::{Address, B256, Bytes};

const ROOT: RootChainId = RootChainId { kind: RootKind::Tron, chain_id: 7 };

fn entry(key: &str, stage: Stage) -> Entry {
    let fee = VersionFee::Limit { fee_limit: 1, bandwidth: 2 };
    let version = Version { id: B256::repeat_byte(3), bytes: Bytes::from_static(b"bytes"), fee };
    let attempt = Attempt {
        root: ROOT,
        intent: key.into(),
        from: Address::ZERO,
        slot: Slot::Expires(9),
        version,
        earlier: vec![],
        creates: None,
    };
    let intent = Intent::call(key, Address::ZERO, Bytes::new());
    Entry { intent, attempt, stage, attempts: 1, refused: None }
}

fn stages() -> [Stage; 5] {
    [
        Stage::Prepared,
        Stage::Sent,
        Stage::Included { block: 1 },
        Stage::Final { block: 1, ending: Ending::Done },
        Stage::Dead { why: "expired".into() },
    ]
}

#[test]
fn nothing_follows_an_end_and_nothing_leads_back_to_prepared() {
    for from in stages() {
        for to in stages() {
            let expected = from.is_live() && to != Stage::Prepared;
            assert_eq!(from.may_become(&to), expected, "{} to {}", from.name(), to.name());
        }
    }
}

#[test]
fn only_what_cannot_happen_any_more_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let mut book = Book::open(dir.path().join("intents"), ROOT).unwrap();
    for stage in stages() {
        let key = stage.name();
        let is_live = stage.is_live();
        book.put(entry(key, stage.clone())).unwrap();
        book.close(key, Outcome::Done).unwrap();
        assert_eq!(book.data().open.contains_key(key), is_live, "{key}");
        book.advance(key, Stage::Dead { why: String::new() }).unwrap();
    }
    assert_eq!(book.live().len(), 0);
    let again = Book::open(dir.path().join("intents"), ROOT).unwrap();
    assert_eq!(again.data(), book.data());
    assert_eq!(again.data().closed.len(), 2);
}

#[test]
fn a_damaged_or_foreign_book_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("intents");
    let mut book = Book::open(path.clone(), ROOT).unwrap();
    book.put(entry("checkpoint/1", Stage::Sent)).unwrap();
    let other = RootChainId { chain_id: 8, ..ROOT };
    let text = Book::open(path.clone(), other).unwrap_err().to_string();
    assert!(text.contains("tron:7") && text.contains("tron:8"), "{text}");
    std::fs::write(&path, b"rubbish").unwrap();
    let text = Book::open(path, ROOT).unwrap_err().to_string();
    assert!(text.contains("intents") && text.contains("then delete it"), "{text}");
}

#[test]
fn days_follow_from_what_was_paid() {
    const DAY: u64 = 24 * 60 * 60 * 1_000;
    let amount = |n: u64| U256::from(n);
    assert_eq!(days_left(amount(100), &VecDeque::new(), 5 * DAY), None);
    // 10 a day.
    let paid = VecDeque::from([(0, amount(20)), (DAY, amount(10)), (2 * DAY, amount(10))]);
    assert_eq!(days_left(amount(100), &paid, 4 * DAY), Some(10));
    // One payment of just now counts as that of a day.
    assert_eq!(days_left(amount(100), &VecDeque::from([(7, amount(25))]), 8), Some(4));
    assert_eq!(days_left(amount(100), &VecDeque::from([(7, amount(0))]), 8), None);
}
