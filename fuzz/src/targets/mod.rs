//! The targets by name, each with inputs to start from.

mod block;
mod canned;
mod genesis;
mod input;
mod machine;
mod peer;
mod pool;
mod relayer;
mod roots;
mod rpc;
mod storage;
mod transaction;
mod trie;

/// A function of bytes that panics if something is wrong.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// Names the target, and its folders.
    pub(crate) name: &'static str,
    /// Runs one input.
    pub(crate) run: fn(&[u8]),
    /// Inputs that get deep; a run starts from them beside the corpus.
    #[cfg_attr(feature = "fuzzing", allow(dead_code, reason = "written out by a test"))]
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
}

pub(crate) const TARGETS: [Target; 11] = [
    Target { name: "block", run: block::run, seeds: block::seeds },
    Target { name: "transaction", run: transaction::run, seeds: transaction::seeds },
    Target { name: "rpc", run: rpc::run, seeds: rpc::seeds },
    Target { name: "storage", run: storage::run, seeds: storage::seeds },
    Target { name: "pool", run: pool::run, seeds: pool::seeds },
    Target { name: "genesis", run: genesis::run, seeds: genesis::seeds },
    Target { name: "peer", run: peer::run, seeds: peer::seeds },
    Target { name: "machine", run: machine::run, seeds: machine::seeds },
    Target { name: "roots", run: roots::run, seeds: roots::seeds },
    Target { name: "relayer", run: relayer::run, seeds: relayer::seeds },
    Target { name: "trie", run: trie::run, seeds: trie::seeds },
];
