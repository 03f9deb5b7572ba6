use super::*;
use alloy_primitives::b256;
use bttc_primitives::Body;

/// Forks by block, none of them active.
const NONE: &str = r#"{"config":{"chainId":1},"gasLimit":"0x1388","difficulty":"0x20000","alloc":{}}"#;

fn spec(forks: &str) -> ChainSpec {
    ChainSpec::from_json(&NONE.replace("\"chainId\":1", &format!("\"chainId\":1{forks}"))).unwrap()
}

const BYZANTIUM: &str = r#","homesteadBlock":0,"eip150Block":0,"eip155Block":0,"eip158Block":0,"byzantiumBlock":0"#;

fn parent(difficulty: u64, number: u64, timestamp: u64) -> Header {
    Header {
        difficulty: U256::from(difficulty),
        number,
        timestamp,
        gas_limit: 1_024_000,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        ..Default::default()
    }
}

fn difficulty(forks: &str, parent: &Header, elapsed: u64) -> u64 {
    next_difficulty(&spec(forks), parent, parent.timestamp + elapsed).to()
}

#[test]
fn difficulty_of_the_first_blocks_of_ethereum() {
    // Blocks 1 and 2 of the main network.
    let genesis = parent(17_179_869_184, 0, 0);
    assert_eq!(next_difficulty(&spec(""), &genesis, 1_438_269_988).to::<u64>(), 17_171_480_576);
    let first = parent(17_171_480_576, 1, 1_438_269_988);
    assert_eq!(next_difficulty(&spec(""), &first, 1_438_270_017).to::<u64>(), 17_163_096_064);
}

#[test]
fn difficulty_steps_with_the_time_between_blocks() {
    let homestead = r#","homesteadBlock":0"#;
    let before = parent(2_048_000, 1, 1_000);
    // max(1 - elapsed / 10, -99) steps of a 2048th (EIP-2).
    assert_eq!(difficulty(homestead, &before, 9), 2_049_000);
    assert_eq!(difficulty(homestead, &before, 19), 2_048_000);
    assert_eq!(difficulty(homestead, &before, 35), 2_046_000);
    assert_eq!(difficulty(homestead, &before, 100_000), 2_048_000 - 99_000);
    // max(1 or 2 - elapsed / 9, -99) from Byzantium on (EIP-100).
    assert_eq!(difficulty(BYZANTIUM, &before, 8), 2_049_000);
    let with_uncle =
        Header { ommers_hash: b256!("1111111111111111111111111111111111111111111111111111111111111111"), ..before };
    assert_eq!(difficulty(BYZANTIUM, &with_uncle, 8), 2_050_000);
    assert_eq!(difficulty(BYZANTIUM, &parent(131_072, 1, 0), 1_000), 131_072);
}

#[test]
fn the_bomb_ticks_and_is_put_off() {
    let late = parent(2_048_000, 3_999_999, 0);
    let homestead = r#","homesteadBlock":0"#;
    assert_eq!(difficulty(homestead, &late, 10), 2_048_000 + (1 << 38));
    assert_eq!(difficulty(BYZANTIUM, &late, 9), 2_048_000 + (1 << 8));
}

fn child_of(parent: &Head) -> Header {
    Header {
        parent_hash: parent.hash,
        number: parent.header.number + 1,
        timestamp: parent.header.timestamp + 10,
        difficulty: parent.header.difficulty,
        gas_limit: parent.header.gas_limit,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        ..Default::default()
    }
}

#[test]
fn a_header_keeps_to_its_parent() {
    let spec = spec(r#","homesteadBlock":0"#);
    let header = parent(2_048_000, 5, 100);
    let parent = Head { hash: header.hash_slow(), header };
    let good = child_of(&parent);
    assert_eq!(check_ethereum_header(&spec, &parent, &good), Ok(()));
    let near = Header { gas_limit: good.gas_limit + 999, ..good.clone() };
    assert_eq!(check_ethereum_header(&spec, &parent, &near), Ok(()));
    let bad = [
        Header { parent_hash: B256::ZERO, ..good.clone() },
        Header { number: 7, ..good.clone() },
        Header { timestamp: 100, ..good.clone() },
        Header { gas_limit: good.gas_limit + 1_000, ..good.clone() },
        Header { gas_limit: good.gas_limit - 1_000, ..good.clone() },
        Header { gas_used: good.gas_limit + 1, ..good.clone() },
        Header { difficulty: U256::from(1), ..good.clone() },
        Header { extra_data: vec![0; 33].into(), ..good.clone() },
        Header { base_fee_per_gas: Some(7), ..good.clone() },
        Header { withdrawals_root: Some(B256::ZERO), ..good.clone() },
        Header { blob_gas_used: Some(0), ..good.clone() },
        Header { requests_hash: Some(B256::ZERO), ..good },
    ];
    for header in bad {
        assert!(check_ethereum_header(&spec, &parent, &header).is_err(), "{header:?}");
    }
}

/// Blocks 0 to `length` on top of each other, newest first, and the header of the next.
fn chain(length: u64) -> (Vec<Arc<SealedBlock>>, Header) {
    let mut blocks = vec![Arc::new(SealedBlock::seal(parent(2_048_000, 0, 0), Body::default()))];
    let head = |blocks: &[Arc<SealedBlock>]| Head { hash: blocks[0].hash(), header: blocks[0].header.clone() };
    for _ in 0..length {
        let next = child_of(&head(&blocks));
        blocks.insert(0, Arc::new(SealedBlock::seal(next, Body::default())));
    }
    let next = child_of(&head(&blocks));
    blocks.truncate(8);
    (blocks, next)
}

#[test]
fn uncles_are_young_siblings_of_ancestors() {
    let spec = spec(r#","homesteadBlock":0"#);
    let (ancestors, header) = chain(10);
    let sibling = |of: usize| Header { extra_data: b"uncle".into(), ..ancestors[of].header.clone() };
    let check = |ommers: Vec<Header>| {
        let block = SealedBlock::seal(header.clone(), Body { ommers, ..Body::default() });
        check_ethereum_ommers(&spec, &ancestors, &block)
    };
    assert_eq!(check(vec![sibling(0)]), Ok(()));
    assert_eq!(check(vec![sibling(0), sibling(5)]), Ok(()));
    // One generation too old, twice the same, an ancestor itself, a block of nobody's, three at once.
    assert!(check(vec![sibling(6)]).is_err());
    assert!(check(vec![sibling(0), sibling(0)]).is_err());
    assert!(check(vec![ancestors[1].header.clone()]).is_err());
    assert!(check(vec![Header { parent_hash: B256::ZERO, ..sibling(1) }]).is_err());
    assert!(check(vec![sibling(0), sibling(1), sibling(2)]).is_err());
    assert!(check(vec![Header { number: 1, ..sibling(1) }]).is_err());
}
