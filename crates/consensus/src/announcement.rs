//! What a proposer says of its program, in the `nonce` of its block's header (docs/protocol.md, section 2).
//!
//! Eight bytes that every header has and that mean nothing else here: version and newest fork of the program that built the block. Any content is
//! valid; what is no announcement announces nothing. So all see from the chain alone whose nodes are ready for a planned fork.

use alloy_primitives::{B64, keccak256};
use bttc_primitives::{ChainSpec, ForkPlan};
use std::fmt;

/// First byte of an announcement that names no fork.
const PLAIN: u8 = 1;
/// First byte of one that names a fork.
const WITH_FORK: u8 = 2;
/// What the digest of a name begins with.
const DOMAIN: &[u8] = b"bttc.fork.v1";

/// Version of a program; a part above 255 is announced as 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First part.
    pub major: u8,
    /// Second part.
    pub minor: u8,
    /// Third part.
    pub patch: u8,
}

impl Version {
    /// That of this build.
    pub fn of_build() -> Self {
        // Cargo gives decimal numbers.
        let part = |text: &str| text.parse().unwrap_or(u8::MAX);
        Self {
            major: part(env!("CARGO_PKG_VERSION_MAJOR")),
            minor: part(env!("CARGO_PKG_VERSION_MINOR")),
            patch: part(env!("CARGO_PKG_VERSION_PATCH")),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Stands for the name of a fork: the first four bytes of `keccak256("bttc.fork.v1" ++ name)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForkDigest(pub [u8; 4]);

impl ForkDigest {
    /// That of a name.
    pub fn of(name: &[u8]) -> Self {
        let [a, b, c, d, ..] = keccak256([DOMAIN, name].concat()).0;
        Self([a, b, c, d])
    }
}

/// What a proposer announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Of its program.
    pub version: Version,
    /// The planned fork, if its program knows that; else the newest fork it knows.
    pub fork: Option<ForkDigest>,
}

impl Announcement {
    /// What this build announces under a plan.
    pub fn of_build(spec: &ChainSpec, plan: Option<&ForkPlan>) -> Self {
        let known = plan.filter(|plan| spec.knows(plan)).map(|plan| plan.name.as_ref());
        let fork = known.or_else(|| spec.newest_fork().map(str::as_bytes)).map(ForkDigest::of);
        Self { version: Version::of_build(), fork }
    }

    /// Whether who says this has the rules of a planned fork.
    pub fn is_ready_for(&self, plan: &ForkPlan) -> bool {
        self.fork == Some(ForkDigest::of(&plan.name))
    }

    /// As it stands in a header: `1`, version, four zeros; or `2`, version, digest.
    pub const fn encode(&self) -> B64 {
        let Version { major, minor, patch } = self.version;
        let (kind, [a, b, c, d]) = match self.fork {
            None => (PLAIN, [0; 4]),
            Some(ForkDigest(digest)) => (WITH_FORK, digest),
        };
        B64::new([kind, major, minor, patch, a, b, c, d])
    }

    /// Reads it from a header; none if the proposer announces nothing.
    pub const fn decode(nonce: B64) -> Option<Self> {
        let [kind, major, minor, patch, a, b, c, d] = nonce.0;
        let fork = match (kind, [a, b, c, d]) {
            (PLAIN, [0, 0, 0, 0]) => None,
            (WITH_FORK, digest) => Some(ForkDigest(digest)),
            _ => return None,
        };
        Some(Self { version: Version { major, minor, patch }, fork })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Bytes, b64, hex};
    use proptest::prelude::*;

    const SPEC: &str = r#"{"config":{"chainId":1},"gasLimit":"0x1388","difficulty":"0x1","alloc":{}}"#;

    #[test]
    fn it_is_eight_bytes_of_a_header() {
        let version = Version { major: 1, minor: 20, patch: 3 };
        assert_eq!(Announcement { version, fork: None }.encode(), b64!("0101140300000000"));
        let fork = ForkDigest::of(b"pine");
        assert_eq!(fork.0, keccak256("bttc.fork.v1pine")[..4]);
        let with = Announcement { version, fork: Some(fork) };
        assert_eq!(hex::encode(with.encode()), format!("02011403{}", hex::encode(fork.0)));
        for nothing in [b64!("0000000000000000"), b64!("0101020300000001"), b64!("0301020300000000")] {
            assert_eq!(Announcement::decode(nothing), None);
        }
        assert_eq!(Version::of_build().to_string(), env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn a_build_names_the_plan_that_it_knows_else_its_newest_fork() {
        let old = ChainSpec::from_json(SPEC).unwrap();
        let spec = old.clone().with_known_forks(&["pine", "oak"]);
        let plan = |name: &'static str| ForkPlan { name: Bytes::from_static(name.as_bytes()), time: 5 };
        let said = |spec: &ChainSpec, plan: Option<&ForkPlan>| Announcement::of_build(spec, plan).fork;
        assert_eq!(said(&old, None), None);
        assert_eq!(said(&old, Some(&plan("pine"))), None);
        assert_eq!(said(&spec, None), Some(ForkDigest::of(b"oak")));
        assert_eq!(said(&spec, Some(&plan("pine"))), Some(ForkDigest::of(b"pine")));
        assert_eq!(said(&spec, Some(&plan("elm"))), Some(ForkDigest::of(b"oak")));
        assert!(Announcement::of_build(&spec, Some(&plan("pine"))).is_ready_for(&plan("pine")));
        assert!(!Announcement::of_build(&spec, Some(&plan("elm"))).is_ready_for(&plan("elm")));
        assert!(!Announcement::of_build(&old, None).is_ready_for(&plan("")));
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(bytes in any::<[u8; 8]>(), kind in 0u8..4, digest: bool) {
            let mut bytes = bytes;
            bytes[0] = kind;
            if !digest {
                bytes[4..].fill(0);
            }
            match Announcement::decode(B64::new(bytes)) {
                Some(said) => prop_assert_eq!(said.encode(), B64::new(bytes)),
                None => prop_assert!(kind != WITH_FORK && (kind != PLAIN || bytes[4..] != [0; 4])),
            }
        }
    }
}
