//! Holds the staking contracts against their model.
//!
//! One random history runs twice: on `bttc_staking::model`, and on the compiled contracts in an EVM of their own. After each call both must have done the
//! same: succeeded, or refused with the error of the same name; and what the call could touch must be equal to the wei. At every tenth epoch, and at the
//! end, everything that can be read is compared.
//!
//! - [`chain`]: the EVM with the contracts at their addresses. - [`keys`]: consensus keys and their proofs.
//! - [`calls`]: an operation as call data. - [`compare`]: what is read from both. - [`run()`]: the history.

pub mod calls;
pub mod chain;
pub mod compare;
pub mod keys;
mod run;

pub use run::{Figures, run, run_with};
