//! bttc-rpc
