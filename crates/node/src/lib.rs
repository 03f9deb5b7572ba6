//! bttc-node
