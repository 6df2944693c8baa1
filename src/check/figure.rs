//! Figures as texts: compared digit by digit, however long they are.

use std::cmp::Ordering;

/// A figure, as TOML or the server writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Figure {
    /// `0.digits × 10^exponent`; zero has no digits. Neither end of the digits is a zero.
    Decimal {
        negative: bool,
        digits: String,
        exponent: i64,
    },
    Infinity {
        negative: bool,
    },
    NaN,
}

impl Figure {
    /// Reads a figure that a check file holds.
    pub(crate) fn parse(text: &str) -> Option<Figure> {
        let text = text.replace('_', "").to_ascii_lowercase();
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(&text)),
        };
        match rest {
            "inf" | "infinity" => return Some(Figure::Infinity { negative }),
            "nan" => return Some(Figure::NaN),
            _ => {}
        }
        let (mantissa, power) = match rest.split_once('e') {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok()?),
            None => (rest, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() && part.is_empty() || !is_digits(whole) || !is_digits(part) {
            return None;
        }
        let all = format!("{whole}{part}");
        let digits = all.trim_start_matches('0');
        let leading = i64::try_from(all.len() - digits.len()).ok()?;
        let digits = digits.trim_end_matches('0').to_string();
        let is_zero = digits.is_empty();
        Some(Figure::Decimal {
            negative: negative && !is_zero,
            digits,
            exponent: match is_zero {
                true => 0,
                false => i64::try_from(whole.len()).ok()? - leading + i64::from(power),
            },
        })
    }

    /// Reads what the server prints for a number, and nothing that only a text could be (`01`, `1e0`, ` 1`).
    pub(crate) fn printed(text: &str) -> Option<Figure> {
        if matches!(text, "NaN" | "Infinity" | "-Infinity") {
            return Figure::parse(text);
        }
        let bare = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, power) = match bare.split_once('e') {
            Some((mantissa, power)) => (mantissa, Some(power)),
            None => (bare, None),
        };
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (whole, part) = match mantissa.split_once('.') {
            Some((whole, part)) => (whole, Some(part)),
            None => (mantissa, None),
        };
        let is_printed = is_digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && part.is_none_or(is_digits)
            && power.is_none_or(|power| {
                power.len() > 2 && power.starts_with(['+', '-']) && is_digits(&power[1..])
            });
        is_printed.then(|| Figure::parse(text)).flatten()
    }

    /// How it stands to another; nothing is less or more than NaN.
    pub(crate) fn compare(&self, other: &Figure) -> Option<Ordering> {
        match (self, other) {
            (Figure::NaN, Figure::NaN) => Some(Ordering::Equal),
            (Figure::NaN, _) | (_, Figure::NaN) => None,
            _ if self.sign() != other.sign() => Some(self.sign().cmp(&other.sign())),
            (Figure::Infinity { .. }, Figure::Infinity { .. }) => Some(Ordering::Equal),
            (Figure::Infinity { negative }, _) => Some(towards(*negative, Ordering::Greater)),
            (_, Figure::Infinity { negative }) => Some(towards(*negative, Ordering::Less)),
            (
                Figure::Decimal {
                    negative,
                    digits,
                    exponent,
                },
                Figure::Decimal {
                    digits: theirs,
                    exponent: its,
                    ..
                },
            ) => Some(towards(
                *negative,
                exponent.cmp(its).then_with(|| digits.cmp(theirs)),
            )),
        }
    }

    fn sign(&self) -> i8 {
        match self {
            Figure::NaN => 0,
            Figure::Decimal { digits, .. } if digits.is_empty() => 0,
            Figure::Decimal { negative: true, .. } | Figure::Infinity { negative: true } => -1,
            _ => 1,
        }
    }
}

/// Of two negative figures the larger is the less.
fn towards(negative: bool, order: Ordering) -> Ordering {
    match negative {
        true => order.reverse(),
        false => order,
    }
}

/// How what the server printed stands to a figure of a check file. What has an exponent is a float of the server, and
/// so is the other one then.
pub(crate) fn compare(printed: &str, wanted: &str) -> Option<Ordering> {
    let (have, want) = (Figure::printed(printed)?, Figure::parse(wanted)?);
    if printed.contains('e')
        && let (Ok(have), Ok(want)) = (printed.parse::<f64>(), wanted.replace('_', "").parse::<f64>())
    {
        return have.partial_cmp(&want);
    }
    have.compare(&want)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_compared_digit_by_digit() {
        use Ordering::{Equal, Greater, Less};
        for (printed, wanted, order) in [
            ("9007199254740993", "9007199254740992", Some(Greater)),
            ("1.0000000000000000001", "1", Some(Greater)),
            ("12345678901234567890", "12345678901234567000.0", Some(Greater)),
            ("1.50", "1.5", Some(Equal)),
            ("-1.5", "-1.50", Some(Equal)),
            ("0.00", "-0.0", Some(Equal)),
            ("0", "0e5", Some(Equal)),
            ("100", "1e2", Some(Equal)),
            ("0.001", "1e-3", Some(Equal)),
            ("-2", "-1", Some(Less)),
            ("-1", "1", Some(Less)),
            ("99", "100", Some(Less)),
            ("9", "10.5", Some(Less)),
            ("1234", "1_234", Some(Equal)),
            ("1e+20", "100000000000000000000", Some(Equal)),
            ("1.2345678901234567e+19", "12345678901234567890", Some(Equal)),
            ("1e-07", "0.0000001", Some(Equal)),
            ("NaN", "nan", Some(Equal)),
            ("NaN", "1", None),
            ("Infinity", "inf", Some(Equal)),
            ("-Infinity", "-1e300", Some(Less)),
            ("5", "inf", Some(Less)),
            ("0.30000000000000004", "0.3", Some(Greater)),
            // texts
            ("01", "1", None),
            ("1e0", "1", None),
            (" 1", "1", None),
            ("+1", "1", None),
            (".5", "0.5", None),
            ("inf", "inf", None),
            ("", "0", None),
        ] {
            assert_eq!(compare(printed, wanted), order, "{printed} {wanted}");
        }
    }
}
