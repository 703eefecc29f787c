//! What the audit log says about the catalogue: none of it is personal.

use serde_json::{Value, json};
use store::Tx;
use store::audit::Entry;

use crate::event::{Event, Transition};
use crate::seat_map::SeatMapVersion;
use crate::venue::Venue;
use stagedoor_core::OrganizerId;

pub(crate) fn event(tx: &Tx, action: &'static str, before: Option<&Event>, after: &Event) {
    let value = |event: &Event| serde_json::to_value(event).expect("an event is plain data");
    let entry = Entry::new(after.organizer, action, after.id);
    tx.audit(entry.change(before.map_or(Value::Null, value), value(after)));
}

pub(crate) const fn transition(to: Transition) -> &'static str {
    match to {
        Transition::Publish => "event.publish",
        Transition::TakeOffSale => "event.take_off_sale",
        Transition::Postpone => "event.postpone",
        Transition::Cancel => "event.cancel",
    }
}

pub(crate) fn venue(tx: &Tx, action: &'static str, before: Option<&Venue>, after: &Venue) {
    let value = |venue: &Venue| {
        let details = &venue.details;
        json!({
            "name": details.name,
            "city": details.city,
            "country": details.country.as_str(),
            "address": details.address,
            "timeZone": details.time_zone.name(),
            "position": details.position.map(|position| [position.latitude, position.longitude]),
            "version": venue.version,
        })
    };
    let entry = Entry::new(after.organizer, action, after.id);
    tx.audit(entry.change(before.map_or(Value::Null, value), value(after)));
}

/// The geometry is too long to repeat; a version never changes.
pub(crate) fn seat_map(tx: &Tx, organizer: OrganizerId, map: &SeatMapVersion) {
    let after = json!({
        "venue": map.venue,
        "version": map.version,
        "name": map.name,
        "seats": map.seats,
        "capacity": map.capacity,
        "levels": map.levels,
    });
    tx.audit(Entry::new(organizer, "seat_map.add", map.id).after(after));
}
