//! How much BTT there is, and what votes may change, on a development chain with the staking contracts.

use crate::{
    fixture::{signed, staking_node, transfer},
    staking::TIME,
};
use alloy_primitives::{Address, Bytes, TxKind, U256};
use serde_json::{Value, json};

fn number(value: &Value) -> U256 {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_btt_is_accounted_for_until_somebody_meddles() {
    let node = staking_node().await;
    node.call("evm_setTime", json!([TIME + 5])).await;
    let begin = node.call("btt_supply", json!([])).await;
    let genesis = U256::from(990_000_000_000u64) * U256::from(10).pow(U256::from(18));
    assert_eq!((number(&begin["total"]), number(&begin["genesis"])), (genesis, genesis));
    assert_eq!((&begin["burned"], &begin["feesBurned"]), (&json!("0"), &json!("0")));
    assert_eq!(number(&begin["reserve"]), genesis / U256::from(10));
    assert_eq!(number(&begin["programmes"]), genesis / U256::from(20));

    node.send(&transfer(0, 0)).await;
    node.call("evm_mine", json!([TIME + 61])).await;
    let later = node.call("btt_supply", json!([])).await;
    assert!(number(&later["burned"]) > U256::ZERO);
    assert_eq!(later["burned"], later["feesBurned"]);
    assert_eq!(number(&later["total"]) + number(&later["burned"]), genesis);
    assert!(number(&later["reserve"]) < number(&begin["reserve"]), "the reserve pays rewards");
    assert!(number(&later["funds"]) > number(&begin["funds"]), "the treasury gets its shares");
    assert_eq!(node.call("btt_supply", json!(["0x0"])).await, begin);

    let audit = node.call("btt_auditSupply", json!([])).await;
    assert_eq!((&audit["holds"], &audit["exact"], &audit["height"]), (&json!(true), &json!(true), &json!(2)));
    assert_eq!((&audit["burned"], &audit["supply"]), (&later["burned"], &later["genesis"]));
    assert_eq!(number(&audit["balances"]) + number(&audit["burned"]), genesis);
    // A contract made and destroyed in one transaction takes its balance along, and nobody counts it.
    let receipt = node.send(&signed(0, 1, TxKind::Create, 5, Bytes::from_static(&[0x30, 0xff]), 100_000)).await;
    assert_eq!(receipt["status"], "0x1");
    let audit = node.call("btt_auditSupply", json!([])).await;
    assert_eq!((&audit["holds"], &audit["exact"]), (&json!(true), &json!(false)));
    assert_eq!(number(&audit["balances"]) + number(&audit["burned"]) + U256::from(5), genesis);
    // The past is as it was.
    for block in ["0x2", "0x1", "0x0"] {
        let audit = node.call("btt_auditSupply", json!([block])).await;
        assert_eq!((&audit["holds"], &audit["exact"]), (&json!(true), &json!(true)), "{block}");
    }
    node.call("anvil_setBalance", json!([Address::repeat_byte(0x42), "0x6"])).await;
    let audit = node.call("btt_auditSupply", json!([])).await;
    assert_eq!((&audit["holds"], &audit["exact"]), (&json!(false), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_have_names_units_and_bounds() {
    let node = staking_node().await;
    let params = node.call("btt_params", json!([])).await;
    assert_eq!(params.as_array().unwrap().len(), 39);
    let expected = json!({
        "id": 8, "name": "EPOCH_LENGTH", "unit": "seconds", "value": "60", "min": "1", "max": "86400", "step": "86400",
        "coolDown": 0, "lane": "long", "pending": null, "changed": 0,
        "proposals": [],
    });
    assert_eq!(params[8], expected);
    let expected = json!({
        "id": 0, "name": "MIN_BASE_FEE", "unit": "wei per gas", "value": "9000000000000", "min": "300000000000",
        "max": "100000000000000", "step": "3000000000000", "coolDown": 604_800, "lane": "standard", "pending": null,
        "changed": 0, "proposals": [],
    });
    assert_eq!(params[0], expected);
}
