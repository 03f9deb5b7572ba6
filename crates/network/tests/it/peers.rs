//! Who finds whom, who stays, who is kept from whom.

use crate::net::{Node, config, identity, set_of, until, validator, within};
use bttc_consensus::{Transport, TransportEvent};
use bttc_network::{Network, NetworkConfig, OpenError, Role};

fn knowing(bootnode: &Node) -> NetworkConfig {
    NetworkConfig { bootnodes: vec![bootnode.address()], ..config() }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_find_each_other_through_a_bootnode() {
    let boot = Node::start(config(), identity()).await;
    let first = Node::start(knowing(&boot), identity()).await;
    boot.meets(&first).await;
    let second = Node::start(knowing(&boot), identity()).await;
    boot.meets(&second).await;
    first.meets(&second).await;
    let info = boot.peer(&first).unwrap();
    assert!(info.inbound && info.power == 0 && !info.trusted);
    until("the client's name", || boot.peer(&first).is_some_and(|peer| peer.client == "bttc/test")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_node_goes_back_to_the_peers_it_knew() {
    let other = Node::start(config(), identity()).await;
    let node = Node::start(knowing(&other), identity()).await;
    node.meets(&other).await;
    let (dir, config, identity) = node.stop().await;
    until("the end of the connection", || other.net.peer_count() == 0).await;
    // Nobody tells it this time.
    let node = Node::start_in(dir, NetworkConfig { bootnodes: Vec::new(), ..config }, identity).await;
    node.meets(&other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persistent_peer_is_dialed_until_it_is_back() {
    let other = Node::start(config(), identity()).await;
    let node = Node::joined(&[&other]).await;
    node.meets(&other).await;
    assert!(node.peer(&other).unwrap().trusted);
    let port = other.port();
    let (dir, mut config, identity) = other.stop().await;
    until("the end of the connection", || node.net.peer_count() == 0).await;
    config.listen = vec![format!("127.0.0.1:{port}").parse().unwrap()];
    let other = Node::start_in(dir, config, identity).await;
    node.meets(&other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_told_to_the_engine_and_its_end_too() {
    let first = Node::joined(&[]).await;
    let second = Node::joined(&[&first]).await;
    let event = within("a connection", first.net.next()).await;
    assert_eq!(event, Some(TransportEvent::Connected(second.id().clone())));
    let id = second.id().clone();
    second.stop().await;
    let event = within("a disconnection", first.net.next()).await;
    assert_eq!(event, Some(TransportEvent::Disconnected(id)));
    let net = first.net.clone();
    first.stop().await;
    assert_eq!(within("the end", net.next()).await, None);
    assert_eq!(within("the end", net.next_transactions()).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_behind_a_sentry_is_named_to_nobody() {
    let key_only = Node::start(config(), identity()).await;
    let (key_dir, _, _) = key_only.stop().await;
    // The sentry must know the id of its validator, and the validator where its sentry is.
    let hidden = Node::start_in(key_dir.clone(), config(), identity()).await;
    let hidden_id = hidden.text_id();
    hidden.stop().await;
    let sentry = Node::start(
        NetworkConfig { role: Role::Sentry, private_peers: vec![hidden_id.clone()], ..config() },
        identity(),
    )
    .await;
    let (signing, address) = validator();
    let role = NetworkConfig { role: Role::Validator, persistent_peers: vec![sentry.address()], ..config() };
    let hidden = Node::start_in(key_dir, role, signing).await;
    sentry.meets(&hidden).await;
    until("its proof", || sentry.peer(&hidden).is_some_and(|peer| peer.validator == Some(address))).await;
    let first = Node::start(knowing(&sentry), identity()).await;
    let second = Node::start(knowing(&sentry), identity()).await;
    sentry.meets(&first).await;
    sentry.meets(&second).await;
    // They find each other through the sentry, so discovery has told what it tells.
    first.meets(&second).await;
    assert!(!first.sees(&hidden) && !second.sees(&hidden) && hidden.net.peer_count() == 1);
    // Even somebody who has learnt of it is sent away.
    let curious = Node::start(knowing(&hidden), identity()).await;
    first.net.add_peer(&hidden.address()).unwrap();
    curious.net.add_peer(&sentry.address()).unwrap();
    curious.meets(&sentry).await;
    assert!(!curious.sees(&hidden) && !first.sees(&hidden));
    let (dir, ..) = second.stop().await;
    let kept = std::fs::read_to_string(dir.path().join("network/peers.json")).unwrap();
    assert!(kept.contains(&sentry.text_id()) && !kept.contains(&hidden_id), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_never_crowd_a_validator_out() {
    let (signing, address) = validator();
    let node = Node::start(NetworkConfig { max_inbound: 2, max_outbound: 0, ..config() }, identity()).await;
    node.net.set_validators(set_of(&[address]));
    let mut strangers = Vec::new();
    for _ in 0..2 {
        let stranger =
            Node::start(NetworkConfig { max_inbound: 0, max_outbound: 1, ..knowing(&node) }, identity()).await;
        node.meets(&stranger).await;
        strangers.push(stranger);
    }
    // One more is let in for a look and sent away; nobody who was there has to go.
    let surplus = Node::start(NetworkConfig { max_inbound: 0, max_outbound: 1, ..knowing(&node) }, identity()).await;
    let chosen = Node::start(knowing(&node), signing).await;
    node.meets(&chosen).await;
    let info = node.peer(&chosen).unwrap();
    assert_eq!((info.validator, info.power), (Some(address), 10));
    assert!(strangers.iter().all(|stranger| node.sees(stranger)));
    assert!(!node.sees(&surplus));
    node.net.set_validators(set_of(&[alloy_primitives::Address::repeat_byte(9)]));
    until("the new set to count", || node.peer(&chosen).is_some_and(|peer| peer.power == 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_are_added_and_removed_by_hand() {
    let first = Node::start(config(), identity()).await;
    let second = Node::start(config(), identity()).await;
    first.net.add_peer(&second.address()).unwrap();
    first.meets(&second).await;
    first.net.remove_peer(&second.text_id()).unwrap();
    until("the end of the connection", || !first.sees(&second) && !second.sees(&first)).await;
    assert!(first.net.remove_peer(&second.text_id()).unwrap_err().to_string().contains("not among the peers"));
    assert!(first.net.add_peer(&first.address()).unwrap_err().to_string().contains("itself"));
    assert!(first.net.add_peer("enode://abc").unwrap_err().to_string().contains("/p2p/ID"));
    assert!(first.net.ban("nobody", std::time::Duration::from_secs(1)).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_told_with_what_to_do() {
    let first = Node::start(config(), identity()).await;
    let dir = tempfile::tempdir().unwrap();
    let taken = NetworkConfig {
        listen: vec![format!("127.0.0.1:{}", first.port()).parse().unwrap()],
        path: dir.path().to_owned(),
        ..config()
    };
    let error = Network::open(taken, identity()).await.unwrap_err();
    assert!(matches!(error, OpenError::Listen { .. }) && error.to_string().contains("p2p.listen"), "{error}");
}
