#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::testnet::link_control;

const LIMIT: Duration = Duration::from_secs(20);

struct Bed {
    dir: tempfile::TempDir,
    layout: Layout,
    target: TcpListener,
}

impl Bed {
    async fn new() -> Self {
        let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let listen_port = crate::testnet::files::free_ports(1, &std::collections::BTreeSet::new()).unwrap()[0];
        let link = Link { from: 1, to: 0, listen_port, target_port: target.local_addr().unwrap().port() };
        let links = crate::testnet::layout::LinksPlace { links: vec![link], process: None };
        let layout = Layout {
            chain_id: 1,
            nodes: Vec::new(),
            settings: Vec::new(),
            links: Some(links),
            bridge: None,
            mnemonic: String::new(),
            late_from: 0,
        };
        let dir = tempfile::tempdir().unwrap();
        layout.save(dir.path()).unwrap();
        Self { dir, layout, target }
    }

    /// Both ends of a connection over the link.
    async fn connect(&self) -> (TcpStream, TcpStream) {
        let near = TcpStream::connect((Ipv4Addr::LOCALHOST, self.layout.port_to(1, 0).unwrap())).await.unwrap();
        let (far, _) = self.target.accept().await.unwrap();
        (near, far)
    }

    async fn change(&self, change: impl FnOnce(&mut Conditions) + Send + 'static) {
        let (dir, layout) = (self.dir.path().to_owned(), self.layout.clone());
        tokio::task::spawn_blocking(move || link_control::change(&dir, &layout, change)).await.unwrap().unwrap();
    }
}

async fn passes(from: &mut TcpStream, to: &mut TcpStream, text: &[u8]) {
    from.write_all(text).await.unwrap();
    let mut got = vec![0; text.len()];
    tokio::time::timeout(LIMIT, to.read_exact(&mut got)).await.expect("bytes arrive").unwrap();
    assert_eq!(got, text);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_pass_wait_across_a_cut_and_pass_again() {
    let bed = Bed::new().await;
    let shutdown = CancellationToken::new();
    let (dir, stop) = (bed.dir.path().to_owned(), shutdown.clone());
    let mut service = JoinSet::new();
    service.spawn(async move { serve(&dir, stop).await });
    while !socket(bed.dir.path()).exists() {
        tokio::task::yield_now().await;
    }
    bed.change(|_| ()).await;

    let (mut near, mut far) = bed.connect().await;
    passes(&mut near, &mut far, b"there").await;
    passes(&mut far, &mut near, b"and back").await;

    bed.change(|conditions| conditions.partition(2, &"0/1".parse().unwrap())).await;
    near.write_all(b"held back").await.unwrap();
    // A delay cannot be told from a cut by waiting; that nothing is there now can.
    let mut early = [0; 1];
    let nothing = tokio::time::timeout(Duration::from_millis(50), far.read(&mut early)).await;
    assert!(nothing.is_err(), "a cut link carries nothing");

    bed.change(|conditions| {
        conditions.heal();
        conditions.delay = Duration::from_millis(30);
    })
    .await;
    let mut late = vec![0; 9];
    tokio::time::timeout(LIMIT, far.read_exact(&mut late)).await.expect("bytes arrive").unwrap();
    assert_eq!(late, b"held back");
    let sent = Instant::now();
    passes(&mut near, &mut far, b"slowly").await;
    assert!(sent.elapsed() >= Duration::from_millis(30), "a delay is at least what was asked for");

    drop(near);
    assert_eq!(tokio::time::timeout(LIMIT, far.read(&mut early)).await.expect("the end arrives").unwrap(), 0);
    shutdown.cancel();
    service.join_next().await.unwrap().unwrap().unwrap();
}
