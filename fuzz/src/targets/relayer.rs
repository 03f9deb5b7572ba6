//! What the relayer reads that is no answer: its own files, its part of the configuration, TRON's messages, and events as records.
//!
//! The first byte says what the rest is.

use super::roots::{BED, BRIDGE, Bed, fee};
use alloy_primitives::{Address, B256, LogData, U256, keccak256};
use alloy_sol_types::{SolEvent, SolValue};
use bttc_bridge::{
    config::BridgeConfig,
    events, files,
    intents::{Book, Entry, Sender, Stage, days_left},
    ledger::Ledger,
    records::{Deposit, Metadata, Record, RecordsOf, link},
    root::{Attempt, Intent, RootChain, RootLog},
    tron::{HeaderRaw, Signed},
    watch::Watcher,
};
use bttc_contracts::root::IRootBridge;
use bttc_primitives::{format_tron, parse_address};
use std::{fs, path::Path};

const OF: RecordsOf = RecordsOf { side_chain_id: 990_992, root_id: 1, bridge: BRIDGE };
const START: u64 = 5;

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 9 {
        0 => BED.with(|bed| records(bed, bytes)),
        1 => BED.with(|bed| intents(bed, &bed.ethereum, bytes)),
        2 => BED.with(|bed| intents(bed, &bed.tron, bytes)),
        3 => BED.with(|bed| damaged(&bed.dir.path().join("damaged"), bytes)),
        4 => config(bytes),
        5 => transaction(bytes),
        6 => header(bytes),
        7 => event(bytes),
        _ => address(bytes),
    }
}

/// A file as the relayer writes it, whatever it is about.
fn put(path: &Path, body: &[u8]) {
    let first = format!("bttc-bridge 1 {}\n", keccak256(body));
    fs::write(path, [first.as_bytes(), body].concat()).unwrap();
}

fn damaged(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    if let Ok(Some(value)) = files::read::<serde_json::Value>(path, "put it back") {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let body = bytes.get(end + 1..).unwrap();
        assert!(
            bytes.starts_with(format!("bttc-bridge 1 {}", keccak256(body)).as_bytes()),
            "a hash that is not its own"
        );
        assert_eq!(serde_json::from_slice::<serde_json::Value>(body).unwrap(), value);
    }
}

fn records(bed: &Bed, bytes: &[u8]) {
    let path = bed.dir.path().join("records");
    put(&path, bytes);
    let Ok(mut watcher) = Watcher::open(path.clone(), OF, START) else { return };
    let ledger = watcher.ledger().clone();
    let (base, next) = (ledger.base(), ledger.next());
    assert!(ledger.next_block() >= START.min(ledger.next_block()) && ledger.first_doubtful() >= START);
    for count in [0, base, base.saturating_add(1), next, u64::MAX] {
        assert!(ledger.chain_at(count).is_none() || (base..=next).contains(&count), "a hash of what is not kept");
        let chain = ledger.chain_at(count).unwrap_or(B256::ZERO);
        let before = watcher.ledger().next();
        if watcher.reconcile((count, chain), (next, chain)).is_ok() {
            assert_eq!(watcher.ledger().next(), before, "forgetting changes what comes next");
            let again = Watcher::open(path.clone(), OF, START).unwrap();
            assert_eq!(again.ledger(), watcher.ledger(), "another thing is kept than is known");
        }
    }
    let mut longer = ledger;
    let who = Address::ZERO;
    longer.push(Record::Deposit(Deposit { token: who, from: who, to: who, amount: U256::MAX }), 9, B256::ZERO);
    longer.forget_below(longer.next());
}

fn intents<R: RootChain>(bed: &Bed, root: &R, bytes: &[u8]) {
    let path = bed.dir.path().join("intents");
    put(&path, bytes);
    let Ok(mut book) = Book::open(path.clone(), root.id()) else { return };
    book.change(|data| data.failures = data.failures.wrapping_add(1)).unwrap();
    assert_eq!(Book::open(path, root.id()).unwrap().data(), book.data(), "another thing is kept than is known");
    for now in [0, u64::MAX] {
        let _ = days_left(U256::MAX, &book.data().paid, now);
    }
    let live: Vec<Attempt> = book.live().into_iter().take(4).collect();
    let mut sender = Sender::new(book);
    bed.wait(b"!5", async {
        for attempt in &live {
            if let Ok(Some(higher)) = root.bump(attempt, &fee()).await {
                panic!("a bump without prices: {higher:?}");
            }
        }
        sender.drive(root, &fee(), u64::MAX).await.is_ok()
    });
    // Nobody answered: nothing can have been found final or dead.
    let open = &sender.book().data().open;
    assert!(live.iter().all(|attempt| open.values().any(|entry| entry.attempt == *attempt && entry.stage.is_live())));
}

fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(config) = toml::from_str::<BridgeConfig>(text) else { return };
    match config.check() {
        Err(invalid) => assert!(invalid.field.starts_with("bridge.") && !invalid.why.is_empty()),
        Ok(()) => {
            let written = toml::to_string(&config).unwrap();
            assert_eq!(toml::from_str::<BridgeConfig>(&written).unwrap(), config, "not read as it is written");
        }
    }
}

fn transaction(bytes: &[u8]) {
    let Ok(signed) = Signed::decode(bytes) else { return };
    assert_eq!(Signed::decode(&signed.encode()).as_ref(), Ok(&signed), "not read as it is written");
    let _ = (signed.id(), signed.bandwidth(), signed.signers(), signed.is_canonical(), signed.terms(), signed.action());
}

fn header(bytes: &[u8]) {
    let Ok(header) = HeaderRaw::decode(bytes) else { return };
    assert_eq!(HeaderRaw::decode(&header.encode()).as_ref(), Ok(&header), "not read as it is written");
    assert_eq!(header.id().number(), header.number);
}

/// The first byte is the number of topics.
fn event(bytes: &[u8]) {
    let Some((count, rest)) = bytes.split_first() else { return };
    let Some((topics, data)) = rest.split_at_checked(usize::from(count % 5) * 32) else { return };
    let topics: Vec<B256> = topics.chunks_exact(32).map(B256::from_slice).collect();
    let Some(log) = LogData::new(topics, data.to_vec().into()) else { return };
    let log = RootLog { block: 7, transaction: B256::ZERO, index: 1, address: BRIDGE, data: log };
    let Ok(event) = events::read(&log) else { return };
    let word = |at: usize| U256::from_be_slice(data.get(at * 32..at * 32 + 32).unwrap());
    let topic = |at: usize| U256::from_be_bytes(log.data.topics().get(at).unwrap().0);
    let short = |address: Address| U256::from_be_slice(address.as_slice());
    assert_eq!(U256::from(event.nonce), topic(1), "a nonce is cut");
    match &event.record {
        Record::Deposit(Deposit { token, from, to, amount }) => {
            let indexed = [topic(2), topic(3)];
            assert_eq!([short(*token), short(*to)], indexed);
            assert_eq!((short(*from), *amount, U256::from_be_bytes(event.chain.0)), (word(0), word(1), word(2)));
        }
        Record::Metadata(Metadata { token, name, symbol, decimals }) => {
            assert_eq!((short(*token), U256::from(*decimals)), (topic(2), word(2)));
            assert!(name.len() <= data.len() && symbol.len() <= data.len());
            assert_eq!(U256::from_be_bytes(event.chain.0), word(3));
        }
    }
    let hash = event.record.hash(&OF, event.nonce);
    assert_ne!(link(B256::ZERO, hash), link(hash, B256::ZERO));
}

fn address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(address) = parse_address(text) else { return };
    for form in [format_tron(address), address.to_string()] {
        assert_eq!(parse_address(&form), Ok(address));
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    BED.with(|bed| {
        let dir = bed.dir.path();
        let body = |path: &Path| {
            let bytes = fs::read(path).unwrap();
            let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
            (bytes.clone(), bytes.get(end + 1..).unwrap().to_vec())
        };
        let path = dir.join("seed-records");
        let mut ledger = Ledger::new(OF, START);
        let who = Address::repeat_byte(3);
        ledger.push(Record::Deposit(Deposit { token: who, from: who, to: who, amount: U256::from(7) }), 8, B256::ZERO);
        let (name, symbol) = ("Plain".as_bytes().into(), b"\xff".into());
        ledger.push(Record::Metadata(Metadata { token: who, name, symbol, decimals: 6 }), 9, B256::ZERO);
        files::write(&path, &ledger).unwrap();
        let (whole, kept) = body(&path);
        let mut seeds = vec![[vec![0], kept].concat(), [vec![3], whole].concat()];
        for (kind, attempt) in (1u8..).zip(&bed.attempts) {
            let path = dir.join(format!("seed-intents-{kind}"));
            let _ = fs::remove_file(&path);
            let mut book = Book::open(path.clone(), attempt.root).unwrap();
            let intent = Intent::call("checkpoint/7", BRIDGE, vec![1, 2, 3, 4]);
            let stage = if kind == 1 { Stage::Sent } else { Stage::Included { block: 9 } };
            let entry = Entry { intent, attempt: attempt.clone(), stage, attempts: 1, refused: Some("no".into()) };
            book.change(|data| {
                data.open.insert("checkpoint/7".into(), entry);
                data.paid.push_back((1_777_447_166_000, U256::from(5)));
            })
            .unwrap();
            seeds.push([vec![kind], body(&path).1].concat());
            let bytes = attempt.version.bytes.to_vec();
            seeds.push([vec![5], bytes].concat());
        }
        let deposit = IRootBridge::Deposited {
            nonce: 4,
            token: who,
            to: who,
            from: who,
            amount: U256::from(5),
            chainHash: B256::repeat_byte(9),
        }
        .encode_log_data();
        let names = [IRootBridge::MetadataSynced::SIGNATURE_HASH, B256::from(U256::from(8)), who.into_word()];
        let texts = ("Plain".to_owned(), "PLN".to_owned(), U256::from(6), B256::repeat_byte(2)).abi_encode_params();
        for (topics, data) in [(deposit.topics(), deposit.data.to_vec()), (&names[..], texts)] {
            let topics: Vec<u8> = topics.iter().flat_map(|topic| topic.0).collect();
            seeds.push([vec![7, (topics.len() / 32) as u8], topics, data].concat());
        }
        let header = alloy_primitives::hex!(
            "08f884fcbfdd331220f8156964cc3e5793a368f938a18ea45c02bd48fe3a412f7091ce8d9ef56df1741a200000000003fe266a65d5194c947f6f7a059d4646c8e9a5293226bc7fdcfc775e38ebccf81f4a1541e7860196ad5b5718c1d6326babab039b70b8c1cd5022"
        );
        seeds.push([vec![6], header.to_vec()].concat());
        seeds.push([b"\x04".as_slice(), section().as_bytes()].concat());
        seeds.push(b"\x08TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNj".to_vec());
        seeds.push(b"\x080x8330108cfdd47544b398c15a3c252ad1d5a5566c".to_vec());
        seeds
    })
}

/// A section with a root chain of each kind, and what only some have.
fn section() -> String {
    let more = "from_block = 7\nagree = 2\naccount = \"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t\"\npermission = 2";
    include_str!("../../../crates/bridge/src/config/whole.toml").replacen("from_block = 7", more, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_read() {
        let config = toml::from_str::<BridgeConfig>(&section()).unwrap();
        config.check().unwrap();
        let seeds = seeds();
        let of =
            |kind: u8| seeds.iter().filter(move |seed| seed.first() == Some(&kind)).map(|seed| seed.get(1..).unwrap());
        assert!(of(5).filter(|seed| Signed::decode(seed).is_ok_and(|signed| signed.action().is_ok())).count() == 1);
        assert!(of(6).all(|seed| HeaderRaw::decode(seed).is_ok()));
        BED.with(|bed| {
            for (kind, attempt) in (1..).zip(&bed.attempts) {
                let path = bed.dir.path().join("tried");
                of(kind).for_each(|seed| put(&path, seed));
                assert_eq!(Book::open(path, attempt.root).unwrap().live(), std::slice::from_ref(attempt));
            }
        });
    }
}
