//! A root chain as the commands use it: compared with what this chain has registered, asked, and sent to.
//!
//! Nothing is handed out before it is on disk ([`Kept`]), and what is there is gone on with. So a command that was stopped, or whose node was
//! away, is simply run again: TRON has no nonce that would keep a second transaction from counting.

use super::{
    args::{RootName, ThereArgs},
    exit::json_rpc_of,
    faults_bridge as faults,
    kept::Kept,
    keys::{Key, Sender},
    node::Node,
    units::{Amount, Unit},
    view::Root,
};
use crate::{address_book::AddressBook, commands::wallet::faults::LEDGER_REFUSED};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use bttc_bridge::root::{
    Action, Agreement, Attempt, AttemptStatus, BroadcastVerdict, Call, Ending, Ethereum, EthereumConfig,
    EthereumSigner, Expected, ExpectedCode, FeePolicy, Finality, Intent, Revert, RootChain, RootError, RootLog,
    SeenTransaction, Simulation, Tron, TronConfig, TronEndpoint,
};
use eyre::{Report, WrapErr, bail};
use std::{
    io::{self, Write},
    sync::Arc,
    time::{Duration, Instant},
};

/// Between two looks for the transaction.
const LOOK: Duration = Duration::from_secs(1);
/// Between two broadcasts of the same bytes.
const RESEND: Duration = Duration::from_secs(10);
/// Before higher fees are offered, where that is possible.
const BUMP: Duration = Duration::from_secs(60);
/// The same where a person has to confirm each time.
const BUMP_ON_DEVICE: Duration = Duration::from_secs(300);
/// Between two words about how long it takes already.
const WORD: Duration = Duration::from_secs(15);
/// One TRX. Unit: sun.
const TRX: u64 = 1_000_000;

/// One of the two.
#[derive(Debug)]
enum Chain {
    Ethereum(Ethereum),
    Tron(Tron),
}

/// A question to either.
macro_rules! ask {
    ($there:expr, $chain:ident => $question:expr) => {
        match &$there.chain {
            Chain::Ethereum($chain) => $there.runtime.block_on($question),
            Chain::Tron($chain) => $there.runtime.block_on($question),
        }
    };
}

/// A root chain whose id and bridge are those that are registered here.
pub(super) struct There {
    runtime: tokio::runtime::Runtime,
    chain: Chain,
    pub(super) name: RootName,
    pub(super) bridge: Address,
    chain_id: u64,
    args: ThereArgs,
    /// JSON-RPC of the same node.
    pub(super) rpc: Node,
}

/// A transaction that is in a block and did what it should.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) id: B256,
    pub(super) block: u64,
    /// Whether nothing reverts that block.
    pub(super) is_final: bool,
    pub(super) logs: Vec<RootLog>,
}

impl There {
    /// Reaches the root chain and compares it.
    ///
    /// Errors: no --root-rpc, nobody answers, another chain, another contract.
    pub(super) fn connect(root: &Root, args: &ThereArgs) -> eyre::Result<Self> {
        let Some(name) = root.root_name() else {
            bail!("this program knows no way to {}; it is too old for that root chain", root.name)
        };
        let Some(url) = &args.root_rpc else {
            let what = match name {
                RootName::Ethereum => "JSON-RPC of a node of Ethereum",
                RootName::Tron => "the HTTP interface of a node of TRON, such as http://127.0.0.1:8090",
            };
            return Err(faults::ROOT_AWAY.report(&format!("--root-rpc URL is missing: {what}")));
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .wrap_err("cannot start the threads of the command")?;
        let json_rpc = args.root_json_rpc.clone().unwrap_or_else(|| json_rpc_of(name, url));
        let there = Self {
            chain: chain(&runtime, name, root.chain_id, args, None)?,
            runtime,
            name,
            bridge: root.bridge,
            chain_id: root.chain_id,
            args: args.clone(),
            rpc: Node::new(&json_rpc)?,
        };
        let bridge = ExpectedCode { name: "RootBridge", address: root.bridge, code_hash: Some(root.code_hash) };
        let expected = Expected { chain_id: root.chain_id, contracts: vec![bridge] };
        ask!(there, chain => chain.check(&expected)).map_err(of_root)?;
        Ok(there)
    }

    /// Who sends there. Nothing is decrypted yet.
    ///
    /// Errors: there is no such key, or a device that cannot sign for this root chain.
    pub(super) fn sender(&self, book: &AddressBook) -> eyre::Result<Sender> {
        // Before anybody looks for the device.
        if self.name == RootName::Tron && self.args.keys.ledger.is_some() {
            return Err(faults::NO_LEDGER_THERE.report("nothing was signed or sent"));
        }
        Sender::find(&self.args.keys, book, true)
    }

    /// From now on it can sign.
    pub(super) fn unlock(&mut self, key: Key) -> eyre::Result<()> {
        self.chain = chain(&self.runtime, self.name, self.chain_id, &self.args, Some(key))?;
        Ok(())
    }

    /// The unit that fees are paid in.
    pub(super) fn coin(&self) -> Unit {
        Unit::coin(self.name.id())
    }

    /// An account as this chain writes it.
    pub(super) fn shown(&self, account: Address) -> String {
        crate::commands::wallet::describe_bridge::account(U256::from(self.name.id()), account)
    }

    /// What a call would come to on the newest state.
    pub(super) fn simulate(&self, call: &Call) -> eyre::Result<Simulation> {
        ask!(self, chain => chain.simulate(call)).map_err(of_root)
    }

    /// What a view answers on the newest state.
    pub(super) fn view<C: SolCall>(&self, to: Address, call: &C) -> eyre::Result<C::Return> {
        let call = Call { from: None, to, value: U256::ZERO, data: call.abi_encode().into() };
        match self.simulate(&call)?.result {
            Ok(output) => C::abi_decode_returns(&output).wrap_err_with(|| {
                format!(
                    "{} on {} does not answer {}; is it the right contract?",
                    self.shown(to),
                    self.name,
                    C::SIGNATURE
                )
            }),
            Err(revert) => Err(reverted(&revert)),
        }
    }

    /// What an account has of the coin, in its smallest unit.
    pub(super) fn balance(&self, account: Address) -> eyre::Result<U256> {
        self.rpc.balance(account).map_err(|fault| faults::ROOT_AWAY.report(&fault.to_string()))
    }

    /// What a transaction may cost at most, if it probably costs so much. Unit: the smallest of the coin.
    pub(super) fn ceiling(&self, cost: U256) -> eyre::Result<U256> {
        match &self.args.max_fee {
            None => Ok(ceiling(self.name, cost)),
            Some(text) => match self.coin().read(text)? {
                Amount::Exact(most) => Ok(most),
                Amount::Max => Err(faults::BAD_AMOUNT.report("--max-fee is an amount, not max")),
            },
        }
    }

    /// What was confirmed for a transaction that was begun. Its first version has room for twice the base fee and a fifth more gas, which is
    /// four fifths of [`Self::ceiling`]; never more than that is offered for it. Unit: the smallest of the coin.
    pub(super) fn confirmed(&self, attempt: &Attempt) -> eyre::Result<U256> {
        let first = attempt.earlier.first().unwrap_or(&attempt.version).fee.most();
        match &self.args.max_fee {
            Some(_) => self.ceiling(U256::ZERO),
            None => Ok(first.saturating_add(first / U256::from(4))),
        }
    }

    /// An earlier transaction for the same thing whose end was not told.
    pub(super) fn begun(&self, kept: &Kept, from: Address, key: &str) -> eyre::Result<Option<Attempt>> {
        kept.find(ask_id(&self.chain), from, key)
    }

    /// Signs a call, and keeps it on disk.
    pub(super) fn prepare(
        &self,
        kept: &Kept,
        from: Address,
        (key, to): (&str, Address),
        (value, data): (U256, &Bytes),
        fee: &FeePolicy,
    ) -> eyre::Result<Attempt> {
        let live = kept.all(ask_id(&self.chain), from)?;
        let action = Action::Call { to, value, data: data.clone() };
        let intent = Intent { key: key.to_owned(), action, raises: 0 };
        let attempt = ask!(self, chain => chain.prepare(&intent, fee, &live)).map_err(|error| match error {
            RootError::Key { why, .. } if self.args.keys.ledger.is_some() => LEDGER_REFUSED.report(&why),
            other => of_root(other),
        })?;
        if attempt.from != from {
            bail!("the key is of {}, not of {from}; nothing was sent", attempt.from);
        }
        kept.keep(&attempt, true)?;
        Ok(attempt)
    }

    /// Hands out a kept transaction until a block has it, and tells how it ended.
    ///
    /// Errors: it failed, never happens, or nothing is known in time; only then it stays on disk.
    pub(super) fn carry(&self, kept: &Kept, mut attempt: Attempt, fee: &FeePolicy) -> eyre::Result<Outcome> {
        writeln!(io::stderr(), "Transaction {} on {}", attempt.version.id, self.name)?;
        let start = Instant::now();
        let (mut sent, mut offered, mut said): (Option<Instant>, _, _) = (None, start, start);
        let mut why = "no block has it yet".to_owned();
        let bump = if self.args.keys.ledger.is_some() { BUMP_ON_DEVICE } else { BUMP };
        loop {
            match ask!(self, chain => chain.status(&attempt)) {
                Ok(AttemptStatus::Final { id, block, ending: Ending::Done, .. }) => {
                    if let Some(seen) = self.seen(id)? {
                        kept.forget(&attempt)?;
                        return Ok(Outcome { id, block, is_final: true, logs: seen.logs });
                    }
                }
                Ok(AttemptStatus::Final { id, block, ending, fee }) => {
                    kept.forget(&attempt)?;
                    let paid = self.coin().show(fee);
                    return Err(
                        faults::ROOT_FAILED.report(&format!("{id} in block {block}: {ending:?}; {paid} were paid"))
                    );
                }
                Ok(AttemptStatus::Dead { why }) => {
                    kept.forget(&attempt)?;
                    let id = attempt.version.id;
                    return Err(faults::ROOT_FAILED.report(&format!(
                        "{id} is in no block and can never be in one ({why}), so it cost nothing; run the command again"
                    )));
                }
                Ok(AttemptStatus::Included { block }) if self.args.finality => {
                    why = format!("it is in block {block}, which is not final yet");
                }
                Ok(AttemptStatus::Included { block }) => {
                    why = format!("it is in block {block}, but its outcome was not told yet");
                    if let Some(outcome) = self.included(&attempt, block)? {
                        kept.forget(&attempt)?;
                        return outcome;
                    }
                }
                Ok(AttemptStatus::Unknown) => {
                    if sent.is_some() && offered.elapsed() >= bump {
                        if self.args.keys.ledger.is_some() {
                            writeln!(
                                io::stderr(),
                                "If prices ask for more, the Ledger asks for it: confirm there, or refuse to go on waiting"
                            )?;
                        }
                        offered = Instant::now();
                        if let Ok(Some(bumped)) = ask!(self, chain => chain.bump(&attempt, fee)) {
                            kept.keep(&bumped, false)?;
                            writeln!(io::stderr(), "Offers more as {}", bumped.version.id)?;
                            (attempt, sent) = (bumped, None);
                        }
                    }
                    if sent.is_none_or(|sent| sent.elapsed() >= RESEND) {
                        if let BroadcastVerdict::Refused(why) =
                            ask!(self, chain => async { Ok::<_, RootError>(chain.broadcast(&attempt).await) })
                                .map_err(of_root)?
                        {
                            return Err(unknown(&attempt, &format!("no node takes it ({why})")));
                        }
                        sent = Some(Instant::now());
                    }
                }
                Err(error) if error.is_passing() => why = error.to_string(),
                Err(error) => return Err(unknown(&attempt, &error.to_string())),
            }
            if start.elapsed() >= self.args.timeout {
                return Err(unknown(&attempt, &why));
            }
            if said.elapsed() >= WORD {
                said = Instant::now();
                writeln!(io::stderr(), "waiting for {} s now: {why} ...", start.elapsed().as_secs())?;
            }
            std::thread::sleep(LOOK);
        }
    }

    fn seen(&self, id: B256) -> eyre::Result<Option<SeenTransaction>> {
        match ask!(self, chain => chain.transaction(id)) {
            Err(error) if error.is_passing() => Ok(None),
            answer => answer.map_err(of_root),
        }
    }

    /// How the version ended that a block has; none if nobody tells yet.
    fn included(&self, attempt: &Attempt, block: u64) -> eyre::Result<Option<eyre::Result<Outcome>>> {
        for version in attempt.versions() {
            let Some(seen) = self.seen(version.id)? else { continue };
            let id = version.id;
            return Ok(Some(match seen.succeeded {
                true => Ok(Outcome { id, block: seen.block, is_final: seen.is_final, logs: seen.logs }),
                false => Err(faults::ROOT_FAILED.report(&format!("{id} in block {block}"))),
            }));
        }
        Ok(None)
    }
}

fn unknown(attempt: &Attempt, why: &str) -> Report {
    faults::ROOT_UNKNOWN.report(&format!("{}: {why}", attempt.version.id))
}

fn ask_id(chain: &Chain) -> bttc_bridge::root::RootChainId {
    match chain {
        Chain::Ethereum(chain) => chain.id(),
        Chain::Tron(chain) => chain.id(),
    }
}

/// TRON's nodes ask for 20 TRX of a limit at least, and bandwidth comes on top.
fn ceiling(root: RootName, cost: U256) -> U256 {
    let most = cost.saturating_mul(U256::from(3));
    match root {
        RootName::Ethereum => most,
        RootName::Tron => most.max(U256::from(20 * TRX)).saturating_add(U256::from(10 * TRX)),
    }
}

fn chain(
    runtime: &tokio::runtime::Runtime,
    root: RootName,
    chain_id: u64,
    args: &ThereArgs,
    key: Option<Key>,
) -> eyre::Result<Chain> {
    // Clients take the runtime that is there when they are made.
    let _entered = runtime.enter();
    let url = args.root_rpc.clone().unwrap_or_default();
    // People do not wait as long as a relayer does.
    let agreement = Agreement { pause: Duration::from_millis(500), ..Agreement::default() };
    match root {
        RootName::Ethereum => {
            let finality = args.root_depth.map_or(Finality::Finalized, Finality::Depth);
            let config = EthereumConfig { chain_id, endpoints: vec![url], agreement, finality };
            let signer = key.map(|key| match key {
                Key::Here(key) => Arc::new(key) as EthereumSigner,
                Key::Ledger(device) => Arc::new(device.into_signer()),
            });
            Ethereum::with_signer(config, signer).map(Chain::Ethereum).map_err(of_root)
        }
        RootName::Tron => {
            let endpoint = TronEndpoint {
                solid: args.root_solid.clone().unwrap_or_else(|| url.clone()),
                json_rpc: args.root_json_rpc.clone().unwrap_or_else(|| json_rpc_of(root, &url)),
                full: url,
            };
            let config = TronConfig { chain_id, endpoints: vec![endpoint], agreement, account: None, permission: 0 };
            let key = match key {
                None => None,
                Some(Key::Here(key)) => Some(key),
                Some(Key::Ledger(_)) => return Err(faults::NO_LEDGER_THERE.report("nothing was signed or sent")),
            };
            Tron::new(config, key).map(Chain::Tron).map_err(of_root)
        }
    }
}

/// An error of the root chain with its id.
pub(super) fn of_root(error: RootError) -> Report {
    match &error {
        RootError::Reverted { revert, .. } => reverted(revert),
        RootError::WrongChain { .. } | RootError::WrongCode { .. } => faults::WRONG_CHAIN.report(&error.to_string()),
        RootError::Unfunded { .. } => faults::ROOT_FUNDS.report(&error.to_string()),
        RootError::AboveCeiling { .. } => faults::FEE_CEILING.report(&error.to_string()),
        RootError::Unavailable { .. }
        | RootError::Disagreement { .. }
        | RootError::Refused { .. }
        | RootError::NotFinal { .. } => faults::ROOT_AWAY.report(&error.to_string()),
        RootError::Key { .. } | RootError::Configuration { .. } | RootError::Invalid { .. } => error.into(),
    }
}

/// Why a contract refuses, with its id.
pub(super) fn reverted(revert: &Revert) -> Report {
    faults::or_bytes(&revert.data, &revert.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_may_rise_threefold_and_trons_limit_has_room() {
        assert_eq!(ceiling(RootName::Ethereum, U256::from(7)), U256::from(21));
        assert_eq!(ceiling(RootName::Tron, U256::from(TRX)), U256::from(30 * TRX));
        assert_eq!(ceiling(RootName::Tron, U256::from(50 * TRX)), U256::from(160 * TRX));
        assert_eq!(ceiling(RootName::Ethereum, U256::MAX), U256::MAX);
    }

    #[test]
    fn a_fault_of_the_root_chain_has_an_id() {
        let root = bttc_bridge::root::RootChainId { kind: bttc_bridge::root::RootKind::Tron, chain_id: 7 };
        let wrong = RootError::WrongChain { root, url: "http://x".to_owned(), got: 8, expected: 7 };
        assert!(of_root(wrong).to_string().starts_with("E1427"));
        let poor = RootError::Unfunded { root, account: Address::ZERO, has: U256::ZERO, needs: U256::from(1) };
        assert!(of_root(poor).to_string().starts_with("E1429"));
        let data: Bytes =
            alloy_sol_types::SolError::abi_encode(&bttc_contracts::root::IRootBridge::AlreadyPaid { index: 3 }).into();
        let revert = Revert { data, reason: "error 0x...".to_owned() };
        let again = RootError::Reverted { root, to: String::new(), revert };
        assert!(of_root(again).to_string().starts_with("E1421: the exit is paid already: exit 3"));
    }
}
