//! A hold as its fan sees it, in the words of its map.

use std::sync::Arc;

use stagedoor_core::{EventId, HoldId, Timestamp, UserId};

use crate::engine::{HoldStatus, HoldView, Manifest, Place};

/// A hold with the map its places are on.
#[derive(Debug, Clone)]
pub struct Hold {
    pub event: EventId,
    pub view: HoldView,
    pub manifest: Arc<Manifest>,
    /// The answer to a key that was used before.
    pub replayed: bool,
}

/// One line of a hold, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldPlace<'a> {
    pub place: Place,
    /// Index in map order.
    pub seat: Option<u32>,
    pub area: Option<u16>,
    /// Id and name of the section, or of the area.
    pub section: &'a str,
    pub section_name: &'a str,
    /// Empty for an area.
    pub row: &'a str,
    pub label: &'a str,
    pub level: u8,
    pub level_key: &'a str,
    pub ticket_type: u8,
    /// People: 1 for a seat.
    pub quantity: u8,
    /// Price of one of them, in the minor unit of the event's currency.
    pub minor: i64,
}

impl HeldPlace<'_> {
    /// What other calls take: `section-row-seat`, or the area's id.
    pub fn id(&self) -> String {
        match self.seat {
            Some(_) => format!("{}-{}-{}", self.section, self.row, self.label),
            None => self.section.to_owned(),
        }
    }
}

impl Hold {
    pub fn id(&self) -> HoldId {
        self.view.hold
    }

    pub fn fan(&self) -> UserId {
        self.view.fan
    }

    pub fn status(&self) -> HoldStatus {
        self.view.status
    }

    pub fn expires_at(&self) -> Timestamp {
        self.view.expires_at
    }

    pub fn places(&self) -> impl Iterator<Item = HeldPlace<'_>> {
        let manifest = &*self.manifest;
        self.view.lines().map(move |(place, minor)| match place {
            Place::Seat { seat, ticket_type } => {
                let section = manifest.section_of(seat);
                HeldPlace {
                    place,
                    seat: Some(seat),
                    area: None,
                    section: manifest.section_id(section),
                    section_name: manifest.section_name(section),
                    row: manifest.row_label(seat),
                    label: manifest.seat_label(seat),
                    level: manifest.level(seat),
                    level_key: &manifest.levels()[usize::from(manifest.level(seat))],
                    ticket_type,
                    quantity: 1,
                    minor,
                }
            }
            Place::Area { area, quantity, ticket_type } => HeldPlace {
                place,
                seat: None,
                area: Some(area),
                section: manifest.area_id(area),
                section_name: manifest.area_name(area),
                row: "",
                label: "",
                level: manifest.area_level(area),
                level_key: &manifest.levels()[usize::from(manifest.area_level(area))],
                ticket_type,
                quantity,
                minor,
            },
        })
    }
}
