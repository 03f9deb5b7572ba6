//! What the EVM sees of a block.

use alloy_evm::EvmEnv;
use bttc_primitives::{ChainSpec, Header};
use revm::context_interface::block::BlobExcessGasAndPrice;

/// Environment of the block with `header`: fork by height and time, gas cap per transaction from Osaka on (EIP-7825).
///
/// Our chain has no blobs, but from Cancun on the EVM wants a blob price; it is that of an empty history.
pub(crate) fn environment(spec: &ChainSpec, header: &Header) -> EvmEnv {
    let blobs = spec.blob_params(header.timestamp);
    let mut env = EvmEnv::for_eth_block(header, spec, spec.chain_id(), blobs);
    // Nobody can sign for a contract, so on a development chain this only lets tests act in the name of one.
    env.cfg_env.disable_eip3607 = spec.is_dev();
    if !spec.is_ethereum() {
        env.block_env.blob_excess_gas_and_price = Some(BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 1 });
        // EIP-4844 transactions are refused before they get here; no blob fits either.
        env.cfg_env.set_max_blobs_per_tx(0);
    }
    env
}
