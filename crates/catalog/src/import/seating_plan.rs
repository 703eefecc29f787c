//! The open seating-plan JSON that open-source ticketing exchanges: zones of rows of seats, each
//! placed relative to its parent. Fields it does not need are ignored, because older and newer
//! editors write some of their own.

use std::collections::HashSet;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use super::clean;
use crate::seat_map::{Decoration, Level, Point, Row, Seat, SeatMap, SeatMapError, Section, Shape, is_color, is_key};

/// Around what is drawn, when a plan has no size or is drawn beyond it.
const MARGIN: f64 = 20.0;
const NAME_MAX: usize = 200;
const LABEL_MAX: usize = 30;
/// Side of a text's box in the plan's pixels, to keep it inside the map.
const TEXT: f64 = 16.0;

#[derive(Deserialize)]
pub(super) struct Plan {
    name: String,
    categories: Vec<Category>,
    zones: Vec<Zone>,
    size: Option<Size>,
}

#[derive(Deserialize)]
struct Category {
    name: String,
    color: Option<String>,
}

#[derive(Deserialize)]
struct Size {
    width: f64,
    height: f64,
}

#[derive(Deserialize)]
struct Zone {
    name: Option<String>,
    zone_id: Option<String>,
    position: Point,
    #[serde(default)]
    rows: Vec<PlanRow>,
    #[serde(default)]
    areas: Vec<PlanArea>,
}

#[derive(Deserialize)]
struct PlanRow {
    row_number: String,
    position: Option<Point>,
    seats: Vec<PlanSeat>,
}

#[derive(Deserialize)]
struct PlanSeat {
    seat_guid: String,
    seat_number: String,
    position: Point,
    category: String,
}

#[derive(Deserialize)]
struct PlanArea {
    #[serde(default)]
    position: Option<Point>,
    shape: Option<String>,
    color: Option<String>,
    #[serde(default)]
    rotation: f64,
    rectangle: Option<Size>,
    circle: Option<Circle>,
    ellipse: Option<Ellipse>,
    polygon: Option<Polygon>,
    text: Option<Text>,
    /// Rectangles of the first version of the format.
    width: Option<f64>,
    height: Option<f64>,
}

#[derive(Deserialize)]
struct Circle {
    radius: f64,
}

#[derive(Deserialize)]
struct Ellipse {
    radius: Point,
}

#[derive(Deserialize)]
struct Polygon {
    points: Vec<Point>,
}

/// Plain in the first version of the format.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Placed { text: String },
}

/// Names that are already taken, to make the next one different.
#[derive(Default)]
struct Taken(HashSet<String>);

impl Taken {
    /// `wanted`, or the first free of `wanted_2`, `wanted_3` .. (with `between` for the `_`).
    fn free(&mut self, wanted: String, between: impl Fn(u32) -> String) -> String {
        let name = if self.0.contains(&wanted) {
            let tried = (2..).map(|n| format!("{wanted}{}", between(n)));
            tried.into_iter().find(|name| !self.0.contains(name)).expect("some number is free")
        } else {
            wanted
        };
        self.0.insert(name.clone());
        name
    }

    fn key(&mut self, wanted: String) -> String {
        self.free(wanted, |n| format!("_{n}"))
    }

    fn label(&mut self, wanted: String) -> String {
        self.free(wanted, |n| format!(" ({n})"))
    }
}

pub(super) fn convert(plan: Plan) -> Result<SeatMap, SeatMapError> {
    let mut map = SeatMap {
        version: 0,
        name: clean(&plan.name, NAME_MAX),
        width: 0.0,
        height: 0.0,
        focal_point: None,
        levels: Vec::new(),
        sections: Vec::new(),
        areas: Vec::new(),
        decorations: Vec::new(),
    };
    let mut keys = Taken::default();
    for (n, category) in plan.categories.iter().enumerate() {
        if plan.categories[..n].iter().any(|before| before.name == category.name) {
            let reason = format!("the category {:?} is defined twice", category.name);
            return Err(SeatMapError::new(format!("categories[{n}].name"), reason));
        }
        map.levels.push(Level {
            key: keys.key(slug(&category.name).unwrap_or_else(|| format!("level{}", n + 1))),
            name: clean(&category.name, NAME_MAX).unwrap_or_else(|| format!("Category {}", n + 1)),
            color: category.color.clone().filter(|color| is_color(color)),
        });
    }
    let (mut guids, mut section_ids) = (HashSet::new(), Taken::default());
    for (z, zone) in plan.zones.iter().enumerate() {
        for (a, area) in zone.areas.iter().enumerate() {
            let path = format!("zones[{z}].areas[{a}]");
            let drawn = decoration(area, zone.position, &path)?;
            map.focal_point = map.focal_point.or_else(|| drawn.as_ref().filter(|d| is_stage(d)).map(middle));
            map.decorations.extend(drawn);
        }
        if zone.rows.iter().all(|row| row.seats.is_empty()) {
            continue;
        }
        let id = zone.zone_id.as_deref().and_then(slug).or_else(|| zone.name.as_deref().and_then(slug));
        let id = section_ids.key(id.unwrap_or_else(|| format!("zone{}", z + 1)));
        let name = zone.name.as_deref().and_then(|name| clean(name, NAME_MAX)).unwrap_or_else(|| id.clone());
        let rows = rows(zone, z, &id, &plan.categories, &map.levels, &mut guids)?;
        map.sections.push(Section { id, name, rows });
    }
    fit(&mut map, plan.size.as_ref());
    Ok(map)
}

fn rows<'plan>(
    zone: &'plan Zone,
    z: usize,
    section: &str,
    categories: &[Category],
    levels: &[Level],
    guids: &mut HashSet<&'plan str>,
) -> Result<Vec<Row>, SeatMapError> {
    let (mut keys, mut labels) = (Taken::default(), Taken::default());
    let mut rows = Vec::new();
    for (r, row) in zone.rows.iter().enumerate().filter(|(_, row)| !row.seats.is_empty()) {
        let key = keys.key(slug(&row.row_number).unwrap_or_else(|| format!("r{}", r + 1)));
        let label = clean(&row.row_number, LABEL_MAX).unwrap_or_else(|| format!("{}", r + 1));
        let (mut seat_keys, mut seat_labels) = (Taken::default(), Taken::default());
        let mut seats = Vec::with_capacity(row.seats.len());
        for (n, seat) in row.seats.iter().enumerate() {
            let wrong = |field: &str, reason: String| {
                Err(SeatMapError::new(format!("zones[{z}].rows[{r}].seats[{n}].{field}"), reason))
            };
            if !guids.insert(&seat.seat_guid) {
                return wrong("seat_guid", format!("{:?} is used twice", seat.seat_guid));
            }
            let Some(level) = categories.iter().position(|category| category.name == seat.category) else {
                return wrong("category", format!("{:?} is not one of the plan's categories", seat.category));
            };
            let at = [Some(zone.position), row.position, Some(seat.position)].into_iter().flatten();
            let at = at.fold(Point { x: 0.0, y: 0.0 }, |sum, next| Point { x: sum.x + next.x, y: sum.y + next.y });
            let seat_key = seat_keys.key(slug(&seat.seat_number).unwrap_or_else(|| format!("s{}", n + 1)));
            let seat_label = clean(&seat.seat_number, LABEL_MAX).unwrap_or_else(|| format!("{}", n + 1));
            seats.push(Seat {
                id: format!("{section}-{key}-{seat_key}"),
                label: seat_labels.label(seat_label),
                x: at.x,
                y: at.y,
                level: levels[level].key.clone(),
                accessible: false,
                companion: false,
                restricted_view: false,
                external_id: Some(seat.seat_guid.clone()),
            });
        }
        rows.push(Row { label: labels.label(label), seats });
    }
    Ok(rows)
}

/// Nothing for an area without a shape that can be drawn.
fn decoration(area: &PlanArea, zone: Point, path: &str) -> Result<Option<Decoration>, SeatMapError> {
    let at = area.position.unwrap_or(Point { x: 0.0, y: 0.0 });
    let Point { x, y } = Point { x: zone.x + at.x, y: zone.y + at.y };
    let rotation = area.rotation % 360.0;
    let rectangle = |size: (f64, f64)| Shape::Rectangle { x, y, width: size.0, height: size.1, rotation };
    let missing = |what: &str| SeatMapError::new(path, format!("a {what} needs its {what:?} field"));
    let old_size = area.width.zip(area.height);
    let shape = match area.shape.as_deref() {
        Some("rectangle") => rectangle(
            area.rectangle.as_ref().map(|size| (size.width, size.height)).ok_or_else(|| missing("rectangle"))?,
        ),
        Some("circle") => {
            let radius = area.circle.as_ref().ok_or_else(|| missing("circle"))?.radius;
            Shape::Ellipse { x, y, rx: radius, ry: radius, rotation: 0.0 }
        }
        Some("ellipse") => {
            let radius = area.ellipse.as_ref().ok_or_else(|| missing("ellipse"))?.radius;
            Shape::Ellipse { x, y, rx: radius.x, ry: radius.y, rotation }
        }
        Some("polygon") => {
            let points = &area.polygon.as_ref().ok_or_else(|| missing("polygon"))?.points;
            let (sin, cos) = rotation.to_radians().sin_cos();
            let turned = |p: &Point| Point { x: x + p.x * cos - p.y * sin, y: y + p.x * sin + p.y * cos };
            Shape::Polygon { points: points.iter().map(turned).collect() }
        }
        Some("text") => Shape::Label { x, y },
        None if old_size.is_some() => rectangle(old_size.expect("just looked")),
        Some(_) | None => return Ok(None),
    };
    let text = area.text.as_ref().map(|text| match text {
        Text::Plain(text) | Text::Placed { text } => text.as_str(),
    });
    let text = text.and_then(|text| clean(text, NAME_MAX));
    let invisible = matches!(shape, Shape::Label { .. }) && text.is_none();
    let flat = match &shape {
        Shape::Rectangle { width, height, .. } => *width <= 0.0 || *height <= 0.0,
        Shape::Ellipse { rx, ry, .. } => *rx <= 0.0 || *ry <= 0.0,
        Shape::Polygon { points } => points.len() < 3,
        Shape::Label { .. } => false,
    };
    if invisible || flat {
        return Ok(None);
    }
    let color = area.color.clone().filter(|color| is_color(color));
    Ok(Some(Decoration { text, color, shape }))
}

/// Moves everything into the map and makes the map as large as the plan says, or larger where
/// something is drawn beyond it.
fn fit(map: &mut SeatMap, size: Option<&Size>) {
    let mut points: Vec<Point> = map.seats().map(|found| Point { x: found.seat.x, y: found.seat.y }).collect();
    points.extend(map.decorations.iter().flat_map(|drawn| corners(&drawn.shape)));
    let ends = |number: fn(&Point) -> f64| {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for point in &points {
            (low, high) = (low.min(number(point)), high.max(number(point)));
        }
        (low, high)
    };
    let fit = |(low, high): (f64, f64), wanted: Option<f64>| {
        let shift = if low < 0.0 { MARGIN - low } else { 0.0 };
        let wanted = wanted.unwrap_or(0.0);
        (shift, if high + shift > wanted { high + shift + MARGIN } else { wanted })
    };
    let (dx, width) = fit(ends(|point| point.x), size.map(|size| size.width));
    let (dy, height) = fit(ends(|point| point.y), size.map(|size| size.height));
    (map.width, map.height) = (width, height);
    let seats = map.sections.iter_mut().flat_map(|section| &mut section.rows).flat_map(|row| &mut row.seats);
    seats.for_each(|seat| (seat.x, seat.y) = (seat.x + dx, seat.y + dy));
    for drawn in &mut map.decorations {
        match &mut drawn.shape {
            Shape::Polygon { points } => points.iter_mut().for_each(|p| (p.x, p.y) = (p.x + dx, p.y + dy)),
            Shape::Rectangle { x, y, .. } | Shape::Ellipse { x, y, .. } | Shape::Label { x, y } => {
                (*x, *y) = (*x + dx, *y + dy);
            }
        }
    }
    // Without a stage, the middle of the upper edge is where plans put it.
    let focal = map.focal_point.map(|at| Point { x: at.x + dx, y: at.y + dy });
    map.focal_point = Some(focal.unwrap_or(Point { x: map.width / 2.0, y: 0.0 }));
}

/// Points that a shape reaches; rotation is left out, which at worst makes the map larger.
fn corners(shape: &Shape) -> Vec<Point> {
    match shape {
        Shape::Polygon { points } => points.clone(),
        Shape::Rectangle { x, y, width, height, .. } => {
            vec![Point { x: *x, y: *y }, Point { x: x + width, y: y + height }]
        }
        Shape::Ellipse { x, y, rx, ry, .. } => {
            vec![Point { x: x - rx, y: y - ry }, Point { x: x + rx, y: y + ry }]
        }
        Shape::Label { x, y } => vec![Point { x: *x, y: *y }, Point { x: x + TEXT, y: y + TEXT }],
    }
}

fn middle(drawn: &Decoration) -> Point {
    let corners = corners(&drawn.shape);
    let count = corners.len() as f64;
    let sum = |number: fn(&Point) -> f64| corners.iter().map(number).sum::<f64>() / count;
    Point { x: sum(|point| point.x), y: sum(|point| point.y) }
}

/// What people look at, in the languages such plans are mostly written in.
fn is_stage(drawn: &Decoration) -> bool {
    const WORDS: [&str; 10] =
        ["stage", "bühne", "buehne", "scène", "scene", "escenario", "palco", "podium", "screen", "leinwand"];
    let text = drawn.text.as_deref().unwrap_or_default().to_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

/// `text` as a part of a seat id: plain letters and digits, anything else as underscores.
fn slug(text: &str) -> Option<String> {
    let mut slug = String::new();
    for letter in text.nfkd().filter(|letter| !unicode_normalization::char::is_combining_mark(*letter)) {
        if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '~') {
            slug.push(letter);
        } else if !slug.ends_with('_') {
            slug.push('_');
        }
    }
    let slug: String = slug.trim_matches('_').chars().take(LABEL_MAX).collect();
    is_key(&slug).then_some(slug)
}

#[cfg(test)]
mod tests {
    use super::super::seat_map;
    use super::*;

    const PLAN: &str = include_str!("../../tests/data/seating_plan.json");

    #[test]
    fn positions_are_relative_to_their_parents() {
        let map = seat_map(PLAN.as_bytes()).unwrap();
        let seats: Vec<_> = map.seats().map(|found| (found.seat.id.as_str(), found.seat.x, found.seat.y)).collect();
        assert_eq!(
            seats,
            [
                ("ground_floor-A-1", 110.0, 120.0),
                ("ground_floor-A-2", 140.0, 120.0),
                ("ground_floor-A_2-1", 210.0, 120.0),
                ("Balkon-Loge_1-1", 100.0, 300.0),
                ("Balkon-Loge_1-1_2", 130.0, 300.0),
            ]
        );
        assert_eq!((map.width, map.height), (600.0, 400.0));
        let guids: Vec<_> = map.seats().map(|found| found.seat.external_id.as_deref().unwrap()).collect();
        assert_eq!(guids, ["g-a-1", "g-a-2", "g-a-3", "b-1", "b-2"]);
        let labels: Vec<_> = map.sections[0].rows.iter().map(|row| row.label.as_str()).collect();
        assert_eq!(labels, ["A", "A (2)"]);
    }

    #[test]
    fn categories_become_levels_and_areas_are_drawn() {
        let map = seat_map(PLAN.as_bytes()).unwrap();
        let levels: Vec<_> = map.levels.iter().map(|level| (level.key.as_str(), level.color.as_deref())).collect();
        assert_eq!(levels, [("Parkett", Some("red")), ("1._Rang", None)]);
        assert_eq!(map.decorations.len(), 4, "{:?}", map.decorations);
        assert_eq!(map.focal_point, Some(Point { x: 300.0, y: 40.0 }));
        assert!(map.areas.is_empty());
    }

    #[test]
    fn what_lies_outside_is_moved_in() {
        let map = seat_map(PLAN.replacen("\"x\": 100", "\"x\": -100", 1).as_bytes()).unwrap();
        assert!(map.seats().all(|found| found.seat.x >= 0.0 && found.seat.x <= map.width));
        let first: Vec<_> = map.seats().take(2).map(|found| found.seat.x).collect();
        assert_eq!(first[1] - first[0], 30.0);
    }

    #[test]
    fn faults_are_named_by_their_path() {
        for (from, to, path) in [
            ("\"category\": \"Parkett\"", "\"category\": \"Loge\"", "zones[0].rows[0].seats[0].category"),
            ("\"seat_guid\": \"g-a-2\"", "\"seat_guid\": \"g-a-1\"", "zones[0].rows[0].seats[1].seat_guid"),
            ("\"seat_guid\": \"b-1\"", "\"seat\": \"b-1\"", "zones[1].rows[0].seats[0]"),
            ("\"name\": \"1. Rang\"", "\"name\": \"Parkett\"", "categories[1].name"),
            ("\"rectangle\": {", "\"rect\": {", "zones[0].areas[0]"),
            ("\"x\": 100", "\"x\": null", "zones[0].position.x"),
        ] {
            assert!(PLAN.contains(from), "{from}");
            let error = seat_map(PLAN.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert_eq!(error.path, path, "{error}");
        }
    }
}
