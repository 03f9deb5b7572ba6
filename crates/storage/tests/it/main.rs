//! The database among several processes: each test starts this binary again as another one.
#![allow(clippy::unwrap_used, reason = "tests")]

use bttc_storage::{Durability, OpenError, Storage, StorageConfig};
use std::{
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

const ROLE: &str = "BTTC_STORAGE_TEST_ROLE";
const PATH: &str = "BTTC_STORAGE_TEST_PATH";

fn config(path: &Path) -> StorageConfig {
    StorageConfig { path: path.to_owned(), max_size_gib: 16, ..Default::default() }
}

/// Starts this test binary as another process that plays `role` on the database at `path`.
fn start(role: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "other_process", "--nocapture"])
        .env(ROLE, role)
        .env(PATH, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    // The test harness talks too.
    lines.filter_map(|line| line.split_once("says ").map(|(_, said)| said.to_owned()))
}

fn say(what: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "says {what}").unwrap();
    out.flush().unwrap();
}

fn put(storage: &Storage, key: &str, value: &str) {
    let mut write = storage.write().unwrap();
    write.put_meta(key, value.as_bytes()).unwrap();
    write.commit().unwrap();
}

fn note(storage: &Storage, key: &str) -> String {
    String::from_utf8(storage.read().unwrap().meta(key).unwrap().unwrap_or_default()).unwrap()
}

/// Not a test of its own: what the other process does.
#[test]
fn other_process() {
    let (Ok(role), Ok(path)) = (std::env::var(ROLE), std::env::var(PATH)) else { return };
    let config = config(Path::new(&path));
    match role.as_str() {
        "hold" => {
            let storage = Storage::open(&config).unwrap();
            put(&storage, "owner", "child");
            say("open");
            // Until the other side closes the pipe.
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        }
        "read" => {
            let storage = Storage::open_read_only(&config).unwrap();
            say(&note(&storage, "owner"));
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).unwrap();
            say(&note(&storage, "owner"));
            say(if storage.write().is_err() { "cannot write" } else { "can write" });
        }
        "count" => {
            let storage = Storage::open(&config).unwrap();
            for number in 1u64.. {
                let mut write = storage.write().unwrap();
                write.put_meta("first", &number.to_be_bytes()).unwrap();
                write.put_meta("filler", &vec![number as u8; 20_000]).unwrap();
                write.put_meta("second", &number.to_be_bytes()).unwrap();
                write.commit().unwrap();
                say(&number.to_string());
            }
        }
        other => panic!("no role {other}"),
    }
}

#[test]
fn another_process_keeps_us_out_until_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = start("hold", dir.path());
    let mut said = lines(&mut child);
    assert_eq!(said.next().unwrap(), "open");
    let error = Storage::open(&config(dir.path())).unwrap_err();
    assert!(matches!(error, OpenError::InvalidDatadir { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("in use by process {}", child.id())), "{error}");
    // Reading beside it is allowed.
    let reader = Storage::open_read_only(&config(dir.path())).unwrap();
    assert_eq!(note(&reader, "owner"), "child");
    drop(reader);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    drop(said);
    let storage = Storage::open(&config(dir.path())).unwrap();
    assert_eq!(note(&storage, "owner"), "child");
}

#[test]
fn a_reader_in_another_process_sees_what_is_committed() {
    for durability in [Durability::Full, Durability::Ephemeral] {
        read_beside(durability);
    }
}

fn read_beside(durability: Durability) {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(&StorageConfig { durability, ..config(dir.path()) }).unwrap();
    put(&storage, "owner", "parent");
    let mut child = start("read", dir.path());
    let mut said = lines(&mut child);
    assert_eq!(said.next().unwrap(), "parent");
    put(&storage, "owner", "parent again");
    writeln!(child.stdin.take().unwrap(), "go on").unwrap();
    assert_eq!(said.next().unwrap(), "parent again");
    assert_eq!(said.next().unwrap(), "cannot write");
    assert!(child.wait().unwrap().success());
}

/// Killed at any moment, the database holds every commit that returned, and each as a whole.
#[test]
fn a_kill_loses_no_commit() {
    let dir = tempfile::tempdir().unwrap();
    let mut least = 0u64;
    for round in 0..3u64 {
        let mut child = start("count", dir.path());
        let mut said = lines(&mut child);
        for _ in 0..5 + 7 * round {
            least = said.next().unwrap().parse().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let storage = Storage::open(&config(dir.path())).unwrap();
        let read = storage.read().unwrap();
        let [first, filler, second] = ["first", "filler", "second"].map(|key| read.meta(key).unwrap().unwrap());
        let number = u64::from_be_bytes(first.clone().try_into().unwrap());
        assert!(number >= least, "{number} is kept, {least} was committed");
        assert_eq!(first, second);
        assert_eq!(filler, vec![number as u8; 20_000]);
    }
    assert!(least >= 5);
}
