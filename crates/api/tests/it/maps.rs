//! Seat maps for tests, in our format and as an open seating plan.

use base64::Engine;
use serde_json::{Value, json};

pub const ROWS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];
pub const SEATS_PER_ROW: usize = 12;
pub const FLOOR_CAPACITY: u32 = 200;
/// Seats of [`hall`].
pub const SEATS: usize = ROWS.len() * SEATS_PER_ROW;

/// One section `S` of rows A to D (level `front`) and E to H (`side`) of twelve seats each; a
/// floor of 200 places. In row H the first seat is a wheelchair space and the second its
/// companion's.
pub fn hall() -> Value {
    let seat = |row: usize, number: usize| {
        let mut seat = json!({
            "label": number.to_string(), "x": number * 10, "y": row * 10 + 10,
            "level": if row < 4 { "front" } else { "side" },
        });
        match (ROWS[row], number) {
            ("H", 1) => seat["accessible"] = true.into(),
            ("H", 2) => seat["companion"] = true.into(),
            _ => {}
        }
        seat
    };
    let row = |row: usize| {
        let seats: Vec<_> = (1..=SEATS_PER_ROW).map(|number| seat(row, number)).collect();
        json!({ "label": ROWS[row], "seats": seats })
    };
    let rows: Vec<_> = (0..ROWS.len()).map(row).collect();
    json!({
        "width": 1000, "height": 1000,
        "levels": [{ "key": "front", "name": "Front" }, { "key": "side", "name": "Side" }, { "key": "floor", "name": "Floor" }],
        "sections": [{ "id": "S", "name": "Stalls", "rows": rows }],
        "areas": [{ "id": "FLOOR", "name": "Floor", "capacity": FLOOR_CAPACITY, "level": "floor" }],
    })
}

/// The id of the seat with this number in map order.
pub fn seat_id(index: usize) -> String {
    format!("S-{}-{}", ROWS[index / SEATS_PER_ROW], index % SEATS_PER_ROW + 1)
}

/// The place of a seat in map order.
pub fn seat_index(id: &str) -> usize {
    (0..SEATS).find(|index| seat_id(*index) == id).expect("the hall has the seat")
}

/// Statuses of the hall's seats from what `availability` gives.
pub fn statuses(encoded: &str) -> Vec<u8> {
    bits(encoded, SEATS)
}

/// Two bits a seat: 0 available, 1 held, 2 sold, 3 blocked.
pub fn bits(encoded: &str, seats: usize) -> Vec<u8> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64");
    (0..seats).map(|seat| bytes[seat / 4] >> (seat % 4 * 2) & 3).collect()
}

/// The same idea in the open seating-plan form: zones with rows of seats, placed in their zone.
pub fn seating_plan() -> Value {
    let seat = |number: usize| {
        json!({
            "seat_guid": format!("guid-{number}"), "seat_number": format!("{number} い"),
            "position": { "x": number * 25, "y": 0 }, "category": "Parquet",
        })
    };
    let seats: Vec<_> = (1..=10).map(seat).collect();
    json!({
        "name": "Small stage",
        "categories": [{ "name": "Parquet", "color": "#7f4a91" }],
        "zones": [{
            "name": "Ground floor", "zone_id": "ground", "position": { "x": 20, "y": 40 },
            "rows": [
                { "row_number": "Loge 1", "position": { "x": 0, "y": 0 }, "seats": seats },
            ],
            "areas": [],
        }],
        "size": { "width": 400, "height": 200 },
    })
}
