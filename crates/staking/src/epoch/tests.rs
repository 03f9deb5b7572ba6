use super::*;
use alloy_primitives::{B256, hex, keccak256};
use alloy_sol_types::SolValue;
use bttc_primitives::{DoubleSign, VoteKind};
use proptest::prelude::*;

fn set(powers: &[u64]) -> ValidatorSet {
    let member = |(n, power): (u8, &u64)| Validator { address: Address::repeat_byte(n), power: *power };
    ValidatorSet::new((1u8..).zip(powers).map(member).collect()).unwrap()
}

fn selector(signature: &str) -> [u8; 4] {
    keccak256(signature)[..4].try_into().unwrap()
}

#[test]
fn calls_are_those_of_the_page() {
    let close = SystemCall::CloseEpoch { next: set(&[7, 9]) }.call();
    assert_eq!(close.to, addresses::VALIDATOR_SET);
    assert_eq!(close.input[..4], selector("closeEpoch(uint256[])"));
    let words: Vec<_> = close.input[4..].chunks(32).map(hex::encode).collect();
    assert_eq!(
        words,
        [
            format!("{:0>64}", "20"),
            format!("{:0>64}", "2"),
            format!("{}{:0>24}", "02".repeat(20), "9"),
            format!("{}{:0>24}", "01".repeat(20), "7"),
        ]
    );
    assert_eq!(Query::Candidates.call().input[..], selector("candidates()"));
    assert_eq!(Query::Epoch.call().input[..], selector("epoch()"));
    assert_eq!(Query::Members.call().input[..], selector("members()"));
    assert_eq!(Query::Consensus.call().input[..], selector("consensus()"));
}

#[test]
fn slashes_are_proofs_in_their_order_then_who_is_down() {
    let proof = |n| {
        Evidence::DoubleSign(DoubleSign {
            signer: Address::repeat_byte(n),
            kind: VoteKind::Prevote,
            height: 40 + u64::from(n),
            round: 0,
            first_hash: B256::ZERO,
            second_hash: B256::repeat_byte(1),
            first_signature: Default::default(),
            second_signature: Default::default(),
        })
    };
    let reporter = Address::repeat_byte(9);
    let calls = slashes(&[proof(2), proof(1)], reporter, &[Address::repeat_byte(3)]);
    let inputs: Vec<_> = calls.iter().map(|call| (call.call().to, call.call().input)).collect();
    let double = |n: u8, height: u64| {
        let arguments = (Address::repeat_byte(n), height, reporter).abi_encode();
        Bytes::from([&selector("slashDoubleSign(address,uint64,address)")[..], &arguments].concat())
    };
    let down = [&selector("slashDowntime(address)")[..], &Address::repeat_byte(3).abi_encode()].concat();
    assert_eq!(inputs, [double(2, 42), double(1, 41), down.into()].map(|input| (addresses::STAKING, input)).to_vec());
}

#[test]
fn an_epoch_ends_with_its_length() {
    let epoch = Epoch { number: 3, start_time: 100, start_height: 7 };
    assert!(!epoch.is_over(1_899, 1_800));
    assert!(epoch.is_over(1_900, 1_800));
    assert!(!Epoch { start_time: u64::MAX, ..epoch }.is_over(5, 1_800));
    let answer = (3u64, 100u64, 7u64).abi_encode();
    assert_eq!(decode_epoch(&answer).unwrap(), epoch);
    assert!(matches!(decode_epoch(&answer[..95]), Err(InvalidAnswer::Encoding { .. })));
}

#[test]
fn candidates_and_operators() {
    let candidate =
        Candidate { operator: Address::repeat_byte(1), signer: Address::repeat_byte(2), tokens: U256::from(5) };
    let answer = vec![(candidate.operator, candidate.signer, candidate.tokens)].abi_encode();
    assert_eq!(decode_candidates(&answer).unwrap(), [candidate]);
    assert_eq!(decode_operator(&candidate.operator.abi_encode()).unwrap(), candidate.operator);
    assert!(decode_operator(&[]).is_err());
}

#[test]
fn members_must_make_a_set() {
    let answer = |members: &[(u8, u128)]| {
        members.iter().map(|(n, power)| (Address::repeat_byte(*n), U256::from(*power))).collect::<Vec<_>>().abi_encode()
    };
    assert_eq!(decode_members(&answer(&[(2, 9), (1, 7)])).unwrap(), set(&[7, 9]));
    assert!(matches!(decode_members(&answer(&[])), Err(InvalidAnswer::Set { .. })));
    assert!(matches!(decode_members(&answer(&[(1, 1), (1, 1)])), Err(InvalidAnswer::Set { .. })));
    assert!(matches!(decode_members(&answer(&[(1, 0)])), Err(InvalidAnswer::OutOfRange { .. })));
    assert!(matches!(decode_members(&answer(&[(1, 1 << 80)])), Err(InvalidAnswer::OutOfRange { .. })));
}

#[test]
fn consensus_numbers_are_checked() {
    let good = [9_000_000_000_000u64, 2, 50, 50, 40, 60_000_000, 500, 2_000, 1_800, 100];
    let decode = |numbers: [u64; 10]| decode_consensus(&numbers.map(U256::from).abi_encode());
    let params = decode(good).unwrap();
    assert_eq!(params.min_base_fee, 9_000_000_000_000);
    assert_eq!((params.burn_percent, params.stakers_percent, params.max_validators), (50, 40, 100));
    assert_eq!(params.block_time_ms, 500);
    assert_eq!((params.epoch_length, params.max_validators), (1_800, 100));
    assert_eq!(decode_power_cap(&U256::from(1_000).abi_encode()).unwrap(), 1_000);
    assert!(decode_power_cap(&U256::from(10_001).abi_encode()).is_err());
    for (at, bad) in [(0, 0), (1, 0), (2, 0), (3, 61), (4, 51), (5, 0), (6, 0), (8, 0), (9, 0), (9, 101)] {
        let mut numbers = good;
        numbers[at] = bad;
        assert!(matches!(decode(numbers), Err(InvalidAnswer::OutOfRange { .. })), "number {at} as {bad}");
    }
}

#[test]
fn a_plan_of_a_fork_is_read_whatever_its_name() {
    assert_eq!(Query::Fork.call().input[..], selector("fork()"));
    assert_eq!(decode_fork(&(String::new(), 0u64).abi_encode_params()).unwrap(), None);
    let plan = decode_fork(&("pine".to_owned(), 7u64).abi_encode_params()).unwrap();
    assert_eq!(plan, Some(ForkPlan { name: Bytes::from_static(b"pine"), time: 7 }));
    let odd = Bytes::from_static(&[0xff, 0, 0xc3]);
    let plan = decode_fork(&(odd.clone(), u64::MAX).abi_encode_params()).unwrap();
    assert_eq!(plan, Some(ForkPlan { name: odd, time: u64::MAX }));
    assert!(matches!(decode_fork(&[0; 31]), Err(InvalidAnswer::Encoding { .. })));
    assert!(decode_fork(&(Bytes::new(), U256::MAX).abi_encode_params()).is_err());
}

proptest! {
    #[test]
    fn no_answer_makes_a_decoder_panic(answer in proptest::collection::vec(any::<u8>(), 0..500)) {
        let _ = (decode_candidates(&answer), decode_epoch(&answer), decode_members(&answer), decode_consensus(&answer), decode_operator(&answer), decode_fork(&answer));
    }
}
