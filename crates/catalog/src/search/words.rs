//! Every word of the indexed names, and which events have it.

use std::collections::HashMap;
use std::sync::LazyLock;

use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder};
use memchr::memmem;

/// Which names of an event hold a word: bits that can be combined.
pub(super) type Fields = u8;
pub(super) const NAME: Fields = 1;
pub(super) const PERFORMER: Fields = 2;
pub(super) const CITY: Fields = 4;
pub(super) const VENUE: Fields = 8;

/// How a word of the query matched, best first; the number is what it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub(super) enum Match {
    TwoTypos = 1,
    OneTypo = 3,
    Inside = 5,
    Start = 8,
    Whole = 10,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Posting {
    pub slot: u32,
    pub fields: Fields,
}

/// All words in one text, each after a line break, so that one fast scan looks into all of them.
/// A word that no event has any more stays, without postings, until the next start.
pub(super) struct Words {
    text: String,
    /// Where each word starts in `text`.
    starts: Vec<u32>,
    ids: HashMap<Box<str>, u32>,
    /// By word: the events that have it, sorted by slot.
    postings: Vec<Vec<Posting>>,
}

/// Making them is slow (milliseconds) and depends on nothing.
static ONE_TYPO: LazyLock<LevenshteinAutomatonBuilder> = LazyLock::new(|| LevenshteinAutomatonBuilder::new(1, true));
static TWO_TYPOS: LazyLock<LevenshteinAutomatonBuilder> = LazyLock::new(|| LevenshteinAutomatonBuilder::new(2, true));

impl Words {
    pub fn new() -> Self {
        Self { text: "\n".into(), starts: Vec::new(), ids: HashMap::new(), postings: Vec::new() }
    }

    pub fn add(&mut self, word: &str, posting: Posting) {
        let id = match self.ids.get(word) {
            Some(id) => *id,
            None => {
                let id = self.starts.len() as u32;
                self.starts.push(u32::try_from(self.text.len()).expect("the vocabulary is far below 4 GB"));
                self.text.push_str(word);
                self.text.push('\n');
                self.ids.insert(word.into(), id);
                self.postings.push(Vec::new());
                id
            }
        };
        let postings = &mut self.postings[id as usize];
        match postings.binary_search_by_key(&posting.slot, |found| found.slot) {
            Ok(at) => postings[at].fields |= posting.fields,
            Err(at) => postings.insert(at, posting),
        }
    }

    /// Forgets that `slot` has `word`, in whatever field.
    pub fn remove(&mut self, word: &str, slot: u32) {
        let Some(id) = self.ids.get(word) else { return };
        let postings = &mut self.postings[*id as usize];
        if let Ok(at) = postings.binary_search_by_key(&slot, |found| found.slot) {
            postings.remove(at);
        }
    }

    pub fn postings(&self, word: u32) -> &[Posting] {
        &self.postings[word as usize]
    }

    /// The words that hold `wanted` as it stands: anywhere when it has three letters, else at
    /// their start when it is still being typed (`unfinished`), else as the whole word.
    pub fn literal(&self, wanted: &str, unfinished: bool) -> Vec<(u32, Match)> {
        let anywhere = wanted.chars().count() >= 3 || !wanted.is_ascii();
        let needle = if anywhere { wanted.to_owned() } else { format!("\n{wanted}") };
        let mut found: Vec<(u32, Match)> = Vec::new();
        for at in memmem::find_iter(self.text.as_bytes(), &needle) {
            let at = (at + needle.len() - wanted.len()) as u32;
            let id = self.starts.partition_point(|start| *start <= at) as u32 - 1;
            if found.last().is_some_and(|(before, _)| *before == id) {
                continue; // its first place in the word is the best one
            }
            let kind = match self.word(id) {
                word if word.len() == wanted.len() => Match::Whole,
                _ if self.starts[id as usize] != at => Match::Inside,
                _ if anywhere || unfinished => Match::Start,
                _ => continue,
            };
            found.push((id, kind));
        }
        found
    }

    /// The words that `wanted` may be a typo of: one letter wrong, missing, added or swapped with
    /// the next from 4 letters on, two from 8. While it is being typed, their starts count too.
    pub fn similar(&self, wanted: &str, unfinished: bool) -> Vec<(u32, Match)> {
        let builder = match wanted.chars().count() {
            0..4 => return Vec::new(),
            4..8 => &ONE_TYPO,
            _ => &TWO_TYPOS,
        };
        let automaton = if unfinished { builder.build_prefix_dfa(wanted) } else { builder.build_dfa(wanted) };
        (0..self.starts.len() as u32)
            .filter_map(|id| {
                let kind = match distance(&automaton, self.word(id).as_bytes())? {
                    0 => Match::Start,
                    1 => Match::OneTypo,
                    _ => Match::TwoTypos,
                };
                Some((id, kind))
            })
            .collect()
    }

    fn word(&self, id: u32) -> &str {
        let start = self.starts[id as usize] as usize;
        let end = self.starts.get(id as usize + 1).map_or(self.text.len(), |next| *next as usize);
        &self.text[start..end - 1]
    }
}

/// Typos between the automaton's word and `word`, or nothing when they are too many. Stops as
/// soon as that is clear, mostly after two or three letters.
fn distance(automaton: &DFA, word: &[u8]) -> Option<u8> {
    let mut state = automaton.initial_state();
    for byte in word {
        state = automaton.transition(state, *byte);
        if state == levenshtein_automata::SINK_STATE {
            return None;
        }
    }
    match automaton.distance(state) {
        Distance::Exact(typos) => Some(typos),
        Distance::AtLeast(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(words: &[&str]) -> Words {
        let mut vocabulary = Words::new();
        for (slot, word) in (0..).zip(words) {
            vocabulary.add(word, Posting { slot, fields: NAME });
        }
        vocabulary
    }

    #[test]
    fn literal_matches_are_whole_starts_or_insides() {
        let words = vocabulary(&["north", "northern", "norn", "thor", "an", "banana", "müsli"]);
        assert_eq!(words.literal("north", false), [(0, Match::Whole), (1, Match::Start)]);
        assert_eq!(words.literal("thern", false), [(1, Match::Inside)]);
        assert_eq!(words.literal("ana", false), [(5, Match::Inside)]);
        assert_eq!(words.literal("an", false), [(4, Match::Whole)]);
        assert_eq!(words.literal("n", true), [(0, Match::Start), (1, Match::Start), (2, Match::Start)]);
        assert_eq!(words.literal("n", false), []);
        assert_eq!(words.literal("ü", false), [(6, Match::Inside)]);
        assert_eq!(words.literal("nor\nth", false), []);
    }

    #[test]
    fn typos_grow_with_the_word() {
        let words = vocabulary(&["jazz", "philharmonic", "lights", "light"]);
        assert_eq!(words.similar("jaz", true), []);
        assert_eq!(words.similar("jezz", false), [(0, Match::OneTypo)]);
        assert_eq!(words.similar("jetz", false), []);
        assert_eq!(words.similar("filharmonic", false), [(1, Match::TwoTypos)]);
        assert_eq!(words.similar("philharmoinc", false), [(1, Match::OneTypo)]);
        assert_eq!(words.similar("ligth", false), [(3, Match::OneTypo)]);
        assert_eq!(words.similar("ligth", true), [(2, Match::OneTypo), (3, Match::OneTypo)]);
    }

    #[test]
    fn a_removed_event_leaves_the_word() {
        let mut words = vocabulary(&["north"]);
        words.add("north", Posting { slot: 0, fields: CITY });
        assert_eq!(words.postings(0), [Posting { slot: 0, fields: NAME | CITY }]);
        words.remove("north", 0);
        words.remove("south", 0);
        assert!(words.postings(0).is_empty());
    }
}
