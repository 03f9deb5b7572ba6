//! Governance from the command line, on a network of one validator.

use crate::{
    network::{BTT, Network, wei},
    program::{DEADLINE, bttc, told},
};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Asks again and again until the answer is as wanted.
fn wait(network: &Network, arguments: &[&str], what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + DEADLINE;
    loop {
        let answer = network.json(arguments);
        if wanted(&answer) {
            return answer;
        }
        assert!(Instant::now() < end, "{what} did not come: {answer}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn wait_for(network: &Network, status: &str) -> Value {
    wait(network, &["show", "1"], status, |of| of["status"] == status)
}

#[test]
fn a_parameter_goes_from_a_proposal_into_force() {
    // A day of four seconds: the vote takes 20, the delay 8, the cool-down 28.
    let network = Network::up("gov", &["--day", "4s"]);
    let (operator_key, key) = (network.import_operator(), network.import(3));
    let password = network.path("password");
    let account = &*network.account(3);
    let operator = bttc_node::dev_operator(0).address().to_string();
    let delegate =
        ["stake", "delegate", "validator 0", "1000000", "--keystore", &key, "--password-file", &password, "-y"];
    let (code, text, errors) = network.run(&delegate);
    assert_eq!(code, 0, "{text}{errors}");
    assert_eq!(network.does(&["list"]), "There are no such proposals.\n");
    // It counts from the next epoch on.
    let epoch = network.run(&["stake", "positions", account, "--json"]);
    assert_eq!(epoch.0, 0);
    let end = Instant::now() + DEADLINE;
    loop {
        let (_, text, _) = network.run(&["stake", "positions", account, "--json"]);
        let json: Value = serde_json::from_str(&text).unwrap();
        if wei(&json["positions"][0]["active"]) > 0 {
            break;
        }
        assert!(Instant::now() < end, "the stake stays cold: {text}");
        std::thread::sleep(Duration::from_millis(300));
    }

    // What the chain would refuse is refused before, with the bounds.
    let propose = |more: &[&str]| {
        let words = [&["propose", "--title", "Lower fees", "--keystore", &operator_key][..], more].concat();
        network.refused(&words)
    };
    for (more, id, words) in [
        (&["--set", "minBaseFee=200 gwei"][..], "E1302", "allowed are 300 gwei to 100,000 gwei"),
        (&["--set", "minBaseFee=5000 gwei"], "E1303", "by at most 3,000 gwei at once"),
        (&["--set", "minBaseFee=9000 gwei"], "E1306", "minBaseFee is 9,000 gwei"),
        (&["--set", "minBaseFee=8000 gwei", "--set", "quorum=45%"], "E1308", "takes the long lane"),
        (&["--set", "minBaseFee=8000 gwei", "--lane", "long"], "E1309", "it takes the standard lane"),
        (&["--call", account, "0x01020304"], "E1310", "0x01020304"),
        (&["--plan-fork", "Next", "--at", "+1s"], "E1312", "cannot be executed before"),
        (&["--set", "minBaseFees=1 gwei"], "E1301", "bttc explain E1301"),
        (&["--set", "minBaseFee=8000 gwei", "--deposit", "99999"], "E1315", "100000 BTT to 1000000 BTT"),
        // Only the chain itself knows this rule.
        (&["--set", "burnPercent=60%", "--set", "stakersPercent=50%"], "E1307", "together at most 100%"),
    ] {
        let (code, errors) = propose(&[more, &["-y", "--password-file", &password]].concat());
        assert!(code == 1 && errors.contains(id) && errors.contains(words), "{more:?}: {errors}");
    }

    // A dry run says what it does, what it costs, and when.
    let lower =
        ["propose", "--title", "Lower fees", "--description", "People want it.", "--set", "minBaseFee=8000 gwei"];
    let (code, text, errors) = network.run(&[&["gov"], &lower[..], &["--keystore", &operator_key]].concat());
    assert!(code == 2 && errors.contains("dry run"), "{text}{errors}");
    for part in [
        "if it passes: sets minBaseFee from 9,000 gwei to 8,000 gwei",
        "Lane        standard",
        "Deposit     1000000 BTT, the whole of it",
        "Vote until",
        "In effect   not before",
        "Fee         about",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let sent = network.send(&operator_key, &[&lower[..], &["--deposit", "100000"]].concat());
    assert_eq!(
        (&sent["events"][0]["name"], &sent["events"][0]["proposal"]),
        (&Value::from("Proposed"), &Value::from(1))
    );
    assert_eq!(sent["plan"]["details"]["lane"], "standard");
    let text = network.does(&["show", "1"]);
    for part in [
        "Lower fees",
        "Status      deposit: 900000 BTT of the deposit are missing",
        "Action      sets minBaseFee from",
        "\nPeople want it.\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (_, errors) = network.refused(&["deposit", "1", "900001", "--keystore", &key]);
    assert!(errors.contains("E1315") && errors.contains("900000 BTT are missing"), "{errors}");
    let (_, errors) = network.refused(&["vote", "1", "for", "--keystore", &operator_key]);
    assert!(errors.contains("E1314") && errors.contains("\"deposit\""), "{errors}");
    let sent = network.send(&operator_key, &["deposit", "1"]);
    assert_eq!(
        (wei(&sent["events"][0]["amount"]), &sent["events"][1]["name"]),
        (900_000 * BTT, &Value::from("VoteScheduled"))
    );

    // The validator votes for it, a delegator against.
    wait_for(&network, "voting");
    let (_, errors) = network.refused(&["vote", "1", "for", "--keystore", &key]);
    assert!(errors.contains("E1316") && errors.contains("bttc gov override"), "{errors}");
    let sent = network.send(&operator_key, &["vote", "1", "for"]);
    assert_eq!(
        (&sent["events"][0]["choice"], &sent["events"][0]["who"]),
        (&Value::from("for"), &Value::from(operator))
    );
    let sent = network.send(&key, &["override", "1", "against"]);
    assert_eq!(
        (&sent["events"][0]["name"], wei(&sent["events"][0]["amount"])),
        (&Value::from("Voted"), 1_000_000 * BTT)
    );
    let effects = sent["plan"]["effects"].to_string();
    assert!(effects.contains("which votes for"), "{effects}");
    let told = network.json(&["tally", "1", "--account", account]);
    assert_eq!(wei(&told["tally"]["for"]) - wei(&told["tally"]["against"]), 99_000_000 * BTT, "{told}");
    assert_eq!(
        (&told["vote"]["own"][0]["choice"], &told["tally"]["quorumReached"]),
        (&Value::from("against"), &Value::from(true))
    );
    let text = network.does(&["tally", "1", "--account", account]);
    assert!(text.contains("votes against itself; the validator votes for") && text.contains("Quorum      "), "{text}");
    let (_, errors) = network.refused(&["queue", "1", "--keystore", &key]);
    assert!(errors.contains("E1314"), "{errors}");

    // Queued by a transaction that was signed elsewhere.
    wait_for(&network, "succeeded");
    let (unsigned, signed) = (network.path("tx.json"), network.path("tx.signed.json"));
    network.json(&["queue", "1", "--account", account, "--unsigned", &unsigned]);
    let sign =
        ["sign", &unsigned, "--keystore", &key, "--password-file", &password, "--rpc", "http://127.0.0.1:1", "-y"];
    let text = network.does(&sign);
    assert!(
        text.contains("Effect      hands proposal 1, which passed, to the timelock") && text.contains("gov send"),
        "{text}"
    );
    let sent = network.json(&["send", &signed]);
    assert_eq!((&sent["state"], &sent["events"][0]["name"]), (&Value::from("included"), &Value::from("Queued")));
    let (_, errors) = network.refused(&["execute", "1", "--keystore", &key]);
    assert!(errors.contains("E1320") && errors.contains("UTC"), "{errors}");
    let list = network.does(&["list", "--status", "open"]);
    assert!(list.contains("queued") && list.contains("Lower fees") && list.contains("99% / 0.99%"), "{list}");

    wait_for(&network, "executable");
    let sent = network.send(&key, &["execute", "1"]);
    let names: Vec<_> = sent["events"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ParamSet", "Executed"]);
    let (_, errors) = propose(&["--set", "minBaseFee=7000 gwei"]);
    assert!(errors.contains("E1305") || errors.contains("E1304"), "{errors}");
    let in_force = |of: &Value| of["params"][0]["value"] == "8000000000000";
    wait(&network, &["params", "min-base-fee"], "the new base fee", in_force);
    let diff = network.does(&["params", "diff"]);
    let line = diff.lines().find(|line| line.contains("minBaseFee")).unwrap();
    assert!(line.contains("9,000 gwei") && line.contains("8,000 gwei"), "{diff}");
    let all = network.does(&["params"]);
    assert!(all.contains("100,000 gwei") && all.lines().count() == 40, "{all}");

    // The money comes back, once.
    let sent = network.send(&operator_key, &["refund", "1"]);
    assert_eq!(wei(&sent["events"][0]["amount"]), 1_000_000 * BTT);
    let (_, errors) = network.refused(&["refund", "1", "--keystore", &operator_key]);
    assert!(errors.contains("E1319"), "{errors}");
    let (_, errors) = network.refused(&["show", "2"]);
    assert!(errors.contains("E1313"), "{errors}");
}

#[test]
fn the_grammar_and_the_errors_need_no_node() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| told(&bttc(arguments).env("XDG_DATA_HOME", home.path()).output().unwrap());
    let (code, text, _) = run(&["explain", "E1303"]);
    assert!(code == 0 && text.starts_with("E1303: the change is too large at once\n\n"), "{text}");
    let (code, text, _) = run(&["explain"]);
    assert!(code == 0 && text.contains("E1225  ") && text.contains("E1322  "), "{text}");
    for (arguments, words) in [
        (&["gov"][..], "Usage: bttc gov"),
        (&["gov", "vote", "1", "maybe"], "possible values: for, against, abstain, veto"),
        (&["gov", "propose", "--set", "quorum=45%"], "--title"),
        (&["gov", "propose", "--title", "T", "--force"], "unexpected argument '--force'"),
        (&["gov", "propose", "--title", "T", "--plan-fork", "Next"], "--at"),
        (&["gov", "propose", "--title", "T", "--plan-fork", "Next", "--at", "soon"], "2027-01-31T12:00:00Z"),
        (&["gov", "propose", "--title", "T", "--spend", "0x00"], "--spend"),
        (&["gov", "deposit", "1", "1 ETH"], "cannot read amount"),
    ] {
        let (code, _, errors) = run(arguments);
        assert!(code == 2 && errors.contains(words), "{arguments:?}: {errors}");
    }
    let (code, _, errors) = run(&["gov", "list", "--rpc", "http://127.0.0.1:1"]);
    assert!(code == 1 && errors.contains("E1001"), "{errors}");
    // What cannot be read is said before any node is asked.
    let nowhere = ["--rpc", "http://127.0.0.1:1"];
    let (code, _, errors) = run(&[&["gov", "propose", "--title", "T", "--set", "quorum=45"][..], &nowhere].concat());
    assert!(code == 1 && errors.contains("it has no unit") && errors.contains("7.5%"), "{errors}");
}
