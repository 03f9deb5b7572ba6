//! What is no snapshot, or not ours, is refused and named; what is good of it is kept.

use super::*;

fn refusals(memory: &Memory, dir: &Path) -> BTreeMap<ChunkId, InvalidChunk> {
    let storage = store(dir);
    match import(&spec(), &storage, memory, None, |_| ()) {
        Err(error @ SnapshotImportError::Refused { .. }) => {
            assert!(error.to_string().contains("replace the refused ones"), "{error}");
            assert!(storage.read().unwrap().head().unwrap().is_none());
            let SnapshotImportError::Refused { refused, kept } = error else { unreachable!() };
            // The block is not kept by itself, it comes with the head.
            let good = memory.decoded().chunks().count() - refused.len();
            assert_eq!(kept, good - usize::from(!refused.iter().any(|chunk| chunk.id == ChunkId::Block)));
            refused.into_iter().map(|chunk| (chunk.id, chunk.why)).collect()
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the snapshot was taken"),
    }
}

#[tokio::test]
async fn bad_chunks_are_named_and_the_others_kept() {
    let (good, more) = large();
    let dir = tempfile::tempdir().unwrap();
    let (state, code) = (ChunkId::State, ChunkId::Code(0));
    let mut bad = good.clone();
    // A flipped byte, a missing chunk, one of another height, the slots of one account without one of them, and another's code.
    bad.chunks.get_mut(&state(0)).unwrap()[1000] ^= 1;
    bad.chunks.remove(&state(1));
    let Chunk::State(mut chunk) = Chunk::decode(&good.chunks[&state(2)]).unwrap() else { panic!() };
    chunk.storages.last_mut().unwrap().leaves.remove(7);
    bad.chunks.insert(state(2), Chunk::State(chunk).encode().unwrap());
    let other = export(&made(2, 2).await.chain, None);
    bad.chunks.insert(state(3), other.chunks[&state(0)].clone());
    bad.chunks.insert(code, other.chunks[&state(0)].clone());
    bad.chunks.insert(ChunkId::Block, other.chunks[&ChunkId::Block].clone());
    let refused = refusals(&bad, dir.path());
    assert!(matches!(
        refused[&state(0)],
        InvalidChunk::Encoding(_) | InvalidChunk::Slots { .. } | InvalidChunk::Accounts(_)
    ));
    assert_eq!(refused[&state(1)], InvalidChunk::Missing);
    assert!(matches!(refused[&state(2)], InvalidChunk::Slots { .. }), "{:?}", refused[&state(2)]);
    assert!(matches!(refused[&state(3)], InvalidChunk::Accounts(_)), "{:?}", refused[&state(3)]);
    assert_eq!(refused[&code], InvalidChunk::Kind);
    assert!(matches!(refused[&ChunkId::Block], InvalidChunk::Block(_)));
    assert_eq!(refused.len(), 6);
    // With the right ones in their place it goes on.
    follow(&taken(good, dir.path()).unwrap(), more).await;
}

#[test]
fn chunks_in_each_others_place_leave_a_gap_and_twice_the_same_too() {
    let (good, _) = large();
    let state = ChunkId::State;
    let mut swapped = good.clone();
    swapped.chunks.insert(state(1), good.chunks[&state(2)].clone());
    swapped.chunks.insert(state(2), good.chunks[&state(1)].clone());
    let mut doubled = good.clone();
    doubled.chunks.insert(state(2), good.chunks[&state(1)].clone());
    let mut fewer = good.clone();
    let manifest = Manifest { state_chunks: good.decoded().state_chunks - 1, ..good.decoded() };
    fewer.manifest = Some(manifest.encode());
    for (memory, expected) in [(swapped, state(1)), (doubled, state(2)), (fewer, state(manifest.state_chunks))] {
        let dir = tempfile::tempdir().unwrap();
        match taken(&memory, dir.path()) {
            Err(SnapshotImportError::Invalid(InvalidSnapshot::Gap { chunk })) => assert_eq!(chunk, expected),
            other => panic!("{other:?}"),
        }
        assert!(store(dir.path()).read().unwrap().head().unwrap().is_none());
    }
}

#[test]
fn code_that_is_missing_is_named_and_strange_code_is_not_kept() {
    let (good, _) = large();
    let Chunk::Code(mut codes) = Chunk::decode(&good.chunks[&ChunkId::Code(0)]).unwrap() else { panic!() };
    let gone = codes.0.remove(0);
    let strange = Bytes::from_static(b"nobody names this");
    codes.0.push(strange.clone());
    codes.0.sort_by_key(|code| keccak256(code));
    let mut bad = good.clone();
    bad.chunks.insert(ChunkId::Code(0), Chunk::Code(codes).encode().unwrap());
    let dir = tempfile::tempdir().unwrap();
    match taken(&bad, dir.path()) {
        Err(SnapshotImportError::Invalid(InvalidSnapshot::MissingCode { first, more: 0 })) => {
            assert_eq!(first, keccak256(&gone));
        }
        other => panic!("{other:?}"),
    }
    drop(bad);
    let mut also = good.clone();
    also.manifest = Some(Manifest { code_chunks: 2, ..good.decoded() }.encode());
    let more = Chunk::Code(bttc_chain::snapshot::CodeChunk(vec![strange.clone()])).encode().unwrap();
    also.chunks.insert(ChunkId::Code(1), more);
    let dir = tempfile::tempdir().unwrap();
    let chain = taken(&also, dir.path()).unwrap();
    let state = chain.read().unwrap().state().unwrap();
    assert!(state.code(keccak256(&strange)).is_err() && state.code(keccak256(&gone)).unwrap() == gone);
}

/// A manifest that is not certified, or not of this chain, is refused before a chunk is asked for.
#[tokio::test]
async fn wrong_manifests_are_refused() {
    type Spoil = fn(&mut Manifest);
    let (good, _) = large();
    let spoils: [(&str, Spoil); 13] = [
        ("chain id", |m| m.chain_id += 1),
        ("genesis hash", |m| m.genesis_hash = B256::repeat_byte(1)),
        ("certified block", |m| m.header.state_root = B256::repeat_byte(1)),
        ("certified height", |m| m.certificate.height += 1),
        ("certified block", |m| m.certificate.block_hash = B256::repeat_byte(1)),
        ("signature", |m| m.certificate.round += 1),
        ("more than two thirds", |m| m.certificate.signers = Default::default()),
        ("signers but 0 signatures", |m| m.certificate.signatures.clear()),
        ("validators hash", |m| m.validators[0].address = Address::repeat_byte(9)),
        ("a validator set needs", |m| m.validators.clear()),
        ("number of ancestors", |m| drop(m.ancestors.pop())),
        ("header 3", |m| m.ancestors[2].gas_used += 1),
        ("header 16", |m| m.ancestors.swap(15, 14)),
    ];
    for (expected, spoil) in spoils {
        let mut manifest = good.decoded();
        spoil(&mut manifest);
        let memory = Memory { manifest: Some(manifest.encode()), ..Memory::default() };
        let dir = tempfile::tempdir().unwrap();
        let error = taken(&memory, dir.path()).unwrap_err();
        assert!(
            matches!(error, SnapshotImportError::Invalid(_)) && error.to_string().contains(expected),
            "{expected}: {error}"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    let error = taken(&Memory::default(), dir.path()).unwrap_err().to_string();
    assert!(error.contains("there is none"), "{error}");
    // Another chain, by its genesis.
    let other = GENESIS.replacen("\"gasLimit\": \"0x", "\"gasLimit\": \"0x1", 1);
    assert_ne!(other, GENESIS);
    let other = ChainSpec::from_json(&other).unwrap();
    let error = import(&other, &store(dir.path()), good, None, |_| ()).unwrap_err().to_string();
    assert!(error.contains("genesis hash"), "{error}");
}

#[test]
fn the_validators_may_be_trusted_by_their_hash() {
    let (good, _) = large();
    let hash = spec().genesis_validators().unwrap().hash();
    let dir = tempfile::tempdir().unwrap();
    let wrong = import(&spec(), &store(dir.path()), good, Some(Trust::SetHash(B256::repeat_byte(1))), |_| ());
    assert!(wrong.unwrap_err().to_string().contains("validators hash"));
    import(&spec(), &store(dir.path()), good, Some(Trust::SetHash(hash)), |_| ()).unwrap();
    let strangers = ValidatorSet::new(vec![bttc_primitives::Validator { address: Address::ZERO, power: 1 }]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    assert!(import(&spec(), &store(dir.path()), good, Some(Trust::Set(strangers)), |_| ()).is_err());
}

#[tokio::test]
async fn a_store_that_holds_something_takes_no_snapshot() {
    let (good, _) = large();
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let error = taken(good, dir.path()).unwrap_err().to_string();
    assert!(error.contains("choose another --datadir"), "{error}");
    // Half of one snapshot, then another.
    let dir = tempfile::tempdir().unwrap();
    let half = Memory { die_after: Some(Arc::new(AtomicUsize::new(5))), ..good.clone() };
    assert!(taken(&half, dir.path()).is_err());
    let other = export(&made(1, 1).await.chain, None);
    let error = taken(&other, dir.path()).unwrap_err().to_string();
    assert!(error.contains("not finished"), "{error}");
    assert!(taken(good, dir.path()).is_ok());
}

#[tokio::test]
async fn what_cannot_be_exported_says_why() {
    let chain = made(1, 1).await.chain;
    let refused = |height| Exporter::new(chain.spec(), chain.read().unwrap(), Some(height)).unwrap_err();
    assert!(matches!(refused(0), ExportError::Unavailable { height: 0, .. }));
    assert!(refused(99).to_string().contains("the head is at height 2"));
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine"), "").unwrap();
    let exporter = Exporter::new(chain.spec(), chain.read().unwrap(), None).unwrap();
    let error = exporter.write_to(&SnapshotDir::new(dir.path()), |_| true).unwrap_err();
    assert!(error.to_string().contains("not empty"), "{error}");
    let exporter = Exporter::new(chain.spec(), chain.read().unwrap(), None).unwrap();
    let stopped = exporter.write_to(&SnapshotDir::new(dir.path().join("new")), |_| false);
    assert!(matches!(stopped, Err(ExportError::Stopped)));
    assert!(ChunkSource::manifest(&SnapshotDir::new(dir.path().join("new"))).unwrap().is_none());
}

/// A frame that says it is larger than any chunk is not unpacked.
#[test]
fn a_bomb_is_refused() {
    let codes = bttc_chain::snapshot::CodeChunk(vec![Bytes::from(vec![0u8; 4 << 20])]);
    assert!(Chunk::Code(codes).encode().is_err());
    let certificate: CommitCertificate = large().0.decoded().certificate;
    assert_eq!(certificate.height, 17);
    assert!(matches!(Manifest::decode(&vec![0u8; 2 << 20]), Err(InvalidSnapshot::Encoding(_))));
}
