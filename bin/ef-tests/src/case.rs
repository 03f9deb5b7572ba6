//! One case: one (file, test, fork, index).

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// Which cases run, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    /// Text that the test's name contains.
    pub(crate) test: String,
    /// The only fork, if one is wanted.
    pub(crate) fork: Option<String>,
    /// A case that takes longer has failed.
    pub(crate) limit: Duration,
}

/// Names a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CaseId {
    /// Folder under which it is counted.
    pub(crate) group: String,
    /// File, below the folder that was asked for.
    pub(crate) file: String,
    /// Name of the test in its file.
    pub(crate) test: String,
    /// Fork or network; `-` where none matters.
    pub(crate) fork: String,
    /// Position among the test's cases of this fork.
    pub(crate) index: usize,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it should.
    Passed,
    /// Otherwise; says what was wanted and what was found.
    Failed(String),
    /// It was left out; says why.
    Skipped(String),
}

impl Filter {
    pub(crate) fn takes(&self, id: &CaseId) -> bool {
        id.test.contains(&self.test) && self.fork.as_ref().is_none_or(|fork| *fork == id.fork)
    }

    /// Runs a case; a panic and too long a run are failures.
    pub(crate) fn run(&self, case: impl FnOnce() -> Result<(), String>) -> Verdict {
        let start = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(case));
        let took = start.elapsed();
        match ended {
            Err(panic) => Verdict::Failed(format!("panic: {}", words(&*panic))),
            Ok(Err(why)) => Verdict::Failed(why),
            Ok(Ok(())) if took > self.limit => {
                Verdict::Failed(format!("took {} s, at most {} s are allowed", took.as_secs(), self.limit.as_secs()))
            }
            Ok(Ok(())) => Verdict::Passed,
        }
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}
