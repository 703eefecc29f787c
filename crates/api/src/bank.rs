//! What the simulated bank says to the buyer, in the language that their browser asks for.

use axum::http::{HeaderMap, header};

pub struct Words {
    pub language: &'static str,
    pub title: &'static str,
    /// Stands before the payment's id.
    pub asked: &'static str,
    pub is_it_yours: &'static str,
    pub approve: &'static str,
    pub reject: &'static str,
    pub approved: &'static str,
    pub rejected: &'static str,
    pub given_up: &'static str,
    pub back: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    title: "Simulated bank",
    asked: "A shop asks for a payment",
    is_it_yours: "Is it yours?",
    approve: "Approve",
    reject: "Reject",
    approved: "The payment is approved. You can go back to the shop.",
    rejected: "The payment is rejected and nothing was charged. You can go back to the shop.",
    given_up: "The shop gave the payment up and nothing was charged. You can go back to it.",
    back: "Back to the shop",
};

const GERMAN: Words = Words {
    language: "de",
    title: "Simulierte Bank",
    asked: "Ein Händler bittet um eine Zahlung",
    is_it_yours: "Kommt sie von dir?",
    approve: "Freigeben",
    reject: "Ablehnen",
    approved: "Die Zahlung ist freigegeben. Du kannst zum Händler zurückkehren.",
    rejected: "Die Zahlung ist abgelehnt, und es wurde nichts abgebucht. Du kannst zum Händler zurückkehren.",
    given_up: "Der Händler hat die Zahlung aufgegeben, und es wurde nichts abgebucht. Du kannst zu ihm zurückkehren.",
    back: "Zurück zum Händler",
};

/// The first of the browser's languages that the bank speaks; browsers name the most wanted first.
pub fn words(headers: &HeaderMap) -> &'static Words {
    let wished = headers.get(header::ACCEPT_LANGUAGE).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    wished.split(',').find_map(|tag| [&GERMAN, &ENGLISH].into_iter().find(|words| is(tag, words))).unwrap_or(&ENGLISH)
}

fn is(tag: &str, words: &Words) -> bool {
    tag.trim().split(['-', ';']).next().is_some_and(|language| language.eq_ignore_ascii_case(words.language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bank_speaks_the_first_language_it_knows() {
        for (wished, spoken) in [
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("en-GB,en;q=0.9,de;q=0.8", "en"),
            ("fr, DE;q=0.5", "de"),
            ("den", "en"),
            ("*", "en"),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, wished.parse().unwrap())]);
            assert_eq!(words(&headers).language, spoken, "{wished}");
        }
        assert_eq!(words(&HeaderMap::new()).language, "en");
    }
}
