//! Waiting for receipts of a few transactions, as setting up needs.

use super::target::Nudge;
use crate::http::Connection;
use alloy_primitives::B256;
use eyre::{Result, bail, ensure};
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);
const STILL: Duration = Duration::from_millis(500);

/// Waits until all have receipts.
///
/// Errors: one failed, or there is none within a minute.
pub fn await_receipts(connection: &mut Connection, hashes: &[B256]) -> Result<()> {
    let nudge = Nudge::of(connection);
    let began = Instant::now();
    let mut still = began;
    for hash in hashes {
        loop {
            let receipt = connection.call("eth_getTransactionReceipt", json!([hash]))?;
            match receipt.get("status").and_then(Value::as_str) {
                Some("0x1") => break,
                Some(_) => bail!("transaction {hash} failed: {receipt}"),
                None => ensure!(began.elapsed() < PATIENCE, "transaction {hash} has no receipt after {PATIENCE:?}"),
            }
            if still.elapsed() > STILL {
                nudge.mine(connection)?;
                still = Instant::now();
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}
