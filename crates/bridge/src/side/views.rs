//! Questions to contracts of ours, typed.

use super::{SideChain, SideError, SideFilter};
use crate::policy::WaitingExit;
use alloy_primitives::{Address, B256, LogData, U256};
use alloy_sol_types::{SolCall, SolEvent};
use bttc_contracts::{
    addresses::{BRIDGE_INBOX, BRIDGE_OUTBOX, VALIDATOR_SET},
    bridge::{IBridgeInbox, IBridgeOutbox},
    validator_set::IValidatorSet,
};

/// The epoch and the set that runs in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Its number.
    pub number: u64,
    /// Height of its first block.
    pub start: u64,
    /// Consensus addresses in the order of the set.
    pub members: Vec<Address>,
}

/// A pair that somebody vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Number of records.
    pub to: u64,
    /// Running hash of them.
    pub chain: B256,
}

/// Asks a contract of ours.
pub async fn ask<S: SideChain, C: SolCall>(side: &S, to: Address, call: &C) -> Result<C::Return, SideError> {
    let answer = side.call(None, to, call.abi_encode().into()).await?;
    C::abi_decode_returns(&answer).map_err(|error| {
        SideError::Contradiction(format!(
            "{} of {to} answers what cannot be read ({error}); is that contract on this chain?",
            C::SIGNATURE
        ))
    })
}

/// A root chain as our chain has it; none if it is not registered.
pub async fn root_chain<S: SideChain>(side: &S, root_id: u8) -> Result<Option<IBridgeInbox::RootView>, SideError> {
    let call = IBridgeInbox::rootChainCall { rootId: U256::from(root_id) };
    match ask(side, BRIDGE_INBOX, &call).await {
        Ok(view) => Ok(Some(view)),
        Err(error) if error.is_revert(<IBridgeInbox::UnknownRoot as alloy_sol_types::SolError>::SELECTOR) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The epoch that runs.
pub async fn epoch<S: SideChain>(side: &S) -> Result<Epoch, SideError> {
    let epoch = ask(side, VALIDATOR_SET, &IValidatorSet::epochCall {}).await?;
    let members = ask(side, VALIDATOR_SET, &IValidatorSet::membersCall {}).await?;
    Ok(Epoch {
        number: epoch.number,
        start: epoch.startHeight,
        members: members.into_iter().map(|member| member.signer).collect(),
    })
}

/// Pairs above `accepted` that have votes in the running epoch, with those who gave them; the highest first.
pub async fn open_pairs<S: SideChain>(
    side: &S,
    root_id: u8,
    accepted: u64,
    epoch: &Epoch,
    head: u64,
) -> Result<Vec<(Pair, Vec<Address>)>, SideError> {
    let filter = SideFilter {
        address: BRIDGE_INBOX,
        event: IBridgeInbox::Attested::SIGNATURE_HASH,
        topics: [Some(U256::from(root_id).into()), None, None],
    };
    let mut pairs = std::collections::BTreeMap::<Pair, Vec<Address>>::new();
    for log in side.logs(epoch.start, head, &filter).await? {
        let vote: IBridgeInbox::Attested = decode(&log.data)?;
        if vote.to > accepted {
            pairs.entry(Pair { to: vote.to, chain: vote.chainHash }).or_default().push(vote.signer);
        }
    }
    let mut open = Vec::new();
    for (pair, voters) in pairs.into_iter().rev() {
        let call = IBridgeInbox::powerForCall { rootId: U256::from(root_id), to: pair.to, chainHash: pair.chain };
        // Zero: the vote was given in the block that ended the epoch, or was dropped.
        if !ask(side, BRIDGE_INBOX, &call).await?.is_zero() {
            open.push((pair, voters));
        }
    }
    Ok(open)
}

/// Exits to a root chain in the blocks `from` to `to`.
pub async fn exits<S: SideChain>(side: &S, root_id: u8, from: u64, to: u64) -> Result<Vec<WaitingExit>, SideError> {
    let filter = SideFilter {
        address: BRIDGE_OUTBOX,
        event: IBridgeOutbox::Exit::SIGNATURE_HASH,
        topics: [None, Some(U256::from(root_id).into()), None],
    };
    let mut exits: Vec<WaitingExit> = Vec::new();
    for log in side.logs(from, to, &filter).await? {
        let exit: IBridgeOutbox::Exit = decode(&log.data)?;
        let known = exits.last().filter(|last| last.height == log.height).map(|last| last.time);
        let time = match known {
            Some(time) => time,
            None => side.block(log.height).await?.time,
        };
        exits.push(WaitingExit { height: log.height, time, token: exit.token, amount: exit.amount });
    }
    Ok(exits)
}

fn decode<E: SolEvent>(data: &LogData) -> Result<E, SideError> {
    E::decode_log_data(data).map_err(|error| {
        SideError::Contradiction(format!(
            "a log of {} cannot be read ({error}); is our node of this version?",
            E::SIGNATURE
        ))
    })
}
