//! Token buckets: what somebody may use of something over time.

use std::time::{Duration, Instant};

/// Unit of the level: a millionth of a token.
const MICRO: i64 = 1_000_000;

/// A bucket that fills at a rate up to its size.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    level: i64,
    size: i64,
    /// Unit: tokens per second, which is millionths per microsecond.
    rate: i64,
    at: Instant,
}

impl Bucket {
    /// A full bucket of `size` tokens that fills with `rate` tokens a second.
    pub(crate) fn new(rate: u32, size: u32, now: Instant) -> Self {
        let size = i64::from(size) * MICRO;
        Self { level: size, size, rate: i64::from(rate), at: now }
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_micros();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        self.level = self.level.saturating_add(passed.saturating_mul(self.rate)).min(self.size);
        self.at = self.at.max(now);
    }

    /// Takes `tokens` if they are there.
    pub(crate) fn take(&mut self, tokens: usize, now: Instant) -> bool {
        self.fill(now);
        let cost = cost(tokens);
        let enough = cost <= self.level;
        if enough {
            self.level -= cost;
        }
        enough
    }

    /// Takes `tokens`, into debt if need be.
    pub(crate) fn spend(&mut self, tokens: usize, now: Instant) {
        self.fill(now);
        self.level = self.level.saturating_sub(cost(tokens));
    }

    /// Whole tokens that are there.
    pub(crate) fn available(&mut self, now: Instant) -> usize {
        self.fill(now);
        usize::try_from(self.level / MICRO).unwrap_or(0)
    }

    /// Time until `tokens` are there.
    pub(crate) fn wait_for(&mut self, tokens: usize, now: Instant) -> Duration {
        self.fill(now);
        let missing = cost(tokens).saturating_sub(self.level).max(0);
        // Rounded up, or a waiter would wake a moment too early for ever.
        Duration::from_micros(u64::try_from(missing / self.rate.max(1)).unwrap_or(0).saturating_add(1))
    }
}

fn cost(tokens: usize) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX).saturating_mul(MICRO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_size_at_once_and_its_rate_over_time() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut bucket = Bucket::new(10, 20, start);
        assert!(bucket.take(20, start) && !bucket.take(1, start));
        assert!(!bucket.take(1, after(99)) && bucket.take(1, after(100)));
        assert_eq!(bucket.available(after(600)), 5);
        assert_eq!(bucket.available(after(60_000)), 20);
        bucket.spend(25, after(60_000));
        assert_eq!(bucket.available(after(60_400)), 0);
        assert!(bucket.wait_for(1, after(60_400)) >= Duration::from_millis(200));
        assert_eq!(bucket.available(after(60_600)), 1);
        // A clock that stands still or goes back adds nothing.
        assert_eq!(bucket.available(after(60_000)), 1);
    }
}
