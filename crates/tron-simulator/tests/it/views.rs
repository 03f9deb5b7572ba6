//! What is solid and what is not, and how blocks and addresses look.

use crate::world::{GET, GET_CODE, RICH, World, call, payment};
use alloy_primitives::{Address, B256, address, hex};
use bttc_tron_simulator::{Config, address::base58};
use serde_json::{Value, json};

const SOMEBODY: Address = address!("00000000000000000000000000000000000000dd");

#[tokio::test]
async fn solid_state_is_18_blocks_behind() {
    let world = World::new().await;
    let contract = world.deploy(&GET_CODE);
    let id = world.net.send(&world.rich, &payment(SOMEBODY)).unwrap();
    world.net.mine(1).unwrap();
    let value = json!({ "value": hex::encode(id) });
    let get = json!({ "owner_address": hex::encode([&[0x41], SOMEBODY.as_slice()].concat()),
        "contract_address": hex::encode([&[0x41], contract.as_slice()].concat()), "data": hex::encode(GET) });
    let account = json!({ "address": base58(SOMEBODY), "visible": true });
    let solid_rpc = format!("{}/jsonrpc", world.net.solid(0));
    assert_eq!(world.ask("/wallet/gettransactioninfobyid", value.clone()).await["blockNumber"], 2);
    assert_eq!(world.ask("/wallet/getaccount", account.clone()).await["balance"], 1_000_000);
    assert_eq!(
        world.ask("/wallet/triggerconstantcontract", get.clone()).await["constant_result"][0],
        format!("{:064x}", 1)
    );
    for (path, body) in [
        ("/walletsolidity/gettransactioninfobyid", value.clone()),
        ("/walletsolidity/gettransactionbyid", value.clone()),
        ("/walletsolidity/getaccount", account.clone()),
        ("/walletsolidity/getblockbynum", json!({ "num": 2 })),
    ] {
        assert_eq!(world.ask(path, body).await, json!({}), "{path}");
    }
    assert_eq!(world.ask("/walletsolidity/gettransactioninfobyblocknum", json!({ "num": 2 })).await, json!([]));
    let refused = world.ask("/walletsolidity/triggerconstantcontract", get.clone()).await;
    assert_eq!(refused["result"]["code"], "CONTRACT_VALIDATE_ERROR");
    assert_eq!(world.rpc_at(&solid_rpc, "eth_getCode", json!([contract, "latest"])).await["result"], "0x");
    assert_eq!(world.rpc_at(&solid_rpc, "eth_blockNumber", json!([])).await["result"], "0x0");

    world.net.mine(17).unwrap();
    assert_eq!(world.ask("/walletsolidity/gettransactioninfobyid", value.clone()).await, json!({}));
    world.net.mine(1).unwrap();
    assert_eq!(world.ask("/walletsolidity/gettransactioninfobyid", value).await["blockNumber"], 2);
    assert_eq!(world.ask("/walletsolidity/getaccount", account).await["balance"], 1_000_000);
    assert_eq!(
        world.ask("/walletsolidity/triggerconstantcontract", get).await["constant_result"][0],
        format!("{:064x}", 1)
    );
    assert_eq!(world.rpc_at(&solid_rpc, "eth_blockNumber", json!([])).await["result"], "0x2");
    assert_ne!(world.rpc_at(&solid_rpc, "eth_getCode", json!([contract, "latest"])).await["result"], "0x");
    assert_eq!(world.rpc("eth_blockNumber", json!([])).await["result"], "0x14");
}

#[tokio::test]
async fn blocks_are_real() {
    let world = World::new().await;
    world.net.send(&world.rich, &payment(SOMEBODY)).unwrap();
    world.net.mine(3).unwrap();
    let mut parent = hex::encode(world.net.block(0).unwrap().id.0);
    for number in 1..=3u64 {
        let block = world.ask("/wallet/getblockbynum", json!({ "num": number })).await;
        let raw = &block["block_header"]["raw_data"];
        assert_eq!((raw["number"].as_u64(), raw["parentHash"].as_str()), (Some(number), Some(parent.as_str())));
        parent = block["blockID"].as_str().unwrap().to_owned();
        // The id is the hash of the header, encoded by hand: fields 1, 2, 3, 7, 9, 10.
        let header = [
            vec![0x08],
            varint(raw["timestamp"].as_u64().unwrap()),
            vec![0x12, 32],
            bytes(&raw["txTrieRoot"]),
            vec![0x1a, 32],
            bytes(&raw["parentHash"]),
            vec![0x38],
            varint(number),
            vec![0x4a, 21],
            bytes(&raw["witness_address"]),
            vec![0x50],
            varint(raw["version"].as_u64().unwrap()),
        ]
        .concat();
        let hash: [u8; 32] =
            sha2::Digest::finalize(sha2::Digest::chain_update(sha2::Sha256::default(), &header)).into();
        let id = bytes(&block["blockID"]);
        assert_eq!((&id[..8], &id[8..]), (&number.to_be_bytes()[..], &hash[8..]));
        let signature = bytes(&block["block_header"]["witness_signature"]);
        let signature = alloy_primitives::Signature::from_raw(&signature).unwrap();
        let signer = signature.recover_address_from_prehash(&B256::from(hash)).unwrap();
        assert_eq!(raw["witness_address"], hex::encode([&[0x41], signer.as_slice()].concat()));
    }
    let empty = world.ask("/wallet/getblock", json!({ "id_or_num": parent, "detail": true })).await;
    assert!(empty.get("transactions").is_none());
    assert_eq!(empty["block_header"]["raw_data"]["txTrieRoot"], "0".repeat(64));
    let full = world.ask("/wallet/getblock", json!({ "id_or_num": "1", "detail": true })).await;
    assert_eq!(full["transactions"][0]["ret"], json!([{ "contractRet": "SUCCESS" }]));
    assert_ne!(full["block_header"]["raw_data"]["txTrieRoot"], "0".repeat(64));
    assert!(
        world.ask("/wallet/getblock", json!({ "id_or_num": "1", "detail": false })).await.get("transactions").is_none()
    );
    let eth = world.rpc("eth_getBlockByNumber", json!(["0x1", false])).await["result"].clone();
    assert_eq!((&eth["stateRoot"], &eth["timestamp"]), (&json!("0x"), &json!(format!("{:#x}", 1_700_000_004))));
    assert_eq!(eth["hash"], json!(world.net.block(1).unwrap().id.0));
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut all = Vec::new();
    while number >= 0x80 {
        all.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    all.push(number as u8);
    all
}

#[tokio::test]
async fn the_chain_id_is_the_end_of_the_first_id() {
    let world = World::new().await;
    let first = world.net.block(0).unwrap().id;
    let tail = u32::from_be_bytes(first.0[28..].try_into().unwrap());
    assert_eq!(world.rpc("eth_chainId", json!([])).await["result"], format!("{tail:#x}"));
    let world = World::with(Config { chain_id: Some(0xcd86_90dc), ..Config::default() }).await;
    assert_eq!(world.rpc("eth_chainId", json!([])).await["result"], "0xcd8690dc");
    let first = world.ask("/wallet/getblockbynum", json!({ "num": 0 })).await;
    assert!(first["blockID"].as_str().unwrap().ends_with("cd8690dc"));
    // CHAINID of the machine.
    let contract = world.deploy(&hex!("600880600a5f395ff300465f5260205ff300"));
    let (_, output) = world.net.call(SOMEBODY, contract, Default::default()).unwrap();
    assert_eq!(output.as_ref(), B256::from(alloy_primitives::U256::from(0xcd86_90dc_u64)).as_slice());
}

#[tokio::test]
async fn addresses_are_hex_or_base58_and_never_broken() {
    let world = World::new().await;
    let rich = world.rich.address();
    let long = hex::encode([&[0x41], rich.as_slice()].concat());
    let visible = world.ask("/wallet/getaccount", json!({ "address": base58(rich), "visible": true })).await;
    assert_eq!((&visible["balance"], &visible["address"]), (&json!(RICH), &json!(base58(rich))));
    let plain = world.ask("/wallet/getaccount", json!({ "address": long })).await;
    assert_eq!((&plain["balance"], &plain["address"]), (&json!(RICH), &json!(long)));
    for (address, visible) in [
        ("TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNk", true),
        ("27b3Ae6UDR9SEjNdrL2KEmQuk46jdaW4niW", true),
        ("Cxf6in7pHJ3t2KzQu2FBMMsMPWhmWHGaW", true),
        ("TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNj", false),
        (&hex::encode(rich), false),
        (&format!("a0{}", hex::encode(rich)), false),
    ] {
        let answer = world.ask("/wallet/getaccount", json!({ "address": address, "visible": visible })).await;
        assert!(answer["Error"].is_string(), "{address}: {answer}");
        let valid = world.ask("/wallet/validateaddress", json!({ "address": address, "visible": visible })).await;
        assert_eq!(valid, json!({}));
    }
    let id = world.net.send(&world.rich, &call(world.deploy(&GET_CODE), GET)).unwrap();
    let waiting =
        world.ask("/wallet/gettransactionfrompending", json!({ "value": hex::encode(id), "visible": true })).await;
    assert_eq!(waiting["raw_data"]["contract"][0]["parameter"]["value"]["owner_address"], base58(rich));
}

#[tokio::test]
async fn json_rpc_has_what_tron_has_and_no_more() {
    let world = World::new().await;
    let contract = world.deploy(&GET_CODE);
    let call = json!({ "to": contract, "data": hex::encode_prefixed(GET) });
    assert_eq!(world.rpc("eth_call", json!([call, "latest"])).await["result"], json!(B256::with_last_byte(1)));
    for tag in ["0x1", "finalized", "earliest"] {
        assert_eq!(world.rpc("eth_call", json!([call, tag])).await["error"]["code"], -32_602, "{tag}");
    }
    let wrong = json!({ "to": contract, "data": "0x00000000" });
    let error = world.rpc("eth_call", json!([wrong, "latest"])).await["error"].clone();
    assert_eq!((&error["code"], &error["data"]), (&json!(-32_000), &json!("0x")));
    for method in ["eth_sendRawTransaction", "eth_getTransactionCount", "eth_subscribe"] {
        assert_eq!(world.rpc(method, json!([])).await["error"]["code"], -32_601);
    }
    assert_eq!(world.rpc("eth_getBlockByNumber", json!(["safe", false])).await["error"]["code"], -32_602);
    assert_eq!(
        world.rpc("eth_getBalance", json!([world.rich.address(), "latest"])).await["result"],
        format!("{:#x}", world.net.balance(world.rich.address()))
    );
    let batch = json!([{ "jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber" }, { "jsonrpc": "2.0", "id": 2, "method": "net_version" }]);
    assert_eq!(world.ask("/jsonrpc", batch).await.as_array().unwrap().len(), 2);
    assert_eq!(
        world.post(&format!("{}/wallet/getnowblock", world.net.solid(0)), &json!({})).await.unwrap(),
        "there is no such path on this node"
    );
}

#[tokio::test]
async fn ten_thousand_blocks_keep_their_ids_and_the_last_states() {
    let world = World::new().await;
    world.net.send(&world.rich, &payment(SOMEBODY)).unwrap();
    world.net.mine(10_000).unwrap();
    let first = world.ask("/walletsolidity/getblockbynum", json!({ "num": 1 })).await;
    assert_eq!(first["transactions"].as_array().unwrap().len(), 1);
    assert_eq!(world.net.balance(SOMEBODY), 1_000_000);
    world.net.send(&world.rich, &payment(SOMEBODY)).unwrap();
    world.net.mine(1).unwrap();
    let account = json!({ "address": base58(SOMEBODY), "visible": true });
    assert_eq!(world.ask("/walletsolidity/getaccount", account).await["balance"], 1_000_000);
    assert_eq!(world.net.balance(SOMEBODY), 2_000_000);
}
