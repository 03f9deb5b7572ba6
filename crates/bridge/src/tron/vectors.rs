//! Known answers, most of them from TRON's networks and documentation (docs/tron.md, section 6).

use super::{
    Action, BlockId, Call, Creation, HeaderRaw, Signed, Terms, Unsigned,
    address::{from_wire, to_wire},
    created_address,
    messages::Transaction,
};
use alloy_primitives::{Address, B256, Bytes, Signature, address, b256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall, sol};
use bttc_primitives::{format_tron, parse_address};
use proptest::prelude::*;
use prost::Message;
use sha2::{Digest, Sha256};

sol! {
    function transfer(address to, uint256 amount) external returns (bool);
}

fn account(text: &str) -> Address {
    parse_address(text).unwrap()
}

fn signed(raw: &[u8], signature: &[u8]) -> Signed {
    let bytes = Transaction { raw_data: raw.to_vec(), signature: vec![signature.to_vec()] }.encode_to_vec();
    let signed = Signed::decode(&bytes).unwrap();
    assert_eq!(signed.encode(), bytes);
    signed
}

#[test]
fn v1_addresses() {
    let known = [
        ("418330108cfdd47544b398c15a3c252ad1d5a5566c", "TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNj"),
        ("415d8702466692a9174667821741b7e7799a0a0560", "TJVjaUrn6PNpCDYLvdRTXmwBULND2a9AkS"),
        ("41353e4da7c074be2ff9e3e692eaeb1e65f0f32e10", "TEpjT8xbAe3FPCPFziqFfEjLVXaw9NbGXj"),
        ("4120078df1672790b2963e8c4e5e527dd1225c3430", "TCtZg6ELHBZb1FzntFw6WP1aotvq5px1Nn"),
        ("41032017411f4663b317fe77c257d28d5cd1b26e3d", "TAFjULxiVgT4qWk6UZwjqwZXTSaGaqnVp4"),
        ("41a614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
        ("410000000000000000000000000000000000000000", "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"),
    ];
    for (wire, text) in known {
        let wire = hex::decode(wire).unwrap();
        let address = from_wire(&wire).unwrap();
        assert_eq!((to_wire(address), format_tron(address)), (wire, text.to_owned()));
        assert_eq!(account(text), address);
    }
    let wrong = [
        "TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNk",
        "27b3Ae6UDR9SEjNdrL2KEmQuk46jdaW4niW",
        "Cxf6in7pHJ3t2KzQu2FBMMsMPWhmWHGaW",
    ];
    for text in wrong {
        assert!(parse_address(text).is_err(), "{text}");
    }
    for wire in [&[][..], &[0x41; 20], &[0x41; 22], &[0xa0; 21]] {
        assert!(from_wire(wire).is_err());
    }
}

const KEY: B256 = b256!("2d8f68944bdbfbc0769542fba8fc2d2a3de67393334471624364c7006da2aa54");

#[test]
fn v2_the_address_of_a_key() {
    let key = PrivateKeySigner::from_bytes(&KEY).unwrap();
    assert_eq!(format_tron(key.address()), "TJRyWwFs9wTFGZg3JbrVriFbNfCug5tDeC");
}

#[test]
fn v3_a_header_its_id_and_the_signature_of_its_producer() {
    let raw = hex!(
        "08f884fcbfdd331220f8156964cc3e5793a368f938a18ea45c02bd48fe3a412f7091ce8d9ef56df1741a200000000003fe266a65d5194c947f6f7a059d4646c8e9a5293226bc7fdcfc775e38ebccf81f4a1541e7860196ad5b5718c1d6326babab039b70b8c1cd5022"
    );
    let header = HeaderRaw::decode(&raw).unwrap();
    assert_eq!(header.encode(), raw);
    assert_eq!(header.number, 66_987_627);
    let id = b256!("0000000003fe266bf6b6d392f654dc2e5011601546ed04623d9fcc4e9d439a25");
    assert_eq!((header.id(), header.id().number()), (BlockId(id), 66_987_627));
    let reference = header.id().reference();
    assert_eq!((reference.bytes.0, reference.hash.0), (hex!("266b"), hex!("f6b6d392f654dc2e")));
    let digest: [u8; 32] = Sha256::digest(raw).into();
    assert!(hex::encode(digest).starts_with("297d1119"));
    let signature = hex!(
        "55a29981b2ba121613788de5d1b6bd87579ef63479f4fbb7bc99b1c721769487023cb74ea3b604778ed448bf1c90db3db0fd8fedc85102cfda4231fd1c75d6e100"
    );
    let signer = Signature::from_raw(&signature).unwrap().recover_address_from_prehash(&digest.into()).unwrap();
    assert_eq!(to_wire(signer), hex!("41e7860196ad5b5718c1d6326babab039b70b8c1cd"));
    assert_eq!(signer, header.witness);
}

#[test]
fn v4_a_header_of_known_parts() {
    let header = HeaderRaw {
        timestamp: 1_541_890_116_000,
        tx_trie_root: b256!("845ab51bf63c2c21ee71a4dc0ac3781619f07a7cd05e1e0bd8ba828979332ffa"),
        parent: BlockId(b256!("00000000003cb800a7e69e9144e3d16f0cf33f33a95c7ce274097822c67243c1")),
        number: 3_979_265,
        witness: from_wire(&hex!("41b487cdc02de90f15ac89a68c82f44cbfe3d915ea")).unwrap(),
        version: 3,
    };
    assert_eq!(header.id(), BlockId(b256!("00000000003cb8010e2bc08d550f5f5803767756352b71237f63a46fef3d66ef")));
    let reference = header.id().reference();
    assert_eq!((reference.bytes.0, reference.hash.0), (hex!("b801"), hex!("0e2bc08d550f5f58")));
}

#[test]
fn v5_a_payment_with_a_memo() {
    let tx = signed(
        &hex!(
            "0a0227dc2208aa9ccb29dfc6e53540a8d8e6fbaf32520954657374206d656d6f5a67080112630a2d747970652e676f6f676c65617069732e636f6d2f70726f746f636f6c2e5472616e73666572436f6e747261637412320a15413fcc5f66a381694b6f6656eb08b535c3587e8ed112154110742eeb00c46dc27321e75f3cc02bcb6577a52b18a08d0670a8b6d1eaaf32"
        ),
        &hex!(
            "6fcee79c61f660ec689299f77924f32b5020b4c41593056052ef07d640cc799325103fab130c8691e8a224c96cd0704a698ac356ff789a543c284605668bf38000"
        ),
    );
    assert_eq!(tx.id(), b256!("20321755964d6ec5bcfc9ebfb15faeb043787ae599fff44442962e12e1c357f1"));
    let from = account("TFnYQCt892UNjn67pjAULTSTkB7YvqsnPp");
    assert_eq!(tx.signers().unwrap(), [from]);
    assert!(matches!(tx.action().unwrap(), Action::Transfer { from: payer, .. } if payer == from));
}

#[test]
fn v6_a_signature_is_the_one_that_other_software_makes() {
    let raw = hex!(
        "0a027b3b2208b21ace8d6ac20e7e40d8abb9bae62c5a77081f12730a31747970652e676f6f676c65617069732e636f6d2f70726f746f636f6c2e54726967676572536d617274436f6e7472616374123e0a15415cd0fb0ab3ce40f3051414c604b27756e69e43db121541521ea197907927725ef36d70f25f850d1659c7c72209736f6d65206461746128904e300170d889a4a9e62c"
    );
    let signature = hex!(
        "21a99aafeabdddfdfae86538df048d120a83eb36bbcf5656595919ba6afddacd0a07d0ba051ae80337613174b109f36cb583b6e46ee5aecf6ffe3392fdbb8a2a01"
    );
    let tx = signed(&raw, &signature);
    assert_eq!(tx.id(), b256!("9927d3daae10ad001b25ef3c1bb03073c928cc0e0823f6f3ce404c2b03ce3570"));
    let key = PrivateKeySigner::from_bytes(&KEY).unwrap();
    assert_eq!(tx.signers().unwrap(), [key.address()]);
    assert!(tx.is_canonical());
    let made = key.sign_hash_sync(&tx.id()).unwrap();
    assert_eq!(Unsigned::from_raw(raw.to_vec()).signed(&made), tx);
    // The other form of the signature is brought into this one.
    let other = Signature::new(made.r(), ORDER - made.s(), !made.v());
    assert_eq!(Unsigned::from_raw(raw.to_vec()).signed(&other), tx);
    let Action::Call(call) = tx.action().unwrap() else { panic!() };
    assert_eq!((call.owner, call.data.as_ref()), (key.address(), &b"some data"[..]));
}

#[test]
fn v7_a_whole_transaction() {
    let bytes = hex!(
        "0ab4010a02bad12208a38ea6cb83e39e4b40b8b59eacd52c5a8e01081f1289010a31747970652e676f6f676c65617069732e636f6d2f70726f746f636f6c2e54726967676572536d617274436f6e747261637412540a15411b228f5d9f934c7bb18aaa86f90418932888e7b412154192c181c5423b247b4426792bc61e0fe5123630592224eb91a5ff000000000000000000000000000000000000000000000000000000000000007170bae39aacd52c90018094ebdc031241bf1b7448157f61b8c0cbab0263c7fdbdfbc7bc556fb66d77c79a4257f913d69869cdbf77f605506d32096faa8b1b71e827c134fe226de3f4922b1478d825937e01"
    );
    let tx = Signed::decode(&bytes).unwrap();
    assert_eq!(tx.encode(), bytes);
    assert_eq!(tx.id(), b256!("4a762cf5c35274781fbef9c37e7377f9ff8d09bceec1d058c7151bb3f028d3f8"));
    let (owner, contract) =
        (account("TCSgeWapPJhCqgWRxXCKb6jJ5AgNWSGjPA"), account("TPMBUANrTwwQAPwShn7ZZjTJz1f3F8jknj"));
    assert_eq!(tx.signers().unwrap(), [owner]);
    let Action::Call(call) = tx.action().unwrap() else { panic!() };
    assert_eq!((call.owner, call.contract, call.value, call.data.len()), (owner, contract, 0, 36));
    assert_eq!((tx.terms().unwrap().fee_limit, tx.bandwidth()), (1_000_000_000, 314));
}

#[test]
fn v8_a_call_is_encoded_like_by_a_node() {
    let raw = hex!(
        "0a0228c32208ce6d34028278856940f89cf1c0dd335aae01081f12a9010a31747970652e676f6f676c65617069732e636f6d2f70726f746f636f6c2e54726967676572536d617274436f6e747261637412740a1541dd791d6b49e190062d650e6a23c575510d35f2f9121541eca9bc828a3005b9a3b909f2cc5c2a54794de05f2244a9059cbb000000000000000000000000088a2bfcb1c7271029fd69a66859d5556089588400000000000000000000000000000000000000000000000000000000000000647089d0edc0dd33900180c2d72f"
    );
    let to = address!("088a2bfcb1c7271029fd69a66859d55560895884");
    let call = Call {
        owner: from_wire(&hex!("41dd791d6b49e190062d650e6a23c575510d35f2f9")).unwrap(),
        contract: from_wire(&hex!("41eca9bc828a3005b9a3b909f2cc5c2a54794de05f")).unwrap(),
        value: 0,
        data: transferCall { to, amount: "100".parse().unwrap() }.abi_encode().into(),
    };
    let terms = Terms {
        reference: super::BlockRef { bytes: hex!("28c3").into(), hash: hex!("ce6d340282788569").into() },
        expiration: 1_777_447_227_000,
        timestamp: 1_777_447_168_009,
        fee_limit: 100_000_000,
    };
    let made = Unsigned::call(&call, &terms).unwrap();
    assert_eq!(made, Unsigned::from_raw(raw.to_vec()));
    assert_eq!(made.id(), b256!("8c621a0dc9bd4d405b20d0a43143955b9f546f98bbfde1aec295a65b0f925629"));
    let tx = signed(&raw, &[0; 65]);
    assert_eq!((tx.action().unwrap(), tx.terms().unwrap()), (Action::Call(call), terms));
}

#[test]
fn v9_a_deployment_and_its_address() {
    let raw = hex!(
        "0a0228c72208b89ca57e9cbb96dd40d8faf1c0dd335ae402081e12df020a30747970652e676f6f676c65617069732e636f6d2f70726f746f636f6c2e437265617465536d617274436f6e747261637412aa020a1541dd791d6b49e190062d650e6a23c575510d35f2f91290020a1541dd791d6b49e190062d650e6a23c575510d35f2f91a0022e101608060405234801561001057600080fd5b5060f78061001f6000396000f3fe6080604052348015600f57600080fd5b506004361060285760003560e01c80636d4ce63c14602d575b600080fd5b60336047565b604051603e9190606b565b60405180910390f35b6000600190565b6000819050919050565b6065816052565b82525050565b6000602082019050607e6000830184605c565b9291505056fea264697066735822122000000000000000000000000000000000000000000000000000000000000000006c6578706572696d656e74616cf564736f6c6343000810003330643a0a4d79436f6e74726163744080ade204709cbdeec0dd3390018094ebdc03"
    );
    let tx = signed(&raw, &[0; 65]);
    let Action::Creation(creation) = tx.action().unwrap() else { panic!() };
    assert_eq!(creation.name, "MyContract");
    let made = Unsigned::creation(&creation, &tx.terms().unwrap()).unwrap();
    assert_eq!(made, Unsigned::from_raw(raw.to_vec()));
    assert_eq!(made.id(), b256!("7fe721c3f85b6c1c9491df43778c98903b565bc4210592f449f41342041729b3"));
    assert_eq!(to_wire(created_address(made.id(), creation.owner)), hex!("41584587b353166787b37d1b05a4a91e59c5370bcf"));
    let long = Creation { name: "n".repeat(33), ..creation };
    assert!(Unsigned::creation(&long, &tx.terms().unwrap()).is_err());
}

#[test]
fn v11_bandwidth() {
    let tx = signed(
        &hex!(
            "0a0277c622088be0eb20a51d508540f8aeddb889305a67080112630a2d747970652e676f6f676c65617069732e636f6d2f70726f746f636f6c2e5472616e73666572436f6e747261637412320a1541c11d9943805e56b630a401d4bd9a29550353efa112154143a0eca8a75c86f30045a434114d750eb1b4b6e018a08d067092f3d9b88930"
        ),
        &hex!(
            "44268aba062076a6936dd341808c73c4cab257bb8e7c1a31b3eed3646d8d8bf6cb52ff3f87033a89b4bffc2d81f2efdcd9cab129235661d0483a556d3305809200"
        ),
    );
    assert_eq!(tx.id(), b256!("ea84b77dcceb74c8516089c7ddde23b502225f4438d66a0a7591b5de37d65add"));
    assert_eq!(tx.signers().unwrap(), [account("TTaJsdnYPsBjLLM1u2qMw1e9fLLoVKnNUX")]);
    assert_eq!((tx.encode().len(), tx.bandwidth()), (203, 267));
}

#[test]
fn v12_no_argument_holds_21_bytes() {
    let to = address!("dbd7c53729b3310e1843083000fa84abad996961");
    let data = transferCall { to, amount: "1".parse().unwrap() }.abi_encode();
    assert_eq!(hex::encode(&data[4..36]), "000000000000000000000000dbd7c53729b3310e1843083000fa84abad996961");
}

/// Order of secp256k1.
const ORDER: alloy_primitives::U256 =
    alloy_primitives::U256::from_be_bytes(hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));

#[test]
fn signatures_of_a_wrong_shape_are_named() {
    let raw = hex!("0a00");
    for (signature, what) in [(vec![1; 64], "64 bytes"), (vec![1; 69], "69 bytes"), (vec![9; 65], "last byte is 9")] {
        let error = signed(&raw, &signature).signers().unwrap_err().to_string();
        assert!(error.contains("signature 0") && error.contains(what), "{error}");
    }
    let mut high = [0xff; 65];
    high[64] = 0;
    assert!(!signed(&raw, &high).is_canonical());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        if let Ok(tx) = Signed::decode(&bytes) {
            let _ = (tx.signers(), tx.action(), tx.terms(), tx.bandwidth(), tx.is_canonical());
            prop_assert_eq!(Signed::decode(&tx.encode()), Ok(tx));
        }
        if let Ok(header) = HeaderRaw::decode(&bytes) {
            prop_assert_eq!(HeaderRaw::decode(&header.encode()), Ok(header));
        }
    }

    #[test]
    fn what_was_made_is_read_again(
        owner: [u8; 20], contract: [u8; 20], value in 0..=i64::MAX.unsigned_abs(), data: Vec<u8>,
        number: u64, expiration in 0..=i64::MAX.unsigned_abs(), timestamp in 0..=i64::MAX.unsigned_abs(), fee_limit in 0..=i64::MAX.unsigned_abs(),
    ) {
        let call = Call { owner: owner.into(), contract: contract.into(), value, data: Bytes::from(data) };
        let reference = BlockId::of(number, &owner).reference();
        let terms = Terms { reference, expiration, timestamp, fee_limit };
        let key = PrivateKeySigner::from_bytes(&KEY).unwrap();
        let unsigned = Unsigned::call(&call, &terms).unwrap();
        let tx = Signed::decode(&unsigned.clone().signed(&key.sign_hash_sync(&unsigned.id()).unwrap()).encode()).unwrap();
        prop_assert_eq!(tx.action().unwrap(), Action::Call(call));
        prop_assert_eq!(tx.terms().unwrap(), terms);
        prop_assert_eq!(tx.signers().unwrap(), [key.address()]);
    }
}
