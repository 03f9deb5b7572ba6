//! Precompiled contracts where they are not Ethereum's.

use super::Ending;
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use alloy_sol_types::{SolType, sol_data};
use revm::{
    context_interface::{Cfg, ContextTr},
    handler::{EthPrecompiles, PrecompileProvider},
    interpreter::{CallInputs, Gas, InstructionResult, InterpreterResult},
    primitives::{AddressSet, hardfork::SpecId},
};

const ECRECOVER: u8 = 1;
/// TRON has its own idea of it: its results are not Ethereum's.
const RIPEMD160: u8 = 3;
const BATCH_VALIDATE_SIGN: u8 = 9;
/// The simulator has no weights of permissions.
const VALIDATE_MULTI_SIGN: u8 = 10;
/// Most signatures of one call.
const MOST_SIGNATURES: usize = 16;
const ENERGY_PER_SIGNATURE: u64 = 1_500;

type Batch = (sol_data::FixedBytes<32>, sol_data::Array<sol_data::Bytes>, sol_data::Array<sol_data::Address>);

/// The contracts, and how many signatures they have recovered in this transaction.
pub(super) struct TronPrecompiles {
    ethereum: EthPrecompiles,
    addresses: AddressSet,
    recovered: usize,
    most: Option<(usize, Ending)>,
    /// How the transaction ends, as it recovered too many.
    pub(super) overrun: Option<Ending>,
}

impl TronPrecompiles {
    /// With a bound on recovered signatures, and what happens beyond it.
    pub(super) fn new(most: Option<(usize, Ending)>) -> Self {
        let ethereum = EthPrecompiles::new(SpecId::ISTANBUL);
        let mut addresses = ethereum.warm_addresses().clone();
        addresses.insert(Address::with_last_byte(VALIDATE_MULTI_SIGN));
        Self { ethereum, addresses, recovered: 0, most, overrun: None }
    }

    pub(super) fn has(&self, address: &Address) -> bool {
        self.addresses.contains(address)
    }

    fn count(&mut self, signatures: usize) -> Result<(), String> {
        self.recovered = self.recovered.saturating_add(signatures);
        match self.most {
            Some((most, ending)) if self.recovered > most => {
                self.overrun = Some(ending);
                Err(format!("more than {most} signatures recovered"))
            }
            _ => Ok(()),
        }
    }
}

impl<CTX: ContextTr<Cfg: Cfg<Spec = SpecId>>> PrecompileProvider<CTX> for TronPrecompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, _: SpecId) -> bool {
        false
    }

    fn run(&mut self, context: &mut CTX, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        if !self.has(&inputs.bytecode_address) {
            return Ok(None);
        }
        match inputs.bytecode_address.into_array()[19] {
            ECRECOVER => {
                self.count(1)?;
                let result = self.ethereum.run(context, inputs)?;
                Ok(result.map(|mut result| {
                    let mut word = result.output.to_vec();
                    if let (InstructionResult::Return, Some(byte)) = (result.result, word.get_mut(11)) {
                        *byte = crate::address::PREFIX;
                        result.output = word.into();
                    }
                    result
                }))
            }
            RIPEMD160 | VALIDATE_MULTI_SIGN => Ok(Some(failed(inputs.gas_limit, InstructionResult::PrecompileError))),
            BATCH_VALIDATE_SIGN => {
                let input = inputs.input.as_bytes(context).to_vec();
                // As the network counts them, from the length alone.
                let energy = (input.len() as u64 / 32).saturating_sub(5) / 6 * ENERGY_PER_SIGNATURE;
                if energy > inputs.gas_limit {
                    return Ok(Some(failed(inputs.gas_limit, InstructionResult::PrecompileOOG)));
                }
                let word = match Batch::abi_decode_params(&input) {
                    Ok((hash, signatures, signers))
                        if signatures.len() == signers.len() && (1..=MOST_SIGNATURES).contains(&signers.len()) =>
                    {
                        self.count(signers.len())?;
                        batch(hash, &signatures, &signers)
                    }
                    _ => B256::ZERO,
                };
                let mut gas = Gas::new(inputs.gas_limit);
                let _ = gas.record_regular_cost(energy);
                Ok(Some(InterpreterResult::new(InstructionResult::Return, word.0.into(), gas)))
            }
            _ => self.ethereum.run(context, inputs),
        }
    }

    fn warm_addresses(&self) -> &AddressSet {
        &self.addresses
    }
}

fn failed(limit: u64, result: InstructionResult) -> InterpreterResult {
    let mut gas = Gas::new(limit);
    gas.spend_all();
    InterpreterResult::new(result, Bytes::new(), gas)
}

/// Byte `i` is 1 where signature `i` is of signer `i`.
fn batch(hash: B256, signatures: &[Bytes], signers: &[Address]) -> B256 {
    let mut word = B256::ZERO;
    for ((byte, signature), signer) in word.0.iter_mut().zip(signatures).zip(signers) {
        *byte = u8::from(recover(hash, signature) == Some(*signer));
    }
    word
}

fn recover(hash: B256, bytes: &[u8]) -> Option<Address> {
    let (r, rest) = bytes.split_first_chunk::<32>()?;
    let (s, rest) = rest.split_first_chunk::<32>()?;
    let odd = match rest.first()? {
        0 | 27 => false,
        1 | 28 => true,
        _ => return None,
    };
    let signature = Signature::new(U256::from_be_bytes(*r), U256::from_be_bytes(*s), odd);
    signature.recover_address_from_prehash(&hash).ok()
}
