//! bttc-contracts
