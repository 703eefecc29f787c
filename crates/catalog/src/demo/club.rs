//! A club: 1,200 standing places in three areas and 60 seats at tables.

use std::f64::consts::TAU;

use super::geometry::{Place, Places, level, round};
use crate::seat_map::{Area, Decoration, Point, SeatMap, Section, Shape};

const WIDTH: f64 = 3_000.0;
const HEIGHT: f64 = 4_000.0;
/// From the middle of a table to the middle of its chairs.
const TABLE: f64 = 75.0;

/// The floor before the stage, a gallery, the bar, and fifteen tables of four at the side.
pub fn club() -> SeatMap {
    let area = |id: &str, name: &str, capacity, x, y, width, height| Area {
        id: id.into(),
        name: name.into(),
        capacity,
        level: if id == "GALLERY" { "gallery" } else { "standing" }.into(),
        shape: Some(Shape::Rectangle { x, y, width, height, rotation: 0.0 }),
    };
    SeatMap {
        version: 0,
        name: Some("Standing and tables".into()),
        width: WIDTH,
        height: HEIGHT,
        focal_point: Some(Point { x: 1_150.0, y: 300.0 }),
        levels: vec![
            level("standing", "Standing", "#1f618d"),
            level("gallery", "Gallery", "#117864"),
            level("table", "Table", "#b9770e"),
        ],
        sections: vec![Section { id: "TABLES".into(), name: "Tables".into(), rows: (0..15).map(table).collect() }],
        areas: vec![
            area("FLOOR", "Floor", 900, 200.0, 700.0, 1_900.0, 1_900.0),
            area("GALLERY", "Gallery", 220, 200.0, 2_750.0, 1_900.0, 600.0),
            area("BAR", "By the bar", 80, 200.0, 3_500.0, 1_900.0, 300.0),
        ],
        decorations: vec![Decoration {
            text: Some("Stage".into()),
            color: Some("#5d4037".into()),
            shape: Shape::Rectangle { x: 450.0, y: 150.0, width: 1_400.0, height: 400.0, rotation: 0.0 },
        }],
    }
}

/// A row is a table. The first one has room for two wheelchairs; tables far from the stage have
/// a pillar before them.
fn table(index: usize) -> crate::seat_map::Row {
    let middle = Point { x: 2_350.0 + (index % 2) as f64 * 350.0, y: 850.0 + (index / 2) as f64 * 380.0 };
    let mut places = Places::default();
    for chair in 0..4 {
        let (sin, cos) = ((f64::from(chair) + 0.5) / 4.0 * TAU).sin_cos();
        let at = Point { x: round(middle.x + TABLE * cos), y: round(middle.y + TABLE * sin) };
        let of_first = index == 0;
        let (accessible, companion) = (of_first && chair % 2 == 0, of_first && chair % 2 == 1);
        places.0.push(Place { accessible, companion, restricted: index >= 13, ..Place::at(at) });
    }
    places.row("TABLES", &format!("T{}", index + 1), "table")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_club_has_1_200_standing_and_60_seated() {
        let map = club().checked().unwrap();
        assert_eq!((map.seat_count(), map.capacity()), (60, 1_260));
        assert!(map.seats().all(|found| found.seat.y < map.height && found.seat.x < map.width));
        assert_eq!(map.capacity_by_level()["table"], 60);
    }
}
