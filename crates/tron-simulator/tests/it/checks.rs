//! What a node checks before it takes a transaction: each check, its code, and that the earlier one answers first.

use crate::world::{GET_CODE, TRX, World, call, creation, payment};
use alloy_primitives::{Address, address, hex};
use alloy_signer_local::PrivateKeySigner;
use bttc_tron_simulator::{
    Command,
    send::sign,
    transaction::{Action, Creation},
};
use serde_json::json;

const SOMEBODY: Address = address!("00000000000000000000000000000000000000dd");

#[tokio::test]
async fn what_is_no_transaction_is_told_so() {
    let world = World::new().await;
    for transaction in ["zz", "ff"] {
        let answer = world.ask("/wallet/broadcasthex", json!({ "transaction": transaction })).await;
        assert!(answer["Error"].as_str().unwrap().starts_with("class "), "{answer}");
    }
    assert_eq!(world.code(&[]).await, "CONTRACT_VALIDATE_ERROR");
    assert!(world.ask("/wallet/broadcasttransaction", json!({})).await["Error"].is_string());
}

#[tokio::test]
async fn expiration_comes_first() {
    let world = World::new().await;
    let head = i64::try_from(world.net.status().time).unwrap();
    let with = |expiration: i64| {
        world.signed(&payment(SOMEBODY), |terms| {
            terms.expiration = expiration;
            // Wrong as well, but looked at later.
            terms.ref_hash = vec![0; 8];
        })
    };
    assert_eq!(world.code(&with(head).1).await, "TRANSACTION_EXPIRATION_ERROR");
    assert_eq!(world.code(&with(head + 2_999).1).await, "TRANSACTION_EXPIRATION_ERROR", "before the next slot");
    assert_eq!(world.code(&with(head + 3_000).1).await, "TAPOS_ERROR");
    // The next slot is later when slots are missed.
    world.net.command(Command::SkipSlots { slots: 10 }).unwrap();
    assert_eq!(world.code(&with(head + 32_999).1).await, "TRANSACTION_EXPIRATION_ERROR");
    assert_eq!(world.code(&with(head + 33_000).1).await, "TAPOS_ERROR");
}

#[tokio::test]
async fn expiration_is_within_a_day_of_the_head() {
    let world = World::new().await;
    let head = i64::try_from(world.net.status().time).unwrap();
    let with = |expiration: i64| world.signed(&payment(SOMEBODY), |terms| terms.expiration = expiration);
    assert_eq!(world.code(&with(head + 86_400_001).1).await, "TRANSACTION_EXPIRATION_ERROR");
    assert_eq!(world.code(&with(head + 86_400_000).1).await, "SUCCESS");
}

#[tokio::test]
async fn signatures_are_of_the_owner() {
    let world = World::new().await;
    let (other, owner) = (PrivateKeySigner::random(), world.rich.address());
    let mut terms = world.net.terms();
    terms.ref_hash = vec![0; 8];
    let of = |keys: &[&PrivateKeySigner]| sign(owner, &payment(SOMEBODY), &terms, keys).1;
    assert_eq!(world.code(&of(&[])).await, "SIGERROR");
    assert_eq!(world.code(&of(&[&other])).await, "SIGERROR");
    assert_eq!(world.code(&of(&[&world.rich, &world.rich])).await, "SIGERROR", "one key, two signatures");
    assert_eq!(world.code(&of(&[&world.rich])).await, "TAPOS_ERROR");
    let mut cut = of(&[&world.rich]);
    cut.pop();
    let last = cut.len() - 65;
    cut[last] = 64;
    assert_eq!(world.code(&cut).await, "SIGERROR", "64 bytes");
    let permission = world.signed(&payment(SOMEBODY), |terms| terms.permission = 3);
    assert_eq!(world.code(&permission.1).await, "SIGERROR", "no such permission");
}

#[tokio::test]
async fn an_active_permission_may_only_call() {
    let world = World::new().await;
    let (relayer, owner) = (PrivateKeySigner::random(), world.rich.address());
    let contract = world.deploy(&GET_CODE);
    world.net.command(Command::ActiveKeys { account: owner, keys: vec![relayer.address()] }).unwrap();
    world.net.mine(1).unwrap();
    let mut terms = world.net.terms();
    terms.permission = 2;
    let of = |action, key| sign(owner, &action, &terms, &[key]).1;
    assert_eq!(world.code(&of(payment(SOMEBODY), &relayer)).await, "SIGERROR");
    assert_eq!(world.code(&of(call(contract, hex!("6d4ce63c")), &world.rich)).await, "SIGERROR");
    assert_eq!(world.code(&of(call(contract, hex!("6d4ce63c")), &relayer)).await, "SUCCESS");
}

#[tokio::test]
async fn references_are_to_the_last_65536_blocks() {
    let world = World::new().await;
    world.net.command(Command::ReferenceWindow { blocks: 10 }).unwrap();
    world.net.mine(20).unwrap();
    let to = |number: u64| {
        let (bytes, hash) = world.net.block(number).unwrap().id.reference();
        world.signed(&payment(SOMEBODY), |terms| {
            (terms.ref_bytes, terms.ref_hash) = (bytes.to_vec(), hash.to_vec());
            terms.timestamp += i64::try_from(number).unwrap();
        })
    };
    assert_eq!(world.code(&to(10).1).await, "TAPOS_ERROR", "too far back");
    assert_eq!(world.code(&to(11).1).await, "SUCCESS");
    assert_eq!(world.code(&to(20).1).await, "SUCCESS", "also to one that is not solid");
    let stale = world.signed(&payment(SOMEBODY), |terms| terms.ref_bytes = vec![0, 21]);
    assert_eq!(world.code(&stale.1).await, "TAPOS_ERROR", "to one that is not there yet");
    let odd = world.signed(&payment(SOMEBODY), |terms| terms.ref_bytes = vec![1]);
    assert_eq!(world.code(&odd.1).await, "TAPOS_ERROR");
}

#[tokio::test]
async fn size_is_bounded() {
    let world = World::new().await;
    let contract = world.deploy(&GET_CODE);
    let of = |bytes: usize| world.signed(&call(contract, vec![1; bytes]), |_| ());
    let around = of(500_000).1.len() - 500_000;
    assert_eq!(world.code(&of(512_000 - 128 - around + 1).1).await, "TOO_BIG_TRANSACTION_ERROR");
    assert_eq!(world.code(&of(512_000 - 128 - around).1).await, "SUCCESS");
}

#[tokio::test]
async fn what_was_seen_is_not_taken_again() {
    let world = World::new().await;
    let (id, bytes) = world.signed(&payment(SOMEBODY), |_| ());
    assert_eq!(world.code(&bytes).await, "SUCCESS");
    assert_eq!(world.code(&bytes).await, "DUP_TRANSACTION_ERROR", "it waits");
    world.net.mine(1).unwrap();
    assert_eq!(world.net.receipt(id).unwrap().block, 1);
    assert_eq!(world.code(&bytes).await, "DUP_TRANSACTION_ERROR", "a block has it");
    world.net.command(Command::Restart { node: 0 }).unwrap();
    assert_eq!(world.code(&bytes).await, "DUP_TRANSACTION_ERROR", "the chain does not forget");
    world.net.mine(5).unwrap();
    assert_eq!(world.net.balance(SOMEBODY), TRX, "paid once");
}

#[tokio::test]
async fn the_owner_exists_and_can_pay() {
    let world = World::new().await;
    let poor = PrivateKeySigner::random();
    let contract = world.deploy(&GET_CODE);
    let of = |action: &Action, stamp: i64| {
        let mut terms = world.net.terms();
        terms.timestamp += stamp;
        sign(poor.address(), action, &terms, &[&poor]).1
    };
    let get = call(contract, hex!("6d4ce63c"));
    let answer = world.broadcast(&of(&get, 0)).await;
    assert_eq!(answer["code"], "CONTRACT_VALIDATE_ERROR");
    assert!(answer["message"].as_str().unwrap().contains("does not exist"), "{answer}");

    world.net.command(Command::Fund { account: poor.address(), sun: 1 }).unwrap();
    world.net.mine(1).unwrap();
    // 600 bytes a day are free; a call takes 277 or so.
    for stamp in 1..=2 {
        assert_eq!(world.code(&of(&get, stamp)).await, "SUCCESS");
        world.net.mine(1).unwrap();
    }
    assert_eq!(world.code(&of(&get, 3)).await, "BANDWITH_ERROR");
    // They come back in a day.
    world.net.command(Command::SkipSlots { slots: 28_800 }).unwrap();
    world.net.mine(1).unwrap();
    assert_eq!(world.code(&of(&get, 4)).await, "SUCCESS");
}

#[tokio::test]
async fn contracts_are_checked_before_they_run() {
    let world = World::new().await;
    let (owner, contract) = (world.rich.address(), world.deploy(&GET_CODE));
    let base = match creation(owner, &GET_CODE) {
        Action::Create(creation) => creation,
        other => panic!("{other:?}"),
    };
    let create = |change: fn(&mut Creation)| {
        let mut creation = base.clone();
        change(&mut creation);
        (Action::Create(creation), 0)
    };
    let trigger = |value, token_value| Action::Trigger { contract, value, data: GET.into(), token_value };
    const GET: [u8; 4] = hex!("6d4ce63c");
    for (what, (action, fee_limit)) in [
        ("no contract", (call(SOMEBODY, GET), 0)),
        ("an account that is no contract", (call(owner, GET), 0)),
        ("a negative fee limit", (call(contract, GET), -1)),
        ("a fee limit above the most", (call(contract, GET), 15_000_000_001)),
        ("more than there is", (trigger(i64::MAX, 0), 0)),
        ("less than nothing", (trigger(-1, 0), 0)),
        ("another token", (trigger(0, 1), 0)),
        ("percent", create(|creation| creation.percent = 101)),
        ("percent below", create(|creation| creation.percent = -1)),
        ("energy of the origin", create(|creation| creation.origin_energy_limit = 0)),
        ("another origin", create(|creation| creation.origin = SOMEBODY)),
        ("a long name", create(|creation| creation.name = "n".repeat(33))),
        ("a payment to itself", (payment(owner), 0)),
        ("a payment of nothing", (Action::Transfer { to: SOMEBODY, amount: 0 }, 0)),
        ("a payment above all", (Action::Transfer { to: SOMEBODY, amount: i64::MAX }, 0)),
    ] {
        let (_, bytes) = world.signed(&action, |terms| terms.fee_limit = fee_limit);
        assert_eq!(world.code(&bytes).await, "CONTRACT_VALIDATE_ERROR", "{what}");
    }
    let (_, bytes) = world.signed(&call(contract, GET), |terms| terms.fee_limit = 15_000_000_000);
    assert_eq!(world.code(&bytes).await, "SUCCESS");
}

#[tokio::test]
async fn a_transaction_that_expired_is_never_taken() {
    let world = World::new().await;
    let (id, bytes) = world.signed(&payment(SOMEBODY), |terms| terms.expiration = terms.timestamp + 6_000);
    world.net.command(Command::Withhold { on: true }).unwrap();
    assert_eq!(world.code(&bytes).await, "SUCCESS");
    world.net.mine(2).unwrap();
    // The head's time is its expiration now, so no later block can have it.
    world.net.command(Command::Withhold { on: false }).unwrap();
    assert!(world.net.waits(id));
    world.net.mine(1).unwrap();
    assert!(!world.net.waits(id) && world.net.receipt(id).is_none());

    let (id, bytes) = world.signed(&payment(SOMEBODY), |terms| terms.expiration = terms.timestamp + 6_000);
    world.net.command(Command::Withhold { on: true }).unwrap();
    assert_eq!(world.code(&bytes).await, "SUCCESS");
    world.net.mine(1).unwrap();
    world.net.command(Command::Withhold { on: false }).unwrap();
    world.net.mine(1).unwrap();
    assert!(world.net.receipt(id).is_some(), "the parent is earlier than the expiration");
}
