//! Questions and answers.

use crate::net::{Node, config, identity, within};
use bttc_consensus::{MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, RequestError, Transport};
use bttc_network::NetworkConfig;
use bytes::Bytes;
use futures::future::join_all;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);

async fn pair() -> (Node, Node) {
    let server = Node::joined(&[]).await;
    let client = Node::joined(&[&server]).await;
    client.meets(&server).await;
    (server, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_up_to_the_largest_sizes() {
    let (server, client) = pair().await;
    let exchange = async {
        let question = Bytes::from(vec![7; MAX_REQUEST_BYTES]);
        let answer = client.net.request(server.id(), question, LONG).await.unwrap();
        assert_eq!(answer.len(), MAX_RESPONSE_BYTES);
        assert!(answer.iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8));
        let too_long = Bytes::from(vec![7; MAX_REQUEST_BYTES + 1]);
        let refused = client.net.request(server.id(), too_long, LONG).await.unwrap_err();
        assert!(refused.to_string().contains("at most"), "{refused}");
    };
    let largest: Bytes = (0..MAX_RESPONSE_BYTES).map(|at| (at % 251) as u8).collect::<Vec<_>>().into();
    within("the exchange", async {
        tokio::select! { () = exchange => {}, () = server.serve(|_| largest.clone()) => {} }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_times_out_and_a_peer_that_is_not_there_is_told() {
    let (server, client) = pair().await;
    let asked = client.net.request(server.id(), Bytes::from_static(b"?"), Duration::from_millis(200)).await;
    assert_eq!(asked, Err(RequestError::Timeout));
    let nobody = bttc_consensus::PeerId(Bytes::from_static(b"nobody"));
    let asked = client.net.request(&nobody, Bytes::new(), LONG).await;
    assert_eq!(asked, Err(RequestError::NotConnected));
    let id = server.id().clone();
    let waiting = client.net.request(&id, Bytes::from_static(b"?"), LONG);
    let (answer, _) = tokio::join!(waiting, async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.stop().await
    });
    assert!(matches!(answer, Err(RequestError::NotConnected | RequestError::Failed(_))), "{answer:?}");
    crate::net::until("the end of the connection", || client.net.peer_count() == 0).await;
    assert_eq!(client.net.request(&id, Bytes::new(), LONG).await, Err(RequestError::NotConnected));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_questions_at_once_are_refused_and_later_ones_served() {
    let (server, client) = pair().await;
    // Nobody answers: sixteen wait at most, and of them the server takes eight.
    let asked = (0..40).map(|_| client.net.request(server.id(), Bytes::from_static(b"?"), Duration::from_secs(1)));
    let answers = within("forty answers", join_all(asked)).await;
    let busy = answers.iter().filter(|answer| **answer == Err(RequestError::Busy)).count();
    let timeout = answers.iter().filter(|answer| **answer == Err(RequestError::Timeout)).count();
    assert_eq!((busy, timeout), (32, 8), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_floods_with_questions_is_banned_while_another_is_served() {
    let server = Node::joined(&[]).await;
    let bad = Node::joined(&[&server]).await;
    let good = Node::joined(&[&server]).await;
    bad.meets(&server).await;
    good.meets(&server).await;
    let flood = async {
        loop {
            let asked = (0..16).map(|_| bad.net.request(server.id(), Bytes::from_static(b"!"), LONG));
            if join_all(asked).await.iter().all(|answer| *answer == Err(RequestError::NotConnected)) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    let served = async {
        let id = bad.text_id();
        let mut answers = 0;
        while !server.net.bans().iter().any(|ban| ban.who == id) {
            let answer = good.net.request(server.id(), Bytes::from_static(b"good"), LONG).await;
            assert_eq!(answer, Ok(Bytes::from_static(b"good")));
            answers += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let ban = server.net.bans().into_iter().find(|ban| ban.who == id).unwrap();
        assert!(ban.why.contains("requests"), "{}", ban.why);
        assert!(answers > 0);
    };
    within("the ban", async {
        tokio::select! {
            () = served => {}
            () = flood => {}
            () = server.serve(|data| data) => {}
        }
    })
    .await;
    assert!(server.sees(&good));
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_held_to_the_rate_of_a_peer() {
    let limited = NetworkConfig { max_answer_rate: 1 << 20, ..config() };
    let server = Node::start(limited, identity()).await;
    let client = Node::joined(&[&server]).await;
    client.meets(&server).await;
    let big = Bytes::from(vec![1; 4 << 20]);
    let exchange = async {
        let ask = || client.net.request(server.id(), Bytes::from_static(b"?"), LONG);
        assert_eq!(ask().await.map(|answer| answer.len()), Ok(4 << 20));
        // Four seconds' worth was taken at once: nothing more for now.
        assert_eq!(ask().await, Err(RequestError::Busy));
    };
    within("two answers", async {
        tokio::select! { () = exchange => {}, () = server.serve(|_| big.clone()) => {} }
    })
    .await;
}
