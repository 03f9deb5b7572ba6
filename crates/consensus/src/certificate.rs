//! Certificates: proof that a block is final (docs/protocol.md, sections 2 and 3).

use crate::{Vote, recover_signer};
use alloy_primitives::B256;
use bttc_primitives::{CommitCertificate, Height, LastCommit, SignerBitmap, ValidatorSet, VoteKind, VoteSignature};

/// Checks that members of `validators` with more than two thirds of the power signed the block.
///
/// Errors: a sentence that names what is wrong.
pub fn check_certificate(
    chain_id: u64,
    validators: &ValidatorSet,
    certificate: &CommitCertificate,
) -> Result<(), String> {
    let vote = Vote {
        chain_id,
        kind: VoteKind::Precommit,
        height: certificate.height,
        round: certificate.round,
        block_hash: certificate.block_hash,
    };
    check_signers(validators, &certificate.signers)?;
    check_signatures(vote, validators, &certificate.signers, &certificate.signatures)
}

/// Checks the certificate of the parent as a block carries it.
///
/// `fresh` asks for the signatures too; in old blocks they may have been dropped.
pub fn check_last_commit(
    chain_id: u64,
    validators: &ValidatorSet,
    parent: (Height, B256),
    commit: &LastCommit,
    fresh: bool,
) -> Result<(), String> {
    if parent.0 == 0 {
        return if *commit == LastCommit::default() {
            Ok(())
        } else {
            Err("genesis has no certificate, yet one is given".into())
        };
    }
    check_signers(validators, &commit.signers)?;
    if !fresh && commit.signatures.is_empty() {
        return Ok(());
    }
    let vote =
        Vote { chain_id, kind: VoteKind::Precommit, height: parent.0, round: commit.round, block_hash: parent.1 };
    check_signatures(vote, validators, &commit.signers, &commit.signatures)
}

fn check_signers(validators: &ValidatorSet, signers: &SignerBitmap) -> Result<(), String> {
    let members = validators.members();
    if !signers.is_canonical(members.len()) {
        return Err("bitmap of signers is not in its shortest form or names a stranger".into());
    }
    let power = signers
        .indices()
        .filter_map(|index| members.get(index))
        .fold(0u64, |sum, member| sum.saturating_add(member.power));
    if !validators.is_quorum(power) {
        return Err(format!(
            "signers hold {power} of {} power, more than two thirds are needed",
            validators.total_power()
        ));
    }
    Ok(())
}

fn check_signatures(
    vote: Vote,
    validators: &ValidatorSet,
    signers: &SignerBitmap,
    signatures: &[VoteSignature],
) -> Result<(), String> {
    if signers.count() != signatures.len() {
        return Err(format!("{} signers but {} signatures", signers.count(), signatures.len()));
    }
    let hash = vote.signing_hash();
    let members = signers.indices().filter_map(|index| validators.members().get(index));
    for (member, signature) in members.zip(signatures) {
        let signer =
            recover_signer(hash, signature).map_err(|error| format!("signature of {}: {error}", member.address))?;
        if signer != member.address {
            return Err(format!("signature of {} was made by {signer}", member.address));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vote_signature;
    use alloy_consensus::crypto::secp256k1;
    use alloy_primitives::{Address, Signature};
    use bttc_primitives::Validator;

    const CHAIN: u64 = 990_992;

    fn key(n: u8) -> B256 {
        B256::with_last_byte(n)
    }

    fn sign(n: u8, hash: B256) -> Signature {
        secp256k1::sign_message(key(n), hash).unwrap()
    }

    fn address(n: u8) -> Address {
        secp256k1::recover_signer(&sign(n, B256::repeat_byte(1)), B256::repeat_byte(1)).unwrap()
    }

    fn fixture(signers: &[u8]) -> (ValidatorSet, CommitCertificate) {
        let members = (1..=4).map(|n| Validator { address: address(n), power: 10 - u64::from(n) });
        let set = ValidatorSet::new(members.collect()).unwrap();
        let block_hash = B256::repeat_byte(9);
        let vote = Vote { chain_id: CHAIN, kind: VoteKind::Precommit, height: 7, round: 2, block_hash };
        let certificate = CommitCertificate {
            height: 7,
            round: 2,
            block_hash,
            signers: SignerBitmap::from_indices(4, signers.iter().map(|n| set.index_of(address(*n)).unwrap())),
            signatures: signers.iter().map(|n| vote_signature(&sign(*n, vote.signing_hash()))).collect(),
        };
        (set, certificate)
    }

    #[test]
    fn three_of_four_are_enough() {
        let (set, certificate) = fixture(&[1, 2, 3]);
        assert_eq!(check_certificate(CHAIN, &set, &certificate), Ok(()));
        let commit = certificate.to_last_commit();
        assert_eq!(check_last_commit(CHAIN, &set, (7, certificate.block_hash), &commit, true), Ok(()));
        let dropped = LastCommit { signatures: vec![], ..commit };
        assert_eq!(check_last_commit(CHAIN, &set, (7, certificate.block_hash), &dropped, false), Ok(()));
        assert!(check_last_commit(CHAIN, &set, (7, certificate.block_hash), &dropped, true).is_err());
    }

    #[test]
    fn too_few_wrong_chain_wrong_order_and_wrong_block_fail() {
        let (set, certificate) = fixture(&[1, 2]);
        assert!(check_certificate(CHAIN, &set, &certificate).unwrap_err().contains("two thirds"));
        let (set, mut certificate) = fixture(&[1, 2, 3]);
        assert!(check_certificate(CHAIN + 1, &set, &certificate).is_err());
        certificate.signatures.swap(0, 1);
        assert!(check_certificate(CHAIN, &set, &certificate).is_err());
        certificate.signatures.swap(0, 1);
        certificate.block_hash = B256::ZERO;
        assert!(check_certificate(CHAIN, &set, &certificate).is_err());
    }
}
