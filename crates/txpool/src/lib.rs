//! bttc-txpool
