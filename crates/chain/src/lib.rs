//! bttc-chain
