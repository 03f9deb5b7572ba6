//! Blocks read from one ledger and run by another, as a node does that catches up.

use bttc_chain::Chain;
use bttc_consensus::{Application, DecidedBlock, Decision, Turn, Verdict};
use eyre::{Result, bail, ensure};

/// All blocks of a ledger with their certificates.
pub async fn blocks(chain: &Chain) -> Result<Vec<DecidedBlock>> {
    let head = chain.head().height();
    let mut blocks: Vec<DecidedBlock> = Vec::new();
    while blocks.len() < head as usize {
        let next = blocks.len() as u64 + 1;
        let more = chain.decided(next..head + 1, 64 << 20).await?;
        ensure!(!more.is_empty(), "block {next} is missing");
        blocks.extend(more);
    }
    Ok(blocks)
}

/// Verifies and commits blocks, one after the other.
///
/// Errors: one is refused.
pub async fn run(chain: &Chain, blocks: Vec<DecidedBlock>) -> Result<()> {
    let mut blocks = blocks.into_iter().peekable();
    while let Some(DecidedBlock { block, certificate }) = blocks.next() {
        if let Some(next) = blocks.peek() {
            chain.foresee(next.block.clone());
        }
        let turn = Turn { height: block.height(), round: certificate.round, proposer: block.header.beneficiary };
        let block_hash = block.hash();
        if let Verdict::Invalid(reason) = chain.verify_decided(turn, block).await? {
            bail!("block {} was refused: {reason}", turn.height);
        }
        chain.commit(Decision { block_hash, certificate }).await?;
    }
    Ok(())
}
