//! `bttc testnet up --bridge` where it cannot be. The whole network is played by `testnet/bridge/run`, which needs anvil.

use crate::program::{bttc, told};

/// Ends the network, whatever became of the test.
struct Down<'a>(&'a str);

impl Drop for Down<'_> {
    fn drop(&mut self) {
        let _over = bttc(&["testnet", "--dir", self.0, "down"]).output();
    }
}

#[test]
fn without_anvil_nothing_is_begun_and_the_remedy_is_told() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("net");
    let up = |more: &[&str]| {
        let arguments = ["testnet", "--dir", dir.to_str().unwrap(), "up", "--bridge"];
        let mut command = bttc(&[&arguments[..], more].concat());
        told(&command.env_remove("BTTC_ANVIL").env("PATH", home.path()).output().unwrap())
    };
    for more in [&[][..], &["--anvil", "/nowhere/anvil"]] {
        let (code, _, errors) = up(more);
        assert_eq!(code, 1, "{errors}");
        assert!(errors.contains("npm install @foundry-rs/anvil") && errors.contains("BTTC_ANVIL"), "{errors}");
        assert!(!dir.exists(), "something was left behind");
    }
}

#[test]
fn a_network_without_root_chains_says_so() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("net").to_str().unwrap().to_owned();
    let run = |more: &[&str]| told(&bttc(&[&["testnet", "--dir", &dir], more].concat()).output().unwrap());
    let _down = Down(&dir);
    let (code, _, errors) = run(&["up", "--validators", "1", "--direct", "--json"]);
    assert_eq!(code, 0, "{errors}");
    let call = ["call", "--on", "tron", "--to", "0x0000000000000000000000000000000000000001"];
    for command in [&["pause", "tron"][..], &call] {
        let (code, _, errors) = run(command);
        assert!(code == 1 && errors.contains("bttc testnet up --bridge"), "{code}: {errors}");
    }
    let (code, text, errors) =
        run(&["call", "--on", "bttc", "--to", "0x0000000000000000000000000000000000000b0b", "--value", "5"]);
    assert_eq!(code, 0, "{errors}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(json["transaction"]["block"].as_u64().unwrap() > 0, "{text}");
}
