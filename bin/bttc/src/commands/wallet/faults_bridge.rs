//! What can go wrong on the bridge, here and on root chains, told to people. Ids: E14xx.

use super::faults::{Fault, faults};
use super::show::time;
use alloy_primitives::{Address, U256, hex};
use alloy_sol_types::SolInterface;
use bttc_contracts::{
    bridge::{
        IBridgeInbox::IBridgeInboxErrors, IBridgeOutbox::IBridgeOutboxErrors, IBridgedToken::IBridgedTokenErrors,
    },
    root::{ICheckpointManager::ICheckpointManagerErrors, IRootBridge::IRootBridgeErrors},
};
use bttc_primitives::format_btt;

faults! {
    FAULTS:
    OTHER_FORM = "E1401", "the address has the form of another chain", "Ethereum writes addresses as 0x..., TRON as T.... The same key has both, but an account of an exchange or a contract is one on one chain only: what is paid to \
the other form is lost. If the key of the receiver is in a wallet of the receiver's own, say --any-form; otherwise ask for an address of the chain that the value goes to.";
    BAD_ADDRESS = "E1402", "the receiver's address cannot be read", "A checksum keeps mistyped addresses out: mixed upper and lower case in 0x..., the last characters of T.... Copy the address again from where it came from.";
    NO_RECEIVER = "E1403", "nobody would get it", "The zero address has no key. Name the account that shall get it with --to.";
    LOST_RECEIVER = "E1404", "nobody could get it out again", "The receiver is a contract of the bridge, the token itself, or a system contract, which keep for ever what is paid to them. Name an account with --to.";
    CONTRACT_RECEIVER = "E1405", "the receiver is a contract", "A contract can take tokens and have no way to give them out; the native coin it may refuse. Contracts of one chain do not exist on another. If this contract is made for it, say --to-contract.";
    NO_ROOT = "E1406", "there is no such root chain", "The bridge of this chain is not joined with it. `bttc bridge status` lists the root chains.";
    ROOT_CLOSED = "E1407", "governance has closed the root chain", "Nothing comes in from it or leaves for it until a vote opens it again; what waits is kept. `bttc bridge status` shows it.";
    NO_BTT_THERE = "E1408", "BTT cannot leave for this root chain", "Only the root chain where BTT comes from takes BTT back. Choose the other root chain, or a bridged token.";
    NOT_BRIDGED = "E1409", "it is no token of the bridge", "Only tokens that came over the bridge can leave over it. `bttc bridge tokens` lists them with their addresses here and on their root chains.";
    WRONG_ROOT = "E1410", "the token belongs to another root chain", "A token goes back to where it came from: Ethereum's and TRON's versions of a coin are two tokens. `bttc bridge tokens` shows which is which.";
    PAUSED = "E1411", "the bridge is paused", "A pause of the guardian ends after 72 hours at the latest, one of governance by a vote. `bttc bridge limits` shows until when. Nothing is lost: try again then.";
    OVER_LIMIT = "E1412", "it is above what is left of the day's limit", "Governance limits what may pass in a day; the limit empties evenly, so more passes later. `bttc bridge limits` shows what is left. Take less, or wait.";
    TOO_LITTLE = "E1413", "the account has too little of the token", "Take a smaller amount, or `max`. Amounts are in whole tokens, such as 12.5; `bttc bridge tokens` shows the decimals.";
    NOT_LOCKED = "E1414", "less BTT is locked on the root chain", "What leaves must be held by the bridge there. `bttc bridge limits` shows how much can leave. Take less, or wait until somebody has deposited.";
    BAD_AMOUNT = "E1415", "the amount cannot be moved", "An amount is a number of whole tokens such as 12.5, above zero, with no more decimals than the token has, or max.";
    NOT_KEPT = "E1416", "no such deposit is kept", "Only a deposit that could not be delivered is kept, until it is replayed or refunded. `bttc bridge status` lists those, `bttc bridge status tron/17` tells of one.";
    REFUND_EARLY = "E1417", "it is too early for a refund", "A kept deposit can go back 7 days after it failed first. Until then `bttc bridge replay` may deliver it.";
    NOT_DELIVERABLE = "E1418", "the deposit can still not be delivered", "The receiver does not take it, or the bridge has too little BTT for it. Replay it once that has changed, or refund it after 7 days.";
    NO_TRANSFER = "E1419", "there is no such transfer", "An exit is named by its transaction here or its index, a deposit by its transaction on the root chain or as tron/17. The message says what the node knows of it.";
    NO_CHECKPOINT = "E1420", "the root chain has no checkpoint after the exit yet", "Validators submit one in each epoch at the latest, as a rule sooner. Wait with `bttc bridge status EXIT --wait`, or submit one yourself: `bttc bridge submit --root CHAIN`.";
    ALREADY_PAID = "E1421", "the exit is paid already", "Each exit is paid once, to its receiver, whoever claims it. `bttc bridge status EXIT` shows it; look at the receiver's account on the root chain.";
    DELAYED = "E1422", "the exit waits for 24 hours", "A large exit is paid a day after it was claimed first, so that people can look at it. Claim it again at the time of the message.";
    ROOT_LIMIT = "E1423", "the limit of the root chain's bridge is used up", "No more leaves in a day than came in and the day's limit; it drains within 8 hours. Claim again later; what was paid counts.";
    ROOT_PAUSED = "E1424", "the root chain's bridge is paused", "Its guardian may pause it for 72 hours, not again before 7 days after that. Nothing is lost: try again at the time of the message.";
    NOT_LISTED = "E1425", "the root chain's bridge does not take the asset", "Its owner lists what may be deposited. `bttc bridge tokens` shows what came over already; choose one of those, or the chain's coin.";
    OVER_CAP = "E1426", "the bridge would hold more of the asset than it may", "Its owner sets a cap for each asset. Deposit less, or wait until others have left.";
    WRONG_CHAIN = "E1427", "the node of the root chain is of another chain, or the bridge there another contract", "Chain id and code of the bridge are compared with what this chain has registered before anything is sent. Name a node of the right chain with --root-rpc; if the \
code differs, send nothing and tell the operators: somebody may be lying to you.";
    ROOT_AWAY = "E1428", "no answer from the root chain", "Name a node with --root-rpc URL: JSON-RPC for Ethereum; the HTTP interface for TRON, such as http://127.0.0.1:8090, with --root-solid and --root-json-rpc if they are elsewhere. Nothing was sent unless the program says so.";
    ROOT_FUNDS = "E1429", "the account cannot pay on the root chain", "Fees there are paid in ETH or TRX by the account that sends, beside the amount itself. Send it some, or let anybody else claim: the receiver is the same.";
    FEE_CEILING = "E1430", "it would cost more than allowed", "Prices on the root chain have risen since they were shown. Run the command again, or allow more with --max-fee.";
    STOPPED = "E1431", "checkpoints have stopped on the root chain", "The validators that it trusts are older than it allows, so that it takes no checkpoints; exits are still paid against those it has. Its owner must recover it.";
    OLD_CHECKPOINT = "E1432", "the root chain has a checkpoint of this height or a later one", "There is nothing to do; perhaps a validator was first. `bttc bridge checkpoints` shows what it has.";
    CHECKPOINT_REFUSED = "E1433", "the root chain does not take the checkpoint", "It takes a block that the set it trusts has signed, later than its last one. A block that changes the set cannot be skipped: leave the height out, then the right one is taken.";
    ODD_TOKEN = "E1434", "the token does not move as it should", "It refuses the transfer, takes a part for itself, or the receiver refuses the coin. Nothing was moved. The receiver of an exit may have it sent elsewhere with claimTo.";
    ROOT_FAILED = "E1435", "the transaction failed on the root chain", "It was included, its fee was paid, and it changed nothing else: the state had changed since it was tried. Run the command again; it looks first.";
    ROOT_UNKNOWN = "E1436", "it is not known yet what becomes of the transaction on the root chain", "It was signed, kept on disk and handed out, and no block has it so far. Run the same command again: it goes on with the very same transaction and never sends a second one while the first can still happen.";
    NOT_ALLOWED = "E1437", "only somebody else may do this on the bridge", "The call belongs to the rules of the chain, to governance, to a validator, or to the receiver of the exit.";
    REFUSED = "E1438", "the bridge refuses it", "The message has the name of the error; docs/bridge.md tells what the contracts check. If the error speaks of hashes or counts, the node may be behind: try again, or name another with --rpc.";
    SEVERAL = "E1439", "the transaction made several exits", "Name one of them by its index; the message lists them.";
    NOT_OVER = "E1440", "it did not come to its end in the time given", "Nothing is lost: the transfer goes on by itself. Run the command again, with a longer --timeout or none.";
    NO_LEDGER_THERE = "E1441", "a Ledger cannot sign for TRON here", "This program speaks with the Ethereum app of the device, and that signs nothing of TRON. Give a key file with --keystore FILE (`bttc account import` makes one). Or print the call with --calldata, where the command has it, and send it \
with a wallet that knows the device's TRON app: anybody may claim an exit or submit a checkpoint. A deposit is a call of the bridge, too, never a plain transfer.";
}

type Told = (&'static Fault, String);

/// The fault behind an error of a contract of the bridge, here or on a root chain; none for an error that is not known here.
pub(crate) fn of_bridge(data: &[u8]) -> Option<Told> {
    if let Ok(error) = IBridgeOutboxErrors::abi_decode(data) {
        return Some(of_outbox(&error));
    }
    if let Ok(error) = IBridgeInboxErrors::abi_decode(data) {
        return Some(of_inbox(&error));
    }
    if let Ok(error) = IBridgedTokenErrors::abi_decode(data) {
        return Some(of_token(&error));
    }
    if let Ok(error) = IRootBridgeErrors::abi_decode(data) {
        return Some(of_root_bridge(&error));
    }
    ICheckpointManagerErrors::abi_decode(data).ok().map(|error| of_checkpoints(&error))
}

fn at(seconds: U256) -> String {
    time(seconds.saturating_to())
}

/// What is paused, as the contracts number it.
fn paused(what: U256, until: U256) -> Told {
    let name = match what {
        U256::ZERO => "BTT".to_owned(),
        U256::MAX => "everything".to_owned(),
        id if id <= U256::from(u8::MAX) => match id.to::<u64>() {
            1 => "ethereum".to_owned(),
            2 => "tron".to_owned(),
            other => format!("root chain {other}"),
        },
        token => Address::from_word(token.into()).to_string(),
    };
    (&PAUSED, format!("{name}, until {}", at(until)))
}

fn over_limit(amount: U256, left: U256) -> Told {
    (&OVER_LIMIT, format!("{amount} is asked for, {left} is left (in the smallest unit)"))
}

/// An error that people do not come across, by its name and numbers.
fn odd(error: &impl std::fmt::Debug) -> Told {
    (&REFUSED, format!("{error:?}"))
}

fn of_outbox(error: &IBridgeOutboxErrors) -> Told {
    use IBridgeOutboxErrors as E;
    match error {
        E::BadReceiver(e) => (&LOST_RECEIVER, e.to.to_string()),
        E::IsPaused(e) => paused(e.what, e.until),
        E::NoBttThere(e) => (&NO_BTT_THERE, format!("root chain {}", e.rootId)),
        E::NotBridged(e) => (&NOT_BRIDGED, e.token.to_string()),
        E::OverLimit(e) => over_limit(e.amount, e.left),
        E::WrongRoot(e) => (&WRONG_ROOT, format!("it goes to root chain {}, not to {}", e.expected, e.got)),
        E::WrongValue(e) => {
            (&BAD_AMOUNT, format!("{} came with the call, {} expected", format_btt(e.got), format_btt(e.expected)))
        }
        E::ZeroAmount(_) => (&BAD_AMOUNT, "it is zero".to_owned()),
        E::NotGuard(e) => (&NOT_ALLOWED, format!("{} calls", e.got)),
        E::WrongCaller(e) => (&NOT_ALLOWED, format!("{} calls, only {} may", e.got, e.expected)),
        E::GuardianRests(_)
        | E::LimitTooHigh(_)
        | E::NotPaused(_)
        | E::PausedByGovernance(_)
        | E::ReentrancyGuardReentrantCall(_)
        | E::TreeFull(_) => odd(error),
    }
}

fn of_inbox(error: &IBridgeInboxErrors) -> Told {
    use IBridgeInboxErrors as E;
    match error {
        E::IsPaused(e) => paused(e.what, e.until),
        E::NotBacked(e) => (
            &NOT_LOCKED,
            format!("{} for root chain {}, asked for {}", format_btt(e.most), e.rootId, format_btt(e.got)),
        ),
        E::NotKept(e) => (&NOT_KEPT, format!("record {} of root chain {}", e.nonce, e.rootId)),
        E::WrongRecord(_) => (&NOT_KEPT, "the deposit given is another one".to_owned()),
        E::OverLimit(e) => over_limit(e.amount, e.left),
        E::ReceiverRefused(e) => (&NOT_DELIVERABLE, format!("{} does not take {}", e.to, format_btt(e.amount))),
        E::ReserveShort(e) => {
            let (has, needs) = (format_btt(e.reserve), format_btt(e.needed));
            (&NOT_DELIVERABLE, format!("the bridge has {has}, {needs} are needed"))
        }
        E::RootDisabled(e) => (&ROOT_CLOSED, format!("root chain {}", e.rootId)),
        E::UnknownRoot(e) => (&NO_ROOT, format!("number {}", e.rootId)),
        E::TooEarly(e) => (&REFUND_EARLY, format!("possible from {}", at(e.from))),
        E::NotGuard(e) => (&NOT_ALLOWED, format!("{} calls", e.got)),
        E::NotValidator(e) => (&NOT_ALLOWED, format!("{} is no validator", e.caller)),
        E::WrongCaller(e) => (&NOT_ALLOWED, format!("{} calls, only {} may", e.got, e.expected)),
        E::NotGenesis(_) => (&NOT_ALLOWED, "only genesis does this".to_owned()),
        E::BadRoot(_)
        | E::FailedDeployment(_)
        | E::GuardianRests(_)
        | E::InsufficientBalance(_)
        | E::LimitTooHigh(_)
        | E::NotEnoughGas(_)
        | E::NotForward(_)
        | E::NotPaused(_)
        | E::NothingToDo(_)
        | E::PausedByGovernance(_)
        | E::ReentrancyGuardReentrantCall(_)
        | E::RootKnown(_)
        | E::TooFarAhead(_)
        | E::WrongBalance(_)
        | E::WrongChain(_)
        | E::WrongCount(_) => odd(error),
    }
}

fn of_token(error: &IBridgedTokenErrors) -> Told {
    use IBridgedTokenErrors as E;
    match error {
        E::ERC20InsufficientBalance(e) => {
            (&TOO_LITTLE, format!("{} has {}, needed are {} (in the smallest unit)", e.sender, e.balance, e.needed))
        }
        E::BadReceiver(e) => (&LOST_RECEIVER, e.to.to_string()),
        E::ERC20InvalidReceiver(e) => (&NO_RECEIVER, e.receiver.to_string()),
        E::WrongCaller(e) => (&NOT_ALLOWED, format!("{} calls, only {} may", e.got, e.expected)),
        _ => odd(error),
    }
}

fn of_root_bridge(error: &IRootBridgeErrors) -> Told {
    use IRootBridgeErrors as E;
    match error {
        E::AlreadyPaid(e) => (&ALREADY_PAID, format!("exit {}", e.index)),
        E::NotYetPayable(e) => (&DELAYED, format!("exit {}, until {}", e.index, time(e.payableFrom))),
        E::LimitReached(e) => {
            (&ROOT_LIMIT, format!("of {}; {} of the exit is not paid yet (in the smallest unit)", e.token, e.left))
        }
        E::PausedNow(e) => (&ROOT_PAUSED, format!("until {}", time(e.until))),
        E::NotEnabled(e) => (&NOT_LISTED, e.token.to_string()),
        E::NotListed(e) => (&NOT_LISTED, e.token.to_string()),
        E::NotAToken(_) => (&NOT_LISTED, "the zero address is no token; deposit `native`".to_owned()),
        E::CapExceeded(e) => (&OVER_CAP, format!("it would hold {}, at most {} (in the smallest unit)", e.got, e.cap)),
        E::NoAmount(_) => (&BAD_AMOUNT, "it is zero, or nothing arrived".to_owned()),
        E::NoReceiver(_) => (&NO_RECEIVER, String::new()),
        E::CallFailed(e) => (&ODD_TOKEN, format!("{} refuses the transfer; has the account enough of it?", e.token)),
        E::NativeRefused(e) => (&ODD_TOKEN, format!("{} does not take the coin", e.to)),
        E::WrongPayment(e) => (&ODD_TOKEN, format!("{}: {} left instead of {}", e.token, e.got, e.expected)),
        E::WrongReceipt(e) => (&ODD_TOKEN, format!("{}: {} arrived, at most {}", e.token, e.got, e.most)),
        E::NotReceiver(e) => (&NOT_ALLOWED, format!("{} calls, only {} may", e.got, e.expected)),
        E::NotGuardian(e) => (&NOT_ALLOWED, format!("{} calls, only {} may", e.got, e.expected)),
        E::OwnableUnauthorizedAccount(e) => (&NOT_ALLOWED, format!("{} calls", e.account)),
        E::WrongExitRoot(e) => (&REFUSED, format!("the proof leads to {}, the checkpoint has {}", e.got, e.expected)),
        _ => odd(error),
    }
}

fn of_checkpoints(error: &ICheckpointManagerErrors) -> Told {
    use ICheckpointManagerErrors as E;
    match error {
        E::UnknownCheckpoint(e) => (&NO_CHECKPOINT, format!("it has none of block {}", e.height)),
        E::HeightNotGrowing(e) => (&OLD_CHECKPOINT, format!("it has block {}, given was {}", e.last, e.got)),
        E::Stopped(e) => (&STOPPED, format!("the set is {} s old, allowed are {} s", e.age, e.maxAge)),
        E::WrongSet(e) => (&CHECKPOINT_REFUSED, format!("signed by the set {}, it trusts {}", e.got, e.trusted)),
        E::TooLittlePower(e) => (&CHECKPOINT_REFUSED, format!("{} of {} have signed", e.signed, e.total)),
        E::OwnableUnauthorizedAccount(e) => (&NOT_ALLOWED, format!("{} calls", e.account)),
        other => (&CHECKPOINT_REFUSED, format!("{other:?}")),
    }
}

/// What a contract gave, in words: a known error, or its bytes.
pub(crate) fn or_bytes(data: &[u8], reason: &str) -> eyre::Report {
    match of_bridge(data) {
        Some((fault, detail)) => fault.report(&detail),
        None if data.is_empty() => super::faults::OTHER_REVERT.report(reason),
        None => super::faults::OTHER_REVERT.report(&format!("{reason} ({})", hex::encode_prefixed(data))),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::commands::wallet::faults::{find, of_revert};
    use alloy_sol_types::SolError;
    use bttc_contracts::{bridge::IBridgeOutbox, root::IRootBridge};

    /// All that the contracts can throw, whatever its numbers are.
    #[test]
    fn every_error_of_the_contracts_is_explained() {
        let selectors: Vec<[u8; 4]> = IBridgeInboxErrors::selectors()
            .chain(IBridgeOutboxErrors::selectors())
            .chain(IBridgedTokenErrors::selectors())
            .chain(IRootBridgeErrors::selectors())
            .chain(ICheckpointManagerErrors::selectors())
            .collect();
        assert!(selectors.len() > 90, "{}", selectors.len());
        for selector in selectors {
            let data = [&selector[..], &[0; 192]].concat();
            let (fault, _) = of_bridge(&data).unwrap();
            assert!(find(fault.id).is_some());
            assert!(or_bytes(&data, "").to_string().contains("bttc explain E14"), "{fault:?}");
            let most = [&selector[..], &[0xff; 192]].concat();
            assert!(!or_bytes(&most, "with numbers that are none").to_string().is_empty());
        }
    }

    #[test]
    fn an_error_here_is_told_by_its_own_id() {
        let data = IBridgeOutbox::NotBridged { token: Address::repeat_byte(7) }.abi_encode();
        let text = of_revert(&data).to_string();
        assert!(text.starts_with("E1409: ") && text.contains(&Address::repeat_byte(7).to_string()), "{text}");
        let data = IBridgeOutbox::IsPaused { what: U256::from(2), until: U256::from(1_769_860_800) }.abi_encode();
        assert!(of_revert(&data).to_string().contains("tron, until 2026-01-31 12:00:00 UTC"));
        let data = IRootBridge::AlreadyPaid { index: 7 }.abi_encode();
        assert!(or_bytes(&data, "").to_string().starts_with("E1421: the exit is paid already: exit 7"));
        assert!(or_bytes(b"", "out of stones").to_string().contains("out of stones"));
        assert!(or_bytes(&[1, 2, 3, 4], "error").to_string().contains("0x01020304"));
    }
}
