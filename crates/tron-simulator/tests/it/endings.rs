//! Deployments, calls and payments: what they do, what they cost, what receipts say.

use crate::world::{GET, GET_CODE, RICH, TRX, V9_CODE, World, call, creation, payment};
use alloy_primitives::{Address, Bytes, U256, address, hex};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use bttc_contracts::wbtt::IWBTT;
use bttc_tron_simulator::{Command, Ending, Overrun, address::base58, transaction::Action};
use serde_json::{Value, json};

const SOMEBODY: Address = address!("00000000000000000000000000000000000000dd");

fn wbtt() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/artifacts/WBTT.json");
    let artifact: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    hex::decode(artifact["bytecode"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_contract_is_deployed_and_called() {
    let world = World::new().await;
    let (id, bytes) = world.signed(&creation(world.rich.address(), &wbtt()), |_| ());
    assert_eq!(world.code(&bytes).await, "SUCCESS");
    world.net.mine(1).unwrap();
    let receipt = world.net.receipt(id).unwrap();
    let contract = receipt.contract.unwrap();
    let info = world.ask("/wallet/gettransactioninfobyid", json!({ "value": hex::encode(id) })).await;
    assert_eq!(info["id"], hex::encode(id));
    assert_eq!(info["contract_address"], format!("41{}", hex::encode(contract)));
    assert_eq!((&info["receipt"]["result"], &info["blockNumber"]), (&json!("SUCCESS"), &json!(1)));
    assert!(info.get("result").is_none(), "a default value is left out");
    // The code costs 200 for each byte; all of it was burned at 100 sun.
    assert!(receipt.energy > 200 * receipt.output.len() as u64, "{receipt:?}");
    assert_eq!(receipt.energy_fee, receipt.energy * 100);
    // Above the 600 free bytes, bandwidth is paid: 1,000 sun for a byte, and 64 for the signature.
    assert_eq!((receipt.net_usage, receipt.net_fee), (0, (bytes.len() as u64 + 64) * 1_000));
    assert_eq!(info["fee"], receipt.energy_fee + receipt.net_fee);
    assert_eq!(world.net.balance(world.rich.address()), RICH - receipt.fee);

    let deposit =
        Action::Trigger { contract, value: 5_000_000, data: IWBTT::depositCall {}.abi_encode().into(), token_value: 0 };
    let id = world.net.send(&world.rich, &deposit).unwrap();
    world.net.mine(1).unwrap();
    let info = world.ask("/wallet/gettransactioninfobyid", json!({ "value": hex::encode(id) })).await;
    let log = info["log"]
        .as_array()
        .unwrap()
        .iter()
        .find(|log| log["topics"][0] == hex::encode(IWBTT::Deposit::SIGNATURE_HASH));
    let log = log.unwrap_or_else(|| panic!("{info}"));
    assert_eq!(log["address"], hex::encode(contract), "20 bytes");
    assert_eq!(log["topics"][1], hex::encode(world.rich.address().into_word()));
    assert_eq!(log["data"], format!("{:064x}", 5_000_000));
    assert!(info["receipt"]["net_usage"].as_u64().unwrap() > 200, "free bandwidth: {info}");
    assert_eq!(world.net.balance(contract), 5_000_000);

    let data = IWBTT::balanceOfCall { account: world.rich.address() }.abi_encode();
    let (ending, output) = world.net.call(SOMEBODY, contract, data.into()).unwrap();
    assert_eq!((ending, U256::from_be_slice(&output)), (Ending::Success, U256::from(5_000_000)));

    // Its coins come back through a call with value.
    let before = world.net.balance(world.rich.address());
    let data = IWBTT::withdrawCall { wad: U256::from(2_000_000) }.abi_encode();
    let id = world.net.send(&world.rich, &call(contract, data)).unwrap();
    world.net.mine(1).unwrap();
    let receipt = world.net.receipt(id).unwrap();
    assert_eq!(receipt.ending, Some(Ending::Success));
    assert_eq!(world.net.balance(world.rich.address()), before + 2_000_000 - receipt.fee);
}

#[tokio::test]
async fn the_deployment_of_trons_documentation_goes_through() {
    let world = World::new().await;
    let contract = world.deploy(&V9_CODE);
    // It is shortened in the documentation: the constructor copies zeros behind its end.
    let mut runtime = V9_CODE[31..].to_vec();
    runtime.resize(0xf7, 0);
    let ask = json!({ "value": base58(contract), "visible": true });
    let shown = world.ask("/wallet/getcontract", ask).await;
    assert_eq!(shown["runtimecode"], hex::encode(&runtime));
    assert_eq!(
        (&shown["origin_address"], &shown["consume_user_resource_percent"]),
        (&json!(base58(world.rich.address())), &json!(100))
    );
    let code = world.rpc("eth_getCode", json!([contract, "latest"])).await;
    assert_eq!(code["result"], hex::encode_prefixed(&runtime));
}

#[tokio::test]
async fn a_revert_costs_what_it_used_and_says_why() {
    let world = World::new().await;
    let contract = world.deploy(&wbtt());
    let data = IWBTT::withdrawCall { wad: U256::from(1) }.abi_encode();
    let id = world.net.send(&world.rich, &call(contract, data)).unwrap();
    world.net.mine(1).unwrap();
    let receipt = world.net.receipt(id).unwrap();
    assert_eq!(receipt.ending, Some(Ending::Revert));
    assert!(receipt.energy < 10_000, "{receipt:?}");
    assert!(IWBTT::ERC20InsufficientBalance::abi_decode(&receipt.output).is_ok());
    let info = world.ask("/wallet/gettransactioninfobyid", json!({ "value": hex::encode(id) })).await;
    assert_eq!((&info["result"], &info["receipt"]["result"]), (&json!("FAILED"), &json!("REVERT")));
    assert_eq!(info["contractResult"][0], hex::encode(&receipt.output));
    assert_eq!(info["resMessage"], hex::encode("REVERT opcode executed"));
    let shown = world.ask("/wallet/gettransactionbyid", json!({ "value": hex::encode(id) })).await;
    assert_eq!(shown["ret"], json!([{ "contractRet": "REVERT" }]));
}

#[tokio::test]
async fn other_failures_cost_the_whole_limit() {
    let world = World::new().await;
    // Runtime code: INVALID.
    let contract = world.deploy(&hex!("60fe5f5360015ff3"));
    let id = world.net.send(&world.rich, &call(contract, Bytes::new())).unwrap();
    world.net.mine(1).unwrap();
    let receipt = world.net.receipt(id).unwrap();
    assert_eq!((receipt.ending, receipt.energy_fee), (Some(Ending::IllegalOperation), 1_000 * TRX));

    let get = world.deploy(&GET_CODE);
    let (id, bytes) = world.signed(&call(get, GET), |terms| terms.fee_limit = 2_099);
    world.net.submit(&bytes).unwrap();
    world.net.mine(1).unwrap();
    let receipt = world.net.receipt(id).unwrap();
    assert_eq!((receipt.ending, receipt.energy, receipt.energy_fee), (Some(Ending::OutOfEnergy), 20, 2_000));
}

#[tokio::test]
async fn what_an_account_has_bounds_its_energy() {
    let world = World::new().await;
    let poor = alloy_signer_local::PrivateKeySigner::random();
    let contract = world.deploy(&GET_CODE);
    world.net.command(Command::Fund { account: poor.address(), sun: 2_000 }).unwrap();
    world.net.mine(1).unwrap();
    let id = world.net.send(&poor, &call(contract, GET)).unwrap();
    world.net.mine(1).unwrap();
    let receipt = world.net.receipt(id).unwrap();
    assert_eq!((receipt.ending, receipt.energy), (Some(Ending::OutOfEnergy), 20));
    assert_eq!(world.net.balance(poor.address()), 0);
}

#[tokio::test]
async fn payments_make_accounts_and_run_nothing() {
    let world = World::new().await;
    let id = world.net.send(&world.rich, &payment(SOMEBODY)).unwrap();
    world.net.mine(1).unwrap();
    let receipt = world.net.receipt(id).unwrap();
    // An account costs 1 TRX, and 0.1 in place of bandwidth.
    assert_eq!((receipt.ending, receipt.fee, receipt.net_fee), (None, 1_100_000, 100_000));
    assert_eq!(world.net.balance(SOMEBODY), TRX);
    assert_eq!(world.net.balance(world.rich.address()), RICH - TRX - 1_100_000);

    let contract = world.deploy(&wbtt());
    let id = world.net.send(&world.rich, &payment(contract)).unwrap();
    world.net.mine(1).unwrap();
    assert!(world.net.receipt(id).unwrap().logs.is_empty(), "receive() did not run");
    assert_eq!(world.net.balance(contract), TRX);
    let data = IWBTT::balanceOfCall { account: world.rich.address() }.abi_encode();
    let (_, output) = world.net.call(SOMEBODY, contract, data.into()).unwrap();
    assert_eq!(U256::from_be_slice(&output), U256::ZERO);
}

#[tokio::test]
async fn constant_calls_change_nothing_and_say_what_would_happen() {
    let world = World::new().await;
    let contract = world.deploy(&wbtt());
    let ask = |data: Vec<u8>| json!({ "owner_address": base58(world.rich.address()), "contract_address": base58(contract), "data": hex::encode(data), "visible": true });
    let good = world.ask("/wallet/triggerconstantcontract", ask(IWBTT::decimalsCall {}.abi_encode())).await;
    assert_eq!((&good["result"]["result"], &good["transaction"]["ret"]), (&json!(true), &json!([{}])));
    assert_eq!(good["constant_result"][0], format!("{:064x}", 18));
    assert!(good["energy_used"].as_u64().unwrap() > 100);

    let bad = IWBTT::withdrawCall { wad: U256::from(1) }.abi_encode();
    let bad = world.ask("/wallet/triggerconstantcontract", ask(bad)).await;
    assert_eq!((&bad["result"]["result"], &bad["transaction"]["ret"][0]["ret"]), (&json!(true), &json!("FAILED")));
    let data = hex::decode(bad["constant_result"][0].as_str().unwrap()).unwrap();
    assert!(IWBTT::ERC20InsufficientBalance::abi_decode(&data).is_ok());

    let none =
        json!({ "owner_address": base58(world.rich.address()), "contract_address": base58(SOMEBODY), "visible": true });
    let none = world.ask("/wallet/triggerconstantcontract", none).await;
    assert_eq!(none["result"]["code"], "CONTRACT_VALIDATE_ERROR");

    let selector = json!({ "owner_address": base58(world.rich.address()), "contract_address": base58(contract), "function_selector": "decimals()", "visible": true });
    assert_eq!(
        world.ask("/wallet/triggerconstantcontract", selector.clone()).await["constant_result"],
        good["constant_result"]
    );
    assert_eq!(world.ask("/wallet/estimateenergy", selector).await["energy_required"], good["energy_used"]);
}

#[tokio::test]
async fn too_many_signatures_end_a_transaction() {
    let world = World::new().await;
    // Calls precompile 1 with nothing, twice.
    let code = hex!("5f5f5f5f60015afa505f5f5f5f60015afa00");
    let init = [&hex!("601280600a5f395ff300")[..], &code].concat();
    let contract = world.deploy(&init);
    for (most, overrun, expected) in [
        (2, Overrun::OutOfTime, Ending::Success),
        (1, Overrun::OutOfTime, Ending::OutOfTime),
        (1, Overrun::OutOfEnergy, Ending::OutOfEnergy),
    ] {
        world.net.command(Command::SignatureLimit { most: Some(most), overrun }).unwrap();
        let id = world.net.send(&world.rich, &call(contract, Bytes::new())).unwrap();
        world.net.mine(1).unwrap();
        let receipt = world.net.receipt(id).unwrap();
        assert_eq!(receipt.ending, Some(expected));
        assert_eq!(receipt.energy_fee == 1_000 * TRX, expected != Ending::Success);
    }
}

#[tokio::test]
async fn prices_follow_the_parameters() {
    let world = World::new().await;
    let contract = world.deploy(&GET_CODE);
    world.net.command(Command::Parameter { name: "getEnergyFee".to_owned(), value: 210 }).unwrap();
    let id = world.net.send(&world.rich, &call(contract, GET)).unwrap();
    world.net.mine(1).unwrap();
    let receipt = world.net.receipt(id).unwrap();
    assert_eq!(receipt.energy_fee, receipt.energy * 210);
    let all = world.ask("/wallet/getchainparameters", json!({})).await;
    let find = |key: &str| {
        all["chainParameter"].as_array().unwrap().iter().find(|one| one["key"] == key).unwrap()["value"].clone()
    };
    assert_eq!((find("getEnergyFee"), find("getTransactionFee")), (json!(210), json!(1_000)));
    let unknown = Command::Parameter { name: "getNothing".to_owned(), value: 1 };
    assert!(world.net.command(unknown).unwrap_err().to_string().contains("getNothing"));
}
