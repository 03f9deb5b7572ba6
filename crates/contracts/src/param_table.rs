//! Names and units of the parameters, by their ids.
//!
//! Source: `contracts/system/interfaces/ParamIds.sol`, which a test holds this table against; docs/parameters.md says what each is for.

/// Name and unit of each parameter; the place in the list is its id.
pub const NAMES: [(&str, &str); 39] = [
    ("MIN_BASE_FEE", "wei per gas"),
    ("ELASTICITY", "times"),
    ("BASE_FEE_DENOMINATOR", "divisor"),
    ("BURN_PERCENT", "percent of the base fee"),
    ("STAKERS_PERCENT", "percent of the base fee"),
    ("BLOCK_GAS_LIMIT", "gas"),
    ("BLOCK_TIME_MS", "milliseconds"),
    ("IDLE_TIME_MS", "milliseconds"),
    ("EPOCH_LENGTH", "seconds"),
    ("MAX_VALIDATORS", "validators"),
    ("MIN_SELF_STAKE", "wei"),
    ("MIN_DELEGATION", "wei"),
    ("MIN_COMMISSION", "basis points"),
    ("MAX_COMMISSION", "basis points"),
    ("COMMISSION_STEP", "basis points a day"),
    ("COMMISSION_NOTICE", "seconds"),
    ("UNBONDING_TIME", "seconds"),
    ("REWARD_RATE", "1e-18 of the supply a year"),
    ("MAX_APR", "basis points a year"),
    ("PROPOSER_SHARE", "basis points of the pot"),
    ("TREASURY_SHARE", "basis points of the pot"),
    ("DOUBLE_SIGN_SLASH", "1e-18 of the stake"),
    ("DOUBLE_SIGN_FACTOR", "times"),
    ("REPORTER_SHARE", "basis points of the slash"),
    ("DOWNTIME_WINDOW", "blocks"),
    ("MAX_MISSED", "basis points of the window"),
    ("DOWNTIME_SLASH", "1e-18 of the stake"),
    ("JAIL_TIME", "seconds"),
    ("MAX_JAIL_TIME", "seconds"),
    ("POWER_CAP", "basis points of the total power"),
    ("PROPOSAL_DEPOSIT", "wei"),
    ("VOTING_PERIOD", "seconds"),
    ("QUORUM", "basis points of the stake in the set"),
    ("VETO", "basis points of the votes"),
    ("LATE_QUORUM_EXTENSION", "seconds"),
    ("TIMELOCK_DELAY", "seconds"),
    ("TIMELOCK_LONG_DELAY", "seconds"),
    ("EXPEDITED_VOTING", "seconds"),
    ("EXECUTION_WINDOW", "seconds"),
];

/// Ids that this program asks for by name.
pub mod ids {
    /// See [`super::NAMES`].
    pub const EPOCH_LENGTH: u64 = 8;
    /// See [`super::NAMES`].
    pub const MAX_VALIDATORS: u64 = 9;
    /// See [`super::NAMES`].
    pub const MIN_SELF_STAKE: u64 = 10;
    /// See [`super::NAMES`].
    pub const REWARD_RATE: u64 = 17;
    /// See [`super::NAMES`].
    pub const MAX_APR: u64 = 18;
    /// See [`super::NAMES`].
    pub const PROPOSER_SHARE: u64 = 19;
    /// See [`super::NAMES`].
    pub const TREASURY_SHARE: u64 = 20;
    /// See [`super::NAMES`].
    pub const POWER_CAP: u64 = 29;
}

/// Name and unit of a parameter; none if this program does not know the id.
pub fn name_and_unit(id: u64) -> Option<(&'static str, &'static str)> {
    NAMES.get(usize::try_from(id).ok()?).copied()
}

/// The id of the parameter of this name, upper or lower case.
pub fn id_of(name: &str) -> Option<u64> {
    let place = NAMES.iter().position(|(known, _)| known.eq_ignore_ascii_case(name))?;
    u64::try_from(place).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Name, id and comment of each constant of the source.
    fn source() -> Vec<(&'static str, u64, &'static str)> {
        let text = include_str!("../../../contracts/system/interfaces/ParamIds.sol");
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let constants = lines.windows(2).filter_map(|pair| {
            let (name, id) =
                pair[1].strip_prefix("uint256 internal constant ")?.strip_suffix(';')?.split_once(" = ")?;
            Some((name, id.parse().unwrap(), pair[0].strip_prefix("/// ").unwrap()))
        });
        constants.collect()
    }

    #[test]
    fn names_and_ids_are_those_of_the_contract() {
        let mut source = source();
        assert_eq!(source.pop(), Some(("COUNT", NAMES.len() as u64, "How many there are.")));
        assert_eq!(source.len(), NAMES.len());
        for (place, (name, id, _)) in source.into_iter().enumerate() {
            assert_eq!((NAMES[place].0, place as u64), (name, id));
            assert_eq!(id_of(&name.to_lowercase()), Some(id));
            assert_eq!(name_and_unit(id).unwrap().0, name);
        }
        assert_eq!(name_and_unit(39), None);
        assert_eq!(id_of("NO_SUCH"), None);
    }

    #[test]
    fn units_are_those_of_the_contract() {
        for (name, id, comment) in source().into_iter().filter(|(name, ..)| *name != "COUNT") {
            let (_, unit) = name_and_unit(id).unwrap();
            let words = ["wei", "percent", "gas", "milliseconds", "seconds", "basis points", "blocks", "times"];
            for word in words.into_iter().filter(|word| *word != "seconds" || !comment.contains("milliseconds")) {
                let said = comment.contains(word) && !(word == "gas" && comment.contains("per gas"));
                assert!(!said || unit.starts_with(word), "{name}: {unit} is not {comment}");
            }
            assert_eq!(unit.starts_with("1e-18"), comment.contains("18 digits"), "{name}: {unit} is not {comment}");
        }
    }

    #[test]
    fn ids_by_name_are_those_of_the_table() {
        let named = [
            (ids::EPOCH_LENGTH, "EPOCH_LENGTH"),
            (ids::MAX_VALIDATORS, "MAX_VALIDATORS"),
            (ids::MIN_SELF_STAKE, "MIN_SELF_STAKE"),
            (ids::REWARD_RATE, "REWARD_RATE"),
            (ids::MAX_APR, "MAX_APR"),
            (ids::PROPOSER_SHARE, "PROPOSER_SHARE"),
            (ids::TREASURY_SHARE, "TREASURY_SHARE"),
            (ids::POWER_CAP, "POWER_CAP"),
        ];
        for (id, name) in named {
            assert_eq!(id_of(name), Some(id));
        }
    }
}
