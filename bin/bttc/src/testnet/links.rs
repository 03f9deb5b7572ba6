//! The process between the nodes: carries their connections, slowly where it is told to, and holds them back across a cut.
//!
//! A cut is silent, as that of a real network is: nothing is closed or refused, bytes wait. What was sent before it heals arrives after.

use super::{
    layout::{Layout, Link},
    link_control::{Conditions, DONE, RELOAD, socket},
};
use eyre::WrapErr;
use std::{collections::HashSet, io, net::Ipv4Addr, path::Path, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::{mpsc, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Largest piece carried at a time. Unit: bytes.
const PIECE_BYTES: usize = 64 << 10;
/// Pieces that may be under way in one direction of a connection.
const UNDER_WAY: usize = 256;

/// Carries connections until `shutdown`.
pub(crate) async fn serve(dir: &Path, shutdown: CancellationToken) -> eyre::Result<()> {
    let path = socket(dir);
    // What is left of a process that was killed.
    let _absent = std::fs::remove_file(&path);
    let control = UnixListener::bind(&path).wrap_err_with(|| format!("cannot listen on {}", path.display()))?;
    let mut links =
        Links { open: HashSet::new(), conditions: watch::Sender::new(Conditions::default()), tasks: JoinSet::new() };
    links.reload(dir).await?;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = control.accept() => {
                let (stream, _) = accepted.wrap_err("cannot take a command")?;
                // Whoever asked may be gone.
                let _gone = links.answer(dir, stream).await;
            }
        }
    }
    let _gone = std::fs::remove_file(&path);
    Ok(())
}

struct Links {
    open: HashSet<Link>,
    conditions: watch::Sender<Conditions>,
    tasks: JoinSet<()>,
}

impl Links {
    async fn answer(&mut self, dir: &Path, stream: UnixStream) -> io::Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut line = String::new();
        BufReader::new(reader.take(1024)).read_line(&mut line).await?;
        let answer = match line.trim() {
            RELOAD => self.reload(dir).await.map_or_else(|error| format!("{error:#}"), |()| DONE.to_owned()),
            other => format!("there is no command {other:?}"),
        };
        writer.write_all(format!("{answer}\n").as_bytes()).await
    }

    async fn reload(&mut self, dir: &Path) -> eyre::Result<()> {
        let conditions = Conditions::load(dir)?;
        let layout = Layout::load(dir)?;
        for link in layout.links.into_iter().flat_map(|place| place.links) {
            if self.open.contains(&link) {
                continue;
            }
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, link.listen_port))
                .await
                .wrap_err_with(|| format!("cannot listen on port {} of the loopback", link.listen_port))?;
            self.tasks.spawn(accept(listener, link, self.conditions.subscribe()));
            self.open.insert(link);
        }
        self.conditions.send_replace(conditions);
        Ok(())
    }
}

async fn accept(listener: TcpListener, link: Link, conditions: watch::Receiver<Conditions>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let conditions = conditions.clone();
        connections.spawn(async move {
            // A connection that breaks is the business of the two nodes.
            let _broken = carry(stream, link, conditions).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Carries one connection until both directions have ended.
async fn carry(near: TcpStream, link: Link, conditions: watch::Receiver<Conditions>) -> io::Result<()> {
    let mut weather = Weather { link, conditions };
    weather.open().await?;
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, link.target_port)).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::try_join!(pump(near_read, far_write, weather.clone()), pump(far_read, near_write, weather))?;
    Ok(())
}

/// The conditions as one connection feels them.
#[derive(Clone)]
struct Weather {
    link: Link,
    conditions: watch::Receiver<Conditions>,
}

impl Weather {
    /// Waits while the link is cut.
    async fn open(&mut self) -> io::Result<()> {
        let link = self.link;
        let open = self.conditions.wait_for(|conditions| !conditions.is_cut(&link)).await;
        open.map(drop).map_err(io::Error::other)
    }

    /// How long a piece takes that is sent now.
    fn delay(&self) -> Duration {
        let conditions = self.conditions.borrow();
        conditions.delay + conditions.jitter.mul_f64(rand::random::<f64>())
    }
}

/// Carries one direction. Pieces keep their order, whatever each of them was delayed by.
async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    weather: Weather,
) -> io::Result<()> {
    let (sender, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let delays = weather.clone();
    let read = async move {
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let length = from.read(&mut buffer).await?;
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            let end = piece.is_empty();
            if sender.send((Instant::now() + delays.delay(), piece)).await.is_err() || end {
                return io::Result::Ok(());
            }
        }
    };
    let mut weather = weather;
    let write = async move {
        while let Some((due, piece)) = under_way.recv().await {
            tokio::time::sleep_until(due).await;
            weather.open().await?;
            if piece.is_empty() {
                return to.shutdown().await;
            }
            to.write_all(&piece).await?;
        }
        Ok(())
    };
    tokio::try_join!(read, write)?;
    Ok(())
}

#[cfg(test)]
mod tests;
