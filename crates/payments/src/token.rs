//! What the buyer's browser got from the gateway in exchange for the card.

use std::fmt;

use stagedoor_core::FieldError;

/// A gateway's name for a means of payment: 1..=[`Token::MAX`] visible ASCII characters. Never a
/// card number. Printed as `Token(..)`, so that it cannot reach a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Stripe allows 255 characters for an object id.
    pub const MAX: usize = 255;

    /// Refuses, as a fault of `field`, what no gateway would give out, and above all anything that
    /// looks like a card number: such a text must never be stored or passed on.
    pub fn parse(field: &'static str, text: &str) -> Result<Token, FieldError> {
        if has_card_number(text) {
            return Err(FieldError::new(field, "must be a gateway token, never a card number"));
        }
        if text.is_empty() || text.len() > Self::MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(FieldError::new(field, format!("must be 1 to {} visible ASCII characters", Self::MAX)));
        }
        Ok(Token(text.to_owned()))
    }

    /// As it was stored; it was checked before.
    pub(crate) fn stored(text: String) -> Token {
        Token(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(..)")
    }
}

/// Whether some run of digits, with the spaces and dashes people put between them, has the length
/// and check digit of a card number. Source: ISO/IEC 7812-1.
fn has_card_number(text: &str) -> bool {
    let is_separator = |letter: char| letter.is_whitespace() || matches!(letter, '-' | '.');
    text.split(|letter: char| !letter.is_ascii_digit() && !is_separator(letter)).any(|run| {
        let digits: Vec<u32> = run.chars().filter_map(|letter| letter.to_digit(10)).collect();
        (13..=19).contains(&digits.len()) && passes_luhn(&digits)
    })
}

fn passes_luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match at % 2 {
            0 => *digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_refused_however_they_are_written() {
        // Published test numbers of the card schemes, 13 to 19 digits long.
        for card in [
            "4222222222222",
            "378282246310005",
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "4242.4242.4242.4242",
            " 5555555555554444 ",
            "card:5555555555554444",
            "tok_4242424242424242",
            "6304000000000000000",
        ] {
            let refused = Token::parse("payment.token", card).unwrap_err();
            assert!(refused.reason.contains("card number"), "{card}: {refused}");
            assert!(!refused.to_string().contains("4242"), "the message must not repeat it");
        }
    }

    #[test]
    fn tokens_are_visible_ascii_of_a_sane_length() {
        let longest = "x".repeat(Token::MAX);
        for good in ["tok_ok", "pm_1Nx2dL2eZvKYlo2C", "4242424242424241", "123456789012", longest.as_str()] {
            assert_eq!(Token::parse("token", good).unwrap().as_str(), good);
        }
        let too_long = "x".repeat(Token::MAX + 1);
        for wrong in ["", " ", "tok ok", "tok\n", "tök", too_long.as_str()] {
            assert!(Token::parse("token", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_token_does_not_print_itself() {
        assert_eq!(format!("{:?}", Token::parse("token", "tok_ok").unwrap()), "Token(..)");
    }
}
