//! System transactions: what the rules demand at the end of a block (docs/protocol.md, section 6).
//!
//! They are legacy transactions with gas price zero, signed by the proposer's consensus key, exactly those the rules call for and in that
//! order. The proposer makes them ([`SystemTransactions::Make`]), everybody else checks them ([`SystemTransactions::Check`]); both end in the
//! same run, so that each has a hash, a receipt, logs and a trace.

use crate::FinishError;
use alloy_consensus::{SignableTransaction, Transaction as _};
use alloy_primitives::{Address, Bytes};
use bttc_consensus::{ConsensusSigner, InvalidBlock, SignError, SystemTransaction};
use bttc_primitives::{ChainSpec, Fatal, Recovered, Transaction};

/// What a system transaction calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemCall {
    /// A system contract.
    pub to: Address,
    /// Call data.
    pub input: Bytes,
}

/// Answers a question to a contract on the state as it is now; nothing of it stays.
pub type Ask<'a> = dyn FnMut(&SystemCall) -> Result<Bytes, Fatal> + 'a;

/// What the rules call for at the end of a block, one call after the other.
pub trait Demands {
    /// The next call, on the state that the ones before have left; none once all is done.
    fn next(&mut self, ask: &mut Ask<'_>) -> Result<Option<SystemCall>, Fatal>;
}

/// A list that was known before.
impl Demands for std::slice::Iter<'_, SystemCall> {
    fn next(&mut self, _: &mut Ask<'_>) -> Result<Option<SystemCall>, Fatal> {
        Ok(Iterator::next(self).cloned())
    }
}

/// Where the system transactions of a block come from.
pub enum SystemTransactions<'a> {
    /// We propose: sign them.
    Make {
        /// What the rules call for.
        calls: &'a mut dyn Demands,
        /// The proposer's key; its address must be the block's beneficiary.
        signer: &'a dyn ConsensusSigner,
    },
    /// We verify: they stand at the end of the block.
    Check {
        /// What the rules call for.
        calls: &'a mut dyn Demands,
        /// What the block has.
        transactions: &'a [Recovered<&'a Transaction>],
    },
}

/// Whether a transaction of a valid block is a system transaction: no other can be free, as the base fee has a floor.
pub fn is_system_transaction(spec: &ChainSpec, proposer: Address, tx: Recovered<&Transaction>) -> bool {
    !spec.is_ethereum() && tx.is_legacy() && tx.gas_price() == Some(0) && tx.signer() == proposer
}

fn demanded(spec: &ChainSpec, call: &SystemCall, nonce: u64) -> SystemTransaction {
    SystemTransaction { chain_id: spec.chain_id(), nonce, to: call.to, input: call.input.clone() }
}

/// Signs the system transaction for `call`.
pub(crate) fn make(
    spec: &ChainSpec,
    call: &SystemCall,
    nonce: u64,
    signer: &dyn ConsensusSigner,
) -> Result<Transaction, SignError> {
    let demanded = demanded(spec, call, nonce);
    let unsigned = demanded.unsigned();
    let signature = signer.sign(&demanded.into())?;
    Ok(unsigned.into_signed(signature).into())
}

/// Checks that `got`, at `index` of the block, is the system transaction for `call`, sent by `proposer`.
pub(crate) fn check(
    spec: &ChainSpec,
    call: &SystemCall,
    nonce: u64,
    proposer: Address,
    index: usize,
    got: Recovered<&Transaction>,
) -> Result<(), FinishError> {
    let refuse = |why: String| Err(InvalidBlock::SystemTransaction { index, why }.into());
    let Transaction::Legacy(signed) = got.inner() else {
        return refuse(format!("type is {:?}, expected legacy", got.tx_type()));
    };
    if got.signer() != proposer {
        return refuse(format!("sender is {}, expected the proposer {proposer}", got.signer()));
    }
    let (tx, wanted) = (signed.tx(), demanded(spec, call, nonce).unsigned());
    if tx == &wanted {
        return Ok(());
    }
    let fields = [
        ("recipient", format!("{:?}", tx.to), format!("{:?}", wanted.to)),
        ("input", tx.input.to_string(), wanted.input.to_string()),
        ("nonce", tx.nonce.to_string(), wanted.nonce.to_string()),
        ("gas limit", tx.gas_limit.to_string(), wanted.gas_limit.to_string()),
        ("gas price", tx.gas_price.to_string(), wanted.gas_price.to_string()),
        ("value", tx.value.to_string(), wanted.value.to_string()),
        ("chain id", format!("{:?}", tx.chain_id), format!("{:?}", wanted.chain_id)),
    ];
    let differs = fields.into_iter().find(|(_, got, expected)| got != expected);
    let (field, got, expected) = differs.unwrap_or_default();
    refuse(format!("{field} is {got}, expected {expected}"))
}

/// A block has more or fewer system transactions than the rules call for.
pub(crate) fn wrong_count(first_index: usize, got: usize, expected: &str) -> FinishError {
    let why = format!("the block ends with {got} system transactions, expected {expected}");
    InvalidBlock::SystemTransaction { index: first_index, why }.into()
}
