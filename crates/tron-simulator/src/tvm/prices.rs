//! Energy of instructions where it is not Ethereum's gas. Nothing is cold or warm on TRON, nothing is paid before the first instruction, and
//! nothing is given back.

use alloy_primitives::U256;
use revm::{
    bytecode::opcode,
    context_interface::cfg::{GasId, GasParams},
    handler::instructions::EthInstructions,
    interpreter::{
        Host, Instruction, InstructionContext, InstructionExecResult, InstructionResult,
        interpreter::EthInterpreter,
        interpreter_types::{InputsTr, RuntimeFlag},
    },
    primitives::hardfork::SpecId,
};

/// A slot that was zero gets a value.
const SET_SLOT: u64 = 20_000;
/// Any other write of storage.
const RESET_SLOT: u64 = 5_000;

/// Prices that depend on operands.
pub(super) fn params() -> GasParams {
    let mut params = GasParams::new_spec(SpecId::CANCUN);
    params.override_gas([
        // What a call may take: `limit - limit / this`, so all of it.
        (GasId::call_stipend_reduction(), u64::MAX),
        (GasId::cold_account_additional_cost(), 0),
        (GasId::cold_storage_additional_cost(), 0),
        (GasId::cold_storage_cost(), 0),
        (GasId::warm_storage_read_cost(), 0),
        (GasId::exp_byte_gas(), 10),
        (GasId::initcode_per_word(), 0),
        (GasId::selfdestruct_refund(), 0),
        (GasId::tx_base_stipend(), 0),
        (GasId::tx_create_cost(), 0),
        (GasId::tx_initcode_cost(), 0),
        (GasId::tx_token_cost(), 0),
        (GasId::tx_floor_cost_base_gas(), 0),
        (GasId::tx_floor_cost_per_token(), 0),
    ]);
    params
}

/// Instructions with their fixed prices.
pub(super) fn instructions<H: Host>() -> EthInstructions<EthInterpreter, H> {
    let mut table = EthInstructions::new_mainnet_with_spec(SpecId::CANCUN);
    for (code, energy) in [
        (opcode::SLOAD, 50),
        (opcode::BALANCE, 20),
        (opcode::EXTCODESIZE, 20),
        (opcode::EXTCODECOPY, 20),
        (opcode::EXTCODEHASH, 400),
        (opcode::CALL, 40),
        (opcode::CALLCODE, 40),
        (opcode::DELEGATECALL, 40),
        (opcode::STATICCALL, 40),
    ] {
        table.insert_gas(code, energy);
    }
    table.insert_instruction(opcode::SSTORE, Instruction::new(store::<H>), 0);
    table
}

fn store<H: Host + ?Sized>(context: InstructionContext<'_, H, EthInterpreter>) -> InstructionExecResult {
    let InstructionContext { interpreter, host } = context;
    if interpreter.runtime_flag.is_static() {
        return Err(InstructionResult::StateChangeDuringStaticCall);
    }
    let Some([key, value]) = interpreter.stack.popn() else { return Err(InstructionResult::StackUnderflow) };
    let target = interpreter.input.target_address();
    let stored = host.sstore(target, key, value).ok_or(InstructionResult::FatalExternalError)?;
    let fresh = stored.data.present_value == U256::ZERO && value != U256::ZERO;
    if !interpreter.gas.record_regular_cost(if fresh { SET_SLOT } else { RESET_SLOT }) {
        return Err(InstructionResult::OutOfGas);
    }
    Ok(())
}
