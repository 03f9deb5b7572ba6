//! bttc-storage
