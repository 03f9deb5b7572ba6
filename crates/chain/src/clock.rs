//! The time that blocks get.

use parking_lot::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

/// Local time; on a development chain moved by hand.
#[derive(Debug, Default)]
pub struct Clock {
    state: Mutex<Shift>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Shift {
    /// Unit: seconds.
    offset: i64,
    next: Option<u64>,
}

impl Clock {
    /// Seconds since the Unix epoch.
    pub fn now(&self) -> u64 {
        system_seconds().saturating_add_signed(self.state.lock().offset)
    }

    /// Time of the block that is being built: a time set for just this block, or now.
    pub(crate) fn take_next(&self) -> u64 {
        let next = self.state.lock().next.take();
        if let Some(next) = next {
            self.set(next);
        }
        next.unwrap_or_else(|| self.now())
    }

    /// Moves the clock; answers with how far it is from local time. Unit: seconds.
    pub(crate) fn advance(&self, seconds: i64) -> i64 {
        let mut state = self.state.lock();
        state.offset = state.offset.saturating_add(seconds);
        state.offset
    }

    /// Sets the clock; it goes on from there.
    pub(crate) fn set(&self, seconds: u64) {
        let offset = i128::from(seconds).saturating_sub(i128::from(system_seconds()));
        self.state.lock().offset = i64::try_from(offset).unwrap_or(i64::MAX);
    }

    /// Fixes the time of the next block. Unit: seconds since the Unix epoch.
    pub fn set_next(&self, seconds: u64) {
        self.state.lock().next = Some(seconds);
    }

    /// The present shift, to come back to with [`Self::restore`].
    pub(crate) fn offset(&self) -> i64 {
        self.state.lock().offset
    }

    /// Takes back every shift since `offset` was read.
    pub(crate) fn restore(&self, offset: i64) {
        *self.state.lock() = Shift { offset, next: None };
    }
}

fn system_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_time_holds_for_one_block_and_the_clock_goes_on_from_it() {
        let clock = Clock::default();
        clock.set_next(5_000_000_000);
        assert_eq!(clock.take_next(), 5_000_000_000);
        assert!((5_000_000_000..5_000_000_100).contains(&clock.take_next()));
        let before = clock.offset();
        clock.advance(1_000);
        clock.restore(before);
        assert_eq!(clock.offset(), before);
    }
}
