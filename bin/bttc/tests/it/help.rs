//! What the program says of itself. Snapshots: `INSTA_UPDATE=always cargo test -p bttc` writes them anew.

use crate::program::run;

#[test]
fn every_help_page_is_as_before() {
    let pages: [&[&str]; 48] = [
        &["--help"],
        &["node", "--help"],
        &["config", "show", "--help"],
        &["init", "--help"],
        &["genesis", "--help"],
        &["genesis", "build", "--help"],
        &["import", "--help"],
        &["account", "--help"],
        &["account", "export", "--help"],
        &["validator", "--help"],
        &["validator", "keygen", "--help"],
        &["validator", "show", "--help"],
        &["validator", "reset-sign-state", "--help"],
        &["validator", "prove", "--help"],
        &["account", "book", "--help"],
        &["explain", "--help"],
        &["bridge", "--help"],
        &["bridge", "status", "--help"],
        &["bridge", "exit", "--help"],
        &["bridge", "claim", "--help"],
        &["bridge", "deposit", "--help"],
        &["bridge", "submit", "--help"],
        &["stake", "--help"],
        &["stake", "delegate", "--help"],
        &["stake", "positions", "--help"],
        &["stake", "rewards", "export", "--help"],
        &["stake", "validator", "--help"],
        &["stake", "validator", "create", "--help"],
        &["stake", "sign", "--help"],
        &["stake", "resume", "--help"],
        &["gov", "--help"],
        &["gov", "propose", "--help"],
        &["gov", "override", "--help"],
        &["gov", "deposit", "--help"],
        &["gov", "params", "--help"],
        &["signer", "--help"],
        &["db", "--help"],
        &["db", "verify", "--help"],
        &["db", "audit-supply", "--help"],
        &["db", "backup", "--help"],
        &["db", "compact", "--help"],
        &["peers", "--help"],
        &["peers", "ban", "--help"],
        &["db", "get", "--help"],
        &["db", "snapshot", "export", "--help"],
        &["db", "snapshot", "import", "--help"],
        &["testnet", "--help"],
        &["testnet", "up", "--help"],
    ];
    for page in pages {
        let (code, text, errors) = run(page);
        assert_eq!((code, errors.as_str()), (0, ""), "{page:?}");
        insta::assert_snapshot!(page.join(" ").replace("--", ""), text);
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    assert_eq!(run(&["--version"]), (0, format!("bttc {}\n", env!("CARGO_PKG_VERSION")), String::new()));
}

#[test]
fn a_fault_of_the_command_line_ends_with_two() {
    let faults: [(&[&str], &str); 7] = [
        (&[], "Usage: bttc"),
        (&["nod"], "node"),
        (&["node", "--dve"], "unexpected argument '--dve'"),
        (&["node", "--dev", "--chain", "testnet"], "cannot be used with"),
        (&["node", "--prune", "some"], "possible values: archive, full, minimal"),
        (&["node", "--block-time", "soon"], "write a time such as 2s"),
        (&["account", "list", "--rpc.port", "1"], "--rpc.port configures a node"),
    ];
    for (arguments, expected) in faults {
        let (code, _, errors) = run(arguments);
        assert_eq!(code, 2, "{arguments:?}: {errors}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = run(&["completions", shell]);
        assert!(code == 0 && script.contains("completions") && script.contains("block-time"), "{shell}");
    }
}

#[test]
fn the_configuration_in_force_is_shown_and_checked() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("node.toml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "[rpc]\nport = 9545\ncall_timeout = \"2s\"\n").unwrap();
    let (code, shown, _) = run(&["config", "show", "--config", path, "--log.format", "json", "--dev"]);
    assert_eq!(code, 0);
    let (_, pruned, _) =
        run(&["config", "show", "--storage.prune", "archive", "--prune", "full", "--storage.keep-logs=500"]);
    assert!(pruned.contains("prune = \"full\"\n") && pruned.contains("keep_logs = 500\n"), "{pruned}");
    for line in
        ["prune = \"archive\"", "port = 9545", "call_timeout = \"2s\"", "format = \"json\"", "network = \"dev\""]
    {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert_eq!(run(&["config", "check", "--config", path]).0, 0);

    std::fs::write(&file, "[rpc]\nprot = 9545\n").unwrap();
    let (code, _, errors) = run(&["config", "check", "--config", path]);
    assert_eq!(code, 1);
    assert!(
        errors.starts_with("Error: ") && errors.contains("unknown field `prot`") && errors.contains("line 2"),
        "{errors}"
    );
    let (code, _, errors) = run(&["config", "check", "--rpc.call-timeout", "soon"]);
    assert!(code == 1 && errors.contains("--rpc.call_timeout soon"), "{errors}");
    let (code, _, errors) = run(&["config", "check", "--config", "/no/such.toml"]);
    assert!(code == 1 && errors.contains("/no/such.toml"), "{errors}");
    let (code, _, errors) = run(&["config", "check", "--chain", "mainet"]);
    assert!(code == 1 && errors.contains("dev, testnet, mainnet"), "{errors}");
}
