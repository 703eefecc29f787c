//! Takes the events of a Discovery v2 answer into an organizer's catalogue.
//!
//! Each thing is remembered by its id over there, so that importing a newer answer updates what
//! an older one brought. The events are announced, not sold: their seats are not ours.

use std::time::Duration;

use jiff::civil;
use stagedoor_core::{Code, Currency, EventId, FieldError, Money, Name, OrganizerId, PerformerId, Timestamp, VenueId};
use store::Tx;

use super::clean;
use super::discovery_file::{Answer, Attraction, Classification, Event as FileEvent, Moment, Venue as FileVenue};
use crate::catalog::{Catalog, performer_key};
use crate::error::EventError;
use crate::event::{DURATION_MAX, Event, EventDetails, EventState, EventType, PERFORMERS_PER_EVENT_MAX};
use crate::offer::{PRICE_MINOR_MAX, PriceLevel, SALE_WINDOWS_MAX, SaleKind, SaleWindow};
use crate::venue::{Country, Performer, Position, Venue, VenueDetails, Zone};
use crate::{audited, sql};

/// The name of the source in what is remembered.
const SOURCE: &str = "ticketmaster-discovery";
/// Events saved in one transaction: few enough to let other writers in between.
const BATCH: usize = 25;

#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Of events without a price range.
    pub currency: Currency,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub done: usize,
    pub total: usize,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub venues: Outcome,
    pub performers: Outcome,
    pub events: Outcome,
    /// Events left out, and why.
    pub skipped: Vec<Remark>,
    /// What was filled in or left off of events that were taken.
    pub notes: Vec<Remark>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Such as `_embedded.events[3]`.
    pub path: String,
    /// The event's name, when it has one.
    pub name: String,
    pub reason: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is not a Discovery answer at all.
    #[error("{path}: {reason}")]
    Malformed { path: String, reason: String },
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl ImportError {
    pub fn code(&self) -> Code {
        match self {
            ImportError::Malformed { .. } => Code::MalformedJson,
            ImportError::Store(store::Error::Busy(_)) => Code::Unavailable,
            ImportError::Store(_) => Code::Internal,
        }
    }
}

/// An event as it is to be saved, but for ids.
struct Wanted {
    external: String,
    details: EventDetails,
    state: EventState,
    venue: WantedVenue,
    /// Id over there, if it has one, and name.
    performers: Vec<(Option<String>, Name)>,
    notes: Vec<String>,
}

struct WantedVenue {
    external: String,
    details: VenueDetails,
}

/// Why an event is left out.
struct Skip(String);

impl From<FieldError> for Skip {
    fn from(error: FieldError) -> Self {
        Skip(error.to_string())
    }
}

enum Change {
    Created,
    Updated,
    Unchanged,
}

impl Outcome {
    fn count(&mut self, change: &Change) {
        match change {
            Change::Created => self.created += 1,
            Change::Updated => self.updated += 1,
            Change::Unchanged => self.unchanged += 1,
        }
    }
}

impl Catalog {
    /// Imports `file`, a Discovery v2 answer, for `organizer`. Calls `progress` after every event
    /// saved or left out. What was saved before a fault stays and is found again by the next try.
    pub async fn import_discovery(
        &self,
        organizer: OrganizerId,
        file: &[u8],
        options: &ImportOptions,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<ImportReport, ImportError> {
        let answer: Answer =
            super::read(file).map_err(|error| ImportError::Malformed { path: error.path, reason: error.reason })?;
        let events = answer.embedded.and_then(|embedded| embedded.events);
        let events = match (events, answer.page) {
            (Some(events), _) => events,
            // An answer without results has no events at all.
            (None, Some(page)) if page.total_elements == Some(0) => Vec::new(),
            (None, _) => {
                let reason = "is missing: this is not a Discovery answer".into();
                return Err(ImportError::Malformed { path: "_embedded.events".into(), reason });
            }
        };
        let mut report = ImportReport::default();
        let total = events.len();
        for (batch, chunk) in events.chunks(BATCH).enumerate() {
            let tx = self.store.begin_write().await?;
            let mut saved = Batch { catalog: self, tx: &tx, organizer, report: &mut report };
            for (n, text) in chunk.iter().enumerate() {
                let at = batch * BATCH + n;
                saved.take(at, text.get(), options).await?;
                progress(Progress { done: at + 1, total });
            }
            tx.commit().await?;
        }
        Ok(report)
    }
}

struct Batch<'run> {
    catalog: &'run Catalog,
    tx: &'run Tx,
    organizer: OrganizerId,
    report: &'run mut ImportReport,
}

impl Batch<'_> {
    async fn take(&mut self, at: usize, text: &str, options: &ImportOptions) -> store::Result<()> {
        let path = format!("_embedded.events[{at}]");
        let event: FileEvent = match super::read(text.as_bytes()) {
            Ok(event) => event,
            Err(error) => {
                let path = format!("{path}.{}", error.path);
                self.report.skipped.push(Remark { path, name: String::new(), reason: error.reason });
                return Ok(());
            }
        };
        let name = event.name.as_deref().and_then(|name| clean(name, Name::MAX)).unwrap_or_default();
        let remark = |reason| Remark { path: path.clone(), name: name.clone(), reason };
        match wanted(event, options, self.tx) {
            Err(Skip(reason)) => self.report.skipped.push(remark(reason)),
            Ok(wanted) => {
                let notes = wanted.notes.clone();
                match self.save(wanted).await {
                    Ok(change) => {
                        self.report.events.count(&change);
                        self.report.notes.extend(notes.into_iter().map(remark));
                    }
                    Err(EventError::Store(error)) => return Err(error),
                    Err(refusal) => self.report.skipped.push(remark(refusal.to_string())),
                }
            }
        }
        Ok(())
    }

    async fn save(&mut self, wanted: Wanted) -> Result<Change, EventError> {
        let known = self.imported("event", &wanted.external).await?.map(EventId);
        let known = match known {
            Some(id) => Some(sql::event(self.tx, id).await?.ok_or(EventError::NotFound)?),
            None => None,
        };
        // The file knows no seats, and without a map nothing goes on sale: an event that has one is,
        // was or will be sold here, whatever its state says today.
        if known.as_ref().is_some_and(|event| event.seat_map.is_some()) {
            return Err(EventError::Fixed { what: "an event that is sold here" });
        }
        let venue = self.venue(wanted.venue).await?;
        let mut details = wanted.details;
        for (external, name) in wanted.performers {
            let performer = self.performer(external, name).await?;
            if !details.performers.contains(&performer) {
                details.performers.push(performer);
            }
        }
        match known {
            None => self.create(&wanted.external, venue, details, wanted.state).await,
            Some(event) => self.update(event, venue, details, wanted.state).await,
        }
    }

    async fn create(
        &mut self,
        external: &str,
        venue: VenueId,
        details: EventDetails,
        state: EventState,
    ) -> Result<Change, EventError> {
        let tx = self.tx;
        let event = Event {
            id: EventId::fresh(tx.env()),
            organizer: self.organizer,
            venue,
            seat_map: None,
            series: None,
            details,
            state,
            published_at: Some(tx.now()),
            moved_at: None,
            capacity: 0,
            version: 1,
            created_at: tx.now(),
        };
        sql::insert_event(tx, &event).await?;
        audited::event(tx, "event.import", None, &event);
        sql::remember_import(tx, self.organizer, SOURCE, "event", external, event.id.0).await?;
        self.catalog.follow(tx, event.id).await?;
        Ok(Change::Created)
    }

    async fn update(
        &mut self,
        known: Event,
        venue: VenueId,
        details: EventDetails,
        state: EventState,
    ) -> Result<Change, EventError> {
        let mut event = known.clone();
        event.venue = venue;
        // What the organizer set here and the file does not know stays.
        event.details = EventDetails {
            ticket_types: event.details.ticket_types,
            hold_ttl: event.details.hold_ttl,
            seats_per_hold_max: event.details.seats_per_hold_max,
            tickets_per_fan_max: event.details.tickets_per_fan_max,
            orphan_policy: event.details.orphan_policy,
            accessible_release: event.details.accessible_release,
            refund_window: event.details.refund_window,
            barcodes: event.details.barcodes,
            ..details
        };
        event.keep_level_ids(&known);
        event.state = state;
        event.details.check()?;
        if event == known {
            return Ok(Change::Unchanged);
        }
        self.catalog.save(self.tx, "event.import", &known, event).await?;
        Ok(Change::Updated)
    }

    async fn venue(&mut self, wanted: WantedVenue) -> Result<VenueId, EventError> {
        let tx = self.tx;
        let known = match self.imported("venue", &wanted.external).await? {
            Some(id) => sql::venue(tx, VenueId(id)).await?,
            None => None,
        };
        let (id, change) = match known {
            None => {
                let id = VenueId::fresh(tx.env());
                let (organizer, details) = (self.organizer, wanted.details);
                let venue = Venue { id, organizer, details, version: 1, created_at: tx.now() };
                sql::insert_venue(tx, &venue).await?;
                audited::venue(tx, "venue.import", None, &venue);
                sql::remember_import(tx, organizer, SOURCE, "venue", &wanted.external, id.0).await?;
                (id, Change::Created)
            }
            Some(venue) if venue.details == wanted.details => (venue.id, Change::Unchanged),
            Some(before) => {
                let venue = Venue { details: wanted.details, version: before.version + 1, ..before.clone() };
                sql::update_venue(tx, &venue).await?;
                audited::venue(tx, "venue.import", Some(&before), &venue);
                let id = venue.id;
                self.catalog.follow_venue(tx, venue).await?;
                (id, Change::Updated)
            }
        };
        self.report.venues.count(&change);
        Ok(id)
    }

    async fn performer(&mut self, external: Option<String>, name: Name) -> Result<PerformerId, EventError> {
        let tx = self.tx;
        if let Some(external) = &external
            && let Some(id) = self.imported("performer", external).await?
        {
            self.report.performers.count(&Change::Unchanged);
            return Ok(PerformerId(id));
        }
        let fresh = Performer { id: PerformerId::fresh(tx.env()), organizer: self.organizer, name };
        let performer = sql::add_performer(tx, &fresh, &performer_key(&fresh.name)).await?;
        if let Some(external) = &external {
            sql::remember_import(tx, self.organizer, SOURCE, "performer", external, performer.id.0).await?;
        }
        let change = if performer.id == fresh.id { Change::Created } else { Change::Unchanged };
        self.report.performers.count(&change);
        Ok(performer.id)
    }

    async fn imported(&self, kind: &str, external: &str) -> store::Result<Option<uuid::Uuid>> {
        sql::imported(self.tx, self.organizer, SOURCE, kind, external).await
    }
}

fn wanted(event: FileEvent, options: &ImportOptions, tx: &Tx) -> Result<Wanted, Skip> {
    let skip = |reason: &str| Skip(reason.to_owned());
    let external = event.id.filter(|id| is_external(id)).ok_or_else(|| skip("has no usable id"))?;
    let name = event.name.as_deref().and_then(|name| clean(name, Name::MAX)).ok_or_else(|| skip("has no name"))?;
    if event.test {
        return Err(skip("is marked as a test"));
    }
    let mut notes = Vec::new();
    let dates = event.dates.unwrap_or_default();
    let file_venue = event.embedded.venues.into_iter().next().ok_or_else(|| skip("has no venue"))?;
    let venue = venue(file_venue, dates.timezone.as_deref(), &mut notes)?;
    let zone = &venue.details.time_zone;
    let start = dates.start.ok_or_else(|| skip("has no start"))?;
    let starts_at = start_of(&start, zone, &mut notes)?;
    let (currency, price_levels) = prices(&event.price_ranges, options.currency, tx, &mut notes);
    let kind = kind_of(&event.classifications);
    let name = Name::parse("name", &name)?;
    let mut details = EventDetails { price_levels, ..EventDetails::new(name, kind, starts_at, currency) };
    let moment = |moment: Option<Moment>| moment.and_then(|found| exact(&found, zone).ok().flatten());
    details.ends_at = moment(dates.end).filter(|ends| *ends > starts_at && *ends <= starts_at + DURATION_MAX);
    details.doors_at = moment(event.doors_times)
        .filter(|doors| *doors <= starts_at && *doors + Duration::from_secs(24 * 60 * 60) >= starts_at);
    if let Some(sales) = event.sales {
        let public = sales.public.map(|sale| (SaleKind::General, sale));
        let presales = sales.presales.into_iter().map(|sale| (SaleKind::Presale, sale));
        let windows = public.into_iter().chain(presales).filter_map(|(kind, sale)| {
            let opens_at: Timestamp = sale.start_date_time?.parse().ok()?;
            let closes_at: Option<Timestamp> = sale.end_date_time.and_then(|text| text.parse().ok());
            (opens_at < closes_at.unwrap_or(starts_at)).then_some(SaleWindow { kind, opens_at, closes_at })
        });
        details.sale_windows = windows.take(SALE_WINDOWS_MAX).collect();
    }
    details.check()?;
    let state = match dates.status.and_then(|status| status.code).as_deref() {
        Some("offsale") => EventState::OffSale,
        Some("cancelled" | "canceled") => EventState::Cancelled,
        Some("postponed") => EventState::Postponed,
        Some("rescheduled") => EventState::Rescheduled,
        _ => EventState::Announced,
    };
    let performers = event.embedded.attractions.into_iter().filter_map(performer);
    let performers = performers.take(PERFORMERS_PER_EVENT_MAX).collect();
    Ok(Wanted { external, details, state, venue, performers, notes })
}

fn venue(venue: FileVenue, event_zone: Option<&str>, notes: &mut Vec<String>) -> Result<WantedVenue, Skip> {
    let skip = |reason: &str| Skip(reason.to_owned());
    let text = |text: Option<String>| text.and_then(|text| clean(&text, Name::MAX));
    let name = text(venue.name).ok_or_else(|| skip("its venue has no name"))?;
    let city = text(venue.city.and_then(|city| city.name)).ok_or_else(|| skip("its venue has no city"))?;
    let country = venue.country.and_then(|country| country.country_code);
    let country = country.ok_or_else(|| skip("its venue has no country"))?;
    let zone = venue.timezone.as_deref().or(event_zone).ok_or_else(|| skip("its venue has no time zone"))?;
    let address = venue.address.map(|address| [address.line1, address.line2]);
    let address: Vec<String> = address.into_iter().flatten().flatten().collect();
    let degrees = |text: Option<String>| text.and_then(|text| text.trim().parse::<f64>().ok());
    let position = venue.location.and_then(|at| degrees(at.latitude).zip(degrees(at.longitude)));
    let position = position.and_then(|(latitude, longitude)| Position::parse(latitude, longitude).ok());
    // Some venues have no id; their name and city are all there is to know them by.
    let external = venue.id.filter(|id| is_external(id)).unwrap_or_else(|| {
        notes.push("its venue has no id and was taken by its name and city".into());
        format!("{}/{}", city.to_lowercase(), name.to_lowercase())
    });
    Ok(WantedVenue {
        external,
        details: VenueDetails {
            name: Name::parse("venue name", &name)?,
            city: Name::parse("city", &city)?,
            country: Country::parse("country", country.trim())?,
            address: clean(&address.join(", "), Name::MAX).map(|text| Name::parse("address", &text)).transpose()?,
            time_zone: Zone::parse("time zone", zone)?,
            position,
        },
    })
}

fn performer(attraction: Attraction) -> Option<(Option<String>, Name)> {
    let name = clean(&attraction.name?, Name::MAX)?;
    Some((attraction.id.filter(|id| is_external(id)), Name::parse("performer", &name).ok()?))
}

/// The start, or the start of its day when only that is known.
fn start_of(start: &Moment, zone: &Zone, notes: &mut Vec<String>) -> Result<Timestamp, Skip> {
    if start.date_tbd || start.date_tba {
        return Err(Skip("its date is not announced yet".into()));
    }
    if let Some(at) = exact(start, zone)? {
        return Ok(at);
    }
    let date = start.local_date.as_deref().ok_or_else(|| Skip("has no start".into()))?;
    let date = parse_date(date).ok_or_else(|| Skip(format!("its date {date:?} is none")))?;
    notes.push("its time is not announced; it stands at the start of its day".into());
    // Clocks that are changed at midnight start such a day at one o'clock.
    let midnight = zone.instant("start", date.at(0, 0, 0, 0));
    Ok(midnight.or_else(|_| zone.instant("start", date.at(1, 0, 0, 0)))?)
}

/// The instant a moment names, if it names one.
fn exact(moment: &Moment, zone: &Zone) -> Result<Option<Timestamp>, Skip> {
    if moment.time_tba || moment.no_specific_time {
        return Ok(None);
    }
    if let Some(text) = &moment.date_time {
        return text.parse().map(Some).map_err(|_| Skip(format!("its time {text:?} is none")));
    }
    let (Some(date), Some(time)) = (&moment.local_date, &moment.local_time) else { return Ok(None) };
    let time_of_day: Option<civil::Time> = time.parse().ok();
    let (Some(day), Some(time_of_day)) = (parse_date(date), time_of_day) else {
        return Err(Skip(format!("its time {date:?} {time:?} is none")));
    };
    Ok(Some(zone.instant("start", day.to_datetime(time_of_day))?))
}

fn parse_date(text: &str) -> Option<civil::Date> {
    text.parse().ok().filter(|date: &civil::Date| date.year() >= 1)
}

fn kind_of(classifications: &[Classification]) -> EventType {
    let Some(found) = classifications.iter().find(|one| one.primary).or(classifications.first()) else {
        return EventType::Other;
    };
    let name = |named: &Option<super::discovery_file::Named>| {
        named.as_ref().and_then(|named| named.name.as_deref()).unwrap_or_default().to_lowercase()
    };
    let (segment, genre, sub_type) = (name(&found.segment), name(&found.genre), name(&found.sub_type));
    if segment.contains("family") || (found.family == Some(true) && segment != "sports" && segment != "music") {
        return EventType::Family;
    }
    if sub_type.contains("festival") || genre.contains("festival") || genre.contains("fairs") {
        return EventType::Festival;
    }
    match segment.as_str() {
        "music" => EventType::Concert,
        "sports" => EventType::Sport,
        _ if genre == "comedy" => EventType::Comedy,
        "arts & theatre" | "arts & theater" | "arts" => EventType::Theatre,
        _ => EventType::Other,
    }
}

/// One level when all tickets cost the same, else one for each end of the range.
fn prices(
    ranges: &[super::discovery_file::PriceRange],
    fallback: Currency,
    tx: &Tx,
    notes: &mut Vec<String>,
) -> (Currency, Vec<PriceLevel>) {
    let standard = ranges.iter().find(|range| range.kind.as_deref() == Some("standard")).or(ranges.first());
    let Some(range) = standard else { return (fallback, Vec::new()) };
    let Some(currency) = range.currency.as_deref().and_then(Currency::from_code) else {
        notes.push("its prices are in no known currency and were left off".into());
        return (fallback, Vec::new());
    };
    let minor = |amount: Option<f64>| {
        let minor = (amount? * 10f64.powi(i32::from(currency.exponent().unwrap_or(0)))).round();
        (0.0..=PRICE_MINOR_MAX as f64).contains(&minor).then_some(minor as i64)
    };
    let (low, high) = (minor(range.min), minor(range.max));
    let level = |key: &str, name: &str, minor| PriceLevel::new(tx.env(), key, name, Money::new(minor, currency));
    let levels = match (low.or(high), high.or(low)) {
        (Some(low), Some(high)) if low < high => {
            vec![level("lowest", "Lowest price", low), level("highest", "Highest price", high)]
        }
        (Some(price), Some(_)) => vec![level("standard", "Standard", price)],
        _ => {
            notes.push("its prices are out of range and were left off".into());
            Vec::new()
        }
    };
    (currency, levels)
}

/// Ids of others are kept as they are, within reason.
fn is_external(id: &str) -> bool {
    (1..=200).contains(&id.len()) && !id.chars().any(stagedoor_core::is_hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_classification_decides_the_type() {
        for (classification, kind) in [
            (r#"{"segment": {"name": "Music"}, "genre": {"name": "Rock"}}"#, EventType::Concert),
            (r#"{"segment": {"name": "Sports"}}"#, EventType::Sport),
            (r#"{"segment": {"name": "Arts & Theatre"}, "genre": {"name": "Comedy"}}"#, EventType::Comedy),
            (r#"{"segment": {"name": "Arts & Theatre"}, "genre": {"name": "Opera"}}"#, EventType::Theatre),
            (r#"{"segment": {"name": "Arts & Theatre"}, "family": true}"#, EventType::Family),
            (r#"{"segment": {"name": "Music"}, "family": true}"#, EventType::Concert),
            (r#"{"segment": {"name": "Miscellaneous"}, "genre": {"name": "Fairs & Festivals"}}"#, EventType::Festival),
            (r#"{"segment": {"name": "Undefined"}}"#, EventType::Other),
            ("{}", EventType::Other),
        ] {
            let primary: Classification = serde_json::from_str(classification).unwrap();
            assert_eq!(kind_of(&[primary]), kind, "{classification}");
        }
        let both = r#"[{"segment": {"name": "Sports"}}, {"primary": true, "segment": {"name": "Music"}}]"#;
        assert_eq!(kind_of(&serde_json::from_str::<Vec<_>>(both).unwrap()), EventType::Concert);
        assert_eq!(kind_of(&[]), EventType::Other);
    }
}
