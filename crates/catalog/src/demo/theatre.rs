//! A theatre of 2,400 seats: stalls, boxes and two balconies around the stage.

use std::f64::consts::FRAC_PI_2;

use super::geometry::{Arc, SEAT, level, round, row_letters, trim_to};
use crate::seat_map::{Decoration, Point, SeatMap, Section, Shape};

const SEATS: usize = 2_400;
const ROW: f64 = 90.0;
/// As many as the wanted number of seats takes.
const UPPER_ROWS: usize = 10;
/// Rows are circles around a point behind the stage, so that every seat looks at its middle.
const CENTER: Point = Point { x: 2_600.0, y: 200.0 };
/// Of the first row of the stalls, from there.
const FIRST_ROW: f64 = 1_100.0;

struct Floor {
    id: &'static str,
    name: &'static str,
    /// Of its first row.
    radius: f64,
    rows: usize,
    /// Angle of the left, middle and right block together, in radians.
    width: f64,
    /// Level by the share of the rows that lie in front: the first whose share is not reached.
    levels: &'static [(f64, &'static str)],
    /// Seats at each end of the first row behind the balcony's rail.
    behind_rail: usize,
    /// Accessible places take the ends of this row, counted from zero.
    accessible_row: usize,
}

/// Stalls and two balconies, each in three blocks with two aisles between them, and six boxes on
/// either side. In a plan from above the balconies are drawn behind the stalls.
pub fn theatre() -> SeatMap {
    let mut map = house();
    trim_to(&mut map, SEATS, 2..3);
    map
}

fn house() -> SeatMap {
    let floors = [
        Floor {
            id: "STALLS",
            name: "Stalls",
            radius: FIRST_ROW,
            rows: 27,
            width: 0.95,
            levels: &[(0.5, "premium"), (0.85, "first"), (1.0, "second")],
            behind_rail: 0,
            accessible_row: 26,
        },
        Floor {
            id: "CIRCLE",
            name: "Dress circle",
            radius: 4_000.0,
            rows: 8,
            width: 0.92,
            levels: &[(0.4, "premium"), (1.0, "first")],
            behind_rail: 6,
            accessible_row: 0,
        },
        Floor {
            id: "UPPER",
            name: "Upper circle",
            radius: 5_000.0,
            rows: UPPER_ROWS,
            width: 0.86,
            levels: &[(0.5, "second"), (1.0, "third")],
            behind_rail: 8,
            accessible_row: usize::MAX,
        },
    ];
    let depth = CENTER.y + 5_000.0 + UPPER_ROWS as f64 * ROW + 200.0;
    let mut sections: Vec<_> = floors.iter().map(floor).collect();
    for side in [Side::Left, Side::Right] {
        sections.extend((0..6).map(|n| stage_box(side, n)));
    }
    SeatMap {
        version: 0,
        name: Some("Proscenium".into()),
        width: 2.0 * CENTER.x,
        height: round(depth),
        focal_point: Some(Point { x: CENTER.x, y: CENTER.y + 500.0 }),
        levels: vec![
            level("premium", "Premium", "#7b241c"),
            level("first", "First", "#b9770e"),
            level("second", "Second", "#1f618d"),
            level("third", "Third", "#117864"),
            level("box", "Box", "#6c3483"),
        ],
        sections,
        areas: Vec::new(),
        decorations: vec![Decoration {
            text: Some("Stage".into()),
            color: Some("#5d4037".into()),
            shape: Shape::Rectangle {
                x: CENTER.x - 800.0,
                y: CENTER.y - 100.0,
                width: 1_600.0,
                height: 900.0,
                rotation: 0.0,
            },
        }],
    }
}

fn floor(floor: &Floor) -> Section {
    let rows = (0..floor.rows).map(|n| {
        let whole =
            Arc { center: CENTER, radius: floor.radius + n as f64 * ROW, middle: FRAC_PI_2, width: floor.width };
        // Aisles run straight to the back: a quarter of the angle left and right, half between.
        let blocks = [(-0.375, 0.25), (0.0, 0.5), (0.375, 0.25)];
        // Numbered from left to right as the audience sees it, that is against the angle.
        let mut places = super::geometry::Places::default();
        for (middle, width) in blocks.into_iter().rev() {
            let block = Arc { middle: whole.middle + middle * whole.width, width: width * whole.width, ..whole };
            let mut seats = block.places(block.room(SEAT), SEAT).0;
            seats.reverse();
            places.0.extend(seats);
        }
        if n == 0 && floor.behind_rail > 0 {
            places.restrict_ends(floor.behind_rail);
        }
        if n == floor.accessible_row {
            let last = places.0.len() - 1;
            for end in [[0, 1, 2, 3], [last, last - 1, last - 2, last - 3]] {
                for (k, at) in end.into_iter().enumerate() {
                    (places.0[at].accessible, places.0[at].companion) = (k % 2 == 0, k % 2 == 1);
                    places.0[at].restricted = false;
                }
            }
        }
        let share = (n as f64 + 0.5) / floor.rows as f64;
        let level = floor.levels.iter().find(|(until, _)| share < *until).expect("the last share is all").1;
        places.row(floor.id, &row_letters(n), level)
    });
    Section { id: floor.id.into(), name: floor.name.into(), rows: rows.collect() }
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// Six chairs in two rows along the side wall; the chairs behind see the stage in part.
fn stage_box(side: Side, index: usize) -> Section {
    let (sign, letter, name) = match side {
        Side::Left => (-1.0, 'L', "left"),
        Side::Right => (1.0, 'R', "right"),
    };
    let id = format!("BOX{letter}{}", index + 1);
    let y = CENTER.y + 1_150.0 + index as f64 * 330.0;
    let wall = 1_250.0 + index as f64 * 160.0;
    let rows = ["1", "2"].into_iter().enumerate().map(|(n, label)| {
        let x = round(CENTER.x + sign * (wall + n as f64 * ROW));
        let mut places = super::geometry::Places::default();
        for k in 0..3 {
            places.0.push(super::geometry::Place::at(Point { x, y: round(y + f64::from(k) * 70.0) }));
        }
        if n == 1 {
            places.restrict_middle(3);
        }
        places.row(&id, label, "box")
    });
    Section { rows: rows.collect(), name: format!("Box {}, {name}", index + 1), id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_has_2_400_seats_on_three_floors_and_in_boxes() {
        let map = theatre().checked().unwrap();
        assert_eq!(map.seat_count(), SEATS);
        let seats_in = |id: &str| {
            let of = map.sections.iter().filter(|section| section.id.starts_with(id));
            of.flat_map(|section| &section.rows).map(|row| row.seats.len()).sum::<usize>()
        };
        assert_eq!(seats_in("BOX"), 72);
        assert!(seats_in("STALLS") > seats_in("CIRCLE") && seats_in("CIRCLE") > 400 && seats_in("UPPER") > 400);
        assert_eq!(map.seats().filter(|found| found.seat.accessible).count(), 8);
        assert_eq!(map.seats().filter(|found| found.seat.companion).count(), 8);
    }

    #[test]
    fn seats_are_numbered_from_the_left_with_two_aisles_and_stand_free() {
        let map = theatre();
        let seats: Vec<_> = map.seats().map(|found| (found.seat.x, found.seat.y, &found.seat.id)).collect();
        for (n, one) in seats.iter().enumerate() {
            assert!(one.0 > 0.0 && one.0 < map.width && one.1 > 0.0 && one.1 < map.height, "{}", one.2);
            for two in &seats[..n] {
                let apart = f64::hypot(one.0 - two.0, one.1 - two.1);
                assert!(apart > 45.0, "{} and {} are {apart} cm apart", one.2, two.2);
            }
        }
        for section in &map.sections[..2] {
            for row in &section.rows {
                assert!(row.seats.windows(2).all(|two| two[0].x < two[1].x), "{} {}", section.id, row.label);
                let aisles = row.neighbours().iter().filter(|beside| !**beside).count();
                assert_eq!(aisles, 3, "two aisles and the end of {} {}", section.id, row.label);
            }
        }
    }
}
