//! The published events in memory: by date, and by the words of their names.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use stagedoor_core::{EventId, VenueId};
use uuid::Uuid;

use super::query::Plan;
use super::words::{self, Fields, Match, Posting, Words};
use super::{EventCard, EventQuery, Sort, fold_key, words_of};
use crate::cursor::{Cursors, Page};
use crate::error::ListError;
use crate::event::EventType;
use crate::venue::{Venue, day_number};

/// Matches of a text are walked by date when more than one in so many events is one.
const WALK_SHARE: usize = 16;

/// The search index. Readers share it; a change excludes them only while it is put in place.
pub struct Index {
    inner: RwLock<Inner>,
    cursors: Cursors,
}

struct Inner {
    /// Every event has a slot for as long as it is indexed; changed in place.
    slots: Vec<Slot>,
    slot_of: HashMap<EventId, u32>,
    /// Sorted by start, then id.
    order: Vec<Entry>,
    words: Words,
    cities: HashMap<String, u32>,
    venues: HashMap<VenueId, (u32, Arc<Venue>)>,
}

struct Slot {
    /// The card's id, kept here because comparing dates needs it and the card is far away.
    id: EventId,
    card: Arc<EventCard>,
    entry: Entry,
}

/// What the filters look at, kept small: a walk over all events is a walk over these.
#[derive(Debug, Clone, Copy)]
struct Entry {
    starts_at: i64,
    slot: u32,
    city: u32,
    venue: u32,
    /// Of the start, by the venue's calendar.
    day: i32,
    kind: EventType,
}

/// The filters of a plan as numbers.
struct Filter {
    city: Option<u32>,
    venue: Option<u32>,
    kind: Option<EventType>,
    micros: (i64, i64),
    days: (i32, i32),
}

/// Where an event stands in the results: worse matches later, then by start and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Zero when sorted by date.
    badness: u32,
    starts_at: i64,
    id: EventId,
}

impl Index {
    pub(crate) fn new(cursors: Cursors) -> Self {
        let inner = Inner {
            slots: Vec::new(),
            slot_of: HashMap::new(),
            order: Vec::new(),
            words: Words::new(),
            cities: HashMap::new(),
            venues: HashMap::new(),
        };
        Self { inner: RwLock::new(inner), cursors }
    }

    /// For measurements and tools that have no database: an index over these events.
    pub fn of(cards: Vec<EventCard>) -> Self {
        let index = Index::new(Cursors::new([0; 32]));
        index.put(cards);
        index
    }

    /// Adds or replaces events; one that is older than what is known changes nothing.
    pub fn put(&self, cards: Vec<EventCard>) {
        self.inner.write().put(cards);
    }

    pub fn len(&self) -> usize {
        self.inner.read().slots.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, id: EventId) -> Option<Arc<EventCard>> {
        let inner = self.inner.read();
        inner.slot_of.get(&id).map(|slot| inner.slots[*slot as usize].card.clone())
    }

    /// One page of the events that fit.
    pub fn search(&self, query: &EventQuery) -> Result<Page<Arc<EventCard>>, ListError> {
        let plan = Plan::new(query)?;
        let scope = plan.scope();
        let after = self.cursors.open(&scope, &query.page)?.map(Place::from_bytes);
        let limit = query.page.limit() as usize;
        let inner = self.inner.read();
        let mut found = inner.find(&plan, after, limit + 1);
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more).map(|(place, _)| self.cursors.seal(&scope, &place.bytes()));
        let items = found.iter().map(|(_, slot)| inner.slots[*slot as usize].card.clone()).collect();
        Ok(Page { items, next_cursor: last })
    }
}

impl Inner {
    fn put(&mut self, cards: Vec<EventCard>) {
        // A few events are put in their places one by one; many are sorted in at once.
        let many = cards.len() > 64;
        for mut card in cards {
            let known = self.slot_of.get(&card.id).copied();
            if known.is_some_and(|slot| !card.replaces(&self.slots[slot as usize].card)) {
                continue;
            }
            card.venue = self.shared_venue(card.venue);
            let slot = known.unwrap_or(self.slots.len() as u32);
            if let Some(slot) = known {
                self.forget_words(slot);
                if !many {
                    let at = self.place_in_order(self.slots[slot as usize].entry.starts_at, card.id);
                    self.order.remove(at);
                }
            }
            let entry = self.entry(&card, slot);
            for (word, fields) in words_in(&card) {
                self.words.add(&word, Posting { slot, fields });
            }
            self.slot_of.insert(card.id, slot);
            let id = card.id;
            let value = Slot { id, card: Arc::new(card), entry };
            match self.slots.get_mut(slot as usize) {
                Some(place) => *place = value,
                None => self.slots.push(value),
            }
            if !many {
                let at = self.place_in_order(entry.starts_at, id);
                self.order.insert(at, entry);
            }
        }
        if many {
            self.order = self.slots.iter().map(|slot| slot.entry).collect();
            let slots = &self.slots;
            self.order.sort_unstable_by_key(|entry| (entry.starts_at, slots[entry.slot as usize].id));
        }
    }

    /// Venues are shared by their events; a newer version replaces the one kept.
    fn shared_venue(&mut self, venue: Arc<Venue>) -> Arc<Venue> {
        let number = self.venues.len() as u32;
        let (_, kept) = self.venues.entry(venue.id).or_insert_with(|| (number, venue.clone()));
        if kept.version < venue.version {
            *kept = venue;
        }
        kept.clone()
    }

    fn entry(&mut self, card: &EventCard, slot: u32) -> Entry {
        let number = self.cities.len() as u32;
        let city = *self.cities.entry(fold_key(card.venue.details.city.as_str())).or_insert(number);
        let (venue, _) = self.venues[&card.venue.id];
        let day = day_number(card.local_start().date());
        Entry { starts_at: card.starts_at.micros(), slot, city, venue, day, kind: card.kind }
    }

    fn forget_words(&mut self, slot: u32) {
        let card = self.slots[slot as usize].card.clone();
        for (word, _) in words_in(&card) {
            self.words.remove(&word, slot);
        }
    }

    /// Where an event with this start and id stands, or would.
    fn place_in_order(&self, starts_at: i64, id: EventId) -> usize {
        self.order.partition_point(|entry| (entry.starts_at, self.slots[entry.slot as usize].id) < (starts_at, id))
    }

    fn find(&self, plan: &Plan, after: Option<Place>, limit: usize) -> Vec<(Place, u32)> {
        let Some(filter) = self.filter(plan) else { return Vec::new() };
        match &plan.words {
            None => self.by_date(&filter, after, limit, |_| true),
            Some(wanted) => self.by_words(wanted, &filter, plan.sort, after, limit),
        }
    }

    /// Nothing when a city or venue is not known: then nothing fits.
    fn filter(&self, plan: &Plan) -> Option<Filter> {
        let city = match &plan.city {
            Some(city) => Some(*self.cities.get(city)?),
            None => None,
        };
        let venue = match &plan.venue {
            Some(venue) => Some(self.venues.get(venue)?.0),
            None => None,
        };
        let (micros, days) = ((plan.from.micros, plan.to.micros), (plan.from.day, plan.to.day));
        Some(Filter { city, venue, kind: plan.kind, micros, days })
    }

    /// Walks the events by date from the page's start until the page is full.
    fn by_date(
        &self,
        filter: &Filter,
        after: Option<Place>,
        limit: usize,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Vec<(Place, u32)> {
        let mut start = self.order.partition_point(|entry| entry.starts_at < filter.micros.0);
        if let Some(after) = after {
            let resume = self.place_in_order(after.starts_at, after.id);
            let is_there = self.order.get(resume).is_some_and(|entry| self.place(entry, 0) == after);
            start = start.max(resume + usize::from(is_there));
        }
        let rest = self.order[start..].iter().take_while(|entry| entry.starts_at <= filter.micros.1);
        let fits = rest.filter(|entry| filter.fits(entry) && wanted(entry));
        fits.take(limit).map(|entry| (self.place(entry, 0), entry.slot)).collect()
    }

    fn by_words(
        &self,
        wanted: &[String],
        filter: &Filter,
        sort: Sort,
        after: Option<Place>,
        limit: usize,
    ) -> Vec<(Place, u32)> {
        let mut meanings = self.meanings(wanted, Typos::WhereNothingElse);
        let mut hits = self.having_all(&meanings);
        if hits.count() == 0 {
            meanings = self.meanings(wanted, Typos::Everywhere);
            hits = self.having_all(&meanings);
        }
        if sort == Sort::Date && hits.count() * WALK_SHARE > self.order.len() {
            // So many that a walk by date soon has a page full of them.
            return self.by_date(filter, after, limit, |entry| hits.has(entry.slot));
        }
        let scores = (sort == Sort::Relevance).then(|| self.scores(&meanings));
        let mut found: Vec<(Place, u32)> = hits
            .iter()
            .map(|slot| (slot, &self.slots[slot as usize].entry))
            .filter(|(_, entry)| filter.fits(entry))
            .map(|(slot, entry)| {
                let badness = scores.as_ref().map_or(0, |scores| u32::MAX - scores[slot as usize].total);
                (self.place(entry, badness), slot)
            })
            .filter(|(place, _)| after.is_none_or(|after| *place > after))
            .collect();
        if found.len() > limit {
            found.select_nth_unstable(limit);
            found.truncate(limit);
        }
        found.sort_unstable();
        found
    }

    /// For each wanted word, the indexed words it may mean.
    fn meanings(&self, wanted: &[String], typos: Typos) -> Vec<Vec<(u32, Match)>> {
        let last = wanted.len().saturating_sub(1);
        let words = wanted.iter().enumerate().map(|(at, word)| {
            let unfinished = at == last;
            let mut found = self.words.literal(word, unfinished);
            found.retain(|(id, _)| !self.words.postings(*id).is_empty());
            if typos == Typos::Everywhere || found.is_empty() {
                found.extend(self.words.similar(word, unfinished));
            }
            found
        });
        words.collect()
    }

    /// The events that have a meaning of every wanted word.
    fn having_all(&self, meanings: &[Vec<(u32, Match)>]) -> Bits {
        let having = |words: &Vec<(u32, Match)>| {
            let mut bits = Bits::none(self.slots.len());
            words.iter().flat_map(|(id, _)| self.words.postings(*id)).for_each(|posting| bits.set(posting.slot));
            bits
        };
        let mut sets = meanings.iter().map(having);
        let first = sets.next().unwrap_or_else(|| Bits::none(self.slots.len()));
        sets.fold(first, Bits::and)
    }

    /// By slot, what its matches are worth together. An event that matches a word in several ways
    /// counts with the best one.
    fn scores(&self, meanings: &[Vec<(u32, Match)>]) -> Vec<Score> {
        let mut scores = vec![Score::default(); self.slots.len()];
        for (round, words) in (1..).zip(meanings) {
            for (id, kind) in words {
                for posting in self.words.postings(*id) {
                    let worth = *kind as u32 * weight(posting.fields);
                    let score = &mut scores[posting.slot as usize];
                    if score.round != round {
                        *score = Score { round, total: score.total + worth, latest: worth };
                    } else if score.latest < worth {
                        score.total += worth - score.latest;
                        score.latest = worth;
                    }
                }
            }
        }
        scores
    }

    fn place(&self, entry: &Entry, badness: u32) -> Place {
        Place { badness, starts_at: entry.starts_at, id: self.slots[entry.slot as usize].id }
    }
}

/// When a word may also match words it is a typo of. Tolerating typos in words that are found
/// as they stand would fill a list sorted by date with near misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Typos {
    WhereNothingElse,
    Everywhere,
}

/// What an event has scored with the words so far.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    /// The last word that counted, from 1.
    round: u32,
    total: u32,
    /// How much of the total is for that word.
    latest: u32,
}

/// A set of slots.
struct Bits(Vec<u64>);

impl Bits {
    fn none(slots: usize) -> Self {
        Self(vec![0; slots.div_ceil(64)])
    }

    fn set(&mut self, slot: u32) {
        self.0[slot as usize / 64] |= 1 << (slot % 64);
    }

    fn has(&self, slot: u32) -> bool {
        self.0[slot as usize / 64] >> (slot % 64) & 1 == 1
    }

    fn and(mut self, other: Bits) -> Bits {
        self.0.iter_mut().zip(other.0).for_each(|(one, two)| *one &= two);
        self
    }

    fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.0).flat_map(|(at, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                rest &= rest.wrapping_sub(1);
                (bit < 64).then_some(at * 64 + bit)
            })
        })
    }
}

/// A word in the event's own name says most about it.
fn weight(fields: Fields) -> u32 {
    [(words::NAME, 8), (words::PERFORMER, 7), (words::CITY, 4), (words::VENUE, 3)]
        .into_iter()
        .find_map(|(field, weight)| (fields & field != 0).then_some(weight))
        .expect("a posting has a field")
}

/// Every word an event is found by, once for each name it is in.
fn words_in(card: &EventCard) -> Vec<(String, Fields)> {
    let venue = &card.venue.details;
    let performers = card.performers.iter().map(|name| (name.as_str(), words::PERFORMER));
    let names =
        [(card.name.as_str(), words::NAME), (venue.city.as_str(), words::CITY), (venue.name.as_str(), words::VENUE)];
    let names = names.into_iter().chain(performers);
    names.flat_map(|(name, field)| words_of(name).into_iter().map(move |word| (word, field))).collect()
}

impl Filter {
    fn fits(&self, entry: &Entry) -> bool {
        self.city.is_none_or(|city| city == entry.city)
            && self.venue.is_none_or(|venue| venue == entry.venue)
            && self.kind.is_none_or(|kind| kind == entry.kind)
            && (self.micros.0..=self.micros.1).contains(&entry.starts_at)
            && (self.days.0..=self.days.1).contains(&entry.day)
    }
}

impl Place {
    fn bytes(self) -> [u8; 28] {
        let mut bytes = [0; 28];
        bytes[..4].copy_from_slice(&self.badness.to_be_bytes());
        bytes[4..12].copy_from_slice(&self.starts_at.to_be_bytes());
        bytes[12..].copy_from_slice(&self.id.bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; 28]) -> Place {
        Place {
            badness: u32::from_be_bytes(bytes[..4].try_into().expect("four bytes")),
            starts_at: i64::from_be_bytes(bytes[4..12].try_into().expect("eight bytes")),
            id: EventId(Uuid::from_bytes(bytes[12..].try_into().expect("sixteen bytes"))),
        }
    }
}
