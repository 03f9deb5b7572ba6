//! A node over HTTP whose every answer is made up: clients of the bridge ask it, and get what the input says.

use parking_lot::Mutex;
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// More questions than these for one thing that is asked are a client that does not stop.
const MOST_QUESTIONS: usize = 4_000;
/// Statuses that a line may ask for.
const STATUSES: [u16; 6] = [200, 400, 404, 429, 500, 503];

#[derive(Default)]
struct Answers {
    /// Status and body, given out in turn, again and again.
    all: Vec<(u16, Vec<u8>)>,
    asked: usize,
}

/// The node. It runs on the runtime that made it, while that waits for something.
pub(super) struct CannedNode {
    address: SocketAddr,
    answers: Arc<Mutex<Answers>>,
}

impl CannedNode {
    #[allow(clippy::disallowed_methods, reason = "a server that lasts as long as its runtime")]
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, answers) = (listener.local_addr().unwrap(), Arc::<Mutex<Answers>>::default());
        let given = Arc::clone(&answers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answers = Arc::clone(&given);
                tokio::spawn(async move { serve(stream, &answers).await });
            }
        });
        Self { address, answers }
    }

    /// Fails if a client did not stop asking.
    pub(super) fn check(&self) {
        assert!(self.answers.lock().asked < MOST_QUESTIONS, "a client asks and asks");
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// One answer a line; `!` and a character before it say another status than 200.
    pub(super) fn feed(&self, lines: &[u8]) {
        let read = |line: &[u8]| match line {
            [b'!', which, body @ ..] => {
                let status = STATUSES.get(usize::from(*which) % STATUSES.len()).copied().unwrap_or(200);
                (status, body.to_vec())
            }
            body => (200, body.to_vec()),
        };
        let all = lines.split(|byte| *byte == b'\n').map(read).collect();
        *self.answers.lock() = Answers { all, asked: 0 };
    }
}

/// Answers questions on one connection until it is closed. What they are does not matter.
async fn serve(mut stream: TcpStream, answers: &Mutex<Answers>) {
    let _ = stream.set_nodelay(true);
    let mut bytes = Vec::new();
    while let Some(end) = question(&mut stream, &mut bytes).await {
        bytes.drain(..end);
        let (status, body) = {
            let mut answers = answers.lock();
            let at = answers.asked % answers.all.len().max(1);
            answers.asked += 1;
            if answers.asked >= MOST_QUESTIONS {
                return;
            }
            answers.all.get(at).cloned().unwrap_or_default()
        };
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), &body].concat()).await.is_err() {
            return;
        }
    }
}

/// Reads until a whole request is there, and answers where it ends.
async fn question(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<usize> {
    loop {
        if let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(bytes.get(..head)?).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            let end = head + 4 + length.unwrap_or(0);
            if bytes.len() >= end {
                return Some(end);
            }
        }
        match stream.read_buf(bytes).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}
