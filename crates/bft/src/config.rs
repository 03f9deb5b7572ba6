//! Times and bounds of the engine.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Section `consensus` of the configuration.
///
/// Block times are those of the genesis file; here stands how long a node waits for others. A step of round `r` waits its time plus `r`
/// times its growth, at most `max_timeout`: with every round slower links are enough. None of it is validity; nodes may differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsensusConfig {
    /// Time for a proposal to come and to be judged.
    #[serde(with = "humantime_serde")]
    pub timeout_propose: Duration,
    /// Growth of it by round.
    #[serde(with = "humantime_serde")]
    pub timeout_propose_growth: Duration,
    /// Time for further prevotes, once more than two thirds of the power prevoted without agreeing.
    #[serde(with = "humantime_serde")]
    pub timeout_prevote: Duration,
    /// Growth of it by round.
    #[serde(with = "humantime_serde")]
    pub timeout_prevote_growth: Duration,
    /// Time for further precommits, once more than two thirds of the power precommitted without agreeing.
    #[serde(with = "humantime_serde")]
    pub timeout_precommit: Duration,
    /// Growth of it by round.
    #[serde(with = "humantime_serde")]
    pub timeout_precommit_growth: Duration,
    /// Largest of all these.
    #[serde(with = "humantime_serde")]
    pub max_timeout: Duration,
    /// After so long in a step own votes are sent again.
    #[serde(with = "humantime_serde")]
    pub rebroadcast: Duration,
    /// A validator that starts listens so long before it signs, and stops if it hears its own key from somewhere else, now or later. Zero: neither.
    #[serde(with = "humantime_serde")]
    pub listen: Duration,
    /// Time given to building a block.
    #[serde(with = "humantime_serde")]
    pub build_time: Duration,
    /// How often neighbours are told how far this node is.
    #[serde(with = "humantime_serde")]
    pub status_interval: Duration,
    /// How often missing blocks are looked for.
    #[serde(with = "humantime_serde")]
    pub repair_interval: Duration,
    /// Time for a peer to answer.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
}

impl Default for ConsensusConfig {
    fn default() -> Self {
        let millis = Duration::from_millis;
        Self {
            timeout_propose: millis(1_500),
            timeout_propose_growth: millis(500),
            timeout_prevote: millis(500),
            timeout_prevote_growth: millis(250),
            timeout_precommit: millis(500),
            timeout_precommit_growth: millis(250),
            max_timeout: millis(15_000),
            rebroadcast: millis(1_000),
            listen: millis(2_000),
            build_time: millis(200),
            status_interval: millis(1_000),
            repair_interval: millis(250),
            request_timeout: millis(3_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_form_names_units_and_refuses_strangers() {
        let config: ConsensusConfig = toml::from_str("timeout_propose = \"3s\"\nrebroadcast = \"250ms\"").unwrap();
        assert_eq!(config.timeout_propose, Duration::from_secs(3));
        assert_eq!(config.rebroadcast, Duration::from_millis(250));
        assert_eq!(config.build_time, ConsensusConfig::default().build_time);
        assert!(toml::from_str::<ConsensusConfig>("timeout_propse = \"3s\"").is_err());
    }
}
