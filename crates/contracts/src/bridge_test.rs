//! Bindings of the bridge's contracts against the committed artifacts, word for word: a selector says nothing of names, of what is indexed
//! and of what is answered.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;
use std::collections::BTreeSet;

/// A type as the source of a contract names it: structs by their name, contracts as addresses.
fn kind(item: &Value) -> String {
    let kind = item["type"].as_str().unwrap();
    let Some(array) = kind.strip_prefix("tuple") else { return kind.to_owned() };
    format!("{}{array}", struct_name(item))
}

fn struct_name(item: &Value) -> &str {
    let name = item["internalType"].as_str().unwrap().trim_start_matches("struct ").trim_end_matches("[]");
    name.rsplit('.').next().unwrap()
}

/// Parameters; those that are no single word are said to be at `place`.
fn list(items: &Value, place: &str) -> String {
    let one = |item: &Value| {
        let kind = kind(item);
        let long = kind == "string" || kind == "bytes" || kind.ends_with(']') || item["components"].is_array();
        let mut text = kind;
        if long && !place.is_empty() {
            text = format!("{text} {place}");
        }
        if item["indexed"] == true {
            text += " indexed";
        }
        format!("{text} {}", item["name"].as_str().unwrap()).trim_end().to_owned()
    };
    items.as_array().unwrap().iter().map(one).collect::<Vec<_>>().join(", ")
}

/// An entry of the ABI as the binding must spell it; nothing for what cannot be called by name.
fn declaration(entry: &Value) -> Option<String> {
    let name = entry["name"].as_str().unwrap_or_default();
    match entry["type"].as_str().unwrap() {
        "constructor" => Some(format!("constructor({});", list(&entry["inputs"], "memory"))),
        kind @ ("event" | "error") => Some(format!("{kind} {name}({});", list(&entry["inputs"], ""))),
        "function" => {
            let mutability = match entry["stateMutability"].as_str().unwrap() {
                "nonpayable" => String::new(),
                other => format!(" {other}"),
            };
            let outputs = list(&entry["outputs"], "memory");
            let returns = if outputs.is_empty() { String::new() } else { format!(" returns ({outputs})") };
            Some(format!("function {name}({}) external{mutability}{returns};", list(&entry["inputs"], "calldata")))
        }
        _ => None,
    }
}

/// Every struct that the entries use, as the binding must spell it, its lines joined.
fn structs(value: &Value, found: &mut BTreeSet<String>) {
    if let Some(items) = value.as_array() {
        items.iter().for_each(|item| structs(item, found));
    } else if let Some(fields) = value["components"].as_array() {
        let fields: Vec<_> =
            fields.iter().map(|field| format!("{} {};", kind(field), field["name"].as_str().unwrap())).collect();
        found.insert(format!("struct {} {{ {} }}", struct_name(value), fields.join(" ")));
        structs(&value["components"], found);
    }
}

/// Compares a binding with all that its contract has.
fn check(name: &str, artifact: &str, source: &str) {
    let artifact: Value = serde_json::from_str(artifact).unwrap();
    let abi = artifact["abi"].as_array().unwrap();
    let mut wanted: BTreeSet<_> = abi.iter().filter_map(declaration).collect();
    // One without arguments says nothing.
    wanted.remove("constructor();");
    for entry in abi {
        structs(&entry["inputs"], &mut wanted);
        structs(&entry["outputs"], &mut wanted);
    }

    let body = source.split_once(&format!("interface I{name} {{")).unwrap().1.split_once("\n    }\n").unwrap().0;
    let mut got = BTreeSet::new();
    let mut open: Vec<&str> = Vec::new();
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("///")) {
        open.push(line);
        if open[0].starts_with("struct ") && line != "}" {
            continue;
        }
        got.insert(open.join(" "));
        open.clear();
    }
    let missing: Vec<_> = wanted.difference(&got).collect();
    let unknown: Vec<_> = got.difference(&wanted).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "{name}: missing {missing:#?}, unknown {unknown:#?}");
}

macro_rules! check {
    ($name:literal, $source:literal) => {
        check($name, include_str!(concat!("../../../contracts/artifacts/", $name, ".json")), include_str!($source))
    };
}

#[test]
fn bindings_say_what_the_contracts_say() {
    check!("CheckpointManager", "root.rs");
    check!("RootBridge", "root.rs");
    check!("StateProof", "root.rs");
    check!("TestToken", "root.rs");
    check!("BridgeInbox", "bridge.rs");
    check!("BridgeOutbox", "bridge.rs");
    check!("BridgedToken", "bridge.rs");
}
