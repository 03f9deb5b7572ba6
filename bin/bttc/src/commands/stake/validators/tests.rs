#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use alloy_primitives::aliases::U96;
use bttc_contracts::validator_set::IValidatorSet::Work;

fn btt(amount: u64) -> U256 {
    U256::from(amount) * U256::from(10u64).pow(U256::from(18))
}

fn validator(byte: u8, name: &str) -> ValidatorView {
    ValidatorView {
        operator: Address::repeat_byte(byte),
        signer: Address::repeat_byte(byte + 100),
        tokens: btt(100),
        shares: btt(100),
        warming: U256::ZERO,
        selfStake: btt(10),
        commissionOwed: U256::ZERO,
        perShare: U256::ONE,
        commission: 750,
        nextCommission: 0,
        nextCommissionTime: 0,
        commissionChangedAt: 0,
        jailedUntil: 0,
        rotatedAt: 0,
        listed: true,
        left: false,
        tombstoned: false,
        jailings: U256::ZERO,
        slashes: U256::ZERO,
        name: name.to_owned(),
        site: String::new(),
    }
}

fn set() -> Set {
    let work = |byte: u8, power: u64, missed: u64| {
        let signer = Address::repeat_byte(byte + 100);
        (Address::repeat_byte(byte), Work { signer, power: U96::from(power), proposed: 0, missed, tips: 0 })
    };
    Set { work: [work(1, 75, 0), work(2, 25, 2)].into(), total_power: 100, blocks: 200 }
}

#[test]
fn the_table_is_as_before() {
    let jailed = ValidatorView { jailedUntil: 1_000_600, ..validator(3, "jailed\u{1b}[31m") };
    let all = [validator(1, "North"), validator(2, "South"), jailed];
    let table = as_table(&all, &set(), &[(Address::repeat_byte(1), 712)].into(), 1_000_000);
    let lines: Vec<_> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let of = |byte: u8| Address::repeat_byte(byte).to_string();
    assert_eq!(
        lines,
        [
            "name operator power share commission uptime out est. APR".to_owned(),
            format!("North {} 75 75% 7.5% 100% - 7.12%", of(1)),
            format!("South {} 25 25% 7.5% 99% - -", of(2)),
            format!("jailed?[31m {} 0 - 7.5% - jailed, ends in 10m -", of(3)),
        ]
    );
}

#[test]
fn json_has_every_field_also_where_nothing_is_known() {
    let json = as_json(&validator(3, "x"), &set(), &BTreeMap::new());
    assert_eq!(
        (json["inSet"].as_bool(), json["share"].as_u64(), json["power"].as_str()),
        (Some(false), Some(0), Some("0"))
    );
    for absent in ["uptime", "apr", "jailedUntil", "nextCommission"] {
        assert!(json.as_object().unwrap().get(absent).unwrap().is_null(), "{absent}");
    }
}

#[test]
fn each_way_to_be_out_has_a_reason_and_a_next_step() {
    let election = |in_set| Election { in_set, least: btt(5), most: 2, ahead: 0, now: 1_000 };
    let told = |of: &ValidatorView, election: &Election| reason(of, election);
    let fit = validator(1, "x");
    assert_eq!(told(&fit, &election(true)), (None, "nothing needs to be done".to_owned()));
    let cases = [
        (ValidatorView { tombstoned: true, jailedUntil: u64::MAX, ..fit.clone() }, "for ever", "another account"),
        (ValidatorView { left: true, ..fit.clone() }, "for good", "another account"),
        (ValidatorView { jailedUntil: 2_000, ..fit.clone() }, "jailed", "in 16m 40s"),
        (ValidatorView { jailedUntil: 900, selfStake: btt(1), ..fit.clone() }, "jailed", "delegates 4 BTT"),
        (ValidatorView { selfStake: btt(1), ..fit.clone() }, "too small", "delegates 4 BTT"),
        (ValidatorView { selfStake: btt(1), listed: false, ..fit.clone() }, "too small", "rejoin"),
        (ValidatorView { listed: false, ..fit.clone() }, "evicted", "rejoin"),
        (fit.clone(), "after the last election", "closes"),
    ];
    for (of, why, next) in &cases {
        let (said, step) = told(of, &election(false));
        assert!(said.as_ref().unwrap().contains(why) && step.contains(next), "{said:?} {step}");
    }
    let (crowded, _) = told(&fit, &Election { ahead: 2, ..election(false) });
    assert_eq!(crowded.unwrap(), "2 others have more stake, and 2 are elected");
}
