//! `bttc bridge deposit`: value of a root chain comes here.

use super::{
    Context,
    args::{RootName, ThereArgs},
    claim::logs,
    faults, faults_bridge,
    kept::Kept,
    receiver, show,
    steps::{self, Step, Steps},
    there::There,
    tokens,
    units::{Amount, Unit},
    view::{self, Root},
    who,
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolEvent};
use bttc_bridge::root::Call;
use bttc_contracts::{
    addresses::BRIDGE_INBOX,
    bridge::IBridgeInbox,
    root::{IRootBridge, ITestToken},
};
use serde_json::json;
use std::io::Write;

/// Gas of an approval, and of the first deposit of a token (docs/bridge.md, "Root bridge").
const APPROVE_GAS: u64 = 60_000;
const DEPOSIT_GAS: u64 = 130_000;

/// What was asked for on the command line.
pub(super) struct Asked<'a> {
    pub(super) amount: &'a str,
    pub(super) token: &'a str,
    pub(super) root: RootName,
    pub(super) to: &'a str,
    pub(super) to_contract: bool,
}

/// What is deposited.
struct What {
    /// On the root chain; zero for its coin.
    token: Address,
    unit: Unit,
    amount: U256,
    to: Address,
}

pub(super) fn run(context: &Context, asked: &Asked<'_>, args: &ThereArgs, out: &mut impl Write) -> eyre::Result<()> {
    let to = receiver::here(asked.to, &context.book)?;
    let root = view::root(context, asked.root)?;
    if !root.enabled {
        return Err(faults_bridge::ROOT_CLOSED.report(&root.name));
    }
    let token = token_of(context, asked, &root)?;
    let id = U256::from(root.root_id);
    let here = context
        .node
        .view(BRIDGE_INBOX, &IBridgeInbox::tokenOfCall { rootId: id, rootToken: token })
        .map_err(faults::of_node)?;
    let known = [
        ("the bridge's contract there", root.bridge),
        ("the token's contract there", token),
        ("the token's contract here", here),
    ];
    receiver::not_lost(to, &known)?;
    receiver::not_contract(to, &context.node, asked.to_contract, "this chain")?;

    let there = There::connect(&root, args)?;
    let sender = there.sender(&context.book)?;
    let room = room(&there, token)?;
    let unit = unit_there(&there, &root, token);
    let has = match token {
        Address::ZERO => there.balance(sender.address)?,
        token => there.view(token, &ITestToken::balanceOfCall { account: sender.address })?,
    };
    let amount = match unit.read(asked.amount)? {
        Amount::Exact(amount) => amount,
        Amount::Max if token.is_zero() => all_but_the_fee(&there, sender.address, (to, has))?,
        Amount::Max => has,
    };
    let what = What { token, unit, amount, to };
    let kept = Kept::open()?;
    let list = match there.begun(&kept, sender.address, &what.key())? {
        Some(_) => vec![what.deposit(&there)],
        None => {
            if amount > has || amount.is_zero() {
                let detail =
                    format!("{} has {}, asked for {}", there.shown(sender.address), what.unit.show(has), asked.amount);
                return Err(faults_bridge::TOO_LITTLE.report(&detail));
            }
            if amount > room {
                let detail =
                    format!("there is room for {}, asked for {}", what.unit.show(room), what.unit.show(amount));
                return Err(faults_bridge::OVER_CAP.report(&detail));
            }
            what.steps(&there, sender.address)?
        }
    };
    let facts = vec![("Receiver", format!("{} here", show::address(to)))];
    let details = json!({
        "token": token.to_string(),
        "to": to.to_string(),
        "amount": amount.to_string(),
    });
    let steps = Steps { action: "deposit", facts, list, details };
    let (bridge, name) = (there.bridge, there.name);
    let password_file = args.keys.password_file.as_deref();
    let (plan, outcomes) = steps::run(context, there, (sender, password_file, args.yes), &steps, out)?;
    let made = logs(&outcomes, bridge)
        .find_map(|log| IRootBridge::Deposited::decode_raw_log(log.data.topics().iter().copied(), &log.data.data).ok());
    context.emit(
        out,
        || {
            json!({
                "plan": plan,
                "state": "included",
                "transactions": steps::json_of(&outcomes),
                "deposit": made.as_ref().map(|of| json!({ "rootId": name.id(), "nonce": of.nonce, "amount": of.amount.to_string() })),
            })
        },
        |out| match &made {
            Some(of) => {
                let (nonce, unit) = (of.nonce, &what.unit);
                writeln!(out, "Done        {} is deposited as {name}/{nonce}", unit.show(of.amount))?;
                Ok(writeln!(out, "Follow      bttc bridge status {name}/{nonce} --wait")?)
            }
            None => Ok(writeln!(out, "Follow      its transaction: bttc bridge status TX --root {name} --wait")?),
        },
    )
}

/// The token that a word means; zero for the coin.
fn token_of(context: &Context, asked: &Asked<'_>, root: &Root) -> eyre::Result<Address> {
    let text = asked.token;
    if tokens::is_coin(text, root.root_id) {
        return Ok(Address::ZERO);
    }
    if text.eq_ignore_ascii_case("btt") {
        return root.btt.ok_or_else(|| faults_bridge::NO_BTT_THERE.report(&root.name));
    }
    match who::account(text, &context.book)? {
        Address::ZERO => Err(faults_bridge::NOT_LISTED.report("the zero address is no token; deposit `native`")),
        token => Ok(token),
    }
}

/// What a token of the root chain says of itself; some say it in odd ways.
fn unit_there(there: &There, root: &Root, token: Address) -> Unit {
    if token.is_zero() {
        return there.coin();
    }
    let symbol = there.view(token, &ITestToken::symbolCall {}).ok();
    let symbol = symbol.or_else(|| (root.btt == Some(token)).then(|| "BTT".to_owned()));
    let decimals = there.view(token, &ITestToken::decimalsCall {});
    match (symbol, decimals) {
        (Some(symbol), Ok(decimals)) => Unit::new(&symbol, decimals),
        (None, Ok(decimals)) => Unit::new(&there.shown(token), decimals),
        (_, Err(_)) => Unit::new(&format!("(in the smallest unit of {})", there.shown(token)), 0),
    }
}

/// Coins that can be deposited so that the highest fee is left. The fee does not depend on the amount.
fn all_but_the_fee(there: &There, from: Address, (to, has): (Address, U256)) -> eyre::Result<U256> {
    let data = IRootBridge::depositNativeCall { to }.abi_encode().into();
    let call = Call { from: Some(from), to: there.bridge, value: U256::from(1), data };
    let simulated = there.simulate(&call)?;
    if let Err(revert) = &simulated.result {
        return Err(super::there::reverted(revert));
    }
    let most = there.ceiling(simulated.cost)?;
    match has.checked_sub(most) {
        Some(left) if !left.is_zero() => Ok(left),
        _ => {
            let coin = there.coin();
            let detail =
                format!("{} has {}, the fee is at most {}", there.shown(from), coin.show(has), coin.show(most));
            Err(faults_bridge::ROOT_FUNDS.report(&detail))
        }
    }
}

/// How much more of an asset the bridge may hold, in its smallest unit.
///
/// Errors: it does not take the asset.
fn room(there: &There, token: Address) -> eyre::Result<U256> {
    let asset = there.view(there.bridge, &IRootBridge::assetOfCall { token })?;
    if !asset.enabled {
        let name = if token.is_zero() { there.coin().symbol } else { there.shown(token) };
        return Err(faults_bridge::NOT_LISTED.report(&name));
    }
    Ok(U256::from(asset.cap).saturating_sub(U256::from(asset.locked)))
}

impl What {
    fn key(&self) -> String {
        format!("deposit/{}/{}/{}", self.token, self.to, self.amount)
    }

    fn deposit(&self, there: &There) -> Step {
        let (to, amount) = (self.to, self.amount);
        let (value, data) = match self.token {
            Address::ZERO => (amount, IRootBridge::depositNativeCall { to }.abi_encode()),
            token => (U256::ZERO, IRootBridge::depositCall { token, to, amount }.abi_encode()),
        };
        let effect = format!("deposits {} for {to} on this chain", self.unit.show(amount));
        Step { key: self.key(), effect, to: there.bridge, value, data: data.into(), gas: DEPOSIT_GAS }
    }

    fn approve(&self, there: &There, amount: U256) -> Step {
        let bridge = there.shown(there.bridge);
        let effect = match amount {
            U256::ZERO => format!("takes back what the bridge {bridge} may take: this token wants that first"),
            amount => format!("lets the bridge {bridge} take {}, and no more", self.unit.show(amount)),
        };
        let data = ITestToken::approveCall { spender: there.bridge, amount }.abi_encode();
        let key = format!("approve/{}/{amount}", self.token);
        Step { key, effect, to: self.token, value: U256::ZERO, data: data.into(), gas: APPROVE_GAS }
    }

    /// The deposit, and before it what lets the bridge take it.
    fn steps(&self, there: &There, from: Address) -> eyre::Result<Vec<Step>> {
        let deposit = self.deposit(there);
        if self.token.is_zero() {
            return Ok(vec![deposit]);
        }
        let call = ITestToken::allowanceCall { account: from, spender: there.bridge };
        let allowed = there.view(self.token, &call)?;
        if allowed >= self.amount {
            return Ok(vec![deposit]);
        }
        let approve = self.approve(there, self.amount);
        if !allowed.is_zero() {
            // USDT refuses to change an approval that is not zero.
            let call = Call { from: Some(from), to: approve.to, value: U256::ZERO, data: approve.data.clone() };
            if there.simulate(&call)?.result.is_err() {
                return Ok(vec![self.approve(there, U256::ZERO), approve, deposit]);
            }
        }
        Ok(vec![approve, deposit])
    }
}
