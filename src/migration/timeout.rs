//! Durations as PostgreSQL writes them: `2s`, `500ms`, `10min`; `0` disables.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A timeout in whole milliseconds, which is what PostgreSQL keeps; 0 means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeout(u32);

/// What PostgreSQL accepts for its timeouts.
const MAX_MILLIS: u64 = i32::MAX as u64;

/// Units from large to small, in microseconds.
const UNITS: [(&str, u64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("min", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

impl Timeout {
    /// No timeout at all.
    pub const DISABLED: Timeout = Timeout(0);

    pub const fn from_secs(seconds: u16) -> Timeout {
        Timeout(seconds as u32 * 1000)
    }

    /// As `SET LOCAL lock_timeout` takes it.
    pub const fn as_millis(self) -> u32 {
        self.0
    }

    /// `None` when disabled.
    pub const fn as_duration(self) -> Option<Duration> {
        match self.0 {
            0 => None,
            millis => Some(Duration::from_millis(millis as u64)),
        }
    }
}

/// In the largest unit that divides it, so that it reads as it was written: `2s`, `10min`, `0`.
impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = u64::from(self.0) * 1000;
        match UNITS
            .iter()
            .find(|(_, size)| micros >= *size && micros.is_multiple_of(*size))
        {
            Some((unit, size)) => write!(f, "{}{unit}", micros / size),
            None => f.write_str("0"),
        }
    }
}

/// Why a text is no timeout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeoutError {
    #[error("{0:?} is not a duration: write a number with a unit (us, ms, s, min, h, d), or 0 for none")]
    Malformed(String),
    #[error("{0:?} has no unit: write {0}s or {0}ms")]
    NoUnit(String),
    #[error("{0:?} is too long: PostgreSQL's timeouts end at {MAX_MILLIS}ms (24 days)")]
    TooLong(String),
}

impl FromStr for Timeout {
    type Err = TimeoutError;

    fn from_str(text: &str) -> Result<Timeout, TimeoutError> {
        let written = text.trim();
        let malformed = || TimeoutError::Malformed(written.to_string());
        let digits = written
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(written.len());
        let (number, unit) = written.split_at(digits);
        let (whole, fraction) = match number.split_once('.') {
            Some((whole, fraction)) if !whole.is_empty() && !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(malformed()),
            None => (number, ""),
        };
        // "1.2.3s", and fractions beyond what a microsecond can tell
        if whole.is_empty() || fraction.contains('.') || fraction.len() > 9 {
            return Err(malformed());
        }
        let unit = unit.trim();
        let size = match UNITS.iter().find(|(name, _)| *name == unit) {
            Some((_, size)) => *size,
            None if unit.is_empty() && number.bytes().all(|byte| byte == b'0' || byte == b'.') => 1,
            None if unit.is_empty() => return Err(TimeoutError::NoUnit(written.to_string())),
            None => return Err(malformed()),
        };
        let too_long = || TimeoutError::TooLong(written.to_string());
        let whole: u64 = whole.parse().map_err(|_| too_long())?;
        let scale = 10u128.pow(fraction.len() as u32);
        let fraction: u128 = if fraction.is_empty() {
            0
        } else {
            fraction.parse().map_err(|_| malformed())?
        };
        let micros = u128::from(whole) * u128::from(size) + fraction * u128::from(size) / scale;
        // rounded up: half a millisecond must not become 0, which is none
        let millis = micros.div_ceil(1000);
        match u64::try_from(millis) {
            Ok(millis) if millis <= MAX_MILLIS => Ok(Timeout(millis as u32)),
            _ => Err(too_long()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_postgresql() {
        for (text, millis, shown) in [
            ("0", 0, "0"),
            ("0s", 0, "0"),
            ("2s", 2_000, "2s"),
            (" 2 s ", 2_000, "2s"),
            ("500ms", 500, "500ms"),
            ("1500ms", 1_500, "1500ms"),
            ("1.5s", 1_500, "1500ms"),
            ("10min", 600_000, "10min"),
            ("60s", 60_000, "1min"),
            ("2h", 7_200_000, "2h"),
            ("1d", 86_400_000, "1d"),
            ("24d", 2_073_600_000, "24d"),
            ("500us", 1, "1ms"),
            ("2147483647ms", 2_147_483_647, "2147483647ms"),
        ] {
            let timeout: Timeout = text.parse().unwrap();
            assert_eq!(
                (timeout.as_millis(), timeout.to_string().as_str()),
                (millis, shown),
                "{text}"
            );
        }
        assert_eq!(Timeout::DISABLED.as_duration(), None);
        assert_eq!(Timeout::from_secs(5).as_duration(), Some(Duration::from_secs(5)));
    }

    #[test]
    fn what_is_no_duration_is_refused_with_the_reason() {
        let malformed = "is not a duration: write a number with a unit (us, ms, s, min, h, d), or 0 for none";
        for (text, message) in [
            ("", malformed),
            ("s", malformed),
            ("2 seconds", malformed),
            ("2m", malformed),
            ("-2s", malformed),
            ("1.2.3s", malformed),
            (".5s", malformed),
            ("5.s", malformed),
            ("²s", malformed),
            ("2", "has no unit: write 2s or 2ms"),
            (
                "25d",
                "is too long: PostgreSQL's timeouts end at 2147483647ms (24 days)",
            ),
            (
                "99999999999999999999999d",
                "is too long: PostgreSQL's timeouts end at 2147483647ms (24 days)",
            ),
        ] {
            assert_eq!(
                text.parse::<Timeout>().unwrap_err().to_string(),
                format!("{text:?} {message}")
            );
        }
    }
}
