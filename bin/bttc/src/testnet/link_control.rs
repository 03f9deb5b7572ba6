//! What the links between nodes are told: who is cut off from whom, and how long things take.

use super::{
    args::Groups,
    files,
    layout::{Layout, Link},
};
use eyre::{WrapErr, bail};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

const FILE: &str = "conditions.json";
const SOCKET: &str = "links.sock";

/// Told to the links so that they read layout and conditions again; they answer [`DONE`].
pub(crate) const RELOAD: &str = "reload";
pub(crate) const DONE: &str = "done";

/// State of all links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Conditions {
    /// Pairs of nodes that cannot talk, the lower number first.
    cut: BTreeSet<(usize, usize)>,
    /// One way.
    #[serde(with = "humantime_serde")]
    pub(crate) delay: Duration,
    /// At most this much more, at random.
    #[serde(with = "humantime_serde")]
    pub(crate) jitter: Duration,
}

impl Conditions {
    /// Reads the conditions of a network; a new one has none.
    pub(crate) fn load(dir: &Path) -> eyre::Result<Self> {
        let path = dir.join(FILE);
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).wrap_err_with(|| format!("{} is damaged", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).wrap_err_with(|| format!("cannot read {}", path.display())),
        }
    }

    pub(crate) fn is_cut(&self, link: &Link) -> bool {
        self.cut.contains(&(link.from.min(link.to), link.from.max(link.to)))
    }

    /// Cuts every pair that is not in one group.
    pub(crate) fn partition(&mut self, nodes: usize, groups: &Groups) {
        let pairs = (0..nodes).flat_map(|low| (low.saturating_add(1)..nodes).map(move |high| (low, high)));
        self.cut = pairs.filter(|(low, high)| !groups.joins(*low, *high)).collect();
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
    }
}

/// Socket on which the links are told to look again.
pub(crate) fn socket(dir: &Path) -> PathBuf {
    dir.join(SOCKET)
}

/// Changes the conditions of a running network.
///
/// Errors: its nodes are connected directly, or the links do not answer.
pub(crate) fn change(dir: &Path, layout: &Layout, change: impl FnOnce(&mut Conditions)) -> eyre::Result<Conditions> {
    if layout.links.is_none() {
        bail!("the nodes are connected directly; start the network without --direct to cut or slow its links");
    }
    let mut conditions = Conditions::load(dir)?;
    change(&mut conditions);
    files::replace(&dir.join(FILE), &serde_json::to_vec_pretty(&conditions)?)?;
    reload(dir)?;
    Ok(conditions)
}

/// Has the links read layout and conditions again.
pub(crate) fn reload(dir: &Path) -> eyre::Result<()> {
    let path = socket(dir);
    let ask = || {
        let mut stream = UnixStream::connect(&path)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        writeln!(stream, "{RELOAD}")?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    match ask() {
        Ok(answer) if answer.trim() == DONE => Ok(()),
        Ok(answer) => bail!("the links refused: {}", answer.trim()),
        Err(error) => {
            Err(error).wrap_err_with(|| format!("the links do not answer on {}; does the network run?", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_partition_cuts_between_groups_alone() {
        let mut conditions = Conditions::default();
        conditions.partition(5, &"0,1/2,3".parse().unwrap());
        let link = |from, to| Link { from, to, listen_port: 1, target_port: 2 };
        let cut: Vec<Vec<usize>> =
            (0..5).map(|from| (0..5).filter(|to| conditions.is_cut(&link(from, *to))).collect()).collect();
        assert_eq!(cut, [vec![2, 3, 4], vec![2, 3, 4], vec![0, 1, 4], vec![0, 1, 4], vec![0, 1, 2, 3]]);
        let text = serde_json::to_string(&conditions).unwrap();
        assert_eq!(serde_json::from_str::<Conditions>(&text).unwrap(), conditions);
        conditions.heal();
        assert_eq!(conditions, Conditions::default());
    }
}
