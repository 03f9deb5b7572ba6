//! The built-in single validator: decides each block alone, on demand or at an interval.
//!
//! It drives the same [`Application`] as the consensus engine: propose, sign the precommit, commit with a certificate of one. Everything that
//! changes a development chain by hand also passes through its queue, so that nothing moves beneath a block in the making.

mod handle;
mod service;

pub use handle::{DriverHandle, Mining};
pub use service::Driver;
