//! Numbers as text: variable-length integers (LEB128) in base64, which a page decodes in a few lines.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Numbers, one after another; small ones take a byte.
#[derive(Default)]
pub(super) struct Numbers(Vec<u8>);

impl Numbers {
    /// Adds a number.
    pub(super) fn push(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// All of them, as text.
    pub(super) fn text(&self) -> String {
        STANDARD.encode(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_seven_bits_a_byte() {
        let mut numbers = Numbers::default();
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX)] {
            numbers.push(number);
        }
        let bytes = [0, 1, 0x7f, 0x80, 1, 0xac, 2, 0xff, 0xff, 0xff, 0xff, 0xf];
        assert_eq!(numbers.0, bytes);
        assert_eq!(numbers.text(), "AAF/gAGsAv////8P");
    }
}
