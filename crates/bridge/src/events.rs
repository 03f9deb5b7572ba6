//! Events of a root bridge as records.

use crate::{
    records::{Deposit, Metadata, Record},
    root::{LogFilter, RootLog},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolEvent, SolValue};
use bttc_contracts::root::IRootBridge;

/// What a log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of the record.
    pub nonce: u64,
    /// The record.
    pub record: Record,
    /// The running hash after it, as the contract says.
    pub chain: B256,
}

/// A log that is none of `RootBridge`'s, though it stands where only those can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("log {index} of block {block}, transaction {transaction}, cannot be read: {why}")]
pub struct BadEvent {
    /// Where.
    pub block: u64,
    /// Transaction that made it.
    pub transaction: B256,
    /// Its place in the block.
    pub index: u64,
    /// What is wrong.
    pub why: &'static str,
}

/// The logs that are records.
pub fn filter(bridge: Address) -> LogFilter {
    LogFilter {
        address: bridge,
        events: vec![IRootBridge::Deposited::SIGNATURE_HASH, IRootBridge::MetadataSynced::SIGNATURE_HASH],
    }
}

/// Reads a log. Decoding alone would drop what stands above the bits of a value; the contract writes nothing there.
pub fn read(log: &RootLog) -> Result<Event, BadEvent> {
    let bad = |why| BadEvent { block: log.block, transaction: log.transaction, index: log.index, why };
    let topics = log.data.topics();
    match topics.first() {
        Some(&IRootBridge::Deposited::SIGNATURE_HASH) => {
            let event = IRootBridge::Deposited::decode_log_data(&log.data).map_err(|_| bad("it is no `Deposited`"))?;
            if event.encode_log_data() != log.data {
                return Err(bad("it is a `Deposited` in a form that the contract does not write"));
            }
            let deposit = Deposit { token: event.token, from: event.from, to: event.to, amount: event.amount };
            Ok(Event { nonce: event.nonce, record: Record::Deposit(deposit), chain: event.chainHash })
        }
        Some(&IRootBridge::MetadataSynced::SIGNATURE_HASH) => {
            let [_, nonce, token] = topics else { return Err(bad("`MetadataSynced` has two indexed values")) };
            let nonce = U256::from_be_bytes(nonce.0).try_into().map_err(|_| bad("its nonce is above 64 bits"))?;
            // Not as text: the names may be any bytes, and reading them as text would change them.
            let (name, symbol, decimals, chain) = <(Bytes, Bytes, U256, B256)>::abi_decode_params(&log.data.data)
                .map_err(|_| bad("it is no `MetadataSynced`"))?;
            let body = (&name, &symbol, decimals, chain).abi_encode_params();
            if body != *log.data.data || Address::from_word(*token).into_word() != *token {
                return Err(bad("it is a `MetadataSynced` in a form that the contract does not write"));
            }
            let decimals = decimals.try_into().map_err(|_| bad("its decimals are above 8 bits"))?;
            let metadata = Metadata { token: Address::from_word(*token), name, symbol, decimals };
            Ok(Event { nonce, record: Record::Metadata(metadata), chain })
        }
        _ => Err(bad("it is another event")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::LogData;

    fn log(data: LogData) -> RootLog {
        RootLog { block: 7, transaction: B256::ZERO, index: 3, address: Address::ZERO, data }
    }

    #[test]
    fn events_become_records() {
        let [token, to, from] = [1u8, 2, 3].map(Address::repeat_byte);
        let (chain, amount) = (B256::repeat_byte(9), U256::from(5));
        let event = IRootBridge::Deposited { nonce: 4, token, to, from, amount, chainHash: chain };
        let good = event.encode_log_data();
        let event = read(&log(good.clone())).unwrap();
        assert_eq!(event, Event { nonce: 4, record: Record::Deposit(Deposit { token, from, to, amount }), chain });
        // A bit above a value that is shorter than its word: nonce, token, receiver, sender.
        for at in 1..=3 {
            let mut topics = good.topics().to_vec();
            topics[at].0[0] = 1;
            assert!(read(&log(LogData::new(topics, good.data.clone()).unwrap())).is_err(), "topic {at}");
        }
        let mut data = good.data.to_vec();
        data[0] = 1;
        assert!(read(&log(LogData::new(good.topics().to_vec(), data.into()).unwrap())).is_err());
        let longer = [good.data.as_ref(), &[0; 32]].concat();
        assert!(read(&log(LogData::new(good.topics().to_vec(), longer.into()).unwrap())).is_err());
    }

    #[test]
    fn names_are_kept_to_the_byte() {
        let token = Address::repeat_byte(1);
        let (name, symbol) = (Bytes::from_static(b"\xff\xfeA"), Bytes::from_static(b"\xc3"));
        let topics = vec![IRootBridge::MetadataSynced::SIGNATURE_HASH, B256::from(U256::from(8)), token.into_word()];
        let body = (name.clone(), symbol.clone(), U256::from(6), B256::repeat_byte(2)).abi_encode_params();
        let event = read(&log(LogData::new(topics.clone(), body.clone().into()).unwrap())).unwrap();
        let metadata = Metadata { token, name, symbol, decimals: 6 };
        assert_eq!(event, Event { nonce: 8, record: Record::Metadata(metadata), chain: B256::repeat_byte(2) });

        let mut dirty = topics.clone();
        dirty[2].0[0] = 1;
        assert!(read(&log(LogData::new(dirty, body.clone().into()).unwrap())).is_err());
        let longer = [body, vec![0; 32]].concat();
        assert!(read(&log(LogData::new(topics.clone(), longer.into()).unwrap())).is_err());

        let body = (Bytes::new(), Bytes::new(), U256::from(256), B256::ZERO).abi_encode_params();
        assert!(read(&log(LogData::new(topics, body.into()).unwrap())).is_err());
        assert!(read(&log(LogData::new(vec![B256::ZERO], Bytes::new()).unwrap())).is_err());
    }
}
