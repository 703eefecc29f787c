//! What happened to one event, and its journal form.

use std::sync::Arc;

use stagedoor_core::limits::{AREAS_PER_MAP_MAX, SEATS_PER_HOLD_MAX, SEATS_PER_MAP_MAX};
use stagedoor_core::{HoldId, OrderId, Timestamp, UserId};

use super::bytes::{Reader, Write};
use super::{CodecError, KeyPrint, Manifest, Place, Places, Prices, Rules};

/// One decided change. The journal stores facts and nothing else; the state is a fold over them.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    Opened {
        manifest: ManifestRef,
        rules: Box<Rules>,
        prices: Arc<Prices>,
    },
    RulesSet(Box<Rules>),
    PricesSet(Arc<Prices>),
    /// The hold lasts `ttl_ms` from the time of the fact. `price_list`: the number of the price
    /// list (0 came with `Opened`, each `PricesSet` adds one) that froze its prices.
    Held {
        hold: HoldId,
        fan: UserId,
        places: Places,
        ttl_ms: u32,
        price_list: u32,
        key: Option<KeyPrint>,
    },
    Released {
        hold: HoldId,
    },
    Extended {
        hold: HoldId,
        until: Timestamp,
    },
    Expired {
        hold: HoldId,
    },
    /// The hold is another fan's from then on.
    HandedOver {
        hold: HoldId,
        fan: UserId,
    },
    Sold {
        hold: HoldId,
        order: OrderId,
    },
    /// `areas`: (area, how many of the order's places in it are back on sale in total).
    Returned {
        order: OrderId,
        seats: Vec<u32>,
        areas: Vec<(u16, u32)>,
    },
    Blocked {
        seats: Vec<u32>,
    },
    Unblocked {
        seats: Vec<u32>,
    },
    AreaBlocked {
        area: u16,
        blocked: u32,
    },
    CapacitySet {
        area: u16,
        capacity: u32,
    },
    ManifestSwapped {
        manifest: ManifestRef,
    },
}

/// A manifest inside a fact: stored by content hash, because thousands of events share one.
/// A decoded fact knows the hash alone until [`Fact::resolve`] has found the manifest.
#[derive(Debug, Clone)]
pub struct ManifestRef {
    hash: [u8; 32],
    manifest: Option<Arc<Manifest>>,
}

impl ManifestRef {
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    pub fn get(&self) -> Option<&Arc<Manifest>> {
        self.manifest.as_ref()
    }
}

impl From<Arc<Manifest>> for ManifestRef {
    fn from(manifest: Arc<Manifest>) -> Self {
        Self { hash: manifest.hash(), manifest: Some(manifest) }
    }
}

impl PartialEq for ManifestRef {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

// The first byte of a fact: what it is, and in the low three bits the version of its form. A form
// that changes gets the next version; the old one stays readable forever.
const OPENED: u8 = 1 << 3 | 1;
const RULES_SET: u8 = 2 << 3 | 1;
const PRICES_SET: u8 = 3 << 3 | 1;
const HELD: u8 = 4 << 3 | 1;
const RELEASED: u8 = 5 << 3 | 1;
const EXTENDED: u8 = 6 << 3 | 1;
const EXPIRED: u8 = 7 << 3 | 1;
const SOLD: u8 = 8 << 3 | 1;
const RETURNED: u8 = 9 << 3 | 1;
const BLOCKED: u8 = 10 << 3 | 1;
const UNBLOCKED: u8 = 11 << 3 | 1;
const AREA_BLOCKED: u8 = 12 << 3 | 1;
const CAPACITY_SET: u8 = 13 << 3 | 1;
const MANIFEST_SWAPPED: u8 = 14 << 3 | 1;
const HANDED_OVER: u8 = 15 << 3 | 1;

/// In the flags of a held fact: an idempotency key follows, and all places have ticket type 0.
const KEYED: u8 = 0x80;
const PLAIN: u8 = 0x40;
const AREAS: u8 = 0x20;

impl Fact {
    /// Appends the journal form: a byte that names kind and version, then its fields.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Fact::Opened { manifest, rules, prices } => {
                out.byte(OPENED);
                out.raw(&manifest.hash);
                rules.encode(out);
                prices.encode(out);
            }
            Fact::RulesSet(rules) => {
                out.byte(RULES_SET);
                rules.encode(out);
            }
            Fact::PricesSet(prices) => {
                out.byte(PRICES_SET);
                prices.encode(out);
            }
            Fact::Held { hold, fan, places, ttl_ms, price_list, key } => {
                out.byte(HELD);
                out.raw(&hold.bytes());
                out.raw(&fan.bytes());
                encode_places(places, key.is_some(), out);
                out.varint(u64::from(*ttl_ms));
                out.varint(u64::from(*price_list));
                if let Some(KeyPrint { key, body }) = key {
                    out.raw(&key.to_le_bytes());
                    out.raw(&body.to_le_bytes());
                }
            }
            Fact::Released { hold } => encode_ended(RELEASED, *hold, out),
            Fact::Expired { hold } => encode_ended(EXPIRED, *hold, out),
            Fact::HandedOver { hold, fan } => {
                encode_ended(HANDED_OVER, *hold, out);
                out.raw(&fan.bytes());
            }
            Fact::Extended { hold, until } => {
                encode_ended(EXTENDED, *hold, out);
                out.timestamp(*until);
            }
            Fact::Sold { hold, order } => {
                encode_ended(SOLD, *hold, out);
                out.raw(&order.bytes());
            }
            Fact::Returned { order, seats, areas } => {
                out.byte(RETURNED);
                out.raw(&order.bytes());
                encode_seats(seats, out);
                out.varint(areas.len() as u64);
                for (area, total) in areas {
                    out.varint(u64::from(*area));
                    out.varint(u64::from(*total));
                }
            }
            Fact::Blocked { seats } => {
                out.byte(BLOCKED);
                encode_seats(seats, out);
            }
            Fact::Unblocked { seats } => {
                out.byte(UNBLOCKED);
                encode_seats(seats, out);
            }
            Fact::AreaBlocked { area, blocked } => {
                out.byte(AREA_BLOCKED);
                out.varint(u64::from(*area));
                out.varint(u64::from(*blocked));
            }
            Fact::CapacitySet { area, capacity } => {
                out.byte(CAPACITY_SET);
                out.varint(u64::from(*area));
                out.varint(u64::from(*capacity));
            }
            Fact::ManifestSwapped { manifest } => {
                out.byte(MANIFEST_SWAPPED);
                out.raw(&manifest.hash);
            }
        }
    }

    /// Reads exactly one fact; needs no manifest. A fact has one form: what this reads,
    /// [`Fact::encode`] writes again byte for byte.
    pub fn decode(bytes: &[u8]) -> Result<Fact, CodecError> {
        let mut reader = Reader::new(bytes);
        let fact = match reader.byte()? {
            OPENED => Fact::Opened {
                manifest: ManifestRef { hash: reader.array()?, manifest: None },
                rules: Box::new(Rules::decode(&mut reader)?),
                prices: Arc::new(Prices::decode(&mut reader)?),
            },
            RULES_SET => Fact::RulesSet(Box::new(Rules::decode(&mut reader)?)),
            PRICES_SET => Fact::PricesSet(Arc::new(Prices::decode(&mut reader)?)),
            HELD => {
                let (hold, fan) = (reader.id()?, reader.id()?);
                let (places, keyed) = decode_places(&mut reader)?;
                let (ttl_ms, price_list) = (reader.number("ttl")?, u32::from(reader.number::<u16>("price list")?));
                let key = if keyed {
                    let key = u128::from_le_bytes(reader.array()?);
                    Some(KeyPrint { key, body: u64::from_le_bytes(reader.array()?) })
                } else {
                    None
                };
                Fact::Held { hold, fan, places, ttl_ms, price_list, key }
            }
            RELEASED => Fact::Released { hold: reader.id()? },
            EXPIRED => Fact::Expired { hold: reader.id()? },
            HANDED_OVER => Fact::HandedOver { hold: reader.id()?, fan: reader.id()? },
            EXTENDED => Fact::Extended { hold: reader.id()?, until: reader.timestamp()? },
            SOLD => Fact::Sold { hold: reader.id()?, order: reader.id()? },
            RETURNED => {
                let (order, seats) = (reader.id()?, decode_seats(&mut reader)?);
                let mut areas = Vec::new();
                for _ in 0..reader.count("areas", AREAS_PER_MAP_MAX, 2)? {
                    areas.push((decode_area(&mut reader)?, reader.number("returned places")?));
                }
                if !areas.is_sorted_by(|one, two| one.0 < two.0) {
                    return Err(CodecError::OutOfRange("area"));
                }
                Fact::Returned { order, seats, areas }
            }
            BLOCKED => Fact::Blocked { seats: decode_seats(&mut reader)? },
            UNBLOCKED => Fact::Unblocked { seats: decode_seats(&mut reader)? },
            AREA_BLOCKED => {
                Fact::AreaBlocked { area: decode_area(&mut reader)?, blocked: reader.number("blocked places")? }
            }
            CAPACITY_SET => Fact::CapacitySet { area: decode_area(&mut reader)?, capacity: reader.number("capacity")? },
            MANIFEST_SWAPPED => {
                Fact::ManifestSwapped { manifest: ManifestRef { hash: reader.array()?, manifest: None } }
            }
            other => return Err(CodecError::UnknownVersion(other)),
        };
        reader.end()?;
        Ok(fact)
    }

    /// The hash of the manifest that must be found before the fact can be applied.
    pub fn needs(&self) -> Option<[u8; 32]> {
        match self {
            Fact::Opened { manifest, .. } | Fact::ManifestSwapped { manifest } if manifest.manifest.is_none() => {
                Some(manifest.hash)
            }
            _ => None,
        }
    }

    /// Gives a decoded fact its manifest. Panics when it is another one than [`Fact::needs`] says.
    pub fn resolve(&mut self, found: Arc<Manifest>) {
        if let Fact::Opened { manifest, .. } | Fact::ManifestSwapped { manifest } = self {
            assert_eq!(manifest.hash, found.hash(), "the manifest found has another content hash");
            manifest.manifest = Some(found);
        }
    }
}

fn encode_ended(kind: u8, hold: HoldId, out: &mut Vec<u8>) {
    out.byte(kind);
    out.raw(&hold.bytes());
}

/// Flags and the number of lines in one byte, then the lines: seats as differences, which are
/// small between neighbours.
fn encode_places(places: &Places, keyed: bool, out: &mut Vec<u8>) {
    let plain = places.iter().all(|place| place.ticket_type() == 0);
    let areas = places.iter().any(|place| matches!(place, Place::Area { .. }));
    let flags = [(keyed, KEYED), (plain, PLAIN), (areas, AREAS)];
    let flags = flags.iter().filter(|(set, _)| *set).fold(0, |all, (_, flag)| all | flag);
    out.byte(flags | places.len() as u8);
    if areas {
        out.byte(places.seat_indexes().count() as u8);
    }
    let mut last = 0;
    for place in places.iter() {
        match place {
            Place::Seat { seat, .. } => {
                out.varint(u64::from(seat - last));
                last = seat;
            }
            Place::Area { area, quantity, .. } => {
                out.varint(u64::from(area));
                out.byte(quantity);
            }
        }
        if !plain {
            out.byte(place.ticket_type());
        }
    }
}

fn decode_places(reader: &mut Reader) -> Result<(Places, bool), CodecError> {
    let first = reader.byte()?;
    let count = usize::from(first & 0x1f);
    let seats = if first & AREAS != 0 { usize::from(reader.byte()?) } else { count };
    if count > SEATS_PER_HOLD_MAX || seats > count || (seats == count && first & AREAS != 0) {
        return Err(CodecError::OutOfRange("places"));
    }
    let mut lines = [Place::Seat { seat: 0, ticket_type: 0 }; SEATS_PER_HOLD_MAX];
    let mut last = 0u32;
    for (at, line) in lines.iter_mut().enumerate().take(count) {
        let number: u32 = reader.number("place")?;
        let quantity = if at < seats { 1 } else { reader.byte()? };
        let ticket_type = if first & PLAIN != 0 { 0 } else { reader.byte()? };
        *line = if at < seats {
            last = last.checked_add(number).ok_or(CodecError::OutOfRange("seat"))?;
            Place::Seat { seat: last, ticket_type }
        } else {
            let area = number.try_into().map_err(|_| CodecError::OutOfRange("area"))?;
            Place::Area { area, quantity, ticket_type }
        };
    }
    let lines = &lines[..count];
    let places = Places::new(lines.iter().copied()).map_err(|_| CodecError::OutOfRange("places"))?;
    let plain = lines.iter().all(|line| line.ticket_type() == 0);
    if plain != (first & PLAIN != 0) || !places.iter().eq(lines.iter().copied()) {
        return Err(CodecError::OutOfRange("places"));
    }
    Ok((places, first & KEYED != 0))
}

/// Sorted and unique, as differences less one.
fn encode_seats(seats: &[u32], out: &mut Vec<u8>) {
    out.varint(seats.len() as u64);
    let mut next = 0;
    for seat in seats {
        out.varint(u64::from(seat - next));
        next = seat + 1;
    }
}

fn decode_seats(reader: &mut Reader) -> Result<Vec<u32>, CodecError> {
    let count = reader.count("seats", SEATS_PER_MAP_MAX, 1)?;
    let mut seats = Vec::with_capacity(count);
    let mut next = 0u32;
    for _ in 0..count {
        let seat = next.checked_add(reader.number("seat")?).filter(|seat| (*seat as usize) < SEATS_PER_MAP_MAX);
        let seat = seat.ok_or(CodecError::OutOfRange("seat"))?;
        seats.push(seat);
        next = seat + 1;
    }
    Ok(seats)
}

fn decode_area(reader: &mut Reader) -> Result<u16, CodecError> {
    let area: u16 = reader.number("area")?;
    if usize::from(area) < AREAS_PER_MAP_MAX { Ok(area) } else { Err(CodecError::OutOfRange("area")) }
}
