//! How many requests in what time, and the arithmetic that holds them to it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// So many requests in so much time, written `20/s`, `100/min`, `5/10s` or `1000/h`.
///
/// All of them may come at once; each one used is given back `period / count` later than the one
/// before. `100/5s` is therefore as much in the long run as `20/s`, and patient with bursts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quota {
    count: u32,
    period_seconds: u32,
    /// What one request costs: the time until it is given back, in microseconds, rounded up.
    interval_us: u64,
}

/// What became of a request, and what is left of the quota after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Requests that may follow at once.
    pub remaining: u32,
    /// Until all of the quota may be used again.
    pub reset: Duration,
    /// Set when the request is refused: when the next one will be admitted, should nobody else use
    /// it.
    pub retry_after: Option<Duration>,
}

const PERIOD_MAX: u32 = 24 * 60 * 60;
const UNITS: [(&str, u32); 3] = [("h", 3_600), ("min", 60), ("s", 1)];

impl Quota {
    pub fn count(&self) -> u32 {
        self.count
    }

    pub fn period(&self) -> Duration {
        Duration::from_secs(self.period_seconds.into())
    }

    /// What one request adds to the debt, in microseconds.
    pub(crate) fn interval_us(&self) -> u64 {
        self.interval_us
    }

    /// Decides on one request of a subject with this debt; gives the debt after it. A refused
    /// request costs nothing.
    pub(crate) fn decide(&self, debt_us: u64) -> (u64, Verdict) {
        let most = self.interval_us * u64::from(self.count);
        let after = debt_us + self.interval_us;
        let (debt, retry_after) = match after.checked_sub(most) {
            None | Some(0) => (after, None),
            Some(over) => (debt_us, Some(Duration::from_micros(over))),
        };
        let remaining = (most.saturating_sub(debt) / self.interval_us) as u32;
        // Intervals are rounded up; together they must not make a second more than the period.
        let reset = if debt <= most { debt.min(u64::from(self.period_seconds) * 1_000_000) } else { debt };
        (debt, Verdict { remaining, reset: Duration::from_micros(reset), retry_after })
    }
}

impl FromStr for Quota {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no limit such as 20/s, 100/min or 5/10s");
        let (count, period) = text.split_once('/').ok_or_else(wrong)?;
        let unit_at = period.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = period.split_at(unit_at);
        let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let number: u32 = if number.is_empty() { 1 } else { number.parse().map_err(|_| wrong())? };
        let period_seconds = number.checked_mul(seconds).filter(|period| (1..=PERIOD_MAX).contains(period));
        let period_seconds = period_seconds.ok_or_else(|| format!("{text:?}: the time must be 1s to 24h"))?;
        let period_us = u64::from(period_seconds) * 1_000_000;
        let count: u32 = count.parse().map_err(|_| wrong())?;
        if count == 0 || u64::from(count) > period_us {
            return Err(format!("{text:?}: the count must be 1 to 1000000 a second"));
        }
        Ok(Self { count, period_seconds, interval_us: period_us.div_ceil(count.into()) })
    }
}

impl TryFrom<String> for Quota {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Quota> for String {
    fn from(quota: Quota) -> String {
        quota.to_string()
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(_, seconds): &(&str, u32)| self.period_seconds.is_multiple_of(*seconds);
        let (unit, seconds) = UNITS.into_iter().find(whole).expect("every time is whole seconds");
        match self.period_seconds / seconds {
            1 => write!(out, "{}/{unit}", self.count),
            number => write!(out, "{}/{number}{unit}", self.count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_read_as_they_are_written() {
        for text in ["20/s", "100/min", "5/10s", "1000/h", "3/2min", "1000000/s"] {
            let quota: Quota = text.parse().unwrap();
            assert_eq!(quota.to_string(), text);
        }
        assert_eq!("60/60s".parse::<Quota>().unwrap().to_string(), "60/min");
        for wrong in
            ["", "20", "20/", "/s", "20/x", "0/s", "20/0s", "1000001/s", "1/25h", "-1/s", "1/s ", "9/9999999999s"]
        {
            assert!(wrong.parse::<Quota>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn all_may_come_at_once_and_then_one_at_a_time() {
        let quota: Quota = "20/s".parse().unwrap();
        let mut debt = 0;
        for left in (0..20).rev() {
            let (after, verdict) = quota.decide(debt);
            assert_eq!((verdict.remaining, verdict.retry_after), (left, None));
            debt = after;
        }
        let (unchanged, refused) = quota.decide(debt);
        assert_eq!((unchanged, refused.remaining), (debt, 0));
        assert_eq!(refused.reset, Duration::from_secs(1));
        assert_eq!(refused.retry_after, Some(Duration::from_millis(50)));
        let (_, admitted) = quota.decide(debt - 50_000);
        assert_eq!((admitted.remaining, admitted.retry_after), (0, None));
    }

    #[test]
    fn a_debt_beyond_the_quota_must_be_paid_first() {
        let quota: Quota = "10/min".parse().unwrap();
        let (debt, refused) = quota.decide(100_000_000);
        assert_eq!((debt, refused.remaining), (100_000_000, 0));
        assert_eq!(refused.retry_after, Some(Duration::from_secs(46)), "until one interval is free again");
    }

    #[test]
    fn rounding_never_gives_more() {
        let quota: Quota = "7/s".parse().unwrap();
        assert_eq!(quota.interval_us(), 142_858);
        let (mut debt, mut admitted) = (0, 0);
        loop {
            let (after, verdict) = quota.decide(debt);
            if verdict.retry_after.is_some() {
                assert_eq!(verdict.reset, Duration::from_secs(1), "what clients are told is the period");
                break;
            }
            (debt, admitted) = (after, admitted + 1);
        }
        assert_eq!(admitted, 7);
    }
}
