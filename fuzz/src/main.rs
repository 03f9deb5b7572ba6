//! Fuzz targets: plain functions of bytes, which panic where something is wrong.
//!
//! `fuzz/run` builds this with coverage and libFuzzer (feature `fuzzing`); one program holds all targets, `BTTC_FUZZ_TARGET` names the one to run.
//! `cargo test --workspace --bin fuzz` replays the kept corpus (`fuzz/corpus`) and the inputs that once failed (`fuzz/regressions`), and checks that the
//! seeds get where they should. Built as anything else it only says so. Longer runs: docs/testing.md.

#![cfg_attr(feature = "fuzzing", no_main)]

#[cfg(any(test, feature = "fuzzing"))]
#[allow(dead_code, clippy::unwrap_used, unreachable_pub, reason = "the model of another crate's tests")]
#[path = "../../crates/trie/tests/it/double.rs"]
mod double;
#[cfg(any(test, feature = "fuzzing"))]
#[allow(dead_code, clippy::unwrap_used, unreachable_pub, reason = "the model of another crate's tests")]
#[path = "../../crates/trie/tests/it/model.rs"]
mod model;
#[cfg(any(test, feature = "fuzzing"))]
#[allow(clippy::unwrap_used, reason = "a fuzz target fails by a panic")]
mod targets;

#[cfg(test)]
mod tests;

#[cfg(feature = "fuzzing")]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static TARGET: std::sync::OnceLock<targets::Target> = std::sync::OnceLock::new();
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("BTTC_FUZZ_TARGET").expect("BTTC_FUZZ_TARGET names the target");
        *targets::TARGETS.iter().find(|target| target.name == name).expect("BTTC_FUZZ_TARGET is the name of a target")
    });
    (target.run)(data);
});

#[cfg(not(feature = "fuzzing"))]
fn main() -> std::process::ExitCode {
    use std::io::Write;
    // Nobody may be listening.
    let _ = writeln!(
        std::io::stderr(),
        "this build cannot fuzz; start fuzz/run, or replay the corpus with `cargo test --workspace --bin fuzz`"
    );
    std::process::ExitCode::FAILURE
}
