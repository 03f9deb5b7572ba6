//! Staking from the command line, on a network of one validator.

use crate::{
    network::{BTT, Network, wei},
    program::{DEADLINE, bttc, told},
};
use serde_json::Value;
use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

#[test]
fn somebody_stakes_earns_and_takes_back() {
    let network = Network::up("stake", &[]);
    let key = network.import(3);
    let password = network.path("password");
    let account = &*network.account(3);

    // Whom to stake with; this node may or may not estimate.
    let list = network.json(&["validators"]);
    let validator = &list["validators"][0];
    assert_eq!((validator["name"].as_str(), validator["inSet"].as_bool()), (Some("validator 0"), Some(true)));
    assert_eq!((validator["share"].as_u64(), validator["commission"].as_u64()), (Some(10_000), Some(1_000)));
    let operator = validator["operator"].as_str().unwrap();
    let table = network.does(&["validators"]);
    assert!(table.contains(operator) && table.contains("100000000"), "{table}");

    // Without -y and without a terminal: a dry run, and nothing more.
    let (code, text, errors) = network.run(&["stake", "delegate", "validator", "1000", "--keystore", &key]);
    assert_eq!(code, 2, "{text}{errors}");
    assert!(errors.contains("dry run") && errors.contains("-y"), "{errors}");
    for part in
        ["stakes 1000 BTT with validator 0", account, "(T", "Fee         about", "0 BTT -> 1000 BTT", "Nonce       0"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(network.json(&["positions"])["positions"].as_array().unwrap().is_empty());

    // Stake, by the beginning of the name.
    let sent = network.send(&key, &["delegate", "valid", "1000 BTT"]);
    assert_eq!((sent["events"][0]["name"].as_str(), sent["plan"]["nonce"].as_u64()), (Some("Delegated"), Some(0)));
    assert!(wei(&sent["fee"]) > 0 && wei(&sent["fee"]) <= wei(&sent["plan"]["mostFee"]), "{sent}");
    let hash = sent["hash"].as_str().unwrap();
    let again = network.does(&["resume", hash]);
    assert!(again.contains("is staked with") && again.contains(hash), "{again}");
    let positions = network.json(&["positions", account]);
    assert_eq!(wei(&positions["positions"][0]["worth"]), 1000 * BTT);

    // An epoch that begins after it pays.
    let end = Instant::now() + DEADLINE;
    let pending = loop {
        let pending = wei(&network.json(&["positions"])["positions"][0]["pendingReward"]);
        if pending > 0 {
            break pending;
        }
        assert!(Instant::now() < end, "no reward came");
        std::thread::sleep(Duration::from_millis(500));
    };
    let sent = network.send(&key, &["claim"]);
    assert!(wei(&sent["events"][0]["amount"]) >= pending, "{sent}");
    let csv = network.does(&["rewards", "export", "--format", "csv"]);
    let lines: Vec<_> = csv.lines().collect();
    assert!(lines.len() == 2 && lines[1].contains(",reward,") && lines[1].contains(operator), "{csv}");
    assert_eq!(network.json(&["rewards", "export"])["total"], sent["events"][0]["amount"]);

    // Back, with a date; stopped again.
    let sent = network.send(&key, &["undelegate", operator, "40%"]);
    let event = &sent["events"][0];
    let (name, id, unlock) = (event["name"].as_str(), event["id"].as_u64(), event["time"].as_u64().unwrap());
    assert_eq!((name, id, wei(&event["amount"])), (Some("Undelegated"), Some(0), 400 * BTT));
    assert!(sent["plan"]["unlock"].as_u64().unwrap().abs_diff(unlock) < 30);
    let text = network.does(&["positions"]);
    assert!(
        text.contains("600 BTT") && text.contains("400 BTT") && text.contains(" UTC (") && text.contains("in 2"),
        "{text}"
    );
    let (code, errors) = network.refused(&["withdraw", "0", "--keystore", &key]);
    assert!(code == 1 && errors.contains("E1209") && errors.contains("UTC"), "{errors}");
    let (_, errors) = network.refused(&["withdraw", "--keystore", &key]);
    assert!(errors.contains("E1223") && errors.contains("the next is due at"), "{errors}");
    network.send(&key, &["cancel", "0"]);
    let positions = network.json(&["positions"]);
    assert!(
        wei(&positions["positions"][0]["worth"]) == 1000 * BTT && positions["unbondings"][0].is_null(),
        "{positions}"
    );

    // What contracts refuse is told in words.
    let (code, errors) = network.refused(&["delegate", operator, "0.5", "--keystore", &key, "-y"]);
    assert!(code == 1 && errors.contains("E1216: the amount is too small: 0.5 BTT, needed at least 1 BTT"), "{errors}");
    let (_, errors) = network.refused(&["delegate", account, "5", "--keystore", &key, "-y"]);
    assert!(errors.contains("E1202"), "{errors}");
    let (_, errors) = network.refused(&["undelegate", operator, "999.5", "--keystore", &key, "-y"]);
    assert!(errors.contains("E1218") && errors.contains("`max`"), "{errors}");
    let (_, errors) = network.refused(&["redelegate", operator, operator, "max", "--keystore", &key, "-y"]);
    assert!(errors.contains("E1220"), "{errors}");

    // Signed elsewhere.
    let (unsigned, signed) = (network.path("tx.json"), network.path("tx.signed.json"));
    let answer = network.json(&["undelegate", "validator 0", "max", "--account", account, "--unsigned", &unsigned]);
    assert_eq!(answer["state"], "unsigned");
    let (code, text, errors) = network.run(
        &[
            &["stake", "sign", &unsigned, "--keystore", &key, "--password-file", &password][..],
            &["--rpc", "http://127.0.0.1:1", "-y"],
        ]
        .concat(),
    );
    assert!(code == 0 && text.contains("takes all stake back from"), "{text}{errors}");
    let sent = network.json(&["send", &signed]);
    assert_eq!((sent["state"].as_str(), wei(&sent["events"][0]["amount"])), (Some("included"), 1000 * BTT));
    let (_, errors) = network.refused(&["send", &signed]);
    assert!(errors.contains("E1004") || errors.contains("E1007"), "a nonce counts once: {errors}");

    // All but the fee.
    network.send(&key, &["delegate", "validator 0", "max"]);
    let positions = network.json(&["positions"]);
    let (stake, left) = (wei(&positions["positions"][0]["worth"]), wei(&positions["balance"]));
    assert!(stake > 1000 * BTT && left < 100 * BTT, "{positions}");

    // A hash that nobody knows is unknown, not failed.
    let nowhere = format!("0x{}", "12".repeat(32));
    let (code, errors) = network.refused(&["resume", &nowhere, "--timeout", "1s"]);
    assert!(code == 1 && errors.contains("E1002") && errors.contains("stake resume"), "{errors}");
    assert!(!errors.contains("failed"), "{errors}");
    // So is one while the node is away.
    let (code, errors) = network.refused(&["resume", hash, "--rpc", "http://127.0.0.1:1"]);
    assert!(code == 1 && errors.contains("E1002") && errors.contains("does not answer"), "{errors}");
}

#[test]
fn an_operator_registers_a_validator() {
    let network = Network::up("stake", &[]);
    let key = network.import(4);
    let password = network.path("password");
    let account = &*network.account(4);
    let dir = network.path("consensus");
    let keygen = ["validator", "keygen", "--chain-id", "990993", "--dir", &dir, "--password-file", &password];
    let (code, signer, errors) = network.run(&keygen);
    assert_eq!(code, 0, "{errors}");

    let create = ["validator", "create", "10000000", "--name", "Fresh", "--commission", "7.5%"];
    let (_, errors) = network.refused(
        &[
            &create[..2],
            &["9", "--name", "Fresh", "--commission", "7.5%", "-y", "--keystore", &key],
            &["--key-dir", &dir, "--key-password-file", &password],
        ]
        .concat(),
    );
    assert!(errors.contains("E1216") && errors.contains("needed at least 10000000 BTT"), "{errors}");
    // A proof made for somebody else.
    let other = &*network.account(5);
    let prove =
        ["validator", "prove", "--dir", &dir, "--chain-id", "990993", "--password-file", &password, "--operator"];
    let proof_for = |operator: &str| {
        let (code, text, errors) = network.run(&[&prove[..], &[operator]].concat());
        assert_eq!(code, 0, "{errors}");
        assert!(text.contains(signer.trim()));
        text.split_whitespace().last().unwrap().to_owned()
    };
    let elsewhere = ["--keystore", &key, "--signer", signer.trim(), "--proof"];
    let (_, errors) = network.refused(&[&create[..], &elsewhere, &[&proof_for(other), "-y"]].concat());
    assert!(errors.contains("E1205"), "{errors}");
    let proof = proof_for(account);

    let sent = network.send(&key, &[&create[..], &["--signer", signer.trim(), "--proof", &proof]].concat());
    assert_eq!(sent["events"][0]["name"], "ValidatorCreated");
    let (_, errors) = network
        .refused(&[&create[..], &["--keystore", &key, "--key-dir", &dir, "--key-password-file", &password]].concat());
    assert!(errors.contains("E1203"), "{errors}");
    network.send(&key, &["validator", "edit", "--site", "https://fresh.example"]);
    network.send(&key, &["validator", "commission", "6"]);
    let why = network.json(&["validator", "why", "fresh"]);
    assert_eq!(
        (why["validator"]["site"].as_str(), why["validator"]["signer"].as_str()),
        (Some("https://fresh.example"), Some(signer.trim()))
    );
    assert_eq!(why["validator"]["nextCommission"]["commission"], 600);
    assert!(why["why"].is_null() || why["why"].as_str().unwrap().contains("after the last election"), "{why}");
    let (_, errors) = network.refused(&["validator", "unjail", "--keystore", &key]);
    assert!(errors.contains("E1211"), "{errors}");
    let (_, errors) = network.refused(&["validator", "rejoin", "--keystore", &key]);
    assert!(errors.contains("E1213"), "{errors}");
}

/// Of all devices of the makers of Ledger.
const LEDGER_VENDOR: &str = "2c97";

/// Who made the USB devices of this machine, as far as it tells.
fn usb_vendors() -> Vec<String> {
    let devices = std::fs::read_dir("/sys/bus/usb/devices").into_iter().flatten().flatten();
    devices.filter_map(|at| Some(std::fs::read_to_string(at.path().join("idVendor")).ok()?.trim().to_owned())).collect()
}

/// Whether a Ledger is plugged in, so that it would be asked.
pub(crate) fn has_ledger() -> bool {
    usb_vendors().iter().any(|vendor| vendor == LEDGER_VENDOR)
}

#[test]
fn errors_are_explained_without_a_node() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| told(&bttc(arguments).env("XDG_DATA_HOME", home.path()).output().unwrap());
    let (code, text, _) = run(&["explain", "e1219"]);
    assert!(code == 0 && text.starts_with("E1219: the stake was moved lately\n\n"), "{text}");
    let (code, text, _) = run(&["explain"]);
    assert!(code == 0 && text.lines().count() > 30, "{text}");
    assert_eq!(run(&["explain", "E9"]).0, 1);

    let (code, _, errors) = run(&["stake", "validators", "--rpc", "http://127.0.0.1:1"]);
    assert!(code == 1 && errors.contains("E1001") && errors.contains("Connection refused"), "{errors}");

    for arguments in [&["--ledger=here"][..], &["--ledger", "--keystore", "x"], &["--ledger=1", "--password-file", "x"]]
    {
        let (code, _, errors) = run(&[&["stake", "claim"], arguments].concat());
        assert!(code == 2 && errors.contains("--ledger"), "{errors}");
    }
    // Where a device is plugged in, it would be asked.
    if !has_ledger() {
        let (code, _, errors) = run(&["stake", "claim", "--ledger"]);
        assert!(code == 1 && errors.contains("E1009: no Ledger answers"), "{errors}");
    }
    // Over TLS, and a server that speaks none.
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", plain.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Until the other side has gone, so that it reads what was written.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let (code, _, errors) = run(&["stake", "validators", "--rpc", &url]);
    assert!(code == 1 && errors.contains("E1001") && errors.contains("InvalidContentType"), "{errors}");
    serving.join().unwrap();
    let (code, _, errors) = run(&["stake"]);
    assert!(code == 1 && errors.contains("stake --help"), "{errors}");
    let (code, _, errors) = run(&["stake", "delegate", "x", "1 ETH"]);
    assert!(code == 2 && errors.contains("cannot read amount"), "{errors}");
}

#[test]
fn the_address_book_names_both_forms() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| told(&bttc(arguments).env("XDG_DATA_HOME", home.path()).output().unwrap());
    let (tron, hex) = ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "0xa614f803B6FD780986A42c78Ec9c7f77e6DeD13C");
    let (code, text, errors) = run(&["account", "book", "add", "friend", tron]);
    assert_eq!((code, text.as_str()), (0, &*format!("friend  {hex}  {tron}\n")), "{errors}");
    let (code, text, _) = run(&["account", "book", "list", "--json"]);
    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, list["entries"][0]["address"].as_str()), (0, Some(hex)));
    let (code, _, errors) = run(&["account", "book", "add", "friend", "0x0000000000000000000000000000000000000001"]);
    assert!(code == 1 && errors.contains("book remove friend"), "{errors}");
    let (code, _, errors) = run(&["account", "book", "add", "typo", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T"]);
    assert!(code == 1 && errors.contains("checksum"), "{errors}");
    assert_eq!(run(&["account", "book", "remove", "friend"]).0, 0);
    assert_eq!(run(&["account", "book", "list"]), (0, String::new(), String::new()));
}
