//! The client of TRON's nodes and the transactions of the bridge, against the simulator, which shares no code with them.

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use bttc_bridge::tron::{
    BadAnswer, BlockId, Call, Creation, Ending, Endpoint, NodeError, Signed, Terms, TronNode, Unsigned, Verdict, View,
    created_address,
};
use bttc_tron_simulator::{Command, Config, ErrorCode, GenesisAccount, Handle, Overrun, serve};

/// Init code of a contract that returns its first word doubled, makes a log of it, and reverts with "no" if it is zero.
/// `CALLDATALOAD(0)`; if zero `REVERT` of two bytes; double it; `LOG1` with topic 7; return it.
const DOUBLE: [u8; 43] = hex!("60228060095f395ff35f3580601257616e6f60f01b5f5260025ffd5b6002025f52600760205fa160205ff3");

struct World {
    net: Handle,
    node: TronNode,
    key: PrivateKeySigner,
}

impl World {
    async fn new() -> Self {
        // An error says that another test was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let key = PrivateKeySigner::from_bytes(&B256::repeat_byte(0x22)).unwrap();
        let accounts = vec![GenesisAccount { address: key.address(), balance: 1_000_000_000_000 }];
        let net = serve(&Config { accounts, ..Config::default() }).await.unwrap();
        let node = TronNode::new(Endpoint { full: net.full(0), solid: net.solid(0) }).unwrap();
        Self { net, node, key }
    }

    /// As the relayer makes them: a solid block, and the head's time.
    async fn terms(&self) -> Terms {
        let solid = self.node.block(View::Solid).await.unwrap();
        let head = self.node.block(View::Newest).await.unwrap();
        let expiration = head.timestamp + 60_000;
        Terms { reference: solid.id.reference(), expiration, timestamp: head.timestamp, fee_limit: 500_000_000 }
    }

    fn sign(&self, transaction: Unsigned) -> Signed {
        let signature = self.key.sign_hash_sync(&transaction.id()).unwrap();
        transaction.signed(&signature)
    }

    async fn call(&self, contract: Address, word: u64) -> Signed {
        let data = Bytes::from(U256::from(word).to_be_bytes_vec());
        let call = Call { owner: self.key.address(), contract, value: 0, data };
        self.sign(Unsigned::call(&call, &self.terms().await).unwrap())
    }

    async fn deploy(&self) -> Address {
        let owner = self.key.address();
        let creation = Creation { owner, name: "Double".to_owned(), bytecode: DOUBLE.into() };
        let signed = self.sign(Unsigned::creation(&creation, &self.terms().await).unwrap());
        assert_eq!(self.node.broadcast(&signed).await, Ok(Verdict::Accepted));
        self.net.mine(1).unwrap();
        let receipt = self.node.receipt(signed.id(), View::Newest).await.unwrap().unwrap();
        assert_eq!((receipt.ending, receipt.contract), (Ending::Done, Some(created_address(signed.id(), owner))));
        receipt.contract.unwrap()
    }
}

#[tokio::test]
async fn a_call_goes_from_simulation_to_its_final_receipt() {
    let world = World::new().await;
    let contract = world.deploy().await;
    world.net.settle().unwrap();
    let (from, data) = (world.key.address(), U256::from(21).to_be_bytes::<32>());
    let simulated = world.node.simulate(from, contract, &data, View::Solid).await.unwrap();
    assert_eq!(simulated.result, Ok(B256::with_last_byte(42).0.into()));

    let signed = world.call(contract, 21).await;
    assert_eq!(world.node.broadcast(&signed).await, Ok(Verdict::Accepted));
    assert_eq!(world.node.broadcast(&signed).await, Ok(Verdict::Known));
    assert_eq!(world.node.receipt(signed.id(), View::Newest).await, Ok(None));
    world.net.mine(1).unwrap();
    let receipt = world.node.receipt(signed.id(), View::Newest).await.unwrap().unwrap();
    assert_eq!((receipt.ending.clone(), receipt.energy), (Ending::Done, simulated.energy));
    let (address, log) = &receipt.logs[0];
    assert_eq!((*address, log.topics()), (contract, &[B256::with_last_byte(7)][..]));
    assert_eq!(log.data.as_ref(), B256::with_last_byte(42).as_slice());
    let parameters = world.node.parameters().await.unwrap();
    assert!(receipt.fee >= receipt.energy * parameters.energy_price);
    assert_eq!(receipt.block, world.node.block(View::Newest).await.unwrap().number);
    assert_eq!(world.node.receipt(signed.id(), View::Solid).await, Ok(None));
    world.net.settle().unwrap();
    assert_eq!(world.node.receipt(signed.id(), View::Solid).await, Ok(Some(receipt)));
}

#[tokio::test]
async fn blocks_and_numbers_of_the_network_are_read() {
    let world = World::new().await;
    world.net.mine(25).unwrap();
    let (head, solid) = (world.node.block(View::Newest).await.unwrap(), world.node.block(View::Solid).await.unwrap());
    assert_eq!((head.number, solid.number), (25, 7));
    let known = world.net.block(7).unwrap();
    assert_eq!((solid.id, solid.timestamp), (BlockId(known.id.0), known.time));
    // The first block has no number in its answer, being a default value.
    let young = World::new().await;
    assert_eq!(young.node.block(View::Solid).await.unwrap().number, 0);
    let parameters = world.node.parameters().await.unwrap();
    assert_eq!((parameters.energy_price, parameters.bandwidth_price), (100, 1_000));
    assert_eq!((parameters.max_fee_limit, parameters.max_time), (15_000_000_000, 80));
}

#[tokio::test]
async fn every_ending_is_told_apart() {
    let world = World::new().await;
    let contract = world.deploy().await;
    let simulated = world.node.simulate(world.key.address(), contract, &[0; 32], View::Newest).await.unwrap();
    assert_eq!(simulated.result, Err(Bytes::from_static(b"no")));
    let signed = world.call(contract, 0).await;
    world.node.broadcast(&signed).await.unwrap();
    world.net.mine(1).unwrap();
    let receipt = world.node.receipt(signed.id(), View::Newest).await.unwrap().unwrap();
    assert_eq!(receipt.ending, Ending::Reverted(Bytes::from_static(b"no")));

    let call = Call { owner: world.key.address(), contract, value: 0, data: U256::from(1).to_be_bytes::<32>().into() };
    let terms = Terms { fee_limit: 1_000, ..world.terms().await };
    let signed = world.sign(Unsigned::call(&call, &terms).unwrap());
    world.node.broadcast(&signed).await.unwrap();
    world.net.mine(1).unwrap();
    let receipt = world.node.receipt(signed.id(), View::Newest).await.unwrap().unwrap();
    assert_eq!((receipt.ending, receipt.energy), (Ending::OutOfEnergy, 10));
    let nobody = world.node.simulate(world.key.address(), Address::repeat_byte(9), &[], View::Newest).await;
    assert!(matches!(nobody, Err(NodeError::Answer { error: BadAnswer::Refused(_), .. })), "{nobody:?}");
}

#[tokio::test]
async fn verdicts_and_faults_are_told_apart() {
    let world = World::new().await;
    let contract = world.deploy().await;
    let signed = world.call(contract, 3).await;
    let tell = |code, accept| world.net.command(Command::Answer { node: 0, code, accept }).unwrap();
    tell(ErrorCode::ServerBusy, false);
    assert!(matches!(world.node.broadcast(&signed).await, Ok(Verdict::RetrySame(_))));
    tell(ErrorCode::OtherError, false);
    assert!(matches!(world.node.broadcast(&signed).await, Ok(Verdict::Refused(_))));
    world.net.command(Command::RateLimit { node: 0, requests: 2 }).unwrap();
    assert!(matches!(world.node.broadcast(&signed).await, Ok(Verdict::RetrySame(_))));
    assert!(world.node.block(View::Newest).await.unwrap_err().is_passing());
    world.net.command(Command::Mute { node: 0, broadcasts: 1, after: 0 }).unwrap();
    assert!(world.node.broadcast(&signed).await.unwrap_err().is_passing());
    assert!(world.net.waits(signed.id()), "it arrived");
    assert_eq!(world.node.broadcast(&signed).await, Ok(Verdict::Known));

    let stale = Terms { expiration: 1, ..world.terms().await };
    let call = Call { owner: world.key.address(), contract, value: 0, data: Bytes::new() };
    let dead = world.sign(Unsigned::call(&call, &stale).unwrap());
    assert!(matches!(world.node.broadcast(&dead).await, Ok(Verdict::Rebuild(_))));
    let mut lost = world.terms().await;
    lost.reference.hash = Default::default();
    let lost = world.sign(Unsigned::call(&call, &lost).unwrap());
    assert!(matches!(world.node.broadcast(&lost).await, Ok(Verdict::Rebuild(why)) if why.contains("TAPOS")));
    let stranger = PrivateKeySigner::random();
    let unsigned = Unsigned::call(&call, &world.terms().await).unwrap();
    let signature = stranger.sign_hash_sync(&unsigned.id()).unwrap();
    let forged = unsigned.signed(&signature);
    assert!(matches!(world.node.broadcast(&forged).await, Ok(Verdict::Refused(why)) if why.contains("SIGERROR")));
    world.net.command(Command::Down { node: 0, down: true }).unwrap();
    assert!(world.node.block(View::Solid).await.unwrap_err().is_passing());
    world.net.command(Command::Heal).unwrap();
    world.net.command(Command::SignatureLimit { most: None, overrun: Overrun::OutOfTime }).unwrap();
    world.net.mine(1).unwrap();
    assert!(world.node.receipt(signed.id(), View::Newest).await.unwrap().is_some());
}
