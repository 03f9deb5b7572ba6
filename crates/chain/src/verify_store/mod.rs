//! Checking a whole store (`bttc db verify`): the tables by the storage crate, and what only the rules of the chain can say of a block.

mod rules;

use crate::genesis::Genesis;
use bttc_primitives::{ChainSpec, Fatal};
use bttc_storage::{BlockPart, BlockRules, CommittedBlock, Finding, Report, Storage, StoredProposal, Verified, verify};
use rules::Rules;

/// Checks everything in `storage`, which may be open in a running node too; findings go to `report`.
///
/// The chain is the one that the store says it holds. Errors: the store cannot be read at all, holds no chain, or was set back meanwhile.
pub fn verify_store(storage: &Storage, report: &dyn Report) -> Result<Verified, Fatal> {
    match rules_of(storage) {
        Ok(rules) => verify(storage, &rules, report),
        Err(what) => {
            report.finding(Finding {
                table: "Metadata",
                key: "genesis_json".to_owned(),
                what: format!("the chain cannot be known from it, so no block is held against its rules: {what}"),
                remedy: "stop the node, and restore the data directory from a backup or sync anew",
            });
            let verified = verify(storage, &NoRules, report)?;
            Ok(Verified { findings: verified.findings.saturating_add(1), ..verified })
        }
    }
}

fn rules_of(storage: &Storage) -> Result<Rules, String> {
    let identity = storage.identity().map_err(|error| error.to_string())?.ok_or("there is none")?;
    let spec = ChainSpec::from_json(&identity.genesis_json).map_err(|error| error.to_string())?;
    if spec.chain_id() != identity.chain_id {
        return Err(format!("its chain id is {}, that of the row chain_id {}", spec.chain_id(), identity.chain_id));
    }
    let genesis = Genesis::compute(&spec).map_err(|error| error.to_string())?;
    let read = storage.read().map_err(|error| error.to_string())?;
    let elected = read.epochs().map_err(|error| error.to_string())?;
    let begun = read.begun().map_err(|error| error.to_string())?;
    Rules::new(spec, genesis.block, elected, begun).map_err(|error| error.to_string())
}

/// Where the chain is not known.
struct NoRules;

impl BlockRules for NoRules {
    fn committed(&self, _: CommittedBlock<'_>) -> Vec<(BlockPart, String)> {
        Vec::new()
    }

    fn proposal(&self, _: &bttc_primitives::Head, _: &StoredProposal) -> Vec<String> {
        Vec::new()
    }
}
