//! From a seat map as people draw it to the layout the engine works on.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};
use stagedoor_core::limits::{AREAS_PER_MAP_MAX, LEVELS_MAX, SEATS_PER_HOLD_MAX, SEATS_PER_MAP_MAX};

use super::{Area, GAP_AFTER, Labels, Manifest, Numbering, RESTRICTED, Row, SeatKind, Section, Word, codec, kind_of};

/// A seat map version. `levels`: keys of the price levels, which seats and areas name by index.
#[derive(Debug, Clone, Default)]
pub struct ManifestSpec {
    pub levels: Vec<String>,
    pub sections: Vec<SectionSpec>,
    pub areas: Vec<AreaSpec>,
}

#[derive(Debug, Clone, Default)]
pub struct SectionSpec {
    /// First part of its seats' ids.
    pub id: String,
    pub name: String,
    /// What its seats look at, in the map's coordinates: the nearer a seat, the better. Without
    /// one, earlier rows are better, and the middle of a row.
    pub focal: Option<(f32, f32)>,
    /// From the front to the back.
    pub rows: Vec<RowSpec>,
}

#[derive(Debug, Clone, Default)]
pub struct RowSpec {
    pub label: String,
    /// In physical order, whatever their labels count.
    pub seats: Vec<SeatSpec>,
}

#[derive(Debug, Clone, Default)]
pub struct SeatSpec {
    pub label: String,
    pub x: f32,
    pub y: f32,
    pub level: u8,
    pub kind: SeatKind,
    pub restricted_view: bool,
    /// The venue's own ranking, smaller is better; by distance where it is `None`.
    pub rank: Option<u16>,
    /// An aisle follows. A gap in the coordinates that is clearly wider than a seat counts too.
    pub aisle_after: bool,
}

#[derive(Debug, Clone, Default)]
pub struct AreaSpec {
    pub id: String,
    pub name: String,
    pub capacity: u32,
    pub level: u8,
}

/// Why a seat map cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("{what} must be 1 to {max} bytes without control characters, not {text:?}")]
    BadText { what: &'static str, text: String, max: usize },
    #[error("{what} {id} is there twice")]
    Twice { what: &'static str, id: String },
    #[error("{id} names price level {level}, which does not exist")]
    UnknownLevel { id: String, level: u8 },
    #[error("{id} has a position that is not a number")]
    BadPosition { id: String },
    #[error("more than {max} {what}")]
    TooMany { what: &'static str, max: usize },
}

pub(super) const ID_MAX: usize = 64;
pub(super) const LABEL_MAX: usize = 32;
pub(super) const NAME_MAX: usize = 800;
pub(super) const SECTIONS_MAX: usize = 10_000;
/// Longest id of a seat: section, row and seat, with dashes between.
pub(super) const SEAT_ID_MAX: usize = ID_MAX + 1 + LABEL_MAX + 1 + LABEL_MAX;
/// Seats in one row; the longest benches have a few hundred.
pub(super) const ROW_SEATS_MAX: usize = 4_096;

/// A neighbour further away than this many usual distances sits across an aisle.
const GAP: f64 = 1.6;

/// What a manifest is made from, by building and by decoding alike.
pub(super) struct Parts {
    pub levels: Vec<String>,
    pub sections: Vec<SectionPart>,
    pub areas: Vec<AreaSpec>,
}

pub(super) struct SectionPart {
    pub id: String,
    pub name: String,
    pub rows: Vec<RowPart>,
}

pub(super) struct RowPart {
    pub label: String,
    pub seats: Vec<SeatPart>,
}

pub(super) struct SeatPart {
    pub label: String,
    pub level: u8,
    pub traits: u8,
    pub rank: u16,
    pub lateral: i16,
}

pub(super) fn build(spec: &ManifestSpec) -> Result<Manifest, ManifestError> {
    let seats =
        spec.sections.iter().flat_map(|section| section.rows.iter().flat_map(move |row| seats_of(section, row)));
    for (section, row, seat) in seats {
        if !seat.x.is_finite() || !seat.y.is_finite() {
            return Err(ManifestError::BadPosition { id: format!("{}-{}-{}", section.id, row.label, seat.label) });
        }
    }
    let distances: Vec<Vec<f64>> = spec.sections.iter().map(distances).collect();
    let farthest = distances.iter().flatten().copied().fold(0.0, f64::max);
    let scale = if farthest > 0.0 { f64::from(u16::MAX) / farthest } else { 0.0 };
    let sections = spec.sections.iter().zip(&distances).map(|(section, distances)| part(section, distances, scale));
    assemble(Parts { levels: spec.levels.clone(), sections: sections.collect(), areas: spec.areas.clone() })
}

fn seats_of<'spec>(
    section: &'spec SectionSpec,
    row: &'spec RowSpec,
) -> impl Iterator<Item = (&'spec SectionSpec, &'spec RowSpec, &'spec SeatSpec)> {
    row.seats.iter().map(move |seat| (section, row, seat))
}

fn apart(one: &SeatSpec, two: &SeatSpec) -> f64 {
    let (x, y) = (f64::from(one.x) - f64::from(two.x), f64::from(one.y) - f64::from(two.y));
    (x * x + y * y).sqrt()
}

/// The usual distance of neighbours in a section, 0 when it has no geometry.
fn pitch(section: &SectionSpec) -> f64 {
    let mut all: Vec<f64> =
        section.rows.iter().flat_map(|row| row.seats.windows(2).map(|pair| apart(&pair[0], &pair[1]))).collect();
    if all.is_empty() {
        return 0.0;
    }
    let middle = all.len() / 2;
    *all.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// How far each seat is from what it looks at; in the section's order of seats.
fn distances(section: &SectionSpec) -> Vec<f64> {
    let mut all = Vec::new();
    for (depth, row) in section.rows.iter().enumerate() {
        let middle = (row.seats.len() as f64 - 1.0) / 2.0;
        for (offset, seat) in row.seats.iter().enumerate() {
            let (x, y) = match section.focal {
                Some((x, y)) => (f64::from(seat.x) - f64::from(x), f64::from(seat.y) - f64::from(y)),
                None => ((offset as f64 - middle) / 2.0, depth as f64 + 1.0),
            };
            all.push((x * x + y * y).sqrt());
        }
    }
    all
}

fn part(section: &SectionSpec, distances: &[f64], scale: f64) -> SectionPart {
    let pitch = pitch(section);
    let axis = axis(section);
    let mut distances = distances.iter();
    let mut rows = Vec::with_capacity(section.rows.len());
    for row in &section.rows {
        let mut seats = Vec::with_capacity(row.seats.len());
        for (offset, seat) in row.seats.iter().enumerate() {
            let distance = distances.next().expect("one distance per seat");
            let next = row.seats.get(offset + 1);
            let gap = seat.aisle_after || next.is_some_and(|next| pitch > 0.0 && apart(seat, next) > GAP * pitch);
            let kind = match seat.kind {
                SeatKind::Standard => 0,
                SeatKind::Accessible => 1,
                SeatKind::Companion => 2,
            };
            let along = match axis {
                Some((x, y)) if pitch > 0.0 => (f64::from(seat.x) * x + f64::from(seat.y) * y) / pitch,
                _ => offset as f64 - row.seats.len() as f64 / 2.0,
            };
            seats.push(SeatPart {
                label: seat.label.clone(),
                level: seat.level,
                traits: kind
                    | if seat.restricted_view { RESTRICTED } else { 0 }
                    | if gap && next.is_some() { GAP_AFTER } else { 0 },
                rank: seat.rank.unwrap_or((distance * scale).round() as u16),
                lateral: (along * 4.0).round() as i16,
            });
        }
        rows.push(RowPart { label: row.label.clone(), seats });
    }
    SectionPart { id: section.id.clone(), name: section.name.clone(), rows }
}

/// The direction its rows run in, taken from the longest one.
fn axis(section: &SectionSpec) -> Option<(f64, f64)> {
    let longest = section.rows.iter().max_by_key(|row| row.seats.len())?;
    let (first, last) = (longest.seats.first()?, longest.seats.last()?);
    let length = apart(first, last);
    let direction = |to: f32, from: f32| (f64::from(to) - f64::from(from)) / length;
    (length > 0.0).then(|| (direction(last.x, first.x), direction(last.y, first.y)))
}

fn check_text(what: &'static str, text: &str, max: usize) -> Result<(), ManifestError> {
    if text.is_empty() || text.len() > max || text.chars().any(char::is_control) {
        let text = text.chars().take(80).collect();
        return Err(ManifestError::BadText { what, text, max });
    }
    Ok(())
}

fn check_unique<'text>(what: &'static str, ids: impl Iterator<Item = &'text str>) -> Result<(), ManifestError> {
    let mut seen = HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(ManifestError::Twice { what, id: id.to_owned() });
        }
    }
    Ok(())
}

fn check(parts: &Parts) -> Result<(), ManifestError> {
    let too_many = |what, count: usize, max| {
        if count > max { Err(ManifestError::TooMany { what, max }) } else { Ok(()) }
    };
    too_many("price levels", parts.levels.len(), LEVELS_MAX)?;
    too_many("areas", parts.areas.len(), AREAS_PER_MAP_MAX)?;
    too_many("sections", parts.sections.len(), SECTIONS_MAX)?;
    let rows = || parts.sections.iter().flat_map(|section| &section.rows);
    too_many("seats", rows().map(|row| row.seats.len()).sum(), SEATS_PER_MAP_MAX)?;
    too_many("rows", rows().count(), SEATS_PER_MAP_MAX)?;
    let known = |level: u8, id: &dyn Fn() -> String| {
        if usize::from(level) < parts.levels.len() {
            Ok(())
        } else {
            Err(ManifestError::UnknownLevel { id: id(), level })
        }
    };
    for level in &parts.levels {
        check_text("a price level", level, ID_MAX)?;
    }
    check_unique("price level", parts.levels.iter().map(String::as_str))?;
    for area in &parts.areas {
        check_text("an area id", &area.id, ID_MAX)?;
        check_text("an area name", &area.name, NAME_MAX)?;
        known(area.level, &|| area.id.clone())?;
        too_many("places in an area", area.capacity as usize, Manifest::AREA_CAPACITY_MAX as usize)?;
    }
    check_unique("area", parts.areas.iter().map(|area| area.id.as_str()))?;
    for section in &parts.sections {
        check_text("a section id", &section.id, ID_MAX)?;
        check_text("a section name", &section.name, NAME_MAX)?;
        for row in &section.rows {
            check_text("a row label", &row.label, LABEL_MAX)?;
            too_many("seats in a row", row.seats.len(), ROW_SEATS_MAX)?;
            for seat in &row.seats {
                check_text("a seat label", &seat.label, LABEL_MAX)?;
                known(seat.level, &|| format!("{}-{}-{}", section.id, row.label, seat.label))?;
            }
        }
    }
    check_unique("section", parts.sections.iter().map(|section| section.id.as_str()))
}

/// Interns texts: a stadium has thousands of seats called "1".
#[derive(Default)]
struct Interner {
    text: String,
    ends: Vec<u32>,
    known: HashMap<String, u32>,
}

impl Interner {
    fn label(&mut self, text: &str) -> u32 {
        if let Some(label) = self.known.get(text) {
            return *label;
        }
        let label = self.ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        self.known.insert(text.to_owned(), label);
        label
    }
}

pub(super) fn assemble(mut parts: Parts) -> Result<Manifest, ManifestError> {
    check(&parts)?;
    for section in &mut parts.sections {
        section.rows.retain(|row| !row.seats.is_empty());
    }
    let seats = parts.sections.iter().flat_map(|section| &section.rows).map(|row| row.seats.len()).sum();
    let mut labels = Interner::default();
    let (mut sections, mut rows, mut words) = (Vec::<Section>::new(), Vec::<Row>::new(), Vec::<Word>::new());
    let (mut bits, mut level, mut traits) =
        (Vec::with_capacity(seats), Vec::with_capacity(seats), Vec::with_capacity(seats));
    let (mut rank_sums, mut lateral, mut label) =
        (Vec::with_capacity(seats + 1), Vec::with_capacity(seats), Vec::with_capacity(seats));
    let mut rank_min = Vec::<u16>::new();
    rank_sums.push(0u32);
    for (section_index, section) in parts.sections.iter().enumerate() {
        let first_row = rows.len() as u32;
        for row in &section.rows {
            let word = words.len();
            words.resize(word + row.seats.len().div_ceil(64), Word { row: rows.len() as u32, ..Word::default() });
            let ranks: Vec<u16> = row.seats.iter().map(|seat| seat.rank).collect();
            let first_level = row.seats[0].level;
            rank_min.push(*ranks.iter().min().expect("empty rows were left out"));
            rows.push(Row {
                first_seat: bits.len() as u32,
                seats: row.seats.len() as u16,
                word: word as u32,
                words: (words.len() - word) as u16,
                section: section_index as u16,
                label: labels.label(&row.label),
                unimodal: is_unimodal(&ranks),
                level: row.seats.iter().all(|seat| seat.level == first_level).then_some(first_level),
                numbering: Numbering::of(row.seats.iter().map(|seat| &*seat.label)),
                best_start: best_starts(&ranks),
            });
            for (offset, seat) in row.seats.iter().enumerate() {
                let (at, bit) = (&mut words[word + offset / 64], 1u64 << (offset % 64));
                at.exists |= bit;
                if offset + 1 < row.seats.len() && seat.traits & GAP_AFTER == 0 {
                    at.joined |= bit;
                }
                if kind_of(seat.traits) != SeatKind::Standard {
                    at.special |= bit;
                }
                if kind_of(seat.traits) == SeatKind::Accessible {
                    at.accessible |= bit;
                }
                bits.push((word * 64 + offset) as u32);
                level.push(seat.level);
                traits.push(seat.traits);
                rank_sums.push(rank_sums[rank_sums.len() - 1].wrapping_add(u32::from(seat.rank)));
                lateral.push(seat.lateral);
                label.push(labels.label(&seat.label));
            }
        }
        sections.push(Section {
            id: section.id.as_str().into(),
            name: section.name.as_str().into(),
            rows: first_row..rows.len() as u32,
        });
    }
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by_key(|row| (rank_min[*row as usize], *row));
    let mut order_of = vec![0; rows.len()];
    order.iter().zip(0..).for_each(|(row, place)| order_of[*row as usize] = place);

    words.iter_mut().for_each(|word| word.place = order_of[word.row as usize]);
    let mut section_order = order_of.clone();
    for section in &sections {
        section_order[section.rows.start as usize..section.rows.end as usize].sort_unstable();
    }

    let row_words = rows.len().div_ceil(64);
    let mut level_rows = vec![vec![0u64; row_words].into_boxed_slice(); parts.levels.len()];
    let mut special_rows = vec![0u64; row_words].into_boxed_slice();
    for (row, place) in rows.iter().zip(&order_of) {
        let (at, bit) = (*place as usize / 64, 1u64 << (place % 64));
        let first = row.first_seat as usize;
        for level in &level[first..first + usize::from(row.seats)] {
            level_rows[usize::from(*level)][at] |= bit;
        }
        let first = row.word as usize;
        if words[first..first + usize::from(row.words)].iter().any(|word| word.special != 0) {
            special_rows[at] |= bit;
        }
    }
    let mut manifest = Manifest {
        hash: [0; 32],
        levels: parts.levels.iter().map(|key| key.as_str().into()).collect(),
        order_rank: order.iter().map(|row| rank_min[*row as usize]).collect(),
        order_level: order.iter().map(|row| level[rows[*row as usize].first_seat as usize]).collect(),
        section_order: section_order.into(),
        sections: sections.into(),
        areas: parts
            .areas
            .into_iter()
            .map(|area| Area { id: area.id.into(), name: area.name.into(), capacity: area.capacity, level: area.level })
            .collect(),
        rows: rows.into(),
        words: words.into(),
        bits: bits.into(),
        level: level.into(),
        traits: traits.into(),
        rank_sums: rank_sums.into(),
        lateral: lateral.into(),
        label: label.into(),
        labels: Labels { text: labels.text.into(), ends: labels.ends.into() },
        order: order.into(),
        order_of: order_of.into(),
        level_rows: level_rows.into(),
        special_rows,
        hasher: DefaultHashBuilder::default(),
        by_beginning: HashTable::new(),
    };
    index(&mut manifest)?;
    manifest.hash = codec::hash(&manifest);
    Ok(manifest)
}

/// Makes seats findable by id; an id that two seats share, be it by dashes in labels, is refused:
/// only one of them would be found.
fn index(manifest: &mut Manifest) -> Result<(), ManifestError> {
    let mut by_beginning = HashTable::with_capacity(manifest.rows.len());
    let hash = |manifest: &Manifest, row: u32| {
        let row = &manifest.rows[row as usize];
        let section = &manifest.sections[usize::from(row.section)].id;
        manifest.hasher.hash_one(format!("{section}-{}", manifest.labels.get(row.label)).as_str())
    };
    for row in 0..manifest.rows.len() as u32 {
        by_beginning.insert_unique(hash(manifest, row), row, |other| hash(manifest, *other));
    }
    manifest.by_beginning = by_beginning;
    for seat in 0..manifest.seats() as u32 {
        let id = manifest.seat_id(seat);
        if manifest.seat(&id) != Some(seat) {
            return Err(ManifestError::Twice { what: "seat", id });
        }
    }
    Ok(())
}

fn is_unimodal(ranks: &[u16]) -> bool {
    let mut pairs = ranks.windows(2).skip_while(|pair| pair[0] >= pair[1]);
    pairs.all(|pair| pair[0] <= pair[1])
}

fn best_starts(ranks: &[u16]) -> [u16; SEATS_PER_HOLD_MAX] {
    std::array::from_fn(|at| {
        let windows = ranks.windows(at + 1).map(|window| window.iter().map(|rank| u32::from(*rank)).sum::<u32>());
        windows.enumerate().min_by_key(|(_, sum)| *sum).map_or(0, |(start, _)| start as u16)
    })
}
