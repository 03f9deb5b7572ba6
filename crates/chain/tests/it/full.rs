//! Blocks that are nearly full, and pools of nothing but large transactions.

use crate::fixture::{BASE_FEE, GWEI, decide, open_genesis};
use alloy_consensus::{Signed, TxEip1559};
use alloy_primitives::{Address, Signature, TxKind};
use bttc_chain::Chain;
use bttc_primitives::{Recovered, Transaction};
use bttc_txpool::Origin;
use serde_json::{Value, json};

fn sender(index: u64) -> Address {
    Address::left_padding_from(&(index + 0x1_0000).to_be_bytes())
}

/// Nobody signed it: the ledger takes the senders of the pool's transactions as found.
fn offer(from: u64, tip: u128, to: TxKind, input: &[u8], gas_limit: u64) -> Recovered<Transaction> {
    let tx = TxEip1559 {
        chain_id: 990_992,
        gas_limit,
        max_fee_per_gas: 2 * BASE_FEE,
        max_priority_fee_per_gas: tip,
        to,
        // Makes the hashes differ.
        value: alloy_primitives::U256::from(from),
        input: input.to_vec().into(),
        ..Default::default()
    };
    Recovered::new_unchecked(Signed::new_unhashed(tx, Signature::test_signature()).into(), sender(from))
}

/// Three that burn 16 M gas each leave 12 M in the block; then come `large` senders whose offers need more than that, and last a transfer.
async fn block_after(large: u64) -> (Chain, usize) {
    /// JUMPDEST PUSH0 JUMP: runs until its gas is gone.
    const BURN: &[u8] = &[0x5b, 0x5f, 0x56];
    const GAS: u64 = 16_000_000;
    let dir = tempfile::tempdir().unwrap();
    let mut genesis: Value = serde_json::from_str(include_str!("../../../../genesis/dev/genesis.json")).unwrap();
    for index in 0..large + 4 {
        genesis["alloc"][sender(index).to_string()] = json!({ "balance": "0x33b2e3c9fd0803ce8000000" });
    }
    let chain = open_genesis(dir.path(), &genesis.to_string());
    for index in 0..large + 3 {
        let tip = if index < 3 { 100 * GWEI } else { 50 * GWEI };
        chain.pool().add(offer(index, tip, TxKind::Create, BURN, GAS), Origin::Peer(1)).unwrap();
    }
    let small = offer(large + 3, GWEI, TxKind::Call(Address::repeat_byte(7)), &[], 21_000);
    chain.pool().add(small, Origin::Peer(1)).unwrap();
    let block = decide(&chain).await;
    (chain, block.body.transactions.len())
}

#[tokio::test]
async fn a_small_one_gets_in_behind_some_that_do_not_fit() {
    let (chain, included) = block_after(200).await;
    assert_eq!((included, chain.pool().len()), (4, 200));
}

#[tokio::test]
async fn a_block_does_not_look_through_a_pool_of_misfits() {
    let (chain, included) = block_after(300).await;
    assert_eq!((included, chain.pool().len()), (3, 301));
    // They are not dropped: each next block takes its share.
    assert_eq!(decide(&chain).await.body.transactions.len(), 3);
}
