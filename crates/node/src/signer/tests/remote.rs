//! Both ends of the socket in one process: what is served, what is refused, and what happens when one of them goes away.

use super::*;
use bttc_consensus::{Refusal, SignError};
use bttc_primitives::Fatal;
use std::{
    io::{Read, Write},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    thread,
    time::Duration,
};
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Nothing here takes longer, unless it hangs.
const LONG: Duration = Duration::from_secs(30);

/// A signer on a socket, in a runtime of its own; ends with the value.
struct Served {
    runtime: Runtime,
    shutdown: CancellationToken,
    server: Option<JoinHandle<Result<(), Fatal>>>,
}

impl Served {
    fn start(socket: &Path, signer: Arc<dyn ConsensusSigner>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(SignerServer::bind(socket, CHAIN, signer)).unwrap();
        let shutdown = CancellationToken::new();
        let server = runtime.spawn(server.run(shutdown.clone()));
        Self { runtime, shutdown, server: Some(server) }
    }

    fn stop(&mut self) -> Result<(), Fatal> {
        self.shutdown.cancel();
        self.ended()
    }

    fn ended(&mut self) -> Result<(), Fatal> {
        let server = self.server.take().unwrap();
        self.runtime.block_on(async { tokio::time::timeout(LONG, server).await }).unwrap().unwrap()
    }
}

fn config(socket: &Path) -> RemoteSignerConfig {
    RemoteSignerConfig { socket: socket.into(), chain_id: CHAIN, address: None, timeout: LONG }
}

#[test]
fn a_remote_key_signs_as_a_local_one_and_its_guard_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (path, socket) = (made(dir.path()), dir.path().join("s"));
    let mut served = Served::start(&socket, Arc::new(guard(&path)));
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let remote = RemoteSigner::connect(config(&socket)).unwrap();
    assert_eq!(remote.address(), key().address());
    let system = address!("0x0000000000000000000000000000000000001000");
    for request in [
        proposal(1, 0, 1),
        vote(VoteKind::Prevote, 1, 0, 1),
        vote(VoteKind::Precommit, 1, 0, 1),
        vote(VoteKind::Precommit, 1, 0, 1),
        system_transaction(system),
        peer_proof(),
    ] {
        assert_eq!(remote.sign(&request).unwrap(), key().sign(&request).unwrap(), "{request:?}");
    }
    let refused = remote.sign(&vote(VoteKind::Precommit, 1, 0, 2));
    assert!(
        matches!(&refused, Err(SignError::Refused(Refusal::Remote(why))) if why.contains("has been signed for block")),
        "{refused:?}"
    );
    remote.sign(&vote(VoteKind::Prevote, 2, 0, 2)).unwrap();
    served.stop().unwrap();
    assert!(!socket.exists());
    // What is no socket is not replaced.
    let taken = served.runtime.block_on(SignerServer::bind(&path, CHAIN, key()));
    assert!(taken.is_err_and(|error| error.kind() == std::io::ErrorKind::AlreadyExists));
}

#[test]
fn a_signer_that_dies_is_missed_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let (path, socket) = (made(dir.path()), dir.path().join("s"));
    let mut served = Served::start(&socket, Arc::new(guard(&path)));
    let remote = RemoteSigner::connect(config(&socket)).unwrap();
    remote.sign(&vote(VoteKind::Prevote, 1, 0, 1)).unwrap();
    served.stop().unwrap();
    drop(served);
    for _ in 0..3 {
        let missed = remote.sign(&vote(VoteKind::Precommit, 1, 0, 1));
        assert!(matches!(&missed, Err(SignError::Unavailable(_))), "{missed:?}");
    }
    // Two processes in a row, without a request between them: the old connection is dead and nobody has noticed yet.
    for height in 2..4 {
        let mut served = Served::start(&socket, Arc::new(guard(&path)));
        let refused = remote.sign(&vote(VoteKind::Prevote, 1, 0, 9));
        assert!(matches!(&refused, Err(SignError::Refused(_))), "it remembers: {refused:?}");
        remote.sign(&vote(VoteKind::Prevote, height, 0, 1)).unwrap();
        served.stop().unwrap();
    }
}

#[test]
fn what_does_not_belong_together_is_told_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let (path, socket) = (made(dir.path()), dir.path().join("s"));
    let absent = RemoteSigner::connect(config(&socket)).unwrap_err().to_string();
    assert!(absent.contains("no signer answers on") && absent.contains("bttc signer --socket"), "{absent}");
    // With a known address the node starts, and asks later.
    let early =
        RemoteSigner::connect(RemoteSignerConfig { address: Some(key().address()), ..config(&socket) }).unwrap();
    assert!(matches!(early.sign(&peer_proof()), Err(SignError::Unavailable(_))));

    let mut served = Served::start(&socket, Arc::new(guard(&path)));
    early.sign(&peer_proof()).unwrap();
    let chain = RemoteSigner::connect(RemoteSignerConfig { chain_id: 1, ..config(&socket) }).unwrap_err().to_string();
    assert!(chain.contains("signs for chain 990992, the node is of chain 1"), "{chain}");
    let other = RemoteSignerConfig { address: Some(Address::repeat_byte(1)), ..config(&socket) };
    let other = RemoteSigner::connect(other).unwrap_err().to_string();
    assert!(other.contains("the node wants 0x0101"), "{other}");
    let second = served.runtime.block_on(SignerServer::bind(&socket, CHAIN, key()));
    assert!(second.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse));
    let mut stream = UnixStream::connect(&socket).unwrap();
    let future = Hello { version: 2, chain_id: CHAIN, address: Address::ZERO };
    stream.write_all(&SignerMessage::Hello(future).to_frame()).unwrap();
    let answer = all(stream);
    let reason = SignerMessage::decode(&answer[4..]);
    assert!(
        matches!(&reason, Ok(SignerMessage::Refused { id: 0, reason }) if reason.contains("version 1")),
        "{reason:?}"
    );
    served.stop().unwrap();
}

/// Everything until the other side hangs up.
fn all(mut stream: UnixStream) -> Vec<u8> {
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        // So the system says that the other side hung up without reading all of it.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        result => assert!(result.is_ok(), "{result:?}"),
    }
    bytes
}

#[test]
fn nonsense_ends_its_connection_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (path, socket) = (made(dir.path()), dir.path().join("s"));
    let mut served = Served::start(&socket, Arc::new(guard(&path)));
    let remote = RemoteSigner::connect(config(&socket)).unwrap();
    let hello = SignerMessage::Hello(Hello { version: 1, chain_id: CHAIN, address: Address::ZERO }).to_frame();
    let huge = u32::MAX.to_be_bytes().to_vec();
    let cut = SignerMessage::Sign { id: 1, request: vote(VoteKind::Prevote, 9, 0, 1) }.to_frame();
    let bad: [(&str, Vec<u8>); 6] = [
        ("noise", vec![0x13; 64]),
        ("too long", huge.clone()),
        ("empty", vec![0; 4]),
        ("too long after the hello", [&hello[..], &huge].concat()),
        ("an answer", [&hello[..], &SignerMessage::Failed { id: 1, reason: "x".into() }.to_frame()].concat()),
        ("a request before the hello", cut),
    ];
    for (height, (name, bytes)) in (1..).zip(bad) {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(&bytes).unwrap();
        if name == "noise" {
            stream.shutdown(std::net::Shutdown::Write).unwrap();
        }
        let answer = all(stream);
        assert!(answer.len() <= hello.len(), "{name}: {answer:?}");
        remote.sign(&vote(VoteKind::Prevote, height, 0, 1)).unwrap();
    }
    served.stop().unwrap();
}

/// A signer that says hello as it should, and answers the first request with these bytes; the request comes back.
fn false_signer(socket: &Path, answer: impl FnOnce(u64) -> Vec<u8> + Send + 'static) -> thread::JoinHandle<()> {
    let listener = UnixListener::bind(socket).unwrap();
    let hello = SignerMessage::Hello(Hello { version: 1, chain_id: CHAIN, address: key().address() }).to_frame();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let frame = |stream: &mut UnixStream| {
            let mut head = [0; 4];
            stream.read_exact(&mut head).unwrap();
            let mut body = vec![0; u32::from_be_bytes(head) as usize];
            stream.read_exact(&mut body).unwrap();
            SignerMessage::decode(&body).unwrap()
        };
        frame(&mut stream);
        stream.write_all(&hello).unwrap();
        let SignerMessage::Sign { id, .. } = frame(&mut stream) else { panic!() };
        stream.write_all(&answer(id)).unwrap();
        // Until the node hangs up.
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

#[test]
fn a_false_answer_is_not_taken() {
    let request = vote(VoteKind::Precommit, 4, 0, 1);
    let signature = |request: &SignRequest, id| {
        let signature = bttc_consensus::vote_signature(&key().sign(request).unwrap());
        SignerMessage::Signature { id, signature }
    };
    let other = vote(VoteKind::Precommit, 4, 0, 2);
    let high = move |id| {
        let SignerMessage::Signature { mut signature, .. } = signature(&vote(VoteKind::Precommit, 4, 0, 1), id) else {
            panic!()
        };
        let order = alloy_primitives::U256::from_str_radix(
            "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
            16,
        )
        .unwrap();
        let s = order - alloy_primitives::U256::from_be_slice(&signature.0[32..64]);
        signature.0[32..64].copy_from_slice(&s.to_be_bytes::<32>());
        signature.0[64] ^= 27 ^ 28;
        SignerMessage::Signature { id, signature }.to_frame()
    };
    type Answer = Box<dyn FnOnce(u64) -> Vec<u8> + Send>;
    let cases: [(Answer, &str); 6] = [
        (Box::new(move |id| signature(&other, id).to_frame()), "wrong signature: it is of"),
        (Box::new(high), "upper half"),
        (
            Box::new(move |id| signature(&vote(VoteKind::Precommit, 4, 0, 1), id + 1).to_frame()),
            "an answer to request 2",
        ),
        (Box::new(|_| vec![0, 0, 0, 1, 0x99]), "unknown type 0x99"),
        (Box::new(|_| u32::MAX.to_be_bytes().to_vec()), "a message of 4294967295 bytes"),
        (Box::new(|id| SignerMessage::Failed { id, reason: "disk full".into() }.to_frame()), "disk full"),
    ];
    for (answer, expected) in cases {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("s");
        let signer = false_signer(&socket, answer);
        let remote = RemoteSigner::connect(config(&socket)).unwrap();
        let error = remote.sign(&request).unwrap_err();
        assert!(
            matches!(&error, SignError::Unavailable(why) if why.contains(expected)),
            "{error:?}, expected {expected}"
        );
        drop(remote);
        signer.join().unwrap();
    }
}

#[test]
fn a_signer_that_hangs_costs_a_bounded_time() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("s");
    // Connections wait in its queue and are never taken.
    let _listener = UnixListener::bind(&socket).unwrap();
    let config =
        RemoteSignerConfig { address: Some(key().address()), timeout: Duration::from_millis(50), ..config(&socket) };
    let remote = RemoteSigner::connect(config).unwrap();
    for _ in 0..5 {
        let error = remote.sign(&peer_proof());
        assert!(matches!(&error, Err(SignError::Unavailable(why)) if why.contains("in time")), "{error:?}");
    }
}

/// A guard whose disk is gone ends the signer: it is told to the node, and to whoever runs the signer.
#[test]
fn a_signer_whose_disk_fails_says_so_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let (path, socket) = (made(dir.path()), dir.path().join("s"));
    let mut opened = SignStateFile::open(&path, CHAIN, key().address()).unwrap();
    opened.break_disk();
    let mut served = Served::start(&socket, Arc::new(GuardedSigner::over(key(), opened)));
    let remote = RemoteSigner::connect(config(&socket)).unwrap();
    let failed = remote.sign(&vote(VoteKind::Prevote, 1, 0, 1));
    assert!(
        matches!(&failed, Err(SignError::Unavailable(why)) if why.contains("writing the sign state")),
        "{failed:?}"
    );
    let ended = served.ended().unwrap_err().to_string();
    assert!(ended.contains("writing the sign state"), "{ended}");
}
