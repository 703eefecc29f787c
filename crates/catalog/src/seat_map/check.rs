//! The rules of a seat map, each with the path of the place that breaks it.

use std::collections::HashSet;

use stagedoor_core::is_hidden;
use stagedoor_core::limits::{AREAS_PER_MAP_MAX, LEVELS_MAX, SEATS_PER_MAP_MAX};

use super::{
    AREA_CAPACITY_MAX, Area, DECORATIONS_PER_MAP_MAX, Point, ROWS_PER_SECTION_MAX, Row, SEATS_PER_ROW_MAX,
    SECTIONS_PER_MAP_MAX, Seat, SeatMap, SeatMapError, Section, Shape,
};

/// Characters of one part of a seat id, of a level key or of an area id.
const KEY_MAX: usize = 40;
const LABEL_MAX: usize = 40;
const NAME_MAX: usize = 200;
/// Points of one drawn outline.
const POINTS_MAX: usize = 1_000;
/// Width and height of a map; coordinates reach this far beyond zero at most.
const EXTENT_MAX: f64 = 1e6;

type Check = Result<(), SeatMapError>;

/// Keeps thousandths of every number of the geometry: finer than anything drawn, coarse enough
/// that every reader of the JSON gets the same number, and short.
pub(super) fn round(map: &mut SeatMap) {
    let round = |number: &mut f64| *number = (*number * 1_000.0).round() / 1_000.0;
    [&mut map.width, &mut map.height].into_iter().for_each(round);
    let seats = map.sections.iter_mut().flat_map(|section| &mut section.rows).flat_map(|row| &mut row.seats);
    seats.for_each(|seat| [&mut seat.x, &mut seat.y].into_iter().for_each(round));
    map.focal_point.iter_mut().flat_map(|at| [&mut at.x, &mut at.y]).for_each(round);
    let shapes = map.areas.iter_mut().filter_map(|area| area.shape.as_mut());
    for shape in shapes.chain(map.decorations.iter_mut().map(|drawn| &mut drawn.shape)) {
        match shape {
            Shape::Polygon { points } => points.iter_mut().flat_map(|at| [&mut at.x, &mut at.y]).for_each(round),
            Shape::Rectangle { x, y, width, height, rotation } => {
                [x, y, width, height, rotation].into_iter().for_each(round)
            }
            Shape::Ellipse { x, y, rx, ry, rotation } => [x, y, rx, ry, rotation].into_iter().for_each(round),
            Shape::Label { x, y } => [x, y].into_iter().for_each(round),
        }
    }
}

/// Gives every seat without an id the one its section and labels make.
pub(super) fn complete(map: &mut SeatMap) -> Check {
    for (s, section) in map.sections.iter_mut().enumerate() {
        for (r, row) in section.rows.iter_mut().enumerate() {
            for (n, seat) in row.seats.iter_mut().enumerate().filter(|(_, seat)| seat.id.is_empty()) {
                for (what, label) in [("row", &row.label), ("seat", &seat.label)] {
                    if !is_key(label) {
                        let path = format!("sections[{s}].rows[{r}].seats[{n}]");
                        return Err(SeatMapError::new(
                            path,
                            format!("needs an id, because the {what} label {label:?} {KEY_RULE}"),
                        ));
                    }
                }
                seat.id = format!("{}-{}-{}", section.id, row.label, seat.label);
            }
        }
    }
    Ok(())
}

pub(super) fn check(map: &SeatMap) -> Check {
    size("width", map.width)?;
    size("height", map.height)?;
    if let Some(name) = &map.name {
        label("name", name, NAME_MAX)?;
    }
    if let Some(at) = &map.focal_point {
        point("focalPoint", at)?;
    }
    let levels = levels(map)?;
    at_most("sections", map.sections.len(), SECTIONS_PER_MAP_MAX)?;
    at_most("areas", map.areas.len(), AREAS_PER_MAP_MAX)?;
    at_most("decorations", map.decorations.len(), DECORATIONS_PER_MAP_MAX)?;
    at_most("sections", map.seat_count(), SEATS_PER_MAP_MAX)
        .map_err(|error| SeatMapError { reason: format!("seats: {}", error.reason), ..error })?;
    if map.seat_count() == 0 && map.areas.is_empty() {
        return Err(SeatMapError::new("sections", "a map needs at least one seat or area"));
    }
    let mut ids = HashSet::new();
    for (s, found) in map.sections.iter().enumerate() {
        let path = || format!("sections[{s}]");
        key(|| format!("{}.id", path()), &found.id)?;
        unique(|| format!("{}.id", path()), &mut ids, &found.id)?;
        section(found, &path(), &levels)?;
    }
    for (a, found) in map.areas.iter().enumerate() {
        let path = format!("areas[{a}]");
        key(|| format!("{path}.id"), &found.id)?;
        unique(|| format!("{path}.id"), &mut ids, &found.id)?;
        area(found, &path, &levels)?;
    }
    for (d, found) in map.decorations.iter().enumerate() {
        let path = format!("decorations[{d}]");
        if let Some(words) = &found.text {
            label(&format!("{path}.text"), words, NAME_MAX)?;
        }
        if let Some(value) = &found.color {
            color(&format!("{path}.color"), value)?;
        }
        shape(&format!("{path}.shape"), &found.shape)?;
    }
    Ok(())
}

fn levels(map: &SeatMap) -> Result<HashSet<&str>, SeatMapError> {
    if map.levels.is_empty() {
        return Err(SeatMapError::new("levels", "a map needs at least one level"));
    }
    at_most("levels", map.levels.len(), LEVELS_MAX)?;
    let mut keys = HashSet::new();
    for (n, level) in map.levels.iter().enumerate() {
        let path = format!("levels[{n}]");
        key(|| format!("{path}.key"), &level.key)?;
        unique(|| format!("{path}.key"), &mut keys, &level.key)?;
        label(&format!("{path}.name"), &level.name, NAME_MAX)?;
        if let Some(value) = &level.color {
            color(&format!("{path}.color"), value)?;
        }
    }
    Ok(keys)
}

fn section(section: &Section, path: &str, levels: &HashSet<&str>) -> Check {
    label(&format!("{path}.name"), &section.name, NAME_MAX)?;
    at_most(&format!("{path}.rows"), section.rows.len(), ROWS_PER_SECTION_MAX)?;
    let (mut labels, mut keys) = (HashSet::new(), HashSet::new());
    for (r, found) in section.rows.iter().enumerate() {
        let path = format!("{path}.rows[{r}]");
        label(&format!("{path}.label"), &found.label, LABEL_MAX)?;
        unique(|| format!("{path}.label"), &mut labels, &found.label)?;
        row(section, found, &path, levels, &mut keys)?;
    }
    Ok(())
}

/// All seats of a row share its part of the id, which no other row of the section has; so ids
/// that are unique in each row are unique in the map.
fn row<'map>(
    section: &Section,
    row: &'map Row,
    path: &str,
    levels: &HashSet<&str>,
    keys: &mut HashSet<&'map str>,
) -> Check {
    at_most(&format!("{path}.seats"), row.seats.len(), SEATS_PER_ROW_MAX)?;
    let mut row_key = None;
    let (mut ids, mut labels) = (HashSet::new(), HashSet::new());
    for (n, seat) in row.seats.iter().enumerate() {
        let at = |field: &str| format!("{path}.seats[{n}].{field}");
        let parts: Vec<&str> = seat.id.split('-').collect();
        let &[of_section, of_row, of_seat] = &parts[..] else {
            return Err(SeatMapError::new(at("id"), format!("{:?} must be section-row-seat", seat.id)));
        };
        if of_section != section.id {
            return Err(SeatMapError::new(at("id"), format!("must start with the section's id {:?}", section.id)));
        }
        key(|| at("id"), of_row)?;
        key(|| at("id"), of_seat)?;
        match row_key {
            None => {
                unique(|| at("id"), keys, of_row)?;
                row_key = Some(of_row);
            }
            Some(first) if first != of_row => {
                return Err(SeatMapError::new(
                    at("id"),
                    format!("must share the row part {first:?} of its neighbours"),
                ));
            }
            Some(_) => {}
        }
        unique(|| at("id"), &mut ids, of_seat)?;
        self::seat(seat, at, levels)?;
        unique(|| at("label"), &mut labels, &seat.label)?;
    }
    Ok(())
}

fn seat(seat: &Seat, at: impl Fn(&str) -> String, levels: &HashSet<&str>) -> Check {
    if !is_label(&seat.label, LABEL_MAX) {
        label(&at("label"), &seat.label, LABEL_MAX)?;
    }
    for (field, number) in [("x", seat.x), ("y", seat.y)] {
        if !is_coordinate(number) {
            return Err(SeatMapError::new(at(field), COORDINATE_RULE));
        }
    }
    if !levels.contains(seat.level.as_str()) {
        return Err(SeatMapError::new(at("level"), format!("{:?} is not one of the map's levels", seat.level)));
    }
    if seat.accessible && seat.companion {
        return Err(SeatMapError::new(at("companion"), "a seat is an accessible place or a companion's, not both"));
    }
    match &seat.external_id {
        Some(id) if !is_label(id, NAME_MAX) => label(&at("externalId"), id, NAME_MAX),
        _ => Ok(()),
    }
}

fn area(area: &Area, path: &str, levels: &HashSet<&str>) -> Check {
    label(&format!("{path}.name"), &area.name, NAME_MAX)?;
    if !(1..=AREA_CAPACITY_MAX).contains(&area.capacity) {
        return Err(SeatMapError::new(format!("{path}.capacity"), format!("must be 1 to {AREA_CAPACITY_MAX}")));
    }
    if !levels.contains(area.level.as_str()) {
        let reason = format!("{:?} is not one of the map's levels", area.level);
        return Err(SeatMapError::new(format!("{path}.level"), reason));
    }
    area.shape.as_ref().map_or(Ok(()), |found| shape(&format!("{path}.shape"), found))
}

fn shape(path: &str, shape: &Shape) -> Check {
    match shape {
        Shape::Polygon { points } => {
            if !(3..=POINTS_MAX).contains(&points.len()) {
                return Err(SeatMapError::new(format!("{path}.points"), format!("must be 3 to {POINTS_MAX} points")));
            }
            points.iter().enumerate().try_for_each(|(n, at)| point(&format!("{path}.points[{n}]"), at))
        }
        Shape::Rectangle { x, y, width, height, rotation } => {
            point(path, &Point { x: *x, y: *y })?;
            size(&format!("{path}.width"), *width)?;
            size(&format!("{path}.height"), *height)?;
            angle(path, *rotation)
        }
        Shape::Ellipse { x, y, rx, ry, rotation } => {
            point(path, &Point { x: *x, y: *y })?;
            size(&format!("{path}.rx"), *rx)?;
            size(&format!("{path}.ry"), *ry)?;
            angle(path, *rotation)
        }
        Shape::Label { x, y } => point(path, &Point { x: *x, y: *y }),
    }
}

const KEY_RULE: &str = "must be 1 to 40 of the characters A-Z a-z 0-9 . _ ~ and no hyphen";
const COORDINATE_RULE: &str = "must be a number between -1000000 and 1000000";

/// Characters that need no escaping in a URL (RFC 3986, 2.3), but for the hyphen, which parts
/// `section-row-seat`.
pub(crate) fn is_key(text: &str) -> bool {
    (1..=KEY_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~'))
}

fn key(path: impl Fn() -> String, text: &str) -> Check {
    if is_key(text) { Ok(()) } else { Err(SeatMapError::new(path(), format!("{text:?} {KEY_RULE}"))) }
}

fn unique<'map>(path: impl Fn() -> String, seen: &mut HashSet<&'map str>, text: &'map str) -> Check {
    if seen.insert(text) { Ok(()) } else { Err(SeatMapError::new(path(), format!("{text:?} is used twice"))) }
}

fn is_label(words: &str, max: usize) -> bool {
    !words.trim().is_empty() && words.chars().count() <= max && !words.chars().any(is_hidden)
}

fn label(path: &str, words: &str, max: usize) -> Check {
    if is_label(words, max) {
        Ok(())
    } else {
        Err(SeatMapError::new(path, format!("must be 1 to {max} characters without control characters")))
    }
}

/// Strict, because colours end up in markup.
pub(crate) fn is_color(value: &str) -> bool {
    let hex = value.strip_prefix('#').is_some_and(|digits| {
        matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    let word = (1..=30).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphabetic());
    hex || word
}

fn color(path: &str, value: &str) -> Check {
    if is_color(value) { Ok(()) } else { Err(SeatMapError::new(path, "must be a colour such as #a0b1c2 or teal")) }
}

fn is_coordinate(number: f64) -> bool {
    number.abs() <= EXTENT_MAX
}

fn point(path: &str, at: &Point) -> Check {
    for (field, number) in [("x", at.x), ("y", at.y)] {
        if !is_coordinate(number) {
            return Err(SeatMapError::new(format!("{path}.{field}"), COORDINATE_RULE));
        }
    }
    Ok(())
}

fn size(path: &str, number: f64) -> Check {
    if number > 0.0 && number <= EXTENT_MAX {
        Ok(())
    } else {
        Err(SeatMapError::new(path, "must be above zero and at most 1000000"))
    }
}

fn angle(path: &str, degrees: f64) -> Check {
    if degrees.abs() <= 360.0 {
        Ok(())
    } else {
        Err(SeatMapError::new(format!("{path}.rotation"), "must be -360 to 360 degrees"))
    }
}

fn at_most(path: &str, count: usize, max: usize) -> Check {
    if count <= max { Ok(()) } else { Err(SeatMapError::new(path, format!("must be at most {max}, not {count}"))) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn small() -> Value {
        json!({
            "width": 100, "height": 50, "focalPoint": {"x": 50, "y": 0},
            "levels": [{"key": "a", "name": "Front", "color": "#ff0000"}],
            "sections": [{"id": "101", "name": "Left", "rows": [
                {"label": "A", "seats": [{"label": "1", "x": 1, "y": 2, "level": "a"}, {"label": "2", "x": 2, "y": 2, "level": "a"}]},
                {"label": "B", "seats": [{"label": "1", "x": 1, "y": 3, "level": "a"}]}]}],
            "areas": [{"id": "floor", "name": "Floor", "capacity": 10, "level": "a"}]
        })
    }

    fn parse(value: Value) -> Result<SeatMap, SeatMapError> {
        serde_json::from_value::<SeatMap>(value).map_err(|e| SeatMapError::new("", e.to_string()))?.checked()
    }

    #[test]
    fn ids_are_made_from_labels_in_map_order() {
        let map = parse(small()).unwrap();
        let ids: Vec<_> = map.seats().map(|found| found.seat.id.as_str()).collect();
        assert_eq!(ids, ["101-A-1", "101-A-2", "101-B-1"]);
        assert_eq!((map.seat_count(), map.capacity()), (3, 13));
        assert_eq!(map.capacity_by_level()["a"], 13);
    }

    #[test]
    fn what_breaks_a_rule_is_named_by_its_path() {
        let seat = "/sections/0/rows/0/seats/0";
        for (pointer, value, path) in [
            ("/sections/0/id", json!("10-1"), "sections[0].id"),
            ("/sections/0/id", json!("a b"), "sections[0].id"),
            ("/sections/0/id", json!(""), "sections[0].id"),
            ("/sections/0/id", json!("floor"), "areas[0].id"),
            ("/sections/0/rows/1/label", json!("A"), "sections[0].rows[1].label"),
            ("/sections/0/rows/0/label", json!("A-1"), "sections[0].rows[0].seats[0]"),
            (&format!("{seat}/label"), json!("2"), "sections[0].rows[0].seats[1].id"),
            (&format!("{seat}/label"), json!("\u{202e}"), "sections[0].rows[0].seats[0]"),
            (&format!("{seat}/id"), json!("101-A"), "sections[0].rows[0].seats[0].id"),
            (&format!("{seat}/id"), json!("102-A-1"), "sections[0].rows[0].seats[0].id"),
            (&format!("{seat}/id"), json!("101-B-1"), "sections[0].rows[0].seats[1].id"),
            (&format!("{seat}/id"), json!("101-A-1-2"), "sections[0].rows[0].seats[0].id"),
            (&format!("{seat}/x"), json!(1e7), "sections[0].rows[0].seats[0].x"),
            (&format!("{seat}/level"), json!("b"), "sections[0].rows[0].seats[0].level"),
            ("/areas/0/capacity", json!(0), "areas[0].capacity"),
            ("/areas/0/level", json!("b"), "areas[0].level"),
            ("/levels/0/color", json!("red\" onload=\"x"), "levels[0].color"),
            ("/levels", json!([]), "levels"),
            ("/width", json!(0), "width"),
            ("/height", json!(-1), "height"),
            ("/focalPoint/x", json!(-1e9), "focalPoint.x"),
        ] {
            let (parent, field) = pointer.rsplit_once('/').unwrap();
            let mut map = small();
            map.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"))[field] = value;
            assert_eq!(parse(map).unwrap_err().path, path, "{pointer}");
        }
    }

    #[test]
    fn a_map_without_places_is_refused() {
        let empty = json!({"width": 1, "height": 1, "levels": [{"key": "a", "name": "A"}]});
        assert_eq!(parse(empty).unwrap_err().path, "sections");
    }
}
