//! How fast search is: `cargo run --release -p stagedoor-catalog --example search_rate [events]`.
//!
//! Fills an index with synthetic events and prints, for each shape of query, the median and the
//! 99th percentile of one search on one thread, in microseconds.

use std::time::Instant;

use catalog::{DateBound, EventQuery, EventType, Index, Paging, Sort, demo};
use stagedoor_core::Env;

const ROUNDS: usize = 2_000;

fn main() {
    let count = std::env::args().nth(1).map_or(100_000, |text| text.parse().expect("a number of events"));
    let env = Env::seeded(1);
    let cards = demo::synthetic_cards(&env, 1, count);
    let (index, filling) = timed(|| Index::of(cards.clone()));
    println!("{count} events indexed in {:.0} ms", filling / 1_000.0);
    println!("{:<44} {:>9} {:>9} {:>7}", "query", "p50 us", "p99 us", "found");

    let pick = |n: usize| &cards[n * 7_919 % cards.len()];
    let word = |n: usize, at: usize| pick(n).name.split(' ').nth(at).unwrap_or("tour").to_owned();
    let base = |limit| EventQuery::all(Paging::new(Some(limit), None).expect("a legal limit"));
    let text = |text: String| EventQuery { text: Some(text), ..base(20) };
    let from = |n: usize| Some(DateBound::Day(pick(n).local_start().date()));
    let typo = |mut word: String| {
        let middle = word.char_indices().nth(word.chars().count() / 2).map_or(0, |(at, _)| at);
        word.insert(middle, 'q');
        word
    };
    type Shape<'a> = (&'static str, Box<dyn Fn(usize) -> EventQuery + 'a>);
    let shapes: Vec<Shape> = vec![
        ("everything by date, first page", Box::new(|_| base(20))),
        ("from a day on, 100 a page", Box::new(|n| EventQuery { from: from(n), ..base(100) })),
        ("city", Box::new(|n| EventQuery { city: Some(pick(n).venue.details.city.to_string()), ..base(20) })),
        (
            "city, type and a day",
            Box::new(|n| EventQuery {
                city: Some(pick(n).venue.details.city.to_string()),
                kind: Some(EventType::Concert),
                from: from(n),
                to: from(n),
                ..base(20)
            }),
        ),
        ("venue", Box::new(|n| EventQuery { venue: Some(pick(n).venue.id), ..base(20) })),
        ("one word", Box::new(|n| text(word(n, 0)))),
        ("a common word", Box::new(|_| text("tour".into()))),
        ("part of a word", Box::new(|n| text(word(n, 0).chars().skip(1).take(3).collect()))),
        ("one letter, while typing", Box::new(|n| text(word(n, 0).chars().take(1).collect()))),
        (
            "two words, by relevance",
            Box::new(|n| EventQuery { sort: Sort::Relevance, ..text(format!("{} {}", word(n, 0), word(n, 1))) }),
        ),
        ("one word with a typo", Box::new(|n| text(typo(word(n, 0))))),
        ("two words with typos", Box::new(|n| text(format!("{} {}", typo(word(n, 0)), typo(word(n, 1)))))),
        (
            "two words with typos and a city",
            Box::new(|n| EventQuery {
                city: Some(pick(n).venue.details.city.to_string()),
                ..text(format!("{} {}", typo(word(n, 0)), typo(word(n, 1))))
            }),
        ),
        (
            "eight words, nothing found",
            Box::new(|n| {
                text(format!("{} zzzzzzzz yyyyyyyy xxxxxxxx wwwwwwww vvvvvvvv uuuuuuuu tttttttt", word(n, 0)))
            }),
        ),
    ];
    for (name, query) in shapes {
        let mut times: Vec<f64> = Vec::with_capacity(ROUNDS);
        let mut found = 0;
        for round in 0..ROUNDS {
            let query = query(round);
            let (page, micros) = timed(|| index.search(&query).expect("a legal query"));
            found += page.items.len();
            times.push(micros);
        }
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[(share * (ROUNDS - 1) as f64) as usize];
        println!("{name:<44} {:>9.1} {:>9.1} {:>7.1}", at(0.5), at(0.99), found as f64 / ROUNDS as f64);
    }
}

/// What `work` gives, and how long it took in microseconds.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    #[expect(clippy::disallowed_methods, reason = "this program measures")]
    let start = Instant::now();
    let value = work();
    (value, start.elapsed().as_secs_f64() * 1e6)
}
