//! A `bttc node` as a child process.

use crate::http::Connection;
use eyre::{OptionExt, Result, WrapErr, bail};
use serde_json::json;
use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A running node; it is killed when this is dropped.
#[derive(Debug)]
pub struct NodeProcess {
    child: Child,
    url: String,
    /// From its start to its first answer.
    pub first_answer: Duration,
}

impl NodeProcess {
    /// Starts `bttc node` on a data directory and a free port, and waits for its first answer.
    ///
    /// Errors: it ends, or does not answer within two minutes.
    pub fn start(bttc: &Path, datadir: &Path, args: &[String]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let began = Instant::now();
        let child = Command::new(bttc)
            .arg("node")
            .arg("--datadir")
            .arg(datadir)
            .args(["--rpc.port", &port.to_string()])
            .args(args)
            .stdout(Stdio::null())
            .spawn()
            .wrap_err_with(|| format!("starting {}", bttc.display()))?;
        let url = format!("http://127.0.0.1:{port}");
        let mut node = Self { child, url, first_answer: Duration::ZERO };
        while !node.answers() {
            if let Some(status) = node.child.try_wait()? {
                bail!("the node ended with {status} before it answered");
            }
            if began.elapsed() > Duration::from_secs(120) {
                bail!("the node gave no answer within two minutes");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        node.first_answer = began.elapsed();
        Ok(node)
    }

    fn answers(&self) -> bool {
        self.connect().and_then(|mut connection| connection.quantity("eth_blockNumber", json!([]))).is_ok()
    }

    /// A new connection.
    pub fn connect(&self) -> Result<Connection> {
        Connection::open(&self.url)
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.kill();
    }
}

/// Bytes of all tables and of the file, as `bttc db stats` and the file system say.
pub fn disk(bttc: &Path, datadir: &Path) -> Result<(u64, u64)> {
    let output = Command::new(bttc).args(["db", "stats", "--datadir"]).arg(datadir).output()?;
    if !output.status.success() {
        bail!("bttc db stats: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout)?;
    let all = text.lines().find(|line| line.trim_start().starts_with("all ")).ok_or_eyre("db stats without a sum")?;
    let kib: u64 = all.split_whitespace().last().ok_or_eyre("db stats without bytes")?.parse()?;
    let file = std::fs::metadata(datadir.join("db").join("mdbx.dat"))?.len();
    Ok((kib * 1024, file))
}
