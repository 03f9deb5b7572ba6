//! Keys: in from a file, listed, out again; never on the command line.

use crate::program::run;
use std::{fs, os::unix::fs::PermissionsExt};

/// The first development account.
const ADDRESS: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

#[test]
fn an_imported_key_is_listed_and_exported() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (keystore, password, key, out) = (path("keys"), path("password"), path("key"), path("out"));
    fs::write(&password, "correct horse\n").unwrap();
    fs::write(&key, format!("{KEY}\n")).unwrap();

    let (code, text, notes) =
        run(&["account", "import", "--keystore", &keystore, "--key-file", &key, "--password-file", &password]);
    assert_eq!((code, text.trim()), (0, ADDRESS), "{notes}");
    let (code, text, _) = run(&["account", "list", "--keystore", &keystore]);
    assert!(code == 0 && text.starts_with(ADDRESS) && text.lines().count() == 1, "{text}");

    let export = ["account", "export", "--keystore", &keystore, ADDRESS, "--password-file", &password];
    let (code, text, errors) = run(&export);
    assert!(code == 1 && text.is_empty() && errors.contains("--yes"), "{errors}");
    let (code, text, warning) = run(&[&export[..], &["--yes"]].concat());
    assert_eq!((code, text.trim()), (0, KEY));
    assert!(warning.contains("owns everything"), "{warning}");
    let (code, text, _) = run(&[&export[..], &["--yes", "--out", &out]].concat());
    assert_eq!((code, text.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(&out).unwrap().trim(), KEY);
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    let (code, _, errors) = run(&[&export[..], &["--yes", "--out", &out]].concat());
    assert!(code == 1 && errors.contains("cannot make"), "{errors}");

    fs::write(&password, "battery\n").unwrap();
    let (code, text, errors) = run(&[&export[..], &["--yes"]].concat());
    assert!(code == 1 && text.is_empty() && errors.contains("is the password right?"), "{errors}");
}

#[test]
fn a_new_key_needs_a_password_and_nothing_is_written_without() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (keystore, password, key) = (path("keys"), path("password"), path("key"));
    let (code, _, errors) = run(&["account", "new", "--keystore", &keystore]);
    assert!(code == 1 && errors.contains("no terminal"), "{errors}");
    fs::write(&password, "\n").unwrap();
    let (code, _, errors) = run(&["account", "new", "--keystore", &keystore, "--password-file", &password]);
    assert!(code == 1 && errors.contains("is empty"), "{errors}");
    fs::write(&key, "0xabcd secret").unwrap();
    let (code, _, errors) =
        run(&["account", "import", "--keystore", &keystore, "--key-file", &key, "--password-file", &password]);
    assert!(code == 1 && errors.contains("no private key") && !errors.contains("secret"), "{errors}");
    assert!(!fs::exists(&keystore).unwrap());

    fs::write(&password, "x\n").unwrap();
    let (code, address, _) = run(&["account", "new", "--keystore", &keystore, "--password-file", &password]);
    assert!(code == 0 && address.starts_with("0x"), "{address}");
}
