//! Base45 (RFC 9285): two bytes in three characters of the QR alphanumeric set.
//!
//! Written out because it is twenty lines and the barcode needs the strict reading: one text
//! per byte string, no white space, no lower case.

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// `bytes` has an even length, as every barcode format has.
pub fn encode(bytes: &[u8]) -> String {
    assert!(bytes.len().is_multiple_of(2), "{} bytes do not pair up", bytes.len());
    let digits = bytes.chunks_exact(2).flat_map(|pair| {
        let value = usize::from(pair[0]) << 8 | usize::from(pair[1]);
        [value % 45, value / 45 % 45, value / 2_025]
    });
    digits.map(|digit| char::from(ALPHABET[digit])).collect()
}

/// `None` unless `text` is what [`encode`] makes of some `N` bytes.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.as_bytes();
    if text.len() != N / 2 * 3 {
        return None;
    }
    let mut bytes = [0; N];
    for (pair, digits) in bytes.chunks_exact_mut(2).zip(text.chunks_exact(3)) {
        let digit = |at: usize| ALPHABET.iter().position(|letter| *letter == digits[at]);
        let value = digit(0)? + digit(1)? * 45 + digit(2)? * 2_025;
        pair.copy_from_slice(&u16::try_from(value).ok()?.to_be_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_examples_agree() {
        // RFC 9285, sections 4.3 and 4.4, without the odd byte that some of them end with.
        for (bytes, text) in [("AB", "BB8"), ("Hello!", "%69 VD92E"), ("base-4", "UJCLQE7W5"), ("ietf", "QED8WE")] {
            assert_eq!(encode(bytes.as_bytes()), text);
        }
        assert_eq!(decode::<4>("QED8WE"), Some(*b"ietf"));
    }

    #[test]
    fn a_text_has_one_spelling() {
        assert_eq!(decode::<2>("FGW"), Some([255, 255]));
        for wrong in ["GGW", ":::", "bb8", "BB", "BB8 ", " BB8", "BB8BB8", "BÉ", "B\u{130}8"] {
            assert_eq!(decode::<2>(wrong), None, "{wrong:?}");
        }
    }
}
