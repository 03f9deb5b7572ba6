//! A target with everything that a workload needs, and the books of what was done on it.

use super::{
    receipts::await_receipts,
    target::Target,
    workload::{Question, Workload},
};
use crate::{
    http::{Connection, number},
    transactions::{Call, Terms, bodies},
};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, TxKind, U256, hex};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use bttc_contracts::wbtt::IWBTT;
use bttc_primitives::{Recovered, Transaction};
use eyre::{OptionExt, Result, ensure};
use serde_json::{Value, json};

/// Calls in one request where many questions are asked.
const BATCH: usize = 50;

/// A target that is ready for a workload.
///
/// Call `n` of a sender stands in its transaction with nonce `base + n`; so the nonces say what must have happened ([`Self::check`]), also after
/// transactions were lost and made again.
#[derive(Debug)]
pub struct Stand {
    /// The node.
    pub target: Target,
    /// What is done there.
    pub workload: Workload,
    senders: Vec<Sender>,
    place: Address,
}

#[derive(Debug)]
struct Sender {
    key: PrivateKeySigner,
    /// Nonce of call 0.
    base: u64,
}

impl Stand {
    /// Deploys what the workload needs and gives the senders their tokens. The first key deploys.
    pub fn prepare(target: Target, keys: Vec<PrivateKeySigner>, workload: Workload) -> Result<Self> {
        let mut connection = target.connect(0)?;
        let terms = Terms::of(&mut connection)?;
        let deployer = keys.first().ok_or_eyre("a load without senders")?;
        let nonce = connection.quantity("eth_getTransactionCount", json!([deployer.address(), "latest"]))?;
        let place = deployer.address().create(nonce);
        if let Some(input) = workload.creation()? {
            let create = Call { to: TxKind::Create, input, value: U256::ZERO, gas: 1_500_000 };
            hand_in(&mut connection, &[terms.sign(deployer, nonce, &create)?])?;
        }
        if let Some(first) = workload.first(place) {
            let mut all = Vec::new();
            for key in &keys {
                let nonce = connection.quantity("eth_getTransactionCount", json!([key.address(), "latest"]))?;
                all.push(terms.sign(key, nonce, &first)?);
            }
            hand_in(&mut connection, &all)?;
        }
        let mut stand =
            Self { target, workload, senders: keys.into_iter().map(|key| Sender { key, base: 0 }).collect(), place };
        for (index, base) in stand.nonces(&mut connection)?.into_iter().enumerate() {
            stand.senders.get_mut(index).ok_or_eyre("more nonces than senders")?.base = base;
        }
        Ok(stand)
    }

    /// Address of the contract; of nothing where transfers need none.
    pub const fn place(&self) -> Address {
        self.place
    }

    /// Addresses of the senders.
    pub fn addresses(&self) -> impl ExactSizeIterator<Item = Address> {
        self.senders.iter().map(|sender| sender.key.address())
    }

    /// Nonces of all senders in the newest block.
    pub fn nonces(&self, connection: &mut Connection) -> Result<Vec<u64>> {
        let calls: Vec<_> = self.addresses().map(|of| ("eth_getTransactionCount", json!([of, "latest"]))).collect();
        connection.batch(&calls)?.iter().map(|nonce| Ok(number(nonce)?.try_into()?)).collect()
    }

    /// The next `each` transactions of every sender, signed.
    pub fn sign(&self, connection: &mut Connection, each: usize) -> Result<Vec<Vec<Recovered<Transaction>>>> {
        let terms = Terms::of(connection)?;
        let nonces = self.nonces(connection)?;
        let lots = self.senders.iter().zip(nonces).zip(0..);
        lots.map(|((sender, nonce), index)| {
            let first = nonce.checked_sub(sender.base).ok_or_eyre("a nonce went back")?;
            let next = first..first + each as u64;
            let calls: Vec<_> = next.map(|n| self.workload.call(self.place, index, n)).collect();
            terms.sign_all(&sender.key, nonce, &calls)
        })
        .collect()
    }

    /// Makes the next call of each sender, one after the other, at most so many: each in a block of its own. Answers with how many it made.
    pub fn step(&self, connection: &mut Connection, most: u64) -> Result<u64> {
        let mut made = 0;
        for lot in self.sign(connection, 1)?.iter().take(usize::try_from(most)?) {
            hand_in(connection, lot)?;
            made += 1;
        }
        Ok(made)
    }

    /// Asks the node for balances, tokens and slots, and holds them against what the calls in its blocks must have done.
    ///
    /// Errors: something is not as it must be. Answers with the number of things that were looked at.
    pub fn check(&self) -> Result<usize> {
        let mut connection = self.target.connect(0)?;
        let nonces = self.nonces(&mut connection)?;
        let done = self.senders.iter().zip(nonces);
        let done: Vec<_> =
            done.map(|(sender, nonce)| (sender.key.address(), nonce.saturating_sub(sender.base))).collect();
        let expected: Vec<_> = self.workload.expected(self.place, &done)?.into_iter().collect();
        for some in expected.chunks(BATCH) {
            let calls: Vec<_> = some.iter().map(|(question, _)| self.request(question)).collect();
            for ((question, wanted), answer) in some.iter().zip(connection.batch(&calls)?) {
                let found = number(&answer)?;
                ensure!(
                    found == *wanted,
                    "{} of {} says {question:?} is {found}, its blocks make it {wanted}: it executed something wrongly, or counted what failed",
                    self.target.name,
                    self.workload.name()
                );
            }
        }
        Ok(expected.len())
    }

    fn request(&self, question: &Question) -> (&'static str, Value) {
        match question {
            Question::Balance(of) => ("eth_getBalance", json!([of, "latest"])),
            Question::Tokens(of) => ("eth_call", balance_of(self.place, *of)),
            Question::Slot(slot) => ("eth_getStorageAt", json!([self.place, slot, "latest"])),
        }
    }
}

/// Parameters of an `eth_call` that asks a token for a balance.
pub fn balance_of(token: Address, account: Address) -> Value {
    let data = hex::encode_prefixed(IWBTT::balanceOfCall { account }.abi_encode());
    json!([{"to": token, "data": data}, "latest"])
}

/// Hands transactions in, one request for all, and waits for their receipts.
fn hand_in(connection: &mut Connection, transactions: &[Recovered<Transaction>]) -> Result<()> {
    let raw = |tx: &Recovered<Transaction>| json!([hex::encode_prefixed(tx.inner().encoded_2718())]);
    let calls: Vec<_> = transactions.iter().map(|tx| ("eth_sendRawTransaction", raw(tx))).collect();
    connection.batch(&calls)?;
    let hashes: Vec<_> = transactions.iter().map(|tx| *tx.inner().tx_hash()).collect();
    await_receipts(connection, &hashes)
}

/// Requests of every sender, so many transactions in each.
pub(super) fn requests(lots: &[Vec<Recovered<Transaction>>], batch: usize) -> Vec<Vec<Vec<u8>>> {
    lots.iter().map(|lot| bodies(lot, batch)).collect()
}
