//! `bttc genesis`

use crate::program::run;

const PLANS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../genesis");

#[test]
fn a_plan_becomes_a_genesis_that_checks() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (plan, made) = (format!("{PLANS}/dev-staking/plan.toml"), path("genesis.json"));
    let (code, built, errors) = run(&["genesis", "build", &plan, "--out", &made]);
    assert_eq!((code, errors.as_str()), (0, ""), "{built}");
    let (code, told, errors) = run(&["genesis", "check", &made]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(built, told);
    let parts =
        ["chain id  990994, for development", "2026-11-20T00:00:00", "100000000 BTT", "sound: 990,000,000,000 BTT"];
    assert!(parts.iter().all(|part| told.contains(part)), "{told}");

    let changed = std::fs::read_to_string(&made).unwrap().replacen("\"balance\": \"0x", "\"balance\": \"0x1", 1);
    std::fs::write(&made, changed).unwrap();
    let (code, told, errors) = run(&["genesis", "check", &made]);
    assert!(
        code == 1 && told.contains("FAULT: the balances add up to") && errors.contains("is not sound"),
        "{told}{errors}"
    );
}

#[test]
fn a_draft_is_told_of_and_started_by_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (plan, made) = (format!("{PLANS}/mainnet/plan.toml"), path("mainnet.json"));
    let (code, _, errors) = run(&["genesis", "build", &plan, "--out", &made]);
    assert!(code == 1 && errors.contains("placeholders: consensus key 1") && errors.contains("--draft"), "{errors}");
    assert!(!std::path::Path::new(&made).exists());
    let (code, told, errors) = run(&["genesis", "build", &plan, "--out", &made, "--draft"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(told.contains("a draft with placeholders") && told.contains("sound"), "{told}");
    let (code, _, errors) = run(&["node", "--chain", &made, "--datadir", &path("data"), "--rpc.port", "0"]);
    assert!(code == 1 && errors.contains("is a draft") && errors.contains("bttc genesis build"), "{errors}");
}
