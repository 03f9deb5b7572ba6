//! Times of one kind of request.

use serde_json::{Value, json};
use std::time::Duration;

/// Times of many requests, and how many the node refused because the answer was pruned.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    times: Vec<Duration>,
    refused: u64,
}

impl Samples {
    /// Counts a right answer.
    pub fn answered(&mut self, time: Duration) {
        self.times.push(time);
    }

    /// Counts a refusal.
    pub fn refused(&mut self) {
        self.refused += 1;
    }

    /// Takes the times of others in.
    pub fn join(&mut self, others: Self) {
        self.times.extend(others.times);
        self.refused += others.refused;
    }

    /// How many right answers there were.
    pub const fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there was none.
    pub const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The time that `per_mille` of the requests stayed within; zero without answers. Unit: microseconds.
    pub fn quantile(&self, per_mille: usize) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = (times.len() * per_mille / 1_000).min(times.len().saturating_sub(1));
        times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }

    /// `median / p99`, or that the node refused.
    pub fn cell(&self) -> String {
        match (self.times.len(), self.refused) {
            (0, 0) => "-".to_owned(),
            (0, _) => "pruned".to_owned(),
            _ => format!("{:.0} / {:.0}", self.quantile(500), self.quantile(990)),
        }
    }

    /// The same for programs. Unit: microseconds.
    pub fn json(&self) -> Value {
        json!({
            "samples": self.times.len(), "refused": self.refused,
            "median_us": self.quantile(500), "p99_us": self.quantile(990), "max_us": self.quantile(1_000),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let mut samples = Samples::default();
        assert_eq!(samples.cell(), "-");
        for micros in (1..=100).rev() {
            samples.answered(Duration::from_micros(micros));
        }
        assert_eq!((samples.quantile(500).round(), samples.quantile(1_000).round()), (51.0, 100.0));
        assert_eq!(samples.cell(), "51 / 100");
    }
}
