//! One verdict out of those of several endpoints.

use super::{BroadcastVerdict, endpoints::NoAnswer};

/// The best: one endpoint that passes a transaction on is enough, and one that may have it keeps it alive. An endpoint that does not answer
/// may have taken it.
pub(super) fn best(said: Vec<(&str, Result<BroadcastVerdict, NoAnswer>)>) -> BroadcastVerdict {
    let verdict = |(name, answer): (&str, Result<BroadcastVerdict, NoAnswer>)| match answer {
        Ok(BroadcastVerdict::RetrySame(why)) => BroadcastVerdict::RetrySame(format!("{name}: {why}")),
        Ok(BroadcastVerdict::Rebuild(why)) => BroadcastVerdict::Rebuild(format!("{name}: {why}")),
        Ok(BroadcastVerdict::Refused(why)) => BroadcastVerdict::Refused(format!("{name}: {why}")),
        Ok(verdict) => verdict,
        Err(why) => BroadcastVerdict::RetrySame(format!("{name}: {}", why.why())),
    };
    let nobody = || BroadcastVerdict::RetrySame("no endpoint answers in time".to_owned());
    said.into_iter().map(verdict).min_by_key(rank).unwrap_or_else(nobody)
}

const fn rank(verdict: &BroadcastVerdict) -> u8 {
    match verdict {
        BroadcastVerdict::Accepted => 0,
        BroadcastVerdict::Known => 1,
        BroadcastVerdict::RetrySame(_) => 2,
        BroadcastVerdict::Rebuild(_) => 3,
        BroadcastVerdict::Refused(_) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_counts() {
        use BroadcastVerdict::{Accepted, Known, Rebuild, Refused, RetrySame};
        let all = [Accepted, Known, RetrySame("a".into()), Rebuild("b".into()), Refused("c".into())];
        for (place, better) in all.iter().enumerate() {
            for worse in &all[place..] {
                let said = vec![("x", Ok(worse.clone())), ("y", Ok(better.clone()))];
                assert_eq!(rank(&best(said)), rank(better));
            }
        }
        let away = vec![("x", Ok(Refused("c".into()))), ("y", Err(NoAnswer::Away("late".into())))];
        assert_eq!(best(away), RetrySame("y: late".into()), "it may have taken it");
        assert!(matches!(best(Vec::new()), RetrySame(_)));
    }
}
