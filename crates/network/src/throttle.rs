//! A connection whose reading is held to a rate.
//!
//! It stands below encryption, so that everything a peer can send counts: gossip with its control messages, duplicates, discovery, requests, garbage. Who sends more
//! finds its own buffers full, as TCP tells it to wait; nothing is stored here.

use crate::bucket::Bucket;
use futures::{AsyncRead, AsyncWrite, ready};
use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};
use tokio::time::Sleep;

/// Least that is read at once: fewer wake-ups for the last bytes of a second. Unit: bytes.
const CHUNK: usize = 4 << 10;

/// A stream that reads at most so many bytes a second and counts both directions.
pub(crate) struct Throttled<S> {
    stream: S,
    bucket: Bucket,
    wait: Option<Pin<Box<Sleep>>>,
    read: metrics::Counter,
    written: metrics::Counter,
}

impl<S> Throttled<S> {
    /// Holds `stream` to `rate` bytes a second; a second's worth at once.
    pub(crate) fn new(stream: S, rate: u32) -> Self {
        Self {
            stream,
            bucket: Bucket::new(rate, rate, Instant::now()),
            wait: None,
            read: metrics::counter!("bttc_network_bytes_total", "direction" => "in"),
            written: metrics::counter!("bttc_network_bytes_total", "direction" => "out"),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Throttled<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        loop {
            if let Some(wait) = &mut this.wait {
                ready!(wait.as_mut().poll(cx));
                this.wait = None;
            }
            let now = Instant::now();
            let free = this.bucket.available(now);
            let wanted = buf.len().min(CHUNK);
            if free >= wanted {
                let length = buf.len().min(free);
                let (part, _) = buf.split_at_mut(length);
                let read = ready!(Pin::new(&mut this.stream).poll_read(cx, part))?;
                this.bucket.spend(read, now);
                this.read.increment(read as u64);
                return Poll::Ready(Ok(read));
            }
            this.wait = Some(Box::pin(tokio::time::sleep(this.bucket.wait_for(wanted, now))));
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Throttled<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.written.increment(written as u64);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs))?;
        self.written.increment(written as u64);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use futures::{AsyncReadExt, io::Cursor};

    #[tokio::test]
    async fn reading_takes_as_long_as_the_rate_says_and_loses_nothing() {
        let data: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
        let mut stream = Throttled::new(Cursor::new(data.clone()), 1 << 20);
        let mut read = Vec::new();
        stream.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, data);
        assert!(stream.wait.is_none(), "within a second's worth nobody waits");
    }

    #[test]
    fn an_empty_bucket_stops_the_reader() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        let mut stream = Throttled::new(Cursor::new(vec![1; 1 << 20]), 64 << 10);
        let mut buf = vec![0; 1 << 20];
        let cx = &mut Context::from_waker(futures::task::noop_waker_ref());
        let mut total = 0;
        while let Poll::Ready(read) = Pin::new(&mut stream).poll_read(cx, &mut buf) {
            total += read.unwrap();
            assert!(total <= 128 << 10, "far more than a second's worth was read at once");
        }
        assert!(total >= 60 << 10, "{total}");
    }
}
