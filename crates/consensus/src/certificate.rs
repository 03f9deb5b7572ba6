//! Certificates: proof that a block is final (docs/protocol.md, sections 2 and 3).

use crate::{Vote, recover_signer};
use alloy_primitives::{B256, Bytes, U256};
use bttc_primitives::{CommitCertificate, Height, LastCommit, SignerBitmap, ValidatorSet, VoteKind, VoteSignature};
use std::num::NonZeroUsize;

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

/// Precommits of some members, as a root chain is shown them (docs/bridge.md, "Checkpoints").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precommits {
    /// Bit `i` for member `i` of the set.
    pub signers: U256,
    /// 65 bytes `r, s, v` for each bit, in the order of the bits.
    pub signatures: Bytes,
    /// What these members hold together. Unit: power.
    pub power: u64,
}

/// The fewest precommits of a certificate that hold more than two thirds of the power, the heaviest first; in parts of at most `part` signatures.
///
/// Each part stands for itself; together they decide. Errors: a sentence that names what is wrong with the certificate, or the set has more
/// members than a root chain takes.
pub fn fewest_precommits(
    validators: &ValidatorSet,
    certificate: &CommitCertificate,
    part: NonZeroUsize,
) -> Result<Vec<Precommits>, String> {
    check_signers(validators, &certificate.signers)?;
    if certificate.signers.count() != certificate.signatures.len() {
        let (signers, signatures) = (certificate.signers.count(), certificate.signatures.len());
        return Err(format!("{signers} signers but {signatures} signatures"));
    }
    if validators.members().len() > MOST_MEMBERS {
        return Err(format!("{} validators, root chains take at most {MOST_MEMBERS}", validators.members().len()));
    }
    // The set is in the order of power, so the first signers are the heaviest.
    let mut power = 0u64;
    let mut needed = Vec::new();
    for (index, signature) in certificate.signers.indices().zip(&certificate.signatures) {
        if validators.is_quorum(power) {
            break;
        }
        let own = validators.members().get(index).map_or(0, |member| member.power);
        power = power.saturating_add(own);
        needed.push((index, own, signature));
    }
    let pack = |part: &[(usize, u64, &VoteSignature)]| Precommits {
        signers: part.iter().fold(U256::ZERO, |bits, (index, _, _)| bits | U256::from(1).wrapping_shl(*index)),
        signatures: part.iter().flat_map(|(_, _, signature)| signature.0).collect::<Vec<_>>().into(),
        power: part.iter().fold(0, |sum: u64, (_, power, _)| sum.saturating_add(*power)),
    };
    Ok(needed.chunks(part.get()).map(pack).collect())
}

/// Members that fit into the bits of a word.
const MOST_MEMBERS: usize = 256;

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
    fn the_fewest_and_heaviest_signers_decide() {
        // Powers 9, 8, 7, 6 of 30: more than 20 are needed.
        let (set, certificate) = fixture(&[1, 2, 3, 4]);
        let all = NonZeroUsize::new(100).unwrap();
        let [whole] = &fewest_precommits(&set, &certificate, all).unwrap()[..] else { panic!() };
        assert_eq!((whole.signers, whole.power, whole.signatures.len()), (U256::from(0b111), 24, 3 * 65));
        let parts = fewest_precommits(&set, &certificate, NonZeroUsize::new(2).unwrap()).unwrap();
        assert_eq!(parts.iter().map(|part| part.signers).collect::<Vec<_>>(), [U256::from(0b011), U256::from(0b100)]);
        assert_eq!(parts.iter().map(|part| part.power).sum::<u64>(), 24);
        assert_eq!(
            parts.iter().flat_map(|part| part.signatures.to_vec()).collect::<Vec<_>>(),
            whole.signatures.to_vec()
        );
        // Whoever did not sign is passed over.
        let (set, certificate) = fixture(&[1, 3, 4]);
        let [whole] = &fewest_precommits(&set, &certificate, all).unwrap()[..] else { panic!() };
        assert_eq!((whole.signers, whole.power), (U256::from(0b1101), 22));
        let (set, certificate) = fixture(&[1, 2]);
        assert!(fewest_precommits(&set, &certificate, all).unwrap_err().contains("two thirds"));
        let (set, mut certificate) = fixture(&[1, 2, 3]);
        certificate.signatures.pop();
        assert!(fewest_precommits(&set, &certificate, all).unwrap_err().contains("2 signatures"));
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
