//! Runs Ethereum's consensus tests through the node's own code: executor, state trie, block rules, decoding.
//!
//! `ef-tests DIR` walks a folder of test files (unpacked, or in `.tar.zst` archives), finds out from its content what each file tests, and
//! runs all cases on all cores. It prints one line per failure, a table per folder and fork, and last `N passed, N failed, N skipped`.
//! The exit code is 1 when anything failed or nothing ran.
//!
//! [`source`] finds and reads the files, [`kinds`] holds one module per kind of test, [`network`] makes a chain spec of a fork's name,
//! [`world`] is a state in memory with its tries, [`import`] puts a block on it, [`skips`] is what is left out on purpose, [`report`] counts.

mod case;
mod import;
mod json;
mod kinds;
mod memory_trie;
mod network;
mod report;
mod skips;
mod source;
mod world;

use clap::Parser;
use eyre::WrapErr;
use rayon::prelude::*;
use std::{io::Write, path::PathBuf, process::ExitCode};

/// Runs Ethereum's consensus tests (state, blockchain, transaction, trie, RLP) through the node's own code.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Folder, test file or archive; folders are searched for `.json` files and `.tar.zst` archives.
    #[arg(required = true, env = "EF_TESTS_DIR")]
    paths: Vec<PathBuf>,
    /// Run only files whose path contains this text.
    #[arg(long, default_value = "")]
    file: String,
    /// Run only cases whose test name contains this text.
    #[arg(long, default_value = "")]
    test: String,
    /// Run only this fork or network.
    #[arg(long)]
    fork: Option<String>,
    /// Threads; as many as there are cores unless given.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// A case that takes longer counts as failed. Unit: seconds.
    #[arg(long, default_value_t = 600)]
    timeout: u64,
}

fn main() -> eyre::Result<ExitCode> {
    let arguments = Arguments::parse();
    // A panic is caught per case and reported as its failure; the hook's own message would only tear the output apart.
    std::panic::set_hook(Box::new(|_| {}));
    rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.threads)
        .stack_size(64 * 1024 * 1024)
        .build_global()
        .wrap_err("starting the threads")?;
    let skips = skips::Skips::load()?;
    let filter = case::Filter {
        test: arguments.test,
        fork: arguments.fork,
        limit: std::time::Duration::from_secs(arguments.timeout),
    };
    let report = report::Report::default();
    for path in &arguments.paths {
        let files = source::open(path)?;
        files.into_iter().par_bridge().for_each(|file| match file {
            Ok(file) if file.name.contains(&arguments.file) => {
                kinds::run_file(&file, &skips, &filter, &report);
            }
            Ok(_) => {}
            Err(unreadable) => report.unreadable(&unreadable),
        });
    }
    let mut out = std::io::stdout().lock();
    report.print(&mut out).wrap_err("writing the report")?;
    out.flush().wrap_err("writing the report")?;
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
