//! The journal.

use super::*;
use alloy_consensus::SignableTransaction;
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use std::{fs, path::PathBuf};

struct Desk {
    folder: tempfile::TempDir,
    signer: PrivateKeySigner,
}

impl Desk {
    fn new() -> Self {
        let signer = PrivateKeySigner::from_bytes(&B256::repeat_byte(9)).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), signer }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("transactions.journal")
    }

    fn bed(&self, nonce: u64) -> Bed {
        let bed = Bed::rich();
        let account = Account { nonce, balance: btt(1_000), code_hash: KECCAK256_EMPTY };
        bed.accounts.lock().by_address.insert(self.signer.address(), account);
        bed
    }

    fn open(&self, nonce: u64) -> (Bed, usize) {
        let bed = self.bed(nonce);
        let loaded = bed.pool.open_journal(&self.path()).unwrap();
        bed.check();
        (bed, loaded)
    }

    fn send(&self, bed: &Bed, nonce: u64, cap: u64, origin: Origin) {
        let tx = dynamic(1, nonce, cap.into(), 0);
        let signature = self.signer.sign_hash_sync(&tx.signature_hash()).unwrap();
        let tx = Recovered::new_unchecked(tx.into_signed(signature).into(), self.signer.address());
        bed.add_from(tx, origin).unwrap();
    }
}

#[test]
fn local_transactions_come_back() {
    let desk = Desk::new();
    let (bed, loaded) = desk.open(0);
    assert_eq!(loaded, 0);
    for nonce in 0..5 {
        let origin = if nonce == 4 { Origin::Peer(3) } else { Origin::Local };
        desk.send(&bed, nonce, FLOOR, origin);
    }
    let before: Vec<_> = bed.pool.content_from(desk.signer.address()).pending;
    // Nothing is told to the old pool: a kill would not either.
    let (bed, loaded) = desk.open(0);
    assert_eq!(loaded, 4);
    let after = bed.pool.content_from(desk.signer.address()).pending;
    let hashes = |list: &[Arc<PoolTransaction>]| list.iter().map(|tx| tx.hash()).collect::<Vec<_>>();
    assert_eq!(hashes(&after), hashes(&before)[..4]);
    assert!(after.iter().all(|tx| tx.origin() == Origin::Local && tx.sender() == desk.signer.address()));
    // What is in a block meanwhile is left out, of the pool and of the file.
    let length = fs::metadata(desk.path()).unwrap().len();
    assert_eq!(desk.open(3).1, 1);
    assert_eq!(fs::metadata(desk.path()).unwrap().len() * 4, length);
}

#[test]
fn a_torn_end_costs_the_last_record_alone() {
    let desk = Desk::new();
    let (bed, _) = desk.open(0);
    for nonce in 0..3 {
        desk.send(&bed, nonce, FLOOR, Origin::Local);
    }
    let whole = fs::read(desk.path()).unwrap();
    let record = whole.len() / 3;
    for cut in 0..=whole.len() {
        fs::write(desk.path(), &whole[..cut]).unwrap();
        if cut % 17 == 0 || cut % record < 2 {
            assert_eq!(desk.open(0).1, cut / record, "{cut}");
        }
    }
    // A record whose bytes are wrong ends the reading too.
    for at in [0, 5, 8, 30, record - 1] {
        let mut bad = whole.clone();
        bad[record + at] ^= 1;
        fs::write(desk.path(), &bad).unwrap();
        assert_eq!(desk.open(0).1, 1, "{at}");
    }
    // And what comes after the repair is kept.
    fs::write(desk.path(), &whole[..whole.len() - 1]).unwrap();
    let (bed, loaded) = desk.open(0);
    assert_eq!(loaded, 2);
    desk.send(&bed, 2, FLOOR, Origin::Local);
    assert_eq!(desk.open(0).1, 3);
}

#[test]
fn a_mostly_stale_file_is_written_anew() {
    let desk = Desk::new();
    let (bed, _) = desk.open(0);
    let transactions: Vec<_> = (0..1_025).map(|nonce| transfer(1, nonce, 0)).collect();
    for (at, tx) in transactions.into_iter().enumerate() {
        bed.add_from(tx, Origin::Local).unwrap();
        if at == 1_020 {
            bed.pool.drop_all();
            desk.send(&bed, 0, FLOOR, Origin::Local);
        }
    }
    // 1,026 records were written, of which 5 were alive when the last but one came.
    let length = fs::metadata(desk.path()).unwrap().len();
    assert!(length < 1_500, "{length}");
    assert!(!desk.path().with_extension("new").exists());
    let bed = desk.bed(0);
    assert!(bed.pool.open_journal(&desk.path()).unwrap() >= 1);
}

#[test]
fn a_place_that_cannot_be_written_is_our_trouble() {
    let bed = Bed::rich();
    let error = bed.pool.open_journal(&PathBuf::from("/nowhere/at/all/journal")).unwrap_err();
    assert!(error.to_string().contains("journal of local transactions /nowhere/at/all/journal"), "{error}");
}
