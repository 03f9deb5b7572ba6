//! `bttc peers` against a socket that answers as a node does.

use crate::program::run;
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    os::unix::net::UnixListener,
    path::Path,
    thread::{self, JoinHandle},
};

/// Answers so many calls; what was asked comes back at the end.
fn answering(path: &Path, answers: Vec<Value>) -> JoinHandle<Vec<Value>> {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = Vec::new();
            let request: Value = loop {
                let mut part = [0; 1024];
                let length = stream.read(&mut part).unwrap();
                assert!(length > 0, "the request ended early");
                bytes.extend_from_slice(&part[..length]);
                if let Ok(request) = serde_json::from_slice(&bytes) {
                    break request;
                }
            };
            stream.write_all(format!("{answer}\n").as_bytes()).unwrap();
            asked.push(request);
        }
        asked
    })
}

#[test]
fn peers_and_bans_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("node.ipc");
    let peer = json!({ "id": "12D3KooW", "name": "bttc/v1", "address": "/ip4/10.0.0.1/tcp/30990", "inbound": false,
        "trusted": true, "validator": null, "power": 0, "faultPoints": 20, "gossipScore": 0.5, "roundTripMs": 12.34,
        "connectedSeconds": 60 });
    let bans = json!([{ "who": "10.0.0.9", "until": 99, "why": "flood" }]);
    let node = answering(&socket, vec![json!({ "id": 1, "result": [peer] }), json!({ "id": 1, "result": bans })]);
    let (code, text, errors) = run(&["peers", "--ipc", socket.to_str().unwrap(), "list"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    for word in
        ["12D3KooW", "out, trusted", "/ip4/10.0.0.1/tcp/30990", "20", "12.3", "banned: 10.0.0.9 until 99 (flood)"]
    {
        assert!(text.contains(word), "{word} in\n{text}");
    }
    assert_eq!(node.join().unwrap()[0]["method"], "admin_peers");
}

#[test]
fn orders_reach_the_node_and_its_refusals_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("node.ipc");
    let refusal = json!({ "id": 1, "error": { "code": -32000, "message": "x is not among the peers" } });
    let node = answering(&socket, vec![json!({ "id": 1, "result": true }), refusal]);
    let path = socket.to_str().unwrap();
    assert_eq!(run(&["peers", "--ipc", path, "ban", "10.0.0.1", "--time", "2h"]), (0, String::new(), String::new()));
    let (code, _, errors) = run(&["peers", "--ipc", path, "remove", "x"]);
    assert!(code == 1 && errors.contains("x is not among the peers"), "{errors}");
    let asked = node.join().unwrap();
    assert_eq!((&asked[0]["method"], &asked[0]["params"]), (&json!("admin_banPeer"), &json!(["10.0.0.1", 7_200])));
    let (code, _, errors) = run(&["peers", "--datadir", dir.path().to_str().unwrap(), "list"]);
    assert!(code == 1 && errors.contains("no node answers") && errors.contains("--ipc"), "{errors}");
}
