use super::*;
use alloy_primitives::{address, b256, hex};

/// docs/tron.md, V7.
const TRIGGER_TX: &str = "0ab4010a02bad12208a38ea6cb83e39e4b40b8b59eacd52c5a8e01081f1289010a31747970652e676f6f676c65617069732e636f6d2f70726f746f636f6c2e54726967676572536d617274436f6e747261637412540a15411b228f5d9f934c7bb18aaa86f90418932888e7b412154192c181c5423b247b4426792bc61e0fe5123630592224eb91a5ff000000000000000000000000000000000000000000000000000000000000007170bae39aacd52c90018094ebdc031241bf1b7448157f61b8c0cbab0263c7fdbdfbc7bc556fb66d77c79a4257f913d69869cdbf77f605506d32096faa8b1b71e827c134fe226de3f4922b1478d825937e01";

#[test]
fn a_call_that_the_network_took_is_read() {
    let bytes = hex::decode(TRIGGER_TX).unwrap();
    let tx = Tx::decode(&bytes).unwrap();
    assert_eq!(tx.id, b256!("4a762cf5c35274781fbef9c37e7377f9ff8d09bceec1d058c7151bb3f028d3f8"));
    assert_eq!(tx.owner, address!("1b228f5d9f934c7bb18aaa86f90418932888e7b4"));
    assert_eq!(tx.signers(), Ok(vec![tx.owner]));
    assert_eq!((tx.fee_limit, tx.size(), tx.value(), tx.permission), (1_000_000_000, 250, 0, 0));
    assert_eq!((tx.ref_bytes.as_slice(), tx.ref_hash.len()), (&[0xba, 0xd1][..], 8));
    let Action::Trigger { contract, data, .. } = &tx.action else { panic!("{:?}", tx.action) };
    assert_eq!((*contract, data.len()), (address!("92c181c5423b247b4426792bc61e0fe512363059"), 36));
    assert_eq!(tx.encode(None), bytes);

    let mut cut = tx.clone();
    cut.signatures = vec![tx.signatures[0].slice(..64)];
    assert!(cut.signers().unwrap_err().contains("size is 64"));
    let mut odd = tx.signatures[0].to_vec();
    odd[64] = 2;
    cut.signatures = vec![odd.into()];
    assert!(cut.signers().unwrap_err().contains("range"));
    let mut other = tx.signatures[0].to_vec();
    other[64] = 27;
    cut.signatures = vec![other.into()];
    assert_ne!(cut.signers().unwrap(), vec![tx.owner]);
}

#[test]
fn a_payment_and_a_deployment_are_read() {
    // docs/tron.md, V5 and V9.
    let payment = "0a0227dc2208aa9ccb29dfc6e53540a8d8e6fbaf32520954657374206d656d6f5a67080112630a2d747970652e676f6f676c65617069732e636f6d2f70726f746f636f6c2e5472616e73666572436f6e747261637412320a15413fcc5f66a381694b6f6656eb08b535c3587e8ed112154110742eeb00c46dc27321e75f3cc02bcb6577a52b18a08d0670a8b6d1eaaf32";
    let signature = "6fcee79c61f660ec689299f77924f32b5020b4c41593056052ef07d640cc799325103fab130c8691e8a224c96cd0704a698ac356ff789a543c284605668bf38000";
    let whole = wire::Transaction {
        raw_data: hex::decode(payment).unwrap(),
        signature: vec![hex::decode(signature).unwrap()],
        ret: Vec::new(),
    };
    let tx = Tx::decode(&whole.encode_to_vec()).unwrap();
    assert_eq!(tx.id, b256!("20321755964d6ec5bcfc9ebfb15faeb043787ae599fff44442962e12e1c357f1"));
    assert_eq!((tx.signers().unwrap(), tx.value(), tx.runs()), (vec![tx.owner], 100_000, false));

    let deployment = "0a0228c72208b89ca57e9cbb96dd40d8faf1c0dd335ae402081e12df020a30747970652e676f6f676c65617069732e636f6d2f70726f746f636f6c2e437265617465536d617274436f6e747261637412aa020a1541dd791d6b49e190062d650e6a23c575510d35f2f91290020a1541dd791d6b49e190062d650e6a23c575510d35f2f91a0022e101608060405234801561001057600080fd5b5060f78061001f6000396000f3fe6080604052348015600f57600080fd5b506004361060285760003560e01c80636d4ce63c14602d575b600080fd5b60336047565b604051603e9190606b565b60405180910390f35b6000600190565b6000819050919050565b6065816052565b82525050565b6000602082019050607e6000830184605c565b9291505056fea264697066735822122000000000000000000000000000000000000000000000000000000000000000006c6578706572696d656e74616cf564736f6c6343000810003330643a0a4d79436f6e74726163744080ade204709cbdeec0dd3390018094ebdc03";
    let whole =
        wire::Transaction { raw_data: hex::decode(deployment).unwrap(), signature: Vec::new(), ret: Vec::new() };
    let tx = Tx::decode(&whole.encode_to_vec()).unwrap();
    assert_eq!(tx.id, b256!("7fe721c3f85b6c1c9491df43778c98903b565bc4210592f449f41342041729b3"));
    let Action::Create(creation) = tx.action else { panic!("{:?}", tx.action) };
    assert_eq!(
        (creation.percent, creation.origin_energy_limit, creation.name.as_str()),
        (100, 10_000_000, "MyContract")
    );
    assert_eq!(creation.origin, tx.owner);
}

#[test]
fn unknown_fields_count_for_the_id() {
    let tx = wire::Transaction::decode(hex::decode(TRIGGER_TX).unwrap().as_slice()).unwrap();
    let mut more = tx.clone();
    more.raw_data.extend_from_slice(&[0xa2, 0x06, 0x01, 0x00]);
    let plain = Tx::decode(&tx.encode_to_vec()).unwrap();
    let marked = Tx::decode(&more.encode_to_vec()).unwrap();
    assert_eq!((plain.action, plain.expiration), (marked.action, marked.expiration));
    assert_ne!(plain.id, marked.id);
}

#[test]
fn what_is_no_transaction_is_refused() {
    assert!(matches!(Tx::decode(&[0xff]), Err(Unreadable::Encoding(_))));
    assert!(matches!(Tx::decode(&[]), Err(Unreadable::Contract(_))));
    let mut raw = Raw::decode(
        wire::Transaction::decode(hex::decode(TRIGGER_TX).unwrap().as_slice()).unwrap().raw_data.as_slice(),
    )
    .unwrap();
    let of = |raw: &Raw| {
        let whole = wire::Transaction { raw_data: raw.encode_to_vec(), signature: Vec::new(), ret: Vec::new() };
        Tx::decode(&whole.encode_to_vec())
    };
    let contract = raw.contract[0].clone();
    raw.contract.push(contract.clone());
    assert!(matches!(of(&raw), Err(Unreadable::Contract(_))), "two contracts");
    raw.contract = vec![Contract { kind: 30, ..contract.clone() }];
    assert!(matches!(of(&raw), Err(Unreadable::Contract(_))), "a kind with a message of another");
    raw.contract = vec![Contract { kind: 99, ..contract }];
    assert!(matches!(of(&raw), Err(Unreadable::Contract(_))), "an unknown kind");
}
