//! What the generated venues are built of. Lengths are in centimetres.

use crate::seat_map::{Level, Point, Row, Seat, SeatMap};

/// Between the middles of two seats.
pub const SEAT: f64 = 50.0;
/// What two seats on either side of an aisle lie further apart than neighbours.
pub const AISLE: f64 = 120.0;

/// A row as it is laid out, before it is numbered.
#[derive(Debug, Clone, Default)]
pub struct Places(pub Vec<Place>);

#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub at: Point,
    pub accessible: bool,
    pub companion: bool,
    pub restricted: bool,
}

/// A circle that rows follow; angles in radians, from the x axis towards y (clockwise on screen).
#[derive(Debug, Clone, Copy)]
pub struct Arc {
    pub center: Point,
    pub radius: f64,
    pub middle: f64,
    pub width: f64,
}

impl Arc {
    /// The same arc `by` further out.
    pub fn out(self, by: f64) -> Arc {
        Arc { radius: self.radius + by, ..self }
    }

    /// The point `along` from the arc's middle.
    pub fn point(self, along: f64) -> Point {
        let angle = self.middle + along / self.radius;
        let (sin, cos) = angle.sin_cos();
        Point { x: round(self.center.x + self.radius * cos), y: round(self.center.y + self.radius * sin) }
    }

    /// How many places `spacing` apart fit with half an aisle at each end.
    pub fn room(self, spacing: f64) -> usize {
        ((self.radius * self.width - AISLE) / spacing).floor().max(0.0) as usize
    }

    /// `count` places side by side around the arc's middle.
    pub fn places(self, count: usize, spacing: f64) -> Places {
        let first = -(count as f64 - 1.0) / 2.0 * spacing;
        Places((0..count).map(|n| Place::at(self.point(first + n as f64 * spacing))).collect())
    }

    /// Accessible places with a companion's seat beside each, with room to turn.
    pub fn platform(self) -> Places {
        const EACH: f64 = 110.0;
        let pairs = self.room(EACH) / 2;
        let mut places = self.places(pairs * 2, EACH);
        for (n, place) in places.0.iter_mut().enumerate() {
            (place.accessible, place.companion) = (n % 2 == 0, n % 2 == 1);
        }
        places
    }
}

impl Place {
    pub fn at(at: Point) -> Self {
        Self { at, accessible: false, companion: false, restricted: false }
    }
}

impl Places {
    /// Takes out `count` places in the middle: the mouth of a stairway.
    pub fn gap(&mut self, count: usize) {
        let start = self.0.len().saturating_sub(count) / 2;
        self.0.drain(start..(start + count).min(self.0.len()));
    }

    /// Marks the `count` places in the middle as having a restricted view.
    pub fn restrict_middle(&mut self, count: usize) {
        let start = self.0.len().saturating_sub(count) / 2;
        self.0.iter_mut().skip(start).take(count).for_each(|place| place.restricted = true);
    }

    /// Marks `count` places at each end as having a restricted view.
    pub fn restrict_ends(&mut self, count: usize) {
        let length = self.0.len();
        for (n, place) in self.0.iter_mut().enumerate() {
            place.restricted |= n < count || n + count >= length;
        }
    }

    /// Numbers the places from 1 and names the row.
    pub fn row(self, section: &str, label: &str, level: &str) -> Row {
        let seats = (1..).zip(self.0).map(|(number, place): (u32, Place)| Seat {
            id: format!("{section}-{label}-{number}"),
            label: number.to_string(),
            x: place.at.x,
            y: place.at.y,
            level: level.to_owned(),
            accessible: place.accessible,
            companion: place.companion,
            restricted_view: place.restricted,
            external_id: None,
        });
        Row { label: label.to_owned(), seats: seats.collect() }
    }
}

/// Millimetres are enough, and short numbers keep the map small.
pub fn round(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

pub fn level(key: &str, name: &str, color: &str) -> Level {
    Level { key: key.into(), name: name.into(), color: Some(color.into()) }
}

/// Takes seats from the ends of the last rows of the last sections, in turn, until `seats` are
/// left: where a real house has its camera and sound desks.
pub fn trim_to(map: &mut SeatMap, seats: usize, sections: std::ops::Range<usize>) {
    let mut surplus = map.seat_count().checked_sub(seats).expect("the layout has at least as many seats as wanted");
    for section in sections.cycle() {
        if surplus == 0 {
            return;
        }
        let rows = &mut map.sections[section].rows;
        let row = rows.last_mut().expect("a section keeps rows while there is a surplus");
        row.seats.pop();
        surplus -= 1;
        if row.seats.is_empty() {
            rows.pop();
        }
    }
}

/// A, B, .. Z, AA, BB, .. as theatres count rows.
pub fn row_letters(index: usize) -> String {
    let letter = char::from(b'A' + (index % 26) as u8);
    letter.to_string().repeat(index / 26 + 1)
}
