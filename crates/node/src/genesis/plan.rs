//! Plans of genesis: who gets what, as people write it down (`genesis/*/plan.toml`), and the genesis file that follows from it.
//!
//! A plan can be reviewed before everybody in it is known: `placeholder: NAME` stands for an address or for the time. Such a plan makes a draft
//! alone, which no node starts on.

use super::{BTT, GenesisValidator, StakingPlan, add_staking, bridge::PlannedBridge, supply};
use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{Address, U256, keccak256};
use bttc_consensus::is_system_address;
use bttc_contracts::{
    param_table::NAMES,
    system::IGenesis::{Grant, Setting},
};
use bttc_primitives::{parse_address, parse_btt};
use eyre::{OptionExt, Result, WrapErr, bail, ensure, eyre};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::json;
use std::{collections::BTreeSet, fmt::Display, time::UNIX_EPOCH};

/// A twelfth of a year. Unit: seconds. Source: docs/staking.md, section 11.
const MONTH: u64 = 2_628_000;
/// When a draft begins. Unit: Unix seconds.
const DRAFT_TIME: u64 = 1_800_000_000;
/// Part of the supply for airdrops. Unit: BTT. Source: docs/protocol.md, section 4.
const AIRDROP: u64 = 99_990_000_000;
/// How a placeholder begins.
const PLACEHOLDER: &str = "placeholder:";

/// Something that may not be known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known<T> {
    Yes(T),
    No(String),
}

pub(super) type Who = Known<Address>;

impl<T> Known<T> {
    pub(super) fn read<'de, D, E>(deserializer: D, read: impl FnOnce(&str) -> Result<T, E>) -> Result<Self, D::Error>
    where
        D: Deserializer<'de>,
        E: Display,
    {
        let text = String::deserialize(deserializer)?;
        match text.strip_prefix(PLACEHOLDER).map(str::trim) {
            Some("") => Err(D::Error::custom("a placeholder without a name; write \"placeholder: NAME\"")),
            Some(name) => Ok(Self::No(name.to_owned())),
            None => read(&text).map(Self::Yes).map_err(D::Error::custom),
        }
    }

    pub(super) fn missing(&self) -> Option<&str> {
        match self {
            Self::Yes(_) => None,
            Self::No(name) => Some(name),
        }
    }
}

impl Who {
    /// The address; of a placeholder one that comes from its name, whose key nobody has.
    pub(super) fn address(&self) -> Address {
        match self {
            Self::Yes(address) => *address,
            Self::No(name) => Address::from_word(keccak256(format!("bttc.placeholder.v1:{name}"))),
        }
    }
}

pub(super) fn who<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Who, D::Error> {
    Known::read(deserializer, parse_address)
}

pub(super) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<U256, D::Error> {
    parse_btt(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Known<u64>, D::Error> {
    Known::read(deserializer, |text| {
        let moment = humantime::parse_rfc3339(text).map_err(|error| format!("{error}; write 2027-01-31T12:00:00Z"))?;
        moment.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).map_err(|_| "a time before 1970".to_owned())
    })
}

/// A plan of genesis. Amounts are texts such as `"10_000_000 BTT"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisPlan {
    chain_id: u64,
    /// A development chain: one public validator, state that can be changed by hand.
    #[serde(default)]
    dev: bool,
    /// When the chain, its first epoch, grants and airdrops begin.
    #[serde(deserialize_with = "time")]
    time: Known<u64>,
    block_time_ms: u64,
    idle_time_ms: u64,
    #[serde(deserialize_with = "amount")]
    reserve: U256,
    #[serde(deserialize_with = "amount")]
    programmes: U256,
    /// What must be left for the treasury.
    #[serde(deserialize_with = "amount")]
    treasury: U256,
    /// Whether the airdrops hold their 10.1 %.
    airdrop: bool,
    bridge: Option<PlannedBridge>,
    #[serde(default, rename = "balance")]
    balances: Vec<Balance>,
    #[serde(default, rename = "validator")]
    validators: Vec<PlannedValidator>,
    #[serde(default, rename = "grant")]
    grants: Vec<PlannedGrant>,
    #[serde(default, rename = "parameter")]
    parameters: Vec<Parameter>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Balance {
    #[serde(deserialize_with = "who")]
    account: Who,
    #[serde(deserialize_with = "amount")]
    amount: U256,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedValidator {
    name: String,
    #[serde(deserialize_with = "who")]
    operator: Who,
    #[serde(deserialize_with = "who")]
    signer: Who,
    #[serde(deserialize_with = "amount")]
    stake: U256,
    /// Unit: basis points.
    commission: u16,
}

/// Nothing for the months of the cliff, then evenly by the second over the others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedGrant {
    #[serde(deserialize_with = "who")]
    beneficiary: Who,
    #[serde(deserialize_with = "amount")]
    amount: U256,
    #[serde(default)]
    cliff_months: u16,
    months: u16,
}

/// A parameter with other limits than the default; on mainnet only the value may differ (docs/parameters.md).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameter {
    name: String,
    value: u64,
    min: u64,
    max: u64,
    step: u64,
    cool_down: u64,
}

impl GenesisPlan {
    /// Reads a plan.
    ///
    /// Errors: the line that cannot be read, and why.
    pub fn read(text: &str) -> Result<Self> {
        toml::from_str(text).wrap_err("the plan of genesis is not readable")
    }

    /// Names of all that is not known yet.
    pub fn placeholders(&self) -> BTreeSet<&str> {
        let validators = self.validators.iter().flat_map(|of| [&of.operator, &of.signer]);
        let people = self.balances.iter().map(|of| &of.account).chain(self.grants.iter().map(|of| &of.beneficiary));
        let bridge = self.bridge.iter().flat_map(PlannedBridge::placeholders);
        people.chain(validators).filter_map(Known::missing).chain(self.time.missing()).chain(bridge).collect()
    }

    /// Makes the genesis. A draft may have placeholders; addresses without a key stand for them, and no node starts on it.
    ///
    /// Errors: a placeholder in what is no draft, amounts that are not the supply to the wei, or a rule of a contract.
    pub fn build(&self, draft: bool) -> Result<Genesis> {
        let missing = self.placeholders();
        if !draft && !missing.is_empty() {
            let names = missing.into_iter().collect::<Vec<_>>().join(", ");
            bail!(
                "the plan has placeholders: {names}; put the addresses and the time in their places, or make a draft with --draft"
            );
        }
        let mut genesis = self.base(draft)?;
        for Balance { account, amount } in &self.balances {
            let address = account.address();
            ensure!(
                !is_system_address(address),
                "the plan gives a balance to the system contract {address}; name it by its part"
            );
            let account = GenesisAccount { balance: *amount, ..GenesisAccount::default() };
            let before = genesis.alloc.insert(address, account);
            ensure!(
                before.is_none(),
                "the plan gives a balance to {address} twice, or it is a contract of every genesis"
            );
        }
        let plan = self.staking(genesis.timestamp)?;
        let given = [
            self.balances.iter().map(|of| of.amount).collect(),
            plan.validators.iter().map(|of| of.stake).collect(),
            self.grants.iter().map(|of| of.amount).collect(),
            vec![plan.airdrop, self.reserve, self.programmes, self.treasury],
            self.bridge.iter().map(|of| of.reserve).collect(),
        ]
        .concat();
        let sum = given.into_iter().try_fold(U256::ZERO, |sum, amount| sum.checked_add(amount));
        let sum = sum.ok_or_eyre("the amounts of the plan are more than 256 bits")?;
        ensure!(
            sum == supply(),
            "the amounts of the plan add up to {sum} wei, expected {} (990,000,000,000 BTT)",
            supply()
        );
        add_staking(genesis, &plan)
    }

    /// Rules and predeployed contracts, without balances.
    fn base(&self, draft: bool) -> Result<Genesis> {
        let (_, text) = crate::load_spec("dev")?;
        let mut genesis: Genesis = serde_json::from_str(&text).wrap_err("the development genesis is no genesis")?;
        genesis.alloc.retain(|_, account| account.code.is_some());
        genesis.config.chain_id = self.chain_id;
        genesis.timestamp = match self.time {
            Known::Yes(time) => time,
            Known::No(_) => DRAFT_TIME,
        };
        let rules = genesis.config.extra_fields.get_mut("bttc").and_then(|rules| rules.as_object_mut());
        let rules = rules.ok_or_eyre("the development genesis has no rules")?;
        rules.remove("dev");
        for mark in [self.dev.then_some("dev"), draft.then_some("draft")].into_iter().flatten() {
            rules.insert(mark.to_owned(), json!(true));
        }
        rules.insert("blockTimeMs".to_owned(), json!(self.block_time_ms));
        rules.insert("idleTimeMs".to_owned(), json!(self.idle_time_ms));
        Ok(genesis)
    }

    fn staking(&self, start: u64) -> Result<StakingPlan> {
        let validator = |of: &PlannedValidator| GenesisValidator {
            operator: of.operator.address(),
            signer: of.signer.address(),
            stake: of.stake,
            commission: of.commission,
            name: of.name.clone(),
        };
        let grant = |of: &PlannedGrant| -> Result<Grant> {
            Ok(Grant {
                beneficiary: of.beneficiary.address(),
                total: u128::try_from(of.amount).wrap_err("a grant is more than 128 bits")?,
                start,
                cliff: MONTH.saturating_mul(of.cliff_months.into()),
                duration: MONTH.saturating_mul(of.months.into()),
                step: 0,
            })
        };
        Ok(StakingPlan {
            validators: self.validators.iter().map(validator).collect(),
            settings: self.parameters.iter().map(Parameter::setting).collect::<Result<_>>()?,
            grants: self.grants.iter().map(grant).collect::<Result<_>>()?,
            airdrop: if self.airdrop { U256::from(AIRDROP).saturating_mul(BTT) } else { U256::ZERO },
            reserve: self.reserve,
            programmes: self.programmes,
            bridge: self.bridge.as_ref().map(PlannedBridge::plan),
        })
    }
}

impl Parameter {
    fn setting(&self) -> Result<Setting> {
        let id = NAMES.iter().position(|(name, _)| *name == self.name);
        let id = id.ok_or_else(|| eyre!("there is no parameter {:?}; docs/parameters.md lists them", self.name))?;
        Ok(Setting {
            id: U256::from(id),
            value: U256::from(self.value),
            min: U256::from(self.min),
            max: U256::from(self.max),
            step: U256::from(self.step),
            coolDown: U256::from(self.cool_down),
        })
    }
}
