//! What the seat engine sells: the catalogue's events, turned into manifests, rules and prices.
//!
//! The catalogue says what shall be sold and the engine follows. A change of the catalogue and the
//! job that carries it over commit together, so a crash in between only delays the engine. What the
//! engine may refuse (`seat_change.rs`) is the engine's to decide: then the catalogue follows.

use std::collections::HashMap;
use std::sync::Arc;

use catalog::{Event, EventDetails, EventState, MapError, NO_SUCH_MAP, OrphanPolicy, SaleWindow, SeatMap, Transition};
use inventory::engine::{
    AccessibleRelease, AreaSpec, Manifest, ManifestSpec, Orphans, Prices, Refusal, RowSpec, Rules, SaleStatus,
    SeatKind, SeatSpec, SectionSpec,
};
use inventory::{Opening, Refused};
use stagedoor_core::{EventId, FieldError, Name, OrganizerId, SeatMapId, Timestamp};
use store::Origin;

use crate::error::{Fault, OnSaleError};
use crate::jobs;
use crate::sales::Sales;
use crate::sql;

/// Manifests kept for events that go on sale one after the other with the same map.
const MANIFESTS_KEPT: usize = 32;
/// And what was made of the maps of so many.
const PRINTS_KEPT: usize = 100_000;
/// How often one call follows a catalogue that changes under it, before it leaves the rest to the
/// job.
const FOLLOWS_MAX: u32 = 8;

/// Manifests made from seat maps, so that the many events of one map share one.
#[derive(Default)]
pub(crate) struct Manifests {
    recent: HashMap<SeatMapId, Arc<Manifest>>,
    /// Outlive the manifests: they tell at once which map an event is on.
    prints: HashMap<SeatMapId, Print>,
}

/// What rows and seats are called, by the seat's id, where that is not as the id itself names them: a row
/// "Loge 1" has an id without the space. Most maps have none.
pub(crate) type Labels = HashMap<String, (String, String)>;

/// What is remembered of a manifest.
#[derive(Debug, Clone)]
struct Print {
    /// The seat map's.
    version: u32,
    hash: [u8; 32],
    labels: Arc<Labels>,
}

impl Manifests {
    fn known(&self, id: SeatMapId) -> Option<(Arc<Manifest>, Print)> {
        Some((self.recent.get(&id)?.clone(), self.prints.get(&id)?.clone()))
    }

    fn keep(&mut self, id: SeatMapId, manifest: Arc<Manifest>, print: Print) {
        if self.recent.len() >= MANIFESTS_KEPT {
            self.recent.clear();
        }
        if self.prints.len() >= PRINTS_KEPT {
            self.prints.clear();
        }
        self.recent.insert(id, manifest);
        self.prints.insert(id, print);
    }
}

impl Sales {
    /// Publishes, takes off sale, postpones or cancels an event, in the catalogue and in the seat
    /// engine. Cancelling refunds every order. If the engine cannot follow at once, its job makes
    /// it, and doing the same again is safe.
    pub async fn transition_event(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: EventId,
        transition: Transition,
    ) -> Result<Event, OnSaleError> {
        if transition == Transition::Publish {
            // A map the engine cannot use is refused before anybody sees the event.
            let view = self.parts.catalog.event_of(organizer, id).await?;
            if let Some(map) = view.event.seat_map {
                prices(&view.event.details, &*self.manifest(map).await?)?;
            }
        }
        let tx = self.parts.store.begin_write_for(origin).await?;
        let event = self.parts.catalog.transition_in(&tx, organizer, id, transition).await?;
        jobs::enqueue_sync(&tx, id).await?;
        if event.state == EventState::Cancelled {
            jobs::enqueue_event_refund(&tx, id).await?;
        }
        tx.commit().await?;
        self.sync_event(id).await?;
        Ok(event)
    }

    /// Changes an event's details, in the catalogue and in the seat engine. Live holds keep the
    /// prices they froze. Once published, ticket types can be added at the end but keep their
    /// order, because holds name them by number. `bill`: who performs, by name, if that changes.
    pub async fn update_event(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: EventId,
        expected: Option<u32>,
        bill: Option<Vec<Name>>,
        change: impl FnOnce(&mut EventDetails) + Send,
    ) -> Result<Event, OnSaleError> {
        let tx = self.parts.store.begin_write_for(origin).await?;
        let before = self.parts.catalog.event_of_in(&tx, organizer, id).await?;
        let performers = match bill {
            Some(names) => self.parts.catalog.performers_named_in(&tx, organizer, names).await?,
            None => before.details.performers.clone(),
        };
        let change = |details: &mut EventDetails| {
            details.performers = performers;
            change(details);
        };
        let event = self.parts.catalog.update_event_in(&tx, organizer, id, expected, change).await?;
        if before.published_at.is_some() && !keeps_ticket_types(&before.details, &event.details) {
            let reason = "must keep their order once the event is published; new ones go last";
            return Err(FieldError::new("ticketTypes", reason).into());
        }
        jobs::enqueue_sync(&tx, id).await?;
        tx.commit().await?;
        self.sync_event(id).await?;
        Ok(event)
    }

    /// The seat map, with its version, that the seats of an event's `view` are numbered in. `None`
    /// for the moment in which the event moves from one map to another.
    pub async fn map_of(&self, view: &inventory::EventView) -> Result<Option<(SeatMapId, u32)>, OnSaleError> {
        let Some(id) = self.parts.catalog.any_event(view.event).await?.event.seat_map else { return Ok(None) };
        let Print { version, hash, .. } = self.print(id).await?;
        if hash == view.manifest.hash() {
            return Ok(Some((id, version)));
        }
        // What an earlier release made of the same map may differ in what numbers no seat.
        let numbers = |map: &Manifest| {
            let areas = (0..map.areas() as u16).map(|area| map.area_id(area).to_owned());
            (0..map.seats() as u32).map(|seat| map.seat_id(seat)).chain(areas).collect::<Vec<_>>()
        };
        let is_same = numbers(&*self.manifest(id).await?) == numbers(&view.manifest);
        Ok(is_same.then_some((id, version)))
    }

    /// Until the guard is dropped, nobody else brings this event's engine and catalogue in line:
    /// one process owns both.
    pub(crate) async fn alone_with(&self, id: EventId) -> tokio::sync::MutexGuard<'_, ()> {
        self.lines[id.0.as_u128() as usize % self.lines.len()].lock().await
    }

    /// Makes the engine sell what the catalogue says: opens the event, or brings its map, rules
    /// and prices up to date. Calling again changes nothing. Gives the instant at which it has to
    /// be called again because one sale window follows another.
    pub async fn sync_event(&self, id: EventId) -> Result<Option<Timestamp>, OnSaleError> {
        let _alone = self.alone_with(id).await;
        self.settle(id).await?;
        self.follow(id).await
    }

    pub(crate) async fn follow(&self, id: EventId) -> Result<Option<Timestamp>, OnSaleError> {
        // Read from the database, because what the catalogue remembers may be a moment behind.
        let organizer = self.parts.catalog.any_event(id).await?.event.organizer;
        let read = async || {
            let tx = self.parts.store.begin_read().await.map_err(Fault::from)?;
            Ok::<Event, OnSaleError>(self.parts.catalog.event_of_in(&tx, organizer, id).await?)
        };
        let mut event = read().await?;
        for _ in 0..FOLLOWS_MAX {
            let next = self.bring_in_line(&event).await?;
            // A change that was carried over while this call was under way may have been undone
            // by it: only the version that is still current counts.
            let now = read().await?;
            if now.version == event.version {
                return Ok(next);
            }
            event = now;
        }
        Err(Fault::Broken(format!("{id} changes too often to be followed")).into())
    }

    async fn bring_in_line(&self, event: &Event) -> Result<Option<Timestamp>, OnSaleError> {
        let Some(map) = event.seat_map else { return Ok(None) };
        if matches!(event.state, EventState::Draft | EventState::Announced) {
            return Ok(None);
        }
        let (rules, next) = rules(event, self.parts.store.env().now());
        let manifest = self.manifest(map).await?;
        let prices = Arc::new(prices(&event.details, &manifest)?);
        let inventory = &self.parts.inventory;
        match inventory.view(event.id).await {
            Ok(view) => {
                if view.manifest.hash() != manifest.hash() {
                    inventory.swap_manifest(event.id, manifest).await?;
                }
                inventory.set_prices(event.id, prices).await?;
                inventory.set_rules(event.id, rules).await?;
                self.apply_area_capacities(event.id).await?;
            }
            Err(Refused::UnknownEvent) => inventory.open(event.id, Opening { manifest, rules, prices }).await?,
            Err(refused) => return Err(refused.into()),
        }
        Ok(next)
    }

    /// What staff set where it did, else what the map says.
    async fn apply_area_capacities(&self, id: EventId) -> Result<(), OnSaleError> {
        let manifest = self.parts.inventory.view(id).await?.manifest.clone();
        let changed: HashMap<_, _> =
            sql::area_capacities(&self.parts.store.begin_read().await?, id).await?.into_iter().collect();
        for area in 0..manifest.areas() as u16 {
            let area = manifest.area_id(area);
            match self.parts.inventory.set_capacity(id, area, changed.get(area).copied()).await {
                // The event went over to another map meanwhile; who moved it does the same for that.
                Ok(()) | Err(Refused::Rule(Refusal::UnknownArea)) => {}
                Err(refused) => return Err(refused.into()),
            }
        }
        Ok(())
    }

    /// The engine's form of a seat map.
    pub(crate) async fn manifest(&self, id: SeatMapId) -> Result<Arc<Manifest>, OnSaleError> {
        let known = self.manifests.lock().recent.get(&id).cloned();
        match known {
            Some(manifest) => Ok(manifest),
            None => Ok(self.make_manifest(id).await?.0),
        }
    }

    /// How the seats of a map are called.
    pub(crate) async fn labels(&self, id: SeatMapId) -> Result<Arc<Labels>, OnSaleError> {
        Ok(self.print(id).await?.labels)
    }

    async fn print(&self, id: SeatMapId) -> Result<Print, OnSaleError> {
        let known = self.manifests.lock().prints.get(&id).cloned();
        match known {
            Some(print) => Ok(print),
            None => Ok(self.make_manifest(id).await?.1),
        }
    }

    async fn make_manifest(&self, id: SeatMapId) -> Result<(Arc<Manifest>, Print), OnSaleError> {
        // One at a time: a stadium takes tens of milliseconds, and at ten o'clock everyone asks for
        // the same one.
        let _turn = self.manifest_turn.lock().await;
        if let Some(known) = self.manifests.lock().known(id) {
            return Ok(known);
        }
        let encoded = self.parts.catalog.seat_map(id).await.map_err(|error| match error {
            // The same word as for a map of another organizer's.
            MapError::NotFound => FieldError::new("seatMapId", NO_SUCH_MAP).into(),
            MapError::Store(error) => Fault::from(error).into(),
            other => OnSaleError::SeatMap(other.to_string()),
        })?;
        let version = encoded.version.version;
        let built = tokio::task::spawn_blocking(move || {
            let map = encoded.map();
            (Manifest::build(&spec(&map)), labels_of(&map))
        });
        let built = built.await.map_err(|_| Fault::Broken(format!("the manifest of {id} could not be built")));
        let (built, labels) = built?;
        let manifest = Arc::new(built.map_err(|error| OnSaleError::SeatMap(error.to_string()))?);
        let print = Print { version, hash: manifest.hash(), labels: Arc::new(labels) };
        self.manifests.lock().keep(id, manifest.clone(), print.clone());
        Ok((manifest, print))
    }
}

/// A seat map as the engine reads it. Rows and seats are named as their ids name them.
fn spec(map: &SeatMap) -> ManifestSpec {
    let level = |key: &str| map.levels.iter().position(|level| level.key == key).unwrap_or(usize::MAX);
    // A checked map has fewer than 256 levels and names no other.
    let level = |key: &str| u8::try_from(level(key)).unwrap_or(u8::MAX);
    let focal = map.focal_point.map(|point| (point.x as f32, point.y as f32));
    let sections = map.sections.iter().map(|section| SectionSpec {
        id: section.id.clone(),
        name: section.name.clone(),
        focal,
        rows: section.rows.iter().map(|row| row_spec(row, level)).collect(),
    });
    let areas = map.areas.iter().map(|area| AreaSpec {
        id: area.id.clone(),
        name: area.name.clone(),
        capacity: area.capacity,
        level: level(&area.level),
    });
    ManifestSpec {
        levels: map.levels.iter().map(|level| level.key.clone()).collect(),
        sections: sections.collect(),
        areas: areas.collect(),
    }
}

/// The row or seat that an id names: `section-row-seat`.
fn part(id: &str, at: usize) -> String {
    id.split('-').nth(at).unwrap_or_default().to_owned()
}

fn labels_of(map: &SeatMap) -> Labels {
    let rows = map.sections.iter().flat_map(|section| &section.rows);
    let seats = rows.flat_map(|row| row.seats.iter().map(move |seat| (row, seat)));
    seats
        .filter(|(row, seat)| part(&seat.id, 1) != row.label || part(&seat.id, 2) != seat.label)
        .map(|(row, seat)| (seat.id.clone(), (row.label.clone(), seat.label.clone())))
        .collect()
}

fn row_spec(row: &catalog::seat_map::Row, level: impl Fn(&str) -> u8) -> RowSpec {
    let seats = row.seats.iter().zip(row.neighbours()).map(|(seat, neighbour)| SeatSpec {
        label: part(&seat.id, 2),
        x: seat.x as f32,
        y: seat.y as f32,
        level: level(&seat.level),
        kind: match (seat.accessible, seat.companion) {
            (true, _) => SeatKind::Accessible,
            (false, true) => SeatKind::Companion,
            (false, false) => SeatKind::Standard,
        },
        restricted_view: seat.restricted_view,
        rank: None,
        aisle_after: !neighbour,
    });
    let label = row.seats.first().map_or_else(|| row.label.clone(), |seat| part(&seat.id, 1));
    RowSpec { label, seats: seats.collect() }
}

/// What every level and ticket type costs, in the order of the manifest's levels and the event's
/// ticket types.
pub(crate) fn prices(details: &EventDetails, manifest: &Manifest) -> Result<Prices, FieldError> {
    let price = |key: &str| {
        let level = details.price_level(key);
        details.ticket_types.iter().map(|kind| level.map(|level| kind.price(level).minor)).collect()
    };
    Prices::new(&manifest.levels().iter().map(|key| price(key)).collect::<Vec<Vec<_>>>())
}

/// What the engine is told of an event in this state.
pub fn sale_status(state: EventState) -> SaleStatus {
    match state {
        EventState::Published => SaleStatus::OnSale,
        EventState::Cancelled => SaleStatus::Cancelled,
        EventState::Draft
        | EventState::Announced
        | EventState::OffSale
        | EventState::Postponed
        | EventState::Rescheduled => SaleStatus::OffSale,
    }
}

/// The engine's rules for an event, and when they change by themselves.
fn rules(event: &Event, now: Timestamp) -> (Rules, Option<Timestamp>) {
    let details = &event.details;
    let (opens_at, closes_at, next) = sale_span(&details.sale_windows, details.starts_at, now);
    let whole_ms = std::time::Duration::from_millis(details.hold_ttl.as_millis() as u64);
    let rules = Rules {
        status: sale_status(event.state),
        opens_at,
        closes_at: Some(closes_at),
        starts_at: Some(details.starts_at),
        hold_ttl: whole_ms,
        seats_per_hold_max: details.seats_per_hold_max as u8,
        // More than the engine counts is as good as no limit.
        tickets_per_fan_max: details.tickets_per_fan_max.and_then(|max| u16::try_from(max).ok()),
        orphans: match details.orphan_policy {
            OrphanPolicy::Forbid => Orphans::Forbid,
            OrphanPolicy::Avoid => Orphans::Avoid,
            OrphanPolicy::Ignore => Orphans::Ignore,
        },
        accessible: match details.accessible_release {
            catalog::AccessibleRelease::Never => AccessibleRelease::Never,
            catalog::AccessibleRelease::RestSoldOut => AccessibleRelease::RestSoldOut,
            catalog::AccessibleRelease::Always => AccessibleRelease::Always,
            catalog::AccessibleRelease::At(instant) => AccessibleRelease::At(instant),
        },
        ..Rules::default()
    };
    (rules, next)
}

/// The sale that is open at `now`, else the next one, else the last: when it opens (`None`: it
/// always was) and closes, and when to look again because another follows. Windows that overlap
/// or touch are one sale.
fn sale_span(
    windows: &[SaleWindow],
    starts_at: Timestamp,
    now: Timestamp,
) -> (Option<Timestamp>, Timestamp, Option<Timestamp>) {
    let mut spans: Vec<(Timestamp, Timestamp)> =
        windows.iter().map(|window| (window.opens_at, window.closes_at.unwrap_or(starts_at))).collect();
    spans.sort_unstable();
    let mut sales: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(spans.len());
    for (opens, closes) in spans {
        match sales.last_mut() {
            Some((_, until)) if opens <= *until => *until = closes.max(*until),
            _ => sales.push((opens, closes)),
        }
    }
    let current = sales.iter().position(|(_, closes)| now < *closes).or(sales.len().checked_sub(1));
    match current {
        None => (None, starts_at, None),
        Some(at) => {
            let (opens, closes) = sales[at];
            (Some(opens), closes, (at + 1 < sales.len()).then_some(closes))
        }
    }
}

/// Whether every ticket type of `before` has its place in `after`.
fn keeps_ticket_types(before: &EventDetails, after: &EventDetails) -> bool {
    let keys = |details: &EventDetails| details.ticket_types.iter().map(|kind| kind.key.clone()).collect::<Vec<_>>();
    keys(after).starts_with(&keys(before))
}

#[cfg(test)]
mod tests {
    use catalog::SaleKind;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_micros(day * 86_400_000_000)
    }

    fn window(opens: i64, closes: Option<i64>) -> SaleWindow {
        SaleWindow { kind: SaleKind::General, opens_at: at(opens), closes_at: closes.map(at) }
    }

    #[test]
    fn the_current_sale_is_the_open_one_else_the_next_else_the_last() {
        assert_eq!(sale_span(&[], at(9), at(1)), (None, at(9), None));
        let windows = [window(6, None), window(1, Some(2)), window(2, Some(3)), window(4, Some(5))];
        for (now, expected) in [
            (0, (Some(at(1)), at(3), Some(at(3)))),
            (2, (Some(at(1)), at(3), Some(at(3)))),
            (3, (Some(at(4)), at(5), Some(at(5)))),
            (5, (Some(at(6)), at(9), None)),
            (20, (Some(at(6)), at(9), None)),
        ] {
            assert_eq!(sale_span(&windows, at(9), at(now)), expected, "on day {now}");
        }
    }
}
