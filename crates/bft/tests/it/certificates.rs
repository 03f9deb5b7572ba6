//! A certificate as contracts on other chains check it: the vectors of `contracts/test/CertificateVectors.sol` come from here.

use crate::ledger::{CHAIN, Key, validators};
use alloy_primitives::{Address, B256, hex};
use bttc_consensus::{ConsensusSigner, Vote, check_certificate, vote_signature};
use bttc_primitives::{CommitCertificate, SignerBitmap, VoteKind, VoteSignature};
use std::{fmt::Write, fs, path::Path};

const HEIGHT: u64 = 12_345;
const ROUND: u32 = 2;

fn certificate() -> (Vec<Address>, CommitCertificate) {
    let set = validators(4);
    let block_hash = B256::repeat_byte(0xb7);
    let vote = Vote { chain_id: CHAIN, kind: VoteKind::Precommit, height: HEIGHT, round: ROUND, block_hash };
    let mut signed: Vec<(usize, VoteSignature)> = [1, 3, 4]
        .map(Key::new)
        .map(|key| (set.index_of(key.address()).unwrap(), vote_signature(&key.sign(&vote.into()).unwrap())))
        .to_vec();
    signed.sort_unstable_by_key(|(at, _)| *at);
    let signers = signed.iter().map(|(at, _)| set.members()[*at].address).collect();
    let certificate = CommitCertificate {
        height: HEIGHT,
        round: ROUND,
        block_hash,
        signers: SignerBitmap::from_indices(4, signed.iter().map(|(at, _)| *at)),
        signatures: signed.into_iter().map(|(_, signature)| signature).collect(),
    };
    (signers, certificate)
}

fn solidity(signers: &[Address], certificate: &CommitCertificate) -> String {
    let mut text = String::from(
        "// SPDX-License-Identifier: MIT OR Apache-2.0\npragma solidity 0.8.37;\n\n\
         // Written by crates/bft/tests/it/certificates.rs; run that test with BTTC_WRITE_VECTORS=1 after a change of what votes sign.\n\n",
    );
    writeln!(text, "uint256 constant CHAIN_ID = {CHAIN};").unwrap();
    writeln!(text, "uint64 constant HEIGHT = {};", certificate.height).unwrap();
    writeln!(text, "uint32 constant ROUND = {};", certificate.round).unwrap();
    writeln!(text, "bytes32 constant BLOCK_HASH = {};", certificate.block_hash).unwrap();
    text.push_str("\nfunction signers() pure returns (address[] memory list) {\n");
    writeln!(text, "    list = new address[]({});", signers.len()).unwrap();
    for (at, signer) in signers.iter().enumerate() {
        writeln!(text, "    list[{at}] = {};", signer.to_checksum(None)).unwrap();
    }
    text.push_str("}\n\nfunction signatures() pure returns (bytes[] memory list) {\n");
    writeln!(text, "    list = new bytes[]({});", certificate.signatures.len()).unwrap();
    for (at, signature) in certificate.signatures.iter().enumerate() {
        writeln!(text, "    list[{at}] = hex\"{}\";", hex::encode(signature)).unwrap();
    }
    text.push_str("}\n");
    text
}

#[test]
fn the_vectors_of_the_contract_test_are_what_validators_sign() {
    let (signers, certificate) = certificate();
    check_certificate(CHAIN, &validators(4), &certificate).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/test/CertificateVectors.sol");
    let text = solidity(&signers, &certificate);
    if std::env::var_os("BTTC_WRITE_VECTORS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "run this test with BTTC_WRITE_VECTORS=1");
}
