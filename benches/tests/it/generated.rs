//! Generated chains hold what their rules say.

use alloy_primitives::{Address, U256};
use bttc_benches::{
    generated::{AccountsPattern, BlocksPattern, Plan, TokenMove, deposit_topic, token_slot, transfer_topic, write},
    ledger::{DevValidator, decide, open_spec},
};
use bttc_chain::Chain;
use bttc_contracts::addresses::WBTT;
use bttc_primitives::StateReader;
use bttc_storage::Durability;

fn made(plan: &Plan) -> (tempfile::TempDir, Chain) {
    let dir = tempfile::tempdir().unwrap();
    let mut heights = Vec::new();
    write(plan, dir.path(), |height| heights.push(height)).unwrap();
    assert_eq!(heights, (1..=plan.last_height()).collect::<Vec<_>>());
    let chain = open_spec(&dir.path().join("db"), Durability::Ephemeral, plan.spec().unwrap()).unwrap();
    (dir, chain)
}

/// Balance and tokens after a block.
fn held(chain: &Chain, address: Address, height: u64) -> (U256, U256) {
    let state = chain.read().unwrap().state_at(height).unwrap().unwrap();
    let balance = state.account(address).unwrap().unwrap_or_default().balance;
    (balance, state.storage(WBTT, token_slot(address)).unwrap())
}

#[test]
fn blocks_hold_what_the_pattern_says() {
    let pattern = BlocksPattern { txs_per_block: 3 };
    let (dir, chain) = made(&Plan::blocks(pattern, 1_005).unwrap());
    for height in [1, 2, 3, 502, 503, 999, 1_000, 1_001, 1_005] {
        for index in [0, 1, 2, 3, 499, 500, 998] {
            let (balance, _) = held(&chain, BlocksPattern::recipient(index), height);
            assert_eq!(balance, pattern.balance(index, height), "recipient {index} at {height}");
            let (_, tokens) = held(&chain, BlocksPattern::holder(index), height);
            assert_eq!(tokens, pattern.tokens(index, height), "holder {index} at {height}");
        }
        let read = chain.read().unwrap();
        let receipts = read.receipts(height).unwrap().unwrap();
        assert!(receipts.iter().all(|receipt| receipt.outcome.coerce_status()));
        let log = receipts.last().unwrap().logs.first().unwrap();
        assert_eq!(log.address, WBTT);
        match BlocksPattern::token_move(height) {
            TokenMove::Transfer(dst) if height > 1 => {
                assert_eq!((log.topics()[0], log.topics()[2]), (transfer_topic(), dst.into_word()));
                assert_eq!(U256::from_be_slice(&log.data.data), U256::from(height));
            }
            _ => assert_eq!(log.topics()[0], deposit_topic()),
        }
        let certificate = read.certificate(height).unwrap().unwrap();
        assert_eq!(certificate.block_hash, read.block_hash(height).unwrap().unwrap());
    }
    // A chain that was stopped goes on, and without a last block that is not whole.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let empty = runtime.block_on(decide(&chain, &DevValidator::new().unwrap())).unwrap();
    assert_eq!((empty.height(), empty.body.transactions.len()), (1_006, 0));
    drop((chain, runtime));
    let longer = Plan::blocks(pattern, 1_010).unwrap();
    let mut heights = Vec::new();
    write(&longer, dir.path(), |height| heights.push(height)).unwrap();
    assert_eq!(heights, (1_006..=1_010).collect::<Vec<_>>());
}

#[test]
fn accounts_hold_what_the_pattern_says() {
    let pattern = AccountsPattern { accounts: AccountsPattern::PER_BLOCK + 500 };
    let (_dir, chain) = made(&Plan::accounts(pattern).unwrap());
    assert_eq!(chain.head().height(), 3);
    let last = pattern.accounts - 1;
    for height in 1..=3 {
        for index in [0, 1, 7, 8, 399, 400, 7_199, 7_200, 7_208, last, last + 1] {
            let wanted = (pattern.balance(index, height), pattern.tokens(index, height));
            assert_eq!(held(&chain, AccountsPattern::account(index), height), wanted, "account {index} at {height}");
        }
    }
    assert_eq!(pattern.balance(last, 3), U256::from(pattern.accounts));
}
