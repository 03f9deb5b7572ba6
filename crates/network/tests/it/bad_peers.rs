//! What strangers may try.

use crate::net::{Node, config, identity, until, within};
use alloy_primitives::B256;
use bttc_consensus::{Acceptance, Topic, Transport};
use bttc_network::{Identity, NetworkConfig};
use bytes::Bytes;
use rand::RngCore;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn is_refused(identity: Identity, why: &str) {
    let node = Node::joined(&[]).await;
    let stranger = Node::start(NetworkConfig { bootnodes: vec![node.address()], ..config() }, identity).await;
    let (ours, theirs) = (node.text_id(), stranger.text_id());
    until("both to refuse", || {
        node.net.bans().iter().any(|ban| ban.who == theirs) && stranger.net.bans().iter().any(|ban| ban.who == ours)
    })
    .await;
    for ban in [node.net.bans(), stranger.net.bans()].concat() {
        assert!(ban.why.contains(why), "{}", ban.why);
    }
    assert!(!node.sees(&stranger) && !stranger.sees(&node));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_another_chain_is_told_and_kept_out() {
    is_refused(Identity { chain_id: 990_991, ..identity() }, "chain 99099").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_another_genesis_is_told_and_kept_out() {
    is_refused(Identity { genesis_hash: B256::repeat_byte(8), ..identity() }, "genesis").await;
}

/// Whether the node has closed the connection.
async fn is_closed(stream: &mut TcpStream) {
    let mut buf = [0; 4_096];
    loop {
        match stream.read(&mut buf).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_silence_are_cut_off_while_good_peers_talk() {
    let node = Node::joined(&[]).await;
    let good = Node::joined(&[&node]).await;
    node.meets(&good).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(("127.0.0.1", node.port())).await.unwrap());
    }
    for length in [1, 7, 64, 4_096, 1 << 20] {
        let mut stream = TcpStream::connect(("127.0.0.1", node.port())).await.unwrap();
        let mut garbage = vec![0; length];
        rand::thread_rng().fill_bytes(&mut garbage);
        // The node may close before all is written.
        let _ = stream.write_all(&garbage).await;
        within("the end of a garbage stream", is_closed(&mut stream)).await;
    }
    // One that begins well and then sends a byte now and then.
    let mut slow = TcpStream::connect(("127.0.0.1", node.port())).await.unwrap();
    let drip = async {
        slow.write_all(b"\x13/multistream/1.0.0\n").await.unwrap();
        let (mut read, mut write) = slow.split();
        let dripping = async {
            loop {
                tokio::time::sleep(Duration::from_millis(300)).await;
                if write.write_all(b"\x07").await.is_err() {
                    return;
                }
            }
        };
        let reading = async {
            let mut buf = [0; 512];
            while read.read(&mut buf).await.is_ok_and(|length| length > 0) {}
        };
        tokio::select! { () = dripping => {}, () = reading => {} }
    };
    within("the end of a dripping stream", drip).await;
    for stream in &mut silent {
        within("the end of a silent stream", is_closed(stream)).await;
    }
    tokio::select! {
        got = node.message(Acceptance::Accept) => assert_eq!(got.1, &b"still here"[..]),
        () = async { loop {
            good.net.broadcast(Topic::Votes, Bytes::from_static(b"still here"));
            tokio::time::sleep(Duration::from_millis(100)).await;
        } } => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_gossip_is_limited_and_banned_while_a_good_peer_is_heard() {
    let node = Node::joined(&[]).await;
    let bad = Node::joined(&[&node]).await;
    let good = Node::joined(&[&node]).await;
    node.meets(&bad).await;
    node.meets(&good).await;
    let flood = async {
        let mut salt = 0u64;
        loop {
            for _ in 0..5 {
                salt += 1;
                bad.net.broadcast(Topic::Status, salt.to_be_bytes().to_vec().into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let talk = async {
        loop {
            good.net.broadcast(Topic::Votes, Bytes::from_static(b"vote"));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (mut votes, mut flooded) = (0u64, 0u64);
    let listen = async {
        let id = bad.text_id();
        while votes == 0 || !node.net.bans().iter().any(|ban| ban.who == id) {
            if let Ok((_, data)) =
                tokio::time::timeout(Duration::from_millis(50), node.message(Acceptance::Ignore)).await
            {
                if data == b"vote"[..] { votes += 1 } else { flooded += 1 }
            }
        }
    };
    let start = Instant::now();
    within("the ban", async {
        tokio::select! { () = listen => {}, () = flood => {}, () = talk => {} }
    })
    .await;
    assert!(votes > 0);
    // Two seconds' worth at once, and a second's worth each second after.
    let most = 400 + 200 * (start.elapsed().as_secs() + 2);
    assert!(flooded <= most, "{flooded} of the flood came through, at most {most} may");
    until("the end of the connection", || !node.sees(&bad)).await;
    assert!(node.sees(&good));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_banned_node_does_not_come_back_before_its_time() {
    let node = Node::joined(&[]).await;
    let other = Node::joined(&[&node]).await;
    node.meets(&other).await;
    node.net.ban(&other.text_id(), Duration::from_secs(3_600)).unwrap();
    until("the end of the connection", || !node.sees(&other)).await;
    assert_eq!(node.net.bans().len(), 1);
    // It dials on; what it gets is refused. Bans outlive the node.
    let (dir, config, identity) = node.stop().await;
    let node = Node::start_in(dir, config, identity).await;
    assert_eq!(node.net.bans().len(), 1);
    node.net.unban(&other.text_id()).unwrap();
    until("the ban to be lifted", || node.net.bans().is_empty()).await;
    let error = node.net.unban(&other.text_id()).unwrap_err();
    assert!(error.to_string().contains("admin_peers"), "{error}");
}
