//! Checkpoints: decided blocks as `CheckpointManager` takes them (docs/bridge.md, "Checkpoints").
//!
//! A manager trusts one set, so what can be submitted is a block that this set has signed. [`next_height`] finds it: our head, if its signers are
//! the trusted set; else a block between that changes the set. It need not be the first such block, nor all of them: any block that the trusted
//! set signed and that names another set will do, and there is one between the last checkpoint and a block of another set.
//! [`ReadyCheckpoint::parts`] splits the signatures into as many transactions as the root chain needs.

use crate::side::{SideChain, SideError};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_sol_types::SolValue;

/// Bytes of a member in the list of validators: 20 of the signer, 8 of the power.
const MEMBER: usize = 28;
/// Bytes of a signature.
const SIGNATURE: usize = 65;

/// A decided block with everything that `CheckpointManager.submit` takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyCheckpoint {
    /// Height of the block.
    pub height: u64,
    /// Its hash.
    pub block_hash: B256,
    /// Its time. Unit: seconds.
    pub time: u64,
    /// Its header, RLP.
    pub header: Bytes,
    /// Round in which it was decided.
    pub round: u32,
    /// The set that signs it, 28 bytes a member: `uint160 signer, uint64 power`.
    pub validators: Bytes,
    /// Who has signed: bit `i` for member `i`.
    pub signers: U256,
    /// Their signatures in the order of the bits, 65 bytes each.
    pub signatures: Bytes,
    /// Hash of the set that signs the next block.
    pub next_validators_hash: B256,
    /// Root of the exits up to this block.
    pub exit_root: B256,
}

/// Why a checkpoint is none. The node that answered is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node's checkpoint of height {height} is of no use: {why}; check that node, or ask another")]
pub struct InvalidCheckpoint {
    /// Which.
    pub height: u64,
    /// What is wrong with it.
    pub why: String,
}

/// One transaction's share of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whose signatures.
    pub signers: U256,
    /// The signatures.
    pub signatures: Bytes,
}

/// Transactions that a checkpoint takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// For `collect`, in any order, before the last.
    pub collects: Vec<Part>,
    /// For `submit`.
    pub submit: Part,
}

impl ReadyCheckpoint {
    /// Hash of the set that signs it.
    pub fn validators_hash(&self) -> B256 {
        keccak256(&self.validators)
    }

    /// Whether it names another set than the one that signs it.
    pub fn changes_set(&self) -> bool {
        self.next_validators_hash != self.validators_hash()
    }

    /// Checks what can be checked without recovering signatures, which the simulation of the transaction does.
    pub fn check(&self) -> Result<(), InvalidCheckpoint> {
        let fail = |why: String| Err(InvalidCheckpoint { height: self.height, why });
        let header = match Header::decode(&mut self.header.as_ref()) {
            Ok(header) => header,
            Err(error) => return fail(format!("its header cannot be read: {error}")),
        };
        let hash = keccak256(&self.header);
        if hash != self.block_hash || header.number != self.height || header.timestamp != self.time {
            return fail(format!("its header is of block {} with hash {hash}", header.number));
        }
        if keccak256((self.next_validators_hash, self.exit_root).abi_encode()).as_slice() != header.extra_data.as_ref()
        {
            return fail("its header does not commit to the set and the exits that are given".into());
        }
        let members = self.powers().len();
        if members == 0 || !self.validators.len().is_multiple_of(MEMBER) {
            return fail(format!("its list of validators has {} bytes", self.validators.len()));
        }
        if self.signers.bit_len() > members {
            return fail(format!("it names signers beyond the {members} members"));
        }
        let expected = self.signers.count_ones().saturating_mul(SIGNATURE);
        if self.signatures.len() != expected {
            return fail(format!("it has {} bytes of signatures, not {expected}", self.signatures.len()));
        }
        match self.quorum(U256::ZERO) {
            Some(_) => Ok(()),
            None => fail("two thirds of the power or less have signed it".into()),
        }
    }

    /// The fewest heaviest signers that decide, with those in `collected`, split so that no part has more than `most`. None if it is not enough.
    ///
    /// Members stand by their power, the heaviest first.
    pub fn parts(&self, collected: U256, most: usize) -> Option<Parts> {
        let needed = self.quorum(collected)?;
        let most = most.max(1);
        let mut groups = needed.chunks(most).map(|group| self.part(group)).collect::<Vec<_>>();
        let submit = groups.pop().unwrap_or_else(|| self.part(&[]));
        Some(Parts { collects: groups, submit })
    }

    fn part(&self, members: &[usize]) -> Part {
        let mut signers = U256::ZERO;
        let mut signatures = Vec::with_capacity(members.len().saturating_mul(SIGNATURE));
        for member in members {
            let place = (0..*member).filter(|lower| self.signers.bit(*lower)).count();
            let start = place.saturating_mul(SIGNATURE);
            let signature = self.signatures.get(start..start.saturating_add(SIGNATURE)).unwrap_or_default();
            signers.set_bit(*member, true);
            signatures.extend_from_slice(signature);
        }
        Part { signers, signatures: signatures.into() }
    }

    /// Members whose signatures decide with those in `collected`, ascending.
    fn quorum(&self, collected: U256) -> Option<Vec<usize>> {
        let powers = self.powers();
        let total = powers.iter().fold(0u128, |sum, power| sum.saturating_add(u128::from(*power)));
        let is_enough = |sum: u128| sum.saturating_mul(3) > total.saturating_mul(2);
        let there = powers.iter().enumerate().filter(|(member, _)| collected.bit(*member));
        let mut sum = there.fold(0u128, |sum, (_, power)| sum.saturating_add(u128::from(*power)));
        let mut needed = Vec::new();
        for (member, power) in powers.iter().enumerate() {
            if is_enough(sum) {
                break;
            }
            if self.signers.bit(member) && !collected.bit(member) {
                sum = sum.saturating_add(u128::from(*power));
                needed.push(member);
            }
        }
        is_enough(sum).then_some(needed)
    }

    fn powers(&self) -> Vec<u64> {
        let power = |member: &[u8]| member.get(20..).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        self.validators.chunks_exact(MEMBER).filter_map(power).collect()
    }
}

/// Where a manager stands: `activeTip()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The set that it trusts.
    pub validators_hash: B256,
    /// Height of the last checkpoint.
    pub height: u64,
    /// Its time. Unit: seconds.
    pub time: u64,
}

/// Height of the block to submit next to a manager that stands at `tip`: `head`, if the trusted set has signed it; else a lower block that changes the
/// set. None if there is nothing above the tip.
///
/// Errors: our node does not answer, or its answers contradict what the manager trusts.
pub async fn next_height<S: SideChain>(side: &S, tip: &Tip, head: u64) -> Result<Option<u64>, SideError> {
    if head <= tip.height {
        return Ok(None);
    }
    if side.validators_hash(head).await? == tip.validators_hash {
        return Ok(Some(head));
    }
    // The set after `low` is the trusted one, the set after `high` is another; they close in on two neighbours.
    let (mut low, mut high) = (tip.height, head.saturating_sub(1));
    while high.saturating_sub(low) > 1 {
        let middle = low.saturating_add(high.saturating_sub(low) / 2);
        if side.validators_hash(middle.saturating_add(1)).await? == tip.validators_hash {
            low = middle;
        } else {
            high = middle;
        }
    }
    if high == low { Err(strange_tip(tip)) } else { Ok(Some(high)) }
}

/// The checkpoint of a block, for a manager that stands at `tip`.
///
/// Errors: as above, and if the trusted set has not signed it.
pub async fn ready<S: SideChain>(side: &S, height: u64, tip: &Tip) -> Result<ReadyCheckpoint, SideError> {
    let checkpoint = side.checkpoint(height).await?;
    checkpoint.check().map_err(|invalid| SideError::Contradiction(invalid.to_string()))?;
    if checkpoint.height != height {
        let why = format!("asked for the checkpoint of block {height}, the node answers that of {}", checkpoint.height);
        return Err(SideError::Contradiction(why));
    }
    if checkpoint.validators_hash() != tip.validators_hash { Err(strange_tip(tip)) } else { Ok(checkpoint) }
}

fn strange_tip(tip: &Tip) -> SideError {
    SideError::Contradiction(format!(
        "the root chain trusts the set {} after height {}, but no block above it is signed by that set: its contract follows another chain, or this node does; compare both, and wait if the node is still syncing",
        tip.validators_hash, tip.height
    ))
}

#[cfg(test)]
mod tests;
