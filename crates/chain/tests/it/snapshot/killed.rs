//! A process that is killed in the middle of an import.

use super::*;

const KILL_FROM: &str = "BTTC_SNAPSHOT_TEST_FROM";
const KILL_TO: &str = "BTTC_SNAPSHOT_TEST_TO";

/// A source that stands still for ever at some chunk, so that its process can be killed there.
struct Stalling {
    dir: SnapshotDir,
    left: AtomicUsize,
}

impl ChunkSource for Stalling {
    fn manifest(&self) -> Result<Option<Vec<u8>>, Fatal> {
        self.dir.manifest()
    }

    fn chunk(&self, id: ChunkId) -> Result<Option<Vec<u8>>, Fatal> {
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            std::io::Write::write_all(&mut std::io::stdout(), b"says stalled\n").unwrap();
            // Until the process is killed, or whoever started it is gone.
            std::io::Read::read_to_end(&mut std::io::stdin(), &mut Vec::new()).unwrap();
            return Err(Fatal::new("left alone"));
        }
        self.dir.chunk(id)
    }
}

/// Not a test of its own: the process that is killed.
#[test]
fn other_process() {
    let (Ok(from), Ok(to)) = (std::env::var(KILL_FROM), std::env::var(KILL_TO)) else { return };
    let source = Stalling { dir: SnapshotDir::new(from), left: AtomicUsize::new(5) };
    let _ = import(&spec(), &store(Path::new(&to)), &source, None, |_| ());
}

#[tokio::test]
async fn a_killed_import_is_gone_on_with() {
    use std::io::BufRead;
    let (memory, more) = large();
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(from.path().join("manifest"), memory.manifest.as_ref().unwrap()).unwrap();
    for (id, bytes) in &memory.chunks {
        std::fs::write(from.path().join(id.to_string()), bytes).unwrap();
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "snapshot::killed::other_process", "--nocapture"])
        .env(KILL_FROM, from.path())
        .env(KILL_TO, to.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("says stalled")), "it ended by itself");
    // What comes before the chunk at which it stands is written meanwhile.
    let beside = Storage::open_read_only(&config(to.path())).unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while beside.read().unwrap().unfinished_import().unwrap().is_none_or(|import| import.pieces.len() < 3) {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(beside);
    child.kill().unwrap();
    child.wait().unwrap();
    let storage = store(to.path());
    assert!(storage.read().unwrap().head().unwrap().is_none());
    let mut resumed = 0;
    import(&spec(), &storage, &SnapshotDir::new(from.path()), None, |done| resumed = done.resumed).unwrap();
    assert!(resumed >= 3, "{resumed} chunks were kept");
    follow(&reopen(storage), more).await;
}
