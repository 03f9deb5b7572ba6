//! Names of subscriptions: hex numbers of 128 bits, as Ethereum clients expect them.

use alloy_primitives::U128;
use jsonrpsee::{core::traits::IdProvider, types::SubscriptionId};

/// Draws subscription ids at random.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HexId;

impl IdProvider for HexId {
    fn next_id(&self) -> SubscriptionId<'static> {
        SubscriptionId::Str(format!("{:#x}", random_id()).into())
    }
}

/// A number nobody guesses; also the name of a filter.
pub(crate) fn random_id() -> U128 {
    U128::from_be_bytes(alloy_primitives::FixedBytes::<16>::random().0)
}
