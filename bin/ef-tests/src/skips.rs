//! What is left out on purpose, each with its reason: `skips.toml`.

use crate::case::CaseId;
use eyre::WrapErr;
use serde::Deserialize;

/// The list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Skips {
    #[serde(default)]
    skip: Vec<Skip>,
}

/// One entry; what is not given matches everything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    kind: Option<String>,
    /// Names of forks or networks.
    forks: Option<Vec<String>>,
    /// End of the file's path.
    file: Option<String>,
    /// Text in the test's name.
    test: Option<String>,
    reason: String,
}

impl Skips {
    pub(crate) fn load() -> eyre::Result<Self> {
        let skips: Self = toml::from_str(include_str!("../skips.toml")).wrap_err("reading skips.toml")?;
        for skip in &skips.skip {
            let names_something =
                skip.forks.is_some() || skip.file.is_some() || skip.test.is_some() || skip.kind.is_some();
            eyre::ensure!(names_something, "an entry of skips.toml would skip everything: {}", skip.reason);
            eyre::ensure!(!skip.reason.is_empty(), "an entry of skips.toml has no reason");
        }
        Ok(skips)
    }

    /// Why a case of `kind` is left out, if it is.
    pub(crate) fn reason(&self, kind: &str, id: &CaseId) -> Option<&str> {
        let found = self.skip.iter().find(|skip| {
            skip.kind.as_ref().is_none_or(|wanted| wanted == kind)
                && skip.forks.as_ref().is_none_or(|forks| forks.contains(&id.fork))
                && skip.file.as_ref().is_none_or(|file| id.file.ends_with(file.as_str()))
                && skip.test.as_ref().is_none_or(|test| id.test.contains(test.as_str()))
        });
        found.map(|skip| skip.reason.as_str())
    }
}
