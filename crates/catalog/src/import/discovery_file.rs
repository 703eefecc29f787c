//! The shape of a Discovery v2 answer, as far as it is used: a HAL page of events with their
//! venues and attractions embedded.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Every event is kept as text, so that one that cannot be read does not cost the others.
#[derive(Deserialize)]
pub struct Answer<'file> {
    #[serde(borrow, rename = "_embedded")]
    pub embedded: Option<Embedded<'file>>,
    pub page: Option<Page>,
}

#[derive(Deserialize)]
pub struct Embedded<'file> {
    #[serde(borrow)]
    pub events: Option<Vec<&'file RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    pub total_elements: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: Option<String>,
    pub name: Option<String>,
    #[serde(default)]
    pub test: bool,
    pub dates: Option<Dates>,
    pub doors_times: Option<Moment>,
    pub sales: Option<Sales>,
    #[serde(default)]
    pub classifications: Vec<Classification>,
    #[serde(default)]
    pub price_ranges: Vec<PriceRange>,
    #[serde(rename = "_embedded", default)]
    pub embedded: Parts,
}

#[derive(Deserialize, Default)]
pub struct Parts {
    #[serde(default)]
    pub venues: Vec<Venue>,
    #[serde(default)]
    pub attractions: Vec<Attraction>,
}

#[derive(Deserialize, Default)]
pub struct Dates {
    pub start: Option<Moment>,
    pub end: Option<Moment>,
    pub timezone: Option<String>,
    pub status: Option<Status>,
}

/// `date_time`: RFC 3339 in UTC; the others by the clock of the venue.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    pub local_date: Option<String>,
    pub local_time: Option<String>,
    pub date_time: Option<String>,
    #[serde(rename = "dateTBD", default)]
    pub date_tbd: bool,
    #[serde(rename = "dateTBA", default)]
    pub date_tba: bool,
    #[serde(rename = "timeTBA", default)]
    pub time_tba: bool,
    #[serde(default)]
    pub no_specific_time: bool,
}

#[derive(Deserialize)]
pub struct Status {
    pub code: Option<String>,
}

#[derive(Deserialize)]
pub struct Sales {
    pub public: Option<Sale>,
    #[serde(default)]
    pub presales: Vec<Sale>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sale {
    pub start_date_time: Option<String>,
    pub end_date_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Classification {
    #[serde(default)]
    pub primary: bool,
    pub segment: Option<Named>,
    pub genre: Option<Named>,
    pub sub_type: Option<Named>,
    #[serde(default)]
    pub family: Option<bool>,
}

#[derive(Deserialize)]
pub struct Named {
    pub name: Option<String>,
}

#[derive(Deserialize)]
pub struct PriceRange {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub currency: Option<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

#[derive(Deserialize)]
pub struct Venue {
    pub id: Option<String>,
    pub name: Option<String>,
    pub timezone: Option<String>,
    pub city: Option<Named>,
    pub country: Option<CountryName>,
    pub address: Option<Address>,
    pub location: Option<Location>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CountryName {
    pub country_code: Option<String>,
}

#[derive(Deserialize)]
pub struct Address {
    pub line1: Option<String>,
    pub line2: Option<String>,
}

/// Degrees as text.
#[derive(Deserialize)]
pub struct Location {
    pub latitude: Option<String>,
    pub longitude: Option<String>,
}

#[derive(Deserialize)]
pub struct Attraction {
    pub id: Option<String>,
    pub name: Option<String>,
}
