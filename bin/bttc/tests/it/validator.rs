//! Consensus keys and the signer program, as an operator uses them.

use crate::program::{DEADLINE, bttc, run, told};
use alloy_primitives::{Address, B256};
use bttc_consensus::{ConsensusSigner, SignError, SignRequest, Vote};
use bttc_node::{RemoteSigner, RemoteSignerConfig};
use bttc_primitives::VoteKind;
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

const CHAIN: u64 = 990_991;

fn vote(height: u64, block: u8) -> SignRequest {
    let block_hash = B256::repeat_byte(block);
    Vote { chain_id: CHAIN, kind: VoteKind::Precommit, height, round: 0, block_hash }.into()
}

/// A directory with a new consensus key for the test network.
struct Validator {
    dir: tempfile::TempDir,
    address: Address,
}

impl Validator {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let password = dir.path().join("password");
        fs::write(&password, "correct horse\n").unwrap();
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
        let mut keygen = Self { dir, address: Address::ZERO };
        let keys = keygen.keys();
        let (code, address, notes) = run(&[
            &["validator", "keygen", "--chain-id", "990991", "--dir", &keys][..],
            &["--password-file", password.to_str().unwrap()],
        ]
        .concat());
        assert_eq!(code, 0, "{notes}");
        assert!(notes.contains("never sign-state beside it"), "{notes}");
        keygen.address = address.trim().parse().unwrap();
        keygen
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn keys(&self) -> String {
        self.path("keys").to_str().unwrap().to_owned()
    }

    fn signer_arguments(&self, chain_id: &str) -> Vec<String> {
        let shown = |path: PathBuf| path.to_str().unwrap().to_owned();
        let (key, password) = (shown(self.path("keys/consensus-key.json")), shown(self.path("password")));
        let socket = shown(self.path("socket"));
        ["signer", "--key", &key, "--password-file", &password, "--socket", &socket, "--chain-id", chain_id]
            .map(str::to_owned)
            .to_vec()
    }

    /// Starts a signer and waits until it serves.
    fn signer(&self) -> Signer {
        let arguments = self.signer_arguments("990991");
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let mut child = bttc(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        // The pipe ends when the program does, so this cannot wait for ever on a program that failed.
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with(&self.address.to_string()), "{line}");
        Signer(child)
    }

    fn remote(&self) -> RemoteSigner {
        let socket = self.path("socket");
        let config = RemoteSignerConfig { socket, chain_id: CHAIN, address: Some(self.address), timeout: DEADLINE };
        RemoteSigner::connect(config).unwrap()
    }
}

/// A signer in the background, killed if the test forgets it.
struct Signer(Child);

impl Signer {
    /// SIGKILL, so that nothing is tidied up.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_key_is_made_shown_and_never_replaced() {
    let validator = Validator::new();
    let (keys, address) = (validator.keys(), validator.address);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&validator.path("keys")), 0o700);
    for file in ["keys/consensus-key.json", "keys/sign-state"] {
        assert_eq!(mode(&validator.path(file)), 0o600, "{file}");
    }
    let (code, text, errors) = run(&["validator", "show", "--dir", &keys]);
    assert_eq!(code, 0, "{errors}");
    assert_eq!(text, format!("address     {address}\nchain id    990991\nsigns above 0\nnothing signed since then\n"));
    let (code, _, errors) = run(&["validator", "keygen", "--chain", "testnet", "--dir", &keys]);
    assert!(code == 1 && errors.contains("exists already"), "{errors}");
    let (code, _, errors) = run(&["validator", "keygen", "--dir", &keys]);
    assert!(code == 2 && errors.contains("--chain"), "{errors}");
}

#[test]
fn a_signer_remembers_across_kills_and_serves_one_process() {
    let validator = Validator::new();
    let signer = validator.signer();
    let remote = validator.remote();
    for height in 1..4 {
        remote.sign(&vote(height, 1)).unwrap();
    }
    let arguments = validator.signer_arguments("990991");
    let second = bttc(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    let (code, _, errors) = told(&second);
    assert!(code == 1 && errors.contains("in use by another process"), "{errors}");

    signer.kill();
    let missed = remote.sign(&vote(4, 1));
    assert!(matches!(missed, Err(SignError::Unavailable(_))), "{missed:?}");
    let signer = validator.signer();
    let refused = remote.sign(&vote(3, 2));
    assert!(matches!(refused, Err(SignError::Refused(_))), "{refused:?}");
    remote.sign(&vote(4, 1)).unwrap();
    let (_, text, _) = run(&["validator", "show", "--dir", &validator.keys()]);
    assert!(text.contains("precommit   height 4 round 0 block 0x0101"), "{text}");
    signer.kill();

    let (code, _, errors) =
        told(&bttc(&validator.signer_arguments("1").iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap());
    assert!(code == 1 && errors.contains("is of chain 990991, expected chain 1"), "{errors}");
}

#[test]
fn a_lost_sign_state_stops_the_signer_until_it_is_made_anew_on_purpose() {
    let validator = Validator::new();
    let keys = validator.keys();
    let state = validator.path("keys/sign-state");
    fs::remove_file(&state).unwrap();
    let arguments = validator.signer_arguments("990991");
    let start = || told(&bttc(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap());
    let (code, _, errors) = start();
    assert!(code == 1 && errors.contains("is missing") && errors.contains("reset-sign-state"), "{errors}");
    assert!(!state.exists(), "and makes none");

    let reset = ["validator", "reset-sign-state", "--dir", &keys, "--chain-id", "990991", "--height", "10"];
    let (code, _, errors) = run(&reset);
    assert!(code == 1 && errors.contains("--yes-i-know") && !state.exists(), "{errors}");
    let (code, text, errors) = run(&[&reset[..], &["--yes-i-know"]].concat());
    assert!(code == 0 && text.contains("above height 10"), "{errors}");

    let signer = validator.signer();
    let remote = validator.remote();
    assert!(matches!(remote.sign(&vote(10, 1)), Err(SignError::Refused(_))));
    remote.sign(&vote(11, 1)).unwrap();
    let (code, _, errors) = run(&[&reset[..], &["--yes-i-know"]].concat());
    assert!(code == 1 && errors.contains("in use"), "{errors}");
    signer.kill();
    let (code, _, errors) = run(&[&reset[..], &["--yes-i-know"]].concat());
    assert!(code == 1 && errors.contains("up to height 11"), "{errors}");
}

#[test]
fn a_development_chain_takes_no_key() {
    let (code, _, errors) = run(&["node", "--dev", "--rpc.port", "0", "--validator.remote", "/nowhere"]);
    assert!(code == 1 && errors.contains("takes no consensus key of yours"), "{errors}");
}
