use super::*;
use alloy_primitives::U512;
use proptest::prelude::*;

fn candidate(number: u64, btt: u64) -> Candidate {
    let operator = Address::left_padding_from(&number.to_be_bytes());
    let signer = Address::right_padding_from(&number.to_be_bytes());
    Candidate { operator, signer, tokens: BTT * U256::from(btt) }
}

fn powers_of(stakes: &[u64], rules: ElectionRules) -> Vec<u64> {
    let candidates: Vec<_> = stakes.iter().zip(1..).map(|(btt, n)| candidate(n, *btt)).collect();
    elect(&candidates, rules).unwrap().members().iter().map(|member| member.power).collect()
}

const RULES: ElectionRules = ElectionRules { max_validators: 100, power_cap_bp: 1_000 };

/// Whether nobody among the powers, cut to `level`, holds more than the share: the rule itself, in another arithmetic.
fn holds(powers: &[u64], level: u64, cap_bp: u16) -> bool {
    let total: U512 = powers.iter().map(|power| U512::from((*power).min(level))).sum();
    let members = U512::from(powers.len());
    let top = U512::from(level.min(powers.iter().copied().max().unwrap()));
    top * U512::from(10_000) <= total * U512::from(cap_bp) || top * members * U512::from(2) <= total * U512::from(3)
}

/// The obvious way: take the cut away from the largest until it holds, one level at a time or by bisection.
fn slow_level(powers: &[u64], cap_bp: u16) -> u64 {
    let top = powers.iter().copied().max().unwrap();
    if top < 2_000 {
        return (1..=top).rev().find(|level| holds(powers, *level, cap_bp)).unwrap();
    }
    let (mut good, mut bad) = (1, u128::from(top) + 1);
    while u128::from(good) + 1 < bad {
        let middle = u64::try_from((u128::from(good) + bad) / 2).unwrap();
        if holds(powers, middle, cap_bp) { good = middle } else { bad = middle.into() }
    }
    good
}

#[test]
fn cap_of_small_sets() {
    // One holds all; of two, each at most 3/4; of three, each at most half.
    assert_eq!(powers_of(&[7], RULES), [7]);
    assert_eq!(powers_of(&[100, 1], RULES), [3, 1]);
    assert_eq!(powers_of(&[9, 2, 1], RULES), [3, 2, 1]);
    assert_eq!(powers_of(&[1, 1, 1, 1], RULES), [1, 1, 1, 1]);
}

#[test]
fn cap_of_a_large_set_is_the_tenth() {
    let mut stakes = vec![1_000u64; 27];
    stakes.extend([1_000_000, 500_000, 3_100]);
    // Two cut: c = (27 * 1000 + 3100 + 2c) / 10, 3762; the third stays as it is.
    let powers = powers_of(&stakes, RULES);
    assert_eq!(powers[..4], [3_762, 3_762, 3_100, 1_000]);
}

#[test]
fn ties_go_to_the_lower_operator_and_powerless_are_out() {
    let rules = ElectionRules { max_validators: 2, ..RULES };
    let mut candidates = vec![candidate(3, 5), candidate(2, 5), candidate(1, 5)];
    candidates.push(Candidate { tokens: BTT - U256::ONE, ..candidate(0, 0) });
    let set = elect(&candidates, rules).unwrap();
    let signers: Vec<_> = set.members().iter().map(|member| member.address).collect();
    assert_eq!(signers, [candidates[2].signer, candidates[1].signer]);
}

#[test]
fn stake_beyond_whole_btt_decides_the_seat() {
    let rules = ElectionRules { max_validators: 1, ..RULES };
    let richer = Candidate { tokens: BTT + U256::ONE, ..candidate(2, 1) };
    let set = elect(&[candidate(1, 1), richer], rules).unwrap();
    assert_eq!(set.members()[0].address, richer.signer);
}

#[test]
fn without_anybody_the_old_set_stays() {
    assert_eq!(elect(&[], RULES), Err(NotElected::Nobody { candidates: 0 }));
    assert_eq!(elect(&[candidate(1, 0)], RULES), Err(NotElected::Nobody { candidates: 1 }));
    let no_seat = ElectionRules { max_validators: 0, ..RULES };
    assert_eq!(elect(&[candidate(1, 1)], no_seat), Err(NotElected::Nobody { candidates: 1 }));
}

#[test]
fn refuses_what_makes_no_set() {
    let twice = [candidate(1, 1), candidate(1, 2)];
    assert!(matches!(elect(&twice, RULES), Err(NotElected::Invalid(InvalidValidatorSet::Duplicate(_)))));
    let endless = [Candidate { tokens: U256::MAX, ..candidate(1, 1) }];
    assert_eq!(elect(&endless, RULES), Err(NotElected::Invalid(InvalidValidatorSet::TooMuchPower)));
    let rich = [candidate(1, u64::MAX / 8), candidate(2, u64::MAX / 8)];
    assert_eq!(elect(&rich, RULES), Err(NotElected::Invalid(InvalidValidatorSet::TooMuchPower)));
}

fn stakes() -> impl Strategy<Value = Vec<u64>> {
    let any_size = prop_oneof![0u64..4, 0u64..1_000, Just(77u64), 0u64..=(u64::MAX / 8 / 130)];
    proptest::collection::vec(any_size, 1..130)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn election_is_that_of_the_obvious_model(stakes in stakes(), max in 1usize..120, cap_bp in 0u16..12_000, dust in 0u64..1_000) {
        let rules = ElectionRules { max_validators: max, power_cap_bp: cap_bp };
        let candidates: Vec<_> = stakes.iter().zip(1..)
            .map(|(btt, n)| Candidate { tokens: BTT * U256::from(*btt) + U256::from(dust * n % 7), ..candidate(n, 0) }).collect();

        // Picks the best one seat by seat.
        let mut waiting = candidates.clone();
        let mut elected = Vec::new();
        while elected.len() < max {
            let Some(best) = waiting.iter().copied().filter(|c| c.tokens >= BTT)
                .reduce(|a, b| if (b.tokens, a.operator) > (a.tokens, b.operator) { b } else { a }) else { break };
            waiting.retain(|c| c.operator != best.operator);
            elected.push(best);
        }
        let result = elect(&candidates, rules);
        if elected.is_empty() {
            prop_assert_eq!(result, Err(NotElected::Nobody { candidates: candidates.len() }));
            return Ok(());
        }
        let powers: Vec<u64> = elected.iter().map(|c| u64::try_from(c.tokens / BTT).unwrap()).collect();
        let level = slow_level(&powers, cap_bp);
        let expected = elected.iter().zip(&powers)
            .map(|(c, power)| Validator { address: c.signer, power: (*power).min(level) }).collect();
        prop_assert_eq!(result, Ok(ValidatorSet::new(expected).unwrap()));
    }

    #[test]
    fn nobody_is_above_the_share_and_the_order_of_candidates_is_of_no_account(stakes in stakes(), cap_bp in 0u16..12_000) {
        let rules = ElectionRules { power_cap_bp: cap_bp, ..RULES };
        let mut candidates: Vec<_> = stakes.iter().zip(1..).map(|(btt, n)| candidate(n, *btt)).collect();
        let result = elect(&candidates, rules);
        candidates.reverse();
        prop_assert_eq!(&result, &elect(&candidates, rules));
        if let Ok(set) = result {
            let powers: Vec<_> = set.members().iter().map(|member| member.power).collect();
            prop_assert!(holds(&powers, u64::MAX, cap_bp));
            prop_assert!(powers.iter().all(|power| *power > 0));
        }
    }

    /// Of small sets without cut powers of two or more members, every single level is tried: none above the answer holds.
    #[test]
    fn the_level_is_the_largest_that_holds(mut powers in proptest::collection::vec(1u64..300, 1..12), cap_bp in 0u16..5_000) {
        powers.sort_unstable_by(|a, b| b.cmp(a));
        let cap = power_cap(&powers, cap_bp);
        for level in 1..=powers[0] {
            prop_assert_eq!(holds(&powers, level, cap_bp), level <= cap, "level {}, cap {}", level, cap);
        }
    }
}
