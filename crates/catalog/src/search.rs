//! Finding published events: by city, name, type, dates and venue, sorted by date or relevance.
//!
//! The index is in memory and derived: it is filled from the database at start, changed when a
//! change of ours commits, and asks the database for changes of other processes once a second
//! ([`crate::Catalog::refresh`]).
//!
//! Why not a general search engine: a page sorted by date should cost the same whether ten
//! events match or all of them, a change should be visible at once, and any part of a word
//! should match. So events stand in an array by date, walked from the page's start; words stand
//! in one text that is scanned whole, because names share their words and the text stays small.
//! The automaton that tolerates typos is the one the search engines use.
//! Source: document 002, "List event".

mod card;
mod fold;
mod index;
mod query;
mod words;

pub use card::EventCard;
pub(crate) use fold::{fold_key, words_of};
pub use index::Index;
pub use query::{DateBound, EventQuery, Sort};
