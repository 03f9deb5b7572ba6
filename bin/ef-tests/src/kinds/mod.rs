//! The kinds of tests, and how a file is found to be of one.

mod block;
mod rlp;
mod state;
mod transaction;
mod trie;

use crate::{
    case::{CaseId, Filter, Verdict},
    report::Report,
    skips::Skips,
    source::TestFile,
};
use rayon::prelude::*;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Fields by which a test is recognised.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marks {
    post: Option<IgnoredAny>,
    transaction: Option<IgnoredAny>,
    blocks: Option<IgnoredAny>,
    engine_new_payloads: Option<IgnoredAny>,
    txbytes: Option<IgnoredAny>,
    result: Option<IgnoredAny>,
    root: Option<IgnoredAny>,
    #[serde(rename = "in")]
    input: Option<IgnoredAny>,
    out: Option<IgnoredAny>,
}

/// What runs the cases of one test.
pub(crate) struct Runner<'a> {
    file: &'a TestFile,
    group: String,
    test: &'a str,
    kind: &'static str,
    skips: &'a Skips,
    filter: &'a Filter,
    report: &'a Report,
}

impl Runner<'_> {
    fn id(&self, fork: &str, index: usize) -> CaseId {
        CaseId {
            group: self.group.clone(),
            file: self.file.name.clone(),
            test: self.test.into(),
            fork: fork.into(),
            index,
        }
    }

    /// Runs one case, unless it is left out.
    pub(crate) fn case(&self, fork: &str, index: usize, case: impl FnOnce() -> Result<(), String>) {
        let id = self.id(fork, index);
        if !self.filter.takes(&id) {
            return;
        }
        let verdict = match self.skips.reason(self.kind, &id) {
            Some(reason) => Verdict::Skipped(reason.into()),
            None => self.filter.run(case),
        };
        self.report.add(id, verdict);
    }
}

/// Runs all tests of a file.
pub(crate) fn run_file(file: &TestFile, skips: &Skips, filter: &Filter, report: &Report) {
    let group = file.group();
    let tests: BTreeMap<String, Box<RawValue>> = match serde_json::from_slice(&file.bytes) {
        Ok(tests) => tests,
        Err(error) => {
            let why = format!("the file is not an object of tests: {error}");
            let id = CaseId { group, file: file.name.clone(), test: "-".into(), fork: "-".into(), index: 0 };
            return report.add(id, Verdict::Failed(why));
        }
    };
    tests.par_iter().for_each(|(test, json)| {
        let kind = kind(json.get());
        let name = kind.map_or("unknown", |(name, _)| name);
        let runner = Runner { file, group: group.clone(), test, kind: name, skips, filter, report };
        let ended = match kind {
            Some((_, run)) => run(&runner, json.get()),
            None => Err("no kind of test that is known has these fields".into()),
        };
        if let Err(why) = ended {
            let id = runner.id("-", 0);
            if runner.filter.takes(&id) {
                report.add(id, Verdict::Failed(why));
            }
        }
    });
}

/// Runs the cases of one test; an error means that it could not be read.
type Run = fn(&Runner<'_>, &str) -> Result<(), String>;

fn kind(json: &str) -> Option<(&'static str, Run)> {
    let marks: Marks = serde_json::from_str(json).ok()?;
    if marks.post.is_some() && marks.transaction.is_some() {
        Some(("state", state::run))
    } else if marks.engine_new_payloads.is_some() {
        Some(("engine", engine))
    } else if marks.blocks.is_some() {
        Some(("block", block::run))
    } else if marks.txbytes.is_some() && marks.result.is_some() {
        Some(("transaction", transaction::run))
    } else if marks.root.is_some() && marks.input.is_some() {
        Some(("trie", trie::run))
    } else if marks.out.is_some() && marks.input.is_some() {
        Some(("rlp", rlp::run))
    } else {
        None
    }
}

/// Tests of the engine API, which are named in the list of skips.
fn engine(runner: &Runner<'_>, json: &str) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Named {
        network: String,
    }
    let Named { network } = parse(json)?;
    runner.case(&network, 0, || Err("the node has no engine API".into()));
    Ok(())
}

/// Reads JSON; the error says where it went wrong.
fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("the test cannot be read: {error}"))
}
