//! One file a command.

pub(crate) mod account;
pub(crate) mod book;
pub(crate) mod bridge;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod db;
pub(crate) mod genesis;
pub(crate) mod gov;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod node;
pub(crate) mod peers;
pub(crate) mod signer;
pub(crate) mod snapshot;
pub(crate) mod stake;
pub(crate) mod validator;
pub(crate) mod wallet;
