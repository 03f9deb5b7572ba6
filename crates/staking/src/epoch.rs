//! What the node tells the staking contracts at the end of a block, and what it asks of them.
//!
//! In the order of docs/staking.md, section 2:
//!
//! 1. `bttc_execution::BlockRun` tells `ValidatorSet` of the block and its fees, and hears who crossed the bound of missed blocks.
//! 2. [`slashes`]: one [`SystemCall`] for each proof of the body, then one for each who is down. Each becomes a system transaction.
//! 3. After them, if [`Epoch::is_over`] at the block's time: the election over [`Query::Candidates`], and [`SystemCall::CloseEpoch`].
//!
//! Questions are calls without a transaction: [`Query`] encodes them and a function beside it decodes the answer, refusing what the rules could not go
//! on with.

use crate::Candidate;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
pub use bttc_contracts::validator_set::IValidatorSet::Fees;
use bttc_contracts::{addresses, params::IParams, staking::IStaking, validator_set::IValidatorSet};
use bttc_primitives::{ConsensusParams, Evidence, ForkPlan, Height, InvalidValidatorSet, Validator, ValidatorSet};

/// An answer of a contract that the node cannot use: its code and this program do not belong together.
#[derive(Debug, thiserror::Error)]
pub enum InvalidAnswer {
    /// Not the ABI encoding of the expected type.
    #[error("the answer of {call} cannot be decoded: {source}")]
    Encoding {
        /// The call that was answered.
        call: &'static str,
        /// What is wrong with it.
        source: alloy_sol_types::Error,
    },
    /// A number that the rules have no use for.
    #[error("the answer of {call} has {field} {got}, expected {expected}")]
    OutOfRange {
        /// The call that was answered.
        call: &'static str,
        /// Name of the number.
        field: &'static str,
        /// What it is.
        got: U256,
        /// What it may be.
        expected: &'static str,
    },
    /// Members that make no set.
    #[error("the answer of {call} is no validator set: {source}")]
    Set {
        /// The call that was answered.
        call: &'static str,
        /// What is wrong with it.
        source: InvalidValidatorSet,
    },
}

/// A contract and what it is called with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The contract.
    pub to: Address,
    /// Selector and arguments.
    pub input: Bytes,
}

impl Call {
    fn new(to: Address, call: &impl SolCall) -> Self {
        Self { to, input: call.abi_encode().into() }
    }
}

/// What becomes a system transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemCall {
    /// A member signed twice.
    SlashDoubleSign {
        /// Its consensus address.
        signer: Address,
        /// Height of both votes.
        height: Height,
        /// Operator of the proposer whose block carries the proof.
        reporter: Address,
    },
    /// A member missed too many blocks.
    SlashDowntime {
        /// Its consensus address.
        signer: Address,
    },
    /// The epoch ends with this block.
    CloseEpoch {
        /// Who signs from the next block on.
        next: ValidatorSet,
    },
}

impl SystemCall {
    /// The contract and the call data.
    pub fn call(&self) -> Call {
        match self {
            Self::SlashDoubleSign { signer, height, reporter } => Call::new(
                addresses::STAKING,
                &IStaking::slashDoubleSignCall { signer: *signer, height: *height, reporter: *reporter },
            ),
            Self::SlashDowntime { signer } => {
                Call::new(addresses::STAKING, &IStaking::slashDowntimeCall { signer: *signer })
            }
            Self::CloseEpoch { next } => {
                Call::new(addresses::VALIDATOR_SET, &IValidatorSet::closeEpochCall { next: pack_members(next) })
            }
        }
    }
}

/// The members in their order, each `signer << 96 | power`.
pub fn pack_members(set: &ValidatorSet) -> Vec<U256> {
    let pack = |member: &Validator| {
        U256::from_be_slice(member.address.as_slice()).wrapping_shl(96).saturating_add(U256::from(member.power))
    };
    set.members().iter().map(pack).collect()
}

/// Slashes that a block calls for: its proofs in their order, then who is down.
pub fn slashes(evidence: &[Evidence], reporter: Address, down: &[Address]) -> Vec<SystemCall> {
    let double_signs = evidence.iter().map(|Evidence::DoubleSign(proof)| SystemCall::SlashDoubleSign {
        signer: proof.signer,
        height: proof.height,
        reporter,
    });
    double_signs.chain(down.iter().map(|signer| SystemCall::SlashDowntime { signer: *signer })).collect()
}

/// What the node asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// Who stands for election; [`decode_candidates`].
    Candidates,
    /// The epoch; [`decode_epoch`].
    Epoch,
    /// The set in force; [`decode_members`].
    Members,
    /// Numbers for the next block; [`decode_consensus`].
    Consensus,
    /// Account of the validator with this consensus address; [`decode_operator`].
    OperatorOf(Address),
    /// The last fork planned; [`decode_fork`].
    Fork,
    /// Largest share of the power one member may hold; [`decode_power_cap`].
    PowerCap,
}

/// Number of the power cap among the parameters (`ParamIds.POWER_CAP`).
const POWER_CAP_ID: U256 = U256::from_limbs([29, 0, 0, 0]);

impl Query {
    /// The contract and the call data.
    pub fn call(self) -> Call {
        match self {
            Self::Candidates => Call::new(addresses::STAKING, &IStaking::candidatesCall {}),
            Self::Epoch => Call::new(addresses::VALIDATOR_SET, &IValidatorSet::epochCall {}),
            Self::Members => Call::new(addresses::VALIDATOR_SET, &IValidatorSet::membersCall {}),
            Self::OperatorOf(signer) => Call::new(addresses::STAKING, &IStaking::operatorOfCall { signer }),
            Self::Consensus => Call::new(addresses::PARAMS, &IParams::consensusCall {}),
            Self::Fork => Call::new(addresses::PARAMS, &IParams::forkCall {}),
            Self::PowerCap => Call::new(addresses::PARAMS, &IParams::getCall { id: POWER_CAP_ID }),
        }
    }
}

/// The running epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Its number.
    pub number: u64,
    /// Time of the block that closed the one before. Unit: seconds.
    pub start_time: u64,
    /// Its first height.
    pub start_height: Height,
}

impl Epoch {
    /// Whether a block of this time closes it. Unit of both: seconds.
    pub const fn is_over(&self, block_time: u64, length: u64) -> bool {
        block_time >= self.start_time.saturating_add(length)
    }
}

/// Reads the answer of [`Query::Candidates`].
pub fn decode_candidates(answer: &[u8]) -> Result<Vec<Candidate>, InvalidAnswer> {
    let candidates = decode::<IStaking::candidatesCall>(answer)?;
    let candidate = |IStaking::Candidate { operator, signer, tokens }| Candidate { operator, signer, tokens };
    Ok(candidates.into_iter().map(candidate).collect())
}

/// Reads the answer of [`Query::OperatorOf`].
pub fn decode_operator(answer: &[u8]) -> Result<Address, InvalidAnswer> {
    decode::<IStaking::operatorOfCall>(answer)
}

/// Reads the answer of [`Query::Epoch`].
pub fn decode_epoch(answer: &[u8]) -> Result<Epoch, InvalidAnswer> {
    let epoch = decode::<IValidatorSet::epochCall>(answer)?;
    Ok(Epoch { number: epoch.number, start_time: epoch.startTime, start_height: epoch.startHeight })
}

/// Reads the answer of [`Query::Members`].
pub fn decode_members(answer: &[u8]) -> Result<ValidatorSet, InvalidAnswer> {
    let call = IValidatorSet::membersCall::SIGNATURE;
    let mut members = Vec::new();
    for member in decode::<IValidatorSet::membersCall>(answer)? {
        let power = bounded(call, "power", U256::from(member.power), 1..=ValidatorSet::MAX_TOTAL_POWER, "1 to 2^61")?;
        members.push(Validator { address: member.signer, power });
    }
    ValidatorSet::new(members).map_err(|source| InvalidAnswer::Set { call, source })
}

/// Reads the answer of [`Query::Consensus`], with every number in bounds where no rule can fail over it.
pub fn decode_consensus(answer: &[u8]) -> Result<ConsensusParams, InvalidAnswer> {
    let raw = decode::<IParams::consensusCall>(answer)?;
    let read = |field, got, range, expected| bounded(IParams::consensusCall::SIGNATURE, field, got, range, expected);
    let (some, any) = ("1 to 2^63", 1..=u64::MAX / 2);
    let burn = read("burn percent", raw.burnPercent, 0..=100, "0 to 100")?;
    let stakers =
        read("stakers percent", raw.stakersPercent, 0..=100u64.saturating_sub(burn), "0 to what burning leaves")?;
    Ok(ConsensusParams {
        min_base_fee: read("minimum base fee", raw.minBaseFee, any.clone(), some)?,
        elasticity: read("elasticity", raw.elasticity, any.clone(), some)?,
        base_fee_denominator: read("base fee denominator", raw.baseFeeDenominator, any.clone(), some)?,
        burn_percent: u8::try_from(burn).unwrap_or(100),
        stakers_percent: u8::try_from(stakers).unwrap_or(100),
        block_gas_limit: read("block gas limit", raw.blockGasLimit, any.clone(), some)?,
        block_time_ms: read("block time", raw.blockTimeMs, any.clone(), some)?,
        idle_time_ms: read("idle time", raw.idleTimeMs, any.clone(), some)?,
        epoch_length: read("epoch length", raw.epochLength, any, some)?,
        max_validators: read("most validators", raw.maxValidators, 1..=100, "1 to 100")?,
    })
}

/// Reads the answer of [`Query::Fork`]; none if no fork was ever planned, or the plan was taken back.
///
/// A name may be any bytes: one that is no text must not stop the chain before its time.
pub fn decode_fork(answer: &[u8]) -> Result<Option<ForkPlan>, InvalidAnswer> {
    let IParams::forkReturn { name, time } = decode::<IParams::forkCall>(answer)?;
    Ok((!name.is_empty()).then_some(ForkPlan { name, time }))
}

/// Reads the answer of [`Query::PowerCap`]. Unit: basis points.
pub fn decode_power_cap(answer: &[u8]) -> Result<u16, InvalidAnswer> {
    let call = IParams::getCall::SIGNATURE;
    let cap = bounded(call, "power cap", decode::<IParams::getCall>(answer)?, 0..=10_000, "0 to 10,000")?;
    Ok(u16::try_from(cap).unwrap_or(10_000))
}

fn decode<C: SolCall>(answer: &[u8]) -> Result<C::Return, InvalidAnswer> {
    C::abi_decode_returns_validate(answer).map_err(|source| InvalidAnswer::Encoding { call: C::SIGNATURE, source })
}

fn bounded(
    call: &'static str,
    field: &'static str,
    got: U256,
    range: std::ops::RangeInclusive<u64>,
    expected: &'static str,
) -> Result<u64, InvalidAnswer> {
    u64::try_from(got).ok().filter(|value| range.contains(value)).ok_or(InvalidAnswer::OutOfRange {
        call,
        field,
        got,
        expected,
    })
}

#[cfg(test)]
mod tests;
