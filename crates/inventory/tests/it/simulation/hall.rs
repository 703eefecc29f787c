//! The maps of a simulated event: versions of one small hall, where each seat and area has a
//! number of its own that no version changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use inventory::engine::{AreaSpec, Manifest, ManifestSpec, RowSpec, SeatKind, SeatSpec, SectionSpec};

/// A seat or an area as the checker knows it, whatever its index in a map.
pub type Name = u16;

const ROWS: [(&str, &str, u32, u8); 5] =
    [("A", "1", 8, 0), ("A", "2", 8, 0), ("A", "3", 7, 1), ("B", "1", 6, 1), ("B", "2", 5, 1)];
const AREAS: [(&str, u32, u8); 2] = [("F", 14, 1), ("G", 5, 0)];
/// Price levels: balcony and stalls.
pub const LEVELS: usize = 2;
pub const MAPS: usize = 4;
pub const SECTIONS: [&str; 2] = ["A", "B"];

pub struct Map {
    pub manifest: Arc<Manifest>,
    /// The seats in map order.
    pub seats: Vec<Name>,
    /// The areas in map order, with their capacities.
    pub areas: Vec<(Name, u32)>,
}

pub struct Hall {
    pub maps: Vec<Arc<Map>>,
    pub seat_levels: Vec<usize>,
    pub area_levels: Vec<usize>,
    /// Seats for those who need them, and beside them.
    pub special: Vec<bool>,
    seat_ids: Vec<String>,
    seat_names: BTreeMap<String, Name>,
    area_names: BTreeMap<String, Name>,
}

impl Hall {
    pub fn build() -> Self {
        let (mut seat_ids, mut seat_levels, mut special) = (Vec::new(), Vec::new(), Vec::new());
        for (section, row, seats, level) in ROWS {
            for number in 1..=seats {
                seat_ids.push(format!("{section}-{row}-{number}"));
                seat_levels.push(usize::from(level));
                special.push(kind(row, number) != SeatKind::Standard);
            }
        }
        let seat_names = seat_ids.iter().cloned().zip(0..).collect();
        let area_names = (0..).zip(AREAS).map(|(name, (id, ..))| (id.to_owned(), name)).collect();
        let area_levels = AREAS.iter().map(|(_, _, level)| usize::from(*level)).collect();
        let mut hall = Hall { maps: Vec::new(), seat_levels, area_levels, special, seat_ids, seat_names, area_names };
        hall.maps = (0..MAPS).map(|version| Arc::new(hall.version(version))).collect();
        hall
    }

    /// What the answers of the engine call a seat or an area.
    pub fn seat(&self, id: &str) -> Name {
        self.seat_names[id]
    }

    pub fn area(&self, id: &str) -> Name {
        self.area_names[id]
    }

    /// What the map's makers call them.
    pub fn seat_id(&self, name: Name) -> &str {
        &self.seat_ids[usize::from(name)]
    }

    pub fn area_id(&self, name: Name) -> &'static str {
        AREAS[usize::from(name)].0
    }

    pub fn map(&self, hash: [u8; 32]) -> &Arc<Map> {
        self.maps.iter().find(|map| map.manifest.hash() == hash).expect("one of our maps")
    }

    /// 0: everything. 1: the balcony first and without its last row. 2: rows one seat shorter,
    /// the small area gone. 3: the large area smaller, a row of the stalls gone.
    fn version(&self, version: usize) -> Map {
        let mut sections: Vec<SectionSpec> = Vec::new();
        for (section, row, seats, level) in ROWS {
            if (version == 1 && (section, row) == ("B", "2")) || (version == 3 && (section, row) == ("A", "2")) {
                continue;
            }
            let seats = (1..=seats - u32::from(version == 2)).map(|number| SeatSpec {
                label: number.to_string(),
                x: number as f32,
                y: 0.0,
                level,
                kind: kind(row, number),
                restricted_view: false,
                rank: None,
                aisle_after: number == 4,
            });
            let row = RowSpec { label: row.to_owned(), seats: seats.collect() };
            match sections.iter_mut().find(|known| known.id == section) {
                Some(known) => known.rows.push(row),
                None => sections.push(SectionSpec {
                    id: section.to_owned(),
                    name: section.to_owned(),
                    focal: None,
                    rows: vec![row],
                }),
            }
        }
        let mut areas: Vec<AreaSpec> = AREAS
            .iter()
            .filter(|(id, ..)| !(version == 2 && *id == "G"))
            .map(|(id, capacity, level)| {
                let capacity = if version == 3 { capacity - 3 } else { *capacity };
                AreaSpec { id: (*id).to_owned(), name: (*id).to_owned(), capacity, level: *level }
            })
            .collect();
        if version == 1 {
            sections.reverse();
            areas.reverse();
        }
        let names = sections.iter().flat_map(|section| {
            section.rows.iter().flat_map(|row| {
                row.seats.iter().map(|seat| self.seat(&format!("{}-{}-{}", section.id, row.label, seat.label)))
            })
        });
        let seats = names.collect();
        let named = areas.iter().map(|area| (self.area(&area.id), area.capacity)).collect();
        let spec = ManifestSpec { levels: vec!["balcony".into(), "stalls".into()], sections, areas };
        Map { manifest: Arc::new(Manifest::build(&spec).expect("the map is sound")), seats, areas: named }
    }
}

fn kind(row: &str, number: u32) -> SeatKind {
    match (row, number) {
        ("1", 1) => SeatKind::Accessible,
        ("1", 2) => SeatKind::Companion,
        _ => SeatKind::Standard,
    }
}
