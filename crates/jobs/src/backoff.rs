use std::time::Duration;

use stagedoor_core::Entropy;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How long to wait after the failed run number `attempt` (the first is 1): doubling from one
/// second to one hour, shortened by up to half so that jobs that failed together spread out.
/// Computed from the stored count, because the next run may be on another node.
pub(crate) fn delay(attempt: u32, entropy: &Entropy) -> Duration {
    let doubled = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(LONGEST);
    let half = doubled / 2;
    half + Duration::from_micros(entropy.below(half.as_micros() as u64 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_an_hour_and_spread_over_their_upper_half() {
        let entropy = Entropy::seeded(1);
        for (attempt, full) in [(1, 1), (2, 2), (5, 16), (12, 2048), (13, 3600), (u32::MAX, 3600)] {
            let full = Duration::from_secs(full);
            let delays: Vec<_> = (0..200).map(|_| delay(attempt, &entropy)).collect();
            assert!(delays.iter().all(|delay| (full / 2..=full).contains(delay)), "attempt {attempt}: {delays:?}");
            let spread = *delays.iter().max().unwrap() - *delays.iter().min().unwrap();
            assert!(spread > full / 4, "attempt {attempt} spreads over {spread:?} only");
        }
    }
}
