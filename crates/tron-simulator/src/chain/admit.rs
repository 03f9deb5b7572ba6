//! What a node checks before it takes a transaction, in the order of docs/tron.md, section 5.

use super::{Chain, REFERENCES, Waiting, signed};
use crate::{
    command::ErrorCode,
    state::{Account, Draft, Usage},
    transaction::{Action, Creation, Tx, Unreadable},
    wire::{TRIGGER, created_address},
};
use alloy_primitives::{Address, B256};

/// Charged above the bytes of a transaction. Unit: bytes of bandwidth.
const SIGNATURE_ROOM: u64 = 64;
/// Most bytes of a transaction.
const MOST_BYTES: u64 = 512_000 - 128;
/// How long before it expires a transaction may be sent, and in which free bandwidth comes back. Unit: milliseconds.
const DAY: u64 = 86_400_000;
/// Longest name of a contract. Unit: bytes.
const MOST_NAME: usize = 32;
/// The owner's permission, and the one for contracts.
const OWNER: i32 = 0;
const ACTIVE: i32 = 2;

/// Why a transaction is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Refusal {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn contract(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(ErrorCode::ContractValidateError, format!("Contract validate error : {message}"))
    }
}

/// Why there is not even a refusal: the bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    Unreadable(String),
    Refused(B256, Refusal),
}

/// What a transaction takes of bandwidth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bandwidth {
    /// Free. Unit: bytes.
    pub(super) usage: u64,
    /// Paid. Unit: sun.
    pub(super) fee: u64,
    /// What the account has used afterwards.
    pub(super) after: Usage,
}

impl Chain {
    /// Takes a transaction; `seen` tells whether the node that is asked remembers it.
    pub(crate) fn admit(&mut self, bytes: &[u8], seen: impl Fn(&B256) -> bool) -> Result<B256, NotTaken> {
        let tx = Tx::decode(bytes).map_err(|error| match error {
            Unreadable::Encoding(_) => NotTaken::Unreadable(error.to_string()),
            Unreadable::Contract(why) => NotTaken::Refused(B256::ZERO, Refusal::contract(why)),
        })?;
        self.check(&tx, &seen).map_err(|refusal| NotTaken::Refused(tx.id, refusal))?;
        let id = tx.id;
        if !self.waiting.iter().any(|waiting| waiting.tx.id == id) {
            self.waiting.push(Waiting { tx, from: 0 });
        }
        Ok(id)
    }

    fn check(&self, tx: &Tx, seen: &impl Fn(&B256) -> bool) -> Result<(), Refusal> {
        let next = self.next_slot();
        if tx.expiration < signed(next) {
            let why = format!("Transaction expiration time is {}, but next slot time is {next}", tx.expiration);
            return Err(Refusal::new(ErrorCode::TransactionExpirationError, why));
        }
        let draft = Draft::new(self.state.head());
        check_signatures(tx, draft.account(tx.owner))?;
        self.check_reference(tx)?;
        let (bytes, head) = (tx.size(), self.head().time);
        if bytes > MOST_BYTES {
            let why = format!("Too big transaction, the size is {bytes} bytes");
            return Err(Refusal::new(ErrorCode::TooBigTransactionError, why));
        }
        self.check_expiration(tx, head)?;
        if self.index.contains_key(&tx.id) || seen(&tx.id) {
            return Err(Refusal::new(ErrorCode::DupTransactionError, "Dup transaction."));
        }
        self.check_on(&draft, tx, next).map(|_| ())
    }

    /// Whether it expires in the day after the last block.
    pub(super) fn check_expiration(&self, tx: &Tx, head: u64) -> Result<(), Refusal> {
        if tx.expiration <= signed(head) || tx.expiration > signed(head.saturating_add(DAY)) {
            let why = format!(
                "Transaction expiration, transaction expiration time is {}, but headBlockTime is {head}",
                tx.expiration
            );
            return Err(Refusal::new(ErrorCode::TransactionExpirationError, why));
        }
        Ok(())
    }

    /// Whether the block that it refers to is the last one of those low bytes.
    pub(super) fn check_reference(&self, tx: &Tx) -> Result<(), Refusal> {
        let wrong = |why: String| Refusal::new(ErrorCode::TaposError, format!("Tapos failed, {why}"));
        let Ok(bytes) = <[u8; 2]>::try_from(tx.ref_bytes.as_slice()) else {
            return Err(wrong(format!("ref_block_bytes has {} bytes", tx.ref_bytes.len())));
        };
        let (head, low) = (self.head().number, u64::from(u16::from_be_bytes(bytes)));
        // The highest number up to the head that ends so.
        let back = (head.wrapping_sub(low)) % REFERENCES;
        let known = head.checked_sub(back).filter(|_| back < self.window).and_then(|number| self.block(number));
        match known {
            Some(block) if block.id.reference().1.as_slice() == tx.ref_hash => Ok(()),
            Some(block) => Err(wrong(format!("different block hash, block {} is another", block.number))),
            None => Err(wrong("block not found".to_owned())),
        }
    }

    /// Whether the owner can pay and the contract is in order, on a state. What it takes of bandwidth.
    pub(super) fn check_on(&self, draft: &Draft<'_>, tx: &Tx, time: u64) -> Result<Bandwidth, Refusal> {
        let Some(owner) = draft.account(tx.owner) else {
            let shown = crate::address::base58(tx.owner);
            return Err(Refusal::contract(format!("account [{shown}] does not exist")));
        };
        let bandwidth = self.bandwidth(draft, tx, owner, time);
        let Some(balance) = owner.balance.checked_sub(bandwidth.fee) else {
            return Err(Refusal::new(ErrorCode::BandwithError, "Account resource insufficient error."));
        };
        self.check_contract(draft, tx, balance)?;
        Ok(bandwidth)
    }

    fn bandwidth(&self, draft: &Draft<'_>, tx: &Tx, owner: &Account, time: u64) -> Bandwidth {
        if let Action::Transfer { to, .. } = tx.action
            && draft.account(to).is_none()
        {
            let fee = self.parameters.new_account_bandwidth_fee();
            return Bandwidth { usage: 0, fee, after: owner.bandwidth };
        }
        let bytes = tx.size().saturating_add(SIGNATURE_ROOM);
        let Usage { bytes: used, at } = owner.bandwidth;
        let left = DAY.saturating_sub(time.saturating_sub(at));
        let used = used.saturating_mul(left) / DAY;
        let total = used.saturating_add(bytes);
        if total <= self.parameters.free_bandwidth() {
            return Bandwidth { usage: bytes, fee: 0, after: Usage { bytes: total, at: time } };
        }
        let fee = bytes.saturating_mul(self.parameters.bandwidth_price());
        Bandwidth { usage: 0, fee, after: owner.bandwidth }
    }

    fn check_contract(&self, draft: &Draft<'_>, tx: &Tx, balance: u64) -> Result<(), Refusal> {
        let value = u64::try_from(tx.value()).map_err(|_| Refusal::contract("callValue must be >= 0"))?;
        if tx.runs() {
            let most = self.parameters.max_fee_limit();
            if !(0..=most).contains(&tx.fee_limit) {
                return Err(Refusal::contract(format!("feeLimit must be >= 0 and <= {most}")));
            }
        }
        match &tx.action {
            Action::Transfer { to, .. } => {
                if *to == tx.owner {
                    return Err(Refusal::contract("Cannot transfer TRX to yourself."));
                }
                if value == 0 {
                    return Err(Refusal::contract("Amount must be greater than 0."));
                }
                let fee = if draft.account(*to).is_none() { self.parameters.new_account_fee() } else { 0 };
                if value.checked_add(fee).is_none_or(|all| all > balance) {
                    return Err(Refusal::contract("Validate TransferContract error, balance is not sufficient."));
                }
            }
            Action::Trigger { contract, token_value, .. } => {
                if !draft.account(*contract).is_some_and(Account::is_contract) {
                    return Err(Refusal::contract("No contract or not a valid smart contract"));
                }
                no_tokens(*token_value)?;
            }
            Action::Create(creation) => check_creation(draft, tx, creation)?,
        }
        if value > balance {
            return Err(Refusal::contract("Validate InternalTransfer error, balance is not sufficient."));
        }
        Ok(())
    }
}

fn no_tokens(value: i64) -> Result<(), Refusal> {
    if value != 0 {
        return Err(Refusal::contract("invalid arguments with tokenValue, the simulator has no TRC-10 tokens"));
    }
    Ok(())
}

fn check_creation(draft: &Draft<'_>, tx: &Tx, creation: &Creation) -> Result<(), Refusal> {
    if creation.origin != tx.owner {
        return Err(Refusal::contract("OwnerAddress is not equals OriginAddress"));
    }
    if creation.name.len() > MOST_NAME {
        return Err(Refusal::contract("contractName's length cannot be greater than 32"));
    }
    if !(0..=100).contains(&creation.percent) {
        return Err(Refusal::contract("percent must be >= 0 and <= 100"));
    }
    if creation.origin_energy_limit <= 0 {
        return Err(Refusal::contract("The originEnergyLimit must be > 0"));
    }
    no_tokens(creation.token_value)?;
    if draft.account(created_address(tx.id, tx.owner)).is_some() {
        return Err(Refusal::contract("Trying to create a contract with existing contract address"));
    }
    Ok(())
}

/// Whether the keys of the permission that it names have signed.
fn check_signatures(tx: &Tx, owner: Option<&Account>) -> Result<(), Refusal> {
    let wrong = |why: String| Refusal::new(ErrorCode::Sigerror, format!("Validate signature error: {why}"));
    if tx.signatures.is_empty() {
        return Err(wrong("miss sig or contract".to_owned()));
    }
    let keys: Vec<Address> = match (tx.permission, owner) {
        (OWNER, _) => vec![tx.owner],
        (ACTIVE, Some(account)) if !account.active_keys.is_empty() => {
            if tx.kind != TRIGGER {
                return Err(wrong("Permission denied".to_owned()));
            }
            account.active_keys.clone()
        }
        (ACTIVE, Some(_)) => vec![tx.owner],
        (other, _) => return Err(wrong(format!("permission {other} isn't exit"))),
    };
    if tx.signatures.len() > keys.len() {
        let (count, most) = (tx.signatures.len(), keys.len());
        return Err(wrong(format!("Signature count is {count} more than key counts of permission : {most}")));
    }
    let signers = tx.signers().map_err(wrong)?;
    for (place, signer) in signers.iter().enumerate() {
        let shown = crate::address::base58(*signer);
        if !keys.contains(signer) {
            return Err(wrong(format!("{shown} but it is not contained of permission.")));
        }
        if signers.iter().take(place).any(|earlier| earlier == signer) {
            return Err(wrong(format!("{shown} has signed twice!")));
        }
    }
    Ok(())
}
