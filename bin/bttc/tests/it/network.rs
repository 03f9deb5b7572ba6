//! A network of one validator, and the home of somebody who uses it.

use crate::program::{bttc, told};
use alloy_primitives::Address;
use serde_json::Value;
use std::{fs, path::PathBuf};

/// A network, ended with the test, and the home of somebody who stakes.
pub(crate) struct Network {
    /// The commands under test: `stake` or `gov`.
    family: &'static str,
    home: tempfile::TempDir,
    dir: String,
    url: String,
    accounts: Vec<Value>,
}

impl Network {
    /// One validator; `more` are further arguments of `testnet up`.
    pub(crate) fn up(family: &'static str, more: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("network").to_str().unwrap().to_owned();
        let mut network = Self { family, home, dir, url: String::new(), accounts: Vec::new() };
        let arguments = ["testnet", "--dir", &network.dir, "up", "--validators", "1", "--direct", "--json"];
        let times = ["--block-time", "200ms", "--idle-time", "400ms", "--epoch", "5s"];
        let (code, text, errors) = told(&bttc(&[&arguments[..], &times[..], more].concat()).output().unwrap());
        assert_eq!(code, 0, "{errors}");
        let json: Value = serde_json::from_str(&text).unwrap();
        network.url = json["nodes"][0]["http"].as_str().unwrap().to_owned();
        network.accounts = json["accounts"].as_array().unwrap().clone();
        fs::write(network.path("password"), "correct horse\n").unwrap();
        network
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = bttc(arguments);
        command.env("XDG_DATA_HOME", self.home.path()).env("BTTC_RPC", &self.url).env("TZ", "UTC");
        told(&command.output().unwrap())
    }

    /// Address of a funded account.
    pub(crate) fn account(&self, number: usize) -> String {
        let address: Address = self.accounts[number]["address"].as_str().unwrap().parse().unwrap();
        address.to_string()
    }

    /// Takes in a funded account; the file of its key.
    pub(crate) fn import(&self, number: usize) -> String {
        self.take_in(&self.account(number), self.accounts[number]["privateKey"].as_str().unwrap())
    }

    /// Takes in the operator of the validator; the file of its key.
    pub(crate) fn import_operator(&self) -> String {
        let operator = bttc_node::dev_operator(0);
        self.take_in(&operator.address().to_string(), &alloy_primitives::hex::encode_prefixed(operator.to_bytes()))
    }

    fn take_in(&self, account: &str, private_key: &str) -> String {
        let (key, password) = (self.path("key"), self.path("password"));
        fs::write(&key, private_key).unwrap();
        let (code, _, errors) = self.run(&["account", "import", "--key-file", &key, "--password-file", &password]);
        assert_eq!(code, 0, "{errors}");
        fs::remove_file(&key).unwrap();
        let file = format!("bttc/keystore/{account}.json");
        assert!(PathBuf::from(self.path(&file)).exists());
        self.path(&file)
    }

    /// A command of the family that must succeed; what it printed.
    pub(crate) fn does(&self, arguments: &[&str]) -> String {
        let (code, text, errors) = self.run(&[&[self.family], arguments].concat());
        assert_eq!(code, 0, "{arguments:?}: {text}{errors}");
        text
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.does(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// A transaction of the account of `key`, sent without a question.
    pub(crate) fn send(&self, key: &str, arguments: &[&str]) -> Value {
        let password = self.path("password");
        let answer = self.json(&[arguments, &["--keystore", key, "--password-file", &password, "-y"]].concat());
        assert_eq!(answer["state"], "included", "{answer}");
        answer
    }

    /// A command that must end with an error; its code and text.
    pub(crate) fn refused(&self, arguments: &[&str]) -> (i32, String) {
        let (code, text, errors) = self.run(&[&[self.family], arguments].concat());
        assert_ne!(code, 0, "{arguments:?}: {text}");
        (code, errors)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ended = bttc(&["testnet", "--dir", &self.dir, "down"]).output();
    }
}

pub(crate) fn wei(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}

pub(crate) const BTT: u128 = 1_000_000_000_000_000_000;
