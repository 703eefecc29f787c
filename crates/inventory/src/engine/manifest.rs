//! The sellable places of one seat map version: immutable, shared by every event that uses it.

mod build;
mod codec;

use std::hash::BuildHasher;

use super::warm::prefetch;
use hashbrown::{DefaultHashBuilder, HashTable};
use stagedoor_core::limits::SEATS_PER_HOLD_MAX;

pub use build::{AreaSpec, ManifestError, ManifestSpec, RowSpec, SeatSpec, SectionSpec};

/// Who a seat is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SeatKind {
    #[default]
    Standard,
    /// A wheelchair space.
    Accessible,
    /// Next to a wheelchair space, for who comes along.
    Companion,
}

/// Sections, rows, seats and general-admission areas, with what the engine needs to know of each.
///
/// Seats are numbered in map order. For the engine each row also starts on a fresh 64-bit word,
/// so that a seat has a bit and neighbours in a row are neighbours in a word.
pub struct Manifest {
    hash: [u8; 32],
    levels: Box<[Box<str>]>,
    sections: Box<[Section]>,
    areas: Box<[Area]>,
    pub(super) rows: Box<[Row]>,
    pub(super) words: Box<[Word]>,
    /// By seat: its bit, counted over all words.
    pub(super) bits: Box<[u32]>,
    level: Box<[u8]>,
    traits: Box<[u8]>,
    /// Wrapping sums of the ranks before each seat and after the last: the rank of a window is a
    /// difference of two.
    rank_sums: Box<[u32]>,
    /// Position along the row in quarters of a seat, comparable between rows of a section.
    lateral: Box<[i16]>,
    /// By seat: its label in `labels`.
    label: Box<[u32]>,
    labels: Labels,
    /// Rows from best to worst by their best seat, and the place of each row in that order.
    pub(super) order: Box<[u32]>,
    pub(super) order_of: Box<[u32]>,
    /// In that order: the rank of the best seat and the level of the first one.
    pub(super) order_rank: Box<[u16]>,
    /// Of the rows of each section, which are neighbours in `rows`: their places in the order,
    /// best first.
    section_order: Box<[u32]>,
    pub(super) order_level: Box<[u8]>,
    /// By level: rows that have a seat of it, as bits in `order`.
    pub(super) level_rows: Box<[Box<[u64]>]>,
    /// Rows that have accessible or companion seats, as bits in `order`.
    pub(super) special_rows: Box<[u64]>,
    hasher: DefaultHashBuilder,
    /// Rows by the beginning of their seats' ids.
    by_beginning: HashTable<u32>,
}

pub(super) struct Section {
    id: Box<str>,
    name: Box<str>,
    /// Its rows, in map order.
    pub rows: std::ops::Range<u32>,
}

struct Area {
    id: Box<str>,
    name: Box<str>,
    capacity: u32,
    level: u8,
}

pub(super) struct Row {
    pub first_seat: u32,
    pub seats: u16,
    /// The first of its words.
    pub word: u32,
    pub words: u16,
    pub section: u16,
    label: u32,
    /// Ranks fall to one place and rise after it, so the best window is one of two.
    pub unimodal: bool,
    /// When all its seats have the same.
    pub level: Option<u8>,
    /// When its seats' labels simply count.
    numbering: Option<Numbering>,
    /// By window length: where the best window of the empty row starts.
    pub best_start: [u16; SEATS_PER_HOLD_MAX],
}

/// The labels of a row that simply count: `first`, `first + step` and so on.
#[derive(Debug, Clone, Copy)]
struct Numbering {
    first: i64,
    /// 0 for a single seat.
    step: i64,
}

impl Numbering {
    fn of<'text>(mut labels: impl Iterator<Item = &'text str>) -> Option<Numbering> {
        let first = number(labels.next()?)?;
        let Some(second) = labels.next() else { return Some(Numbering { first, step: 0 }) };
        let step = number(second)? - first;
        let mut last = first + step;
        for label in labels {
            last += step;
            if number(label)? != last {
                return None;
            }
        }
        Some(Numbering { first, step })
    }

    /// Where a seat with this label would be in a row that is long enough.
    fn offset(&self, label: &str) -> Option<usize> {
        let distance = number(label)? - self.first;
        match self.step {
            0 => (distance == 0).then_some(0),
            step => (distance % step == 0).then(|| usize::try_from(distance / step).ok())?,
        }
    }
}

/// The number that is written exactly like this.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.starts_with(|first: char| ('1'..='9').contains(&first)) || text == "0";
    if is_plain { text.parse::<i32>().ok().map(i64::from) } else { None }
}

/// 64 places of a row; a bit per seat.
#[derive(Clone, Copy, Default)]
pub(super) struct Word {
    /// Where there is a seat.
    pub exists: u64,
    /// Where the seat and the next one are neighbours: no aisle and no missing seat between.
    pub joined: u64,
    /// Accessible and companion seats.
    pub special: u64,
    /// Accessible seats.
    pub accessible: u64,
    pub row: u32,
    /// The place of its row in the order.
    pub place: u32,
}

/// Distinct texts, one after the other.
struct Labels {
    text: Box<str>,
    ends: Box<[u32]>,
}

impl Labels {
    fn get(&self, label: u32) -> &str {
        let at = label as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start as usize..self.ends[at] as usize]
    }
}

const KIND: u8 = 0b011;
const RESTRICTED: u8 = 0b100;
/// An aisle or a missing seat follows.
const GAP_AFTER: u8 = 0b1000;

fn kind_of(traits: u8) -> SeatKind {
    match traits & KIND {
        0 => SeatKind::Standard,
        1 => SeatKind::Accessible,
        _ => SeatKind::Companion,
    }
}

impl Manifest {
    /// Checks a seat map and lays it out. Fails on an empty or overlong name, an id that is used
    /// twice, a level that does not exist, or more than the limits of `core::limits` allow.
    pub fn build(spec: &ManifestSpec) -> Result<Manifest, ManifestError> {
        build::build(spec)
    }

    /// No places at all: what an event has before it is opened.
    pub fn empty() -> Manifest {
        Self::build(&ManifestSpec::default()).expect("nothing is within every limit")
    }

    /// Places in one area at most, so that sums over all areas stay inside 32 bits.
    pub const AREA_CAPACITY_MAX: u32 = 10_000_000;

    /// SHA-256 of [`Manifest::encode`].
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    pub fn seats(&self) -> usize {
        self.level.len()
    }

    pub fn sections(&self) -> usize {
        self.sections.len()
    }

    pub fn areas(&self) -> usize {
        self.areas.len()
    }

    /// Keys of the price levels, by index.
    pub fn levels(&self) -> &[Box<str>] {
        &self.levels
    }

    pub fn level_index(&self, key: &str) -> Option<u8> {
        self.levels.iter().position(|level| &**level == key).map(|at| at as u8)
    }

    /// The seat with this id, `section-row-seat`.
    pub fn seat(&self, id: &str) -> Option<u32> {
        if id.len() > build::SEAT_ID_MAX {
            return None;
        }
        // Names may have dashes themselves, so each dash may be the one before the seat's label.
        let mut dashes = id.match_indices('-').rev();
        dashes.find_map(|(at, _)| self.seat_at_label(&id[..at], &id[at + 1..]))
    }

    /// `beginning`: section and row.
    fn seat_at_label(&self, beginning: &str, label: &str) -> Option<u32> {
        // Two halves of a row may share its name.
        let mut rows = self.by_beginning.iter_hash(self.hasher.hash_one(beginning));
        rows.find_map(|row| {
            let row = &self.rows[*row as usize];
            let section = beginning.strip_prefix(&*self.sections[usize::from(row.section)].id)?;
            if section.strip_prefix('-')? != self.labels.get(row.label) {
                return None;
            }
            let seats = usize::from(row.seats);
            let offset = match row.numbering {
                Some(numbering) => numbering.offset(label).filter(|offset| *offset < seats)?,
                None => (0..seats).find(|at| self.seat_label(row.first_seat + *at as u32) == label)?,
            };
            Some(row.first_seat + offset as u32)
        })
    }

    /// `section-row-seat`. Panics, like every accessor below, on an index the map does not have.
    pub fn seat_id(&self, seat: u32) -> String {
        let row = self.row_of(seat);
        let section = &self.sections[usize::from(row.section)].id;
        format!("{section}-{}-{}", self.labels.get(row.label), self.seat_label(seat))
    }

    pub fn seat_label(&self, seat: u32) -> &str {
        self.labels.get(self.label[seat as usize])
    }

    pub fn row_label(&self, seat: u32) -> &str {
        self.labels.get(self.row_of(seat).label)
    }

    pub fn section_of(&self, seat: u32) -> u16 {
        self.row_of(seat).section
    }

    pub fn section(&self, id: &str) -> Option<u16> {
        self.sections.iter().position(|section| &*section.id == id).map(|at| at as u16)
    }

    pub fn section_id(&self, section: u16) -> &str {
        &self.sections[usize::from(section)].id
    }

    pub fn section_name(&self, section: u16) -> &str {
        &self.sections[usize::from(section)].name
    }

    /// Asks for where a seat's bit is, see [`super::warm`].
    #[inline]
    pub(super) fn prefetch_bit(&self, seat: u32) {
        self.bits.get(seat as usize).into_iter().for_each(prefetch);
    }

    pub fn level(&self, seat: u32) -> u8 {
        self.level[seat as usize]
    }

    pub fn kind(&self, seat: u32) -> SeatKind {
        kind_of(self.traits[seat as usize])
    }

    /// Whether a part of the stage cannot be seen from it.
    pub fn restricted_view(&self, seat: u32) -> bool {
        self.traits[seat as usize] & RESTRICTED != 0
    }

    /// Smaller is better.
    pub fn rank(&self, seat: u32) -> u16 {
        self.rank_sum(seat, 1) as u16
    }

    pub fn area(&self, id: &str) -> Option<u16> {
        self.areas.iter().position(|area| &*area.id == id).map(|at| at as u16)
    }

    pub fn area_id(&self, area: u16) -> &str {
        &self.areas[usize::from(area)].id
    }

    pub fn area_name(&self, area: u16) -> &str {
        &self.areas[usize::from(area)].name
    }

    pub fn area_capacity(&self, area: u16) -> u32 {
        self.areas[usize::from(area)].capacity
    }

    pub fn area_level(&self, area: u16) -> u8 {
        self.areas[usize::from(area)].level
    }

    /// What the manifest itself takes, once for all events that share it.
    pub fn memory_bytes(&self) -> usize {
        let texts = self.levels.iter().map(|key| key.len() + 16).sum::<usize>()
            + self.sections.iter().map(|one| one.id.len() + one.name.len()).sum::<usize>()
            + self.areas.iter().map(|one| one.id.len() + one.name.len()).sum::<usize>()
            + self.labels.text.len()
            + self.labels.ends.len() * 4;
        let row_bits = self.special_rows.len() * 8 * (1 + self.level_rows.len());
        size_of::<Self>()
            + texts
            + row_bits
            + self.sections.len() * size_of::<Section>()
            + self.areas.len() * size_of::<Area>()
            + self.rows.len() * (size_of::<Row>() + 4 + 4 + 4 + 2 + 1)
            + self.words.len() * size_of::<Word>()
            + self.seats() * (4 + 1 + 1 + 4 + 2 + 4)
            + self.by_beginning.allocation_size()
    }

    pub(super) fn row_of(&self, seat: u32) -> &Row {
        &self.rows[self.row_index(seat) as usize]
    }

    pub(super) fn row_index(&self, seat: u32) -> u32 {
        self.words[(self.bits[seat as usize] >> 6) as usize].row
    }

    /// The seat at a bit that exists.
    pub(super) fn seat_at(&self, bit: u32) -> u32 {
        let row = &self.rows[self.words[(bit >> 6) as usize].row as usize];
        row.first_seat + (bit - row.word * 64)
    }

    /// The rank of the best seat in the row of a seat.
    pub(super) fn row_rank(&self, seat: u32) -> u16 {
        self.order_rank[self.order_of[self.row_index(seat) as usize] as usize]
    }

    pub(super) fn section_rows(&self, section: u16) -> std::ops::Range<u32> {
        self.sections[usize::from(section)].rows.clone()
    }

    /// The rows of a section by their places in the order, best first.
    pub(super) fn section_order(&self, section: u16) -> &[u32] {
        let rows = self.section_rows(section);
        &self.section_order[rows.start as usize..rows.end as usize]
    }

    /// Sum of the ranks of `count` seats from `seat` on.
    pub(super) fn rank_sum(&self, seat: u32, count: u32) -> u32 {
        self.rank_sums[(seat + count) as usize].wrapping_sub(self.rank_sums[seat as usize])
    }

    /// Position along the row in quarters of a seat, comparable between rows of a section.
    pub(super) fn lateral(&self, seat: u32) -> i16 {
        self.lateral[seat as usize]
    }
}

impl std::fmt::Debug for Manifest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Manifest({} seats, {} areas)", self.seats(), self.areas())
    }
}
