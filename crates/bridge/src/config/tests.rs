use super::*;

const WHOLE: &str = include_str!("whole.toml");

#[test]
fn a_whole_section_is_read_and_written() {
    let config: BridgeConfig = toml::from_str(WHOLE).unwrap();
    config.check().unwrap();
    let [tron, ethereum] = &config.roots[..] else { panic!("two root chains") };
    assert_eq!(tron.bridge.to_string().to_lowercase(), "0x8330108cfdd47544b398c15a3c252ad1d5a5566c");
    assert_eq!((tron.fee_ceiling, tron.pressing_fee_ceiling()), (U256::from(100_000_000), U256::from(400_000_000)));
    assert_eq!((tron.most_signatures(), ethereum.most_signatures()), (32, 256));
    assert_eq!(ethereum.fee_ceiling, U256::from(50_000_000_000_000_000u64));
    assert_eq!(tron.policy.value.values().next(), Some(&U256::from(1_000_000)));
    let again: BridgeConfig = toml::from_str(&toml::to_string(&config).unwrap()).unwrap();
    assert_eq!(again, config);
    BridgeConfig::default().check().unwrap();
}

#[test]
fn tron_addresses_have_two_forms() {
    const USDT: &str = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
    let hex = "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c";
    let account = format!("from_block = 7\naccount = \"{USDT}\"\npermission = 2");
    let text = WHOLE.replacen(hex, USDT, 1).replacen("from_block = 7", &account, 1);
    let config: BridgeConfig = toml::from_str(&text).unwrap();
    config.check().unwrap();
    let tron = &config.roots[0];
    let expected: Address = hex.parse().unwrap();
    assert_eq!(tron.account, Some(expected));
    assert_eq!(tron.policy.value, [(expected, U256::from(1_000_000))].into());
    assert_eq!(toml::from_str::<BridgeConfig>(&toml::to_string(&config).unwrap()).unwrap(), config);
    // One character is wrong, in either place.
    let wrong = USDT.replace("Lj6t", "Lj6s");
    for at in [text.find(USDT), text.rfind(USDT)] {
        let mut bad = text.clone();
        let at = at.unwrap();
        bad.replace_range(at..at + USDT.len(), &wrong);
        let error = toml::from_str::<BridgeConfig>(&bad).unwrap_err().to_string();
        assert!(error.contains("checksum"), "{error}");
    }
    let twice = text.replacen(&format!("\"{USDT}\" = "), &format!("\"{hex}\" = \"5\", \"{USDT}\" = "), 1);
    assert_ne!(twice, text);
    let error = toml::from_str::<BridgeConfig>(&twice).unwrap_err().to_string();
    assert!(error.contains("stands there twice"), "{error}");
}

#[test]
fn errors_name_the_field() {
    let cases: [(&str, &str, &str); 16] = [
        ("root_id = 1", "root_id = 2", "bridge.roots[1].root_id"),
        ("root_id = 2", "root_id = 0", "bridge.roots[0].root_id"),
        ("chain_id = 31337", "chain_id = 0", "bridge.roots[1].chain_id"),
        ("[{ url = \"http://127.0.0.1:8545\" }]", "[]", "bridge.roots[1].endpoints"),
        ("http://127.0.0.1:8545", "127.0.0.1:8545", "bridge.roots[1].endpoints[0].url"),
        ("http://127.0.0.1:8091", "8091", "bridge.roots[0].endpoints[0].solid"),
        (
            "http://127.0.0.1:8545\"",
            "http://127.0.0.1:8545\", solid = \"http://x\"",
            "bridge.roots[1].endpoints[0].solid",
        ),
        ("final_depth = 0", "agree = 2", "bridge.roots[1].agree"),
        ("from_block = 7", "from_block = 7\nagree = 1", "bridge.roots[0].agree"),
        ("from_block = 7", "from_block = 7\nfinal_depth = 1", "bridge.roots[0].final_depth"),
        (
            "0000000000000000000000000000000000000002",
            "0000000000000000000000000000000000000000",
            "bridge.roots[1].checkpoints",
        ),
        (
            "0000000000000000000000000000000000000002",
            "0000000000000000000000000000000000000001",
            "bridge.roots[1].checkpoints",
        ),
        ("password_file = \"tron.password\"", "", "bridge.roots[0].key"),
        ("\"100_000_000\"", "0", "bridge.roots[0].fee_ceiling"),
        ("from_block = 7", "from_block = 7\nlifetime = \"5s\"", "bridge.roots[0].lifetime"),
        ("relay = true", "node = \"localhost\"", "bridge.node"),
    ];
    for (from, to, field) in cases {
        let text = WHOLE.replacen(from, to, 1);
        assert_ne!(text, WHOLE, "{from} is not in the example");
        let config: BridgeConfig = toml::from_str(&text).unwrap();
        let error = config.check().unwrap_err();
        assert_eq!(error.field, field, "{error}");
        assert!(!error.why.is_empty());
    }
    assert!(toml::from_str::<BridgeConfig>("relais = true").unwrap_err().to_string().contains("relais"));
    let bad = WHOLE.replace("TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNj", "TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNk");
    assert!(toml::from_str::<BridgeConfig>(&bad).unwrap_err().to_string().contains("checksum"));
    assert_eq!(BridgeConfig { relay: true, ..Default::default() }.check().unwrap_err().field, "bridge.roots");
}
