use super::*;
use proptest::prelude::*;

const ID: B256 = B256::repeat_byte(0xaa);

fn receipt(body: &str) -> Result<Option<Receipt>, BadAnswer> {
    super::receipt(body, ID)
}

#[test]
fn complaints_come_with_status_200() {
    let busy = r#"{"Error":"class org.tron.core.exception.X : lack of computing resources"}"#;
    assert!(matches!(block(busy), Err(BadAnswer::Busy(_))));
    assert!(matches!(receipt(busy), Err(BadAnswer::Busy(_))));
    let other = r#"{"Error":"class java.lang.NumberFormatException : no"}"#;
    assert!(matches!(parameters(other), Err(BadAnswer::Refused(_))));
    let Err(BadAnswer::Malformed { got, .. }) = block(&"this node has pruned that ".repeat(100)) else { panic!() };
    assert_eq!(got.len(), SHOWN);
}

#[test]
fn a_block_and_its_number_belong_together() {
    let of = |number: &str| {
        format!(
            r#"{{"blockID":"0000000003fe266bf6b6d392f654dc2e5011601546ed04623d9fcc4e9d439a25",
            "block_header":{{"raw_data":{{{number}"txTrieRoot":"00","timestamp":1777447166000,"version":34}},"witness_signature":"55"}}}}"#
        )
    };
    let answer = block(&of(r#""number":66987627,"#)).unwrap();
    assert_eq!((answer.number, answer.timestamp, answer.id.number()), (66_987_627, 1_777_447_166_000, 66_987_627));
    assert!(matches!(block(&of(r#""number":66987628,"#)), Err(BadAnswer::Malformed { .. })));
    assert!(matches!(block(&of("")), Err(BadAnswer::Malformed { .. })), "no number means 0");
}

#[test]
fn a_simulation_says_what_it_returns_and_costs() {
    let good = r#"{"result":{"result":true},"energy_used":541,"constant_result":["0000002a"],"transaction":{"ret":[{}],"visible":false}}"#;
    assert_eq!(simulated(good), Ok(Simulated { result: Ok(Bytes::from_static(&[0, 0, 0, 0x2a])), energy: 541 }));
    let reverted = r#"{"result":{"result":true,"message":"524556455254206f70636f6465206578656375746564"},"energy_used":300,"energy_penalty":20,
        "constant_result":["08c379a0"],"transaction":{"ret":[{"ret":"FAILED"}]}}"#;
    let expected = Simulated { result: Err(Bytes::from_static(&[0x08, 0xc3, 0x79, 0xa0])), energy: 320 };
    assert_eq!(simulated(reverted), Ok(expected));
    let refused = r#"{"result":{"code":"CONTRACT_VALIDATE_ERROR","message":"4e6f20636f6e7472616374"}}"#;
    assert_eq!(simulated(refused), Err(BadAnswer::Refused("CONTRACT_VALIDATE_ERROR No contract".to_owned())));
}

#[test]
fn verdicts_follow_the_table() {
    assert_eq!(verdict(r#"{"result":true,"code":"SUCCESS","txid":"00"}"#), Ok(Verdict::Accepted));
    let of = |code: &str| verdict(&format!(r#"{{"code":"{code}","txid":"00","message":"4e6f"}}"#)).unwrap();
    assert_eq!(of("DUP_TRANSACTION_ERROR"), Verdict::Known);
    for code in ["SERVER_BUSY", "NO_CONNECTION", "NOT_ENOUGH_EFFECTIVE_CONNECTION", "BLOCK_UNSOLIDIFIED"] {
        assert_eq!(of(code), Verdict::RetrySame(format!("{code} No")));
    }
    for code in ["TAPOS_ERROR", "TRANSACTION_EXPIRATION_ERROR"] {
        assert_eq!(of(code), Verdict::Rebuild(format!("{code} No")));
    }
    for code in
        ["BANDWITH_ERROR", "CONTRACT_VALIDATE_ERROR", "SIGERROR", "TOO_BIG_TRANSACTION_ERROR", "OTHER_ERROR", "NEW"]
    {
        assert_eq!(of(code), Verdict::Refused(format!("{code} No")));
    }
    assert!(verdict("{}").is_err());
}

#[test]
fn a_receipt_says_how_it_ended() {
    assert_eq!(receipt("{}"), Ok(None));
    let of = |receipt: &str, more: &str| {
        format!(
            r#"{{"id":"{}","blockNumber":7,"fee":345,"contractResult":["08c379a0"],{more}"receipt":{{"energy_usage_total":9,"result":"{receipt}"}}}}"#,
            hex::encode(ID)
        )
    };
    let ending = |receipt_result: &str, more: &str| receipt(&of(receipt_result, more)).unwrap().unwrap().ending;
    assert_eq!(ending("SUCCESS", ""), Ending::Done);
    let foreign = super::receipt(&of("SUCCESS", ""), B256::ZERO).unwrap_err().to_string();
    assert!(foreign.contains("asked for transaction 00"), "{foreign}");
    assert_eq!(ending("REVERT", r#""result":"FAILED","#), Ending::Reverted(Bytes::from_static(&[8, 0xc3, 0x79, 0xa0])));
    assert_eq!(ending("OUT_OF_ENERGY", r#""result":"FAILED","#), Ending::OutOfEnergy);
    assert_eq!(ending("OUT_OF_TIME", r#""result":"FAILED","#), Ending::OutOfTime);
    assert_eq!(
        ending("STACK_OVERFLOW", r#""result":"FAILED","resMessage":"4e6f","#),
        Ending::Other("STACK_OVERFLOW FAILED No".to_owned())
    );
    assert_ne!(ending("SUCCESS", r#""result":"FAILED","#), Ending::Done);

    let logs = r#""contract_address":"41eca9bc828a3005b9a3b909f2cc5c2a54794de05f",
        "log":[{"address":"eca9bc828a3005b9a3b909f2cc5c2a54794de05f","topics":["0000000000000000000000000000000000000000000000000000000000000001"],"data":"ff"}],"#;
    let full = receipt(&of("SUCCESS", logs)).unwrap().unwrap();
    assert_eq!((full.block, full.fee, full.energy), (7, 345, 9));
    let (address, data) = &full.logs[0];
    assert_eq!(full.contract, Some(*address));
    assert_eq!((data.topics().len(), data.data.as_ref()), (1, &[0xff][..]));
    let wide = logs.replace(r#""address":"eca9"#, r#""address":"41eca9"#);
    assert!(receipt(&of("SUCCESS", &wide)).is_err(), "logs hold 20 bytes");
}

#[test]
fn the_parameters_of_the_network() {
    let all = r#"{"chainParameter":[{"key":"getMaintenanceTimeInterval","value":21600000},{"key":"getTransactionFee","value":1000},{"key":"getAllowX"},
        {"key":"getEnergyFee","value":100},{"key":"getMaxFeeLimit","value":15000000000},{"key":"getMaxCpuTimeOfOneTx","value":80}]}"#;
    let expected =
        Parameters { energy_price: 100, bandwidth_price: 1_000, max_fee_limit: 15_000_000_000, max_time: 80 };
    assert_eq!(parameters(all), Ok(expected));
    assert!(
        parameters(&all.replace("getEnergyFee", "other")).unwrap_err().to_string().contains("getEnergyFee is missing")
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(body: String, json in "\\{(\"(id|fee|log|receipt|result|code|message)\":(\"[0-9a-f]{0,8}\"|-?[0-9]{1,20}|\\[\\]|\\{\\}),?){0,4}\\}") {
        for body in [body, json] {
            let _ = (block(&body), simulated(&body), verdict(&body), receipt(&body), parameters(&body));
        }
    }
}

#[test]
fn nothing_is_told_as_an_empty_object() {
    assert!(!more::is_there("{}").unwrap());
    assert!(more::is_there(r#"{"txID":"00"}"#).unwrap());
    assert!(more::is_there("no JSON").is_err());
}
