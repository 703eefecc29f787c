//! A seat map as OpenAPI describes it: the catalogue's types of the same names, and what an
//! organizer may send instead of one.

use std::borrow::Cow;

use utoipa::openapi::schema::{AnyOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::Key;

/// A version of a venue's geometry. Coordinates are in a unit of the map's own choice, `x` to the
/// right and `y` down, kept to thousandths. The order of the seats in it (sections, their rows,
/// their seats) is the map order of `availability`.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the catalogue's type of that name")]
pub struct SeatMap {
    /// Counted from 1 for each venue; set when the map is saved, whatever is sent.
    #[serde(default)]
    version: u32,
    name: Option<String>,
    #[schema(exclusive_minimum = 0)]
    width: f64,
    #[schema(exclusive_minimum = 0)]
    height: f64,
    /// Where everyone looks: the middle of the stage or pitch. Best seats are near it.
    focal_point: Option<Point>,
    #[schema(min_items = 1)]
    levels: Vec<MapLevel>,
    /// There in every answer; may be left out of what is sent.
    #[serde(default)]
    sections: Vec<Section>,
    /// There in every answer; may be left out of what is sent.
    #[serde(default)]
    areas: Vec<Area>,
    #[serde(default)]
    decorations: Vec<Decoration>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the catalogue's type of that name")]
pub struct Point {
    x: f64,
    y: f64,
}

/// A price level's key in the map, and how it is drawn; its price belongs to the event.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the catalogue's type `Level`")]
pub struct MapLevel {
    #[schema(value_type = Key)]
    key: (),
    name: String,
    /// `#rgb` or `#rrggbb`, each with or without a digit or two for opacity, or a colour word of CSS.
    color: Option<String>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the catalogue's type of that name")]
pub struct Section {
    /// Holds no hyphen, so that `section-row-seat` reads in one way only. Sections and areas share
    /// their ids.
    #[schema(value_type = Key)]
    id: (),
    name: String,
    rows: Vec<Row>,
}

/// Seats in the order they stand next to each other; a gap wider than one and a half times the
/// usual one is an aisle.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the catalogue's type of that name")]
pub struct Row {
    label: String,
    seats: Vec<Seat>,
}

#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the catalogue's type of that name")]
pub struct Seat {
    /// `section-row-seat`, which is what every other call takes. There in every answer; made from
    /// the labels where what is sent leaves it out.
    #[serde(default)]
    #[schema(example = "101-A-12")]
    id: String,
    label: String,
    x: f64,
    y: f64,
    /// The key of one of the map's levels.
    level: String,
    /// A place for a wheelchair.
    #[serde(default)]
    accessible: bool,
    /// Kept for whoever accompanies the accessible place next to it.
    #[serde(default)]
    companion: bool,
    #[serde(default)]
    restricted_view: bool,
    /// The seat's id in the system it was imported from.
    external_id: Option<String>,
}

/// General admission: places without numbers.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the catalogue's type of that name")]
pub struct Area {
    #[schema(value_type = Key)]
    id: (),
    name: String,
    #[schema(minimum = 1, maximum = 500_000)]
    capacity: u32,
    /// The key of one of the map's levels.
    level: String,
    shape: Option<Shape>,
}

/// Something drawn and not sold: a stage, a bar, a label.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the catalogue's type of that name")]
pub struct Decoration {
    text: Option<String>,
    color: Option<String>,
    shape: Shape,
}

#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the catalogue's type of that name")]
pub enum Shape {
    Polygon {
        #[schema(min_items = 3, max_items = 1_000)]
        points: Vec<Point>,
    },
    /// `x`, `y`: the corner that turns least; `rotation`: degrees clockwise around it.
    Rectangle {
        x: f64,
        y: f64,
        #[schema(exclusive_minimum = 0)]
        width: f64,
        #[schema(exclusive_minimum = 0)]
        height: f64,
        #[serde(default)]
        rotation: f64,
    },
    /// `x`, `y`: the centre; `rx`, `ry`: half the width and height.
    Ellipse {
        x: f64,
        y: f64,
        #[schema(exclusive_minimum = 0)]
        rx: f64,
        #[schema(exclusive_minimum = 0)]
        ry: f64,
        #[serde(default)]
        rotation: f64,
    },
    /// Only text, at this place.
    Label { x: f64, y: f64 },
}

/// The open seating-plan JSON that ticketing programs exchange, as its editors write it. Fields
/// that are not needed are ignored; positions are relative to the zone and the row.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the catalogue imports")]
pub struct SeatingPlan {
    name: String,
    /// Become price levels: `name`, `color`.
    #[schema(value_type = Vec<Object>)]
    categories: (),
    /// Become sections: `name`, `zone_id`, `position`, `rows` of `seats` and drawn `areas`.
    #[schema(value_type = Vec<Object>)]
    zones: (),
    /// `width` and `height`; what is drawn beyond makes the map larger.
    #[schema(value_type = Option<Object>)]
    size: (),
}

/// Either of the two; a plan is known by its `zones`.
pub enum NewSeatMap {}

impl PartialSchema for NewSeatMap {
    fn schema() -> RefOr<Schema> {
        let either = [SeatMap::name(), SeatingPlan::name()].map(Ref::from_schema_name);
        either.into_iter().fold(AnyOfBuilder::new(), AnyOfBuilder::item).into()
    }
}

impl ToSchema for NewSeatMap {
    fn name() -> Cow<'static, str> {
        "NewSeatMap".into()
    }

    fn schemas(all: &mut Vec<(String, RefOr<Schema>)>) {
        all.extend([(SeatMap::name().into(), SeatMap::schema()), (SeatingPlan::name().into(), SeatingPlan::schema())]);
        SeatMap::schemas(all);
        SeatingPlan::schemas(all);
    }
}
