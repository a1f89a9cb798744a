//! How far two texts are from each other that are the same but for their numbers.

/// The texts' greatest difference, relative to their greatest number, where all else is equal. Numbers are written in
/// hexadecimal, as Python's `float.hex` does.
pub(crate) fn distance(one: &str, other: &str) -> Option<f64> {
    let ((one, ones), (other, others)) = (parse(one), parse(other));
    if one != other || ones.len() != others.len() {
        return None;
    }
    let greatest = ones.iter().chain(&others).fold(0.0_f64, |greatest, number| greatest.max(number.abs()));
    let apart = ones.iter().zip(&others).fold(0.0_f64, |apart, (one, other)| apart.max((one - other).abs()));
    Some(if apart == 0.0 { 0.0 } else { apart / greatest })
}

/// The text without its numbers, and those.
fn parse(text: &str) -> (String, Vec<f64>) {
    let (mut rest, mut between, mut numbers) = (text, String::new(), Vec::new());
    while let Some(at) = rest.find("0x") {
        let (before, from) = rest.split_at(at);
        rest = &from[2..];
        let Some((magnitude, after)) = number(rest) else {
            between.push_str(before);
            between.push_str("0x");
            continue;
        };
        let positive = before.strip_suffix('-');
        between.push_str(positive.unwrap_or(before));
        between.push('#');
        numbers.push(if positive.is_some() { -magnitude } else { magnitude });
        rest = after;
    }
    between.push_str(rest);
    (between, numbers)
}

/// `1.8p+3` at the beginning of a text, and what follows.
fn number(text: &str) -> Option<(f64, &str)> {
    let (digits, rest) = text.split_once('p')?;
    let (whole, fraction) = digits.split_once('.')?;
    let bits = u64::from_str_radix(fraction, 16).ok()?;
    let end = rest.bytes().skip(1).take_while(u8::is_ascii_digit).count() + 1;
    let (exponent, after) = rest.split_at_checked(end)?;
    let exponent: i32 = exponent.parse().ok()?;
    // At most 13 digits after the point: exact.
    let fraction = bits as f64 / 16_f64.powi(i32::try_from(fraction.len()).ok()?);
    // In two steps: the smallest numbers' power of two is none that a float has.
    let half = exponent / 2;
    let mantissa = f64::from(whole.parse::<u8>().ok()?) + fraction;
    Some((mantissa * 2_f64.powi(half) * 2_f64.powi(exponent - half), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (one text, another, how far they are apart)
    const ROWS: &[(&str, &str, Option<f64>)] = &[
        ("a 0x1.0000000000000p+0", "a 0x1.0000000000000p+0", Some(0.0)),
        ("a 0x1.0000000000000p+0", "b 0x1.0000000000000p+0", None),
        ("[0x1.0000000000000p+0]", "[0x1.0000000000001p+0]", Some(f64::EPSILON / (1.0 + f64::EPSILON))),
        (
            "[-0x1.0000000000000p+2 0x0.0p+0]",
            "[-0x1.0000000000000p+2 -0x1.0000000000000p-50]",
            Some(f64::EPSILON),
        ),
        ("0x0.0p+0", "-0x0.0p+0", Some(0.0)),
        ("0x0.0000000000001p-1022", "0x0.0000000000002p-1022", Some(0.5)),
        ("0x1.0000000000000p+0", "nan", None),
        ("0x1.0000000000000p+0 0x1.0000000000000p+0", "0x1.0000000000000p+0", None),
        ("at 0xfe", "at 0xff", None),
        ("at 0xfe", "at 0xfe", Some(0.0)),
    ];

    #[test]
    fn only_numbers_may_differ() {
        for (one, other, apart) in ROWS {
            assert_eq!(distance(one, other), *apart, "{one} {other}");
        }
    }
}
