//! Seat maps: where every seat and area of a venue is, what it is called and which price level
//! it belongs to. The types here are the wire shape of API.md, `GET /events/{event}/seat-map`.

mod check;
mod encoded;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stagedoor_core::{Code, SeatMapId, Timestamp, VenueId};

pub(crate) use check::{is_color, is_key};
pub use encoded::EncodedMap;

/// Sections of one seat map; the largest stadiums have about 400.
pub const SECTIONS_PER_MAP_MAX: usize = 1_000;
/// Rows of one section; a standing terrace numbered by row has about 100.
pub const ROWS_PER_SECTION_MAX: usize = 500;
/// Seats of one row; the longest bench in a section has about 100.
pub const SEATS_PER_ROW_MAX: usize = 500;
/// Places of one general-admission area; the largest fields take about 150,000.
pub const AREA_CAPACITY_MAX: u32 = 500_000;
/// Stages, bars, walls and other things drawn but not sold.
pub const DECORATIONS_PER_MAP_MAX: usize = 1_000;

/// One version of a venue's geometry. Seats are counted in the order they stand in here
/// (sections, their rows, their seats): the "map order" of `availability`.
///
/// Coordinates are in one unit of the map's own choice (the generated venues use centimetres),
/// `x` to the right and `y` down, both within the width and height.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeatMap {
    /// Counted from 1 for each venue; set when the map is saved, whatever a file says.
    #[serde(default)]
    pub version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub width: f64,
    pub height: f64,
    /// Where everyone looks: the middle of the stage or pitch. Best seats are near it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focal_point: Option<Point>,
    pub levels: Vec<Level>,
    #[serde(default)]
    pub sections: Vec<Section>,
    #[serde(default)]
    pub areas: Vec<Area>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decorations: Vec<Decoration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A price level's key in the map, and how it is drawn; its price belongs to the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    pub key: String,
    pub name: String,
    /// `#rgb` or `#rrggbb` in hexadecimal, or a colour word of CSS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
}

/// `id` holds no hyphen, so that `section-row-seat` reads in one way only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub id: String,
    pub name: String,
    pub rows: Vec<Row>,
}

/// Seats in the order they stand next to each other. An aisle inside a row is a wider gap
/// between two seats; see [`Row::neighbours`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub label: String,
    pub seats: Vec<Seat>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seat {
    /// `section-row-seat`; made from the labels when a file leaves it out.
    #[serde(default)]
    pub id: String,
    pub label: String,
    pub x: f64,
    pub y: f64,
    /// The key of a [`Level`].
    pub level: String,
    /// A place for a wheelchair.
    #[serde(default, skip_serializing_if = "is_false")]
    pub accessible: bool,
    /// Kept for whoever accompanies the accessible place next to it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub companion: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub restricted_view: bool,
    /// The seat's id in the system it was imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// General admission: places without numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    pub id: String,
    pub name: String,
    pub capacity: u32,
    /// The key of a [`Level`].
    pub level: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
}

/// Something drawn and not sold: a stage, a bar, a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decoration {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    pub shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Shape {
    Polygon {
        points: Vec<Point>,
    },
    /// `x`, `y`: the corner that turns least; `rotation`: degrees clockwise around it.
    Rectangle {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        #[serde(default, skip_serializing_if = "is_zero")]
        rotation: f64,
    },
    /// `x`, `y`: the centre; `rx`, `ry`: half the width and height.
    Ellipse {
        x: f64,
        y: f64,
        rx: f64,
        ry: f64,
        #[serde(default, skip_serializing_if = "is_zero")]
        rotation: f64,
    },
    /// Only text, at this place.
    Label {
        x: f64,
        y: f64,
    },
}

/// What is wrong with a seat map, and where: `sections[3].rows[0].seats[7].level`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct SeatMapError {
    pub path: String,
    pub reason: String,
}

impl SeatMapError {
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    pub const fn code(&self) -> Code {
        Code::InvalidSeatMap
    }
}

/// One saved version of a venue's map, without its geometry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatMapVersion {
    pub id: SeatMapId,
    pub venue: VenueId,
    pub version: u32,
    pub name: Option<String>,
    /// Numbered seats.
    pub seats: u32,
    /// Seats and general-admission places together.
    pub capacity: u32,
    /// Places by level key; levels without places are left out.
    pub levels: BTreeMap<String, u32>,
    pub created_at: Timestamp,
}

/// A seat with the names around it.
#[derive(Debug, Clone, Copy)]
pub struct SeatRef<'map> {
    pub section: &'map Section,
    pub row: &'map Row,
    pub seat: &'map Seat,
}

impl SeatMap {
    /// Every seat in map order.
    pub fn seats(&self) -> impl Iterator<Item = SeatRef<'_>> {
        self.sections.iter().flat_map(|section| {
            section.rows.iter().flat_map(move |row| row.seats.iter().map(move |seat| SeatRef { section, row, seat }))
        })
    }

    pub fn seat_count(&self) -> usize {
        self.sections.iter().flat_map(|section| &section.rows).map(|row| row.seats.len()).sum()
    }

    /// Seats and general-admission places together.
    pub fn capacity(&self) -> u32 {
        let standing: u64 = self.areas.iter().map(|area| u64::from(area.capacity)).sum();
        u32::try_from(standing + self.seat_count() as u64).expect("the limits of a checked map keep this below 2^32")
    }

    /// How many places each level has, by key.
    pub fn capacity_by_level(&self) -> BTreeMap<String, u32> {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for found in self.seats() {
            *counts.entry(&found.seat.level).or_default() += 1;
        }
        for area in &self.areas {
            *counts.entry(&area.level).or_default() += area.capacity;
        }
        counts.into_iter().map(|(key, count)| (key.to_owned(), count)).collect()
    }

    /// Fills in the seat ids a file left out, rounds its numbers to thousandths, then checks every
    /// rule of a seat map.
    pub fn checked(mut self) -> Result<SeatMap, SeatMapError> {
        check::round(&mut self);
        check::complete(&mut self)?;
        check::check(&self)?;
        Ok(self)
    }
}

impl Row {
    /// How much wider than the row's usual spacing a gap must be to count as an aisle.
    const AISLE: f64 = 1.5;

    /// For each seat, whether the next one in the row stands right beside it; `false` for the
    /// last. A gap wider than one and a half times the row's median spacing is an aisle.
    pub fn neighbours(&self) -> Vec<bool> {
        let mut gaps: Vec<f64> =
            self.seats.windows(2).map(|two| f64::hypot(two[1].x - two[0].x, two[1].y - two[0].y)).collect();
        let mut sorted = gaps.clone();
        sorted.sort_by(f64::total_cmp);
        let usual = sorted.get((sorted.len().max(1) - 1) / 2).copied().unwrap_or(0.0);
        gaps.push(f64::INFINITY);
        gaps.truncate(self.seats.len());
        gaps.iter().map(|gap| *gap <= usual * Self::AISLE).collect()
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(xs: &[f64]) -> Row {
        let seat = |x: &f64| Seat {
            id: String::new(),
            label: x.to_string(),
            x: *x,
            y: 0.0,
            level: "a".into(),
            accessible: false,
            companion: false,
            restricted_view: false,
            external_id: None,
        };
        Row { label: "A".into(), seats: xs.iter().map(seat).collect() }
    }

    #[test]
    fn an_aisle_parts_neighbours_and_a_row_end_has_none() {
        assert_eq!(row(&[0.0, 5.0, 10.0, 25.0, 30.0]).neighbours(), [true, true, false, true, false]);
        assert_eq!(row(&[0.0]).neighbours(), [false]);
        assert_eq!(row(&[]).neighbours(), [false; 0]);
        assert_eq!(row(&[30.0, 20.0]).neighbours(), [true, false]);
        assert_eq!(row(&[0.0, 5.0, 20.0]).neighbours(), [true, false, false]);
    }
}
