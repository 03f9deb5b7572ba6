//! JSON-RPC over one kept HTTP/1.1 connection, with little work of its own: the node is to be measured, not the client.

use alloy_primitives::U256;
use eyre::{OptionExt, Result, WrapErr, bail};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// A connection to a node.
#[derive(Debug)]
pub struct Connection {
    host: String,
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to `http://HOST:PORT`.
    pub fn open(url: &str) -> Result<Self> {
        let host = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&host).wrap_err_with(|| format!("connecting to {host}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { host, stream: BufReader::new(stream) })
    }

    /// Sends a body and answers with the body that comes back.
    pub fn post(&mut self, body: &[u8]) -> Result<Vec<u8>> {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request)?;
        self.read_answer()
    }

    /// What stands at a path of the server.
    pub fn get(&mut self, path: &str) -> Result<Vec<u8>> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host);
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read_answer()
    }

    fn read_answer(&mut self) -> Result<Vec<u8>> {
        let (mut length, mut chunked) = (None, false);
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("the node closed the connection");
            }
            let text = line.trim_end().to_ascii_lowercase();
            if text.is_empty() {
                break;
            }
            if let Some(value) = text.strip_prefix("content-length:") {
                length = Some(value.trim().parse::<usize>()?);
            }
            chunked |= text == "transfer-encoding: chunked";
        }
        match length {
            Some(length) => {
                let mut body = vec![0; length];
                self.stream.read_exact(&mut body)?;
                Ok(body)
            }
            None if chunked => self.read_chunks(),
            None => bail!("an answer without length"),
        }
    }

    fn read_chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16).wrap_err("reading the size of a chunk")?;
            let at = body.len();
            body.resize(at.saturating_add(size), 0);
            self.stream.read_exact(body.get_mut(at..).unwrap_or_default())?;
            self.stream.read_line(&mut line)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    /// Calls one method.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer: Value = serde_json::from_slice(&self.post(body.to_string().as_bytes())?)?;
        match answer.get("result") {
            Some(result) => Ok(result.clone()),
            None => bail!("{method}: {answer}"),
        }
    }

    /// Calls several methods in one request; results are in the order of the calls.
    pub fn batch(&mut self, calls: &[(&str, Value)]) -> Result<Vec<Value>> {
        let request = |(id, (method, params)): (usize, &(&str, Value))| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let body: Vec<_> = calls.iter().enumerate().map(request).collect();
        let answers: Vec<Value> = serde_json::from_slice(&self.post(json!(body).to_string().as_bytes())?)?;
        let mut results = vec![Value::Null; calls.len()];
        for answer in answers {
            let id = answer.get("id").and_then(Value::as_u64).and_then(|id| usize::try_from(id).ok());
            match (id.and_then(|id| results.get_mut(id)), answer.get("result")) {
                (Some(place), Some(result)) => *place = result.clone(),
                _ => bail!("one of {} calls: {answer}", calls.len()),
            }
        }
        Ok(results)
    }

    /// Calls a method that answers with a large number.
    pub fn number(&mut self, method: &str, params: Value) -> Result<U256> {
        number(&self.call(method, params)?)
    }

    /// Calls a method that answers with a quantity.
    pub fn quantity(&mut self, method: &str, params: Value) -> Result<u64> {
        Ok(self.number(method, params)?.try_into()?)
    }
}

/// A number as JSON-RPC writes it: a quantity, or 32 bytes.
pub fn number(value: &Value) -> Result<U256> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x")).ok_or_eyre("not a number in hexadecimal")?;
    U256::from_str_radix(digits, 16).wrap_err_with(|| format!("{value} is not a number"))
}
