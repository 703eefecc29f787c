//! A stadium bowl of 80,000 seats around an oval pitch.

use std::f64::consts::{FRAC_PI_2, PI};

use super::geometry::{Arc, Places, SEAT, level, round, trim_to};
use crate::seat_map::{Decoration, Point, SeatMap, Section, Shape};

/// Seats of the stadium. Source: document 004, 4.2.
const SEATS: usize = 80_000;

/// The first row is an oval of four arcs that meet smoothly: long ones along the sides, short
/// ones behind the goals. Further rows are the same arcs with greater radii. Chosen so that a
/// pitch of 105 m by 68 m fits inside with 2.6 m to spare at its corners.
const END_RADIUS: f64 = 3_800.0;
/// How far the middles of the end arcs lie from the centre, to the left and right.
const END_OFFSET: f64 = 3_700.0;
/// How far the middles of the side arcs lie from the centre, each beyond it.
const SIDE_OFFSET: f64 = 3_176.0;

const ROW: f64 = 80.0;
/// As many as the wanted number of seats takes.
const UPPER_ROWS: usize = 36;

struct Tier {
    /// First digit of its section numbers.
    number: u32,
    name: &'static str,
    /// Of its first row, from the oval.
    distance: f64,
    rows: usize,
    /// Sections on each side and behind each goal.
    side_sections: usize,
    end_sections: usize,
    /// Level keys for sides and ends.
    levels: (&'static str, &'static str),
    /// The row, counted from zero, at which the stairs open into every other section.
    stairs: usize,
}

/// Rows that a stairway's mouth takes, and seats in each of them.
const MOUTH: (usize, usize) = (4, 6);

/// The bowl: a lower tier with accessible platforms behind its last row, a club tier, and an
/// upper tier. Centimetres, pitch in the middle.
pub fn stadium() -> SeatMap {
    let mut map = bowl();
    let upper = map.sections.iter().position(|section| section.id.starts_with('3')).expect("there is an upper tier");
    let sections = map.sections.len();
    trim_to(&mut map, SEATS, upper..sections);
    map
}

fn bowl() -> SeatMap {
    let tiers = [
        Tier {
            number: 1,
            name: "Lower tier",
            distance: 0.0,
            rows: 30,
            side_sections: 13,
            end_sections: 5,
            levels: ("cat1", "cat2"),
            stairs: 12,
        },
        Tier {
            number: 2,
            name: "Club tier",
            distance: 2_900.0,
            rows: 8,
            side_sections: 13,
            end_sections: 5,
            levels: ("club", "cat2"),
            stairs: 20,
        },
        Tier {
            number: 3,
            name: "Upper tier",
            distance: 3_800.0,
            rows: UPPER_ROWS,
            side_sections: 19,
            end_sections: 9,
            levels: ("cat3", "cat4"),
            stairs: 8,
        },
    ];
    let reach = 3_800.0 + UPPER_ROWS as f64 * ROW + 300.0;
    let (width, height) = (2.0 * (END_OFFSET + END_RADIUS + reach), 2.0 * (side_radius() - SIDE_OFFSET + reach));
    let center = Point { x: round(width / 2.0), y: round(height / 2.0) };
    SeatMap {
        version: 0,
        name: Some("Football".into()),
        width: round(width),
        height: round(height),
        focal_point: Some(center),
        levels: vec![
            level("club", "Club", "#8e44ad"),
            level("cat1", "Category 1", "#c0392b"),
            level("cat2", "Category 2", "#d68910"),
            level("cat3", "Category 3", "#2471a3"),
            level("cat4", "Category 4", "#1e8449"),
        ],
        sections: tiers.iter().flat_map(|tier| sections(tier, center)).collect(),
        areas: Vec::new(),
        decorations: vec![Decoration {
            text: Some("Pitch".into()),
            color: Some("#2e7d32".into()),
            shape: Shape::Rectangle {
                x: center.x - 5_250.0,
                y: center.y - 3_400.0,
                width: 10_500.0,
                height: 6_800.0,
                rotation: 0.0,
            },
        }],
    }
}

/// From the point where the arcs meet, which lies on the line through both their middles.
fn side_radius() -> f64 {
    END_RADIUS + f64::hypot(END_OFFSET, SIDE_OFFSET)
}

/// The sections of a tier clockwise from the left end of the far side.
fn sections(tier: &Tier, center: Point) -> Vec<Section> {
    let half_side = f64::atan2(END_OFFSET, SIDE_OFFSET);
    let sides = Sides { half_side, center };
    let quarters = [
        (sides.far(), tier.side_sections, tier.levels.0, "far side"),
        (sides.right(), tier.end_sections, tier.levels.1, "right end"),
        (sides.near(), tier.side_sections, tier.levels.0, "near side"),
        (sides.left(), tier.end_sections, tier.levels.1, "left end"),
    ];
    let wedges = quarters.into_iter().flat_map(|(arc, count, level, side)| {
        (0..count).map(move |n| {
            let width = arc.width / count as f64;
            let middle = arc.middle - arc.width / 2.0 + (n as f64 + 0.5) * width;
            (Arc { middle, width, ..arc }, level, side)
        })
    });
    (1..).zip(wedges).map(|(n, (arc, level, side))| section(tier, tier.number * 100 + n, arc, level, side)).collect()
}

struct Sides {
    half_side: f64,
    center: Point,
}

impl Sides {
    fn arc(&self, dx: f64, dy: f64, radius: f64, middle: f64, half: f64) -> Arc {
        let center = Point { x: self.center.x + dx, y: self.center.y + dy };
        Arc { center, radius, middle, width: 2.0 * half }
    }

    fn far(&self) -> Arc {
        self.arc(0.0, SIDE_OFFSET, side_radius(), -FRAC_PI_2, self.half_side)
    }

    fn near(&self) -> Arc {
        self.arc(0.0, -SIDE_OFFSET, side_radius(), FRAC_PI_2, self.half_side)
    }

    fn right(&self) -> Arc {
        self.arc(END_OFFSET, 0.0, END_RADIUS, 0.0, FRAC_PI_2 - self.half_side)
    }

    fn left(&self) -> Arc {
        self.arc(-END_OFFSET, 0.0, END_RADIUS, PI, FRAC_PI_2 - self.half_side)
    }
}

fn section(tier: &Tier, number: u32, arc: Arc, level: &str, side: &str) -> Section {
    let id = number.to_string();
    let has_stairs = number.is_multiple_of(2);
    let mut rows: Vec<_> = (0..tier.rows)
        .map(|n| {
            let arc = arc.out(tier.distance + n as f64 * ROW);
            let mut places = arc.places(arc.room(SEAT), SEAT);
            if has_stairs && (tier.stairs..tier.stairs + MOUTH.0).contains(&n) {
                places.gap(MOUTH.1);
            } else if has_stairs && (tier.stairs + MOUTH.0..tier.stairs + MOUTH.0 + 2).contains(&n) {
                places.restrict_middle(MOUTH.1); // they look over the parapet of the stairs
            } else if tier.number == 3 && n == 0 {
                places.restrict_ends(2); // behind the rail of the gangway
            }
            places.row(&id, &(n + 1).to_string(), level)
        })
        .collect();
    // Level with the concourse behind the lower tier, so no step leads there.
    if tier.number == 1 {
        let platform: Places = arc.out(tier.distance + tier.rows as f64 * ROW + 120.0).platform();
        rows.push(platform.row(&id, "W", level));
    }
    Section { name: format!("{} {id}, {side}", tier.name), id, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bowl_has_80_000_seats_that_do_not_overlap() {
        let map = stadium().checked().unwrap();
        assert_eq!((map.seat_count(), map.capacity()), (SEATS, 80_000));
        assert_eq!(map.sections.len(), 36 + 36 + 56);
        assert!(map.seats().filter(|found| found.seat.accessible).count() > 150);
        let inside = |x: f64, max: f64| x > 0.0 && x < max;
        // No two seats are closer than 45 cm: look at the seats of the same and nearby squares.
        let mut grid = std::collections::HashMap::<(i64, i64), Vec<Point>>::new();
        for found in map.seats() {
            let (x, y) = (found.seat.x, found.seat.y);
            assert!(inside(x, map.width) && inside(y, map.height), "{}", found.seat.id);
            let off_pitch = (x - map.width / 2.0).abs() > 5_250.0 || (y - map.height / 2.0).abs() > 3_400.0;
            assert!(off_pitch, "{} stands on the pitch", found.seat.id);
            let square = ((x / 45.0) as i64, (y / 45.0) as i64);
            for near in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (square.0 + dx, square.1 + dy))) {
                for other in grid.get(&near).into_iter().flatten() {
                    let apart = f64::hypot(other.x - x, other.y - y);
                    assert!(apart > 45.0, "{} is {apart} cm from another seat", found.seat.id);
                }
            }
            grid.entry(square).or_default().push(Point { x, y });
        }
    }

    #[test]
    fn stairs_part_a_row_and_companions_sit_beside_their_places() {
        let map = stadium();
        let section = map.sections.iter().find(|section| section.id == "102").unwrap();
        let aisles = |row: usize| section.rows[row].neighbours().iter().filter(|beside| !**beside).count();
        assert_eq!((aisles(11), aisles(12), aisles(15), aisles(16)), (1, 2, 2, 1));
        assert!(section.rows[16].seats.iter().any(|seat| seat.restricted_view));
        let platform = map.sections.iter().find(|section| section.id == "101").unwrap().rows.last().unwrap();
        assert_eq!(platform.label, "W");
        assert!(platform.seats.chunks(2).all(|pair| pair[0].accessible && pair[1].companion));
    }
}
