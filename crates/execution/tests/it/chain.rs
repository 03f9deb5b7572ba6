//! A small chain: spec, keys, contracts written by hand, signed transactions.

use crate::memory::MemoryState;
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::{eip2935, eip4788, eip7702::Authorization};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use bttc_consensus::{ConsensusSigner, SignError, SignRequest};
use bttc_execution::{BlockOutcome, BlockRun, FinishError, SystemTransactions};
use bttc_primitives::{ChainSpec, Fatal, Header, Recovered, Transaction};

pub const CHAIN_ID: u64 = 990_992;
pub const BASE_FEE: u64 = 9_000_000_000_000;
pub const BTT: u128 = 1_000_000_000_000_000_000;

const GENESIS: &str = r#"{"config":{"chainId":990992,"homesteadBlock":0,"eip150Block":0,"eip155Block":0,"eip158Block":0,
"byzantiumBlock":0,"constantinopleBlock":0,"petersburgBlock":0,"istanbulBlock":0,"berlinBlock":0,"londonBlock":0,
"mergeNetsplitBlock":0,"terminalTotalDifficulty":0,"shanghaiTime":0,"cancunTime":0,"pragueTime":0,"osakaTime":0BTTC},
"gasLimit":"0x3938700","difficulty":"0x0","alloc":{}}"#;

const OURS: &str = r#","bttc":{"dev":true,"minBaseFee":"0x82f79cd9000","elasticity":2,"baseFeeDenominator":50,"burnPercent":50,
"stakersPercent":40,"treasuryPercent":10,"blockTimeMs":500,"idleTimeMs":2000,"validators":[]}"#;

pub fn spec() -> ChainSpec {
    ChainSpec::from_json(&GENESIS.replace("BTTC", OURS)).unwrap()
}

/// The same as a network that is none of development.
pub fn public() -> ChainSpec {
    ChainSpec::from_json(&GENESIS.replace("BTTC", OURS).replace("\"dev\":true", "\"dev\":false")).unwrap()
}

/// The same forks under Ethereum's own rules.
pub fn ethereum() -> ChainSpec {
    ChainSpec::from_json(&GENESIS.replace("BTTC", "")).unwrap()
}

pub fn key(n: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(n)).unwrap()
}

pub fn address(n: u8) -> Address {
    key(n).address()
}

/// The proposer of every block here.
pub const PROPOSER: u8 = 99;

pub struct Consensus(pub PrivateKeySigner);

impl ConsensusSigner for Consensus {
    fn address(&self) -> Address {
        self.0.address()
    }
    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        let signed = self.0.sign_hash_sync(&request.signing_hash());
        Ok(signed.map_err(|error| Fatal::while_doing("signing", error))?)
    }
}

pub fn header() -> Header {
    Header {
        parent_hash: B256::repeat_byte(0xaa),
        number: 7,
        timestamp: 1_800_000_000,
        gas_limit: 60_000_000,
        base_fee_per_gas: Some(BASE_FEE),
        beneficiary: address(PROPOSER),
        mix_hash: B256::repeat_byte(0xbb),
        parent_beacon_block_root: Some(B256::repeat_byte(0xcc)),
        excess_blob_gas: Some(0),
        blob_gas_used: Some(0),
        ..Default::default()
    }
}

/// Keys 1 to 4 with a million BTT each, contracts of the protocol, and [`contracts`].
pub fn state() -> MemoryState {
    let mut state = MemoryState::default();
    for n in 1..=4 {
        state.set_balance(address(n), U256::from(1_000_000 * BTT));
    }
    state.set_code(eip2935::HISTORY_STORAGE_ADDRESS, eip2935::HISTORY_STORAGE_CODE.clone());
    state.set_code(eip4788::BEACON_ROOTS_ADDRESS, eip4788::BEACON_ROOTS_CODE.clone());
    contracts::deploy(&mut state);
    state
}

pub mod contracts {
    use super::*;

    /// Stores the first word of its input in slot 0.
    pub const STORE: Address = Address::repeat_byte(0x51);
    /// Reverts with its input.
    pub const REVERT: Address = Address::repeat_byte(0x52);
    /// Never ends.
    pub const LOOP: Address = Address::repeat_byte(0x53);
    /// Destroys itself in favour of the caller.
    pub const DESTROY: Address = Address::repeat_byte(0x54);
    /// Calls [`STORE`] with its input; reverts with nothing if that fails.
    pub const FORWARD: Address = Address::repeat_byte(0x55);
    /// Emits a log with topic 7.
    pub const LOG: Address = Address::repeat_byte(0x56);
    /// Returns the word `base fee, number`.
    pub const BLOCK: Address = Address::repeat_byte(0x57);
    /// Clears slot 0: refunds gas.
    pub const CLEAR: Address = Address::repeat_byte(0x58);

    pub const STORE_CODE: [u8; 7] = hex!("60003560005500");

    pub fn deploy(state: &mut MemoryState) {
        state.set_code(STORE, STORE_CODE.to_vec());
        state.set_code(REVERT, hex!("366000600037366000fd").to_vec());
        state.set_code(LOOP, hex!("5b600056").to_vec());
        state.set_code(DESTROY, hex!("33ff").to_vec());
        let call = [
            &hex!("6000356000526000600060206000600073")[..],
            STORE.as_slice(),
            &hex!("5af115602f57005b60006000fd")[..],
        ]
        .concat();
        state.set_code(FORWARD, call);
        state.set_code(LOG, hex!("600760006000a100").to_vec());
        state.set_code(BLOCK, hex!("486000524360205260406000f3").to_vec());
        state.set_code(CLEAR, hex!("600060005500").to_vec());
        state.storage.insert((CLEAR, U256::ZERO), U256::from(5));
    }

    /// Init code that deploys `runtime`.
    pub fn init(runtime: &[u8]) -> Bytes {
        let len = u8::try_from(runtime.len()).unwrap();
        [&[0x60, len, 0x60, 0x0c, 0x60, 0x00, 0x39, 0x60, len, 0x60, 0x00, 0xf3], runtime].concat().into()
    }
}

/// A transaction before it is signed; turned into any of the four types.
#[derive(Clone, Debug)]
pub struct Draft {
    pub from: u8,
    pub nonce: u64,
    pub to: TxKind,
    pub value: U256,
    pub input: Bytes,
    pub gas: u64,
    pub fee: u128,
    pub tip: u128,
    pub delegate: Vec<(u8, u64, Address)>,
}

pub fn draft(from: u8, nonce: u64, to: impl Into<TxKind>) -> Draft {
    Draft {
        from,
        nonce,
        to: to.into(),
        value: U256::ZERO,
        input: Bytes::new(),
        gas: 200_000,
        fee: u128::from(BASE_FEE) * 2,
        tip: 1_000,
        delegate: Vec::new(),
    }
}

fn sign<T: SignableTransaction<Signature>>(from: u8, tx: T) -> Recovered<Transaction>
where
    Transaction: From<alloy_consensus::Signed<T>>,
{
    let signature = key(from).sign_hash_sync(&tx.signature_hash()).unwrap();
    Recovered::new_unchecked(tx.into_signed(signature).into(), address(from))
}

impl Draft {
    pub fn value(mut self, wei: u128) -> Self {
        self.value = U256::from(wei);
        self
    }
    pub fn input(mut self, input: impl Into<Bytes>) -> Self {
        self.input = input.into();
        self
    }
    pub fn gas(mut self, gas: u64) -> Self {
        self.gas = gas;
        self
    }
    pub fn legacy(self) -> Recovered<Transaction> {
        let Self { nonce, to, value, input, gas, fee, .. } = self;
        let chain_id = Some(CHAIN_ID);
        sign(self.from, TxLegacy { chain_id, nonce, gas_price: fee, gas_limit: gas, to, value, input })
    }
    pub fn eip2930(self) -> Recovered<Transaction> {
        let Self { nonce, to, value, input, gas, fee, .. } = self;
        let access_list = Default::default();
        sign(
            self.from,
            TxEip2930 { chain_id: CHAIN_ID, nonce, gas_price: fee, gas_limit: gas, to, value, access_list, input },
        )
    }
    pub fn eip1559(self) -> Recovered<Transaction> {
        let Self { nonce, to, value, input, gas, fee, tip, .. } = self;
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit: gas,
            max_fee_per_gas: fee,
            max_priority_fee_per_gas: tip,
            to,
            value,
            access_list: Default::default(),
            input,
        };
        sign(self.from, tx)
    }
    pub fn eip7702(self) -> Recovered<Transaction> {
        let Self { nonce, to, value, input, gas, fee, tip, .. } = self;
        let authorization_list = self
            .delegate
            .iter()
            .map(|(who, nonce, address)| {
                let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address: *address, nonce: *nonce };
                let signature = key(*who).sign_hash_sync(&authorization.signature_hash()).unwrap();
                authorization.into_signed(signature)
            })
            .collect();
        let tx = TxEip7702 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit: gas,
            max_fee_per_gas: fee,
            max_priority_fee_per_gas: tip,
            to: *to.to().unwrap(),
            value,
            access_list: Default::default(),
            authorization_list,
            input,
        };
        sign(self.from, tx)
    }
}

/// Ends a block of which the rules demand nothing.
pub fn finish(run: BlockRun<'_, MemoryState>) -> Result<BlockOutcome, FinishError> {
    run.finish(SystemTransactions::Check { calls: &mut [].iter(), transactions: &[] })
}

/// Runs a block of transactions that must all be accepted; returns it with the state after it.
pub fn run(spec: &ChainSpec, state: &MemoryState, txs: &[Recovered<Transaction>]) -> (BlockOutcome, MemoryState) {
    let mut run = BlockRun::begin(spec, state.clone(), &header()).unwrap();
    for tx in txs {
        run.transact(tx.as_recovered_ref()).unwrap();
    }
    let outcome = finish(run).unwrap();
    let mut after = state.clone();
    after.apply(&outcome.changes).unwrap();
    (outcome, after)
}

pub fn balance(state: &MemoryState, of: Address) -> U256 {
    state.accounts.get(&of).copied().unwrap_or_default().balance
}
