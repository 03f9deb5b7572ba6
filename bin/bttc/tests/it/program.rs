//! Running the program that was built with these tests.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Nothing here takes longer, unless it hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn bttc(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bttc"));
    command.args(arguments).stdin(Stdio::null()).env_remove("RUST_BACKTRACE").env("COLUMNS", "120");
    command
}

/// Runs to the end; code, standard output, standard error.
pub(crate) fn run(arguments: &[&str]) -> (i32, String, String) {
    told(&bttc(arguments).output().unwrap())
}

pub(crate) fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A node in the background, killed if the test forgets it.
pub(crate) struct Running {
    child: Option<Child>,
    pub(crate) http: SocketAddr,
}

impl Running {
    /// Starts a development node on a free port and waits for the address in its banner.
    pub(crate) fn dev(datadir: &Path, more: &[&str]) -> Self {
        let mut arguments = vec!["node", "--dev", "--rpc.port", "0", "--datadir", datadir.to_str().unwrap()];
        arguments.extend(more);
        Self::start(&arguments)
    }

    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = bttc(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut banner = Vec::new();
        let mut stdout = child.stdout.take().unwrap();
        let mut running = Self { child: Some(child), http: ([127, 0, 0, 1], 0).into() };
        // The pipe ends when the program does, so this cannot wait for ever on a program that failed.
        let mut piece = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&banner).into_owned();
            if let Some(addr) = text.lines().find_map(|line| line.strip_prefix("HTTP        http://"))
                && text.contains("Data  ")
            {
                running.http = addr.trim().parse().unwrap();
                return running;
            }
            match stdout.read(&mut piece).unwrap() {
                0 => panic!("the node ended at its start: {:?}", running.wait()),
                count => banner.extend(&piece[..count]),
            }
        }
    }

    /// Starts a node that makes no blocks on a free port, and waits for the address in its log.
    pub(crate) fn follower(datadir: &str) -> Self {
        let arguments = ["node", "--rpc.port", "0", "--log.format", "json", "--datadir", datadir];
        let mut child = bttc(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut running = Self { child: Some(child), http: ([127, 0, 0, 1], 0).into() };
        let mut log = String::new();
        for line in stderr.lines() {
            let line = line.unwrap();
            let json: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(http) = find(&json, "http") {
                running.http = http.parse().unwrap();
                return running;
            }
            log.push_str(&line);
        }
        panic!("the node ended at its start: {log}");
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the end; code, nothing, standard error.
    pub(crate) fn wait(&mut self) -> (i32, String, String) {
        let mut child = self.child.take().unwrap();
        let end = Instant::now() + DEADLINE;
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > end {
                child.kill().unwrap();
                panic!("the node did not end");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        told(&child.wait_with_output().unwrap())
    }

    /// The result of a JSON-RPC call that must succeed.
    pub(crate) fn rpc(&self, method: &str, params: serde_json::Value) -> serde_json::Value {
        self.try_rpc(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The result of a JSON-RPC call, or its error object.
    pub(crate) fn try_rpc(
        &self,
        method: &str,
        params: serde_json::Value,
    ) -> Result<serde_json::Value, serde_json::Value> {
        let body = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.http,
            body.len()
        );
        let answer = ask(self.http, &format!("{head}{body}"));
        let (_, json) = answer.split_once("\r\n\r\n").unwrap();
        let json: serde_json::Value = serde_json::from_str(json.trim()).unwrap_or_else(|_| panic!("{answer}"));
        match json.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(json["result"].clone()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// A text field of a line of the log, wherever it stands.
fn find<'a>(json: &'a serde_json::Value, name: &str) -> Option<&'a str> {
    json.get(name).or_else(|| json.get("fields")?.get(name))?.as_str()
}

/// One HTTP request on a connection of its own.
pub(crate) fn ask(addr: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
