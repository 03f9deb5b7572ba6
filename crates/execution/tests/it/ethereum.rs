use crate::chain::*;
use crate::memory::MemoryState;
use alloy_eips::{eip4895::Withdrawal, eip7002, eip7251};
use alloy_primitives::{Address, Bytes, U256, address as addr};
use bttc_consensus::InvalidBlock;
use bttc_execution::{BlockRun, EthereumEnd, FinishError};
use bttc_primitives::{ChainSpec, Header};

const ETHER: u128 = BTT;

fn frontier(dao: &str) -> ChainSpec {
    let json = format!(
        r#"{{"config":{{"chainId":1,"homesteadBlock":0{dao}}},"gasLimit":"0x47e7c4","difficulty":"0x1","alloc":{{}}}}"#
    );
    ChainSpec::from_json(&json).unwrap()
}

fn old_header(number: u64) -> Header {
    Header {
        number,
        gas_limit: 4_712_388,
        beneficiary: address(PROPOSER),
        difficulty: U256::from(1),
        ..Default::default()
    }
}

#[test]
fn miners_and_uncles_are_rewarded_before_the_merge() {
    let spec = frontier("");
    let mut state = MemoryState::default();
    let run = BlockRun::begin(&spec, state.clone(), &old_header(10)).unwrap();
    let uncle = Header { beneficiary: address(1), ..old_header(8) };
    let outcome = run.finish_ethereum(EthereumEnd { ommers: &[uncle], withdrawals: None }).unwrap();
    state.apply(&outcome.block.changes).unwrap();
    // Yellow Paper, section 11.3: 5 ether, a 32nd of it for each uncle; the uncle two blocks back gets 6/8.
    assert_eq!(balance(&state, address(PROPOSER)), U256::from(5 * ETHER + 5 * ETHER / 32));
    assert_eq!(balance(&state, address(1)), U256::from(5 * ETHER * 6 / 8));
    assert!(outcome.requests.is_empty());
}

#[test]
fn the_dao_fork_moves_balances_once() {
    let spec = frontier(r#","daoForkBlock":10,"daoForkSupport":true"#);
    let drained = addr!("0xd4fe7bc31cedb7bfb8a345f31e668033056b2728");
    let refund = addr!("0xbf4ed7b27f1d666546e30d74d50d173d20bca754");
    for (number, moved) in [(9, 0u64), (10, 77), (11, 0)] {
        let mut state = MemoryState::default();
        state.set_balance(drained, U256::from(77));
        let run = BlockRun::begin(&spec, state.clone(), &old_header(number)).unwrap();
        let outcome = run.finish_ethereum(EthereumEnd::default()).unwrap();
        state.apply(&outcome.block.changes).unwrap();
        assert_eq!(balance(&state, refund), U256::from(moved), "block {number}");
        assert_eq!(balance(&state, drained), U256::from(77 - moved), "block {number}");
    }
}

#[test]
fn withdrawals_are_credited_and_requests_collected() {
    let spec = ethereum();
    let mut state = state();
    let end = |withdrawals| EthereumEnd { ommers: &[], withdrawals };
    let without = BlockRun::begin(&spec, state.clone(), &header()).unwrap();
    match without.finish_ethereum(end(None)) {
        Err(FinishError::Invalid(InvalidBlock::Body(why))) => assert!(why.contains("has no code"), "{why}"),
        other => panic!("{other:?}"),
    }
    state.set_code(eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_CODE.clone());
    // Stands in for the consolidation contract: hands out one byte.
    let code: Bytes = vec![0x60, 0xaa, 0x5f, 0x53, 0x60, 0x01, 0x5f, 0xf3].into();
    state.set_code(eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, code);
    let to = Address::repeat_byte(0x31);
    let withdrawals = [
        Withdrawal { index: 0, validator_index: 0, address: to, amount: 3 },
        Withdrawal { index: 1, validator_index: 0, address: to, amount: 4 },
        Withdrawal { index: 2, validator_index: 0, address: Address::repeat_byte(0x32), amount: 0 },
    ];
    let run = BlockRun::begin(&spec, state.clone(), &header()).unwrap();
    let outcome = run.finish_ethereum(end(Some(&withdrawals))).unwrap();
    state.apply(&outcome.block.changes).unwrap();
    assert_eq!(balance(&state, to), U256::from(7_000_000_000u64), "amounts are in gwei");
    assert!(!state.accounts.contains_key(&Address::repeat_byte(0x32)));
    let requests: Vec<_> = outcome.requests.iter().cloned().collect();
    assert_eq!(requests, [Bytes::from_static(&[0x02, 0xaa])]);
}

#[test]
fn a_header_without_its_commitment_cannot_begin() {
    let spec = spec();
    let bare = Header { parent_beacon_block_root: None, ..header() };
    let error = BlockRun::begin(&spec, state(), &bare).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("the header has no parent_beacon_block_root, which Cancun demands"));
}
