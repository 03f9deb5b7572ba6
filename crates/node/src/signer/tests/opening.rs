//! `[validator]` from the configuration to a signer.

use super::*;
use alloy_signer_local::PrivateKeySigner;
use std::{fs, os::unix::fs::PermissionsExt};

/// A validator's directory with an encrypted key whose password is `x`.
fn validator(dir: &Path) -> ValidatorConfig {
    let (path, password_file) = (dir.join(KEY_FILE), dir.join("password"));
    let key = crate::dev_validator();
    PrivateKeySigner::encrypt_keystore(dir, &mut rand::thread_rng(), key.to_bytes(), "x", Some(KEY_FILE)).unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    json["address"] = format!("{:x}", key.address()).into();
    fs::write(&path, json.to_string()).unwrap();
    fs::write(&password_file, "x\n").unwrap();
    for file in [&path, &password_file] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    made(dir);
    ValidatorConfig { key: Some(path), password_file: Some(password_file), ..Default::default() }
}

fn refused(config: &ValidatorConfig) -> String {
    open_validator_key(config, CHAIN).err().map(|error| format!("{error:#}")).unwrap()
}

#[test]
fn a_key_file_opens_behind_its_guard() {
    let dir = tempfile::tempdir().unwrap();
    let config = validator(dir.path());
    let signer = open_validator_key(&config, CHAIN).unwrap().unwrap();
    assert_eq!(signer.address(), key().address());
    signer.sign(&vote(VoteKind::Prevote, 1, 0, 1)).unwrap();
    assert!(signer.sign(&vote(VoteKind::Prevote, 1, 0, 2)).is_err());
    assert!(refused(&config).contains("in use"), "{}", refused(&config));
    drop(signer);

    let key = config.key.clone().unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let open = refused(&config);
    assert!(open.contains("is open to other users (mode 640)") && open.contains("chmod 600"), "{open}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
    let elsewhere = ValidatorConfig { address: Some(Address::repeat_byte(4)), ..config.clone() };
    assert!(refused(&elsewhere).contains("validator.address says 0x0404"), "{}", refused(&elsewhere));
    fs::write(dir.path().join("password"), "y\n").unwrap();
    assert!(refused(&config).contains("is the password in"), "{}", refused(&config));
    fs::remove_file(dir.path().join(SIGN_STATE_FILE)).unwrap();
    fs::write(dir.path().join("password"), "x\n").unwrap();
    assert!(refused(&config).contains("is missing"), "{}", refused(&config));
}

#[test]
fn a_section_that_makes_no_sense_is_refused() {
    assert!(open_validator_key(&ValidatorConfig::default(), CHAIN).unwrap().is_none());
    let path = || Some(PathBuf::from("/nowhere/at/all"));
    let base = ValidatorConfig::default;
    for (config, expected) in [
        (ValidatorConfig { key: path(), remote: path(), ..base() }, "both a key and a remote signer"),
        (ValidatorConfig { key: path(), ..base() }, "without validator.password_file"),
        (ValidatorConfig { sign_state: path(), ..base() }, "neither a key nor a remote signer"),
        (ValidatorConfig { remote: path(), sign_state: path(), ..base() }, "belong to the signer"),
        (ValidatorConfig { key: path(), password_file: path(), ..base() }, "cannot find the consensus key"),
        (ValidatorConfig { remote: path(), ..base() }, "no signer answers on /nowhere/at/all"),
    ] {
        let error = refused(&config);
        assert!(error.contains(expected), "{error}, expected {expected}");
    }
}
