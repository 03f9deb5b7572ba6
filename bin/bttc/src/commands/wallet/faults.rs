//! What can go wrong, told to people: each fault has an id, and `bttc explain ID` tells more, without any node.

use super::{faults_bridge, faults_gov, node::NodeFault, show::time};
use alloy_sol_types::SolInterface;
use bttc_contracts::staking::IStaking::IStakingErrors;
use bttc_primitives::format_btt;
use eyre::{Report, eyre};

/// One fault.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Never used for another fault.
    pub(crate) id: &'static str,
    /// In a few words.
    pub(crate) title: &'static str,
    /// Why, and what to do.
    pub(crate) text: &'static str,
}

macro_rules! faults {
    ($list:ident: $($name:ident = $id:literal, $title:literal, $text:literal;)*) => {
        $(pub(crate) const $name: Fault = Fault { id: $id, title: $title, text: $text };)*
        /// All of these, by id.
        pub(crate) const $list: &[Fault] = &[$($name),*];
    };
}
pub(super) use faults;

faults! {
    FAULTS:
    AWAY = "E1001", "the node does not answer", "The program asks a node over JSON-RPC and got no answer. Start a node with `bttc node`, or name one that \
runs with --rpc URL or in the variable BTTC_RPC. Nothing was sent unless the program says so.";
    UNKNOWN = "E1002", "it is not known what became of the transaction", "The transaction was signed and handed out, or may have been, and no answer came. It may be in a \
block, may come into one, or may be lost; nobody can tell without a node. Run `bttc stake resume HASH`, `bttc gov resume HASH` or `bttc bridge resume HASH` when a node answers. Do not send it a second \
time with a new nonce: both could count. With the same --nonce only one of the two can ever count.";
    FUNDS = "E1003", "the account has too little BTT", "The amount and the highest possible fee must be in the account. Take a smaller amount, or `max`, which keeps the fee back.";
    NONCE = "E1004", "the nonce is used already", "Another transaction of this account with this nonce is in a block. If it was yours, its effect has happened: look with \
`bttc stake positions`. Otherwise run the command again without --nonce.";
    REPLACE = "E1005", "another transaction with this nonce waits", "To replace it, offer a higher fee (by at least a tenth); or wait until it is in a block.";
    OTHER_CHAIN = "E1006", "the transaction is for another chain", "A signed transaction holds the number of its chain, so that it cannot be played on another. Name a node of that chain with --rpc URL.";
    NODE_REFUSED = "E1007", "the node refuses the request", "The message of the node says why. If it speaks of limits, ask another node or a smaller range.";
    REVERTED = "E1008", "the transaction failed in its block", "It was included, its fee was paid, and it changed nothing else: the state had changed since it was tried. Run the command again.";
    NO_LEDGER = "E1009", "no Ledger answers", "Plug the device in, unlock it, open its Ethereum app, and close other programs that use it. On Linux your user must be \
allowed to use it: the udev rules of its maker do that. Nothing was signed.";
    LEDGER_REFUSED = "E1010", "the Ledger did not sign", "It was refused on the device, or the device was locked, unplugged or busy. To sign calls of contracts its Ethereum app needs \
\"Blind signing\" switched on in its settings: it cannot show what they do, so compare with what this program shows. Nothing was sent.";

    OTHER_REVERT = "E1200", "a contract refuses in a way this program does not know", "The program may be older than the contracts. Update it, and give the data of the message to who helps you.";
    NOT_ALLOWED = "E1201", "only somebody else may do this", "The call belongs to the rules of the chain, to governance, or to an operator. No account of yours can make it.";
    UNKNOWN_VALIDATOR = "E1202", "there is no such validator", "The address never was the operator of a validator. Operators are accounts; the address of a consensus key is not it. `bttc stake validators` lists them.";
    OPERATOR_TAKEN = "E1203", "the account operates a validator already", "One account operates one validator, for ever. Change it with `bttc stake validator edit`, come back with `rejoin` or `unjail`, or create another one from another account.";
    SIGNER_TAKEN = "E1204", "the consensus key belongs to a validator already", "A consensus key belongs to one operator for ever, even when it is no longer used, so that faults can be laid to the right one. Make a new one with `bttc validator keygen`.";
    WRONG_PROOF = "E1205", "the proof of the consensus key is wrong", "The proof is made for one operator on one chain. Make it anew with `bttc validator prove` for the account that sends the transaction, or give the key's directory with --key-dir.";
    WRONG_LENGTH = "E1206", "a name or web page is too long", "A name has at most 64 bytes, a web page 128; letters beyond ASCII take more than one byte.";
    WRONG_COMMISSION = "E1207", "the commission is out of bounds", "Governance sets the least and the highest commission, and by how much it may rise a day, counted from its last change. Announce a smaller step, or wait.";
    COMMISSION_PENDING = "E1208", "an announced commission is about to come into force", "It is due and comes into force when the running epoch closes. Announce the next one after that.";
    TOO_EARLY = "E1209", "it is too early", "Unbonded stake is paid out after the unbonding time, a jail opens after its time, and a key may be changed once a day. The message says when; run the command again then.";
    TOO_MANY = "E1210", "there are too many of them", "An account may have 64 unbondings open at once and 16 moved parts at one validator, and there may be 1,000 candidates. Withdraw what is due, or wait until some end.";
    NOT_JAILED = "E1211", "the validator is not jailed", "There is nothing to do. `bttc stake validator why` says what keeps it out, if anything does.";
    NOT_LISTED = "E1212", "the validator does not stand for election", "It was evicted. Its operator comes back with `bttc stake validator rejoin` once the self stake is high enough.";
    ALREADY_LISTED = "E1213", "the validator stands for election already", "There is nothing to do. `bttc stake validator why` says what keeps it out of the set, if anything does.";
    STILL_NEEDED = "E1214", "the validator cannot be evicted", "It signs in the running epoch, or is fit to be elected.";
    CLOSED = "E1215", "the validator is closed for good", "It left, or it signed twice and was shut out for ever. Nobody can stake with it or come back with it. Stake there can be taken back or moved to another validator.";
    BELOW_MINIMUM = "E1216", "the amount is too small", "Governance sets the smallest delegation (1 BTT at genesis) and the smallest self stake of an operator (10,000,000 BTT on mainnet at genesis). Take more.";
    INSUFFICIENT = "E1217", "there is less stake than asked for", "The stake with this validator is worth less, perhaps because of a slash. `bttc stake positions` shows it; `max` takes all.";
    REMAINDER = "E1218", "what would be left is too small", "Less than the smallest delegation would stay with the validator. Take less, or all with `max`.";
    STILL_BOUND = "E1219", "the stake was moved lately", "Stake that was moved from another validator still answers for that one's faults until the unbonding time is over, so it cannot move on. It can be undelegated. `bttc stake positions` shows until when.";
    SAME_POOL = "E1220", "both validators are the same", "Name another validator to move the stake to.";
    POOL_EMPTY = "E1221", "the validator has lost all its stake", "It was slashed to nothing; no share of it can be priced. Choose another validator.";
    UNKNOWN_UNBONDING = "E1222", "there is no such unbonding", "It was withdrawn or cancelled, or belongs to another account. `bttc stake positions` lists those that are open.";
    NOTHING = "E1223", "there is nothing to do", "No reward, commission or unbonding is there to be paid out, or the amount is less than one share.";
    PAYMENT_REFUSED = "E1224", "the account refuses payments", "The account is a contract that does not take BTT. Change the contract, or use one that does.";
    WRONG_VALUE = "E1225", "the transaction carries a wrong amount of BTT", "The amount sent along must be what the call expects. Make the transaction with this program.";
}

/// The fault with an id, however it is written.
pub(crate) fn find(id: &str) -> Option<&'static Fault> {
    all().find(|fault| fault.id.eq_ignore_ascii_case(id.trim()))
}

/// All of them, by id.
pub(crate) fn all() -> impl Iterator<Item = &'static Fault> {
    FAULTS.iter().chain(faults_gov::FAULTS).chain(faults_bridge::FAULTS)
}

impl Fault {
    /// As an error: id, what, this time's numbers, and where to read more.
    pub(crate) fn report(&self, detail: &str) -> Report {
        let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        eyre!("{}: {}{detail} (more: bttc explain {})", self.id, self.title, self.id)
    }
}

/// The fault behind an error of `Staking`, and its numbers in words.
pub(crate) fn of_staking(error: &IStakingErrors) -> (&'static Fault, String) {
    use IStakingErrors as E;
    match error {
        E::Unauthorized(e) => (&NOT_ALLOWED, format!("{} may not", e.caller)),
        E::NotSystemTransaction(e) => (&NOT_ALLOWED, format!("{} is not the rules of the chain", e.caller)),
        E::NotGenesis(_) | E::WrongEpoch(_) => (&NOT_ALLOWED, "only the rules of the chain do this".to_owned()),
        E::WrongValue(e) => {
            (&WRONG_VALUE, format!("{} was sent, {} expected", format_btt(e.got), format_btt(e.expected)))
        }
        E::UnknownValidator(e) => {
            (&UNKNOWN_VALIDATOR, format!("{} operates none; `bttc stake validators` lists them", e.operator))
        }
        E::OperatorTaken(e) => (&OPERATOR_TAKEN, e.operator.to_string()),
        E::SignerTaken(e) => (&SIGNER_TAKEN, format!("{}; make a new one with `bttc validator keygen`", e.signer)),
        E::WrongProof(e) => (&WRONG_PROOF, format!("it is of {}, expected {}", e.recovered, e.signer)),
        E::WrongLength(e) => (&WRONG_LENGTH, format!("{} bytes, at most {}", e.got, e.most)),
        E::WrongCommission(e) => {
            (&WRONG_COMMISSION, format!("{}, allowed now: {} to {}", points(e.got), points(e.least), points(e.most)))
        }
        E::CommissionPending(e) => (&COMMISSION_PENDING, format!("since {}", time(e.inForce.saturating_to()))),
        E::TooEarly(e) => (&TOO_EARLY, format!("possible from {}", time(e.allowed.saturating_to()))),
        E::TooMany(e) => (&TOO_MANY, format!("at most {}", e.most)),
        E::NotJailed(e) => (&NOT_JAILED, e.operator.to_string()),
        E::NotListed(e) => (&NOT_LISTED, e.operator.to_string()),
        E::AlreadyListed(e) => (&ALREADY_LISTED, e.operator.to_string()),
        E::StillNeeded(e) => (&STILL_NEEDED, e.operator.to_string()),
        E::Closed(e) => (&CLOSED, format!("{}; choose another validator", e.operator)),
        E::BelowMinimum(e) => {
            (&BELOW_MINIMUM, format!("{}, needed at least {}", format_btt(e.got), format_btt(e.least)))
        }
        E::InsufficientStake(e) => (
            &INSUFFICIENT,
            format!("there is {}, asked for {}; `max` takes all", format_btt(e.available), format_btt(e.needed)),
        ),
        E::RemainderTooSmall(e) => (
            &REMAINDER,
            format!(
                "{} would stay, at least {} must; take less, or all with `max`",
                format_btt(e.remains),
                format_btt(e.least)
            ),
        ),
        E::StakeStillBound(e) => (
            &STILL_BOUND,
            format!("{} can move now, asked for {} (in shares)", format_btt(e.free), format_btt(e.needed)),
        ),
        E::SamePool(e) => (&SAME_POOL, e.operator.to_string()),
        E::PoolEmpty(e) => (&POOL_EMPTY, e.operator.to_string()),
        E::UnknownUnbonding(e) => (&UNKNOWN_UNBONDING, format!("number {}; `bttc stake positions` lists them", e.id)),
        E::NothingToDo(_) => (&NOTHING, String::new()),
        E::PaymentRefused(e) => (&PAYMENT_REFUSED, format!("{} does not take {}", e.to, format_btt(e.amount))),
    }
}

fn points(points: alloy_primitives::U256) -> String {
    super::amount::percent(points.saturating_to())
}

/// The error of a contract as a sentence.
pub(crate) fn of_revert(data: &[u8]) -> Report {
    match IStakingErrors::abi_decode(data) {
        Ok(error) => {
            let (fault, detail) = of_staking(&error);
            fault.report(&detail)
        }
        Err(_) => match faults_gov::of_governance(data).or_else(|| faults_bridge::of_bridge(data)) {
            Some((fault, detail)) => fault.report(&detail),
            None => OTHER_REVERT.report(&alloy_primitives::hex::encode_prefixed(data)),
        },
    }
}

/// What the node answered instead of a result, as a sentence.
pub(crate) fn of_node(fault: NodeFault) -> Report {
    let text = |message: &str| message.to_ascii_lowercase();
    match &fault {
        NodeFault::Refused { data: Some(data), .. } if data.len() >= 4 => of_revert(data),
        NodeFault::Refused { message, .. } if text(message).contains("insufficient funds") => FUNDS.report(message),
        NodeFault::Refused { message, .. } if text(message).contains("nonce too low") => NONCE.report(message),
        NodeFault::Refused { message, .. } if text(message).contains("underpriced") => REPLACE.report(message),
        NodeFault::Refused { message, .. } => NODE_REFUSED.report(message),
        NodeFault::Away { .. } | NodeFault::Strange { .. } => fault.into(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use alloy_primitives::{Address, U256};
    use alloy_sol_types::SolError;
    use bttc_contracts::staking::IStaking;

    #[test]
    fn every_fault_has_an_id_of_its_own_and_a_text() {
        let faults: Vec<_> = all().collect();
        for (index, fault) in faults.iter().enumerate() {
            let number: u32 = fault.id.strip_prefix('E').unwrap().parse().unwrap();
            assert!((1000..2000).contains(&number), "{}", fault.id);
            assert!(fault.title.len() > 10 && fault.text.len() > 40 && fault.text.ends_with('.'), "{}", fault.id);
            assert!(faults.iter().skip(index + 1).all(|other| other.id > fault.id), "{} is out of order", fault.id);
            assert_eq!(find(&fault.id.to_lowercase()).unwrap().id, fault.id);
        }
        assert!(find("E9999").is_none());
    }

    /// All that `Staking` can throw, whatever its numbers are.
    #[test]
    fn every_error_of_the_contract_is_explained() {
        for selector in IStakingErrors::selectors() {
            let data = [&selector[..], &[0; 128]].concat();
            let error = IStakingErrors::abi_decode(&data).unwrap();
            let (fault, _) = of_staking(&error);
            assert!(find(fault.id).is_some(), "{error:?}");
            assert!(of_revert(&data).to_string().contains("bttc explain E12"), "{error:?}");
            let most = [&selector[..], &[0xff; 128]].concat();
            assert!(!of_revert(&most).to_string().is_empty());
        }
    }

    #[test]
    fn numbers_are_told_in_btt() {
        let btt = |n: u64| U256::from(n) * U256::from(10u64).pow(U256::from(18));
        let data = IStaking::BelowMinimum { got: btt(1) / U256::from(2), least: btt(1) }.abi_encode();
        let text = of_revert(&data).to_string();
        assert_eq!(text, "E1216: the amount is too small: 0.5 BTT, needed at least 1 BTT (more: bttc explain E1216)");
        let data = IStaking::UnknownValidator { operator: Address::ZERO }.abi_encode();
        assert!(of_revert(&data).to_string().starts_with("E1202"));
        assert!(of_revert(&[1, 2, 3, 4]).to_string().contains("0x01020304"));
    }

    #[test]
    fn words_of_the_node_get_an_id() {
        let refused = |message: &str| NodeFault::Refused { code: -32000, message: message.to_owned(), data: None };
        for (message, id) in [
            ("insufficient funds for gas * price + value: ...", "E1003"),
            ("nonce too low: the next nonce", "E1004"),
            ("replacement transaction underpriced", "E1005"),
            ("the moon is full", "E1007"),
        ] {
            assert!(of_node(refused(message)).to_string().starts_with(id), "{message}");
        }
    }
}
