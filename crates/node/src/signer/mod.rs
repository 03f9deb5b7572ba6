//! The consensus key.
mod key;
pub use key::KeySigner;
