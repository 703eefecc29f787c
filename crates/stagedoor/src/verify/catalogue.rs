//! Whether the catalogue, the rows about blocks and capacities, and the seat engine agree on an event.

use std::collections::{HashMap, HashSet};

use catalog::{EventStanding, EventState as Listed};
use inventory::engine::{EventState, SeatStatus};
use stagedoor_core::EventId;
use store::Tx;

use super::{PAGE, Report};

/// What rows say of events.
pub struct Catalogue {
    events: HashMap<EventId, EventStanding>,
    /// Of areas that take another number of people than their map says.
    capacities: HashMap<(EventId, String), u32>,
    seats_in_blocks: Vec<(EventId, String)>,
    places_in_blocks: Vec<(EventId, String, u32)>,
    /// Of these, rows and engine need not agree yet.
    unsettled: HashSet<EventId>,
}

impl Catalogue {
    pub async fn read(tx: &Tx) -> store::Result<Catalogue> {
        let (mut events, mut after) = (HashMap::new(), None);
        loop {
            let page = catalog::standings(tx, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.event);
            events.extend(page.into_iter().map(|standing| (standing.event, standing)));
        }
        Ok(Catalogue {
            events,
            capacities: sales::all_area_capacities(tx).await?,
            seats_in_blocks: sales::all_seats_in_blocks(tx).await?,
            places_in_blocks: sales::all_places_in_blocks(tx).await?,
            unsettled: sales::unsettled_events(tx).await?,
        })
    }
}

/// The engine has every event that is on sale, with the catalogue's capacity and sale state; every area takes as
/// many people as staff or the map say; no block claims what the engine has not blocked.
pub fn compare(report: &mut Report, states: &HashMap<EventId, EventState>, catalogue: &Catalogue) {
    let settled = |event: &EventId| !catalogue.unsettled.contains(event);
    report.events_in_change = catalogue.unsettled.len();
    let open = |event: &EventId| states.get(event).filter(|state| state.is_open());
    for listed in catalogue.events.values().filter(|listed| settled(&listed.event)) {
        match open(&listed.event) {
            Some(state) => compare_event(report, listed, state, &catalogue.capacities),
            None if listed.state == Listed::Published && listed.has_map => {
                report.findings.insert(format!("{} is on sale, and the seat engine does not have it", listed.event));
            }
            None => {}
        }
    }
    for (event, _) in states.iter().filter(|(event, state)| state.is_open() && !catalogue.events.contains_key(event)) {
        report.findings.insert(format!("the seat engine has {event}, which does not exist"));
    }
    for (event, seat) in catalogue.seats_in_blocks.iter().filter(|(event, _)| settled(event)) {
        let is_blocked = |state: &EventState| {
            state.manifest().seat(seat).is_some_and(|seat| state.status(seat) == SeatStatus::Blocked)
        };
        if !open(event).is_some_and(is_blocked) {
            report.findings.insert(format!("a block has seat {seat} of {event}, which is not blocked"));
        }
    }
    for (event, area, places) in catalogue.places_in_blocks.iter().filter(|(event, ..)| settled(event)) {
        let known = open(event).and_then(|state| Some(state.area(state.manifest().area(area)?)));
        let blocked = known.map_or(0, |counts| counts.blocked);
        if *places > blocked {
            let finding = format!("blocks have {places} places in area {area} of {event}, and {blocked} are blocked");
            report.findings.insert(finding);
        }
    }
}

fn compare_event(
    report: &mut Report,
    listed: &EventStanding,
    state: &EventState,
    capacities: &HashMap<(EventId, String), u32>,
) {
    let EventStanding { event, capacity, .. } = *listed;
    let (manifest, sold) = (state.manifest(), state.totals().capacity);
    if sold != capacity {
        let finding = format!("{event} has room for {capacity}, and the seat engine sells {sold} places");
        report.findings.insert(finding);
    }
    let (due, status) = (sales::sale_status(listed.state), state.rules().status);
    if status != due {
        let finding = format!("{event} is {}, and the seat engine has it as {status:?}", listed.state.text());
        report.findings.insert(finding);
    }
    for area in 0..manifest.areas() as u16 {
        let id = manifest.area_id(area);
        let set = capacities.get(&(event, id.to_owned())).copied();
        let (due, takes) = (set.unwrap_or(manifest.area_capacity(area)), state.area(area).capacity);
        if takes != due {
            let finding = format!("area {id} of {event} takes {due} people, and the seat engine sells {takes} places");
            report.findings.insert(finding);
        }
    }
}
