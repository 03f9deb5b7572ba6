//! `ValidatorSet`: the set in force, the work of its members, missed blocks (docs/staking.md, sections 3 and 7).

use super::{
    Model, Refusal, Wei,
    math::{add, basis_points},
};
use crate::epoch::Fees;
use alloy_primitives::Address;
use bttc_contracts::addresses;
use bttc_primitives::{Height, ValidatorSet};
use std::collections::BTreeMap;

/// Tenths of the window of missed blocks.
const TENTHS: u64 = 10;

/// A member and its work in the running epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Address of the consensus key.
    pub signer: Address,
    /// Voting power.
    pub power: u64,
    /// Blocks it proposed.
    pub proposed: u64,
    /// Blocks it did not sign.
    pub missed: u64,
    /// Unit: wei.
    pub tips: Wei,
}

/// Missed blocks by tenth of the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissedBlocks {
    last: u64,
    by_tenth: BTreeMap<u64, u64>,
}

impl MissedBlocks {
    /// Counts one more in the tenth `now`. A tenth before the last one means that the window became longer: all begins anew.
    fn add(&mut self, now: u64) {
        if now < self.last {
            self.by_tenth.clear();
        }
        self.last = now;
        self.by_tenth.retain(|tenth, _| tenth.saturating_add(TENTHS) > now);
        let count = self.by_tenth.entry(now).or_default();
        *count = count.saturating_add(1);
    }

    /// Misses of the ten tenths that end with `now`.
    fn sum(&self, now: u64) -> u64 {
        if now < self.last {
            return 0;
        }
        let live = self.by_tenth.iter().filter(|(tenth, _)| tenth.saturating_add(TENTHS) > now);
        live.map(|(_, count)| *count).fold(0, u64::saturating_add)
    }
}

/// The set in force, what its members did and the fees of the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// In the order of the set.
    pub members: Vec<Member>,
    /// Consensus address of the last block's proposer.
    pub proposer: Address,
    /// Blocks of the epoch whose absentees were counted.
    pub blocks: u64,
    /// Unit: wei, of the epoch.
    pub stakers_fees: Wei,
    /// Unit: wei, of the epoch.
    pub treasury_fees: Wei,
    /// Unit: wei, since genesis.
    pub fees_burned: Wei,
    missed: BTreeMap<Address, MissedBlocks>,
}

impl Set {
    /// Sum of all power.
    pub fn total_power(&self) -> u64 {
        self.members.iter().map(|member| member.power).fold(0, u64::saturating_add)
    }

    /// Power of a signer, zero for who is no member.
    pub fn power_of(&self, signer: Address) -> u64 {
        self.members.iter().find(|member| member.signer == signer).map_or(0, |member| member.power)
    }

    /// Puts another set into force, without work.
    pub(super) fn begin(&mut self, next: &ValidatorSet) {
        let fresh = |member: &bttc_primitives::Validator| Member {
            signer: member.address,
            power: member.power,
            proposed: 0,
            missed: 0,
            tips: Wei::ZERO,
        };
        self.members = next.members().iter().map(fresh).collect();
        self.blocks = 0;
        self.stakers_fees = Wei::ZERO;
        self.treasury_fees = Wei::ZERO;
    }
}

impl Model {
    /// Ends a block: its fees are credited, its proposer and the absentees of its parent counted. Answers with who is down.
    pub(super) fn on_block(
        &mut self,
        height: Height,
        proposer: Address,
        missed: &[u8],
        fees: &Fees,
    ) -> Result<Vec<Address>, Refusal> {
        let [stakers, treasury, tips, burned] = [fees.stakers, fees.treasury, fees.tips, fees.burned].map(Wei::from);
        let credited = add(add(stakers, treasury)?, tips)?;
        self.pay(Self::FEE_PAYER, addresses::TREASURY, credited)?;
        self.debit(Self::FEE_PAYER, burned)?;
        self.height = height;
        let set = &mut self.set;
        set.proposer = proposer;
        set.stakers_fees = add(set.stakers_fees, stakers)?;
        set.treasury_fees = add(set.treasury_fees, treasury)?;
        set.fees_burned = add(set.fees_burned, burned)?;
        let member = set.members.iter_mut().find(|member| member.signer == proposer).ok_or(Refusal::NotMember)?;
        member.proposed = member.proposed.saturating_add(1);
        member.tips = add(member.tips, tips)?;
        if missed.is_empty() {
            return Ok(Vec::new());
        }
        set.blocks = set.blocks.saturating_add(1);
        self.count_missed(missed)
    }

    /// Counts absentees, then answers with those above the bound, unless more than a third of the power is above half of it.
    fn count_missed(&mut self, missed: &[u8]) -> Result<Vec<Address>, Refusal> {
        let now = self.tenth();
        let bound = self.missed_bound()?;
        let set = &mut self.set;
        if missed.len() != set.members.len().div_ceil(8) {
            return Err(Refusal::WrongBitmap);
        }
        let mut over = Vec::new();
        for index in 0..missed.len().saturating_mul(8) {
            if missed.get(index / 8).is_none_or(|byte| byte & (1u8 << (index % 8)) == 0) {
                continue;
            }
            let member = set.members.get_mut(index).ok_or(Refusal::StrayBit)?;
            member.missed = member.missed.saturating_add(1);
            let counters = set.missed.entry(member.signer).or_default();
            counters.add(now);
            if counters.sum(now) > bound {
                over.push(member.signer);
            }
        }
        let absent = set
            .members
            .iter()
            .filter(|member| {
                let sum = set.missed.get(&member.signer).map_or(0, |counters| counters.sum(now));
                sum.saturating_mul(2) > bound
            })
            .map(|member| u128::from(member.power))
            .fold(0, u128::saturating_add);
        if absent.saturating_mul(3) > u128::from(set.total_power()) {
            return Ok(Vec::new());
        }
        for signer in &over {
            set.missed.remove(signer);
        }
        Ok(over)
    }

    /// Blocks that a signer missed in the window that ends now.
    pub fn missed_in_window(&self, signer: Address) -> u64 {
        self.set.missed.get(&signer).map_or(0, |counters| counters.sum(self.tenth()))
    }

    fn tenth(&self) -> u64 {
        let length = self.params.downtime_window.checked_div(TENTHS).unwrap_or_default().max(1);
        self.height.checked_div(length).unwrap_or_default()
    }

    fn missed_bound(&self) -> Result<u64, Refusal> {
        let bound = basis_points(Wei::from(self.params.downtime_window), self.params.max_missed)?;
        u64::try_from(bound).map_err(|_| Refusal::Overflow)
    }
}
