//! Kubernetes quantities: `500m`, `1.5`, `64Mi`, `2e3`.

/// CPU in millicores and memory in bytes; what a pod requests, what a node offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resources {
    /// CPU, in thousandths of a core.
    pub cpu: u64,
    /// Memory, in bytes.
    pub memory: u64,
    /// Ephemeral storage, in bytes.
    pub storage: u64,
}

/// The text is not a Kubernetes quantity, is negative, or is too large to be real.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a quantity such as 500m, 2, 64Mi or 1G, not negative and below 2^60")]
pub struct ParseQuantityError;

/// Millicores of a CPU quantity, rounded up as Kubernetes does.
///
/// # Errors
/// When the text is not a quantity.
pub fn millicores(text: &str) -> Result<u64, ParseQuantityError> {
    scaled(text, 1000.0)
}

/// Bytes of a memory or storage quantity, rounded up.
///
/// # Errors
/// When the text is not a quantity.
pub fn bytes(text: &str) -> Result<u64, ParseQuantityError> {
    scaled(text, 1.0)
}

/// A whole number of things (pod slots, extended resources), rounded up.
///
/// # Errors
/// When the text is not a quantity.
pub fn whole(text: &str) -> Result<u64, ParseQuantityError> {
    scaled(text, 1.0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie in 0..2^60"
)]
fn scaled(text: &str, unit: f64) -> Result<u64, ParseQuantityError> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|&(i, c)| !(c.is_ascii_digit() || c == '.' || is_exponent(text, i)))
        .map_or(text.len(), |(i, _)| i);
    let number: f64 = text[..end].parse().map_err(|_| ParseQuantityError)?;
    let value = libm::ceil(number * suffix(&text[end..]).ok_or(ParseQuantityError)? * unit - 1e-6);
    if !(0.0..1.2e18).contains(&value) && value > -0.5 {
        return Err(ParseQuantityError);
    }
    Ok(value.max(0.0) as u64)
}

/// Whether the byte at `i` belongs to a decimal exponent (`2e3`, `1E-2`), not to the suffix `E`.
fn is_exponent(text: &str, i: usize) -> bool {
    let bytes = text.as_bytes();
    let after = |k: usize| bytes.get(k).copied().unwrap_or(0);
    match bytes[i] {
        b'e' | b'E' => {
            after(i + 1).is_ascii_digit() || (matches!(after(i + 1), b'+' | b'-') && after(i + 2).is_ascii_digit())
        }
        b'+' | b'-' => i > 0 && matches!(bytes[i - 1], b'e' | b'E'),
        _ => false,
    }
}

fn suffix(text: &str) -> Option<f64> {
    const KI: f64 = 1024.0;
    Some(match text {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => KI,
        "Mi" => KI * KI,
        "Gi" => KI * KI * KI,
        "Ti" => KI * KI * KI * KI,
        "Pi" => KI * KI * KI * KI * KI,
        "Ei" => KI * KI * KI * KI * KI * KI,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_in_kubernetes() {
        assert_eq!(millicores("500m"), Ok(500));
        assert_eq!(millicores("2"), Ok(2000));
        assert_eq!(millicores("0.1"), Ok(100));
        assert_eq!(bytes("64Mi"), Ok(64 << 20));
        assert_eq!(bytes("1G"), Ok(1_000_000_000));
        assert_eq!(bytes("2e3"), Ok(2000));
        assert_eq!(bytes("1E-1"), Ok(1));
        assert_eq!(whole("110"), Ok(110));
        assert_eq!(bytes("8123456Ki"), Ok(8_123_456 << 10));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "abc", "-1", "1Xi", "1e30", "99999999999999999999Ei", "1 2"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
