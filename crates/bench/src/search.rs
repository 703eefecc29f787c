//! Search over a hundred thousand events, in the shapes people type.

use catalog::{EventQuery, Index, Paging, demo};
use stagedoor_core::Env;

use crate::load::now;

const EVENTS: usize = 100_000;
const ROUNDS: usize = 3_000;

/// Times of single searches in milliseconds, sorted: by city, by a word, by part of a word, with
/// a typo, and everything by date, in turn.
pub fn times_ms() -> Vec<f64> {
    let env = Env::seeded(1);
    let cards = demo::synthetic_cards(&env, 1, EVENTS);
    let index = Index::of(cards.clone());
    let all = || EventQuery::all(Paging::new(Some(20), None).expect("a legal limit"));
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let card = &cards[round * 7_919 % cards.len()];
            let word = card.name.split(' ').next().unwrap_or("tour");
            let text = |text: String| EventQuery { text: Some(text), ..all() };
            let query = match round % 5 {
                0 => EventQuery { city: Some(card.venue.details.city.to_string()), ..all() },
                1 => text(word.to_owned()),
                2 => text(word.chars().take(3).collect()),
                3 => text(format!("{}q{}", &word[..word.len().min(2)], &word[word.len().min(2)..])),
                _ => all(),
            };
            let began = now();
            std::hint::black_box(index.search(&query).expect("a plain query"));
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
}
