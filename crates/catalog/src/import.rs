//! Reading what others wrote: seat maps in two formats, events in one.

mod discovery;
mod discovery_file;
mod seating_plan;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::seat_map::{SeatMap, SeatMapError};

pub use discovery::{ImportError, ImportOptions, ImportReport, Outcome, Progress, Remark};

/// Reads a seat map: ours (the wire shape of API.md) or an open seating plan, whichever it is.
/// An error names the place: `zones[0].rows[3].seats[1].category`.
///
/// A stadium is about 6 MB of JSON: call it where a thread may be busy for a while.
pub fn seat_map(bytes: &[u8]) -> Result<SeatMap, SeatMapError> {
    #[derive(Deserialize)]
    struct Probe {
        zones: Option<IgnoredAny>,
    }
    let probe: Probe = read(bytes)?;
    let map = if probe.zones.is_some() { seating_plan::convert(read(bytes)?)? } else { read(bytes)? };
    map.checked()
}

/// JSON that names the place of its first fault.
fn read<'text, T: Deserialize<'text>>(bytes: &'text [u8]) -> Result<T, SeatMapError> {
    // Keeping track of the path costs as much again as parsing, so only a faulty file pays it.
    serde_json::from_slice(bytes).or_else(|_| {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            SeatMapError::new(path, error.into_inner().to_string())
        })?;
        json.end().map_err(|error| SeatMapError::new(".", error.to_string()))?;
        Ok(parsed)
    })
}

/// `text` without characters that no name may have, at most `max` long; nothing when none is left.
fn clean(text: &str, max: usize) -> Option<String> {
    let kept = text.chars().filter(|letter| !stagedoor_core::is_hidden(*letter));
    let kept: String = kept.collect::<String>().trim().chars().take(max).collect();
    (!kept.trim().is_empty()).then(|| kept.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = include_str!("../tests/data/seat_map.json");

    #[test]
    fn our_own_format_comes_back_as_it_went() {
        let map = seat_map(OURS.as_bytes()).unwrap();
        let again = serde_json::to_vec(&map).unwrap();
        assert_eq!(seat_map(&again).unwrap(), map);
        assert_eq!(map.seats().next().unwrap().seat.id, "L-A-1");
    }

    #[test]
    fn a_fault_is_named_by_its_path() {
        for (from, to, path) in [
            ("\"x\": 150", "\"x\": \"150\"", "sections[0].rows[0].seats[1].x"),
            ("\"x\": 150", "\"x\": 1e400", "sections[0].rows[0].seats[1].x"),
            ("\"level\": \"side\"", "\"level\": \"none\"", "sections[0].rows[0].seats[1].level"),
            ("\"label\": \"2\"", "\"label\": \"2\", \"price\": 5", "sections[0].rows[0].seats[1].price"),
            ("\"width\": 400", "\"wide\": 400", "wide"),
        ] {
            assert!(OURS.contains(from), "{from}");
            let error = seat_map(OURS.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert_eq!(error.path, path, "{error}");
        }
    }

    #[test]
    fn what_is_no_seat_map_is_refused() {
        let deep = "[".repeat(10_000);
        let twice = OURS.replacen("\"width\": 400", "\"width\": 400, \"width\": 500", 1);
        for wrong in ["", "{", "null", "[]", "{}", "\u{0}", &deep, &twice, "{\"zones\": 3}", "{} {}"] {
            assert!(seat_map(wrong.as_bytes()).is_err(), "{:.20}", wrong);
        }
        assert!(seat_map(b"{\"width\": \"\xff\"}").is_err());
    }
}
