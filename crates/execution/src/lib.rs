//! bttc-execution
