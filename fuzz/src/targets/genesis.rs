//! Files that people write: the genesis, and the configuration.

use bttc_node::{Config, Override};
use bttc_primitives::{ChainSpec, Head};

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if kind.is_multiple_of(2) { genesis(text) } else { config(text) }
}

fn genesis(text: &str) {
    let Ok(spec) = ChainSpec::from_json(text) else { return };
    let header = spec.genesis_header();
    let _ = (spec.genesis_validators(), spec.blob_params(header.timestamp), spec.timing());
    let base_fee = bttc_consensus::next_base_fee(&spec, &header);
    if let (Some(fees), Some(base_fee)) = (spec.fees(), base_fee) {
        assert!(base_fee >= fees.min_base_fee, "the base fee falls below its floor");
    }
    let head = Head { hash: header.hash_slow(), header };
    assert!(head.height() == spec.genesis().number.unwrap_or_default());
    // The store keeps the genesis as it is written here.
    let written = serde_json::to_string(spec.genesis()).unwrap();
    let again = ChainSpec::from_json(&written).unwrap();
    assert_eq!(again.genesis_header(), spec.genesis_header());
    assert_eq!(again.rules(), spec.rules());
    assert_eq!(again.genesis_alloc(), spec.genesis_alloc());
}

/// The first line may hold a dotted flag: `key value`.
fn config(text: &str) {
    let (first, text) = text.split_once('\n').unwrap_or(("", text));
    let flag = first.split_once(' ').map(|(key, value)| Override { key: key.into(), value: value.into() });
    match Config::parse(text, flag.as_slice()) {
        Ok(config) => {
            let again = Config::parse(&config.to_toml(), &[]).unwrap();
            assert_eq!(again.to_toml(), config.to_toml(), "a configuration is not read as it is written");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    const SMALL: &str = r#"{"config":{"chainId":990992,"homesteadBlock":0,"eip150Block":0,"eip155Block":0,"eip158Block":0,
"byzantiumBlock":0,"constantinopleBlock":0,"petersburgBlock":0,"istanbulBlock":0,"berlinBlock":0,"londonBlock":0,
"mergeNetsplitBlock":0,"terminalTotalDifficulty":0,"shanghaiTime":0,"cancunTime":0,"pragueTime":0,"osakaTime":0,
"bttc":{"dev":true,"minBaseFee":"0x82f79cd9000","elasticity":2,"baseFeeDenominator":50,"burnPercent":50,"stakersPercent":40,
"treasuryPercent":10,"blockTimeMs":500,"idleTimeMs":2000,"validators":[{"address":"0x0000000000000000000000000000000000000001","power":1}]}},
"gasLimit":"0x3938700","difficulty":"0x0","timestamp":"0x5","alloc":{"0x0000000000000000000000000000000000000007":{"balance":"0x1","nonce":"0x1","code":"0x00",
"storage":{"0x0000000000000000000000000000000000000000000000000000000000000001":"0x0000000000000000000000000000000000000000000000000000000000000002"}}}}"#;
    const ETHEREUM: &str = r#"{"config":{"chainId":1,"homesteadBlock":1150000,"londonBlock":5,"cancunTime":9,"blobSchedule":{"cancun":{"target":3,"max":6,"baseFeeUpdateFraction":3338477}}},"gasLimit":"0x1388","difficulty":"0x400000000","extraData":"0x11","nonce":"0x42","alloc":{}}"#;
    vec![
        format!("0{SMALL}").into(),
        format!("0{ETHEREUM}").into(),
        format!("1\n{}", Config::default().to_toml()).into(),
        b"1rpc.port 8546\nblock_time = \"500ms\"\n[txpool]\nmax_transactions = 7\n".to_vec(),
        b"1log.filter debug\nnetwork = \"dev\"\n".to_vec(),
    ]
}
