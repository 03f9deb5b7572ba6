//! Block after block of changes: root, rows and stored nodes are those of tries built from scratch.

use super::input::Input;
use crate::{
    double::MemorySource,
    model::{Model, diff, step},
};
use alloy_primitives::{B256, U256};
use bttc_primitives::Account;

/// Blocks of one input, so that it stays fast.
const BLOCKS: usize = 8;

pub(super) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut source = MemorySource::default();
    let mut model = Model::new();
    for _ in 0..BLOCKS {
        if input.is_empty() {
            return;
        }
        let (after, wiped) = next(&model, &mut input);
        let changes = diff(&model, &after, &wiped);
        step(&mut source, &changes, &after);
        model = after;
    }
}

/// Keys that share long beginnings, so that all shapes of nodes come about.
fn key(choice: u8) -> B256 {
    let mut key = B256::ZERO;
    for (bit, place) in [0usize, 1, 2, 31].into_iter().enumerate() {
        key[place] = (choice >> (2 * bit) & 3) * 0x11;
    }
    key
}

fn next(model: &Model, input: &mut Input<'_>) -> (Model, Vec<B256>) {
    let (mut after, mut wiped) = (model.clone(), Vec::new());
    for _ in 0..1 + input.below(12) {
        let account = key(input.byte());
        match input.below(8) {
            0 => drop(after.remove(&account)),
            1 => {
                // Gone and made anew within the block.
                if let Some(entry) = after.get_mut(&account) {
                    *entry = Default::default();
                    wiped.push(account);
                    entry.account = Account { balance: U256::from(input.byte()) + U256::ONE, ..Default::default() };
                }
            }
            2..=4 => {
                let entry = after.entry(account).or_default();
                entry.account = Account {
                    nonce: input.byte().into(),
                    balance: U256::from(input.byte()) + U256::ONE,
                    ..entry.account
                };
            }
            _ => {
                let entry = after.entry(account).or_default();
                entry.account.nonce = entry.account.nonce.max(1);
                let (slot, value) = (key(input.byte()), input.byte());
                if value.is_multiple_of(4) {
                    entry.storage.remove(&slot);
                } else {
                    // Short values make nodes that stand inside their parents.
                    let value = U256::from(value) << (usize::from(value % 3) * 100);
                    entry.storage.insert(slot, value);
                }
            }
        }
    }
    wiped.retain(|account| after.contains_key(account));
    wiped.sort_unstable();
    wiped.dedup();
    (after, wiped)
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    vec![
        (0..=255).collect(),
        (0..200).map(|n: u8| n.wrapping_mul(37)).collect(),
        vec![11, 0, 5, 1, 3, 0, 5, 2, 5, 0, 5, 3, 7, 4, 2, 9, 9, 2, 0, 0, 1, 0, 1],
    ]
}
