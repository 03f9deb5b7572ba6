//! Messages reach all, and only what was accepted goes on.

use crate::net::{Node, until, within};
use bttc_consensus::{Acceptance, MAX_MESSAGE_BYTES, Topic, Transport, TransportEvent};
use bytes::Bytes;
use std::time::Duration;

/// Sends until the neighbour has it: right after a connection the topics of the other side are not known yet.
async fn send(from: &Node, topic: Topic, message: &'static [u8]) {
    loop {
        from.net.broadcast(topic, Bytes::from_static(message));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_down_the_line_once_each_accepts_it() {
    let first = Node::joined(&[]).await;
    let second = Node::joined(&[&first]).await;
    let third = Node::joined(&[&second]).await;
    let fourth = Node::joined(&[&third]).await;
    third.meets(&fourth).await;
    for topic in [Topic::Votes, Topic::Parts, Topic::Status] {
        let word = match topic {
            Topic::Votes => &b"a vote"[..],
            Topic::Parts => b"a part",
            Topic::Status => b"a status",
        };
        let line = async {
            for (node, before) in [(&second, &first), (&third, &second), (&fourth, &third)] {
                loop {
                    let (from, data) = node.message(Acceptance::Accept).await;
                    // Repetitions of earlier topics may still be on their way.
                    if data == word {
                        assert_eq!(from, *before.id());
                        break;
                    }
                }
            }
        };
        tokio::select! {
            () = line => {}
            () = send(&first, topic, word) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_accepted_goes_no_further() {
    let first = Node::joined(&[]).await;
    let second = Node::joined(&[&first]).await;
    let third = Node::joined(&[&second]).await;
    second.meets(&third).await;
    second.meets(&first).await;
    tokio::select! {
        () = send(&first, Topic::Votes, b"ignored") => {}
        // Three judgements in which the third node would have got something.
        () = async { for _ in 0..3 { second.message(Acceptance::Ignore).await; } } => {}
    }
    let got = async {
        loop {
            let (_, data) = third.message(Acceptance::Accept).await;
            assert_ne!(data, &b"ignored"[..]);
            if data == b"accepted"[..] {
                break;
            }
        }
    };
    tokio::select! {
        () = got => {}
        () = send(&first, Topic::Votes, b"accepted") => {}
        () = async { loop {
            let TransportEvent::Message { id, data, .. } = second.net.next().await.unwrap() else { continue };
            second.net.judge(id, if data == b"accepted"[..] { Acceptance::Accept } else { Acceptance::Ignore });
        } } => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejection_costs_points_and_ends_in_a_ban() {
    let good = Node::joined(&[]).await;
    // Not persistent for the judge, so that it can be banned.
    let bad = Node::joined(&[&good]).await;
    good.meets(&bad).await;
    let judging = async {
        loop {
            good.message(Acceptance::Reject).await;
        }
    };
    let sending = async {
        let mut salt = 0u64;
        loop {
            salt += 1;
            bad.net.broadcast(Topic::Votes, salt.to_be_bytes().to_vec().into());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let id = bad.text_id();
    tokio::select! {
        () = until("the ban", || good.net.bans().iter().any(|ban| ban.who == id)) => {}
        () = judging => {}
        () = sending => {}
    }
    until("the end of the connection", || !good.sees(&bad)).await;
    let ban = good.net.bans().into_iter().find(|ban| ban.who == id).unwrap();
    assert!(ban.why.contains("no honest node"), "{}", ban.why);
    good.net.unban(&id).unwrap();
    good.meets(&bad).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_votes_reaches_all_of_four_nodes_when_it_is_sent_once() {
    let first = Node::joined(&[]).await;
    let second = Node::joined(&[&first]).await;
    let third = Node::joined(&[&first, &second]).await;
    let fourth = Node::joined(&[&first, &second, &third]).await;
    for node in [&second, &third, &fourth] {
        first.meets(node).await;
    }
    // Until all know each other's topics.
    let warm = async {
        for node in [&second, &third, &fourth] {
            node.message(Acceptance::Accept).await;
        }
    };
    tokio::select! { () = warm => {}, () = send(&first, Topic::Votes, b"warm") => {} }
    for number in 0..20u8 {
        let word = Bytes::from(vec![number; 100]);
        first.net.broadcast(Topic::Votes, word.clone());
        for node in [&second, &third, &fourth] {
            while node.message(Acceptance::Accept).await.1 != word {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_travel_in_batches_and_bad_lists_are_blamed() {
    let first = Node::joined(&[]).await;
    let second = Node::joined(&[&first]).await;
    first.meets(&second).await;
    let all: Vec<Bytes> = (1..=200u8).map(|n| Bytes::from(vec![n; 1 + usize::from(n) * 20])).collect();
    let got = async {
        let mut got = Vec::new();
        while got.len() < all.len() {
            let batch = second.net.next_transactions().await.unwrap();
            assert_eq!(batch.from, *first.id());
            second.net.judge(batch.id, Acceptance::Accept);
            got.extend(batch.transactions);
        }
        got
    };
    let sending = async {
        loop {
            // The same bytes again are the same message: it cannot arrive twice.
            first.net.broadcast_transactions(all.clone());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        got = within("the transactions", got) => assert_eq!(got, all),
        () = sending => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_the_largest_size_arrive_one_after_the_other() {
    let first = Node::joined(&[]).await;
    let second = Node::joined(&[&first]).await;
    first.meets(&second).await;
    tokio::select! { _ = second.message(Acceptance::Accept) => {}, () = send(&first, Topic::Votes, b"warm") => {} }
    // As many as a large block has.
    let parts: Vec<Bytes> = (0..32u8).map(|number| vec![number; MAX_MESSAGE_BYTES].into()).collect();
    for part in &parts {
        first.net.broadcast(Topic::Parts, part.clone());
    }
    first.net.broadcast(Topic::Votes, vec![9; 64 << 10].into());
    let mut got = Vec::new();
    let mut votes = 0;
    while got.len() < parts.len() || votes == 0 {
        let (_, data) = second.message(Acceptance::Accept).await;
        match data.len() {
            MAX_MESSAGE_BYTES => got.push(data),
            0x1_0000 => votes += 1,
            _ => assert_eq!(data, b"warm"[..]),
        }
    }
    got.sort();
    assert_eq!(got, parts);
}
