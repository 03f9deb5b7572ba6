//! Running a block that somebody else built, or that was stored before a crash.

use crate::{duties::Duties, exits::exit_root_after, ledger::Chain, outcomes::Executed};
use bttc_consensus::{InvalidBlock, Outputs};
use bttc_execution::{BlockOutcome, BlockRun, FinishError, RunError, SystemTransactions, TransactError};
use bttc_primitives::{ChainSpec, Fatal, RecoveredBlock, ValidatorSet, logs_bloom, receipts_root};
use bttc_storage::ReadTx;
use bttc_trie::{HashedChanges, state_root};

/// A judgement, or our own trouble.
pub(crate) type Judged<T> = Result<Result<T, InvalidBlock>, Fatal>;

/// Unwraps the judgement or returns it.
macro_rules! judge {
    ($judged:expr) => {
        match $judged {
            Ok(value) => value,
            Err(invalid) => return Ok(Err(invalid)),
        }
    };
}
pub(crate) use judge;

/// State changes, hashed, and the root they lead to.
pub(crate) fn hash_state(
    store: &ReadTx,
    outcome: &BlockOutcome,
) -> Result<(HashedChanges, bttc_trie::TrieUpdate), Fatal> {
    let changes = HashedChanges::new(&outcome.changes);
    let trie = state_root(store, &changes)?;
    Ok((changes, trie))
}

/// What the header must say of an outcome; `store` holds the state before the block.
pub(crate) fn outputs_of(
    spec: &ChainSpec,
    store: &ReadTx,
    outcome: &BlockOutcome,
    state_root: alloy_primitives::B256,
    duties: &Duties,
) -> Result<Outputs, Fatal> {
    Ok(Outputs {
        state_root,
        receipts_root: receipts_root(&outcome.receipts),
        logs_bloom: logs_bloom(&outcome.receipts),
        gas_used: outcome.gas_used,
        next_validators_hash: duties.next_validators_hash(),
        exit_root: exit_root_after(spec, &store.state()?, &outcome.changes)?,
    })
}

impl Chain {
    /// Runs a block on the head's state and compares what comes out with its header.
    pub(crate) fn run_block(&self, store: &ReadTx, block: RecoveredBlock) -> Judged<Executed> {
        let epoch = self.epoch(block.block.height())?;
        let (outcome, duties) = judge!(execute(&epoch.spec, store, &block, epoch.validators.clone())?);
        let (changes, trie) = hash_state(store, &outcome)?;
        let outputs = outputs_of(&epoch.spec, store, &outcome, trie.root, &duties)?;
        judge!(check_outcome(&block, outputs));
        Ok(Ok(Executed {
            block,
            receipts: outcome.receipts,
            fees: outcome.fees,
            code: outcome.changes.code,
            changes,
            trie,
            next_epoch: duties.next_epoch,
        }))
    }
}

fn execute(
    spec: &ChainSpec,
    store: &ReadTx,
    block: &RecoveredBlock,
    validators: ValidatorSet,
) -> Judged<(BlockOutcome, Duties)> {
    let header = &block.block.header;
    let state = store.state()?;
    let mut run = match BlockRun::begin(spec, state, header) {
        Ok(run) => run,
        Err(RunError::Invalid(invalid)) => return Ok(Err(invalid)),
        Err(RunError::Fatal(fatal)) => return Err(fatal),
    };
    let mut duties = Duties::begin(&mut run, spec, header, &block.block.body, validators)?;
    run.reserve_system_gas(duties.count());
    let transactions: Vec<_> = block.recovered().collect();
    let users = transactions.len().saturating_sub(duties.count());
    let (users, system) = transactions.split_at(users);
    for (index, tx) in users.iter().enumerate() {
        match run.transact(*tx) {
            Ok(_) => {}
            Err(TransactError::Fatal(fatal)) => return Err(fatal),
            Err(error) => {
                return Ok(Err(InvalidBlock::Transaction { index, why: error.to_string() }));
            }
        }
    }
    let check = SystemTransactions::Check { calls: &mut duties, transactions: system };
    match run.finish(check) {
        Ok(outcome) => Ok(Ok((outcome, duties))),
        Err(FinishError::Fatal(fatal)) => Err(fatal),
        Err(FinishError::Unsigned(error)) => Err(error.into()),
        Err(FinishError::Invalid(invalid)) => Ok(Err(invalid)),
    }
}

/// Compares header and outcome.
fn check_outcome(block: &RecoveredBlock, outputs: Outputs) -> Result<(), InvalidBlock> {
    let header = &block.block.header;
    let compare = |field, got: String, expected: String| {
        if got == expected { Ok(()) } else { Err(InvalidBlock::Field { field, got, expected }) }
    };
    compare("gas_used", header.gas_used.to_string(), outputs.gas_used.to_string())?;
    compare("receipts_root", header.receipts_root.to_string(), outputs.receipts_root.to_string())?;
    compare("logs_bloom", header.logs_bloom.to_string(), outputs.logs_bloom.to_string())?;
    compare("state_root", header.state_root.to_string(), outputs.state_root.to_string())?;
    let extra = bttc_consensus::output_commitment(outputs.next_validators_hash, outputs.exit_root);
    compare("extra_data", header.extra_data.to_string(), extra.to_string())
}
