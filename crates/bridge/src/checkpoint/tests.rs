use super::*;
use alloy_primitives::Address;
use proptest::prelude::*;

/// A block with the powers of its set, signed by `signers`.
fn block(powers: &[u64], signers: U256) -> ReadyCheckpoint {
    let member = |(at, power): (usize, &u64)| {
        [Address::with_last_byte(at as u8).as_slice(), power.to_be_bytes().as_slice()].concat()
    };
    let validators: Vec<u8> = powers.iter().enumerate().flat_map(member).collect();
    let signatures = (0..powers.len()).filter(|at| signers.bit(*at)).flat_map(|at| vec![at as u8; 65]);
    let (next, exits) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let header = Header {
        number: 9,
        timestamp: 77,
        extra_data: keccak256((next, exits).abi_encode()).to_vec().into(),
        ..Header::default()
    };
    let header = Bytes::from(alloy_rlp::encode(header));
    ReadyCheckpoint {
        height: 9,
        block_hash: keccak256(&header),
        time: 77,
        header,
        round: 1,
        validators: validators.into(),
        signers,
        signatures: signatures.collect::<Vec<_>>().into(),
        next_validators_hash: next,
        exit_root: exits,
    }
}

#[test]
fn the_heaviest_that_signed_are_taken() {
    // More than 20 of 30 are needed.
    let all = block(&[9, 8, 7, 6], U256::from(0b1111));
    all.check().unwrap();
    let parts = all.parts(U256::ZERO, 100).unwrap();
    assert_eq!((parts.submit.signers, parts.collects.len()), (U256::from(0b0111), 0));
    let some = block(&[9, 8, 7, 6], U256::from(0b1101)).parts(U256::ZERO, 2).unwrap();
    assert_eq!(some.collects.iter().map(|part| part.signers).collect::<Vec<_>>(), [U256::from(0b0101)]);
    assert_eq!(some.submit.signers, U256::from(0b1000));
    assert_eq!(some.collects[0].signatures.to_vec(), [vec![0; 65], vec![2; 65]].concat());
    assert_eq!(some.submit.signatures.to_vec(), vec![3; 65]);
    // What is there already is not brought again, whoever it is of.
    let rest = all.parts(U256::from(0b1100), 2).unwrap();
    assert_eq!((rest.submit.signers, rest.collects.len()), (U256::from(0b0001), 0));
    let rest = all.parts(U256::from(0b0111), 2).unwrap();
    assert_eq!((rest.submit.signers, rest.submit.signatures.len()), (U256::ZERO, 0));
    assert_eq!(block(&[9, 8, 7, 6], U256::from(0b0011)).parts(U256::ZERO, 9), None);
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let good = block(&[9, 8, 7, 6], U256::from(0b1111));
    assert!(good.changes_set());
    type Spoil = fn(&mut ReadyCheckpoint);
    let spoilt: [(&str, Spoil); 9] = [
        ("header cannot be read", |block| block.header = Bytes::from_static(b"\x01")),
        ("header is of block", |block| block.block_hash = B256::ZERO),
        ("header is of block", |block| block.height = 10),
        ("header is of block", |block| block.time = 78),
        ("does not commit", |block| block.exit_root = B256::ZERO),
        ("list of validators", |block| block.validators = Bytes::from_static(b"short")),
        ("beyond the 4 members", |block| block.signers = U256::from(0b11111)),
        ("bytes of signatures", |block| block.signatures = Bytes::new()),
        ("two thirds", |block| {
            block.signers = U256::from(0b11);
            block.signatures = vec![0; 130].into();
        }),
    ];
    for (why, spoil) in spoilt {
        let mut block = good.clone();
        spoil(&mut block);
        let error = block.check().unwrap_err().to_string();
        assert!(error.contains(why), "{error} does not say {why}");
    }
}

proptest! {
    #[test]
    fn parts_decide_are_disjoint_and_none_is_too_large(
        powers in proptest::collection::vec(1u64..1_000_000, 1..100),
        signed in any::<[u64; 2]>(),
        collected in any::<[u64; 2]>(),
        most in 1usize..40,
    ) {
        let mut powers = powers;
        powers.sort_unstable_by(|a, b| b.cmp(a));
        let mask = (U256::ONE << powers.len()) - U256::ONE;
        let bits = |limbs: [u64; 2]| U256::from_limbs([limbs[0], limbs[1], 0, 0]) & mask;
        let (signed, collected) = (bits(signed), bits(collected));
        let power = |who: U256| -> u64 { powers.iter().enumerate().filter(|(at, _)| who.bit(*at)).map(|(_, p)| p).sum() };
        let total: u64 = powers.iter().sum();
        let block = block(&powers, signed);
        let can = power(signed | collected) * 3 > total * 2;
        let parts = block.parts(collected, most);
        prop_assert_eq!(parts.is_some(), can);
        let Some(parts) = parts else { return Ok(()) };
        let mut have = collected;
        for part in parts.collects.iter().chain([&parts.submit]) {
            prop_assert!((have & part.signers).is_zero());
            prop_assert!((part.signers & !signed).is_zero());
            prop_assert!(part.signers.count_ones() <= most);
            let expected: Vec<u8> = (0..powers.len()).filter(|at| part.signers.bit(*at)).flat_map(|at| vec![at as u8; 65]).collect();
            prop_assert_eq!(part.signatures.to_vec(), expected);
            have |= part.signers;
        }
        prop_assert!(power(have) * 3 > total * 2);
    }
}
