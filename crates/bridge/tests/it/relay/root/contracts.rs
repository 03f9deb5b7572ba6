//! What the contracts of the root chain do.

use super::*;

fn revert<E: SolError>(error: E) -> Revert {
    Revert { data: error.abi_encode().into(), reason: E::SIGNATURE.to_owned() }
}

pub(super) fn signatures(data: &[u8]) -> Option<u32> {
    let certificate = match Manager::submitCall::abi_decode(data) {
        Ok(call) => call.certificate,
        Err(_) => Manager::collectCall::abi_decode(data).ok()?.certificate,
    };
    u32::try_from(certificate.signatures.len() / 65).ok()
}

/// What the contracts do.
pub(super) fn call(state: &mut State, data: &[u8], time: u64) -> Result<Bytes, Revert> {
    let selector: [u8; 4] = data[..4].try_into().unwrap();
    let (trusted, height, tip_time) = state.tip;
    let tip = Manager::Tip { validatorsHash: trusted, height, time: tip_time };
    match selector {
        IRootBridge::recordCountCall::SELECTOR => Ok(U256::from(state.records).abi_encode().into()),
        IRootBridge::pausedUntilCall::SELECTOR => Ok(U256::ZERO.abi_encode().into()),
        IRootBridge::limitsCall::SELECTOR => Ok([40u64, 401, 9].map(U256::from).abi_encode().into()),
        IRootBridge::rootIdCall::SELECTOR => Ok(U256::from(ROOT_ID).abi_encode().into()),
        IRootBridge::checkpointsCall::SELECTOR => Ok(MANAGER.abi_encode().into()),
        Manager::sideChainIdCall::SELECTOR => Ok(U256::from(SIDE).abi_encode().into()),
        Manager::maxAgeCall::SELECTOR => Ok(U256::from(STOP_AGE).abi_encode().into()),
        Manager::activeTipCall::SELECTOR => Ok(tip.abi_encode().into()),
        Manager::collectedCall::SELECTOR => {
            let call = Manager::collectedCall::abi_decode(data).unwrap();
            Ok(state.collected.get(&call.blockHash).copied().unwrap_or_default().abi_encode().into())
        }
        Manager::collectCall::SELECTOR => {
            let call = Manager::collectCall::abi_decode(data).unwrap();
            if call.height <= height {
                return Err(revert(Manager::HeightNotGrowing { got: call.height, last: height }));
            }
            check_set(&call.certificate, trusted)?;
            *state.collected.entry(call.blockHash).or_default() |= call.certificate.signers;
            Ok(Bytes::new())
        }
        Manager::submitCall::SELECTOR => {
            let call = Manager::submitCall::abi_decode(data).unwrap();
            let header = <alloy_consensus::Header as alloy_rlp::Decodable>::decode(&mut call.header.as_ref()).unwrap();
            if time / 1_000 > tip_time + STOP_AGE {
                return Err(revert(Manager::Stopped { age: U256::ZERO, maxAge: STOP_AGE }));
            }
            if header.number <= height {
                return Err(revert(Manager::HeightNotGrowing { got: header.number, last: height }));
            }
            let outputs = keccak256((call.nextValidatorsHash, call.exitRoot_).abi_encode());
            assert_eq!(outputs.as_slice(), header.extra_data.as_ref());
            check_set(&call.certificate, trusted)?;
            let hash = keccak256(&call.header);
            let signers = call.certificate.signers | state.collected.remove(&hash).unwrap_or_default();
            let powers: Vec<u64> = call
                .certificate
                .validators
                .chunks_exact(28)
                .map(|member| u64::from_be_bytes(member[20..].try_into().unwrap()))
                .collect();
            let total: u64 = powers.iter().sum();
            let signed: u64 =
                powers.iter().enumerate().filter(|(at, _)| signers.bit(*at)).map(|(_, power)| power).sum();
            if signed * 3 <= total * 2 {
                let error = Manager::TooLittlePower { signed: U256::from(signed), total: U256::from(total) };
                return Err(revert(error));
            }
            state.tip = (call.nextValidatorsHash, header.number, header.timestamp);
            Ok(Bytes::new())
        }
        other => panic!("the relayer calls {other:?}"),
    }
}

fn check_set(certificate: &Manager::Certificate, trusted: B256) -> Result<(), Revert> {
    assert_eq!(certificate.signatures.len(), certificate.signers.count_ones() * 65);
    let got = keccak256(&certificate.validators);
    if got == trusted { Ok(()) } else { Err(revert(Manager::WrongSet { got, trusted })) }
}
