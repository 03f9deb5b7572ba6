//! A server over HTTP that answers as a test wants, without a runtime of its own.

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// What the server answers.
pub(crate) enum Reply {
    /// With status 200.
    Json(Value),
    /// With status 200, no JSON.
    Text(String),
    /// No body.
    Status(u16),
    /// The connection is closed without an answer.
    Close,
    /// No answer before the client gives up.
    Hang,
}

/// Stops when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// `answer` gets path and body of each request.
    pub(crate) fn new(answer: impl Fn(&str, Value) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, answer) = (Arc::clone(&stop), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let answer = Arc::clone(&answer);
                thread::spawn(move || serve(stream.unwrap(), &*answer));
            }
        });
        Self { url: format!("http://{address}"), stop }
    }

    /// One that answers JSON-RPC: a result, or an error object.
    pub(crate) fn json_rpc(answer: impl Fn(&str, &Value) -> Result<Value, Value> + Send + Sync + 'static) -> Self {
        Self::new(move |_, request| reply(&request, &answer))
    }
}

/// The answer to one request of JSON-RPC.
pub(crate) fn reply(request: &Value, answer: impl Fn(&str, &Value) -> Result<Value, Value>) -> Reply {
    let mut body = json!({ "jsonrpc": "2.0", "id": request["id"] });
    match answer(request["method"].as_str().unwrap(), &request["params"]) {
        Ok(result) => body["result"] = result,
        Err(error) => body["error"] = error,
    }
    Reply::Json(body)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&str, Value) -> Reply) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return;
    }
    let path = first.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, body) = match answer(&path, serde_json::from_slice(&body).unwrap_or_default()) {
        Reply::Json(value) => (200, value.to_string()),
        Reply::Text(text) => (200, text),
        Reply::Status(status) => (status, String::new()),
        Reply::Close => return,
        Reply::Hang => {
            // Until the client closes.
            let _ = stream.read(&mut [0]);
            return;
        }
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}
