//! The development chain with staking that the tests of `bttc-rpc` run on, kept as a file because that crate is below this one.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{dev_operator, dev_validator, load_spec};
use serde_json::Value;
use std::{collections::BTreeMap, fs};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../rpc/tests/it/staking-genesis.json");

/// When its first epoch begins. Unit: Unix seconds.
const TIME: u64 = 1_800_000_000;

fn btt(amount: u64) -> U256 {
    U256::from(amount).saturating_mul(BTT)
}

fn setting(id: u64, value: u64, max: u64) -> Setting {
    Setting {
        id: U256::from(id),
        value: U256::from(value),
        min: U256::from(1),
        max: U256::from(max),
        step: U256::from(max),
        coolDown: U256::ZERO,
    }
}

/// One validator, as the development driver needs it; epochs of a minute, commissions that change after two, one seat in the set.
fn made() -> Genesis {
    let mut genesis: Genesis = serde_json::from_str(&load_spec("dev").unwrap().1).unwrap();
    genesis.timestamp = TIME;
    let operator = dev_operator(0).address();
    genesis.alloc.entry(operator).or_default().balance = btt(20_000_000);
    let plan = StakingPlan {
        validators: vec![GenesisValidator {
            operator,
            signer: dev_validator().address(),
            stake: btt(100_000_000),
            commission: 1_000,
            name: "first".to_owned(),
        }],
        settings: vec![setting(8, 60, 86_400), setting(15, 120, 1_209_600), setting(9, 1, 100)],
        reserve: btt(99_000_000_000),
        programmes: btt(49_500_000_000),
        // Both root chains, with BTT on TRON; some BTT is not out.
        bridge: Some(BridgePlan {
            reserve: btt(5_000_000),
            guardian: crate::dev_accounts()[9].address(),
            roots: vec![
                RootConfig {
                    rootId: U256::from(1),
                    chainId: 31_337,
                    bridge: Address::repeat_byte(0xe1),
                    codeHash: B256::repeat_byte(0xe2),
                    btt: Address::ZERO,
                    bttLocked: U256::ZERO,
                },
                RootConfig {
                    rootId: U256::from(2),
                    chainId: 728_126_428,
                    bridge: Address::repeat_byte(0x71),
                    codeHash: B256::repeat_byte(0x72),
                    btt: Address::repeat_byte(0x73),
                    bttLocked: btt(1_000_000),
                },
            ],
        }),
        ..StakingPlan::default()
    };
    add_staking(genesis, &plan).unwrap()
}

/// What `made` has beside the development genesis, without code: that of the system contracts is in `bttc_contracts::system`.
fn difference() -> Value {
    let before: Genesis = serde_json::from_str(&load_spec("dev").unwrap().1).unwrap();
    let genesis = made();
    let accounts = genesis.alloc.into_iter().filter(|(address, account)| before.alloc.get(address) != Some(account));
    let accounts: BTreeMap<_, _> =
        accounts.map(|(address, account)| (address, GenesisAccount { code: None, ..account })).collect();
    json!({
        "timestamp": genesis.timestamp,
        "validators": genesis.config.extra_fields.get("bttc").unwrap()["validators"],
        "alloc": accounts,
    })
}

#[test]
fn the_chain_of_the_rpc_tests_is_that_of_the_contracts() {
    let kept: Value = serde_json::from_str(&fs::read_to_string(FILE).unwrap()).unwrap();
    assert!(
        kept == difference(),
        "{FILE} is of other contracts; make it anew with `cargo test --workspace --lib -- --ignored write_the_chain_of_the_rpc_tests`"
    );
    let spec = ChainSpec::from_genesis(made()).unwrap();
    assert!(spec.is_dev() && spec.has_staking());
    assert_eq!(spec.genesis_validators().unwrap().members().len(), 1);
}

/// The repository's folder of genesis files.
const GENESIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../genesis");

fn plan_of(network: &str) -> String {
    fs::read_to_string(format!("{GENESIS}/{network}/plan.toml")).unwrap()
}

fn part(report: &GenesisReport, name: &str) -> U256 {
    report.parts.iter().find(|(of, _)| *of == name).unwrap().1
}

#[test]
fn the_development_chain_with_staking_is_that_of_its_plan() {
    let file = format!("{GENESIS}/dev-staking/genesis.json");
    let kept = fs::read_to_string(&file).unwrap();
    let made = GenesisPlan::read(&plan_of("dev-staking")).unwrap().build(false).unwrap();
    assert!(
        kept == format!("{}\n", serde_json::to_string_pretty(&made).unwrap()),
        "{file} is not what its plan makes; write it anew with `bttc genesis build genesis/dev-staking/plan.toml --out genesis/dev-staking/genesis.json`"
    );
    let report = check_genesis(&kept).unwrap();
    assert_eq!(report.problems, [""; 0]);
    assert!(report.dev && !report.draft);
    let validator = &report.validators[0];
    assert_eq!((validator.operator, validator.signer), (Some(dev_operator(0).address()), dev_validator().address()));
    assert_eq!((report.validators.len(), validator.stake), (1, btt(100_000_000)));
    for key in crate::dev_accounts() {
        assert!(report.accounts.contains(&(key.address(), btt(1_000_000_000))));
    }
}

#[test]
fn the_plans_of_the_networks_give_the_parts_of_the_protocol() {
    for (network, chain_id) in [("mainnet", 990_990), ("testnet", 990_991)] {
        let plan = GenesisPlan::read(&plan_of(network)).unwrap();
        let error = plan.build(false).unwrap_err().to_string();
        for name in ["foundation", "consensus key 4", "launch", "--draft"] {
            assert!(error.contains(name), "{network}: {error}");
        }
        let json = serde_json::to_string(&plan.build(true).unwrap()).unwrap();
        let report = check_genesis(&json).unwrap();
        assert_eq!((report.chain_id, report.draft, report.dev), (chain_id, true, false));
        assert_eq!(report.problems, [""; 0], "{network}");
        let thousandth = btt(990_000_000);
        let parts =
            [("reserve of rewards", 100), ("treasury", 100), ("programmes", 50), ("vesting", 589), ("airdrops", 101)];
        for (name, thousandths) in parts {
            assert_eq!(part(&report, name), thousandth * U256::from(thousandths), "{network}: {name}");
        }
        let float: U256 = report.accounts.iter().map(|(_, amount)| *amount).sum();
        assert_eq!(part(&report, "staked") + float, thousandth * U256::from(60), "{network}");
        assert_eq!((report.accounts.len(), report.validators.len()), (1, 4));
        let year = 31_536_000;
        let grants: Vec<_> =
            report.grants.iter().map(|of| (of.total / thousandth, of.begin - report.time, of.duration)).collect();
        let expected = [(200, year, 4 * year), (190, year, 4 * year), (199, 0, 6 * year)];
        assert_eq!(grants, expected.map(|(part, cliff, time)| (U256::from(part), cliff, time)), "{network}");
        let mut addresses: Vec<_> = report.validators.iter().flat_map(|of| [of.operator, Some(of.signer)]).collect();
        addresses.extend(report.grants.iter().map(|of| Some(of.beneficiary)));
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), 4 + 4 + 3, "a stand-in for each placeholder");
    }
}

#[test]
fn a_plan_that_does_not_hold_is_refused_with_the_reason() {
    let good = plan_of("dev-staking");
    let faults = [
        ("\"20_000_000 BTT\"", "\"20_000_000.000000000000000001 BTT\"", "add up to"),
        ("\"99_000_000_000 BTT\"", "\"98_000_000_000 BTT\"", "add up to"),
        ("\"EPOCH_LENGTH\"", "\"EPOCH_LENTGH\"", "no parameter \"EPOCH_LENTGH\""),
        ("commission = 1000", "commission = 100", "refuse the plan"),
        ("value = 60\nmin = 1", "value = 60\nmin = 61", "refuse the plan"),
        ("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "twice"),
        ("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0x0000000000000000000000000000000000001002", "system contract"),
        ("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0xf39fd6e51aad88F6F4ce6aB8827279cffFb92266", "checksum"),
        ("chain_id", "chainid", "chainid"),
        ("2026-11-20T00:00:00Z", "soon", "2027-01-31T12:00:00Z"),
        ("2026-11-20T00:00:00Z", "placeholder: ", "without a name"),
    ];
    for (from, to, why) in faults {
        assert!(good.contains(from), "{from}");
        let error = GenesisPlan::read(&good.replacen(from, to, 1)).and_then(|plan| plan.build(false)).unwrap_err();
        assert!(format!("{error:#}").contains(why), "{from} -> {to}: {error:#}");
    }
}

/// A part `[bridge]` whose reserve is taken from the treasury's.
fn with_bridge(plan: &str) -> String {
    let bridge = format!(
        r#"
[bridge]
reserve = "400_000_000 BTT"
guardian = "{}"

[[bridge.root]]
root_id = 1
chain_id = 1
bridge = "0x00000000000000000000000000000000000000e1"
code_hash = "0x{:064x}"

[[bridge.root]]
root_id = 2
chain_id = 728126428
bridge = "TXYZopYRdj2D9XRtbG411XZZ3kM5VkAeBf"
code_hash = "0x{:064x}"
btt = "0x0000000000000000000000000000000000000073"
btt_locked = "7 BTT"
"#,
        Address::repeat_byte(0x99),
        0xe2,
        0x72
    );
    plan.replacen("731_390_000_000", "730_990_000_000", 1) + &bridge
}

#[test]
fn a_plan_with_root_chains_registers_them_and_counts_the_reserve() {
    let plan = with_bridge(&plan_of("dev-staking"));
    let genesis = GenesisPlan::read(&plan).unwrap().build(false).unwrap();
    let report = check_genesis(&serde_json::to_string(&genesis).unwrap()).unwrap();
    assert_eq!(report.problems, [""; 0]);
    assert_eq!(part(&report, "bridge reserve"), btt(400_000_000));
    assert_eq!(report.guardian, Address::repeat_byte(0x99));
    let [ethereum, tron] = &report.roots[..] else { panic!("{:?}", report.roots) };
    assert_eq!((ethereum.root_id, ethereum.chain_id, ethereum.btt), (1, 1, Address::ZERO));
    assert_eq!((ethereum.bridge, ethereum.btt_locked), (Address::with_last_byte(0xe1), U256::ZERO));
    assert_eq!((tron.root_id, tron.chain_id, tron.btt), (2, 728_126_428, Address::with_last_byte(0x73)));
    assert_eq!((tron.code_hash, tron.btt_locked), (B256::with_last_byte(0x72), btt(7)));

    let faults = [
        ("\"400_000_000 BTT\"", "\"399_999_999 BTT\"", "add up to"),
        ("root_id = 2", "root_id = 1", "refuse the plan"),
        ("root_id = 2", "root_id = 0", "refuse the plan"),
        ("chain_id = 1\n", "chain_id = 0\n", "refuse the plan"),
        ("btt = \"0x0000000000000000000000000000000000000073\"", "", "refuse the plan"),
        ("code_hash = \"0x0", "code_hash = \"0x", "64 hex digits"),
        ("TXYZ", "TXYz", "checksum"),
        ("root_id = 2", "root_id = 2\nroot = 3", "root"),
    ];
    for (from, to, why) in faults {
        assert!(plan.contains(from), "{from}");
        let error = GenesisPlan::read(&plan.replacen(from, to, 1)).and_then(|plan| plan.build(false)).unwrap_err();
        assert!(format!("{error:#}").contains(why), "{from} -> {to}: {error:#}");
    }
    let unknown = plan.replacen("0x0000000000000000000000000000000000000073", "placeholder: BTT on TRON", 1);
    let unknown = GenesisPlan::read(&unknown).unwrap();
    assert!(unknown.build(false).unwrap_err().to_string().contains("BTT on TRON"));
    unknown.build(true).unwrap();
}

type Change = fn(&mut Genesis);

#[test]
fn a_changed_genesis_is_found_out() {
    let genesis = GenesisPlan::read(&plan_of("dev-staking")).unwrap().build(false).unwrap();
    let staking = addresses::STAKING;
    let changes: [(&str, Change); 5] = [
        ("add up to", |of| of.alloc.entry(addresses::TREASURY).or_default().balance += U256::from(1)),
        ("not that of this version", |of| {
            of.alloc.get_mut(&addresses::WBTT).unwrap().code = Some(Bytes::from_static(&[0]));
        }),
        ("leads to", |of| {
            let proxy = of.alloc.get_mut(&addresses::SUPPLY).unwrap();
            proxy.storage.as_mut().unwrap().insert(IMPLEMENTATION_SLOT, B256::repeat_byte(1));
        }),
        ("does not know", |of| {
            let account = GenesisAccount { code: Some(Bytes::from_static(&[0])), ..GenesisAccount::default() };
            of.alloc.insert(Address::repeat_byte(7), account);
        }),
        ("other members", |of| {
            of.config.extra_fields.get_mut("bttc").unwrap()["validators"][0]["power"] = json!(5);
        }),
    ];
    assert!(genesis.alloc.contains_key(&staking));
    for (why, change) in changes {
        let mut changed = genesis.clone();
        change(&mut changed);
        let report = check_genesis(&serde_json::to_string(&changed).unwrap()).unwrap();
        assert!(report.problems.iter().any(|problem| problem.contains(why)), "{why}: {:?}", report.problems);
    }
}

/// Writes the file anew; to be run by hand after the contracts have changed.
#[test]
#[ignore = "writes a file of the repository"]
fn write_the_chain_of_the_rpc_tests() {
    fs::write(FILE, format!("{:#}\n", difference())).unwrap();
}
