//! Evidence of double signing: when it proves a fault.

use crate::{Vote, recover_signer};
use bttc_primitives::{Evidence, ValidatorSet};

/// Checks that a proof holds against the validators of its height.
///
/// Errors: a sentence that names what is wrong.
pub fn check_evidence(chain_id: u64, validators: &ValidatorSet, evidence: &Evidence) -> Result<(), String> {
    let Evidence::DoubleSign(proof) = evidence;
    if proof.first_hash >= proof.second_hash {
        return Err("the two votes are equal or in the wrong order".into());
    }
    if validators.index_of(proof.signer).is_none() {
        return Err(format!("{} was no validator at height {}", proof.signer, proof.height));
    }
    let pairs = [(proof.first_hash, &proof.first_signature), (proof.second_hash, &proof.second_signature)];
    for (block_hash, signature) in pairs {
        let vote = Vote { chain_id, kind: proof.kind, height: proof.height, round: proof.round, block_hash };
        let signer = recover_signer(vote.signing_hash(), signature).map_err(|error| error.to_string())?;
        if signer != proof.signer {
            return Err(format!("a vote was signed by {signer}, not by {}", proof.signer));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vote_signature;
    use alloy_consensus::crypto::secp256k1;
    use alloy_primitives::B256;
    use bttc_primitives::{DoubleSign, Validator, VoteKind};

    #[test]
    fn a_true_proof_holds_and_changed_ones_do_not() {
        let sign = |block_hash, round| {
            let vote = Vote { chain_id: 1, kind: VoteKind::Prevote, height: 4, round, block_hash };
            let signature = secp256k1::sign_message(B256::with_last_byte(5), vote.signing_hash()).unwrap();
            (recover_signer(vote.signing_hash(), &vote_signature(&signature)).unwrap(), vote_signature(&signature))
        };
        let (first_hash, second_hash) = (B256::ZERO, B256::repeat_byte(2));
        let (signer, first_signature) = sign(first_hash, 1);
        let proof = DoubleSign {
            signer,
            kind: VoteKind::Prevote,
            height: 4,
            round: 1,
            first_hash,
            second_hash,
            first_signature,
            second_signature: sign(second_hash, 1).1,
        };
        let set = ValidatorSet::new(vec![Validator { address: signer, power: 1 }]).unwrap();
        let check = |proof: DoubleSign| check_evidence(1, &set, &Evidence::DoubleSign(proof));
        assert_eq!(check(proof.clone()), Ok(()));
        assert!(check(DoubleSign { second_signature: sign(second_hash, 2).1, ..proof.clone() }).is_err());
        assert!(check(DoubleSign { first_hash: second_hash, ..proof.clone() }).is_err());
        assert!(check(DoubleSign { kind: VoteKind::Precommit, ..proof }).is_err());
    }
}
